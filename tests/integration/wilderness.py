"""A relay, one who writes, and members that misbehave: what the tests of destinations stand on."""

import contextlib

from integration.posts import insist
from integration.relay import CONFIG, INTERNAL, PATIENCE_S, Relay, wait_until
from peers.town import Town
from peers.wild import Wild

CONNECT_S, TOTAL_S, ASK_MOST_S = 1.0, 2.0, 12.0  # instead of ten, thirty, and six hours
IMPATIENT = """\
delivery: { backoff: 50ms, backoff_most: 1s, aside: 1s, aside_most: 1s, connect: 1s, total: 2s,
            retry_after: 12s }
"""
# Names that end in .test are departments, too.
NAMED = CONFIG.replace('hosts: ["127.0.0.2:*"]\n    networks: [127.0.0.0/8]',
                       'hosts: ["127.0.0.2:*", "*.test:*"]\n    networks: [127.0.0.0/8, "::1/128"]')
assert NAMED != CONFIG


class Wilderness:
    """`wild()` gives a member that is gone at the end of its test."""

    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog = settlers.add(town, INTERNAL)
        self.blog.follow(relay.actor)
        self.blog.records.wait_for(1, PATIENCE_S, activity__type="Accept")
        self._guests = contextlib.ExitStack()

    def wild(self, **how):
        wild = self._guests.enter_context(Wild(**how))
        self._guests.callback(self.relay.verb, "member", "remove", wild.host)
        return wild.join(self.relay)

    def leave(self):
        """Everybody but the blog is removed."""
        self._guests.close()

    def post(self, text="news"):
        """Its id."""
        return insist(self.blog, text)

    # --- what the relay says of a delivery ----------------------------------------------------

    def tries(self, wild, activity, count=1):
        """The log lines of its attempts, as soon as there are so many."""
        return self.relay.wait_log("delivery", count, host=wild.host, activity=activity)

    def ended(self, wild, activity):
        """The same, as soon as the last one is a verdict for good."""
        return wait_until(
            lambda: (lines := self.relay.log("delivery", host=wild.host, activity=activity))
            and lines[-1]["verdict"] != "later" and lines, f"the end of {activity}")

    def verdicts(self, wild, activity):
        return [line["verdict"] for line in self.ended(wild, activity)]

    def dead(self, wild):
        """What was given up there."""
        return [one for one in self.relay.told("dead", "list")["dead"] if one["host"] == wild.host]


@contextlib.contextmanager
def wilderness(directory, settlers, extra=IMPATIENT, **how):
    with Relay(directory, extra=extra, workers=1, **how) as relay, Town() as town:
        yield Wilderness(relay, town, settlers)
