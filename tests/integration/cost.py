"""What accepting one post costs in Redis, beside how many members.

Relays side by side take the same posts in turn. All of their members are active and owed every post,
but their hosts do not answer for most of an hour (each has a cursor of its own with a wake time), so that
what is measured is accepting, not delivering, and the posts pile up for all of them.
"""

import contextlib
import hashlib
import json
import re
import statistics
import time

from integration.redis_client import SHARDS, Redis, shard_of
from integration.relay import INTERNAL, ROOT, Relay, wait_until
from peers.town import Town

ROUNDS, POSTS = 12, 10  # every round has its own median, and the best round counts
PATIENCE_S = 120  # until a courier knows all members
PATIENCE = 12  # so many times the rounds, while another program's noise makes them unlike
ALIKE = 1.2
SCRIPTS = ROOT / "relay" / "store"
PATIENT = "durability: standard\nredis_limits: { command: 30s }\n"
HERE = (1 << 63) - 2  # stands in a member's record for the number of its own control entry


def script(name):
    text = (SCRIPTS / f"{name}.lua").read_bytes()
    return re.sub(rb"(?m)^--: ([a-z]+)\n",
                  lambda part: (SCRIPTS / f"{part[1].decode()}.part").read_bytes(), text)


def record_of(host):
    return json.dumps({
        "host": host, "state": "active", "zone": "internal", "placed": False,
        "actor": f"http://{host}/actor", "inbox": f"http://{host}/inbox",
        "follow": f"http://{host}/follow", "software": "", "since": 1, "until": 0, "ver": 1,
        "spans": [{"from": HERE, "zone": "internal"}],
    }, separators=(",", ":"))


class Side:
    """A relay, its Redis, one peer that posts, and so many members that are away."""

    def __init__(self, relay, town, members, patience):
        self.relay, self.members = relay, members
        self.redis = Redis(relay.data / "redis.sock")
        self.append = hashlib.sha1(script("append")).hexdigest()
        # The steward looks at the journal's length once a minute, whatever is posted.
        self.upkeep = [hashlib.sha1(script(name)).hexdigest() for name in ("page", "trim")]
        numbers = self._join([f"127.{2 + n // 62500}.{n // 250 % 250}.{n % 250}:2000" for n in range(members)])
        wait_until(lambda: self._sleep_all(numbers), "the cursors are written", patience)
        wait_until(lambda: self.waiting == members, "all members sleep", patience)
        self.peer = town.add(INTERNAL)
        assert self.peer.follow(relay.actor).status == 202
        self.peer.records.wait_for(1, PATIENCE_S, activity__type="Accept")
        last = int(self.redis("HGET", "{weir}:log", "last"))
        wait_until(lambda: self.relay.metric("weir_journal_position") >= last, "all is read", patience)
        self.redis("CONFIG", "SET", "slowlog-max-len", 50_000)

    def _join(self, hosts):
        epoch = self.redis("HGET", "{weir}:log", "epoch")
        answers = self.redis.many([
            ("EVAL", script("control"), 0, epoch, host, 0, record_of(host), "join", 1, 0,
             shard_of(host), HERE, "") for host in hosts
        ])
        assert all(answer[0] == b"OK" for answer in answers)
        return dict(zip(hosts, (int(answer[1]) for answer in answers)))

    def _sleep_all(self, numbers):
        """The cursors that say that nobody is there for most of an hour, written as another courier
        would that buried the relay's own: they notice at their next beat, and read them. False if
        they were faster, and own the shards again."""
        epoch, wake = self.redis("HGET", "{weir}:log", "epoch"), int((time.time() + 3000) * 1000)
        changes = [[] for _ in range(SHARDS)]
        for host, number in numbers.items():
            changes[shard_of(host)] += ["C", host, number, f"{number} {wake} 9 1 1 0"]
        lease = ("EVAL", script("lease"), 0, epoch, "somebody", "somebody")
        claimed = self.redis.many([
            ("DEL", "{weir}:lease"), (*lease, "1"),
            *(("EVAL", script("claim"), 0, epoch, "somebody", shard) for shard in range(SHARDS)),
        ])[2:]
        words = []
        if all(answer[0] == b"OK" for answer in claimed):
            for shard, (_, seq, low, *_) in enumerate(claimed):
                words += ["S", shard, int(seq) + 1, int(low), int(low), *changes[shard]]
        done = self.redis("EVAL", script("commit"), 0, epoch, "somebody", 1, *words)
        self.redis(*lease, "1", "L")
        return bool(words) and done == [b"OK"]

    @property
    def waiting(self):
        return self.relay.metric('weir_destinations{state="waiting"}')

    def post(self, text):
        sent = self.peer.post(text)
        assert sent.status == 202, sent.answer.text

    def watch(self):
        """From here on every command is noted."""
        self.redis.many([("CONFIG", "SET", "slowlog-log-slower-than", 0), ("SLOWLOG", "RESET")])

    def seen(self):
        """What ran since watch(), by script: [microseconds of each call]."""
        self.redis("CONFIG", "SET", "slowlog-log-slower-than", -1)
        calls = {}
        for _, _, microseconds, words, *_ in self.redis("SLOWLOG", "GET", -1):
            if words[0].upper() == b"EVALSHA":
                calls.setdefault(words[1].decode(), []).append(microseconds)
        return calls

    def families(self):
        """Bytes of memory by family of keys: `obj`, `seen`, `member` ..."""
        keys, cursor = [], b"0"
        while True:
            cursor, some = self.redis("SCAN", cursor, "COUNT", 1000)
            keys += some
            if cursor == b"0":
                break
        sizes = self.redis.many([("MEMORY", "USAGE", key, "SAMPLES", 0) for key in set(keys)])
        found = {}
        for key, size in zip(set(keys), sizes):
            family = key.decode().removeprefix("{weir}:").split(":")[0]
            found[family] = found.get(family, 0) + (size or 0)
        return found

    def moves(self):
        """How often it was told that cursors moved: once a second for each shard, at most."""
        return sum(self.redis.many([("XLEN", f"{{weir}}:when:{n}") for n in range(SHARDS)]))

    def evalsha(self):
        return int(self.redis.info("commandstats").get("cmdstat_evalsha", "calls=0")
                   .split(",")[0].removeprefix("calls="))


class Cost:
    """The same work on both sides, in turn, and what it took there."""

    def __init__(self, sides, work, rounds=ROUNDS, posts=POSTS):
        self.posts = 0
        self.medians = [[] for _ in sides]
        self.calls, self.others = [0 for _ in sides], [0 for _ in sides]
        self.evalsha = [-side.evalsha() for side in sides]
        self.moves = [-side.moves() for side in sides]
        self.growth = [{family: -size for family, size in side.families().items()}
                       for side in sides]
        started = time.monotonic()
        for number in range(rounds * PATIENCE):
            if number >= rounds and self.slower() < ALIKE:
                break
            self.posts += posts
            for side in sides:
                side.watch()
            for post in range(posts):
                for side in sides:
                    work(side, f"{number} {post}")
            for i, side in enumerate(sides):
                seen = side.seen()
                mine = seen.pop(side.append, [])
                self.evalsha[i] -= sum(len(seen.pop(name, ())) for name in side.upkeep)
                self.calls[i] += len(mine)
                self.others[i] += sum(map(len, seen.values()))
                self.medians[i].append(statistics.median(mine) if mine else 0)
        self.seconds = time.monotonic() - started
        for i, side in enumerate(sides):
            self.evalsha[i] += side.evalsha()
            self.moves[i] += side.moves()
            for family, size in side.families().items():
                self.growth[i][family] = self.growth[i].get(family, 0) + size

    @property
    def microseconds(self):
        return [min(rounds) for rounds in self.medians]

    def slower(self):
        """How much dearer the dearer side is."""
        return max(self.microseconds) / min(self.microseconds)

    def grown(self):
        """The families that grew more beside many members: not by blocks of memory alone, and not
        by the second, as `when` does."""
        few, many = self.growth
        return {family: (few.get(family, 0), size) for family, size in many.items()
                if family != "when" and size > 1.5 * max(few.get(family, 0), 0) + 4096}

    def __repr__(self):
        return (f"calls {self.calls}, others {self.others} in {self.seconds:.1f} s, "
                f"us {self.microseconds}, growth {self.growth}")


@contextlib.contextmanager
def relays_beside(directory, *sizes, patience=PATIENCE_S):
    """A Side for each number of members. How long the disk takes to sync is not what is measured;
    nor what a beat of each courier costs."""
    with contextlib.ExitStack() as stack:
        relays = []
        for size in sizes:
            place = directory / f"members-{size}"
            place.mkdir()
            relays.append(stack.enter_context(Relay(place, extra=PATIENT, workers=1)))
        town = stack.enter_context(Town())
        sides = [Side(relay, town, size, patience) for relay, size in zip(relays, sizes)]
        yield sides
        for side in sides:
            side.redis.close()
