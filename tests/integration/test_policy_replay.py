"""weir policy replay: what another policy would have let across, of what a running relay accepted;
counted here a second time by the peers' own records."""

import pytest

from integration.acts import join, received, server, settle
from integration.relay import INTERNAL, PARTNER, Relay
from peers.town import Town

SHARED = "when: { tags: [partners] }, then: allow"


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory, settlers):
    """A relay, and what crossed there: of ten posts of alice three, of five of another blog none. One
    is deleted again: nobody keeps what it said."""
    with Relay(tmp_path_factory.mktemp("replay")) as relay, Town() as town:
        town.settlers = settlers
        blog, wiki, partner = server(town), server(town, INTERNAL), server(town, PARTNER)
        relay.told("member", "invite", partner.host)
        join(relay, blog, wiki, partner)
        posts = [blog.post(f"post {i}", tags=["partners"] if i < 3 else []) for i in range(10)]
        posts += [wiki.post(f"page {i}", tags=[]) for i in range(5)]
        blog.remove(posts[9].object_id)
        received(partner, posts[2].id)
        settle(relay)
        yield relay, blog, wiki, partner, posts


def another(relay, old, new):
    text = relay.config.read_text()
    assert old in text
    path = relay.directory / "new.yaml"
    path.write_text(text.replace(old, new))
    return path


def replayed(relay, path, since="1h"):
    return relay.told("policy", "replay", "--since", since, "--with", path)


def test_the_same_policy_changes_nothing(scene):
    relay, *_, posts = scene
    told = replayed(relay, relay.config)
    assert (told["decided"], told["follows"], told["unknown"]) == (len(posts) - 1, 1, 1)
    assert (told["added"], told["removed"], told["unsure"]) == (0, 0, 0)
    assert told["boundaries"] == told["authors"] == told["samples"] == []


def test_what_would_cross_is_counted_by_boundary_and_author(scene):
    relay, blog, wiki, partner, posts = scene
    crossed = [p for p in posts if partner.records.where(activity__id=p.id)]
    told = replayed(relay, another(relay, SHARED, "then: allow"))
    assert len(crossed) == 3
    assert (told["added"], told["removed"]) == (len(posts) - 1 - len(crossed), 0)
    assert told["boundaries"] == [
        {"boundary": "internal -> partners", "added": 11, "removed": 0, "unsure": 0}]
    assert [(a["author"], a["added"]) for a in told["authors"]] == [
        (posts[0].activity["actor"], 6), (posts[10].activity["actor"], 5)]
    assert told["authorsAffected"] == 2 and len(told["samples"]) == 10
    assert told["samples"][0] == {
        "boundary": "internal -> partners", "activity": posts[3].id,
        "author": posts[3].activity["actor"], "added": True, "rule": "shared"}
    assert {s["activity"] for s in told["samples"]}.isdisjoint(p.id for p in crossed)


def test_what_would_not_cross_any_more_is_too(scene):
    relay, *_ = scene
    told = replayed(relay, another(relay, SHARED, "then: deny"))
    assert (told["added"], told["removed"], told["authorsAffected"]) == (0, 3, 1)
    done = relay.verb("policy", "replay", "--since", "1h", "--with", relay.directory / "new.yaml")
    assert done.code == 0
    first, *rest = done.out.splitlines()
    assert first.startswith("14 activities since 20") and first.endswith(
        "/new.yaml: +0 would cross, -3 would not; authors affected: 1")
    assert "  internal -> partners: +0, -3" in rest
    assert sum(line.startswith("- internal -> partners http") for line in rest) == 3
    assert "not known: 1 have no body any more, or one that does not say enough" in rest
    assert "not asked: 1 edits and deletions go where their objects went" in rest


def test_what_nobody_kept_is_not_guessed(scene):
    relay, *_, posts = scene
    told = replayed(relay, another(relay, SHARED, "when: { bot: false }, then: allow"))
    assert (told["added"], told["removed"], told["unsure"]) == (0, 0, len(posts) - 1)


def test_only_what_was_accepted_since_then(scene):
    relay, *_, posts = scene
    assert replayed(relay, relay.config, "7d")["entries"] == len(posts) + 1
    assert replayed(relay, relay.config, "1ms")["entries"] == 0


@pytest.mark.parametrize("words, code, said", [
    (["--since", "1h"], 2, "--with is missing"),
    (["--with", "OLD"], 2, "--since is a time"),
    (["--since", "soon", "--with", "OLD"], 2, "--since is a time"),
    (["--since", "1h", "--with", "gone.yaml"], 1, "gone.yaml"),
], ids=["no file", "no time", "another time", "a file that is not there"])
def test_wrong_use_is_told(scene, words, code, said):
    relay, *_ = scene
    done = relay.verb("policy", "replay",
                      *[str(relay.config) if word == "OLD" else word for word in words])
    assert done.code == code and said in done.err


def test_without_a_relay_there_is_nothing_to_replay(tmp_path):
    relay = Relay(tmp_path).init()
    done = relay.verb("policy", "replay", "--since", "1h", "--with", relay.config)
    assert done.code == 3
