"""Dead letters: what was given up, what the receiver said, and what an operator may do about it:
weir dead list|show|retry|drop."""

import pytest

from integration.acts import deliveries, settle
from integration.relay import Relay, wait_until
from integration.scenes import Scene, played
from peers.faults import Fault

QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1h }\n"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("dead"), extra=QUICK) as relay:
        yield relay


@pytest.fixture(name="scene")
def fixture_scene(relay, town):
    yield from played(Scene(relay, town))


def given_up(scene, text="news", status=410, body="no such thing here"):
    """A post that the shop refuses, and the id of its dead letter."""
    scene.shop.faults.append(Fault(status=status, body=body, times=1))
    activity = scene.post(text)
    found = scene.until(activity, "never")
    return activity, f"{scene.relay.told('trace', activity)['n']}@{scene.shop.host}", found


def test_what_was_given_up_and_what_the_receiver_said(scene):
    activity, letter, found = given_up(scene)
    assert (found["code"], found["status"], found["attempts"]) == ("refused-by-peer", 410, 1)
    assert found["detail"] == "no such thing here"
    assert found["dropped"] is False
    said = scene.said("trace", activity)
    assert "never the receiver refused it for good, answered 410, after 1 attempt, 20" in said
    assert said.endswith(": no such thing here")
    listed, = (d for d in scene.relay.told("dead", "list")["dead"] if d["id"] == letter)
    assert (listed["activity"], listed["status"], listed["detail"]) == (
        activity, 410, "no such thing here")
    shown = scene.relay.told("dead", "show", letter)
    assert (shown["id"], shown["activity"], shown["code"]) == (letter, activity, "refused-by-peer")
    assert shown["entry"]["from"] == scene.blog.host
    text = scene.relay.verb("dead", "show", letter).out
    assert "no such thing here" in text and "refused it for good" in text
    assert letter in scene.relay.verb("dead", "list").out


def test_the_list_goes_on_behind_a_letter(scene):
    older, newer = (given_up(scene, text)[1] for text in ("older", "newer"))
    everything = scene.relay.told("dead", "list")
    ids = [d["id"] for d in everything["dead"]]
    assert ids.index(newer) < ids.index(older)
    assert "next" not in everything  # there are not that many
    behind = [d["id"] for d in scene.relay.told("dead", "list", "--before", newer)["dead"]]
    assert behind == ids[ids.index(newer) + 1:]
    assert older in scene.relay.verb("dead", "list", f"--before={newer}").out
    assert newer not in scene.relay.verb("dead", "list", "--before", newer).out
    assert older not in scene.relay.verb("dead", "list", "--before", older).out
    wrong = scene.relay.verb("dead", "list", "--before", "17@not a host")
    assert (wrong.code != 0, wrong.out) == (True, "")


def test_more_letters_than_one_list_shows(scene):
    """Each is in one of the lists, in one order through all of them."""
    before = scene.relay.told("dead", "list")["total"]
    for peer in (scene.shop, scene.wiki):
        peer.faults.append(Fault(status=400))
    scene.posts(260)
    wait_until(lambda: scene.relay.told("dead", "list")["total"] == before + 520, "all are given up")
    first = scene.relay.told("dead", "list")
    assert (len(first["dead"]), first["next"]) == (500, first["dead"][-1]["id"])
    assert scene.relay.verb("dead", "list").out.endswith(
        f"and more, of {before + 520} in all: weir dead list --before {first['next']}\n")
    second = scene.relay.told("dead", "list", "--before", first["next"])
    assert "next" not in second
    ids = [letter["id"] for listed in (first, second) for letter in listed["dead"]]
    assert len(ids) == len(set(ids)) == before + 520
    numbers = [int(i.partition("@")[0]) for i in ids]
    assert numbers == sorted(numbers, reverse=True)


def test_what_a_receiver_says_cannot_steer_a_terminal(scene):
    activity, letter, _ = given_up(scene, body="\x1b[2Jgone\r\n\x9b31m\u202e")
    for words in (("trace", activity), ("dead", "show", letter), ("dead", "list")):
        out = scene.relay.verb(*words).out
        assert not [c for c in out if c < " " and c != "\n" or "\x7f" <= c < "\xa0"]


def test_a_dead_letter_is_tried_again_and_delivered(scene):
    activity, letter, _ = given_up(scene)
    done = scene.relay.verb("dead", "retry", letter)
    assert (done.code, done.out) == (0, f"{letter} is tried again\n")
    found = scene.until(activity, "delivered")
    assert (found["code"], found["since"]) == ("apart", found["until"])
    assert "delivered at the first attempt after it had waited apart, 20" in \
        scene.said("trace", activity)
    assert deliveries(scene.shop, activity__id=activity, status=202)
    again = scene.relay.verb("dead", "retry", letter)
    assert (again.code, "no-such-letter" in again.err) == (1, True)
    assert letter not in scene.relay.verb("dead", "list").out
    settle(scene.relay)
    assert len(deliveries(scene.shop, activity__id=activity, status=202)) == 1


def test_a_dead_letter_that_is_refused_again_is_dead_again(scene):
    activity, letter, first = given_up(scene)
    scene.shop.faults.append(Fault(status=404, body="still not", times=1))
    assert scene.relay.told("dead", "retry", letter)["outcome"] == "done"
    wait_until(lambda: scene.row(activity).get("detail") == "still not", "it was refused again")
    found = scene.row(activity)
    assert (found["verdict"], found["status"]) == ("never", 404)
    assert found["until"] >= first["until"]
    assert scene.relay.told("dead", "retry", letter)["outcome"] == "done"
    scene.until(activity, "delivered")


def test_a_dropped_letter_stays_in_the_trace(scene):
    activity, letter, _ = given_up(scene)
    before = scene.relay.told("status")["dead"]
    done = scene.relay.verb("dead", "drop", letter)
    assert (done.code, done.out) == (0, f"{letter} is dropped\n")
    assert letter not in scene.relay.verb("dead", "list").out
    assert scene.relay.told("status")["dead"] == before - 1
    found = scene.row(activity)
    assert (found["verdict"], found["dropped"]) == ("never", True)
    assert scene.said("trace", activity).endswith("(dropped)")
    again = scene.relay.verb("dead", "drop", letter)
    assert (again.code, "no-such-letter" in again.err) == (1, True)
    assert scene.relay.told("dead", "retry", letter)["outcome"] == "done"
    scene.until(activity, "delivered")
    assert scene.relay.told("status")["dead"] == before - 1


def test_who_left_cannot_be_tried_again(scene):
    _, letter, _ = given_up(scene)
    scene.relay.told("member", "remove", scene.shop.host)
    done = scene.relay.verb("dead", "retry", letter)
    assert (done.code, done.out) == (1, "")
    assert "no member any more" in done.err
    assert scene.relay.told("dead", "drop", letter)["outcome"] == "done"


@pytest.mark.parametrize("name", ["x", "1", "@a.example", "0@a.example", "1@", "x@a.example",
                                  "1@a b"])
def test_what_is_no_dead_letter_is_refused(relay, name):
    for verb in ("show", "retry", "drop"):
        done = relay.verb("dead", verb, name)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("weir: ")
