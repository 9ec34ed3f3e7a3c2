"""Signals, full disks, empty tables, wrong clocks and wrong files: what becomes of the relay, and
of what it had promised."""

import contextlib
import errno
import os
import resource
import signal
import socket
import threading
import time

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key,
)

from integration.acts import deliveries, join, received, server, settle, signed_by
from integration.faults_process import QUICK, kill_together, rests
from integration.memory_group import memory_group
from integration.posts import all_came, arrivals, insist
from integration.redis_client import Redis
from integration.relay import FULL, PATIENCE_S, WEIR, Relay, wait_until
from integration.shims import ALWAYS, LOG, Trap, World, loaded
from peers.faults import Fault, Pause

STILL_S = 20 if FULL else 2


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    with Relay(tmp_path, extra=QUICK, workers=2) as relay:
        yield relay


def processes(relay):
    """All that it consists of."""
    return {"master": relay.pid, **relay.roles()}


# --- SIGTERM ------------------------------------------------------------------------------------


class Writers:
    """Some that post one after the other, for as long as they are let in."""

    def __init__(self, peer, count=3):
        self.taken, self._peer = [], peer
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number):
        while not self._over.is_set():
            try:
                sent = self._peer.post(f"writer {number}")
            except Exception:  # the door is closed: what was not taken is the writer's again
                return
            if sent.status == 202:
                self.taken.append(sent.id)


@pytest.mark.row("P11")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_end_under_load_loses_nothing_and_a_good_one_repeats_nothing(relay, town, number):
    """kill -9 is the twin: there, what was on its way is seen to come again."""
    blog, *readers = join(relay, *(server(town) for _ in range(3)))
    for reader in readers:
        reader.faults.append(Fault(delay=0.1, method="POST"))
    with Writers(blog) as writers:
        wait_until(lambda: all(len(arrivals(r)[0]) >= 5 for r in readers), "there is load")
        if number == signal.SIGKILL:
            on_its_way_to(readers)
        began = time.monotonic()
        if number == signal.SIGTERM:
            relay.stop()
        else:
            relay.kill()
        assert time.monotonic() - began < 60  # drain: 30 s
    for reader in readers:
        reader.faults.clear()
    relay.start()
    taken = [*writers.taken, insist(blog, "the last one")]
    for reader in readers:
        wait_until(lambda: set(taken) <= set(arrivals(reader)[0]), "everything has arrived")
    settle(relay)

    def repeats():
        return [len(found) - len(once) for found, once in map(arrivals, readers)]

    if number == signal.SIGTERM:
        assert repeats() == [0] * len(readers)
    else:
        wait_until(lambda: sum(repeats()), "what was on its way is seen to have come twice")
        assert sum(repeats()) <= 24 * len(readers)  # what was in flight, or not yet committed


def on_its_way_to(readers):
    """Something that each of them is slow to take is under way when this returns."""
    pauses = [Pause(delay=3, times=1, method="POST") for _ in readers]
    for reader, pause in zip(readers, pauses):
        reader.faults.insert(0, pause)
    for pause in pauses:
        assert pause.began.wait(PATIENCE_S)


@pytest.mark.row("P12")
@pytest.mark.parametrize("workers", [0, 2])
def test_who_asks_twice_does_not_wait_for_what_is_under_way(tmp_path, town, workers):
    with Relay(tmp_path, extra=QUICK + "drain: 10min\n", workers=workers) as relay:
        blog, shop = join(relay, server(town), server(town))
        shop.faults.append(Fault(hang=True))
        sent = insist(blog, "it will not answer")
        received_by = wait_until(lambda: deliveries(shop, did="fault: hang"), "it is under way")
        assert len(received_by) == 1
        os.kill(relay.pid, signal.SIGTERM)
        relay.wait_log("serve", message="stopping")
        time.sleep(0.5)
        assert relay.alive, "it waits for what is under way"
        os.kill(relay.pid, signal.SIGTERM)
        assert relay.ended() == 1
        shop.faults.clear()
        relay.start()
        assert all_came(shop, [sent]) == 0


@pytest.mark.row("P12")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGPIPE], ids=lambda n: n.name)
def test_signals_that_end_others_do_not_end_it(relay, town, number):
    blog, wiki = join(relay, server(town), server(town))
    before = processes(relay)
    for _ in range(3):
        for pid in before.values():
            os.kill(pid, number)
        received(wiki, insist(blog, number.name))
    assert processes(relay) == before
    if number == signal.SIGHUP:
        assert relay.wait_log("reload")[0]["level"] == "info"


@pytest.mark.row("P12")
@pytest.mark.parametrize("name", ["master", "front-0", "steward-0"])
def test_one_that_stood_still_goes_on(relay, town, name):
    """Couriers, which have leases to lose, are in test_leases.py."""
    blog, wiki = join(relay, server(town), server(town))
    before = processes(relay)
    os.kill(before[name], signal.SIGSTOP)
    try:
        sender = threading.Thread(target=insist, args=(blog, "somebody stands still"))
        sender.start()
        sender.join(STILL_S if name == "front-0" else PATIENCE_S)
        assert sender.is_alive() == (name == "front-0")
        time.sleep(STILL_S)
    finally:
        os.kill(before[name], signal.SIGCONT)
    sender.join()
    all_came(wiki, [blog.sent_activities[-1]["id"]])
    wait_until(lambda: relay.readyz()[0] == 200, "all is well")
    assert processes(relay) == before


# --- what is full -------------------------------------------------------------------------------


@pytest.mark.row("P13")
def test_a_full_disk_under_the_log_stops_nothing_and_is_counted(tmp_path, town):
    trap = Trap(tmp_path)
    with Relay(tmp_path, extra=QUICK, workers=1, environment=loaded(trap)) as relay:
        blog, wiki = join(relay, server(town), server(town))
        settle(relay)
        assert relay.metric("weir_log_dropped_total") == 0
        trap.arm("", LOG, deed=-errno.ENOSPC, often=ALWAYS)
        size = relay.err.stat().st_size
        sent = [insist(blog, f"unheard of {n}") for n in range(5)]
        assert all_came(wiki, sent) == 0
        # One line for each that was taken, one for each that was delivered.
        wait_until(lambda: relay.metric("weir_log_dropped_total") >= 2 * len(sent), "it is counted")
        assert relay.err.stat().st_size == size
        trap.disarm()
        last = insist(blog, "there is room again")
        relay.wait_log("delivery", activity=last, verdict="delivered")


FEW = 64
SPINS_S = 30  # who is not idle for one second in so many spins


@pytest.mark.row("P14")
def test_a_front_without_descriptors_does_not_spin_and_serves_again(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    pid = relay.roles()["front-0"]
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (FEW, most))
    host, port = relay.host.split(":")
    with contextlib.ExitStack() as lines:
        for _ in range(2 * FEW):
            with contextlib.suppress(OSError):
                lines.enter_context(socket.create_connection((host, int(port)), 5))
        wait_until(lambda: rests(pid), "it does not spin", SPINS_S)
    assert all_came(wiki, [insist(blog, "they are gone")]) == 0
    assert relay.roles()["front-0"] == pid


# --- what is missing or wrong -------------------------------------------------------------------


def refused(relay, *words):
    """It does not start, and says why, in one line that holds these words."""
    relay.start(ready=False)
    assert relay.ended() == 1
    said = [line for line in relay.err_text.splitlines() if line.startswith("weir: ")][-1]
    assert all(word in said for word in words), said


@pytest.mark.row("P18")
@pytest.mark.parametrize("workers", [0, 1])
def test_without_certificates_to_judge_by_it_does_not_start(tmp_path, workers):
    world = World(tmp_path)
    relay = Relay(tmp_path, workers=workers, environment=loaded(world)).init()
    refused(relay, "ca-certificates.crt: No such file or directory", "install ca-certificates")
    world.trust.write_text("")
    relay.start()
    relay.stop()
    relay.check_reports()


def missing(key):
    key.unlink()


def open_to_others(key):
    key.chmod(0o644)


def of_another_kind(key):
    key.write_bytes((key.parent / "actor-ed25519.pem").read_bytes())


def encrypted(key):
    private = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                          BestAvailableEncryption(b"sesame")))


def no_key(key):
    key.write_text("not a key\n")


@pytest.mark.row("P18")
@pytest.mark.parametrize("spoil, why", [
    (missing, "No such file"), (open_to_others, "others"), (of_another_kind, "kind"),
    (encrypted, "is encrypted"), (no_key, "no private key"),
], ids=lambda what: getattr(what, "__name__", ""))
def test_with_a_key_that_will_not_do_it_does_not_start(tmp_path, spoil, why):
    relay = Relay(tmp_path, workers=1).init()
    key = relay.data / "actor-rsa.pem"
    good = key.read_bytes()
    spoil(key)
    refused(relay, str(key), why)
    key.unlink(missing_ok=True)
    key.touch(0o600)
    key.write_bytes(good)
    relay.start()
    relay.stop()
    relay.check_reports()


@pytest.mark.row("P18")
def test_a_running_relay_keeps_the_key_it_has(tmp_path, town, relay):
    """Another key lies there, and then none: what goes out is signed as what is published says."""
    blog, wiki = join(relay, server(town), server(town))
    other = Relay(tmp_path / "other").init()
    key = relay.data / "actor-rsa.pem"
    (other.data / "actor-rsa.pem").rename(key)
    relay.reload()
    for n in range(2):
        sent = insist(blog, f"signed {n}")
        record = received(wiki, sent)
        assert signed_by(relay, record)
        key.unlink(missing_ok=True)


# --- the host -----------------------------------------------------------------------------------


class Grouped(Relay):
    """Lives in a control group."""

    def __init__(self, directory, group, **how):
        super().__init__(directory, **how)
        self._group = group

    def _begin(self):
        super()._begin()
        if self._group:
            self._group.enter()


@pytest.mark.row("P19")
@pytest.mark.parametrize("how", ["by hand", "by its control group"])
def test_all_that_it_is_killed_at_once_loses_nothing(say, tmp_path, town, how):
    """By the kernel, which finds no memory for them in their control group; where no group can be had,
    by hand again."""
    with contextlib.nullcontext() if how == "by hand" else memory_group() as group, \
            Grouped(tmp_path, group, extra=QUICK, workers=2) as relay:
        blog, wiki, shop = join(relay, *(server(town) for _ in range(3)))
        shop.down()
        sent = [insist(blog, f"number {n}") for n in range(5)]
        if group and group.exhaust(lambda: not relay.alive):
            say(f"    {group.killed()} processes killed by the kernel, for want of memory")
        else:
            say("    all processes killed by hand")
            kill_together(relay)
        relay.kill()
        shop.up()
        relay.start()
        sent.append(insist(blog, "after"))
        assert all_came(shop, sent) == 0
        assert all_came(wiki, sent) <= 5


@pytest.mark.row("P19")
@pytest.mark.parametrize("which", ["host", "metrics"])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_port_that_is_in_use_is_said_and_nothing_is_left(tmp_path, which, workers):
    relay = Relay(tmp_path, workers=workers).init()
    host, port = getattr(relay, which).split(":")
    with socket.create_server((host, int(port))):
        refused(relay, f"{host}:{port}: address already in use")
    relay.start()
    relay.stop()


@pytest.mark.row("P19")
def test_a_journal_of_a_newer_version_is_left_alone(relay, town):
    """The older one does not start, and one that runs stops when it meets it."""
    blog, wiki = join(relay, server(town), server(town))
    sent = [insist(blog, "of this version")]
    all_came(wiki, sent)
    redis = Redis(relay.data / "redis.sock")
    schema = int(redis("HGET", "{weir}:log", "schema"))
    redis("HSET", "{weir}:log", "schema", schema + 1)
    os.kill(relay.roles()["courier-0"], signal.SIGKILL)  # the next one looks
    assert relay.ended() == 1
    redis.close()
    refused(relay, "schema")


@pytest.mark.row("P19")
def test_another_file_in_the_place_of_the_program_does_not_mix_with_what_runs(tmp_path, town):
    """An upgrade puts the new file there first: what is started again before the restart is still
    the old one."""
    program = tmp_path / "weir"
    program.write_bytes(open(WEIR, "rb").read())
    program.chmod(0o755)
    with Relay(tmp_path, extra=QUICK, workers=1, program=program) as relay:
        blog, wiki = join(relay, server(town), server(town))
        program.unlink()
        program.write_text("#!/bin/sh\nexit 3\n")
        program.chmod(0o755)
        before = relay.roles()
        os.kill(before["courier-0"], signal.SIGKILL)
        wait_until(lambda: relay.roles().get("courier-0") not in (None, before["courier-0"]),
                   "it is there again")
        assert all_came(wiki, [insist(blog, "the old one delivers")]) == 0
