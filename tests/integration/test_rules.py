"""The rules, cell by cell: who gets what, against an oracle that shares no code with Weir."""

import itertools

import pytest

from integration.acts import deliveries, join, settle
from integration.relay import Relay
from peers.town import Town

ZONES = {"lab": "127.0.0.11", "sales": "127.0.0.12", "acme": "127.0.0.13", "globex": "127.0.0.14"}
# name, from, to, tags (None: any), verdict; the first that matches decides.
RULES = [
    ("secret-stays", "*", "*", ("secret", "intern"), "deny"),
    ("departments-talk", "lab", "sales", None, "allow"),
    ("news-for-acme", "sales", "acme", ("acme", "news"), "allow"),
    ("no-prices", "lab", "acme", ("price",), "deny"),
    ("lab-to-acme", "lab", "acme", ("acme",), "allow"),
    ("to-globex", "sales", "globex", ("globex", "Ärger"), "allow"),
    ("back", "acme", "sales", None, "allow"),
]
TAGS = [(), ("acme",), ("ACME",), ("globex",), ("acme", "globex"), ("acme", "Secret"), ("news",),
        ("acme", "price"), ("other", "ärger"), ("acmes",)]


def may_have(sender, tags):
    """The oracle: the zones that a post is for."""
    folded = {tag.casefold() for tag in tags}

    def verdict(zone):
        for _, origin, to, wanted, then in RULES:
            if origin in ("*", sender) and to in ("*", zone) and (
                    wanted is None or folded & {tag.casefold() for tag in wanted}):
                return then == "allow"
        return False

    return {zone for zone in ZONES if zone == sender or verdict(zone)}


def matrix_config():
    lines = ["url: http://$host", "listen: $host", "metrics: $metrics", "redis: $redis", "zones:"]
    for zone, address in ZONES.items():
        lines += [f"  {zone}:", f'    hosts: ["{address}:*"]', "    networks: [127.0.0.0/8]",
                  "    join: open"]
    lines.append("rules:")
    for name, origin, to, wanted, then in RULES:
        when = f"when: {{ tags: [{', '.join(wanted)}] }}, " if wanted else ""
        lines.append(f"  - {{ name: {name}, from: '{origin}', to: '{to}', {when}then: {then} }}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", name="matrix")
def fixture_matrix(tmp_path_factory, settlers):
    """Two members in each zone; every cell was posted, and everything has settled."""
    with Relay(tmp_path_factory.mktemp("matrix"), matrix_config()) as relay, Town() as town:
        peers = {(zone, n): settlers.add(town, f"{address}:0")
                 for zone, address in ZONES.items() for n in range(2)}
        join(relay, *peers.values())
        posts = {}
        for zone, tags in itertools.product(ZONES, TAGS):
            posts[zone, tags] = peers[zone, 0].post(f"{zone} {tags}", tags=tags)
            assert posts[zone, tags].status == 202
        settle(relay)
        yield peers, posts


@pytest.mark.parametrize("tags", TAGS, ids=lambda tags: "+".join(tags) or "none")
@pytest.mark.parametrize("zone", ZONES)
def test_a_post_reaches_exactly_the_zones_that_the_rules_name(matrix, zone, tags):
    peers, posts = matrix
    sent = posts[zone, tags]
    found = {key for key, peer in peers.items() if deliveries(peer, activity__id=sent.id)}
    wanted = {(z, n) for z in may_have(zone, tags) for n in range(2)} - {(zone, 0)}
    assert found == wanted


def test_the_matrix_has_cells_of_both_kinds():
    """Or the test above could not fail."""
    sizes = {len(may_have(zone, tags)) for zone, tags in itertools.product(ZONES, TAGS)}
    assert sizes >= {1, 2, 3}
