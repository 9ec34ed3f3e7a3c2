#!/usr/bin/python3
"""Runs test programs that speak TAP (cmocka's) and counts their test functions.

    tap.py BUILD PREFIX GLOB   every test that CTest knows in BUILD and whose name begins with PREFIX

GLOB names the sources, from the project's root: a source that no program was made of counts as
failed, and so does a program that could not be built. A test that was announced and did not report
(a crash), one that was skipped, and a program that reports success and yet exits with another code
(a leak found at exit) count as failed: nothing is skipped. The last line is `PASSED FAILED`.
What has the highest COST begins first: nobody waits for it alone in the end.

May not know: what the tests test.
"""
import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys

DEADLINE_S = 3600 if os.environ.get("WEIR_TEST_FULL") else 900
OUTPUT_MAX = 20000


def programs(build, prefix):
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                             capture_output=True, text=True, check=True).stdout
    for test in json.loads(listing)["tests"]:
        if test["name"].startswith(prefix):
            properties = {p["name"]: p["value"] for p in test.get("properties", [])}
            cost = properties.get("COST", 0)
            yield -cost, test["name"], test.get("command"), properties.get("WORKING_DIRECTORY", build)


def count(output, code):
    """(passed, failed) of one program's TAP; its exit code has the last word."""
    planned = sum(int(n) for n in re.findall(r"^1\.\.(\d+)\s*$", output, re.M))
    passed = len(re.findall(r"^ok \d+(?!.*# (?:SKIP|TODO))", output, re.M | re.I))
    failed = max(planned - passed, 0)
    if failed == 0 and (code != 0 or planned == 0):
        failed = 1
    return passed, failed


def run(test):
    _, name, command, folder = test
    if not command or not os.access(command[0], os.X_OK):
        return name, 0, 1, "was not built"
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    with subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as child:
        try:
            raw = child.communicate(timeout=DEADLINE_S)[0]
            late = ""
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raw = child.communicate()[0]
            late = f"\nno end after {DEADLINE_S} s"
    output = raw.decode("utf-8", "replace")
    passed, failed = count(output, child.returncode)
    return name, passed, failed, output[-OUTPUT_MAX:] + late + f"\nexit code {child.returncode}"


def main():
    build, prefix, sources = sys.argv[1:4]
    tests = sorted(programs(build, prefix))
    passed_all = failed_all = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, passed, failed, output in pool.map(run, tests):
            passed_all += passed
            failed_all += failed
            print(f"    {name}: {passed} passed, {failed} failed", flush=True)
            if failed:
                print("\n".join("    | " + line for line in output.splitlines()), flush=True)
    missing = len(glob.glob(sources)) - len(tests)
    if missing > 0 or not tests:
        print(f"    {len(tests)} programs for the sources {sources}: {max(missing, 1)} missing")
        failed_all += max(missing, 1)
    print(passed_all, failed_all)


if __name__ == "__main__":
    main()
