"""Nothing is lost of what was answered 202, whatever is killed, whenever: the promise, and its
twin, a relay that answers before it has written, which must be seen to lose.

WEIR_KILL_SEED repeats the choice of the kills; their moments are still the machine's own."""

import contextlib
import os
import time

from integration import broken
from integration.kills import SILENT_S, Count, Killer, Load, story, table
from integration.relay import WEIR, Relay

SEED = int(os.environ.get("WEIR_KILL_SEED") or time.time_ns() % 1_000_000_000)
KILLS = {"front": 40, "courier": 45, "steward": 30, "redis": 45, "master": 45}
# Two receivers refuse one post of fifty for a while: those are set aside, and not forgotten there.
LOAD = {"picky": 2}
# One at a time: what arrives is compared in order.
QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, aside_most: 1s, window: 1 }\n"
# The control: its senders don't pause, so that at each kill something is on its way.
FEW = {"front": 4, "redis": 6, "master": 4}
CONTROL_SILENT_S = 5  # there, something is missing for ever


@contextlib.contextmanager
def storm(say, directory, kills, program=WEIR, **how):
    """A relay under load while that is killed; gives (relay, load, killer, count) when all is
    quiet."""
    title = f"seed {SEED}, {'the relay' if program == WEIR else 'a relay that answers first'}"
    say(f"{title}: {sum(kills.values())} kills under load")
    with Relay(directory, program=program, workers=2, extra=QUICK) as relay, \
            Load(directory, relay, **how) as load:
        began = time.monotonic()
        killer = Killer(relay, load, SEED)
        killer.kill(kills)
        load.stop(SILENT_S if program == WEIR else CONTROL_SILENT_S)
        count = Count(load, killer.moments)
        say(table(title, killer, count, load, time.monotonic() - began))
        yield relay, load, killer, count


def test_no_kill_loses_what_was_answered_202(say, tmp_path):
    with storm(say, tmp_path, KILLS, **LOAD) as (relay, load, killer, count):
        assert not count.lost, story(relay, count)
        assert not count.inversions, count.inversions[:20]
        assert not count.foreign, count.foreign[:20]
        assert not count.wrong, count.wrong[:20]
        # Trouble for a while is a 503, or no answer at all, and nothing else.
        assert set(load.statuses) <= {"202", "503", "cut"}
        assert count.verified > count.deliveries / 50
        assert killer.killed == KILLS


def test_a_relay_that_answers_first_is_seen_to_lose(say, tmp_path):
    program = broken.answers_first(tmp_path)
    with storm(say, tmp_path, FEW, program, pace=0) as (*_, count):
        assert count.lost
