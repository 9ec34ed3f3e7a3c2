"""What may cross to the partner crosses, and the rest stays inside."""

import json

from demo_steps.evidence import deliveries, whole_post

TITLE = "A post that the rules allow crosses to the partner; another stays inside"


def run(stage, report):
    inside = stage.blog.do("post", title="Salaries", text="For us alone.")
    shared = stage.blog.do("post", title="Release notes", text="For all.", tags=["partners"])
    whole_post(stage, report, "partner", shared, "the tagged post")
    for name in stage.departments(but=["blog"]):
        whole_post(stage, report, name, shared, "the tagged post")
        whole_post(stage, report, name, inside, "the other post")
    link = stage.bookmarks.do("post", title="A map", text="A map of us all.", tags=["partners"])
    for name in ("partner", "blog", "wiki"):
        whole_post(stage, report, name, link, "a tagged bookmark")
    # The partner has what was written later: had the other been on its way, it would be here.
    stage.settle()
    leaked = deliveries(stage.partner, inside["id"])
    report.check("the partner never saw the post without the tag", leaked == [], leaked)
    stories = {r["activity"]["id"] for r in stage.partner.records(activity__type="Create")}
    other = [r["activity"] for r in stage.partner.records(activity__type="Announce")]
    report.check(
        "nor anything else that the departments wrote among themselves",
        stories == {shared["id"], link["id"]} and other == [],
        (stories, other),
    )
    _explained(stage, report, inside, shared)
    report.say("The partner answers.")
    answer = stage.partner.do("post", title="Thank you", text="We have read the notes.")
    for name in stage.departments():
        whole_post(stage, report, name, answer, "the answer")


def _explained(stage, report, inside, shared):
    report.say("The operator asks why: weir explain POST.json --from BLOG --to PARTNER")
    for sent, name, verdict in ((shared, "shared", "allow"), (inside, None, "deny")):
        path = stage.save("asked-about", sent["body"])
        code, out, err = stage.relay.verb(
            "explain", str(path), "--from", stage.blog.host, "--to", stage.partner.host, "--json"
        )
        found = _verdict(out)
        if name:
            what = f"weir explain: the tagged post may cross, by the rule {name!r}"
            good = code == 0 and found.get("rule") == name and found.get("verdict") == verdict
        else:
            what = "weir explain: the other may not, since no rule lets it"
            good = found.get("rule") is None and found.get("verdict") == verdict
        report.check(what, good, (code, out, err))


def _verdict(out):
    try:
        found = json.loads(out)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
