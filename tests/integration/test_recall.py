"""What is taken back, or replaced, while somebody has yet to get it: told by what they record.

Each test of what does not arrive has its twin: the same without the Delete, the Update or the
Undo, and it arrives."""

import contextlib

import pytest

from integration.acts import deliveries, join, received, settle
from integration.redis_client import Redis
from integration.relay import INTERNAL, Relay, wait_until
from peers.town import Town

# One at a time: what arrives is compared in order.
QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, window: 1 }\n"


class Scene:
    """A blog that writes, a wiki that is well, and a shop, which is away at times."""

    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.shop = (settlers.add(town, INTERNAL) for _ in range(3))
        join(relay, self.blog, self.wiki, self.shop)

    def post(self, text="news"):
        """A post that the wiki has."""
        return self.taken(self.blog.post(text))

    def taken(self, sent):
        """An activity of the blog's that the relay and the wiki took."""
        assert sent.status == 202, sent.answer.text
        received(self.wiki, sent.id)
        return sent

    def arrived(self, last, peer=None):
        """What the shop got since its records were emptied, up to this: kind and id, in order."""
        peer = self.shop if peer is None else peer
        received(peer, last.id)
        settle(self.relay)
        return [(found["activity"]["type"], found["activity"]["id"])
                for found in deliveries(peer, status=202)]

    def row(self, sent):
        found, = (r for r in self.relay.told("trace", sent.id)["members"]
                  if r["host"] == self.shop.host)
        return found

    def until(self, sent, verdict):
        return wait_until(lambda: (r := self.row(sent))["verdict"] == verdict and r,
                          f"{sent.id} is {verdict}: {self.row(sent)}")


def things(*all_sent):
    return [(sent.activity["type"], sent.id) for sent in all_sent]


@pytest.fixture(scope="module", name="stage")
def fixture_stage(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("recall"), extra=QUICK) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(name="scene")
def fixture_scene(stage):
    """Everybody is well, and what was before is forgotten."""
    settle(stage.relay)
    for peer in (stage.blog, stage.wiki, stage.shop):
        peer.records.all.clear()
    return stage


# --- taken back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "twin"])
def test_a_post_that_still_waits_is_cancelled_by_its_delete_which_goes_first(scene, deleted):
    scene.shop.down()
    first, post, last = scene.post("first"), scene.post("regretted"), scene.post("last")
    gone = deleted and scene.taken(scene.blog.remove(post.object_id))
    scene.shop.up()
    if not deleted:
        assert scene.arrived(last) == things(first, post, last)
        return
    assert scene.arrived(last) == things(gone, first, last)
    assert scene.until(post, "skipped")["code"] == "recalled"
    assert scene.until(gone, "delivered")["attempts"] >= 1
    assert scene.arrived(last, scene.wiki) == things(first, post, last, gone)


def test_what_it_has_is_taken_back_before_what_waits(scene):
    post = scene.post("regretted")
    received(scene.shop, post.id)
    scene.shop.down()
    others = [scene.post(f"number {n}") for n in range(3)]
    gone = scene.taken(scene.blog.remove(post.object_id))
    scene.shop.up()
    assert scene.arrived(others[-1]) == things(post, gone, *others)
    assert scene.until(post, "delivered")


def test_it_survives_a_kill_of_everything(tmp_path, settlers):
    with Relay(tmp_path, extra=QUICK) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        scene.shop.down()
        first, post = scene.post("first"), scene.post("regretted")
        gone = scene.taken(scene.blog.remove(post.object_id))
        relay.strike()
        relay.start()
        last = scene.post("last")
        scene.shop.records.all.clear()
        scene.shop.up()
        found = [(kind, name) for kind, name in scene.arrived(last) if kind != "Accept"]
        assert list(dict.fromkeys(found)) == things(gone, first, last)
        assert scene.until(post, "skipped")["code"] == "recalled"


def test_who_left_by_itself_is_told_what_is_taken_back_and_nothing_else(tmp_path, settlers):
    with Relay(tmp_path, extra=QUICK) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        post = scene.post("regretted")
        received(scene.shop, post.id)
        scene.shop.unfollow()
        wait_until(lambda: relay.state(scene.shop.host) == "left", "it has left")
        after = scene.post("it has left")
        gone = scene.taken(scene.blog.remove(post.object_id))
        received(scene.shop, gone.id)
        unseen = scene.taken(scene.blog.remove(after.object_id))
        settle(relay)
        assert not deliveries(scene.shop, activity__id=after.id)
        assert not deliveries(scene.shop, activity__id=unseen.id)
        assert scene.until(gone, "delivered")


# --- replaced -------------------------------------------------------------------------------------


@pytest.mark.parametrize("edits", [3, 1], ids=["several", "twin"])
def test_of_several_updates_that_wait_the_newest_goes_and_never_replaces_the_post(scene, edits):
    scene.shop.down()
    post = scene.post("first draft")
    updates = [scene.taken(scene.blog.edit(post.object_id, f"edit {n}")) for n in range(edits)]
    last = scene.post("last")
    scene.shop.up()
    assert scene.arrived(last) == things(post, updates[-1], last)
    for update in updates[:-1]:
        assert scene.until(update, "skipped")["code"] == "replaced"


# --- what is no longer kept -----------------------------------------------------------------------


def test_without_its_body_a_post_is_announced_and_an_update_is_passed_over_in_words(scene):
    scene.shop.down()
    post = scene.post("its body goes")
    update = scene.taken(scene.blog.edit(post.object_id, "its body goes, too"))
    last = scene.post("last")
    numbers = [scene.relay.told("trace", sent.id)["n"] for sent in (post, update)]
    with contextlib.closing(Redis(scene.relay.data / "redis.sock")) as redis:
        for n in numbers:
            assert redis("DEL", "{weir}:body:%d" % n) == 1
    scene.relay.restart()  # what couriers have in memory is forgotten
    scene.shop.up()
    received(scene.shop, last.id)
    found = deliveries(scene.shop, status=202)
    assert [r["activity"]["type"] for r in found] == ["Announce", "Create"]
    assert found[0]["activity"]["object"] == post.object_id
    assert scene.until(update, "skipped")["code"] == "body-gone"
