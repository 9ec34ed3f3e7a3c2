"""Fedify looks a relay up as a server does that has heard its name: WebFinger, actor, keys,
NodeInfo. Behind TLS, as in the world: what is public is https, what the relay listens on is not."""

import base64

import pytest
from integration.relay import CONFIG, Relay, http_get
from interop.tls_door import TlsDoor
from peers import keys
from peers.wire import read_json

ACTOR_TYPE = "application/activity+json"


class Published(Relay):
    """A relay whose public address is not the one that it listens on."""

    public = None

    @property
    def url(self):
        return f"https://{self.public}"


@pytest.fixture(scope="module")
def published(tmp_path_factory, certificate):
    with TlsDoor(certificate) as door:
        config = CONFIG.replace("url: http://$host", f"url: https://{door.host}")
        relay = Published(tmp_path_factory.mktemp("published"), config)
        relay.public, door.target = door.host, relay.host
        with relay:
            yield relay


@pytest.fixture(params=["http", "https"])
def at(request):
    """The relay of the plain world, and the one behind TLS."""
    return request.getfixturevalue({"http": "relay", "https": "published"}[request.param])


def private(relay, kind):
    return keys.load_private_pem((relay.data / f"actor-{kind}.pem").read_bytes())


def test_fedify_understands_the_actor(at, ask):
    found = ask("actor", what=at.actor)["found"]
    key, method = found.pop("keys"), found.pop("methods")
    assert found == {
        "type": "Application",
        "id": at.actor,
        "name": "relay",
        "inbox": at.inbox,
        "sharedInbox": at.inbox,
        "outbox": f"{at.url}/outbox",
        "followers": f"{at.url}/followers",
        "following": f"{at.url}/following",
        "manuallyApprovesFollowers": True,
    }
    public = private(at, "rsa").public_key()
    assert key == [{
        "id": f"{at.actor}#main-key",
        "owner": at.actor,
        "algorithm": "RSASSA-PKCS1-v1_5",
        "bits": 2048,
        "spki": "".join(keys.public_pem(public).splitlines()[1:-1]),
    }]
    multikey = private(at, "ed25519").public_key()
    assert method == [{
        "id": f"{at.actor}#ed25519-key",
        "controller": at.actor,
        "algorithm": "Ed25519",
        "raw": base64.b64encode(keys.base58_decode(keys.multibase(multikey)[1:])[2:]).decode(),
    }]


def test_fedify_finds_the_actor_by_its_name(published, ask):
    host = published.public
    for name in (f"acct:relay@{host}", f"@relay@{host}", f"acct:{host}@{host}", published.actor):
        assert ask("actor", what=name)["found"]["id"] == published.actor, name
    for name in (f"acct:nobody@{host}", f"acct:relay@{published.host}", f"{published.url}/nobody"):
        assert ask("actor", what=name)["found"] is None, name


def test_fedify_reads_webfinger(at, ask):
    host = at.url.split("//")[1]
    for resource in (at.actor, f"{at.url}/"):
        found = ask("webfinger", resource=resource)["found"]
        assert {"rel": "self", "type": ACTOR_TYPE, "href": at.actor} in found["links"]
        assert at.actor in found["aliases"]
    assert ask("webfinger", resource=at.actor)["found"]["subject"] == f"acct:relay@{host}"
    assert ask("webfinger", resource=f"{at.url}/users/alice")["found"] is None


def nodeinfo(relay, minor):
    """The document that the index names for this version."""
    rel = f"http://nodeinfo.diaspora.software/ns/schema/{minor}"
    links = get_json(relay, "/.well-known/nodeinfo")["links"]
    url = next(link["href"] for link in links if link["rel"] == rel)
    assert url.startswith(f"{relay.url}/")
    return get_json(relay, url.removeprefix(relay.url))


def get_json(relay, path):
    status, _, text = http_get(f"http://{relay.host}{path}")
    assert status == 200
    return read_json(text.encode("utf-8"))


@pytest.mark.parametrize("minor", ["2.0", "2.1"])
def test_fedify_reads_nodeinfo(at, ask, minor):
    found = ask("nodeinfo", json=nodeinfo(at, minor))["found"]
    assert found["software"]["name"] == "weir"
    assert found["software"]["version"] in at.verb("version").out
    assert found["protocols"] == ["activitypub"]
    assert found["usage"]["users"]["total"] == 1
    assert found["metadata"]["features"] == ["relay"]


def without_users(document):
    del document["usage"]["users"]


def with_capitals(document):
    document["software"]["name"] = "Weir, a relay"


def speaking_nothing(document):
    document["protocols"] = None


@pytest.mark.parametrize("minor", ["2.0", "2.1"])
@pytest.mark.parametrize("bend", [without_users, with_capitals, speaking_nothing])
def test_fedify_is_strict_about_nodeinfo(relay, ask, minor, bend):
    document = nodeinfo(relay, minor)
    assert ask("nodeinfo", json=document)["found"]["software"]["name"] == "weir"
    bend(document)
    assert ask("nodeinfo", json=document)["found"] is None


def test_fedify_reads_the_collections(at, ask):
    for name in ("outbox", "followers", "following"):
        found = ask("collection", url=f"{at.url}/{name}")
        assert (found["type"], found["total"]) == ("OrderedCollection", 0)
