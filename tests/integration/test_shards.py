"""Couriers in processes of their own: one that is frozen is replaced, and does no harm when it
wakes up."""

import contextlib
import os
import signal
import time

import pytest

from integration.acts import deliveries, join, received, server
from integration.redis_client import Redis, shard_of
from integration.relay import Relay, wait_until
from peers.faults import Fault

# How long the disk takes to sync is not what is looked at.
QUICK = "delivery: {{ backoff: 50ms, backoff_most: 1s, lease: {lease} }}\ndurability: standard\n"


@contextlib.contextmanager
def two_couriers(tmp_path, town, lease):
    """Relay, sender, and two receivers of each courier."""
    with Relay(tmp_path, extra=QUICK.format(lease=lease), workers=2) as relay:
        blog, *_ = join(relay, server(town))
        mine = {0: [], 1: []}
        while min(map(len, mine.values())) < 2:
            peer, = join(relay, server(town))
            mine[shard_of(peer.host) % 2].append(peer)
        yield relay, blog, mine


def owners(relay):
    """How many shards each courier owns, by name."""
    redis = Redis(relay.data / "redis.sock")
    with contextlib.closing(redis):
        table = redis("HGETALL", "{weir}:lease")
        name = dict(zip(table[::2], (value.decode().partition("@")[0] for value in table[1::2])))
        nonces = redis.many([("HGET", f"{{weir}}:shard:{n}", "owner") for n in range(64)])
    found = [name[nonce] for nonce in nonces if nonce in name]
    return {who: found.count(who) for who in set(name.values())}


@contextlib.contextmanager
def frozen(relay, name):
    pid = relay.roles()[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_couriers_share_from_the_beginning(tmp_path, town):
    with two_couriers(tmp_path, town, "10s") as (relay, blog, mine):
        wait_until(lambda: owners(relay) == {"courier-0": 32, "courier-1": 32}, "each has half")
        sent = [blog.post(f"post {n}").id for n in range(10)]
        for peer in mine[0] + mine[1]:
            for activity in sent:
                received(peer, activity)
            assert len(deliveries(peer, activity__type="Accept")) == 1
            assert [len(deliveries(peer, activity__id=activity)) for activity in sent] == [1] * 10


def test_one_that_is_frozen_is_replaced_and_sends_nothing_when_it_wakes(tmp_path, town):
    with two_couriers(tmp_path, town, "2s") as (relay, blog, mine):
        for peer in mine[1]:
            peer.faults.append(Fault(delay=1, times=1))
        first = blog.post("on its way").id
        wait_until(lambda: all(deliveries(peer, activity__id=first) for peer in mine[0]), "it is")
        with frozen(relay, "courier-1"):
            later = blog.post("while it is frozen").id
            for peer in mine[0] + mine[1]:
                received(peer, later)
            wait_until(lambda: owners(relay) == {"courier-0": 64}, "the other owns everything")
            time.sleep(1)
            before = {peer: len(deliveries(peer)) for peer in mine[0] + mine[1]}
        late = "courier-1 starts over: its lease was not renewed in time"
        assert relay.wait_log("courier", message=late)[0]["level"] == "warn"
        wait_until(lambda: owners(relay) == {"courier-0": 32, "courier-1": 32},
                   "each has its own again")
        assert {peer: len(deliveries(peer)) for peer in before} == before
        last = blog.post("together again").id
        for peer in mine[0] + mine[1]:
            received(peer, last)
            assert len(deliveries(peer, activity__id=later)) == 1
            # What was in the air when it froze is the one thing that may come twice.
            assert len(deliveries(peer, activity__id=first)) <= 1 + (peer in mine[1])


@pytest.mark.parametrize("lease, replaced", [("1s", True), ("10min", False)])
def test_how_long_it_is_waited_for_is_a_setting(tmp_path, town, lease, replaced):
    with two_couriers(tmp_path, town, lease) as (relay, blog, mine):
        with frozen(relay, "courier-1"):
            sent = blog.post("for all").id
            for peer in mine[0]:
                received(peer, sent)
            if replaced:
                for peer in mine[1]:
                    received(peer, sent)
            else:
                time.sleep(3)
                assert not any(deliveries(peer, activity__id=sent) for peer in mine[1])
        for peer in mine[1]:
            received(peer, sent)
