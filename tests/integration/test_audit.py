"""The audit log: every change by a person is a line of it, with the hash of the line before; what was
tampered with is found, here by a second implementation too; what wants a reason gets none done without."""

import hashlib
import json
import os
import pwd
import stat

import pytest

from integration.api import Admin
from integration.acts import activity, follow, join, note, server
from integration.redis_client import Redis
from integration.relay import GUEST, PARTNER, Relay, wait_until
from integration.scenes import Scene
from peers.faults import Fault

ME = pwd.getpwuid(os.getuid()).pw_name
AUDIT = "{weir}:audit"
ZEROS = "0" * 64


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("audit")) as relay:
        yield relay


def exported(relay):
    """The lines as bytes."""
    done = relay.verb("audit", "export")
    assert done.code == 0, done
    return done.out.encode().splitlines()


def lines(relay):
    return [json.loads(line) for line in exported(relay)]


def newest(relay, **wanted):
    return [line for line in lines(relay) if wanted.items() <= line.items()][-1]


def chain_of(raw):
    """The head, if each line names the one before it."""
    head = ZEROS
    for number, line in enumerate(raw, 1):
        told = json.loads(line)
        assert (told["n"], told["prev"]) == (number, head)
        head = hashlib.sha256(line).hexdigest()
    return head


# --- what is written down -----------------------------------------------------------------------


def test_every_change_of_a_member_is_a_line_with_what_it_was_and_is(relay, town):
    peer, guest = server(town, PARTNER), server(town, GUEST)
    host = peer.host
    steps = [("invite", ("--zone", "partners", "--until", "2033-04-30"), None, "invited"),
             ("accept", (), "invited", None), ("suspend", (), "active", "suspended"),
             ("resume", (), "suspended", "active"), ("remove", (), "active", "removed")]
    for verb, words, before, after in steps:
        if verb == "accept":
            join(relay, peer)  # the invitation lets it in
            continue
        relay.told("member", verb, host, *words, "--reason", f"why {verb}")
        told = newest(relay, target=host)
        assert (told["verb"], told["who"], told["via"]) == (f"member {verb}", ME, "cli")
        assert told["reason"] == f"why {verb}"
        assert (told["before"] or {}).get("state") == before
        assert (told["after"]["state"], told["after"]["zone"]) == (after, "partners")
        assert told["line"] > 0
    assert newest(relay, verb="member invite")["after"]["until"].startswith("2033-04-30")
    for verb, state in (("accept", "active"), ("reject", "removed")):
        guest = server(town, GUEST)
        follow(relay, guest)
        relay.told("member", verb, guest.host, "--reason", "as agreed")
        told = newest(relay, target=guest.host)
        assert (told["verb"], told["before"]["state"], told["after"]["state"]) == (
            f"member {verb}", "pending", state)


def test_what_no_person_does_is_no_line(relay, town):
    before = len(exported(relay))
    join(relay, server(town))
    assert len(exported(relay)) == before


def test_a_change_that_is_refused_is_no_line(relay, town):
    blog, = join(relay, server(town))
    before = len(exported(relay))
    assert relay.verb("member", "accept", blog.host, "--reason", "again").code == 1
    assert relay.verb("member", "suspend", "127.0.0.2:1", "--reason", "nobody").code == 1
    assert relay.verb("queue", "hold", "127.0.0.2:1").code == 1
    assert relay.verb("recall", f"{blog.origin}/notes/none", "--reason", "nothing").code == 1
    assert relay.verb("dead", "drop", f"9999@{blog.host}").code == 1
    assert len(exported(relay)) == before


def test_orders_are_lines(relay, town):
    blog, = join(relay, server(town))
    for verb in ("hold", "retry", "drop", "release"):
        line = relay.told("queue", verb, blog.host, "--reason", f"to {verb}")["line"]
        told = newest(relay, target=blog.host)
        assert (told["verb"], told["reason"], told["line"]) == (f"queue {verb}", f"to {verb}", line)
    relay.told("queue", "retry", blog.host)
    assert "reason" not in newest(relay, target=blog.host)
    done = relay.told("replay", blog.host, "--since", "1h", "--reason", "they lost it")
    told = newest(relay, target=blog.host)
    assert (told["verb"], told["reason"]) == ("replay", "they lost it")
    assert told["after"] == {"from": done["after"] + 1}


def test_recalls_and_dead_letters_are_lines(relay, town):
    scene = Scene(relay, town)
    text = note(scene.blog)
    sent = scene.blog.send(activity(scene.blog, "Create", text), relay.inbox)
    assert sent.status == 202
    line = relay.told("recall", text["id"], "--reason", "not for partners")["line"]
    told = newest(relay, verb="recall")
    assert (told["target"], told["reason"], told["line"]) == (text["id"], "not for partners", line)
    scene.shop.faults.append(Fault(status=410, body="no", times=1))
    posted = scene.post("news")
    scene.until(posted, "never")
    letter = f"{relay.told('trace', posted)['n']}@{scene.shop.host}"
    relay.told("dead", "drop", letter)
    told = newest(relay, target=letter)
    assert (told["verb"], told["via"], "reason" in told) == ("dead drop", "cli", False)
    relay.told("dead", "retry", letter, "--reason", "they mended it")
    assert newest(relay, target=letter)["verb"] == "dead retry"


def test_a_reload_is_a_line_before_and_one_with_what_came_of_it(relay):
    relay.told("reload", "--reason", "as planned")
    begun, done = lines(relay)[-2:]
    assert (begun["verb"], begun["outcome"], begun["reason"]) == ("reload", "begun", "as planned")
    assert (done["verb"], done["outcome"], done["of"]) == ("reload", "done", begun["n"])
    text = relay.config.read_bytes()
    assert done["after"] == {"config": hashlib.sha256(text).hexdigest()} == done["before"]
    relay.config.write_text("nonsense: 1\n")
    try:
        assert Admin(relay).ask("POST", "/api/v1/reload")[0] == 400
    finally:
        relay.config.write_bytes(text)
    begun, done = lines(relay)[-2:]
    assert (begun["via"], done["outcome"], done["of"]) == ("api", "usage", begun["n"])
    assert done["after"] == done["before"]


def test_another_configuration_by_a_signal_is_a_line_of_nobody(relay):
    before = len(exported(relay))
    relay.reload()
    text = relay.config.read_bytes()
    relay.config.write_bytes(text + b"# a remark\n")
    relay.reload()
    told = wait_until(lambda: (found := lines(relay)[before:]) and found, "a line about it")
    assert [(t["verb"], t["who"], t["via"]) for t in told] == [("reload", "", "signal")]
    assert told[0]["before"] == {"config": hashlib.sha256(text).hexdigest()}
    assert told[0]["after"] == {"config": hashlib.sha256(text + b"# a remark\n").hexdigest()}
    assert f" {'-':10} signal reload " in relay.verb("audit", "list").out
    relay.config.write_bytes(text)
    relay.reload()
    wait_until(lambda: len(exported(relay)) == before + 2, "a line about that, too")


def test_another_configuration_at_the_start_is_a_line_of_nobody(tmp_path):
    with Relay(tmp_path) as relay:
        first = relay.config.read_bytes()
        relay.restart()
        relay.stop()
        relay.config.write_bytes(first + b"# changed\n")
        relay.start()
        told, = wait_until(lambda: lines(relay), "a line about it")
        assert (told["verb"], told["who"], told["via"]) == ("config", "", "file")
        assert told["before"] == {"config": hashlib.sha256(first).hexdigest()}
        assert told["after"] == {"config": hashlib.sha256(first + b"# changed\n").hexdigest()}
        relay.restart()
        relay.told("reload")  # it is known now
        assert [t["verb"] for t in lines(relay)] == ["config", "reload", "reload"]


# --- reasons, and who it was --------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["accept", "reject", "suspend"])
@pytest.mark.parametrize("body", [None, {}, {"reason": ""}])
def test_what_wants_a_reason_is_refused_without(relay, town, verb, body):
    blog, = join(relay, server(town))
    status, answer = Admin(relay).ask("POST", f"/api/v1/members/{blog.host}/{verb}", body)
    assert (status, json.loads(answer)["code"]) == (422, "reason-missing")
    assert relay.state(blog.host) == "active"


def test_a_recall_without_a_reason_is_refused(relay):
    status, answer = Admin(relay).ask("POST", "/api/v1/recall", {"object": "http://a.example/1"})
    assert (status, json.loads(answer)["code"]) == (422, "reason-missing")


@pytest.mark.parametrize("reason", [7, None, "two\nlines", "x" * 301, "\u007f", ["a"]])
def test_what_is_no_reason_is_refused(relay, town, reason):
    blog, = join(relay, server(town))
    status, answer = Admin(relay).ask("POST", f"/api/v1/members/{blog.host}/suspend",
                                      {"reason": reason})
    assert (status, json.loads(answer)["code"]) == (400, "usage")
    assert relay.state(blog.host) == "active"


def test_who_asks_the_api_is_the_user_of_the_socket(relay, town):
    blog, = join(relay, server(town))
    path = f"/api/v1/members/{blog.host}/suspend"
    status, _ = Admin(relay).ask("POST", path, {"reason": "by hand", "who": "somebody else"})
    assert status == 200
    told = newest(relay, target=blog.host)
    assert (told["who"], told["via"], told["reason"]) == (ME, "api", "by hand")


# --- the log itself -----------------------------------------------------------------------------


def test_the_lines_fit_together_by_a_second_implementation(relay):
    raw = exported(relay)
    head = chain_of(raw)
    found = relay.told("audit", "verify")
    assert found == {"good": True, "lines": len(raw), "head": head}
    status, text = Admin(relay).ask("GET", "/api/v1/audit/head")
    assert (status, json.loads(text)) == (200, {"n": len(raw), "hash": head})
    assert f"{len(raw)}:{head}" in relay.verb("audit", "verify").out


def test_pages_of_the_api(relay):
    raw = exported(relay)
    assert len(raw) > 5
    ask = Admin(relay).ask
    assert ask("GET", "/api/v1/audit?after=2&most=2")[1].splitlines() == raw[2:4]
    assert ask("GET", "/api/v1/audit?newest=3")[1].splitlines() == raw[-3:]
    assert ask("GET", f"/api/v1/audit?after={len(raw)}") == (200, b"")
    assert ask("GET", "/api/v1/audit?after=x")[0] == 400
    assert ask("GET", "/api/v1/audit/tail")[0] == 404
    assert ask("POST", "/api/v1/audit", {})[0] == 404


def test_the_list_is_the_newest_lines_for_people_and_programs(relay):
    raw = lines(relay)
    assert relay.told("audit", "list", "--last", "3")["audit"] == raw[-3:]
    assert relay.told("audit", "list", "--since", "1h")["audit"] == raw
    out = relay.verb("audit", "list", "--last", "1").out.splitlines()
    assert out[0].split()[0] == "LINE" and out[1].split()[0] == str(raw[-1]["n"])
    assert raw[-1]["verb"] in out[1]


def test_what_was_exported_is_verified_without_the_relay(relay, tmp_path):
    file = tmp_path / "audit.jsonl"
    assert relay.verb("audit", "export", file).code == 0
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert relay.verb("audit", "export", file).code == 1  # nothing is written over
    raw = file.read_bytes()
    assert raw.splitlines() == exported(relay)
    assert relay.told("audit", "verify", file)["good"] is True
    second = raw.splitlines()[1]
    file.write_bytes(raw.replace(second, second.replace(b'"time":"2', b'"time":"1')))
    done = relay.verb("audit", "verify", file)
    assert done.code == 1 and "line 2 is not as it was written" in done.err
    file.write_bytes(raw.replace(second + b"\n", b""))
    done = relay.verb("audit", "verify", file, "--json")
    assert (done.code, done.json["good"], done.json["why"]) == (1, False, "line 2 is missing")


def test_a_head_that_was_kept_shows_what_was_written_anew(relay, tmp_path):
    raw = exported(relay)
    kept = f"3:{hashlib.sha256(raw[2]).hexdigest()}"
    assert relay.verb("audit", "verify", "--head", kept).code == 0
    file, head, anew = tmp_path / "anew.jsonl", ZEROS, []
    for line in raw:
        told = {**json.loads(line), "prev": head, "who": "nobody"}
        anew.append(json.dumps(told).encode())
        head = hashlib.sha256(anew[-1]).hexdigest()
    file.write_bytes(b"\n".join(anew) + b"\n")
    assert relay.verb("audit", "verify", file).code == 0  # each fits the one before
    done = relay.verb("audit", "verify", file, "--head", kept)
    assert done.code == 1 and "line 3 is another than the one whose head was kept" in done.err
    file.write_bytes(b"\n".join(anew[:2]) + b"\n")
    done = relay.verb("audit", "verify", file, "--head", kept)
    assert done.code == 1 and "the last line is 2, and there were 3" in done.err


@pytest.mark.parametrize("words", [
    [], ["dance"], ["list", "x"], ["list", "--since", "x"], ["list", "--last", "0"],
    ["list", "--since", "1h", "--last", "1"], ["verify", "a", "b"], ["verify", "--head", "3"],
    ["verify", "--head", "0:" + ZEROS], ["export", "a", "b"], ["export", "--json"],
], ids=" ".join)
def test_wrong_use_ends_with_2(relay, words):
    done = relay.verb("audit", *words)
    assert (done.code, done.out) == (2, "")
    assert "usage: weir audit" in done.err


def test_what_was_tampered_with_in_redis_is_found_and_the_end_cannot_go_unseen(tmp_path, town):
    with Relay(tmp_path) as relay:
        peer = server(town, PARTNER)
        for verb in ("invite", "remove", "invite", "remove"):
            relay.told("member", verb, peer.host)
        raw = exported(relay)
        with Redis(relay.data / "redis.sock") as redis:
            redis("XDEL", AUDIT, "4-0")
            for words in (["audit", "verify"], ["verify"]):
                done = relay.verb(*words)
                assert done.code == 1 and "4" in done.err and "audit" in done.err, words
            redis("DEL", AUDIT)
            for number, line in enumerate(raw, 1):
                bent = line.replace(b"invited", b"invitee") if number == 3 else line
                redis("XADD", AUDIT, f"{number}-0", "l", bent)
        done = relay.verb("audit", "verify")
        assert done.code == 1 and "line 3 is not as it was written" in done.err
        done = relay.verb("verify")
        assert done.code == 1 and "audit: line 3 is not as it was written" in done.err
        relay.told("member", "invite", peer.host)  # it goes on, and stays broken there
        assert "line 3 is not" in relay.verb("audit", "verify").err


def test_nothing_is_done_that_cannot_be_written_down(tmp_path, town):
    with Relay(tmp_path) as relay:
        blog, = join(relay, server(town))
        with Redis(relay.data / "redis.sock") as redis:
            redis("SET", AUDIT, "x")
            for words in (["member", "suspend", blog.host, "--reason", "a test"],
                          ["queue", "hold", blog.host], ["reload"], ["audit", "list"]):
                done = relay.verb(*words)
                assert done.code == 1 and "unreadable" in done.err, words
            assert relay.state(blog.host) == "active"
            redis("DEL", AUDIT)
        relay.told("member", "suspend", blog.host, "--reason", "a test")


def test_a_backup_carries_it_and_a_restore_is_a_line_of_it(tmp_path, town):
    file = tmp_path / "weir.backup"
    with Relay(tmp_path) as relay:
        peer = server(town, PARTNER)
        relay.told("member", "invite", peer.host)
        assert relay.told("backup", file)["audit"] == 1
        relay.told("member", "remove", peer.host)
        gone = exported(relay)
        relay.stop()
        relay.told("restore", file, "--force", "--reason", "practice")
        adopted = relay.verb("journal", "adopt", "--json")
        assert adopted.code == 0 and adopted.json["known"] is True
        relay.start()
        told = lines(relay)
        assert [t["verb"] for t in told] == ["member invite", "restore"]
        assert told[1]["before"] == {"audit": 2, "head": hashlib.sha256(gone[1]).hexdigest()}
        assert (told[1]["target"], told[1]["reason"], told[1]["who"]) == (str(file), "practice", ME)
        assert relay.told("audit", "verify")["good"] and relay.told("verify")["good"]
        line, = relay.wait_log("audit", line="2")  # the head of each start
        assert line["head"] == chain_of(exported(relay))


def test_a_journal_that_is_adopted_is_a_line(tmp_path):
    with Relay(tmp_path) as relay:
        relay.stop()
        (relay.data / "journal-id").unlink()
        (relay.data / "journal-id").write_text(f"{'0' * 32}\n1\n")
        assert relay.told("journal", "adopt", "--reason", "moved")["known"] is False
        relay.start()
        told, = lines(relay)
        assert (told["verb"], told["reason"]) == ("journal adopt", "moved")
        assert told["before"] == {"journal": "0" * 32}


def test_a_relay_that_does_not_run_is_asked_in_vain(tmp_path):
    relay = Relay(tmp_path).init()
    for words in (["list"], ["verify"], ["export"]):
        done = relay.verb("audit", *words)
        assert done.code == 3 and "is it running?" in done.err
