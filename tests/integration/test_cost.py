"""What accepting one post costs in Redis, beside how many members: the same. Here it is ten and ten
thousand; `scripts/bench --only queue` takes a hundred thousand."""

import pytest

from integration.cost import ALIKE, POSTS, SHARDS, Cost, relays_beside
from integration.relay import wait_until

pytestmark = pytest.mark.alone

FEW, MANY = 10, 10_000
EACH_WAITING = 8  # bytes of Redis, at most, for each delivery that waits


@pytest.fixture(scope="module", name="sides")
def fixture_sides(tmp_path_factory):
    with relays_beside(tmp_path_factory.mktemp("cost"), FEW, MANY) as sides:
        yield sides


def test_one_post_one_script_whatever_the_members(sides):
    cost = Cost(sides, lambda side, text: side.post(text))
    print(cost)
    assert cost.calls == [cost.posts] * 2, cost  # one call for each post
    # Beside it, only the courier's commits: of all shards at once, and not by the post.
    assert max(cost.others) <= 2 * cost.seconds + cost.posts / POSTS, cost
    for total, calls, others in zip(cost.evalsha, cost.calls, cost.others):
        # A commit between two rounds; what is counted for reports, every five seconds.
        between = cost.posts / POSTS + cost.seconds / 5 + 1
        assert calls + others <= total <= calls + others + between, cost
    assert cost.slower() < ALIKE, cost
    assert not cost.grown(), cost
    # The posts themselves included.
    assert sum(cost.growth[1].values()) < EACH_WAITING * cost.posts * MANY, cost
    assert max(cost.moves) <= SHARDS * (cost.seconds + 2), cost.moves
    # They are owed all of it.
    for side in sides:
        assert side.waiting == side.members
        behind = "weir_destination_behind_entries"
        wait_until(lambda s=side: s.relay.metric(behind) >= cost.posts, "they wait for all of it")


# What other relays do: one item in a queue for each receiver.
QUEUES = b"""#!lua
for _, host in ipairs(redis.call('SMEMBERS', '{weir}:members')) do
  redis.call('RPUSH', '{weir}:queue:' .. host, ARGV[1])
end
return { 'OK' }
"""


def test_a_queue_for_each_member_would_be_seen(sides):
    for side in sides:
        side.append = side.redis("SCRIPT", "LOAD", QUEUES).decode()
    # Slowlog notes what a script calls, too: fewer rounds.
    cost = Cost(sides, lambda side, text: side.redis("EVALSHA", side.append, 0, text), 2, 2)
    assert cost.calls == [cost.posts] * 2, cost
    assert cost.slower() > 10 * ALIKE, cost
    assert "queue" in cost.grown(), cost
    assert sum(cost.growth[1].values()) > EACH_WAITING * cost.posts * MANY, cost
