# shellcheck shell=bash
# The laws that a machine can check, each a suite of its own. Sourced after suite.sh and ahead.sh.
# May not know: what the program does.

# counted NAME WITH COMMAND...: a command whose last line is `PASSED FAILED`.
counted() {
    local name=$1 with=$2 log passed failed
    shift 2
    log=$ROOT/build-debug/lint-$name.log
    say "run lint $name"
    (cd "$ROOT" && "$@" </dev/null) 2>&1 | tee "$log" | grep -v '^[0-9]* [0-9]*$' || true
    read -r passed failed < <(tail -n 1 "$log" | grep -x '[0-9]* [0-9]*' || printf '0 1\n')
    suite_says "lint $name" "$with" "$passed" "$failed"
}

# tidy_ahead: clang-tidy begins. What it finds it says at its turn: only what is clean is not read again.
tidy_ahead() {
    build_with gcc
    ahead_begins "$ROOT/build-debug/lint-ahead.log" \
        "$PYTHON" "$ROOT/scripts/lib/tidy.py" "$ROOT/build-debug"
}

c_files() {
    find common keys relay tests -name '*.[ch]' | sort
}

lint_format() {
    local file passed=0 failed=0
    if c_files | xargs -n 32 -P "$JOBS" clang-format --dry-run -Werror --style=file >/dev/null 2>&1; then
        printf '%s 0\n' "$(c_files | wc -l)"
        return
    fi
    for file in $(c_files); do
        if clang-format --dry-run -Werror --style=file "$file" 2>&1 | head -n 20; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
    printf '%s %s\n' "$passed" "$failed"
}

lint_layers() {
    if cmake --build "$ROOT/build-debug" --target layers --parallel "$JOBS" >"$ROOT/build-debug/layers.log" 2>&1; then
        printf '1 0\n'
    else
        tail -n 40 "$ROOT/build-debug/layers.log"
        printf '0 1\n'
    fi
}

# The scripts that bash runs, whatever they are called.
shell_files() {
    grep -lE '^(#!/bin/bash|# shellcheck shell=bash)' .ci/run scripts/* scripts/lib/* 2>/dev/null || true
}

lint_shell() {
    local file passed=0 failed=0
    for file in $(shell_files); do
        if shellcheck -x "$file"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
    printf '%s %s\n' "$passed" "$failed"
}

lint() {
    build_with gcc
    counted format "$(compiler_name clang-format)" lint_format
    ahead_ends
    counted tidy "$(compiler_name clang-tidy)" "$PYTHON" scripts/lib/tidy.py build-debug
    counted layers "$(compiler_name gcc), ld" lint_layers
    counted source "python $("$PYTHON" -c 'import platform; print(platform.python_version())')" \
        scripts/check-source
    counted rows "tests/rows.txt" scripts/check-rows
    counted names "build-debug/weir" scripts/check-names build-debug/weir
    counted shell "shellcheck $(shellcheck --version | sed -n 's/^version: //p')" lint_shell
}
