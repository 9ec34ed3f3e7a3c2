"""The n-th call of a kind fails, once, in one of the processes: nothing is lost, nobody needs a
hand to go on, and no memory is forgotten on the way (the sanitizers look at the end).

WEIR_TEST_FULL=1: for every n until a post goes its way without meeting it."""

import contextlib
import errno
import itertools

import pytest

from integration.acts import join, settle
from integration.faults_process import QUICK
from integration.posts import arrivals, insist
from integration.relay import FULL, INTERNAL, Relay, wait_until
from integration.shims import ACCEPT, CONNECT, IN, OPEN, OUT, SOCKET, Trap, loaded
from peers.town import Town

NUMBERS = range(1, 10_000) if FULL else (1, 2, 3, 5, 8)
CALLS = [
    ("front", ACCEPT, errno.ECONNABORTED), ("front", ACCEPT, errno.EMFILE),
    ("front", IN, errno.ECONNRESET), ("front", OUT, errno.EPIPE),
    ("courier", SOCKET, errno.EMFILE), ("courier", SOCKET, errno.ENOBUFS),
    ("courier", CONNECT, errno.ECONNREFUSED), ("courier", IN, errno.ECONNRESET),
    ("courier", OUT, errno.EPIPE), ("steward", IN, errno.ECONNRESET),
    ("steward", OUT, errno.ENOBUFS),
]
NAMES = {ACCEPT: "accept", IN: "read", OUT: "write", SOCKET: "socket", CONNECT: "connect"}


class Scene:
    def __init__(self, relay, trap, town, settlers):
        self.relay, self.trap = relay, trap
        self.blog, self.wiki, self.shop = (settlers.add(town, INTERNAL) for _ in range(3))
        join(relay, self.blog, self.wiki, self.shop)


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory, settlers):
    directory = tmp_path_factory.mktemp("calls")
    trap = Trap(directory)
    with Relay(directory, extra=QUICK, workers=1, environment=loaded(trap)) as relay, \
            Town() as town:
        yield Scene(relay, trap, town, settlers)
        trap.disarm()


@pytest.mark.row("P15")
@pytest.mark.parametrize("role, call, error", CALLS, ids=[
    f"{role}-{NAMES[call]}-{errno.errorcode[error]}" for role, call, error in CALLS])
def test_a_call_that_fails_is_lived_with(say, scene, role, call, error):
    for nth in NUMBERS:
        for peer in (scene.wiki, scene.shop):
            peer.down()  # new connections each time
            peer.up()
        scene.trap.arm(role, call, nth=nth, deed=-error)
        sent = insist(scene.blog, f"{role}, {nth}")
        for peer in (scene.wiki, scene.shop):
            wait_until(lambda: sent in arrivals(peer)[0], f"it arrives, {nth}")
        if role == "steward":
            scene.relay.verb("status")  # a post is none of its business
        for _ in range(3 * (call == ACCEPT)):  # the blog keeps its connection
            with contextlib.suppress(OSError):
                scene.relay.get("/actor")
        if scene.trap.disarm():
            break
        settle(scene.relay)
        for peer in (scene.wiki, scene.shop):
            assert arrivals(peer)[0].count(sent) <= 1 + (call in (IN, OUT))
    else:
        assert not FULL
    assert nth > 1, "nothing has failed"
    say(f"{role}, {NAMES[call]}, {errno.errorcode[error]}: N = {nth}")


@pytest.mark.row("P15")
@pytest.mark.parametrize("role", ["serve", "front", "courier", "steward"])
def test_a_file_that_cannot_be_opened_at_the_start_is_said_or_lived_with(say, tmp_path, role):
    trap = Trap(tmp_path)
    ended = 0
    for nth in itertools.count(1) if FULL else (1, 3, 6):
        relay = Relay(tmp_path / str(nth), workers=1, environment=loaded(trap)).init()
        trap.arm(role, OPEN, nth=nth, deed=-errno.EMFILE)
        relay.start(ready=False)
        ready = wait_until(lambda: is_ready(relay) or (not relay.alive and "ended"), "it decides")
        waited = trap.disarm()
        if ready == "ended":
            ended += 1
            assert relay.ended() == 1
            assert "Too many open files" in relay.err_text
        else:
            relay.stop()
        relay.check_reports()
        if waited:
            break
    assert nth > 1, "nothing has failed"
    say(f"{role}: N = {nth}, of which {ended} times it ended and said why")


def is_ready(relay):
    return b"weir is ready: " in relay.out.read_bytes()
