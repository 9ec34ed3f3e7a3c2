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
    code, zone, found = _ask(stage, shared)
    report.check(
        "the tagged post may cross, by the rule 'shared'",
        (code, zone.get("allow"), zone.get("rule")) == (0, True, "shared"),
        found,
    )
    code, zone, found = _ask(stage, inside)
    report.check(
        "the other may not: no rule lets it",
        (code, zone.get("allow"), zone.get("code")) == (1, False, "no-rule"),
        found,
    )


def _ask(stage, sent):
    """Exit code, what is said of the partner's zone, and everything that was printed."""
    path = stage.save("asked-about", sent["body"])
    code, out, err = stage.relay.verb(
        "explain", str(path), "--from", stage.blog.host, "--to", stage.partner.host, "--json"
    )
    try:
        zones = json.loads(out)["zones"]
    except (ValueError, KeyError):
        zones = []
    return code, next((z for z in zones if z["zone"] == "partners"), {}), (code, out, err)
