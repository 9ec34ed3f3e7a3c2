"""A Redis with a replica: what a failover takes with it, and what it does not where every 202 waits
for the replica; and a Sentinel that says where the master is."""

import contextlib
import shutil
import signal
import subprocess
import time

import pytest

from integration.faults_redis import QUICK, of, scene
from integration.proxy import Proxy
from integration.redis_client import Redis, RedisError
from integration.redis_server import RedisServer
from integration.relay import wait_until
from peers.ports import free_host

CUT_S = 4  # so long master and replica do not see each other


# What `weir status` says of a failover.
LOSES_NOTHING = "a failover to one of them loses nothing"
LOSES_SOME = "a failover may lose the latest"
TOO_FEW = "too few: nothing is accepted until they follow"


def promises(town_scene, failover, follow):
    """It says so soon: of what is set, and of the replicas that follow now."""
    wait_until(lambda: town_scene.relay.told("status").get("replicasFollow") == follow,
               f"{follow} replicas are seen to follow")
    told = town_scene.relay.told("status")
    assert (told["durability"], told["powerCut"]) == ("strict", "a power cut loses nothing")
    assert (told["failover"], told["promiseKept"]) == (failover, failover != TOO_FEW)
    said = town_scene.relay.verb("status").out
    line = f"replicas     {told['replicas']} asked for, {follow} follow{'s' * (follow == 1)} now: "
    assert (line + failover + "\n" in said) == (failover != "")
    assert "durability   strict: a power cut loses nothing\n" in said


def replicas(count):
    return QUICK.replace("command: 1s", f"command: 1s, replicas: {count}")


@contextlib.contextmanager
def pair(directory):
    """A master, the line over which its replica hears of it, and the replica."""
    with RedisServer(directory, name="master") as master, Proxy(master.host) as line, \
            RedisServer(directory, name="replica") as replica:
        with replica.client() as redis:
            redis("REPLICAOF", *line.host.split(":"))
        in_step(replica)
        yield master, line, replica


def in_step(replica):
    def follows():
        with replica.client() as redis:
            return redis.info("replication").get("master_link_status") == "up"

    wait_until(follows, "the replica follows")


def failover(master, replica):
    """What the master alone knew is gone; its address is the replica's from now on, as a Sentinel or
    a name would have it."""
    master.kill()
    with replica.client() as redis:
        redis("REPLICAOF", "NO", "ONE")


def lost_by_failover(tmp_path, settlers, wait_for):
    """Posts are sent while master and replica do not see each other, then the replica takes over:
    (how many were answered 202 then, how many were refused, how many of the first are gone)."""
    with pair(tmp_path) as (master, line, replica), \
            Proxy(master.host) as door, \
            scene(tmp_path, settlers, redis=master, line=door, extra=replicas(wait_for)) as town_scene:
        promises(town_scene, LOSES_NOTHING if wait_for else LOSES_SOME, follow=1)
        assert town_scene.relay.told("status")["replicas"] == wait_for
        said = town_scene.relay.readyz()[2]
        assert (f"replicas: {wait_for}" in said) == (wait_for > 0)
        town_scene.posts(5)
        town_scene.all_there()
        before = list(town_scene.sent)
        line.silent = True
        refused = 0
        end = time.monotonic() + of(2, CUT_S)
        while time.monotonic() < end:
            refused += town_scene.offer(town_scene.write()) == 503
        promised = [post for post in town_scene.sent if post not in before]
        failover(master, replica)
        door.moves(replica.host)
        town_scene.back()
        town_scene.relay.wait_log("redis", trouble="away")
        if wait_for:
            town_scene.told("replicas")
        promises(town_scene, TOO_FEW if wait_for else "", follow=0)
        with replica.client() as redis:
            kept = {dict(zip(fields[::2], fields[1::2])).get(b"i", b"").decode()
                    for _, fields in redis("XRANGE", "{weir}:N", "-", "+")}
        return len(promised), refused, len([post for post in town_scene.sent if post not in kept])


@pytest.mark.row("Q10")
def test_a_failover_after_a_partition_loses_nothing_where_a_202_waits_for_the_replica(
        say, tmp_path, settlers):
    promised, refused, lost = lost_by_failover(tmp_path, settlers, 1)
    say(f"    WAIT 1: {promised} posts answered 202 while cut off, {refused} refused, {lost} lost")
    assert not lost and refused


@pytest.mark.row("Q10")
def test_the_same_failover_is_seen_to_lose_where_it_does_not_wait(say, tmp_path, settlers):
    promised, refused, lost = lost_by_failover(tmp_path, settlers, 0)
    say(f"    WAIT 0: {promised} posts answered 202 while cut off, {refused} refused, {lost} lost")
    assert 0 < lost <= promised and refused < promised


# --- Sentinel -----------------------------------------------------------------------------------


class Sentinel:
    """One sentinel, whose word alone decides."""

    def __init__(self, directory, master):
        self.host = free_host()
        host, port = master.host.split(":")
        self._file = directory / "sentinel.conf"
        self._file.write_text(
            f"port {self.host.split(':')[1]}\nbind 127.0.0.1\ndir {directory}\n"
            f"logfile {directory}/sentinel.log\n"
            f"sentinel monitor weir {host} {port} 1\n"
            "sentinel down-after-milliseconds weir 2000\n"
            "sentinel failover-timeout weir 3000\n", "utf-8")

    def __enter__(self):
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        self._process = subprocess.Popen([program, str(self._file), "--sentinel"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(self._knows, "the sentinel knows the replica")
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def _knows(self):
        try:
            with Redis(self.host) as redis:
                return len(redis("SENTINEL", "REPLICAS", "weir")) == 1
        except (OSError, RedisError):
            return False


@pytest.mark.row("Q10")
def test_a_sentinel_says_where_the_master_is_and_a_failover_loses_nothing(say, tmp_path, settlers):
    with RedisServer(tmp_path, name="master") as master, RedisServer(tmp_path, name="replica") as replica:
        with replica.client() as redis:
            redis("REPLICAOF", *master.host.split(":"))
        in_step(replica)
        nobody = free_host()  # the first that is asked is not there
        with Sentinel(tmp_path, master) as sentinel, \
                scene(tmp_path, settlers, redis=master, extra=replicas(1),
                      url=f"sentinel://{nobody},{sentinel.host}/weir") as town_scene:
            town_scene.posts(5)
            town_scene.all_there()
            promises(town_scene, LOSES_NOTHING, follow=1)
            for reader in town_scene.readers:
                reader.down()
            town_scene.posts(2)
            began = time.monotonic()
            master.kill()
            town_scene.away()
            town_scene.back()
            say(f"    Sentinel: ready again {time.monotonic() - began:.1f} s after the master was killed")
            # The one that is left has no replica: what is promised can't be kept, and is not.
            town_scene.refuses()
            town_scene.told("replicas")
            promises(town_scene, TOO_FEW, follow=0)
            master.start()
            with master.client() as redis:
                redis("REPLICAOF", *replica.host.split(":"))
            for reader in town_scene.readers:
                reader.up()
            promises(town_scene, LOSES_NOTHING, follow=1)
            town_scene.posts(2)
            town_scene.all_there()
