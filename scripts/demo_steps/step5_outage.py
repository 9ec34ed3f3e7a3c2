"""A partner that was away gets everything, in order."""

import time

from demo_steps.evidence import proved_by_author, signed_by_relay

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
    wiki = _received(stage.wiki, sent, stage.patience)
    report.check("the wiki was not held up: it has all of them", set(wiki) == set(sent), len(wiki))
    report.check("the partner has none", _now(stage.partner, sent) == [])
    report.say("The partner's server is switched on.")
    stage.partner.do("up")
    since = time.monotonic()
    received = _received(stage.partner, sent, 10 if stage.broken else CATCH_UP_S)
    took = time.monotonic() - since
    report.check(
        f"the partner has all {POSTS}, {took:.1f} s after it was back",
        set(received) == set(sent),
        f"{len(set(received))} of {POSTS}",
    )
    report.check("in the order in which they were written, none twice",
                 received == sent, [sent.index(one) + 1 for one in received])
    records = [r for r in stage.partner.records(did="stored") if r["activity"]["id"] in set(sent)]
    report.check(
        "the partner verified every one: the relay's signature and the author's proof",
        len(records) == POSTS
        and all(signed_by_relay(stage, r) and proved_by_author(r) for r in records),
        len(records),
    )


def _now(server, sent):
    wanted = set(sent)
    return [record["activity"]["id"] for record in server.records(did="stored")
            if record["activity"]["id"] in wanted]


def _received(server, sent, timeout):
    """What of these the server has, in order of arrival, as soon as it is all or time is up."""
    end = time.monotonic() + timeout
    while len(received := _now(server, sent)) < len(sent) and time.monotonic() < end:
        time.sleep(0.1)
    return received
