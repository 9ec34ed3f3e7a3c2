#!/usr/bin/python3
"""The main job on real input: posts cross between departments, and stay inside where the rules say
so. Weir with its own Redis and six ActivityPub servers on loopback, one of them not ours (Fedify).

    scripts/demo                       all steps; then the servers stay up until Ctrl-C
    scripts/demo --once                all steps; then everything is stopped
    scripts/demo --break key|rule|delivery
                                       breaks one thing on purpose: must end with failures

Each check looks into the records that the receivers keep themselves: the bytes they got and their
own verdict on the signatures. The last line is `N passed, N failed`; the exit code is 0 only if
nothing failed.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "scripts"), str(_ROOT / "tests")]

from demo_steps import (
    step1_joining,
    step2_article,
    step3_changes,
    step4_boundary,
    step5_outage,
    step6_forgeries,
    step7_kills,
    step8_story,
    step9_audit,
    step10_gate,
)
from demo_steps.report import Report
from demo_steps.stage import Stage

STEPS = (step1_joining, step2_article, step3_changes, step4_boundary, step5_outage,
         step6_forgeries, step7_kills, step8_story, step9_audit, step10_gate)
BREAKS = {
    "key": "the relay's key is exchanged behind the back of members who hold the old one",
    "rule": "the rule that keeps things inside has lost its condition",
    "delivery": "after joining, the lines of the receiving servers are cut",
}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", action="store_true", help="stop everything at the end")
    parser.add_argument("--break", dest="broken", choices=tuple(BREAKS), help="break one thing")
    return parser.parse_args()


def run_step(number, step, stage, report):
    """A step that could not run to its end counts as failed."""
    report.step(number, step.TITLE)
    try:
        step.run(stage, report)
    except Exception as error:  # whatever it was, the other steps are still worth seeing
        report.check("the step ran to its end", False, f"{type(error).__name__}: {error}")


def play(stage, report):
    """All the steps; true if the stage could be set up at all."""
    report.step(0, "Weir, its Redis and six servers start")
    if stage.broken:
        report.say(f"Broken on purpose: {BREAKS[stage.broken]}.")
    try:
        stage.set_up()
    except Exception as error:
        report.check("everybody is there", False, f"{type(error).__name__}: {error}")
        for step in STEPS:
            report.check(f"step not run: {step.TITLE}", False)
        return False
    for name, server in stage.servers.items():
        report.say(f"{name:10} {server.origin}")
    report.say(f"{'the relay':10} {stage.relay.url}")
    for number, step in enumerate(STEPS, 1):
        run_step(number, step, stage, report)
        if number == 1 and stage.broken == "delivery":
            stage.cut_lines()
    return True


def stay(stage, report):
    """The servers stay up; what there is to look at, and to try."""
    relay, config = stage.relay, stage.relay.config
    print(f"""
Everything stays up until Ctrl-C. To look at:
   {relay.url}/    the relay's page: what it is, how to join it
   http://{relay.metrics}/metrics    its counters
   {relay.log}    its log, one line for each request and each delivery""")
    for name, server in stage.servers.items():
        print(f"   {server.origin}/    the {name}: what it wrote, holds and thinks of what arrived")
    print(f"""To try:
   write a post on the blog's page, with the tag partners and without, and look at the partner
   build/weir member list -c {config}
   build/weir member suspend {stage.partner.host} --reason 'a try' -c {config}
      and write again; then resume
   build/weir status -c {config}
   build/weir explain {stage.directory}/asked-about.json --from {stage.blog.host} -c {config}
   build/weir trace {stage.story or 'ID'} -c {config}
   build/weir queue list -c {config}
   build/weir audit list -c {config}
   change a rule in {config}, then  build/weir reload -c {config}
   kill any process of it but the master, and write again""", flush=True)
    while relay.alive():
        time.sleep(0.5)
    report.check("Weir stays up", False, f"it ended; see {relay.log}")


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report, stage = Report(), Stage(given.broken)
    played = ended = False
    try:
        played = play(stage, report)
        if played and not given.once:
            stay(stage, report)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)
    finally:
        ended = stage.clear()
    report.step(len(STEPS) + 1, "Everything is stopped")
    report.check("Weir ended when it was asked to, and its Redis with it", ended)
    if not played:
        report.check("all steps were played", False)
    if report.failed and not given.broken:
        report.say(f"Records and logs are kept in {stage.directory}")
    else:
        stage.remove()
    return 0 if report.end() else 1


if __name__ == "__main__":
    sys.exit(main())
