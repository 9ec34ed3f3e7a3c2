"""Who joins, and who posts: signed requests, many at once, over connections that are kept."""

import json
import socket
import time

from peers import signing
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request

from bench_parts.programs import BenchFailed

AT_ONCE = 20  # connections
_CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]


class Sender:
    """Speaks to the relay's inbox for hosts that all have one key."""

    def __init__(self, relay_host, inbox, key):
        self._inbox, self._key = inbox, key
        host, port = relay_host.rsplit(":", 1)
        self._lines = [socket.create_connection((host, int(port)), 30) for _ in range(AT_ONCE)]
        for line in self._lines:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        for line in self._lines:
            line.close()

    def sign(self, host, activity):
        """The request that brings this activity (a dict, or bytes) from a host's actor, as bytes
        on the wire."""
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
        request = Request("POST", self._inbox, headers, body)
        signing.sign_cavage(request, f"http://{host}/actor#main-key", self._key, time.time())
        return request.to_bytes()

    def post(self, requests):
        """Sends them, each connection with one under way; all must be answered 202."""
        for start in range(0, len(requests), AT_ONCE):
            some = requests[start:start + AT_ONCE]
            for line, request in zip(self._lines, some):
                line.sendall(request)
            for line, _ in zip(self._lines, some):
                status, text = _answer(line)
                if status != 202:
                    raise BenchFailed(f"the relay answered {status}: {text}")


def follow(host):
    return {
        "@context": _CONTEXT,
        "id": f"http://{host}/follow",
        "type": "Follow",
        "actor": f"http://{host}/actor",
        "object": PUBLIC,
        "to": [PUBLIC],
    }


def create(host, name, size):
    """A Create of exactly `size` bytes with what looks like its author's own proof, so that the
    relay forwards it as it is: Weir looks at the proof's shape, receivers verify it."""
    actor = f"http://{host}/actor"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    note = {"id": f"http://{host}/notes/{name}", "type": "Note", "attributedTo": actor,
            "published": now, "to": [PUBLIC], "content": ""}
    whole = {
        "@context": _CONTEXT,
        "id": f"http://{host}/activities/{name}",
        "type": "Create",
        "actor": actor,
        "published": now,
        "to": [PUBLIC],
        "object": note,
        "signature": {"type": "RsaSignature2017", "creator": f"{actor}#main-key", "created": now,
                      "signatureValue": "Ym9ndXM="},
    }
    missing = size - len(json.dumps(whole))
    if missing < 0:
        raise BenchFailed(f"a post has at least {size - missing} bytes")
    note["content"] = ("All water that comes is let through, or waits. " * (missing // 40 + 1))[:missing]
    return json.dumps(whole).encode()


def _answer(line):
    """(status, body) of the next answer on a connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(line)
    head, body = data.split(b"\r\n\r\n", 1)
    fields = dict(
        field.lower().split(b":", 1) for field in head.split(b"\r\n")[1:] if b":" in field
    )
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += _more(line)
    return int(head.split(b" ", 2)[1]), body.decode("utf-8", "replace")


def _more(line):
    data = line.recv(65536)
    if not data:
        raise BenchFailed("the relay closed a connection that was waiting for its answer")
    return data
