"""What the tests of Redis's faults stand on: a relay whose Redis is the test's own, a blog that posts,
two that get everything, and what must be true of a fault: what Weir calls it, what it answers
meanwhile, and that nothing is lost.

Each fault has a short form, which is what runs as a rule, and a long one of the same code: FULL."""

import contextlib
import struct
import time
from pathlib import Path

import aiohttp

from integration.acts import accepted, deliveries, refused
from integration.redis_server import RedisServer
from integration.relay import FULL, INTERNAL, Relay, wait_until
from peers.faults import Fault
from peers.town import Town

# Hosts are tried again soon, and a lease is short, so that the tests are short.
QUICK = ("delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, lease: 3s }\n"
         "redis_limits: { command: 1s }\n")


def of(short, long):
    """How much of something: as a rule, and where all the time in the world is there."""
    return long if FULL else short


class Scene:
    """A relay on a Redis, the blog that writes, the wiki and the shop that read."""

    def __init__(self, relay, redis, town, settlers, readers=2):
        self.relay, self.redis, self.town = relay, redis, town
        self.blog = settlers.add(town, INTERNAL)
        self.readers = [settlers.add(town, INTERNAL) for _ in range(readers)]
        for peer in (self.blog, *self.readers):
            wait_until(lambda peer=peer: peer.follow(relay.actor).status == 202, "it may follow")
            accepted(peer)
        self.sent = []

    def write(self, text=None):
        """A post that was not sent yet."""
        return self.blog.write(text or f"number {len(self.sent)}")

    def offer(self, activity):
        """Sends it; answers the status, None where there was no answer. Only 202 is a promise."""
        try:
            answer = self.blog.send(activity)
        except aiohttp.ClientError:
            return None
        if answer.status == 503:
            refused(answer, 503, "unavailable")
            assert 20 <= int(answer.answer.headers["Retry-After"]) <= 60
        else:
            assert answer.status == 202, answer.answer
            self.promised(activity)
        return answer.status

    def promised(self, activity):
        if activity["id"] not in self.sent:
            self.sent.append(activity["id"])

    def posts(self, count=1):
        """So many, each offered until it is taken."""
        for _ in range(count):
            activity = self.write()
            wait_until(lambda: self.offer(activity) == 202, "a post is taken")

    def refuses(self):
        """A post is refused for now, soon; answers the post."""
        activity = self.write("is anybody there?")
        began = time.monotonic()
        assert self.offer(activity) == 503
        assert time.monotonic() - began < 15  # where the deadline of a command is a second
        return activity

    def arrived(self, reader):
        return [record["activity"]["id"]
                for record in deliveries(reader, activity__type="Create", status=202)]

    def slow(self, seconds):
        """So long the readers take for an answer."""
        for reader in self.readers:
            reader.faults.clear()
            if seconds:
                reader.faults.append(Fault(delay=seconds))

    def all_there(self, repeats=None):
        """Everything that was promised has reached everyone; answers how much came more than once,
        which must not be more than `repeats`."""
        more = 0
        for reader in self.readers:
            wait_until(lambda reader=reader: set(self.sent) <= set(self.arrived(reader)),
                       f"everything has arrived at {reader.host}")
            found = self.arrived(reader)
            more += len(found) - len(set(found))
        assert repeats is None or more <= repeats, f"{more} came again"
        return more

    # --- what it says -------------------------------------------------------------------------

    def counted(self, state):
        return self.relay.metric(f'weir_redis_trouble_total{{state="{state}"}}')

    def told(self, state):
        """The fault has its name in the metrics and in the log."""
        wait_until(lambda: self.counted(state) > 0, f"{state} is counted")
        self.relay.wait_log("redis", trouble=state)

    def away(self):
        wait_until(lambda: self.relay.readyz()[0] == 503, "the relay says that it is not ready")

    def back(self):
        wait_until(lambda: self.relay.readyz()[0] == 200, "the relay is ready again by itself")


@contextlib.contextmanager
def scene(directory, settlers, *, redis=None, extra=QUICK, workers=1, readers=2, program=None, line=None,
          url=None):
    """`redis`: one that runs already; `line`: the Proxy before it; `url`: how else it is found."""
    with contextlib.ExitStack() as stack:
        if redis is None:
            redis = stack.enter_context(RedisServer(directory))
        url = url or (f"redis://{line.host}/0" if line else redis.url)
        how = {"program": program} if program else {}
        relay = stack.enter_context(
            Relay(directory, redis=url, extra=extra, workers=workers, **how))
        yield Scene(relay, redis, stack.enter_context(Town()), settlers, readers)


class Disk:
    """The disk of a redis-server (tests/shims/disk.c)."""

    NAME = "disk"

    def __init__(self, directory):
        self._file, self.notes = Path(directory) / "disk", Path(directory) / "synced"
        self.notes.mkdir()
        self._file.write_bytes(bytes(8))
        self.environment = {"DISK_FILE": str(self._file), "DISK_NOTES": str(self.notes)}

    def _put(self, eio, full):
        with open(self._file, "r+b") as file:
            file.write(struct.pack("=ii", eio, full))

    def fills(self):
        self._put(0, 1)

    def fails(self):
        self._put(1, 0)

    def mended(self):
        self._put(0, 0)

    def power_cut(self, redis):
        """kill -9, and everything that was not synced is gone. Answers how many bytes that was."""
        redis.kill()
        gone = 0
        for file in (redis.directory / "appendonlydir").glob("*.incr.aof"):
            note = self.notes / file.name
            kept = int(note.read_text("ascii")) if note.exists() else 0
            size = file.stat().st_size
            gone += max(0, size - kept)
            with open(file, "r+b") as whole:
                whole.truncate(min(size, kept))
        return gone
