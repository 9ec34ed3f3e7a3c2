"""Redis is away, slow, full, flushed, on another clock, or promises too little: what Weir does in each
of these, what it calls it, and that nothing is lost."""

import time

import pytest

from integration.acts import join
from integration.faults_redis import QUICK, of, scene
from integration.redis_server import RedisServer
from integration.relay import INTERNAL, Relay, http_get, wait_until
from integration.shims import Clock, loaded
from peers.town import Town


@pytest.fixture(name="town_scene")
def fixture_town_scene(tmp_path, settlers):
    with scene(tmp_path, settlers) as found:
        yield found


# --- not there ----------------------------------------------------------------------------------


@pytest.mark.row("Q01")
def test_a_redis_that_comes_up_later_is_waited_for_and_then_all_is_well_at_once(tmp_path, settlers):
    redis = RedisServer(tmp_path)
    relay = Relay(tmp_path, redis=redis.url, extra=QUICK, workers=1).init().start(ready=False)
    try:
        wait_until(lambda: status(f"{relay.url}/actor") == 200, "documents are served")
        wait_until(lambda: status(f"http://{relay.metrics}/readyz") == 503, "it is not ready")
        relay.wait_log("redis", trouble="away")
        with Town() as town:
            blog = settlers.add(town, INTERNAL)
            sent = blog.follow(relay.actor)
            assert sent.status == 503 and 20 <= int(sent.answer.headers["Retry-After"]) <= 60
            time.sleep(of(2, 60))
            with redis:
                began = time.monotonic()
                relay.wait_ready()
                # The longest pause between two tries is 5 s; the rest is for a machine under load.
                assert time.monotonic() - began < 20
                join(relay, blog)
                relay.stop()
        relay.check_reports()
    finally:
        relay.kill()


def status(url):
    try:
        return http_get(url)[0]
    except OSError:
        return None


@pytest.mark.row("Q04")
@pytest.mark.parametrize("seconds", of([1.5, 4], [1.5, 30, 120]))
def test_a_redis_that_stands_still_is_away_and_what_was_answered_is_kept(tmp_path, settlers, seconds):
    """The lease is 3 s. A commit is always under way when it stops, and answers still come in."""
    with scene(tmp_path, settlers, readers=3) as town_scene:
        town_scene.posts(3)
        town_scene.all_there()
        town_scene.slow(0.4)
        town_scene.posts(2)
        town_scene.redis.freeze()
        try:
            began = time.monotonic()
            assert town_scene.offer(town_scene.write("and this?")) == 503
            assert time.monotonic() - began < 15  # not as long as it stands still, or for ever
            town_scene.away()
            town_scene.told("slow")
            assert town_scene.relay.get("/actor")[0] == 200
            time.sleep(seconds)
        finally:
            town_scene.redis.thaw()
        town_scene.back()
        town_scene.slow(0)
        town_scene.posts(2)
        # As a rule none: all of it was answered before a lease ran out. What was in flight may be.
        town_scene.all_there(repeats=2 * len(town_scene.readers))


# --- full ---------------------------------------------------------------------------------------


@pytest.mark.row("Q06")
def test_a_full_redis_refuses_posts_delivers_what_waits_and_takes_posts_again(tmp_path, settlers):
    waiting = of(150, 50000)
    with scene(tmp_path, settlers) as town_scene, town_scene.redis.client() as redis:
        for reader in town_scene.readers:
            reader.down()
        town_scene.posts(waiting)
        # By more than what connections take for a while and give back.
        redis("CONFIG", "SET", "maxmemory", int(redis.info("memory")["used_memory"]) // 2)
        town_scene.refuses()
        town_scene.told("memory")
        for reader in town_scene.readers:
            reader.up()
        town_scene.all_there()  # what drains it needs no memory that is not there
        redis("CONFIG", "SET", "maxmemory", 0)
        town_scene.posts(1)
        town_scene.all_there()


# --- promises -----------------------------------------------------------------------------------

WRONG = {
    "it evicts": ({"maxmemory_policy": "allkeys-lru"}, "strict", "maxmemory-policy"),
    "it evicts what expires": ({"maxmemory_policy": "volatile-ttl"}, "standard", "maxmemory-policy"),
    "it keeps no file": ({"appendonly": "no"}, "strict", "appendonly"),
    "it keeps none for less": ({"appendonly": "no"}, "standard", "appendonly"),
    "it syncs each second": ({"appendfsync": "everysec"}, "strict", "appendfsync always"),
    "it never syncs": ({"appendfsync": "no"}, "standard", "appendfsync"),
}


@pytest.mark.row("Q07")
@pytest.mark.parametrize("case", WRONG)
def test_a_redis_that_promises_less_than_asked_for_is_refused_by_name(tmp_path, case):
    settings, durability, said = WRONG[case]
    with RedisServer(tmp_path, **settings) as redis:
        relay = Relay(tmp_path, redis=redis.url, extra=f"durability: {durability}\n", workers=1).init()
        relay.start(ready=False)
        try:
            assert relay.ended() == 1
            assert said in relay.err_text
            # The twin: set right, while it runs, it is taken.
            with redis.client() as client:
                for name, good in (("maxmemory-policy", "noeviction"), ("appendonly", "yes"),
                                   ("appendfsync", "always")):
                    client("CONFIG", "SET", name, good)
            relay.start()
            relay.stop()
        finally:
            relay.kill()


@pytest.mark.row("Q07")
def test_one_that_stops_keeping_its_promise_is_noticed_at_the_next_connection(tmp_path, settlers):
    with RedisServer(tmp_path, appendfsync="everysec") as redis, \
            scene(tmp_path, settlers, redis=redis, extra="durability: standard\n") as town_scene:
        assert "durability: standard" in town_scene.relay.readyz()[2]
        assert "durability=standard" in town_scene.relay.err_text
        with redis.client() as client:
            client("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            client("CLIENT", "KILL", "TYPE", "normal")
            town_scene.away()
            town_scene.told("promise")
            town_scene.refuses()
            assert "maxmemory-policy" in town_scene.relay.err_text
            client("CONFIG", "SET", "maxmemory-policy", "noeviction")
        town_scene.back()
        town_scene.posts(1)
        town_scene.all_there()


# --- under load ---------------------------------------------------------------------------------


@pytest.mark.row("Q12")
def test_forgotten_scripts_killed_clients_and_less_memory_lose_nothing(town_scene):
    with town_scene.redis.client() as redis:
        for _ in range(of(3, 100)):
            town_scene.posts(1)
            redis("SCRIPT", "FLUSH")
            town_scene.posts(1)
            redis("CLIENT", "KILL", "TYPE", "normal")
            town_scene.posts(1)
            redis("CONFIG", "SET", "maxmemory", 1000000)
            town_scene.refuses()
            redis("CONFIG", "SET", "maxmemory", 0)
    town_scene.told("away")
    town_scene.told("memory")
    town_scene.all_there(repeats=0)


@pytest.mark.row("Q12")
def test_a_flushed_redis_is_noticed_and_its_files_bring_everything_back(town_scene):
    town_scene.posts(2)
    town_scene.all_there()
    for reader in town_scene.readers:
        reader.down()
    town_scene.posts(3)
    directory = town_scene.redis.directory / "appendonlydir"
    kept = {file: file.read_bytes() for file in directory.iterdir()}
    with town_scene.redis.client() as redis:
        redis("FLUSHALL")
    town_scene.refuses()
    town_scene.away()
    town_scene.told("empty")
    assert "holds no journal" in town_scene.relay.err_text
    town_scene.redis.kill()
    for file, data in kept.items():
        file.write_bytes(data)
    town_scene.redis.start()
    for reader in town_scene.readers:
        reader.up()
    town_scene.back()
    town_scene.posts(1)
    town_scene.all_there()  # the cursors of those files may be a commit behind


# --- another clock ------------------------------------------------------------------------------


@pytest.mark.row("Q14")
@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
def test_a_redis_whose_clock_jumps_loses_nothing_and_nobody_loses_a_lease(tmp_path, settlers, hours):
    clock = Clock(tmp_path)
    lasting = QUICK.replace("lease: 3s", "lease: 10s")  # longer than Redis is away
    with RedisServer(tmp_path, environment=loaded(clock)) as redis, \
            scene(tmp_path, settlers, redis=redis, workers=2, extra=lasting) as town_scene:
        for reader in town_scene.readers:
            reader.down()
        town_scene.posts(3)
        clock.jump(hours * 3600)
        with redis.client() as client:
            assert abs(int(client("TIME")[0]) - time.time() - hours * 3600) < 60  # it did jump
        town_scene.posts(3)
        for reader in town_scene.readers:
            reader.up()
        town_scene.posts(3)
        town_scene.all_there(repeats=0)
        # Also where it is started anew in that time.
        redis.kill()
        town_scene.away()
        redis.start()
        town_scene.back()
        town_scene.posts(3)
        town_scene.all_there(repeats=0)
        said = [line.get("message", "") for line in town_scene.relay.log("courier")]
        assert not [text for text in said if "starts over" in text]  # as in test_leases.py


# --- two of them --------------------------------------------------------------------------------


@pytest.mark.row("Q16")
def test_a_second_master_on_the_same_directory_or_the_same_redis_is_refused(tmp_path, settlers):
    with scene(tmp_path, settlers) as town_scene:
        second = Relay(tmp_path, redis=town_scene.redis.url, workers=1)
        second.host = town_scene.relay.host
        second.config = second.directory / "second.yaml"
        second.out, second.err = (second.directory / f"second.{name}" for name in ("out", "err"))
        second.configure(town_scene.relay.config.read_text("utf-8"))
        second.start(ready=False)
        assert second.ended() == 1
        assert "another weir serves this data directory" in second.err_text
        other = Relay(tmp_path / "o", redis=town_scene.redis.url, workers=1).init()
        other.start(ready=False)
        assert other.ended() == 1
        assert "another relay's journal" in other.err_text
        town_scene.posts(2)
        town_scene.all_there(repeats=0)
