"""What the files of senders and receivers say: what was promised, what has come, how often; and when
after a fault everything was well again. Read as they grow.

A post is promised when its sender has read the 202. It is lost when it was promised, is owed to a
host, has not come there, and was not refused there for good. A duplicate is what came to one host
again. All is well again, after some moment, when every healthy host has got a post that was accepted
after it: the latest of those times is taken, as the receivers wrote it down.
"""

import collections
import os


class _File:
    """The whole lines of a file that grows."""

    def __init__(self, path):
        self._fd, self._rest = os.open(path, os.O_RDONLY), b""

    def close(self):
        os.close(self._fd)

    def lines(self):
        while data := os.read(self._fd, 1 << 20):
            whole, _, self._rest = (self._rest + data).rpartition(b"\n")
            if whole:
                for line in whole.decode("ascii").split("\n"):
                    yield line.split(" ")


class Post:
    __slots__ = ("sender", "accepted", "got", "refused", "came_as", "first")

    def __init__(self):
        self.sender, self.accepted, self.came_as = None, 0.0, None
        self.got = self.refused = 0  # a bit for each host
        self.first = {}  # host -> when it came first


class Ledger:
    """`directory`: where the files are; `healthy`: the hosts that never misbehave by themselves."""

    def __init__(self, directory, hosts, senders, healthy):
        self._hosts = {host: place for place, host in enumerate(hosts)}
        self._all = (1 << len(hosts)) - 1
        self._healthy = sum(1 << self._hosts[host] for host in healthy)
        self._sent = [(host, _File(directory / f"{host}.sent")) for host in senders]
        self._got = [(place, _File(directory / f"{host}.got")) for host, place in self._hosts.items()]
        self._refused = [(place, _File(path)) for host, place in self._hosts.items()
                         if (path := directory / f"{host}.refused").exists()]
        self.posts = collections.defaultdict(Post)
        self.promised = self.deliveries = self.verified = 0
        self.wrong = []  # what must never be, in words
        self.repeats = []  # (when it came first, when again, host, post)
        self._since, self._waits, self._well, self._early = 0.0, 0, 0.0, []

    def close(self):
        for _, file in (*self._sent, *self._got, *self._refused):
            file.close()

    # --- reading ------------------------------------------------------------------------------

    def read(self):
        """What is new."""
        for host, file in self._sent:
            for when, _, _, post, _, _ in file.lines():
                self._take_sent(host, post, float(when))
        for place, file in self._got:
            for when, verified, _, activity, post in file.lines():
                self._take_got(place, float(when), verified, activity, post)
        for place, file in self._refused:
            for _, post in file.lines():
                self.posts[post].refused |= 1 << place
        early, self._early = self._early, []
        for place, when, post in early:
            self._look(place, when, post)

    def _take_sent(self, host, name, when):
        post = self.posts[name]
        if post.sender is not None:
            self.wrong.append(f"{name} was sent again after its 202")
        post.sender, post.accepted = self._hosts[host], when
        self.promised += 1

    def _take_got(self, place, when, verified, activity, name):
        post, bit = self.posts[name], 1 << place
        self.deliveries += 1
        self.verified += verified == "ok"
        if verified == "bad":
            self.wrong.append(f"the signature of {name} does not hold")
        if post.got & bit:
            self.repeats.append((post.first[place], when, place, name))
        else:
            post.first[place] = when
        post.got |= bit
        if post.came_as not in (None, activity):
            self.wrong.append(f"{name} came as {post.came_as}, and as {activity}")
        post.came_as = activity
        if self._waits & bit:
            self._look(place, when, post)

    # --- well again ---------------------------------------------------------------------------

    def watch(self, since):
        """From here on `well` is asked for that moment."""
        self._since, self._waits, self._well, self._early = since, self._healthy, since, []

    def _look(self, place, when, post):
        """A post has come to a host; its 202 may not be in the file yet."""
        bit = 1 << place
        if not self._waits & bit:
            return
        if post.sender is None:
            self._early.append((place, when, post))
        elif post.accepted > self._since:
            self._waits &= ~bit
            self._well = max(self._well, when, post.accepted)

    @property
    def well(self):
        """When it was; None if it is not yet."""
        return None if self._waits else self._well

    @property
    def waits_for(self):
        return [host for host, place in self._hosts.items() if self._waits >> place & 1]

    # --- the count ----------------------------------------------------------------------------

    def _owed(self, post):
        return self._all & ~(1 << post.sender)

    def lost(self):
        """(host, post) of everything that is missing."""
        found = []
        for name, post in self.posts.items():
            if post.sender is None:
                continue
            if missing := self._owed(post) & ~post.got & ~post.refused:
                found += [(host, name) for host, place in self._hosts.items() if missing >> place & 1]
        return found

    def missing(self):
        """Whether anything is."""
        return any(post.sender is not None and self._owed(post) & ~post.got & ~post.refused
                   for post in self.posts.values())

    def refused(self):
        """How much was refused for good by its receiver, and never taken."""
        return sum((post.refused & ~post.got).bit_count() if hasattr(int, "bit_count")
                   else bin(post.refused & ~post.got).count("1") for post in self.posts.values())

    def strays(self):
        """What came and was never promised, or came to its own sender."""
        return [name for name, post in self.posts.items()
                if post.got and (post.sender is None or post.got >> post.sender & 1)]
