"""Redis answers what it should not: errors of every class, what is no answer at all; and keys of the
wrong type, each of which stops what needs it and nothing else."""

import contextlib
import hashlib

import pytest

from integration.acts import announced, deliveries, settle
from integration.cost import script
from integration.faults_redis import QUICK, of, scene
from integration.proxy import Proxy
from integration.redis_client import RedisError, shard_of
from integration.redis_server import RedisServer
from integration.relay import wait_until

# What comes in place of the answer to a post's script -> what that is called.
ERRORS = {
    b"-OOM command not allowed when used memory > 'maxmemory'.\r\n": "memory",
    b"-LOADING Redis is loading the dataset in memory\r\n": "loading",
    b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL.\r\n": "busy",
    b"-MISCONF Errors writing to the AOF file: No space left on device\r\n": "disk",
    b"-READONLY You can't write against a read only replica.\r\n": "read-only",
    b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n":
        "master-down",
    b"-NOREPLICAS Not enough good replicas to write.\r\n": "replicas",
    b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n": "wrong-type",
    b"-NOPERM this user has no permissions to run the 'evalsha' command\r\n": "denied",
    b"-NOAUTH Authentication required.\r\n": "denied",
    b"-ERR something that nobody has heard of\r\n": "other",
    b"-\r\n": "other",
    b"-NOSCRIPT No matching script. Please use EVAL.\r\n": None,  # loaded, and asked again: no trouble
}
GARBAGE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "noise": bytes(range(128, 256)) * 8,
    "nothing": b"\0" * 512,
    "a huge bulk": b"$1073741824\r\n" + b"x" * 65536,
    "a bulk of negative length": b"$-5\r\n",
    "a length that is none": b"*zzz\r\n",
    "an array too huge": b"*4294967296\r\n",
    "a huge array": b"*1000000\r\n",
    "nested arrays": b"*1\r\n" * 9 + b":1\r\n",
    "a push": b">2\r\n$10\r\ninvalidate\r\n*0\r\n",
    "a map": b"%1\r\n+a\r\n+b\r\n",
    "half an answer": b"*2\r\n$2\r\nOK\r\n",
    "silence": b"",
}
# An answer of the right form, but of nonsense.
NONSENSE = [b"+OK\r\n", b":7\r\n", b"$-1\r\n", b"*-1\r\n", b"*0\r\n", b"*1\r\n$6\r\nDANCED\r\n",
            b"*2\r\n*0\r\n:1\r\n"]


class Answers:
    """Puts another answer in the place of the one to a script: of a post, or of what else it is
    known by."""

    def __init__(self, line):
        self._mark = self._answer = None
        self.given = 0
        line.trap = self._look

    def give(self, mark, answer):
        self._mark, self._answer = mark.encode(), answer

    @property
    def waits(self):
        return self._mark is not None

    def _look(self, data):
        if self._mark is None or self._mark not in data or b"EVALSHA" not in data:
            return None
        self._mark = None
        self.given += 1
        return self._answer


@pytest.mark.row("Q05")
def test_every_error_is_told_by_its_name_and_every_garbage_is_survived(tmp_path, settlers):
    cases = [(answer, state) for answer, state in ERRORS.items()]
    cases += [(answer, None) for answer in [*GARBAGE.values(), *NONSENSE]]
    with RedisServer(tmp_path) as redis, Proxy(redis.host) as line, \
            scene(tmp_path, settlers, redis=redis, line=line,
                  extra=QUICK.replace("command: 1s", "command: 500ms")) as town_scene:
        answers = Answers(line)
        for answer, state in cases:
            activity = town_scene.write(f"case {answer[:20]!r}")
            before = town_scene.counted(state) if state else 0
            answers.give(activity["id"], answer)
            found = town_scene.offer(activity)
            if answer.startswith(b"-NOSCRIPT") and found == 503:  # it took too long to load it
                town_scene.told("slow")
            else:
                assert found == (202 if answer.startswith(b"-NOSCRIPT") else 503), (answer, found)
            if state:
                wait_until(lambda state=state, before=before: town_scene.counted(state) > before,
                           f"{state} is counted")
            wait_until(lambda post=activity: town_scene.offer(post) == 202, f"{answer} is over")
        assert answers.given == len(cases)
        for state in {state for state in ERRORS.values() if state}:
            town_scene.told(state)
        town_scene.told("protocol")
        town_scene.all_there()


# Of those, some of each kind that a courier meets as a rule.
OF_A_COMMIT = of([*list(ERRORS)[:3], *list(ERRORS)[-2:], *list(GARBAGE.values())[:4],
                  *list(GARBAGE.values())[-4:], *NONSENSE[:2]],
                 [*ERRORS, *GARBAGE.values(), *NONSENSE])


@pytest.mark.row("Q05")
def test_whatever_a_courier_hears_of_its_commit_nothing_is_lost(tmp_path, settlers):
    """It is not carried out, and something else is said of it."""
    commit = hashlib.sha1(script("commit")).hexdigest()
    with RedisServer(tmp_path) as redis, Proxy(redis.host) as line, \
            scene(tmp_path, settlers, redis=redis, line=line,
                  extra=QUICK.replace("command: 1s", "command: 500ms")) as town_scene:
        answers = Answers(line)
        for answer in OF_A_COMMIT:
            answers.give(commit, answer)
            town_scene.posts(1)
            wait_until(lambda: not answers.waits, "it commits")
            town_scene.all_there()
        assert answers.given == len(OF_A_COMMIT)
        town_scene.posts(1)
        town_scene.all_there(repeats=len(OF_A_COMMIT) * len(town_scene.readers))
        wait_until(lambda: town_scene.relay.metric("weir_shards_stopped") == 0, "no shard stands still")
        settle(town_scene.relay)


# --- keys of the wrong type -----------------------------------------------------------------------

# (All of them in tests/unit/store/test_resume.c.)
OF_A_SHARD = of(["shard", "own", "fail", "direct"],
                ["shard", "own", "fail", "late", "skip", "cut", "dropped", "orders", "direct", "when", "last"])

class Spoiled:
    """A key that is of another type for a while, which everybody notices who connects anew; what it
    was comes back with `mend`."""

    def __init__(self, server, key):
        self._server, self._key = server, key
        with server.client() as redis:
            self._was = redis("DUMP", key)
            redis("SET", key, "spoiled")
        # Of its own connection, too.
        with server.client() as redis, contextlib.suppress(OSError, AssertionError, RedisError):
            redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.mend()

    def mend(self):
        with self._server.client() as redis:
            # At once: nobody is to find nothing there.
            if self._was is not None:
                redis("RESTORE", self._key, 0, self._was, "REPLACE")
            else:
                redis("DEL", self._key)


@pytest.mark.row("Q11")
@pytest.mark.parametrize("name", OF_A_SHARD)
def test_a_key_of_a_shard_that_is_spoiled_stops_that_shard_alone(spoiled_scene, name):
    scene_ = spoiled_scene
    ill, *well = scene_.readers
    shard = shard_of(ill.host)
    with Spoiled(scene_.redis, f"{{weir}}:{name}:{shard}"):
        scene_.posts(1)
        wait_until(lambda: scene_.relay.metric("weir_shards_stopped") == 1, "it is told")
        for reader in well:
            if shard_of(reader.host) != shard:
                wait_until(lambda reader=reader: set(scene_.sent) <= set(scene_.arrived(reader)),
                           f"who is well gets everything while {name} is spoiled")
        wait_until(lambda: any(f"shard {shard} stops" in line.get("message", "")
                               for line in scene_.relay.log("courier")), "the log says so")
        the_others_are_told_of(scene_, ill, well, shard)
    wait_until(lambda: scene_.relay.metric("weir_shards_stopped") == 0, "it is whole again")
    scene_.all_there()


def the_others_are_told_of(scene_, ill, well, shard):
    """What people ask is answered, but for what belongs to the shard."""

    def verdicts():
        return {row["host"]: (row["verdict"], row.get("code"))
                for row in scene_.relay.told("trace", scene_.sent[-1])["members"]}

    for reader in well:
        if shard_of(reader.host) != shard:
            wait_until(lambda host=reader.host: verdicts()[host] == ("delivered", None), "told")
    assert verdicts()[ill.host] == ("unknown", "unreadable")
    queue = {row["host"]: row["code"] for row in scene_.relay.told("queue", "list")["queue"]}
    assert queue[ill.host] == "unreadable"
    assert scene_.relay.told("dead", "list")["unreadable"] == 1
    for words in (("queue", "show"), ("trace",), ("queue", "hold")):
        done = scene_.relay.verb(*words, ill.host)
        assert done.code == 1 and "can't be read" in done.err + done.out, (words, done)
    assert "health" not in scene_.relay.member(ill.host)


@pytest.mark.row("Q11")
def test_what_is_spoiled_is_not_forgotten_and_that_is_told(tmp_path, settlers):
    with scene(tmp_path, settlers) as scene_:
        shard = shard_of(scene_.readers[0].host)
        key = f"{{weir}}:skip:{shard}"
        scene_.posts(1)
        scene_.all_there()
        with Spoiled(scene_.redis, key):
            scene_.relay.restart()
            wait_until(lambda: scene_.relay.metric("weir_trim_stopped") == 1, "it is counted")
            wait_until(lambda: any(key in line.get("message", "")
                                   for line in scene_.relay.log("journal", level="error")),
                       "the log names it")
        scene_.relay.restart()
        wait_until(lambda: scene_.relay.metric("weir_shards_stopped") == 0, "it is whole again")
        assert scene_.relay.metric("weir_trim_stopped") == 0


@pytest.fixture(scope="module", name="spoiled_scene")
def fixture_spoiled_scene(tmp_path_factory, settlers):
    with scene(tmp_path_factory.mktemp("spoiled"), settlers, readers=3) as found:
        yield found


@pytest.mark.row("Q11")
def test_the_record_of_a_member_that_is_spoiled_stops_its_shard_alone(spoiled_scene):
    scene_ = spoiled_scene
    ill, *well = scene_.readers
    spoiled = Spoiled(scene_.redis, f"{{weir}}:member:{ill.host}")
    scene_.relay.restart()
    scene_.posts(2)
    for reader in well:
        if shard_of(reader.host) != shard_of(ill.host):
            wait_until(lambda reader=reader: set(scene_.sent) <= set(scene_.arrived(reader)),
                       "who is well gets everything")
    wait_until(lambda: scene_.relay.metric("weir_shards_stopped") == 1, "it is told")
    listed = {m["host"]: m["state"] for m in scene_.relay.told("member", "list")["members"]}
    assert listed[ill.host] == "unreadable" and listed[well[0].host] == "active"
    # What it sends itself can't be judged.
    assert ill.send(ill.write("and me?")).status == 503
    scene_.told("wrong-type")
    spoiled.mend()
    wait_until(lambda: scene_.relay.metric("weir_shards_stopped") == 0, "it is whole again")
    scene_.all_there()


@pytest.mark.row("Q11")
def test_a_body_that_is_spoiled_concerns_that_post_alone(spoiled_scene):
    scene_ = spoiled_scene
    for reader in scene_.readers:
        reader.down()
    whole = scene_.write("its bytes will not be there")
    wait_until(lambda: scene_.offer(whole) == 202, "it is taken")
    scene_.sent.remove(whole["id"])
    with scene_.redis.client() as redis:
        newest = int(redis("HGET", "{weir}:log", "last"))
        redis("DEL", f"{{weir}}:body:{newest}")
        redis("RPUSH", f"{{weir}}:body:{newest}", "x")
    scene_.posts(1)
    scene_.relay.restart()  # and with it goes what it has in memory
    for reader in scene_.readers:
        reader.up()
    scene_.all_there()
    for reader in scene_.readers:
        announced(reader, whole["object"]["id"])  # which can still be named
        assert not deliveries(reader, activity__id=whole["id"])
    scene_.told("wrong-type")


@pytest.mark.row("Q11")
@pytest.mark.parametrize("key", ["log", "N", "epochs", "lease", "members"])
def test_a_key_of_all_that_is_spoiled_stops_all_is_said_and_can_be_mended(tmp_path, settlers, key):
    with scene(tmp_path, settlers) as scene_:
        scene_.posts(1)
        scene_.all_there()
        spoiled = Spoiled(scene_.redis, f"{{weir}}:{key}")
        offered = scene_.write("is that all right?")
        if key in ("log", "N"):
            wait_until(lambda: scene_.offer(offered) == 503, "posts are refused")
        else:
            wait_until(lambda: scene_.offer(offered) == 202, "posts are taken")
        scene_.told("wrong-type")
        spoiled.mend()
        scene_.back()
        scene_.posts(1)
        scene_.all_there()
