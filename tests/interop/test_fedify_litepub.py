"""Fedify joins in both styles and gets the same posts: as they were written where it follows the
public collection, as pointers of the relay's where it follows the relay's actor."""

import json

import pytest
from integration.relay import INTERNAL, wait_until
from peers.records import body_of

PATIENCE_S = 60
DEPARTMENT = "127.0.0.2"


@pytest.fixture(scope="module")
def members(relay, fedify, town):
    """One in each style on Fedify, a third that is a person, and a blog in Python."""
    public = fedify(DEPARTMENT)
    actor = fedify(DEPARTMENT, scheme="cavage", actor="Application")
    person = fedify(DEPARTMENT)
    joined(public, relay, "mastodon")
    joined(actor, relay, "litepub")
    joined(person, relay, "litepub")
    blog = town.add(INTERNAL)
    blog.follow(relay.actor)
    blog.records.wait_for(1, PATIENCE_S, activity__type="Accept", did="accepted")
    return public, actor, person, blog


def joined(peer, relay, style):
    sent = peer.do("follow", relay=relay.actor, style=style)
    assert sent["status"] == 202, sent
    arrived(peer, did="accepted")
    assert peer.do("state")["state"] == "accepted"


def arrived(peer, **wanted):
    found = peer.wait_for(1, PATIENCE_S, **wanted)
    assert found, f"not there: {wanted}; {[(r.get('activity'), r['did']) for r in peer.records()]}"
    return found[-1]


def holds(peer, post):
    return post in [held["id"] for held in peer.do("posts")["posts"]]


def test_an_application_is_followed_back_and_a_person_is_not(relay, members):
    public, actor, person, _ = members
    follow = arrived(actor, activity__type="Follow")
    assert follow["signature"]["signer"] == relay.actor
    assert follow["did"] == "answered: Accept"
    assert json.loads(body_of(follow))["object"] == actor.actor
    wait_until(lambda: followed_back(relay, actor) == ["accepted"], "the relay may follow")
    for peer in (public, person):
        assert peer.records(activity__type="Follow") == []


def followed_back(relay, peer):
    return [one["followBack"] for one in relay.told("member", "show", peer.host)["followers"]]


def test_the_same_posts_in_both_styles(relay, members):
    public, actor, person, blog = members
    for proof in (True, False):
        sent = blog.post("read by all", title="Both", proof=proof)
        assert sent.status == 202
        record = arrived(public, object=sent.object_id)
        assert record["activity"]["type"] == ("Create" if proof else "Announce")
        assert (body_of(record) == sent.request.body) == proof
        for peer in (actor, person):
            record = arrived(peer, object=sent.object_id)
            assert (record["activity"]["type"], record["did"]) == ("Announce", "fetched")
            assert record["signature"]["signer"] == relay.actor
        assert all(holds(peer, sent.object_id) for peer in (public, actor, person))


def test_what_was_deleted_goes_in_both_styles(relay, members):
    public, actor, person, blog = members
    sent = blog.post("soon gone", title="Gone", proof=True)
    announces = {peer.host: arrived(peer, object=sent.object_id)["activity"]["id"]
                 for peer in (actor, person)}
    arrived(public, object=sent.object_id)
    delete = blog.remove(sent.object_id, proof=True)
    record = arrived(public, activity__id=delete.id)
    assert (record["did"], body_of(record)) == ("deleted", delete.request.body)
    for peer in (actor, person):
        record = arrived(peer, activity__type="Undo", object=announces[peer.host])
        assert record["did"] == "withdrawn"
        assert not holds(peer, sent.object_id)


def test_a_pointer_of_a_relay_actor_reaches_both_styles(relay, members):
    """Addressed to its followers alone, as Pleroma does; public, as the relay found by reading."""
    public, actor, person, blog = members
    sent = actor.do("point", text="pointed at", title="Pointer")
    assert sent["status"] == 202, sent
    for peer in (public, person):
        record = arrived(peer, object=sent["object"])
        assert (record["activity"]["type"], record["did"]) == ("Announce", "fetched")
        assert record["signature"]["signer"] == relay.actor
    blog.records.wait_for(1, PATIENCE_S, activity__object=sent["object"])
    assert actor.records(object=sent["object"], activity__type="Announce") == []


def test_a_pointer_of_a_person_to_its_followers_stays_where_it_is(relay, members):
    """Only a relay's actor means everybody by its followers. A person's post is thanked for, as
    any that is not meant for us, and goes nowhere."""
    public, actor, person, _ = members
    sent = person.do("point", text="for my followers", title="Mine")
    assert sent["knocks"][-1]["status"] == 202
    assert [line["code"] for line in relay.wait_log("inbox", activity=sent["id"])] == ["not-public"]
    after = person.do("post", text="for all", title="Ours")
    for peer in (public, actor):
        arrived(peer, object=after["object"])
        assert peer.records(object=sent["object"]) == []
