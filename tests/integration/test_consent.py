"""Consent of authors: what crosses where a zone asks them, how they say yes and no, and what becomes
of what still waits when one says no.

Each test of what does not arrive has its twin beside it, in which it does."""

import contextlib

import pytest

from integration.acts import deliveries, join, received, refused, settle
from integration.relay import Relay, wait_until
from peers.town import Town

CONFIG = """\
url: http://$host
listen: $host
metrics: $metrics
redis: $redis
delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, window: 1 }
zones:
  careful:
    hosts: ["127.0.0.31:*"]
    networks: [127.0.0.0/8]
    join: open
    consent: opt-in
    export: [{to: partner, then: allow}]
  sealed:
    hosts: ["127.0.0.32:*"]
    networks: [127.0.0.0/8]
    join: open
    inside: deny
    consent: opt-in
    export: [{to: partner, then: allow}]
  easy:
    hosts: ["127.0.0.33:*"]
    networks: [127.0.0.0/8]
    join: open
    consent: opt-out
    export: [{to: partner, then: allow}]
  plain:
    hosts: ["127.0.0.34:*"]
    networks: [127.0.0.0/8]
    join: open
    export: [{to: partner, then: allow}]
  partner:
    hosts: ["127.0.0.35:*"]
    networks: [127.0.0.0/8]
    join: open
    import: [{from: "*", then: allow}]
"""

ADDRESSES = {"careful": 31, "colleague": 31, "sealed": 32, "easy": 33, "plain": 34, "neighbour": 34,
             "partner": 35}


class Scene:
    """A server of each kind of zone, a second one in two of them, and a partner."""

    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.peers = {name: settlers.add(town, f"127.0.0.{n}:0") for name, n in ADDRESSES.items()}
        join(relay, *self.peers.values())

    def __getattr__(self, name):
        return self.peers[name]

    def alice(self, peer):
        return peer.actors["alice"].id

    def readers(self, sent):
        """Who has what was sent, once nobody gets anything more."""
        assert sent.status == 202, sent.answer.text
        settle(self.relay)
        return {name for name, peer in self.peers.items()
                if deliveries(peer, activity__id=sent.id)}

    def author(self, verb, peer, code=0):
        done = self.relay.verb("author", verb, self.alice(peer), "--reason", "a test", "--json")
        assert done.code == code, done
        return done.json

    def show(self, peer):
        done = self.relay.verb("author", "show", self.alice(peer), "--json")
        return done.json if done.code == 0 else None

    def mention(self, peer, text, **how):
        """A post to the relay's actor."""
        tag = {"type": "Mention", "href": self.relay.actor, "name": "@relay"}
        return peer.post(text, tag=[tag], **how)


@contextlib.contextmanager
def scene_in(directory, settlers):
    with Relay(directory, CONFIG) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(scope="module", name="stage")
def fixture_stage(tmp_path_factory, settlers):
    with scene_in(tmp_path_factory.mktemp("consent"), settlers) as scene:
        yield scene


@pytest.fixture(name="s")
def fixture_scene(stage):
    """Nobody has said anything."""
    for author in stage.relay.told("author", "list")["authors"]:
        stage.relay.told("author", "forget", author["actor"], "--reason", "a new test")
    return stage


# --- what a zone asks -----------------------------------------------------------------------------


def test_who_says_nothing_crosses_by_what_its_zone_asks(s):
    assert s.readers(s.careful.post("careful")) == {"colleague"}
    assert s.readers(s.easy.post("easy")) == {"partner"}
    assert s.readers(s.plain.post("plain")) == {"neighbour", "partner"}
    refused(s.sealed.post("sealed"), 403, "consent-missing")


def test_who_says_yes_crosses(s):
    for peer in (s.careful, s.sealed):
        assert s.author("optin", peer) == {"actor": s.alice(peer), "says": "yes", "changed": True}
    assert s.readers(s.careful.post("careful")) == {"colleague", "partner"}
    assert s.readers(s.sealed.post("sealed")) == {"partner"}
    assert s.author("optin", s.careful)["changed"] is False
    s.author("forget", s.sealed)
    refused(s.sealed.post("sealed again"), 403, "consent-missing")


def test_what_an_actor_says_of_itself_counts_where_the_registry_says_nothing(tmp_path, settlers):
    with scene_in(tmp_path, settlers) as s:
        s.careful.document(s.alice(s.careful))["indexable"] = True
        s.easy.document(s.alice(s.easy))["summary"] = '<p>Hi <a href="x">#<span>NoBot</span></a></p>'
        s.plain.document(s.alice(s.plain))["summary"] = "#nobot"  # where nobody asks
        assert s.readers(s.careful.post("found")) == {"colleague", "partner"}
        refused_or_inside = s.easy.post("not me")
        assert s.readers(refused_or_inside) == set()
        assert s.readers(s.plain.post("plain")) == {"neighbour", "partner"}
        s.author("optin", s.easy)
        assert s.readers(s.easy.post("but here")) == {"partner"}


def test_a_rule_may_ask_what_came_of_it(tmp_path, settlers):
    with scene_in(tmp_path, settlers) as s:
        s.relay.replace("    consent: opt-in\n    export: [{to: partner, then: allow}]\n  sealed:",
                        "    consent: opt-in\n    inside: deny\n"
                        "    export: [{to: partner, then: allow}]\n  sealed:")
        s.relay.config.write_text(s.relay.config.read_text() +
                                  "rules:\n  - {name: asked, from: careful, to: careful, "
                                  "when: {consent: true}, then: allow}\n")
        assert s.relay.verb("reload", "--reason", "a test").code == 0
        refused(s.careful.post("nobody asked"), 403, "consent-missing")
        s.author("optin", s.careful)
        assert s.readers(s.careful.post("asked")) == {"colleague", "partner"}


# --- a no of the registry -------------------------------------------------------------------------


def test_who_opted_out_is_relayed_nowhere_and_may_take_back(s):
    before = s.plain.post("before")
    assert s.readers(before) == {"neighbour", "partner"}
    s.author("optout", s.plain)
    refused(s.plain.post("after"), 403, "opted-out")
    refused(s.plain.announce(before.object_id), 403, "opted-out")
    assert s.readers(s.plain.edit(before.object_id, "follows its object")) == {
        "neighbour", "partner"}
    assert s.readers(s.plain.remove(before.object_id)) == {"neighbour", "partner"}
    s.author("optin", s.plain)
    assert s.readers(s.plain.post("and back")) == {"neighbour", "partner"}


@pytest.mark.parametrize("opts_out", [True, False], ids=["opted-out", "twin"])
@pytest.mark.parametrize("killed", [False, True], ids=["", "killed"])
def test_what_waits_is_not_sent_any_more(tmp_path, settlers, opts_out, killed):
    with scene_in(tmp_path, settlers) as s:
        s.partner.down()
        first = s.neighbour.post("of another")
        waits = [s.plain.post(f"waits {n}") for n in range(3)]
        for sent in waits:
            received(s.neighbour, sent.id)
        if opts_out:
            s.author("optout", s.plain)
            s.author("optin", s.plain)  # what was said before holds for what waited
        last = s.plain.post("later")
        if killed:
            s.relay.strike()
            s.relay.start()
        s.partner.up()
        received(s.partner, last.id)
        settle(s.relay)
        came = {record["activity"]["id"] for record in deliveries(s.partner, status=202)}
        assert {first.id, last.id} <= came
        assert {sent.id for sent in waits} & came == (set() if opts_out else
                                                     {sent.id for sent in waits})

        def row():
            rows = s.relay.told("trace", waits[0].id)["members"]
            return next(r for r in rows if r["host"] == s.partner.host)

        wanted = ("skipped", "opted-out") if opts_out else ("delivered", "")
        wait_until(lambda: (row()["verdict"], row().get("code", "")) == wanted or
                   (not opts_out and row()["verdict"] == "delivered"), f"{wanted}: {row()}")
        assert s.relay.verb("verify").code == 0


# --- how authors say so ---------------------------------------------------------------------------


def test_a_person_who_follows_the_relay_says_yes_until_it_unfollows(tmp_path, settlers):
    with scene_in(tmp_path, settlers) as s:
        assert s.careful.follow(s.relay.actor, "litepub", who="alice").status == 202
        known = wait_until(lambda: s.show(s.careful), "it is known")
        assert (known["says"], known["how"]) == ("yes", "follow")
        post = s.careful.post("I follow")
        assert s.readers(post) >= {"colleague", "partner"}
        assert s.careful.unfollow(who="alice").status == 202
        assert s.show(s.careful) is None
        assert "partner" not in s.readers(s.careful.post("no more"))
        # What an operator wrote down stays.
        s.author("optin", s.careful)
        assert s.careful.follow(s.relay.actor, "litepub", who="alice").status == 202
        assert s.careful.unfollow(who="alice").status == 202
        assert s.show(s.careful)["how"] == "operator"


def test_a_machine_that_follows_says_nothing(tmp_path, settlers):
    with scene_in(tmp_path, settlers) as s:
        assert s.careful.follow(s.relay.actor, "litepub").status == 202
        assert s.relay.told("author", "list")["authors"] == []


def test_a_post_to_the_relay_says_yes_or_no(s):
    joined = s.mention(s.careful, "hello, please join me in")
    assert s.readers(joined) == {"colleague", "partner"}
    assert (s.show(s.careful)["says"], s.show(s.careful)["how"]) == ("yes", "mention")
    left = s.mention(s.careful, "I want to LEAVE now")
    assert s.readers(left) == set()
    s.relay.wait_log("inbox", code="consent-changed", activity=left.id)
    assert s.show(s.careful)["says"] == "no"
    refused(s.careful.post("and now?"), 403, "opted-out")
    # What was said before does not come back: the first post, sent once more.
    assert s.careful.send(joined.activity).status in (202, 403)
    assert s.show(s.careful)["says"] == "no"


def test_also_one_that_nobody_else_may_read(s):
    left = s.mention(s.plain, "stop", to=[s.relay.actor])
    assert s.readers(left) == set()
    refused(s.plain.post("and now?"), 403, "opted-out")


# --- an operator's view ---------------------------------------------------------------------------


def test_each_change_is_a_line_of_the_audit_log(s):
    s.author("optout", s.careful)
    s.author("forget", s.careful)
    lines = [line for line in s.relay.told("audit", "list", "--last", "1000")["audit"]
             if line["verb"].startswith("author ")][-2:]
    assert [(line["verb"], line["target"], line["reason"]) for line in lines] == [
        ("author optout", s.alice(s.careful), "a test"),
        ("author forget", s.alice(s.careful), "a test")]


def test_a_reason_is_wanted(s):
    for verb in ("optin", "optout", "forget"):
        assert s.relay.verb("author", verb, s.alice(s.careful)).code == 2
    done = s.relay.verb("author", "optin", "@jo@example.org", "--reason", "a test")
    assert done.code == 1 and "URL" in done.err


def test_a_member_list_is_taken_whole_or_not_at_all(s, tmp_path):
    host, path = s.careful.host, tmp_path / "authors.csv"
    many = [f"http://{host}/users/u{n}" for n in range(1200)]
    path.write_text("actor,says\n# of Monday\n" + "\n".join(many) +
                    f'\n"{s.alice(s.careful)}",no\r\n')
    s.author("optin", s.careful)
    told = s.relay.told("author", "import", str(path), "--member", host)
    assert told == {"member": host, "yes": 1200, "no": 1, "changed": 1201}
    assert s.relay.told("author", "import", str(path), "--member", host)["changed"] == 0
    listed = s.relay.told("author", "list", "--host", host)["authors"]
    assert {a["actor"] for a in listed if a["says"] == "yes"} == set(many)
    assert s.show(s.careful)["says"] == "no" and s.show(s.careful)["how"] == "list"
    assert s.relay.told("author", "list", "--host", s.easy.host)["authors"] == []
    # A list takes away nobody's no.
    path.write_text(s.alice(s.careful) + "\n")
    assert s.relay.told("author", "import", str(path), "--member", host)["changed"] == 0
    assert s.show(s.careful)["says"] == "no"
    path.write_text(f"http://{host}/users/new\nnonsense\nhttp://{s.easy.host}/users/x\n"
                    f"http://{host}/users/y,perhaps\n")
    done = s.relay.verb("author", "import", str(path), "--member", host)
    assert done.code == 1
    assert all(f"line {n}" in done.err for n in (2, 3, 4)), done.err
    assert s.relay.verb("author", "show", f"http://{host}/users/new").code == 1
    s.relay.told("author", "forget", many[0], "--reason", "one of them")
    assert len(s.relay.told("author", "list", "--host", host)["authors"]) == 1200
