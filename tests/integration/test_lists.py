"""Lists of others: read as proposals; what a person confirms happens, and nothing else."""

import pytest

from integration.acts import follow, join, refused, rejected, server
from integration.relay import PARTNER, Relay

REASON = ("--reason", "a test")


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("lists")) as relay:
        yield relay


@pytest.fixture(name="imported")
def fixture_imported(relay, tmp_path):
    """Imports a list that is written here."""

    def imported(text, kind, *more, name="list.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return relay.told("list", "import", path, "--as", kind, *more)

    yield imported
    if proposals(relay):
        relay.told("list", "dismiss", "all", *REASON)


def proposals(relay):
    return {p["host"]: p for p in relay.told("list", "proposals")["proposals"]}


def confirm(relay, what):
    return {p["host"]: p["outcome"] for p in relay.told("list", "confirm", what, *REASON)["decided"]}


def test_a_list_is_proposals_and_names_what_it_leaves_out(relay, imported):
    told = imported("#domain,#severity,#public_comment\n"
                    'evil.example,suspend,"spam,\nand worse"\n'
                    "rude.example,silence,\n"
                    "*.evil.example,suspend,\n"
                    "evil.example,suspend,\n", "block")
    assert (told["proposed"], told["replaced"], told["lines_left_out"]) == (1, 0, 2)
    assert [(row["line"], row["text"]) for row in told["left_out"]] == \
        [(4, "rude.example"), (5, "*.evil.example")]
    found = proposals(relay)
    assert list(found) == ["evil.example"]
    assert (found["evil.example"]["as"], found["evil.example"]["source"]) == ("block", "list.csv")
    assert relay.state("evil.example") is None, "nothing is done yet"
    line = relay.told("audit", "list", "--last", "1")["audit"][-1]
    assert (line["verb"], line["target"], line["after"]["hosts"]) == ("list import", "list.csv", 1)


def test_a_block_shuts_out_who_is_a_member_and_who_is_not(relay, town, imported):
    blog, = join(relay, server(town))
    stranger = server(town)
    imported(f"{blog.host}\n{stranger.host}\n", "block", name="blocks.txt")
    assert confirm(relay, stranger.host) == {stranger.host: "blocked"}
    assert relay.state(stranger.host) == "removed"
    refused(follow(relay, stranger), 403, "removed")
    assert confirm(relay, blog.host) == {blog.host: "blocked"}
    assert rejected(blog) and relay.state(blog.host) == "removed"
    assert proposals(relay) == {}


def test_an_allowance_invites_and_leaves_members_as_they_are(relay, town, imported):
    blog, = join(relay, server(town))
    partner, gone = server(town, PARTNER), server(town, PARTNER)
    relay.told("member", "invite", gone.host)
    relay.told("member", "remove", gone.host)
    told = imported("\n".join(["nowhere.example", blog.host, partner.host, gone.host]), "allow")
    assert told["no_zone"] == ["nowhere.example"]
    assert confirm(relay, "all") == {
        blog.host: "active", partner.host: "invited", gone.host: "waits"}
    assert relay.member(partner.host)["zone"] == "partners"
    assert relay.state(gone.host) == "removed", "who was put out is not let in among many"
    assert confirm(relay, gone.host) == {gone.host: "invited"}
    join(relay, partner)


def test_a_zone_may_be_named(relay, imported):
    imported("elsewhere.example\n", "allow", "--zone", "partners")
    assert proposals(relay)["elsewhere.example"]["zone"] == "partners"
    assert confirm(relay, "elsewhere.example") == {"elsewhere.example": "invited"}
    assert relay.member("elsewhere.example")["zone"] == "partners"


def test_what_is_dismissed_is_gone_and_changes_nothing(relay, imported):
    imported("one.example\ntwo.example\nthree.example\n", "block")
    assert relay.told("list", "dismiss", "two.example", *REASON)["dismissed"] == 1
    assert set(proposals(relay)) == {"one.example", "three.example"}
    assert relay.told("list", "dismiss", "all", *REASON)["dismissed"] == 2
    assert proposals(relay) == {} and relay.state("one.example") is None


def test_a_long_list_is_confirmed_to_its_end(relay, imported):
    hosts = [f"h{i}.example" for i in range(450)]
    assert imported("\n".join(hosts), "block")["proposed"] == 450
    done = relay.verb("list", "confirm", "all", *REASON)
    assert done.code == 0 and done.out.count(" blocked\n") == 450
    assert proposals(relay) == {}
    assert {relay.state(host) for host in (hosts[0], hosts[-1])} == {"removed"}
    assert relay.verb("verify").code == 0
    assert relay.verb("audit", "verify").code == 0


@pytest.mark.parametrize("words", [
    ("import", "FILE"),
    ("import", "FILE", "--as", "deny"),
    ("import",),
    ("confirm", "a.example"),
    ("dismiss", "all"),
    ("proposals", "x"),
    ("confirm", "all", "--zone", "internal", "--reason", "x"),
    ("forget", "all", "--reason", "x"),
])
def test_what_is_asked_wrongly_is_said(relay, tmp_path, words):
    path = tmp_path / "list.txt"
    path.write_text("a.example\n", "utf-8")
    done = relay.verb("list", *(str(path) if word == "FILE" else word for word in words))
    assert done.code == 2 and done.err


def test_what_is_refused_is_said(relay, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a.example\n", "utf-8")
    assert relay.verb("list", "import", tmp_path / "none", "--as", "block").code == 1
    done = relay.verb("list", "import", path, "--as", "allow", "--zone", "nowhere")
    assert done.code == 1 and "zone" in done.err
    done = relay.verb("list", "confirm", "a.example", *REASON)
    assert done.code == 1 and "not-known" in done.err
