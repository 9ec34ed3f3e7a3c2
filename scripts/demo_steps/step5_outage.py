"""A partner that was away gets everything, in order."""

import time

from demo_steps.evidence import all_verified, held_in_time, held_now

TITLE = "The partner's server is down while 50 posts are made; then it is up again"
POSTS = 50
CATCH_UP_S = 90


def run(stage, report):
    report.say("The partner's server is switched off.")
    stage.partner.do("down")
    sent = []
    for number in range(1, POSTS + 1):
        answer = stage.blog.do("post", title=f"Note {number}", text=f"Number {number} of {POSTS}.",
                               tags=["partners"])
        if answer["status"] == 202:
            sent.append(answer["id"])
    report.check(f"the relay took all {POSTS} posts meanwhile", len(sent) == POSTS, len(sent))
    wiki = held_in_time(stage.wiki, sent, stage.patience)
    report.check("the wiki was not held up: it has all of them", set(wiki) == set(sent), len(wiki))
    report.check("the partner has none", held_now(stage.partner, sent) == [])
    report.say("The partner's server is switched on.")
    stage.partner.do("up")
    since = time.monotonic()
    received = held_in_time(stage.partner, sent, 10 if stage.broken else CATCH_UP_S)
    took = time.monotonic() - since
    report.check(
        f"the partner has all {POSTS}, {took:.1f} s after it was back",
        set(received) == set(sent),
        f"{len(set(received))} of {POSTS}",
    )
    report.check("in the order in which they were written, none twice",
                 received == sent, [sent.index(one) + 1 for one in received])
    report.check(
        "the partner verified every one: the relay's signature and the author's proof",
        all_verified(stage, stage.partner, sent),
    )
