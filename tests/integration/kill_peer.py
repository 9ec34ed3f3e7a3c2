#!/usr/bin/env python3
"""A member for the kill tests, as a program of its own: fast, strict, and with a log on disk.

    kill_peer.py SETTINGS      a JSON object, as integration.kills writes it

It serves one or more hosts. Each follows the public collection at the relay and takes what comes to
its inbox. Every lane of a host that has lanes posts one Create after the other, each second one with
its author's proof: whatever is not a 202 that was read whole is sent again, the same bytes under the
same id; what was answered 202 is never sent again.

Two kinds of files tell what happened; each line is one write to a file opened with O_APPEND:

    HOST.sent    time, lane, number, object, activity, tries     a 202 was read
    HOST.got     time, verified, type, activity, object          an activity was taken, before its 202

A host that is picky refuses some posts for a while (`refused_at_first`), and takes all others.

`verified` is `ok` or `bad` for a sample whose HTTP signature was checked, else `-`.

On standard output: one JSON line when every host holds its Accept, one at the end. On standard
input: `go` begins the lanes; `stop` ends them, each after its last post was answered 202; the end
of the input ends the program.
"""

import asyncio
import collections
import contextlib
import itertools
import json
import math
import os
import sys
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from peers import documents, proofs, signing
from peers.keys import ActorKeys, load_public_pem
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request, id_of

ANSWER_S = 10  # so long a sender waits for an answer
AGAIN_S = 0.05  # and so long before it sends again
SAMPLE = 16  # every so many-th signature is verified
REFUSALS = 4  # of a picky host, before it takes a post after all
TEXT = "The weir holds, whatever is killed beside it. " * 12
HTTP_OK = b"HTTP/1.1 200 OK\r\nContent-Type: " + ACTIVITY_JSON.encode() + b"\r\n"
HTTP_GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HTTP_TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
HTTP_LATER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
HTTP_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def refused_at_first(post):
    """Whether a picky host answers 503 to this post, some times: one of fifty."""
    return post.endswith(("25", "75"))


class Log:
    """A file that only grows, by whole lines."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, *words):
        os.write(self._fd, (" ".join(map(str, (time.time(), *words))) + "\n").encode())


async def read_head(reader):
    """The first line and the headers of a message: (line, [(name, value)])."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in
               (line.partition(":") for line in head[1:] if line)]
    return head[0], headers


async def read_body(reader, headers):
    length = {name.lower(): value for name, value in headers}.get("content-length", "0")
    return await reader.readexactly(int(length))


class Line:
    """A connection to the relay, made anew when it breaks; one request at a time."""

    def __init__(self, authority):
        self._host, self._port = authority.rsplit(":", 1)
        self._reader = self._writer = None

    async def ask(self, request):
        """The status and the body of the answer, once it was read whole; None if it was not."""
        try:
            return await asyncio.wait_for(self._ask(request), ANSWER_S)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError):
            self.cut()
            return None

    async def _ask(self, request):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, int(self._port))
        self._writer.write(request.to_bytes())
        line, headers = await read_head(self._reader)
        body = await read_body(self._reader, headers)
        if ("connection", "close") in [(k.lower(), v.lower()) for k, v in headers]:
            self.cut()
        return int(line.split(" ")[1]), body

    def cut(self):
        if self._writer is not None:
            self._writer.transport.abort()
            self._reader = self._writer = None


class Host:
    """One member: its documents, its inbox, its lanes."""

    again_s = AGAIN_S

    def __init__(self, settings, keys, host, lanes, picky=False, scheme="http"):
        self.host, self.origin = host, f"{scheme}://{host}"
        self._relay, self._lanes_n = settings["relay"], lanes
        self._pace, self._delay = settings["pace"], settings["delay"]
        self._keys = keys
        self._sent = Log(Path(settings["logs"]) / f"{host}.sent")
        self._got = Log(Path(settings["logs"]) / f"{host}.got")
        self._relay_key, self._taken = None, 0
        self._picky, self._refused = picky, collections.Counter()
        self.accepted, self.stopped = asyncio.Event(), asyncio.Event()
        self.statuses = collections.Counter()
        self.actor, self.author = f"{self.origin}/actor", f"{self.origin}/users/alice"
        self._documents = {
            name.removeprefix(self.origin): self._encoded(
                documents.actor(self.origin, name, name.rsplit("/", 1)[1], kind, keys))
            for name, kind in ((self.actor, "Application"), (self.author, "Person"))
        }

    @staticmethod
    def _encoded(document):
        return json.dumps(document).encode()

    # --- as a server ------------------------------------------------------------------------

    async def serve(self):
        address, port = self.host.rsplit(":", 1)
        return await asyncio.start_server(self._talk, address, int(port), limit=1 << 20)

    async def _talk(self, reader, writer):
        with contextlib.suppress(OSError, EOFError):
            while True:
                line, headers = await read_head(reader)
                method, target, _ = line.split(" ")
                body = await read_body(reader, headers)
                if method == "GET":
                    writer.write(self._get(target))
                else:
                    await self._post(Request(method, f"{self.origin}{target}", headers, body), writer)
                await writer.drain()
        writer.close()

    async def _post(self, request, writer):
        delay = self._delay if self.accepted.is_set() else 0
        answer = self._take(request)
        if delay:
            await asyncio.sleep(delay)
        writer.write(answer)

    def _get(self, target):
        found = self._documents.get(target)
        if found is None:
            return HTTP_GONE
        return HTTP_OK + b"Content-Length: %d\r\n\r\n%b" % (len(found), found)

    def _take(self, request):
        activity = json.loads(request.body)
        if activity["type"] == "Accept":
            self.accepted.set()
            return HTTP_TAKEN
        if not request.target.endswith("/inbox"):
            return HTTP_BAD
        post = id_of(activity["object"])
        if self._picky and refused_at_first(post) and self._refused[post] < REFUSALS:
            self._refused[post] += 1
            return HTTP_LATER
        self._got.add(self._verified(request), activity["type"], activity["id"], post)
        return HTTP_TAKEN

    def _verified(self, request):
        self._taken += 1
        if self._taken % SAMPLE != 1:
            return "-"
        try:
            signing.read_claim(request).check(self._relay_key)
        except (signing.SignatureError, AttributeError):
            return "bad"
        return "ok" if signing.digest_verdict(request) == "ok" else "bad"

    # --- as a client ------------------------------------------------------------------------

    async def join(self):
        """Follows; a member when it holds the Accept."""
        line = Line(self._relay["host"])
        status, body = await line.ask(Request("GET", self._relay["actor"], [
            ("Host", self._relay["host"]), ("Accept", ACTIVITY_JSON)]))
        assert status == 200, (status, body)
        self._relay_key = load_public_pem(json.loads(body)["publicKey"]["publicKeyPem"])
        follow = documents.activity("Follow", f"{self.origin}/follow", self.actor, PUBLIC)
        assert await self._insist(line, self._encoded(follow), self.actor) == 1, self.statuses
        await asyncio.wait_for(self.accepted.wait(), 30)
        line.cut()

    async def post(self, lane):
        """One post after the other, until told to stop."""
        line = Line(self._relay["host"])
        due = time.monotonic() + self._pace * (lane / self._lanes_n - 1)
        for number in itertools.count():
            due = self._next(due)
            await asyncio.sleep(max(0, due - time.monotonic()))
            if self.stopped.is_set():
                return
            activity = self._write(lane, number)
            tries = await self._insist(line, self._encoded(activity), self.author)
            self._sent.add(lane, number, activity["object"]["id"], activity["id"], tries)

    def _next(self, due):
        """Whoever is late leaves out what it could not send: lanes that waited for the same thing do
        not go on in step."""
        late = time.monotonic() - due
        return due + self._pace * max(1, math.ceil(late / self._pace)) if self._pace else due

    async def _insist(self, line, body, actor):
        """Sends until a 202 was read; answers how often that was. Always the same bytes."""
        for tries in itertools.count(1):
            request = Request("POST", self._relay["inbox"], [
                ("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)], body)
            signing.sign_cavage(request, f"{actor}#main-key", self._keys.rsa, time.time())
            request.set("Content-Length", str(len(body)))
            answer = await line.ask(request)
            self.statuses[str(answer[0]) if answer else "cut"] += 1
            if answer and answer[0] == 202:
                return tries
            await asyncio.sleep(self.again_s)

    def _write(self, lane, number):
        name = f"{lane}-{number}"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        post = documents.post("social", f"{self.origin}/posts/{name}", self.author,
                              f"{name}: {TEXT}", published=now)
        activity = documents.activity("Create", f"{self.origin}/activities/{name}", self.author,
                                      post, published=now)
        if number % 2:
            return activity
        return proofs.add_proof(activity, f"{self.author}#ed25519-key", self._keys.ed25519, now)

    def counts(self):
        """What is told at the end, summed up over all hosts of the program."""
        return {"statuses": self.statuses}

    async def run_lanes(self):
        await asyncio.gather(*(self.post(lane) for lane in range(self._lanes_n)))


async def main(settings, member=Host):
    """`member`: makes a host of its settings."""
    keys = ActorKeys.load_or_create(settings["keys"], "member")
    hosts = [member(settings, keys, **host) for host in settings["hosts"]]
    servers = [await host.serve() for host in hosts]
    for host in hosts:
        await host.join()
    print(json.dumps({"joined": [host.host for host in hosts]}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    stopping = loop.run_in_executor(None, sys.stdin.readline)
    stopping.add_done_callback(lambda _: [host.stopped.set() for host in hosts])
    await asyncio.gather(stopping, *(host.run_lanes() for host in hosts))
    totals = collections.defaultdict(collections.Counter)
    for host in hosts:
        for name, counts in host.counts().items():
            totals[name] += counts
    print(json.dumps(totals), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
