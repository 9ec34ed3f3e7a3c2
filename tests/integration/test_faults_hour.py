"""An hour of a week's outage, with real processes and a real Redis, in a minute: time runs sixty
times as fast for all of them (shims.py).

Some hosts are gone and come back in time, one comes back too late, many are in trouble all the
while; what each gets, when it is asked again, and what is given up, and why."""

import datetime
import statistics
import time

import pytest

from integration.acts import join, server, settle
from integration.posts import arrivals, insist
from integration.relay import Relay, wait_until
from integration.shims import Clock, loaded
from peers.faults import Fault

SPEED = 60
MIN_S = 60
HOUR = 60 * MIN_S
BACK, TOO_OLD = 35 * MIN_S, 45 * MIN_S
FIRST_S, MOST_S = 1, 5 * MIN_S  # of the back-off
SICK = 20
KNOWN = 8  # failures: from there on waits are long enough to be measured from outside
LATE_S = 120  # by so much of that time, two seconds of ours, an attempt may begin late
# What takes milliseconds takes seconds of that time: what bounds it is longer by as much.
CONFIG = """\
delivery: { window: 1, backoff: 1s, backoff_most: 5min, horizon: 45min, lease: 10min, connect: 1min,
            total: 10min }
fetch: { connect: 1min, total: 1min, software: 0s }
timeouts: { header: 10min, body: 1h, answer: 10min, idle: 1h }
redis_limits: { command: 60s }
durability: standard
drain: 1h
"""


@pytest.fixture(name="clock")
def fixture_clock(tmp_path):
    return Clock(tmp_path, SPEED)


def sleep_until(clock, moment):
    time.sleep(max(0, (moment - clock.time()) / SPEED))


def seconds(line):
    """When a line was written, in their time."""
    return datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp()


def waits(lines):
    """How long after the n-th failure in a row the next attempt began: [(n, seconds)]."""
    starts = [seconds(line) - int(line["ms"]) / 1000 for line in lines]
    return [(n, start - seconds(line)) for n, (line, start) in
            enumerate(zip(lines, starts[1:]), 1)]


def ceiling(failures):
    return min(MOST_S, FIRST_S * 2 ** (failures - 1))


def test_an_hour_of_an_outage(say, tmp_path, town, clock):
    with Relay(tmp_path, extra=CONFIG, workers=2, environment=loaded(clock)) as relay:
        blog, wiki, shop, lost, *sick = join(
            relay, *(server(town, clock=clock.time) for _ in range(4 + SICK)))
        settle(relay)
        for peer in sick:
            peer.faults.append(Fault(status=503, method="POST"))
        shop.down()
        lost.down()
        began = clock.time()
        old = [insist(blog, f"number {n}") for n in range(5)]
        sleep_until(clock, began + 20 * MIN_S)
        young = [insist(blog, f"number {n}") for n in range(5, 10)]
        sleep_until(clock, began + BACK)
        assert arrivals(shop)[0] == []
        shop.up()
        sleep_until(clock, began + HOUR)
        lost.up()
        hello = insist(lost, "here I am again")  # which ends its back-off

        # The one that came back in time has everything, once; so has the one that was well.
        for reader in (wiki, shop):
            wait_until(lambda: hello in arrivals(reader)[0], "it has the last one")
            assert sorted(arrivals(reader)[0]) == sorted([*old, *young, hello])
        # The one that came too late has what is young enough. What failed once more when it was too
        # old was given up then, and that is said.
        wait_until(lambda: set(young) <= set(arrivals(lost)[0]), "it gets what is not too old")
        settle(relay)
        missing = [activity for activity in old if activity not in arrivals(lost)[0]]
        assert missing, "its head was tried, and failed, when it was too old"
        for activity in missing:
            row, = (r for r in relay.told("trace", activity)["members"] if r["host"] == lost.host)
            assert (row["verdict"], row["code"]) == ("never", "too-old")
        letters = relay.told("dead", "list")["dead"]
        assert {one["activity"] for one in letters if one["host"] == lost.host} == set(missing)

        found = []
        for peer in sick:
            lines = relay.log("delivery", host=peer.host, status=503)
            for failures, wait in waits(lines):
                assert 0.4 * FIRST_S <= wait <= ceiling(failures) + LATE_S, (failures, wait)
                if failures >= KNOWN:
                    found.append(wait / ceiling(failures))
        say(f"an hour at {SPEED} times its speed: {len(relay.log('delivery'))} attempts; mean of"
            f" {len(found)} waits, as a part of the longest: {statistics.mean(found):.3f} (0.5)")
        assert len(found) > SICK * 10
        assert 0.43 <= statistics.mean(found) <= 0.62  # late ones make it longer, never shorter
