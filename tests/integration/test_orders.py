"""What operators order: weir queue show|retry|hold|release|drop, weir replay, weir recall; and what
weir trace says of it afterwards. Held against what the peers recorded themselves."""

import pytest

from integration import scenes
from integration.acts import (activity as act, announced, deliveries, join, note, proved, received,
                              server, settle)
from integration.relay import PATIENCE_S, Relay, wait_until
from peers.faults import Fault

# Whoever fails is left alone for long: what comes sooner comes by an order.
SLOW = "delivery: { backoff: 1h, backoff_most: 1h, aside: 1h }\n"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("orders"), extra=SLOW) as relay:
        yield relay


@pytest.fixture(name="scene")
def fixture_scene(relay, town):
    yield from scenes.played(Scene(relay, town))


class Scene(scenes.Scene):
    """With orders about the shop."""

    def order(self, verb, *words):
        """One that must be carried out."""
        told = self.relay.told(*verb.split(), self.shop.host, *words)
        assert told["outcome"] == "done", told
        return told

    def fails(self, activity):
        """As soon as the shop was tried in vain."""
        wait_until(lambda: self.row(activity).get("failures"), "it was tried")


# --- hold, release ------------------------------------------------------------------------------


def test_a_host_that_is_held_is_sent_nothing_until_it_is_released(scene):
    scene.order("queue hold")
    held = scene.post("held back")
    settle(scene.relay)
    found = scene.row(held)
    assert (found["verdict"], found["code"]) == ("waiting", "held")
    assert "held by an operator" in scene.relay.verb("trace", held).out
    line, = (r for r in scene.relay.told("queue", "list")["queue"]
             if r["host"] == scene.shop.host)
    assert (line["code"], line["waiting"]) == ("held", 1)
    assert deliveries(scene.shop, activity__id=held) == []
    scene.order("queue release")
    received(scene.shop, held)
    received(scene.shop, scene.post("and on"))


def test_a_hold_outlasts_a_restart(tmp_path, town):
    with Relay(tmp_path, extra=SLOW) as relay:
        scene = Scene(relay, town)
        scene.order("queue hold")
        relay.restart()
        held = scene.post()
        settle(relay)
        assert deliveries(scene.shop, activity__id=held) == []
        scene.order("queue release")
        received(scene.shop, held)


# --- retry, drop --------------------------------------------------------------------------------


def test_a_host_that_waits_for_an_hour_is_tried_at_once(scene):
    scene.shop.down()
    owed = scene.post()
    scene.fails(owed)
    scene.shop.up()
    settle(scene.relay)
    assert deliveries(scene.shop, activity__id=owed) == []
    done = scene.relay.verb("queue", "retry", scene.shop.host)
    assert (done.code, done.out) == (0, f"{scene.shop.host} is tried now\n")
    received(scene.shop, owed)


def test_what_waits_is_given_up_and_that_is_recorded(scene):
    scene.shop.down()
    owed = [scene.post(), scene.post()]
    scene.fails(owed[0])
    scene.order("queue drop")
    for activity in owed:
        found = scene.until(activity, "cut")
        assert found["code"] == "dropped"
        assert "an operator gave it up" in scene.relay.verb("trace", activity).out
    scene.shop.up()
    scene.order("queue retry")
    received(scene.shop, scene.post("after it"))
    for activity in owed:
        assert deliveries(scene.shop, activity__id=activity) == []
    assert scene.row(owed[0], scene.wiki.host)["verdict"] == "delivered"


# --- replay -------------------------------------------------------------------------------------


def times(peer, activities):
    return [len(deliveries(peer, activity__id=a)) for a in activities]


@pytest.mark.parametrize("how", ["since", "from"])
def test_what_a_host_had_is_sent_once_more_under_the_same_ids(scene, how):
    sent = [scene.post() for _ in range(4)]
    received(scene.shop, sent[-1])
    settle(scene.relay)
    numbers = [scene.relay.told("trace", a)["n"] for a in sent]
    words = ("--since", "2h") if how == "since" else ("--from", str(numbers[2]))
    told = scene.order("replay", *words)
    expected = [2, 2, 2, 2] if how == "since" else [1, 1, 2, 2]
    assert told["after"] < (numbers[0] if how == "since" else numbers[2])
    wait_until(lambda: times(scene.shop, sent) == expected, "it comes once more")
    received(scene.shop, scene.post("and on"))
    assert times(scene.shop, sent) == expected
    assert times(scene.wiki, sent) == [1, 1, 1, 1]


def test_a_replay_leaves_out_what_was_refused_before_a_later_version_was_taken(scene):
    """Were the old one taken now, the later one would be dropped there as a repeat."""
    scene.shop.faults.append(Fault(status=422, method="POST"))
    first = scene.blog.post("as it was at first")
    other = scene.blog.post("of which nothing came later")
    for sent in (first, other):
        assert scene.until(sent.id, "never")["code"] == "refused-by-peer"
    scene.shop.faults.clear()
    edited = scene.blog.edit(first.object_id, "as it is now")
    received(scene.shop, edited.id)
    settle(scene.relay)
    scene.order("replay", "--since", "1h")
    received(scene.shop, other.id)
    last = scene.post("and on")
    received(scene.shop, last)
    taken = [d["activity"]["id"] for d in deliveries(scene.shop, status=202)]
    assert first.id not in taken and taken.count(edited.id) == 2, taken
    assert scene.row(first.id)["verdict"] == "never"


def test_a_replay_gives_nothing_from_before_a_host_joined(scene):
    before = scene.post("before")
    late = server(scene.town)
    join(scene.relay, late)
    after = scene.post("after")
    received(late, after)
    settle(scene.relay)
    told = scene.relay.told("replay", late.host, "--from", "1")
    assert told["outcome"] == "done"
    wait_until(lambda: times(late, [after]) == [2], "what it had comes once more")
    assert times(late, [before]) == [0]
    scene.relay.verb("member", "remove", late.host)


# --- show ---------------------------------------------------------------------------------------


def test_one_destination_is_shown_with_its_latest_attempts(scene):
    activity = scene.post()
    received(scene.shop, activity)
    settle(scene.relay)
    wait_until(lambda: scene.relay.told("queue", "show", scene.shop.host)["attempts"][0]["n"] ==
               scene.relay.told("trace", activity)["n"], "the attempt is told")
    told = scene.relay.told("queue", "show", scene.shop.host)
    assert (told["host"], told["state"], told["waiting_n"]) == (scene.shop.host, "active", 0)
    assert told["attempts"][0]["status"] == 202
    done = scene.relay.verb("queue", "show", scene.shop.host)
    assert "the latest attempts:" in done.out and "attempt 1: delivered, answered 202" in done.out


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["queue", "show"], ["queue", "retry"], ["queue", "hold"], ["queue", "release"],
    ["queue", "drop"]], ids=" ".join)
def test_a_host_that_is_no_member_is_refused(relay, words):
    done = relay.verb(*words, "nobody.example")
    assert done.code == 1 and "no-such-member" in done.err
    done = relay.verb(*words, "no host at all")
    assert done.code == 1 and "not a host" in done.err


def test_a_replay_of_a_host_that_is_no_member_is_refused(relay):
    for how in (["--since", "2h"], ["--from", "1"]):
        done = relay.verb("replay", "nobody.example", *how)
        assert done.code == 1 and "no-such-member" in done.err


@pytest.mark.parametrize("words", [
    ["queue"], ["queue", "dance"], ["queue", "show"], ["queue", "hold", "a", "b"],
    ["queue", "list", "a"], ["replay"], ["replay", "a.example"],
    ["replay", "a.example", "--since", "2"], ["replay", "a.example", "--since", "-2h"],
    ["replay", "a.example", "--since", "0s"], ["replay", "a.example", "--from", "0"],
    ["replay", "a.example", "--from", "x"], ["replay", "a.example", "--since", "2h", "--from", "1"],
    ["recall"], ["recall", "http://a.example/1"], ["recall", "http://a.example/1", "--reason", ""],
], ids=" ".join)
def test_wrong_use_is_said_with_code_2(relay, words):
    done = relay.verb(*words)
    assert done.code == 2 and "usage: weir" in done.err and not done.out


@pytest.mark.parametrize("words, said", [
    (["replay", "a.example"], "say either --since or --from"),
    (["replay", "a.example", "--since", "banana"], "a time such as 90m, 2h or 7d, not banana"),
    (["replay", "a.example", "--from", "x"], "the number of an entry, not x"),
    (["recall", "http://a.example/1"], "say why: --reason TEXT"),
], ids=lambda words: " ".join(words) if isinstance(words, list) else None)
def test_what_is_wrong_with_it_is_said(relay, words, said):
    assert said in relay.verb(*words).err


def test_nothing_is_ordered_about_who_left(relay, town):
    gone, = join(relay, server(town))
    gone.unfollow()
    wait_until(lambda: relay.state(gone.host) == "left", "it has left")
    for words in (["queue", "hold"], ["queue", "release"], ["queue", "drop"]):
        done = relay.verb(*words, gone.host)
        assert done.code == 1 and "transition" in done.err and "(left)" in done.err, done
    done = relay.verb("replay", gone.host, "--since", "2h")
    assert done.code == 1 and "transition" in done.err, done


def test_a_replay_from_an_entry_that_is_still_to_come_is_refused(scene):
    done = scene.relay.verb("replay", scene.shop.host, "--from", "999999")
    assert done.code == 1 and "has not come to that entry yet" in done.err, done


def test_without_a_relay_they_end_with_code_3(tmp_path):
    relay = Relay(tmp_path).init()
    for words in (["queue", "show", "a.example"], ["queue", "hold", "a.example"],
                  ["replay", "a.example", "--from", "1"],
                  ["recall", "http://a.example/1", "--reason", "spam"]):
        done = relay.verb(*words)
        assert done.code == 3 and "can't be reached" in done.err


# --- recall -------------------------------------------------------------------------------------


def report(told, peer):
    found, = (m for m in told["members"] if m["host"] == peer.host)
    return found["had"], found["gets"], found["expect"]


def test_a_recalled_post_is_undone_where_it_was_announced(scene):
    scene.shop.down()
    text = note(scene.blog)
    sent = scene.blog.send(act(scene.blog, "Create", text), scene.relay.inbox)
    assert sent.status == 202
    first = announced(scene.wiki, text["id"])
    settle(scene.relay)
    told = scene.relay.told("recall", text["id"], "--reason", "not for partners")
    assert told["reason"] == "not for partners" and len(told["entries"]) == 1
    assert report(told, scene.wiki) == ("yes", "undo", "undone")
    assert report(told, scene.shop)[0] in ("no", "maybe")
    assert scene.blog.host not in [m["host"] for m in told["members"]]
    undo = scene.wiki.records.wait_for(timeout=PATIENCE_S, activity__type="Undo", method="POST")[0]
    undone = undo["activity"]["object"]
    assert (undone if isinstance(undone, str) else undone["id"]) == first["activity"]["id"]
    found = scene.row(sent.id)
    assert (found["verdict"], found["code"], found["by"]) == ("waiting", "recalled", told["line"])
    assert f"(by entry {told['line']})" in scene.relay.verb("trace", sent.id).out


def test_what_went_out_with_a_proof_is_kept_and_the_report_says_so(scene):
    text = note(scene.blog)
    sent = scene.blog.send(proved(scene.blog, act(scene.blog, "Create", text)), scene.relay.inbox)
    assert sent.status == 202
    received(scene.wiki, sent.id)
    settle(scene.relay)
    done = scene.relay.verb("recall", text["id"], "--reason", "not for partners")
    assert done.code == 0, done
    assert "it keeps its copy: only the author's own Delete takes that back" in done.out
    line, = (line for line in done.out.splitlines() if line.startswith(scene.wiki.host))
    assert line.split()[1:3] == ["yes", "nothing"]


def test_a_recall_of_what_is_not_known_or_was_recalled_before_is_refused(scene):
    done = scene.relay.verb("recall", f"{scene.blog.origin}/notes/none", "--reason", "spam")
    assert done.code == 1 and "not-known" in done.err
    done = scene.relay.verb("recall", "no url", "--reason", "spam")
    assert done.code == 1 and "usage" in done.err
    text = note(scene.blog)
    assert scene.blog.send(act(scene.blog, "Create", text), scene.relay.inbox).status == 202
    announced(scene.wiki, text["id"])
    scene.relay.told("recall", text["id"], "--reason", "spam")
    done = scene.relay.verb("recall", text["id"], "--reason", "spam")
    assert done.code == 1 and "recalled before" in done.err


# --- what waits and need not go any more --------------------------------------------------------


def test_a_recalled_post_never_comes_where_it_was_not_yet(scene):
    scene.shop.down()
    text = note(scene.blog)
    sent = scene.blog.send(act(scene.blog, "Create", text), scene.relay.inbox)
    assert sent.status == 202
    announced(scene.wiki, text["id"])
    scene.fails(sent.id)
    told = scene.relay.told("recall", text["id"], "--reason", "not for partners")
    scene.shop.up()
    scene.order("queue retry")
    received(scene.shop, scene.post("after it"))
    assert deliveries(scene.shop, activity__object=text["id"]) == []
    found = scene.until(sent.id, "skipped")
    assert (found["code"], found["by"]) == ("recalled", told["line"])


def test_what_its_author_deletes_while_it_waits_is_recalled(scene):
    scene.shop.down()
    text = note(scene.blog)
    create = scene.blog.send(act(scene.blog, "Create", text), scene.relay.inbox)
    announced(scene.wiki, text["id"])
    scene.fails(create.id)
    delete = scene.blog.send(act(scene.blog, "Delete", text["id"]), scene.relay.inbox)
    assert delete.status == 202
    number = scene.relay.told("trace", delete.id)
    assert number["lane"] == "urgent"
    found = wait_until(lambda: (r := scene.row(create.id))["code"] == "recalled" and r, "it is marked")
    assert found["by"] == number["n"]
    scene.shop.up()
    scene.order("queue retry")
    received(scene.shop, scene.post("after it"))
    assert scene.until(create.id, "skipped")["by"] == number["n"]
    assert deliveries(scene.shop, activity__object=text["id"], activity__type="Announce") == []
