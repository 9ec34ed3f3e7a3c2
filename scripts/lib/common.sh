# shellcheck shell=bash
# What every script shares: where the project is, how to speak, how to show progress.
# Sourced, never run. May not know: packages, suites.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export ROOT
export LC_ALL=C.UTF-8
# Debian's Python and its packages, whatever a person has put before them.
export PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
unset PYTHONPATH PYTHONHOME
export PYTHON=/usr/bin/python3
JOBS=$(nproc)
export JOBS

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# progress LOG EVERY: copies standard input to LOG; shows every EVERY-th line, cut to the screen,
# so that a long step is seen to move without drowning what matters.
progress() {
    local log=$1 every=$2 n=0 line
    : >"$log"
    while IFS= read -r line || [ -n "$line" ]; do
        printf '%s\n' "$line" >>"$log"
        n=$((n + 1))
        if [ $((n % every)) -eq 0 ]; then
            printf '    %.110s\n' "$line"
        fi
    done
}

# shown TITLE LOG EVERY COMMAND...: runs it with its output as progress; on failure the end of the
# log is shown. Answers the command's own exit code.
shown() {
    local title=$1 log=$2 every=$3 code=0
    shift 3
    say "$title"
    mkdir -p "$(dirname "$log")"
    "$@" 2>&1 </dev/null | progress "$log" "$every" || code=$?
    if [ "$code" -ne 0 ]; then
        say "    failed ($code); the end of $log:"
        tail -n 40 "$log" | sed 's/^/    | /'
    fi
    return "$code"
}

# compiler_name gcc|clang: "gcc 12.2" for the lines that people read.
compiler_name() {
    case $1 in
    gcc) printf 'gcc %s' "$(gcc -dumpfullversion | cut -d. -f1,2)" ;;
    *) printf '%s %s' "$1" "$("$1" --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)" ;;
    esac
}

# configure DIR OPTION...: makes a build folder once. A folder that was made for another place (the
# clone was moved or copied) is made anew, because CMake refuses it.
configure() {
    local dir=$1
    shift
    if [ -f "$dir/CMakeCache.txt" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$ROOT" "$dir/CMakeCache.txt"; then
        rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles"
    fi
    if [ ! -f "$dir/CMakeCache.txt" ] || [ ! -f "$dir/build.ninja" ]; then
        rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles"
        shown "configure ${dir#"$ROOT"/}" "$dir/configure.log" 10 \
            cmake -S "$ROOT" -B "$dir" -G Ninja "$@"
    fi
}
