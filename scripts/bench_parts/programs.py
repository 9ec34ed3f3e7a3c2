"""The two programs beside Weir: the sink that receives, the limit that signs."""

import contextlib
import json
import os
import select
import subprocess
import types

_PATIENCE_S = 120


class BenchFailed(Exception):
    """The run can't be measured: something did not do what it must."""


class Sink:
    """tests/bench/sink.c: hosts 127.1.x.y, each with an actor and an inbox."""

    def __init__(self, program, hosts, member_key, relay_key, every):
        self._process = subprocess.Popen(
            [program, str(hosts), member_key, relay_key, str(every)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )
        self._rest = b""
        self.port = int(self._line("the sink listens"))
        self.hosts = [f"127.1.{1 + n // 100}.{1 + n % 100}:{self.port}" for n in range(hosts)]

    @property
    def pid(self):
        return self._process.pid

    def stats(self):
        return self._ask("stats", "the sink's figures")

    def wait(self, deliveries):
        """The sink's figures, as soon as so many deliveries have come since it started."""
        return self._ask(f"await {deliveries}", f"{deliveries} deliveries")

    def stop(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, line, what):
        self._process.stdin.write(line.encode() + b"\n")
        return json.loads(self._line(what))

    def _line(self, what):
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], _PATIENCE_S)[0]:
                raise BenchFailed(f"not in {_PATIENCE_S} s: {what}; {self._have()}")
            more = os.read(self._process.stdout.fileno(), 65536)
            if not more:
                raise BenchFailed("the sink has ended")
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode("ascii")

    def _have(self):
        """What has come, for the message of who waited in vain."""
        self._process.stdin.write(b"stats\n")
        if not select.select([self._process.stdout], [], [], 1)[0]:
            return "the sink does not answer"
        return f"the sink has {os.read(self._process.stdout.fileno(), 65536).decode().strip()}"


class Limit:
    """tests/bench/limit.c: what the cores do when they do nothing but sign, and what a signature
    costs while they do other things."""

    def __init__(self, program, key):
        self._program, self._key = program, key

    def alone(self, seconds):
        """Signatures a second of all cores."""
        done = subprocess.run([self._program, self._key, str(seconds)], stdout=subprocess.PIPE,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise BenchFailed("the limit was not measured")
        return json.loads(done.stdout)["signs_per_s"]

    @contextlib.contextmanager
    def beside(self):
        """Signs now and then inside of `with`; behind it, `sign_us` of what this gives is there."""
        found = types.SimpleNamespace()
        with subprocess.Popen([self._program, self._key, "beside"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            if process.stdout.readline() != b"beside\n":
                raise BenchFailed("signatures were not measured")
            found.pid = process.pid
            yield found
            process.stdin.close()
            found.sign_us = json.loads(process.stdout.read())["sign_us"]
