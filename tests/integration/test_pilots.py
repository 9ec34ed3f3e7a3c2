"""Pilots through real processes: the list, warnings (log, metric, webhook), the end on the wire, what
follows it; extended, ended, promoted by a person, each with a line in the audit log."""

import datetime
import http.server
import json
import threading

import pytest

from integration.acts import accepted, follow, join, received, refused, rejected, server
from integration.redis_client import Redis
from integration.relay import CONFIG, PARTNER, Relay, wait_until
from integration.scenes import row
from integration.test_audit import newest

WHY = ("--reason", "a test")
RULES = CONFIG + """\
  - { name: sc-out, from: internal, to: partners, when: { tags: [sc] }, then: allow,
      until: 2099-04-30, owner: eve@corp.example, reason: supply chain }
"""


class Chat:
    """What the company's chat would be: takes POSTs, answers as it is told to."""

    def __init__(self):
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = chat.answers.pop(0) if chat.answers else 204
                chat.asked.append((self.path, self.headers["Content-Type"], status, json.loads(body)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.answers, self.asked = [], []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/4711"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def told(self, pilot):
        return [body for _, _, status, body in list(self.asked)
                if status < 300 and body["pilot"] == pilot]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module", name="chat")
def fixture_chat():
    chat = Chat()
    yield chat
    chat.close()


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory, chat):
    extra = f"pilots: {{ webhook: {chat.url} }}\n"
    with Relay(tmp_path_factory.mktemp("pilots"), extra + RULES) as relay:
        yield relay


def ahead(**how):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**how)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def pilot(relay, town, until, *words):
    peer = server(town, PARTNER)
    relay.told("member", "invite", peer.host, "--zone", "partners", "--until", until, *words)
    return peer


def listed(relay, name):
    return next((p for p in relay.told("pilot", "list")["pilots"] if p["pilot"] == name), None)


def warnings(relay, name):
    return [line for line in relay.log("pilot") if line.get("pilot") == name]


# --- the list -----------------------------------------------------------------------------------


def test_the_list_has_members_and_rules_the_next_to_end_first(relay, town):
    near = pilot(relay, town, "2093-04-30", "--sponsor", "bob@corp.example", "--note", "phase 1")
    far = pilot(relay, town, "2094-04-30")
    none = server(town, PARTNER)
    relay.told("member", "invite", none.host, "--zone", "partners")
    names = [p["pilot"] for p in relay.told("pilot", "list")["pilots"]]
    assert [n for n in names if n in (near.host, far.host, "rule:sc-out", none.host)] == [
        near.host, far.host, "rule:sc-out"]
    found = listed(relay, near.host)
    assert (found["kind"], found["state"], found["zone"]) == ("member", "invited", "partners")
    assert (found["sponsor"], found["note"]) == ("bob@corp.example", "phase 1")
    assert found["until"].startswith("2093-04-30") and "within" not in found
    rule = listed(relay, "rule:sc-out")
    assert (rule["kind"], rule["sponsor"], rule["note"]) == ("rule", "eve@corp.example", "supply chain")
    assert "from internal to partners" in rule["rule"]
    lines = relay.verb("pilot", "list").out.splitlines()
    assert lines[0].split() == ["PILOT", "STATE", "UNTIL", "WITHIN", "ZONE", "SPONSOR"]
    line, = (line for line in lines if line.startswith(near.host))
    assert line.split()[-1] == "bob@corp.example"


# --- warnings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("days, within", [(29, "30d"), (6, "7d"), (0.9, "1d")])
def test_whose_end_is_near_is_warned_of_once(relay, town, chat, days, within):
    chat.answers[:] = [500]  # the first time it does not take it
    peer = pilot(relay, town, ahead(days=days), "--sponsor", "bob@corp.example")
    told, = wait_until(lambda: chat.told(peer.host), "the webhook is told")
    assert (told["event"], told["within"], told["zone"]) == ("pilot-ending", within, "partners")
    assert (told["sponsor"], told["relay"]) == ("bob@corp.example", relay.url)
    assert peer.host in told["text"] and told["until"] in told["text"]
    line, = wait_until(lambda: warnings(relay, peer.host), "it is logged")
    assert (line["level"], line["within"], line["sponsor"]) == ("warn", within, "bob@corp.example")
    assert listed(relay, peer.host)["within"] == within
    assert "hooks" not in relay.err_text  # what may be a secret stands in no log
    relay.told("pilot", "extend", peer.host, "--until", ahead(days=days / 2), *WHY)
    wait_until(lambda: len(chat.told(peer.host)) == 2, "another end is warned of anew")


def spoiled(relay, name):
    with Redis(relay.data / "redis.sock") as redis:
        redis("HSET", "{weir}:warned", name, "soon")
    return relay.verb("verify").err


def test_a_warning_is_not_given_again_by_a_relay_that_restarts(tmp_path, town):
    chat = Chat()
    try:
        with Relay(tmp_path, f"pilots: {{ webhook: {chat.url} }}\n" + CONFIG) as relay:
            one = pilot(relay, town, ahead(days=6))
            wait_until(lambda: chat.told(one.host), "the webhook is told")
            relay.stop()
            relay.start()
            other = pilot(relay, town, ahead(days=6))
            wait_until(lambda: chat.told(other.host), "the webhook is told of the other")
            assert len(chat.told(one.host)) == 1
            assert relay.verb("verify").code == 0
            wait_until(lambda: relay.metric('weir_pilots_ending{within="7d"}') == 2, "both are counted")
            assert relay.metric('weir_pilots_ending{within="30d"}') == 2
            assert relay.metric('weir_pilots_ending{within="1d"}') == 0
            # the twin: what can't be one is named; the next look of the steward may put it right
            wait_until(lambda: f"the warning of {one.host} can't be read" in spoiled(relay, one.host),
                       "verify finds it")
    finally:
        chat.close()


# --- the end ------------------------------------------------------------------------------------


def test_a_pilot_that_ends_is_told_so_keeps_its_past_and_may_be_extended(relay, town):
    peer, blog = pilot(relay, town, "2093-04-30"), server(town)
    join(relay, blog, peer)
    before = blog.post("while it lasts", tags=["partners"])
    received(peer, before.id)
    relay.told("pilot", "extend", peer.host, "--until", ahead(seconds=2), *WHY)
    rejected(peer)
    wait_until(lambda: relay.state(peer.host) == "expired", "it is expired")
    assert listed(relay, peer.host)["state"] == "expired"
    refused(peer.post("may I?"), 403, "expired")
    refused(follow(relay, peer), 403, "expired")
    later = blog.post("after its end", tags=["partners"])
    assert later.status == 202
    assert row(relay, before.id, peer.host)["verdict"] == "delivered"  # nothing is deleted
    assert row(relay, later.id, peer.host)["code"] == "not-member"
    told = relay.told("pilot", "extend", peer.host, "--until", "2093-04-30", *WHY)
    assert (told["state"], told["until"]) == ("invited", "2093-04-30T23:59:59Z")
    assert any(relay.actor in r["how"] for r in told["join"])  # it has to follow anew
    assert follow(relay, peer).status == 202
    accepted(peer, 2)
    assert relay.state(peer.host) == "active"
    again = blog.post("again", tags=["partners"])
    received(peer, again.id)


def test_a_pilot_is_ended_by_a_person(relay, town):
    peer = pilot(relay, town, "2093-04-30")
    join(relay, peer)
    assert relay.told("pilot", "end", peer.host, "--reason", "it did not work")["state"] == "expired"
    rejected(peer)
    line = newest(relay, target=peer.host)
    assert (line["verb"], line["reason"]) == ("pilot end", "it did not work")
    assert (line["before"]["state"], line["after"]["state"]) == ("active", "expired")


def test_a_pilot_is_promoted(relay, town):
    peer = pilot(relay, town, ahead(days=2))
    join(relay, peer)
    told = relay.told("pilot", "promote", peer.host, "--reason", "it works")
    assert told["state"] == "active" and "until" not in told
    assert listed(relay, peer.host) is None
    line = newest(relay, target=peer.host)
    assert (line["verb"], line["reason"]) == ("pilot promote", "it works")
    assert line["before"]["until"] and "until" not in line["after"]
    assert "until" not in relay.member(peer.host)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    (), ("dance",), ("list", "x.example"), ("extend", "x.example", *WHY),
    ("extend", "x.example", "--until", "2093-01-01"), ("end", "x.example"), ("promote", "x.example"),
    ("end", "x.example", "--until", "2093-01-01", *WHY), ("end", *WHY),
    ("end", "x.example", "--reason", ""), ("list", *WHY),
], ids=" ".join)
def test_wrong_use_ends_with_2(relay, words):
    done = relay.verb("pilot", *words)
    assert (done.code, done.out) == (2, "")
    assert "pilot" in done.err


def test_what_can_not_be_done_ends_with_1_and_says_why(relay, town):
    peer = pilot(relay, town, "2093-04-30")
    blog, = join(relay, server(town))
    for words, says in (
        (("extend", peer.host, "--until", "2001-01-01"), "passed already"),
        (("extend", peer.host, "--until", "soon"), "until is a day"),
        (("extend", blog.host, "--until", "2093-01-01"), "no-such-pilot"),
        (("promote", blog.host), "no-such-pilot"), (("end", blog.host), "no-such-pilot"),
        (("end", "127.0.0.2:1"), "no-such-member"), (("end", "rule:none"), "no-such-pilot"),
    ):
        done = relay.verb("pilot", *words, *WHY)
        assert (done.code, done.out) == (1, ""), words
        assert says in done.err, words
    number = next(i for i, text in enumerate(relay.config.read_text().splitlines(), 1) if "sc-out" in text)
    for words in (("extend", "rule:sc-out"), ("end", "rule:sc-out"), ("promote", "rule:sc-out", *WHY)):
        done = relay.verb("pilot", *words)
        assert done.code == 1 and "in-the-file" in done.err
        assert f"{relay.config}:{number}:" in done.err
