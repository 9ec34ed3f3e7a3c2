"""What went out can be changed and taken back."""

from demo_steps.evidence import announced_post, brief, signed_by_relay, whole_post

TITLE = "The wiki edits a page and deletes two others; what went out follows"


def run(stage, report):
    readers = stage.departments(but=["wiki"])
    edited = stage.wiki.do("post", title="Holidays", text="Ask in May.")
    deleted = stage.wiki.do("post", title="Old prices", text="Ten a piece.")
    for name in readers:
        whole_post(stage, report, name, edited, "the first page")
        whole_post(stage, report, name, deleted, "the second page")
    report.say("The wiki corrects the first page and deletes the second.")
    update = stage.wiki.do("edit", object=edited["object"], text="Ask in April.")
    delete = stage.wiki.do("remove", object=deleted["object"])
    for name in readers:
        whole_post(stage, report, name, update, "the correction", did="updated")
        whole_post(stage, report, name, delete, "the deletion", did="deleted")
    _withdrawn(stage, report, {**readers, "forum": stage.forum})
    for name, server in readers.items():
        held = str(server.do("posts")["posts"])
        report.check(
            f"the {name} now shows the corrected page and neither of the deleted ones",
            "Ask in April." in held
            and not any(gone in held for gone in ("Ask in May", "Ten a piece", "Not yet decided")),
            held,
        )


def _withdrawn(stage, report, readers):
    report.say("A page that had no proof went out as a pointer; when it is deleted, the relay "
               "takes the pointer back.")
    bare = stage.wiki.do("post", title="Draft budget", text="Not yet decided.", proof=False)
    pointers = {name: announced_post(stage, report, name, bare, "the page") for name in readers}
    stage.wiki.do("remove", object=bare["object"], proof=False)
    for name, server in readers.items():
        found = server.wait_for(timeout=stage.patience, activity__type="Undo",
                                activity__object=pointers[name].get("activity", {}).get("id"))
        report.check(
            f"the {name} was told by the relay to drop it, and did",
            bool(found) and signed_by_relay(stage, found[0]) and found[0]["did"] == "withdrawn",
            brief(found),
        )
