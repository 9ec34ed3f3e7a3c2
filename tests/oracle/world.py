"""What comes of activities, one after the other: who may send, what each is for, where its object went
before, what waits for a person, and what every member is then sent. By the words of DESIGN 6 and 7,
of PRODUCT 2 and of weir-policy(7), slowly and plainly, and by nothing of how Weir does it.

    world = World(policy)
    world.join("127.0.0.31:10001", "lab", "public")
    world.take(activity, "127.0.0.31:10001", Around(size=900))
        ->  Answer(202, None, {(host, (what, id)), ...})

What is sent is `as sent` (the author's bytes, by the activity's id), our `Announce` of an object, or
our `Undo` of that. Every activity is taken as soon as it was sent, and has arrived everywhere before
what is about the same object comes.
"""

import collections
import dataclasses
import re

from oracle.facts import facts, several
from oracle.policy import decide

Decided = collections.namedtuple("Decided", "what side rule")
Answer = collections.namedtuple("Answer", "status code sent")
SAYS_NO = {"pending", "suspended", "expired", "removed"}
NOTHING = Answer(202, None, set())


@dataclasses.dataclass
class Member:
    zone: str
    style: str                # public, litepub: how it follows
    state: str = "active"
    role: str = "full"        # publish-only: gets nothing; receive-only: sends nothing


@dataclasses.dataclass
class Thing:
    """Of which something went out: a post, or an Announce."""
    owner: str                # host
    names: str                # the object that an Announce of ours would name
    zones: set = dataclasses.field(default_factory=set)
    live: bool = True
    announced: set = dataclasses.field(default_factory=set)  # the styles that were told by Announce
    had: set = dataclasses.field(default_factory=set)        # the hosts that anything of it was for


@dataclasses.dataclass
class Held:
    """What waits for a person: the first of it, the newest edit, and for which zones, and why."""
    first: dict
    around: object            # what was known beside it, or beside the newest edit
    owner: str
    zones: dict               # zone: hold or frozen
    newest: dict = None

    def says(self):
        """What is decided about: the first of it, as it reads by now."""
        return self.newest | {"type": self.first["type"]} if self.newest else self.first


def id_of(thing):
    return thing["id"] if isinstance(thing, dict) else thing


def proved(activity):
    return "proof" in activity or "signature" in activity


def about(activity):
    """What later ones are about: its object, or the Announce itself, which can be undone."""
    return activity["id"] if activity["type"] == "Announce" else id_of(activity["object"])


class World:
    def __init__(self, policy, now=0, relay=None):
        """relay: the id of its actor, whom authors may tell what they want."""
        self.policy, self.now, self.relay = policy, now, relay
        self.members, self.things, self.seen = {}, {}, set()
        self.held = {}           # by what it is about
        self.frozen = set()      # pairs of zones, or "*"
        self.registry = {}       # author: whether he agreed, where anybody said so
        self.bios = set()        # the authors whose description says no
        self.decided = collections.Counter()  # what was decided about zones, for whoever looks

    # --- members ------------------------------------------------------------------------------

    def join(self, host, zone, style, role="full"):
        self.members[host] = Member(zone, style, role=role)

    def becomes(self, host, state):
        self.members[host].state = state

    def subscribed(self, zones):
        return {host for host, member in self.members.items()
                if member.state == "active" and member.role != "publish-only"
                and member.zone in zones}

    # --- what is decided ----------------------------------------------------------------------

    def thread(self, activity):
        """Where that went which it answers: its own zone, and those that have it; None: nowhere."""
        thing = activity.get("object")
        answered = several(thing.get("inReplyTo")) if isinstance(thing, dict) else []
        thing = self.things.get(id_of(answered[0])) if answered and answered[0] else None
        return (self.members[thing.owner].zone, thing.zones) if thing and thing.live else None

    def crossed(self, activity, source):
        """A conversation crossed a boundary where both sides have what is answered."""
        home, zones = self.thread(activity) or (None, set())
        have = zones | {home}
        return have if source in have else set()

    def is_frozen(self, source, target):
        """A freeze is about a boundary, never about what stays inside a zone."""
        return source != target and any(a in ("*", source) and b in ("*", target)
                                        for a, b in self.frozen)

    def consent(self, author, zone, indexable):
        """Whether he agreed (None: nobody asks), and whether he told us to stop."""
        told = self.registry.get(author)
        asks = self.policy["zones"][zone].get("consent", "none")
        if told is False:
            return False, True
        if asks == "none":
            return None, False
        if told or (author not in self.bios and indexable):
            return True, False
        return asks == "opt-out" and author not in self.bios, False

    def verdicts(self, activity, host, around):
        """For each zone: allow, hold, deny, drop; frozen; consent (his is missing), stopped."""
        source = self.members[host].zone
        agreed, stops = self.consent(id_of(activity["actor"]), source, around.indexable)
        known = dataclasses.replace(around, consent=agreed, now=self.now,
                                    zones={h: m.zone for h, m in self.members.items()})
        found = decide(self.policy, facts(activity, known), source, self.now,
                       self.crossed(activity, source))
        for zone, verdict in found.items():
            what = verdict.what
            if activity["type"] in ("Delete", "Undo"):
                pass
            elif stops:
                what = "stopped"
            elif agreed is False and zone != source and what in ("allow", "hold"):
                what = "consent"
            elif what in ("allow", "hold") and self.is_frozen(source, zone):
                what = "frozen"
            found[zone] = Decided(what, verdict.side, verdict.rule)
            self.decided[what, verdict.side, verdict.rule is not None] += 1
        return found

    @staticmethod
    def refusal(verdicts, source):
        """What is told to who sent what nobody may have, and nobody will be asked about."""
        whats = {verdict.what for verdict in verdicts.values()}
        for what, code in (("stopped", "opted-out"), ("consent", "consent-missing"),
                           ("drop", "rule-drops")):
            if what in whats:
                return code
        return "rule-denies" if verdicts[source].rule else "no-rule"

    def may_send(self, host, takes_back):
        """None, or why not."""
        member = self.members.get(host)
        if member is None or member.state not in SAYS_NO | {"active"}:
            return "not-member"
        if member.state != "active":
            return member.state
        return "receive-only" if member.role == "receive-only" and not takes_back else None

    # --- what is sent -------------------------------------------------------------------------

    @staticmethod
    def form(activity, thing, member):
        """What goes out, by what came in and by what the member can check (DESIGN 7). An Undo of an
        Announce that went out as ours alone would name one that nobody there has seen."""
        ours_alone = activity["type"] == "Undo" and "public" in thing.announced
        if proved(activity) and member.style == "public" and not ours_alone:
            return "as sent", activity["id"]
        if activity["type"] in ("Create", "Announce"):
            return "Announce", thing.names
        if activity["type"] in ("Delete", "Undo") and member.style in thing.announced:
            return "Undo", thing.names
        return None

    def send(self, activity, thing, hosts):
        forms = {host: self.form(activity, thing, self.members[host])
                 for host in hosts - {thing.owner}}
        thing.had |= hosts
        return Answer(202, None, {(host, what) for host, what in forms.items() if what})

    def send_new(self, activity, owner, zones):
        thing = self.things.setdefault(about(activity),
                                       Thing(owner, id_of(activity["object"])))
        thing.zones |= zones
        if activity["type"] in ("Create", "Announce"):
            thing.announced |= {"litepub"} if proved(activity) else {"litepub", "public"}
        return self.send(activity, thing, self.subscribed(zones))

    # --- what comes in ------------------------------------------------------------------------

    def take(self, activity, host, around):
        takes_back = activity["type"] in ("Delete", "Undo")
        if code := self.may_send(host, takes_back):
            return Answer(403, code, set())
        if takes_back:
            return self.take_back(activity, host)
        word = self.tells(activity)
        if word is False:
            self.opt_out(id_of(activity["actor"]))
            return NOTHING
        if word:
            self.registry[id_of(activity["actor"])] = True
        if activity["type"] == "Update" and (answer := self.take_edit(activity, around)):
            return answer
        return self.take_new(activity, host, around)

    def take_edit(self, activity, around):
        """It follows its object: where that went, and to what waits of it."""
        thing, held = (kept.get(id_of(activity["object"])) for kept in (self.things, self.held))
        if activity["id"] in self.seen:
            return NOTHING
        if held:
            held.newest, held.around = activity, around
        if thing and thing.live:
            self.seen.add(activity["id"])
            return self.send(activity, thing, self.subscribed(thing.zones))
        return NOTHING if held else None

    def take_new(self, activity, host, around):
        verdicts = self.verdicts(activity, host, around)
        zones = {zone for zone, verdict in verdicts.items() if verdict.what == "allow"}
        waits = {zone: verdict.what for zone, verdict in verdicts.items()
                 if verdict.what in ("hold", "frozen")}
        if not zones and not waits:
            code = self.refusal(verdicts, self.members[host].zone)
            # Of an Update of what is not known, or of what is dropped, nothing else is to be told.
            told = code == "opted-out" or \
                (activity["type"] != "Update" and code != "rule-drops")
            return Answer(403, code, set()) if told else NOTHING
        if activity["id"] in self.seen:
            return NOTHING  # a repeat; of what nobody may have today, it is refused like the rest
        self.seen.add(activity["id"])
        if waits:
            self.held[about(activity)] = Held(activity, around, host, waits)
        return self.send_new(activity, host, zones) if zones else NOTHING

    def take_back(self, activity, host):
        """Goes where its object went, and to who left since; what waits of it is gone. Of what is not
        known, to one's own zone."""
        key = id_of(activity["object"])
        thing, held = self.things.get(key), self.held.pop(key, None)
        if thing is None:
            zones = set() if held else {self.members[host].zone}
            thing = self.things[key] = Thing(host, key, zones)
        elif not thing.live:
            return NOTHING
        thing.live = False
        left = {h for h in thing.had if self.members[h].state == "left"
                or self.members[h].role == "publish-only"}
        return self.send(activity, thing, self.subscribed(thing.zones) | left)

    # --- what authors want ---------------------------------------------------------------------

    def tells(self, activity):
        """A new post that mentions the relay: whether its author agrees; None of any other."""
        post = activity["object"]
        if activity["type"] != "Create" or activity["id"] in self.seen or self.relay is None or \
                self.relay not in [tag.get("href") for tag in several(post.get("tag"))
                                   if isinstance(tag, dict) and tag["type"] == "Mention"]:
            return None
        words = re.findall(r"[a-z-]+", re.sub("<[^>]*>", " ", post["content"]).lower())
        return not {"leave", "stop", "optout", "opt-out"} & set(words)

    def opt_out(self, author):
        """At once, for what waits for a person as well."""
        self.registry[author] = False
        for key, held in list(self.held.items()):
            if id_of(held.first["actor"]) == author:
                del self.held[key]

    # --- what a person decides ----------------------------------------------------------------

    def let_go(self, held, zones):
        """To these zones, all of it: the first, then the newest edit."""
        sent = set(self.send_new(held.first, held.owner, zones).sent)
        if held.newest:
            thing = self.things[about(held.first)]
            sent |= self.send(held.newest, thing, self.subscribed(zones)).sent
        return sent

    def redecided(self, held):
        """By today's rules, of where the author is today."""
        return {zone: verdict.what
                for zone, verdict in self.verdicts(held.says(), held.owner, held.around).items()}

    def approve(self, key):
        """Whether anything came of it, and what is sent; else it waits on."""
        held = self.held[key]
        if self.may_send(held.owner, False):
            return False, set()
        today = self.redecided(held)
        zones = {zone for zone in held.zones if today.get(zone) in ("allow", "hold", "frozen")}
        if not zones:
            return False, set()
        del self.held[key]
        return True, self.let_go(held, zones)

    def deny(self, key):
        return self.held.pop(key) is not None

    def freeze(self, source, target):
        self.frozen.add((source, target))

    def thaw(self, source, target):
        """What waited for that is decided anew, as a whole."""
        self.frozen.discard((source, target))
        sent = set()
        for key, held in list(self.held.items()):
            home = self.members[held.owner].zone
            thawed = any(why == "frozen" and not self.is_frozen(home, zone)
                         for zone, why in held.zones.items())
            if not thawed or self.may_send(held.owner, False):
                continue
            today = self.redecided(held)
            go = {zone for zone in held.zones if today.get(zone) == "allow"}
            held.zones = {zone: today[zone] for zone in held.zones
                          if today.get(zone) in ("hold", "frozen")}
            if not held.zones:
                del self.held[key]
            if go:
                sent |= self.let_go(held, go)
        return sent
