"""ATTACKS 3.2, draft-cavage: what a signature must be, cover and say (S01 to S07, S12, S13, S17,
S24, S25), and PROTOCOL 1.10: where Fedify lets a request pass that it should not, Weir is stricter.

Each row breaks one thing in a good request; after its refusal the good one is sent, accepted, and
reaches a receiver once."""

import hashlib
import hmac
import json
import random
import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from integration import bent
from integration.refusals import speak, stage
from peers import forgeries, keys
from peers.wire import ACTIVITY_JSON, b64, http_date

LD_JSON = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("signatures")) as s:
        s.mallory = s.member("social")
        s.news()
        yield s
        s.check_arrivals()


# --- ways to break a request: (stage, request) -> None, in place -------------------------------


def drop(name):
    return lambda s, r: r.drop(name)


def field(name, value):
    return lambda s, r: r.set(name, value)


def swap(old, new, name="Signature"):
    """Changes the text of a field in one place that must be there."""

    def bend(s, r):
        value = r.get(name)
        assert value.count(old) == 1, (old, value)
        r.set(name, value.replace(old, new))

    return bend


def sign(covered=bent.POST, **how):
    """Signed anew, just so; the fields that it covers stay as they are."""
    return lambda s, r: bent.cavage(r, s.blog.actors["alice"], covered, **how)


def both(*bends):
    def bend(s, r):
        for one in bends:
            one(s, r)

    return bend


def cut_short(s, r):
    r.set("Signature", r.get("signature")[:-1])


def dated(text, covered=bent.POST):
    return both(field("Date", text), sign(covered))


def and_more(s, r):
    dated(http_date(time.time()) + " x")(s, r)


def at(seconds, **how):
    return lambda s, r: s.blog.sign(r, s.blog.actors["alice"], when=time.time() + seconds, **how)


def timed(covered=bent.HS2019, algorithm="hs2019", **seconds):
    """(created) and (expires), so many seconds from now."""

    def bend(s, r):
        times = {name: int(time.time()) + n for name, n in seconds.items()}
        bent.cavage(r, s.blog.actors["alice"], covered, algorithm=algorithm, **times)

    return bend


def digest_of(text):
    """Signed with another Digest, given as it stands or made of the request."""

    def bend(s, r):
        r.set("Digest", text if isinstance(text, str) else text(r))
        sign()(s, r)

    return bend


def content_digest_instead(s, r):
    r.set("Content-Digest", f"sha-256=:{r.get('digest')[8:]}:")
    r.drop("Digest")
    sign("(request-target) host date content-digest")(s, r)


def sha512_of(r):
    return "SHA-512=" + b64(hashlib.sha512(r.body).digest())


def created_as(text):
    def bend(s, r):
        created = text.format(int(time.time()))
        bent.cavage(r, s.blog.actors["alice"], bent.HS2019, algorithm="hs2019", created=created)

    return bend


def value_of(value):
    """Another signature value in the place of the right one."""

    def bend(s, r):
        r.set("Signature", r.get("signature").rsplit('signature="', 1)[0] + f'signature="{value}"')

    return bend


def raw_value(make):
    def bend(s, r):
        base = bent.cavage_base(r, bent.POST, {})
        value_of(b64(make(s.blog.actors["alice"].keys.rsa, base)))(s, r)

    return bend


def hmac_with_public_key(key, data):
    secret = keys.public_pem(key.public_key()).encode("ascii")
    return hmac.new(secret, data, hashlib.sha256).digest()


def plus_modulus(key, data):
    """The right signature plus the modulus: the same number to who does not compare sizes."""
    numbers = key.public_key().public_numbers()
    value = int.from_bytes(keys.sign(key, data), "big") + numbers.n
    return value.to_bytes(257, "big")


def all_ones(key, data):
    return b"\xff" * 256


def short_by_zeros(key, data):
    return keys.sign(key, data) + b"\0"


def one_bit(key, data):
    signature = keys.sign(key, data)
    return bytes([signature[0] ^ 1]) + signature[1:]


SHA_OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
COVERAGE = "signature-coverage"
WINDOW = "signature-window"
DIGEST = "signature-digest"
INVALID = "signature-invalid"
ALGORITHM = "signature-algorithm"
SYNTAX = "signature-syntax"

REFUSED = [
    # row, how it is broken, code, status where it is not 401
    ("S01 none", drop("Signature"), "signature-missing"),
    ("S01 empty", field("Signature", ""), SYNTAX),
    ("S01 no list", field("Signature", "let me in"), SYNTAX),
    ("S01 quote not closed", swap('",headers=', ",headers="), SYNTAX),
    ("S01 last quote missing", cut_short, SYNTAX),
    ("S01 keyId twice", swap('keyId="', 'keyId="http://127.0.0.9/actor",keyId="'), SYNTAX),
    ("S01 signature twice", swap('signature="', 'signature="AAAA",signature="'), SYNTAX),
    ("S01 headers twice", swap('headers="', 'headers="date",headers="'), SYNTAX),
    ("S01 no keyId", swap("keyId=", "keyIdea="), SYNTAX),
    ("S01 no comma", swap('",headers', '" headers'), SYNTAX),
    ("S01 comma at the end", lambda s, r: r.set("Signature", r.get("signature") + ","), SYNTAX),
    ("S01 no value", value_of(""), SYNTAX),
    ("S01 over 8 KiB", swap('keyId="', f'x="{"a" * 8192}",keyId="'), SYNTAX),
    ("S01 17 parameters",
     swap('keyId="', "".join(f'x{n}="",' for n in range(16)) + 'keyId="'), SYNTAX),
    ("S01 Basic instead",
     both(drop("Signature"), field("Authorization", "Basic YTpi")), "signature-missing"),
    ("S01 in Authorization too",
     lambda s, r: r.set("Authorization", "Signature " + r.get("signature")), SYNTAX),
    ("S02 request-target not covered", sign("host date digest content-type"), COVERAGE),
    ("S02 host not covered", sign("(request-target) date digest content-type"), COVERAGE),
    ("S02 date not covered", sign("(request-target) host digest content-type"), COVERAGE),
    ("S02 digest not covered", sign("(request-target) host date content-type"), COVERAGE),
    ("S02 nothing covered", sign(""), COVERAGE),
    ("S02 something else covered", sign("user-agent"), COVERAGE),
    ("S02 no list: the date alone", sign("date", named=False), COVERAGE),
    ("S02 no list, hs2019: (created) alone", timed("(created)", created=0, named=False), COVERAGE),
    ("S02 covered, not there", sign(bent.POST + " x-more"), COVERAGE),
    ("S02 covered twice", sign("(request-target) host host date digest"), SYNTAX),
    ("S02 unknown special name", sign("(request-target) host date digest (status)"), SYNTAX),
    ("S02 two blanks in the list", sign("(request-target)  host date digest"), SYNTAX),
    ("S24 names in capitals", sign("(request-target) Host DATE Digest"), SYNTAX),
    ("S03 of another body", digest_of("SHA-256=" + SHA_OF_NOTHING), DIGEST),
    ("S03 none", both(drop("Digest"), sign()), COVERAGE),
    ("S03 MD5 alone", digest_of("MD5=CY9rzUYh03PK3k6DJie09g=="), DIGEST),
    ("S03 two, the second false",
     digest_of(lambda r: f"{r.get('digest')},SHA-256={SHA_OF_NOTHING}"), DIGEST),
    ("S03 two, the first false",
     digest_of(lambda r: f"SHA-512={SHA_OF_NOTHING},{r.get('digest')}"), DIGEST),
    ("S03 without padding", digest_of(lambda r: r.get("digest").rstrip("=")), DIGEST),
    ("S03 in quotes", digest_of(lambda r: r.get("digest").replace("=", '="', 1) + '"'), DIGEST),
    ("S03 in hex", digest_of(lambda r: "SHA-256=" + hashlib.sha256(r.body).hexdigest()), DIGEST),
    ("S03 base64 of URLs",
     digest_of(lambda r: f"SHA-256={'-' + r.get('digest')[9:]}"), DIGEST),
    ("S03 no digest at all", digest_of("SHA-256"), "bad-request", 400),
    ("S03 Content-Digest does not stand in", content_digest_instead, COVERAGE),
    ("S04 13 h old", at(-13 * 3600), WINDOW),
    ("S04 66 min old", at(-66 * 60), WINDOW),
    ("S04 61 min ahead", at(61 * 60), WINDOW),
    ("S04 2 h ahead", at(2 * 3600), WINDOW),
    ("S04 garbage", dated("wrong date"), WINDOW),
    ("S04 empty", dated(""), WINDOW),
    ("S04 RFC 850", dated("Sunday, 06-Nov-94 08:49:37 GMT"), WINDOW),
    ("S04 asctime", dated("Sun Nov  6 08:49:37 1994"), WINDOW),
    ("S04 another zone", dated("Sun, 06 Nov 1994 08:49:37 CET"), WINDOW),
    ("S04 ISO 8601", dated("1994-11-06T08:49:37Z"), WINDOW),
    ("S04 two formats", dated("Sun, 06 Nov 1994 08:49:37 GMT, 1994-11-06T08:49:37Z"), WINDOW),
    ("S04 right, and something behind", and_more, WINDOW),
    ("S05 created with rsa-sha256", timed(algorithm="rsa-sha256", created=0), ALGORITHM),
    ("S05 expires with rsa-sha256",
     timed(bent.POST + " (expires)", algorithm="rsa-sha256", expires=60), ALGORITHM),
    ("S05 created 2 h ahead", timed(created=7200), WINDOW),
    ("S05 created 2 h ago", timed(created=-7200), WINDOW),
    ("S05 expires past", timed(bent.HS2019 + " (expires)", created=-20, expires=-10), WINDOW),
    ("S05 expires past, not covered", timed(created=-20, expires=-10), WINDOW),
    ("S05 expires before created", timed(created=60, expires=30), WINDOW),
    ("S05 created covered, not there", sign(bent.HS2019, algorithm="hs2019"), SYNTAX),
    ("S05 created in quotes",
     created_as('"{}"'), SYNTAX),
    ("S05 created with a fraction",
     created_as("{}.5"), SYNTAX),
    ("S05 created below zero", created_as("-1"), SYNTAX),
    ("S05 created 1e99", created_as("1e99"), SYNTAX),
    ("S05 created of 20 digits", created_as("9" * 20), SYNTAX),
    ("S07 signed for another path", None, INVALID),
    ("S07 signed for another method",
     lambda s, r: r.set("Signature", bent.cavage(r.copy(method="PUT"), s.blog.actors["alice"])
                        .get("signature")), INVALID),
    ("S07 signed for another host",
     lambda s, r: r.set("Signature", _for_host(s, r, "other.example")), INVALID),
    ("S07 the signature of another post",
     lambda s, r: r.set("Signature", s.post().get("signature")), INVALID),
    ("S07 the Date is another", lambda s, r: r.set("Date", http_date(time.time() - 90)), INVALID),
    ("S07 the Content-Type is another", field("Content-Type", "application/ld+json"), INVALID),
    ("S08 the key is of another host's member",
     lambda s, r: s.mallory.sign(r, s.mallory.actors["alice"]), "actor-not-signer"),
    ("S12 keyId is ours",
     lambda s, r: sign(key_id=s.relay.actor + "#main-key")(s, r), "self", 403),
    ("S13 none", sign(algorithm="none"), ALGORITHM),
    ("S13 hmac-sha256 with the public key",
     sign(algorithm="hmac-sha256", sign=hmac_with_public_key), ALGORITHM),
    ("S13 hs2019, and an HMAC with the public key",
     sign(algorithm="hs2019", sign=hmac_with_public_key), INVALID),
    ("S13 rsa-sha1", sign(algorithm="rsa-sha1", sign=bent.rsa_sha1), ALGORITHM),
    ("S13 SHA-1 under the name of SHA-256", sign(sign=bent.rsa_sha1), INVALID),
    ("S13 SHA-512 under the name of SHA-256", sign(sign=bent.rsa_sha512), INVALID),
    ("S13 PSS", sign(algorithm="hs2019", sign=bent.rsa_pss), INVALID),
    ("S13 ecdsa-sha256", sign(algorithm="ecdsa-sha256"), ALGORITHM),
    ("S13 in capitals", sign(algorithm="RSA-SHA256"), ALGORITHM),
    ("S13 empty", sign(algorithm=""), ALGORITHM),
    ("S17 one byte", value_of("AA=="), INVALID),
    ("S17 all ones", raw_value(all_ones), INVALID),
    ("S17 plus the modulus", raw_value(plus_modulus), INVALID),
    ("S17 one byte more", raw_value(short_by_zeros), INVALID),
    ("S17 zero", raw_value(lambda key, data: bytes(256)), INVALID),
    ("S17 one", raw_value(lambda key, data: bytes(255) + b"\1"), INVALID),
    ("S17 4 KiB", value_of(b64(bytes(4096))), INVALID),
    ("S17 no base64", value_of("!" * 344), INVALID),
    ("S17 base64 of URLs", value_of("-_" * 171 + "-="), INVALID),
    ("S17 a blank behind it",
     lambda s, r: value_of(r.get("signature").rsplit('"', 2)[1] + " ")(s, r), INVALID),
    ("S17 one bit", raw_value(one_bit), INVALID),
    # PROTOCOL 1.10: what was bent there
    ("1.10 body of another digest", lambda s, r: setattr(r, "body", r.body + b" "), DIGEST),
    ("1.10 wrong fragment", swap("#main-key", "#other-key"), "key-document"),
    ("1.10 text/plain", both(field("Content-Type", "text/plain"), sign()), "media-type", 415),
    # keyIds that are no address
    ("S12 file:", sign(key_id="file:///etc/passwd"), "key-id"),
    ("S12 no scheme", sign(key_id="actor"), "key-id"),
    ("S12 acct:", sign(key_id="acct:alice@blog.example"), "key-id"),
    ("S12 did:key",
     sign(key_id="did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"), "key-id"),
    ("S12 longer than a URL", sign(key_id="http://127.0.0.2/" + "a" * 2048), "key-id"),
    ("S12 of no zone", sign(key_id="http://127.0.0.9:80/actor#main-key"), "no-zone", 403),
]


def _for_host(s, r, host):
    """Signed for another host, and sent to us with our own Host."""
    other = r.copy()
    other.set("Host", host)
    return bent.cavage(other, s.blog.actors["alice"]).get("signature")


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_and_its_twin_accepted(s, row):
    _, bend, code, status = (*row, 401)[:4]
    good = s.post()
    if bend:
        broken = good.copy()
        bend(s, broken)
    else:
        broken = forgeries.other_path(s.blog, s.relay.inbox)
    assert broken.to_bytes() != good.to_bytes()
    s.refused(broken, status, code)
    s.accepted(good)


@pytest.mark.parametrize("how", sorted(forgeries.ALL))
def test_every_forgery_of_the_demo_is_refused(s, how):
    victim = s.blog.actors["alice"].id
    answer = s.ask(forgeries.ALL[how](s.mallory, s.relay.inbox, victim))
    s.news()
    assert answer.status == 401


def latin(s, r):
    """Fields are bytes: what stands on the wire is what is signed."""
    base = bent.cavage_base(r, bent.POST + " x-a", {}).decode("utf-8").encode("latin-1")
    actor = s.blog.actors["alice"]
    value = b64(keys.sign(actor.keys.rsa, base))
    r.set("Signature", f'keyId="{actor.key_id}",headers="{bent.POST} x-a",signature="{value}"')


ACCEPTED = [
    # row, how a good request is made other, still good
    ("1.10 hs2019", sign(algorithm="hs2019")),
    ("1.10 no algorithm", sign(algorithm=None)),
    ("1.10 content-type signed", sign(bent.POST)),
    ("1.10 content-type not signed", sign("(request-target) host date digest")),
    ("1.10 ld+json profile", both(field("Content-Type", LD_JSON), sign())),
    ("1.10 charset", both(field("Content-Type", ACTIVITY_JSON + "; charset=utf-8"), sign())),
    ("1.10 type in capitals", both(field("Content-Type", "APPLICATION/Activity+JSON"), sign())),
    ("S01 in Authorization",
     lambda s, r: (r.set("Authorization", "Signature " + r.get("signature")), r.drop("Signature"))),
    ("S01 the scheme's name in Signature",
     lambda s, r: r.set("Signature", "Signature " + r.get("signature"))),
    ("S01 parameters that nobody knows", swap('keyId="', 'nonce="x",version=2,keyId="')),
    ("S01 blanks after commas",
     lambda s, r: r.set("Signature", r.get("signature").replace(",", ", "))),
    ("S01 Bearer beside it", field("Authorization", "Bearer abc")),
    ("S03 small letters", digest_of(lambda r: "sha-256" + r.get("digest")[7:])),
    ("S03 SHA-512 alone",
     digest_of(sha512_of)),
    ("S03 two, both right",
     digest_of(lambda r: f"{sha512_of(r)}, {r.get('digest')}")),
    ("S03 one unknown beside it", digest_of(lambda r: "unixsum=30637," + r.get("digest"))),
    ("S04 64 min old", at(-64 * 60)),
    ("S04 59 min ahead", at(59 * 60)),
    ("S05 created", timed(created=0)),
    ("S05 created, no algorithm", timed(algorithm=None, created=0)),
    ("S05 created and expires", timed(bent.HS2019 + " (expires)", created=-5, expires=300)),
    ("S13 rsa-sha512", sign(algorithm="rsa-sha512", sign=bent.rsa_sha512)),
    ("S13 hs2019 with SHA-512", sign(algorithm="hs2019", sign=bent.rsa_sha512)),
    ("S24 other order", sign("digest date (request-target) content-type host")),
    ("S24 two lines of one name",
     lambda s, r: both(lambda s, r: r.headers.extend([("X-A", "1"), ("X-a", "2,3")]),
                       sign(bent.POST + " x-a"))(s, r)),
    ("S24 an empty field", both(field("X-A", ""), sign(bent.POST + " x-a"))),
    ("S24 letters beyond ASCII in a field", both(field("X-A", "\u00e9"), latin)),
]


@pytest.mark.parametrize("row", ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_accepted(s, row):
    request = s.post()
    row[1](s, request)
    s.accepted(request)


def test_s24_blanks_around_a_field_are_not_signed(s):
    request = s.post()
    data = request.to_bytes().replace(b"\r\nDate: ", b"\r\ndAtE: \t  ")
    data = data.replace(b" GMT\r\n", b" GMT \t\r\n")
    assert data != request.to_bytes()
    s.accepted(data, request.body)


def test_s02_the_query_is_signed_or_there_is_none(s):
    """An inbox has no query: what Mastodon and others forgive elsewhere can't be tried here."""
    request = s.post()
    answer = s.ask(request.copy(url=request.url + "?x=1"))
    assert (answer.status, answer.problem["code"]) == (404, "not-found")
    s.accepted(request)


COVERED = re.compile(rb"(?<=POST )[^ ]+|(?<=\r\nHost: )[^\r]+|(?<=\r\nDate: )[^\r]+|"
                     rb"(?<=\r\nDigest: )[^\r]+|(?<=\r\nContent-Type: )[^\r]+|"
                     rb"(?<=,signature=\")[^\"]+|(?<=\r\n\r\n).+", re.DOTALL)


def test_no_byte_that_is_covered_can_be_another(s):
    """Each of 300 copies differs from a good request in one byte, chosen by a fixed seed."""
    chance = random.Random(9421)
    good = s.post()
    data = good.to_bytes()
    parts = [match.span() for match in COVERED.finditer(data)]
    assert len(parts) == 7
    for _ in range(300):
        start, end = chance.choice(parts)
        at = chance.randrange(start, end)
        other = chance.choice([byte for byte in range(256) if byte != data[at]])
        answer = s.ask(data[:at] + bytes([other]) + data[at + 1:])
        assert 400 <= answer.status < 500, (data[start:end], at - start, other, answer)
    assert "ok" not in s.news()[1]
    s.accepted(good)


def test_s17_bits_of_the_base64_that_say_nothing_are_none(s):
    good = s.post()
    value = good.get("signature").rsplit('"', 2)[1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters.index(value[-3])
    for n in range(last + 1, last + 16):
        bad = good.copy()
        value_of(value[:-3] + letters[n] + "==")(s, bad)
        s.refused(bad, 401, INVALID)
    s.accepted(good)


def test_s06_the_same_request_a_thousand_times_goes_out_once(s):
    request = s.post()
    s.accepted(request)
    data = request.to_bytes()
    answers = speak(s.relay.host, data * 1000, 1000)
    assert [answer.status for answer in answers] == [202] * 1000
    lines, counted = s.news()
    assert counted == {"duplicate": 1000}
    assert {line["code"] for line in lines if line["event"] == "inbox"} == {"duplicate"}


def test_s17_forged_padding_for_an_exponent_of_three(s):
    """Bleichenbacher's forgery: a cube that begins like a right padding, with rubbish behind it."""
    actor = s.blog.actors["alice"]
    old = actor.keys.rsa
    actor.keys.rsa = rsa.generate_private_key(public_exponent=3, key_size=2048)
    s.blog.document(actor.id)["publicKey"]["publicKeyPem"] = actor.keys.public_pem
    good = s.post()
    forged = good.copy()
    value_of(b64(_cube_root_forgery(bent.cavage_base(good, bent.POST, {}))))(s, forged)
    time.sleep(1.1)  # after which the key may be fetched anew
    s.accepted(good)
    s.refused(forged, 401, "signature-invalid")
    actor.keys.rsa = old
    s.blog.document(actor.id)["publicKey"]["publicKeyPem"] = actor.keys.public_pem
    time.sleep(1.1)
    s.accepted(s.post())


def _cube_root_forgery(data):
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
    head = b"\0\1" + b"\xff" * 8 + b"\0" + info
    wanted = int.from_bytes(head + b"\xff" * (256 - len(head)), "big")
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= wanted else (low, middle - 1)
    forged = low.to_bytes(256, "big")
    assert (low**3).to_bytes(256, "big").startswith(head)
    return forged


def test_s25_a_linked_data_signature_authenticates_nobody(s):
    """The author's own LD signature in it, and somebody else's HTTP signature on it."""
    activity = s.activity()
    activity["signature"] = {
        "type": "RsaSignature2017",
        "creator": s.blog.actors["alice"].key_id,
        "created": "2026-01-02T03:04:05Z",
        "signatureValue": b64(s.blog.actors["alice"].keys.rsa.sign(
            json.dumps(activity).encode("utf-8"), padding.PKCS1v15(), bent.hashes.SHA256())),
    }
    s.refused(s.signed(activity, s.mallory), 401, "actor-not-signer")
    s.accepted(s.signed(activity))
