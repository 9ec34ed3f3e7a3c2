#!/usr/bin/python3
"""Counts a pytest run from its JUnit file: prints `PASSED FAILED`. A skipped test is a failed one,
and so is a run that ended without a file or without a test.

May not know: what the tests test.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    path, code = sys.argv[1], int(sys.argv[2])
    total = bad = 0
    try:
        for suite in ElementTree.parse(path).getroot().iter("testsuite"):
            for case in suite.iter("testcase"):
                total += 1
                kinds = {child.tag for child in case}
                if kinds & {"failure", "error", "skipped"}:
                    bad += 1
    except (OSError, ElementTree.ParseError) as trouble:
        print(f"    no result of pytest: {trouble}", file=sys.stderr)
    passed = total - bad
    if bad == 0 and (code != 0 or total == 0):
        bad = 1
    print(passed, bad)


main()
