"""Who may join, and who is told that it may not."""

import datetime
import json

from demo_steps.evidence import arrived, brief, problem, signed_by_relay

TITLE = "Departments join; the partner is invited until a date; a stranger is turned away"


def run(stage, report):
    for name in stage.departments():
        what = f"the {name} server asks to join, and holds the relay's signed yes"
        _joins(stage, report, name, what)
    _forum(stage, report)
    _partner(stage, report)
    _stranger(stage, report)


def _joins(stage, report, name, what, style="mastodon"):
    server = stage.servers[name]
    answer = server.do("follow", relay=stage.relay.actor, style=style)
    record = arrived(stage, name, "accepted", activity__type="Accept")
    report.check(
        what,
        answer["status"] == 202 and record is not None and signed_by_relay(stage, record),
        f"{answer['status']} {answer['answer']}; {brief(server.records(method='POST'))}",
    )


def _forum(stage, report):
    report.say("The forum's software subscribes in the other way that there is: it follows the "
               "relay's actor, and wants to be followed back.")
    _joins(stage, report, "forum", "the forum asks to join, and holds the relay's signed yes",
           style="litepub")
    found = stage.forum.wait_for(timeout=stage.patience, activity__type="Follow")
    report.check(
        "the relay follows the forum back, and the forum says yes",
        bool(found) and signed_by_relay(stage, found[0])
        and found[0].get("did") == "answered: Accept",
        brief(found),
    )


def _partner(stage, report):
    status, code, why = problem(stage.partner.do("follow", relay=stage.relay.actor))
    report.check(
        "the partner asks before it was invited, and is told to wait for an invitation",
        (status, code) == (403, "not-invited"),
        (status, code, why),
    )
    until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
    invite = ("member", "invite", stage.partner.host, "--zone", "partners", "--until", until)
    report.say(f"The operator: weir {' '.join(invite)}")
    code, out, err = stage.relay.verb(*invite)
    report.check(f"the operator invites the partner until {until}", code == 0, (code, out, err))
    _joins(stage, report, "partner", "the partner asks again, and holds the relay's signed yes")
    code, out, err = stage.relay.verb("member", "show", stage.partner.host, "--json")
    report.check(
        "the invitation has its end date, and the partner is a member",
        code == 0 and until in out and '"active"' in out,
        (code, out, err),
    )


def _stranger(stage, report):
    status, code, why = problem(stage.stranger.do("follow", relay=stage.relay.actor))
    report.check(
        "a stranger asks to join, is refused, and is told why",
        (status, code) == (403, "no-zone"),
        (status, code, why),
    )
    report.say(f"The stranger reads: {json.dumps(why)}")
    stage.settle()
    contacts = stage.stranger.records()
    report.check(
        "the relay never even called the stranger's server: there is nothing in its record",
        contacts == [],
        [(record["method"], record["path"]) for record in contacts],
    )
