"""Whose CPU went where: processes by their names, their clocks, and the machine's."""

import os
import time
from pathlib import Path

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED = 2


def of_process(pid):
    """Nanoseconds of CPU of all threads of a process, those that ended too (the clock that
    clock_getcpuclockid(3) names)."""
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)


def tree(master):
    """{pid: name} of a serving Weir: `weir`, or `master`, `front-0` ...; and `redis`."""
    names = {pid: _name(pid) for pid in _children(master)}
    alone = all(name == "redis" for name in names.values())
    return {master: "weir" if alone else "master", **names}


def machine_busy():
    """Nanoseconds that all cores together have been busy, in whole ticks."""
    words = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()
    user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
    return (user + nice + system + irq + softirq + steal) * _TICK_NS


def _children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def _name(pid):
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    if "--role" in words:
        role = words[words.index("--role") + 1]
        slot = words[words.index("--slot") + 1] if "--slot" in words else "0"
        return f"{role}-{slot}"
    return "redis" if b"server" in words[0].encode() else words[0].rsplit("/", 1)[-1] or str(pid)
