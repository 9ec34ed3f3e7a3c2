"""Fedify and the Python peer before each other: neither shares code with the other or with Weir."""

import os

import pytest

from peers.program import Program, free_host
from peers.town import Town
from peers.wire import PUBLIC


@pytest.fixture(scope="module")
def relay():
    """A Python peer that Fedify takes for a relay: it answers the Follow with an Accept."""
    with Town() as town:
        yield town.add(kind="social")


@pytest.fixture(scope="module")
def fedify(tmp_path_factory):
    node, node_dir = os.environ["WEIR_NODE"], os.environ["WEIR_NODE_DIR"]
    directory = tmp_path_factory.mktemp("fedify")
    peer = Program.fedify(free_host("91"), "bookmarks", directory, node, node_dir)
    yield peer
    peer.stop()


def to_fedify(fedify):
    return f"{fedify.origin}/inbox"


def test_fedify_asks_and_is_answered(fedify, relay):
    sent = fedify.do("follow", relay=f"{relay.origin}/actor")
    assert sent["status"] == 202
    follow = relay.records.where(activity__type="Follow")[-1]
    assert follow["signature"]["verdict"] == "ok"
    assert follow["signature"]["signer"] == fedify.actor
    assert follow["activity"]["object"] in (PUBLIC, "as:Public", "Public")
    assert fedify.wait_for(activity__type="Accept")[0]["did"] == "accepted"
    assert fedify.do("state")["state"] == "accepted"


def test_posts_of_fedify_are_believed_here(fedify, relay):
    sent = fedify.do("post", text="a good page", title="Page", tags=["partners"])
    record = relay.records.where(activity__id=sent["id"])[-1]
    assert (record["signature"]["verdict"], record["proof"]["verdict"]) == ("ok", "ok")
    assert record["did"] == "stored"
    fedify.do("edit", object=sent["object"], text="a better page")
    assert "better" in relay.inner.inbox.posts[sent["object"]]["content"]
    fedify.do("remove", object=sent["object"])
    assert sent["object"] not in relay.inner.inbox.posts


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_our_posts_are_believed_by_fedify(fedify, relay, scheme):
    activity = relay.write("hello Fedify", proof=True)
    answer = relay.transmit(relay.prepare(activity, to_fedify(fedify), scheme=scheme))
    assert answer.status == 202
    record = fedify.wait_for(activity__id=activity["id"])[0]
    assert record["signature"] == {
        "verdict": "ok", "scheme": scheme, "key_id": f"{relay.origin}/users/alice#main-key",
        "signer": f"{relay.origin}/users/alice",
    }
    assert (record["digest"], record["proof"]["verdict"]) == ("ok", "ok")
    assert record["did"] == "stored"


def test_a_post_that_another_carries_needs_its_proof(fedify, relay):
    for proof, status in ((True, 202), (False, 401)):
        activity = relay.write("carried", proof=proof)
        assert relay.send(activity, to_fedify(fedify), "instance").status == status


def test_fedify_fetches_what_is_announced(fedify, relay):
    relay.authorized_fetch = True
    post = relay.write("look", proof=False)["object"]["id"]
    sent = relay.announce(post, who="instance", inbox=to_fedify(fedify))
    assert fedify.wait_for(activity__id=sent.id)[0]["did"] == "fetched"
    assert post in [held["id"] for held in fedify.do("posts")["posts"]]
    relay.undo(sent.activity, who="instance", inbox=to_fedify(fedify))
    assert post not in [held["id"] for held in fedify.do("posts")["posts"]]
    relay.authorized_fetch = False


def test_fedify_goes_down_and_comes_back(fedify, relay):
    fedify.do("down")
    with pytest.raises(OSError):
        relay.post("anybody?", inbox=to_fedify(fedify))
    fedify.do("up")
    assert relay.post("anybody?", inbox=to_fedify(fedify)).status == 202
