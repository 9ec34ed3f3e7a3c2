"""Posts to and from members that follow the relay's actor (LitePub): what they announce to their
followers is fetched and passed on; they get Announces, and Undo of them, and nothing else.

Told by the receivers' records, never by Weir's word."""

import time

import pytest

from integration.acts import (accepted, activity, activity_of, announced, as_sent, deliveries, join,
                              note, proved, received, refused, settle, signed_by)
from integration.relay import INTERNAL, PARTNER, Relay
from peers.faults import Fault
from peers.town import Town
from peers.wire import PUBLIC

AKKOMA = "127.0.0.3:0"  # a partner that follows the actor


class Scene:
    """blog and wiki are departments that follow the public collection, pleroma and mobilizon two
    that follow the relay's actor; partner is a partner of the first kind, akkoma of the second."""

    def __init__(self, relay, add):
        self.relay = relay
        self.blog, self.wiki, self.pleroma, self.mobilizon = (add(INTERNAL) for _ in range(4))
        self.partner, self.akkoma = add(PARTNER), add(AKKOMA)
        for peer in (self.partner, self.akkoma):
            relay.told("member", "invite", peer.host)
        join(relay, self.blog, self.wiki, self.partner)
        for peer in (self.pleroma, self.mobilizon, self.akkoma):
            join_litepub(relay, peer)

    @property
    def everybody(self):
        return (self.blog, self.wiki, self.pleroma, self.mobilizon, self.partner, self.akkoma)

    def announce(self, object_id, peer=None, who="instance", **changes):
        """What Pleroma's kind sends to a relay: an Announce by its own relay actor, to followers."""
        peer = self.pleroma if peer is None else peer
        whole = activity(peer, "Announce", object_id, who, **{
            "to": [f"{peer.actors[who].id}/followers"], "cc": [],
            "published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **changes})
        return peer.send(whole, who=who)

    def send(self, kind, obj, proof=True, peer=None, **changes):
        """An activity from the blog, or whom it says; taken with 202."""
        peer = self.blog if peer is None else peer
        whole = activity(peer, kind, obj, **changes)
        sent = peer.send(proved(peer, whole) if proof else whole)
        assert sent.status == 202, sent.answer.text
        return sent

    def got(self, sent):
        """Who of all has got exactly this activity, once nothing is under way any more."""
        settle(self.relay)
        return [p for p in self.everybody if deliveries(p, activity__id=sent.id)]

    def got_announce(self, object_id):
        """Whom the relay told of this object; nobody twice."""
        settle(self.relay)
        told = [deliveries(p, activity__type="Announce", activity__object=object_id)
                for p in self.everybody]
        assert all(len(records) <= 1 for records in told), told
        return [peer for peer, records in zip(self.everybody, told) if records]

    def got_undo(self, object_id):
        """Whom the relay told that its Announce of this object is taken back."""
        settle(self.relay)

        def is_told(peer):
            mine = [activity_of(r)["id"] for r in deliveries(
                peer, activity__type="Announce", activity__object=object_id)]
            undone = [r["activity"]["object"] for r in deliveries(peer, activity__type="Undo")]
            return any(announce in undone for announce in mine)

        return [peer for peer in self.everybody if is_told(peer)]


def join_litepub(relay, peer, who="instance"):
    sent = peer.follow(relay.actor, style="litepub", who=who)
    assert sent.status == 202, sent.answer
    accepted(peer)


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("litepub")) as relay, Town() as town:
        yield Scene(relay, lambda address: settlers.add(town, address))


@pytest.fixture(name="own")
def fixture_own(tmp_path, settlers):
    """A scene of its own, for a test that changes the relay's configuration, or who is there."""
    with Relay(tmp_path) as relay, Town() as town:
        scene = Scene(relay, lambda address: settlers.add(town, address))
        scene.add = lambda address: settlers.add(town, address)
        yield scene


def taken(sent):
    assert sent.status == 202, sent.answer.text
    return sent


# --- what such a member announces ---------------------------------------------------------------


def test_what_it_announces_to_its_followers_reaches_the_others(scene):
    obj = note(scene.pleroma)
    taken(scene.announce(obj["id"]))
    for peer in (scene.blog, scene.mobilizon):
        record = announced(peer, obj["id"])
        found = activity_of(record)
        assert signed_by(scene.relay, record)
        assert record["did"] == "fetched"
        assert (found["actor"], found["object"]) == (scene.relay.actor, obj["id"])
        assert found["id"].startswith(f"{scene.relay.url}/activities/announce-")
        assert found["to"] == [PUBLIC]
        assert found["cc"] == [f"{scene.relay.url}/followers"]
        assert found["published"]
    # not back to where it came from, nor out of its zone
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


def test_its_object_is_fetched_with_the_relays_signature(scene):
    obj = note(scene.pleroma)
    scene.pleroma.inner.authorized_fetch = True
    try:
        taken(scene.announce(obj["id"]))
        got = scene.pleroma.records.where(method="GET", path=path_of(obj["id"]))
        assert [r["signature"]["signer"] for r in got][:1] == [scene.relay.actor]
        announced(scene.blog, obj["id"])
    finally:
        scene.pleroma.inner.authorized_fetch = False


def path_of(object_id):
    return "/" + object_id.split("/", 3)[3]


def test_the_objects_tags_decide_where_it_goes(scene):
    tag = {"type": "Hashtag", "name": "#partners"}
    shared, inside = note(scene.pleroma, tag=[tag]), note(scene.pleroma)
    taken(scene.announce(shared["id"]))
    taken(scene.announce(inside["id"], tag=[tag]))  # what the Announce says counts for nothing
    assert scene.got_announce(shared["id"]) == [scene.blog, scene.wiki, scene.mobilizon,
                                                scene.partner, scene.akkoma]
    assert scene.got_announce(inside["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


def test_somebody_elses_post_goes_neither_back_nor_home(scene):
    obj = note(scene.wiki)
    taken(scene.announce(obj["id"]))
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.mobilizon]


def test_announced_twice_or_by_two_it_goes_out_once(scene):
    obj = note(scene.pleroma)
    first = taken(scene.announce(obj["id"]))
    assert scene.pleroma.send(first.activity, who="instance").status == 202
    again = taken(scene.announce(obj["id"], peer=scene.mobilizon))
    scene.relay.wait_log("inbox", activity=again.id, code="duplicate", status=202)
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


def test_to_everybody_it_goes_on_without_a_fetch(scene):
    obj = note(scene.pleroma)
    taken(scene.announce(obj["id"], to=[PUBLIC]))
    announced(scene.blog, obj["id"])
    settle(scene.relay)
    got = scene.pleroma.records.where(method="GET", path=path_of(obj["id"]))
    assert scene.relay.actor not in [r["signature"].get("signer") for r in got]


def test_unlisted_it_goes_on_where_the_operator_says_so(own):
    unlisted = {"to": [f"{own.pleroma.actors['alice'].id}/followers"], "cc": [PUBLIC]}
    before = note(own.pleroma, **unlisted)
    taken(own.announce(before["id"]))
    assert own.got_announce(before["id"]) == []
    own.relay.replace("zones:\n", "accept: { unlisted: yes }\nzones:\n")
    own.relay.reload()
    after = note(own.pleroma, **unlisted)
    taken(own.announce(after["id"]))
    assert own.got_announce(after["id"]) == [own.blog, own.wiki, own.mobilizon]


# --- what does not cross ------------------------------------------------------------------------

FOLLOWERS, BOB = "https://example.org/followers", "https://example.org/users/bob"
NOT_PUBLIC = {
    "followers-only": {"to": [FOLLOWERS]},
    "direct": {"to": [BOB]},
    "nobody": {"to": []},
    "unsaid": {"to": None},
    "unlisted": {"to": [FOLLOWERS], "cc": [PUBLIC]},
    "bto": {"bto": [FOLLOWERS]},
    "bcc": {"bcc": FOLLOWERS},
    "by-another-key": {"to": [], "audience": [PUBLIC]},
}


@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_a_post_that_is_not_public_never_crosses(scene, name):
    obj = note(scene.pleroma, **NOT_PUBLIC[name])
    sent = taken(scene.announce(obj["id"]))
    scene.relay.wait_log("inbox", activity=sent.id, code="not-public", status=202)
    assert scene.got_announce(obj["id"]) == []
    # the twin: the same post, addressed to all
    document = {k: v for k, v in obj.items() if k not in ("cc", "bto", "bcc", "audience")}
    scene.pleroma.publish({**document, "to": [PUBLIC]})
    taken(scene.announce(obj["id"]))
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


def test_what_the_announce_embeds_is_not_believed(scene):
    """It says that the post is public; its own host says otherwise."""
    obj = note(scene.pleroma, to=[FOLLOWERS])
    sent = taken(scene.announce({**obj, "to": [PUBLIC]}))
    scene.relay.wait_log("inbox", activity=sent.id, code="not-public", status=202)
    assert scene.got_announce(obj["id"]) == []


def gone(peer, obj):
    peer.publish({"id": obj["id"], "type": "Tombstone"}, 410)


def tombstone(peer, obj):
    peer.publish({"id": obj["id"], "type": "Tombstone", "to": [PUBLIC]})


def no_such(peer, obj):
    peer.publish(obj, 404)


def forbidden(peer, obj):
    peer.publish(obj, 403)


def other_id(peer, obj):
    peer.inner.documents[path_of(obj["id"])] = (200, {**obj, "id": obj["id"] + "-other"})


def an_activity(peer, obj):
    peer.publish({**obj, "type": "Create", "object": obj["id"] + "/o"})


def somebody_elses(peer, obj):
    peer.publish({**obj, "attributedTo": "https://example.org/users/bob"})


REFUSED = {
    gone: (202, "object-gone"),
    tombstone: (202, "object-gone"),
    no_such: (202, "object-gone"),
    forbidden: (403, "object-fetch"),
    other_id: (403, "object-document"),
    an_activity: (403, "object-document"),
    somebody_elses: (403, "origin"),
}


@pytest.mark.parametrize("lie", REFUSED, ids=lambda lie: lie.__name__)
def test_what_cannot_be_had_as_it_was_announced_goes_nowhere(scene, lie):
    status, code = REFUSED[lie]
    obj = note(scene.pleroma)
    lie(scene.pleroma, obj)
    sent = scene.announce(obj["id"])
    if status == 202:
        taken(sent)
        scene.relay.wait_log("inbox", activity=sent.id, code=code, status=202)
    else:
        refused(sent, status, code)
    assert scene.got_announce(obj["id"]) == []
    # the twin: put right, it goes out
    scene.pleroma.publish(obj)
    taken(scene.announce(obj["id"]))
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=429), Fault(cut=True)],
                         ids=lambda fault: fault.name)
def test_what_cannot_be_had_just_now_is_repeated_by_its_sender(scene, fault):
    obj = note(scene.pleroma)
    fault.path = path_of(obj["id"])
    scene.pleroma.faults.append(fault)
    sent = scene.announce(obj["id"])
    scene.pleroma.faults.remove(fault)
    refused(sent, 503, "object-unreachable")
    assert 20 <= int(sent.answer.headers["Retry-After"]) <= 60
    assert scene.got_announce(obj["id"]) == []
    again = taken(scene.pleroma.send(sent.activity, who="instance"))
    assert again.id == sent.id
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]


def test_one_that_lives_where_we_may_not_ask_is_refused(scene):
    refused(scene.announce("http://127.0.0.77:1/posts/1"), 403, "address")


def test_our_own_announces_are_not_announced_again(scene):
    refused(scene.announce(f"{scene.relay.url}/activities/announce-1"), 403, "self")


def test_who_is_no_relay_announces_to_its_followers_in_vain(own):
    """A person that follows our actor; a server that follows the public collection."""
    person, server = own.add(INTERNAL), own.add(INTERNAL)
    join_litepub(own.relay, person, who="alice")
    join(own.relay, server)
    for peer, who in ((person, "alice"), (server, "instance")):
        obj = note(peer)
        sent = taken(own.announce(obj["id"], peer=peer, who=who))
        own.relay.wait_log("inbox", activity=sent.id, code="not-public", status=202)
        assert peer.records.where(method="GET", path=path_of(obj["id"])) == []
        assert own.got_announce(obj["id"]) == []
    # the twin: as a relay, the same server may
    join_litepub(own.relay, server)
    obj = note(server)
    taken(own.announce(obj["id"], peer=server))
    assert own.blog in own.got_announce(obj["id"])


# --- taking back --------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False], ids=["embedded", "bare-id"])
def test_its_undo_takes_back_what_it_announced(scene, whole):
    obj = note(scene.pleroma)
    sent = taken(scene.announce(obj["id"]))
    told = scene.got_announce(obj["id"])
    assert told == [scene.blog, scene.wiki, scene.mobilizon]
    undo = activity(scene.pleroma, "Undo", sent.activity if whole else sent.id, "instance")
    taken(scene.pleroma.send(undo, who="instance"))
    assert scene.got_undo(obj["id"]) == told
    record = deliveries(scene.blog, activity__type="Undo")[-1]
    assert signed_by(scene.relay, record)
    assert record["did"] == "withdrawn"
    # in which our Announce is as it was
    assert activity_of(record)["object"]["object"] == obj["id"]
    assert obj["id"] not in scene.blog.inbox.posts


def test_an_undo_with_a_proof_takes_it_back_too(scene):
    """Its bytes would say nothing to anybody: what they know is our Announce."""
    obj = note(scene.pleroma)
    sent = taken(scene.announce(obj["id"]))
    told = scene.got_announce(obj["id"])
    undo = proved(scene.pleroma, activity(scene.pleroma, "Undo", sent.id, "instance"), "instance")
    taken(scene.pleroma.send(undo, who="instance"))
    assert scene.got_undo(obj["id"]) == told


def test_the_posts_own_deletion_takes_back_what_was_announced(scene):
    obj = note(scene.pleroma)
    taken(scene.announce(obj["id"]))
    told = scene.got_announce(obj["id"])
    scene.send("Delete", obj["id"], proof=False, peer=scene.pleroma)
    assert scene.got_undo(obj["id"]) == told


def test_the_posts_own_deletion_with_a_proof_goes_out_as_it_is_and_as_an_undo(scene):
    obj = note(scene.pleroma)
    taken(scene.announce(obj["id"]))
    assert scene.got_announce(obj["id"]) == [scene.blog, scene.wiki, scene.mobilizon]
    sent = scene.send("Delete", obj["id"], peer=scene.pleroma)
    assert scene.got(sent) == [scene.blog, scene.wiki]
    assert as_sent(scene.relay, received(scene.wiki, sent.id), sent)
    assert scene.got_undo(obj["id"]) == [scene.mobilizon]


# --- what it gets -------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
def test_a_post_reaches_it_as_an_announce(scene, proof):
    obj = note(scene.blog)
    sent = scene.send("Create", obj, proof=proof)
    for peer in (scene.pleroma, scene.mobilizon):
        record = announced(peer, obj["id"])
        assert signed_by(scene.relay, record)
        assert record["did"] == "fetched"
    # who follows the public collection gets the bytes where they can be believed
    assert scene.got(sent) == ([scene.wiki] if proof else [])
    others = [] if proof else [scene.wiki]
    assert scene.got_announce(obj["id"]) == [*others, scene.pleroma, scene.mobilizon]


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
@pytest.mark.parametrize("made_with", [True, False], ids=["made-with", "made-without"])
def test_a_deletion_reaches_it_as_an_undo(scene, made_with, proof):
    obj = note(scene.blog)
    scene.send("Create", obj, proof=made_with)
    assert scene.pleroma in scene.got_announce(obj["id"])
    sent = scene.send("Delete", {"id": obj["id"], "type": "Tombstone"}, proof=proof)
    undone = scene.got_undo(obj["id"])
    assert [p for p in undone if p is not scene.wiki] == [scene.pleroma, scene.mobilizon]
    assert (scene.wiki in undone) == (not made_with and not proof)
    assert scene.got(sent) == ([scene.wiki] if proof else [])
    assert obj["id"] not in scene.pleroma.inbox.posts


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
@pytest.mark.parametrize("kind", ["Update", "Move", "Add", "Remove", "Like"])
def test_what_no_announce_can_say_does_not_reach_it(scene, kind, proof):
    obj = note(scene.blog)
    if kind == "Update":
        scene.send("Create", obj)
        settle(scene.relay)
    before = {p: len(deliveries(p)) for p in (scene.pleroma, scene.mobilizon)}
    target = f"{scene.blog.origin}/users/alice/collections/featured"
    sent = scene.send(kind, obj, proof=proof, target=target)
    assert scene.got(sent) == ([scene.wiki] if proof else [])
    assert {p: len(deliveries(p)) for p in before} == before


def test_an_announce_with_a_proof_reaches_it_as_ours(scene):
    obj = note(scene.blog)
    sent = scene.send("Announce", obj["id"])
    assert scene.got(sent) == [scene.wiki]
    assert scene.got_announce(obj["id"]) == [scene.wiki, scene.pleroma, scene.mobilizon]
    record = announced(scene.pleroma, obj["id"])
    assert activity_of(record)["actor"] == scene.relay.actor
    undo = scene.send("Undo", sent.id)
    assert scene.got(undo) == [scene.wiki]
    assert scene.got_undo(obj["id"])[-2:] == [scene.pleroma, scene.mobilizon]


def test_it_is_told_of_a_post_once_however_often_that_is_announced(scene):
    obj = note(scene.blog)
    scene.send("Create", obj)
    received_by = scene.got_announce(obj["id"])
    assert received_by == [scene.pleroma, scene.mobilizon]
    boost = scene.send("Announce", obj["id"], peer=scene.wiki)
    assert scene.got(boost) == []  # the only other one wrote the post
    assert scene.got_announce(obj["id"]) == received_by


def test_a_partner_of_its_kind_gets_what_the_rules_allow(scene):
    tag = {"type": "Hashtag", "name": "#partners"}
    shared, inside = note(scene.blog, tag=[tag]), note(scene.blog)
    scene.send("Create", shared)
    scene.send("Create", inside)
    assert scene.got_announce(shared["id"]) == [scene.pleroma, scene.mobilizon, scene.akkoma]
    assert scene.got_announce(inside["id"]) == [scene.pleroma, scene.mobilizon]


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_what_others_write_and_is_not_public_does_not_reach_it(scene, name, proof):
    envelope = NOT_PUBLIC[name]
    obj = note(scene.blog, **envelope)
    sent = scene.send("Create", obj, proof=proof, **envelope)
    scene.relay.wait_log("inbox", activity=sent.id, code="not-public", status=202)
    assert scene.got(sent) == []
    assert scene.got_announce(obj["id"]) == []
