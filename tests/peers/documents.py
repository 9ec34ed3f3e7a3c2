"""The documents a peer publishes about itself, and the activities it writes."""

from peers import proofs
from peers.wire import PUBLIC

AS_CONTEXT = "https://www.w3.org/ns/activitystreams"
ACTOR_CONTEXT = [
    AS_CONTEXT,
    "https://w3id.org/security/v1",
    "https://www.w3.org/ns/cid/v1",
]

# What each kind of server writes, as its users would call it.
KINDS = {
    "blog": ("Article", "blog post"),
    "wiki": ("Page", "wiki page"),
    "bookmarks": ("Note", "bookmark"),
    "social": ("Note", "post"),
}


def actor(origin, actor_id, name, actor_type, actor_keys):
    return {
        "@context": ACTOR_CONTEXT,
        "id": actor_id,
        "type": actor_type,
        "preferredUsername": name,
        "name": name,
        "inbox": f"{origin}/inbox" if actor_type == "Application" else f"{actor_id}/inbox",
        "outbox": f"{actor_id}/outbox",
        "followers": f"{actor_id}/followers",
        "following": f"{actor_id}/following",
        "endpoints": {"sharedInbox": f"{origin}/inbox"},
        "publicKey": {
            "id": f"{actor_id}#main-key",
            "owner": actor_id,
            "publicKeyPem": actor_keys.public_pem,
        },
        "assertionMethod": [
            {
                "id": f"{actor_id}#ed25519-key",
                "type": "Multikey",
                "controller": actor_id,
                "publicKeyMultibase": actor_keys.multibase,
            }
        ],
    }


def collection(collection_id):
    return {
        "@context": AS_CONTEXT,
        "id": collection_id,
        "type": "OrderedCollection",
        "totalItems": 0,
        "orderedItems": [],
    }


def webfinger(origin, host, resource, actors):
    """The JRD for acct:NAME@HOST or an actor's id, or None. `actors`: name -> actor id."""
    for name, actor_id in actors.items():
        if resource in (f"acct:{name}@{host}", actor_id):
            return {
                "subject": f"acct:{name}@{host}",
                "aliases": [actor_id],
                "links": [
                    {"rel": "self", "type": "application/activity+json", "href": actor_id},
                    {
                        "rel": "http://webfinger.net/rel/profile-page",
                        "type": "text/html",
                        "href": f"{origin}/",
                    },
                ],
            }
    return None


def nodeinfo_index(origin):
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.1"
    return {"links": [{"rel": rel, "href": f"{origin}/nodeinfo/2.1"}]}


def nodeinfo(software, users, posts):
    return {
        "version": "2.1",
        "software": {"name": software, "version": "1.0"},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {"total": users}, "localPosts": posts},
        "metadata": {},
    }


def post(kind, object_id, author, text, title=None, tags=(), to=(PUBLIC,), cc=(), published=None,
         answers=None):
    """An object of the kind's type, with its hashtags. answers: the id of what it is an answer to."""
    document = {
        "id": object_id,
        "type": KINDS[kind][0],
        "attributedTo": author,
        "content": f"<p>{text}</p>",
        "to": list(to),
        "cc": list(cc),
        "url": object_id,
        "published": published,
        "tag": [{"type": "Hashtag", "name": f"#{tag}"} for tag in tags],
    }
    if title:
        document["name"] = title
    if answers:
        document["inReplyTo"] = answers
    return document


def activity(activity_type, activity_id, author, obj, to=(PUBLIC,), cc=(), published=None):
    return {
        "@context": proofs.CONTEXT,
        "id": activity_id,
        "type": activity_type,
        "actor": author,
        "object": obj,
        "to": list(to),
        "cc": list(cc),
        "published": published,
    }


def tombstone(object_id, former_type):
    return {"id": object_id, "type": "Tombstone", "formerType": former_type}
