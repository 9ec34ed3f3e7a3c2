# shellcheck shell=bash
# The simulation: built with optimisation, apart from the program, so that many seeds take little
# time; and its suite. Sourced after common.sh; the suite needs suite.sh.
# May not know: what is simulated.

SIMULATION=$ROOT/build-simulation

# simulation_build DIR OPTION...: the program simulation, in DIR/tests/simulation.
simulation_build() {
    local dir=$1
    shift
    configure "$dir" -DCMAKE_BUILD_TYPE=Release -DWEIR_SIMULATION=ON "$@" &&
        shown "build ${dir#"$ROOT"/}" "$dir/build.log" 25 \
            cmake --build "$dir" --parallel "$JOBS" --target simulation
}

# simulation_says CHECK COMMAND...: one check, its output as progress.
simulation_says() {
    local check=$1 code=0
    shift
    "$@" 2>&1 </dev/null | sed 's/^/    /' || code=$?
    if [ "$code" -eq 0 ]; then
        say "    ok: $check"
        return 0
    fi
    say "    not ok: $check"
    return 1
}

# suite_simulation: the promises over some hundreds of seeds, with every kind of fault among them,
# some under the sanitizers, and whether each mutation can still be made; in full, thousands, and the
# mutations.
suite_simulation() {
    local passed=0 failed=0 seeds=300
    [ -z "${WEIR_TEST_FULL:-}" ] || seeds=10000
    build_with gcc
    say 'run simulation'
    if simulation_build "$SIMULATION" &&
        simulation_says "$seeds worlds keep the promises, and every kind of fault happened" \
            "$SIMULATION/tests/simulation/simulation" --seeds $seeds --from 1 --jobs "$JOBS"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    if simulation_says '40 worlds under the sanitizers' \
        "$ROOT/build-debug/tests/simulation/simulation" --quiet --seeds 40 --from 1001 --jobs "$JOBS"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    if simulation_says 'each mutation can be made' "$PYTHON" "$ROOT/scripts/mutate" --check; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    suite_says simulation "$(compiler_name gcc), -O2 and ASan+UBSan" "$passed" "$failed"
    [ -z "${WEIR_TEST_FULL:-}" ] || counted mutate "$SIMULATION" "$PYTHON" scripts/mutate
}
