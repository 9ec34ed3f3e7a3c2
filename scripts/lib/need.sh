# shellcheck shell=bash
# What this project needs from the system, and how it gets there.
#
# A need is met when the command, the header, the library file or the Python module is there,
# whoever brought it: a package is asked for only when the thing itself is missing. So nothing that
# a person installed by other means is replaced.
#
# The table, one need a line: `profiles | check | packages`. Several packages, `a|b`: the first that
# this distribution has (Debian 12 has llhttp only as node-llhttp; Debian 13 and Ubuntu 24.04 have
# libllhttp-dev). Checks: cmd:NAME[|NAME] any of them on PATH; inc:HEADER;
# file:PATH; py:MODULE for /usr/bin/python3; llhttp: its library or its C sources;
# asan-clang: the sanitizer's library of the very clang that is on PATH.
#
# May not know: what is built or tested.

need_table() {
    cat <<'TABLE'
build demo test bench | cmd:gcc                | gcc
build demo test bench | inc:stdio.h            | libc6-dev
build demo test bench | cmd:cmake              | cmake
build demo test bench | cmd:ninja              | ninja-build
build demo test bench | cmd:pkg-config|pkgconf | pkg-config
build demo test bench | inc:uv.h               | libuv1-dev
build demo test bench | inc:curl/curl.h        | libcurl4-openssl-dev
build demo test bench | inc:openssl/evp.h      | libssl-dev
build demo test bench | inc:json-c/json.h      | libjson-c-dev
build demo test bench | inc:hiredis/hiredis.h  | libhiredis-dev
build demo test bench | inc:idn2.h             | libidn2-dev
build demo test bench | inc:yaml.h             | libyaml-dev
build demo test bench | inc:pcre2.h            | libpcre2-dev
build demo test bench | inc:uthash.h           | uthash-dev
build demo test bench | llhttp                 | libllhttp-dev|node-llhttp
demo test bench       | cmd:redis-server|valkey-server | redis-server|valkey-server
demo test bench       | file:/usr/bin/python3  | python3
demo test bench       | py:aiohttp             | python3-aiohttp
demo test bench       | py:cryptography        | python3-cryptography
demo test             | py:yaml                | python3-yaml
demo test             | file:/etc/ssl/certs/ca-certificates.crt | ca-certificates
test                  | py:pytest              | python3-pytest
test                  | py:xdist               | python3-pytest-xdist
test                  | py:hypothesis          | python3-hypothesis
test                  | py:httpsig             | python3-httpsig
test                  | py:pyld                | python3-pyld
test                  | py:jsonschema          | python3-jsonschema
test                  | py:html5lib            | python3-html5lib
test                  | inc:cmocka.h           | libcmocka-dev
test                  | cmd:clang              | clang
test                  | asan-clang             | libclang-rt-dev
test                  | cmd:clang-format       | clang-format
test                  | cmd:clang-tidy         | clang-tidy
test                  | cmd:shellcheck         | shellcheck
test                  | cmd:ip                 | iproute2
bare                  | cmd:debootstrap        | debootstrap
bare                  | cmd:git                | git
bare                  | cmd:unshare            | util-linux
TABLE
}

# any_file GLOB...: true if one of them exists. The globs are expanded here, unquoted on purpose.
any_file() {
    local pattern path
    for pattern in "$@"; do
        for path in $pattern; do
            [ -e "$path" ] && return 0
        done
    done
    return 1
}

need_met() {
    local check=$1 name
    case $check in
    cmd:*)
        local IFS='|'
        for name in ${check#cmd:}; do
            command -v "$name" >/dev/null && return 0
        done
        return 1
        ;;
    inc:*) any_file "/usr/include/${check#inc:}" "/usr/include/*-linux-gnu*/${check#inc:}" \
        "/usr/local/include/${check#inc:}" ;;
    file:*) [ -e "${check#file:}" ] ;;
    py:*) "$PYTHON" -c "import importlib.util as u, sys; sys.exit(u.find_spec('${check#py:}') is None)" \
        2>/dev/null ;;
    llhttp) any_file /usr/share/llhttp/llhttp.c "/usr/lib/*-linux-gnu*/libllhttp.so" \
        /usr/local/lib/libllhttp.so ;;
    asan-clang) command -v clang >/dev/null &&
        any_file "$(clang -print-resource-dir)/lib/*/libclang_rt.asan*.a" ;;
    *) die "no such check in the table of needs: $check" ;;
    esac
}

# need_missing PROFILE: the packages, `a|b` unresolved, whose need is not met; one a line.
need_missing() {
    local profile=$1 line profiles check packages
    while IFS= read -r line; do
        profiles=${line%% | *}
        packages=${line##* | }
        check=${line#* | }
        check=${check%" | $packages"}
        check=${check%"${check##*[![:space:]]}"}
        case " $profiles " in
        *" $profile "*)
            need_met "$check" && continue
            # A clang that is there already decides which sanitizer library fits it.
            if [ "$check" = asan-clang ] && command -v clang >/dev/null; then
                packages="libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev|$packages"
            fi
            printf '%s\n' "$packages"
            ;;
        esac
    done < <(need_table)
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo. As root: $*"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true \
        apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}

apt_knows() {
    [ -n "$(apt-cache show "$1" 2>/dev/null | head -n 1)" ]
}

# first_known NAMES: of `a|b` the first that apt knows; nothing where it knows none.
first_known() {
    local name
    for name in ${1//|/ }; do
        if apt_knows "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
}

# quietly_installed PACKAGE...: installs, while no service may start (policy-rc.d, put back as it
# was whatever happens), and leaves disabled what the installation enabled. It runs where `set -e`
# does not hold (behind `if`), so it looks at each result itself.
quietly_installed() (
    policy=/usr/sbin/policy-rc.d
    saved=$policy.before-weir
    # shellcheck disable=SC2317  # the trap calls it
    restore() {
        as_root rm -f "$policy"
        if [ -e "$saved" ]; then
            as_root mv "$saved" "$policy"
        fi
    }
    trap restore EXIT
    trap 'exit 130' INT TERM HUP
    if [ -e "$policy" ] && [ ! -e "$saved" ]; then
        as_root mv "$policy" "$saved" || exit 1
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || exit 1
    as_root chmod 755 "$policy" || exit 1
    apt_get install -y --no-install-recommends "$@" || exit 1
    for package in "$@"; do
        case $package in
        redis-server | valkey-server)
            if command -v systemctl >/dev/null; then
                as_root systemctl disable --quiet "$package" || true
            elif [ -x /usr/sbin/update-rc.d ]; then
                as_root /usr/sbin/update-rc.d "$package" disable || true
            fi
            ;;
        esac
    done
)

# install_packages PACKAGE[|PACKAGE]...: with the lists of packages as they are where those know
# every name, and once more with fresh ones when that fails: lists may be older than the archive.
install_packages() {
    local log=$ROOT/build/install.log round name found
    local -a names
    command -v apt-get >/dev/null ||
        die "this system has no apt-get; please install what stands for: $*"
    for round in as-they-are fresh; do
        if [ "$round" = fresh ]; then
            shown 'apt-get update' "$log.update" 10 apt_get update || return
        fi
        names=()
        for name in "$@"; do
            found=$(first_known "$name")
            # An unknown name stays: with fresh lists, apt's own message is the best there is.
            [ -n "$found" ] || [ "$round" = fresh ] || continue 2
            names+=("${found:-${name%%|*}}")
        done
        if shown "apt-get install ${names[*]}" "$log" 25 quietly_installed "${names[@]}"; then
            return 0
        fi
    done
    return 1
}

# need PROFILE: makes the table true for it. Node and npm each in a call of their own: npm conflicts
# with the Node packages of some other sources, which bring an npm with them.
need() {
    local profile=$1 package
    local -a missing
    mapfile -t missing < <(need_missing "$profile")
    if [ ${#missing[@]} -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
    case $profile in
    demo | test)
        for package in nodejs:node npm:npm; do
            command -v "${package#*:}" >/dev/null || install_packages "${package%:*}"
        done
        ;;
    esac
    mapfile -t missing < <(need_missing "$profile")
    [ ${#missing[@]} -eq 0 ] || die "still missing after the installation: ${missing[*]}"
}
