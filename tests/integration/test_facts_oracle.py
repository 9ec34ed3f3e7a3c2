"""What Weir reads of an activity, and what a slow, plain reading in Python finds (tests/oracle): the
same, for many thousands of activities in the shapes of the programs that send them."""

import collections
import json
import subprocess
import tempfile
from pathlib import Path

from integration.relay import FULL, WEIR
from oracle.documents import Documents
from oracle.facts import facts

PROGRAM = Path(WEIR).resolve().parent / "oracle" / "oracle_facts"
ROUNDS = 400000 if FULL else 8000
FACTS = {"type", "object", "tags", "author", "author_host", "consent", "bot", "indexable",
         "visibility", "language", "size", "attachments", "media", "sensitive", "reply_to",
         "mentions", "links", "age", "proof", "software"}


def line_of(activity, around):
    line = {"activity": activity, "zones": around.zones, "now": around.now, "bytes": around.size,
            "software": around.software, "consent": around.consent, "bot": around.bot,
            "indexable": around.indexable, "fetched": around.fetched}
    return json.dumps(line) + "\n"


def answers(lines):
    """What the program says to each."""
    with tempfile.TemporaryFile("w+") as questions:
        questions.writelines(lines)
        questions.flush()
        questions.seek(0)
        run = subprocess.run([PROGRAM], stdin=questions, capture_output=True, text=True,
                             timeout=3600, check=True)
    assert not run.stderr, run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(said) == len(lines)
    return said


def tidy(said):
    return {name: sorted(value) if isinstance(value, list) else value
            for name, value in said.items() if name != "cut"}


def test_both_read_the_same():
    documents = Documents(20261101)
    seen = collections.Counter()
    for start in range(0, ROUNDS, 4000):
        questions = [documents.question() for _ in range(start, min(start + 4000, ROUNDS))]
        said = answers([line_of(*question) for question in questions])
        for (activity, around), answer in zip(questions, said):
            assert "refused" not in answer, (answer, json.dumps(activity))
            assert answer["cut"] == [], json.dumps(activity)
            wanted = facts(activity, around)
            assert tidy(answer) == wanted, json.dumps([activity, around.fetched])
            seen.update(name for name, value in wanted.items() if value not in ([], ["none"], 0))
            seen.update(f"no {name}" for name in FACTS - set(wanted))
    # Each fact had something to say, and what can be missing was.
    assert set(seen) >= FACTS
    never = {"type", "tags", "author", "author_host", "mentions", "proof"}
    assert {name[3:] for name in seen if name.startswith("no ")} == FACTS - never
