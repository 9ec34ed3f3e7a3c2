"""Redis is killed at the worst moment, again and again, or its line is slow, thin and often cut."""

import collections
import time

import pytest

from integration import broken
from integration.faults_redis import QUICK, of, scene
from integration.kills import Count, Killer, Load, story, table
from integration.proxy import Proxy
from integration.redis_server import RedisServer
from integration.relay import FULL, PATIENCE_S, WEIR, Relay, wait_until
from peers.faults import Pause

# A courier that forgets what was answered, as soon as Redis is away.
FORGETS = [(r"(void courier_away\(struct courier \*c, const char \*why\)\n\{\n)",
            "void courier_away(struct courier *c, const char *why)\n{\n"
            "    if (c->lease_ms) {\n        courier_start_over(c, why);\n        return;\n    }\n")]


class Trap:
    """Kills the Redis when a certain post passes on its way to it: before it gets there, when it has
    been sent, or when its answer is on its way back."""

    MOMENTS = ("before", "sent", "answered")

    def __init__(self, redis, line):
        self._redis, self._line = redis, line
        self._mark = self._moment = None
        self.sprung = collections.Counter()
        line.trap = self._look

    def arm(self, mark, moment):
        self._mark, self._moment = mark.encode(), moment

    def _look(self, data):
        if self._mark is None or self._mark not in data or b"EVALSHA" not in data:
            return None
        self._mark = None
        self.sprung[self._moment] += 1
        if self._moment == "before":
            self._redis.kill()
            return b""
        if self._moment == "sent":
            self._line.after = self._redis.kill
        else:
            self._line.withhold = self._redis.kill
        return None


@pytest.mark.row("Q02")
def test_killed_between_a_script_and_its_answer_no_202_is_lost_and_no_post_is_there_twice(
        say, tmp_path, settlers):
    trials = of(9, 1000)
    with RedisServer(tmp_path) as redis, Proxy(redis.host) as line, \
            scene(tmp_path, settlers, redis=redis, line=line) as town_scene:
        trap = Trap(redis, line)
        statuses = collections.Counter()
        for number in range(trials):
            activity = town_scene.write(f"trial {number}")
            trap.arm(activity["id"], Trap.MOMENTS[number % 3])
            statuses[town_scene.offer(activity)] += 1
            wait_until(lambda: not redis.alive, "the trap has sprung")
            redis.start()
            wait_until(lambda post=activity: town_scene.offer(post) == 202, "its repeat is taken")
        town_scene.all_there()
        say(f"    {dict(trap.sprung)}, first answers {dict(statuses)}")
        with redis.client() as client:
            entries = [dict(zip(fields[::2], fields[1::2]))
                       for _, fields in client("XRANGE", "{weir}:N", "-", "+")]
        ids = collections.Counter(entry[b"i"].decode() for entry in entries if b"i" in entry)
        assert all(ids[activity] == 1 for activity in town_scene.sent)
        assert set(trap.sprung) == set(Trap.MOMENTS)
        assert statuses[202] <= trap.sprung["sent"]  # its answer may be faster than the kill


@pytest.mark.row("Q03")
def test_killed_again_and_again_while_deliveries_run(say, tmp_path):
    kills, program = {"redis": of(6, 20)}, WEIR
    with Relay(tmp_path, program=program, workers=2, extra=QUICK) as relay, \
            Load(tmp_path, relay, receivers=of(6, 48), pace=of(0.2, 0.02)) as load:
        began = time.monotonic()
        killer = Killer(relay, load, 3)
        killer.kill(kills)
        if FULL:
            wait_until(lambda: Count(load).deliveries >= 100000, "100,000 deliveries", 3600)
        load.stop()
        count = Count(load, killer.moments)
        say(table("a Redis that is killed", killer, count, load, time.monotonic() - began))
        assert not count.lost, story(relay, count)
        assert not count.foreign and not count.wrong
        assert set(load.statuses) <= {"202", "503", "cut"}


def repeats_of_a_kill(tmp_path, settlers, program=WEIR):
    """Answers come in while the Redis is away: how many of those posts were sent again?"""
    lasting = QUICK.replace("lease: 3s", "lease: 10s")  # longer than Redis is away
    with scene(tmp_path, settlers, program=program, readers=6, extra=lasting) as town_scene:
        pauses = [Pause(delay=2, times=1, method="POST") for _ in town_scene.readers]
        for reader, pause in zip(town_scene.readers, pauses):
            reader.faults.append(pause)
        town_scene.posts(1)
        for pause in pauses:
            assert pause.began.wait(PATIENCE_S)
        town_scene.redis.kill()
        town_scene.away()
        for reader in town_scene.readers:
            wait_until(lambda reader=reader: town_scene.arrived(reader), "it has answered")
        time.sleep(1)  # and is heard
        town_scene.redis.start()
        town_scene.back()
        town_scene.posts(1)
        return town_scene.all_there()


@pytest.mark.row("Q03")
def test_what_was_answered_while_redis_was_away_is_not_sent_again(tmp_path, settlers):
    assert repeats_of_a_kill(tmp_path, settlers) == 0


def test_a_courier_that_forgets_is_seen_to_send_again(tmp_path, settlers):
    program = broken.weir(tmp_path, "relay/courier_away.c", FORGETS)
    directory = tmp_path / "broken"
    directory.mkdir()
    assert repeats_of_a_kill(directory, settlers, program) > 0


@pytest.mark.row("Q13")
@pytest.mark.parametrize("trouble", ["slow", "thin", "cut"])
def test_a_bad_line_to_redis_makes_it_slower_and_no_worse(say, tmp_path, settlers, trouble):
    # What is thin takes seconds over a post.
    extra = QUICK if trouble != "thin" else QUICK.replace("lease: 3s", "lease: 30s").replace(
        "command: 1s", "command: 10s")
    with RedisServer(tmp_path) as redis, Proxy(redis.host) as line, \
            scene(tmp_path, settlers, redis=redis, line=line, extra=extra) as town_scene:
        town_scene.posts(1)  # and Redis has been told the scripts
        town_scene.all_there()
        before = town_scene.relay.metric("weir_redis_commands_total")
        if trouble == "slow":
            line.delay = 0.1  # and as much for the way back
        elif trouble == "thin":
            line.rate = of(16, 1) * 1024
        else:
            line.every(of(1.5, 5))
        began = time.monotonic()
        while time.monotonic() - began < of(4, 120):
            town_scene.posts(1)
            time.sleep(0.1)
        repeats = town_scene.all_there()
        seconds = time.monotonic() - began
        commands = town_scene.relay.metric("weir_redis_commands_total") - before
        say(f"    {trouble}: {len(town_scene.sent)} posts in {seconds:.1f} s, {repeats} repeats,"
            f" {commands:.0f} commands, {line.opened} connections")
        # No storm: neither of leases and commits nor of connections.
        assert commands / seconds < 200
        assert line.opened < 20 + 6 * seconds
        if trouble == "cut":
            town_scene.told("away")
        line.every(0)
        line.delay = line.rate = 0
        town_scene.posts(1)
        town_scene.all_there()
