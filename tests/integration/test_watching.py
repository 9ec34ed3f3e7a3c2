"""What an operator watches: metrics, health, logs."""

import json
import re
import signal
import socket
import time

import pytest

from integration.acts import join, note, received, send_bytes, server, settle
from integration.redis_server import RedisServer
from integration.relay import PARTNER, PATIENCE_S, Relay, http_get, wait_until
from peers.faults import Fault

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s }\n"


@pytest.fixture(scope="module", name="running")
def fixture_running(tmp_path_factory):
    """A relay for tests that leave it as it was."""
    with Relay(tmp_path_factory.mktemp("running"), extra=QUICK) as relay:
        yield relay


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    with Relay(tmp_path, extra=QUICK) as relay:
        yield relay


# --- metrics and health -------------------------------------------------------------------------

METRICS = {
    "weir_build_info": "gauge",
    "weir_http_requests_total": "counter",
    "weir_inbox_total": "counter",
    "weir_inbox_seconds": "histogram",
    "weir_journal_appended_total": "counter",
    "weir_journal_no_form_total": "counter",
    "weir_journal_gaps_total": "counter",
    "weir_journal_position": "gauge",
    "weir_deliveries_total": "counter",
    "weir_undelivered_total": "counter",
    "weir_delivery_seconds": "histogram",
    "weir_delivery_lag_seconds": "histogram",
    "weir_destinations": "gauge",
    "weir_destination_behind_entries": "gauge",
    "weir_direct_waiting": "gauge",
    "weir_commits_total": "counter",
    "weir_members": "gauge",
    "weir_key_fetches_total": "counter",
    "weir_redis_up": "gauge",
    "weir_redis_commands_total": "counter",
    "weir_processes": "gauge",
    "weir_process_restarts_total": "counter",
    "weir_http_connections": "gauge",
    "weir_log_dropped_total": "counter",
    "weir_clock_doubted": "gauge",
    "weir_trim_stopped": "gauge",
    "weir_destinations_on_hold": "gauge",
    "weir_destinations_parked": "gauge",
    "weir_journal_trimmed_total": "counter",
    "weir_redis_memory_bytes": "gauge",
    "weir_redis_memory_kept_bytes": "gauge",
    "weir_redis_trouble_total": "counter",
    "weir_shards_stopped": "gauge",
    "weir_suspects_itself": "gauge",
    "weir_freezes": "gauge",
    "weir_held": "gauge",
    "weir_pilots_ending": "gauge",
    "weir_held_bytes": "gauge",
    "weir_holds_closed_total": "counter",
}


def test_every_metric_is_there_with_its_type_and_help(running):
    lines = running.metric_lines()
    types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE "))
    helps = {line.split()[2] for line in lines if line.startswith("# HELP ")}
    assert types == METRICS
    assert helps == set(METRICS)
    for name, kind in METRICS.items():
        first = f"{name}_count" if kind == "histogram" else name
        assert any(re.match(rf"{first}(\{{.*\}})? \S+$", line) for line in lines), name


def test_no_metric_has_a_host_or_an_id_for_a_label(running, town):
    blog, wiki = join(running, server(town), server(town))
    received(wiki, blog.post("hello").id)
    text = "\n".join(running.metric_lines())
    assert "127.0.0." not in text and "http://" not in text


def counted(relay, *names):
    return [relay.metric(name) for name in names]


def test_counters_move_as_much_as_happened(relay, town):
    blog, wiki, shop = join(relay, server(town), server(town), server(town))
    settle(relay)
    names = ('weir_inbox_total{code="ok"}', 'weir_inbox_total{code="duplicate"}',
             'weir_inbox_total{code="not-public"}', 'weir_inbox_total{code="signature-missing"}',
             "weir_journal_appended_total", "weir_journal_no_form_total",
             'weir_deliveries_total{verdict="delivered"}', 'weir_deliveries_total{verdict="later"}',
             'weir_deliveries_total{verdict="never"}', "weir_inbox_seconds_count",
             "weir_delivery_seconds_count", "weir_delivery_lag_seconds_count")
    before = counted(relay, *names)
    shop.faults.append(Fault(status=500, times=2))
    first = blog.post("one")
    received(wiki, first.id)
    shop.records.wait_for(timeout=PATIENCE_S, activity__id=first.id)
    shop.faults.append(Fault(status=404, times=1))
    second = blog.post("two")
    shop.records.wait_for(timeout=PATIENCE_S, did="fault: status 404")
    blog.send(second.activity)
    blog.post("for friends", to=["https://example.org/followers"])
    blog.edit(first.object_id, "without a proof", proof=False)
    unsigned = blog.prepare(blog.write("unsigned"), relay.inbox)
    unsigned.drop("Signature")
    assert blog.transmit(unsigned).status == 401
    settle(relay)
    moved = [new - old for new, old in zip(counted(relay, *names), before)]
    assert dict(zip(names, moved)) == dict(zip(names, (3, 1, 1, 1, 3, 1, 3, 2, 1, 6, 6, 3)))
    assert relay.metric("weir_commits_total") > 0
    assert relay.metric("weir_journal_gaps_total") == 0


def test_gauges_show_what_is(relay, town):
    blog, wiki, shop = join(relay, server(town), server(town), server(town))
    partner = server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    wiki.unfollow()
    shop.down()
    posts = [blog.post(f"number {n}") for n in range(4)]

    began = time.monotonic()

    def shows(name, value):
        wait_until(lambda: relay.metric(name) == value, f"{name} is {value}")

    shows('weir_members{state="active"}', 2)
    assert time.monotonic() - began < 20, "the members are counted when one changes"
    shows('weir_members{state="left"}', 1)
    shows('weir_members{state="invited"}', 1)
    shows('weir_destinations{state="waiting"}', 1)
    shows("weir_destination_behind_entries", 4)
    shows("weir_redis_up", 1)
    shows("weir_direct_waiting", 0)
    relay.told("member", "suspend", blog.host, "--reason", "a test")
    shows('weir_members{state="suspended"}', 1)
    shop.up()
    received(shop, posts[-1].id)
    shows("weir_destination_behind_entries", 0)
    shows('weir_destinations{state="waiting"}', 0)
    wait_until(lambda: relay.metric("weir_journal_position") == relay.told("status")["read"],
               "both tell the same")
    commands = relay.metric("weir_redis_commands_total")
    wait_until(lambda: relay.metric("weir_redis_commands_total") > commands, "commands go on")


def test_fetched_keys_and_answers_are_counted(relay, town):
    keys, ok = 'weir_key_fetches_total{code="ok"}', 'weir_http_requests_total{class="2xx"}'
    bad = 'weir_http_requests_total{class="4xx"}'
    before = counted(relay, keys, ok, bad)
    join(relay, server(town))
    for path in ("/actor", "/nothing"):
        relay.get(path)
    wait_until(lambda: relay.metric(bad) > before[2], "the last answer is counted")
    after = counted(relay, keys, ok, bad)
    assert after[0] - before[0] == 1
    assert after[1] - before[1] >= 3  # its reading of our actor, its Follow, ours
    assert after[2] - before[2] == 1


def test_open_connections_are_counted(relay):
    host, port = relay.host.split(":")
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))):
        wait_until(lambda: relay.metric("weir_http_connections") == 2, "two are open")
    wait_until(lambda: relay.metric("weir_http_connections") == 0, "none is open")


def test_health_is_answered_on_its_own_address_only(running):
    base = f"http://{running.metrics}"
    assert running.get("/livez", base)[::2] == (200, "alive\n")
    assert running.readyz()[0] == 200
    assert running.get("/actor", base)[0] == 404
    for path in ("/metrics", "/livez", "/readyz"):
        assert running.get(path)[0] == 404


def test_a_relay_without_redis_is_alive_and_not_ready(tmp_path):
    with RedisServer(tmp_path) as redis, Relay(tmp_path, redis=redis.url) as relay:
        redis.kill()
        wait_until(lambda: relay.readyz()[0] == 503, "it is not ready")
        assert relay.get("/livez", f"http://{relay.metrics}")[0] == 200
        redis.start()
        wait_until(lambda: relay.readyz()[0] == 200, "it is ready")


# --- logs ---------------------------------------------------------------------------------------


def life(relay, town):
    """A bit of everything that is logged; answers a post's id."""
    blog, shop = join(relay, server(town), server(town))
    shop.faults.append(Fault(status=500, times=2))
    sent = blog.post("hello")
    shop.records.wait_for(timeout=PATIENCE_S, activity__id=sent.id)
    relay.get("/nodeinfo/2.1")
    relay.get("/nothing")
    settle(relay)
    return blog, shop, sent


def check_life(relay, blog, shop, sent):
    """One line for each request, and for each attempt to deliver."""
    line, = relay.log("inbox", activity=sent.id)
    assert (line["from"], line["status"], line["code"], line["type"]) == (
        blog.host, "202", "ok", "Create")
    tries = relay.wait_log("delivery", 3, activity=sent.id, host=shop.host)
    assert [(t["try"], t["verdict"], t["status"]) for t in tries] == [
        ("1", "later", "500"), ("2", "later", "500"), ("3", "delivered", "202")]
    assert len(relay.wait_log("delivery", 2, direct="accept", verdict="delivered")) == 2
    assert len(relay.log("inbox", type="Follow")) == 2
    assert len(relay.wait_log("request", target="/nodeinfo/2.1", status="200")) == 1
    assert len(relay.wait_log("request", target="/nothing", status="404")) == 1


def test_each_request_and_each_delivery_is_one_line_of_logfmt(relay, town):
    check_life(relay, *life(relay, town))
    for text, line in zip(relay.err_text.splitlines(), relay.log()):
        assert re.match(r"ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=\w+ event=[\w-]+ ", text)
        assert line["level"] in ("error", "warn", "info", "debug")


def test_each_line_is_an_object_where_json_is_asked_for(tmp_path, town):
    with Relay(tmp_path, extra=QUICK + "log: { format: json }\n") as relay:
        blog, shop, sent = life_in_json(relay, town)
        lines = [json.loads(line) for line in relay.err_text.splitlines()]
    assert all({"ts", "level", "event"} <= set(line) for line in lines)
    line, = (line for line in lines if line["event"] == "inbox" and line["activity"] == sent.id)
    assert (line["from"], line["status"], line["code"]) == (blog.host, 202, "ok")
    tries = [line for line in lines if line["event"] == "delivery"
             and line.get("activity") == sent.id]
    assert [(t["host"], t["try"], t["verdict"]) for t in tries] == [(shop.host, 1, "delivered")]


def life_in_json(relay, town):
    blog, shop = join(relay, server(town), server(town))
    sent = blog.post("hello")
    received(shop, sent.id)
    wait_until(lambda: relay.metric('weir_deliveries_total{verdict="delivered"}') == 3,
               "two Accepts and the post are delivered, and that was logged")
    return blog, shop, sent


def test_the_form_of_the_log_changes_on_reload(relay):
    relay.configure(relay._text + "log: { format: json }\n")
    relay._process.send_signal(signal.SIGHUP)
    wait_until(lambda: '"event":"reload"' in relay.err_text.replace(" ", ""), "a line of JSON")


def test_only_what_is_bad_enough_is_logged(tmp_path, town):
    with Relay(tmp_path, extra="log: { level: error }\n") as relay:
        blog, wiki = join(relay, server(town), server(town))
        received(wiki, blog.post("hello").id)
        assert relay.err_text == ""


def test_what_a_stranger_writes_cannot_forge_a_line(running, town):
    blog, = join(running, server(town))
    name = "Create\nts=2026-01-01T00:00:00.000Z level=info event=inbox status=202 code=ok"
    whole = {"id": f"{blog.origin}/a/1\" code=ok x=\"", "type": name,
             "actor": blog.actors["alice"].id, "object": note(blog)}
    settle(running)
    before = len(running.err_text.splitlines())
    send_bytes(running, blog, json.dumps(whole).encode("utf-8"))
    running.get('/a"%20code=ok')
    wait_until(lambda: len(running.err_text.splitlines()) >= before + 2, "both are logged")
    lines = running.err_text.splitlines()[before:]
    assert len(lines) == 2
    assert not any(line.startswith("ts=2026-01-01T00:00:00.000Z") for line in lines)
    assert not running.log("inbox", code="ok", **{"from": blog.host, "type": name})


def test_no_key_is_ever_logged(tmp_path, town):
    with Relay(tmp_path, extra=QUICK + "log: { level: debug }\n") as relay:
        life(relay, town)
        relay.reload()
    said = relay.err_text + relay.out.read_text("utf-8")
    for file in ("actor-rsa.pem", "actor-ed25519.pem"):
        for line in (relay.data / file).read_text("ascii").splitlines()[1:-1]:
            assert line[:40] not in said
    assert "PRIVATE KEY" not in said


def test_the_key_files_and_the_data_are_for_their_owner_alone(running):
    assert running.data.stat().st_mode & 0o077 == 0
    for name in ("actor-rsa.pem", "actor-ed25519.pem", "admin.sock"):
        path, = [p for p in running.data.iterdir() if p.name == name]
        assert path.stat().st_mode & 0o077 == 0, name


def test_a_client_of_the_public_door_learns_nothing_of_the_operators(running):
    for path in ("/api/v1/members", "/api/v1/status", "/weir-data/actor-rsa.pem"):
        assert http_get(running.url + path)[0] == 404
