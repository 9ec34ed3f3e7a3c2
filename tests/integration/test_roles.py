"""Roles apart from each other over one Redis: who may join, who is refused and why, and what a machine
does that has but some of them. Several machines: test_machines.py."""

import contextlib
import datetime
import shutil
import time

import pytest

from integration.acts import join, received, server
from integration.redis_server import RedisServer
from integration.relay import Relay, wait_until

KEYS = ("actor-rsa.pem", "actor-ed25519.pem")
QUICK = "durability: standard\ndelivery: { backoff: 50ms, backoff_most: 1s }\n"


class Part(Relay):
    """Some roles, with a data directory of their own (its name is short: there are sockets in it);
    the same relay as `first`."""

    def __init__(self, directory, redis, roles, first=None, **how):
        super().__init__(directory / roles[0], redis=redis.url, extra=QUICK,
                         **{"workers": 1, **how})
        self._roles = roles
        if first:
            self.host = first.host

    def start(self, ready=True, options=()):
        return super().start(ready, ["--role", self._roles, *options])

    def with_keys_of(self, first):
        for name in KEYS:
            shutil.copy2(first.data / name, self.data / name)
        return self


@pytest.fixture(name="redis")
def fixture_redis(tmp_path):
    with RedisServer(tmp_path) as redis:
        yield redis


@contextlib.contextmanager
def running(*parts):
    with contextlib.ExitStack() as stack:
        for part in parts:
            stack.callback(ended, part)
            part.start()
        yield


def ended(part):
    if part.alive:
        part.stop()
    part.check_reports()


def two(tmp_path, redis):
    front = Part(tmp_path, redis, "front,steward").init()
    return front, Part(tmp_path, redis, "courier", front).init().with_keys_of(front)


def refusal(part):
    part.start(ready=False)
    assert part.ended() == 1
    return part.err_text


def test_front_and_courier_apart_are_one_relay(tmp_path, redis, town):
    front, courier = two(tmp_path, redis)
    with running(front, courier):
        assert sorted(front.roles()) == ["front-0", "steward-0"]
        assert sorted(courier.roles()) == ["courier-0", "steward-0"]
        blog, wiki = join(front, server(town), server(town))
        received(wiki, blog.post("from one to the other").id)
        assert front.told("member", "list") == courier.told("member", "list")
        assert courier.readyz()[0] == 200
        assert courier.metric('weir_deliveries_total{verdict="delivered"}') >= 2
        machine, = front.told("status")["couriers"]
        assert (machine["couriers"], machine["shards"]) == (1, 64)
        courier.stop()  # which gives everything back at once
        assert front.told("status")["couriers"] == []
        assert front.told("status")["shardsFree"] == 64
        assert "couriers     none\nshards       64 have no courier now\n" in front.verb("status").out
        waits = blog.post("while nobody delivers").id
        wait_until(lambda: front.told("status")["lag"] > 0, "it is seen to wait")
        courier.start()
        received(wiki, waits)


def test_a_courier_in_one_process_is_one_as_well(tmp_path, redis, town):
    front, courier = two(tmp_path, redis)
    with running(front):
        courier.configure(courier.config.read_text("utf-8").replace("workers: 1", "workers: 0"))
        with running(courier):
            assert courier.roles() == {}
            blog, wiki = join(front, server(town), server(town))
            received(wiki, blog.post("one process there").id)
            assert courier.get("/actor", f"http://{courier.metrics}")[0] == 404  # it has no front


def test_a_courier_with_other_keys_is_refused(tmp_path, redis):
    """It would speak in the relay's name, and be believed by nobody."""
    front, courier = two(tmp_path, redis)
    with running(front):
        for name in KEYS:
            shutil.copy2(courier.data / name, courier.data / f"{name}.right")
            (courier.data / name).unlink()
        other = Relay(tmp_path / "other").init()
        courier.with_keys_of(other)
        assert "actor's keys here are not those that this journal's relay signs with" in refusal(courier)
        assert "actor-rsa.pem and actor-ed25519.pem" in courier.err_text
        done = courier.verb("journal", "adopt")
        assert done.code == 1 and "other keys" in done.err
        for name in KEYS:
            (courier.data / f"{name}.right").rename(courier.data / name)
        courier.start()
        courier.stop()


def test_keys_that_were_replaced_on_purpose_are_adopted_by_force(tmp_path, redis):
    front, courier = two(tmp_path, redis)
    with running(front, courier):
        pass
    front.with_keys_of(Relay(tmp_path / "other").init())
    assert "journal adopt --force" in refusal(front)
    done = front.verb("journal", "adopt", "--force")
    assert done.code == 0, done
    with running(front):
        assert "signs with" in refusal(courier)
        courier.with_keys_of(front).start()
        courier.stop()


def test_a_courier_of_another_relay_is_refused(tmp_path, redis):
    front, courier = two(tmp_path, redis)
    courier.replace("url: http://$host", "url: http://127.0.0.1:9")
    with running(front):
        assert f"another relay's journal: that of {front.url}" in refusal(courier)


def test_a_courier_that_is_there_first_waits_for_the_journal(tmp_path, redis, town):
    """It does not found one: who names the wrong Redis is to be told."""
    front, courier = two(tmp_path, redis)
    courier.start(ready=False)
    courier.wait_log("redis", message="not ready: this Redis holds no journal yet: the front founds it"
                                      " (is it the right Redis?)")
    with redis.client() as look:
        assert look("EXISTS", "{weir}:log") == 0
    with running(front):
        courier.wait_ready()
        blog, wiki = join(front, server(town), server(town))
        received(wiki, blog.post("late is not never").id)
        courier.stop()


@pytest.mark.row("Q16")
def test_one_data_directory_has_one_master_whatever_its_roles(tmp_path, redis):
    front, courier = two(tmp_path, redis)
    with running(front):
        courier.config.write_text(front.config.read_text("utf-8").replace(
            "./weir-data", str(front.data)), "utf-8")
        assert f"{front.data}: another weir serves this data directory" in refusal(courier)
        assert front.readyz()[0] == 200


def test_a_machine_without_the_steward_changes_no_member(tmp_path, redis):
    """It tells how it is; who is to go goes when the steward comes."""
    front = Part(tmp_path, redis, "front").init()
    steward = Part(tmp_path, redis, "steward", front).init().with_keys_of(front)
    with running(front):
        host, end = "127.0.0.3:7777", time.time() + 4
        until = datetime.datetime.fromtimestamp(end, datetime.timezone.utc)
        front.told("member", "invite", host, "--until", until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        wait_until(lambda: front.metric('weir_members{state="invited"}') == 1, "it is counted")
        time.sleep(max(0, end + 2 - time.time()))
        assert front.state(host) == "invited"
        with running(steward):
            wait_until(lambda: front.state(host) == "expired", "the steward ends what is over")
