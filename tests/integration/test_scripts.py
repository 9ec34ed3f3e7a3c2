"""The scripts that count and check: each is shown something broken and must say so, and its twin,
whole, must pass."""
import pathlib
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS / "lib"))

import tap  # noqa: E402  (lies beside the scripts)

WHOLE = "/* What it is for.\n * May not know: anything. */\nint nothing(void);\n"
HEADER = "/* What it promises. */\n#pragma once\n"


def run(script, *arguments):
    done = subprocess.run([SCRIPTS / script, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    lines = done.stdout.splitlines()
    return done.returncode, lines, tuple(int(n) for n in lines[-1].split())


@pytest.mark.parametrize("output, code, counted", [
    ("1..2\nok 1 - a\nok 2 - b\n", 0, (2, 0)),
    ("1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n", 0, (3, 0)),
    ("1..2\nok 1 - a\nnot ok 2 - b\n", 1, (1, 1)),
    ("1..3\nok 1 - a\n==1==ERROR: AddressSanitizer\n", 1, (1, 2)),
    ("1..2\nok 1 - a\nnot ok 2 # SKIP b\n", 0, (1, 1)),
    ("1..2\nok 1 - a\nok 2 # SKIP b\n", 0, (1, 1)),
    ("1..1\nok 1 - a\n==1==ERROR: LeakSanitizer\n", 23, (1, 1)),
    ("", 0, (0, 1)),
    ("Segmentation fault\n", -11, (0, 1)),
], ids=["all", "two groups", "one fails", "crash", "skipped", "skipped as ok", "leak at exit",
        "nothing", "crash before"])
def test_a_programs_tests_are_counted(output, code, counted):
    assert tap.count(output, code) == counted


JUNIT = "<testsuites><testsuite>%s</testsuite></testsuites>"


@pytest.mark.parametrize("cases, code, counted", [
    ("<testcase/><testcase/>", 0, (2, 0)),
    ("<testcase/><testcase><failure/></testcase>", 1, (1, 1)),
    ("<testcase/><testcase><skipped/></testcase>", 0, (1, 1)),
    ("<testcase/><testcase><error/></testcase>", 1, (1, 1)),
    ("<testcase/>", 2, (1, 1)),
    ("", 5, (0, 1)),
    (None, 4, (0, 1)),
], ids=["all", "one fails", "skipped", "error", "ended early", "no test", "no file"])
def test_pytest_is_counted(tmp_path, cases, code, counted):
    path = tmp_path / "result.xml"
    if cases is not None:
        path.write_text(JUNIT % cases)
    assert run("lib/junit.py", path, code)[2] == counted


def tree(root, files):
    for room in ("common/pure", "common/io", "keys", "relay/rules", "relay/store", "tests", "scripts"):
        (root / room).mkdir(parents=True)
    for name, text in files.items():
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("files, said", [
    ({"keys/a.c": WHOLE + "void f(char *p) { strcpy(p, p); }\n"}, "keys/a.c:4: strcpy("),
    ({"keys/a.c": WHOLE + "long f(void) { return time(0); }\n"}, "keys/a.c:4: time("),
    ({"keys/a.c": WHOLE + "/* " + "TO" + "DO: later */\n"}, "keys/a.c:4: TO" + "DO"),
    ({"keys/a.c": WHOLE + "#if 0\n#endif\n"}, "keys/a.c:4: #if 0"),
    ({"keys/a.c": WHOLE + "\n" * 600}, "603 lines"),
    ({"tests/a.c": WHOLE + "\n" * 600}, "603 lines"),
    ({"keys/a.c": "int nothing(void);\n"}, "May not know"),
    ({"common/pure/a.c": WHOLE + '#include "relay/store/s.h"\n', "relay/store/s.h": HEADER},
     "common/pure includes relay/store/s.h"),
    ({"relay/rules/a.c": WHOLE + '#include "common/io/loop.h"\n', "common/io/loop.h": HEADER},
     "relay/rules includes common/io/loop.h"),
    ({"relay/store/a.c": WHOLE + "#include <openssl/evp.h>\n"}, "relay/store/a.c:4"),
    ({"keys/a.h": HEADER + '#include "keys/b.h"\n', "keys/b.h": HEADER + '#include "keys/a.h"\n'},
     "keys/a.h -> keys/b.h -> keys/a.h"),
    ({"tests/a.py": "def\n"}, "tests/a.py:1"),
], ids=["banned call", "clock", "note", "switched off", "long", "long test", "no plate", "upwards", "rule knows io",
        "openssl", "circle", "python"])
def test_a_broken_law_is_named(tmp_path, files, said):
    code, lines, counted = run("check-source", tree(tmp_path, files))
    assert code == 1 and counted[1] == 1
    assert said in "\n".join(lines)


def test_a_whole_tree_passes(tmp_path):
    files = {"keys/a.c": WHOLE + '#include "keys/a.h"\n/* strcpy( in words */\n', "keys/a.h": HEADER}
    code, _, counted = run("check-source", tree(tmp_path, files))
    assert code == 0 and counted[1] == 0


PROGRAM = """#!/bin/sh
case "$3" in
verbs) echo float; echo "anchor drop" ;;
settings) echo tides.high ;;
metrics) echo weir_tides_total ;;
problems) echo blue-moon; echo moon ;;
esac
"""
NAMING = 'run("float"); run("anchor", "drop"); "tides.high: 2"; "weir_tides_total 3"; "blue-moon" '


@pytest.mark.parametrize("text, unnamed", [
    (NAMING + '"moon"', None),
    (NAMING, "moon"),
    (NAMING.replace('"float"', "float_all") + '"moon"', "float"),
    (NAMING.replace('"anchor", "drop"', '"anchor"') + '"moon"', "anchor drop"),
    (NAMING.replace("weir_tides_total", "weir_tides_total_more") + '"moon"', "weir_tides_total"),
], ids=["all named", "part of a longer name", "verb not called", "half a verb", "longer name"])
def test_what_no_test_names_is_printed(tmp_path, text, unnamed):
    weir = tmp_path / "weir"
    weir.write_text(PROGRAM)
    weir.chmod(0o755)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_it.py").write_text(text)
    code, lines, counted = run("check-names", weir, tmp_path)
    assert counted == ((6, 0) if unnamed is None else (5, 1))
    assert code == (0 if unnamed is None else 1)
    if unnamed is not None:
        assert any(line.endswith(f"no test names: {unnamed}") for line in lines)


def test_a_program_without_lists_has_failed(tmp_path):
    (tmp_path / "tests").mkdir()
    code, _, counted = run("check-names", tmp_path / "nothing", tmp_path)
    assert code == 1 and counted == (0, 4)
