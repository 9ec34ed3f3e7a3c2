# shellcheck shell=bash
# The suites: each runs, is counted, and says so in one line with what it was built with. Nothing is
# skipped: what could not run counts as failed. A suite that leaves a process behind has failed too.
# Sourced after common.sh and ahead.sh. May not know: what the lint looks at, what a chroot is.

PASSED=0
FAILED=0

# suite_says NAME BUILT_WITH PASSED FAILED
suite_says() {
    say "suite $1 ($2): $3 passed, $4 failed"
    PASSED=$((PASSED + $3))
    FAILED=$((FAILED + $4))
}

# Every process of a suite carries this mark in its environment; who has it when the suite is over
# was left behind.
MARK=weir-suite-$$

marked_run() {
    env WEIR_TEST_RUN="$MARK" "$@" </dev/null
}

# marked: the ids of the processes that have the mark, one a line.
marked() {
    local file pid
    for file in /proc/[0-9]*/environ; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        if tr '\0' '\n' 2>/dev/null <"$file" | grep -qxF "WEIR_TEST_RUN=$MARK"; then
            printf '%s\n' "$pid"
        fi
    done
}

# left_behind: ends what a suite left, names it, and answers how many there were (in LEFT). Who is on
# its way out already has some seconds for it.
left_behind() {
    local pid end=$((SECONDS + 15))
    local -a pids=()
    LEFT=0
    while mapfile -t pids < <(marked) && [ ${#pids[@]} -gt 0 ] && [ $SECONDS -lt $end ]; do
        sleep 0.2
    done
    for pid in "${pids[@]}"; do
        say "    left behind: process $pid: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" || true)"
        kill -KILL "$pid" 2>/dev/null || true
        LEFT=$((LEFT + 1))
    done
}

# lsan_options: libcurl 8.14 (Debian 13) loses the host name of a transfer that ends while its name
# is looked up. Nothing of it is ours, and only that version is excused: with any other, what we
# forget to give back to libcurl is found.
lsan_options() {
    local file=$ROOT/build-debug/lsan.supp
    export LSAN_OPTIONS=print_suppressions=0
    case $(pkg-config --modversion libcurl 2>/dev/null) in
    8.14.*)
        printf 'leak:libcurl.so\n' >"$file"
        LSAN_OPTIONS+=:suppressions=$file
        ;;
    esac
}

# sanitizer_options DIR: what the sanitizers find in a program that others start goes to files in
# DIR, so that a finding can't be lost with that program's standard error.
sanitizer_options() {
    rm -rf "$1"
    mkdir -p "$1"
    lsan_options
    export ASAN_OPTIONS="halt_on_error=1:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:log_path=$1/asan"
    export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:log_path=$1/asan"
}

sanitizer_findings() {
    local file
    FINDINGS=0
    for file in "$1"/*; do
        [ -s "$file" ] || continue
        # LeakSanitizer says of a thread only that it did not stop in time to be looked at.
        grep -qvE '^==[0-9]+==Running thread [0-9]+ was not suspended' "$file" || continue
        say "    a sanitizer's finding, $file:"
        head -n 60 "$file" | sed 's/^/    | /'
        FINDINGS=$((FINDINGS + 1))
    done
}

# build_with gcc|clang: everything, with the sanitizers and the tests. Goes on past what does not
# compile, so that the rest is tested; what is missing then counts as failed there as well.
declare -A BUILT
build_with() {
    local compiler=$1 dir=$ROOT/build-debug name failed=0
    [ -z "${BUILT[$compiler]:-}" ] || return 0
    BUILT[$compiler]=1
    [ "$compiler" = gcc ] || dir=$ROOT/build-$compiler
    name="$(compiler_name "$compiler"), ASan+UBSan"
    if ! configure "$dir" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$compiler" \
        -DWEIR_SANITIZE=ON -DWEIR_TESTS=ON ||
        ! shown "build ${dir#"$ROOT"/} with $name" "$dir/build.log" 25 \
            cmake --build "$dir" --parallel "$JOBS" -- -k 0; then
        failed=1
    fi
    suite_says build "$name" $((1 - failed)) $failed
}

# suite_tap NAME COMPILER SOURCES: unit and scenario.
suite_tap() {
    local suite=$1 compiler=$2 sources=$3 dir=$ROOT/build-debug log passed failed
    build_with "$compiler"
    [ "$compiler" = gcc ] || dir=$ROOT/build-$compiler
    log=$dir/$suite.log
    export ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    say "run $suite ($compiler)"
    (cd "$ROOT" && marked_run "$PYTHON" scripts/lib/tap.py "$dir" "$suite." "$sources") 2>&1 |
        tee "$log" | grep -v '^[0-9]* [0-9]*$' || true
    read -r passed failed < <(tail -n 1 "$log" | grep -x '[0-9]* [0-9]*' || printf '0 1\n')
    left_behind
    suite_says "$suite" "$(compiler_name "$compiler"), ASan+UBSan" "$passed" $((failed + LEFT))
}

# kilobytes_to_spare: of memory, for what is written to /dev/shm; nothing where it can't be used.
kilobytes_to_spare() {
    local file limit spare room
    spare=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        limit=$(cat "$file" 2>/dev/null || true)
        case $limit in
        '' | *[!0-9]*) ;;
        *) [ $((limit / 1024)) -ge "$spare" ] || spare=$((limit / 1024)) ;;
        esac
    done
    room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
    [ "${room:-0}" -ge "$spare" ] || spare=$room
    printf '%s' "${spare:-0}"
}

PLACE=
# place_in_memory: a folder for what tests write, in PLACE, where there is memory enough: how long a
# disk takes to sync is not what they are about. None where there is not, where programs can't be run
# from it (tests build some), or where everything is run at its full length. Whoever exits gives it
# back.
place_in_memory() {
    PLACE=
    [ -z "${WEIR_TEST_FULL:-}" ] && [ -w /dev/shm ] || return 0
    [ "$(kilobytes_to_spare)" -ge $((6 * 1024 * 1024)) ] || return 0
    PLACE=$(mktemp -d /dev/shm/weir.XXXXXX)
    printf '#!/bin/sh\n' >"$PLACE/run"
    chmod +x "$PLACE/run"
    if ! "$PLACE/run" 2>/dev/null; then
        place_given_back
    fi
}

# place_given_back [KEEP]: it is gone; what was in it goes to the folder KEEP.
place_given_back() {
    [ -n "$PLACE" ] || return 0
    if [ -n "${1:-}" ]; then
        rm -rf "$1"
        cp -a "$PLACE" "$1" || true
        say "    what the tests wrote is kept in ${1#"$ROOT"/}"
    fi
    rm -rf "$PLACE"
    PLACE=
}

# suite_pytest NAME FOLDER AT_ONCE: integration and interop, against the program built with gcc's
# sanitizers. So many files run at once (0: in pytest's own process). What measures has the mark
# `alone`, and its turn afterwards.
suite_pytest() {
    local suite=$1 folder=$2 at_once=$3 dir=$ROOT/build-debug passed failed keep=
    build_with gcc
    sanitizer_options "$dir/$suite.asan"
    place_in_memory
    RUNS=()
    say "run $suite"
    pytest_run "$suite" beside "$folder" -n "$at_once" --dist loadfile -m 'not alone'
    if grep -rq --include='*.py' 'mark\.alone' "$ROOT/$folder"; then
        say "run $suite, what has to be alone"
        ahead_rests
        pytest_run "$suite" alone "$folder" -m alone
        ahead_goes_on
    fi
    read -r passed failed < <("$PYTHON" "$ROOT/scripts/lib/junit.py" "${RUNS[@]}")
    left_behind
    [ "$failed" -eq 0 ] || keep=$dir/$suite.kept
    place_given_back "$keep"
    sanitizer_findings "$dir/$suite.asan"
    suite_says "$suite" "$(compiler_name gcc), ASan+UBSan" "$passed" $((failed + LEFT + FINDINGS))
}

# pytest_run SUITE TURN FOLDER OPTIONS: one turn of it; RUNS gets its JUnit file and its exit code.
pytest_run() {
    local suite=$1 turn=$2 folder=$3 dir=$ROOT/build-debug code=0 file
    local -a place=()
    shift 3
    [ -z "$PLACE" ] || place=("--basetemp=$PLACE/$turn")
    file=$dir/$suite.$turn
    rm -f "$file.xml"
    (cd "$ROOT" && WEIR_BIN=$dir/weir HYPOTHESIS_STORAGE_DIRECTORY=$dir/hypothesis \
        marked_run TMPDIR="${PLACE:-${TMPDIR:-/tmp}}" "$PYTHON" -m pytest -p no:cacheprovider --continue-on-collection-errors \
        --color=no -v --tb=short -rfE --junitxml="$file.xml" "${place[@]}" "$@" "$folder") 2>&1 |
        tee "$file.log" | sed -u 's/^/    /' || code=$?
    RUNS+=("$file.xml" "$code")
}

# the_end: the line that machines read, and the exit code.
the_end() {
    say "$PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}
