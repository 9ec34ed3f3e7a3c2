"""ATTACKS 3.3 (J01 to J12) and S25: JSON from strangers. The scan is stricter than any parser that
is in use: where two readers may see two documents, there is none.

Each row is a whole activity, rightly signed, with one thing wrong in its bytes; its twin is the
same without that, and reaches a receiver once, byte for byte."""

import hashlib
import json
import time

import pytest

from integration.refusals import PATIENCE_S, stage
from peers.records import body_of

SYNTAX = "json-syntax"
TWICE = "json-duplicate"
DEPTH = "json-depth"
SIZE = "json-size"
ENCODING = "json-encoding"
NUMBER = "json-number"
NOT_ONE = "not-an-activity"


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("json")) as s:
        yield s
        s.check_arrivals()


# --- ways to break a text: (bytes, activity) -> bytes --------------------------------------------


def member(text):
    """One more member, as it stands, before the others. An empty one changes nothing: its twin."""
    raw = text.encode("utf-8") if isinstance(text, str) else text
    return lambda body, _: b"{" + raw + b"," + body[1:]


def value(text):
    raw = text.encode("utf-8") if isinstance(text, str) else text
    return member(b'"x":' + raw)


def after(raw):
    return lambda body, _: body + raw


def before(raw):
    return lambda body, _: raw + body


def only(raw):
    return lambda body, _: raw


def again(name, key=None):
    """A member that is there, once more at the end, with another value."""
    key = key or name
    return lambda body, _: body[:-1] + f',"{key}":"http://127.0.0.9/x"}}'.encode()


def nested(depth, open_="[", close="]"):
    return value(open_ * depth + close * depth)


def encoded(name):
    return lambda body, _: body.decode("utf-8").encode(name)


def with_member(name, make):
    """A member of the activity replaced by what its old value is made into."""

    def bend(body, activity):
        return json.dumps({**activity, name: make(activity[name])}).encode("utf-8")

    return bend


def in_object(name, make):
    def bend(body, activity):
        inner = activity["object"]
        changed = {**inner, name: make(inner.get(name))}
        return json.dumps({**activity, "object": changed}).encode("utf-8")

    return bend


def raw_id(text):
    """The id with some raw text in it."""

    def bend(body, activity):
        return body.replace(activity["id"].encode(), activity["id"].encode() + text.encode())

    return bend


REFUSED = [
    # row, how it is broken, code, status where it is not 400
    ("J01 100,000 lists", only(b"[" * 100_000), DEPTH),
    ("J01 100,000 lists in it", value("[" * 100_000), DEPTH),
    ("J01 33 deep", nested(32), DEPTH),
    ("J01 33 objects deep", value('{"a":' * 31 + "{}" + "}" * 31), None),
    ("J01 34 objects deep", value('{"a":' * 32 + "{}" + "}" * 32), DEPTH),
    ("J02 actor twice", again("actor"), TWICE),
    ("J02 id twice", again("id"), TWICE),
    ("J02 type twice, alike", lambda b, a: b[:-1] + b',"type":"Create"}', TWICE),
    ("J02 escaped twin of actor", again("actor", "\\u0061ctor"), TWICE),
    ("J02 escaped twin of a slash", value(r'{"a\/b":1,"a/b":2}'), TWICE),
    ("J02 twice deep inside", value('[{"y":[{"a":1,"a":1}]}]'), TWICE),
    ("J02 twin by surrogates", value('{"\\ud83d\\ude00":1,"\U0001f600":2}'), TWICE),
    ("J03 key with NUL", member('"actor\\u0000x":1'), SYNTAX),
    ("J03 empty key with NUL", member('"\\u0000":1'), SYNTAX),
    ("J03 NUL in a value", value('"\\u0000"'), SYNTAX),
    ("J03 NUL in the id", raw_id("\\u0000"), SYNTAX),
    ("J04 overlong slash", value(b'"\xc0\xaf"'), ENCODING),
    ("J04 overlong, three bytes", value(b'"\xe0\x80\xaf"'), ENCODING),
    ("J04 surrogate", value(b'"\xed\xa0\x80"'), ENCODING),
    ("J04 beyond U+10FFFF", value(b'"\xf4\x90\x80\x80"'), ENCODING),
    ("J04 five bytes", value(b'"\xf8\x88\x80\x80\x80"'), ENCODING),
    ("J04 cut", value(b'"\xe2\x82"'), ENCODING),
    ("J04 alone", value(b'"\x80"'), ENCODING),
    ("J04 FF", value(b'"\xff"'), ENCODING),
    ("J04 in a key", member(b'"\xc0\xaf":1'), ENCODING),
    ("J04 lone high surrogate", value(r'"\ud800"'), ENCODING),
    ("J04 lone low surrogate", value(r'"\udc00"'), ENCODING),
    ("J04 surrogates the wrong way round", value(r'"\udc00\ud800"'), ENCODING),
    ("J05 1e999", value("1e999"), NUMBER),
    ("J05 -1e999", value("-1e999"), NUMBER),
    ("J05 26 digits", value("12345678901234567890123456"), NUMBER),
    ("J05 NaN", value("NaN"), SYNTAX),
    ("J05 Infinity", value("Infinity"), SYNTAX),
    ("J05 -Infinity", value("-Infinity"), SYNTAX),
    ("J05 01", value("01"), SYNTAX),
    ("J05 -01", value("-01"), SYNTAX),
    ("J05 +1", value("+1"), SYNTAX),
    ("J05 .5", value(".5"), SYNTAX),
    ("J05 5.", value("5."), SYNTAX),
    ("J05 1e", value("1e"), SYNTAX),
    ("J05 0x1", value("0x1"), SYNTAX),
    ("J05 1_0", value("1_0"), SYNTAX),
    ("J05 minus alone", value("-"), SYNTAX),
    ("J06 single quotes", value("'a'"), SYNTAX),
    ("J06 key without quotes", member("x:1"), SYNTAX),
    ("J06 raw line feed in a text", value('"a\nb"'), SYNTAX),
    ("J06 raw tab in a text", value('"a\tb"'), SYNTAX),
    ("J06 raw NUL in a text", value(b'"a\0b"'), SYNTAX),
    ("J06 NUL behind it", after(b"\0"), SYNTAX),
    ("J06 // comment", member("// so\n\"x\":1"), SYNTAX),
    ("J06 /* comment */", after(b"/* so */"), SYNTAX),
    ("J06 comma at the end", lambda b, a: b[:-1] + b",}", SYNTAX),
    ("J06 comma at the end of a list", value("[1,]"), SYNTAX),
    ("J06 no comma", value("[1 2]"), SYNTAX),
    ("J06 no colon", member('"x" 1'), SYNTAX),
    ("J06 not closed", lambda b, a: b[:-1], SYNTAX),
    ("J06 text not closed", value('"'), SYNTAX),
    ("J06 unknown escape", value(r'"\x41"'), SYNTAX),
    ("J06 short escape", value(r'"\u41"'), SYNTAX),
    ("J06 words", value("True"), SYNTAX),
    ("J06 a word half", value("tru"), SYNTAX),
    ("J06 BOM", before(b"\xef\xbb\xbf"), SYNTAX),
    ("J06 UTF-16", encoded("utf-16"), None),
    ("J06 UTF-16 without BOM", encoded("utf-16-le"), SYNTAX),
    ("J06 UTF-32", encoded("utf-32-be"), SYNTAX),
    ("J06 text behind it", after(b" x"), SYNTAX),
    ("J06 two documents", lambda b, a: b + b, SYNTAX),
    ("J06 two documents, a line each", lambda b, a: b + b"\n" + b, SYNTAX),
    ("J06 form feed between", value("\f1"), SYNTAX),
    ("J06 no-break space between", value("\u00a01"), SYNTAX),
    ("J07 10,001 members", value("{" + ",".join(f'"{n}":0' for n in range(10001)) + "}"), SIZE),
    ("J07 50,001 values", value("[" + ",".join("0" * 50001) + "]"), SIZE),
    ("J07 as many as go into 1 MiB", value("[" + "0," * 500_000 + "0]"), SIZE),
    ("J08 a list", lambda b, a: b"[" + b + b"]", NOT_ONE),
    ("J08 a text", only(b'"Create"'), NOT_ONE),
    ("J08 a number", only(b"7"), NOT_ONE),
    ("J08 null", only(b"null"), NOT_ONE),
    ("J08 true", only(b"true"), NOT_ONE),
    ("J08 nothing in it", only(b"{}"), NOT_ONE),
    ("J08 blanks alone", only(b"  "), SYNTAX),
    ("J09 type is null", with_member("type", lambda _: None), NOT_ONE),
    ("J09 type is a number", with_member("type", lambda _: 1), NOT_ONE),
    ("J09 type is empty", with_member("type", lambda _: ""), NOT_ONE),
    ("J09 type is an empty list", with_member("type", lambda _: []), NOT_ONE),
    ("J09 two types", with_member("type", lambda _: ["Create", "Delete"]), NOT_ONE),
    ("J09 type is an object", with_member("type", lambda _: {"id": "Create"}), NOT_ONE),
    ("J09 type of 100,000", with_member("type", lambda _: ["x"] * 30000 + [1]), NOT_ONE),
    ("J09 actor is null", with_member("actor", lambda _: None), NOT_ONE),
    ("J09 actor is a number", with_member("actor", lambda _: 7), NOT_ONE),
    ("J09 two actors", with_member("actor", lambda old: [old, "http://127.0.0.9/x"]), NOT_ONE),
    ("J09 two actors, alike", with_member("actor", lambda old: [old, old]), NOT_ONE),
    ("J09 actor without an id", with_member("actor", lambda _: {"type": "Person"}), NOT_ONE),
    ("J09 id is null", with_member("id", lambda _: None), NOT_ONE),
    ("J09 id is an object", with_member("id", lambda old: {"id": old}), NOT_ONE),
    ("J09 id is a list", with_member("id", lambda old: [old]), NOT_ONE),
    ("J09 id is empty", with_member("id", lambda _: ""), "url"),
    ("J09 object is null", with_member("object", lambda _: None), NOT_ONE),
    ("J09 object is a number", with_member("object", lambda _: 7), NOT_ONE),
    ("J09 two objects", with_member("object", lambda old: [old, old]), NOT_ONE),
    ("J09 10,001 recipients", with_member("to", lambda old: old * 10001), "recipients"),
    ("J09 10,001 in all", lambda b, a: json.dumps(
        {**a, "to": a["to"] * 5000, "cc": a["to"] * 5001}).encode(), "recipients"),
    ("J09 attributed to a number", in_object("attributedTo", lambda _: 7), NOT_ONE),
    ("J09 many hashtags", in_object("tag", lambda _: [
        {"type": "Hashtag", "name": f"#{n}"} for n in range(1000)]), "tags"),
    ("J11 id of 2,049 bytes", with_member("id", lambda old: old + "a" * (2049 - len(old))), "url"),
    ("J11 id of 100 KiB", with_member("id", lambda old: old + "a" * 100_000), "url"),
    ("J11 id is no URL", with_member("id", lambda _: "urn:uuid:1"), "url"),
    ("J11 a blank in the id", with_member("id", lambda old: old + " "), "url"),
    ("J11 a line feed in the id", raw_id("\\n"), "url"),
]


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_and_its_twin_accepted(s, row):
    _, bend, code = row
    activity = s.activity()
    body = json.dumps(activity).encode("utf-8")
    request = s.signed(bend(body, activity))
    assert request.body != body
    start = time.monotonic()
    if code is None:  # which of two complaints comes first does not matter
        answer = s.ask(request)
        s.news()
        assert answer.status == 400 and answer.problem["code"] in (DEPTH, ENCODING, SYNTAX)
    else:
        answer, line = s.refused(request, 400, code)
        assert int(line["ms"]) < 5000
    assert time.monotonic() - start < PATIENCE_S
    s.accepted(s.signed(body))


TAKEN = [
    # row, how it is changed: still the same activity, forwarded byte for byte
    ("J01 32 deep", nested(31)),
    ("J07 many members", value("{" + ",".join(f'"{n}":0' for n in range(9000)) + "}")),
    ("J05 numbers", value("[0,-0,1.5,1e3,1E+3,-1.25e-10,9007199254740993,1e308]")),
    ("J04 pair of surrogates", value(r'"\ud83d\ude00"')),
    ("J04 all planes", value('"\u00e9\u20ac\U0001f600\U0010ffff\ufffd"')),
    ("J06 blanks", lambda b, a: b" \r\n\t" + json.dumps(a, indent=3).encode() + b"\n\n"),
    ("J12 no blanks", lambda b, a: json.dumps(a, separators=(",", ":")).encode()),
    ("J12 other order", lambda b, a: json.dumps(dict(reversed(a.items()))).encode()),
    ("J12 escapes", lambda b, a: b.replace(b"http", b"h\\u0074tp").replace(b"/", b"\\/")),
    ("J12 raw letters", lambda b, a: json.dumps({**a, "summary": "\u00e9\u20ac\U0001f600"},
                                                ensure_ascii=False).encode()),
    ("J12 number forms", value("[1.0,1,10e-1,100E-02,1.10]")),
    ("J10 __proto__", value('{"__proto__":{"actor":"x"},"constructor":{"prototype":1}}')),
    ("J10 aliases by a context",
     with_member("@context", lambda old: [*old, {"actor": "http://a.example/", "x": "as:actor"}])),
    ("J10 a context from elsewhere",
     with_member("@context", lambda old: [*old, "http://127.0.0.9/context"])),
    ("J09 type in a list", with_member("type", lambda old: [old])),
    ("J09 type with one that nobody knows", with_member("type", lambda old: ["x:Y", old])),
    ("J09 actor embedded (1.10)", with_member("actor", lambda old: {"id": old, "type": "Person"})),
    ("J09 actor in a list", with_member("actor", lambda old: [old])),
    ("J09 to is a text", with_member("to", lambda old: old[0])),
    ("J09 to is an object", with_member("to", lambda old: {"id": old[0]})),
    ("J09 cc is null", with_member("cc", lambda _: None)),
    ("J09 10,000 recipients", with_member("to", lambda old: old * 5000)),
    ("J11 a text of 500 KiB", value('"' + "a" * 500_000 + '"')),
    ("J11 id of 2,000 bytes", with_member("id", lambda old: old + "a" * (2000 - len(old)))),
]


@pytest.mark.parametrize("row", TAKEN, ids=[row[0] for row in TAKEN])
def test_j12_taken_and_forwarded_byte_for_byte(s, row):
    activity = s.blog.write("a post")  # with a proof, or it would be announced instead
    body = row[1](json.dumps(activity).encode("utf-8"), activity)
    s.accepted(s.signed(body))
    arrived = s.wiki.records.wait_for(activity__id=s.expected[-1], timeout=PATIENCE_S)[0]
    assert hashlib.sha256(body_of(arrived)).digest() == hashlib.sha256(body).digest()


def test_a_body_of_a_mebibyte_is_taken_and_one_more_byte_is_not(s):
    body = json.dumps(s.activity()).encode("utf-8")
    good = body + b" " * ((1 << 20) - len(body))
    answer = s.ask(s.signed(good + b" "))
    lines, counted = s.news("request")
    assert (answer.status, answer.problem["code"]) == (413, "too-large")
    assert [line["code"] for line in lines if line.get("event") == "request"] == ["too-large"]
    assert not counted
    s.accepted(s.signed(good))


def test_an_empty_body_is_none(s):
    s.refused(s.signed(b""), 400, SYNTAX)


@pytest.mark.parametrize("name", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize("where", ["top", "object", "deep"])
def test_s25_what_moves_content_out_of_the_signed_form_is_refused(s, name, where):
    activity = s.activity()
    good = json.loads(json.dumps(activity))
    level = {"top": activity, "object": activity["object"]}.get(where)
    if level is None:
        level = activity["object"].setdefault("attachment", [{"type": "Note", "x": {}}])[0]["x"]
    level[name] = [{"id": activity["id"], "type": "Delete"}]
    s.refused(s.signed(activity), 400, "graph")
    s.accepted(s.signed(good))
