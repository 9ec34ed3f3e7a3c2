"""Signatures on the wire against libraries that we did not write, both ways: what Weir signs, they
verify; what they sign, Weir takes. Each beside the same request with one thing bent."""

import json
import re
import subprocess
import time

import httpsig
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from integration.relay import INTERNAL, WEIR
from peers import keys
from peers.records import body_of
from peers.signing import content_digest, digest
from peers.wire import ACTIVITY_JSON, USER_AGENT, Request, http_date, parse_http_date, unb64

PATIENCE_S = 60
POST = ["(request-target)", "host", "date", "digest", "content-type"]
GET = ["(request-target)", "host", "date"]
RFC9421 = ["@method", "@target-uri", "content-digest"]


@pytest.fixture(scope="module")
def blog(relay, town):
    peer = town.add(INTERNAL)
    peer.follow(relay.actor)
    peer.records.wait_for(1, PATIENCE_S, activity__type="Accept", did="accepted")
    return peer


@pytest.fixture(scope="module")
def public(relay):
    """The relay's key as its actor document gives it."""
    return json.loads(relay.get("/actor")[2])["publicKey"]["publicKeyPem"]


# --- Weir signs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(relay, blog, town):
    """What Weir sent, as it arrived at a member: the fetch of a key, the Accept of a Follow, an
    activity as it was received, an Announce."""
    reader = town.add(INTERNAL)
    reader.follow(relay.actor)
    reader.records.wait_for(1, PATIENCE_S, activity__type="Accept", did="accepted")
    blog.post("with a proof")
    blog.post("without one", proof=False)
    found = {
        kind: reader.records.wait_for(1, PATIENCE_S, activity__type=kind)[0]
        for kind in ("Accept", "Create", "Announce")
    }
    found["GET"] = reader.records.where(method="GET")[0]
    return {kind: as_recorded(reader, record) for kind, record in found.items()}


def as_recorded(peer, record):
    headers = [tuple(pair) for pair in record["headers"]]
    return Request(record["method"], peer.origin + record["path"], headers, body_of(record))


def as_json(request):
    return {
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "body": request.body.decode("utf-8"),
    }


def components(request):
    return POST if request.body else GET


def by_httpsig(_, request, public):
    verifier = httpsig.HeaderVerifier(
        dict(request.headers), public, components(request), request.method, request.target,
        sign_header="signature",
    )
    return verifier.verify()


def by_hand(_, request, public):
    """The signed text written down from the draft, and the arithmetic by python3-cryptography."""
    date, kind = request.get("date"), request.get("content-type")
    text = f"(request-target): {request.method.lower()} {request.target}\n"
    text += f"host: {request.get('host')}\ndate: {date}"
    if request.method == "POST":
        text += f"\ndigest: {request.get('digest')}\ncontent-type: {kind}"
    value = request.get("signature").split('signature="')[1].rstrip('"')
    try:
        keys.load_public_pem(public).verify(
            unb64(value), text.encode("ascii"), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


def by_library(name):
    def verify(ask, request, public):
        return ask(
            "verify", library=name, scheme="cavage", request=as_json(request), pem=public,
            fields=components(request), **named_key(request),
        )["verified"]

    return verify


def named_key(request):
    key_id = request.get("signature").split('keyId="')[1].split('"')[0]
    return {"key_id": key_id, "owner": key_id.split("#")[0]}


VERIFIERS = {
    "httpsig": by_httpsig,
    "cryptography": by_hand,
    "fedify": by_library("fedify"),
    "http-message-signatures": by_library("http-message-signatures"),
    "http-signature": by_library("http-signature"),
}


def other_header(name, value):
    def bend(request):
        assert request.get(name) not in (None, value)
        request.set(name, value)

    return bend


def other_date(request):
    request.set("Date", http_date(parse_http_date(request.get("date")) + 7))


def other_path(request):
    request.url += "2"


def other_method(request):
    request.method = "PUT" if request.method == "POST" else "HEAD"


BENDS = {
    "path": other_path,
    "method": other_method,
    "host": other_header("Host", "127.0.0.2:1"),
    "date": other_date,
    "digest": other_header("Digest", digest(b"other")),
    "type": other_header("Content-Type", "application/ld+json"),
}


@pytest.mark.parametrize("verify", VERIFIERS.values(), ids=VERIFIERS)
@pytest.mark.parametrize("kind", ["Accept", "Create", "Announce", "GET"])
def test_others_verify_what_weir_sends(ask, sent, public, verify, kind):
    request = sent[kind]
    if kind != "GET":
        assert request.get("digest") == digest(request.body)
    assert verify(ask, request, public) is True
    for name, bend in BENDS.items():
        if kind == "GET" and name in ("digest", "type"):
            continue
        if verify is VERIFIERS["fedify"] and name == "host":
            continue  # a Request of Fedify's world takes its host from the URL
        bent = request.copy()
        bend(bent)
        assert verify(ask, bent, public) is False, name
    stranger = keys.ActorKeys().public_pem if kind == "Create" else None
    assert stranger is None or verify(ask, request, stranger) is False


@pytest.mark.parametrize("library", ["fedify", "http-message-signatures"])
def test_others_verify_what_weir_signs_by_rfc_9421(ask, relay, public, library, tmp_path):
    body = b'{"hello":"world"}'
    request = Request("POST", "https://peer.example/inbox", [("Host", "peer.example")], body)
    done = subprocess.run(
        [WEIR, "sig", "sign", "--key", str(relay.data / "actor-rsa.pem"),
         "--key-id", f"{relay.actor}#main-key", "--scheme", "rfc9421"],
        input=request.to_bytes(), capture_output=True, timeout=20, check=True,
    )
    head, _, _ = done.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode("ascii").split("\r\n")[1:]]
    signed = request.copy(headers=[tuple(line) for line in lines])
    assert signed.get("content-digest") == content_digest(body)

    def verified(request):
        return ask(
            "verify", library=library, scheme="rfc9421", request=as_json(request), pem=public,
            fields=RFC9421, key_id=f"{relay.actor}#main-key", owner=relay.actor,
        )["verified"]

    assert verified(signed) is True
    for bend in (other_path, other_method, other_header("Content-Digest", content_digest(b"!"))):
        bent = signed.copy()
        bend(bent)
        assert verified(bent) is False


# --- others sign --------------------------------------------------------------------------------


def unsigned(relay, blog):
    """A post of the blog's author, as it would be before it is signed."""
    body = json.dumps(blog.write("signed by a library"), ensure_ascii=False).encode("utf-8")
    return Request("POST", relay.inbox, [
        ("Host", relay.host),
        ("Date", http_date(time.time())),
        ("Digest", digest(body)),
        ("Content-Digest", content_digest(body)),
        ("Content-Type", ACTIVITY_JSON),
        ("User-Agent", USER_AGENT),
    ], body)


def with_httpsig(header):
    def sign(_, request, actor):
        signer = httpsig.HeaderSigner(
            actor.key_id, keys.private_pem(actor.keys.rsa), "rsa-sha256", POST, header
        )
        headers = signer.sign(
            dict(request.headers), method=request.method, path=request.target
        )
        return request.copy(headers=list(headers.items()))

    return sign


def with_library(name, **how):
    def sign(ask, request, actor, **more):
        answer = ask(
            "sign", library=name, request=as_json(request), key_id=actor.key_id,
            pem=keys.private_pem(actor.keys.rsa).decode("ascii"), **{**how, **more},
        )
        headers = [(k, v) for k, v in answer["headers"] if k.lower() != "host"]
        return request.copy(headers=[("Host", request.authority), *headers])

    return sign


CAVAGE = {"scheme": "cavage", "fields": POST}
SIGNERS = {
    "httpsig": (with_httpsig("signature"), "cavage"),
    "httpsig, Authorization": (with_httpsig("authorization"), "cavage"),
    "fedify, cavage": (with_library("fedify", scheme="cavage"), "cavage"),
    "fedify, rfc9421": (with_library("fedify", scheme="rfc9421"), "rfc9421"),
    "fedify, rfc9421, nonce": (
        # It adds the content-digest to the fields by itself.
        with_library("fedify", scheme="rfc9421", fields=RFC9421[:2],
                     params={"nonce": "abc", "tag": "activitypub", "expires": True}),
        "rfc9421",
    ),
    "http-message-signatures, cavage": (
        with_library("http-message-signatures", scheme="cavage",
                     fields=["@request-target", *POST[1:]]),
        "cavage",
    ),
    "http-message-signatures, rfc9421": (
        with_library("http-message-signatures", scheme="rfc9421", fields=RFC9421), "rfc9421"
    ),
    "http-message-signatures, rfc9421 in parts": (
        with_library("http-message-signatures", scheme="rfc9421",
                     fields=["@method", "@authority", "@path", "@query", "content-digest"]),
        "rfc9421",
    ),
    "http-signature": (with_library("http-signature", fields=POST), "cavage"),
    "http-signature, Authorization": (
        with_library("http-signature", fields=POST, header="Authorization"), "cavage"
    ),
}


def refusal(answer):
    return answer.status, json.loads(answer.body)["code"]


def other_content(request):
    request.body = request.body.replace(b"library", b"burglar")


def _edit(request, names, pattern, text):
    edited = 0
    for name in names:
        value = request.get(name)
        if value is not None and re.search(pattern, value):
            request.set(name, re.sub(pattern, text, value))
            edited += 1
    assert edited == 1


def other_signer(request):
    """The same signature under another name: the blog's own actor, whose key is another one."""
    _edit(request, ["Signature", "Signature-Input", "Authorization"], "/users/alice#", "/actor#")


def other_bytes(request):
    """The signature's own first letter."""
    _edit(request, ["Signature", "Authorization"], r'(?<=signature=").|(?<=sig1=:).',
          lambda found: "B" if found.group() == "A" else "A")


@pytest.mark.parametrize("sign, scheme", SIGNERS.values(), ids=SIGNERS)
def test_weir_takes_what_others_sign(ask, relay, blog, sign, scheme):
    author = blog.actors["alice"]
    request = sign(ask, unsigned(relay, blog), author)
    for bend in (other_content, other_signer, other_bytes):
        bent = request.copy()
        bend(bent)
        assert blog.transmit(bent).status == 401, bend
    assert blog.transmit(request).status == 202
    activity = json.loads(request.body)["id"]
    accepted = relay.wait_log("inbox", activity=activity, status=202)
    assert accepted[0]["scheme"] == scheme


# What is not covered is not vouched for: signed well, and refused all the same (PROTOCOL 1.12).
THIN = {
    "nothing": [],
    "the method alone": ["@method"],
    "not the body": ["@method", "@target-uri"],
    "not the method": ["@target-uri", "content-digest"],
    "not the target": ["@method", "content-digest"],
    "the path alone": ["@method", "@path", "content-digest"],
}


@pytest.mark.parametrize("fields", THIN.values(), ids=THIN)
def test_weir_wants_more_covered_than_the_library_does(ask, relay, blog, fields):
    author = blog.actors["alice"]
    sign = with_library("http-message-signatures", scheme="rfc9421")
    request = unsigned(relay, blog)
    thin = sign(ask, request, author, fields=fields)
    assert refusal(blog.transmit(thin)) == (401, "signature-coverage")
    assert blog.transmit(sign(ask, request, author, fields=RFC9421)).status == 202


@pytest.mark.parametrize("values, params, code", [
    ({"expires": -60}, ["created", "expires", "keyid"], "signature-window"),
    ({"created": -4200}, ["created", "keyid"], "signature-window"),
    ({"created": 4200}, ["created", "keyid"], "signature-window"),
    ({}, ["keyid", "alg"], "signature-coverage"),
])
def test_weir_wants_it_to_be_of_now(ask, relay, blog, values, params, code):
    author, now = blog.actors["alice"], int(time.time())
    sign = with_library("http-message-signatures", scheme="rfc9421", fields=RFC9421)
    request = unsigned(relay, blog)
    moved = {name: now + seconds for name, seconds in values.items()}
    assert refusal(
        blog.transmit(sign(ask, request, author, params=params, values=moved))
    ) == (401, code)
    good = sign(ask, request, author, params=["created", "expires", "keyid", "alg"])
    assert blog.transmit(good).status == 202
