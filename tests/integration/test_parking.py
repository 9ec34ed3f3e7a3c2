"""Hosts that are silent for days, and inboxes that are gone or not found for days, with real processes
and a real Redis. A day passes while the relay is stopped: its clock, and everybody's, is set on by
one (shims.py)."""

import pytest

from integration.acts import accepted, join, server, settle
from integration.posts import arrivals, insist
from integration.relay import Relay, wait_until
from integration.shims import Clock, loaded
from peers.faults import Fault, Held

DAY = 24 * 3600
SURE = 3  # failures in a row before a day counts
PARKED_AFTER, GONE_AFTER = 7, 3
LOST_A_DAY, LOST_AFTER = 3, 3  # 404, so often a day; days
CONFIG = """\
delivery: { window: 1, backoff: 10ms, backoff_most: 1s, horizon: 30d }
retention: { entries: 60d, bodies: 60d }
durability: standard
"""


class Days:
    """A relay whose days are counted, a blog that writes every day, and a wiki that is well."""

    def __init__(self, relay, clock, town):
        self.relay, self.clock, self.town, self.today = relay, clock, town, 0
        self.blog, self.wiki = self.peer(), self.peer()

    def peer(self):
        return join(self.relay, server(self.town, clock=self.clock.time))[0]

    def post(self):
        """Of today; the wiki has it. Its id."""
        sent = insist(self.blog, f"day {self.today}")
        wait_until(lambda: sent in arrivals(self.wiki)[0], "who is well has it")
        return sent

    def night(self):
        self.relay.stop()
        self.today += 1
        self.clock.jump(self.today * DAY)
        self.relay.start()

    def show(self, peer, **wanted):
        """What is told of a member, as soon as it is this."""

        def told():
            found = self.relay.told("member", "show", peer.host)
            return found if wanted.items() <= found.items() else None

        return wait_until(told, f"{peer.host} is {wanted}: {self.relay.member(peer.host)}")

    def traced(self, activity, peer):
        """The verdict on it there, and why."""
        rows = self.relay.told("trace", activity)["members"]
        return [(row["verdict"], row.get("code", "")) for row in rows if row["host"] == peer.host]


@pytest.fixture(name="days")
def fixture_days(tmp_path, town):
    clock = Clock(tmp_path)
    with Relay(tmp_path, extra=CONFIG, workers=1, environment=loaded(clock)) as relay:
        yield Days(relay, clock, town)


def test_parked(days):
    """Who is silent on seven distinct days is tried once a day from then on; its place is kept, and
    a request that it signs brings it everything, in order. Who answered once in between is not."""
    shop, cafe = days.peer(), days.peer()
    for peer in (shop, cafe):
        peer.faults.append(Fault(cut=True))
    sent = [days.post()]
    for peer in (shop, cafe):
        wait_until(lambda: days.show(peer).get("failures", 0) >= SURE, "the day on which it began")
    place = days.show(shop)["cursor"]
    for day in range(1, PARKED_AFTER + 1):
        if day == 4:
            cafe.faults.clear()
            wait_until(lambda: arrivals(cafe)[0] == sent, "it answers again, for a while")
            cafe.faults.append(Fault(cut=True))
        days.night()
        sent.append(days.post())
        days.show(shop, silentDays=day)
    shown = days.show(shop, health="parked", cursor=place)
    assert days.traced(sent[0], shop) == [("waiting", "parked")]
    wait_until(lambda: days.relay.metric("weir_destinations_parked") == 1, "it is counted")
    shown = days.show(cafe, health="failing")
    assert shown["silentDays"] < PARKED_AFTER - 3

    # Nothing comes by itself before the next day.
    cafe.faults.clear()
    shop.faults.clear()
    wait_until(lambda: arrivals(cafe)[0] == sent, "who is failing is tried soon")
    settle(days.relay)
    assert arrivals(shop)[0] == []
    days.relay.restart()  # which another courier knows too
    settle(days.relay)
    assert arrivals(shop)[0] == []
    insist(shop, "here I am")
    wait_until(lambda: arrivals(shop)[0] == sent, f"it has all of it: {arrivals(shop)[0]}")
    days.show(shop, health="ok")
    assert days.traced(sent[0], shop) == [("delivered", "")]


def test_probed_once_a_day(days):
    """Without any sign of life it is found out the next day that a parked host is there again."""
    shop = days.peer()
    days.relay.replace("horizon: 30d", "horizon: 30d, park_after: 2")
    shop.faults.append(Fault(cut=True))
    sent = [days.post()]
    wait_until(lambda: days.show(shop).get("failures", 0) >= SURE, "the day on which it began")
    for day in (1, 2):
        days.night()
        days.show(shop, silentDays=day)
    days.show(shop, health="parked")
    shop.faults.clear()
    days.relay.restart()
    settle(days.relay)
    assert arrivals(shop)[0] == []
    days.night()
    wait_until(lambda: arrivals(shop)[0] == sent, "it has it")
    days.show(shop, health="ok")


def test_inbox_gone(days):
    """An inbox that says 410 on three distinct days, and takes nothing in between: its membership
    ends, what waited is given up for that reason, and it may come back: what it still says to an
    attempt from before is about what it was. One that took something in between stays."""
    shop, cafe = days.peer(), days.peer()
    for peer in (shop, cafe):
        peer.faults.append(Fault(status=410, method="POST"))
    for day in range(1, GONE_AFTER):
        refused = days.post()
        for peer in (shop, cafe):
            days.show(peer, state="active", goneDays=day)
            wait_until(lambda: days.traced(refused, peer) == [("never", "refused-by-peer")],
                       "it is refused for good")
        if day == 2:
            cafe.faults.clear()
            taken = days.post()
            wait_until(lambda: taken in arrivals(cafe)[0], "it takes something")
            cafe.faults.append(Fault(status=410, method="POST"))
        days.night()
    # The first of today's answers comes when others wait already; the second, when it is back.
    first, second = (Held(status=410, method="POST", times=times) for times in (1, None))
    shop.faults[:] = [first, second]
    sent = [days.post() for _ in range(4)]
    first.let_go.set()
    shown = days.show(shop, state="left")
    assert shown["why"] == "inbox-gone"
    assert "inbox-gone" in days.relay.verb("member", "show", shop.host).out
    wait_until(lambda: days.traced(sent[-1], shop) == [("cut", "inbox-gone")], "it is given up")
    told = days.relay.verb("trace", sent[-1]).out
    assert "its inbox said for days that it is gone" in told, told
    assert days.traced(sent[0], shop) == [("never", "refused-by-peer")]
    assert days.relay.wait_log("member", host=shop.host, change="gone")
    days.show(cafe, state="active", goneDays=1)

    shop.faults.clear()
    after = days.post()
    assert days.traced(after, shop) == [("not-for-it", "not-member")]
    assert shop.follow(days.relay.actor).status == 202
    assert "why" not in days.show(shop, state="active")
    second.let_go.set()
    accepted(shop, 2)
    last = days.post()
    wait_until(lambda: arrivals(shop)[0] == [last], "it is a member as any other")
    settle(days.relay)
    assert "goneDays" not in days.show(shop, state="active")


def test_inbox_lost(days):
    """An inbox that says 404 ten times over three days, and takes nothing in between, while its actor
    names no other: its membership is suspended, for that reason, until it follows again. One that
    took something in between stays."""
    shop, cafe = days.peer(), days.peer()
    for peer in (shop, cafe):
        peer.faults.append(Fault(status=404, method="POST"))
    for day in range(LOST_AFTER):
        for _ in range(LOST_A_DAY):
            refused = days.post()
            for peer in (shop, cafe):
                wait_until(lambda: days.traced(refused, peer) == [("never", "refused-by-peer")],
                           "it is refused for good")
        days.show(shop, state="active", notFound=LOST_A_DAY * (day + 1) + (day > 1))
        if day == 1:
            cafe.faults.clear()
            taken = days.post()
            wait_until(lambda: taken in arrivals(cafe)[0], "it takes something")
            cafe.faults.append(Fault(status=404, method="POST"))
            wait_until(lambda: days.traced(taken, shop) == [("never", "refused-by-peer")], "and the other not")
        days.night()
    days.post()
    days.show(shop, state="suspended", why="inbox-lost")
    assert "inbox-lost" in days.relay.verb("member", "show", shop.host).out
    assert "inbox-lost" in days.relay.verb("trace", shop.host).out
    assert days.relay.wait_log("look", host=shop.host, found="same")
    assert days.relay.wait_log("member", host=shop.host, change="lost")
    after = days.post()
    assert days.traced(after, shop) == [("not-for-it", "not-member")]
    days.show(cafe, state="active")

    shop.faults.clear()
    join(days.relay, shop)
    assert "why" not in days.show(shop, state="active")
    last = days.post()
    wait_until(lambda: arrivals(shop)[0] == [last], "it is a member as any other")
