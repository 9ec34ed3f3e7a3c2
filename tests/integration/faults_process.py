"""What the tests of processes and their host stand on: hosts that are tried again soon, whether a
process spins, and the end of all of them in one moment."""

import contextlib
import os
import signal
import time

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s }\n"
IDLE = 0.1  # of a processor: who needs less does not spin


def rests(pid):
    """Whether it is idle, in the second that this takes."""
    before, began = _cpu_s(pid), time.monotonic()
    time.sleep(1)
    return _cpu_s(pid) - before < IDLE * (time.monotonic() - began)


def _cpu_s(pid):
    """Seconds of a processor that it has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def kill_together(relay):
    """kill -9 of all that it consists of: none of them sees another one die."""
    pids = [relay.pid, *relay.roles().values(), relay.redis_pid]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in filter(None, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
