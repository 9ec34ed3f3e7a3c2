"""What became of a post, as an operator is told: weir trace, queue, dead, status --watch.

Whatever is said is held against what the peers recorded themselves."""

import datetime
import contextlib
import itertools
import json
import os
import pty
import signal
import subprocess

import pytest

from integration.acts import activity as act
from integration.acts import deliveries, join, received, server, settle
from integration.redis_client import Redis
from integration.relay import PARTNER, PATIENCE_S, WEIR, Relay, wait_until
from integration.scenes import Scene, played
from peers.faults import Fault

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1h }\n"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("ledger"), extra=QUICK) as relay:
        yield relay


@pytest.fixture(name="scene")
def fixture_scene(relay, town):
    yield from played(Scene(relay, town))


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# --- delivered ----------------------------------------------------------------------------------


def test_who_got_it_at_the_first_attempt_and_when(scene):
    activity = scene.post()
    received(scene.shop, activity)
    line, = scene.relay.wait_log("delivery", activity=activity, host=scene.shop.host)
    found = scene.until(activity, "delivered")
    assert (found["attempts"], found["inbox"]) == (1, f"{scene.shop.origin}/inbox")
    assert found["since"] <= line["ts"] <= found["until"]
    assert moment(found["until"]) - moment(found["since"]) < 10
    assert "delivered at the first attempt, answered between 20" in scene.said("trace", activity)


def test_the_entry_itself_is_described(scene):
    activity = scene.post()
    found = scene.relay.told("trace", activity)
    assert (found["activity"], found["type"], found["from"]) == (
        activity, "Create", scene.blog.host)
    assert found["object"] == scene.blog.sent_activities[-1]["object"]["id"]
    assert (found["audience"], found["known"], found["proof"]) == (["internal"], True, True)
    assert scene.relay.told("trace", str(found["n"]))["activity"] == activity


def test_who_got_it_at_the_third_attempt_and_when(scene):
    scene.shop.faults.append(Fault(status=503, times=2))
    activity = scene.post()
    found = scene.until(activity, "delivered")
    came = deliveries(scene.shop, activity__id=activity, status=202)[0]["at"]
    assert (found["attempts"], found["since"]) == (3, found["until"])
    assert abs(moment(found["until"]) - came) < 10
    assert f"delivered at attempt 3, {found['until']}" in scene.said("trace", activity)
    late, = scene.relay.told("trace", scene.shop.host)["late"]
    assert (late["activity"], late["attempts"]) == (activity, 3)


def test_a_post_long_ago_is_bounded_by_what_is_still_known(scene):
    first = scene.post()
    scene.until(first, "delivered")
    settle(scene.relay)
    with embedded(scene.relay) as redis:
        for shard in range(64):
            redis("DEL", "{weir}:when:%d" % shard)
    found = scene.row(first)
    assert found["verdict"] == "delivered"
    assert moment(found["since"]) < moment(found["until"])


# --- not yet ------------------------------------------------------------------------------------


def test_what_waits_for_a_host_that_is_down(scene):
    scene.shop.down()
    activity = scene.post()
    wait_until(lambda: scene.row(activity).get("failures", 0) > 1, "it was tried")
    found = scene.row(activity)
    assert (found["verdict"], found["code"]) == ("waiting", "host")
    assert "status" not in found
    assert "waiting the host fails, " in scene.said("trace", activity)
    wait_until(lambda: "next" in scene.row(activity), "the next attempt is known")
    queued, = (q for q in scene.relay.told("queue", "list")["queue"]
               if q["host"] == scene.shop.host)
    assert (queued["waiting"], queued["whole"], queued["code"]) == (1, True, "host")
    assert moment(queued["oldest"]) == moment(scene.relay.told("trace", activity)["accepted"])
    assert "1 0 20" in scene.said("queue", "list")
    host = scene.relay.told("trace", scene.shop.host)
    assert ([e["activity"] for e in host["waiting"]], host["health"]) == ([activity], "failing")
    second = scene.post("more")
    assert scene.row(second)["ahead"] >= 1
    scene.shop.up()
    assert scene.until(activity, "delivered")["attempts"] > 2
    assert scene.until(second, "delivered")["attempts"] == 1
    settle(scene.relay)
    assert scene.shop.host not in [q["host"] for q in scene.relay.told("queue", "list")["queue"]]


def test_what_a_host_answers_while_it_waits(scene):
    fault = Fault(status=503, headers={"Retry-After": "3600"})
    scene.shop.faults.append(fault)
    activity = scene.post()
    wait_until(lambda: "next" in scene.row(activity), "the next attempt is known")
    found = scene.row(activity)
    assert found["verdict"] == "waiting"
    assert moment(found["next"]) - moment(found_accepted(scene, activity)) > 3000


def found_accepted(scene, activity):
    return scene.relay.told("trace", activity)["accepted"]


def test_what_is_set_aside(scene):
    scene.shop.faults.append(Fault(status=500, times=3))
    before = scene.relay.told("status")["aside"]
    alone = scene.post("alone")
    found = scene.until(alone, "aside")
    other = scene.post("other")
    assert scene.until(other, "delivered")["attempts"] == 1
    assert (found["code"], found["attempts"], found["status"]) == ("failed", 3, 500)
    assert moment(found["next"]) - moment(found_accepted(scene, alone)) > 3000
    assert "set aside failed while the host takes others, answered 500; next attempt 20" in \
        scene.said("trace", alone)
    aside, = scene.relay.told("trace", scene.shop.host)["aside"]
    assert (aside["activity"], aside["attempts"]) == (alone, 3)
    assert scene.relay.told("status")["aside"] == before + 1
    queued, = (q for q in scene.relay.told("queue", "list")["queue"]
               if q["host"] == scene.shop.host)
    assert (queued["waiting"], queued["aside"]) == (0, 1)


def test_what_waits_for_a_suspended_member(scene):
    scene.shop.down()
    owed = scene.post("owed")
    scene.relay.told("member", "suspend", scene.shop.host, "--reason", "a test")
    never = scene.post("not owed")
    found = scene.row(owed)
    assert (found["verdict"], found["code"]) == ("waiting", "suspended")
    assert "waiting until the member is resumed" in scene.said("trace", owed)
    assert (scene.row(never)["verdict"], scene.row(never)["code"]) == ("not-for-it", "not-member")
    scene.shop.up()
    scene.relay.told("member", "resume", scene.shop.host)
    scene.until(owed, "delivered")
    assert not deliveries(scene.shop, activity__id=never)


# --- passed over --------------------------------------------------------------------------------


def test_what_was_cut_off_when_the_member_was_removed(scene):
    scene.shop.down()
    had, waits = scene.post("waits"), scene.post("waits, too")
    scene.relay.told("member", "remove", scene.shop.host)
    for activity in (had, waits):
        assert scene.until(activity, "cut")["code"] == "removed"
    assert "cut the membership was removed, 20" in scene.said("trace", had)
    later = scene.post("later")
    assert scene.row(later)["code"] == "not-member"
    cut, = scene.relay.told("trace", scene.shop.host)["cut"]
    assert cut["after"] < scene.relay.told("trace", had)["n"] <= cut["n"]


def test_what_the_member_had_before_it_left_stays_delivered(scene):
    activity = scene.post()
    received(scene.shop, activity)
    scene.until(activity, "delivered")
    scene.shop.unfollow()
    wait_until(lambda: scene.relay.state(scene.shop.host) == "left", "it has left")
    settle(scene.relay)
    assert scene.row(activity)["verdict"] == "delivered"


def test_what_was_passed_over_after_a_change_of_zone(tmp_path, town):
    with Relay(tmp_path, extra=QUICK) as relay:
        scene = Scene(relay, town)
        scene.shop.down()
        activity = scene.post()
        relay.replace('["127.0.0.3:*"]', f'["127.0.0.3:*", "{scene.shop.host}"]')
        relay.replace('["127.0.0.2:*"]', f'["{scene.wiki.host}", "{scene.blog.host}"]')
        relay.reload()
        relay.wait_log("member", host=scene.shop.host, zone="partners")
        scene.shop.up()
        assert scene.until(activity, "skipped")["code"] == "no-right"
        assert "skipped the member's right to it was withdrawn, 20" in \
            scene.said("trace", activity)
        assert not deliveries(scene.shop, activity__id=activity, status=202)


# --- not for it ---------------------------------------------------------------------------------


def test_for_whom_it_never_was(scene):
    partner = server(scene.town, PARTNER)
    scene.relay.told("member", "invite", partner.host)
    join(scene.relay, partner)
    activity = scene.post()
    late, = join(scene.relay, server(scene.town))
    shared = scene.blog.post("for all", tags=["partners"]).id
    received(partner, shared)
    for host, code, words in (
            (scene.blog.host, "origin", "it came from there"),
            (partner.host, "zone", "its zone is not in the audience"),
            (late.host, "not-member", "the host was no member then")):
        found = scene.row(activity, host)
        assert (found["verdict"], found["code"]) == ("not-for-it", code)
        assert f"not-for-it {words}" in scene.said("trace", activity, host=host)
    wait_until(lambda: scene.row(shared, partner.host)["verdict"] == "delivered", "it is told")
    assert scene.relay.told("trace", shared)["audience"] == ["internal", "partners"]


def test_what_has_no_form_for_anybody(scene):
    activity = scene.post()
    thing = scene.blog.sent_activities[-1]["object"]["id"]
    sent = scene.blog.edit(thing, "other words", proof=False)
    assert sent.status == 202
    found = scene.row(sent.id)
    assert (found["verdict"], found["code"]) == ("not-for-it", "no-form")


# --- what is asked for --------------------------------------------------------------------------


def all_delivered(scene, thing):
    """The story of it, once the wiki's courier has written down what it brought."""
    found = scene.relay.told("trace", thing)
    wiki = [r["verdict"] for e in found["entries"] for r in e["members"]
            if r["host"] == scene.wiki.host]
    return found if set(wiki) == {"delivered"} else None


def test_an_object_with_all_its_entries(scene):
    activity = scene.post()
    thing = scene.blog.sent_activities[-1]["object"]["id"]
    update = scene.blog.edit(thing, "other words").id
    received(scene.shop, update)
    received(scene.wiki, update)
    found = wait_until(lambda: all_delivered(scene, thing), "both are committed")
    assert [e["activity"] for e in found["entries"]] == [activity, update]
    assert [e["type"] for e in found["entries"]] == ["Create", "Update"]
    for entry in found["entries"]:
        hosts = {r["host"]: r["verdict"] for r in entry["members"]}
        assert hosts[scene.wiki.host] == "delivered"
        assert hosts[scene.blog.host] == "not-for-it"
    out = scene.relay.verb("trace", thing).out
    assert activity in out and update in out


@pytest.mark.parametrize("name", [
    "https://nowhere.example/1", "nowhere.example", "999999", "1", "127.0.0.2:1"])
def test_what_is_not_known_is_said_so(relay, name):
    done = relay.verb("trace", name)
    assert (done.code, done.out) == (1, "")
    assert "not-known" in done.err or "no-such-member" in done.err
    if "://" in name:
        assert "of what was refused or dropped nothing is kept but its line in the log" in done.err


def test_what_was_answered_and_never_went_out(scene):
    scene.post()
    created = scene.blog.sent_activities[-1]["object"]
    assert scene.blog.remove(created["id"]).status == 202
    stale = act(scene.blog, "Update", {**created, "updated": created["published"]})
    assert scene.blog.send(stale, scene.relay.inbox, "alice").status == 202
    found = scene.relay.told("trace", stale["id"])
    assert (found["known"], found["n"], found["members"]) == (True, 0, [])
    assert "nothing of it goes out" in scene.relay.verb("trace", stale["id"]).out


def test_what_the_journal_does_not_hold_any_more(scene):
    activity = scene.post()
    scene.until(activity, "delivered")
    n = scene.relay.told("trace", activity)["n"]
    newest = scene.post("newer")
    settle(scene.relay)
    with embedded(scene.relay) as redis:
        epoch = redis("HGET", "{weir}:log", "epoch").decode()
        redis("XTRIM", "{weir}:N", "MINID", f"{epoch}-{n + 1}")
        redis("HSET", "{weir}:log", "floor", n)
    found = scene.relay.told("trace", activity)
    assert (found["known"], found["n"]) == (False, n)
    assert "members" not in found
    assert "not known any more" in scene.relay.verb("trace", activity).out
    assert scene.row(newest)["verdict"] in ("delivered", "waiting")


@pytest.mark.parametrize("words", [
    ("trace",), ("trace", "a", "b"), ("queue",), ("queue", "show"), ("dead",), ("dead", "list", "x"),
    ("dead", "list", "--before"), ("dead", "list", "--before", "17"),
    ("dead", "show", "--before", "1@a.example"),
    ("dead", "show"), ("dead", "retry"), ("dead", "bury", "1@a.example"), ("status", "x"),
    ("trace", "--all", "x")])
def test_wrong_use(relay, words):
    done = relay.verb(*words)
    assert (done.code, done.out) == (2, "")
    assert "usage: weir " in done.err


def test_without_a_relay_nothing_is_known(tmp_path):
    relay = Relay(tmp_path).init()
    for words in (("trace", "a.example"), ("queue", "list"), ("dead", "list"),
                  ("dead", "drop", "1@a.example"), ("status",), ("status", "--watch")):
        done = relay.verb(*words)
        assert (done.code, done.out) == (3, "")
        assert "is it running?" in done.err


# --- from second to second ----------------------------------------------------------------------


@contextlib.contextmanager
def watched(relay, *words, **how):
    """As from a terminal: Ctrl-C ends it, whatever whoever started the tests ignores."""
    process = subprocess.Popen([WEIR, "status", "--watch", *words, "-c", str(relay.config)],
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                               **how)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_a_line_a_second_until_it_is_interrupted(scene):
    how = {"stdout": subprocess.PIPE, "text": True}
    with watched(scene.relay, **how) as lines, watched(scene.relay, "--json", **how) as objects:
        for n in range(20):
            scene.post(f"number {n}")
        said = list(itertools.islice(lines.stdout, 3))
        told = [json.loads(line) for line in itertools.islice(objects.stdout, 3)]
        for process in (lines, objects):
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_S) == -signal.SIGINT
    assert all(" ready, members " in line and ", waiting " in line for line in said)
    assert any(", accepted " in line and "/s, delivered " in line for line in said[1:])
    assert all(t["status"]["ready"] for t in told)
    assert all(set(t) >= {"accepted_per_s", "delivered_per_s"} for t in told[1:])
    times = [t["status"]["time"] for t in told]
    assert all(900 < after - before for before, after in zip(times, times[1:]))


def test_a_terminal_is_drawn_anew(scene):
    main, side = pty.openpty()
    with watched(scene.relay, stdout=side) as process:
        os.close(side)
        seen = b""
        while seen.count(b"\x1b[H\x1b[J") < 3:
            seen += os.read(main, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == -signal.SIGINT
    os.close(main)
    screen = seen.split(b"\x1b[H\x1b[J")[2].decode()
    for word in ("members ", "lag ", "set aside ", "dead ", "per second "):
        assert f"\n{word}" in screen, screen


def test_rates_follow_what_happens(scene):
    first = scene.relay.told("status")
    for n in range(5):
        scene.post(f"number {n}")
    settle(scene.relay)
    second = wait_until(
        lambda: (s := scene.relay.told("status"))["delivered"] >= first["delivered"] + 10 and s,
        "the wiki and the shop have it")
    assert second["accepted"] == first["accepted"] + 5
    assert second["members"]["active"] >= 3
    assert second["position"] >= first["position"] + 5


class embedded:
    """A look into the relay's own Redis."""

    def __init__(self, relay):
        self._redis = Redis(relay.data / "redis.sock")

    def __enter__(self):
        return self._redis

    def __exit__(self, *_):
        self._redis.close()


# --- the latest attempts ------------------------------------------------------------------------


def test_the_latest_attempts_are_told_in_full(scene):
    scene.shop.faults.append(Fault(status=503, times=2))
    activity = scene.post()
    scene.until(activity, "delivered")
    found = wait_until(lambda: (r := scene.row(activity)).get("status") == 202 and r,
                       "the latest attempt is told")  # they are written once a second
    attempts = scene.relay.told("trace", scene.shop.host)["attempts"]
    about = [a for a in attempts if a["n"] == scene.relay.told("trace", activity)["n"]]
    assert [(a["attempt"], a["code"], a.get("status")) for a in about] == [
        (3, "ok", 202), (2, about[1]["code"], 503), (1, about[2]["code"], 503)]
    assert all(a["ms"] >= 0 and a["inbox"] == f"{scene.shop.origin}/inbox" for a in about)
    assert [a["at"] for a in attempts] == sorted((a["at"] for a in attempts), reverse=True)
    assert attempts[-1]["direct"] is True  # the Accept
    assert (found["status"], found["attempts"]) == (202, 3)
    assert "attempt 3: delivered, answered 202 in" in scene.relay.verb(
        "trace", scene.shop.host).out


def test_no_more_than_eight_attempts_of_a_host_are_kept(scene):
    sent = [scene.post() for _ in range(12)]
    received(scene.shop, sent[-1])
    settle(scene.relay)
    wait_until(lambda: scene.relay.told("trace", scene.shop.host)["attempts"][0]["n"] ==
               scene.relay.told("trace", sent[-1])["n"], "the newest is told")
    attempts = scene.relay.told("trace", scene.shop.host)["attempts"]
    assert len(attempts) == 8
    assert "ms" in scene.row(sent[-1]) and "ms" not in scene.row(sent[0])
