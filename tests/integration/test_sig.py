"""`weir sig` against two other implementations of signatures, both ways: the test peers' own and
python3-httpsig. Each refusal is checked beside the same request untouched."""

import json
import os
import subprocess
import time

import httpsig
import pytest

from peers import keys, signing
from peers.wire import Request

WEIR = os.environ["WEIR_BIN"]
NOW = 1703066400  # 2023-12-20T10:00:00Z
BODY = b'{"hello": "world"}'
ACTOR = "https://peer.example/actor#main-key"
INBOX = "https://relay.example/inbox"
SCHEMES = {"cavage": signing.sign_cavage, "rfc9421": signing.sign_rfc9421}


def sig(*arguments, stdin=b""):
    return subprocess.run(
        [WEIR, "sig", *map(str, arguments)], input=stdin, capture_output=True, timeout=60
    )


def text_of(request):
    return request.to_bytes()


def parse(raw):
    """The printed request as a Request of the test peers."""
    head, _, body = raw.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = start.split(" ")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    host = next(value for name, value in headers if name.lower() == "host")
    return Request(method, f"https://{host}{target}", headers, body)


def post(**changes):
    request = Request("POST", INBOX, [("Content-Type", "application/activity+json")], BODY)
    return request.copy(**changes)


def unsigned():
    request = post()
    request.set("Host", "relay.example")
    return text_of(request)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """RSA and Ed25519 keys as files, private and public."""
    directory = tmp_path_factory.mktemp("keys")
    actor = keys.ActorKeys()
    actor.save(directory, "actor")
    for kind, key in (("rsa", actor.rsa), ("ed25519", actor.ed25519)):
        (directory / f"{kind}.pub").write_text(keys.public_pem(key.public_key()))
    actor.directory = directory
    actor.private = {k: directory / f"actor.{k}.pem" for k in ("rsa", "ed25519")}
    actor.public = {k: directory / f"{k}.pub" for k in ("rsa", "ed25519")}
    return actor


def verify(files, raw, *arguments, kind="rsa"):
    """Exit code and report of `weir sig verify`; at NOW unless another time is asked for."""
    times = () if {"--now", "--any-time"} & set(arguments) else ("--now", NOW)
    done = sig("verify", "--key", files.public[kind], "--json", *times, *arguments, stdin=raw)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert (report["verdict"] == "verified") == (done.returncode == 0)
    return done.returncode, report


def signed(files, scheme="cavage", kind="rsa", **more):
    return SCHEMES[scheme](post(), ACTOR, getattr(files, kind), NOW, **more)


# --- others sign, weir verifies -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_verifies_what_the_peers_sign(files, scheme, kind):
    more = {"algorithm": "hs2019"} if (scheme, kind) == ("cavage", "ed25519") else {}
    code, report = verify(files, text_of(signed(files, scheme, kind, **more)), kind=kind)
    assert code == 0
    assert report["scheme"] == scheme
    assert report["code"] == "ok"
    assert report["keyIdAccepted"] is True
    assert report["labels"][0]["keyId"] == ACTOR
    assert any("digest" in name for name in report["labels"][0]["covered"])


@pytest.mark.parametrize("header", ["signature", "authorization"])
def test_verifies_what_httpsig_signs(files, header):
    signer = httpsig.HeaderSigner(
        ACTOR,
        files.private["rsa"].read_text(),
        algorithm="rsa-sha256",
        headers=["(request-target)", "host", "date", "digest"],
        sign_header=header,
    )
    headers = signer.sign(
        {
            "Host": "relay.example",
            "Date": "Wed, 20 Dec 2023 10:00:00 GMT",
            "Digest": signing.digest(BODY),
        },
        method="POST",
        path="/inbox",
    )
    request = post(headers=list(headers.items()))
    assert verify(files, text_of(request))[0] == 0
    request.body = b'{"hello": "wurld"}'
    code, report = verify(files, text_of(request))
    assert (code, report["code"]) == (1, "signature-digest")


# --- weir signs, others verify ------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_the_peers_verify_what_weir_signs(files, scheme, kind):
    done = sig(
        "sign", "--key", files.private[kind], "--key-id", ACTOR, "--scheme", scheme,
        "--now", NOW, stdin=unsigned(),
    )
    assert done.returncode == 0, done.stderr
    request = parse(done.stdout)
    assert request.body == BODY
    assert request.all("content-length") == [str(len(BODY))]
    claim = signing.read_claim(request)
    assert (claim.scheme, claim.key_id, claim.when) == (scheme, ACTOR, NOW)
    assert signing.digest_verdict(request) == "ok"
    claim.check(getattr(files, kind).public_key())
    with pytest.raises(signing.SignatureError):
        signing.read_claim(request.copy(url=INBOX + "2")).check(getattr(files, kind).public_key())


def test_httpsig_verifies_what_weir_signs(files):
    done = sig(
        "sign", "--key", files.private["rsa"], "--key-id", ACTOR, "--now", NOW, stdin=unsigned()
    )
    request = parse(done.stdout)

    def verdict(path):
        return httpsig.HeaderVerifier(
            dict(request.headers),
            files.public["rsa"].read_text(),
            required_headers=["(request-target)", "host", "date", "digest", "content-type"],
            method="POST",
            path=path,
            sign_header="signature",
        ).verify()

    assert verdict("/inbox")
    assert not verdict("/other")


def test_sign_replaces_what_was_there(files):
    first = text_of(signed(files, "rfc9421"))
    done = sig(
        "sign", "--key", files.private["rsa"], "--key-id", ACTOR, "--now", NOW + 60, stdin=first
    )
    request = parse(done.stdout)
    for name in ("date", "digest", "signature", "content-length", "host"):
        assert len(request.all(name)) == 1, name
    assert request.get("signature-input") is None and request.get("content-digest") is None
    assert verify(files, done.stdout, "--now", NOW + 60)[0] == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sign_adds_the_host_of_the_url(files, scheme):
    raw = b"GET /actor?page=1 HTTP/1.1\nAccept: application/activity+json\n\n"
    url = ("--url", "http://127.0.0.1:8080")
    done = sig(
        "sign", "--key", files.private["rsa"], "--key-id", ACTOR, "--scheme", scheme, *url,
        "--now", NOW, stdin=raw,
    )
    assert b"\r\nHost: 127.0.0.1:8080\r\n" in done.stdout
    assert verify(files, done.stdout, *url)[0] == 0
    code, report = verify(files, done.stdout, "--url", "http://127.0.0.1:8081")
    assert (code, report["code"]) == (1, "misdirected")


# --- refusals -----------------------------------------------------------------------------------


def change(name, value):
    return lambda request: request.set(name, value)


REFUSALS = [
    ("cavage", lambda r: setattr(r, "body", b"{}"), "signature-digest", "digest"),
    ("cavage", lambda r: setattr(r, "url", INBOX + "2"), "signature-invalid", "does not verify"),
    ("cavage", lambda r: setattr(r, "method", "PUT"), "signature-invalid", "does not verify"),
    ("cavage", lambda r: r.drop("Signature"), "signature-missing", "no such field"),
    ("cavage", lambda r: r.drop("Digest"), "signature-coverage", "digest: covered, but"),
    ("cavage", change("Date", "yesterday"), "signature-window", "not an HTTP date"),
    ("cavage", lambda r: r.headers.append(("Digest", "SHA-256=AAAA")), "bad-request", "twice"),
    ("cavage", lambda r: r.headers.append(("Signature", "x")), "signature-syntax", "more than one"),
    ("rfc9421", lambda r: setattr(r, "body", b"{}"), "signature-digest", "content-digest"),
    ("rfc9421", lambda r: setattr(r, "url", INBOX + "?x"), "signature-invalid", "does not verify"),
    ("rfc9421", lambda r: r.drop("Signature"), "signature-syntax", "without a signature"),
    ("rfc9421", lambda r: r.drop("Signature-Input"), "signature-syntax", "not a list"),
    ("rfc9421", change("Content-Digest", "SHA-256=:AAAA:"), "bad-request", "can't be parsed"),
]


@pytest.mark.parametrize("scheme, bend, code, word", REFUSALS)
def test_refuses_what_was_tampered_with(files, scheme, bend, code, word):
    request = signed(files, scheme)
    assert verify(files, text_of(request))[0] == 0
    bend(request)
    exit_code, report = verify(files, text_of(request))
    assert (exit_code, report["code"]) == (1, code)
    assert word in report["why"]


@pytest.mark.parametrize(
    "scheme, covered, missing",
    [
        ("cavage", "host date digest", "(request-target)"),
        ("cavage", "(request-target) date digest", "host"),
        ("cavage", "(request-target) host digest", "date"),
        ("cavage", "(request-target) host date", "digest"),
        ("rfc9421", ("@target-uri", "content-digest"), "@method"),
        ("rfc9421", ("@method", "content-digest"), "@target-uri"),
        ("rfc9421", ("@method", "@target-uri"), "content-digest"),
    ],
)
def test_says_what_is_not_covered(files, scheme, covered, missing):
    code, report = verify(files, text_of(signed(files, scheme, covered=covered)))
    assert (code, report["code"]) == (1, "signature-coverage")
    assert f"({missing}: not covered)" in report["why"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_window(files, scheme):
    raw = text_of(signed(files, scheme))
    assert verify(files, raw, "--now", NOW + 3900)[0] == 0
    assert verify(files, raw, "--now", NOW - 3600)[0] == 0
    for now, word in ((NOW + 3901, "too old"), (NOW - 3601, "future")):
        code, report = verify(files, raw, "--now", now)
        assert (code, report["code"]) == (1, "signature-window")
        assert word in report["why"]
    assert verify(files, raw, "--any-time")[0] == 0


def test_without_now_the_clock_counts(files):
    old = text_of(signed(files))
    fresh = text_of(signing.sign_cavage(post(), ACTOR, files.rsa, time.time()))
    command = ("verify", "--key", files.public["rsa"])
    assert sig(*command, stdin=fresh).returncode == 0
    assert sig(*command, stdin=old).returncode == 1


def test_another_key(files, tmp_path):
    raw = text_of(signed(files))
    other = tmp_path / "other.pub"
    other.write_text(keys.ActorKeys().public_pem)
    done = sig("verify", "--key", other, "--now", NOW, stdin=raw)
    assert done.returncode == 1
    assert b"signature-invalid" in done.stdout
    code, report = verify(files, raw, kind="ed25519")
    assert (code, report["code"]) == (1, "signature-algorithm")
    other.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    done = sig("verify", "--key", other, "--now", NOW, stdin=raw)
    assert done.returncode == 1
    assert b"key-refused" in done.stdout


# --- for people ---------------------------------------------------------------------------------


def test_report_for_people(files):
    raw = text_of(signed(files))
    done = sig("verify", "--key", files.public["rsa"], "--now", NOW, stdin=raw)
    lines = dict(line.split(":", 1) for line in done.stdout.decode().splitlines())
    assert lines["scheme"].strip() == "cavage"
    assert lines["keyId"].strip() == ACTOR
    assert lines["covered"].strip() == signing.CAVAGE_POST
    assert lines["verdict"].strip() == "verified"
    assert "note" not in lines
    local = signing.sign_cavage(post(), "http://127.0.0.1/actor", files.rsa, NOW)
    done = sig("verify", "--key", files.public["rsa"], "--now", NOW, stdin=text_of(local))
    assert done.returncode == 0
    assert b"note:" in done.stdout


def test_a_strangers_text_does_not_reach_the_terminal(files):
    raw = unsigned().replace(b"\r\n\r\n", b'\r\nSignature: keyId=\x1b[31m"\r\n\r\n', 1)
    done = sig("verify", "--key", files.public["rsa"], stdin=raw)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("scheme", SCHEMES)
def test_canonicalize_is_what_was_signed(files, scheme):
    request = signed(files, scheme)
    done = sig("canonicalize", stdin=text_of(request))
    assert done.returncode == 0
    claim = signing.read_claim(request)
    assert done.stdout == claim.base
    keys.verify(files.rsa.public_key(), claim.signature, done.stdout)


def test_canonicalize_takes_line_feeds(files):
    raw = text_of(signed(files))
    assert (
        sig("canonicalize", stdin=raw.replace(b"\r\n", b"\n")).stdout
        == sig("canonicalize", stdin=raw).stdout
        != b""
    )


def test_canonicalize_of_an_old_and_incomplete_signature(files):
    """What verify refuses is still shown: that is what one debugs."""
    request = signed(files, covered="date")
    done = sig("canonicalize", stdin=text_of(request))
    assert (done.returncode, done.stdout) == (0, b"date: Wed, 20 Dec 2023 10:00:00 GMT")
    request.drop("Date")
    done = sig("canonicalize", stdin=text_of(request))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"signature-coverage" in done.stderr


def test_canonicalize_of_several_labels(files):
    request = signed(files, "rfc9421")
    request.set("Signature-Input", 'a=("@method");created=1;keyid="b", '
                + request.get("signature-input"))
    request.set("Signature", "a=:AAAA:, " + request.get("signature"))
    raw = text_of(request)
    one = sig("canonicalize", "--label", "a", stdin=raw)
    assert one.stdout == b'"@method": POST\n"@signature-params": ("@method");created=1;keyid="b"'
    for arguments in ((), ("--label", "c")):
        done = sig("canonicalize", *arguments, stdin=raw)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"sig1" in done.stderr


def test_url_changes_what_is_signed(files):
    raw = text_of(signed(files, "rfc9421"))
    done = sig("canonicalize", "--url", "http://relay.example", stdin=raw)
    assert b'"@target-uri": http://relay.example/inbox\n' in done.stdout
    assert verify(files, raw, "--url", "https://relay.example/")[0] == 0
    code, report = verify(files, raw, "--url", "http://relay.example")
    assert (code, report["code"]) == (1, "signature-invalid")


# --- wrong use ----------------------------------------------------------------------------------

GOOD = ("verify", "--key", "KEY")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("explode",),
        ("verify",),
        ("verify", "--key"),
        (*GOOD, "--nonsense"),
        (*GOOD, "--now", "yesterday"),
        (*GOOD, "--now", "-1"),
        (*GOOD, "--now", "1", "--any-time"),
        (*GOOD, "--url", "ftp://relay.example"),
        (*GOOD, "--url", "https://user@relay.example"),
        (*GOOD, "word"),
        ("verify", "--key", "/nonexistent"),
        ("sign", "--key", "PRIVATE"),
        ("sign", "--key-id", ACTOR),
        ("sign", "--key", "PRIVATE", "--key-id", ACTOR, "--scheme", "other"),
        ("sign", "--key", "PRIVATE", "--key-id", ACTOR, "--url", "https://other.example"),
        ("sign", "--key", "PRIVATE", "--key-id", ACTOR, "--any-time"),
        ("canonicalize", "--key", "KEY"),
    ],
)
def test_wrong_use(files, arguments):
    names = {"KEY": files.public["rsa"], "PRIVATE": files.private["rsa"]}
    done = sig(*(names.get(a, a) for a in arguments), stdin=text_of(signed(files)))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"weir sig verify --key" in done.stderr or done.stderr.startswith(b"weir: ")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage",
        b"POST /inbox\r\n\r\n",
        b"POST https://relay.example/inbox HTTP/1.1\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: a@b\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\n folded\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\nnothing\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost : relay.example\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 9\r\n\r\nshort",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\nContent-Length: x\r\n\r\nshort",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"POST /inbox HTTP/1.1\r\nHost: relay.example\r\n\r\n" + b"x" * 5_000_000,
    ],
    ids=lambda raw: repr(raw[:60]),
)
def test_input_that_is_no_request(raw):
    done = sig("canonicalize", stdin=raw)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"weir: standard input")


def test_private_keys_are_guarded(files, tmp_path):
    loose = tmp_path / "loose.pem"
    loose.write_bytes(files.private["rsa"].read_bytes())
    loose.chmod(0o644)
    command = ("sign", "--key", loose, "--key-id", ACTOR)
    done = sig(*command, stdin=unsigned())
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"chmod 600" in done.stderr and b"PRIVATE" not in done.stderr
    loose.chmod(0o600)
    assert sig(*command, stdin=unsigned()).returncode == 0


def test_a_key_id_that_could_break_out(files):
    for key_id in ('a" b', "a\r\nX: y", "ü", ""):
        done = sig("sign", "--key", files.private["rsa"], "--key-id", key_id, stdin=unsigned())
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"key-id" in done.stderr
