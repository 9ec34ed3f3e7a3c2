"""The boundary with two sides, and people at it: a conversation, a hold, a freeze, a pilot's end."""

import datetime
import json
import time

from demo_steps.evidence import arrived, deliveries, whole_post

TITLE = "The boundary gets two sides, and people at the gate: hold, freeze, a pilot that ends"
PILOT_S = 4
_RULES = """\
zones:
  internal:
    hosts: ["127.0.0.1:91*", "*.corp.example"]
    networks: [127.0.0.0/8, 10.0.0.0/8]
    join: open
    export:                       # what leaves it
      - {{ name: press, to: partners, when: {{ tags: [press] }}, then: hold,
          owner: press@corp.example, reason: the press office reads it first }}
      - {{ name: supply-chain, to: partners, {when}then: allow,
          until: {until}, owner: bob@corp.example, reason: pilot with one supplier }}
      - {{ name: answers, to: partners, when: {{ reply_to: crossed }}, then: allow }}
    import:                       # what it takes
      - {{ name: their-answers, from: partners, when: {{ reply_to: crossed }}, then: allow }}
  partners:
    hosts: ["127.0.0.1:92*"]
    networks: [127.0.0.0/8]
    join: invited
    export: [{{ name: all-of-theirs, to: internal, then: allow }}]
    import: [{{ name: no-adverts, from: internal, unless: {{ tags: [advert] }}, then: allow }}]
"""
_WHEN = "when: { tags: [supplychain] }, "


def run(stage, report):
    _two_sides(stage, report)
    _conversation(stage, report)
    _explained(stage, report)
    _held(stage, report)
    _frozen(stage, report)
    _pilot(stage, report)


def _two_sides(stage, report):
    report.say("The operator gives both sides rules of their own: what the departments let out and "
               "take in, what the partner takes.")
    until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
    stage.relay.rewrite_rules(
        _RULES.format(when="" if stage.broken == "rule" else _WHEN, until=until))
    code, out, err = stage.relay.verb("reload", "--reason", "the pilot begins")
    report.check("the running relay took the new rules", code == 0, (out, err))


def _conversation(stage, report):
    offer = stage.blog.do("post", title="Steel", text="Who has 20 tons?", tags=["supplychain"])
    whole_post(stage, report, "partner", offer, "a question of the supply chain")
    answer = stage.partner.do("post", title="Re: Steel", text="We have.", answers=offer["object"])
    for name in ("blog", "wiki"):
        whole_post(stage, report, name, answer, "the partner's answer")
    again = stage.wiki.do("post", title="Re: Re: Steel", text="Send it.", answers=answer["object"])
    whole_post(stage, report, "partner", again, "what the wiki answers, without a tag,")
    offer = stage.partner.do("post", title="Offer", text="Buy our steel, now cheaper.")
    advert = stage.blog.do("post", title="Advert", text="Buy ours.", tags=["supplychain", "advert"])
    whole_post(stage, report, "wiki", advert, "an advert of the supply chain")
    stage.settle()
    report.check("what the partner posts as an answer to nothing is not taken in",
                 all(deliveries(stage.servers[name], offer["id"]) == [] for name in ("blog", "wiki")))
    report.check("nor does the partner have our advert: its own side does not take adverts",
                 deliveries(stage.partner, advert["id"]) == [])
    stage.asked_about = stage.save("advert", advert["body"])


def _explained(stage, report):
    report.say("A manager asks why the partner has the question and not the advert:")
    code, out, err = stage.relay.verb("explain", str(stage.asked_about), "--from", stage.blog.host,
                                      "--to", stage.partner.host)
    for line in out.splitlines():
        report.line(line)
    report.check("the answer names the side, the rule and the word that decided",
                 code == 1 and "import" in out and "no-adverts" in out and "advert" in out,
                 (code, out, err))


def _hold_of(stage, sent):
    code, out, err = stage.relay.verb("hold", "list", "--json")
    items = json.loads(out).get("holds", []) if code == 0 else []
    return next((item for item in items if item.get("activity", item.get("id")) == sent["id"]), None), (out, err)


def _held(stage, report):
    sent = stage.blog.do("post", title="Figures", text="A record year.", tags=["press"])
    whole_post(stage, report, "wiki", sent, "a press release")
    item, found = _hold_of(stage, sent)
    stage.settle()
    if not report.check("before the partner has it, it waits for the press office",
                        item is not None and deliveries(stage.partner, sent["id"]) == [], found):
        return
    number = str(item["h"])
    code, out, err = stage.relay.verb("hold", "show", number)
    for line in out.partition("facts:")[0].splitlines():
        report.line(line)
    report.check("which reads it", code == 0 and "A record year." in out, (out, err))
    code, out, err = stage.relay.verb("hold", "approve", number, "--reason", "read by the board")
    report.check("and lets it go, with a reason", code == 0, (out, err))
    whole_post(stage, report, "partner", sent, "the press release")
    early = stage.blog.do("post", title="Early", text="Not yet.", tags=["press"])
    item, found = _hold_of(stage, early)
    stage.blog.do("remove", object=early["object"])
    gone, found = _hold_of(stage, early)
    report.check("one that its author deletes while it waits, waits no more",
                 item is not None and gone is None, found)


def _frozen(stage, report):
    way = "internal -> partners"
    code, out, err = stage.relay.verb("freeze", way, "--for", "2h", "--reason", "a leak is looked at")
    report.say(f"Something went wrong: weir freeze '{way}' --for 2h")
    report.check("the boundary is closed at once", code == 0, (out, err))
    sent = stage.blog.do("post", title="More steel", text="Another ten?", tags=["supplychain"])
    whole_post(stage, report, "wiki", sent, "a post of that time")
    stage.settle()
    report.check("nothing of it crosses", deliveries(stage.partner, sent["id"]) == [])
    code, out, err = stage.relay.verb("thaw", way, "--reason", "it was none")
    report.check("the boundary is opened again", code == 0, (out, err))
    whole_post(stage, report, "partner", sent, "what had waited")


def _pilot(stage, report):
    host = stage.partner.host
    code, out, err = stage.relay.verb("pilot", "list")
    for line in out.splitlines():
        report.line(line)
    report.check("weir pilot list names the member and the rule that are there for a limited time",
                 code == 0 and host in out and "supply-chain" in out, (out, err))
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=PILOT_S)
    code, out, err = stage.relay.verb("pilot", "extend", host, "--until",
                                      end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                                      "--reason", "the demo can't wait for a month")
    report.check(f"the partner's ends in {PILOT_S} seconds now", code == 0, (out, err))
    record = arrived(stage, "partner", "rejected", activity__type="Reject")
    report.check("when its time is over, the partner is told so, signed by the relay",
                 record is not None, stage.partner.records(activity__type="Reject"))
    code, out, err = stage.relay.verb("member", "show", host, "--json")
    report.check("it is kept as a member whose time is over, with all that it was",
                 code == 0 and '"expired"' in out, (out, err))
    late = stage.blog.do("post", title="Steel", text="Still there?", tags=["supplychain"])
    whole_post(stage, report, "wiki", late, "a post after that")
    time.sleep(0.5)
    report.check("and gets nothing any more", deliveries(stage.partner, late["id"]) == [])
