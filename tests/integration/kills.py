"""SIGKILL of everything, at any moment, under load; and what was lost, from the logs of those
outside.

    with Load(tmp_path, relay, seed) as load:
        killer = Killer(relay, load, seed)
        killer.kill({"redis": 30, "master": 30})
        load.stop()
        count = Count(load)

Senders and receivers are processes of their own (kill_peer.py), which nobody kills. What is counted
comes from their files: a post counts as promised when its sender has read the 202.
"""

import collections
import contextlib
import itertools
import os
import random
import signal
import statistics
import time
from pathlib import Path

from integration.crowd import Crowd
from integration.kill_peer import refused_at_first
from integration.redis_client import shard_of
from integration.relay import PATIENCE_S, wait_until
from peers.keys import ActorKeys
from peers.ports import free_host

PROGRAM = Path(__file__).with_name("kill_peer.py")
ADDRESS = "127.0.0.2"  # of a department, as relay.CONFIG has it
QUIET_S = 1  # nothing came for so long: it is over, if nothing is missing
SILENT_S = 30  # and so long if something is: it will not come any more
OVER_S = 300  # whatever still comes then is not waited for
GRACE_S = 1  # so long after a kill what was on its way may still arrive
IN_HASTE = 0.15  # of the kills are followed by the next before all is well again
PAUSE_S = 0.4  # at most, between being back and the next kill


# --- load ---------------------------------------------------------------------------------------


class Load:
    """Senders that post and receivers that take, from `with` on until `stop`.

    `lanes`: how many posts at a time each of the senders has on its way; `pace`: seconds between
    two posts of a lane; `delay`: seconds that a receiver takes for its answer; `picky`:
    how many of them refuse some posts for a while. Every host is a member, and is owed the posts of
    all the others; every second one is in an even shard."""

    def __init__(self, directory, relay, *, senders=2, receivers=6, lanes=4, pace=0.2, delay=0,
                 picky=0, address=ADDRESS):
        self.directory = Path(directory) / "members"
        self.directory.mkdir()
        ActorKeys.load_or_create(self.directory, "member")
        self.hosts = list(itertools.islice(free_hosts(address), senders + receivers))
        self.senders, self.picky = self.hosts[:senders], self.hosts[len(self.hosts) - picky:]
        self._delay = delay
        groups = [([self._host(host, lanes)], delay) for host in self.senders]
        groups += [([self._host(host, 0) for host in hosts], seconds)
                   for hosts, seconds in self._shares(self.hosts[senders:])]
        self._crowd = Crowd(PROGRAM, self.directory, relay, groups, pace=pace)
        self._ends = None
        self.statuses = collections.Counter()

    def _shares(self, receivers):
        """Which of them are served by one process, and the seconds that they take for an answer."""
        return [(receivers[first::2], self._delay) for first in range(2)]

    def _host(self, host, lanes):
        return {"host": host, "lanes": lanes, "picky": host in self.picky}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._crowd)
            self._crowd.tell("go")
            self._ends = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._ends.close()

    def _stop(self):
        """Every lane ends after its last post was taken."""
        self._crowd.tell("stop")
        for said in self._crowd.answers():
            self.statuses.update(said["statuses"])

    def stop(self, silent=SILENT_S):
        """Every lane ends after its last post was taken; then until nothing more comes (for so long,
        where something is missing)."""
        self._stop()
        sizes, began = None, time.monotonic()
        since = began
        while time.monotonic() - since < silent and time.monotonic() - began < OVER_S:
            time.sleep(0.1)
            if sizes != (sizes := self.sizes("got")):
                since = time.monotonic()
            elif time.monotonic() - since > QUIET_S and not Count(self).lost:
                break

    def stop_soon(self):
        """The same where some will never have everything."""
        self._stop()
        sizes, since = None, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            time.sleep(0.1)
            if sizes != (sizes := self.sizes("got")):
                since = time.monotonic()

    def freeze(self):
        """The last of the receivers stand still: what they are owed waits."""
        self._crowd.signal(signal.SIGSTOP)

    def thaw(self):
        self._crowd.signal(signal.SIGCONT)

    def sizes(self, kind):
        """Bytes of each file of a kind: whose grew has made progress."""
        return [self.file(host, kind).stat().st_size for host in self.hosts]

    def file(self, host, kind):
        return self.directory / f"{host}.{kind}"

    def lines(self, host, kind):
        return [line.split(" ") for line in self.file(host, kind).read_text("ascii").splitlines()]


def free_hosts(address=ADDRESS):
    """Addresses of departments with a port that nobody has, in even shards and odd ones in turn."""
    found = 0
    while True:
        host = free_host(address)
        if shard_of(host) % 2 == found % 2:
            found += 1
            yield host


# --- the killer ---------------------------------------------------------------------------------


class Killer:
    """Ends one process of the relay after the other, each at a random moment: as a rule when all is
    well again, now and then while it is not."""

    def __init__(self, relay, load, seed):
        self.relay, self.load = relay, load
        self.killed = collections.Counter()  # by role
        self.recovery = collections.defaultdict(list)  # role -> seconds, of those waited for
        self.moments = []  # of all kills
        self._chance = random.Random(seed)
        self._whole = self._counted(processes(relay))
        self._gone = set()  # process ids since all was well

    def kill(self, wanted):
        """So many of each role, in any order."""
        plan = [role for role, count in sorted(wanted.items()) for _ in range(count)]
        self._chance.shuffle(plan)
        for place, role in enumerate(plan, 1):
            time.sleep(self._chance.uniform(0, PAUSE_S))
            began = self._kill(role)
            if self._chance.random() < IN_HASTE and place < len(plan):
                continue
            self._wait_back(role)
            self.recovery[role].append(time.monotonic() - began)

    def _kill(self, role):
        found = wait_until(lambda: (found := self._processes())[role] and found,
                           f"there is a {role} to be killed")
        pid = self._chance.choice(found[role])
        began = time.monotonic()
        self.moments.append(time.time())
        self.killed[role] += 1
        if role == "master":
            self._gone.update(*found.values())
            self.relay.strike()
            self.relay.start(ready=False)
        else:
            self._gone.add(pid)
            os.kill(pid, signal.SIGKILL)
        return began

    def _processes(self):
        """Those that are not on their way out already."""
        assert self.relay.alive, f"the master has ended: {self.relay.err_text[-2000:]}"
        found = processes(self.relay)
        return collections.defaultdict(list, {
            role: [pid for pid in pids if pid not in self._gone] for role, pids in found.items()})

    def _wait_back(self, role):
        """Until all are there, none of them one of those that were killed; then until every sender
        has been answered, every receiver has got something, and the steward says that all is well.
        """
        wait_until(lambda: self._counted(self._processes()) == self._whole,
                   f"there is another {role}", PATIENCE_S)
        wait_until(lambda: not any(map(lives, self._gone)), "what was killed has ended")
        self._gone.clear()
        sent, got = self.load.sizes("sent"), self.load.sizes("got")
        senders = len(self.load.senders)

        def flows():
            return (grown(sent[:senders], self.load.sizes("sent"))
                    and grown(got, self.load.sizes("got")))

        wait_until(flows, f"posts are taken and delivered after the {role} was killed", PATIENCE_S)
        wait_until(self._ready, f"it is ready after the {role} was killed", PATIENCE_S)

    def _ready(self):
        try:
            return self.relay.readyz()[0] == 200
        except OSError:
            return False

    @staticmethod
    def _counted(found):
        return {role: len(pids) for role, pids in found.items() if pids}


def grown(before, after):
    return all(old < new for old, new in zip(before, after))


def processes(relay):
    """role -> process ids of all that a relay consists of."""
    found = collections.defaultdict(list, master=[relay.pid])
    for name, pid in relay.roles().items():
        found[name.rsplit("-", 1)[0]].append(pid)
    if relay.redis_pid:
        found["redis"].append(relay.redis_pid)
    return found


def lives(pid):
    """Whether this process is there, and has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


# --- the count ----------------------------------------------------------------------------------


class Count:
    """What the files say. `moments` are the times of the kills: what was repeated after one of them
    had come so long (`oldest`) before it."""

    def __init__(self, load, moments=()):
        self.promised, self.lost = {}, []
        self.deliveries = self.verified = 0
        self.repeats = []  # (host, post, when it came first, when again)
        self.inversions, self.foreign, self.wrong = [], [], []
        self._moments, self.oldest = moments, 0
        self._picky = load.picky
        for host in load.senders:
            for _, lane, number, post, activity, _ in load.lines(host, "sent"):
                assert post not in self.promised, f"{post} was sent again after its 202"
                self.promised[post] = (host, lane, int(number), activity)
        for host in load.hosts:
            self._read(host, load.lines(host, "got"))

    def _read(self, host, lines):
        seen, last = {}, {}
        for when, verified, kind, activity, post in lines:
            self.deliveries += 1
            self.verified += verified == "ok"
            if verified == "bad":
                self.wrong.append((host, post, "the signature does not hold"))
            if post in seen:
                self._repeated(host, post, seen[post], (float(when), kind, activity))
                continue
            seen[post] = (float(when), kind, activity)
            self._first(host, kind, activity, post, last)
        self.lost += [(host, post) for post, (sender, *_) in self.promised.items()
                      if sender != host and post not in seen]

    def _repeated(self, host, post, first, again):
        self.repeats.append((host, post, first[0], again[0]))
        if first[1:] != again[1:]:
            self.wrong.append((host, post, f"{again[1:]} repeats {first[1:]}"))
        between = [moment for moment in self._moments if first[0] - GRACE_S < moment < again[0]]
        self.oldest = max(self.oldest, min(between, default=0) - first[0])

    def _first(self, host, kind, activity, post, last):
        """A post that came to this host for the first time."""
        if post not in self.promised or self.promised[post][0] == host:
            self.foreign.append((host, post))
            return
        sender, lane, number, original = self.promised[post]
        if not (host in self._picky and refused_at_first(post)):
            if number < last.get((sender, lane), -1):
                self.inversions.append((host, post))
            last[sender, lane] = number
        proved = number % 2 == 0
        if (kind, activity == original) != (("Create", True) if proved else ("Announce", False)):
            self.wrong.append((host, post, f"came as {kind} {activity}"))


def table(title, killer, count, load, seconds):
    """For people: what was held, what was done, what came of it."""
    lines = [f"{title}: {killer.killed.total()} kills in {seconds:.0f} s"]
    for role, took in sorted(killer.recovery.items()):
        lines.append(f"    {role:<8} {killer.killed[role]:>4} kills, back in {statistics.median(took):.2f} s"
                     f" as a rule, in {max(took):.2f} s at worst")
    share = 100 * len(count.repeats) / max(count.deliveries, 1)
    lines += [
        f"    answered 202: {len(count.promised)} posts, each owed to {len(load.hosts) - 1} hosts;"
        f" deliveries {count.deliveries}, signatures verified {count.verified}",
        f"    answers {dict(sorted(load.statuses.items()))}",
        f"    lost {len(count.lost)}, duplicates {len(count.repeats)} ({share:.2f} %),"
        f" at most {count.oldest:.2f} s old when something was killed, out of order"
        f" {len(count.inversions)}",
    ]
    return "\n".join(lines)


def story(relay, count):
    """What the relay's log and its ledger know of the first posts that were lost."""
    lines = []
    for host, post in count.lost[:3]:
        activity = count.promised[post][3]
        lines += [f"lost: {activity} for {host}",
                  *(line for line in relay.err_text.splitlines() if activity in line),
                  repr(relay.verb("trace", activity))]
    return "\n".join(lines)
