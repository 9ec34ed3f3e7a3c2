"""Weir as its operator meets it: a directory, a configuration file, a program with verbs."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

_CONFIG = """\
url: http://{host}        # public identity; https:// unless it is loopback
listen: {host}            # behind a TLS proxy
metrics: {metrics}           # /metrics /livez /readyz
data: ./weir-data                 # keys, admin socket, embedded Redis; relative to this file
redis: embedded                   # or redis://[user:password@]host:6379/0, or unix:/path
workers: auto                     # couriers; 0 = everything in one process
zones:
  internal:
    hosts: ["127.0.0.1:91*", "*.corp.example"]
    networks: [127.0.0.0/8, 10.0.0.0/8]   # private addresses its hosts may have
    join: open                    # open | approval | invited
  partners:
    hosts: ["127.0.0.1:92*"]
    networks: [127.0.0.0/8]
    join: invited
rules:                            # across zones: default deny; inside a zone: allow
  - {{ name: shared, from: internal, to: partners, {when}then: allow }}
  - {{ name: back,   from: partners, to: internal, then: allow }}
"""
_WHEN = "when: { tags: [partners] }, "
_READY_S = 30
_STOP_S = 15
_PR_SET_PDEATHSIG = 1


class RelayFailed(Exception):
    """Weir did not do what its operator asked."""


class Relay:
    """One Weir with its embedded Redis, in a directory of its own."""

    def __init__(self, program, directory, open_gate=False):
        """`open_gate` leaves the condition out of the rule, so that everything crosses."""
        self._program = Path(program)
        self._process = None
        self.directory = Path(directory)
        self.host = _free_host(8080)
        self.metrics = _free_host(9090)
        self.config = self.directory / "weir.yaml"
        self.log = self.directory / "weir.log"
        self._when = "" if open_gate else _WHEN

    @property
    def url(self):
        return f"http://{self.host}"

    @property
    def actor(self):
        return f"{self.url}/actor"

    @property
    def inbox(self):
        return f"{self.url}/inbox"

    @property
    def key_file(self):
        return self.directory / "weir-data" / "actor-rsa.pem"

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def init(self):
        """`weir init` makes the keys; the configuration is the one of the README on free ports."""
        self._run_checked("init", str(self.directory))
        text = _CONFIG.format(host=self.host, metrics=self.metrics, when=self._when)
        self.config.write_text(text, "utf-8")
        self._run_checked("config", "check", "-c", str(self.config))

    def rewrite_rules(self, text):
        """Puts other zones and rules into the configuration; who runs does not know yet."""
        kept = self.config.read_text("utf-8").partition("zones:\n")[0]
        self.config.write_text(kept + text, "utf-8")
        self._run_checked("config", "check", "-c", str(self.config))

    def start(self):
        """Runs `weir serve` until it says that it is ready."""
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [self._program, "serve", "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        end = time.monotonic() + _READY_S
        while not self._says_ready():
            if self._process.poll() is not None:
                raise RelayFailed(f"weir serve ended at once:\n{self._log_end()}")
            if time.monotonic() > end:
                raise RelayFailed(f"weir serve was not ready in {_READY_S} s:\n{self._log_end()}")
            time.sleep(0.05)

    def process(self, role):
        """The process id of a part of it: front, courier, steward, redis; or of the master."""
        if role == "master":
            return self.pid
        for child in _children(self.pid):
            words = _command_line(child)
            if role == "redis" and any("redis-server" in w or "valkey" in w for w in words[:1]):
                return child
            if "--role" in words and words[words.index("--role") + 1] == role:
                return child
        raise ProcessLookupError(f"there is no {role}")

    def kill(self, role):
        """kill -9, without a word."""
        os.kill(self.process(role), signal.SIGKILL)
        if role == "master":
            self._process.wait()

    def verb(self, *arguments):
        """Runs a verb of an operator; answers (exit code, standard output, standard error)."""
        done = self._run(*arguments, "-c", str(self.config))
        return done.returncode, done.stdout, done.stderr

    def stop(self):
        """Asks it to end; true if it did, with everything that it had started."""
        if self._process is None:
            return True
        group = self._process.pid
        if self._process.poll() is None:
            self._process.terminate()
        end = time.monotonic() + _STOP_S
        while _group_lives(group, self._process) and time.monotonic() < end:
            time.sleep(0.05)
        alone = not _group_lives(group, self._process)
        if not alone:
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        code, self._process = self._process.returncode, None
        return alone and code == 0

    def _says_ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.metrics}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _log_end(self):
        return self.log.read_text("utf-8", "replace")[-2000:]

    def _run(self, *arguments):
        return subprocess.run(
            [self._program, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def _run_checked(self, *arguments):
        done = self._run(*arguments)
        if done.returncode != 0:
            raise RelayFailed(f"weir {' '.join(arguments)}: {done.stderr or done.stdout}")


def _free_host(first):
    """The first free port of these ten, or any."""
    for port in [*range(first, first + 10), 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"127.0.0.1:{probe.getsockname()[1]}"
    raise OSError("no free port")


def _children(pid):
    """Processes that this one started and that still live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue  # it has just ended
            if int(parent) == pid and state != "Z":
                found.append(int(entry.name))
    return sorted(found)


def _command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def _group_lives(group, leader):
    leader.poll()
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _end_with_parent():
    # Should the demo be killed, Weir is asked to end, and takes its Redis with it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
