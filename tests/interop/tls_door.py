"""What stands before a relay in the world: it ends TLS, and passes the bytes on as they are.

One loop reads and writes: a TLS connection must not be used by two threads at once."""

import asyncio
import contextlib
import ssl
import threading

_PIECE = 1 << 16


class TlsDoor:
    """Listens for TLS on a free port of 127.0.0.1; `target` (host:port) is asked in plain HTTP.

    `certificate` is a file with the certificate and its key. Set `target` before anybody calls."""

    def __init__(self, certificate):
        self.target = None
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context))
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _close(self):
        self._server.close()
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError):
            name, port = self.target.rsplit(":", 1)
            back, on = await asyncio.open_connection(name, int(port))
            await asyncio.gather(_pump(reader, on), _pump(back, writer))


async def _pump(source, sink):
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    # TLS knows no half-closed connection: both ways end.
    with contextlib.suppress(OSError):
        sink.close()
