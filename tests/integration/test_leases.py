"""A courier that stands still for longer than its lease: another delivers in its place, and when it
goes on it does no harm: nothing is sent in its old life's name, and it gets its share back."""

import contextlib
import os
import signal
import time

import pytest

from integration import broken
from integration.kills import Count, Load, grown
from integration.redis_client import SHARDS, Redis
from integration.relay import WEIR, Relay, wait_until

# How long the disk takes to sync is not what is looked at.
# One at a time: what arrives is compared in order.
LEASE = "delivery: { lease: 2s, window: 1 }\ndurability: standard\n"
FLOWS = 2500  # bytes of a receiver's record: more than ten posts
FREEZES = 2
# What keeps a courier that was frozen from going on with what it has in memory: it looks neither at its
# lease, nor hears that this is gone.
IGNORES_ITS_LEASE = [
    (r"(?<=\nbool courier_may_start\(const struct courier \*c\)\n{\n)",
     "    if (c)\n        return true;\n"),
    (r"(?<=\nstatic void look_at_lease\(void \*arg\)\n{\n)", "    if (arg)\n        return;\n"),
    (r"(?<=\n    if \()err == ERR_FENCED(?=\) {\n)", "err == ERR_FENCED && !c"),
]


class Leases:
    """Who owns what, read from Redis. It is the courier's name that stays; a nonce is a life."""

    def __init__(self, relay):
        self._redis = Redis(relay.data / "redis.sock")
        self.close = self._redis.close

    def owners(self):
        """shard -> name of who owns it, None where nobody does who has a lease."""
        words = self._redis("HGETALL", "{weir}:lease")
        names = {nonce: value.decode().split("@", 1)[0]
                 for nonce, value in zip(words[::2], words[1::2])}
        nonces = self._redis.many([("HGET", f"{{weir}}:shard:{shard}", "owner")
                                   for shard in range(SHARDS)])
        return [names.get(nonce) for nonce in nonces]

    def fair(self):
        return self.owners() == [f"courier-{shard % 2}" for shard in range(SHARDS)]

    def all_of(self, slot):
        return self.owners() == [f"courier-{slot}"] * SHARDS


class Freezer:
    """Stops one courier at a time, for as long as it takes until the other has everything."""

    def __init__(self, relay, load, leases):
        self.relay, self.load, self.leases = relay, load, leases
        self.frozen, self.woken = [], []  # when
        self.taken_over = []  # how long until then

    def freeze(self, slot):
        wait_until(self.leases.fair, "each courier has its share")
        self._flows()
        pid = self.relay.roles()[f"courier-{slot}"]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.frozen.append(time.time())
            wait_until(lambda: self.leases.all_of(1 - slot), "the other has taken over")
            self.taken_over.append(time.time() - self.frozen[-1])
            self._flows()
        finally:
            self.woken.append(time.time())
            os.kill(pid, signal.SIGCONT)
        wait_until(self.leases.fair, "it has its share again")
        self._flows()
        assert self.relay.roles()[f"courier-{slot}"] == pid  # the same process, in another life

    def _flows(self):
        """Until every receiver has got so much more that what is repeated is behind it."""
        before = [size + FLOWS for size in self.load.sizes("got")]
        wait_until(lambda: grown(before, self.load.sizes("got")), "every receiver gets something")


@contextlib.contextmanager
def frozen(say, directory, program=WEIR, *, receivers=6, pace=0.25):
    """A relay of two couriers under load, each frozen in turn; gives (freezer, count)."""
    with Relay(directory, extra=LEASE, program=program, workers=2) as relay, \
            Load(directory, relay, receivers=receivers, pace=pace, delay=0.02) as load, \
            contextlib.closing(Leases(relay)) as leases:
        freezer = Freezer(relay, load, leases)
        for number in range(FREEZES):
            freezer.freeze(number % 2)
        load.stop()
        count = Count(load)
        say(f"{'a courier' if program == WEIR else 'one that ignores its lease'}, frozen {FREEZES} times:"
            f" taken over after {max(freezer.taken_over):.2f} s at most; lost {len(count.lost)},"
            f" repeats {len(count.repeats)} of {count.deliveries},"
            f" {len(late(freezer, count))} after the wakening")
        yield freezer, count


def late(freezer, count):
    """What was taken before a courier woke, and was sent once more after that. One of each time may
    be: what it was just about to write when it was stopped, with the look at its lease behind it."""
    return [repeat for repeat in count.repeats
            if any(repeat[2] < woken <= repeat[3] for woken in freezer.woken)]


@pytest.mark.row("P12")
def test_a_frozen_courier_loses_its_shards_and_does_no_harm(say, tmp_path):
    with frozen(say, tmp_path) as (freezer, count):
        assert not count.lost, count.lost[:20]
        assert not count.inversions, count.inversions[:20]
        assert not count.wrong, count.wrong[:20]
        assert len(late(freezer, count)) <= FREEZES, late(freezer, count)[:20]


def refused(relay, slot):
    """What it was told of its commit, or, where Redis had hung up, when it asked to go on."""
    told = f"courier-{slot} starts over: another courier owns these shards"
    return [line for line in relay.log("courier") if line.get("message", "").startswith(told)]


def test_what_one_that_ignores_its_lease_sends_is_seen_and_what_it_writes_is_refused(say, tmp_path):
    program = broken.weir(tmp_path, "relay/courier_lease.c", IGNORES_ITS_LEASE)
    # As many deliveries, but to many: each of them is sent something before it is told that it may not.
    with frozen(say, tmp_path, program, receivers=30, pace=1) as (freezer, count):
        assert len(late(freezer, count)) > FREEZES
        for slot in range(FREEZES):
            assert refused(freezer.relay, slot % 2)
        assert not count.lost, count.lost[:20]
