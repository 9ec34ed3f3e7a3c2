"""One relay on several machines, each a network namespace: Redis on one, the front and the steward on
another, couriers on two more, and all members outside. Machines join, die, freeze, and are cut off."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from integration.acts import join, refused
from integration.kills import Count, Load, grown
from integration.machines import NETWORK, Network
from integration.proxy import Proxy
from integration.redis_client import SHARDS
from integration.redis_server import RedisServer
from integration.relay import Relay, wait_until
from peers.town import Town

PASSWORD = "quite secret"
KEYS = ("actor-rsa.pem", "actor-ed25519.pem")
COURIERS = 2  # of a machine
JOINED_S, REPLACED_S = 10, 15  # what is promised, and what it takes where nothing else runs;
LATE_S = 15  # this is for a machine under load
# One at a time: what arrives is compared in order.
USUAL = "delivery: { window: 1 }\n"
SHORT = "delivery: { lease: 2s, connect: 1s, total: 2s, window: 1, backoff: 50ms }\n"
FLOWS = 1000  # bytes of a receiver's record: some posts
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
MEMBERS = {"senders": 2, "receivers": 10, "lanes": 3}  # more than it takes to suspect ourselves

CONFIG = f"""\
url: http://$host
listen: MACHINE:8080
metrics: $metrics
data: ./weir-data
redis: $redis
workers: $workers
zones:
  internal:
    hosts: ["{NETWORK}.1:*"]
    networks: [{NETWORK}.0/24]
    join: open
"""


class Served(Relay):
    """What runs on one machine. `door`: where the relay is reached from outside."""

    def __init__(self, machine, directory, door, redis, *, roles="courier", extra="", **how):
        super().__init__(directory / machine.name, CONFIG.replace("MACHINE", machine.address),
                         redis=redis.url, extra=extra, **how)
        self.machine, self._roles = machine, roles
        self.host, self.metrics = door.host, f"{machine.address}:9090"

    def start(self, ready=True, options=()):
        return super().start(ready, ["--role", self._roles, *options])

    def _begin(self):
        super()._begin()
        self.machine.run_there()

    def copied_from(self, first):
        """What the manual says is to be copied from the first machine."""
        self.data.mkdir(0o700, parents=True)
        for name in KEYS:
            shutil.copy2(first.data / name, self.data / name)
        self.configure(self._text)
        return self

    def couriers(self):
        return [pid for name, pid in self.roles().items() if name.startswith("courier-")]


class House:
    """All machines; `near` and `far` have the couriers."""

    def __init__(self, directory, stack, extra, **near):
        self._directory, self._stack, self._extra = directory, stack, extra
        network = stack.enter_context(Network())
        self.outside = stack.enter_context(network.machine("outside").entered())
        self.network = network
        # How long a disk takes to sync is not what is looked at: this one is memory.
        memory = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY))
        self._redis = stack.enter_context(
            RedisServer(Path(memory), PASSWORD, machine=network.machine("redis")))
        self._door = stack.enter_context(Proxy(f"{network.machine('front').address}:8080"))
        self.look = stack.enter_context(self._redis.client())
        self.front = self._served("front", roles="front,steward")
        stack.enter_context(self.front)
        self.near = self.starts("near", **near)

    def _served(self, name, **how):
        return Served(self.network.machine(name), self._directory, self._door, self._redis,
                      extra=self._extra, **{"workers": COURIERS, **how})

    def starts(self, name, **how):
        served = self._served(name, **how).copied_from(self.front)
        self._stack.callback(self._ended, served)
        return served.start()

    @staticmethod
    def _ended(served):
        if served.alive:
            served.stop()
        served.check_reports()

    def shards(self):
        """machine -> how many shards its couriers own."""
        words = self.look("HGETALL", "{weir}:lease")
        whose = {nonce: value.decode().split("@")[1].split(".")[0]
                 for nonce, value in zip(words[::2], words[1::2])}
        found = self.look.many([("HGET", f"{{weir}}:shard:{n}", "owner") for n in range(SHARDS)])
        owned = [whose[nonce] for nonce in found if nonce in whose]
        return {name: owned.count(name) for name in set(owned)}

    def shared(self):
        return self.shards() == {"near": 32, "far": 32}

    def until_all_are(self, name):
        """Seconds until that machine has everything."""
        began = time.monotonic()
        wait_until(lambda: self.shards() == {name: SHARDS}, f"{name} has all shards")
        return time.monotonic() - began

    def until_shared(self):
        began = time.monotonic()
        wait_until(self.shared, "both have the same")
        return time.monotonic() - began


@contextlib.contextmanager
def house(directory, extra=USUAL, **near):
    with contextlib.ExitStack() as stack:
        yield House(directory, stack, extra, **near)


@contextlib.contextmanager
def posts(directory, place, delay=0.02):
    """Members outside, who post to each other all the while, and take so long for an answer."""
    with Load(directory, place.front, pace=0.25, delay=delay, address=place.outside.address,
              **MEMBERS) as load:
        yield load


def flows(load):
    before = [size + FLOWS for size in load.sizes("got")]
    wait_until(lambda: grown(before, load.sizes("got")), "every receiver gets something")


def counted(say, what, load):
    """All have got everything, in order."""
    load.stop()
    count = Count(load)
    say(f"    {what}: lost {len(count.lost)}, repeats {len(count.repeats)} of {count.deliveries},"
        f" out of order {len(count.inversions)}")
    assert not count.lost, count.lost[:20]
    assert not count.inversions, count.inversions[:20]
    assert not count.wrong, count.wrong[:20]
    return count


# --- joining and dying --------------------------------------------------------------------------


def test_a_machine_that_joins_gets_its_share_and_one_that_dies_is_replaced(say, tmp_path):
    """With the lease that is the default."""
    with house(tmp_path) as place, posts(tmp_path, place) as load:
        wait_until(lambda: place.shards() == {"near": SHARDS}, "one machine has everything")
        began = time.monotonic()
        far = place.starts("far")
        place.until_shared()
        joined = time.monotonic() - began
        flows(load)
        status_says(place)
        began = time.monotonic()
        far.kill()
        place.until_all_are("near")
        replaced = time.monotonic() - began
        flows(load)
        say(f"    a machine that starts has its half after {joined:.1f} s; of one that was killed the"
            f" other has everything after {replaced:.1f} s")
        assert joined < JOINED_S + LATE_S and replaced < REPLACED_S + LATE_S
        counted(say, "joined and killed", load)


def status_says(place):
    for told in (place.front.told("status"), place.near.told("status")):
        found = {row["machine"].split(".")[0]: (row["couriers"], row["shards"])
                 for row in told["couriers"]}
        assert found == {"near": (2, 32), "far": (2, 32)} and told["shardsFree"] == 0
        assert (told["durability"], told["replicasFollow"], told["promiseKept"]) == ("strict", 0, True)
    text = place.front.verb("status").out
    assert "far: 2, with 32 shards\n" in text and "near: 2, with 32 shards\n" in text


# --- freezing and being cut off -----------------------------------------------------------------


def frozen(place, load, served):
    """All couriers of a machine stand still until the other has everything; (seconds until then, when
    they woke)."""
    for pid in served.couriers():
        os.kill(pid, signal.SIGSTOP)
    try:
        replaced = place.until_all_are("near")
        flows(load)
    finally:
        woken = time.time()
        for pid in served.couriers():
            os.kill(pid, signal.SIGCONT)
    place.until_shared()
    flows(load)
    return replaced, woken


def late(count, woken):
    """What had come before the couriers woke, and was sent once more after that. Of each process it
    may be one: what it was just about to write when it was stopped, with the look at its lease behind
    it."""
    return [repeat for repeat in count.repeats if repeat[2] < woken <= repeat[3]]


@pytest.mark.row("P12")
def test_a_machine_that_freezes_or_is_cut_off_does_no_harm(say, tmp_path, settlers):
    with house(tmp_path, SHORT) as place, Town() as town, posts(tmp_path, place) as load:
        blog = settlers.add(town, f"{place.outside.address}:0")
        join(place.front, blog)
        far = place.starts("far")
        place.until_shared()
        flows(load)
        replaced, woken = frozen(place, load, far)
        far.wait_log("courier", message="courier-0 starts over: its lease was not renewed in time")
        say(f"    frozen: replaced after {replaced:.1f} s")
        far.machine.cut()
        replaced = place.until_all_are("near")
        flows(load)
        far.machine.plug()
        back = place.until_shared()
        flows(load)
        say(f"    cable out: replaced after {replaced:.1f} s; in again: its half after {back:.1f} s")
        front_without_redis(say, place, load, blog)
        count = counted(say, "frozen and cut off", load)
        assert len(late(count, woken)) <= COURIERS, late(count, woken)[:20]


def refused_for_now(blog):
    answer = wait_until(lambda: (sent := blog.send(blog.write("is anybody there?"))).status != 202
                        and sent, "a post is refused")
    refused(answer, 503, "unavailable")
    assert 20 <= int(answer.answer.headers["Retry-After"]) <= 60


def front_without_redis(say, place, load, blog):
    """The front alone can't reach it: 503, and then on."""
    place.front.machine.silence(place.network.machine("redis"))
    wait_until(lambda: place.front.readyz()[0] == 503, "the front says that it is not ready")
    assert place.near.readyz()[0] == 200
    refused_for_now(blog)
    place.front.machine.hear(place.network.machine("redis"))
    began = time.monotonic()
    wait_until(lambda: place.front.readyz()[0] == 200, "the front is ready again")
    say(f"    the front without Redis: 503; ready {time.monotonic() - began:.1f} s after it is back")
    flows(load)


# --- no way out ---------------------------------------------------------------------------------


@pytest.mark.row("P17")
def test_a_machine_whose_way_out_is_dead_blames_nobody(say, tmp_path):
    with house(tmp_path, SHORT, workers=1) as place, posts(tmp_path, place) as load:
        flows(load)
        place.near.machine.silence(place.outside)
        wait_until(lambda: place.front.told("status")["lag"] > 0, "something waits")
        wait_until(lambda: place.near.told("status")["suspectsItself"], "it suspects itself")
        time.sleep(8)  # who was blamed would have failed twice as often by then
        failures = [row.get("failures", 0) for row in place.front.told("queue", "list")["queue"]]
        assert failures and max(failures) <= 3, failures
        place.near.machine.hear(place.outside)
        began = time.monotonic()
        flows(load)
        say(f"    way out dead: {len(failures)} hosts wait, {max(failures)} failures at most; everyone"
            f" gets something {time.monotonic() - began:.1f} s after it is back")
        counted(say, "way out dead", load)
