#!/usr/bin/python3
"""What relaying costs: the CPU of all of Weir and its Redis for one delivery, in RSA signatures.

    scripts/bench --quick              20 posts of 2 KB to 200 hosts, five rounds, medians;
                                       under a minute, and judged: at most 1.3 signatures of CPU
                                       and 0.1 commands to Redis for each delivery
    scripts/bench --quick --json FILE  writes the figures to FILE as well
    scripts/bench --posts 5 --destinations 50 --rounds 3
                                       other sizes: measured, not judged
    scripts/bench --only queue         what waits, and what accepting costs beside many members, in
                                       some minutes: 1,000 members that are down and 1,000 posts,
                                       judged: less than 8 bytes of Redis for each delivery that
                                       waits, beyond the posts; and one post accepted beside 100,000
                                       members (none of which can be reached), judged: less than 1.2
                                       times as long as beside 10, until the answer and in Redis,
                                       with couriers running and with couriers stopped
    scripts/bench --only policy        one decision among 10,000 rules of 1,000 zones; judged: less
                                       than 0.02 of a signature at the median

Weir runs as it is shipped, with its own Redis and as many couriers as there are cores. The hosts are
one program (tests/bench/sink.c) on addresses 127.1.x.y; it keeps connections open, answers 202, and
verifies every twentieth signature. Before, between and after the rounds another (limit.c) measures
how many signatures a second the same cores make; and in each round, sixty times a second, what CPU
one costs just then: on a machine that others use too that changes from one second to the next. With
that, figures are comparable with those of another machine, or of another day on this one.

CPU is counted from the moment before the first post is sent to the last answer. Commands are those
that Weir wrote to its connections to Redis (from /metrics), with what it writes while idle; beside
them what Redis counted itself, which includes the calls inside of scripts.

A round in which other programs had more than a tenth of the cores is disturbed: caches, too, are
shared. Then there are more rounds, at most twice as many, and the calmest count.

The exit code is 0 if everything was delivered, nothing was measured that cannot be, and the bounds
hold; otherwise 1.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "scripts"), str(_ROOT / "tests")]

from bench_parts import accept, figures, policy, queue
from bench_parts.fanout import BenchFailed, Fanout, Sizes

QUICK = Sizes(posts=20, destinations=200, rounds=5, limit_s=0.5)
QUEUE = (1000, 1000)  # members that are down, posts


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the sizes that are judged")
    parser.add_argument("--only", choices=["fanout", "queue", "policy"],
                        help="fanout: what --quick measures; queue: what waits; policy: a decision")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--posts", type=int, help="posts in each round")
    parser.add_argument("--destinations", type=int, help="hosts that each post goes to")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--limit-seconds", dest="limit_s", type=float,
                        help="how long signatures are counted between two rounds")
    parser.add_argument("--workers", default="auto", help="couriers, as in the configuration")
    parser.add_argument("--programs", type=Path, default=_ROOT / "build" / "tests" / "bench",
                        help="where bench_sink and bench_limit are")
    given = parser.parse_args()
    chosen = {name: getattr(given, name) for name in vars(QUICK) if getattr(given, name) is not None}
    if given.only in ("queue", "policy"):
        if chosen or given.quick:
            parser.error(f"--only {given.only} has its own sizes")
    elif bool(chosen) == given.quick:
        parser.error("--quick, or sizes of your own")
    if any(value <= 0 for value in chosen.values()):
        parser.error("sizes are greater than nothing")
    return given, Sizes(**{**vars(QUICK), **chosen})


def measure_fanout(directory, given, sizes):
    """What goes into the JSON, and what is wrong with it."""
    with Fanout(directory, given.programs, sizes, given.workers) as fanout:
        print(figures.HEADING, flush=True)
        while fanout.more():
            print(figures.line(fanout.round()), flush=True)
        found = figures.summary(fanout)
    print(figures.text(found), flush=True)
    found["errors"] = figures.errors(found)
    found["missed"] = figures.missed(found) if given.quick else []
    return {"fanout_warm": found}


def measure_queue(directory, given):
    with queue.Queue(directory, given.programs, *QUEUE) as waits:
        waiting = waits.measure()
    print(f"      {waiting.deliveries} deliveries wait ({waiting.seconds:.0f} s)", flush=True)
    accepted = accept.accepting(directory)
    print(queue.text(waiting, accepted), flush=True)
    found = queue.summary(waiting, accepted)
    return {"queue": {**found, "errors": [], "missed": queue.missed(found)}}


def measure_policy(directory, given):
    found = policy.measure(directory, given.programs)
    print(policy.text(found), flush=True)
    return {"policy": {**found, "errors": [], "missed": policy.missed(found)}}


def main():
    given, sizes = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    directory = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        if given.only == "queue":
            found = measure_queue(directory, given)
        elif given.only == "policy":
            found = measure_policy(directory, given)
        else:
            found = measure_fanout(directory, given, sizes)
    except (BenchFailed, AssertionError) as error:
        print(f"bench: {error}\n(logs are kept in {directory})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 1
    (said,) = found.values()
    bad = [*(f"error of measurement: {error}" for error in said["errors"]), *said["missed"]]
    for what in bad:
        print(f"bench: {what}", file=sys.stderr)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
