"""How a server becomes a member, stays one, and stops being one; told by the members' records."""

import datetime
import json
import time

import pytest

from integration.acts import (accepted, activity, activity_of, code_of, deliveries, follow, join,
                              received, refused, rejected, send_bytes, send_follow, server, settle,
                              signed_by)
from integration.relay import GUEST, PARTNER, STRANGER, Relay, wait_until
from peers.records import body_of
from peers.wire import PUBLIC


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("joining")) as relay:
        yield relay


def soon(seconds):
    """A moment so far ahead, as an operator writes it, and in seconds since 1970."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    when = when.replace(microsecond=0) + datetime.timedelta(seconds=1)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ"), when.timestamp()


def ends_in(relay, peer, seconds):
    """An operator gives the member an end date; answers when that is."""
    until, when = soon(seconds)
    relay.told("member", "invite", peer.host, "--until", until)
    return when


def invited(relay, town, *how, zone="partners", address=PARTNER):
    peer = server(town, address)
    relay.told("member", "invite", peer.host, "--zone", zone, *how)
    return peer


# --- the Follow, in its shapes ------------------------------------------------------------------


@pytest.mark.parametrize("public, to", [
    (PUBLIC, None), (PUBLIC, PUBLIC), (PUBLIC, "the relay"), (PUBLIC, [PUBLIC]),
    (PUBLIC, ["the relay", PUBLIC]), ("as:Public", None), ("Public", [PUBLIC]), ("as:public", None),
], ids=["no-to", "to-public", "to-relay", "to-list", "to-both", "as-Public", "Public", "as-public"])
def test_a_follow_of_the_public_collection_makes_a_member(relay, town, public, to):
    blog = server(town)
    to = json.loads(json.dumps(to).replace("the relay", relay.actor))
    sent = follow(relay, blog, public, to=to)
    assert sent.status == 202
    record = accepted(blog)
    accept = activity_of(record)
    assert signed_by(relay, record)
    assert (accept["actor"], accept["to"]) == (relay.actor, [blog.actors["instance"].id])
    assert accept["object"] == sent.activity
    assert relay.state(blog.host) == "active"


def test_the_actor_of_a_follow_may_be_embedded(relay, town):
    blog = server(town)
    actor = blog.document(blog.actors["instance"].id)
    sent = follow(relay, blog, actor={"id": actor["id"], "type": actor["type"]})
    assert sent.status == 202
    assert activity_of(accepted(blog))["object"] == sent.activity


def test_an_embedded_actor_who_is_not_the_signer_is_refused(relay, town):
    blog, wiki = server(town), server(town)
    sent = follow(relay, blog, actor={"id": wiki.actors["instance"].id, "type": "Application"})
    refused(sent, 401, "actor-not-signer")
    assert relay.state(blog.host) is None


@pytest.mark.parametrize("kind", ["Application", "Service", "Person", "Group"])
def test_whatever_type_of_actor_may_follow(relay, town, kind):
    blog = server(town)
    blog.document(blog.actors["instance"].id)["type"] = kind
    assert follow(relay, blog).status == 202
    accepted(blog)


def test_an_actor_without_endpoints_gets_its_mail_at_its_own_inbox(relay, town):
    blog = server(town)
    document = blog.document(blog.actors["alice"].id)
    del document["endpoints"]
    assert follow(relay, blog, who="alice").status == 202
    assert accepted(blog)["path"] == "/users/alice/inbox"
    assert relay.follower(blog.host)["inbox"] == document["inbox"]


def test_an_actor_with_a_shared_inbox_gets_its_mail_there(relay, town):
    blog = server(town)
    assert follow(relay, blog, who="alice").status == 202
    assert accepted(blog)["path"] == "/inbox"


def test_an_accept_holds_the_follow_byte_for_byte(relay, town):
    blog = server(town)
    whole = activity(blog, "Follow", PUBLIC, "instance", id=f"{blog.origin}/f/%41?a=1&b=%c3%a9",
                     summary="Grüße\u2028")
    text = json.dumps(whole, ensure_ascii=False, indent=1).replace('": ', '"\t:  ')
    blog.inbox.followed = {"id": whole["id"], "actor": relay.actor, "state": "asked"}
    assert send_bytes(relay, blog, text.encode("utf-8"), "instance").status == 202
    assert text.encode("utf-8") in body_of(accepted(blog))


def test_a_follow_again_is_accepted_again_under_its_own_new_id(relay, town):
    blog = server(town)
    first = follow(relay, blog)
    one = activity_of(accepted(blog))
    second = follow(relay, blog, id=f"{blog.origin}/activities/follow-relay/9a")
    two = activity_of(accepted(blog, 2))
    assert (first.status, second.status) == (202, 202)
    assert (one["object"]["id"], two["object"]["id"]) == (first.id, second.id)
    assert one["id"] != two["id"]
    assert relay.state(blog.host) == "active"


def test_the_same_follow_once_more_is_accepted_once_more(relay, town):
    blog = server(town)
    sent = follow(relay, blog)
    accepted(blog)
    assert send_follow(relay, blog, sent.activity).status == 202
    accepted(blog, 2)


@pytest.mark.parametrize("what", ["https://www.w3.org/ns/activitystreams#Private",
                                  "$relay/actor#", "$relay/actor/", "$relay/inbox", "$relay"])
def test_a_follow_of_anything_else_is_not_implemented(relay, town, what):
    blog = server(town)
    problem = refused(follow(relay, blog, what.replace("$relay", f"http://{relay.host}")), 501,
                      "not-implemented")
    assert PUBLIC in problem["detail"]
    assert relay.state(blog.host) is None


def test_an_inbox_on_another_host_is_refused(relay, town):
    blog, victim = server(town), server(town)
    document = blog.document(blog.actors["instance"].id)
    document.update(endpoints={}, inbox=f"{victim.origin}/inbox")
    refused(follow(relay, blog), 403, "inbox-foreign")
    assert relay.state(blog.host) is None
    settle(relay)
    assert deliveries(victim) == []


def test_a_shared_inbox_on_another_host_is_not_used(relay, town):
    blog, victim = server(town), server(town)
    document = blog.document(blog.actors["instance"].id)
    document["endpoints"]["sharedInbox"] = f"{victim.origin}/inbox"
    assert follow(relay, blog).status == 202
    accepted(blog)
    assert relay.follower(blog.host)["inbox"] == f"{blog.origin}/inbox"
    assert deliveries(victim) == []


# --- leaving ------------------------------------------------------------------------------------


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "bare-id"])
def test_an_undo_of_the_follow_ends_the_membership(relay, town, embedded):
    blog, wiki = join(relay, server(town), server(town))
    assert blog.unfollow(embedded).status == 202
    assert relay.state(blog.host) == "left"
    refused(blog.post("I am still here"), 403, "not-member")
    sent = wiki.post("without the blog")
    settle(relay)
    assert deliveries(blog, activity__id=sent.id) == []


def test_who_left_may_come_back_and_gets_what_is_new(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    blog.unfollow()
    missed = wiki.post("while it was away")
    follow(relay, blog)
    accepted(blog, 2)
    sent = wiki.post("welcome back")
    received(blog, sent.id)
    assert deliveries(blog, activity__id=missed.id) == []


def test_an_undo_sent_twice_changes_nothing_and_is_no_error(relay, town):
    blog, = join(relay, server(town))
    assert [blog.unfollow().status, blog.unfollow().status] == [202, 202]
    assert relay.state(blog.host) == "left"


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "bare-id"])
def test_an_undo_by_another_person_of_the_same_server_fails(relay, town, embedded):
    blog, = join(relay, server(town))
    sent = blog.unfollow(embedded, who="alice")
    refused(sent, 403, "origin" if embedded else "not-owner")
    assert relay.state(blog.host) == "active"


def test_an_undo_of_somebodys_own_follow_of_something_else_is_not_the_servers(relay, town):
    blog, = join(relay, server(town))
    other = activity(blog, "Follow", f"{blog.origin}/users/bob", "alice")
    refused(blog.send(activity(blog, "Undo", other, "alice"), relay.inbox), 403, "not-owner")
    assert relay.state(blog.host) == "active"


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "bare-id"])
def test_an_undo_by_another_server_fails(relay, town, embedded):
    blog, wiki = join(relay, server(town), server(town))
    whole = blog.inbox.followed["activity"]
    sent = wiki.send(activity(wiki, "Undo", whole if embedded else whole["id"], "instance"),
                     relay.inbox, "instance")
    refused(sent, 403, "origin")
    assert (relay.state(blog.host), relay.state(wiki.host)) == ("active", "active")


# --- zones that are joined in other ways --------------------------------------------------------


def test_who_needs_approval_waits_for_an_operator_and_is_then_accepted(relay, town):
    guest = server(town, GUEST)
    sent = follow(relay, guest)
    assert sent.status == 202
    assert relay.state(guest.host) == "pending"
    refused(guest.post("too early"), 403, "pending")
    settle(relay)
    assert deliveries(guest) == []
    assert relay.told("member", "accept", guest.host, "--reason", "a test")["state"] == "active"
    accept = activity_of(accepted(guest))
    # Misskey looks for the Follow's id and actor inside, Mastodon for its id.
    inner = accept["object"]
    assert (inner["id"], inner["actor"]) == (sent.id, guest.actors["instance"].id)
    assert guest.post("now it is fine").status == 202


def test_who_is_not_approved_is_rejected_on_the_wire_and_stays_out(relay, town):
    guest = server(town, GUEST)
    sent = follow(relay, guest)
    assert relay.told("member", "reject", guest.host, "--reason", "a test")["state"] == "removed"
    record = rejected(guest)
    assert signed_by(relay, record)
    assert activity_of(record)["object"]["id"] == sent.id
    refused(follow(relay, guest), 403, "removed")
    assert [r["activity"]["type"] for r in deliveries(guest)] == ["Reject"]


def test_a_zone_by_invitation_refuses_who_was_not_invited(relay, town):
    partner = server(town, PARTNER)
    refused(follow(relay, partner), 403, "not-invited")
    assert relay.state(partner.host) is None
    settle(relay)
    assert deliveries(partner) == []


def test_a_zone_by_invitation_accepts_who_was_invited(relay, town):
    partner = server(town, PARTNER)
    found = relay.told("member", "invite", partner.host)
    assert (found["state"], found["zone"]) == ("invited", "partners")
    refused(partner.post("not yet", inbox=relay.inbox), 403, "not-member")
    join(relay, partner)
    assert relay.state(partner.host) == "active"
    assert partner.post("thank you").status == 202


def test_who_was_invited_into_a_zone_needs_no_pattern_that_fits(relay, town):
    stranger = invited(relay, town, address=STRANGER)
    blog, = join(relay, server(town))
    join(relay, stranger)
    assert relay.member(stranger.host)["zone"] == "partners"
    shared, inside = blog.post("for all", tags=["partners"]), blog.post("for us")
    received(stranger, shared.id)
    settle(relay)
    assert deliveries(stranger, activity__id=inside.id) == []
    received(blog, stranger.post("hello").id)


def test_an_operator_may_invite_into_another_zone_than_the_patterns_say(relay, town):
    partner = invited(relay, town, zone="internal")
    blog, _ = join(relay, server(town), partner)
    received(partner, blog.post("for us").id)


def test_an_invitation_needs_a_zone_that_there_is(relay):
    done = relay.verb("member", "invite", "127.0.0.9:1", "--zone", "inside")
    assert done.code == 1
    assert "there is no such zone" in done.err


def test_an_invitation_of_a_host_that_fits_no_zone_needs_a_zone(relay):
    done = relay.verb("member", "invite", "127.0.0.9:1")
    assert done.code == 1
    assert "fits no zone" in done.err


@pytest.mark.parametrize("until", ["tomorrow", "2027-13-01", "2027-02-30", "12"])
def test_an_end_date_must_be_a_date(relay, until):
    done = relay.verb("member", "invite", "127.0.0.3:1", "--until", until)
    assert done.code == 1
    assert "2027-04-30" in done.err


def test_a_day_as_end_date_is_shown_as_it_was_given(relay, town):
    partner = invited(relay, town, "--until", "2033-04-30")
    assert relay.member(partner.host)["until"].startswith("2033-04-30")


# --- strangers ----------------------------------------------------------------------------------


def test_a_stranger_is_refused_before_anything_is_fetched_from_it(relay, town):
    stranger = server(town, STRANGER)
    refused(follow(relay, stranger), 403, "no-zone")
    refused(stranger.post("let me in", inbox=relay.inbox), 403, "no-zone")
    settle(relay)
    assert len(stranger.records) == 0
    assert relay.state(stranger.host) is None


def test_from_a_member_to_be_its_key_is_fetched_signed_by_the_relay(relay, town):
    blog, = join(relay, server(town))
    fetched = blog.records.where(method="GET")
    assert [record["path"] for record in fetched] == ["/actor"]
    names = {name.lower() for name, _ in fetched[0]["headers"]}
    assert "signature" in names


# --- the end date -------------------------------------------------------------------------------


def test_an_end_date_ends_deliveries_and_sends_a_reject(relay, town):
    blog, = join(relay, server(town))
    partner = invited(relay, town, "--until", "2033-04-30")
    lasting = invited(relay, town)
    join(relay, partner, lasting)
    before = blog.post("while it lasts", tags=["partners"])
    received(partner, before.id)
    assert partner.post("we are here").status == 202
    when = ends_in(relay, partner, 4)
    record = rejected(partner)
    assert when <= record["at"] < when + 60
    assert signed_by(relay, record)
    assert activity_of(record)["object"]["id"] == partner.inbox.followed["id"]
    assert relay.state(partner.host) == "expired"
    after = blog.post("when it was over", tags=["partners"])
    received(lasting, after.id)
    settle(relay)
    assert deliveries(partner, activity__id=after.id) == []
    refused(partner.post("are you still there?"), 403, "expired")
    refused(follow(relay, partner), 403, "expired")
    assert lasting.post("we are").status == 202


def test_an_invitation_that_was_not_taken_up_ends_too(relay, town):
    until, _ = soon(4)
    partner = invited(relay, town, "--until", until)
    wait_until(lambda: relay.state(partner.host) == "expired", "the invitation has ended")
    refused(follow(relay, partner), 403, "expired")


def test_a_new_invitation_gives_a_later_end(relay, town):
    partner = invited(relay, town)
    join(relay, partner)
    when = ends_in(relay, partner, 6)
    relay.told("member", "invite", partner.host, "--until", "2033-04-30")
    # the first end date has to pass: nothing happens then
    time.sleep(max(0, when - time.time()) + 1)
    assert relay.state(partner.host) == "active"
    assert [r["activity"]["type"] for r in deliveries(partner)] == ["Accept"]


def test_an_expired_member_may_be_invited_again(relay, town):
    partner = invited(relay, town)
    join(relay, partner)
    ends_in(relay, partner, 4)
    rejected(partner)
    relay.told("member", "invite", partner.host, "--until", "2033-04-30")
    assert follow(relay, partner).status == 202
    accepted(partner, 2)


# --- suspend, resume, remove --------------------------------------------------------------------


def test_a_suspended_member_is_refused_and_gets_nothing(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    assert relay.told("member", "suspend", blog.host, "--reason", "a test")["state"] == "suspended"
    refused(blog.post("may I?"), 403, "suspended")
    refused(follow(relay, blog), 403, "suspended")
    sent = wiki.post("without the blog")
    settle(relay)
    assert deliveries(blog, activity__id=sent.id) == []


def test_suspending_and_resuming_say_nothing_on_the_wire(relay, town):
    blog, = join(relay, server(town))
    relay.told("member", "suspend", blog.host, "--reason", "a test")
    relay.told("member", "resume", blog.host)
    settle(relay)
    assert [r["activity"]["type"] for r in deliveries(blog)] == ["Accept"]


def test_after_resuming_what_waited_from_before_goes_out_and_nothing_from_meanwhile(relay, town):
    blog, wiki, other = join(relay, server(town), server(town), server(town))
    blog.down()
    waiting = [wiki.post(f"before {n}") for n in range(3)]
    received(other, waiting[-1].id)
    relay.told("member", "suspend", blog.host, "--reason", "a test")
    blog.up()
    during = [wiki.post(f"during {n}") for n in range(3)]
    received(other, during[-1].id)
    settle(relay)
    assert deliveries(blog, activity__type="Create") == []
    relay.told("member", "resume", blog.host)
    after = wiki.post("after")
    received(blog, after.id)
    settle(relay)
    found = [r["activity"]["id"] for r in deliveries(blog, activity__type="Create")]
    assert found[0] == waiting[0].id  # later ones may be under way together
    assert sorted(found) == sorted(sent.id for sent in (*waiting, after))


def test_a_resumed_member_is_heard_again(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    relay.told("member", "suspend", blog.host, "--reason", "a test")
    relay.told("member", "resume", blog.host)
    received(wiki, blog.post("thank you").id)


def test_a_removed_member_is_told_so_and_is_refused(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    assert relay.told("member", "remove", blog.host)["state"] == "removed"
    record = rejected(blog)
    assert signed_by(relay, record)
    assert activity_of(record)["object"]["id"] == blog.inbox.followed["id"]
    refused(blog.post("what did I do?"), 403, "removed")
    refused(follow(relay, blog), 403, "removed")
    sent = wiki.post("without the blog")
    settle(relay)
    assert deliveries(blog, activity__id=sent.id) == []


def test_what_waited_for_a_removed_member_is_not_sent_any_more(relay, town):
    blog, wiki, other = join(relay, server(town), server(town), server(town))
    blog.down()
    sent = wiki.post("it was for you, too")
    received(other, sent.id)
    relay.told("member", "remove", blog.host)
    blog.up()
    rejected(blog)
    settle(relay)
    assert deliveries(blog, activity__id=sent.id) == []


def test_a_removed_member_may_be_invited_again(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    relay.told("member", "remove", blog.host)
    rejected(blog)
    relay.told("member", "invite", blog.host)
    follow(relay, blog)
    accepted(blog, 2)
    received(blog, wiki.post("good to see you").id)


def test_a_letter_for_a_person_of_the_relay_is_not_misread_as_a_follow(relay, town):
    """A Block or an Accept of nothing of ours is not relayed, and makes nobody a member."""
    blog, wiki = join(relay, server(town), server(town))
    answer = send_bytes(relay, blog, json.dumps(activity(blog, "Block", wiki.origin)).encode())
    assert (answer.status, code_of(answer)) == (202, None)
    settle(relay)
    assert deliveries(wiki, activity__type="Block") == []
