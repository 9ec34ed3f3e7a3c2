"""Weir's rules beside an oracle in Python (tests/oracle), which reads and decides slowly and plainly:
what both find in thousands of activities is the same, and so is what both decide by policies at
random, while members come and go, authors agree and refuse, boundaries are frozen and thawed, and
conversations grow."""

import collections
import json
import subprocess
from pathlib import Path

from integration.relay import FULL, WEIR
from oracle.documents import HOSTS, NOW, Documents
from oracle.facts import facts
from oracle.policies import Policies, as_file
from oracle.world import World, id_of

PROGRAM = Path(WEIR).resolve().parent / "oracle" / "oracle_lines"
FACTS = {"type", "object", "tags", "author", "author_host", "consent", "bot", "indexable",
         "visibility", "language", "size", "attachments", "media", "sensitive", "reply_to",
         "mentions", "links", "age", "proof", "software"}
WHAT = {"ok": "allow", "rule-holds": "hold", "rule-denies": "deny", "no-rule": "deny",
        "rule-drops": "drop", "frozen": "frozen", "consent-missing": "consent",
        "opted-out": "stopped"}


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


class Lives:
    """A world at random, and the questions that it asks of the rules as they ship."""

    def __init__(self, policies, policy):
        self.chance, self.documents = policies.random, policies.documents
        self.world = World(policy, NOW)
        for host, zone in HOSTS.items():
            if zone:
                self.world.join(host, zone, "public")
        self.zones = list(policy["zones"])
        self.authors = [f"https://{host}/u/jo" for host in HOSTS]
        self.asked = []  # (line, what is expected)
        for _ in range(2 * len(self.authors)):
            self.change_author()

    def maybe(self, chance):
        return self.chance.random() < chance

    def live(self, count):
        while len(self.asked) < count:
            if self.maybe(0.2):
                self.chance.choice([self.change_member, self.change_author, self.change_author,
                                    self.freeze, self.thaw, self.decide_held])()
            self.ask()

    def change_member(self):
        member = self.world.members[self.chance.choice(list(self.world.members))]
        member.state = self.chance.choice(["active", "active", "active", "suspended", "left",
                                           "pending", "expired", "removed", "invited"])
        member.role = self.chance.choice(["full", "full", "publish-only", "receive-only"])

    def change_author(self):
        author = self.chance.choice(self.authors)
        if self.maybe(0.3):
            self.world.bios ^= {author}
        elif self.maybe(0.6):
            self.world.registry[author] = self.maybe(0.7)
        else:
            self.world.registry.pop(author, None)

    def freeze(self):
        ends = [self.chance.choice(["*", *self.zones[:4]]) for _ in range(2)]
        if ends[0] != ends[1] and len(self.world.frozen) < 2:
            self.world.freeze(*ends)

    def thaw(self):
        if not self.world.frozen:
            return
        boundary = self.chance.choice(sorted(self.world.frozen))
        for held in list(self.world.held.values()):
            self.question(held.says(), held.owner, held.around, asked="thaw")
        self.world.thaw(*boundary)

    def decide_held(self):
        if not self.world.held:
            return
        key = self.chance.choice(list(self.world.held))
        held = self.world.held[key]
        if self.maybe(0.3):
            self.world.deny(key)
            return
        self.question(held.says(), held.owner, held.around, asked="approve")
        self.world.approve(key)

    def ask(self):
        activity, around = self.documents.question()
        host = id_of(activity["actor"]).split("/")[2]
        if host not in self.world.members and self.maybe(0.9):
            return
        thing = activity["object"]
        if isinstance(thing, dict) and self.world.things and self.maybe(0.5):
            thing["inReplyTo"] = self.chance.choice(list(self.world.things))
        self.question(activity, host, around)
        self.world.take(activity, host, around)

    def question(self, activity, host, around, asked=None):
        world, member = self.world, self.world.members.get(host)
        author = id_of(activity["actor"])
        thread = world.thread(activity)
        line = line_of(activity, around, **{
            "from": member.zone if member else self.zones[0],
            "member": member and {"state": member.state, "role": member.role},
            "thread": thread and {"home": thread[0], "zones": ",".join(sorted(thread[1]))},
            "frozen": [" -> ".join(boundary) for boundary in sorted(world.frozen)],
            "author": {"registry": world.registry.get(author), "bio": author in world.bios},
            "asked": asked})
        self.asked.append((line, self.expected(activity, host, around, asked)))

    def expected(self, activity, host, around, asked):
        if code := self.world.may_send(host, activity["type"] in ("Delete", "Undo")):
            return {"refused": code}
        verdicts = self.world.verdicts(activity, host, around)
        whats = {verdict.what for verdict in verdicts.values()}
        code = "ok" if "allow" in whats else "rule-holds" if "hold" in whats else \
            "frozen" if "frozen" in whats else \
            self.world.refusal(verdicts, self.world.members[host].zone)
        return {"code": code, "zones": {
            zone: [what, side, rule or "", what == "allow"] +
                  ([fate(asked, what)] if asked else [])
            for zone, (what, side, rule) in verdicts.items()}}


def fate(asked, what):
    """Of a zone that something was held for, once a person said yes, or a freeze is over."""
    if what == "allow" or (what in ("hold", "frozen") and asked == "approve"):
        return "sent"
    return "held" if what in ("hold", "frozen") else "refused"


def compare(tmp_path, policies, zones_n, rules_n, count):
    """So many questions by one policy; what was decided, and how often."""
    policy = policies.policy(zones_n, rules_n)
    file = tmp_path / "weir.yaml"
    file.write_text("url: http://127.0.0.1:8080\n" + as_file(policy))
    lives = Lives(policies, policy)
    lives.live(count)
    said = answers(tmp_path, [line for line, _ in lives.asked], file)
    for (line, wanted), answer in zip(lives.asked, said):
        for verdict in answer.get("zones", {}).values():
            verdict[0] = WHAT[verdict[0]]
        assert answer == wanted, line
        lives.world.decided[answer.get("refused") or answer["code"]] += 1
    return lives.world.decided


def test_both_decide_the_same(tmp_path):
    policies = Policies(20261102)
    decided = collections.Counter()
    for n in range(5000 if FULL else 40):
        decided += compare(tmp_path, policies, [3, 3, 4, 6, 20][n % 5], [1, 5, 30, 100][n % 4],
                           200 if FULL else 100)
    decided += compare(tmp_path, policies, 200, 2000, 100)
    # Each side decided, by a rule and without one, in every way it can; and all else that can stand
    # in the way did.
    assert set(decided) >= {(what, side, True) for what in ("allow", "hold", "deny", "drop")
                            for side in ("export", "import", "inside")
                            if (what, side) != ("allow", "import")} | {
        ("deny", "export", False), ("deny", "import", False), ("deny", "inside", False),
        ("hold", "inside", False), ("allow", "inside", False)}
    assert {what[0] for what in decided if isinstance(what, tuple)} == set(WHAT.values())
    assert {what for what in decided if isinstance(what, str)} == {
        "ok", "rule-holds", "frozen", "rule-denies", "no-rule", "rule-drops", "opted-out",
        "consent-missing", "not-member", "pending", "suspended", "expired", "removed",
        "receive-only"}
