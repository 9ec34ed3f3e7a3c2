"""What waiting costs: many members that are down, many posts, and what Redis holds for each delivery
that waits beyond the posts themselves."""

import dataclasses
import time

from integration.cost import Cost, relays_beside
from integration.redis_client import Redis
from integration.relay import wait_until

from bench_parts.fanout import BODY_BYTES, Fanout, Sizes
from bench_parts.programs import BenchFailed
from bench_parts.sender import create

BYTES_MOST = 8
FEW, MANY = 10, 100_000  # members, while a post is accepted
ALIKE_MOST = 1.2
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


def accepting(directory):
    """Microseconds of Redis for one post that is accepted, beside few members and beside many."""
    with relays_beside(directory, FEW, MANY) as sides:
        return Cost(sides, lambda side, text: side.post(text)).microseconds


def text(waiting, accept):
    few, many = accept
    return f"""
{waiting.members} members that are down, {waiting.posts} posts of {BODY_BYTES} bytes:
  deliveries that wait             {waiting.deliveries:10d}
  Redis, after less before         {waiting.used:10d} bytes, {waiting.bodies} of them the posts
  beyond those, for each delivery  {waiting.bytes_each:10.2f} bytes   less than {BYTES_MOST}
One post accepted, in Redis:
  beside {FEW:6d} members            {few:10.1f} us
  beside {MANY:6d} members            {many:10.1f} us   {many / few:.3f} times that; less than {ALIKE_MOST}"""


def summary(waiting, accept):
    few, many = accept
    return {
        "members": waiting.members, "posts": waiting.posts,
        "deliveries_waiting": waiting.deliveries, "redis_bytes": waiting.used,
        "body_bytes": waiting.bodies, "bytes_per_delivery": round(waiting.bytes_each, 3),
        "accept_members": [FEW, MANY], "accept_us": accept, "accept_ratio": round(many / few, 3),
    }


def missed(found):
    told = []
    if found["bytes_per_delivery"] >= BYTES_MOST:
        told.append(f"{found['bytes_per_delivery']} bytes for each delivery that waits;"
                    f" less than {BYTES_MOST} are allowed")
    if found["accept_ratio"] >= ALIKE_MOST:
        told.append(f"accepting costs {found['accept_ratio']} times as much beside {MANY} members;"
                    f" less than {ALIKE_MOST} is allowed")
    return told
