"""ATTACKS 3.1 at the real public listener: methods, paths, hosts, types and framing (H05 to H29),
what a request gets before anybody looks at its signature. tests/unit/io/test_http_server.c has the
catalogue of bad framing; here it is the whole program that answers, logs and counts.

The requests are rightly signed for what they are, so that nothing but the row itself is wrong."""

import contextlib
import json
import re
import socket
import time

import pytest

from integration import bent
from integration.refusals import PATIENCE_S, check_problem, read_answer, speak, stage
from peers.wire import ACTIVITY_JSON

EXTRA = """\
timeouts: { header: 1s, body: 2s, answer: 2s }
"""
SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("http"), extra=EXTRA) as s:
        yield s
        s.check_arrivals()


def turned_away(s, data, status, code):
    """Refused before the inbox: a problem document, a line `request` in the log with the code, a
    count among the answers of that class, none in weir_inbox_total."""
    name = f'weir_http_requests_total{{class="{status // 100}xx"}}'
    before = s.relay.metric(name)
    answer = s.ask(data)
    check_problem(answer, status, code)
    lines, counted = s.news("request")
    said = [(line["status"], line.get("code")) for line in lines if line.get("event") == "request"]
    assert said == [(str(status), code)], lines
    assert not counted and s.relay.metric(name) == before + 1
    return answer


def signed(s, request):
    """Signed anew by the blog, for the method and target that it has."""
    return bent.cavage(request, s.blog.actors["alice"])


# --- methods and paths ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_h20_other_methods_at_the_inbox(s, method):
    good = s.post()
    answer = turned_away(s, signed(s, good.copy(method=method)), 405, "method")
    assert answer.fields["allow"] == "POST"
    assert SAFE.items() <= answer.fields.items()
    s.accepted(good)


@pytest.mark.parametrize("method", ["post", "Post", "BREW", "CONNECT"])
def test_h20_methods_that_there_are_not(s, method):
    good = s.post()
    turned_away(s, signed(s, good.copy(method=method)), 501, "not-implemented")
    s.accepted(good)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_h20_override_is_ignored(s, name):
    good = s.post()
    turned_away(s, signed(s, good.copy(method="PUT", headers=[*good.headers, (name, "POST")])), 405,
                "method")
    good.set(name, "DELETE")
    s.accepted(good)


READ = ["/", "/actor", "/outbox", "/followers", "/following", "/.well-known/webfinger",
        "/.well-known/host-meta", "/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1"]


@pytest.mark.parametrize("path", READ)
def test_h20_nothing_is_posted_to_a_document(s, path):
    request = signed(s, s.post().copy(url=s.relay.url + path))
    assert turned_away(s, request, 405, "method").fields["allow"] == "GET, HEAD"


def test_h20_head_of_the_inbox_has_no_body(s):
    data = f"HEAD /inbox HTTP/1.1\r\nHost: {s.relay.host}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", int(s.relay.host.split(":")[1]))) as line:
        line.sendall(data)
        head, body = line.makefile("rb").read().split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ") and body == b""
    s.news()


PATHS = ["//inbox", "/inbox/", "/inbox?x", "/inbox?", "/%69nbox", "/./inbox", "/x/../inbox",
         "/%2e%2e/inbox", "/..%2finbox", "/inbox%00", "/inbox%20", "/inbox;x", "/INBOX", "/Inbox",
         "/inbox%2f", "/inbox.json", "/%2569nbox", "/actor/inbox", "/users/relay/inbox", "/\\inbox",
         # what belongs to operators is not here (D07)
         "/metrics", "/livez", "/readyz", "/status", "/members", "/admin", "/v1/status"]


@pytest.mark.parametrize("path", PATHS)
def test_h21_there_is_one_inbox(s, path):
    """If a target were read in two ways, one would be signed and the other be routed."""
    good = s.post()
    turned_away(s, with_target(s, good, path), 404, "not-found")
    get = f"GET {path} HTTP/1.1\r\nHost: {s.relay.host}\r\n\r\n"
    turned_away(s, get.encode(), 404, "not-found")
    s.accepted(good)


def with_target(s, request, target):
    """The bytes of the request, signed for this target as it stands."""
    base = bent.cavage_base(request, bent.POST, {}).replace(b"post /inbox\n",
                                                            b"post " + target.encode() + b"\n")
    actor = s.blog.actors["alice"]
    value = bent.b64(bent.keys.sign(actor.keys.rsa, base))
    other = request.copy()
    other.set("Signature", f'keyId="{actor.key_id}",headers="{bent.POST}",signature="{value}"')
    return other.to_bytes().replace(b"POST /inbox ", b"POST " + target.encode() + b" ", 1)


# --- hosts ----------------------------------------------------------------------------------------


HOSTS = ["other.example", "127.0.0.1", "127.0.0.1:1", "localhost:{port}", "127.0.0.1.:{port}",
         "127.1:{port}", "0.0.0.0:{port}", "[::1]:{port}"]


@pytest.mark.parametrize("host", HOSTS)
def test_h15_signed_for_another_host(s, host):
    """What was signed for another relay does not count here, even with its own Host."""
    good = s.post()
    other = good.copy()
    other.set("Host", host.format(port=s.relay.host.split(":")[1]))
    turned_away(s, signed(s, other), 421, "misdirected")
    s.accepted(good)


def test_h15_documents_are_the_same_under_any_host(s):
    """They say themselves whose they are; nothing of the Host gets into them."""
    name = s.relay.host
    for path in READ:
        query = f"?resource=acct:relay@{name}" if "webfinger" in path else ""
        answers = [s.ask(f"GET {path}{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                   for host in (name, "evil.example")]
        assert [answer.status for answer in answers] == [200, 200], path
        assert answers[0].body == answers[1].body and b"evil" not in answers[1].body
    s.news()


def test_h14_http_1_0_without_a_host_has_no_inbox(s):
    good = s.post()
    data = good.to_bytes().replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
    data = re.sub(rb"Host: [^\r]*\r\n", b"", data)
    turned_away(s, data, 421, "misdirected")
    s.accepted(good)


# --- framing: (stage, bytes of a good request) -> bytes -------------------------------------------


def one_more(text):
    return lambda s, data: data.replace(b"\r\n", b"\r\n" + text.encode() + b"\r\n", 1)


def twice(name):
    """The same field, with the same value, once more: even then."""
    def bend(s, data):
        line = re.search(rb"\r\n(" + name.encode() + rb": [^\r]*\r\n)", data).group(1)
        return data.replace(line, line + line, 1)

    return bend


def swap(old, new):
    def bend(s, data):
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    return bend


def chunked(data, trailer=b"", size=None):
    head, body = data.split(b"\r\n\r\n", 1)
    head = re.sub(rb"\r\nContent-Length: \d+", b"\r\nTransfer-Encoding: chunked", head)
    size = b"%x" % len(body) if size is None else size
    return head + b"\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n" + trailer + b"\r\n"


def absolute(authority):
    line = f"POST http://{authority}/inbox".encode()
    return lambda s, data: data.replace(b"POST /inbox", line, 1)


FRAMING = [
    ("H05 request line of 8 KiB",
     swap("/inbox HTTP", f"/inbox{'x' * 8192} HTTP"), 414, "uri-too-long"),
    ("H05 header of 32 KiB", one_more("\r\n".join(["X-A: " + "a" * 8000] * 5)), 431, "headers"),
    ("H05 101 fields", one_more("\r\n".join(["X-A: a"] * 101)), 431, "headers"),
    ("S01 a signature of 64 KiB", swap('keyId="', f'x="{"a" * 65536}",keyId="'), 431, "headers"),
    ("H06 1 MiB and a byte",
     lambda s, d: re.sub(rb"Content-Length: \d+", b"Content-Length: 1048577", d),
     413, "too-large"),
    ("H06 chunk of 1 MiB and a byte", lambda s, d: chunked(d, size=b"100001"), 413, "too-large"),
    ("H07 length +5", lambda s, d: d.replace(b"Content-Length: ", b"Content-Length: +"), 400, None),
    ("H08 two lengths", twice("Content-Length"), 400, None),
    ("H09 length and chunked", one_more("Transfer-Encoding: chunked"), 400, None),
    ("H10 gzip, chunked",
     lambda s, d: chunked(d).replace(b"Encoding: chunked", b"Encoding: gzip, chunked"), 501,
     "not-implemented"),
    ("H11 chunk size -1", lambda s, d: chunked(d, size=b"-1"), 400, None),
    ("H13 folded line", one_more("X-A: a\r\n b"), 400, None),
    ("H13 blank before the colon", swap("Host:", "Host :"), 400, None),
    ("H13 bare line feed", lambda s, d: d.replace(b"\r\n", b"\n", 1), 400, None),
    ("H13 NUL", one_more("X-A: a\0b"), 400, None),
    ("H14 no Host", lambda s, d: re.sub(rb"Host: [^\r]*\r\n", b"", d), 400, None),
    ("H14 two Hosts", one_more("Host: other.example"), 400, None),
    ("H14 two Hosts, alike", twice("Host"), 400, None),
    ("H14 Host with a user", swap("Host: ", "Host: a@"), 400, None),
    ("H14 Host with a list", swap("Host: ", "Host: a, "), 400, None),
    ("H16 absolute, other authority", absolute("other.example"), 400, None),
    ("H16 absolute, with a user", lambda s, d: absolute("a@" + s.relay.host)(s, d), 400, None),
    ("H22 HTTP/0.9", lambda s, d: b"GET /inbox\r\n", 400, None),
    ("H22 HTTP/2 preface", lambda s, d: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, None),
    ("H22 TLS", lambda s, d: b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400, None),
    ("H22 Redis", lambda s, d: b"*1\r\n$4\r\nPING\r\n", 400, None),
    ("H23 gzip", one_more("Content-Encoding: gzip"), 415, "media-type"),
    ("H23 deflate", one_more("Content-Encoding: deflate"), 415, "media-type"),
    ("H23 br", one_more("Content-Encoding: br"), 415, "media-type"),
    ("H28 two Dates", twice("Date"), 400, None),
    ("H28 two Digests", twice("Digest"), 400, None),
    ("H28 two Signatures", twice("Signature"), 400, None),
    ("H28 two Signatures, the second other", one_more('Signature: keyId="a",signature="AA=="'), 400,
     None),
    ("H28 two Content-Types", one_more("Content-Type: text/plain"), 400, None),
    ("H28 two Authorizations", one_more("Authorization: a\r\nAuthorization: b"), 400, None),
    ("H29 unknown Expect", one_more("Expect: a-miracle"), 417, "expectation"),
]


@pytest.mark.parametrize("row", FRAMING, ids=[row[0] for row in FRAMING])
def test_framing_refused_and_its_twin_accepted(s, row):
    _, bend, status, code = row
    good = s.post()
    bad = bend(s, good.to_bytes())
    assert bad != good.to_bytes()
    turned_away(s, bad, status, code or "bad-request")
    s.accepted(good)


FRAMED = [
    ("chunked", lambda s, d: chunked(d)),
    ("H12 trailers are dropped", lambda s, d: chunked(d, b"Host: other.example\r\nDate: x\r\n")),
    ("H23 identity", one_more("Content-Encoding: identity")),
    ("H27 forwarded",
     one_more("X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.2;host=a.example")),
    ("H14 one empty line before", lambda s, d: b"\r\n" + d),
]


@pytest.mark.parametrize("row", FRAMED, ids=[row[0] for row in FRAMED])
def test_framing_that_is_right(s, row):
    good = s.post()
    _, line = s.accepted(row[1](s, good.to_bytes()), good.body)
    assert line["peer"] == "127.0.0.1"


def test_h12_a_signature_in_the_trailer_is_none(s):
    good = s.post()
    unsigned = good.copy()
    unsigned.drop("Signature")
    trailer = f"Signature: {good.get('signature')}\r\n".encode()
    s.refused(chunked(unsigned.to_bytes(), trailer), 401, "signature-missing")
    s.accepted(good)


def test_h29_expect_continue(s):
    good = s.post()
    head, body = good.to_bytes().split(b"\r\n\r\n", 1)
    head += b"\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(s.relay.host.split(":")[1]))) as line:
        reader = line.makefile("rb")
        line.sendall(head)
        assert reader.readline().startswith(b"HTTP/1.1 100 ") and reader.readline() == b"\r\n"
        line.sendall(body)
        assert read_answer(reader).status == 202
    assert s.news()[1] == {"ok": 1}
    s.expected.append(json.loads(body)["id"])
    large = re.sub(rb"Content-Length: \d+", b"Content-Length: 1048577", head)
    turned_away(s, large, 413, "too-large")  # at once: no 100 before it


# --- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [
    "text/plain", "text/html", "application/json", "application/jrd+json", "image/png", "*/*", "",
    "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ACTIVITY_JSON + "x",
    "x" + ACTIVITY_JSON, "text/plain; a=" + ACTIVITY_JSON, f"text/plain, {ACTIVITY_JSON}",
])
def test_h24_other_types(s, kind):
    good = s.post()
    other = good.copy()
    other.set("Content-Type", kind)
    s.refused(signed(s, other), 415, "media-type")
    s.accepted(good)


def test_h24_no_type(s):
    good = s.post()
    other = good.copy()
    other.drop("Content-Type")
    s.refused(bent.cavage(other, s.blog.actors["alice"], "(request-target) host date digest"), 415,
              "media-type")
    s.accepted(good)


# --- several requests on a connection, and clients that stop --------------------------------------


def test_h17_pipelined_requests_are_answered_in_order(s):
    good = [s.post() for _ in range(8)]
    unsigned = good[0].copy()
    unsigned.drop("Signature")
    get = f"GET /nowhere HTTP/1.1\r\nHost: {s.relay.host}\r\n\r\n".encode()
    data = b"".join(request.to_bytes() + unsigned.to_bytes() + get for request in good)
    assert [answer.status for answer in speak(s.relay.host, data, 24)] == [202, 401, 404] * 8
    assert s.news()[1] == {"ok": 8, "signature-missing": 8}
    s.expected += [json.loads(request.body)["id"] for request in good]


@pytest.mark.parametrize("how", ["framing", "length"])
def test_h18_nothing_behind_a_broken_request_is_executed(s, how):
    good = s.post()
    broken = {"framing": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
              "length": b"POST /inbox HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"}[how]
    answers = speak(s.relay.host, broken + good.to_bytes(), 2)
    assert [answer.status for answer in answers] == [400]
    assert answers[0].fields["connection"] == "close"
    assert not s.news()[1]
    s.accepted(good)


def test_h25_a_client_that_has_said_all_and_closes_its_half_is_answered(s):
    good = s.post()
    with socket.create_connection(("127.0.0.1", int(s.relay.host.split(":")[1]))) as line:
        line.sendall(good.to_bytes())
        line.shutdown(socket.SHUT_WR)
        assert read_answer(line.makefile("rb")).status == 202
    s.news()
    s.expected.append(json.loads(good.body)["id"])


@pytest.mark.parametrize("part", [0.3, 0.99])
def test_h25_a_client_that_goes_away_in_the_middle_has_said_nothing(s, part):
    good = s.post()
    data = good.to_bytes()
    with socket.create_connection(("127.0.0.1", int(s.relay.host.split(":")[1]))) as line:
        line.sendall(data[:int(len(data) * part)])
    assert not s.news()[1]
    s.accepted(good)


@pytest.mark.parametrize("where", ["header", "body"])
def test_h01_h02_a_client_that_stops_in_the_middle_is_told(s, where):
    good = s.post()
    data = good.to_bytes()
    end = data.index(b"\r\n\r\n") + 4
    start = time.monotonic()
    turned_away(s, data[:end - 10] if where == "header" else data[:end + 10], 408, "timeout")
    assert time.monotonic() - start < PATIENCE_S
    s.accepted(good)


def test_h26_the_65th_connection_of_an_address_is_closed(s):
    port = int(s.relay.host.split(":")[1])
    with contextlib.ExitStack() as lines:
        def connect(source):
            line = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
            return lines.enter_context(line)

        for _ in range(64):
            connect("127.0.3.1")
        more = connect("127.0.3.1")
        more.settimeout(10)
        assert more.recv(1) == b""
        good = s.post()
        other = connect("127.0.3.2")
        other.sendall(good.to_bytes())
        assert read_answer(other.makefile("rb")).status == 202
    lines = [line for line in s.news("request")[0] if line.get("code") == "rate"]
    assert [line["peer"] for line in lines] == ["127.0.3.1"]
    s.expected.append(json.loads(good.body)["id"])


# --- the log, and WebFinger -----------------------------------------------------------------------


def test_d08_nobody_writes_lines_into_the_log(s):
    evil = "Create\r\nlevel=error event=fake\x1b[31m\u202e\u2028"
    good = s.activity()
    _, line = s.ignored(s.signed({**good, "type": evil}), "not-relayed")
    text = s.relay.err_text
    assert "\x1b" not in text and "\u202e" not in text and "\u2028" not in text
    assert all(said.startswith("ts=") for said in text.splitlines())
    assert not s.relay.log("fake")
    assert line["event"] == "inbox" and line["type"].startswith("Create\\u000d\\u000alevel=error")
    s.accepted(s.signed(good))


RESOURCES = [
    ("", 400, "bad-request"),
    ("?resource=", 400, "bad-request"),
    ("?resource=relay", 400, "bad-request"),
    ("?resource=%zz:", 400, "bad-request"),
    ("?resource=acct:a%00", 400, "bad-request"),
    ("?resource=acct:relay@{host}&resource=acct:relay@{host}", 400, "bad-request"),
    ("?resource=acct:nobody@{host}", 404, "not-found"),
    ("?resource=acct:relay@other.example", 404, "not-found"),
    ("?resource=http://other.example/actor", 404, "not-found"),
    ("?resource=acct:" + "a" * 4000, 400, "bad-request"),
]


@pytest.mark.parametrize("row", RESOURCES, ids=[row[0][:40] for row in RESOURCES])
def test_webfinger_of_what_is_not_here(s, row):
    target = "/.well-known/webfinger" + row[0].format(host=s.relay.host)
    data = f"GET {target} HTTP/1.1\r\nHost: {s.relay.host}\r\n\r\n".encode()
    answer = turned_away(s, data, *row[1:])
    assert answer.fields["access-control-allow-origin"] == "*"


def test_h16_absolute_form_is_read_as_the_path(s):
    """A proxy may ask so (RFC 9112 section 3.2.2); the signature covers the target as it stands."""
    good = s.post()
    data = with_target(s, good, f"http://{s.relay.host}/inbox")
    s.accepted(data, good.body)
