"""A Weir that is broken on purpose, from a copy of the sources with one place changed.

    program = broken.weir(tmp_path, "relay/inbox_decide.c", [(pattern, replacement)])

Only the changed file is compiled anew, by the very command that compiled it where the program under
test was built, and linked before the libraries, which then give everything but that file. A pattern
that does not fit exactly once is a failure: the test that stands on it would prove nothing.
"""

import re
import shlex
import subprocess
from pathlib import Path

from integration.relay import ROOT, WEIR

BUILD = Path(WEIR).resolve().parent
_ANSWERS_FIRST = [
    # The answer does not wait for the journal ...
    (r"(journal_append\([^;]*, on_appended), in\);\s*return STEP_WAIT;",
     "journal_append(c->store, &in->append, on_appended, NULL);\n"
     "    return inbox_finish(in, ERR_OK, NULL);"),
    # ... and what the journal says to that, nobody hears.
    (r"(?<=struct inbox \*in = arg;\n    )if \(inbox_orphaned\(in\)\)(?=\s*return;\s*"
     r"in->appended = \*answer;)", "if (!in || inbox_orphaned(in))"),
]


def answers_first(directory):
    """One that answers 202 before the journal has written anything."""
    return weir(directory, "relay/inbox_decide.c", _ANSWERS_FIRST)


def weir(directory, source, changes):
    """Builds it in `directory`; answers where the program is."""
    text = (ROOT / source).read_text("utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, lambda _, new=replacement: new, text)
        assert count == 1, f"{source}: {count} places fit {pattern!r}; the change must be mended"
    copy = Path(directory) / Path(source).name
    copy.write_text(text, "utf-8")
    compiled, program = copy.with_suffix(".o"), Path(directory) / "weir"
    commands = _run("ninja", "-C", BUILD, "-t", "commands", "weir").splitlines()
    words = shlex.split(_one(commands, f"/{source} "))
    for option, value in (("-c", copy), ("-o", compiled), ("-MF", copy.with_suffix(".d"))):
        words[words.index(option) + 1] = value
    _run(*words)
    steps = _one(commands, " -o weir ").split(" && ")
    words = shlex.split(_one(steps, " -o weir "))
    place = words.index("-o")
    words[place + 1] = program
    _run(*words[:place], compiled, *words[place:])
    return program


def _one(commands, mark):
    found = [command for command in commands if mark in command + " "]
    assert len(found) == 1, (mark, found)
    return found[0]


def _run(*words):
    done = subprocess.run(list(map(str, words)), cwd=BUILD, capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
