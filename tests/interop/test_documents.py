"""What the relay publishes, against what the specifications say, by programs that we did not
write: JSON-LD (pyld), JSON Schema (jsonschema), HTML (html5lib), XML."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree

import html5lib
import jsonschema
import pytest
from interop import schemas
from integration.relay import INTERNAL
from peers.records import body_of
from peers.wire import PUBLIC, read_json
from pyld import jsonld

AS = "https://www.w3.org/ns/activitystreams#"
SEC = "https://w3id.org/security#"
LDP = "http://www.w3.org/ns/ldp#"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def get(relay, path):
    """(headers, text) of a document that must be there."""
    status, headers, text = relay.get(path)
    assert status == 200, path
    return headers, text


def get_json(relay, path):
    return read_json(get(relay, path)[1].encode("utf-8"))


# --- JSON-LD ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def options(ask):
    """For pyld: contexts come from those that Fedify carries along, and from nowhere else."""

    def load(url, _):
        document = ask("context", url=url)["document"]
        return {"contextUrl": None, "documentUrl": url, "document": document,
                "contentType": "application/ld+json"}

    return {"documentLoader": load}


# Every member of the actor, and what a JSON-LD reader knows it by.
ACTOR_TERMS = {
    "id": "@id",
    "type": "@type",
    "preferredUsername": AS + "preferredUsername",
    "name": AS + "name",
    "summary": AS + "summary",
    "url": AS + "url",
    "inbox": LDP + "inbox",
    "outbox": AS + "outbox",
    "followers": AS + "followers",
    "following": AS + "following",
    "endpoints": AS + "endpoints",
    "manuallyApprovesFollowers": AS + "manuallyApprovesFollowers",
    "discoverable": "http://joinmastodon.org/ns#discoverable",
    "published": AS + "published",
    "publicKey": SEC + "publicKey",
    "assertionMethod": SEC + "assertionMethod",
    "generator": AS + "generator",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}


def test_every_member_of_the_actor_means_something(relay, options):
    actor = get_json(relay, "/actor")
    assert set(actor) == {"@context", *ACTOR_TERMS}
    (expanded,) = jsonld.expand(actor, options)
    assert set(expanded) == set(ACTOR_TERMS.values())
    assert expanded["@type"] == [AS + "Application"]

    for name in ("url", "outbox", "followers", "following"):
        assert expanded[AS + name] == [{"@id": actor[name]}]
    assert expanded[LDP + "inbox"] == [{"@id": relay.inbox}]
    assert expanded[AS + "endpoints"] == [{AS + "sharedInbox": [{"@id": relay.inbox}]}]
    assert expanded[AS + "published"] == [{"@type": XSD + "dateTime", "@value": actor["published"]}]
    assert expanded[AS + "manuallyApprovesFollowers"] == [{"@value": True}]


def test_the_actors_keys_mean_what_they_should(relay, options):
    actor = get_json(relay, "/actor")
    (expanded,) = jsonld.expand(actor, options)
    assert expanded[SEC + "publicKey"] == [{
        "@id": f"{relay.actor}#main-key",
        SEC + "owner": [{"@id": relay.actor}],
        SEC + "publicKeyPem": [{"@value": actor["publicKey"]["publicKeyPem"]}],
    }]
    (method,) = expanded[SEC + "assertionMethod"]
    assert method["@id"] == f"{relay.actor}#ed25519-key"
    assert method["@type"] == [SEC + "Multikey"]
    assert method[SEC + "controller"] == [{"@id": relay.actor}]
    assert method[SEC + "publicKeyMultibase"] == [{
        "@type": SEC + "multibase",
        "@value": actor["assertionMethod"][0]["publicKeyMultibase"],
    }]
    (generator,) = expanded[AS + "generator"]
    (implements,) = generator["https://w3id.org/fep/844e/implements"]
    assert implements["@list"] == [{
        AS + "href": [{"@id": "https://datatracker.ietf.org/doc/html/rfc9421"}],
        AS + "name": [{"@value": "RFC-9421: HTTP Message Signatures"}],
    }]


def test_a_member_that_no_context_names_would_be_seen(relay, options):
    """The twin of the two above. A name that is nobody's becomes a blank node's."""
    actor = get_json(relay, "/actor")
    (expanded,) = jsonld.expand({**actor, "ofOurs": True}, options)
    assert set(expanded) - set(ACTOR_TERMS.values()) == {"_:ofOurs"}
    without = {**actor, "@context": actor["@context"][:-1]}
    (expanded,) = jsonld.expand(without, options)
    assert "_:manuallyApprovesFollowers" in expanded


@pytest.fixture(scope="module")
def announced(relay, town):
    """An Announce and the Undo of it, as a member received them; and the object's id."""
    author, reader = town.add(INTERNAL), town.add(INTERNAL)
    for peer in (author, reader):
        peer.follow(relay.actor)
        peer.records.wait_for(1, 20, activity__type="Accept", did="accepted")
    post = author.post("to be announced", proof=False).object_id
    author.remove(post, proof=False)
    found = [
        read_json(body_of(reader.records.wait_for(1, 20, activity__type=kind)[0]))
        for kind in ("Announce", "Undo")
    ]
    return *found, post


def quads(document, options):
    return jsonld.normalize(
        document, {**options, "algorithm": "URDNA2015", "format": "application/n-quads"}
    )


def test_an_announce_is_six_quads_without_a_blank_node(relay, announced, options):
    """The shape that a proof can be made over without a JSON-LD library (PROTOCOL 2.2)."""
    announce, _, post = announced
    expected = {
        RDF_TYPE: f"<{AS}Announce>",
        AS + "actor": f"<{relay.actor}>",
        AS + "cc": f"<{relay.url}/followers>",
        AS + "object": f"<{post}>",
        AS + "published": f'"{announce["published"]}"^^<{XSD}dateTime>',
        AS + "to": f"<{PUBLIC}>",
    }
    lines = [f"<{announce['id']}> <{name}> {value} .\n" for name, value in expected.items()]
    assert quads(announce, options) == "".join(sorted(lines))


def test_an_undo_takes_back_exactly_that_announce(relay, announced, options):
    announce, undo, _ = announced
    (expanded,) = jsonld.expand(undo, options)
    assert expanded["@type"] == [AS + "Undo"]
    assert expanded[AS + "actor"] == [{"@id": relay.actor}]
    (taken_back,) = expanded[AS + "object"]
    (original,) = jsonld.expand(announce, options)
    # The Undo repeats it without its time; nothing else may differ.
    del original[AS + "published"]
    assert taken_back == original
    assert "_:" not in quads(undo, options)


@pytest.mark.parametrize("name", ["outbox", "followers", "following"])
def test_the_collections_are_collections(relay, options, name):
    (expanded,) = jsonld.expand(get_json(relay, f"/{name}"), options)
    assert expanded["@id"] == f"{relay.url}/{name}"
    assert expanded["@type"] == [AS + "OrderedCollection"]
    (total,) = expanded[AS + "totalItems"]
    assert total["@value"] >= 0


# --- WebFinger and NodeInfo ---------------------------------------------------------------------

WEBFINGER = "/.well-known/webfinger?resource="
SCHEMAS = {
    "webfinger": schemas.JRD,
    "webfinger of the server": schemas.JRD,
    "nodeinfo index": schemas.NODEINFO_LINKS,
    "nodeinfo 2.0": schemas.nodeinfo("2.0"),
    "nodeinfo 2.1": schemas.nodeinfo("2.1"),
}


def discovery(relay, name):
    paths = {
        "webfinger": f"{WEBFINGER}acct:relay@{relay.host}",
        "webfinger of the server": f"{WEBFINGER}{relay.url}/",
        "nodeinfo index": "/.well-known/nodeinfo",
        "nodeinfo 2.0": "/nodeinfo/2.0",
        "nodeinfo 2.1": "/nodeinfo/2.1",
    }
    return get_json(relay, paths[name])


def fits(document, schema):
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema).is_valid(document)


@pytest.mark.parametrize("name", SCHEMAS)
def test_discovery_documents_keep_to_their_schemas(relay, name):
    document = discovery(relay, name)
    assert list(jsonschema.Draft7Validator(SCHEMAS[name]).iter_errors(document)) == []


def change(*path, to=None):
    """Another value at this place; None takes the member away."""

    def bend(document):
        for step in path[:-1]:
            document = document[step]
        if to is None:
            del document[path[-1]]
        else:
            document[path[-1]] = to

    return bend


# Each would be our mistake, and the schema says so.
BENT = [
    ("webfinger", change("subject")),
    ("webfinger", change("subject", to="relay")),
    ("webfinger", change("aliases", 0, to="/actor")),
    ("webfinger", change("links", 0, "rel")),
    ("webfinger", change("links", 0, "href", to="/actor")),
    ("webfinger", change("link", to=[])),
    ("nodeinfo index", change("links")),
    ("nodeinfo index", change("links", 0, "href", to="/nodeinfo/2.0")),
    ("nodeinfo 2.0", change("version", to="2.1")),
    ("nodeinfo 2.0", change("software", "name", to="Weir relay")),
    ("nodeinfo 2.0", change("software", "repository", to="https://weir.example/")),
    ("nodeinfo 2.1", change("services")),
    ("nodeinfo 2.1", change("usage", "users")),
    ("nodeinfo 2.1", change("usage", "users", "total", to="1")),
    ("nodeinfo 2.1", change("protocols", to=[])),
    ("nodeinfo 2.1", change("openRegistrations", to="no")),
    ("nodeinfo 2.1", change("peers", to=[])),
]


@pytest.mark.parametrize("name, bend", BENT)
def test_the_schemas_would_find_a_mistake(relay, name, bend):
    document = discovery(relay, name)
    assert fits(document, SCHEMAS[name])
    bend(document)
    assert not fits(document, SCHEMAS[name])


@pytest.mark.parametrize("minor", ["2.0", "2.1"])
def test_nodeinfo_names_its_schema_in_its_type(relay, minor):
    headers, _ = get(relay, f"/nodeinfo/{minor}")
    schema = f"http://nodeinfo.diaspora.software/ns/schema/{minor}#"
    assert headers["Content-Type"] == f'application/json; profile="{schema}"; charset=utf-8'


def test_host_meta_leads_to_webfinger(relay):
    headers, text = get(relay, "/.well-known/host-meta")
    assert headers["Content-Type"].startswith("application/xrd+xml")
    root = ElementTree.fromstring(text.encode("utf-8"))
    xrd = "{http://docs.oasis-open.org/ns/xri/xrd-1.0}"
    assert root.tag == f"{xrd}XRD"
    (link,) = root
    assert (link.tag, link.get("rel")) == (f"{xrd}Link", "lrdd")
    assert link.get("type") == "application/jrd+json"
    path = link.get("template").replace("{uri}", relay.actor).removeprefix(relay.url)
    assert get_json(relay, path)["subject"] == f"acct:relay@{relay.host}"


# --- the page -----------------------------------------------------------------------------------

_LOADS = {"src", "srcset", "href", "data", "poster", "background", "action", "formaction"}
_STRANGE = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"}


def tree(text):
    """The page as a browser reads it; whatever a browser would forgive is an error here."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def reaches_out(root):
    """What of it would make a browser ask for something."""
    found = [element.tag for element in root.iter() if element.tag in _STRANGE]
    for element in root.iter():
        found += [f"{element.tag} {name}" for name in element.keys() if name in _LOADS]
        style = (element.text or "") if element.tag == "style" else element.get("style", "")
        found += re.findall(r"url\(|@import", style)
    return found


def test_the_page_is_sound_and_asks_for_nothing(relay):
    headers, text = get(relay, "/")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    root = tree(text)
    assert reaches_out(root) == []
    assert root.find("head/title").text
    assert root.get("lang") == "en"
    shown = "".join(root.find("body").itertext())
    for told in (relay.inbox, relay.actor, f"@relay@{relay.host}", PUBLIC):
        assert told in shown


def test_the_pages_own_style_is_the_only_one_allowed(relay):
    headers, text = get(relay, "/")
    styles = [element.text for element in tree(text).iter("style")]
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in styles]
    policy = headers["Content-Security-Policy"]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("bend, sound", [
    (lambda text: text.replace("</main>", ""), False),
    (lambda text: text.replace("</h1>", "</h2>"), False),
    (lambda text: text.replace("<!DOCTYPE html>", ""), False),
    (lambda text: text.replace("<main>", '<main><img src="https://elsewhere.example/">'), True),
    (lambda text: text.replace("</style>", "p{background:url(/x)}</style>"), True),
    (lambda text: text.replace("<main>", '<main><a href="/elsewhere">x</a>'), True),
])
def test_an_unsound_page_would_be_seen(relay, bend, sound):
    text = get(relay, "/")[1]
    bent = bend(text)
    assert bent != text
    if sound:
        assert reaches_out(tree(bent)) != []
    else:
        with pytest.raises(html5lib.html5parser.ParseError):
            tree(bent)
