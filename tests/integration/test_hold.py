"""What waits for a person: held, shown, approved, denied, edited and taken back by its author, kept
through a restart; with real processes, told by what the others record."""

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
limits: { held: 4 }
zones:
  internal:
    hosts: ["127.0.0.21:*"]
    networks: [127.0.0.0/8]
    join: open
  partners:
    hosts: ["127.0.0.22:*"]
    networks: [127.0.0.0/8]
    join: open
    inside: hold
rules:
  - {name: not-now, from: internal, to: partners, when: {tags: never}, then: deny}
  - {name: look-first, from: internal, to: partners, when: {tags: partners}, then: hold}
"""
STRICTER = CONFIG.replace("{tags: never}", "{tags: [never, partners]}")


class Scene:
    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.acme, self.globex = (
            settlers.add(town, f"127.0.0.{n}:0") for n in (21, 21, 22, 22))
        join(relay, self.blog, self.wiki, self.acme, self.globex)

    def got(self, peer, sent):
        """What a peer was sent of an object, in order."""
        settle(self.relay)
        return [d["activity"]["type"] for d in deliveries(peer)
                if sent.object_id in str(d["activity"])]

    def holds(self, *more):
        return self.relay.told("hold", "list", *more)["holds"]

    def held(self, sent):
        """The number of what is held of it."""
        found = [h["h"] for h in self.holds() if h["object"] == sent.object_id]
        assert len(found) == 1, found
        return str(found[0])

    def closed(self, h):
        found, = (one for one in self.holds("--closed") if str(one["h"]) == h)
        return found

    def post(self, text, tags=("partners",), peer=None):
        sent = (peer or self.blog).post(text, tags=list(tags))
        assert sent.status == 202, sent.answer.text
        return sent

    def reload(self, config):
        self.relay.configure(config)
        assert self.relay.reload()["level"] == "info"

    def approve(self, h, *more):
        return self.relay.told("hold", "approve", h, "--reason", "read it", *more)


@pytest.fixture(scope="module", name="stage")
def fixture_stage(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("hold"), CONFIG) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(name="s")
def fixture_scene(stage):
    """Nothing waits."""
    for one in stage.holds():
        stage.relay.told("hold", "deny", str(one["h"]), "--reason", "of the test before")
    return stage


def test_what_is_held_goes_where_it_may_at_once_and_to_the_others_once_it_is_approved(s):
    sent = s.post("<p>Look at <b>this</b></p><p>&lt;now&gt;</p>")
    assert s.got(s.wiki, sent) == ["Create"]
    assert s.got(s.acme, sent) == []
    h = s.held(sent)
    shown = s.relay.told("hold", "show", h)
    assert shown["waits"] == [{"zone": "partners", "code": "rule-holds", "rule": "look-first"}]
    assert shown["text"] == "Look at this\n<now>"
    assert shown["facts"]["tags"] == "[partners]"
    assert shown["from"] == s.blog.host and shown["activity"] == sent.id
    answer = s.approve(h)
    assert answer["state"] == "approved"
    assert answer["zones"] == [{"zone": "partners", "fate": "sent", "rule": "look-first"}]
    assert s.got(s.acme, sent) == s.got(s.globex, sent) == ["Create"]
    assert s.got(s.wiki, sent) == ["Create"]
    assert s.relay.told("trace", sent.object_id)["held"] == [int(h)]  # also what it went through
    assert "held" not in s.relay.told("trace", s.post("no need", tags=[]).object_id)
    closed = s.closed(h)
    assert closed["state"] == "approved" and closed["reason"] == "read it"
    assert closed["sent"] == ["partners"] and "text" not in s.relay.told("hold", "show", h)
    # In the audit log, with who, what and why.
    line = [a for a in s.relay.told("audit", "list")["audit"] if a["verb"] == "hold approve"][-1]
    assert line["target"] == h and line["reason"] == "read it" and line["line"] == answer["n"]
    again = s.relay.verb("hold", "approve", h, "--reason", "again")
    assert again.code == 1 and "approved already" in again.err


def test_what_is_denied_reaches_nobody(s):
    sent = s.post("not for them")
    h = s.held(sent)
    assert s.relay.told("hold", "deny", h, "--reason", "not ours to tell")["state"] == "denied"
    assert s.got(s.acme, sent) == []
    assert s.closed(h)["reason"] == "not ours to tell"
    # Its edit goes to who had it, and nobody else is asked.
    assert s.blog.edit(sent.object_id, "not for them, really").status == 202
    assert s.got(s.wiki, sent) == ["Create", "Update"]
    assert s.got(s.acme, sent) == [] and s.holds() == []


def test_a_reason_is_asked_for_and_a_number(s):
    h = s.held(s.post("why?"))
    for verb in ("approve", "deny"):
        assert s.relay.verb("hold", verb, h).code == 2
    assert s.relay.verb("hold", "show", "999999").code == 1
    assert s.relay.verb("hold", "approve", "999999", "--reason", "x").code == 1
    assert s.relay.verb("hold", "show", "x").code == 1
    assert [str(one["h"]) for one in s.holds()] == [h]


def test_an_edit_joins_what_is_held_and_both_are_sent(s):
    sent = s.post("first words")
    h = s.held(sent)
    for text in ("better words", "the best words"):
        last = s.blog.edit(sent.object_id, text)
        assert last.status == 202
    assert s.held(sent) == h
    shown = s.relay.told("hold", "show", h)
    assert shown["text"] == "the best words" and shown["revision"] == 2
    late = s.relay.verb("hold", "approve", h, "--reason", "x", "--revision", "1")
    assert late.code == 1 and "edited" in late.err
    s.approve(h, "--revision", "2")
    assert s.got(s.wiki, sent) == ["Create", "Update", "Update"]
    assert s.got(s.acme, sent) == ["Create", "Update"]
    assert deliveries(s.acme)[-1]["activity"]["id"] == last.id


def test_what_its_author_deletes_is_held_no_more(s):
    sent = s.post("a mistake")
    h = s.held(sent)
    assert s.blog.remove(sent.object_id).status == 202
    assert s.closed(h)["state"] == "deleted" and s.holds() == []
    assert s.relay.verb("hold", "approve", h, "--reason", "x").code == 1
    assert s.got(s.wiki, sent) == ["Create", "Delete"]
    assert s.got(s.acme, sent) == []


def test_where_nobody_may_have_it_yet_it_is_answered_as_taken(s):
    sent = s.acme.post("among partners")
    assert sent.status == 202
    h = s.held(sent)
    for name in (sent.id, sent.object_id):
        assert s.relay.told("trace", name)["held"] == [int(h)]
        assert f"weir hold show {h}" in s.relay.verb("trace", name).out
    assert s.got(s.globex, sent) == []
    s.relay.wait_log("inbox", activity=sent.id, code="rule-holds", held=h)
    assert s.acme.send(sent.activity).status == 202  # a repeat is none anew
    assert s.held(sent) == h
    s.approve(h)
    assert s.got(s.globex, sent) == ["Create"]
    assert s.got(s.acme, sent) == []


def test_a_recall_closes_what_is_held(s):
    sent = s.post("told too early")
    h = s.held(sent)
    s.relay.told("recall", sent.object_id, "--reason", "embargo")
    closed = s.closed(h)
    assert closed["state"] == "deleted" and closed["reason"] == "embargo"


def test_the_rules_of_today_count_when_it_is_approved(s):
    sent = s.post("was allowed to wait")
    h = s.held(sent)
    s.reload(STRICTER)
    refused = s.relay.verb("hold", "approve", h, "--reason", "x")
    assert refused.code == 1 and "not-now" in refused.err
    assert s.held(sent) == h
    s.reload(CONFIG)
    s.approve(h)
    assert s.got(s.acme, sent) == ["Create"]


def test_nothing_is_sent_of_a_member_that_is_suspended(s):
    sent = s.post("before the gate closed")
    h = s.held(sent)
    s.relay.told("member", "suspend", s.blog.host, "--reason", "a look")
    refused = s.relay.verb("hold", "approve", h, "--reason", "x")
    assert refused.code == 1 and "suspended" in refused.err
    s.relay.told("member", "resume", s.blog.host)
    s.approve(h)
    assert s.got(s.acme, sent) == ["Create"]


def test_beyond_the_limit_nothing_is_taken_or_lost(s):
    kept = [s.post(f"no. {i}") for i in range(4)]
    over = s.blog.post("no. 5", tags=["partners"])
    assert over.status == 503 and over.problem["code"] == "hold-full"
    assert s.got(s.wiki, over) == []
    s.approve(s.held(kept[0]))
    assert s.blog.send(over.activity).status == 202
    assert s.got(s.wiki, over) == ["Create"]
    assert len(s.holds()) == 4
    wait_until(lambda: s.relay.metric("weir_held") == 4, "it is counted")
    assert s.relay.told("status")["holds"] == 4
    assert "4 wait for a person" in s.relay.verb("status").out


def test_what_waits_is_whole_after_a_restart_and_a_restore(s, tmp_path):
    sent = s.post("through the night")
    h = s.held(sent)
    s.relay.restart()
    assert s.held(sent) == h
    found = s.relay.told("verify")
    assert found["good"], found
    s.approve(h)
    assert s.got(s.acme, sent) == ["Create"]
    # The same from a backup: what is in it waits again.
    again = s.post("kept in a file")
    h = s.held(again)
    file = str(tmp_path / "all.weir")
    assert s.relay.verb("backup", file).code == 0
    s.approve(h)
    assert s.got(s.acme, again) == ["Create"]
    s.relay.stop()
    assert s.relay.verb("restore", file, "--force", "--reason", "a test").code == 0
    s.relay.start()
    assert s.held(again) == h
    assert s.relay.told("hold", "show", h)["text"] == "kept in a file"
    # The twin: what does not add up is found.
    with Redis(s.relay.data / "redis.sock") as redis:
        redis("HINCRBY", "{weir}:log", "heldbytes", 1)
        broken = s.relay.verb("verify")
        redis("HINCRBY", "{weir}:log", "heldbytes", -1)
    assert broken.code == 1 and "wait for a person" in broken.out + broken.err
