"""A TCP proxy of our own, in a thread: what lies between two machines, and what can befall it.

    with Proxy("127.0.0.1:6379") as line:
        relay = Relay(..., redis=f"redis://{line.host}/0")
        line.delay = 0.2        # of what passes, in either direction
        line.rate = 1024        # bytes a second, of each connection and direction
        line.silent = True      # nothing passes any more; connections stay open
        line.cut()              # all connections are reset
        line.refusing = True    # new ones are, too

A trap is a look at what a client sends: it answers None (it passes), or bytes that the client gets
instead of what the server would have said (none at all: silence).
"""

import asyncio
import socket
import struct
import threading

CHUNK = 65536


class Proxy:
    """`target`: `host:port`; `address`: where it listens, at a port that is free."""

    def __init__(self, target, address="127.0.0.1"):
        self._target, self._address = target, address
        self.delay, self.rate = 0, 0
        self.silent = self.refusing = False
        self.trap = None
        self.after = None  # called once, when what has just come has been sent on
        self.withhold = None  # called once, with the next that the server says, which goes nowhere
        self.opened = 0  # connections, ever
        self._writers = set()
        self._tasks = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.host = None

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self):
        """Every connection is reset now."""
        self._call(self._cut())

    def moves(self, target):
        """Whoever connects from now on gets there; who was connected is reset."""
        self._target = target
        self.cut()

    def every(self, seconds):
        """Every connection is reset so often, from now on; 0: no more."""
        self._every = seconds
        self._call(self._start_resets())

    _every = 0
    _resetting = None

    def _call(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accepted, self._address, 0, limit=CHUNK))
        self.host = f"{self._address}:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        for writer in list(self._writers):
            writer.transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _start_resets(self):
        if self._resetting:
            self._resetting.cancel()
        self._resetting = asyncio.ensure_future(self._resets()) if self._every else None

    async def _resets(self):
        while True:
            await asyncio.sleep(self._every)
            await self._cut()

    async def _cut(self):
        for writer in list(self._writers):
            _reset(writer)

    async def _accepted(self, reader, writer):
        if self.refusing:
            _reset(writer)
            return
        self.opened += 1
        host, port = self._target.rsplit(":", 1)
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port), limit=CHUNK)
        except OSError:
            _reset(writer)
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pass(reader, far_writer, writer),
                                 self._pass(far_reader, writer, None))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers -= ends
            for end in ends:
                _reset(end)

    async def _pass(self, reader, writer, back):
        """One direction. `back`: to the client, where it is the client that sends."""
        while True:
            data = await reader.read(CHUNK)
            if not data:
                raise ConnectionResetError
            if back is not None and self.trap:
                answer = await self._loop.run_in_executor(None, self.trap, data)
                if answer is not None:
                    if answer:
                        back.write(answer)
                        await back.drain()
                    continue
            if back is None and self.withhold:
                call, self.withhold = self.withhold, None
                await self._loop.run_in_executor(None, call)
                continue
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._write(writer, data)
            if back is not None and self.after:
                call, self.after = self.after, None
                await self._loop.run_in_executor(None, call)

    async def _write(self, writer, data):
        while self.silent:
            await asyncio.sleep(0.01)
        if not self.rate:
            writer.write(data)
            await writer.drain()
            return
        step = max(1, self.rate // 20)
        for at in range(0, len(data), step):
            writer.write(data[at:at + step])
            await writer.drain()
            await asyncio.sleep(step / self.rate)


def _reset(writer):
    """RST instead of FIN."""
    line = writer.get_extra_info("socket")
    if line is not None and line.fileno() >= 0:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
