#!/bin/bash
# A Node that is new enough, and the ActivityPub implementation that we did not write (Fedify).
#
# Run: installs what is missing into build/interop and prints the path of the `node` to use.
# Sourced: node_ready does the same, and sets WEIR_NODE and WEIR_NODE_DIR for the tests.
# Fedify asks for Node 22 or newer; where the system's is older, the npm package node-linux-<arch>
# brings one. Modules are found from a script's own folder upwards: a peer's .mjs is to be copied to
# $WEIR_NODE_DIR (or imported from there). Versions are fixed by tests/interop/package-lock.json.
# Nothing of a package is run while it is installed.
#
# May not know: which test uses it.

set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

NODE_LEAST=22
NODE_PACKAGE_VERSION=24.21.0

node_new_enough() {
    [ -x "$1" ] && "$1" -e "process.exit(process.versions.node.split('.')[0] >= $NODE_LEAST ? 0 : 1)"
}

npm_quiet() {
    npm --no-fund --no-audit --no-update-notifier --loglevel=error --ignore-scripts "$@"
}

# node_of_system: the path of a `node` on PATH that is new enough, or nothing.
node_of_system() {
    local node
    node=$(command -v node || true)
    if [ -n "$node" ] && node_new_enough "$node"; then
        printf '%s' "$node"
    fi
}

node_package() {
    local arch
    case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) die "there is no Node package for $(uname -m); please install Node $NODE_LEAST or newer" ;;
    esac
    printf 'node-linux-%s' "$arch"
}

node_ready() {
    local dir=$ROOT/build/interop package stamp
    stamp=$dir/node_modules/.weir-lock
    mkdir -p "$dir/node"
    WEIR_NODE=$(node_of_system)
    if [ -z "$WEIR_NODE" ]; then
        package=$(node_package)
        WEIR_NODE=$dir/node/node_modules/$package/bin/node
        if ! node_new_enough "$WEIR_NODE"; then
            command -v npm >/dev/null || die "npm is missing (scripts/test and scripts/demo install it)"
            printf '{"private":true}\n' >"$dir/node/package.json"
            shown "npm install $package@$NODE_PACKAGE_VERSION" "$dir/node.log" 5 \
                npm_quiet --prefix "$dir/node" install --no-save "$package@$NODE_PACKAGE_VERSION" >&2 ||
                return
            node_new_enough "$WEIR_NODE" || die "$WEIR_NODE does not run"
        fi
    fi
    if ! cmp -s "$ROOT/tests/interop/package-lock.json" "$stamp"; then
        command -v npm >/dev/null || die "npm is missing (scripts/test and scripts/demo install it)"
        cp "$ROOT/tests/interop/package.json" "$ROOT/tests/interop/package-lock.json" "$dir/"
        shown 'npm ci (tests/interop/package-lock.json)' "$dir/npm.log" 5 \
            npm_quiet --prefix "$dir" ci >&2 || return
        cp "$ROOT/tests/interop/package-lock.json" "$stamp"
    fi
    WEIR_NODE_DIR=$dir
    export WEIR_NODE WEIR_NODE_DIR
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    node_ready
    printf '%s\n' "$WEIR_NODE"
fi
