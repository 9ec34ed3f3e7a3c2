"""The real relay between real Fedify servers: what they believe is their own verdict, not ours."""

import json
import time

import pytest
from integration.relay import INTERNAL, wait_until
from peers import keys
from peers.records import body_of
from peers.signing import digest, sign_cavage
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request, http_date, id_of
from peers.wire import parse_http_date

PATIENCE_S = 60
DEPARTMENT, GUEST = "127.0.0.2", "127.0.0.5"


@pytest.fixture(scope="module")
def members(relay, fedify, town):
    """Two departments on Fedify and one in Python, all of them members."""
    north, south = fedify(DEPARTMENT), fedify(DEPARTMENT, scheme="cavage")
    blog = town.add(INTERNAL)
    for peer in (north, south):
        joined(peer, relay)
    blog.follow(relay.actor)
    blog.records.wait_for(1, PATIENCE_S, activity__type="Accept", did="accepted")
    return north, south, blog


def joined(peer, relay, **how):
    """Follows; answers what was sent and the record of the Accept that it got for it."""
    sent = peer.do("follow", relay=relay.actor, **how)
    assert sent["status"] == 202, sent
    accept = wait_until(
        lambda: [r for r in peer.records(activity__type="Accept")
                 if read(r)["object"]["id"] == sent["id"]],
        "an Accept",
    )[0]
    return sent, accept


def arrived(peer, **wanted):
    found = peer.wait_for(1, PATIENCE_S, **wanted)
    assert found, f"not there: {wanted}"
    return found[-1]


def read(record):
    return json.loads(body_of(record))


def by_relay(record, relay):
    """Fedify's word that the relay signed this, and that the body is what was signed."""
    assert record["signature"] == {
        "verdict": "ok",
        "scheme": "cavage",
        "key_id": f"{relay.actor}#main-key",
        "signer": relay.actor,
    }
    assert record["digest"] == "ok"
    assert record["status"] == 202
    return True


def as_recorded(peer, record):
    """The request that a peer recorded, as it stood."""
    headers = [tuple(pair) for pair in record["headers"]]
    return Request(record["method"], peer.origin + record["path"], headers, body_of(record))


# --- joining ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compact", [False, True], ids=["in full", "as:Public"])
def test_fedify_follows_and_believes_the_accept(relay, fedify, compact):
    peer = fedify(DEPARTMENT)
    sent, accept = joined(peer, relay, compact=compact)
    follow = json.loads(sent["knocks"][-1]["body"])
    assert follow["object"] == ("as:Public" if compact else PUBLIC)
    assert by_relay(accept, relay)
    assert (accept["did"], peer.do("state")["state"]) == ("accepted", "accepted")
    assert relay.state(peer.host) == "active"
    echo = read(accept)
    assert echo["actor"] == relay.actor
    assert {name: echo["object"][name] for name in ("id", "type", "actor", "object")} == {
        name: follow[name] for name in ("id", "type", "actor", "object")
    }


def test_fedify_waits_for_the_operator_and_for_nobody_else(relay, fedify, town):
    guest, impostor = fedify(GUEST), town.add(INTERNAL)
    sent = guest.do("follow", relay=relay.actor)
    assert sent["status"] == 202
    wait_until(lambda: relay.state(guest.host) == "pending", "the guest is pending")
    follow = json.loads(sent["knocks"][-1]["body"])
    for actor in (impostor.actors["instance"].id, relay.actor):
        forged = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{impostor.origin}/activities/accept-{len(actor)}",
            "type": "Accept",
            "actor": actor,
            "object": follow,
        }
        impostor.send(forged, f"{guest.origin}/inbox", "instance")
        assert guest.do("state")["state"] == "asked"

    relay.told("member", "accept", guest.host, "--reason", "a test")
    assert by_relay(arrived(guest, did="accepted"), relay)
    assert guest.do("state")["state"] == "accepted"
    relay.told("member", "remove", guest.host)
    assert by_relay(arrived(guest, did="rejected"), relay)
    assert guest.do("state")["state"] == "rejected"


def test_fedify_leaves_and_comes_back(relay, members):
    north, south, blog = members
    assert south.do("unfollow")["status"] == 202
    assert relay.state(south.host) == "left"
    missed = north.do("post", text="while you were away")["id"]
    blog.records.wait_for(1, PATIENCE_S, activity__id=missed)

    joined(south, relay)
    seen = north.do("post", text="now you are back")["id"]
    assert by_relay(arrived(south, activity__id=seen), relay)
    assert south.records(activity__id=missed) == []


# --- posts of Fedify ----------------------------------------------------------------------------


def test_a_post_crosses_byte_for_byte_and_is_believed(relay, members, ask):
    north, south, blog = members
    sent = north.do("post", text="a good page", title="Page", tags=["partners"])
    record = arrived(south, activity__id=sent["id"])
    assert by_relay(record, relay)
    assert record["sha256"] == sent["sha256"]
    assert record["activity"]["actor"] == north.actor
    assert record["proof"]["verdict"] == "ok"
    assert record["did"] == "stored"
    assert {"id": sent["object"], "author": north.actor, "text": "<p>a good page</p>"} in (
        south.do("posts")["posts"]
    )
    assert ask("proofs", json=read(record)) == {"ok": True, "proof": True, "signature": True}

    here = blog.records.wait_for(1, PATIENCE_S, activity__id=sent["id"])[0]
    assert (here["sha256"], here["proof"]["verdict"]) == (sent["sha256"], "ok")


def without(*names):
    return lambda activity: {k: v for k, v in activity.items() if k not in names}


def reworded(activity):
    return {**activity, "object": {**activity["object"], "content": "<p>a bad page</p>"}}


def redirected(activity):
    return {**activity, "to": [PUBLIC, "https://elsewhere.example/everybody"]}


# What a relay could do to a post, and what the receiver then thinks (Fedify's word in each case).
HANDLING = {
    "untouched": (None, 202),
    "keys in another order": (lambda a: dict(sorted(a.items())), 202),
    "no LD signature": (without("signature"), 202),
    "no proof": (without("proof"), 401),
    "neither": (without("proof", "signature"), 401),
    "other words": (reworded, 401),
    "other readers": (redirected, 401),
}


@pytest.mark.parametrize("bend, status", HANDLING.values(), ids=HANDLING)
def test_fedify_would_refuse_what_a_relay_changed(relay, members, town, bend, status):
    north, south, blog = members
    sent = north.do("post", text="a good page")
    body = body_of(arrived(south, activity__id=sent["id"]))
    if bend:
        body = json.dumps(bend(json.loads(body)), ensure_ascii=False).encode("utf-8")
    assert blog.transmit(signed_as_relay(relay, f"{south.origin}/inbox", body)).status == status


def signed_as_relay(relay, inbox, body):
    pem = (relay.data / "actor-rsa.pem").read_bytes()
    request = Request(
        "POST", inbox, [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)], body
    )
    key = keys.load_private_pem(pem)
    return sign_cavage(request, f"{relay.actor}#main-key", key, time.time())


def other_date(request):
    request.set("Date", http_date(parse_http_date(request.get("date")) + 7))


def other_body(request):
    request.body = request.body.replace(b"/posts/", b"/p0sts/")


def other_digest(request):
    other_body(request)
    request.set("Digest", digest(request.body))


def other_inbox(request):
    request.url = request.url.replace("/inbox", "/users/alice/inbox")


def other_type(request):
    request.set("Content-Type", "application/ld+json")


def other_signature(request):
    before, value = request.get("signature").split('signature="')
    first = "B" if value.startswith("A") else "A"
    request.set("Signature", f'{before}signature="{first}{value[1:]}')


REQUESTS = [other_date, other_body, other_digest, other_inbox, other_type, other_signature]


@pytest.fixture(scope="module")
def announce(members):
    """An Announce as Fedify received it: nothing in its body vouches for it, so that the relay's
    signature is all it has."""
    _, south, blog = members
    return arrived(south, object=blog.post("a good page, unproved", proof=False).object_id)


@pytest.mark.parametrize("bend", REQUESTS, ids=lambda bend: bend.__name__)
def test_fedify_holds_the_relay_to_its_signature(members, announce, bend):
    _, south, blog = members
    assert blog.transmit(as_recorded(south, announce)).status == 202
    bent = as_recorded(south, announce)
    bend(bent)
    assert blog.transmit(bent).status == 401
    assert south.records()[-1]["signature"]["verdict"] == "bad"


def test_a_change_and_a_deletion_go_where_the_post_went(relay, members):
    north, south, blog = members
    post = north.do("post", text="first words")["object"]
    arrived(south, object=post)

    sent = north.do("edit", object=post, text="better words")
    record = arrived(south, activity__id=sent["id"])
    assert by_relay(record, relay)
    assert (record["sha256"], record["did"]) == (sent["sha256"], "updated")
    assert "<p>better words</p>" in [held["text"] for held in south.do("posts")["posts"]]

    sent = north.do("remove", object=post)
    record = arrived(south, activity__id=sent["id"])
    assert by_relay(record, relay)
    assert (record["sha256"], record["did"]) == (sent["sha256"], "deleted")
    assert post not in [held["id"] for held in south.do("posts")["posts"]]
    assert post not in blog.inbox.posts


def test_a_post_of_fedify_is_taken_from_its_author_alone(relay, members):
    """Where Fedify believes whoever carries a post with a proof, a relay must not: what it takes
    from one member goes to all."""
    north, south, blog = members
    sent = north.do("post", text="carried by another")
    body = body_of(arrived(south, activity__id=sent["id"]))
    headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
    request = Request("POST", relay.inbox, headers, body)
    answer = blog.transmit(blog.sign(request, blog.actors["alice"]))
    assert answer.status == 401
    assert json.loads(answer.body)["code"] == "actor-not-signer"
    to_fedify = blog.sign(request.copy(url=f"{south.origin}/inbox"), blog.actors["alice"])
    assert blog.transmit(to_fedify).status == 202


# --- posts of others ----------------------------------------------------------------------------


def test_a_post_without_a_proof_is_announced_fetched_and_withdrawn(relay, members, ask):
    north, south, blog = members
    blog.authorized_fetch = True
    sent = blog.post("no proof on this one", title="Bare", proof=False)
    assert sent.status == 202
    for peer in (north, south):
        record = arrived(peer, object=sent.object_id)
        assert by_relay(record, relay)
        assert (record["activity"]["type"], record["did"]) == ("Announce", "fetched")
        assert sent.object_id in [held["id"] for held in peer.do("posts")["posts"]]
    announce = read(record)
    assert ask("activity", json=announce) == {
        "ok": True,
        "type": "Announce",
        "id": announce["id"],
        "actor": relay.actor,
        "object": sent.object_id,
        "to": [PUBLIC],
        "cc": [f"{relay.url}/followers"],
        "published": announce["published"],
    }

    blog.remove(sent.object_id, proof=False)
    for peer in (north, south):
        record = arrived(peer, activity__object=announce["id"], activity__type="Undo")
        assert by_relay(record, relay)
        assert record["did"] == "withdrawn"
        assert sent.object_id not in [held["id"] for held in peer.do("posts")["posts"]]
    blog.authorized_fetch = False


def test_an_announced_post_that_is_not_there_is_not_believed(members):
    north, _, blog = members
    create = blog.write("never there", proof=False)
    blog.publish(create["object"], 404)
    assert blog.send(create).status == 202
    record = arrived(north, object=id_of(create["object"]))
    assert record["did"].startswith("not fetched")


def test_a_proof_made_elsewhere_is_believed_by_fedify(relay, members):
    north, _, blog = members
    sent = blog.post("proved by its author", proof=True)
    record = arrived(north, activity__id=sent.id)
    assert by_relay(record, relay)
    assert body_of(record) == sent.request.body
    assert (record["proof"]["verdict"], record["did"]) == ("ok", "stored")


# --- which signatures of Fedify we take ---------------------------------------------------------


def knocks(sent):
    return [(knock["scheme"], knock["status"]) for knock in sent["knocks"]]


def held(relay, sent):
    """The scheme whose signature held, in the relay's own log."""
    lines = relay.wait_log("inbox", activity=sent["id"])
    assert [line["status"] for line in lines] == ["202"]
    return lines[0]["scheme"]


def test_fedifys_first_knock_is_enough(relay, members):
    north, south, _ = members
    for peer, scheme in ((north, "rfc9421"), (south, "cavage")):
        sent = peer.do("post", text=f"signed as {scheme}")
        assert knocks(sent) == [(scheme, 202)]
        assert held(relay, sent) == scheme


@pytest.mark.parametrize("first, second", [("rfc9421", "cavage"), ("cavage", "rfc9421")])
def test_fedifys_second_knock_is_taken_as_well(relay, fedify, first, second):
    peer = fedify(DEPARTMENT, scheme=first)
    joined(peer, relay)
    peer.do("deafen", scheme=first)
    sent = peer.do("post", text="once more")
    assert knocks(sent) == [(first, 401), (second, 202)]
    assert held(relay, sent) == second
