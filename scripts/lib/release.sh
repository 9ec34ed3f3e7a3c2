# shellcheck shell=bash
# The build that is shipped. Sourced after common.sh. May not know: tests.

build_release() {
    configure "$ROOT/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=gcc
    shown "build the program with $(compiler_name gcc)" "$ROOT/build/build.log" 25 \
        cmake --build "$ROOT/build" --parallel "$JOBS" --target weir
}

# The same, and the programs that scripts/bench runs beside it.
build_bench() {
    build_release
    shown 'build the programs beside it' "$ROOT/build/build-bench.log" 25 \
        bench_programs
}

bench_programs() {
    cmake -S "$ROOT" -B "$ROOT/build" -DWEIR_BENCH=ON &&
        cmake --build "$ROOT/build" --parallel "$JOBS" --target bench_sink bench_limit bench_policy
}
