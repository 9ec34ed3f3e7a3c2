"""What is done to a relay while it works: kills, freezes, lines that fail; and how long it takes until
all is well again. Each comes when all was well after the one before, or now and then at once, into
the middle of its recovery."""

import collections
import contextlib
import dataclasses
import os
import random
import signal
import time

from integration.kills import lives, processes
from integration.relay import wait_until

ROLES = {"front": 0.22, "courier": 0.17, "steward": 0.2, "master": 0.16, "redis": 0.25}  # of the kills
FREEZES, LINES = 0.08, 0.08  # for each kill
LONG = 0.15  # for each freeze: one of a courier, for longer than its lease
IN_HASTE = 0.15  # are followed by the next before all is well
PAUSE_S, FEW_PAUSE_S = 2.4, 0.4  # at most, between being well and the next; where there are FEW
FEW = 100  # kills, in which shares say nothing
NEVER_S = 90  # after so long it will not be well any more
LOOK_S = 0.02


class NeverWell(Exception):
    """The relay has not come back."""


@dataclasses.dataclass
class Deed:
    """One thing that is done. `of`: a role, or which line."""

    kind: str  # kill, freeze, line
    of: str
    seconds: float = 0.0
    how: str = ""


def shares(kills):
    """role -> how many of the kills: its share, rounded down; what is left goes to the largest."""
    count = {role: int(kills * share) for role, share in ROLES.items()}
    for role in sorted(ROLES, key=ROLES.get, reverse=True)[:kills - sum(count.values())]:
        count[role] += 1
    return count


def plan(kills, chance, far_redis):
    """Deeds in an order drawn by chance; so many of them are kills. `far_redis`: there is a line to
    Redis."""
    deeds = [Deed("kill", role) for role, count in shares(kills).items() for _ in range(count)]
    freezes, lines = max(1, round(kills * FREEZES)), max(1, round(kills * LINES))
    deeds += [Deed("freeze", chance.choice(sorted(ROLES)), chance.uniform(0.2, 3))
              for _ in range(freezes)]
    deeds += [Deed("freeze", "courier", chance.uniform(11, 13))
              for _ in range(round(freezes * LONG) or int(far_redis and kills >= len(ROLES)))]
    places = ["redis", "members"] if far_redis else ["members"]
    deeds += [Deed("line", places[n % len(places)], chance.uniform(0.3, 2),
                   chance.choice(["cut", "delay", "silent", "refusing"])) for n in range(lines)]
    chance.shuffle(deeds)
    return deeds


class Storm:
    """`redis`: the RedisServer, where it is not the relay's own; `line`: what lies before it."""

    def __init__(self, relay, town, seed, redis=None, line=None):
        self.relay, self.town, self._redis, self._line = relay, town, redis, line
        self._chance = random.Random(seed)
        self._gone = set()
        self.kills, self.freezes = collections.Counter(), collections.Counter()
        self.lines = collections.Counter()
        self.recovery = collections.defaultdict(list)  # what was done -> seconds until all was well
        self.took_over = []  # seconds until what a frozen courier held was served by others
        self.moments = []  # (time, what was done), of each deed

    def run(self, deeds, told):
        """`told` is called after each deed."""
        chain = []
        pause = PAUSE_S if 2 * len(deeds) >= FEW else FEW_PAUSE_S
        for place, deed in enumerate(deeds, 1):
            self._rest(self._chance.uniform(0, pause))
            since = self._do(deed)
            chain.append(deed)
            told()
            if place < len(deeds) and self._chance.random() < IN_HASTE:
                continue
            self.recovery[_name(chain)].append(self._until_well(since, chain))
            chain = []

    def _rest(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.town.ledger.read()
            time.sleep(min(left, LOOK_S))

    def _until_well(self, since, chain):
        """Seconds from that moment."""
        ledger, end = self.town.ledger, time.monotonic() + NEVER_S
        ledger.watch(since)
        while ledger.well is None:
            if time.monotonic() > end:
                raise NeverWell(f"not well {NEVER_S} s after {_name(chain)}: nothing new comes to "
                                f"{', '.join(ledger.waits_for)}")
            ledger.read()
            time.sleep(LOOK_S)
        return ledger.well - since

    # --- deeds ----------------------------------------------------------------------------------

    def _do(self, deed):
        """Answers from which moment on it has to be well again."""
        self.moments.append((time.time(), f"{deed.kind} {deed.of}"))
        since = {"kill": self._kill, "freeze": self._freeze, "line": self._fail}[deed.kind](deed)
        self.town.ledger.watch(since)
        return since

    def _kill(self, deed):
        self.kills[deed.of] += 1
        if deed.of == "redis" and self._redis:
            since = time.time()
            self._redis.kill()
            self._redis.start()
            return since
        found = wait_until(lambda: (found := self._processes())[deed.of] and found,
                           f"there is a {deed.of} to be killed")
        since = time.time()
        if deed.of == "master":
            self._gone = set().union(*found.values())
            self.relay.strike()
            self.relay.start(ready=False)
        else:
            pid = self._chance.choice(found[deed.of])
            self._gone.add(pid)
            os.kill(pid, signal.SIGKILL)
        return since

    def _freeze(self, deed):
        self.freezes[deed.of] += 1
        with self._frozen(deed.of):
            since = time.time()
            if deed.seconds > 10:  # longer than its lease: the others take over
                self.town.ledger.watch(since)
                self.took_over.append(self._until_well(since, [deed]))
            self._rest(deed.seconds - (time.time() - since))
        return time.time()

    @contextlib.contextmanager
    def _frozen(self, role):
        if role == "redis" and self._redis:
            self._redis.freeze()
            yield
            self._redis.thaw()
            return
        found = wait_until(lambda: self._processes()[role], f"there is a {role} to be frozen")
        pid = self._chance.choice(found)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        yield
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _fail(self, deed):
        self.lines[f"{deed.of} {deed.how}"] += 1
        lines = [self._line] if deed.of == "redis" else self.town.lines
        for line in lines:
            _break(line, deed.how)
        self._rest(deed.seconds)
        for line in lines:
            line.delay, line.silent, line.refusing = 0, False, False
        return time.time()

    def _processes(self):
        """Those that are not on their way out already."""
        if not self.relay.alive:
            raise NeverWell(f"the master has ended: {self.relay.err_text[-2000:]}")
        self._gone = {pid for pid in self._gone if lives(pid)}
        return collections.defaultdict(list, {
            role: [pid for pid in pids if pid not in self._gone]
            for role, pids in processes(self.relay).items()})


def _break(line, how):
    if how == "delay":
        line.delay = 0.2
    elif how == "silent":
        line.silent = True
    else:
        line.refusing = how == "refusing"
        line.cut()


def _name(chain):
    """`kill courier`; of several in a row: `haste`."""
    return f"{chain[0].kind} {chain[0].of}" if len(chain) == 1 else "haste"
