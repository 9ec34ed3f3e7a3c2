"""What is down comes up again, and nothing is lost: partners, Weir itself, its Redis.

At most what was under way is repeated, and only under the same id."""

import collections
import json
import signal
import time

import pytest

from integration.acts import deliveries, join, received, refused, settle
from integration.posts import all_there, arrivals, insist
from integration.redis_server import RedisServer
from integration.relay import INTERNAL, Relay, wait_until
from peers.faults import Fault
from peers.town import Town

# Partners that come back soon are tried again soon, so that the tests are short.
QUICK = "delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s }\n"
# One at a time, where what arrives has to be compared in order.
IN_ORDER = QUICK.replace(" }", ", window: 1 }")
POSTS = 50


class Scene:
    """A relay, the blog that writes, the wiki that is well, and the shop, which has the trouble."""

    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.shop = (settlers.add(town, INTERNAL) for _ in range(3))
        join(relay, self.blog, self.wiki, self.shop)

    def posts(self, first, last):
        return [insist(self.blog, f"number {n}") for n in range(first, last + 1)]


@pytest.fixture(name="scene")
def fixture_scene(tmp_path, settlers):
    with Relay(tmp_path, extra=IN_ORDER) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(scope="module", name="lasting")
def fixture_lasting(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("lasting"), extra=IN_ORDER) as relay, Town() as town:
        yield Scene(relay, town, settlers)


@pytest.fixture(name="trouble")
def fixture_trouble(lasting):
    """The scene of all tests in which only the shop misbehaves; its past is forgotten."""
    settle(lasting.relay)
    lasting.shop.faults.clear()
    for peer in (lasting.blog, lasting.wiki, lasting.shop):
        peer.records.all.clear()
    return lasting


OUTSIDE = IN_ORDER + "redis_limits: { command: 2s }\n"


@pytest.fixture(name="outside")
def fixture_outside(tmp_path, settlers):
    """A scene whose Redis is not Weir's own."""
    with RedisServer(tmp_path) as redis, \
            Relay(tmp_path, redis=redis.url, extra=OUTSIDE) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        scene.redis = redis
        yield scene


# --- a partner is down --------------------------------------------------------------------------


def test_who_was_down_gets_everything_once_and_in_order(scene):
    scene.shop.down()
    sent = scene.posts(1, POSTS)
    assert all_there(scene.wiki, sent) == 0
    assert arrivals(scene.shop)[0] == []
    assert scene.relay.member(scene.shop.host)["health"] == "failing"
    scene.shop.up()
    assert all_there(scene.shop, sent) == 0
    settle(scene.relay)
    assert scene.relay.member(scene.shop.host)["health"] == "ok"


@pytest.mark.parametrize("what", ["SIGTERM", "SIGKILL", "redis"])
def test_nothing_is_lost_when_weir_ends_while_a_partner_is_down(scene, what):
    scene.shop.down()
    sent = scene.posts(1, POSTS // 2)
    ended = end_and_begin(scene.relay, what)
    sent += scene.posts(POSTS // 2 + 1, POSTS)
    scene.shop.up()
    assert all_there(scene.shop, sent) == 0
    all_there(scene.wiki, sent)
    only_the_last_are_repeated(scene.wiki, ended, what)


@pytest.mark.parametrize("what", ["SIGTERM", "SIGKILL", "redis"])
def test_nothing_is_lost_when_weir_ends_while_a_partner_catches_up(scene, what):
    scene.shop.down()
    sent = scene.posts(1, 30)
    scene.shop.faults.append(Fault(delay=0.02))
    scene.shop.up()
    wait_until(lambda: len(arrivals(scene.shop)[0]) >= 10, "it has begun to catch up")
    ended = end_and_begin(scene.relay, what)
    all_there(scene.shop, sent)
    only_the_last_are_repeated(scene.shop, ended, what)


def only_the_last_are_repeated(peer, ended, what):
    """After a good end nothing; after kill -9 what had come since the last commit: a tenth of a
    second, and some more for a machine under load."""
    first, repeated = {}, set()
    for record in deliveries(peer, activity__type="Create", status=202):
        activity_id = record["activity"]["id"]
        if activity_id in first:
            repeated.add(activity_id)
        first.setdefault(activity_id, record["at"])
    old = [activity_id for activity_id in repeated if first[activity_id] < ended - 2]
    assert old == []
    assert what != "SIGTERM" or repeated == set()


def end_and_begin(relay, what):
    """Answers when it ended."""
    ended = time.time()
    if what == "redis":
        relay.kill_redis()
        relay.wait_log("redis-server")
        wait_until(lambda: relay.readyz()[0] == 200, "it is ready again by itself")
    else:
        relay.restart(getattr(signal, what))
    return ended


def test_what_is_repeated_has_the_same_id_and_the_same_bytes(trouble):
    trouble.shop.faults.append(Fault(cut=True, times=3))
    sent = trouble.posts(1, 1)
    received(trouble.shop, sent[0])
    wait_until(lambda: arrivals(trouble.shop)[0] == sent, "it was taken")
    tries = deliveries(trouble.shop, path="/inbox", did="fault: cut")
    assert len(tries) == 3
    taken, = deliveries(trouble.shop, activity__type="Create", status=202)
    assert {record["sha256"] for record in tries} == {taken["sha256"]}


def test_a_host_that_shows_that_it_lives_is_not_made_to_wait(tmp_path, settlers):
    """Its back-off is an hour; its own post ends that."""
    long = "delivery: { backoff: 1h, backoff_most: 1h }\n"
    with Relay(tmp_path, extra=long) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        scene.shop.down()
        sent = scene.posts(1, 2)
        relay.wait_log("delivery", host=scene.shop.host, verdict="later")
        scene.shop.up()
        settle(relay)
        assert arrivals(scene.shop)[0] == []


        def spoke_and_was_heard():
            # What it says within the tenth of a second after the failure may be overheard.
            insist(scene.shop, "here I am")
            return arrivals(scene.shop)[0] == sent

        wait_until(spoke_and_was_heard, "its back-off has ended")


def test_a_slow_receiver_holds_up_nobody_else(scene):
    scene.shop.faults.append(Fault(hang=True))
    began = time.time()
    sent = scene.posts(1, 20)
    all_there(scene.wiki, sent)
    records = deliveries(scene.wiki, activity__type="Create")
    assert max(record["at"] for record in records) - began < 25  # it hangs for 30 s
    assert len(deliveries(scene.shop, did="fault: hang")) == 1


# --- what an answer means -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 410, 413, 501])
def test_a_refusal_for_good_is_not_repeated_and_is_logged(trouble, status):
    trouble.shop.faults.append(Fault(status=status, times=1))
    refused_id, taken_id = trouble.posts(1, 2)
    wait_until(lambda: arrivals(trouble.shop)[0] == [taken_id], "the next one is taken")
    settle(trouble.relay)
    assert len(deliveries(trouble.shop, did=f"fault: status {status}")) == 1
    line, = trouble.relay.log("delivery", host=trouble.shop.host, activity=refused_id)
    assert (line["verdict"], line["code"], line["status"]) == (
        "never", "refused-by-peer", str(status))
    assert arrivals(trouble.wiki)[0] == [refused_id, taken_id]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again_until_it_is_over(trouble, status):
    trouble.shop.faults.append(Fault(status=status, times=2))
    sent = trouble.posts(1, 3)
    assert all_there(trouble.shop, sent) == 0
    verdicts = [line["verdict"] for line in
                trouble.relay.wait_log("delivery", 3, host=trouble.shop.host, activity=sent[0])]
    assert verdicts == ["later", "later", "delivered"]
    assert arrivals(trouble.wiki)[0] == sent


@pytest.mark.parametrize("status", [408, 500])
def test_one_that_fails_by_itself_does_not_hold_up_the_others(trouble, status):
    trouble.shop.faults.append(Fault(status=status, times=3))
    sent = trouble.posts(1, 3)
    wait_until(lambda: set(sent) <= set(arrivals(trouble.shop)[0]), "everything has arrived")
    assert arrivals(trouble.shop)[0] == sent[1:] + sent[:1]
    tries = trouble.relay.wait_log("delivery", 4, host=trouble.shop.host, activity=sent[0])
    assert [line["verdict"] for line in tries] == ["later", "later", "later", "delivered"]
    assert [line["try"] for line in tries] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_time_gets_all_in_order(trouble, status):
    trouble.shop.faults.append(Fault(status=status, times=5))
    sent = trouble.posts(1, 3)
    assert all_there(trouble.shop, sent) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(trouble, status):
    trouble.shop.faults.append(Fault(status=status, headers={"Retry-After": "2"}, times=1))
    sent = trouble.posts(1, 2)
    all_there(trouble.shop, sent)
    first, second, *_ = deliveries(trouble.shop, path="/inbox")
    assert first["did"] == f"fault: status {status}"
    assert 1.9 < second["at"] - first["at"] < 30


def test_without_retry_after_the_next_attempt_comes_soon(trouble):
    trouble.shop.faults.append(Fault(status=429, times=1))
    all_there(trouble.shop, trouble.posts(1, 1))
    first, second = deliveries(trouble.shop, path="/inbox")
    assert second["at"] - first["at"] < 15


def test_retry_after_is_not_obeyed_for_longer_than_the_operator_says(tmp_path, settlers):
    limited = QUICK.replace(" }", ", retry_after: 1s }")
    with Relay(tmp_path, extra=limited) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        scene.shop.faults.append(Fault(status=429, headers={"Retry-After": "3600"}, times=1))
        all_there(scene.shop, scene.posts(1, 1))


def test_a_redirect_is_not_followed(trouble):
    elsewhere = {"Location": f"{trouble.wiki.origin}/inbox"}
    trouble.shop.faults.append(Fault(status=307, headers=elsewhere))
    sent = trouble.posts(1, 1)
    lines = trouble.relay.wait_log("delivery", 3, host=trouble.shop.host, activity=sent[0])
    assert [line["verdict"] for line in lines] == ["later", "later", "never"]
    assert len(deliveries(trouble.wiki, activity__id=sent[0])) == 1


def test_an_answer_without_end_is_cut_off_and_its_status_counts(trouble):
    trouble.shop.faults.append(Fault(status=202, body="x" * 300_000, times=1))
    sent = trouble.posts(1, 2)
    wait_until(lambda: arrivals(trouble.shop)[0] == sent[1:], "the next one is taken")
    settle(trouble.relay)
    line, = trouble.relay.log("delivery", host=trouble.shop.host, activity=sent[0])
    assert line["verdict"] == "delivered"


def test_who_never_answers_is_given_up_in_time_and_tried_again(tmp_path, settlers):
    impatient = QUICK.replace("1s }", "1s, connect: 500ms, total: 500ms }")
    with Relay(tmp_path, extra=impatient) as relay, Town() as town:
        scene = Scene(relay, town, settlers)
        scene.shop.faults.append(Fault(hang=True, times=2))
        sent = scene.posts(1, 1)
        all_there(scene.shop, sent)
        lines = relay.wait_log("delivery", 3, host=scene.shop.host, activity=sent[0])
        assert [(line["verdict"], line.get("code")) for line in lines] == [
            ("later", "timeout"), ("later", "timeout"), ("delivered", None)]


# --- Redis is away ------------------------------------------------------------------------------

DOCUMENTS = ("/actor", "/", "/.well-known/webfinger?resource=acct:relay@{host}",
             "/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/.well-known/host-meta",
             "/outbox", "/followers", "/following")


def refused_for_now(scene):
    """503 with a Retry-After of 20 to 60 seconds; answers the seconds."""
    sent = scene.blog.post("is anybody there?")
    refused(sent, 503, "unavailable")
    return int(sent.answer.headers["Retry-After"])


def away(scene):
    wait_until(lambda: scene.relay.readyz()[0] == 503, "the relay says that it is not ready")


def back(scene):
    wait_until(lambda: scene.relay.readyz()[0] == 200, "the relay is ready again by itself")


def test_without_redis_posts_are_refused_for_a_while_and_documents_are_served(outside):
    before = outside.posts(1, 1)
    outside.redis.kill()
    away(outside)
    seconds = [refused_for_now(outside) for _ in range(12)]
    assert all(20 <= s <= 60 for s in seconds)
    assert len(set(seconds)) > 1, "all would come back at once"
    for path in DOCUMENTS:
        status, _, _ = outside.relay.get(path.format(host=outside.relay.host))
        assert status == 200, path
    status, _, text = outside.relay.readyz()
    assert status == 503 and "Redis" in text and "durability: strict" in text
    wait_until(lambda: outside.relay.metric("weir_redis_up") == 0, "the metric says so")
    assert outside.relay.told("status")["ready"] is False
    outside.redis.start()
    back(outside)
    after = outside.posts(2, 2)
    all_there(outside.wiki, before + after)
    wait_until(lambda: outside.relay.metric("weir_redis_up") == 1, "the metric says so, too")


def test_what_was_accepted_before_redis_went_away_is_delivered_after_it_is_back(outside):
    outside.shop.down()
    sent = outside.posts(1, 10)
    all_there(outside.wiki, sent)
    outside.redis.kill()
    outside.shop.up()
    away(outside)
    outside.redis.start()
    back(outside)
    assert all_there(outside.shop, sent) == 0


def test_an_operator_is_told_that_redis_is_away(outside):
    outside.redis.kill()
    away(outside)
    done = outside.relay.verb("member", "suspend", outside.shop.host, "--reason", "a test")
    assert done.code == 1 and "unavailable" in done.err
    outside.redis.start()
    back(outside)
    done = outside.relay.told("member", "suspend", outside.shop.host, "--reason", "a test")
    assert done["state"] == "suspended"


def test_a_redis_that_lost_everything_is_not_taken_for_a_new_one(outside, tmp_path):
    """Numbers would begin again, and cursors would pass what was never sent."""
    outside.posts(1, 1)
    outside.redis.kill()
    away(outside)
    for file in (tmp_path / "redis").rglob("*.aof*"):
        if file.is_file():
            file.unlink()
    outside.redis.start()
    outside.relay.wait_log("redis", trouble="empty")
    assert 20 <= refused_for_now(outside) <= 60
    assert "holds no journal" in outside.relay.err_text


# --- the same again, told by numbers ------------------------------------------------------------


def test_whoever_repeats_a_post_for_want_of_an_answer_makes_no_second_one(scene):
    """Kill -9 comes between the journal and the 202 now and then: the sender sends it again."""
    sent = scene.posts(1, 5)
    scene.relay.restart(signal.SIGKILL)
    for activity in [a for a in scene.blog.sent_activities if a["id"] in set(sent)]:
        assert scene.blog.send(activity).status == 202
    sent += scene.posts(6, 6)
    all_there(scene.wiki, sent)
    counts = collections.Counter(arrivals(scene.wiki)[0])
    assert sum(counts.values()) - len(counts) <= 5
    bodies = {(r["activity"]["id"], r["sha256"]) for r in deliveries(scene.wiki)
              if r["activity"]["type"] == "Create"}
    assert len(bodies) == len(counts)
    assert json.loads(deliveries(scene.wiki, activity__id=sent[-1])[0]["body"])["id"] == sent[-1]
