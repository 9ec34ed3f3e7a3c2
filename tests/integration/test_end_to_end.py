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
        say(f"{dict(lives.persons)}, {dict(lives.ways)}")
        say(f"{lives.sent} activities ({dict(lives.kinds)}), answered {dict(lives.answers)}; "
            f"{sum(map(len, lives.wanted.values()))} deliveries, as the oracle says")
        assert lives.sent >= 2000
        # Each kind of activity was sent, each verdict given, and each kind of delivery made.
        assert set(lives.kinds) == {"Create", "Update", "Announce", "Delete", "Undo"}
        assert {what for what, _, _ in lives.world.decided} == {
            "allow", "hold", "deny", "drop", "frozen", "consent", "stopped"}
        assert set(lives.persons) >= {("approve", True), ("approve", False), ("deny", True), "freeze"}
        forms = {what for wanted in lives.wanted.values() for what, _ in wanted}
        assert forms == {"as sent", "Announce", "Undo"}


def test_a_relay_that_does_otherwise_is_seen(tmp_path, settlers):
    """The twin: what one rule lets across is missing, what another does is too much; and so is what
    the oracle takes for frozen or refused, and the relay knows nothing of."""
    believed = random_policies(1).policy(4, 0)
    for zone in believed["zones"].values():
        zone |= {"inside": "allow", "consent": "none"}
    believed["rules"] = [{"name": "shared", "from": "lab", "to": "acme", "then": "allow",
                          "when": {"tags": "partners"}}]
    obeyed = copy.deepcopy(believed)
    obeyed["rules"][0]["when"] = {"tags": "press"}
    with Relay(tmp_path, file_of(obeyed)) as relay, Town() as town:
        lives = Neighbours(relay, town, settlers, believed, SEED)
        lab = next(host for host, member in lives.world.members.items() if member.zone == "lab")
        alice = lives.peers[lab].actors["alice"].id

        def seen(*tags):
            for tag in tags:
                lives.note(lab, lives.peers[lab].post("news", tags=[tag]))
            found = {(why, zone) for why, zone, *_ in lives.differences() if why != "answer"}
            lives.forgive()
            return found

        assert seen("partners", "press", "q3") == {("missing", "acme"), ("too much", "acme")}
        lives.policy(believed)
        assert seen("partners", "press", "q3") == set()
        lives.world.freeze("lab", "acme")
        assert seen("partners") == {("too much", "acme")}
        lives.world.frozen.clear()
        lives.world.registry[alice] = False
        assert seen("partners") == {("too much", "acme"), ("too much", "lab")}
