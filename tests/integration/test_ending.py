"""How it ends: what is in work is finished, and nothing that was taken is lost."""

import signal
import socket
import threading
import time

import pytest

from integration.acts import accepted, deliveries, follow, join, received, server, settle
from integration.relay import PATIENCE_S, Relay, wait_until
from peers.faults import Pause


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    with Relay(tmp_path) as relay:
        yield relay


def pause(peer, **where):
    fault = Pause(delay=1.0, times=1, **where)
    peer.faults.append(fault)
    return fault.began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_it_ends_at_once_where_there_is_nothing_to_do(tmp_path, number):
    with Relay(tmp_path, extra="drain: 10min\n") as relay:
        host, port = relay.host.split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /actor HTTP/1.1\r\nHost: " + relay.host.encode() + b"\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            relay.stop(number)
        assert time.monotonic() - began < PATIENCE_S  # which is not what the drain allows
        assert relay.log("serve", message="stopping")


def test_what_is_in_work_at_the_end_is_answered(relay, town):
    """Its key is being fetched when the signal comes."""
    blog = server(town)
    began = pause(blog, path="/actor", method="GET")
    answers = []
    sender = threading.Thread(target=lambda: answers.append(follow(relay, blog)))
    sender.start()
    assert began.wait(PATIENCE_S)
    relay.stop()
    sender.join()
    assert [sent.status for sent in answers] == [202]
    relay.start()
    accepted(blog)


def test_a_delivery_under_way_at_the_end_is_finished_and_not_repeated(relay, town):
    blog, shop = join(relay, server(town), server(town))
    began = pause(shop)
    sent = blog.post("slowly")
    assert began.wait(PATIENCE_S)
    relay.restart()
    last = blog.post("the next one")
    received(shop, last.id)
    settle(relay)
    assert [r["activity"]["id"] for r in deliveries(shop, activity__type="Create")] == [
        sent.id, last.id]


def test_the_end_under_load_loses_nothing_that_was_taken(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    taken, over = [], threading.Event()

    def write(number):
        while not over.is_set():
            try:
                sent = blog.post(f"writer {number}")
            except Exception:  # the door is closed: what was not taken is the writer's again
                return
            if sent.status == 202:
                taken.append(sent.id)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(taken) >= 30, "there is load")
    relay.stop()
    over.set()
    for writer in writers:
        writer.join()
    relay.start()
    last = blog.post("the last one")
    received(wiki, last.id)
    settle(relay)
    found = [r["activity"]["id"] for r in deliveries(wiki, activity__type="Create")]
    assert set(taken) <= set(found)
    assert len(found) == len(set(found)), "repeated"
