#!/usr/bin/python3
"""clang-tidy over every C file that CMake compiles, as many at a time as there are cores. A file
whose text, headers, flags, rules and clang-tidy are those of an earlier clean run is not read again.

    tidy.py BUILD       BUILD holds compile_commands.json; the stamps lie in BUILD/tidy
                        The last line is `PASSED FAILED`.

May not know: which rules there are.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "scripts/lib/model_uthash.h"
MODEL_TESTS = ROOT / "scripts/lib/model_cmocka.h"
INCLUDE = re.compile(r"^\s*#\s*include\s+[<\"]([^>\"]+)[>\"]", re.M)


def closure(path, folders, seen):
    """path and every header of the project that it reads, in the order in which they are met."""
    if path in seen:
        return
    seen[path] = path.read_bytes()
    for header in INCLUDE.findall(seen[path].decode("utf-8", "replace")):
        for folder in [path.parent, *folders]:
            if (folder / header).is_file():
                closure((folder / header).resolve(), folders, seen)
                break


def stamp_of(entry, folders, rules):
    seen = {}
    closure(pathlib.Path(entry["file"]).resolve(), folders, seen)
    digest = hashlib.sha256(rules)
    digest.update(entry["command"].encode())
    for path, text in seen.items():
        digest.update(str(path).encode() + b"\0" + hashlib.sha256(text).digest())
    return digest.hexdigest()


def tidy(build, entry, stamp):
    if stamp.exists():
        return entry["file"], 0, ""
    models = [MODEL]
    if ROOT / "tests" in pathlib.Path(entry["file"]).parents:
        models.append(MODEL_TESTS)
    run = subprocess.run(["clang-tidy", "--quiet", "-p", build,
                          *(f"--extra-arg=-include{model}" for model in models), entry["file"]],
                         capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if run.returncode == 0:
        stamp.touch()
    found = [line for line in (run.stdout + run.stderr).splitlines()
             if not re.match(r"\d+ warnings? generated|Suppressed|Use -header-filter", line)]
    return entry["file"], run.returncode, "\n".join(found)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    rules = version + b"".join(path.read_bytes()
                               for path in (ROOT / ".clang-tidy", MODEL, MODEL_TESTS))
    folders = [ROOT, build / "generated"]
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        file = pathlib.Path(entry["file"]).resolve()
        if ROOT in file.parents and build not in file.parents and file.is_file():
            entries.setdefault(str(file), entry)
    passed = failed = fresh = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = []
        for entry in entries.values():
            stamp = stamps / stamp_of(entry, folders, rules)
            fresh += 0 if stamp.exists() else 1
            jobs.append(pool.submit(tidy, str(build), entry, stamp))
        print(f"    {len(jobs)} files, {fresh} to read", flush=True)
        for n, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            file, code, found = job.result()
            passed, failed = (passed + 1, failed) if code == 0 else (passed, failed + 1)
            if code != 0:
                print("\n".join("    | " + line for line in found.splitlines()), flush=True)
            if n % 10 == 0:
                print(f"    [{n}/{len(jobs)}] {os.path.relpath(file, ROOT)}", flush=True)
    if not jobs:
        failed = 1
    print(passed, failed)


main()
