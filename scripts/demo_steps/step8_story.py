"""What became of one post, for each of those who were to have it."""

import json

TITLE = "weir trace tells the story of one of them"


def run(stage, report):
    activity = stage.story
    if not report.check("there is a post to tell of", activity is not None):
        return
    code, out, err = stage.relay.verb("trace", activity)
    for line in out.splitlines():
        report.line(line)
    report.check("the relay tells its story", code == 0 and activity in out, (code, out, err))
    code, out, err = stage.relay.verb("trace", activity, "--json")
    found = json.loads(out) if code == 0 else {}
    members = {member["host"]: member for member in found.get("members", [])}
    for name in ("wiki", "bookmarks", "forum", "partner"):
        member = members.get(stage.servers[name].host, {})
        report.check(f"it says that the {name} has it, and when",
                     member.get("verdict") == "delivered" and bool(member.get("until")), member)
    blog = members.get(stage.blog.host, {})
    report.check("and that it did not go back to the blog, because it came from there",
                 blog.get("verdict") == "not-for-it", blog)
