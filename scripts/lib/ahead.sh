# shellcheck shell=bash
# One command that begins before its turn, and takes what the others leave of the processors while they
# wait. Whoever starts it does the work again at its turn, and finds most of it done.
# Sourced. May not know: what the command is for.

AHEAD= # its process group; empty: none

# ahead_begins LOG COMMAND...: unless one is under way.
ahead_begins() {
    local log=$1
    shift
    [ -z "$AHEAD" ] || return 0
    setsid chrt --idle 0 nice -n 19 "$@" </dev/null >"$log" 2>&1 &
    AHEAD=$!
    disown "$AHEAD"
}

ahead_signal() {
    [ -z "$AHEAD" ] || kill -"$1" -- "-$AHEAD" 2>/dev/null || true
}

# Around what measures.
ahead_rests() {
    ahead_signal STOP
}

ahead_goes_on() {
    ahead_signal CONT
}

ahead_ends() {
    ahead_signal KILL
    AHEAD=
}
