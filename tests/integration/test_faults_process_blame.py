"""What is our own fault is nobody else's: no descriptors left, no names, no way out, a clock that
jumps.

WEIR_TEST_FULL=1: an outage of our own lasts ten minutes."""

import errno
import resource
import time

import pytest

from integration.acts import deliveries, join, server, settle
from integration.faults_process import QUICK, rests
from integration.posts import all_came, insist
from integration.relay import FULL, Relay, wait_until
from integration.shims import ALWAYS, CONNECT, Clock, Trap, World, loaded
from integration.wilderness import NAMED, wilderness
from peers.certificates import Authority

DAY_S = 86400


@pytest.mark.row("P14")
def test_a_courier_without_descriptors_blames_nobody(tmp_path, town):
    """Nobody can be connected to, and as soon as somebody can, everybody gets everything."""
    with Relay(tmp_path, extra=QUICK.replace("most: 1s", "most: 4s"), workers=1) as relay:
        blog, *readers = join(relay, *(server(town) for _ in range(13)))
        settle(relay)
        for reader in readers:
            reader.down()  # what was kept open is not of use any more
            reader.up()
        pid = relay.roles()["courier-0"]
        usual, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, most))
        sent = [insist(blog, f"nobody can be asked {n}") for n in range(3)]
        relay.wait_log("delivery", len(readers), verdict="later")
        # Each of them is asked every other second: far more often than by default.
        wait_until(lambda: rests(pid), "it does not spin", 30)
        for reader in readers:
            assert relay.member(reader.host)["health"] == "ok"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (usual, most))
        for reader in readers:
            assert all_came(reader, sent) == 0


# --- the wall clock -----------------------------------------------------------------------------


@pytest.mark.row("P16")
@pytest.mark.parametrize("days", [1, -1])
def test_a_wall_clock_that_jumps_holds_up_nothing_and_loses_nothing(tmp_path, town, days):
    """Redis, too, lives by the wrong time. What waits for a moment waits that long, not a day."""
    clock = Clock(tmp_path)
    with Relay(tmp_path, extra=QUICK, workers=1, environment=loaded(clock)) as relay:
        blog, wiki, shop = join(relay, *(server(town, clock=clock.time) for _ in range(3)))
        shop.down()
        sent = [insist(blog, "before")]
        relay.wait_log("delivery", 3, host=shop.host, verdict="later")
        clock.jump(days * DAY_S)
        sent.append(insist(blog, "in another time"))
        assert all_came(wiki, sent) == 0
        tries = len(relay.log("delivery", host=shop.host))
        relay.wait_log("delivery", tries + 2, host=shop.host)
        shop.up()
        assert all_came(shop, sent) == 0
        clock.jump(0)
        sent.append(insist(blog, "right again"))
        for reader in (wiki, shop):
            assert all_came(reader, sent) == 0
        settle(relay)
        record = deliveries(wiki, activity__id=sent[-1])[0]
        assert record["signature"]["verdict"] == "ok"  # its Date is right again, too


@pytest.mark.row("P16")
def test_a_certificate_that_our_clock_alone_calls_bad_costs_no_post_and_no_member(
        tmp_path, settlers):
    """It is good today: tomorrow it has ended, and yesterday it had not begun."""
    authority, clock, world = Authority(tmp_path), Clock(tmp_path), World(tmp_path)
    authority.trust(world.trust)
    with wilderness(tmp_path, settlers, environment=loaded(clock, world)) as place:
        place.blog.clock = clock.time

        def context():
            return authority.context("127.0.0.2", days=0.5, since=-0.5)

        ill, well = place.wild(tls=context()), place.wild()
        sent = [place.post("in the right time")]
        for days in (1, -1):
            assert place.verdicts(ill, sent[-1])[-1] == "delivered"
            ill.down()
            ill.tls = context()  # and with the other one ends what may be resumed without a look
            ill.up()
            clock.jump(days * DAY_S)
            sent.append(place.post(f"by {days} in another time"))
            line = place.tries(ill, sent[-1])[0]
            assert (line["verdict"], line["code"]) == ("later", "certificate")
            assert place.verdicts(well, sent[-1]) == ["delivered"]
            health_is(place, ill, "failing")
            assert place.relay.state(ill.host) == "active"
            clock.jump(0)
            speaks_until_it_has(ill, sent[-1])
        sent.append(place.post("right again"))
        for one in (ill, well):
            assert place.verdicts(one, sent[-1])[-1] == "delivered"
        assert ill.ids() == sent  # each once, in order
        health_is(place, ill, "ok")
        place.leave()


def health_is(place, wild, health):
    wait_until(lambda: place.relay.member(wild.host)["health"] == health, f"it is {health}")


def speaks_until_it_has(wild, activity):
    """Or the end of its back-off would be waited for. What it says within the tenth of a second
    after a failure may be overheard."""

    def spoke_and_has_it():
        wild.post()
        time.sleep(0.3)
        return activity in wild.ids()

    wait_until(spoke_and_has_it, "it has it")


# --- names and ways -----------------------------------------------------------------------------


def everybody_gets(place, wilds, sent):
    for one in wilds:
        wait_until(lambda: set(sent) <= set(one.ids()), f"{one.host} has everything")
        assert sorted(one.ids()) == sorted(sent)


def nobody_is_blamed(place, wilds):
    for one in wilds:
        assert place.relay.member(one.host)["health"] == "ok"


def failures(place):
    """Of each host for which something waits, in a row."""
    return [row.get("failures", 0) for row in place.relay.told("queue", "list")["queue"]]


OUTAGE_S = 600 if FULL else 5
MANY = 12


@pytest.mark.row("P17")
@pytest.mark.parametrize("many", [MANY, 3])
def test_while_no_name_can_be_resolved_it_is_us_and_then_all_drains(tmp_path, settlers, many):
    """Whose name is asked for before that is known may fail some times; from then on nothing is
    counted. Three hosts alone are the twin: their names may be gone, and nothing says that it is us."""
    world = World(tmp_path)
    world.trust.write_text("")
    with wilderness(tmp_path, settlers, config=NAMED, environment=loaded(world)) as place:
        wilds = []
        for number in range(many):
            world.name(f"name-{number}.test", "127.0.0.2")
            wilds.append(place.wild(name=f"name-{number}.test"))
        world.names_die()
        place.relay.restart()  # and with it ends what it remembers of names
        sent = [place.post(f"number {n}") for n in range(3)]
        for one in wilds:
            line = place.tries(one, sent[0])[0]
            assert (line["verdict"], line["code"]) == ("later", "resolve")
        if many == MANY:
            wait_until(lambda: place.relay.metric("weir_suspects_itself") == 1, "it suspects itself")
            time.sleep(1)  # what was under way has failed, too
            before = max(failures(place))
            time.sleep(OUTAGE_S)
            assert max(failures(place)) <= before + 1
        else:
            time.sleep(OUTAGE_S)
            wait_until(lambda: min(failures(place)) > 2, "they are blamed")
        world.names_live()
        everybody_gets(place, wilds, sent)
        place.leave()


@pytest.mark.row("P17")
def test_while_our_own_way_out_is_gone_nobody_is_blamed_and_then_all_drains(tmp_path, settlers):
    """No route: what a host without a network says to every connection."""
    trap = Trap(tmp_path)
    with wilderness(tmp_path, settlers, environment=loaded(trap)) as place:
        wilds = [place.wild() for _ in range(MANY)]
        settle(place.relay)
        for one in wilds:
            one.down()
            one.up()
        trap.arm("courier", CONNECT, deed=-errno.ENETUNREACH, often=ALWAYS)
        sent = [place.post(f"number {n}") for n in range(3)]
        for one in wilds:
            line = place.tries(one, sent[0])[0]
            assert (line["verdict"], line["code"]) == ("later", "no-route")
        time.sleep(OUTAGE_S)
        nobody_is_blamed(place, wilds)
        trap.disarm()
        everybody_gets(place, wilds, sent)
        place.leave()
