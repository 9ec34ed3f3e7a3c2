"""What operators order about a host, and what is shown of its health.

How long a host is left alone, parking and 410 over days are told of in the unit tests: they take
longer than anybody waits here."""

import pytest

from integration import scenes
from integration.acts import deliveries
from integration.posts import arrivals
from integration.relay import Relay, wait_until
from peers.faults import Fault

# Who fails is left alone for longer than any test takes, unless somebody says otherwise.
SLOW = "delivery: { backoff: 1h, backoff_most: 1h, window: 1 }\n"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("health"), extra=SLOW) as relay:
        yield relay


class Scene(scenes.Scene):
    """With orders about the shop."""

    def order(self, *words):
        """An order about the shop that is carried out when this returns."""
        done = self.relay.verb(*words)
        assert done.code == 0, done
        assert "not carried out" not in done.out, done
        return done

    def member(self):
        return self.relay.told("member", "show", self.shop.host)

    def has(self, ids):
        """The shop has these, in this order, and nothing else."""
        wait_until(lambda: arrivals(self.shop)[0] == ids, f"{ids}: {arrivals(self.shop)[0]}")

    def trouble(self):
        """The shop refuses its connections; a post that it did not take."""
        fault = Fault(cut=True)
        self.shop.faults.append(fault)
        sent = self.post("in vain")
        wait_until(lambda: self.member()["health"] == "failing", "it fails")
        self.shop.faults.remove(fault)
        return sent


@pytest.fixture(name="scene")
def fixture_scene(relay, town):
    yield from scenes.played(Scene(relay, town))


def test_hold_and_release(scene):
    first = scene.post("before")
    scene.has([first])
    scene.order("queue", "hold", scene.shop.host)
    assert scene.member()["health"] == "held"
    waiting = [scene.post(f"held {n}") for n in range(3)]
    scene.relay.restart()
    scene.relay.wait_ready()
    waiting.append(scene.post("after a restart"))
    assert scene.member()["health"] == "held"
    row = scene.relay.told("trace", waiting[0])["members"]
    assert [r["code"] for r in row if r["host"] == scene.shop.host] == ["held"]
    assert f"{scene.shop.host}" in scene.relay.verb("queue", "list").out
    assert "held by an operator" in scene.relay.verb("queue", "list").out
    assert arrivals(scene.shop)[0] == [first]
    wait_until(lambda: scene.relay.metric("weir_destinations_on_hold") == 1, "it is counted")
    assert scene.relay.told("status")["onHold"] == 1
    scene.order("queue", "release", scene.shop.host)
    scene.has([first, *waiting])
    assert scene.member()["health"] == "ok"


def test_tried_now(scene):
    waiting = scene.trouble()
    assert scene.member()["failures"] == 1
    assert arrivals(scene.shop)[0] == []
    scene.order("queue", "retry", scene.shop.host)
    scene.has([waiting])
    wait_until(lambda: scene.member()["health"] == "ok", "it is well")


def test_drop(scene):
    waiting = scene.trouble()
    scene.order("queue", "drop", scene.shop.host)
    after = scene.post("after that")
    scene.order("queue", "retry", scene.shop.host)
    scene.has([after])
    row = scene.relay.told("trace", waiting)["members"]
    found, = (r for r in row if r["host"] == scene.shop.host)
    assert (found["verdict"], found["code"]) == ("cut", "dropped")


def test_replay(scene):
    posts = [scene.post(f"number {n}") for n in range(5)]
    scene.has(posts)
    ids = [d["activity"]["id"] for d in deliveries(scene.shop, activity__type="Create")]
    scene.order("replay", scene.shop.host, "--since", "1h")
    scene.has([*posts, *posts])
    again = [d["activity"]["id"] for d in deliveries(scene.shop, activity__type="Create")]
    assert again == ids + ids
    last = scene.post("and on")
    scene.has([*posts, *posts, last])
    assert arrivals(scene.wiki)[0] == [*posts, last]

    def verdict():
        rows = scene.relay.told("trace", posts[0])["members"]
        return next(row["verdict"] for row in rows if row["host"] == scene.shop.host)

    wait_until(lambda: verdict() == "delivered", "that is written down")


def test_replay_after_a_refusal(scene):
    """What was refused then, and is taken now, was delivered."""
    fault = Fault(status=422)
    scene.shop.faults.append(fault)
    refused = scene.post("not now")
    wait_until(lambda: [r["verdict"] for r in scene.relay.told("trace", refused)["members"]
                        if r["host"] == scene.shop.host] == ["never"], "it was refused")
    scene.shop.faults.remove(fault)
    scene.order("replay", scene.shop.host, "--since", "1h")
    scene.has([refused])
    wait_until(lambda: [r["verdict"] for r in scene.relay.told("trace", refused)["members"]
                        if r["host"] == scene.shop.host] == ["delivered"], "and delivered then")


def test_orders_about_nobody(scene):
    for words in (("queue", "hold"), ("queue", "release"), ("queue", "drop")):
        done = scene.relay.verb(*words, "nobody.example")
        assert done.code != 0 and "no-such-member" in done.err + done.out, done
