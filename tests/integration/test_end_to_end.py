"""The boundary from end to end: thousands of activities through real processes to peers that write
down what they get, beside an oracle in Python (tests/oracle): each gets exactly what that says."""

import copy

from integration.neighbours import Neighbours, file_of, random_policies
from integration.relay import FULL, Relay
from peers.town import Town

SEED = 20261122
ROUNDS, COUNT = (100, 200) if FULL else (12, 120)


def test_everybody_gets_what_the_oracle_says(tmp_path, settlers, say):
    policies = random_policies(SEED)
    policy = policies.policy(4, 12)
    with Relay(tmp_path, file_of(policy)) as relay, Town() as town:
        lives = Neighbours(relay, town, settlers, policy, SEED)
        for n in range(ROUNDS):
            if n:
                lives.policy(policies.policy(4, [4, 12, 24][n % 3]))
            lives.round(COUNT, away=lives.host() if n % 2 else None)
        assert lives.differences() == []
        say(f"{lives.sent} activities ({dict(lives.kinds)}), answered {dict(lives.answers)}; "
            f"{sum(map(len, lives.wanted.values()))} deliveries, as the oracle says")
        assert lives.sent >= 2000
        # Each kind of activity was sent, each verdict given, and each kind of delivery made.
        assert set(lives.kinds) == {"Create", "Update", "Announce", "Delete", "Undo"}
        assert {what for what, _, _ in lives.world.decided} >= {"allow", "deny", "drop"}
        forms = {what for wanted in lives.wanted.values() for what, _ in wanted}
        assert forms == {"as sent", "Announce", "Undo"}


def test_a_relay_that_goes_by_other_rules_is_seen(tmp_path, settlers):
    """The twin: what one rule lets across is missing, what another does is too much."""
    believed = random_policies(1).policy(4, 0)
    believed["rules"] = [{"name": "shared", "from": "lab", "to": "acme", "then": "allow",
                          "when": {"tags": "partners"}}]
    obeyed = copy.deepcopy(believed)
    obeyed["rules"][0]["when"] = {"tags": "press"}
    with Relay(tmp_path, file_of(obeyed)) as relay, Town() as town:
        lives = Neighbours(relay, town, settlers, believed, SEED)
        lab = next(host for host, member in lives.world.members.items() if member.zone == "lab")
        for tag in ("partners", "press", "q3"):
            lives.note(lab, lives.peers[lab].post("news", tags=[tag]))
        found = {(why, zone) for why, zone, *_ in lives.differences()}
        assert found == {("missing", "acme"), ("too much", "acme")}
