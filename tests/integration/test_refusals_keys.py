"""ATTACKS S08, S09, S14 to S16 and PROTOCOL 1.6: which documents vouch for a key, and which keys
are taken. A key document at evil that names a victim, stubs, bare keys, lists of keys; key sizes,
exponents and PEM texts.

What was refused is put right at the end, and the very same requests are accepted."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519

from integration import bent
from integration.doors import Door, http
from integration.refusals import stage
from peers import keys
from peers.keys import ActorKeys

DOCUMENT = "key-document"
REFUSED = "key-refused"
INVALID = "signature-invalid"


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    with Door() as door, Door() as elsewhere, stage(tmp_path_factory.mktemp("keys")) as s:
        s.door, s.elsewhere = door, elsewhere
        s.broken = []
        for host in (door, elsewhere):
            assert s.ask(host.follow(s.relay, host.author("instance"))).status == 202
        s.news()
        yield s
        s.check_arrivals()


def key_of(document, **changes):
    return {**document["publicKey"], **changes}


# --- documents that do not vouch: (stage, author, document) -> what is served at the actor's id ---


def with_key(**changes):
    def bend(s, author, document):
        key = {**document["publicKey"], **changes}
        document["publicKey"] = {name: value for name, value in key.items() if value is not None}
        return document

    return bend


def with_doc(**changes):
    return lambda s, author, document: s.door.document(author, **changes)


def victim(s):
    if not hasattr(s, "victims"):
        theirs = ActorKeys()
        s.victims = {door: door.author(keys=theirs) for door in (s.door, s.elsewhere)}
    return s.victims


def names_victim(door):
    """The whole document says that it is somebody else's, with our key in it."""
    return lambda s, author, document: json.loads(json.dumps(document).replace(
        author.id, victim(s)[getattr(s, door)].id))


def owned_by_victim(door):
    return lambda s, author, document: with_key(owner=victim(s)[getattr(s, door)].id)(
        s, author, document)


def bare_key_of_victim(door):
    def bend(s, author, document):
        return key_of(document, id=author.key_id, owner=victim(s)[getattr(s, door)].id)

    return bend


def keys_in_list(n, at=None):
    """So many keys of which none, or the one at a place, is the right one."""

    def bend(s, author, document):
        right = document["publicKey"]
        document["publicKey"] = [
            right if i == at else {**right, "id": f"{author.id}#key-{i}"} for i in range(n)
        ]
        return document

    return bend


def text(value):
    return lambda s, author, document: http(value.encode("utf-8") if isinstance(value, str)
                                            else value)


def twice_key(s, author, document):
    """A second publicKey: who keeps the last, and who keeps the first?"""
    body = json.dumps(document)[:-1] + ',"publicKey":' + json.dumps(document["publicKey"]) + "}"
    return http(body.encode("utf-8"))


DOCUMENTS = [
    ("S09 other id, same origin", names_victim("door"), DOCUMENT),
    ("S09 other id, other origin", names_victim("elsewhere"), DOCUMENT),
    ("S09 other owner, same origin", owned_by_victim("door"), DOCUMENT),
    ("S09 other owner, other origin", owned_by_victim("elsewhere"), DOCUMENT),
    ("S09 no owner", with_key(owner=None), DOCUMENT),
    ("S09 owner is a list", lambda s, a, d: with_key(owner=[a.id])(s, a, d), DOCUMENT),
    ("S09 other key id", lambda s, a, d: with_key(id=a.id + "#other")(s, a, d), DOCUMENT),
    ("S09 no key id", with_key(id=None), DOCUMENT),
    ("S09 no key", with_doc(publicKey=None), DOCUMENT),
    ("S09 the key is null", lambda s, a, d: {**d, "publicKey": None}, DOCUMENT),
    ("S09 the key is a URL", lambda s, a, d: {**d, "publicKey": a.key_id}, DOCUMENT),
    ("S09 the key has no PEM", with_key(publicKeyPem=None), DOCUMENT),
    ("S09 the PEM is a number", with_key(publicKeyPem=7), DOCUMENT),
    ("S09 the PEM is empty", with_key(publicKeyPem=""), DOCUMENT),
    ("S09 no id", with_doc(id=None), DOCUMENT),
    ("S09 id with a fragment", lambda s, a, d: {**d, "id": a.key_id}, DOCUMENT),
    ("S09 id in other letters",
     lambda s, a, d: {**d, "id": a.id.replace("users", "Users")}, DOCUMENT),
    ("S09 id is an object", lambda s, a, d: {**d, "id": {"id": a.id}}, DOCUMENT),
    ("1.6 bare key of a victim, same origin", bare_key_of_victim("door"), DOCUMENT),
    ("1.6 bare key of a victim, other origin", bare_key_of_victim("elsewhere"), DOCUMENT),
    ("1.6 list without the right key", keys_in_list(3), DOCUMENT),
    ("1.6 empty list", lambda s, a, d: {**d, "publicKey": []}, DOCUMENT),
    ("1.6 the 10,000th of a list", keys_in_list(10000, 9999), DOCUMENT),
    ("JSON broken", text('{"id":'), DOCUMENT),
    ("JSON a list", lambda s, a, d: http([d]), DOCUMENT),
    ("JSON nothing", text(""), DOCUMENT),
    ("JSON a key twice", twice_key, DOCUMENT),
    ("JSON NaN in it", lambda s, a, d: {**d, "x": float("nan")}, DOCUMENT),
    ("JSON not UTF-8", lambda s, a, d: http(json.dumps({**d, "name": "\u00e9"}, ensure_ascii=False)
                                            .encode("latin-1")), DOCUMENT),
    ("JSON UTF-16", lambda s, a, d: http(json.dumps(d).encode("utf-16")), DOCUMENT),
    ("JSON 33 deep", lambda s, a, d: {**d, "x": json.loads("[" * 33 + "]" * 33)}, DOCUMENT),
    ("JSON NUL in the PEM", lambda s, a, d: with_key(
        publicKeyPem=a.keys.public_pem[:40] + "\0" + a.keys.public_pem[40:])(s, a, d), DOCUMENT),
    ("HTML", text("<!doctype html><title>alice</title>"), DOCUMENT),
]


@pytest.mark.parametrize("row", DOCUMENTS, ids=[row[0] for row in DOCUMENTS])
def test_a_document_that_does_not_vouch(s, row):
    author = s.door.author()
    s.door.serve(author.path, row[1](s, author, s.door.document(author)))
    away = s.elsewhere.connections
    request = s.door.request(s.relay, author)
    s.refused(request, 401, row[2])
    assert s.elsewhere.connections == away  # no word of it is enough to go and ask another host
    s.broken.append((author, request))


# --- keys: what a PEM text must be ---------------------------------------------------------------


def tlv(tag, *parts):
    value = b"".join(parts)
    n = len(value)
    size = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes(
        (n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + value


def number(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


RSA_NAME = bytes.fromhex("300d06092a864886f70d0101010500")


def spki(n, e, name=RSA_NAME):
    return tlv(0x30, name, tlv(3, b"\0", tlv(0x30, number(n), number(e))))


def pem(der, label="PUBLIC KEY"):
    lines = base64.encodebytes(der).decode("ascii").replace("\n", "")
    lines = "\n".join(lines[i:i + 64] for i in range(0, len(lines), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def modulus(bits):
    """Odd, and of exactly so many bits; nobody has the private half."""
    return (1 << bits) - 159


def of_size(bits):
    return lambda numbers: pem(spki(modulus(bits), 65537))


def exponent(e):
    return lambda numbers: pem(spki(numbers.n, e))


def public_pem(key):
    return keys.public_pem(key.public_key())


def private_pem(key):
    return keys.private_pem(key).decode("ascii")


def of_key(make):
    return lambda numbers: public_pem(make())


def other(change):
    """The right text, changed."""
    return lambda numbers: change(pem(spki(numbers.n, numbers.e)))


_RSA = ActorKeys().rsa

PEMS = [
    *[(f"S14 RSA {bits}", of_size(bits)) for bits in (512, 1024, 2047, 4097, 8192, 16384)],
    *[(f"S15 exponent {e}", exponent(e)) for e in (0, 1, 2, 65536, (1 << 32) - 2, (1 << 32) + 1)],
    ("S15 exponent of 3071 bits", exponent((1 << 3071) - 1)),
    ("S15 exponent below zero",
     lambda numbers: pem(tlv(0x30, RSA_NAME, tlv(3, b"\0", tlv(0x30, number(numbers.n),
                                                              tlv(2, b"\xff")))))),
    ("S14 even modulus", lambda numbers: pem(spki(numbers.n - 1, 65537))),
    ("S14 modulus with a zero before it",
     lambda numbers: pem(tlv(0x30, RSA_NAME, tlv(3, b"\0", tlv(
         0x30, tlv(2, b"\0\0" + numbers.n.to_bytes(256, "big")), number(65537)))))),
    ("S16 1 MB of blanks in it", other(lambda t: t.replace("\n", "\n" + " " * 500000, 1))),
    ("S16 17 KiB of blanks in it", other(lambda t: t.replace("\n", "\n" + " " * 17000, 1))),
    ("S16 certificate", other(lambda t: t.replace("PUBLIC KEY", "CERTIFICATE"))),
    ("S16 private key", lambda numbers: private_pem(_RSA)),
    ("S16 both halves", lambda numbers: private_pem(_RSA) + public_pem(_RSA)),
    ("S16 two blocks", other(lambda t: t + t)),
    ("S16 text before", other(lambda t: "my key\n" + t)),
    ("S16 a header line in it", other(lambda t: t.replace("\n", "\nProc-Type: 4,ENCRYPTED\n", 1))),
    ("S16 EC P-256", of_key(lambda: ec.generate_private_key(ec.SECP256R1()))),
    ("S16 EC secp256k1", of_key(lambda: ec.generate_private_key(ec.SECP256K1()))),
    ("S16 DSA", of_key(lambda: dsa.generate_private_key(1024))),
    ("S16 X25519", of_key(x25519.X25519PrivateKey.generate)),
    ("S16 Ed448", of_key(ed448.Ed448PrivateKey.generate)),
    ("S16 RSA for PSS alone",
     lambda numbers: pem(spki(numbers.n, 65537, bytes.fromhex("300d06092a864886f70d01010a0500")))),
    ("S16 RSA without its NULL",
     lambda numbers: pem(spki(numbers.n, 65537, bytes.fromhex("300b06092a864886f70d010101")))),
    ("S16 truncated", other(lambda t: t[:200])),
    ("S16 truncated, with its end", other(lambda t: t[:200] + "\n-----END PUBLIC KEY-----\n")),
    ("S16 no last line", other(lambda t: t.rsplit("\n", 2)[0])),
    ("S16 base64 of URLs",
     other(lambda t: t.replace("+", "-").replace("/", "_").replace("M", "-", 1))),
    ("S16 rubbish behind the key in its block",
     lambda numbers: pem(spki(numbers.n, 65537) + b"\0")),
    ("S16 PKCS#1 under SPKI's name",
     lambda numbers: pem(tlv(0x30, number(numbers.n), number(65537)))),
    ("S16 SPKI under PKCS#1's name",
     lambda numbers: pem(spki(numbers.n, 65537), "RSA PUBLIC KEY")),
    ("S16 Ed25519 of 31 bytes",
     lambda numbers: pem(bytes.fromhex("3029300506032b6570032000") + b"\1" * 31)),
    ("S16 words", lambda numbers: "ssh-rsa AAAAB3NzaC1yc2E"),
]


@pytest.mark.parametrize("row", PEMS, ids=[row[0] for row in PEMS])
def test_a_key_that_is_not_taken(s, row):
    author = s.door.author(keys=ActorKeys(_RSA))
    document = s.door.document(author)
    document["publicKey"]["publicKeyPem"] = row[1](_RSA.public_key().public_numbers())
    s.door.serve(author.path, document)
    request = s.door.request(s.relay, author)
    s.refused(request, 401, REFUSED)
    s.broken.append((author, request))


# --- who is believed -----------------------------------------------------------------------------


def pkcs1(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode("ascii")


TAKEN = [
    ("SPKI", lambda key: public_pem(key)),
    ("S16 PKCS#1", pkcs1),
    ("lines that end in CR LF", lambda key: public_pem(key).replace("\n", "\r\n")),
    ("one long line", lambda key: pem(base64.b64decode("".join(public_pem(key).split("\n")[1:-2])))
     .replace("\n", "").replace("KEY-----M", "KEY-----\nM").replace("-----END", "\n-----END")),
    ("blanks around", lambda key: f"\n  {public_pem(key)}\n\n"),
    ("no last line end", lambda key: public_pem(key).rstrip()),
]


@pytest.mark.parametrize("row", TAKEN, ids=[row[0] for row in TAKEN])
def test_a_key_that_is_taken(s, row):
    author = s.door.author(keys=ActorKeys(_RSA))
    document = s.door.document(author)
    document["publicKey"]["publicKeyPem"] = row[1](_RSA)
    s.door.serve(author.path, document)
    s.accepted(s.door.request(s.relay, author))


@pytest.mark.parametrize("bits", [3072, 4096])
def test_a_longer_key_is_taken(s, bits):
    author = s.door.author(keys=ActorKeys(rsa.generate_private_key(65537, bits)))
    s.accepted(s.door.request(s.relay, author))


def test_an_ed25519_key_is_taken(s):
    author = s.door.author()
    document = s.door.document(author)
    document["publicKey"]["publicKeyPem"] = public_pem(author.keys.ed25519)
    s.door.serve(author.path, document)
    request = s.door.request(s.relay, author)
    s.accepted(bent.cavage(request, author, algorithm="hs2019", key=author.keys.ed25519))


VOUCHING = [
    # row, the document at the actor's id; PROTOCOL 1.6, 3 and 4
    ("list of one", keys_in_list(1, 0)),
    ("last of a list", keys_in_list(16, 15)),
    ("an actor without anything else",
     lambda s, a, d: {name: d[name] for name in ("id", "publicKey")}),
    ("keys that we do not know", lambda s, a, d: {**d, "@graphic": [{"x": [1, 2.5, None, True]}]}),
]


@pytest.mark.parametrize("row", VOUCHING, ids=[row[0] for row in VOUCHING])
def test_a_document_that_vouches(s, row):
    author = s.door.author()
    s.door.serve(author.path, row[1](s, author, s.door.document(author)))
    s.accepted(s.door.request(s.relay, author))


def stub(author, key_id):
    """What GoToSocial serves at the address of a key, to who has not signed."""
    return {
        "@context": ["https://w3id.org/security/v1", "https://www.w3.org/ns/activitystreams"],
        "id": author.id,
        "type": "Person",
        "preferredUsername": author.name,
        "publicKey": {"id": key_id, "owner": author.id, "publicKeyPem": author.keys.public_pem},
    }


def test_gotosocial_the_key_has_an_address_of_its_own(s):
    author = s.door.author()
    key_id = f"{author.id}/main-key"
    document = s.door.document(author)
    document["publicKey"]["id"] = key_id
    s.door.serve(f"{author.path}/main-key", stub(author, key_id))
    s.door.serve(author.path, document)
    s.accepted(s.door.request(s.relay, author, key_id=key_id))


def test_a_bare_key_whose_owner_links_back(s):
    author = s.door.author()
    key_id = f"{author.id}/keys/1"
    document = s.door.document(author)
    document["publicKey"]["id"] = key_id
    s.door.serve(f"{author.path}/keys/1", document["publicKey"])
    s.door.serve(author.path, document)
    s.accepted(s.door.request(s.relay, author, key_id=key_id))


@pytest.mark.parametrize("fragment", ["", "#main-key"])
def test_a_stub_that_names_a_victim_brings_no_key_of_its_own(s, fragment):
    """The key that counts stands in the owner's own document, whatever the stub says."""
    evil, target = s.door.author(), s.door.author(keys=ActorKeys())
    key_id = f"{evil.id}/main-key{fragment}"
    s.door.serve(f"{evil.path}/main-key", {"id": target.id, "publicKey": {
        "id": key_id, "owner": target.id, "publicKeyPem": evil.keys.public_pem}})
    forged = s.door.activity(target)
    request = s.door.request(s.relay, evil, forged, key_id=key_id)
    s.refused(request, 401, DOCUMENT if fragment else INVALID)
    assert s.door.times(target.path) == 1
    s.accepted(s.door.request(s.relay, target, forged))


def test_a_stub_may_not_send_us_on_and_on(s):
    author = s.door.author()
    for n in range(5):
        s.door.serve(f"/chain/{n}", {"id": f"{s.door.url}/chain/{n}",
                                     "owner": f"{s.door.url}/chain/{n + 1}"})
    s.refused(s.door.request(s.relay, author, key_id=f"{s.door.url}/chain/0"), 401, DOCUMENT)
    assert s.door.times("/chain/1") == 1 and s.door.times("/chain/2") == 0


@pytest.mark.parametrize("key_id", ["", "?author=1#main-key", "?author=1"])
def test_other_forms_of_a_key_id(s, key_id):
    """PROTOCOL 1.6: no fragment and one key; WordPress's query."""
    author = s.door.author()
    path = author.path + key_id.split("#")[0]
    author.id = s.door.url + path
    document = s.door.document(author)
    s.door.serve(path, document)
    fragment = "#main-key" if "#" in key_id else ""
    s.accepted(s.door.request(s.relay, author, key_id=author.id + fragment))


def test_no_fragment_and_two_keys_is_no_key(s):
    author = s.door.author()
    s.door.serve(author.path, keys_in_list(2, 0)(s, author, s.door.document(author)))
    s.refused(s.door.request(s.relay, author, key_id=author.id), 401, DOCUMENT)
    s.accepted(s.door.request(s.relay, author))


def test_a_victims_key_id_with_another_key(s):
    """The keyId is the victim's, the signature ours: only the arithmetic is left to say no."""
    author, target = s.door.author(), s.door.author(keys=ActorKeys())
    forged = s.door.activity(target)
    s.refused(s.door.request(s.relay, author, forged, key_id=target.key_id), 401, INVALID)
    s.refused(s.door.request(s.relay, author, forged), 401, "actor-not-signer")
    s.accepted(s.door.request(s.relay, target, forged))


def test_what_was_refused_is_accepted_once_it_is_put_right(s):
    """A refusal is not for ever (keys.refused), and it was for the reason that was given."""
    assert s.broken
    for author, _ in s.broken:
        s.door.serve(author.path, s.door.document(author))
    time.sleep(1.1)
    for _, request in s.broken:
        s.accepted(request)
