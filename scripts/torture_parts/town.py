"""The members of a torture: two that write, and that many that receive, most of them good, some far
away (behind a line of ours), some that misbehave. Each is served by a program that nobody kills
(guest.py); every host is a member, and is owed what all the others write.
"""

import collections
import contextlib
import itertools
import time
from pathlib import Path

from integration.crowd import Crowd
from integration.kills import ADDRESS, free_hosts
from integration.proxy import Proxy
from peers.keys import ActorKeys

from torture_parts.ledger import Ledger

PROGRAM = Path(__file__).with_name("guest.py")
SENDERS = 2
LANES = 8  # posts that each sender has on its way at most
FAR = 4
MANNERS = ("hang", "drip", "reset", "5xx", "429", "410", "garbage", "huge", "tls")
QUIET_S = 12  # nothing more came for so long, longer than any wait: what is missing will not come


class Town:
    """`members`: how many receive; `rate`: posts a second, 0: as many as can be; `authority`: whom
    the relay trusts."""

    def __init__(self, directory, relay, members, rate, authority):
        self.directory = Path(directory) / "members"
        self.directory.mkdir()
        ActorKeys.load_or_create(self.directory, "member")
        certificates = [str(authority.file(ADDRESS, own=own)) for own in (False, True)]
        self._stack = contextlib.ExitStack()
        hosts = list(itertools.islice(free_hosts(), SENDERS + members))
        self.lines = []
        self.senders = hosts[:SENDERS]
        wild = hosts[SENDERS:SENDERS + min(len(MANNERS), members // 4)]
        near = hosts[SENDERS + len(wild) + min(FAR, members // 4):]
        far = [self._far(host) for host in hosts[SENDERS + len(wild):len(hosts) - len(near)]]
        good = [{"host": host, "lanes": 0} for host in near] + far
        groups = [[{"host": host, "lanes": LANES} for host in self.senders],
                  [_wild(host, place, certificates) for place, host in enumerate(wild)],
                  good[::2], good[1::2]]
        self._crowd = Crowd(PROGRAM, self.directory, relay, [(hosts, 0) for hosts in groups],
                            pace=SENDERS * LANES / rate if rate else 0)
        self.healthy = [*self.senders, *(one["host"] for one in good)]
        self.hosts = [*self.healthy, *wild]
        self.answers, self.plays = collections.Counter(), collections.Counter()
        self.ledger = None

    def _far(self, listen):
        line = self._stack.enter_context(Proxy(listen, ADDRESS))
        self.lines.append(line)
        return {"host": line.host, "listen": listen, "lanes": 0}

    def __enter__(self):
        try:
            self._stack.enter_context(self._crowd)
            self.ledger = Ledger(self.directory, self.hosts, self.senders, self.healthy)
            self._crowd.tell("go")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()
        if self.ledger:
            self.ledger.close()

    def stop(self):
        """Nothing new is written, and nobody misbehaves any more; then until nothing is missing, or
        nothing more comes."""
        self._crowd.tell("stop")
        for said in self._crowd.answers():
            self.answers.update(said["statuses"])
            self.plays.update(said["plays"])
        came, since = None, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            self.ledger.read()
            if came != (came := self.ledger.deliveries):
                since = time.monotonic()
            elif not self.ledger.missing():
                break
            time.sleep(0.2)


def _wild(host, place, certificates):
    manner = MANNERS[place % len(MANNERS)]
    how = {"host": host, "lanes": 0, "manner": manner, "place": place}
    return {**how, "good": certificates[0], "bad": certificates[1]} if manner == "tls" else how
