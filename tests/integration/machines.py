"""Machines of a test's own: network namespaces on one switch, each with an address and a host name.

    with Network() as network, network.machine("outside").entered():
        near = network.machine("near")
        near.run_there                  # for Popen(preexec_fn=...): the program lives there
        near.cut()                      # the cable is pulled out
        near.plug()
        near.silence(network.machine("far"))    # what is sent there goes nowhere, and nobody is told
        near.hear(network.machine("far"))

Whoever is `entered` is there with this thread, and with every thread and process that it starts then.
Needs root and iproute2. Nothing is left behind: what a killed test has left goes with the next one.
"""

import contextlib
import ctypes
import itertools
import os
import re
import socket
import subprocess
from pathlib import Path

from peers.ports import free_port

NETWORK = "10.75.0"
NOBODY = "02:00:00:00:00:fe"  # the address of no card: the switch finds nobody
_PLACE = Path("/run/netns")
_CLONE_NEWNET, _CLONE_NEWUTS = 0x40000000, 0x04000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def ip(*words):
    _told("ip", *words)


def ip_in(space, *words):
    """Not `ip -n`: that mounts /sys anew, and can't where the root is no mount point, in a chroot."""
    _told("nsenter", f"--net={_PLACE / space}", "ip", *words)


def _told(*words):
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


def _set_ns(fd):
    if _LIBC.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Machine:
    def __init__(self, network, name, number):
        self.name, self.address = name, f"{NETWORK}.{number}"
        self._space, self._switch, self._port = network.space(name), network.switch, f"port{number}"
        ip("netns", "add", self._space)
        ip_in(self._switch, "link", "add", self._port, "type", "veth",
              "peer", "name", "eth0", "netns", self._space)
        ip_in(self._switch, "link", "set", self._port, "master", "switch", "up")
        ip_in(self._space, "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip_in(self._space, "link", "set", device, "up")
        self._fd = os.open(_PLACE / self._space, os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self._fd)

    @contextlib.contextmanager
    def entered(self):
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_ns(self._fd)
            yield self
        finally:
            _set_ns(before)
            os.close(before)

    def run_there(self):
        """In a process that was just forked."""
        _set_ns(self._fd)
        if _LIBC.unshare(_CLONE_NEWUTS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        socket.sethostname(self.name)

    def cut(self):
        ip_in(self._switch, "link", "set", self._port, "down")

    def plug(self):
        ip_in(self._switch, "link", "set", self._port, "up")

    def silence(self, other):
        ip_in(self._space, "neighbour", "replace", other.address, "lladdr", NOBODY,
              "dev", "eth0", "nud", "permanent")

    def hear(self, other):
        ip_in(self._space, "neighbour", "delete", other.address, "dev", "eth0")


class Network:
    def __init__(self):
        self._base = f"weir{os.getpid()}n{next(_numbers)}"
        self.switch = self.space("switch")
        self._machines = {}

    def __enter__(self):
        free_port()  # takes a block: whose it is, is not known on another machine
        _sweep()
        try:
            ip("netns", "add", self.switch)
            ip_in(self.switch, "link", "add", "switch", "type", "bridge")
            ip_in(self.switch, "link", "set", "switch", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for machine in self._machines.values():
            machine.close()
        for space in _PLACE.glob(f"{self._base}-*"):
            ip("netns", "delete", space.name)

    def space(self, name):
        return f"{self._base}-{name}"

    def machine(self, name):
        """The machine of that name; it is there from the first time on that it is asked for."""
        if name not in self._machines:
            self._machines[name] = Machine(self, name, len(self._machines) + 1)
        return self._machines[name]


def _sweep():
    """What tests have left that do not run any more."""
    for space in _PLACE.glob("weir*n*-*"):
        found = re.match(r"weir(\d+)n\d+-", space.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            subprocess.run(["ip", "netns", "delete", space.name], check=False, capture_output=True)
