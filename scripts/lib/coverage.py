"""How many lines of the scheduler ran, by gcov: a line for each file, and for all of them together.
Ends with 1 below the bound. `--lines` shows each that did not run.

    coverage.py FOLDER [--lines]      FOLDER: where the objects of the library of rules are

May not know: what ran them.
"""
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BOUND = 0.95
ALSO = ("cursor", "health", "judge", "lease", "mark", "suspect")


def lines_of(counts):
    """{line: how often it ran} of one file, as gcov has it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", str(counts)], cwd=folder, check=True,
                       capture_output=True)
        told = next(pathlib.Path(folder).glob("*.gcov.json.gz"))
        for one in json.loads(gzip.decompress(told.read_bytes()))["files"]:
            if one["file"].endswith(counts.name.removesuffix(".gcda")):
                return {line["line_number"]: line["count"] for line in one["lines"]}
    return {}


def main():
    folder = pathlib.Path(sys.argv[1]) / "relay/rules"
    files = sorted([*folder.glob("schedule*.gcda"),
                    *(folder / f"{name}.c.gcda" for name in ALSO)])
    ran = total = 0
    for counts in files:
        name = "relay/rules/" + counts.name.removesuffix(".gcda")
        lines = lines_of(counts)
        here = sum(count > 0 for count in lines.values())
        print(f"{100 * here / max(len(lines), 1):7.2f} % of {len(lines):>4} lines  {name}")
        ran, total = ran + here, total + len(lines)
        text = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for number in sorted(n for n, count in lines.items() if not count):
            if "--lines" in sys.argv:
                print(f"{'':25} {number:>4}: {text[number - 1]}")
    print(f"{100 * ran / max(total, 1):7.2f} % of {total:>4} lines  of the scheduler")
    return ran < BOUND * total


sys.exit(main())
