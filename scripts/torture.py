#!/usr/bin/python3
"""Everything that can happen to a relay, while it delivers to 50 members; and what was lost.

    scripts/torture                    1,000 kills, half an hour and more
    scripts/torture --kills 20         as many as you like
    scripts/torture --seed S           the same plan again; the moments are the machine's own
    scripts/torture --json FILE        writes the figures to FILE as well

Processes are killed (SIGKILL: front, courier, steward, master, Redis) and frozen (SIGSTOP, some for
longer than a lease), lines between Weir and its Redis, and between couriers and members, are cut, slow or
silent; nine members hang, drip, reset, answer 5xx, 429, 410, garbage or without an end, or show a wrong
certificate, for some seconds of each twenty. In the first half Weir runs with its own Redis, in the
second with another that is reached by a line. The next comes when all was well after the one before, or
at once.

What is counted comes from the files of senders and receivers, programs of their own that nobody
kills. Lost is what was answered 202 (and is never sent again), is owed to a member, did not arrive, and was
not refused there for good. All is well again when every good member has got a post that was accepted
after the kill: as senders and receivers wrote it down.

The exit code is 0 if nothing is lost; duplicates are less than 0.5 % of the deliveries; all was well
15 s after each fault, after a courier alone was killed 3 s; there were 100 deliveries for each kill; each
role got 15 % of the kills. Of fewer than 100 kills the shares say nothing: duplicates are then bounded by 50
for each kill of a courier or of the master, and for each freeze. Otherwise it is 1, and what did not hold is
named.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "scripts"), str(_ROOT / "tests")]

from integration.proxy import Proxy
from integration.redis_server import RedisServer
from integration.relay import Relay
from integration.shims import World, loaded
from peers.certificates import Authority

from torture_parts import storm
from torture_parts.figures import DELIVERIES_A_KILL, Figures
from torture_parts.town import Town

WORKERS = 2
# Who misbehaved is tried again soon, so that what is missing at the end is not only late.
EXTRA = """\
delivery: { connect: 2s, total: 5s, backoff: 50ms, backoff_most: 2s, retry_after: 2s, aside: 1s,
            aside_most: 4s }
"""
TOLD_S = 10  # so often people are told


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--members", type=int, default=50, help="who receive; default: 50")
    parser.add_argument("--rate", type=float, default=4, help="posts a second; 0: as many as can be")
    given = parser.parse_args()
    if given.kills < 2 or not 1 <= given.members <= 200 or given.rate < 0:
        parser.error("at least 2 kills, 1 to 200 members, a rate that is not less than nothing")
    return given


class Part:
    """One relay, its members, and its share of the kills."""

    def __init__(self, directory, given, kills, seed, far_redis):
        self.directory, self.far_redis = directory, far_redis
        self._given, self._kills, self._seed = given, kills, seed

    def run(self, figures):
        with contextlib.ExitStack() as stack:
            world, authority = World(self.directory), Authority(self.directory / "certificates")
            authority.trust(world.trust)
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-D_GNU_SOURCE",
                            str(_ROOT / "tests/shims/world.c"), "-o",
                            str(self.directory / "world.so"), "-ldl"], check=True)
            redis = line = None
            if self.far_redis:
                redis = stack.enter_context(RedisServer(self.directory))
                line = stack.enter_context(Proxy(redis.host))
            relay = stack.enter_context(Relay(
                self.directory, extra=EXTRA, workers=WORKERS,
                redis=f"redis://{line.host}/0" if line else "embedded",
                environment=loaded(world, built=self.directory)))
            began = time.monotonic()
            town = stack.enter_context(Town(self.directory, relay, self._given.members,
                                            self._given.rate, authority))
            wild = storm.Storm(relay, town, self._seed, redis, line)
            self._told = time.monotonic()
            deeds = storm.plan(self._kills, random.Random(self._seed), self.far_redis)
            try:
                wild.run(deeds, lambda: self._tell(figures, wild, town))
                while town.ledger.deliveries < DELIVERIES_A_KILL * self._kills:
                    town.ledger.read()
                    time.sleep(0.1)
                town.stop()
                figures.lost += town.ledger.lost()
            finally:
                figures.add(wild, town, time.monotonic() - began)
                (self.directory / "deeds").write_text(
                    "".join(f"{when:.4f} {what}\n" for when, what in wild.moments), "utf-8")

    def _tell(self, figures, wild, town):
        now = time.monotonic()
        if now < self._told + TOLD_S:
            return
        self._told = now
        ledger = town.ledger
        kills = figures.kills.total() + wild.kills.total()
        repeats = figures.counts["duplicates"] + len(ledger.repeats)
        deliveries = figures.counts["deliveries"] + ledger.deliveries
        worst = max((max(took) for took in wild.recovery.values()), default=0)
        print(f"    {kills} of {self._given.kills} kills, {deliveries} deliveries, {repeats} duplicates,"
              f" worst recovery of this half {worst:.1f} s", flush=True)


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    root = Path(tempfile.mkdtemp(prefix="weir-torture-"))
    figures, halves = Figures(given.seed), (given.kills - given.kills // 2, given.kills // 2)
    print(f"torture: {given.kills} kills, {given.members} members, seed {given.seed}", flush=True)
    trouble = []
    try:
        for place, kills in enumerate(halves):
            directory = root / str(place)
            directory.mkdir()
            print(f"  Weir with {'a Redis behind a line' if place else 'its own Redis'}", flush=True)
            Part(directory, given, kills, given.seed + place, bool(place)).run(figures)
    except (storm.NeverWell, AssertionError) as error:
        trouble.append(str(error))
    except KeyboardInterrupt:
        trouble.append("stopped")
    print(figures.text(), flush=True)
    trouble += figures.broken()
    if given.json:
        given.json.write_text(json.dumps({**figures.json(), "broken": trouble}, indent=2) + "\n",
                              "utf-8")
    for what in trouble:
        print(f"torture: {what}", file=sys.stderr)
    for host, post in figures.lost[:20]:
        print(f"torture: lost: {post} for {host}", file=sys.stderr)
    if trouble:
        print(f"(logs are kept in {root})", file=sys.stderr)
        return 1
    shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
