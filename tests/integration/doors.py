"""A host whose answers a test writes itself, byte by byte, and which counts who came.

    with Door("127.0.0.2:0") as door:
        author = door.author("ann")             # an actor whose document it serves
        door.serve(author.path, bent_document)  # or any answer in its place
"""

import contextlib
import functools
import itertools
import json
import socket
import threading
import time

from peers import documents, signing
from peers.keys import ActorKeys
from peers.peer import Actor
from peers.ports import free_port
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request

_counter = itertools.count(1)


def http(body=b"", status="200 OK", content_type=ACTIVITY_JSON, fields=""):
    """An answer as bytes. A body that is no bytes is written as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode("utf-8")
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode("latin-1") + body


def redirect(where, status="302 Found"):
    return http(status=status, content_type=None, fields=f"Location: {where}\r\n")


@functools.lru_cache(maxsize=None)
def _one_key():
    """Made once: making one takes longer than most tests."""
    return ActorKeys()


class Author(Actor):
    """An actor that lives at a door."""

    @property
    def path(self):
        return "/" + self.id.split("/", 3)[3]


class Door:
    """Answers are bytes, or functions that take the connection and may do as they like with it.
    What is not served is 404; a POST is 202."""

    def __init__(self, host="127.0.0.2:0"):
        name, port = host.rsplit(":", 1)
        place = (name, int(port) or free_port(name))
        self._listening = socket.create_server(place, backlog=512)
        self.host = f"{name}:{self._listening.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self.answers = {}
        self.asked = []
        self.posted = []
        self.connections = self.open_now = self.most_open = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    # --- what is served -----------------------------------------------------------------------

    def serve(self, path, answer, **how):
        """Bytes or a function as they are; anything else as a document."""
        self.answers[path] = answer if callable(answer) or isinstance(answer, bytes) else http(
            answer, **how)

    def author(self, name=None, keys=None, path=None):
        """A new actor with its document in place; all have one key unless told."""
        path = path or f"/users/{name or next(_counter)}"
        author = Author(name or "a", self.url + path, keys or _one_key())
        self.serve(path, self.document(author))
        return author

    def document(self, author, **changes):
        """Its actor document as it should be, with members replaced (None: left out)."""
        document = documents.actor(self.url, author.id, author.name, "Person", author.keys)
        document.update(changes)
        return {name: value for name, value in document.items() if value is not None}

    def times(self, path):
        """How often a document was asked for."""
        return sum(1 for method, asked in self.asked if (method, asked) == ("GET", path))

    # --- what its actors send -----------------------------------------------------------------

    def activity(self, author, kind="Create", **changes):
        n = next(_counter)
        post = documents.post("social", f"{self.url}/posts/{n}", author.id, "a post")
        activity = documents.activity(kind, f"{self.url}/activities/{n}", author.id, post,
                                      published="2026-01-02T03:04:05Z")
        activity.update(changes)
        return activity

    def request(self, relay, author, activity=None, key_id=None, **how):
        """The signed POST of an activity (or a new post's Create) to a relay."""
        body = json.dumps(activity or self.activity(author)).encode("utf-8")
        headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
        request = Request("POST", relay.inbox, headers, body)
        key = how.pop("key", author.keys.rsa)
        return signing.sign_cavage(request, key_id or author.key_id, key, time.time(), **how)

    def follow(self, relay, author):
        return self.request(relay, author, self.activity(author, "Follow", object=PUBLIC))

    # --- listening ----------------------------------------------------------------------------

    def _listen(self):
        while not self.closing.is_set():
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        with self._lock:
            self.connections += 1
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
        with line, contextlib.suppress(OSError):
            reader = line.makefile("rb")
            while self._answer(line, reader):
                pass
        with self._lock:
            self.open_now -= 1

    def _answer(self, line, reader):
        words = reader.readline().decode("latin-1").split()
        if len(words) < 2:
            return False
        length = 0
        while (field := reader.readline().strip()):
            if field.lower().startswith(b"content-length:"):
                length = int(field.split(b":")[1])
        body = reader.read(length)
        method, path = words[:2]
        self.asked.append((method, path))
        if method == "POST":
            self.posted.append(body)
            line.sendall(http(status="202 Accepted", content_type=None))
            return True
        answer = self.answers.get(path, http(status="404 Not Found"))
        if callable(answer):
            answer(line)
            return False
        line.sendall(answer)
        return True


def hang(line):
    """Takes the request and is silent, until the other side gives up."""
    line.settimeout(60)
    line.recv(1)


def drip(door, data, pause, size=1):
    """Sends byte after byte, or some at a time."""

    def answer(line):
        for n in range(0, len(data), size):
            line.sendall(data[n:n + size])
            if door.closing.wait(pause):
                return

    return answer


def endless(line):
    """A body without an end, as fast as it is taken."""
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n\r\n{\"a\":\"")
    while True:
        line.sendall(b"a" * 65536)


def cut(data=b""):
    """Sends this much and closes."""
    return lambda line: line.sendall(data)
