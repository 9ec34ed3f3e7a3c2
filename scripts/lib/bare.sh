# shellcheck shell=bash
# Both commands in a system that has nothing: a chroot made by debootstrap, a clean clone in it, and
# this machine's way to packages (mirror, proxy, certificates, npm's settings) copied in, because a
# company's machines often have one. Base systems are kept as archives in the cache folder.
#
# Each run lives in a mount and process namespace of its own: when it ends, however it ends, the
# kernel takes its mounts and processes away. Sourced after suite.sh, need.sh.
# May not know: what the commands do.

BARE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/weir-bare
BARE_WORK=${WEIR_BARE_WORK:-/var/tmp}

# bare_mirror: where this machine gets Debian from; nothing where it gets it from nowhere, and then
# debootstrap takes its own.
bare_mirror() {
    # shellcheck disable=SC2016  # apt's placeholders
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^\([^ ]*\) Debian Debian$/\1/p' | sort -u | head -n 1
}

# bare_base SUITE: the archive of a fresh minimal system, made once; its path in BARE_ARCHIVE.
bare_base() {
    local suite=$1 dir mirror code=0
    BARE_ARCHIVE=$BARE_CACHE/$suite.tar
    [ ! -f "$BARE_ARCHIVE" ] || return 0
    mkdir -p "$BARE_CACHE"
    mirror=$(bare_mirror)
    dir=$(mktemp -d "$BARE_WORK/weir-base.XXXXXX")
    if shown "debootstrap $suite" "$BARE_CACHE/$suite.log" 40 \
        as_root debootstrap --variant=minbase "$suite" "$dir" ${mirror:+"$mirror"}; then
        as_root tar -C "$dir" -cf "$BARE_ARCHIVE.new" . || code=1
        [ "$code" -ne 0 ] || as_root mv "$BARE_ARCHIVE.new" "$BARE_ARCHIVE"
    else
        code=1
    fi
    as_root rm -rf --one-file-system "$dir"
    return "$code"
}

# bare_ways DIR: this machine's ways to packages, for the chroot in DIR.
bare_ways() {
    local dir=$1 file
    as_root cp -L /etc/resolv.conf /etc/hosts "$dir/etc/"
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' |
        as_root tee "$dir/etc/apt/apt.conf.d/90host" >/dev/null || true
    as_root mkdir -p "$dir/usr/local/share/ca-certificates"
    for file in /usr/local/share/ca-certificates/*.crt; do
        [ -f "$file" ] && as_root cp "$file" "$dir/usr/local/share/ca-certificates/"
    done
    [ -f /etc/npmrc ] && as_root cp /etc/npmrc "$dir/etc/npmrc"
    [ -f "$HOME/.npmrc" ] && as_root cp "$HOME/.npmrc" "$dir/root/.npmrc"
    return 0
}

# bare_inside DIR COMMAND...: in the clone of the chroot, with a plain environment.
bare_inside() {
    local dir=$1 name
    local -a ways=()
    shift
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry; do
        [ -n "${!name:-}" ] && ways+=("$name=${!name}")
    done
    # The chroot's own certificates, for whatever in it would look elsewhere.
    ways+=(NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
    # shellcheck disable=SC2016  # expanded by the shell inside
    as_root unshare --mount --pid --fork --kill-child bash -c '
        dir=$1; shift
        mount --make-rprivate / &&
        mount -t proc proc "$dir/proc" && mount --rbind /dev "$dir/dev" && mount --rbind /sys "$dir/sys" &&
        exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            TERM=dumb "$@"' \
        bare "$dir" "${ways[@]}" chroot "$dir" bash -c 'cd /root/weir && exec "$@"' inside "$@"
}

# bare_count NAME WITH LOG CODE: what a command said in its last line.
bare_count() {
    local passed failed
    read -r passed failed < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$3" | tail -n 1) ||
        passed=0 failed=1
    if [ "$4" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    fi
    suite_says "$1" "$2" "$passed" "$failed"
}

bare_one() {
    local suite=$1 dir code log began what
    BARE_DIR=
    if ! bare_base "$suite"; then
        suite_says "bare $suite" 'no base system' 0 1
        return
    fi
    dir=$(mktemp -d "$BARE_WORK/weir-bare.XXXXXX")
    BARE_DIR=$dir
    trap bare_clean EXIT
    trap 'exit 130' INT TERM HUP
    as_root tar -C "$dir" -xf "$BARE_ARCHIVE"
    bare_ways "$dir"
    git clone --quiet --no-hardlinks "$ROOT" "$BARE_CACHE/clone.$$"
    as_root cp -a "$BARE_CACHE/clone.$$" "$dir/root/weir"
    rm -rf "$BARE_CACHE/clone.$$"
    as_root chown -R root:root "$dir/root/weir"
    for what in demo test; do
        began=$SECONDS
        code=0
        log=$BARE_CACHE/$suite.$what.log
        say "run scripts/$what in a bare $suite"
        case $what in
        demo) bare_inside "$dir" scripts/demo --once 2>&1 | tee "$log" | sed "s/^/    /" || code=$? ;;
        test) bare_inside "$dir" scripts/test 2>&1 | tee "$log" | sed "s/^/    /" || code=$? ;;
        esac
        bare_count "bare $suite scripts/$what" "$((SECONDS - began)) s" "$log" "$code"
    done
    bare_clean
    trap - EXIT
}

bare_clean() {
    if [ -n "${BARE_DIR:-}" ]; then
        as_root rm -rf --one-file-system "$BARE_DIR"
    fi
    BARE_DIR=
}

bare() {
    local suite
    if [ -n "$(git -C "$ROOT" status --porcelain 2>/dev/null)" ]; then
        say 'note: what is not committed is not in the clone that is tested'
    fi
    for suite in "$@"; do
        bare_one "$suite"
    done
}
