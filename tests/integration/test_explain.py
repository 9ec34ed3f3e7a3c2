"""weir explain by the running relay: what was accepted is asked about by its URL, and what only the
relay knows counts; the twins are the same activities explained without it."""

import http.client
import json
import socket

import pytest

from integration.acts import join, received, server, settle
from integration.relay import PARTNER, Relay
from peers.town import Town

RULES = """\
  - { name: people, from: internal, to: partners, when: { tags: [q3], bot: false }, then: allow }
  - { name: answers, from: internal, to: partners, when: { reply_to: crossed }, then: allow }
"""


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory, settlers):
    place = tmp_path_factory.mktemp("explain")
    with Relay(place, extra=RULES) as relay, Town() as town:
        town.settlers = settlers
        blog, partner = server(town), server(town, PARTNER)
        relay.told("member", "invite", partner.host)
        join(relay, blog, partner)
        yield relay, blog, partner


def explained(relay, url, *words, code):
    done = relay.verb("explain", url, *words, "--json")
    assert done.code == code, done
    people = relay.verb("explain", url, *words)
    assert people.code == code, people
    return done.json, people.out


def without(relay, sent, *words):
    """The same activity, explained from a file."""
    path = relay.directory / "post.json"
    path.write_text(json.dumps(sent.activity))
    done = relay.verb("explain", path, *words, "--json")
    return done.code, done.json


def test_what_was_accepted_is_explained_by_its_url(scene):
    relay, blog, partner = scene
    crossed, stays = blog.post("one", tags=["partners"]), blog.post("two", tags=[])
    received(partner, crossed.id)
    for url in (crossed.id, crossed.object_id):
        told, text = explained(relay, url, "--to", "partners", code=0)
        assert (told["verdict"], told["zones"][0]["rule"]) == ("allow", "shared")
        assert told["from"] == {"host": blog.host, "zone": "internal"}
        assert told["activity"]["id"] == crossed.id
        assert "verdict   allow  by rule shared (line " in text
    told, text = explained(relay, stays.id, "--to", partner.host, code=1)
    assert (told["verdict"], told["code"]) == ("deny", "no-rule")
    assert "export 1  shared               tags is [], wants partners\n" in text
    told, _ = explained(relay, stays.id, code=0)  # it may have its own zone
    assert [zone["allow"] for zone in told["zones"]] == [True, False, False]


def test_the_form_is_the_one_that_this_member_would_get(scene):
    relay, blog, partner = scene
    sent = blog.post("three", tags=["partners"])
    received(partner, sent.id)
    zone, _ = explained(relay, sent.id, "--to", "partners", code=0)
    assert zone["gets"]["withProofs"] == "bytes" != zone["gets"]["otherwise"]
    host, text = explained(relay, sent.id, "--to", partner.host, code=0)
    assert host["gets"] == {"withProofs": "bytes", "otherwise": "bytes"}
    assert text.endswith("gets      the activity, byte for byte\n")


def test_an_author_whom_the_relay_knows_is_no_machine(scene):
    relay, blog, partner = scene
    sent = blog.post("four", tags=["q3"])
    received(partner, sent.id)
    told, _ = explained(relay, sent.id, "--to", "partners", code=0)
    assert told["zones"][0]["rule"] == "people"
    code, told = without(relay, sent, "--from", blog.host, "--to", "partners")
    assert (code, told["code"]) == (1, "no-rule")
    assert "bot is missing" in [r for r in told["rules"] if r["rule"] == "people"][0]["because"]


def test_a_conversation_is_known(scene):
    relay, blog, partner = scene
    asked = partner.post("what is it?")
    received(blog, asked.id)
    settle(relay)
    whole = blog.write("an answer", tags=())
    whole["object"]["inReplyTo"] = asked.object_id
    answer = blog.send(whole)
    assert answer.status == 202, answer.answer
    received(partner, answer.id)
    told, text = explained(relay, answer.id, "--to", "partners", code=0)
    assert told["zones"][0]["rule"] == "answers"
    assert "only a running relay knows" not in text
    code, told = without(relay, answer, "--from", blog.host, "--to", "partners")
    assert (code, told["code"]) == (1, "no-rule")


def test_a_freeze_is_known(scene):
    relay, blog, partner = scene
    sent = blog.post("five", tags=["partners"])
    received(partner, sent.id)
    relay.told("freeze", "internal -> partners", "--reason", "a test")
    told, text = explained(relay, sent.id, "--to", partner.host, code=1)
    assert (told["verdict"], told["code"]) == ("hold", "frozen")
    assert "a test\n" in text and "weir thaw 'internal -> partners' --reason TEXT" in text
    relay.told("thaw", "internal -> partners", "--reason", "a test")
    explained(relay, sent.id, "--to", partner.host, code=0)


def test_what_the_author_said_is_known(scene):
    relay, blog, partner = scene
    sent = blog.post("six", tags=["partners"])
    received(partner, sent.id)
    relay.told("author", "optout", sent.activity["actor"], "--reason", "a test")
    told, _ = explained(relay, sent.id, "--to", "partners", code=1)
    assert (told["code"], told["consent"]) == ("opted-out", {"says": False, "by": "registry"})
    relay.told("author", "forget", sent.activity["actor"], "--reason", "a test")
    explained(relay, sent.id, "--to", "partners", code=0)


def test_what_is_not_known_is_refused(scene):
    relay, *_ = scene
    done = relay.verb("explain", f"{relay.url}/nothing")
    assert done.code == 1 and "not-known" in done.err


def ask(relay, body):
    there = http.client.HTTPConnection("localhost", timeout=60)
    there.sock = socket.socket(socket.AF_UNIX)
    there.sock.connect(str(relay.data / "admin.sock"))
    there.request("POST", "/api/v1/policy/explain", body)
    answer = there.getresponse()
    text = answer.read()
    there.close()
    return answer.status, json.loads(text)


def test_the_api_takes_an_activity_too(scene):
    relay, blog, _ = scene
    whole = blog.write("seven", tags=["partners"])
    status, told = ask(relay, json.dumps(
        {"activity": whole, "from": blog.host, "to": "partners"}))
    assert (status, told["verdict"]) == (200, "allow")
    status, told = ask(relay, json.dumps(
        {"activity": blog.write("eight", tags=[]), "from": blog.host, "to": "partners"}))
    assert (status, told["verdict"], told["code"]) == (200, "deny", "no-rule")
    for body, code in (("{}", "usage"), ('{"activity": {}, "from": "a"}', "not-an-activity"),
                       (json.dumps({"activity": whole}), "usage"), ("{", "json-syntax"),
                       ('{"url": "https://x.example/1", "to": "a b"}', "usage")):
        status, told = ask(relay, body)
        assert status >= 400 and told["code"] == code, (body, told)
