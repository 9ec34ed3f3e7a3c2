#!/usr/bin/env python3
"""Members for scripts/torture, as a program of its own: those of the kill tests, and some that
misbehave for a while, again and again.

    guest.py SETTINGS      a JSON object, as torture_parts.town writes it

Files and words on standard output and input are those of tests/integration/kill_peer.py, with a file
more: HOST.refused holds what a host has refused for good, as its sender has to take it. Whoever
misbehaves does so for some seconds of each period, in its own manner (PLAYS), and no more once it is
told to stop.
"""

import asyncio
import collections
import itertools
import json
import os
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent / "tests")

from integration import kill_peer
from peers.wire import id_of

PERIOD_S, BAD_S = 20, 5  # of each period so long are bad
GIVEN_UP_S = 20  # after so long any sender has given up
TICK_S = 0.2
RESET = struct.pack("ii", 1, 0)  # SO_LINGER
HUGE = 16 * 1024 * 1024  # bytes of an answer without an end
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
STATUSES = itertools.cycle(("500 Internal Server Error", "502 Bad Gateway", "504 Gateway Timeout",
                            "503 Service Unavailable"))


class Guest(kill_peer.Host):
    """One that behaves well. `listen`: where it is, if not where its name says."""

    again_s = 0.1

    def __init__(self, settings, keys, host, lanes, listen=None, **how):
        super().__init__(settings, keys, host, lanes, **how)
        self._listen = listen or host
        self.plays = collections.Counter()

    async def serve(self):
        address, port = self._listen.rsplit(":", 1)
        return await asyncio.start_server(self._talk, address, int(port), limit=1 << 20, backlog=512)

    def counts(self):
        return {**super().counts(), "plays": self.plays}


class Wild(Guest):
    """One that misbehaves, in a manner of PLAYS."""

    def __init__(self, settings, keys, host, lanes, manner, place, **how):
        super().__init__(settings, keys, host, lanes, **how)
        self._manner, self._began = manner, time.monotonic() - place * PERIOD_S / 9
        self._refused_for_good = kill_peer.Log(Path(settings["logs"]) / f"{host}.refused")

    def bad(self):
        return (self.accepted.is_set() and not self.stopped.is_set()
                and (time.monotonic() - self._began) % PERIOD_S < BAD_S)

    async def _post(self, request, writer):
        if not self.bad():
            await super()._post(request, writer)
            return
        self.plays[self._manner] += 1
        await PLAYS[self._manner](self, request, writer)

    def take(self, request):
        return self._take(request)

    def refuse(self, request):
        self._refused_for_good.add(id_of(json.loads(request.body)["object"]))


# --- manners: each ends the connection, or writes an answer ----------------------------------------


async def hang(_, request, writer):
    await asyncio.sleep(GIVEN_UP_S)
    raise EOFError


async def drip(_, request, writer):
    """The start of an answer, and then a byte now and then, which is never the last."""
    writer.write(b"HTTP/1.1 202 Accepted\r\nX-Drip: ")
    for _ in range(int(GIVEN_UP_S / TICK_S)):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(TICK_S)
    raise EOFError


async def reset(_, request, writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
    raise EOFError


async def error(_, request, writer):
    writer.write(f"HTTP/1.1 {next(STATUSES)}\r\nContent-Length: 0\r\n\r\n".encode())


async def busy(_, request, writer):
    writer.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")


async def gone(host, request, writer):
    host.refuse(request)
    writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")


async def garbage(_, request, writer):
    writer.write(os.urandom(2000) + b"\r\n\r\n")
    await writer.drain()
    raise EOFError


async def huge(host, request, writer):
    """Taken, as its status says; what follows is nothing that anybody wants."""
    host.take(request)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(HUGE // len(CHUNK)):
        writer.write(CHUNK)
        await writer.drain()
    raise EOFError


PLAYS = {"hang": hang, "drip": drip, "reset": reset, "5xx": error, "429": busy, "410": gone,
         "garbage": garbage, "huge": huge}


class Stranger(Wild):
    """Shows a certificate that nobody vouches for while it is bad. A connection is as good as it
    was when it was made, so all of them end when that changes."""

    def __init__(self, settings, keys, host, lanes, manner, place, good, bad):
        super().__init__(settings, keys, host, lanes, manner, place, scheme="https")
        self._contexts = {False: _context(good), True: _context(bad)}
        self._shown = self._server = self._task = None
        self._lines = set()

    async def serve(self):
        await self._show(False)
        self._task = asyncio.ensure_future(self._turn())
        return self

    def close(self):
        self._task.cancel()
        self._server.close()

    async def _show(self, bad):
        if self._server:
            self._server.close()
            for line in list(self._lines):
                line.transport.abort()
            await asyncio.sleep(0)
        address, port = self.host.rsplit(":", 1)
        self._server = await asyncio.start_server(self._talk, address, int(port), limit=1 << 20,
                                                  ssl=self._contexts[bad])
        self._shown = bad

    async def _turn(self):
        while True:
            await asyncio.sleep(TICK_S)
            if self.bad() != self._shown:
                self.plays["tls"] += self.bad()
                await self._show(self.bad())

    async def _talk(self, reader, writer):
        self._lines.add(writer)
        try:
            await super()._talk(reader, writer)
        finally:
            self._lines.discard(writer)

    async def _post(self, request, writer):
        await Guest._post(self, request, writer)


def _context(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def guest(settings, keys, **how):
    if "good" in how:
        return Stranger(settings, keys, **how)
    return Wild(settings, keys, **how) if "manner" in how else Guest(settings, keys, **how)


if __name__ == "__main__":
    asyncio.run(kill_peer.main(json.loads(sys.argv[1]), guest))
