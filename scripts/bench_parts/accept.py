"""What accepting one post costs beside few members and beside many: the time until the answer, the
time that Redis takes for it, and the commands that it runs.

Two relays stand side by side and take posts in turn, one at a time. All members but the one that
posts are active and owed every post, but their hosts do not answer for most of an hour (see
integration/cost.py): nothing is delivered, and what is measured is accepting. That is done twice:
with couriers that read all of it and keep their cursors, and with couriers that are stopped.
"""

import contextlib
import dataclasses
import os
import signal
import statistics
import time

from integration.cost import relays_beside
from integration.relay import children, role

from bench_parts.sender import Sender, create

FEW, MANY = 10, 100_000
ALIKE_MOST = 1.2
ROUNDS, ROUNDS_MOST, POSTS = 15, 60, 20  # more of them while another program's noise makes them unlike
BODY_BYTES = 2048
PATIENCE_S = 600  # until a courier knows all members, on a machine that does much else
# What a post has Redis do. Not HGET: by that the steward counts members, now and then.
COMMANDS = ("evalsha", "hmget", "hset", "hincrby", "xadd", "set", "expire", "hdel")


@dataclasses.dataclass
class Accepted:
    """Each a pair: beside few members, beside many; medians."""

    answer_us: tuple
    redis_us: tuple
    commands: tuple  # for one post: {name: how many}
    answer_ratio: float  # median of the ratios of all rounds
    redis_ratio: float
    posts: int

    def dearer(self):
        return max(self.answer_ratio, self.redis_ratio)


class _Poster:
    """Who posts to one of the relays."""

    def __init__(self, side):
        self.side = side
        self._host = side.peer.host
        self._sender = Sender(side.relay.host, side.relay.inbox,
                              side.peer.actors["instance"].keys.rsa)
        self._posted = 0

    def signed(self, posts):
        self._posted += posts
        return [self._sender.sign(self._host, create(self._host, f"{number}", BODY_BYTES))
                for number in range(self._posted - posts, self._posted)]

    def post(self, request):
        """Microseconds until it was answered."""
        started = time.monotonic_ns()
        self._sender.post([request])
        return (time.monotonic_ns() - started) / 1000

    def ran(self):
        found = self.side.redis.info("commandstats")
        return {name: int(found.get(f"cmdstat_{name}", "calls=0").split(",")[0].removeprefix("calls="))
                for name in COMMANDS}

    def couriers(self):
        return [pid for pid in children(self.side.relay.pid) if (role(pid) or "").startswith("courier")]

    def close(self):
        self._sender.close()


def _round(posters):
    """(us until the answer, us of Redis) beside few and beside many, medians of one round."""
    requests = [poster.signed(POSTS) for poster in posters]
    answers = [[] for _ in posters]
    for poster in posters:
        poster.side.watch()
    for number in range(POSTS):
        for i, poster in enumerate(posters):
            answers[i].append(poster.post(requests[i][number]))
    scripts = [poster.side.seen().get(poster.side.append, [0]) for poster in posters]
    return ([statistics.median(times) for times in answers],
            [statistics.median(times) for times in scripts])


def _measure(posters):
    answers, scripts = [], []
    before = [poster.ran() for poster in posters]

    def ratio(rounds):
        return statistics.median(many / few for few, many in rounds)

    def middle(rounds):
        return tuple(statistics.median(side) for side in zip(*rounds))

    while len(answers) < ROUNDS or (len(answers) < ROUNDS_MOST and
                                    max(ratio(answers), ratio(scripts)) >= ALIKE_MOST):
        answer, script = _round(posters)
        answers.append(answer)
        scripts.append(script)
    posts = POSTS * len(answers)
    return Accepted(
        answer_us=middle(answers), redis_us=middle(scripts),
        commands=tuple({name: round((count - was[name]) / posts, 2)
                        for name, count in poster.ran().items()}
                       for was, poster in zip(before, posters)),
        answer_ratio=ratio(answers), redis_ratio=ratio(scripts), posts=posts)


@contextlib.contextmanager
def _stopped(pids):
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def accepting(directory, few=FEW, many=MANY):
    """{"couriers_running": Accepted, "couriers_stopped": Accepted}"""
    with relays_beside(directory, few, many, patience=PATIENCE_S) as sides, \
            contextlib.ExitStack() as stack:
        posters = [stack.enter_context(contextlib.closing(_Poster(side))) for side in sides]
        _round(posters)  # connections, keys, scripts: once
        running = _measure(posters)
        with _stopped([pid for poster in posters for pid in poster.couriers()]):
            stopped = _measure(posters)
    return {"couriers_running": running, "couriers_stopped": stopped}
