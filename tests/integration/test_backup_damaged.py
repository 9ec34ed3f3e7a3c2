"""Backups that are damaged, of another relay, of another version, or put back by halves: what is not
whole is found, named and refused."""

import pytest

from integration.acts import settle
from integration.backups import Backup
from integration.redis_server import RedisServer
from integration.relay import Relay
from integration.scenes import Scene, all_there
from peers.town import Town

# --- refused ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="kept")
def fixture_kept(tmp_path_factory, settlers):
    """A backup with something of everything, and a relay that is stopped."""
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
