"""One post to many hosts whose connections are open: Weir, its members, and rounds of posts."""

import dataclasses
import os
import re
import socket
import time

from integration.relay import Relay, wait_until
from peers import keys

from bench_parts import cpu
from bench_parts.programs import BenchFailed, Limit, Sink
from bench_parts.sender import Sender, create, follow

BODY_BYTES = 2048
VERIFY_EVERY = 20
WARM_UP = 2  # posts before the first round
DISTURBED = 0.1  # of the cores in other hands
PATIENCE_S = 35  # for calm rounds

_CONFIG = """\
url: http://$host
listen: $host
metrics: $metrics
data: ./weir-data
redis: $redis
workers: {workers}
fetch: {{ software: 0s }}
zones:
  bench:
    hosts: [{hosts}]
    networks: [127.0.0.0/8]
    join: open
"""


@dataclasses.dataclass
class Sizes:
    posts: int
    destinations: int
    rounds: int
    limit_s: float


@dataclasses.dataclass(eq=False)
class Round:
    """What one round took. CPU in nanoseconds, by process."""

    deliveries: int
    wall_s: float
    cpu: dict
    sign_us: float
    signs_per_s: float
    commands: float
    info_commands: int
    connections: int
    foreign: float  # share of the cores that others had

    @property
    def disturbed(self):
        return self.foreign > DISTURBED


class Fanout:
    """`with` sets everything up; `round()` posts and measures."""

    def __init__(self, directory, programs, sizes, workers):
        self.sizes, self.rounds = sizes, []
        self._directory, self._programs = directory, programs
        hosts = ", ".join(f'"127.1.{1 + n // 100}.{1 + n % 100}:*"'
                          for n in range(sizes.destinations + 1))
        self.relay = Relay(directory, _CONFIG.format(workers=workers, hosts=hosts))
        self._sink = self._sender = self._redis = None
        self._posted, self._began = 0, time.monotonic()

    def __enter__(self):
        try:
            self.relay.init()
            self.relay.start()
            self._set_up()
        except BaseException as error:
            self._clear()
            if isinstance(error, (AssertionError, OSError)):
                raise BenchFailed(str(error)) from error
            raise
        return self

    def __exit__(self, *_):
        self._clear()

    @property
    def stats(self):
        """The sink's own figures: bad signatures, repeats."""
        return self._last

    def more(self):
        """Whether another round is wanted: until enough were calm, or there is no end to it."""
        calm = sum(not one.disturbed for one in self.rounds)
        if len(self.rounds) < self.sizes.rounds:
            return True
        return (calm < self.sizes.rounds and len(self.rounds) < 2 * self.sizes.rounds
                and time.monotonic() - self._began < PATIENCE_S)

    @property
    def counted(self):
        """The calmest rounds, as many as were asked for, in the order in which they were."""
        calmest = sorted(self.rounds, key=lambda one: one.foreign)[:self.sizes.rounds]
        return [one for one in self.rounds if one in calmest]

    def round(self):
        """Posts, waits for the last answer, counts signatures; the Round."""
        before = self._counters()
        requests = self._requests(self.sizes.posts)
        deliveries = len(requests) * self.sizes.destinations
        names = cpu.tree(self.relay.pid)
        with self._limit.beside() as beside:
            others = [self._sink.pid, beside.pid, os.getpid()]
            busy, used = cpu.machine_busy(), _clocks([*names, *others])
            started = time.monotonic_ns()
            self._sender.post(requests)
            done = self._sink.wait(self._last["deliveries"] + deliveries)
            now, busy = _clocks([*names, *others]), cpu.machine_busy() - busy
        wall_ns = done["last_ns"] - started
        if cpu.tree(self.relay.pid) != names:
            raise BenchFailed("a process of Weir ended in the middle of a round")
        spent = {pid: now[pid] - used[pid] for pid in now}
        self._signs_per_s.append(self._limit.alone(self.sizes.limit_s))
        after = self._counters()
        found = Round(
            deliveries=deliveries,
            wall_s=wall_ns / 1e9,
            cpu={name: spent[pid] for pid, name in names.items()},
            sign_us=beside.sign_us,
            signs_per_s=sum(self._signs_per_s[-2:]) / 2,
            commands=after[0] - before[0],
            info_commands=after[1] - before[1],
            connections=done["connections"] - self._last["connections"],
            foreign=max(busy - sum(spent.values()), 0) / wall_ns / os.cpu_count(),
        )
        self._last = self._sink.stats()
        self.rounds.append(found)
        return found

    # --- inside -----------------------------------------------------------------------------

    def _set_up(self):
        """All hosts join, a first post makes sure of it, the first signatures are counted."""
        member = keys.ActorKeys()
        status, _, actor = self.relay.get("/actor")
        pem = re.search(r'"publicKeyPem":\s*"([^"]+)"', actor)
        if status != 200 or not pem:
            raise BenchFailed(f"no key in the relay's actor: {status} {actor[:500]}")
        paths = {name: self._directory / f"{name}.pem" for name in ("member", "public", "relay")}
        paths["member"].write_bytes(keys.private_pem(member.rsa))
        paths["public"].write_text(member.public_pem, "ascii")
        paths["relay"].write_text(pem.group(1).replace("\\n", "\n").replace("\\/", "/"), "ascii")
        self._limit = Limit(self._programs / "bench_limit", paths["member"])
        hosts = self.sizes.destinations + 1
        self._sink = Sink(self._programs / "bench_sink", hosts, paths["public"], paths["relay"],
                          VERIFY_EVERY)
        self._author = self._sink.hosts[-1]
        self._sender = Sender(self.relay.host, self.relay.inbox, member.rsa)
        self._sender.post([self._sender.sign(host, follow(host)) for host in self._sink.hosts])
        self._sink.wait(hosts)  # each one's Accept
        wait_until(lambda: self.relay.metric('weir_members{state="active"}') == hosts,
                   "all hosts are members")
        self._sender.post(self._requests(WARM_UP))
        self._last = self._sink.wait(hosts + WARM_UP * self.sizes.destinations)
        self._redis = RedisInfo(self.relay.data / "redis.sock")
        self._signs_per_s = [self._limit.alone(self.sizes.limit_s)]

    def _requests(self, posts):
        self._posted += posts
        return [self._sender.sign(self._author, create(self._author, number, BODY_BYTES))
                for number in range(self._posted - posts, self._posted)]

    def _counters(self):
        """(commands that Weir wrote, commands that Redis counted)."""
        written = [float(line.rsplit(" ", 1)[1]) for line in self.relay.metric_lines()
                   if line.startswith("weir_redis_commands")]
        return sum(written), self._redis.commands()

    def _clear(self):
        for thing, end in ((self._sender, "close"), (self._redis, "close"), (self._sink, "stop")):
            if thing:
                getattr(thing, end)()
        if self.relay.alive:
            self.relay.stop()


class RedisInfo:
    """A connection to the embedded Redis, to ask it how many commands it has run."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")

    def commands(self):
        self._socket.sendall(b"INFO stats\r\n")
        text = self._file.read(int(self._file.readline()[1:]) + 2).decode("ascii")
        return int(re.search(r"total_commands_processed:(\d+)", text).group(1))

    def close(self):
        self._file.close()
        self._socket.close()


def _clocks(pids):
    return {pid: cpu.of_process(pid) for pid in pids}
