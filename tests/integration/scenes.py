"""A blog that writes, a wiki that is well, and a shop that a test is about."""

from integration.acts import join, received, server
from integration.relay import wait_until


class Scene:
    """The three of them, members of a relay; `how` is what Peer takes."""

    def __init__(self, relay, town, **how):
        self.relay, self.town = relay, town
        self.blog, self.wiki, self.shop = (server(town, **how) for _ in range(3))
        join(relay, self.blog, self.wiki, self.shop)

    def post(self, text="news"):
        """The id of a post that the wiki has."""
        sent = self.blog.post(text)
        assert sent.status == 202, sent.answer
        received(self.wiki, sent.id)
        return sent.id

    def posts(self, count):
        """The ids of so many posts, which nobody is waited for to have."""
        sent = [self.blog.post(f"news {i}") for i in range(count)]
        assert all(s.status == 202 for s in sent)
        return [s.id for s in sent]

    def row(self, activity, host=None):
        """The one row of a host (the shop's) in the trace of an activity."""
        return row(self.relay, activity, host or self.shop.host)

    def until(self, activity, verdict):
        """As soon as the shop's row says so."""
        return wait_until(lambda: (r := self.row(activity))["verdict"] == verdict and r,
                          f"{activity} is {verdict}: {self.row(activity)}")

    def said(self, *words, host=None):
        """The line of the table that is about a host."""
        done = self.relay.verb(*words)
        assert done.code == 0, done
        line, = (line for line in done.out.splitlines()
                 if line.startswith(host or self.shop.host))
        return " ".join(line.split())


def row(relay, activity, host):
    """The one row of a host in the trace of an activity."""
    found, = (r for r in relay.told("trace", activity)["members"] if r["host"] == host)
    return found


def all_there(peer, ids):
    for activity in ids:
        received(peer, activity)


def played(scene):
    """The scene; and then, what is gone is not tried for ever, under the eyes of the next test."""
    yield scene
    for peer in (scene.blog, scene.wiki, scene.shop):
        scene.relay.verb("member", "remove", peer.host)
