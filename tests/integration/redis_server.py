"""A Redis of an operator's own beside a test: what `redis: redis://...` names."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess

from integration.redis_client import Redis
from integration.relay import wait_until
from peers.ports import free_host

# What Weir asks of a Redis before it promises anything.
GOOD = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


class RedisServer:
    """One redis-server on a free port. Settings: as in redis.conf, _ for -. `name`: of its
    directory; `environment`: what it has beyond ours; `machine`: that it runs on (machines.py)."""

    def __init__(self, directory, password=None, *, name="redis", environment=None, machine=None,
                 **settings):
        self.directory = directory / name
        self.directory.mkdir()
        self.host = f"{machine.address}:6379" if machine else free_host()
        self._password, self._machine = password, machine
        self._environment = {**os.environ, **(environment or {})}
        self._settings = {**GOOD, **{k.replace("_", "-"): v for k, v in settings.items()}}
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        user = f":{self._password}@" if self._password else ""
        return f"redis://{user}{self.host}/0"

    def start(self):
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program, "these tests need redis-server or valkey-server"
        settings = {"port": self.host.rsplit(":", 1)[1], "bind": self.host.rsplit(":", 1)[0], "save": "",
                    "dir": str(self.directory), "logfile": "redis.log", **self._settings}
        if self._password:
            settings["requirepass"] = self._password
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([program, *words], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, env=self._environment,
                                         preexec_fn=self._begin)
        wait_until(self._answers, "the Redis answers")
        return self

    def kill(self):
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def alive(self):
        return self._process is not None and self._process.poll() is None

    def gone(self):
        """It has ended by itself."""
        wait_until(lambda: not self.alive, "the Redis has ended")
        self._process = None

    def client(self):
        """Another connection to it."""
        redis = Redis(self.host)
        if self._password:
            redis("AUTH", self._password)
        return redis

    def freeze(self):
        """It hangs: connections stay open, and nothing is ever answered."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def _begin(self):
        _end_with_parent()
        if self._machine:
            self._machine.run_there()

    def _answers(self):
        host, port = self.host.rsplit(":", 1)
        try:
            with socket.create_connection((host, int(port)), timeout=2) as line:
                line.sendall(b"PING\r\n")
                answer = line.recv(100)
        except OSError:
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))


def _end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
