"""Requests that a relay must refuse, each signed as well as a liar can.

Every function answers the request to send; nothing is sent here."""

import json

from peers import signing


def other_author(peer, inbox, victim):
    """A post in somebody else's name, signed with our own key."""
    activity = peer.write("I never said that", title="Forged", proof=False)
    forged = json.loads(json.dumps(activity).replace(peer.actors["alice"].id, victim))
    return peer.prepare(forged, inbox)


def borrowed_key_id(peer, inbox, victim):
    """A post in somebody else's name that also claims their key, signed with ours."""
    request = other_author(peer, inbox, victim)
    peer.sign(request, peer.actors["alice"])
    ours = peer.actors["alice"].key_id
    request.set("Signature", request.get("signature").replace(ours, f"{victim}#main-key"))
    return request


def tampered(peer, inbox):
    """A post of our own whose text was changed after it was signed."""
    request = peer.prepare(peer.write("we pay on Monday", title="Pay day"), inbox)
    return request.copy(body=request.body.replace(b"Monday", b"Friday"))


def tampered_with_digest(peer, inbox):
    """The same, by somebody who also knew to change the digest."""
    request = tampered(peer, inbox)
    request.set("Digest", signing.digest(request.body))
    return request


def other_path(peer, inbox):
    """A post signed for the inbox of a person on the relay's host, replayed to the relay's."""
    elsewhere = inbox.removesuffix("/inbox") + "/users/bob/inbox"
    request = peer.prepare(peer.write("meant for Bob", title="Replayed"), elsewhere)
    return request.copy(url=inbox)


def at_time(peer, inbox, seconds):
    """A post signed so many seconds away from now."""
    activity = peer.write("from another time", title="Out of time")
    return peer.prepare(activity, inbox, when=peer.clock() + seconds)


def not_covering(peer, inbox, name):
    """A post whose signature leaves out one header."""
    covered = " ".join(n for n in signing.CAVAGE_POST.split() if n != name)
    return peer.prepare(peer.write("half signed", title="Half"), inbox, covered=covered)


def unsigned(peer, inbox):
    request = peer.prepare(peer.write("nobody signed this", title="Unsigned"), inbox)
    request.drop("Signature")
    return request


def private(peer, inbox):
    """Not a forgery: a well-signed post for followers alone. It must go nowhere."""
    followers = f"{peer.actors['alice'].id}/followers"
    return peer.prepare(peer.write("for friends only", title="Private", to=(followers,)), inbox)


# By the name that the command `forge` takes; only the first two need a victim.
ALL = {
    "author": other_author,
    "key": borrowed_key_id,
    "tampered": lambda peer, inbox, _: tampered(peer, inbox),
    "digest": lambda peer, inbox, _: tampered_with_digest(peer, inbox),
    "path": lambda peer, inbox, _: other_path(peer, inbox),
    "old": lambda peer, inbox, _: at_time(peer, inbox, -2 * 3600),
    "early": lambda peer, inbox, _: at_time(peer, inbox, 2 * 3600),
    "unsigned": lambda peer, inbox, _: unsigned(peer, inbox),
}
