"""Posts that are sent until they were taken, and a look at who got what, in which order."""

import asyncio

import aiohttp

from integration.acts import deliveries
from integration.relay import wait_until


def insist(peer, text):
    """A post that is sent as a good server would: until it was taken. Answers its id."""
    return send(peer, peer.write(text))


def send(peer, activity):
    """The same of an activity of its own."""
    wait_until(lambda: once(peer, activity), f"{activity['id']} is taken")
    return activity["id"]


def once(peer, activity):
    """Sends it one time; whether it was taken."""
    try:
        answer = peer.send(activity)
    except (aiohttp.ClientError, asyncio.TimeoutError):
        return False
    assert answer.status in (202, 503), answer.answer
    return answer.status == 202


def arrivals(peer):
    """The ids of all Creates that this peer took, in order; and all of them once, in that order."""
    found = [record["activity"]["id"]
             for record in deliveries(peer, activity__type="Create", status=202)]
    return found, list(dict.fromkeys(found))


def all_came(peer, sent):
    """Waits until it has them all; then nothing is missing, and nothing foreign. Answers how many
    came again."""
    wait_until(lambda: set(sent) <= set(arrivals(peer)[0]), "everything has arrived")
    found, once_each = arrivals(peer)
    assert sorted(once_each) == sorted(sent)
    return len(found) - len(once_each)


def all_there(peer, sent):
    """The same, and in order: what a window of one promises."""
    again = all_came(peer, sent)
    assert arrivals(peer)[1] == sent
    return again
