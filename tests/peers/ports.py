"""Ports that nobody else takes between the moment they are chosen and the moment they are used, nor
while a server that is down is to come back on its own.

The system gives out the ports of connections, and of servers that ask for any, from one range. Here
they come from below that range, and each process has blocks of its own: whoever has bound the name
of a block (in Linux's abstract namespace, where names end with their process) has its ports."""

import socket
import threading

_FIRST, _BLOCK, _BLOCKS = 10000, 400, 55
_names = []  # the sockets whose names say which blocks are ours
_ours = []  # all ports of those
_given = 0  # how many of them were given out, since the first or since it was begun anew
_lock = threading.Lock()


def free_port(address="127.0.0.1"):
    """One that nobody listens on just now, and that this process was not given lately."""
    with _lock:
        for _ in range(_BLOCK * _BLOCKS):
            if _is_free(address, port := _next()):
                return port
    raise OSError("no free port")


def free_host(address="127.0.0.1"):
    return f"{address}:{free_port(address)}"


def _next():
    global _given
    if _given == len(_ours) and not _take_block():
        assert _ours, "all blocks of ports are taken"
        _given = 0
    _given += 1
    return _ours[_given - 1]


def _take_block():
    for number in range(_BLOCKS):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0weir-test-ports-{number}")
        except OSError:
            name.close()
            continue
        _names.append(name)
        first = _FIRST + number * _BLOCK
        _ours.extend(range(first, first + _BLOCK))
        return True
    return False


def _is_free(address, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
