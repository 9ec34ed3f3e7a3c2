"""A member whose inbox does what a test says, byte by byte: what no good server would do.

    with Wild() as wild:
        wild.join(relay)
        wild.plays += [says("503 Service Unavailable"), taken]   # for the next posts, in order
        wild.always = silent                                     # and for all after those
        wild.wait(3)

It shares nothing with `peer.py` but documents and signatures: plain sockets, a thread a connection.
A play is a function that gets the connection and the post, and may do as it likes with it; what it
answers is whether the connection goes on. A post is written down before its play begins.
"""

import contextlib
import dataclasses
import functools
import http.client
import itertools
import json
import socket
import struct
import threading
import time

from peers import documents, signing
from peers.keys import ActorKeys
from peers.ports import free_port
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request

PATIENCE_S = 60
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closed by a reset


@functools.lru_cache(maxsize=None)
def _keys():
    """Made once: making them takes longer than most tests."""
    return ActorKeys()


@dataclasses.dataclass
class Post:
    """One request to the inbox."""

    at: float
    line: int  # number of the connection
    fields: list
    body: bytes
    play: str

    @property
    def activity(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.activity["id"]

    def field(self, name):
        return next((value for key, value in self.fields if key == name.lower()), None)


class Wild:
    """Its name for others is `name` where one is given, its address otherwise. `tls`: the context
    of a server, which may be changed at any time; `stalls`: the handshake never begins; `resets`:
    whoever connects is thrown out."""

    def __init__(self, address="127.0.0.2", name=None, tls=None):
        self._address, self.tls = address, tls
        self.port = free_port(address)
        self.host = f"{name or address}:{self.port}"
        self.origin = f"{'https' if tls else 'http'}://{self.host}"
        self.actor = f"{self.origin}/actor"
        self.posts, self.plays, self.always = [], [], taken
        self.stalls = self.resets = False
        self.spoken = []  # of each connection with TLS, the protocol that was agreed upon (ALPN)
        self.accepted, self.closing = threading.Event(), threading.Event()
        self.lines = self.busy = self.most_busy = 0
        self._lock, self._open = threading.Lock(), set()
        self._counter = itertools.count(1)
        self._plug = []
        self._relay = None
        self.up()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.down()

    # --- its door -----------------------------------------------------------------------------

    def up(self):
        self._unplug()
        place = (self._address, self.port)
        self._listening = socket.create_server(place, backlog=1024)
        threading.Thread(target=self._listen, args=(self._listening,), daemon=True).start()

    def down(self):
        """The port refuses, and every connection is cut."""
        self._unplug()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            lines = list(self._open)
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def swallow(self, address=None):
        """Whoever connects is neither let in nor refused: the queue of the port is full, and what
        comes then is dropped. At another address, if one is given."""
        if address is None:
            self.down()
        host = address or self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        plug = socket.create_server((host, self.port), family=family, backlog=0)
        self._plug.append(plug)
        for _ in range(4):
            line = socket.socket(family)
            line.setblocking(False)
            line.connect_ex((host, self.port))
            self._plug.append(line)

    def _unplug(self):
        for plug in self._plug:
            plug.close()
        self._plug.clear()

    # --- joining ------------------------------------------------------------------------------

    def join(self, relay):
        self._relay = relay
        self.say("Follow", PUBLIC, "202")
        assert self.accepted.wait(PATIENCE_S), "no Accept"
        return self

    def post(self):
        """A post of its own: it shows that it lives."""
        number = next(self._counter)
        note = documents.post("social", f"{self.origin}/posts/{number}", self.actor, "here I am")
        self.say("Create", note, "202")

    def say(self, kind, obj, status):
        activity = documents.activity(kind, f"{self.origin}/activities/{next(self._counter)}",
                                      self.actor, obj)
        request = Request("POST", self._relay.inbox, [
            ("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)],
            json.dumps(activity).encode())
        signing.sign_cavage(request, f"{self.actor}#main-key", _keys().rsa, time.time())
        line = http.client.HTTPConnection(self._relay.host, timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request("POST", request.target, request.body, dict(request.headers))
            answer = line.getresponse()
            assert str(answer.status) == status, (answer.status, answer.read())

    # --- what came ----------------------------------------------------------------------------

    def ids(self):
        return [post.id for post in list(self.posts)]

    def wait(self, count, patience=PATIENCE_S):
        """The first so many posts, as soon as they came."""
        end = time.monotonic() + patience
        while len(self.posts) < count:
            assert time.monotonic() < end, f"{len(self.posts)} of {count} posts in {patience} s"
            time.sleep(0.01)
        return self.posts[:count]

    # --- listening ----------------------------------------------------------------------------

    def _listen(self, listening):
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        with self._lock:
            self.lines += 1
            number = self.lines
            self._open.add(line)
        try:
            with contextlib.suppress(OSError, ValueError):
                self._speak(line, number)
        finally:
            with self._lock:
                self._open.discard(line)
            line.close()

    def _speak(self, line, number):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.resets:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return
        if self.stalls:
            self.closing.wait(PATIENCE_S)
            return
        if self.tls:
            line = self.tls.wrap_socket(line, server_side=True)
            self._open.add(line)
            self.spoken.append(line.selected_alpn_protocol())
        with line, line.makefile("rb") as reader:
            while self._answer(line, reader, number):
                pass

    def _answer(self, line, reader, number):
        words = reader.readline().decode("latin-1").split()
        if len(words) < 2:
            return False
        fields = []
        while (field := reader.readline().strip()):
            name, value = field.decode("latin-1").split(":", 1)
            fields.append((name.lower(), value.strip()))
        body = reader.read(int(dict(fields).get("content-length", 0)))
        if words[0] != "POST":
            return self._serve(line, words[1])
        if json.loads(body)["type"] == "Accept":
            line.sendall(answer("202 Accepted"))
            self.accepted.set()
            return True
        return self._play(line, Post(time.time(), number, fields, body, ""))

    def _serve(self, line, path):
        if path != "/actor":
            line.sendall(answer("404 Not Found"))
            return True
        document = documents.actor(self.origin, self.actor, "wild", "Application", _keys())
        line.sendall(answer("200 OK", f"Content-Type: {ACTIVITY_JSON}\r\n",
                            json.dumps(document).encode()))
        return True

    def _play(self, line, post):
        with self._lock:
            play = self.plays.pop(0) if self.plays else self.always
            post.play = play.__name__
            self.posts.append(post)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        try:
            return play(line, post)
        finally:
            with self._lock:
                self.busy -= 1


# --- plays ----------------------------------------------------------------------------------------


def answer(status, fields="", body=b""):
    return (f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n").encode() + body


def taken(line, _=None):
    line.sendall(answer("202 Accepted"))
    return True


def says(status, fields="", body=b""):
    """A good answer, of any kind."""
    return writes(answer(status, fields, body), f"says {status} {fields}".strip())


def writes(data, name="writes", ends=False):
    """These bytes; and the end of the connection, if so."""

    def play(line, _=None):
        line.sendall(data)
        return not ends

    play.__name__ = name
    return play


def slowly(seconds, then=taken):
    def play(line, post):
        time.sleep(seconds)
        return then(line, post)

    return play


def silent(line, _=None):
    """Until the other side gives up."""
    line.settimeout(PATIENCE_S)
    line.recv(1)
    return False


def cut(*_):
    return False


def reset(line, _=None):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return False


def drips(data, first=b""):
    """A byte every tenth of a second."""

    def play(line, _=None):
        line.sendall(first)
        for n in itertools.count():
            line.sendall(data[n:n + 1] or b" ")
            time.sleep(0.1)

    return play


def pours(data, ret_sent, first=b""):
    """The same again and again, as long as it is taken; adds up in ret_sent[0]."""

    def play(line, _=None):
        line.sendall(first)
        while True:
            line.sendall(data)
            ret_sent[0] += len(data)

    return play


# --- HTTP/2 --------------------------------------------------------------------------------------

RST_STREAM, SETTINGS, GOAWAY = 3, 4, 7


def frame(kind, *numbers, stream=0):
    """Of HTTP/2, without flags (RFC 9113, section 4.1); its payload are numbers of 32 bits."""
    payload = b"".join(number.to_bytes(4, "big") for number in numbers)
    return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + stream.to_bytes(4, "big") + payload


class Http2Alone:
    """In the place of a server's context: who does not offer to speak HTTP/2 is told so, and that is
    the end (RFC 7301, section 3.2)."""

    @staticmethod
    def wrap_socket(line, server_side):
        assert server_side
        line.recv(65536)
        line.sendall(bytes([21, 3, 3, 0, 2, 2, 120]))  # a fatal alert: no_application_protocol
        raise OSError
