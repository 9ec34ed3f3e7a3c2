"""What an operator meets: what Weir refuses to start with, and what it takes while it runs."""

import re
import subprocess

import pytest

from integration.acts import deliveries, join, received, refused, server, settle
from integration.redis_server import RedisServer
from integration.relay import CONFIG, PARTNER, WEIR, Relay, wait_until

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
            wait_until(lambda: any("WRONGPASS" in line.get("message", "")
                                   for line in relay.log("redis")), "the log says why")
            # Each role says so for itself; it is the steward that answers.
            wait_until(lambda: "WRONGPASS" in relay.readyz()[2], "readyz says why")
            status, _, said = relay.readyz()
            relay.stop()
        finally:
            relay.kill()
    relay.check_reports()
    assert status == 503 and "WRONGPASS" in said
    assert "the-right-one" not in relay.err_text + said
    assert "a-wrong-one" not in relay.err_text + said


def test_a_redis_that_is_not_there_is_said_by_the_log_and_by_readyz(tmp_path):
    redis = RedisServer(tmp_path)
    relay = Relay(tmp_path, redis=redis.url).init().start(ready=False)
    try:
        message = relay.wait_log("redis", level="warn")[0]["message"]
        # Each role says so for itself; it is the steward that answers.
        wait_until(lambda: "refused" in relay.readyz()[2], "readyz says why")
        status = relay.readyz()[0]
        relay.stop()
    finally:
        relay.kill()
    relay.check_reports()
    assert message.startswith("not ready: ") and "refused" in message
    assert status == 503


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
    ("data:", "durability: standard\ndata:", "durability"),
    ("data:", "fronts: 3\ndata:", "fronts"),
    ("workers: $workers", "workers: 7", "workers"),
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


def test_weir_reload_does_the_same_and_answers(relay, town):
    blog, partner = server(town), server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, blog, partner)
    relay.replace(SHARED, SHARED.replace("when: { tags: [partners] }, ", ""))
    assert relay.told("reload") == {"reloaded": True}
    received(partner, blog.post("two").id)
    relay.replace("then: allow", "then: maybe")
    done = relay.verb("reload", "--json")
    assert (done.code, done.out) == (1, "")
    assert "maybe" in done.err or "then" in done.err
    received(partner, blog.post("three").id)


def test_weir_reload_says_to_people_that_it_was_done(running):
    done = running.verb("reload")
    assert (done.code, done.err) == (0, "")
    assert "new configuration" in done.out
