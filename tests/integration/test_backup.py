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
from integration.relay import Relay, wait_until


class Scene:
    """A blog that writes, a wiki that is well, and a shop that is down and has everything before it."""

    def __init__(self, relay, town):
        self.relay, self.town = relay, town
        self.blog, self.wiki, self.shop = (server(town) for _ in range(3))
        join(relay, self.blog, self.wiki, self.shop)

    def posts(self, count):
        sent = [self.blog.post(f"news {i}") for i in range(count)]
        assert all(s.status == 202 for s in sent)
        return [s.id for s in sent]

    def lose_redis(self):
        """The relay is stopped, and its Redis has lost everything."""
        shutil.rmtree(self.relay.data / "redis")


@pytest.fixture(name="scene")
def fixture_scene(tmp_path, town):
    with Relay(tmp_path) as relay:
        yield Scene(relay, town)


def all_there(peer, ids):
    for activity in ids:
        received(peer, activity)


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
    scene.lose_redis()
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
    scene.lose_redis()
    relay.told("restore", file)
    late.up()
    relay.start()
    late.records.wait_for(timeout=20, activity__type="Reject")


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


# --- refused ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="kept")
def fixture_kept(tmp_path_factory, settlers):
    """A backup with something of everything, and a relay that is stopped."""
    from peers.town import Town
    directory = tmp_path_factory.mktemp("kept")
    with Relay(directory, extra="delivery: { backoff: 50ms, backoff_most: 1s, aside: 1h }\n") as relay:
        with Town() as town:
            town.settlers = settlers
            scene = Scene(relay, town)
            scene.shop.down()
            all_there(scene.wiki, scene.posts(3))
            settle(relay)
            relay.told("backup", directory / "weir.backup")
            relay.stop()
            yield relay, directory / "weir.backup"


def test_one_that_is_whole_is_found_whole(kept):
    relay, file = kept
    report = relay.told("verify", file)
    assert report["good"] is True and report["entries"] == 3
    assert (report["members"], report["cursors"]) == (3, 1)
    assert "All of it is whole" in relay.verb("verify", file).out


def test_what_lies_in_redis_is_found_whole(kept):
    relay, _ = kept
    assert relay.told("verify")["good"] is True


def flipped(at):
    def bend(data):
        place = at if at >= 0 else len(data) + at
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
    return bend


DAMAGES = {
    "empty": lambda data: b"",
    "another file": lambda data: b"REDIS0011" + data,
    "its first line alone": lambda data: data[:14],
    "cut in the middle": lambda data: data[:len(data) // 2],
    "cut by one byte": lambda data: data[:-1],
    "its checksum cut off": lambda data: data[:-72],
    "a byte more": lambda data: data + b"\n",
    "a bit at the start": flipped(20),
    "a bit in the middle": lambda data: flipped(len(data) // 2)(data),
    "a bit of the checksum": flipped(-5),
    "a part twice": lambda data: data[:200] + data[100:],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_one_is_refused_by_all(kept, tmp_path, name):
    relay, file = kept
    bent = tmp_path / "bent"
    bent.write_bytes(DAMAGES[name](file.read_bytes()))
    for words in (["verify", bent], ["restore", bent, "--force"]):
        done = relay.verb(*words)
        assert done.code == 1 and str(bent) in done.err, done
    assert relay.told("verify")["good"] is True  # and nothing was touched


def test_a_format_or_a_schema_of_a_newer_version_is_refused(kept, tmp_path):
    relay, file = kept
    backup = Backup(file)
    newer = backup.write(tmp_path / "newer", b"weir backup 2\n")
    done = relay.verb("restore", newer, "--force")
    assert done.code == 1 and "another version" in done.err
    backup.put_fields("log", {**backup.fields("log"), b"schema": b"99"})
    newer = backup.write(tmp_path / "newer")
    done = relay.verb("restore", newer, "--force")
    assert done.code == 1 and "newer version" in done.err and "99" in done.err
    assert relay.told("verify")["good"] is True


def without(name):
    return lambda b: b.records.remove(b.record(name))


def with_field(name, field, value):
    return lambda b: b.put_fields(name, {**b.fields(name), field.encode(): value})


def line(b, place):
    """The fields of a line of N, for a change."""
    return b.record("N")[3][place][1]


def put_line(place, name, value):
    def bend(b):
        fields = line(b, place)
        fields[fields.index(name) + 1] = value
    return bend


def of_first(start, change):
    """Changes the first key that begins so."""
    return lambda b: change(b.named(start)[0])


def cut_entry(b):
    del b.record("N")[3][2]


def own_cursor(text):
    def bend(b):
        b.named("own:")[0][3][1] = text
    return bend


def rename(start, to):
    def change(record):
        record[1] = to
    return of_first(start, change)


def value(start, new):
    def change(record):
        record[3] = new
    return of_first(start, change)


# what is done to it -> what is found
FINDINGS = {
    "no journal": (without("log"), "log: there is no journal"),
    "no shards": (with_field("log", "shards", b"65"), "65 shards"),
    "numbers that end too early": (with_field("log", "n", b"1"), "beyond"),
    "a number that is none": (with_field("log", "epoch", b"x"), "epoch is no number"),
    "a line is missing": (cut_entry, r"lines are missing"),
    "the last line is missing": (lambda b: b.record("N")[3].pop(), "its last line should be"),
    "all lines are missing": (without("N"), "its last line should be"),
    "a line that can't be read": (put_line(1, b"k", b"?"), "can't be read"),
    "a chain that is broken": (put_line(2, b"pv", b"1"), "as the one before it"),
    "a line of an epoch to come": (lambda b: b.record("N")[3][-1].__setitem__(
        0, b"99999999999-" + b.record("N")[3][-1][0].split(b"-")[1]), "still to come"),
    "a body is missing": (of_first("body:", lambda r: r.__setitem__(1, b"seen:x")), "is missing"),
    "a body that is cut": (of_first("body:", lambda r: r.__setitem__(3, r[3][:-1])), "bytes"),
    "a body of no entry": (rename("body:", b"body:99999"), "belongs to no entry"),
    "a member that can't be read": (of_first("member:", lambda r: r[3].__setitem__(
        r[3].index(b"m") + 1, b"{")), "record of a member"),
    "a member under another name": (rename("member:", b"member:x.example"), "holds the record of"),
    "a member that is not listed": (without("members"), "is not listed"),
    "a member without a record": (lambda b: b.record("members")[3].append(b"x.example"),
                                  "x.example is listed and has no record"),
    "a cursor beyond the journal": (own_cursor(b"99999"), "beyond the journal"),
    "a cursor that can't be read": (own_cursor(b"1 ?"), "can't be read"),
    "a shard that is not": (rename("shard:", b"shard:64"), "no such shard"),
    "a shard beyond the journal": (value("shard:", [b"low", b"99999"]), "beyond the journal"),
    "a cursor in another shard": (lambda b: b.named("own:")[0].__setitem__(
        1, b"own:%d" % ((int(b.named("own:")[0][1][4:]) + 1) % 64)), "another shard"),
    "a record that can't be read": (lambda b: b.records.insert(-1, [b"scored", b"fail:0", 0,
                                                                    [b"?", b"1"]]), "fail:0: a record"),
    "a key of another kind": (lambda b: b.records.insert(-1, [b"text", b"own:63", 0, b"x"]),
                              "should be a hash"),
    "mail that is not whole": (lambda b: b.records.insert(-1, [
        b"stream", b"direct:0", 0, [[b"1-1", [b"h", b"a.example"]]]]), "is not whole"),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_what_is_not_whole_is_found_and_named(kept, tmp_path, name):
    relay, file = kept
    bend, found = FINDINGS[name]
    backup = Backup(file)
    bend(backup)
    bent = backup.write(tmp_path / "bent")
    done = relay.verb("verify", bent, "--json")
    assert done.code == 1, done
    assert done.json["good"] is False
    assert any(found in line for line in done.json["findings"]), done.json["findings"]
    assert found in relay.verb("verify", bent).err
    if name != "no journal":  # the one that not even --force makes a journal of
        done = relay.verb("restore", bent)
        assert done.code == 1 and "is not whole" in done.err


def test_a_running_relay_is_not_restored_under_its_feet(scene, tmp_path):
    file = tmp_path / "weir.backup"
    scene.relay.told("backup", file)
    for words in (["restore", file, "--force"], ["journal", "adopt", "--force"]):
        done = scene.relay.verb(*words)
        assert done.code == 1 and "another weir serves" in done.err and "stop it" in done.err
    received(scene.wiki, scene.posts(1)[0])


def test_the_backup_of_another_relay_needs_force(kept, tmp_path):
    _, file = kept
    with RedisServer(tmp_path) as redis:
        other = Relay(tmp_path, redis=redis.url).init()
        done = other.verb("restore", file)
        assert done.code == 1 and "the backup is of http" in done.err
        assert other.verb("verify").code == 1  # nothing was put there
        assert other.told("restore", file, "--force")["restored"] is True
        assert other.told("verify")["owner"] == other.url


def test_a_restore_that_was_not_finished_is_not_taken_for_whole(kept, tmp_path):
    relay, file = kept
    with RedisServer(tmp_path) as redis:
        broken = Relay(tmp_path, redis=redis.url).init()
        backup = Backup(file)
        backup.records.insert(-1, [b"hash", b"own:64", 0, [b"only half of it"]])
        bent = backup.write(tmp_path / "bent")
        assert broken.verb("restore", bent, "--force").code == 1
        broken.start(ready=False)
        assert broken.ended() == 1
        assert "was not finished" in broken.err_text
        assert broken.told("restore", file, "--force")["restored"] is True
        broken.start()
        broken.stop()


# --- adopting -----------------------------------------------------------------------------------


def test_an_empty_redis_is_begun_anew_only_by_force(scene):
    relay = scene.relay
    relay.stop()
    scene.lose_redis()
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


# --- an older layout ----------------------------------------------------------------------------


def test_a_journal_of_an_older_version_is_brought_up_at_the_start_by_one_of_many(kept, tmp_path):
    relay, file = kept
    backup = Backup(file)
    facts = backup.fields("log")
    for name in (b"lastN", b"lastU", b"floorU"):
        facts.pop(name, None)
    facts[b"schema"] = b"1"
    backup.put_fields("log", facts)
    old = backup.write(tmp_path / "old")
    with RedisServer(tmp_path) as redis:
        newer = Relay(tmp_path, redis=redis.url, workers=2).init()
        assert newer.told("restore", old, "--force")["schema"] == 1
        newer.start()
        said = [line["message"] for line in newer.log("redis") if "schema" in line.get("message", "")]
        assert said == ["the journal was brought from schema 1 to 2"]
        report = newer.told("verify")
        assert (report["good"], report["schema"], report["entries"]) == (True, 2, 3)
        newer.restart()
        assert newer.told("verify")["schema"] == 2
        newer.stop()
    relay.told("verify")
