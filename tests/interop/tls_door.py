"""What stands before a relay in the world: it ends TLS, and passes the bytes on as they are."""

import contextlib
import socket
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
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Closing alone would not wake the thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self):
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller):
        with contextlib.suppress(OSError), caller:
            name, port = self.target.rsplit(":", 1)
            caller.settimeout(30)
            with (
                self._context.wrap_socket(caller, server_side=True) as outside,
                socket.create_connection((name, int(port)), 30) as inside,
            ):
                back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
                back.start()
                _pump(outside, inside)
                back.join()


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
