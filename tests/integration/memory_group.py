"""A control group of a test's own, in which the kernel may run out of memory.

    with memory_group() as group:       # None where the system gives none
        group.enter                     # for Popen(preexec_fn=...): the program lives in it
        if group.exhaust(lambda: not relay.alive):
            ...                         # the kernel has killed whatever lived there

Both versions of control groups are known. A system may have neither, or give no right to make one
or to bound its memory: then this says so, and whoever asks does without. Nothing is left behind:
what a killed test has left goes with the next one.
"""

import contextlib
import ctypes
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from integration.relay import wait_until

MARGIN = 16 << 20  # beyond what is used when the bound is set
PATIENCE_S = 30
FIRST = 1000  # by its score, a process is killed before all that have none
# Takes so many bytes, in a file that is nowhere: they are the group's, and do not make it a large
# process, which would be killed for that.
EATER = """
import os, sys, time
file = os.memfd_create("eaten")
for _ in range(0, int(sys.argv[1]), 1 << 20):
    os.write(file, bytes(1 << 20))
time.sleep(600)
"""
# Version -> the files of a group: its bound, what it uses, what the kernel tells of kills; and,
# where it is there, what keeps memory from going to a disk instead.
FILES = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control",
             "memory.swappiness"),
         2: ("memory.max", "memory.current", "memory.events", "memory.swap.max")}
_numbers = itertools.count(1)


class MemoryGroup:
    """Raises OSError where it can't be had."""

    def __init__(self, place, version):
        self._path = place / f"weir-{os.getpid()}-{next(_numbers)}"
        self._bound, self._used, self._told, swaps = FILES[version]
        self._none = "max" if version == 2 else "-1"
        self._path.mkdir()
        try:
            self._write(self._bound, 1 << 30)
            if int(self._read(self._bound)) != 1 << 30:
                raise OSError("a bound that is none")
            self._write(self._bound, self._none)
            if (self._path / swaps).exists():
                self._write(swaps, 0)
            self.killed()
        except (OSError, ValueError) as error:
            self._path.rmdir()
            raise OSError(*error.args) from None

    def _read(self, name):
        return (self._path / name).read_text("ascii")

    def _write(self, name, value):
        (self._path / name).write_text(f"{value}\n", "ascii")

    def enter(self):
        """In a process that was just forked: it, and all that it will start."""
        Path("/proc/self/oom_score_adj").write_text(str(FIRST), "ascii")
        self._write("cgroup.procs", 0)

    def killed(self):
        """How many the kernel has killed in it for want of memory."""
        return int(re.search(r"^oom_kill (\d+)$", self._read(self._told), re.MULTILINE).group(1))

    def exhaust(self, over):
        """Another one in it takes all of its memory; whoever had entered it is killed for that, and the
        other one last. Answers whether that came to be and over() is true. After that there is memory
        again."""
        bound = int(self._read(self._used)) + MARGIN
        try:
            self._write(self._bound, bound)
            with subprocess.Popen([sys.executable, "-c", EATER, str(bound + MARGIN)],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  preexec_fn=self._join) as eater:
                end = time.monotonic() + PATIENCE_S
                while not (done := over()) and time.monotonic() < end:
                    time.sleep(0.02)
                eater.kill()
        except (OSError, subprocess.SubprocessError):
            done = False
        self._write(self._bound, self._none)
        return done and self.killed() > 0

    def _join(self):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # it ends with this test
        self._write("cgroup.procs", 0)

    def close(self):
        """Everybody has left it, or is about to."""

        def gone():
            with contextlib.suppress(OSError):
                self._path.rmdir()
            return not self._path.exists()

        with contextlib.suppress(AssertionError):  # the next test tries again
            wait_until(gone, "nobody is in the group", 10)


def _places():
    """(directory, version) of where a group may be: in our own, or else at the top."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
        _, names, path = line.split(":", 2)
        own[2 if not names else 1 if "memory" in names.split(",") else 0] = path
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, point, kind, options, *_ = line.split(" ")
        version = {"cgroup": 1 if "memory" in options.split(",") else 0, "cgroup2": 2}.get(kind)
        if version and version in own:
            yield Path(point) / own[version].strip("/"), version
            yield Path(point), version


def _found():
    for place, version in _places():
        with contextlib.suppress(OSError):
            _sweep(place)
            return MemoryGroup(place, version)
    return None


def _sweep(place):
    """What tests have left that do not run any more."""
    for path in place.glob("weir-*-*"):
        found = re.fullmatch(r"weir-(\d+)-\d+", path.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            with contextlib.suppress(OSError):
                path.rmdir()


@contextlib.contextmanager
def memory_group():
    """None where none can be had."""
    try:
        group = _found()
    except OSError:
        group = None
    try:
        yield group
    finally:
        if group:
            group.close()
