"""What is loaded into the processes of a relay, its Redis among them, before the C library, so that
something happens to them at a point that nobody could hit from outside (tests/shims).

    trap = Trap(tmp_path)
    with Relay(tmp_path, environment=loaded(trap)) as relay:
        trap.arm("front", OUT, sent["id"])      # killed before it asks the journal
        ...
        trap.wait()
"""

import mmap
import os
import signal
import struct
import time
from pathlib import Path

from integration.relay import WEIR, wait_until

BUILT = Path(WEIR).resolve().parent / "shims"

# Which calls a trap lies at.
OUT, IN, CONNECT, ACCEPT, SOCKET, OPEN, SYNC, NAME, LOG = (1 << n for n in range(9))
ALWAYS = 0xFFFFFFFF  # as often as you like


def loaded(*shims, built=BUILT):
    """The environment that loads these, each with its file."""
    environment = {"LD_PRELOAD": ":".join(str(built / f"{shim.NAME}.so") for shim in shims)}
    for shim in shims:
        assert (built / f"{shim.NAME}.so").exists(), f"{shim.NAME}.so was not built"
        environment.update(shim.environment)
    # A sanitizer wants to be the first that is loaded; these call the kernel by themselves.
    asan = os.environ.get("ASAN_OPTIONS", "")
    environment["ASAN_OPTIONS"] = f"{asan}:verify_asan_link_order=0".strip(":")
    return environment


class _Page:
    """A file of which every process sees the same bytes."""

    def __init__(self, path, form):
        self.path, self._form = path, struct.Struct(form)
        path.write_bytes(bytes(self._form.size))
        self._file = open(path, "r+b")
        self._page = mmap.mmap(self._file.fileno(), self._form.size)

    def put(self, *values):
        self._page[:self._form.size] = self._form.pack(*values)

    def get(self):
        return self._form.unpack(self._page[:self._form.size])

    def word(self, place, value):
        """One 32-bit number in its place."""
        struct.pack_into("=I", self._page, 4 * place, value)


class Trap:
    """Springs once, at the n-th call that fits, in whichever process makes it."""

    NAME = "trap"
    _ARMED, _SPRUNG, _PID = 0, 6, 7

    def __init__(self, directory):
        self._page = _Page(Path(directory) / "trap", "=IIIiIIII32s216s")
        self.environment = {"TRAP_FILE": str(self._page.path)}

    def arm(self, role, ops, text="", *, after=False, nth=1, deed=signal.SIGKILL, often=1):
        """`role`: its beginning (`courier`, `courier-1`, `init`, `redis-server`; empty: all).
        `text`: what the bytes must hold. `deed`: a signal, or an errno with a minus, with which the
        call fails, so `often` in a row."""
        text = text if isinstance(text, bytes) else text.encode("utf-8")
        self._page.put(0, ops, int(after), int(deed), often, len(text), 0, 0, role.encode(), text)
        self._page.word(self._ARMED, nth)

    def disarm(self):
        """Answers whether it was still waiting."""
        waited = self.armed
        self._page.word(self._ARMED, 0)
        return waited

    @property
    def armed(self):
        return self._page.get()[self._ARMED] > 0

    @property
    def sprung(self):
        """How often."""
        return self._page.get()[self._SPRUNG]

    @property
    def pid(self):
        return self._page.get()[self._PID]

    def wait(self):
        wait_until(lambda: self.sprung, "the trap has sprung")
        return self.pid


class Clock:
    """A time that runs `speed` times as fast, for all that were started with it, and for this test
    where it asks `time()`; and in which the time of day may be wrong."""

    NAME = "clock"

    def __init__(self, directory, speed=1):
        self._page = _Page(Path(directory) / "clock", "=qqqq")
        self.speed = speed
        self._from, self._off = time.time_ns(), 0
        self._steady = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._write()
        self.environment = {"CLOCK_FILE": str(self._page.path)}

    def _write(self):
        self._page.put(self.speed, self._from, self._steady, self._off)

    def jump(self, seconds):
        """The time of day is so wrong from now on (0: right again)."""
        self._off = int(seconds * 1e9)
        self._write()

    def time(self):
        """Seconds since 1970 as they see them."""
        return (self._from + (time.time_ns() - self._from) * self.speed + self._off) / 1e9


class World:
    """Names that end in .test, and who vouches for certificates."""

    NAME = "world"

    def __init__(self, directory):
        self.names, self.trust = Path(directory) / "names", Path(directory) / "trust.pem"
        self.environment = {"NAMES_FILE": str(self.names), "TRUST_FILE": str(self.trust)}
        self._hidden = self.names.with_name("names.hidden")
        self.names.write_text("", "utf-8")

    def name(self, name, *addresses):
        with open(self.names, "a", encoding="utf-8") as file:
            file.write(" ".join((name, *addresses)) + "\n")

    def names_die(self):
        """No name server answers any more."""
        self.names.rename(self._hidden)

    def names_live(self):
        self._hidden.rename(self.names)
