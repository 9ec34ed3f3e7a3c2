"""What is not kept any more before a member got it: while it can be named it still is, and what is
gone is counted, said in the log, and told by weir trace. Hours pass while the relay is stopped
(shims.py); it forgets what is old as soon as it is back."""

import pytest

from integration import scenes
from integration.acts import announced, deliveries, received
from integration.posts import arrivals
from integration.relay import Relay, wait_until
from integration.shims import Clock, loaded

HOUR = 3600
KEPT = "retention: { bodies: 1h, entries: 5h }\ndelivery: { horizon: 5h, window: 1 }\n"


class Scene(scenes.Scene):
    def __init__(self, relay, town, clock):
        super().__init__(relay, town, clock=clock.time)
        self.clock, self.passed = clock, 0

    def hours(self, count):
        """They pass; the journal has forgotten what it is to forget then."""
        self.relay.stop()
        self.passed += count
        self.clock.jump(self.passed * HOUR)
        began = len(self.relay.log("trim"))
        self.relay.start()
        wait_until(lambda: len(self.relay.log("trim")) > began, "something is forgotten")

    def order(self, verb):
        told = self.relay.told(*verb.split(), self.shop.host)
        assert told["outcome"] == "done", told

    def lost(self, code):
        return self.relay.metric(f'weir_undelivered_total{{code="{code}"}}')


@pytest.fixture(name="scene")
def fixture_scene(tmp_path, town):
    clock = Clock(tmp_path)
    with Relay(tmp_path, extra=KEPT, workers=1, environment=loaded(clock)) as relay:
        yield Scene(relay, town, clock)


def test_a_body_that_is_gone(scene):
    """A Create can still be announced; of an Update nothing can be sent that would be believed."""
    first = scene.blog.post("first")
    for peer in (scene.wiki, scene.shop):
        received(peer, first.id)
    scene.order("queue hold")
    created = scene.blog.post("second")
    edited = scene.blog.edit(first.object_id, "first, mended")
    for sent in (created, edited):
        received(scene.wiki, sent.id)
    scene.hours(2)
    assert scene.lost("body-gone") == 0
    scene.order("queue release")
    announced(scene.shop, created.object_id)
    assert scene.until(edited.id, "skipped")["code"] == "body-gone"
    assert "its body is no longer kept" in scene.said("trace", edited.id)
    assert scene.until(created.id, "delivered")
    wait_until(lambda: scene.lost("body-gone") == 1, "it is counted")
    assert deliveries(scene.shop, activity__id=edited.id) == []
    assert scene.lost("gap") == 0


def test_an_entry_that_is_gone(scene):
    """Nobody can say any more what it was; but where something is missing, and why."""
    scene.post("before")
    wait_until(lambda: len(arrivals(scene.shop)[0]) == 1, "it has what came before")
    place = scene.relay.member(scene.shop.host)["cursor"]
    scene.order("queue hold")
    gone = [scene.post(f"gone {i}") for i in range(3)]
    scene.hours(6)
    last = scene.post("what is there")
    scene.order("queue release")
    wait_until(lambda: last in arrivals(scene.shop)[0], "it gets what there is")
    assert not set(gone) & set(arrivals(scene.shop)[0])
    wait_until(lambda: scene.lost("gap") == 1, "it is counted")
    cut, = scene.relay.told("trace", scene.shop.host)["cut"]
    assert cut["code"] == "gap" and place <= cut["after"] < cut["n"]
    line, = scene.relay.wait_log("gap", host=scene.shop.host)
    assert (int(line["after"]), int(line["n"])) == (cut["after"], cut["n"])
    assert "no longer in the journal" in scene.relay.verb("trace", scene.shop.host).out
    told = scene.relay.verb("trace", gone[0])
    assert "delivered" not in told.out and "journal" in told.out + told.err, told
    # Who was well has everything, and nothing is missing there.
    assert set(gone) <= set(arrivals(scene.wiki)[0])
    assert scene.relay.told("trace", scene.wiki.host)["cut"] == []
