"""A peer as a program, seen from whoever started it: commands in, answers out, its record read.

Needs nothing beyond the standard library, so that the demo can use it as it is.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

from peers import records

_HERE = Path(__file__).resolve().parent


def free_host(prefix):
    """An address on loopback whose port starts with these digits and is free just now."""
    for port in range(int(prefix.ljust(4, "0")) + 1, int(prefix.ljust(4, "9")) + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return f"127.0.0.1:{port}"
    raise OSError(f"no free port {prefix}*")


class PeerGone(Exception):
    """The peer's program ended, or does not answer."""


class Program:
    """One running peer. `do` sends a command; `records` reads what it wrote down by itself."""

    def __init__(self, command, directory, environment=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._log = open(self.directory / "log.txt", "ab")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for whoever started us
        )
        self._pending = b""
        self.host = self._answer(60)["ready"]

    @classmethod
    def python(cls, host, kind, directory, scheme="cavage"):
        return cls(
            [sys.executable, str(_HERE / "peer.py"), "--listen", host, "--kind", kind,
             "--dir", str(directory), "--scheme", scheme],
            directory,
        )

    @classmethod
    def fedify(cls, host, kind, directory, node, node_dir, scheme="rfc9421", actor="Person"):
        """`node` and `node_dir`: WEIR_NODE and WEIR_NODE_DIR of scripts/lib/node.sh. `scheme`:
        how it knocks first. `actor`: Person or Application."""
        return cls(
            [str(node), str(_HERE / "fedify" / "peer.mjs"), "--listen", host, "--kind", kind,
             "--dir", str(directory), "--scheme", scheme, "--actor", actor],
            directory,
            {"WEIR_NODE_DIR": str(node_dir)},
        )

    @property
    def origin(self):
        return f"http://{self.host}"

    @property
    def actor(self):
        """The author of its posts."""
        return f"{self.origin}/users/alice"

    def do(self, name, timeout=40, **parameters):
        """Runs a command; answers its answer. PeerGone when there is none, or not in time."""
        line = json.dumps({"do": name, **parameters}) + "\n"
        try:
            self._process.stdin.write(line.encode("utf-8"))
            self._process.stdin.flush()
        except OSError as error:
            raise PeerGone(f"{name}: {error}") from None
        answer = self._answer(timeout)
        if not answer["ok"]:
            raise PeerGone(f"{name}: {answer['error']}")
        return answer

    def records(self, **wanted):
        """What it wrote down so far, in order of arrival; `wanted` as records.matches says."""
        found = records.read(self.directory / "record.jsonl")
        found = [record for record in found if records.matches(record, **wanted)]
        return sorted(found, key=lambda record: record["n"])

    def wait_for(self, count=1, timeout=60.0, **wanted):
        """As soon as that many records match, all that match; whatever there is at the end."""
        end = time.monotonic() + timeout
        while len(found := self.records(**wanted)) < count and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def stop(self):
        """The end of its input ends it; after five seconds it is killed."""
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def _answer(self, timeout):
        line = self._line(timeout)
        try:
            return json.loads(line)
        except ValueError:
            raise PeerGone(f"not an answer: {line!r}") from None

    def _line(self, timeout):
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not ready.select(max(0, end - time.monotonic())):
                    raise PeerGone(f"no answer in {timeout} s")
                chunk = os.read(self._process.stdout.fileno(), 1 << 16)
                if not chunk:
                    log = (self.directory / "log.txt").read_text("utf-8", "replace")
                    raise PeerGone(f"it ended: {log[-500:].strip()}")
                self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return line
