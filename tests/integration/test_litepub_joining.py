"""Joining the other way, by following the relay's actor: Pleroma, Akkoma, Mobilizon, GoToSocial;
and several actors of one server. Told by the members' records."""

import http.client
import json

import pytest

from integration.acts import (accepted, activity, activity_of, announced, as_sent, deliveries,
                              follow, join, received, refused, rejected, server, settle,
                              signed_by)
from integration.doors import Door
from integration.relay import GUEST, PATIENCE_S, Relay, wait_until
from peers.wire import PUBLIC

MACHINES = ["Application", "Service"]
PEOPLE = ["Person", "Group"]


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("litepub")) as relay:
        yield relay


def joined(relay, town, **how):
    """A server that follows the relay's actor, has its Accept, and was followed back."""
    peer = server(town, **how)
    assert peer.follow(relay.actor, style="litepub").status == 202
    accepted(peer)
    asked(peer)
    return peer


def asked(peer, count=1):
    """Our Follow of it, as it was recorded; the newest of so many."""
    return peer.records.wait_for(count, PATIENCE_S, activity__type="Follow", method="POST")[-1]


def back_is(relay, peer, state, place=0):
    wait_until(lambda: relay.follower(peer.host, place)["followBack"] == state,
               f"the Follow back is {state}")


def undone(peer):
    """Our Undo of our Follow, as it was recorded."""
    return peer.records.wait_for(timeout=PATIENCE_S, activity__type="Undo", did="unfollowed")[-1]


def send(relay, request):
    """Status and problem document of a request that is signed already."""
    line = http.client.HTTPConnection(relay.host, timeout=30)
    line.request(request.method, request.target, request.body, dict(request.headers))
    answer = line.getresponse()
    body = answer.read()
    line.close()
    return answer.status, json.loads(body) if answer.status >= 400 else None


# --- joining ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MACHINES)
def test_a_relay_actor_that_follows_ours_is_accepted_and_followed_back(relay, town, kind):
    pleroma = server(town, instance=kind)
    sent = pleroma.follow(relay.actor, style="litepub")
    assert sent.status == 202
    record = accepted(pleroma)
    assert signed_by(relay, record)
    assert activity_of(record)["object"] == sent.activity
    ours = asked(pleroma)
    assert signed_by(relay, ours)
    whole = activity_of(ours)
    me = pleroma.actors["instance"].id
    assert (whole["type"], whole["actor"], whole["object"], whole["to"]) == (
        "Follow", relay.actor, me, [me])
    assert whole["id"].startswith(f"http://{relay.host}/activities/follow-")
    assert record["n"] < ours["n"]
    back_is(relay, pleroma, "accepted")
    assert relay.member(pleroma.host)["state"] == "active"
    assert relay.member(pleroma.host)["followers"] == [
        {"actor": me, "style": "litepub", "inbox": f"{pleroma.origin}/inbox",
         "followBack": "accepted"}]


@pytest.mark.parametrize("kind", PEOPLE)
def test_people_and_groups_are_accepted_and_not_followed_back(relay, town, kind):
    peer = server(town, instance=kind)
    assert peer.follow(relay.actor, style="litepub").status == 202
    accepted(peer)
    settle(relay)
    assert deliveries(peer, activity__type="Follow") == []
    assert relay.follower(peer.host)["followBack"] == "none"
    # and there is nothing to take back when it leaves
    assert peer.unfollow().status == 202
    settle(relay)
    assert deliveries(peer, activity__type="Undo") == []


def test_who_follows_the_public_collection_is_not_followed_back(relay, town):
    blog, = join(relay, server(town))
    settle(relay)
    assert deliveries(blog, activity__type="Follow") == []


def test_a_guest_is_followed_back_when_it_was_approved(relay, town):
    guest = server(town, GUEST)
    assert guest.follow(relay.actor, style="litepub").status == 202
    assert relay.state(guest.host) == "pending"
    settle(relay)
    assert deliveries(guest) == []
    relay.told("member", "accept", guest.host, "--reason", "a test")
    inner = activity_of(accepted(guest))["object"]
    assert (inner["id"], inner["object"]) == (guest.inbox.followed["id"], relay.actor)
    asked(guest)
    back_is(relay, guest, "accepted")


# --- the answer to our Follow -------------------------------------------------------------------


@pytest.mark.parametrize("answers, state", [
    ("embedded", "accepted"), ("id", "accepted"), ("reject", "rejected"), ("nothing", "asked"),
])
def test_the_answer_to_our_follow_is_remembered(relay, town, answers, state):
    pleroma = joined(relay, town, answers=answers)
    back_is(relay, pleroma, state)
    assert relay.state(pleroma.host) == "active"  # whatever it says to that, it follows us


def test_an_answer_can_be_taken_back_and_given_again(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    ours = activity_of(asked(pleroma))
    for kind, state in (("Reject", "rejected"), ("Accept", "accepted")):
        assert pleroma.answer(ours, relay.actor, kind, embedded=False).status == 202
        assert relay.follower(pleroma.host)["followBack"] == state
    again = pleroma.answer(ours, relay.actor, "Accept")
    assert again.status == 202
    relay.wait_log("inbox", activity=again.id, code="duplicate", status=202)


def test_nobody_else_can_answer_for_it(relay, town):
    pleroma = joined(relay, town, answers="nothing")
    other, = join(relay, server(town))
    ours = activity_of(asked(pleroma))
    for peer, who in ((pleroma, "alice"), (other, "instance")):
        for obj in (ours, ours["id"]):
            sent = peer.send(activity(peer, "Accept", obj, who), relay.inbox, who)
            assert sent.status == 202  # nothing is asked of it
            relay.wait_log("inbox", activity=sent.id, code="not-relayed", status=202)
    assert relay.follower(pleroma.host)["followBack"] == "asked"
    # the twin: it can itself
    assert pleroma.answer(ours, relay.actor, "Accept").status == 202
    assert relay.follower(pleroma.host)["followBack"] == "accepted"


def test_an_accept_of_what_we_did_not_ask_changes_nothing(relay, town):
    pleroma = joined(relay, town, answers="nothing")
    ours = activity_of(asked(pleroma))
    for obj in (ours["id"] + "0", {**ours, "id": f"{pleroma.origin}/x"},
                {"type": "Follow", "actor": relay.actor, "object": pleroma.actors["alice"].id}):
        sent = pleroma.send(activity(pleroma, "Accept", obj, "instance"), relay.inbox, "instance")
        assert sent.status == 202
    assert relay.follower(pleroma.host)["followBack"] == "asked"


# --- again --------------------------------------------------------------------------------------


def test_the_same_follow_once_more_asks_nothing_that_was_answered(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    assert pleroma.send(pleroma.inbox.followed["activity"], who="instance").status == 202
    accepted(pleroma, 2)
    settle(relay)
    assert len(deliveries(pleroma, activity__type="Follow")) == 1


def test_another_follow_begins_anew(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    first = activity_of(asked(pleroma))["id"]
    assert pleroma.follow(relay.actor, style="litepub").status == 202
    second = activity_of(asked(pleroma, 2))["id"]
    assert first != second
    back_is(relay, pleroma, "accepted")
    assert len(relay.member(pleroma.host)["followers"]) == 1


# --- leaving ------------------------------------------------------------------------------------


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "bare-id"])
def test_who_leaves_is_not_followed_any_more(relay, town, embedded):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    ours = activity_of(asked(pleroma))
    assert pleroma.unfollow(embedded).status == 202
    assert relay.state(pleroma.host) == "left"
    record = undone(pleroma)
    assert signed_by(relay, record)
    assert activity_of(record)["object"] == {
        name: value for name, value in ours.items() if name != "@context"}
    assert pleroma.inbox.followers == {}
    # it may come back, and is asked under a new id
    assert pleroma.follow(relay.actor, style="litepub").status == 202
    assert activity_of(asked(pleroma, 2))["id"] != ours["id"]
    back_is(relay, pleroma, "accepted")


def test_who_rejected_us_is_not_told_that_we_left(relay, town):
    pleroma = joined(relay, town, answers="reject")
    back_is(relay, pleroma, "rejected")
    assert pleroma.unfollow().status == 202
    settle(relay)
    assert deliveries(pleroma, activity__type="Undo") == []


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "bare-id"])
def test_nobody_else_can_undo_it(relay, town, embedded):
    pleroma = joined(relay, town)
    refused(pleroma.unfollow(embedded, who="alice"), 403, "origin" if embedded else "not-owner")
    assert relay.state(pleroma.host) == "active"


def test_an_operator_who_removes_it_sends_a_reject_and_takes_our_follow_back(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    relay.told("member", "remove", pleroma.host)
    assert activity_of(rejected(pleroma))["object"]["object"] == relay.actor
    undone(pleroma)
    assert relay.follower(pleroma.host)["followBack"] == "none"


def test_suspending_it_says_nothing(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    before = len(deliveries(pleroma))
    relay.told("member", "suspend", pleroma.host, "--reason", "a test")
    relay.told("member", "resume", pleroma.host)
    settle(relay)
    assert len(deliveries(pleroma)) == before
    assert relay.follower(pleroma.host)["followBack"] == "accepted"


# --- several of one server ----------------------------------------------------------------------


def test_several_actors_of_one_server_follow_and_the_last_one_ends_it(relay, town):
    peer = joined(relay, town)
    del peer.document(peer.actors["alice"].id)["endpoints"]
    theirs = peer.inbox.followed
    assert follow(relay, peer, who="alice").status == 202
    record = accepted(peer, 2)
    assert record["path"] == "/users/alice/inbox"
    found = relay.member(peer.host)["followers"]
    assert [(f["style"], f["inbox"]) for f in found] == [
        ("litepub", f"{peer.origin}/inbox"), ("public", f"{peer.origin}/users/alice/inbox")]
    # alice leaves, the server stays
    assert peer.unfollow(who="alice").status == 202
    assert relay.state(peer.host) == "active"
    assert [f["style"] for f in relay.member(peer.host)["followers"]] == ["litepub"]
    assert peer.unfollow(who="alice").status == 202  # once more is no error
    peer.inbox.followed = theirs
    assert peer.unfollow().status == 202
    assert relay.state(peer.host) == "left"
    undone(peer)


def test_an_operator_who_removes_a_server_tells_every_follower(relay, town):
    peer = joined(relay, town)
    assert follow(relay, peer, who="alice").status == 202
    accepted(peer, 2)
    relay.told("member", "remove", peer.host)
    found = peer.records.wait_for(2, PATIENCE_S, activity__type="Reject")
    assert {activity_of(one)["to"][0] for one in found} == {
        peer.actors["instance"].id, peer.actors["alice"].id}


def test_one_actor_may_follow_both_ways_and_leave_one(relay, town):
    peer = joined(relay, town)
    assert follow(relay, peer).status == 202
    accepted(peer, 2)
    assert [f["style"] for f in relay.member(peer.host)["followers"]] == ["litepub", "public"]
    assert peer.unfollow().status == 202
    assert [f["style"] for f in relay.member(peer.host)["followers"]] == ["litepub"]
    settle(relay)
    assert deliveries(peer, activity__type="Undo") == []


def test_a_server_with_too_many_followers_is_told_so(relay):
    """Sixteen of one server, no more; who is there stays, and who leaves makes room."""
    with Door() as door:
        authors = [door.author() for _ in range(17)]
        answers = [send(relay, door.follow(relay, author)) for author in authors]
        assert [status for status, _ in answers] == [202] * 16 + [403]
        assert answers[-1][1]["code"] == "followers"
        assert len(relay.member(door.host)["followers"]) == 16
        undo = door.activity(authors[0], "Undo", object={
            "type": "Follow", "actor": authors[0].id, "object": PUBLIC})
        assert send(relay, door.request(relay, authors[0], undo))[0] == 202
        assert send(relay, door.follow(relay, authors[16]))[0] == 202


# --- what people see ----------------------------------------------------------------------------


def test_an_operator_sees_who_follows_and_how(relay, town):
    pleroma = joined(relay, town)
    back_is(relay, pleroma, "accepted")
    assert follow(relay, pleroma, who="alice").status == 202
    shown = relay.verb("member", "show", pleroma.host).out
    instance, alice = (pleroma.actors[name].id for name in ("instance", "alice"))
    assert f"follower   {instance} (litepub, follow back: accepted)" in shown
    assert f"follower   {alice} (public)" in shown
    assert shown.count(f"  inbox    {pleroma.origin}/inbox") == 2


@pytest.mark.parametrize("name", ["followers", "following"])
def test_our_collections_are_there_for_who_asks(relay, town, name):
    """Pleroma reads both before it believes in an actor."""
    peer = server(town)
    url = peer.fetch(relay.actor)[name]
    found = peer.fetch(url, signed=False)
    assert (found["id"], found["type"]) == (url, "OrderedCollection")
    assert isinstance(found["totalItems"], int)
    assert "orderedItems" not in found and "first" not in found


# --- what each of them gets ---------------------------------------------------------------------


def test_each_inbox_of_a_server_gets_a_post_once_and_in_its_own_form(relay, town):
    """The server itself follows our actor; alice, with an inbox of her own, the public collection."""
    peer = joined(relay, town)
    del peer.document(peer.actors["alice"].id)["endpoints"]
    assert follow(relay, peer, who="alice").status == 202
    accepted(peer, 2)
    author, = join(relay, server(town))
    sent = author.post("for both")
    theirs = announced(peer, sent.object_id)
    hers = received(peer, sent.id)
    settle(relay)
    assert (theirs["path"], hers["path"]) == ("/inbox", "/users/alice/inbox")
    assert as_sent(relay, hers, sent)
    assert signed_by(relay, theirs)
    assert len(deliveries(peer, activity__object=sent.object_id)) == 2


def test_followers_in_both_styles_at_one_inbox_get_a_post_once(relay, town):
    peer = joined(relay, town)
    assert follow(relay, peer, who="alice").status == 202
    accepted(peer, 2)
    author, = join(relay, server(town))
    sent = author.post("for both")
    assert as_sent(relay, received(peer, sent.id), sent)
    settle(relay)
    assert len(deliveries(peer, activity__object=sent.object_id)) == 1


def test_who_left_an_inbox_gets_nothing_more_there(relay, town):
    peer = joined(relay, town)
    del peer.document(peer.actors["alice"].id)["endpoints"]
    assert follow(relay, peer, who="alice").status == 202
    accepted(peer, 2)
    assert peer.unfollow(who="alice").status == 202
    author, = join(relay, server(town))
    sent = author.post("for one")
    announced(peer, sent.object_id)
    settle(relay)
    assert [r["path"] for r in deliveries(peer, activity__object=sent.object_id)] == ["/inbox"]
