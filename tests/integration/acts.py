"""What peers do in the integration tests, and what is then looked for."""

import hashlib
import itertools
import json
import shutil

from integration.relay import INTERNAL, PATIENCE_S, wait_until
from peers import proofs
from peers.keys import ActorKeys
from peers.records import body_of
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request, read_json

_numbers = itertools.count(1)


class Settlers:
    """Peers for tests that need many of them: all have the same keys, made once, because making
    keys takes longer than most tests. Each has an instance actor and alice; other users have hers.
    """

    def __init__(self, directory):
        self._directory = directory
        self._keys = directory / "keys"
        self._keys.mkdir()
        for name in ("instance", "alice"):
            ActorKeys().save(self._keys, name)

    def add(self, town, address, **how):
        directory = self._directory / f"peer-{next(_numbers)}"
        shutil.copytree(self._keys, directory)
        for name in how.get("users", ()):
            for key in self._keys.glob("alice*"):
                shutil.copy(key, directory / key.name.replace("alice", name, 1))
        return town.add(address, directory=directory, **how)


def server(town, address=INTERNAL, **how):
    """A peer of the town that the fixture of that name gives; `how` is what Peer takes."""
    return town.settlers.add(town, address, **how)


def join(relay, *peers):
    """Each follows the public collection at the relay, and holds its Accept when this returns; also
    who did so before."""
    for peer in peers:
        before = len(deliveries(peer, activity__type="Accept", did="accepted"))
        sent = peer.follow(relay.actor)
        assert sent.status == 202, sent.answer
        accepted(peer, before + 1)
    return peers


def accepted(peer, count=1):
    """The Accept of this peer's Follow, as it was recorded; the newest of so many."""
    return peer.records.wait_for(count, PATIENCE_S, activity__type="Accept", did="accepted")[-1]


def rejected(peer):
    return peer.records.wait_for(timeout=PATIENCE_S, activity__type="Reject", did="rejected")[-1]


def signed_by(relay, record):
    """The receiver's own verdict on who signed, and on the bytes."""
    signature = record["signature"]
    return (signature["verdict"], signature.get("signer"), record["digest"]) == (
        "ok", relay.actor, "ok"
    )


def activity_of(record):
    return read_json(body_of(record))


def received(peer, activity_id, timeout=PATIENCE_S):
    """The delivery of this activity, as soon as it came; signed by whoever."""
    return peer.records.wait_for(timeout=timeout, activity__id=activity_id, method="POST")[0]


def deliveries(peer, **wanted):
    """All POSTs that the peer recorded so far."""
    return peer.records.where(method="POST", **wanted)


def refused(sent, status, code):
    """The sender was told no, with this status and this code in a problem document."""
    found = (sent.status, (sent.problem or {}).get("code"))
    assert found == (status, code), (found, sent.answer.text)
    return sent.problem


def activity(peer, kind, obj, who="alice", **changes):
    """An activity of the plainest shape, addressed to all; a change to None leaves a key out."""
    number = next(_numbers)
    whole = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/activities/plain-{number}",
        "type": kind,
        "actor": peer.actors[who].id,
        "to": [PUBLIC],
        "object": obj,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def follow(relay, peer, obj=PUBLIC, who="instance", **changes):
    """Sends a Follow of any shape to the relay's inbox, and remembers it as the peer's own."""
    return send_follow(relay, peer, activity(peer, "Follow", obj, who, **changes), who)


def send_follow(relay, peer, whole, who="instance"):
    peer.inbox.followed = {
        "id": whole["id"],
        "actor": relay.actor,
        "inbox": relay.inbox,
        "state": "asked",
        "activity": whole,
    }
    return peer.send(whole, relay.inbox, who)


def send_bytes(relay, peer, body, who="alice"):
    """Signs and sends exactly these bytes; answers the Response."""
    headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
    request = peer.sign(Request("POST", relay.inbox, headers, body), peer.actors[who])
    return peer.transmit(request)


def code_of(answer):
    """The code in a Response's problem document, or None."""
    if "problem+json" not in answer.headers.get("Content-Type", ""):
        return None
    return json.loads(answer.body)["code"]


def settle(relay):
    """Until the relay has nothing more to do for any host that answers, and has written that down.

    What must not arrive anywhere would have arrived by then."""

    def nothing_left():
        done = relay.verb("status", "--json")
        status = done.json if done.code == 0 else {}
        if not status.get("ready"):
            return False
        busy = sum(status["destinations"][name] for name in ("sending", "ready", "reading"))
        return busy == 0 and status["read"] >= status.get("position", float("inf"))

    def all_committed():
        """Nobody waits for his turn, as Redis has it."""
        done = relay.verb("queue", "list", "--json")
        return done.code == 0 and not any(
            row["code"] == "queue" and row["waiting"] and "next" not in row
            for row in done.json["queue"])

    wait_until(nothing_left, "the relay has nothing more to do")
    wait_until(all_committed, "the cursors are committed")


def proved(peer, whole, who="alice"):
    """The activity with its author's own proof (FEP-8b32)."""
    author = peer.actors[who]
    whole = {**whole, "@context": proofs.CONTEXT}
    return proofs.add_proof(whole, f"{author.id}#ed25519-key", author.keys.ed25519,
                            "2026-11-21T12:00:00Z")


def note(peer, **changes):
    """A new object of the peer's, published at its id, addressed to all."""
    number = next(_numbers)
    whole = {
        "id": f"{peer.origin}/notes/{number}",
        "type": "Note",
        "attributedTo": peer.actors["alice"].id,
        "content": f"<p>Note {number}</p>",
        "to": [PUBLIC],
        **changes,
    }
    whole = {name: value for name, value in whole.items() if value is not None}
    peer.publish({"@context": proofs.CONTEXT, **whole})
    return whole


def sha256_of(sent):
    return hashlib.sha256(sent.request.body).hexdigest()


def as_sent(relay, record, sent):
    """These are the author's bytes, brought by the relay; a proof in them that holds."""
    return signed_by(relay, record) and record["sha256"] == sha256_of(sent)


def announced(peer, object_id, timeout=PATIENCE_S):
    """The relay's Announce of this object, as this peer recorded it."""
    return peer.records.wait_for(timeout=timeout, activity__type="Announce",
                                 activity__object=object_id)[0]
