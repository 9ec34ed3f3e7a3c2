"""Destinations that are hard to reach: behind bad certificates, up and down by turns, with much
waiting for them, standing still by the hundred, or with an address that swallows.

WEIR_TEST_FULL=1 makes the long ones as long as they are meant to be.
"""

import contextlib
import ssl
import statistics
import threading
import time

import pytest

from integration.acts import settle
from integration.kills import Load
from integration.relay import FULL, PATIENCE_S, Relay, wait_until
from integration.shims import World, loaded
from integration.wilderness import IMPATIENT, NAMED, wilderness
from peers.certificates import Authority
from peers.wild import Wild, says, slowly

# Where a host that answers late is no failure.
PATIENT = IMPATIENT.replace("total: 2s", "total: 30s")


@pytest.fixture(name="world")
def fixture_world(tmp_path):
    world = World(tmp_path)
    world.trust.write_text("")
    return world


# --- TLS ----------------------------------------------------------------------------------------


def old_tls(context):
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.row("T06")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # old versions are what is meant
def test_without_a_good_certificate_nothing_is_sent_and_nothing_is_lost(tmp_path, settlers, world):
    """Each member had a good one when it joined, and has again at the end."""
    authority = Authority(tmp_path)
    authority.trust(world.trust)
    address = "127.0.0.2"
    cases = [
        (authority.context(address, days=-1), "certificate"),
        (authority.context("127.0.0.7"), "certificate"),
        (authority.context(address, own=True), "certificate"),
        (Authority(tmp_path / "other", "Another authority").context(address), "certificate"),
        (Authority(tmp_path / "false").context(address), "tls"),  # only its name is that of ours
        (old_tls(authority.context(address)), "tls"),
        ("stalls", "timeout"),
    ]
    with wilderness(tmp_path, settlers, environment=loaded(world)) as place:
        wilds = [place.wild(tls=authority.context(address)) for _ in cases]
        good = place.wild(tls=authority.context(address))
        settle(place.relay)
        for one, (context, _) in zip(wilds, cases):
            one.goes_on = one.tls
            if context == "stalls":
                one.stalls = True
            else:
                one.tls = context
            one.down()
            one.up()
        activity = place.post()
        for one, (_, code) in zip(wilds, cases):
            line = place.tries(one, activity)[0]
            assert (line["verdict"], line["code"]) == ("later", code), line
        assert place.verdicts(good, activity) == ["delivered"]
        for one in wilds:
            assert one.ids() == []
            one.tls, one.stalls = one.goes_on, False
        for one in wilds:
            one.post()  # it shows that it lives: people have mended it
        for one in wilds:
            wait_until(lambda: activity in one.ids(), "it has it")
            assert place.verdicts(one, activity)[-1] == "delivered"
        place.leave()


# --- up and down --------------------------------------------------------------------------------


@pytest.mark.row("T08")
def test_a_host_that_comes_and_goes_gets_everything_and_is_asked_by_one_at_a_time(
        tmp_path, settlers):
    turn_s, turns = (10, 180) if FULL else (0.4, 5)
    pace_s = 0.5 if FULL else 0.05
    with wilderness(tmp_path, settlers) as place:
        wild = place.wild()
        wild.always = slowly(0.02)
        sent, crowds, over = [], [], threading.Event()

        def write():
            while not over.wait(pace_s):
                sent.append(place.post(f"number {len(sent)}"))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(turns):
                time.sleep(turn_s)
                wild.down()
                began = time.monotonic()
                before = len(place.relay.log("delivery", host=wild.host, verdict="later"))
                time.sleep(turn_s)
                asked = len(place.relay.log("delivery", host=wild.host, verdict="later")) - before
                # Its back-off begins at 50 ms and doubles; what was on its way failed, too.
                assert asked <= 8 + 6 + 4 * (time.monotonic() - began)
                wild.always = first(wild, crowds, slowly(0.02))
                wild.up()
        finally:
            over.set()
            writer.join()
        wait_until(lambda: set(sent) <= set(wild.ids()), "it has everything")
        settle(place.relay)
        for activity in sent:
            assert place.verdicts(wild, activity)[-1] == "delivered"
        assert crowds and set(crowds) == {1}


def first(wild, crowds, then):
    """Counts how many there are at once while it is not known whether the host lives."""

    def play(line, post):
        time.sleep(0.1)
        crowds.append(wild.busy)
        wild.always = then
        return then(line, post)

    return play


@pytest.mark.row("T09")
def test_a_host_that_comes_back_to_much_is_not_drowned(tmp_path, settlers):
    """It takes 16 at a time, and says 503 to more: nobody ever hears that."""
    waiting = 50_000 if FULL else 400
    busiest = 16
    with wilderness(tmp_path, settlers, PATIENT) as place:
        wild = place.wild()
        settle(place.relay)
        wild.down()
        sent = [place.post(f"number {n}") for n in range(waiting)]

        crowds, refused = [], []

        def bears(line, post):
            if wild.busy > busiest:
                refused.append(post.id)
                return says("503 Service Unavailable")(line, post)
            return slowly(0.005)(line, post)

        wild.always = first(wild, crowds, bears)
        wild.up()
        wild.post()  # or the end of its back-off would be waited for
        wait_until(lambda: len(wild.posts) >= waiting, "all has come", PATIENCE_S + waiting / 50)
        settle(place.relay)
        assert sorted(wild.ids()) == sorted(sent)  # each once
        assert (crowds, refused) == ([1], [])


# --- many that stand still ----------------------------------------------------------------------


class StillLoad(Load):
    """A load of which some receivers take what comes and never answer."""

    def __init__(self, directory, relay, still, **how):
        self._still = still
        super().__init__(directory, relay, **how)
        self.still = self.hosts[len(self.hosts) - still:]

    def _shares(self, receivers):
        awake = len(receivers) - self._still
        return [(receivers[:awake], 0), (receivers[awake:], 3600)]

    def latencies(self):
        """Seconds from the 202 that a sender read to each arrival at a host that answers."""
        taken = {line[3]: float(line[0])
                 for host in self.senders for line in self.lines(host, "sent")}
        return [float(line[0]) - taken[line[4]]
                for host in self.hosts if host not in self.still
                for line in self.lines(host, "got")]


@pytest.mark.alone
@pytest.mark.row("T10")
def test_hosts_that_stand_still_hold_up_nobody_else(say, tmp_path):
    hosts, still, seconds = (1000, 300, 120) if FULL else (30, 9, 8)
    with Relay(tmp_path, workers=2, extra=PATIENT) as relay, \
            StillLoad(tmp_path, relay, still, senders=1, receivers=hosts - 1, lanes=2,
                      pace=2 if FULL else 0.5) as load:
        time.sleep(seconds)
        load.stop_soon()
        owed = len(load.lines(load.senders[0], "sent")) * (hosts - still - 1)
        took = wait_until(lambda: len(found := load.latencies()) >= owed and found,
                          "all that answer have everything")
        say(f"{still} of {hosts} hosts stand still: {len(took)} of {owed} deliveries to the others,"
            f" p50 {statistics.median(took):.3f} s, p99 {percentile(took, 99):.3f} s")
        assert len(took) == owed
        assert percentile(took, 99) < (1 if FULL else 15)  # an attempt may take 30 s


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


# --- names and ways -----------------------------------------------------------------------------


@pytest.mark.row("T11")
def test_where_ipv6_swallows_everything_ipv4_is_used_within_a_second(tmp_path, settlers, world):
    with wilderness(tmp_path, settlers, config=NAMED, environment=loaded(world)) as place:
        world.name("both.test", "::1", "127.0.0.2")
        wild = Wild(name="both.test")
        with wild:
            with contextlib.suppress(OSError):  # a machine without IPv6 says so at once
                wild.swallow("::1")
            wild.join(place.relay)

            def took_ms():
                place.relay.restart()  # nothing is known of it, no connection is open
                first, *_ = place.ended(wild, place.post())
                return int(first["ms"]) if first["verdict"] == "delivered" else 2000

            assert any(took_ms() < 1000 for _ in range(8))  # a machine under load may be late
