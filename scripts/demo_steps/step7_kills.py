"""Parts of the relay die without a word, and nothing that it took is lost."""

import threading
import time

from demo_steps.evidence import all_verified, held_in_time, held_now

TITLE = "A courier, Redis and the master are killed while 200 posts are made; none is lost"
POSTS = 200
VICTIMS = (
    (50, "courier", "a courier, one of the processes that deliver"),
    (100, "redis", "Redis, which holds the journal"),
    (150, "master", "the master, and with it everything else"),
)
BACK_S = 30
CATCH_UP_S = 120


def run(stage, report):
    report.say("The partner's server is switched off, and the blog writes 200 posts. What was not "
               "answered with a thank you it sends again; what was, never.")
    stage.partner.do("down")
    writer = Writer(stage)
    writer.start()
    for number, role, what in VICTIMS:
        writer.wait_until(number)
        report.say(f"After {number} posts, kill -9: {what}.")
        _kill(stage, report, role)
    writer.join()
    report.check(f"the relay took all {POSTS} posts", len(writer.taken) == POSTS,
                 len(writer.taken))
    report.say(f"On the way, {writer.repeated} requests found nobody and were sent again.")
    wiki = held_in_time(stage.wiki, writer.taken, stage.patience * 3)
    report.check("the wiki, whose server was up, has all of them",
                 set(wiki) == set(writer.taken), f"{len(set(wiki))} of {len(writer.taken)}")
    _partner(stage, report, writer.taken)
    stage.story = writer.taken[POSTS // 2 - 1] if len(writer.taken) >= POSTS // 2 else None


class Writer(threading.Thread):
    """The blog, which insists on an answer, but not for ever."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.taken = []
        self.repeated = 0
        self._stage = stage

    def run(self):
        for number in range(1, POSTS + 1):
            post = self._stage.blog.do("write", title=f"Line {number}", tags=["partners"],
                                       text=f"Number {number} of {POSTS}.")
            self._insist(post["id"])

    def wait_until(self, number):
        while self.is_alive() and len(self.taken) < number:
            time.sleep(0.005)

    def _insist(self, activity):
        end = time.monotonic() + BACK_S + 3 * self._stage.patience
        while time.monotonic() < end:
            if self._stage.blog.do("tell", activity=activity)["status"] == 202:
                self.taken.append(activity)
                return
            self.repeated += 1
            time.sleep(0.05)


def _kill(stage, report, role):
    """The master is started again, as systemd would do; the rest comes back by itself."""
    relay = stage.relay
    before = relay.process(role)
    since = time.monotonic()
    relay.kill(role)
    if role == "master":
        relay.start()
    while (after := _process(relay, role)) in (None, before):
        if time.monotonic() > since + BACK_S:
            break
        time.sleep(0.01)
    took = time.monotonic() - since
    report.check(f"another {role} is there, {took:.1f} s later", after not in (None, before),
                 (before, after))


def _process(relay, role):
    try:
        return relay.process(role)
    except OSError:
        return None


def _partner(stage, report, sent):
    report.check("the partner has none yet", held_now(stage.partner, sent) == [])
    report.say("The partner's server is switched on.")
    stage.partner.do("up")
    since = time.monotonic()
    held = held_in_time(stage.partner, sent, 10 if stage.broken else CATCH_UP_S)
    took = time.monotonic() - since
    report.check(f"the partner has all {POSTS}, {took:.1f} s after it was back",
                 len(sent) == POSTS and set(held) == set(sent), f"{len(set(held))} of {POSTS}")
    report.check("in the order in which they were written", held == sent,
                 [sent.index(one) + 1 for one in held])
    report.check("the partner verified every one: the relay's signature and the author's proof",
                 all_verified(stage, stage.partner, sent))
