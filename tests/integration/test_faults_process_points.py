"""kill -9 at each point of an activity's way, not somewhere near it: what was promised is
delivered, and what is repeated is what was on its way.

A trap lies in the processes (shims.py). Each point is hit once; WEIR_TEST_FULL=1: a hundred times.
"""

import hashlib
import os
import signal
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integration.acts import join, received, server, settle
from integration.cost import script
from integration.faults_process import QUICK
from integration.posts import arrivals, once, send
from integration.relay import FULL, WEIR, Relay, wait_until
from integration.shims import IN, NAME, OUT, SYNC, Clock, Trap, loaded
from peers.town import Town

TRIALS = 100 if FULL else 1
RECEIVERS = 4
FRESH = 4  # trials after which the relay begins anew, or its master would wait ever longer


class Scene:
    """A relay with a trap in it, one who writes and some who read."""

    def __init__(self, relay, trap, town, settlers):
        self.relay, self.trap = relay, trap
        self.blog, *self.readers = (settlers.add(town, "127.0.0.2:0") for _ in range(1 + RECEIVERS))
        join(relay, self.blog, *self.readers)

    def write(self):
        return self.blog.write("somebody will be killed over this")

    def repeats(self, activity):
        """As soon as every reader has it and nothing more comes: how often each had it again."""
        for reader in self.readers:
            received(reader, activity["id"])
        wait_until(lambda: all(activity["id"] in arrivals(reader)[0] for reader in self.readers),
                   "every reader has it")
        settle(self.relay)
        return [arrivals(reader)[0].count(activity["id"]) - 1 for reader in self.readers]


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory, settlers):
    directory = tmp_path_factory.mktemp("points")
    trap = Trap(directory)
    with Relay(directory, extra=QUICK, workers=1, environment=loaded(trap)) as relay, \
            Town() as town:
        yield Scene(relay, trap, town, settlers)


def trials(scene):
    """So many numbers, with all well before each."""
    for number in range(TRIALS):
        if number and number % FRESH == 0:
            scene.relay.restart()
        settle(scene.relay)
        yield number
        assert not scene.trap.disarm(), "the trap did not spring"


def shot(scene, role):
    """The trap has sprung, in this role, and the master saw a kill -9 there."""
    pid = scene.trap.wait()
    wait_until(lambda: pid not in scene.relay.roles().values(), "it is gone")
    assert scene.relay.wait_log("process", of=role, change="ended")[-1]["signal"] == "9"


# --- the front ----------------------------------------------------------------------------------


@pytest.mark.row("P01")
def test_a_front_killed_before_it_asks_the_journal_has_promised_nothing(scene):
    for _ in trials(scene):
        activity = scene.write()
        scene.trap.arm("front", OUT, activity["id"])
        assert not once(scene.blog, activity)
        shot(scene, "front-0")
        settle(scene.relay)
        # Whoever does not send it again has sent nothing: the twin of all that is lost.
        assert not any(activity["id"] in arrivals(reader)[0] for reader in scene.readers)
        send(scene.blog, activity)
        assert scene.repeats(activity) == [0] * RECEIVERS


@pytest.mark.row("P02")
@pytest.mark.parametrize("how", ["before it hears", "before it answers"])
def test_a_front_killed_between_the_journal_and_the_202_has_kept_it(scene, how):
    for _ in trials(scene):
        activity = scene.write()
        if how == "before it hears":
            scene.trap.arm("front", OUT, activity["id"], after=True)
        else:
            scene.trap.arm("front", OUT, "HTTP/1.1 202")
        assert not once(scene.blog, activity)
        shot(scene, "front-0")
        # It is delivered although nobody was told so; and sent again, it makes no second one.
        assert scene.repeats(activity) == [0] * RECEIVERS
        send(scene.blog, activity)
        assert scene.repeats(activity) == [0] * RECEIVERS


# --- the courier --------------------------------------------------------------------------------


def courier_killed(scene, call, text, **which):
    """Of each trial in which this kills the courier: how often each reader had the post again."""
    for _ in trials(scene):
        activity = scene.write()
        scene.trap.arm("courier", call, text, **which)
        send(scene.blog, activity)
        shot(scene, "courier-0")
        yield scene.repeats(activity)


@pytest.mark.row("P03")
def test_a_courier_killed_when_it_has_read_the_entry(scene):
    for _ in trials(scene):
        activity = scene.write()
        scene.trap.arm("courier", IN, activity["id"], after=True)
        send(scene.blog, activity)
        shot(scene, "courier-0")
        assert scene.repeats(activity) == [0] * RECEIVERS


@pytest.mark.row("P04")
def test_a_courier_killed_when_some_have_it_repeats_it_to_those_at_most(scene):
    for again in courier_killed(scene, OUT, "POST /inbox", nth=1 + RECEIVERS // 2):
        assert max(again) <= 1 and sum(again) <= RECEIVERS // 2, again


@pytest.mark.row("P05")
def test_a_courier_killed_when_it_has_claimed_its_shards_leaves_them_to_the_next(scene):
    for _ in trials(scene):
        activity = scene.write()
        scene.trap.arm("courier", OUT, "SSCAN")  # what it asks for next
        os.kill(scene.relay.roles()["courier-0"], signal.SIGKILL)
        send(scene.blog, activity)
        shot(scene, "courier-0")
        assert scene.repeats(activity) == [0] * RECEIVERS


@pytest.mark.row("P06")
def test_a_courier_killed_when_it_is_connected_has_sent_nothing(scene):
    for again in courier_killed(scene, OUT, "POST /inbox"):
        assert again == [0] * RECEIVERS


@pytest.mark.row("P07")
def test_a_courier_killed_when_the_request_is_sent_repeats_that_one_at_most(scene):
    for again in courier_killed(scene, OUT, "POST /inbox", after=True):
        assert sum(again) <= 1


@pytest.mark.row("P08")
def test_a_courier_killed_before_the_commit_repeats_what_it_had_not_written_down(scene):
    for again in courier_killed(scene, IN, "HTTP/1.1 202", after=True, nth=RECEIVERS):
        assert max(again) == 1, f"what it had read and not written down must come again: {again}"


# --- the steward --------------------------------------------------------------------------------

FORGETFUL = """\
delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, horizon: 5min, lease: 5min, connect: 60s,
            total: 10min }
retention: { entries: 5min, bodies: 5min }
redis_limits: { command: 60s }
durability: standard
"""


@pytest.mark.row("P09")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_steward_killed_in_the_trim_leaves_it_to_the_next(tmp_path, settlers, after):
    """A minute of theirs takes a second here: at the fifth trim from now something is old enough."""
    trap, clock = Trap(tmp_path), Clock(tmp_path, speed=60)
    with Relay(tmp_path, extra=FORGETFUL, workers=1, environment=loaded(trap, clock)) as relay, \
            Town() as town:
        town.settlers = settlers
        blog, wiki = join(relay, *(server(town, clock=clock.time) for _ in range(2)))
        first = [send(blog, blog.write(f"old {n}")) for n in range(3)]
        wait_until(lambda: set(first) <= set(arrivals(wiki)[0]), "they have arrived")
        settle(relay)
        # By its hash Redis knows a script.
        trap.arm("steward", OUT, hashlib.sha1(script("trim")).hexdigest(), nth=5,
                 after=after)
        trap.wait()
        relay.wait_log("process", of="steward-0", change="ended", signal=9)
        later = [send(blog, blog.write("new"))]
        wait_until(lambda: set(later) <= set(arrivals(wiki)[0]), "the new one, too")
        wait_until(lambda: unknown(relay, first[0]), "the next steward has trimmed it")
        assert sorted(arrivals(wiki)[0]) == sorted(first + later)


def unknown(relay, activity):
    done = relay.verb("trace", activity)
    return done.code != 0 or "not known any more" in done.out


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.row("P10")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_init_killed_at_any_point_is_finished_by_the_next(tmp_path, after):
    """At each write, sync, link and unlink that it makes."""
    trap = Trap(tmp_path)
    killed = 0
    for nth in range(1 + after, 100, 1 if FULL else 3):
        place = tmp_path / f"relay-{nth}"
        trap.arm("init", OUT | SYNC | NAME, nth=nth, after=after)
        code = init(place, loaded(trap))
        if trap.disarm():
            assert code == 0
            break
        assert code == -signal.SIGKILL
        killed += 1
        assert init(place) in (0, 1)  # 1: all was there
        whole(place)
    assert killed >= 3


def init(place, environment=None):
    done = subprocess.run([WEIR, "init", str(place)], capture_output=True, check=False, timeout=60,
                          env={**os.environ, **(environment or {})})
    return done.returncode


def whole(place):
    """Configuration and keys are there and can be used."""
    check = subprocess.run([WEIR, "config", "check", "-c", str(place / "weir.yaml")],
                           capture_output=True, text=True, check=False, timeout=60)
    assert check.returncode == 0, check.stderr
    for name in ("actor-rsa.pem", "actor-ed25519.pem"):
        key = place / "weir-data" / name
        assert key.stat().st_mode & 0o777 == 0o600
        load_pem_private_key(key.read_bytes(), None)


@pytest.mark.row("P10")
def test_a_front_killed_when_it_has_fetched_a_changed_key_fetches_it_once_more(scene):
    scene.blog.rotate()
    activity = scene.write()
    scene.trap.arm("front", IN, "publicKeyPem", after=True)
    assert not once(scene.blog, activity)
    shot(scene, "front-0")
    send(scene.blog, activity)
    assert scene.repeats(activity) == [0] * RECEIVERS
