"""Members in several zones that write, edit, announce, answer and take back at random, round after
round, by another policy each time; and an oracle that says what each of them must get.

    with Relay(tmp_path, file_of(policy)) as relay, Town() as town:
        lives = Neighbours(relay, town, settlers, policy, seed)
        lives.round(100)
        assert lives.differences() == []
"""

import collections
import json
import random
import time

from integration.acts import accepted, activity_of, settle
from integration.api import Admin
from integration.relay import PATIENCE_S, wait_until
from oracle.facts import Around
from oracle.policies import Policies, as_file
from oracle.world import World

ZONES = {"lab": "127.0.0.41", "sales": "127.0.0.42", "acme": "127.0.0.43", "world": "127.0.0.44"}
# Zone, kind of server, how it follows.
MEMBERS = [("lab", "blog", "public"), ("lab", "wiki", "public"), ("lab", "social", "litepub"),
           ("sales", "social", "public"), ("sales", "wiki", "public"),
           ("acme", "blog", "public"), ("acme", "social", "litepub"), ("world", "social", "public")]
TAGS = ["partners", "Press", "secret", "Q3", "überholt"]
WORDS = {
    "type": ["Create", "Announce", "Update"],
    "object": ["Note", "Article", "Page"],
    "tags": ["partners", "press", "Secret", "q*", "/^.ber/"],
    "author_host": [],
    "visibility": ["public"],
    "language": ["de", "en", "fr"],
    "reply_to": ["crossed", "crossed", "crossed", "none"],
    "proof": ["fep-8b32", "none"],
}
NUMBERS = {"size": ["<=1700", ">1500"], "attachments": ["0", ">0"]}
RULES_SAY_NO = {"rule-denies", "no-rule", "consent-missing"}
WAITS = {"rule-holds": "hold", "frozen": "frozen"}
FOLLOWS = {"public": "mastodon", "litepub": "litepub"}
# Of each server: carol does not want to be relayed, bob wants to be found.
PEOPLE = {"alice": {}, "bob": {"indexable": True},
          "carol": {"summary": "<p>A gardener. <a href='/tags/nobot'>#<span>NoBot</span></a></p>"}}
WAYS = ["suspend", "leave", "publish-only", "receive-only"]
AT_ONCE = 16  # below what one address may have open

HEAD = """\
url: http://$host
listen: $host
metrics: $metrics
data: ./weir-data
redis: $redis
workers: $workers
"""


def random_policies(seed):
    return Policies(seed, words={name: words for name, words in WORDS.items() if words},
                    numbers=NUMBERS, flags=["sensitive"],
                    hosts={f"{address}:*": zone for zone, address in ZONES.items()})


def file_of(policy):
    """The configuration, for Relay."""
    zones = {name: {**zone, "networks": ["127.0.0.0/8"], "join": "open"}
             for name, zone in policy["zones"].items()}
    return HEAD + as_file({**policy, "zones": zones}).replace("$", "$$")


class Got:
    """What a peer has received of the relay, as the oracle would say it. announces: those of the
    relay that anybody heard of, by id."""

    def __init__(self, peer, relay, announces):
        self._peer, self._relay, self._announces = peer.inner, relay, announces
        self._read = 0
        self.found = collections.Counter()
        self.wrong = []

    def look(self):
        records = self._peer.records.all
        while self._read < len(records):
            record = records[self._read]
            self._read += 1
            if record["method"] == "POST":
                self._take(record)
        return self.found

    def _take(self, record):
        signature, activity = record["signature"], record["activity"]
        if (signature["verdict"], signature.get("signer"), record["digest"]) != \
                ("ok", self._relay.actor, "ok") or record["proof"]["verdict"] == "bad":
            self.wrong.append(record)
        if activity["actor"] != self._relay.actor:
            self.found["as sent", activity["id"]] += 1
        elif activity["type"] == "Announce":
            self._announces[activity["id"]] = activity["object"]
            self.found["Announce", activity["object"]] += 1
        elif activity["type"] == "Undo" and record["did"] != "unfollowed":
            undone = activity_of(record)["object"]
            self.found["Undo", undone["object"]] += 1
            if self._announces.setdefault(undone["id"], undone["object"]) != undone["object"]:
                self.wrong.append(record)
        elif activity["type"] not in ("Accept", "Follow", "Undo"):
            self.found[activity["type"], activity["object"]] += 1


class Neighbours:
    def __init__(self, relay, town, settlers, policy, seed):
        self.relay, self.town, self.random = relay, town, random.Random(seed)
        self.world = World(policy, int(time.time() * 1000), relay.actor)
        self.peers, self.got, self.wanted, announces = {}, {}, {}, {}
        for zone, kind, style in MEMBERS:
            peer = settlers.add(town, f"{ZONES[zone]}:0", kind=kind, users=tuple(PEOPLE))
            for name, says in PEOPLE.items():
                peer.document(peer.actors[name].id).update(says)
            self.peers[peer.host], self.got[peer.host] = peer, Got(peer, relay, announces)
            self.wanted[peer.host] = set()
            assert peer.follow(relay.actor, FOLLOWS[style]).status == 202
            self.world.join(peer.host, zone, style)
            self.world.bios.add(peer.actors["carol"].id)
        for peer in self.peers.values():
            accepted(peer)
        self.sent = 0
        self.kinds, self.answers = collections.Counter(), collections.Counter()
        self.admin, self.persons = Admin(relay), collections.Counter()
        self.way, self.ways = None, collections.Counter()
        self.surprises = []  # answers that were not what the oracle says
        self.posts, self.announces = {}, {}  # what stands: object or activity -> its peer

    # --- one after the other ------------------------------------------------------------------

    def policy(self, policy):
        """Another one, from now on."""
        self.relay.configure(file_of(policy))
        assert self.relay.reload()["level"] == "info"
        self.world.policy = policy

    def together(self, acts):
        """Sends them, some at a time; what the oracle says is noted, and what was answered."""
        for start in range(0, len(acts), AT_ONCE):
            some = acts[start:start + AT_ONCE]
            for (host, _), sent in zip(some, self.town.together(*[act for _, act in some])):
                self.note(host, self.insisted(host, sent))

    def insisted(self, host, sent):
        """Sent again, as servers do, where the relay has no time."""
        while sent.status in (408, 503):
            time.sleep(0.2)
            who = sent.activity["actor"].rsplit("/", 1)[1]
            sent = self.peers[host].send(sent.activity, who=who)
        return sent

    def note(self, host, sent):
        around = Around(size=len(sent.request.body), bot=False,
                        indexable=sent.activity["actor"].endswith("/bob"))
        answer = self.world.take(sent.activity, host, around)
        self.sent += 1
        self.kinds[sent.activity["type"]] += 1
        self.answers[answer.status, answer.code] += 1
        told = (sent.status, sent.problem["code"] if sent.problem else None)
        # Why it is refused first, where there are several reasons, is the relay's own affair.
        refused = answer.code == "opted-out" and (told[1] in RULES_SAY_NO or told == (202, None))
        if told != (answer.status, answer.code) and not refused:
            self.surprises.append((told, answer, sent.activity))
        self.expect(answer.sent)

    def expect(self, sent):
        for receiver, what in sent:
            self.wanted[receiver].add(what)

    def arrived(self):
        """As soon as everybody has what he is to get."""
        def all_of_it():
            return all(self.wanted[host] <= set(got.look()) for host, got in self.got.items())
        try:
            wait_until(all_of_it, "everything has arrived", 2 * PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.differences()[:20]}") from None

    def differences(self):
        """What anybody got too much or too little, once the relay has nothing more to do."""
        settle(self.relay)
        found = []
        for host, got in self.got.items():
            have = set(got.look())
            zone = self.world.members[host].zone
            found += [("missing", zone, host, what) for what in self.wanted[host] - have]
            found += [("too much", zone, host, what) for what in have - self.wanted[host]]
            found += [("not believed", zone, host, record) for record in got.wrong]
        return found + [("answer", *surprise) for surprise in self.surprises]

    def forgive(self):
        """From here on, what everybody has is what he should have."""
        self.surprises.clear()
        self.wanted = {host: set(got.look()) for host, got in self.got.items()}

    # --- what they do -------------------------------------------------------------------------

    def maybe(self, chance):
        return self.random.random() < chance

    def pick(self, things, most):
        return self.random.sample(sorted(things), min(most, len(things)))

    def host(self):
        return self.random.choice(list(self.peers))

    def who(self):
        return self.random.choice(["alice", "alice", "bob", "bob", "carol"])

    def written_by(self, host, key):
        """The name of who wrote what is published there."""
        found = self.peers[host].inner.document(key)
        return found.get("attributedTo", found.get("actor")).rsplit("/", 1)[1]

    def how(self):
        """What a post says of itself."""
        chance = self.random
        how = {"tags": chance.sample(TAGS, chance.choice([0, 0, 1, 1, 2])),
               "proof": self.maybe(0.7)}
        if self.maybe(0.4):
            how["answers"] = chance.choice(sorted(self.posts)) if self.posts and self.maybe(0.9) \
                else "https://nowhere.example/1"
        if self.maybe(0.4):
            how["contentMap"] = {chance.choice(["de", "en", "fr-CA"]): "<p>x</p>"}
        if self.maybe(0.3):
            how["sensitive"] = self.maybe(0.5)
        if self.maybe(0.3):
            how["attachment"] = [{"type": "Image", "url": "https://files.example/1.png"}]
        return how

    def write(self, count):
        acts = []
        for _ in range(count):
            host, who = self.host(), self.who()
            peer = self.peers[host].inner
            if self.maybe(0.15):
                # Of a post that nobody was told of.
                post = peer.write("look at this", who=who)["object"]
                acts.append((host, peer.announce(post["id"], who, proof=self.maybe(0.6))))
                continue
            text = "words " * self.random.randrange(100)
            create = peer.write(text, who=who, **self.how())
            acts.append((host, peer.send(create, who=who)))
        self.together(acts)
        self.learn()
        self.arrived()

    def learn(self):
        """What stands, by the oracle, and where it was written."""
        def stands(key, thing):
            return thing.live and "/posts/" in key and \
                self.peers[thing.owner].inner.document(key)["type"] != "Tombstone"
        self.posts = {key: thing.owner for key, thing in self.world.things.items()
                      if stands(key, thing)}
        self.announces = {key: thing.owner for key, thing in self.world.things.items()
                          if thing.live and "/activities/" in key}

    def edit(self, count):
        acts = []
        for post in self.pick(self.posts, count):
            host = self.posts[post]
            acts.append((host, self.peers[host].inner.edit(
                post, "other " * self.random.randrange(50), proof=self.maybe(0.8),
                who=self.written_by(host, post))))
        self.together(acts)
        self.arrived()

    def take_back(self, count):
        acts = []
        for post in self.pick(self.posts, count):
            host = self.posts[post]
            acts.append((host, self.peers[host].inner.remove(
                post, proof=self.maybe(0.8), who=self.written_by(host, post))))
        for announce in self.pick(self.announces, count // 3):
            host = self.announces[announce]
            peer = self.peers[host].inner
            acts.append((host, peer.undo(peer.document(announce), self.written_by(host, announce),
                                         proof=self.maybe(0.6))))
        self.together(acts)
        self.learn()
        self.arrived()

    def tell(self, count):
        """Some authors tell the relay what they want; one at a time, a second apart, as posts say
        when they were written to the second."""
        for host in self.random.sample(list(self.peers), count):
            peer, who = self.peers[host].inner, self.who()
            mention = {"type": "Mention", "href": self.relay.actor, "name": "@relay"}
            text = self.random.choice(["please leave me out", "hello", "good idea", "I agree"])
            create = peer.write(text, who=who, tag=[mention])
            self.together([(host, peer.send(create, who=who))])
        self.arrived()

    def repeat(self, count):
        """The very same once more, as servers do that had no answer."""
        acts = []
        for _ in range(count):
            peer = self.peers[self.host()].inner
            again = [activity for activity in peer.sent_activities
                     if activity["id"] in self.world.seen and activity["type"] == "Create"]
            if again:
                activity = self.random.choice(again)
                who = activity["actor"].rsplit("/", 1)[1]
                acts.append((peer.host, peer.send(activity, who=who)))
        self.together(acts)

    # --- what waits for a person --------------------------------------------------------------

    def listed(self):
        """What waits, by activity: its number, and why in which zone."""
        found, after = {}, 0
        while after is not None:
            status, text = self.admin.ask("GET", f"/api/v1/holds?after={after}")
            assert status == 200, text
            page = json.loads(text)
            for held in page["holds"]:
                whys = {wait["zone"]: WAITS[wait["code"]] for wait in held["waits"]}
                found[held["activity"]] = held["h"], whys
            after = page.get("next")
        return found

    def waits_as_said(self):
        """Whether what waits is what the oracle says."""
        return {activity: whys for activity, (_, whys) in self.listed().items()} == \
            {held.first["id"]: held.zones for held in self.world.held.values()}

    def freeze(self):
        """Some boundary, if it can be."""
        ends = [self.random.choice(["*", *ZONES]) for _ in range(2)]
        if ends[0] == ends[1] or self.world.frozen:
            return
        self.api("freeze", boundary=" -> ".join(ends))
        self.world.freeze(*ends)
        self.persons["freeze"] += 1

    def thaw(self):
        """All that is frozen; what waited for it goes as soon as the relay comes to it."""
        for ends in list(self.world.frozen):
            self.api("thaw", boundary=" -> ".join(ends))
            self.expect(self.world.thaw(*ends))
        wait_until(self.waits_as_said, "what was frozen is decided anew")
        self.learn()
        self.arrived()

    def api(self, verb, **body):
        status, text = self.admin.ask("POST", f"/api/v1/{verb}", {"reason": "as agreed", **body})
        assert status == 200, (verb, body, text)

    def decide_held(self, count):
        """A person decides about some of what waits."""
        if not self.waits_as_said():
            self.surprises.append(("waits", self.listed(), self.world.held))
        listed = {activity: h for activity, (h, _) in self.listed().items()}
        keys = {held.first["id"]: key for key, held in self.world.held.items()}
        for activity in self.pick(set(listed) & set(keys), count):
            approves = self.maybe(0.7)
            verb = "approve" if approves else "deny"
            status, text = self.admin.ask("POST", f"/api/v1/holds/{listed[activity]}/{verb}",
                                          {"reason": "looked at it"})
            if approves:
                done, sent = self.world.approve(keys[activity])
                self.expect(sent)
            else:
                done = self.world.deny(keys[activity])
            self.persons[verb, done] += 1
            if (status == 200) != done:
                self.surprises.append(((status, text), verb, activity))
        self.learn()
        self.arrived()

    # --- members ------------------------------------------------------------------------------

    def verb(self, *words):
        done = self.relay.verb(*words, "--reason", "as agreed")
        assert done.code == 0, (words, done)

    def suspend(self, host):
        self.verb("member", "suspend", host)
        self.world.becomes(host, "suspended")

    def resume(self, host):
        self.verb("member", "resume", host)
        self.world.becomes(host, "active")

    def role(self, host, role):
        self.verb("member", "edit", host, "--role", role)
        self.world.members[host].role = role

    def leave(self, host):
        assert self.peers[host].unfollow().status == 202
        self.world.becomes(host, "left")

    def rejoin(self, host):
        peer, member = self.peers[host], self.world.members[host]
        count = len(peer.records.where(activity__type="Accept"))
        assert peer.follow(self.relay.actor, FOLLOWS[member.style]).status == 202
        accepted(peer, count + 1)
        self.world.join(host, member.zone, member.style)

    def goes(self, host, how):
        """Away, or back again, in one of four ways, by turns."""
        away = how == "away"
        if away:
            self.way = WAYS[sum(self.ways.values()) // 2 % len(WAYS)]
        if self.way in ("publish-only", "receive-only"):
            self.role(host, self.way if away else "full")
        elif self.way == "suspend":
            (self.suspend if away else self.resume)(host)
        else:
            (self.leave if away else self.rejoin)(host)
        self.ways[self.way] += 1

    # --- a round ------------------------------------------------------------------------------

    def round(self, count, away=None):
        """So many new ones, and some of all else; somebody may be away meanwhile."""
        self.thaw()
        self.tell(2)
        self.write(count // 2)
        self.freeze()
        self.write(count // 2)
        self.edit(count // 4)
        self.repeat(count // 20)
        self.decide_held(count // 12)
        if away:
            self.goes(away, "away")
            self.write(count // 4)
            self.edit(count // 10)
        self.take_back(count // 6)
        if away:
            self.goes(away, "back")
            self.write(count // 5)
