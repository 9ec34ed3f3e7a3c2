"""ATTACKS S23 and PROTOCOL 1.12, RFC 9421: Fedify lets a signature pass that covers nothing, or has
expired; here each such one is refused. What it rightly accepts is accepted here as well.

After every refusal the same request, unbroken, is accepted, and reaches a receiver once."""

import hashlib
import time

import pytest

from integration import bent
from integration.refusals import stage
from peers import keys
from peers.wire import b64

POST = ("@method", "@target-uri", "content-digest")
COVERAGE = "signature-coverage"
SYNTAX = "signature-syntax"
WINDOW = "signature-window"
DIGEST = "signature-digest"
INVALID = "signature-invalid"
ALGORITHM = "signature-algorithm"


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("rfc9421")) as s:
        yield s
        s.check_arrivals()


# --- ways to break a request: (stage, request) -> None, in place -------------------------------


def sign(covered=POST, seconds=0, **how):
    """Signed anew, just so. `seconds` None: without `created`."""

    def bend(s, r):
        when = None if seconds is None else time.time() + seconds
        bent.rfc9421(r, s.blog.actors["alice"], covered, when, **how)

    return bend


def expires(left, **how):
    return lambda s, r: sign(extra=f";expires={int(time.time()) + left}", **how)(s, r)


def forever(s, r):
    r.set("Signature-Input", r.get("signature-input").split(";expires")[0])


def digest_of(text, covered=POST):
    """Another Content-Digest, given as it stands or made of the request."""

    def bend(s, r):
        r.set("Content-Digest", text if isinstance(text, str) else text(r))
        sign(covered)(s, r)

    return bend


def sha512_of(r):
    return f"sha-512=:{b64(hashlib.sha512(r.body).digest())}:"


def field(name, value):
    return lambda s, r: r.set(name, value)


def drop(name):
    return lambda s, r: r.drop(name)


def swap(name, old, new):
    def bend(s, r):
        assert r.get(name).count(old) == 1, (old, r.get(name))
        r.set(name, r.get(name).replace(old, new))

    return bend


def two_digests(s, r):
    r.set("Content-Digest", f"{r.get('content-digest')}, {sha512_of(r.copy(body=b'other'))}")
    sign()(s, r)


def for_another(**changes):
    """The signature of the same request for somewhere else, on this one."""

    def bend(s, r):
        other = r.copy(**{name: change(r) for name, change in changes.items()})
        sign()(s, other)
        r.headers = other.headers
        r.set("Host", r.authority)

    return bend


def and_also(label, covered=POST, seconds=0, **how):
    """One more label beside those that there are."""
    return sign(covered, seconds, label=label, join=True, **how)


def both(*bends):
    def bend(s, r):
        for one in bends:
            one(s, r)

    return bend


def cavage_too(s, r):
    """A right draft-cavage signature, and a Signature-Input that it does not fit."""
    bent.cavage(r.copy(), s.blog.actors["alice"])
    r.set("Digest", "SHA-256=" + b64(hashlib.sha256(r.body).digest()))
    bent.cavage(r, s.blog.actors["alice"])


def other_label(s, r):
    r.set("Signature", r.get("signature").replace("sig1=", "sig2="))


OTHER = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"

REFUSED = [
    # row, how it is broken, code, status where it is not 401
    ("1.12 content-digest not covered", sign(("@method", "@target-uri")), COVERAGE),
    ("1.12 content-digest not covered, and wrong",
     both(digest_of(OTHER), sign(("@method", "@target-uri"))), COVERAGE),
    ("1.12 @method alone", sign(("@method",)), COVERAGE),
    ("1.12 nothing covered", sign(()), COVERAGE),
    ("1.12 expired", expires(-5), WINDOW),
    ("1.12 no created", sign(seconds=None), COVERAGE),
    ("1.12 created 70 min ago", sign(seconds=-4200), WINDOW),
    ("1.12 covered, wrong digest", digest_of(OTHER), DIGEST),
    ("S23 created 66 min ago", sign(seconds=-66 * 60), WINDOW),
    ("S23 created 61 min ahead", sign(seconds=61 * 60), WINDOW),
    ("S23 created 2 h ahead", sign(seconds=7200), WINDOW),
    ("S23 no @method", sign(("@target-uri", "content-digest")), COVERAGE),
    ("S23 @authority alone", sign(("@method", "@authority", "content-digest")), COVERAGE),
    ("S23 @path alone", sign(("@method", "@path", "content-digest")), COVERAGE),
    ("S23 @request-target without @authority",
     sign(("@method", "@request-target", "content-digest")), COVERAGE),
    ("S23 digest covered, Content-Digest not",
     both(field("Digest", "x=y"), sign(("@method", "@target-uri", "digest"))), COVERAGE),
    ("S23 digest missing", both(drop("Content-Digest"), sign()), COVERAGE),
    ("S23 covered, not there", sign((*POST, "x-more")), COVERAGE),
    ("S23 covered twice", sign(("@method", *POST)), SYNTAX),
    ("S23 unknown component", sign((*POST, "@nothing")), SYNTAX),
    ("S23 @status of a request", sign((*POST, "@status")), SYNTAX),
    ("S23 @signature-params in itself", sign((*POST, "@signature-params")), SYNTAX),
    ("S23 @query-param", sign((*POST, '"@query-param";name="x"')), SYNTAX),
    ("S23 ;req", sign((*POST, '"date";req')), SYNTAX),
    ("S23 ;bs", sign((*POST, '"date";bs')), SYNTAX),
    ("S23 ;sf", sign((*POST, '"date";sf')), SYNTAX),
    ("S23 ;tr", sign((*POST, '"date";tr')), SYNTAX),
    ("S23 name in capitals", sign((*POST, "Date")), SYNTAX),
    ("S23 unknown parameter", sign(extra=";wild=1"), SYNTAX),
    ("S23 created twice", sign(extra=";created=1"), SYNTAX),
    ("S23 created of 16 digits", swap("Signature-Input", ";created=", ";created=1000000"), SYNTAX),
    ("S23 created as text", sign(seconds=None, extra=';created="1700000000"'), SYNTAX),
    ("S23 created with a fraction", sign(seconds=None, extra=";created=1700000000.5"), SYNTAX),
    ("S23 created below zero", sign(seconds=None, extra=";created=-1"), SYNTAX),
    ("S23 no keyid", swap("Signature-Input", ";keyid=", ";tag="), SYNTAX),
    ("S23 keyid empty", swap("Signature-Input", ';keyid="', ';keyid="";tag="'), SYNTAX),
    ("S23 keyid with an escape", sign(key_id='http://127.0.0.2/\\"a'), SYNTAX),
    ("S23 expires before created", expires(10, seconds=60), WINDOW),
    ("S23 alg of another key", sign(algorithm="ed25519"), ALGORITHM),
    ("S23 alg ecdsa", sign(algorithm="ecdsa-p256-sha256"), ALGORITHM),
    ("S23 alg hmac", sign(algorithm="hmac-sha256"), ALGORITHM),
    ("S23 alg pss", sign(algorithm="rsa-pss-sha512", sign=bent.rsa_pss), ALGORITHM),
    ("S23 PSS under another name", sign(sign=bent.rsa_pss), INVALID),
    ("S23 SHA-512 under another name", sign(sign=bent.rsa_sha512), INVALID),
    ("S23 signature of another label", other_label, SYNTAX),
    ("S23 Signature missing", drop("Signature"), SYNTAX),
    ("S23 Signature-Input missing", drop("Signature-Input"), SYNTAX),
    ("S23 no list", lambda s, r: r.set("Signature-Input", "sig1=1"), SYNTAX),
    ("S23 list not closed", swap("Signature-Input", ")", ""), SYNTAX),
    ("S23 rubbish behind", lambda s, r: r.set("Signature", r.get("signature") + "x"), SYNTAX),
    ("S23 no base64", swap("Signature", "sig1=:", "sig1=:!"), SYNTAX),
    ("S23 empty signature", lambda s, r: r.set("Signature", "sig1=::"), SYNTAX),
    ("S23 draft-cavage beside it", cavage_too, SYNTAX),
    ("S23 for another path", for_another(url=lambda r: r.url + "es"), INVALID),
    ("S23 for another host", for_another(url=lambda r: "http://other.example/inbox"), INVALID),
    ("S23 for https", for_another(url=lambda r: r.url.replace("http:", "https:")), INVALID),
    ("S23 for another method", for_another(method=lambda r: "PUT"), INVALID),
    ("S23 for another method, small letters", for_another(method=lambda r: "post"), INVALID),
    ("S23 created changed", swap("Signature-Input", ";created=", ";created=0"), SYNTAX),
    ("S23 expires taken away",
     both(expires(300), forever), INVALID),
    ("S23 a component taken away",
     both(sign((*POST, "date")), swap("Signature-Input", ' "date"', "")), INVALID),
    ("S23 digest of two, one false", two_digests, DIGEST),
    ("S23 digest with its name in capitals",
     digest_of(lambda r: r.get("content-digest").replace("sha", "SHA")), "bad-request", 400),
    ("S23 digest without colons", digest_of("sha-256=x"), "bad-request", 400),
    ("S23 digest unknown", digest_of("md5=:CY9rzUYh03PK3k6DJie09g==:"), DIGEST),
    ("S23 digest empty", digest_of(""), DIGEST),
    ("S23 two labels, neither covers all",
     both(sign(("@method", "@target-uri")), and_also("sig2", ("content-digest",))), COVERAGE),
    ("S23 two labels, two keys",
     and_also("sig2", key_id="http://127.0.0.2:1/actor#main-key"), SYNTAX),
    ("S23 two labels of one name", and_also("sig1"), SYNTAX),
    ("S23 two labels, one without its signature",
     lambda s, r: r.set("Signature-Input", f"{r.get('signature-input')}, b=()"), SYNTAX),
    ("S23 two labels, both wrong",
     both(sign(sign=bent.rsa_sha512), and_also("sig2", sign=bent.rsa_sha512)), INVALID),
    ("S12 keyid is ours",
     lambda s, r: sign(key_id=s.relay.actor + "#main-key")(s, r), "self", 403),
    ("S12 keyid no address", sign(key_id="file:///etc/passwd"), "key-id"),
    ("S12 keyid of no zone", sign(key_id="http://127.0.0.9/actor"), "no-zone", 403),
]


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_and_its_twin_accepted(s, row):
    _, bend, code, status = (*row, 401)[:4]
    good = s.post(scheme="rfc9421")
    broken = good.copy()
    bend(s, broken)
    assert broken.to_bytes() != good.to_bytes()
    s.refused(broken, status, code)
    s.accepted(good)


ACCEPTED = [
    ("1.12 our profile", sign()),
    ("1.12 and @authority", sign(("@method", "@target-uri", "@authority", "content-digest"))),
    ("1.12 @authority and @path", sign(("@method", "@authority", "@path", "content-digest"))),
    ("1.12 no alg", sign(algorithm=None)),
    ("1.12 sha-512", digest_of(sha512_of)),
    ("1.12 nonce and tag", sign(extra=';nonce="abc";tag="activitypub"')),
    ("S23 as Fedify does",
     sign(("@method", "@target-uri", "@authority", "host", "date", "content-digest"))),
    ("S23 @authority and @request-target",
     sign(("@method", "@authority", "@request-target", "content-digest"))),
    ("S23 every component that there is",
     sign(("@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "@request-target",
           "content-digest", "content-type", "user-agent"))),
    ("S23 other order", sign(tuple(reversed(POST)))),
    ("S23 any label", sign(label="a-long_one.2*")),
    ("S23 expires", expires(300)),
    ("S23 created 64 min ago", sign(seconds=-64 * 60)),
    ("S23 created 59 min ahead", sign(seconds=59 * 60)),
    ("S23 both digests", digest_of(lambda r: f"{sha512_of(r)}, {r.get('content-digest')}")),
    ("S23 an unknown digest beside it",
     digest_of(lambda r: f"x=:AA==:, {r.get('content-digest')}")),
    ("S23 two labels, the second right",
     both(sign(("@method", "@target-uri")), and_also("sig2"))),
    ("S23 two labels, the first right", and_also("sig2", ("@method",))),
    ("S23 two labels, the second of another time", and_also("sig2", seconds=-9999)),
]


@pytest.mark.parametrize("row", ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_accepted(s, row):
    request = s.post(scheme="rfc9421")
    row[1](s, request)
    s.accepted(request)


def test_ed25519_of_an_assertion_method_signs_no_request(s):
    """PROTOCOL 1.12: only what stands in publicKey signs HTTP requests."""
    actor = s.blog.actors["alice"]
    good = s.post(scheme="rfc9421")
    broken = good.copy()
    sign(key=actor.keys.ed25519, key_id=f"{actor.id}#ed25519-key", algorithm="ed25519")(s, broken)
    s.refused(broken, 401, "key-document")
    s.accepted(good)


def test_ed25519_in_public_key_does(s):
    peer = s.member()
    actor = peer.actors["alice"]
    pem = keys.public_pem(actor.keys.ed25519.public_key())
    peer.document(actor.id)["publicKey"]["publicKeyPem"] = pem
    s.news()
    how = {"key": actor.keys.ed25519}
    for algorithm in ("ed25519", None):
        good = s.post(peer, scheme="rfc9421")
        broken = good.copy()
        bent.rfc9421(broken, actor, POST, time.time(), algorithm="rsa-v1_5-sha256", **how)
        s.refused(broken, 401, ALGORITHM)
        bent.rfc9421(good, actor, POST, time.time(), algorithm=algorithm, **how)
        s.accepted(good)
    for algorithm in ("hs2019", None):
        good = s.post(peer)
        broken = bent.cavage(good.copy(), actor, algorithm="rsa-sha256", **how)
        s.refused(broken, 401, ALGORITHM)
        s.accepted(bent.cavage(good, actor, algorithm=algorithm, **how))
