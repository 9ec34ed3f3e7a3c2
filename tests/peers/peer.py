#!/usr/bin/env python3
"""A small ActivityPub server: an instance actor at /actor, people at /users/NAME, one inbox.

As a library: `Peer`. As a program: it takes commands as JSON lines on standard input and answers
each with a JSON line on standard output (README.md beside this file); it ends when its input does.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import secrets
import sys
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import aiohttp
from yarl import URL

from peers import control, documents, proofs, signing
from peers.inbox import Inbox
from peers.judge import Judge
from peers.keys import ActorKeys
from peers.records import Records
from peers.server import Server
from peers.wire import ACCEPT, ACTIVITY_JSON, PUBLIC, USER_AGENT, Request, Response, id_of
from peers.wire import read_json

_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=30)
_MAX_BODY = 1 << 20


@dataclasses.dataclass
class Actor:
    name: str
    id: str
    keys: ActorKeys

    @property
    def key_id(self):
        return f"{self.id}#main-key"


@dataclasses.dataclass
class Sent:
    """An activity that went out: what it was, the request as signed, and the answer to it."""

    activity: dict
    request: Request
    answer: Response

    @property
    def id(self):
        return self.activity.get("id")

    @property
    def object_id(self):
        return id_of(self.activity.get("object"))

    @property
    def status(self):
        return self.answer.status

    @property
    def problem(self):
        """The answer's problem document (RFC 9457), or None."""
        if "problem+json" not in self.answer.headers.get("Content-Type", ""):
            return None
        return read_json(self.answer.body)


class Peer:
    """One server. `start` before use, `close` after; `down` and `up` are a power cut between.

    `scheme` signs what goes out: "cavage" or "rfc9421". `clock` is given to every signature, so a
    peer can live in another time. `directory` keeps keys and the record; without one they are in
    memory alone. A `host` with port 0 takes any free port. `instance` is the type of the instance
    actor. `answers` says what it does with a Follow: "embedded" (an Accept with the whole Follow),
    "id" (with its id alone), "reject", "nothing"."""

    def __init__(self, host="127.0.0.1:0", kind="blog", directory=None, users=("alice",),
                 scheme="cavage", clock=time.time, instance="Application", answers="embedded"):
        self.host = host
        self.kind = kind
        self.software = f"weir-test-{kind}"  # as its NodeInfo names it
        self.scheme = scheme
        self.clock = clock
        self.actors = {}
        self.documents = {}
        self.faults = []
        self.sent_activities = []
        self.authorized_fetch = False
        self.answers = answers
        self.directory = directory and Path(directory)
        if self.directory:
            self.directory.mkdir(parents=True, exist_ok=True)
        self.records = Records(self.directory and self.directory / "record.jsonl")
        self._instance = instance
        self._users = users
        self._server = Server(self)
        self._http = None
        self._run = secrets.token_hex(3)
        self._counter = itertools.count(1)

    @property
    def origin(self):
        return f"http://{self.host}"

    # --- life -------------------------------------------------------------------------------

    async def start(self):
        self._http = aiohttp.ClientSession(
            timeout=_TIMEOUT,
            skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
            connector=aiohttp.TCPConnector(force_close=False, limit=0),
        )
        self.host = await self._server.start()
        self.judge = Judge(self.host, self.fetch, self.clock)
        self.inbox = Inbox(self.fetch, self._answer_follow)
        self._add_actor("instance", f"{self.origin}/actor", self._instance)
        for name in self._users:
            self._add_actor(name, f"{self.origin}/users/{name}", "Person")
        return self

    async def close(self):
        await self.down()
        if self._http:
            await self._http.close()
        self.records.close()

    async def down(self):
        """The server is gone: its port refuses connections."""
        await self._server.stop()

    async def up(self):
        """Back again on the same port, with everything it knew."""
        await self._server.start()

    def _add_actor(self, name, actor_id, actor_type):
        if self.directory:
            actor_keys = ActorKeys.load_or_create(self.directory, name)
        else:
            actor_keys = ActorKeys()
        self.actors[name] = Actor(name, actor_id, actor_keys)
        self.publish(documents.actor(self.origin, actor_id, name, actor_type, actor_keys))

    def rotate(self, name="alice"):
        """A new RSA key under the old id; what was signed with the old one is no longer ours."""
        actor = self.actors[name]
        document = self.documents[actor.id.removeprefix(self.origin)][1]
        actor.keys = ActorKeys(ed25519_key=actor.keys.ed25519)
        document["publicKey"]["publicKeyPem"] = actor.keys.public_pem

    # --- documents --------------------------------------------------------------------------

    def publish(self, document, status=200):
        """Serves the document at its id; a status of 404 or 410 makes it gone."""
        path = document["id"].removeprefix(self.origin)
        self.documents[path] = (status, document)

    def document(self, document_id):
        """A document of ours as it is served now; change it to lie about it."""
        return self.documents[document_id.removeprefix(self.origin)][1]

    # --- requests going out -----------------------------------------------------------------

    async def fetch(self, url, signed=True):
        """A document of somebody else's. Signed by the instance actor; raises on anything odd."""
        request = Request("GET", url, [("Accept", ACCEPT), ("User-Agent", USER_AGENT)])
        if signed:
            self.sign(request, self.actors["instance"])
        answer = await self.transmit(request)
        if answer.status != 200:
            raise ValueError(f"{answer.status} from {url}")
        kind = answer.headers.get("Content-Type", "")
        if not kind.startswith((ACTIVITY_JSON, "application/ld+json")):
            raise ValueError(f"{url} is of type {kind!r}")
        return read_json(answer.body)

    def sign(self, request, actor, scheme=None, covered=None, when=None, key=None):
        """Signs in place. `key` and `when` default to the actor's own key and the peer's clock."""
        sign = signing.sign_rfc9421 if (scheme or self.scheme) == "rfc9421" else signing.sign_cavage
        return sign(
            request,
            actor.key_id,
            key or actor.keys.rsa,
            self.clock() if when is None else when,
            covered=covered,
        )

    async def transmit(self, request):
        """Sends a request exactly as it stands. Network errors are aiohttp's."""
        async with self._http.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as answer:
            body = await answer.content.read(_MAX_BODY)
            return Response(answer.status, dict(answer.headers), body)

    def prepare(self, activity, inbox, who="alice", **how):
        """The signed POST of an activity, not yet sent. `how` is what `sign` takes."""
        body = json.dumps(activity, ensure_ascii=False).encode("utf-8")
        headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
        return self.sign(Request("POST", inbox, headers, body), self.actors[who], **how)

    async def send(self, activity, inbox=None, who="alice", **how):
        """Signs and sends an activity, to the relay's inbox where no other is given."""
        request = self.prepare(activity, inbox or self.relay_inbox, who, **how)
        return Sent(activity, request, await self.transmit(request))

    # --- joining ----------------------------------------------------------------------------

    @property
    def relay_inbox(self):
        if not self.inbox.followed:
            raise ValueError("this peer follows no relay yet")
        return self.inbox.followed["inbox"]

    async def follow(self, relay, style="mastodon", who="instance"):
        """Asks to join the relay at this actor id: Follow of the public collection, or (style
        "litepub") of the relay actor itself."""
        actor = await self.fetch(relay)
        follow = self._activity("Follow", PUBLIC if style == "mastodon" else relay, who)
        if style == "litepub":
            follow["to"] = [relay]
        self.inbox.followed = {
            "id": follow["id"],
            "actor": relay,
            "inbox": actor["inbox"],
            "state": "asked",
            "activity": follow,
        }
        return await self.send(follow, who=who)

    async def unfollow(self, embedded=True, who="instance"):
        """Leaves: Undo of the Follow, embedded or by its bare id."""
        follow = self.inbox.followed["activity"]
        return await self.send(self._activity("Undo", follow if embedded else follow["id"], who),
                               who=who)

    async def _answer_follow(self, follow, follower):
        """Sends what `answers` says; answers the type of what was sent."""
        if self.answers == "nothing":
            return self.answers
        await self.answer(follow, follower, "Reject" if self.answers == "reject" else "Accept",
                          embedded=self.answers != "id")
        return "Reject" if self.answers == "reject" else "Accept"

    async def answer(self, follow, follower, kind, embedded=True):
        """An Accept or Reject of a Follow of ours, by the actor that it is of."""
        who = next((name for name, actor in self.actors.items()
                    if actor.id == id_of(follow["object"])), "instance")
        answer = self._activity(kind, follow if embedded else follow["id"], who)
        answer["to"] = [follower]
        return await self.send(answer, (await self.fetch(follower))["inbox"], who)

    # --- writing ----------------------------------------------------------------------------

    def _new_id(self, room):
        return f"{self.origin}/{room}/{self._run}-{next(self._counter)}"

    def _now(self):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))

    def _activity(self, kind, obj, who, to=(PUBLIC,), cc=(), proof=False):
        author = self.actors[who]
        activity = documents.activity(
            kind, self._new_id("activities"), author.id, obj, to, cc, self._now()
        )
        if proof:
            activity = proofs.add_proof(
                activity, f"{author.id}#ed25519-key", author.keys.ed25519, self._now()
            )
        self.sent_activities.append(activity)
        self.publish(activity)
        return activity

    def write(self, text, title=None, tags=(), proof=True, to=(PUBLIC,), cc=(), who="alice",
              answers=None, **more):
        """A Create of a new post, published here, not yet sent. answers: the id of what it is an
        answer to; more: whatever else the post says."""
        post = documents.post(
            self.kind, self._new_id("posts"), self.actors[who].id, text, title, tags, to, cc,
            self._now(), answers,
        ) | more
        self.publish({"@context": documents.AS_CONTEXT, **post})
        return self._activity("Create", post, who, to, cc, proof)

    async def post(self, text, title=None, inbox=None, who="alice", **how):
        """Writes a post and sends its Create. `how` is what `write` takes."""
        return await self.send(self.write(text, title, who=who, **how), inbox, who)

    async def edit(self, object_id, text, proof=True, inbox=None, who="alice"):
        """Changes a post of ours and sends the Update."""
        served = self.document(object_id)
        served.update(content=f"<p>{text}</p>", updated=self._now())
        post = {name: value for name, value in served.items() if name != "@context"}
        update = self._activity("Update", post, who, post["to"], post["cc"], proof)
        return await self.send(update, inbox, who)

    async def remove(self, object_id, proof=True, inbox=None, who="alice"):
        """Deletes a post of ours: a Tombstone stands in its place, and the Delete goes out."""
        tombstone = documents.tombstone(object_id, self.document(object_id)["type"])
        self.publish({"@context": documents.AS_CONTEXT, **tombstone}, 410)
        return await self.send(self._activity("Delete", tombstone, who, proof=proof), inbox, who)

    async def announce(self, object_id, who="alice", inbox=None, proof=False):
        return await self.send(self._activity("Announce", object_id, who, proof=proof), inbox, who)

    async def point(self, text, title=None, tags=(), who="alice", **how):
        """Writes a post, and announces it the way Pleroma's relay actor does: to its followers,
        who fetch it."""
        post = self.write(text, title, tags, who=who, **how)["object"]
        followers = self.document(self.actors["instance"].id)["followers"]
        announce = self._activity("Announce", post["id"], "instance", to=[followers])
        return await self.send(announce, who="instance")

    async def undo(self, activity, who="alice", inbox=None, proof=False):
        """Takes back an activity of ours, given whole or by its id."""
        return await self.send(self._activity("Undo", activity, who, proof=proof), inbox, who)


async def main(arguments):
    peer = Peer(arguments.listen, arguments.kind, arguments.dir, scheme=arguments.scheme,
                instance=arguments.instance)
    await peer.start()
    with contextlib.suppress(asyncio.CancelledError):
        await control.obey(peer)
    await peer.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(control.arguments(__doc__)))
