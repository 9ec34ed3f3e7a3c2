# shellcheck shell=bash
# The build that is shipped. Sourced after common.sh. May not know: tests.

build_release() {
    configure "$ROOT/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=gcc
    shown "build the program with $(compiler_name gcc)" "$ROOT/build/build.log" 25 \
        cmake --build "$ROOT/build" --parallel "$JOBS" --target weir
}
