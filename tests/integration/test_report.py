"""A month for a sponsor: what real processes counted, told by `weir report`."""

import time

import pytest

from integration.acts import activity, join, note, proved, server
from integration.relay import CONFIG, PARTNER, STRANGER, Relay, wait_until

MONTH = time.strftime("%Y-%m", time.gmtime())


class Scene:
    def __init__(self, relay, town):
        self.relay = relay
        self.blog, self.wiki = join(relay, server(town), server(town))
        partner = server(town, PARTNER)
        relay.told("member", "invite", partner.host, "--until", "2030-01-01")
        self.partner, = join(relay, partner)
        self.stranger = server(town, STRANGER)

    def send(self, peer, *tags, answers=None, status=202, **changes):
        obj = note(peer, **({"inReplyTo": answers} if answers else {}))
        obj["tag"] = [{"type": "Hashtag", "name": f"#{tag}"} for tag in tags]
        sent = peer.send(proved(peer, activity(peer, "Create", obj, **changes)),
                         self.relay.inbox)
        assert sent.status == status, sent.answer.text
        return obj["id"]

    def report(self, month=None):
        return self.relay.told("report", *(["--month", month] if month else []))


@pytest.fixture(name="scene")
def fixture_scene(tmp_path, town):
    config = CONFIG.replace("rules:\n", "rules:\n"
        "  - { name: secret, from: internal, to: partners, when: { tags: [secret] }, then: deny,"
        " until: 2030-06-30 }\n"
        "  - { name: looked-at, from: internal, to: partners, when: { tags: [look] },"
        " then: hold }\n")
    with Relay(tmp_path, config=config + "fronts: 2\n") as relay:
        yield Scene(relay, town)


@pytest.fixture(name="quiet")
def fixture_quiet(tmp_path):
    with Relay(tmp_path) as relay:
        yield relay


def row(rows, **wanted):
    """The row with these members, or None."""
    found = [r for r in rows if all(r.get(k) == v for k, v in wanted.items())]
    assert len(found) < 2, found
    return found[0] if found else None


def figures(told):
    return {
        "crossed": {(r["from"], r["to"]): (r["posts"], r["replies"], r["shares"])
                    for r in told["crossed"]},
        "refused": {(r.get("from"), r.get("to"), r["code"]): r["n"] for r in told["refused"]},
        "weeks": {r["zone"]: (r["members"], r["authors"]) for r in told["weeks"]},
        "delivery": {r["zone"]: r["n"] for r in told["delivery"]},
    }


def test_a_month_tells_what_crossed_what_did_not_and_how_long_it_took(scene):
    first = scene.send(scene.blog, "partners")
    scene.send(scene.wiki, "partners", answers=first)
    scene.send(scene.partner, answers=first)
    scene.send(scene.blog)  # inside alone: no rule speaks of it
    scene.send(scene.blog, "secret", "partners")
    scene.send(scene.stranger, status=403)

    wanted = {
        "crossed": {("internal", "internal"): (3, 1, 0), ("internal", "partners"): (1, 1, 0),
                    ("partners", "partners"): (0, 1, 0), ("partners", "internal"): (0, 1, 0)},
        "refused": {("internal", "partners", "rule-denies"): 1, (None, None, "no-zone"): 1},
        "weeks": {"internal": (2, 2), "partners": (1, 1)},
        # to the other department four times, and the partner's answer to both
        "delivery": {"internal": 6, "partners": 2},
    }
    # Each process tells what it counted in its own time.
    wait_until(lambda: figures(scene.report()) == wanted, "all of it is counted")
    told = scene.report()
    assert told["month"] == MONTH and told["over"] is False
    for times in told["delivery"]:
        assert 0 < times["median_within_ms"] <= times["p95_within_ms"]
    assert row(told["members"], zone="internal")["active"] == 2
    assert {pilot["what"] for pilot in told["pilots"]} == {scene.partner.host, "rule:secret"}
    text = scene.relay.verb("report").out
    assert text.startswith(f"# Weir: {MONTH}\n")
    assert "| internal | partners | 1 | 1 | 0 |" in text
    assert f"| {scene.partner.host} | partners | 2030-01-01 | active |  |" in text


def test_what_was_held_or_frozen_has_crossed_once_it_is_let_go(scene):
    def boundary():
        told = figures(scene.report())
        return (told["crossed"].get(("internal", "partners")),
                {code: n for (_, to, code), n in told["refused"].items() if to == "partners"})

    scene.send(scene.blog, "look", answers=f"{scene.blog.origin}/notes/elsewhere")
    scene.send(scene.blog, "look")
    scene.relay.told("freeze", "internal -> partners", "--reason", "a leak")
    scene.send(scene.blog, "partners")
    wait_until(lambda: boundary() == (None, {"rule-holds": 2, "frozen": 1}), "it is held")
    answer, other, _ = (str(one["h"]) for one in scene.relay.told("hold", "list")["holds"])
    scene.relay.told("hold", "approve", answer, "--reason", "read")
    scene.relay.told("hold", "deny", other, "--reason", "read")
    wait_until(lambda: boundary()[0] == (0, 1, 0), "what was approved has crossed")
    scene.relay.told("thaw", "internal -> partners", "--reason", "mended")
    wait_until(lambda: boundary() == ((1, 1, 0), {"rule-holds": 2, "frozen": 1}),
               "what was thawed has crossed")


def test_a_month_of_which_nothing_is_known_is_empty(quiet):
    told = quiet.told("report", "--month", "2020-02")
    assert (told["over"], told["crossed"], told["refused"], told["weeks"]) == (True, [], [], [])
    assert "Nothing.\n" in quiet.verb("report", "--month", "2020-02").out
    for wrong in ("2020-13", "2020", "soon"):
        assert quiet.verb("report", "--month", wrong).code == 2


def test_a_relay_that_stops_writes_what_it_has_counted(scene):
    scene.send(scene.blog, "partners")
    scene.relay.restart()
    crossed = scene.report()["crossed"]
    assert row(crossed, **{"from": "internal", "to": "partners"})["posts"] == 1
    done = scene.relay.verb("verify")
    assert done.code == 0, done


def test_a_backup_carries_what_was_counted(scene, tmp_path):
    scene.send(scene.blog, "partners")
    # one to the other department, one to the partner
    wait_until(lambda: figures(scene.report())["delivery"] == {"internal": 1, "partners": 1},
               "it is counted")
    before = scene.report()
    scene.relay.stop()
    file = tmp_path / "backup"
    assert scene.relay.verb("backup", file).code == 0
    assert scene.relay.verb("verify", file).code == 0
    done = scene.relay.verb("restore", file, "--force")
    assert done.code == 0, done
    scene.relay.start()
    after = scene.report()
    for part in ("crossed", "weeks", "delivery"):
        assert after[part] == before[part]
