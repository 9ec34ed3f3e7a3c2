"""scripts/torture at a small size: nothing is lost, and every bound holds; its twin, a relay that
answers before it has written, which it must see lose; and what it says of figures that are too bad.
"""

import json
import os
import subprocess
import sys

import pytest

from integration import broken
from integration.relay import ROOT, WEIR

pytestmark = pytest.mark.usefixtures("kept_logs")

sys.path.insert(0, str(ROOT / "scripts"))
from torture_parts import figures, ledger, storm


def run(*words, program=WEIR):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "torture.py", *map(str, words)],
        capture_output=True, text=True, timeout=1800, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "WEIR_BIN": str(program)},
    )


@pytest.mark.alone
def test_twenty_kills_lose_nothing(say, tmp_path):
    file = tmp_path / "figures.json"
    done = run("--kills", 20, "--rate", 1.5, "--json", file)
    say(done.stdout)
    found = json.loads(file.read_text("utf-8"))
    # Its bounds of time are those of a machine that does nothing else.
    assert [what for what in found["broken"] if not what.startswith("it took ")] == [], done.stderr
    assert done.returncode == (1 if found["broken"] else 0), done.stderr
    assert found["worst_recovery_s"] < 60
    assert found["kills"] == 20 and set(found["kills_by_role"]) == set(storm.ROLES)
    assert found["deliveries"] >= 2000 and found["lost"] == 0
    assert found["freezes"] >= 3 and found["lines"] and found["peer_faults"]
    assert found["taken_over_s"]
    assert "lost: 0\n" in done.stdout


def test_a_relay_that_answers_first_is_seen_to_lose(tmp_path):
    file = tmp_path / "figures.json"
    done = run("--kills", 4, "--members", 1, "--rate", 0, "--json", file,
               program=broken.answers_first(tmp_path))
    assert done.returncode == 1, done.stdout
    assert json.loads(file.read_text("utf-8"))["lost"] > 0
    assert "deliveries are lost" in done.stderr


class Files:
    """What senders and receivers write: a, b and c are members, a writes."""

    def __init__(self, directory):
        self._directory = directory
        for host in "abc":
            for kind in ("sent", "got", "refused"):
                (directory / f"{host}.{kind}").touch()
        self.ledger = ledger.Ledger(directory, list("abc"), ["a"], ["b", "c"])

    def add(self, host, kind, *words):
        with open(self._directory / f"{host}.{kind}", "a", encoding="ascii") as file:
            file.write(" ".join(map(str, words)) + "\n")
        self.ledger.read()

    def sent(self, post, when=1.0):
        self.add("a", "sent", when, 0, 0, post, f"{post}/act", 1)

    def got(self, host, post, when=2.0, verified="-", activity=None):
        self.add(host, "got", when, verified, "Create", activity or f"{post}/act", post)


@pytest.fixture(name="files")
def fixture_files(tmp_path):
    files = Files(tmp_path)
    yield files
    files.ledger.close()


def test_what_is_lost_is_found(files):
    files.sent("p")
    assert files.ledger.missing() and files.ledger.lost() == [("b", "p"), ("c", "p")]
    files.got("b", "p")
    assert files.ledger.lost() == [("c", "p")]
    files.add("c", "refused", 2.0, "p")
    assert not files.ledger.missing() and files.ledger.refused() == 1
    files.got("c", "p")
    assert files.ledger.refused() == 0 and files.ledger.lost() == []
    assert files.ledger.repeats == [] and files.ledger.wrong == [] and files.ledger.strays() == []


def test_what_must_not_be_is_found(files):
    files.sent("p")
    files.got("b", "p", 2.0)
    files.got("b", "p", 2.5)
    assert files.ledger.repeats == [(2.0, 2.5, 1, "p")] and files.ledger.wrong == []
    files.got("c", "p", activity="other")
    files.got("c", "q", verified="bad")
    files.sent("p")
    assert len(files.ledger.wrong) == 3 and files.ledger.strays() == ["q"]
    files.got("a", "p")
    assert files.ledger.strays() == ["p", "q"]


def test_well_again_is_told_by_what_was_accepted_afterwards(files):
    files.sent("old", 9.0)
    files.ledger.watch(10.0)
    files.got("b", "old", 11.0)
    files.got("b", "new", 12.0)
    assert files.ledger.waits_for == ["b", "c"]  # whether it was accepted is not known yet
    files.sent("new", 12.5)
    assert files.ledger.waits_for == ["c"] and files.ledger.well is None
    files.got("c", "new", 14.0)
    assert files.ledger.well == 14.0
    files.ledger.watch(15.0)
    assert files.ledger.well is None


def good():
    """Figures that keep every bound by a little."""
    found = figures.Figures(1)
    found.kills.update({role: 20 for role in storm.ROLES})
    found.counts.update(deliveries=10000, duplicates=50, verified=1)
    found.answers.update({"202": 200, "503": 10, "cut": 10})
    found.recovery.update({"kill courier": [1.0, 3.0], "kill master": [15.0]})
    return found


def worse(deliveries=0, duplicates=0, verified=0, role=None, answer=None, recovery=None, lost=(),
          wrong=(), took_over=()):
    found = good()
    found.counts.update(deliveries=deliveries, duplicates=duplicates, verified=verified)
    found.lost += lost
    found.wrong += wrong
    found.took_over += took_over
    if role:
        found.kills[role] -= 6
        found.kills["front"] += 6
    if answer:
        found.answers[answer] += 1
    if recovery:
        found.recovery[recovery[0]].append(recovery[1])
    return found


@pytest.mark.parametrize("change, says", [
    ({}, None),
    ({"lost": [("host", "post")]}, "1 deliveries are lost"),
    ({"wrong": ["a post came twice as another"]}, "are wrong"),
    ({"duplicates": 1}, "duplicates are 0.51 %"),
    ({"deliveries": -1, "duplicates": -1}, "fewer than 100 a kill"),
    ({"verified": -1}, "no signature was verified"),
    ({"role": "steward"}, "a role was killed less often"),
    ({"answer": "400"}, "which is neither 202 nor 503"),
    ({"recovery": ("kill courier", 3.1)}, "3.1 s after a courier was killed"),
    ({"recovery": ("haste", 15.1)}, "15.1 s until all was well"),
    ({"took_over": [15.1]}, "15.1 s until all was well"),
])
def test_each_bound_that_is_broken_is_named(change, says):
    broken_bounds = worse(**change).broken()
    assert len(broken_bounds) == (0 if says is None else 1), broken_bounds
    assert says is None or says in broken_bounds[0]


@pytest.mark.parametrize("kills", [100, 500, 1000])
def test_each_role_gets_its_share(kills):
    shares = storm.shares(kills)
    assert sum(shares.values()) == kills
    assert min(shares.values()) >= figures.EACH_ROLE * kills


@pytest.mark.parametrize("words", [
    ("--kills", "1"), ("--kills", "many"), ("--members", "0"), ("--rate", "-1"), ("--speed", "9"),
])
def test_usage(words):
    done = run(*words)
    assert done.returncode == 2
    assert "usage:" in done.stderr
