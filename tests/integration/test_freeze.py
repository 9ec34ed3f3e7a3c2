"""A frozen boundary: nothing crosses it from the moment that the verb has answered, whatever is under
way; what would have is held, and decided anew when it is thawed; what follows its object goes on."""

import json
import threading
import time

import pytest

from integration.acts import deliveries, join, settle
from integration.redis_client import Redis
from integration.relay import Relay, wait_until
from peers.town import Town

CONFIG = """\
url: http://$host
listen: $host
metrics: $metrics
redis: $redis
workers: $workers
fronts: 2
zones:
  internal:
    hosts: ["127.0.0.21:*"]
    networks: [127.0.0.0/8]
    join: open
  acme:
    hosts: ["127.0.0.22:*"]
    networks: [127.0.0.0/8]
    join: open
  globex:
    hosts: ["127.0.0.23:*"]
    networks: [127.0.0.0/8]
    join: open
rules:
  - {name: secret, from: internal, to: "*", when: {tags: secret}, then: deny}
  - {name: shared, from: internal, to: "*", when: {tags: partners}, then: allow}
  - {name: back, from: "*", to: internal, then: allow}
"""
# Each attempt at once, and one at a time: what arrives is compared in order.
QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, window: 1 }\n"
BOUNDARY = "internal -> acme"


class Scene:
    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.acme, self.globex = (
            settlers.add(town, f"127.0.0.{n}:0") for n in (21, 21, 22, 23))
        join(relay, self.blog, self.wiki, self.acme, self.globex)

    def post(self, text, peer=None, tags=("partners",), **how):
        sent = (self.blog if peer is None else peer).post(text, tags=list(tags), **how)
        assert sent.status == 202, sent.answer.text
        return sent

    def readers(self, sent):
        """Who has it, now that nothing is under way."""
        settle(self.relay)
        peers = {"blog": self.blog, "wiki": self.wiki, "acme": self.acme, "globex": self.globex}
        return {name for name, peer in peers.items() if deliveries(peer, activity__id=sent.id)}

    @staticmethod
    def at(peer):
        """What it took, of all that anybody wrote."""
        return {d["activity"]["id"] for d in deliveries(peer, status=202)}

    def freeze(self, boundary=BOUNDARY, *options):
        return self.relay.told("freeze", boundary, "--reason", "a leak", *options)

    def thaw(self, boundary=BOUNDARY):
        """Returns once nothing that only the freeze held waits any more."""
        told = self.relay.told("thaw", boundary, "--reason", "it is mended")
        self.decided()
        return told

    def decided(self):
        wait_until(lambda: not [w for item in self.held() for w in item["waits"]
                                if w["code"] == "frozen"], "what was frozen is decided")

    def held(self):
        return self.relay.told("hold", "list")["holds"]

    def frozen(self):
        return [f["boundary"] for f in self.relay.told("freeze", "list")["freezes"]]

    def audit(self, verb):
        lines = self.relay.verb("audit", "export").out.splitlines()
        return [line for line in map(json.loads, lines) if line["verb"] == verb]


@pytest.fixture(scope="module", name="stage")
def fixture_stage(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("freeze"), CONFIG, extra=QUICK) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(name="s")
def fixture_scene(stage):
    """Nothing is frozen, and nothing held."""
    for boundary in stage.frozen():
        stage.thaw(boundary)
    settle(stage.relay)
    return stage


# --- closed and opened -----------------------------------------------------------------------------


def test_what_would_cross_is_held_and_goes_out_in_order_when_it_is_thawed(s):
    before = s.post("before")
    assert s.readers(before) == {"wiki", "acme", "globex"}
    told = s.freeze()
    assert (told["boundary"], told["reason"], told["frozen"]) == (BOUNDARY, "a leak", 1)
    assert "until" not in told
    posts = [s.post(f"held {n}") for n in range(5)]
    settle(s.relay)
    assert {sent.id for sent in posts} <= s.at(s.wiki) & s.at(s.globex)
    assert not {sent.id for sent in posts} & s.at(s.acme)
    assert len(s.held()) == 5
    back = s.post("the way back is another boundary", peer=s.acme, tags=())
    assert s.readers(back) == {"blog", "wiki"}
    assert s.frozen() == [BOUNDARY]
    assert [f["boundary"] for f in s.relay.told("status")["freezes"]] == [BOUNDARY]
    assert f"frozen       {BOUNDARY}" in s.relay.verb("status").out
    wait_until(lambda: s.relay.metric("weir_freezes") == 1, "the metric says so")
    s.acme.records.all.clear()
    assert s.thaw()["frozen"] == 0
    settle(s.relay)
    arrived = dict.fromkeys(d["activity"]["id"] for d in deliveries(s.acme, status=202))
    assert list(arrived) == [sent.id for sent in posts]
    assert not s.held() and not s.frozen()
    assert s.readers(s.post("after")) == {"wiki", "acme", "globex"}
    for verb, reason in (("freeze", "a leak"), ("thaw", "it is mended")):
        line = s.audit(verb)[-1]
        assert (line["target"], line["reason"], line["via"]) == (BOUNDARY, reason, "cli")
    assert s.relay.verb("audit", "verify").code == 0


def test_a_star_is_every_other_zone(s):
    s.freeze("* -> *")
    sent = s.post("to nobody outside")
    back = s.post("nor from there", peer=s.acme, tags=())
    assert s.readers(sent) == {"wiki"}
    assert s.readers(back) == set()  # one author is nobody's reader
    s.thaw("* -> *")
    assert s.readers(sent) == {"wiki", "acme", "globex"}
    assert s.readers(back) == {"blog", "wiki"}


def test_one_of_two_is_thawed_and_the_other_still_holds(s):
    s.freeze("internal -> *")
    s.freeze("internal -> acme")
    sent = s.post("twice closed")
    s.relay.told("thaw", "internal -> *", "--reason", "half of it")
    wait_until(lambda: "globex" in s.readers(sent), "globex has it")
    assert s.readers(sent) == {"wiki", "globex"}
    s.thaw()
    assert s.readers(sent) == {"wiki", "acme", "globex"}


# --- what follows its object ------------------------------------------------------------------------


def test_what_crossed_before_is_edited_and_deleted_through_a_freeze(s):
    kept, gone = s.post("to be edited"), s.post("to be deleted")
    assert s.readers(kept) == s.readers(gone) == {"wiki", "acme", "globex"}
    s.freeze()
    edit, delete = s.blog.edit(kept.object_id, "edited"), s.blog.remove(gone.object_id)
    assert (edit.status, delete.status) == (202, 202)
    assert s.readers(edit) == s.readers(delete) == {"wiki", "acme", "globex"}
    assert not s.held()


def test_what_is_held_and_then_deleted_never_crosses(s):
    s.freeze()
    sent = s.post("regretted")
    assert s.readers(sent) == {"wiki", "globex"}
    assert s.blog.remove(sent.object_id).status == 202
    settle(s.relay)
    assert not s.held()
    s.thaw()
    assert s.readers(sent) == {"wiki", "globex"}


# --- decided anew ----------------------------------------------------------------------------------


def test_a_thaw_decides_by_the_rules_of_then(s):
    s.freeze()
    stays, waits, goes = (s.post(tag, tags=["partners", tag]) for tag in ("steel", "iron", "tin"))
    new = ('rules:\n  - {name: steel, from: internal, to: acme, when: {tags: steel}, then: deny}\n'
           '  - {name: iron, from: internal, to: acme, when: {tags: iron}, then: hold}\n')
    s.relay.replace("rules:\n", new)
    assert s.relay.verb("reload").code == 0
    s.thaw()
    assert s.readers(goes) == {"wiki", "acme", "globex"}
    assert s.readers(waits) == s.readers(stays) == {"wiki", "globex"}
    item, = s.held()
    assert item["activity"] == waits.id
    assert [(w["zone"], w["code"], w["rule"]) for w in item["waits"]] == [("acme", "rule-holds", "iron")]
    closed = {i["activity"]: i for i in s.relay.told("hold", "list", "--closed")["holds"]}
    assert closed[stays.id]["state"] == "denied"
    assert s.relay.verb("hold", "deny", str(item["h"]), "--reason", "enough").code == 0
    s.relay.replace(new, "rules:\n")
    assert s.relay.verb("reload").code == 0


def test_explain_says_that_it_is_frozen_and_by_whom(s, tmp_path):
    file = tmp_path / "activity.json"
    file.write_text(json.dumps(s.blog.write("would it?", tags=["partners"])), "utf-8")
    words = ("explain", str(file), "--from", s.blog.host, "--to")
    assert s.relay.verb(*words, "acme").code == 0
    s.freeze()
    done = s.relay.verb(*words, "acme")
    assert done.code == 1 and "hold   frozen" in done.out, done
    assert f"frozen    {BOUNDARY}, by " in done.out and "a leak" in done.out
    assert s.relay.verb(*words, "globex").code == 0
    assert s.relay.verb(*words, "acme", "--json").json["code"] == "frozen"


# --- the end of it ----------------------------------------------------------------------------------


def test_one_that_was_meant_for_a_while_ends_by_itself(s):
    told = s.freeze(BOUNDARY, "--for", "3s")
    assert told["until"] > told["since"]
    sent = s.post("for a moment")
    wait_until(lambda: not s.frozen(), "the calendar thawed it")
    s.decided()
    assert s.readers(sent) == {"wiki", "acme", "globex"}
    line = s.audit("thaw")[-1]
    assert (line["via"], line["target"]) == ("calendar", BOUNDARY)


def test_it_outlives_a_crash_and_so_does_a_thaw(s):
    s.freeze()
    sent = [s.post(f"before the crash {n}") for n in range(20)]
    s.relay.kill()
    s.relay.start()
    assert s.frozen() == [BOUNDARY]
    after = s.post("behind it")
    assert s.readers(after) == {"wiki", "globex"}
    assert s.relay.told("freeze", "list")["freezes"][0]["reason"] == "a leak"
    s.relay.told("thaw", BOUNDARY, "--reason", "and again")
    s.relay.kill()  # wherever it is by then
    s.relay.start()
    s.decided()
    settle(s.relay)
    assert {post.id for post in [*sent, after]} <= s.at(s.acme)


# --- what is under way ------------------------------------------------------------------------------


class Writer(threading.Thread):
    """Posts until it is stopped: when each was begun and answered, by our own clock."""

    def __init__(self, peer, name):
        super().__init__(daemon=True)
        self.peer, self.tag, self.posts, self.over = peer, name, [], False

    def run(self):
        while not self.over:
            begun = time.monotonic()
            sent = self.peer.post(f"{self.tag} {len(self.posts)}", tags=["partners"])
            self.posts.append((begun, time.monotonic(), sent))


def test_nothing_crosses_from_the_moment_that_the_verb_has_answered(s):
    writers = [Writer(peer, f"{peer.host} {n}") for peer in (s.blog, s.wiki) for n in range(3)]
    for writer in writers:
        writer.start()
    wait_until(lambda: all(len(w.posts) >= 5 for w in writers), "they write")
    s.freeze()
    answered = time.monotonic()
    wait_until(lambda: all(w.posts[-1][0] > answered and len(w.posts) >= 10 for w in writers),
               "they write on")
    for writer in writers:
        writer.over = True
    for writer in writers:
        writer.join()
    posts = [post for writer in writers for post in writer.posts]
    assert all(sent.status == 202 for _, _, sent in posts)
    settle(s.relay)

    crossed = s.at(s.acme)
    assert not [sent.id for begun, _, sent in posts if begun > answered and sent.id in crossed]
    assert [sent.id for _, _, sent in posts if sent.id not in crossed]
    everything = {sent.id for _, _, sent in posts}
    assert everything <= s.at(s.globex)
    s.thaw()
    settle(s.relay)
    assert everything <= s.at(s.acme)


# --- what was accepted before ------------------------------------------------------------------------


def waits(s, sent):
    """Why it waits for acme; None: it does not."""
    row, = [r for r in s.relay.told("trace", sent.id)["members"] if r["host"] == s.acme.host]
    return row["code"] if row["verdict"] in ("waiting", "aside") else None


def stands(s, count):
    """So many receivers wait behind a freeze, as those who send know."""
    wait_until(lambda: s.relay.told("status")["destinations"]["frozen"] == count, "they know")


def queued(s):
    row, = [r for r in s.relay.told("queue", "list")["queue"] if r["host"] == s.acme.host]
    return row


def test_what_was_accepted_before_and_still_waits_does_not_cross(s):
    known = s.post("it has this one")
    assert s.readers(known) == {"wiki", "acme", "globex"}
    s.acme.down()
    sent = [s.post(f"on its way {n}") for n in range(4)]
    settle(s.relay)
    told = s.freeze()
    assert (told["waiting"], told["waiting_whole"], told["waiting_members"]) == (4, True, 1)
    assert told["waiting_for"] == [{"host": s.acme.host, "waiting": 4}]
    shown = s.relay.verb("freeze", BOUNDARY, "--reason", "and in words")
    assert "4 deliveries were accepted before" in shown.out and s.acme.host in shown.out, shown
    back = s.post("between others, and behind it", peer=s.globex, tags=())
    stands(s, 1)
    s.acme.up()
    first, regretted = s.blog.remove(known.object_id), s.blog.remove(sent[1].object_id)
    assert s.readers(first) == s.readers(regretted) == {"wiki", "acme", "globex"}
    after = s.post("behind the freeze")
    wait_until(lambda: waits(s, sent[0]) == "frozen", "it is known why it waits")
    assert "behind a freeze: until it is thawed" in s.relay.verb("trace", sent[0].id).out
    assert s.readers(back) == {"blog", "wiki"}  # which no rule lets go to acme
    listed, = s.relay.told("freeze", "list")["freezes"]
    assert listed["waiting_for"] == [{"host": s.acme.host, "waiting": 3}]
    assert "3 deliveries were" in s.relay.verb("freeze", "list").out
    wait_until(lambda: "failures" not in queued(s), "that it is well is written down")
    assert queued(s)["code"] == "frozen"
    assert not s.at(s.acme) & {post.id for post in [*sent, after]}

    s.relay.kill()  # and whoever starts while it is frozen knows
    s.relay.start()
    delete = s.blog.remove(sent[3].object_id)
    assert s.readers(delete) == {"wiki", "acme", "globex"}
    assert not s.at(s.acme) & {post.id for post in [*sent, after]}
    s.acme.records.all.clear()
    s.thaw()
    settle(s.relay)
    came = [d["activity"]["id"] for d in deliveries(s.acme, status=202)]
    assert list(dict.fromkeys(came)) == [sent[0].id, sent[2].id, after.id]
    assert waits(s, sent[0]) is None


def test_what_waits_is_frozen_again_right_after_a_thaw(s):
    s.acme.down()
    sent = s.post("up and down")
    settle(s.relay)
    for _ in range(5):
        s.freeze()
        s.relay.told("thaw", BOUNDARY, "--reason", "for a moment")
    stands(s, 0)
    s.freeze("* -> acme")
    stands(s, 1)
    s.acme.up()
    delete = s.blog.remove(s.post("gone at once").object_id)
    settle(s.relay)
    assert delete.status == 202
    assert sent.id not in s.at(s.acme)
    s.thaw("* -> acme")
    assert s.readers(sent) == {"wiki", "acme", "globex"}


def test_a_replay_does_not_cross_either(s):
    sent = [s.post(f"once more {n}") for n in range(2)]
    assert s.readers(sent[-1]) == {"wiki", "acme", "globex"}
    s.acme.records.all.clear()
    s.freeze()
    assert s.relay.verb("replay", s.acme.host, "--since", "1h").code == 0
    wait_until(lambda: waits(s, sent[0]) == "frozen", "it is to go again")
    settle(s.relay)
    assert not s.at(s.acme) & {post.id for post in sent}
    s.thaw()
    settle(s.relay)
    assert {post.id for post in sent} <= s.at(s.acme)


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("words, code, said", [
    (("freeze", "intenal -> acme", "--reason", "x"), 1, "no zone intenal"),
    (("freeze", "internal -> acne", "--reason", "x"), 1, "no zone acne"),
    (("freeze", "internal", "--reason", "x"), 1, "FROM -> TO"),
    (("freeze", "internal -> internal", "--reason", "x"), 1, "FROM -> TO"),
    (("freeze", BOUNDARY), 2, "--reason"),
    (("freeze", BOUNDARY, "--reason", "x", "--for", "soon"), 2, "--for"),
    (("thaw", BOUNDARY), 2, "--reason"),
    (("thaw", BOUNDARY, "--reason", "x"), 1, "not-frozen"),
    (("thaw", BOUNDARY, "--reason", "x", "--for", "2h"), 2, "--for"),
    (("freeze", "list", "--reason", "x"), 2, "--reason"),
    (("freeze",), 2, "usage"),
])
def test_what_is_no_boundary_or_has_no_reason_is_refused(s, words, code, said):
    done = s.relay.verb(*words)
    assert done.code == code and said in done.err, done
    assert not s.frozen()


def test_a_frozen_boundary_is_in_a_backup_and_one_that_is_spoiled_is_found(s, tmp_path):
    s.freeze()
    file = str(tmp_path / "relay.backup")
    assert s.relay.verb("backup", file).code == 0
    assert s.relay.told("verify", file)["good"] is True
    with Redis(s.relay.data / "redis.sock") as redis:
        kept = redis("HGET", "{weir}:freezes", BOUNDARY)
        for spoiled in (b"x", kept.replace(b'"acme"', b'"globex"')):
            redis("HSET", "{weir}:freezes", BOUNDARY, spoiled)
            done = s.relay.verb("verify")
            assert done.code == 1 and f"the freeze of {BOUNDARY}" in done.out + done.err, done
        redis("HSET", "{weir}:freezes", BOUNDARY, kept)
    assert s.relay.told("verify")["good"] is True
