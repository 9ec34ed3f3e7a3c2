"""What an operator meets: refusals to start, reloads, metrics, health, logs, and the end."""

import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from integration.acts import (Settlers, accepted, deliveries, follow, join, note, received, refused,
                              send_bytes, settle)
from integration.redis_server import RedisServer
from integration.relay import CONFIG, INTERNAL, PARTNER, WEIR, Relay, http_get, wait_until
from peers.faults import Fault
from peers.town import Town

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s }\n"


@pytest.fixture(scope="module", name="settlers")
def fixture_settlers(tmp_path_factory):
    return Settlers(tmp_path_factory.mktemp("settlers"))


@pytest.fixture(scope="module", name="running")
def fixture_running(tmp_path_factory):
    """A relay for tests that leave it as it was."""
    with Relay(tmp_path_factory.mktemp("running"), extra=QUICK) as relay:
        yield relay


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    with Relay(tmp_path, extra=QUICK) as relay:
        yield relay


@pytest.fixture(name="town")
def fixture_town(settlers):
    with Town() as town:
        town.settlers = settlers
        yield town


def server(town, address=INTERNAL):
    return town.settlers.add(town, address)


# --- what serve refuses to start with -----------------------------------------------------------


def refusal(relay):
    """Starts what must not start; answers what it said."""
    relay.start(ready=False)
    try:
        assert relay.ended() == 1
    finally:
        relay.kill()
    relay.check_reports()
    assert "weir is ready" not in relay.out.read_text("utf-8")
    return relay.err_text


def starts(relay):
    """The twin: mended, the same one starts."""
    relay.start()
    relay.stop()
    relay.check_reports()


def test_a_second_copy_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path, town):
    with Relay(tmp_path) as first:
        second = Relay(tmp_path)
        second.host = first.host
        second.config = first.directory / "second.yaml"
        second.out, second.err = (first.directory / f"second.{name}" for name in ("out", "err"))
        second.configure(CONFIG)
        assert "another weir serves this data directory" in refusal(second)
        join(first, server(town))
    starts(second)


@pytest.mark.parametrize("file", ["actor-rsa.pem", "actor-ed25519.pem"])
@pytest.mark.parametrize("mode", [0o640, 0o604], ids=oct)
def test_a_key_that_others_can_read_is_refused(tmp_path, file, mode):
    relay = Relay(tmp_path).init()
    path = relay.data / file
    path.chmod(mode)
    said = refusal(relay)
    assert str(path) in said and "chmod 600" in said
    path.chmod(0o600)
    starts(relay)


@pytest.mark.parametrize("file", ["actor-rsa.pem", "actor-ed25519.pem"])
def test_a_missing_key_is_refused(tmp_path, file):
    relay = Relay(tmp_path).init()
    (relay.data / file).unlink()
    assert str(relay.data / file) in refusal(relay)


def test_keys_in_each_others_place_are_refused(tmp_path):
    relay = Relay(tmp_path).init()
    rsa, ed = relay.data / "actor-rsa.pem", relay.data / "actor-ed25519.pem"
    one, two = rsa.read_bytes(), ed.read_bytes()
    rsa.write_bytes(two)
    ed.write_bytes(one)
    assert "not a key of the kind that its name says" in refusal(relay)
    rsa.write_bytes(one)
    ed.write_bytes(two)
    starts(relay)


def test_a_key_file_that_holds_no_key_is_refused(tmp_path):
    relay = Relay(tmp_path).init()
    (relay.data / "actor-rsa.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    assert "actor-rsa.pem" in refusal(relay)


@pytest.mark.parametrize("listener", ["host", "metrics"])
def test_an_address_that_somebody_has_is_refused_by_name(tmp_path, listener):
    relay = Relay(tmp_path).init()
    address = getattr(relay, listener)
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        assert address in refusal(relay)
    starts(relay)


def test_without_a_redis_server_to_embed_it_says_what_it_needs(tmp_path):
    relay = Relay(tmp_path, environment={"PATH": "/nonexistent"}).init()
    assert "redis: embedded needs redis-server or valkey-server" in refusal(relay)


def test_a_data_directory_without_init_is_refused(tmp_path):
    relay = Relay(tmp_path)
    relay.directory.mkdir(parents=True)
    relay.configure(CONFIG)
    assert "weir init" in refusal(relay)


def test_a_broken_configuration_is_refused_with_its_place(tmp_path):
    relay = Relay(tmp_path, extra="worker: 2\n").init()
    line = relay.config.read_text("utf-8").count("\n")
    said = refusal(relay)
    assert f"{relay.config}:{line}:1: " in said and "workers" in said


def test_no_configuration_at_all_is_refused(tmp_path):
    done = subprocess.run([WEIR, "serve"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "weir init" in done.stderr


REDIS_REFUSED = {
    "no append-only file": ({"appendonly": "no"}, "strict", "appendonly"),
    "everysec where strict was promised": ({"appendfsync": "everysec"}, "strict", "appendfsync"),
    "writing left to the kernel": ({"appendfsync": "no"}, "standard", "appendfsync"),
    "no append-only file, standard": ({"appendonly": "no"}, "standard", "appendonly"),
    "evicts": ({"maxmemory_policy": "allkeys-lru"}, "strict", "maxmemory-policy"),
    "evicts what expires": ({"maxmemory_policy": "volatile-ttl"}, "standard", "maxmemory-policy"),
}


@pytest.mark.parametrize("case", REDIS_REFUSED)
def test_a_redis_that_promises_too_little_is_refused_by_the_name_of_its_setting(tmp_path, case):
    settings, durability, name = REDIS_REFUSED[case]
    with RedisServer(tmp_path, **settings) as redis:
        relay = Relay(tmp_path, redis=redis.url, extra=f"durability: {durability}\n").init()
        assert name in refusal(relay)


def test_a_redis_that_promises_enough_is_taken(tmp_path, town):
    with RedisServer(tmp_path) as redis, Relay(tmp_path, redis=redis.url) as relay:
        blog, wiki = join(relay, server(town), server(town))
        received(wiki, blog.post("into your Redis").id)


def test_two_relays_on_one_redis_are_refused_and_the_first_goes_on(tmp_path, town):
    with RedisServer(tmp_path) as redis:
        with Relay(tmp_path / "one", redis=redis.url) as first:
            blog, wiki = join(first, server(town), server(town))
            second = Relay(tmp_path / "two", redis=redis.url).init()
            said = refusal(second)
            assert f"another relay's journal: that of {first.url}" in said
            received(wiki, blog.post("undisturbed").id)
            assert first.log("courier") == []
        starts(first)


def test_the_same_relay_finds_its_journal_again_from_a_directory_brought_back(tmp_path, town):
    """The file that names the journal is not part of a backup of the keys."""
    with RedisServer(tmp_path) as redis, Relay(tmp_path, redis=redis.url) as relay:
        blog, = join(relay, server(town))
        relay.stop()
        (relay.data / "journal-id").unlink()
        relay.start()
        assert relay.state(blog.host) == "active"


@pytest.mark.parametrize("durability", ["strict", "standard"])
def test_which_promise_holds_is_said_everywhere(tmp_path, durability):
    fsync = "everysec" if durability == "standard" else "always"
    with RedisServer(tmp_path, appendfsync=fsync) as redis, \
            Relay(tmp_path, redis=redis.url, extra=f"durability: {durability}\n") as relay:
        assert relay.readyz()[::2] == (200, f"ready\ndurability: {durability}\n")
        assert relay.told("status")["durability"] == durability
        assert f"durability {durability}" in " ".join(relay.verb("status").out.split())
        assert f"(durability: {durability})" in relay.out.read_text("utf-8")
        assert f"durability={durability}" in relay.log("ready")[0]["message"]


def test_a_redis_with_a_password_in_the_url_is_taken_and_the_password_kept(tmp_path, town):
    password = "correct-horse-battery"
    with RedisServer(tmp_path, password) as redis, Relay(
            tmp_path, redis=redis.url, extra="log: { level: debug }\n") as relay:
        blog, wiki = join(relay, server(town), server(town))
        received(wiki, blog.post("behind a password").id)
        redis.kill()
        wait_until(lambda: relay.readyz()[0] == 503, "it is away")
        said = relay.readyz()[2] + relay.verb("config", "explain").out + relay.verb("status").out
        redis.start()
        wait_until(lambda: relay.readyz()[0] == 200, "it is back")
    assert password not in relay.err_text + relay.out.read_text("utf-8") + said
    assert ":***@" in said


def test_a_wrong_password_is_said_and_not_shown(tmp_path):
    with RedisServer(tmp_path, "the-right-one") as redis:
        relay = Relay(tmp_path, redis=redis.url.replace("the-right-one", "a-wrong-one")).init()
        relay.start(ready=False)
        try:
            line = relay.wait_log("redis")[0]
            status, _, said = relay.readyz()
            relay.stop()
        finally:
            relay.kill()
    relay.check_reports()
    assert "WRONGPASS" in line["message"] and status == 503 and "WRONGPASS" in said
    assert "the-right-one" not in relay.err_text + said
    assert "a-wrong-one" not in relay.err_text + said


def test_a_redis_that_is_not_there_is_said_by_the_log_and_by_readyz(tmp_path):
    redis = RedisServer(tmp_path)
    relay = Relay(tmp_path, redis=redis.url).init().start(ready=False)
    try:
        message = relay.wait_log("redis", level="warn")[0]["message"]
        status, _, said = relay.readyz()
        relay.stop()
    finally:
        relay.kill()
    relay.check_reports()
    assert message.startswith("not ready: ") and "refused" in message
    assert status == 503 and "refused" in said


def test_a_redis_on_a_unix_socket_is_taken(tmp_path, town):
    path = tmp_path / "r.sock"
    with RedisServer(tmp_path, unixsocket=str(path)), \
            Relay(tmp_path, redis=f"unix:{path}") as relay:
        join(relay, server(town))


# --- reload -------------------------------------------------------------------------------------

SHARED = "to: partners, when: { tags: [partners] }, then: allow"


def test_sighup_takes_over_new_rules_and_says_so(relay, town):
    blog, partner = server(town), server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, blog, partner)
    before = blog.post("one")
    relay.replace(SHARED, SHARED.replace("when: { tags: [partners] }, ", ""))
    assert relay.reload()["level"] == "info"
    after = blog.post("two")
    received(partner, after.id)
    assert deliveries(partner, activity__id=before.id) == []


def test_sighup_with_a_wrong_file_keeps_the_old_one_and_says_why(relay, town):
    blog, partner = server(town), server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, blog, partner)
    relay.replace(SHARED, "to: partner, then: allow")
    line = relay.reload()
    assert line["level"] == "error"
    assert "the old configuration stays" in line["message"]
    assert re.search(r"weir\.yaml:\d+:\d+: .*partner", line["message"])
    inside, shared = blog.post("one"), blog.post("two", tags=["partners"])
    received(partner, shared.id)
    assert deliveries(partner, activity__id=inside.id) == []


def test_a_member_that_fits_no_zone_after_a_reload_is_suspended_and_that_is_said(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    port = wiki.host.rsplit(":", 1)[1]
    relay.replace('hosts: ["127.0.0.2:*"]', f'hosts: ["127.0.0.2:{port}"]')
    relay.reload()
    line, = relay.wait_log("member", host=blog.host, state="suspended")
    assert (line["level"], line["change"]) == ("info", "unzoned")
    assert relay.state(blog.host) == "suspended"
    refused(blog.post("may I?"), 403, "no-zone")
    assert relay.state(wiki.host) == "active"
    sent = wiki.post("without the blog")
    settle(relay)
    assert deliveries(blog, activity__id=sent.id) == []


def test_a_member_without_a_zone_comes_back_when_it_has_one_and_is_resumed(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    port = wiki.host.rsplit(":", 1)[1]
    relay.replace('hosts: ["127.0.0.2:*"]', f'hosts: ["127.0.0.2:{port}"]')
    relay.reload()
    relay.wait_log("member", host=blog.host, state="suspended")
    relay.replace(f'hosts: ["127.0.0.2:{port}"]', 'hosts: ["127.0.0.2:*"]')
    relay.reload()
    assert relay.state(blog.host) == "suspended"
    relay.told("member", "resume", blog.host)
    received(blog, wiki.post("welcome back").id)


def test_a_reload_that_moves_a_member_to_another_zone_changes_what_it_gets(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    port = blog.host.rsplit(":", 1)[1]
    relay.replace('hosts: ["127.0.0.3:*"]', f'hosts: ["127.0.0.3:*", "127.0.0.2:{port}"]')
    relay.replace('hosts: ["127.0.0.2:*"]', f'hosts: ["{wiki.host}"]')
    relay.reload()
    relay.wait_log("member", host=blog.host, zone="partners")
    inside, shared = wiki.post("one"), wiki.post("two", tags=["partners"])
    received(blog, shared.id)
    assert deliveries(blog, activity__id=inside.id) == []


@pytest.mark.parametrize("old, new, name", [
    ("url: http://$host", "url: http://127.0.0.1:1", "url"),
    ("listen: $host", "listen: 127.0.0.1:1", "listen"),
    ("metrics: $metrics", "metrics: 127.0.0.1:1", "metrics"),
    ("redis: $redis", "redis: redis://127.0.0.1:1/0", "redis"),
    ("./weir-data", "./elsewhere", "data"),
    ("workers: 0", "durability: standard", "durability"),
], ids=lambda word: word if word.isalpha() else "")
def test_what_cannot_change_under_a_running_relay_is_refused_on_reload(running, old, new, name):
    before = running._text
    running.replace(old, new)
    line = running.reload()
    running.configure(before)
    assert line["level"] == "error"
    assert f"{name} can't change without a restart" in line["message"] or f"{name}:" in \
        line["message"]
    assert running.reload()["level"] == "info"


def test_config_reload_does_the_same_and_answers(relay, town):
    blog, partner = server(town), server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, blog, partner)
    relay.replace(SHARED, SHARED.replace("when: { tags: [partners] }, ", ""))
    assert relay.told("config", "reload") == {"reloaded": True}
    received(partner, blog.post("two").id)
    relay.replace("then: allow", "then: maybe")
    done = relay.verb("config", "reload", "--json")
    assert (done.code, done.out) == (1, "")
    assert "maybe" in done.err or "then" in done.err
    received(partner, blog.post("three").id)


def test_config_reload_says_to_people_that_it_was_done(running):
    done = running.verb("config", "reload")
    assert (done.code, done.err) == (0, "")
    assert "new configuration" in done.out


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
    "weir_delivery_seconds": "histogram",
    "weir_delivery_lag_seconds": "histogram",
    "weir_destinations": "gauge",
    "weir_destination_behind_entries": "gauge",
    "weir_direct_waiting": "gauge",
    "weir_commits_total": "counter",
    "weir_members": "gauge",
    "weir_key_fetches_total": "counter",
    "weir_redis_up": "gauge",
    "weir_redis_commands": "gauge",
    "weir_http_connections": "gauge",
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
    shop.records.wait_for(timeout=20, activity__id=first.id)
    shop.faults.append(Fault(status=404, times=1))
    second = blog.post("two")
    shop.records.wait_for(timeout=20, did="fault: status 404")
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
    relay.told("member", "suspend", blog.host)
    shows('weir_members{state="suspended"}', 1)
    shop.up()
    received(shop, posts[-1].id)
    shows("weir_destination_behind_entries", 0)
    shows('weir_destinations{state="waiting"}', 0)
    assert relay.metric("weir_journal_position") == relay.told("status")["position"]
    commands = relay.metric("weir_redis_commands")
    wait_until(lambda: relay.metric("weir_redis_commands") > commands, "commands go on")


def test_fetched_keys_and_answers_are_counted(relay, town):
    keys, ok = 'weir_key_fetches_total{code="ok"}', 'weir_http_requests_total{class="2xx"}'
    bad = 'weir_http_requests_total{class="4xx"}'
    before = counted(relay, keys, ok, bad)
    join(relay, server(town))
    for path in ("/actor", "/nothing"):
        relay.get(path)
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
    shop.records.wait_for(timeout=20, activity__id=sent.id)
    relay.get("/nodeinfo/2.1")
    relay.get("/nothing")
    settle(relay)
    return blog, shop, sent


def check_life(relay, blog, shop, sent):
    """One line for each request, and for each attempt to deliver."""
    line, = relay.log("inbox", activity=sent.id)
    assert (line["from"], line["status"], line["code"], line["type"]) == (
        blog.host, "202", "ok", "Create")
    tries = relay.log("delivery", activity=sent.id, host=shop.host)
    assert [(t["try"], t["verdict"], t["status"]) for t in tries] == [
        ("1", "later", "500"), ("2", "later", "500"), ("3", "delivered", "202")]
    assert len(relay.log("delivery", direct="accept", verdict="delivered")) == 2
    assert len(relay.log("inbox", type="Follow")) == 2
    assert len(relay.log("request", target="/nodeinfo/2.1", status="200")) == 1
    assert len(relay.log("request", target="/nothing", status="404")) == 1


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


# --- the end ------------------------------------------------------------------------------------


class Pause(Fault):
    """A delay that says when it has begun."""

    async def play(self, request):
        self.began.set()
        return await super().play(request)


def pause(peer, **where):
    fault = Pause(delay=1.0, times=1, **where)
    fault.began = threading.Event()
    peer.faults.append(fault)
    return fault.began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_it_ends_at_once_where_there_is_nothing_to_do(tmp_path, number):
    with Relay(tmp_path) as relay:
        host, port = relay.host.split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /actor HTTP/1.1\r\nHost: " + relay.host.encode() + b"\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            relay.stop(number)
        assert time.monotonic() - began < 8
        assert relay.log("serve", message="stopping")


def test_what_is_in_work_at_the_end_is_answered(relay, town):
    """Its key is being fetched when the signal comes."""
    blog = server(town)
    began = pause(blog, path="/actor", method="GET")
    answers = []
    sender = threading.Thread(target=lambda: answers.append(follow(relay, blog)))
    sender.start()
    assert began.wait(20)
    relay.stop()
    sender.join()
    assert [sent.status for sent in answers] == [202]
    relay.start()
    accepted(blog)


def test_a_delivery_under_way_at_the_end_is_finished_and_not_repeated(relay, town):
    blog, shop = join(relay, server(town), server(town))
    began = pause(shop)
    sent = blog.post("slowly")
    assert began.wait(20)
    relay.restart()
    last = blog.post("the next one")
    received(shop, last.id)
    settle(relay)
    assert [r["activity"]["id"] for r in deliveries(shop, activity__type="Create")] == [
        sent.id, last.id]


def test_the_end_under_load_loses_nothing_that_was_taken(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    taken, over = [], threading.Event()

    def write(number):
        while not over.is_set():
            try:
                sent = blog.post(f"writer {number}")
            except Exception:  # the door is closed: what was not taken is the writer's again
                return
            if sent.status == 202:
                taken.append(sent.id)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(taken) >= 30, "there is load")
    relay.stop()
    over.set()
    for writer in writers:
        writer.join()
    relay.start()
    last = blog.post("the last one")
    received(wiki, last.id, 60)
    settle(relay)
    found = [r["activity"]["id"] for r in deliveries(wiki, activity__type="Create")]
    assert set(taken) <= set(found)
    assert len(found) == len(set(found)), "repeated"


def test_a_client_of_the_public_door_learns_nothing_of_the_operators(running):
    for path in ("/api/v1/members", "/api/v1/status", "/weir-data/actor-rsa.pem"):
        assert http_get(running.url + path)[0] == 404
