"""The test peers themselves, before anything is judged by them: known vectors, then each other."""

import json
import time

import pytest

from peers import forgeries, keys, proofs, signing
from peers.faults import Fault
from peers.records import body_of, read
from peers.town import Town
from peers.wire import Request, parse_http_date, read_json

# --- vectors --------------------------------------------------------------------------------

# The key and signatures of Mastodon's spec/requests/signature_verification_spec.rb.
BOB = keys.load_public_pem(
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqIAYvNFGbZ5g4iiK6feSdXD4bDStFM58A7tHycYXaYtzZQpI"
    "eHXAmaXuZzXIwtrP4N0gIk8JNwZvXj2UPS+S07t0V9wNK94he01LV5EMz/GN4eNnFmDL64HIEuKLvV8TvgjbUPRD6Y5X"
    "0UpKi2ZIFLSb96Q5w0Z/k7ntpVKV52y8kz5Fjr/O/0JuHryZe0yItzJh8kzFfeMf0EXzfSnaKvT7P9jhgC6uTre+jXyv"
    "VZjiHDrnqvvucdI3I7DRfXo1OqARBrLjy+TdseUAjNYJ+OuPRI1URIWQI01DCHqcohVu9+Ar+BiCjFp3ua+XMuJvrvbD"
    "61d1Fvig/9nbBRR+8QIDAQAB\n-----END PUBLIC KEY-----\n"
)
BOB_ID = "https://remote.domain/users/bob#main-key"
CAVAGE_GET = (
    "Z8ilar3J7bOwqZkMp7sL8sRs4B1FT+UorbmvWoE+A5UeoOJ3KBcUmbsh+k3wQwbP5gMNUrra9rEWabpasZGphLsbDxfb"
    "sWL3Cf0PllAc7c1c7AFEwnewtExI83/qqgEkfWc2z7UDutXc2NfgAx89Ox8DXU/fA2GG0jILjB6UpFyNugkY9rg6oI31"
    "UnvfVi3R7sr3/x8Ea3I9thPvqI2byF6cojknSpDAwYzeKdngX3TAQEGzFHz3SDWwyp3jeMWfwvVVbM38FxhvAnSumw7Y"
    "wWW4L7M7h4M68isLimoT3yfCn2ucBVL5Dz8koBpYf/40w7QidClAwCafZQFC29yDOg=="
)
CAVAGE_POST = (
    "gmhMjgMROGElJU3fpehV2acD5kMHeELi8EFP2UPHOdQ54H0r55AxIpji+J3lPe+N2qSb/4H1KXIh6f0lRu8TGSsu12OQ"
    "mg5hiO8VA9flcA/mh9Lpk+qwlQZIPRqKP9xUEfqD+Z7ti5wPzDKrWAUK/7FIqWgcT/mlqB1R1MGkpMFc/q4CIs2OSNiW"
    "gA4K+Kp21oQxzC2kUuYob04gAZ7cyE/FTia5t08uv6lVYFdRsn4XNPn1MsHgFBwBMRG79ng3SyhoG4PrqBEi5q2IdLq3"
    "zfre/M6He3wlCpyO2VJNdGVoTIzeZ0Zz8jUscPV3XtWUchpGclLGSaKaq/JyNZeiYQ=="
)
RFC9421_GET = (
    "WfM6q/qBqhUyqPUDt9metjadJGtLLpmMTBzk/t+R3byKe4/TGAXC6vBB/M6NsD5qv8GCmQGtisCMQxJQO0IGODGzi+Jv"
    "+eqDJ50agMVXNV6nUOzY44c4/XTPoI98qyx1oEMa4Hefy3vSYKq96iDVAc+RDLCMTeGP3wn9wizjD1SNmU0RZI1bTB+e"
    "CkywMP9mM5zXzUOYF+Qkuf+WdEpPR1XUGPlnqfdvPalcKVfaI/VThBjI91D/lmUGoa69x4EBEHM+aJmW6086e7/dVh+F"
    "ndKkdGfXslZXFZKi2flTGQZgEWLn948SqAaJQROkJg8B14Sb1NONS1qZBhK3Mum8Pg=="
)
RFC9421_POST = (
    "c4jGY/PnOV4CwyvNnAmY6NLX0sf6EtbKu7kYseNARRZaq128PrP0GNQ4cd3XsX9cbMfJMw1ntI4zuEC81ncW8g+90OHP"
    "02bX0LkT57RweUtN4CSA01hRqSVe/MW32tjGixCiItvWqjNHoIZnZApu1bd+M3zMR+VCEue4/8a0D2eRrvfQxJUUBXZR"
    "1ZTRFlf1LNFDW3U7cuTbAKYr2zWVr7on+h2vA+vzEND9WE8z1SHd6SIFFgP0QRqrCXYx+vsTs3aLusTsamRWissoycJG"
    "exb64mI9iqiD8SD+uN1xk6iRU3nkUmhUquugjlOFyjxbbLo5ZnYjsECMt/BW+Catxw=="
)
DATE = "Wed, 20 Dec 2023 10:00:00 GMT"
DIGEST = "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw="


def mastodon_request(scheme, method):
    body = b"Hello world" if method == "POST" else b""
    url = "https://www.example.com/activitypub/success"
    request = Request(method, url, [("Host", "www.example.com"), ("Date", DATE)], body)
    if scheme == "cavage":
        covered = "host date digest (request-target)" if body else "date host (request-target)"
        value = CAVAGE_POST if body else CAVAGE_GET
        request.set("Digest", f"SHA-256={DIGEST}")
        request.set("Signature", f'keyId="{BOB_ID}",algorithm="rsa-sha256",'
                                 f'headers="{covered}",signature="{value}"')
        return request
    covered = '"@method" "@target-uri"' + (' "content-digest"' if body else "")
    request.set("Content-Digest", f"sha-256=:{DIGEST}:")
    request.set("Signature-Input", f'sig1=({covered});created=1703066400;keyid="{BOB_ID}"')
    request.set("Signature", f"sig1=:{RFC9421_POST if body else RFC9421_GET}:")
    return request


FOUR = [(scheme, method) for scheme in ("cavage", "rfc9421") for method in ("GET", "POST")]


@pytest.mark.parametrize("scheme,method", FOUR)
def test_signatures_of_mastodon_verify(scheme, method):
    claim = signing.read_claim(mastodon_request(scheme, method))
    claim.check(BOB)
    assert (claim.scheme, claim.key_id, claim.when) == (scheme, BOB_ID, 1703066400)


@pytest.mark.parametrize("scheme,method", FOUR)
def test_signatures_of_mastodon_break_with_the_path(scheme, method):
    request = mastodon_request(scheme, method)
    request.url += "x"
    with pytest.raises(signing.SignatureError):
        signing.read_claim(request).check(BOB)


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_digest_of_another_body(scheme):
    request = mastodon_request(scheme, "POST")
    assert signing.digest_verdict(request) == "ok"
    request.body += b"!"
    assert signing.digest_verdict(request) == "mismatch"


ED25519 = keys.load_public_pem(
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
    "-----END PUBLIC KEY-----\n"
)


def test_ed25519_vector_of_rfc9421():
    request = Request("POST", "http://example.com/foo?param=Value&Pet=dog", [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Length", "18"),
        ("Signature-Input", 'sig-b26=("date" "@method" "@path" "@authority" "content-type" '
                            '"content-length");created=1618884473;keyid="test-key-ed25519"'),
        ("Signature", "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu"
                      "4A0w6vuQv5lIp5WPpBKRCw==:"),
    ])
    signing.read_claim(request).check(ED25519)


SEED = bytes.fromhex("c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6")
FEP_POST = read_json(
    b'{"@context":["https://www.w3.org/ns/activitystreams",'
    b'"https://w3id.org/security/data-integrity/v1"],"actor":"https://server.example/users/alice",'
    b'"id":"https://server.example/activities/1","object":{"attributedTo":'
    b'"https://server.example/users/alice","content":"Hello world",'
    b'"id":"https://server.example/objects/1","location":{"latitude":25.273962,'
    b'"longitude":-71.184902,"type":"Place"},"type":"Note"},"type":"Create"}'
)
FEP_PROOF = (
    "zLaewdp4H9kqtwyrLatK4cjY5oRHwVcw4gibPSUDYDMhi4M49v8pcYk3ZB6D69dNpAPbUmY8ocuJ3m9KhKJEEg7z"
)


def test_proof_vector_of_fep_8b32():
    key = keys.ed25519.Ed25519PrivateKey.from_private_bytes(SEED)
    method = "https://server.example/users/alice#ed25519-key"
    proved = proofs.add_proof(FEP_POST, method, key, "2023-02-24T23:36:38Z")
    assert proved["proof"]["proofValue"] == FEP_PROOF
    proofs.check_proof(proved, key.public_key())
    proved["object"]["content"] = "Hello World"
    with pytest.raises(proofs.ProofError):
        proofs.check_proof(proved, key.public_key())


@pytest.mark.parametrize("number,text", [
    (5e-324, "5e-324"), (-0.0, "0"), (1.7976931348623157e308, "1.7976931348623157e+308"),
    (2**53, "9007199254740992"), (2**68, "295147905179352830000"), (1e23, "1e+23"),
    (9.999999999999997e22, "9.999999999999997e+22"), (1e21, "1e+21"), (0.000001, "0.000001"),
    (999999999999999900000, "999999999999999900000"), (333333333.3333332, "333333333.3333332"),
    (9.999999999999997e-7, "9.999999999999997e-7"), (-71.184902, "-71.184902"), (100, "100"),
    (1424953923781206.2, "1424953923781206.2"),
    (-3.3333333333333333e-6, "-0.0000033333333333333333"),
])
def test_numbers_as_ecmascript_prints_them(number, text):
    assert proofs.es6_number(number) == text


def test_canonical_order_is_by_utf16():
    value = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "a\n": 4}
    assert proofs.canonical(value).decode() == '{"a\\n":4,"\u20ac":3,"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b'{"a":NaN}', b'"\xff"'])
def test_strict_json(text):
    with pytest.raises(ValueError):
        read_json(text)


def test_base58_both_ways():
    for data in (b"", b"\0\0\x01", bytes(range(64))):
        assert keys.base58_decode(keys.base58_encode(data)) == data


# --- peer to peer ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town():
    with Town() as town:
        yield town


@pytest.fixture(scope="module")
def blog(town, tmp_path_factory):
    return town.add(kind="blog", directory=tmp_path_factory.mktemp("blog"))


@pytest.fixture(scope="module")
def wiki(town, tmp_path_factory):
    return town.add(kind="wiki", directory=tmp_path_factory.mktemp("wiki"))


def inbox(peer):
    return f"{peer.origin}/inbox"


def last_post(peer):
    return [record for record in peer.records.all if record["method"] == "POST"][-1]


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
@pytest.mark.parametrize("proof", [True, False])
def test_a_post_arrives_and_is_judged(blog, wiki, scheme, proof):
    request = blog.prepare(blog.write("hello", proof=proof), inbox(wiki), scheme=scheme)
    assert blog.transmit(request).status == 202
    record = last_post(wiki)
    assert record["signature"]["verdict"] == "ok"
    assert record["signature"]["scheme"] == scheme
    assert record["signature"]["signer"] == f"{blog.origin}/users/alice"
    assert record["digest"] == "ok"
    assert record["proof"]["verdict"] == ("ok" if proof else "none")
    assert record["did"] == "stored"
    assert body_of(record) == request.body


def test_a_post_carried_by_somebody_else_needs_its_proof(blog, wiki, town):
    carrier = town.add(kind="social")
    refused = "ignored: neither signed nor proved by its actor"
    for proof, did in ((True, "stored"), (False, refused)):
        carrier.send(blog.write("carried", proof=proof), inbox(wiki), "instance")
        assert last_post(wiki)["did"] == did


def test_an_announced_post_is_fetched_with_a_signature(blog, wiki):
    post = blog.write("look at this", proof=False)["object"]
    blog.authorized_fetch = True
    blog.announce(post["id"], inbox=inbox(wiki))
    assert last_post(wiki)["did"] == "fetched"
    assert post["id"] in wiki.inbox.posts
    fetched = [r for r in blog.records.all if post["id"].endswith(r["path"])][-1]
    assert fetched["signature"]["signer"] == f"{wiki.origin}/actor"
    assert fetched["status"] == 200
    announce = blog.sent_activities[-1]["id"]
    blog.undo(announce, inbox=inbox(wiki))
    assert last_post(wiki)["did"] == "withdrawn"
    assert post["id"] not in wiki.inbox.posts
    blog.authorized_fetch = False


def test_edit_and_remove(blog, wiki):
    post = blog.post("first", inbox=inbox(wiki)).object_id
    blog.edit(post, "second", inbox=inbox(wiki))
    assert wiki.inbox.posts[post]["content"] == "<p>second</p>"
    blog.remove(post, inbox=inbox(wiki))
    assert last_post(wiki)["did"] == "deleted"
    assert post not in wiki.inbox.posts
    assert blog.documents[post.removeprefix(blog.origin)][0] == 410


@pytest.mark.parametrize("how,why", [
    ("author", None), ("key", "fit"), ("tampered", "digest"), ("digest", "fit"), ("path", "fit"),
    ("old", "window"), ("early", "window"), ("unsigned", None),
])
def test_forgeries_are_seen_through(blog, wiki, town, how, why):
    victim = f"{blog.origin}/users/alice"
    liar = town.add(kind="social")
    answer = liar.transmit(forgeries.ALL[how](liar.inner, inbox(wiki), victim))
    record = last_post(wiki)
    if how == "author":
        assert record["did"].startswith("ignored") and answer.status == 202
    else:
        assert answer.status == 401
        assert record["signature"]["verdict"] == ("missing" if how == "unsigned" else "bad")
        assert why is None or why in record["signature"]["why"]


def test_a_rotated_key_is_fetched_once_more_and_a_pinned_one_is_not(wiki, town):
    writer = town.add()
    alice = writer.actors["alice"]
    writer.post("old key", inbox=inbox(wiki))
    old = alice.keys.public_pem
    writer.rotate()
    assert writer.post("new key", inbox=inbox(wiki)).status == 202
    wiki.judge.pin(alice.key_id, alice.id, old)
    assert writer.post("not the pinned key", inbox=inbox(wiki)).status == 401
    wiki.judge.forget()
    assert writer.post("looked up again", inbox=inbox(wiki)).status == 202


def owner_is_mallory(actor):
    actor["publicKey"]["owner"] = "http://127.0.0.1:1/mallory"


def id_is_another(actor):
    actor["publicKey"]["id"] += "-2"


@pytest.mark.parametrize("lie", [owner_is_mallory, id_is_another])
def test_a_key_document_that_lies(wiki, town, lie):
    writer = town.add()
    lie(writer.document(writer.actors["alice"].id))
    assert writer.post("trust me", inbox=inbox(wiki)).status == 401


@pytest.mark.parametrize("fault", [
    {"status": 410}, {"status": 404}, {"status": 302, "headers": {"Location": "http://a.example"}},
    {"status": 200, "body": "{}", "headers": {"Content-Type": "text/plain"}}, {"cut": True},
])
def test_a_key_document_that_cannot_be_had(wiki, town, fault):
    writer = town.add()
    writer.faults.append(Fault(path="/users/alice", method="GET", **fault))
    assert writer.post("who am I", inbox=inbox(wiki)).status == 401


def test_faults_of_an_inbox(blog, town):
    shop = town.add(kind="social")
    shop.faults.append(Fault(status=503, headers={"Retry-After": "7"}, times=2))
    answers = [blog.post("knock", inbox=inbox(shop)).answer for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 202]
    assert answers[0].headers["Retry-After"] == "7"
    shop.faults.append(Fault(delay=0.3, times=1))
    before = time.monotonic()
    assert blog.post("knock", inbox=inbox(shop)).status == 202
    assert time.monotonic() - before >= 0.3
    shop.faults.append(Fault(cut=True, times=1))
    with pytest.raises(Exception, match="disconnected|closed|reset"):
        blog.post("knock", inbox=inbox(shop))
    assert [r["did"] for r in shop.records.where(path="/inbox")] == [
        "fault: status 503", "fault: status 503", "stored", "stored", "fault: cut"]


def test_down_and_up_on_the_same_port(blog, town):
    shop = town.add(kind="social")
    assert blog.post("open?", inbox=inbox(shop)).status == 202
    shop.down()
    with pytest.raises(OSError):
        blog.post("open?", inbox=inbox(shop))
    shop.up()
    assert blog.post("open?", inbox=inbox(shop)).status == 202


def test_the_record_on_disk_is_the_record(blog, wiki):
    blog.post("for the file", inbox=inbox(wiki))
    on_disk = read(wiki.directory / "record.jsonl")
    assert on_disk == json.loads(json.dumps(wiki.records.all))


def test_discovery(blog, town):
    web = town.add()
    host = web.host

    def get(path):
        answer = blog.transmit(Request("GET", web.origin + path))
        return answer.status, json.loads(answer.body) if answer.status == 200 else None

    assert get(f"/.well-known/webfinger?resource=acct:alice@{host}")[1]["links"][0]["href"] == (
        f"{web.origin}/users/alice")
    assert get("/.well-known/webfinger?resource=acct:nobody@x")[0] == 404
    index = get("/.well-known/nodeinfo")[1]["links"][0]["href"]
    assert get(index.removeprefix(web.origin))[1]["software"]["name"] == "weir-test-blog"
    assert get("/actor/followers")[1]["type"] == "OrderedCollection"
    assert get("/nothing")[0] == 404
    assert blog.transmit(Request("GET", web.origin + "/")).status == 200


def test_dates():
    assert parse_http_date(DATE) == 1703066400
    for wrong in ("20 Dec 2023 10:00:00 GMT", "Wed, 20 Dec 2023 10:00:00 +0000", "wrong date"):
        with pytest.raises(ValueError):
            parse_http_date(wrong)


def test_the_page_for_people_has_a_form(wiki, town):
    web = town.add()
    web.follow(f"{wiki.origin}/actor")
    assert "<form" in web.transmit(Request("GET", web.origin + "/")).text
    typed = b"title=By+hand&text=hello&tags=%23a+b&proof=on"
    form = Request("POST", f"{web.origin}/write", [], typed)
    assert web.transmit(form).status == 303
    written = read_json(body_of(last_post(wiki)))["object"]
    assert (written["name"], written["content"]) == ("By hand", "<p>hello</p>")
    assert [tag["name"] for tag in written["tag"]] == ["#a", "#b"]
