"""Policies at random, about the activities of oracle.documents: zones that name its hosts, rules that
ask for what it says.

    Policies(seed).policy(zones, rules)  ->  what stands in the file
"""

import json

from oracle.documents import DAY_MS, HOSTS, LANGUAGES, NOW, OBJECTS, TAGS, Documents

WORDS = {
    "type": ["Create", "Update", "Announce", "Delete", "Undo"],
    "object": OBJECTS + ["x:Kind", "A*", "*ge", "/^.o/"],
    "tags": [tag for tag in TAGS if tag not in ("#", "a b")] + ["supply*", "*chain", "/^[a-f]/"],
    "author": ["https://blog.corp.example/u/jo", "https://social.acme.example/*", "*/u/jo",
               "/acme\\.example/"],
    "author_host": ["blog.corp.example", "*.acme.example", "*.example", "elsewhere.example"],
    "visibility": ["public", "unlisted"],
    "language": LANGUAGES[:6] + ["de-*", "*-tw", "/^(en|fr)$/"],
    "media": ["image", "video", "audio", "document", "other"],
    "reply_to": ["crossed", "crossed", "none", "other"],
    "mentions": ["other"],
    "links": ["docs.example", "*.corp.example", "elsewhere.example", "*.example",
              "wiki.corp.example"],
    "proof": ["ld-signature", "fep-8b32", "none"],
}
NUMBERS = {
    "size": ["<=64KiB", ">32KiB", "1KiB..16KiB", ">=1", "<20000"],
    "attachments": ["0", ">0", "1..2", "<=1", ">=3"],
    "age": ["<1d", ">7d", "1h..30d", "<=2d", ">=10d"],
}
FLAGS = ["bot", "indexable", "sensitive"]
VERDICTS = ["allow", "allow", "allow", "allow", "hold", "deny", "drop"]


class Policies:
    """words, numbers, flags: what may be asked for; hosts: which is in which zone (None: in none)."""

    def __init__(self, seed, words=None, numbers=None, flags=FLAGS, hosts=None):
        self.documents = Documents(seed)
        self.random = self.documents.random
        self.words = WORDS if words is None else words
        self.numbers = NUMBERS if numbers is None else numbers
        self.flags = flags
        self.hosts = HOSTS if hosts is None else hosts
        self.count = 0
        self.asks = False

    def maybe(self, chance):
        return self.random.random() < chance

    def some(self, words, most=3):
        found = self.random.sample(words, self.random.randrange(1, min(most, len(words)) + 1))
        return found[0] if len(found) == 1 and self.maybe(0.5) else found

    def condition(self, zones):
        fact = self.random.choice(list(self.words) + list(self.numbers) + list(self.flags))
        if fact in self.flags:
            return fact, self.maybe(0.5)
        if fact in self.numbers:
            return fact, self.some(self.numbers[fact], 2)
        words = self.words[fact]
        return fact, self.some(words + zones[:4] if fact in ("reply_to", "mentions") else words)

    def conditions(self, zones):
        return dict(self.condition(zones) for _ in range(self.random.choice([1, 1, 1, 2, 3])))

    def end(self, zones):
        return "*" if self.maybe(0.3) else self.some(zones, 3)

    def rule(self, zones, ends):
        self.count += 1
        rule = {"name": f"r{self.count}"} | {end: self.end(zones) for end in ends}
        if self.maybe(0.85):
            rule["when"] = self.conditions(zones)
        if self.maybe(0.25):
            rule["unless"] = self.conditions(zones)
        if self.asks and rule.get("from") == "*" and self.maybe(0.5):
            self.random.choice([rule.setdefault("when", {}), rule.setdefault("unless", {})])[
                "consent"] = self.maybe(0.5)
            rule = {name: value for name, value in rule.items() if value != {}}
        rule["then"] = self.random.choice(VERDICTS)
        if self.maybe(0.2):
            rule["until"] = Documents.written(NOW + self.random.randrange(-3, 4) * DAY_MS)[:10]
        if self.maybe(0.1):
            rule |= {"owner": "bob@corp.example", "reason": "a pilot"}
        return rule

    def policy(self, zones_n, rules_n):
        """The zones of its hosts, others until there are so many, and so many rules."""
        zones = {}
        for host, zone in self.hosts.items():
            if zone:
                zones.setdefault(zone, {"hosts": []})["hosts"].append(host)
        for n in range(len(zones), zones_n):
            zones[f"z{n}"] = {"hosts": [f"*.z{n}.example"]}
        every = list(zones)
        short = []
        for zone in zones.values():
            if self.maybe(0.3):
                zone["consent"] = self.random.choice(["none", "opt-out", "opt-in", "opt-in"])
            if self.maybe(0.3):
                zone["inside"] = self.random.choice(["allow", "hold", "deny"])
        # A rule may ask for consent where it is about a zone that asks its authors.
        self.asks = any(zone.get("consent", "none") != "none" for zone in zones.values())
        for _ in range(rules_n):
            side = self.random.choice(["export", "import", "short"])
            if side == "short":
                short.append(self.rule(every, ["from", "to"]))
            else:
                others = dict(zones)
                zone = self.random.choice(every[:3] if self.maybe(0.7) else every)
                del others[zone]
                zones[zone].setdefault(side, []).append(
                    self.rule(list(others), ["to" if side == "export" else "from"]))
        return {"zones": zones, "rules": short}


def as_file(policy):
    """JSON is YAML."""
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
                   for key, value in policy.items() if value)
