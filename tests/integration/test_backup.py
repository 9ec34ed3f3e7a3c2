"""`weir backup`, `weir restore`, `weir verify` and `weir journal adopt`: what was accepted before a
backup began is delivered or waits after it was put back, and nothing that is damaged is believed."""

import os
import shutil
import stat
import threading

import pytest

from integration.acts import deliveries, join, received, server, settle
from integration.backups import Backup
from integration.redis_client import Redis
from integration.redis_server import RedisServer
from integration.relay import PATIENCE_S, Relay, wait_until
from integration.scenes import Scene, all_there


@pytest.fixture(name="scene")
def fixture_scene(tmp_path, town):
    with Relay(tmp_path) as relay:
        yield Scene(relay, town)


def lose_redis(relay):
    """The relay is stopped, and its Redis has lost everything."""
    shutil.rmtree(relay.data / "redis")


# --- while it works -----------------------------------------------------------------------------


def test_what_was_accepted_before_a_backup_began_survives_the_loss_of_redis(scene, tmp_path):
    relay, file = scene.relay, tmp_path / "weir.backup"
    scene.shop.down()
    before = scene.posts(20)
    sent, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            answer = scene.blog.post("meanwhile")
            if answer.status == 202:
                sent.append(answer.id)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(sent) > 3, "posts flow")
    known = list(sent)
    report = relay.told("backup", file)
    wait_until(lambda: len(sent) > len(known) + 3, "posts flow on")
    stop.set()
    writer.join()
    after = scene.posts(1)[0]
    received(scene.wiki, after)
    assert report["good"] is True and report["findings"] == []
    assert report["entries"] >= len(before) + len(known) and report["members"] == 3
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert os.stat(file).st_size == report["bytes"]
    assert [p.name for p in relay.data.iterdir() if p.name.startswith(".s")] == []
    relay.stop()
    lose_redis(scene.relay)
    restored = relay.told("restore", file)
    assert (restored["journal"], restored["n"]) == (report["journal"], report["n"])
    scene.shop.up()
    relay.start()
    all_there(scene.shop, before + known)
    received(scene.shop, scene.posts(1)[0])
    # The control: what came after the backup is lost with Redis, and this test would see it.
    assert deliveries(scene.shop, activity__id=after) == []
    assert relay.verb("trace", after).code == 1


def test_what_was_delivered_since_is_repeated_under_the_same_id_and_no_number_is_used_twice(
        scene, tmp_path):
    relay, file = scene.relay, tmp_path / "weir.backup"
    scene.shop.down()
    owed = scene.posts(3)
    relay.told("backup", file)
    scene.shop.up()
    all_there(scene.shop, owed)
    lost = scene.posts(3)
    all_there(scene.shop, lost)
    settle(relay)
    old = epoch_and_ids(relay)
    relay.stop()
    done = relay.verb("restore", file)
    assert done.code == 1 and "not empty" in done.err and "--force" in done.err
    done = relay.verb("restore", file, "--force")
    assert done.code == 0 and "once more, under the same ids" in done.out
    relay.start()
    wait_until(lambda: all(len(deliveries(scene.shop, activity__id=i)) == 2 for i in owed),
               "what the shop was owed comes once more")
    again = scene.posts(3)
    all_there(scene.shop, again)
    new = epoch_and_ids(relay)
    assert new[0] > old[0]
    assert not (new[1] - old[1]) & old[1] and len(new[1] - old[1]) >= 3


def test_no_number_is_used_twice_where_redis_itself_went_on(tmp_path, town):
    """The very process that gave out the numbers which the backup does not know of."""
    path, file = tmp_path / "r.sock", tmp_path / "weir.backup"
    with RedisServer(tmp_path, unixsocket=str(path)), Relay(tmp_path, redis=f"unix:{path}") as relay:
        scene = Scene(relay, town)
        all_there(scene.wiki, scene.posts(1))
        settle(relay)
        relay.told("backup", file)
        all_there(scene.wiki, scene.posts(3))
        settle(relay)
        old = epoch_and_ids(relay, path)
        relay.stop()
        relay.told("restore", file, "--force")
        relay.start()
        all_there(scene.wiki, scene.posts(3))
        new = epoch_and_ids(relay, path)
        assert new[0] > old[0]
        assert not (new[1] - epoch_and_ids_in(file)) & old[1]
        assert relay.told("verify")["good"] is True


def epoch_and_ids_in(file):
    return {line[0] for line in Backup(file).record("N")[3]}


def epoch_and_ids(relay, path=None):
    redis = Redis(path or relay.data / "redis.sock")
    try:
        lines = redis("XRANGE", "{weir}:N", "-", "+")
        return int(redis("HGET", "{weir}:log", "epoch")), {line[0] for line in lines}
    finally:
        redis.close()


def test_a_letter_that_waits_is_in_the_backup(scene, tmp_path):
    """Direct mail, too: here an Accept, which must come before everything else."""
    relay, file = scene.relay, tmp_path / "weir.backup"
    late = server(scene.town)
    late.down()
    # Its key can't be fetched while it is down, so it is back for as long as that takes.
    late.up()
    join(relay, late)
    late.down()
    relay.told("member", "remove", late.host)
    report = relay.told("backup", file)
    assert report["mail"] >= 1
    relay.stop()
    lose_redis(scene.relay)
    relay.told("restore", file)
    late.up()
    relay.start()
    late.records.wait_for(timeout=PATIENCE_S, activity__type="Reject")


# --- while it does not --------------------------------------------------------------------------


def test_a_relay_that_is_stopped_is_backed_up_and_moves_to_another_machine(scene, tmp_path):
    relay, file = scene.relay, tmp_path / "weir.backup"
    scene.shop.down()
    owed = scene.posts(5)
    relay.stop()
    done = relay.verb("backup", file, "--with-keys")
    assert done.code == 0 and "private keys are in it" in done.out
    assert b"PRIVATE KEY" in file.read_bytes()
    key = (relay.data / "actor-rsa.pem").read_bytes()
    shutil.rmtree(relay.data)
    relay.data.mkdir(0o700)
    done = relay.verb("restore", file)
    assert done.code == 0, done
    assert (relay.data / "actor-rsa.pem").read_bytes() == key
    assert stat.S_IMODE(os.stat(relay.data / "actor-rsa.pem").st_mode) == 0o600
    scene.shop.up()
    relay.start()
    all_there(scene.shop, owed)


def test_without_being_asked_no_secret_is_in_it(scene, tmp_path):
    file = tmp_path / "weir.backup"
    done = scene.relay.verb("backup", file)
    assert done.code == 0 and "keys are not in it" in done.out
    assert b"PRIVATE" not in file.read_bytes()
    assert Backup(file).sound


def test_a_redis_behind_a_password_and_in_a_database_of_its_own(tmp_path, town):
    with RedisServer(tmp_path, "the-secret") as redis:
        url = redis.url.replace("/0", "/5")
        with Relay(tmp_path, redis=url) as relay:
            scene = Scene(relay, town)
            ids = scene.posts(2)
            all_there(scene.wiki, ids)
            settle(relay)
            report = relay.told("backup", tmp_path / "weir.backup")
            assert (report["good"], report["entries"]) == (True, 2)
            assert relay.told("verify")["entries"] == 2
            done = relay.verb("backup", "/no/such/directory/file")
            assert done.code == 1 and "the-secret" not in done.err


def test_a_redis_that_is_not_there_is_said_with_code_3(tmp_path):
    relay = Relay(tmp_path, redis="redis://127.0.0.1:1/0").init()
    for words in (["backup", tmp_path / "x"], ["verify"], ["journal", "adopt"]):
        done = relay.verb(*words)
        assert done.code == 3 and "can't be reached" in done.err, done
    assert not (tmp_path / "x").exists()


def test_a_running_relay_is_not_restored_under_its_feet(scene, tmp_path):
    file = tmp_path / "weir.backup"
    scene.relay.told("backup", file)
    for words in (["restore", file, "--force"], ["journal", "adopt", "--force"]):
        done = scene.relay.verb(*words)
        assert done.code == 1 and "another weir serves" in done.err and "stop it" in done.err
    received(scene.wiki, scene.posts(1)[0])


# --- adopting -----------------------------------------------------------------------------------


def test_an_empty_redis_is_begun_anew_only_by_force(scene):
    relay = scene.relay
    relay.stop()
    lose_redis(scene.relay)
    relay.start(ready=False)
    assert relay.ended() == 1
    assert "journal adopt" in relay.err_text and "weir restore" in relay.err_text
    done = relay.verb("journal", "adopt")
    assert done.code == 1 and "--force" in done.err
    adopted = relay.told("journal", "adopt", "--force")
    assert adopted["founded"] is True
    relay.start()
    join(relay, scene.blog, scene.wiki)
    received(scene.wiki, scene.posts(1)[0])


def test_the_journal_that_is_there_is_adopted_by_a_data_directory_that_names_another(scene):
    relay = scene.relay
    file = relay.data / "journal-id"
    relay.stop()
    name = file.read_text("ascii")
    file.write_text("0" * 32 + "\n1\n", "ascii")
    relay.start(ready=False)
    assert relay.ended() == 1 and "another relay's journal" in relay.err_text
    adopted = relay.told("journal", "adopt")
    assert (adopted["founded"], adopted["known"]) == (False, False)
    assert file.read_text("ascii").splitlines()[0] == name.splitlines()[0]
    assert "already" in relay.verb("journal", "adopt").out
    relay.start()
    received(scene.wiki, scene.posts(1)[0])


def test_another_relays_journal_is_taken_over_only_by_force(tmp_path):
    with RedisServer(tmp_path) as redis:
        with Relay(tmp_path / "one", redis=redis.url):
            pass
        other = Relay(tmp_path / "other", redis=redis.url).init()
        done = other.verb("journal", "adopt")
        assert done.code == 1 and "holds the journal of http" in done.err
        assert other.told("journal", "adopt", "--force")["known"] is False
        other.start()
        other.stop()


def test_a_journal_of_a_newer_version_is_refused_at_the_start(scene):
    redis = Redis(scene.relay.data / "redis.sock")
    redis("HSET", "{weir}:log", "schema", "99")
    redis.close()
    scene.relay.stop()
    scene.relay.start(ready=False)
    assert scene.relay.ended() == 1
    assert "newer version of Weir: its schema is 99" in scene.relay.err_text
