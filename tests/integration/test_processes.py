"""The relay as several processes: who is there, who comes back, who goes by what, and the end."""

import contextlib
import fcntl
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from integration.acts import join, received, server, settle
from integration.relay import Relay, children, comm, http_get, wait_until
from peers.faults import Fault

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s }\n"
COURIERS = 2
ROLES = [*(f"courier-{n}" for n in range(COURIERS)), "front-0", "steward-0"]


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    with Relay(tmp_path, extra=QUICK, workers=COURIERS) as relay:
        yield relay


def comes_back(relay, before, *names):
    """As soon as each of these roles is another process than before, and all are ready."""
    def there():
        now = relay.roles()
        return sorted(now) == sorted(before) and all(now[name] != before[name] for name in names)

    wait_until(there, f"{names} are there again")
    wait_until(lambda: ready(relay), "all is ready again")
    now = relay.roles()
    assert [n for n in before if now[n] != before[n]] == list(names), "others were started anew"


def ready(relay):
    try:
        return relay.readyz()[0] == 200
    except OSError:  # the steward is not there
        return False


def kill(relay, name):
    os.kill(relay.redis_pid if name == "redis" else relay.roles()[name], signal.SIGKILL)


def processes(relay, role):
    return relay.metric(f'weir_processes{{role="{role}"}}')


def restarts(relay, role):
    return relay.metric(f'weir_process_restarts_total{{role="{role}"}}')


# --- who is there -------------------------------------------------------------------------------


def test_each_role_is_a_process_of_its_own(relay):
    assert sorted(relay.roles()) == ROLES
    assert relay.redis_pid
    # Nothing else, and one can see in a list of processes what is what.
    assert len(children(relay.pid)) == len(ROLES) + 1
    assert {comm(pid) for pid in relay.roles().values()} == {
        "weir-front", "weir-courier", "weir-steward"}
    wait_until(lambda: [processes(relay, r) for r in ("front", "courier", "steward", "all")] == [
        1, COURIERS, 1, 0], "the processes are counted")


@pytest.mark.parametrize("how", ["setting", "option"])
def test_without_workers_there_is_one_process(tmp_path, town, how):
    relay = Relay(tmp_path, workers=0 if how == "setting" else 3).init()
    with started(relay, options=[] if how == "setting" else ["--workers", "0"]):
        assert relay.roles() == {} and len(children(relay.pid)) == 1
        wait_until(lambda: [processes(relay, r) for r in ("front", "courier", "steward", "all")]
                   == [0, 0, 0, 1], "the process is counted")
        blog, wiki = join(relay, server(town), server(town))
        received(wiki, blog.post("all in one").id)


@pytest.mark.parametrize("roles", ["courier", "front,steward"])
def test_with_a_redis_of_its_own_a_machine_does_all(tmp_path, roles):
    relay = Relay(tmp_path).init()
    done = relay.verb("serve", "--role", roles)
    assert (done.code, done.out) == (1, "") and "redis: embedded is for one machine" in done.err


def test_auto_is_a_courier_for_each_core(tmp_path):
    with Relay(tmp_path, workers="auto") as relay:
        names = [name for name in relay.roles() if name.startswith("courier-")]
        assert len(names) == min(64, len(os.sched_getaffinity(0)))


@pytest.mark.parametrize("words, said", [
    (["--workers", "65"], "--workers is auto or 0 to 64, not: 65"),
    (["--workers", "-1"], "--workers is auto or 0 to 64, not: -1"),
    (["--workers", "many"], "--workers is auto or 0 to 64, not: many"),
    (["--role", "baker"], "--role is one or more of front, courier, steward, not: baker"),
    (["--role", "front,"], "--role is one or more of front, courier, steward, not: front,"),
    (["--role", "baker", "--slot", "0"], "there is no such role: baker"),
    (["--role", "courier", "--slot", "0", "--house", "baker"], "there are no such roles: baker"),
    (["--role", "front", "--slot", "x"], "that is not a slot: x"),
    (["--role", "courier", "--slot", "0"], "roles are started by `weir serve`"),
], ids=" ".join)
def test_what_serve_is_not_started_with(tmp_path, words, said):
    relay = Relay(tmp_path).init()
    done = relay.verb("serve", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


# --- who comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ROLES, "redis"])
def test_what_is_killed_comes_back_and_work_goes_on(relay, town, name):
    blog, wiki = join(relay, server(town), server(town))
    received(wiki, blog.post("before").id)
    before, taken = relay.roles(), relay.metric('weir_inbox_total{code="ok"}')
    kill(relay, name)
    if name == "redis":
        wait_until(lambda: relay.redis_pid, "Redis is there again")
        wait_until(lambda: ready(relay), "all is ready again")
    else:
        comes_back(relay, before, name)
        line, = relay.log("process", of=name, change="ended")
        assert (line["level"], line["signal"], line["again_ms"]) == ("error", "9", "50")
        role = name.split("-")[0]
        wait_until(lambda: restarts(relay, role) == 1, "it is counted")
        assert sum(restarts(relay, other) for other in ("front", "courier", "steward")) == 1
        wait_until(lambda: processes(relay, role) == sum(role in other for other in ROLES),
                   "it is counted, too")
    sent = []
    wait_until(lambda: sent.append(blog.post("after")) or sent[-1].status == 202, "it is taken")
    received(wiki, sent[-1].id)
    # What was counted before, by whichever process, is still counted.
    wait_until(lambda: relay.metric('weir_inbox_total{code="ok"}') >= taken + 1, "all is counted")


def test_all_roles_at_once_come_back(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    before = relay.roles()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    comes_back(relay, before, *before)
    received(wiki, blog.post("after").id)


def test_one_that_is_asked_to_end_finishes_its_work_and_comes_back(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    before = relay.roles()
    os.kill(before["front-0"], signal.SIGTERM)
    comes_back(relay, before, "front-0")
    line, = relay.log("process", of="front-0", change="ended")
    assert (line["status"], "signal" in line) == ("0", False)
    received(wiki, blog.post("after").id)


def test_what_a_process_said_of_itself_ends_with_it(relay):
    host, port = relay.host.split(":")
    with socket.create_connection((host, int(port))):
        wait_until(lambda: relay.metric("weir_http_connections") == 1, "one is open")
        before = relay.roles()
        kill(relay, "front-0")
        comes_back(relay, before, "front-0")
        wait_until(lambda: relay.metric("weir_http_connections") == 0, "it is counted no more")


def test_one_that_dies_at_once_is_started_ever_more_slowly_and_that_is_said(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    key, hidden = relay.data / "actor-rsa.pem", relay.data / "hidden.pem"
    key.rename(hidden)
    kill(relay, "front-0")
    lines = relay.wait_log("process", 6, of="front-0", change="ended")
    assert [int(line["again_ms"]) for line in lines[:6]] == [50, 100, 200, 400, 800, 1600]
    assert [line.get("status") for line in lines[1:6]] == ["1"] * 5
    assert str(key) in relay.log("process")[-1].get("message", "") or any(
        str(key) in line.get("message", "") for line in relay.log("process"))
    status, _, text = relay.readyz()
    assert status == 503 and text.startswith("front-0: ")
    assert sorted(relay.roles()) in (ROLES, [name for name in ROLES if name != "front-0"])
    hidden.rename(key)
    wait_until(lambda: ready(relay), "it is there again")
    received(wiki, blog.post("after").id)


# --- the master ---------------------------------------------------------------------------------


def test_a_killed_master_leaves_nothing_behind_and_the_next_goes_on_at_once(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    for number in range(5):
        sent = blog.post(f"before {number}")
        left = [*relay.roles().values(), relay.redis_pid]
        relay.strike()
        wait_until(lambda: not any(map(lives, left)), "all are gone")
        relay.start()
        received(wiki, sent.id)
    settle(relay)
    received(wiki, blog.post("after").id)


def test_the_next_master_waits_for_what_the_one_before_had_started(tmp_path):
    """Not even a moment passes between the kill and the next start."""
    with started(Relay(tmp_path, workers=COURIERS).init()) as relay:
        for _ in range(5):
            relay.strike()
            relay.start()
        assert not relay.log("redis-server")
        # What is slow to end: its lock is all that there is to see of it.
        relay.kill()
        with held(relay):
            relay.start(ready=False)
            relay.wait_log("serve", message="waits for what an earlier relay started here to end")
            assert children(relay.pid) == []
        relay.wait_ready()


def test_a_master_that_waits_in_vain_says_so(tmp_path):
    relay = Relay(tmp_path).init()
    with held(relay):
        began = time.monotonic()
        relay.start(ready=False)
        assert relay.ended() == 1
        assert time.monotonic() - began > 9
    assert "still runs after 10 s" in relay.err_text
    assert "weir is ready" not in relay.out.read_text("utf-8")


def test_a_second_copy_is_refused_at_once(relay):
    done = relay.verb("serve")
    assert (done.code, done.out) == (1, "")
    assert "another weir serves this data directory" in done.err
    assert relay.readyz()[0] == 200


def test_one_that_does_not_end_is_killed_in_the_end(tmp_path):
    with Relay(tmp_path, workers=2, extra="drain: 100ms\n") as relay:
        os.kill(relay.roles()["courier-1"], signal.SIGSTOP)
        began = time.monotonic()
        relay.stop()
        assert time.monotonic() - began > 5
        line, = relay.log("process", message="courier-1 does not end: killed")
        assert line["level"] == "error"


def test_roles_end_in_their_order(relay, town):
    """Front, couriers, steward: the last one can be asked how it goes until the end."""
    shop, blog = join(relay, server(town), server(town))
    shop.faults.append(Fault(delay=5, times=1))
    blog.post("slow to deliver")
    wait_until(lambda: relay.told("status")["destinations"]["sending"], "it is under way")
    os.kill(relay.pid, signal.SIGTERM)
    seen = []
    while relay.alive:
        names = tuple(sorted({name.split("-")[0] for name in relay.roles()}))
        if names and names != (seen or [None])[-1]:
            seen.append(names)
        time.sleep(0.005)
    assert relay.ended() == 0
    every = [("courier", "front", "steward"), ("courier", "steward"), ("steward",)]
    assert [names for names in every if names in seen] == seen
    assert ("courier", "steward") in seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_to_all_of_them_at_once_ends_it_as_well(tmp_path, town, number):
    """As a service manager, or a closing terminal, may send it: Redis may be the first to go."""
    with Relay(tmp_path, extra=QUICK, workers=COURIERS) as relay:
        blog, wiki = join(relay, server(town), server(town))
        sent = blog.post("before")
        for pid in (*relay.roles().values(), relay.redis_pid):
            os.kill(pid, number)
        relay.stop(number)
        relay.start()
        received(wiki, sent.id)
        received(wiki, blog.post("after").id)


# --- who goes by what ---------------------------------------------------------------------------


def test_a_reload_reaches_every_role_and_a_wrong_one_none(tmp_path, town):
    with Relay(tmp_path, extra=QUICK, workers=COURIERS) as relay:
        blog, wiki = join(relay, server(town), server(town))

        def everyone_speaks(number):
            """Lines of all: a request, deliveries to many (so of both couriers), a change."""
            peers = join(relay, *(server(town) for _ in range(6)))
            sent = blog.post("to many")
            for peer in (wiki, *peers):
                received(peer, sent.id)
            relay.told("member", "invite", f"127.0.0.3:{number}")

        before = relay._text
        relay.configure(before + "log: { format: json, level: loud }\n")
        assert relay.reload()["level"] == "error"
        relay.configure(before)
        everyone_speaks(1)
        assert '"role":' not in relay.err_text.replace('\\"', "")
        relay.configure(before + "log: { format: json }\n")
        relay.verb("reload")
        start = relay.err.stat().st_size
        everyone_speaks(2)
        wait_until(lambda: all(f'"role":"{name}"' in relay.err_text for name in ROLES),
                   "all write JSON")
        later = relay.err.read_bytes()[start:].decode()
        assert all(line.startswith("{") for line in later.splitlines())


def test_one_that_comes_back_goes_by_what_was_good_last(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    relay.configure("nonsense: [")
    assert relay.reload()["level"] == "error"
    before = relay.roles()
    for name in before:
        kill(relay, name)
    comes_back(relay, before, *before)
    received(wiki, blog.post("after").id)


def test_a_reload_with_a_role_down_reaches_it_when_it_comes_back(relay):
    key, hidden = relay.data / "actor-rsa.pem", relay.data / "hidden.pem"
    key.rename(hidden)
    kill(relay, "front-0")
    relay.wait_log("process", 3, of="front-0", change="ended")
    relay.configure(relay._text + "name: Another name\n")
    assert relay.reload()["level"] == "info"
    hidden.rename(key)
    wait_until(lambda: ready(relay), "it is there again")
    assert '"Another name"' in relay.get("/actor")[2]


# --- several fronts -----------------------------------------------------------------------------


def fronts(tmp_path):
    return Relay(tmp_path, extra=QUICK + "fronts: 2\n", workers=1)


def test_two_fronts_share_the_address_and_what_they_count_adds_up(tmp_path, town):
    with fronts(tmp_path) as relay:
        ok = 'weir_http_requests_total{class="2xx"}'
        assert {"front-0", "front-1"} < set(relay.roles())
        before, asked = relay.metric(ok), 0

        def both_answered():
            nonlocal asked
            assert relay.get("/actor")[0] == 200
            asked += 1
            return {line.get("role") for line in relay.log("request")} == {"front-0", "front-1"}

        wait_until(both_answered, "both have answered")
        wait_until(lambda: relay.metric(ok) - before == asked == len(relay.log("request")),
                   "each answer is counted once and logged once")
        join(relay, server(town))


def test_while_one_front_is_away_the_other_answers(tmp_path):
    with fronts(tmp_path) as relay:
        before = relay.roles()
        kill(relay, "front-1")
        wait_until(lambda: not lives(before["front-1"]), "it is gone")
        for _ in range(20):
            with contextlib.suppress(OSError):  # what was waiting for the other, or for both
                assert http_get(f"{relay.url}/actor")[0] == 200
        comes_back(relay, before, "front-1")
        assert relay.get("/actor")[0] == 200


def test_two_fronts_do_not_share_the_address_with_a_stranger(tmp_path):
    relay = fronts(tmp_path).init()
    host, port = relay.host.split(":")
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind((host, int(port)))
        stranger.listen()
        relay.start(ready=False)
        assert relay.ended() == 1
    assert f"{relay.host}: address already in use" in relay.err_text
    relay.start()
    relay.stop()
    relay.check_reports()


# --- inside -------------------------------------------------------------------------------------


@contextlib.contextmanager
def started(relay, **how):
    try:
        relay.start(**how)
        yield relay
        relay.stop()
    finally:
        relay.kill()
    relay.check_reports()


def lives(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


@contextlib.contextmanager
def held(relay):
    """The lock that everything has which a relay started."""
    with open(relay.data / "lock.roles", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
