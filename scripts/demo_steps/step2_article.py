"""A post crosses between departments, with its author's proof and without one."""

import time
from urllib.parse import urlsplit

from demo_steps.evidence import announced_post, deliveries, whole_post

TITLE = "A blog article reaches the other departments within a second"


def run(stage, report):
    report.say("The blog publishes an article that carries its author's own proof.")
    since = time.time()
    sent = stage.blog.do("post", title="The new canteen", text="It opens on Monday.")
    for name in stage.departments(but=["blog"]):
        whole_post(stage, report, name, sent, "the article", since=since)
    announced_post(stage, report, "forum", sent, "the article", since=since)
    report.say("The blog publishes another one, without a proof.")
    since = time.time()
    bare = stage.blog.do("post", title="The old canteen", text="It closes on Friday.", proof=False)
    for name in stage.departments(but=["blog"]):
        announced_post(stage, report, name, bare, "the article", since=since)
    announced_post(stage, report, "forum", bare, "the article", since=since)
    path = urlsplit(bare["object"]).path
    fetched = stage.blog.wait_for(2, stage.patience, path=path, did="served")
    signers = {urlsplit(r["signature"].get("signer", "")).netloc for r in fetched}
    readers = {server.host for server in stage.departments(but=["blog"]).values()}
    readers.add(stage.forum.host)
    report.check(
        "the blog's own record shows all three fetching it, each under its own name",
        readers <= signers,
        signers,
    )
    stage.settle()
    back = [r for s in (sent, bare) for r in deliveries(stage.blog, s["id"])]
    back += stage.blog.records(activity__type="Announce")
    report.check("nothing came back to the blog that wrote them", back == [], back)
