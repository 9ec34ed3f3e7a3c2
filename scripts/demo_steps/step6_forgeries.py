"""What a liar inside the circle can try, and what becomes of it."""

import json

from demo_steps.evidence import deliveries, problem, whole_post

TITLE = "Forged, tampered, replayed and late posts are refused; a repeated one counts once"

TRIES = (
    ("author", "a post in the blog's name, signed by the partner", {"actor-not-signer"}),
    ("key", "the same, claiming the blog's key as well", {"signature-invalid"}),
    ("tampered", "a post changed after it was signed", {"signature-digest"}),
    ("digest", "the same, with a digest made to fit", {"signature-invalid"}),
    ("path", "a post signed for another address, replayed to the relay's", {"signature-invalid"}),
    ("old", "a post signed two hours ago", {"signature-window"}),
    ("early", "a post signed two hours from now", {"signature-window"}),
    ("unsigned", "a post without a signature", {"signature-missing"}),
)


def run(stage, report):
    report.say("The partner is a member, so its lies are heard. It tries:")
    forged = []
    for how, what, codes in TRIES:
        answer = stage.partner.do("forge", how=how, victim=stage.blog.actor)
        status, code, why = problem(answer)
        report.check(f"{what}: refused, {code}", status == 401 and code in codes,
                     (status, code, why))
        forged.append(json.loads(answer["sent"])["id"])
    report.say("Then it sends an honest post, the very same request two times.")
    twice = stage.partner.do("twice", text="Sent with a stutter.", title="Echo")
    report.check(
        "both times the relay says thank you",
        (twice["status"], twice["again"]["status"]) == (202, 202),
        (twice["status"], twice["again"]),
    )
    for name in stage.departments():
        whole_post(stage, report, name, twice, "the honest post")
    last = stage.partner.do("post", title="The end", text="Nothing more.")
    for name in stage.departments():
        whole_post(stage, report, name, last, "a last post")
    stage.settle()
    for name, server in stage.departments().items():
        report.check(f"the {name} got it once", len(deliveries(server, twice["id"])) == 1,
                     len(deliveries(server, twice["id"])))
        seen = [activity for activity in forged if deliveries(server, activity)]
        report.check(f"the {name} saw none of the forgeries", seen == [], seen)
