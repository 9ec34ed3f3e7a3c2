"""Weir's rules beside an oracle in Python (tests/oracle), which reads and decides slowly and plainly:
what both find in thousands of activities is the same, and so is what both decide by policies at
random."""

import collections
import json
import subprocess
from pathlib import Path

from integration.relay import FULL, WEIR
from oracle.documents import HOSTS, NOW, Documents
from oracle.facts import facts
from oracle.policies import Policies, as_file
from oracle.policy import Verdict, decide

PROGRAM = Path(WEIR).resolve().parent / "oracle" / "oracle_lines"
FACTS = {"type", "object", "tags", "author", "author_host", "consent", "bot", "indexable",
         "visibility", "language", "size", "attachments", "media", "sensitive", "reply_to",
         "mentions", "links", "age", "proof", "software"}
WHAT = {"ok": "allow", "rule-denies": "deny", "no-rule": "deny", "rule-drops": "drop"}


def line_of(activity, around, **more):
    line = {"activity": activity, "now": around.now, "bytes": around.size,
            "software": around.software, "consent": around.consent, "bot": around.bot,
            "indexable": around.indexable, "fetched": around.fetched}
    return json.dumps(line | more) + "\n"


def answers(tmp_path, lines, *arguments):
    """What the program says to each."""
    questions = tmp_path / "questions"
    questions.write_text("".join(lines))
    with questions.open() as asked:
        run = subprocess.run([PROGRAM, *arguments], stdin=asked, capture_output=True, text=True,
                             timeout=3600, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    said = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(said) == len(lines)
    return said


def tidy(said):
    return {name: sorted(value) if isinstance(value, list) else value
            for name, value in said.items()}


def test_both_read_the_same(tmp_path):
    documents = Documents(20261101)
    seen = collections.Counter()
    for _ in range(100 if FULL else 2):
        questions = [documents.question() for _ in range(4000)]
        said = answers(tmp_path, [line_of(activity, around, zones=around.zones)
                                  for activity, around in questions])
        for (activity, around), answer in zip(questions, said):
            wanted = facts(activity, around)
            assert tidy(answer) == wanted, json.dumps([activity, around.fetched])
            seen.update(name for name, value in wanted.items() if value not in ([], ["none"], 0))
            seen.update(f"no {name}" for name in FACTS - set(wanted))
            seen.update(f"cut {name}" for name in wanted["cut"])
    # Each fact had something to say, and what can be missing was.
    assert set(seen) >= FACTS
    never = {"type", "tags", "author", "author_host", "mentions", "proof"}
    assert {name[3:] for name in seen if name.startswith("no ")} == FACTS - never
    assert seen["cut links"] and seen["cut mentions"]


def compare(tmp_path, policies, zones_n, rules_n, count):
    """So many activities by one policy; what was decided, and how often."""
    policy = policies.policy(zones_n, rules_n)
    chance, zones = policies.random, list(policy["zones"])
    file = tmp_path / "weir.yaml"
    file.write_text("url: http://127.0.0.1:8080\n" + as_file(policy))
    asked = [(*policies.documents.question(), chance.choice(zones[:4]),
              chance.sample(zones, chance.randrange(3))) for _ in range(count)]
    said = answers(tmp_path, [line_of(activity, around, **{"from": source, "crossed": crossed})
                              for activity, around, source, crossed in asked], file)
    decided = collections.Counter()
    for (activity, around, source, crossed), answer in zip(asked, said):
        around.zones = {host: zone for host, zone in HOSTS.items() if zone}
        wanted = decide(policy, facts(activity, around), source, NOW, crossed)
        for zone, verdict in wanted.items():
            code, side, rule, may = answer[zone]
            assert (Verdict(WHAT.get(code, code), side, rule or None), may) == \
                (verdict, verdict.what == "allow"), (zone, source, answer, json.dumps(activity))
            decided[verdict.what, verdict.side, verdict.rule is not None] += 1
    return decided


def test_both_decide_the_same(tmp_path):
    policies = Policies(20261102)
    decided = collections.Counter()
    for n in range(5000 if FULL else 40):
        decided += compare(tmp_path, policies, [3, 3, 4, 6, 20][n % 5], [1, 5, 30, 100][n % 4],
                           200 if FULL else 100)
    decided += compare(tmp_path, policies, 200, 2000, 100)
    # Each side decided, by a rule and without one, in every way it can.
    assert set(decided) == {(what, side, True) for what in ("allow", "deny", "drop")
                            for side in ("export", "import", "inside")
                            if (what, side) != ("allow", "import")} | {
        ("deny", "export", False), ("deny", "import", False), ("deny", "inside", False),
        ("allow", "inside", False)}
