"""Another configuration in the place of the one in use: what is said of it, what it does to a running
relay, what is written down, and what is refused before anything is touched."""

import hashlib
import http.server
import json
import socket
import socketserver
import stat
import threading

import pytest

from integration.acts import join, received, server, settle
from integration.relay import PARTNER, Relay, wait_until

SHARED = "when: { tags: [partners] }, then: allow"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("apply")) as relay:
        yield relay


@pytest.fixture(name="other")
def fixture_other(relay):
    """A file beside the one in use, from which it may be changed; the relay has its own again
    afterwards."""
    text = relay.config.read_text()

    def write(old="", new=""):
        assert old in text, old
        path = relay.directory / "new.yaml"
        path.write_text(text.replace(old, new))
        return path

    yield write
    relay.config.write_text(text)
    relay.told("reload")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_force(relay):
    return relay.told("status")["configuration"]


def apply(relay, path, *words, reason="a test"):
    return relay.verb("config", "apply", path, "--reason", reason, *words)


# --- weir config diff ---------------------------------------------------------------------------


def test_a_diff_says_it_in_words_and_changes_nothing(relay, other):
    before = relay.config.read_bytes()
    new = other(SHARED, "when: { tags: [partners, press] }, then: allow, until: 2033-04-30")
    done = relay.verb("config", "diff", new)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "rule shared: changed\n"
        "    was from internal to partners when {tags: partners} then allow\n"
        "    is  from internal to partners when {tags: [press, partners]} then allow, "
        "until 2033-04-30T23:59:59Z\n")
    told = relay.told("config", "diff", new)
    assert (told["running"], told["inForce"], told["restart"]) == (True, True, False)
    assert [(c["kind"], c["name"], c["how"]) for c in told["changes"]] == [
        ("rule", "shared", "changed")]
    assert relay.config.read_bytes() == before
    assert relay.verb("config", "diff", other()).out == "no change: the files are the same\n"
    assert relay.verb("config", "diff", other("zones:", "# words\nzones:")).out == (
        "no change: they say the same in other words\n")


def test_a_diff_says_where_the_file_is_not_in_force(relay, other):
    assert in_force(relay) == {"file": str(relay.config), "digest": digest(relay.config)}
    relay.config.write_text(relay.config.read_text() + "# not reloaded\n")
    done = relay.verb("config", "diff", other())
    assert "note: the running relay goes by another text than " in done.out
    assert relay.told("config", "diff", other())["inForce"] is False
    relay.told("reload")
    assert relay.told("config", "diff", other())["inForce"] is True


def test_mistakes_are_named_where_they_are(relay, other):
    new = other(SHARED, "when: { tag: [partners] }, then: allow")
    for verb in (("diff", new), ("apply", new, "--reason", "a test")):
        done = relay.verb("config", *verb)
        assert done.code == 1 and done.out == ""
        assert done.err.startswith(f"{new}:") and '"tag"' in done.err


# --- weir config apply --------------------------------------------------------------------------


def test_what_is_applied_is_in_force_and_is_written_down(relay, other, town):
    blog, partner = server(town), server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, blog, partner)
    untagged = blog.post("one", tags=[])
    settle(relay)
    was, old = digest(relay.config), relay.config.read_bytes()
    relay.config.chmod(0o640)
    new = other(SHARED, "then: allow")
    told = json.loads(apply(relay, new, "--json", reason="let the partners in").out)
    assert (told["outcome"], [c["name"] for c in told["changes"]]) == ("applied", ["shared"])
    assert relay.config.read_bytes() == new.read_bytes() != old
    before = relay.config.with_name("weir.yaml.before")
    assert before.read_bytes() == old
    assert stat.S_IMODE(relay.config.stat().st_mode) == 0o640
    assert in_force(relay)["digest"] == digest(new)
    after = blog.post("two", tags=[])
    received(partner, after.id)
    assert not partner.records.where(activity__id=untagged.id)
    lines = [json.loads(line) for line in relay.verb("audit", "export").out.splitlines()]
    begun, done = [line for line in lines if line["verb"] == "config apply"]
    assert (begun["outcome"], done["outcome"], done["of"]) == ("begun", "done", begun["n"])
    assert begun["reason"] == "let the partners in" and begun["via"] == "cli"
    assert (done["before"], done["after"]) == ({"config": was}, {"config": digest(new)})


def test_what_is_the_same_is_not_applied_again(relay, other):
    count = len(relay.verb("audit", "export").out.splitlines())
    done = apply(relay, other())
    assert (done.code, done.out) == (0, "no change: the files are the same\n")
    assert json.loads(apply(relay, other(), "--json").out)["outcome"] == "nothing"
    assert len(relay.verb("audit", "export").out.splitlines()) == count


@pytest.mark.parametrize("old, new, said", [
    ("data:", "durability: standard\ndata:", "durability can't change without a restart"),
    ("data:", "fronts: 3\ndata:", "fronts can't change without a restart"),
    ("zones:", "zone:", "unknown key \"zone\""),
], ids=["durability", "fronts", "a mistake"])
def test_what_cannot_be_applied_is_refused_before_anything_is_touched(relay, other, old, new, said):
    was, count = relay.config.read_bytes(), len(relay.verb("audit", "export").out.splitlines())
    done = apply(relay, other(old, new))
    assert done.code == 1 and said in done.err
    assert relay.config.read_bytes() == was
    assert in_force(relay)["digest"] == digest(relay.config)
    assert len(relay.verb("audit", "export").out.splitlines()) == count


@pytest.mark.parametrize("words", [
    [], ["--reason", "a test"], ["NEW"], ["NEW", "--reason", ""], ["NEW", "--reason", "two\nlines"],
], ids=["nothing", "no file", "no reason", "an empty one", "two lines"])
def test_an_apply_wants_a_file_and_a_reason(relay, other, words):
    new = other(SHARED, "then: deny")
    was = relay.config.read_bytes()
    done = relay.verb("config", "apply", *[new if word == "NEW" else word for word in words])
    assert done.code == 2 and relay.config.read_bytes() == was


def test_the_api_wants_a_reason_for_it_too(relay):
    def ask(body):
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(str(relay.data / "admin.sock"))
            there.sendall(f"POST /api/v1/reload HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = there.makefile("rb").read().decode()
        return int(answer.split()[1]), answer
    status, answer = ask('{"applies": true}')
    assert status == 422 and "reason-missing" in answer
    assert ask('{"applies": true, "reason": "a test"}')[0] == 200
    assert ask("{}")[0] == 200  # a plain one wants none


def test_another_file_than_the_relays_is_not_touched(relay, other, tmp_path):
    copy = tmp_path / "weir.yaml"
    copy.write_text(relay.config.read_text().replace("./weir-data", str(relay.data)))
    was = copy.read_bytes()
    done = relay._run("config", "apply", str(other()), "--reason", "a test", "-c", str(copy))
    assert done.code == 1
    assert f"the running relay goes by {relay.config}, not by {copy}" in done.err
    assert copy.read_bytes() == was


def test_without_a_relay_nothing_is_applied(tmp_path):
    relay = Relay(tmp_path).init()
    was = relay.config.read_bytes()
    new = relay.directory / "new.yaml"
    new.write_text(relay.config.read_text().replace(SHARED, "then: deny"))
    assert relay.verb("config", "diff", new).code == 0
    done = apply(relay, new)
    assert done.code == 3 and "no relay runs" in done.err
    assert relay.config.read_bytes() == was


# --- a relay that refuses what was found good ----------------------------------------------------


class Refusing(http.server.BaseHTTPRequestHandler):
    """Stands in a relay's place: says which file it goes by, and refuses every reload."""

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.server.config
        self.answer(200, {"configuration": {"file": str(path), "digest": self.server.digest}})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.server.config.read_bytes())
        if self.server.takes:
            self.server.digest = digest(self.server.config)
        self.answer(500, {"code": "internal", "title": "no"})


@pytest.mark.parametrize("takes", [False, True], ids=["refused", "one does not answer"])
def test_what_the_relay_refuses_is_put_back(tmp_path, takes):
    relay = Relay(tmp_path).init()
    was = relay.config.read_bytes()
    new = relay.directory / "new.yaml"
    new.write_text(relay.config.read_text().replace(SHARED, "then: deny"))
    with socketserver.UnixStreamServer(str(relay.data / "admin.sock"), Refusing) as there:
        there.config, there.digest, there.takes, there.seen = relay.config, "before", takes, []
        thread = threading.Thread(target=there.serve_forever, daemon=True)
        thread.start()
        done = apply(relay, new)
        there.shutdown()
        thread.join()
    assert done.code == 1 and "weir: internal: no" in done.err
    assert there.seen == [new.read_bytes()]  # it was in place when it was refused
    assert relay.config.read_bytes() == (new.read_bytes() if takes else was)
    assert (f"{relay.config} is as it was" in done.err) is not takes
    wait_until(lambda: not list(relay.directory.glob("weir.yaml.new-*")), "nothing is left beside it")
