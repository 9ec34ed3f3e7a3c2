"""What waiting costs: many members that are down, many posts, and what Redis holds for each delivery
that waits beyond the posts themselves; and what accepting costs beside many members (accept.py)."""

import dataclasses
import time

from integration.redis_client import Redis
from integration.relay import wait_until

from bench_parts.accept import ALIKE_MOST, FEW, MANY
from bench_parts.fanout import BODY_BYTES, Fanout, Sizes
from bench_parts.programs import BenchFailed
from bench_parts.sender import create

BYTES_MOST = 8
COMMANDS_ALIKE = 1.05  # the same, but for what else was asked meanwhile
SETTLED_S = 3  # nothing was written for so long: all that was to be noted is noted
PATIENCE_S = 120


@dataclasses.dataclass
class Waiting:
    members: int
    posts: int
    used: int  # bytes of Redis, after less before
    bodies: int
    seconds: float

    @property
    def deliveries(self):
        return self.members * self.posts

    @property
    def bytes_each(self):
        return (self.used - self.bodies) / self.deliveries


class Queue(Fanout):
    """`with` sets everything up, and all members are up; `measure()` takes them down, and posts."""

    def __init__(self, directory, programs, members, posts):
        super().__init__(directory, programs, Sizes(posts, members, 1, 0.1), "auto")
        self._look = None

    def measure(self):
        self._look = Redis(self.relay.data / "redis.sock")
        self._sink.stop()
        before, started = self._settled(), time.monotonic()
        last = int(self._look("HGET", "{weir}:log", "last"))
        self._sender.post([
            self._sender.sign(self._author, create(self._author, f"waits-{number}", BODY_BYTES))
            for number in range(self.sizes.posts)
        ])
        wait_until(lambda: self.relay.metric("weir_journal_position") >= last + self.sizes.posts,
                   "all posts are read", PATIENCE_S)
        wait_until(lambda: self.relay.metric("weir_destination_behind_entries") >= self.sizes.posts,
                   "they wait", PATIENCE_S)
        found = Waiting(self.sizes.destinations, self.sizes.posts, self._settled() - before,
                        BODY_BYTES * self.sizes.posts, time.monotonic() - started)
        if not self._all_wait(last):
            raise BenchFailed("some of what was to wait does not")
        return found

    def _all_wait(self, last):
        """Every member's cursor is where it was before the posts: none of them was delivered, given
        up or dropped."""
        behind = 0
        for shard in range(64):
            own = self._look("HGETALL", f"{{weir}}:own:{shard}")
            behind += sum(int(record.split()[0]) <= last for record in own[1::2])
        return behind >= self.sizes.destinations

    def _settled(self):
        """Bytes that Redis uses, once they stay: all members were tried, and wait."""
        seen, since, end = 0, time.monotonic(), time.monotonic() + PATIENCE_S
        while time.monotonic() - since < SETTLED_S and time.monotonic() < end:
            now = self._used()
            if abs(now - seen) > 64 << 10:
                seen, since = now, time.monotonic()
            time.sleep(0.2)
        return self._used()

    def _used(self):
        self._look("MEMORY", "PURGE")
        return int(self._look.info("memory")["used_memory"])

    def _clear(self):
        if self._look:
            self._look.close()
        self._sink = None if self._look else self._sink  # it was stopped
        super()._clear()


def text(waiting, accepted):
    lines = [f"""
{waiting.members} members that are down, {waiting.posts} posts of {BODY_BYTES} bytes:
  deliveries that wait             {waiting.deliveries:10d}
  Redis, after less before         {waiting.used:10d} bytes, {waiting.bodies} of them the posts
  beyond those, for each delivery  {waiting.bytes_each:10.2f} bytes   less than {BYTES_MOST}
One post accepted, beside {FEW} members and beside {MANY} (medians):"""]
    for name, found in accepted.items():
        lines.append(f"""\
  {name.replace("_", " ")}, {found.posts} posts on each side:
    until the answer               {_pair(found.answer_us)} us     {found.answer_ratio:.3f} times; less than {ALIKE_MOST}
    of that, its script in Redis   {_pair(found.redis_us)} us     {found.redis_ratio:.3f} times; less than {ALIKE_MOST}
    commands that Redis ran for it {_pair(map(_all, found.commands))}""")
    return "\n".join(lines)


def _all(commands):
    return sum(commands.values())


def _pair(values):
    return "".join(f"{value:10.1f}" for value in values)


def summary(waiting, accepted):
    return {
        "members": waiting.members, "posts": waiting.posts,
        "deliveries_waiting": waiting.deliveries, "redis_bytes": waiting.used,
        "body_bytes": waiting.bodies, "bytes_per_delivery": round(waiting.bytes_each, 3),
        "accept_members": [FEW, MANY],
        "accept": {name: {**dataclasses.asdict(found), "answer_ratio": round(found.answer_ratio, 3),
                          "redis_ratio": round(found.redis_ratio, 3)}
                   for name, found in accepted.items()},
        "accept_ratio": round(max(found.dearer() for found in accepted.values()), 3),
    }


def missed(found):
    told = []
    if found["bytes_per_delivery"] >= BYTES_MOST:
        told.append(f"{found['bytes_per_delivery']} bytes for each delivery that waits;"
                    f" less than {BYTES_MOST} are allowed")
    for name, accept in found["accept"].items():
        few, many = map(_all, accept["commands"])
        beside = f"beside {MANY} members, {name.replace('_', ' ')}"
        for what in ("answer", "redis"):
            ratio = accept[f"{what}_ratio"]
            if ratio >= ALIKE_MOST:
                told.append(f"accepting ({what}) takes {ratio} times as long {beside};"
                            f" less than {ALIKE_MOST} is allowed")
        if many > few * COMMANDS_ALIKE and name == "couriers_stopped":
            told.append(f"accepting takes {many:.1f} commands in Redis {beside}, and {few:.1f} else")
    return told
