"""The verbs with which an operator decides about members: exit codes, words, JSON."""

import pytest

from integration.acts import follow, join, received, server, settle
from integration.relay import GUEST, PARTNER, Relay


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("verbs")) as relay:
        yield relay


def invited(relay, town, *how, zone="partners", address=PARTNER):
    peer = server(town, address)
    relay.told("member", "invite", peer.host, "--zone", zone, *how)
    return peer


REASON = ("--reason", "a test")
EDIT = ("--sponsor", "bob@corp.example")  # what `member edit` is asked for here
WANT_REASON = ("edit", "accept", "reject", "suspend")
CHANGES = ("invite", "edit", "accept", "reject", "suspend", "resume", "remove")


def how(verb):
    return (*(EDIT if verb == "edit" else ()), *REASON)


# What has to have happened to a partner before, so that the verb can be obeyed; the state after.
OBEYED = {
    "invite": ((), "invited"),
    "edit": (("join",), "active"),
    "accept": (("guest",), "active"),
    "reject": (("guest",), "removed"),
    "suspend": (("join",), "suspended"),
    "resume": (("join", "suspend"), "active"),
    "remove": (("join",), "removed"),
}


def member_for(relay, town, steps):
    """A host for which a verb can be obeyed."""
    if "guest" in steps:
        guest = server(town, GUEST)
        follow(relay, guest)
        return guest.host
    blog = server(town)
    if "join" in steps:
        join(relay, blog)
    if "suspend" in steps:
        relay.told("member", "suspend", blog.host, "--reason", "a test")
    return blog.host


@pytest.mark.parametrize("verb", CHANGES)
def test_a_verb_that_was_obeyed_ends_with_0_and_shows_the_member(relay, town, verb):
    steps, state = OBEYED[verb]
    host = member_for(relay, town, steps)
    done = relay.verb("member", verb, host, *how(verb))
    assert (done.code, done.err) == (0, "")
    assert f"host       {host}" in done.out
    assert f"state      {state}" in done.out


@pytest.mark.parametrize("verb", CHANGES)
def test_a_verb_that_was_obeyed_says_so_in_json(relay, town, verb):
    steps, state = OBEYED[verb]
    host = member_for(relay, town, steps)
    done = relay.verb("member", verb, host, *how(verb), "--json")
    assert (done.code, done.json["host"], done.json["state"]) == (0, host, state)


@pytest.mark.parametrize("verb", [v for v in CHANGES if v != "invite"] + ["show"])
def test_a_verb_about_a_host_that_is_not_known_ends_with_1(relay, verb):
    done = relay.verb("member", verb, "127.0.0.2:1", *(how(verb) if verb != "show" else ()))
    assert (done.code, done.out) == (1, "")
    assert "no-such-member" in done.err


@pytest.mark.parametrize("verb", ["accept", "resume"])
def test_a_verb_that_the_state_does_not_allow_ends_with_1_and_names_the_state(relay, town, verb):
    blog, = join(relay, server(town))
    done = relay.verb("member", verb, blog.host, *REASON)
    assert (done.code, done.out) == (1, "")
    assert "transition" in done.err and "active" in done.err


@pytest.mark.parametrize("words", [
    *([verb] for verb in (*CHANGES, "show")),
    *([verb, "127.0.0.2:1", "127.0.0.2:2"] for verb in (*CHANGES, "show")),
    *([verb, "127.0.0.2:1", "--force"] for verb in (*CHANGES, "show")),
    *([verb, "127.0.0.2:1"] for verb in WANT_REASON),
    *([verb, "127.0.0.2:1", "--reason", ""] for verb in WANT_REASON),
    ["show", "127.0.0.2:1", *REASON], ["list", *REASON],
    ["list", "127.0.0.2:1"], ["list", "--zone", "internal"], ["suspend", "127.0.0.2:1", "--zone"],
    *([verb, "127.0.0.2:1", "--role", "full", *REASON] for verb in CHANGES if verb not in ("invite", "edit")),
    ["edit", "127.0.0.2:1", "--until", "2033-04-30", *REASON],
    ["dance"], [],
], ids=" ".join)
def test_wrong_use_ends_with_2_and_shows_the_right_one(relay, words):
    done = relay.verb("member", *words)
    assert (done.code, done.out) == (2, "")
    assert "member" in done.err


@pytest.mark.parametrize("words", [
    *(["member", verb, "127.0.0.2:1", *how(verb)] for verb in CHANGES),
    ["member", "show", "127.0.0.2:1"], ["member", "list"], ["status"], ["reload"],
], ids=" ".join)
def test_a_relay_that_does_not_run_ends_a_verb_with_3(tmp_path, words):
    done = Relay(tmp_path).init().verb(*words)
    assert (done.code, done.out) == (3, "")
    assert "is it running?" in done.err


@pytest.mark.parametrize("host", ["", "a b", "http://127.0.0.2:1", "127.0.0.2:1/x", "x" * 300, "*"])
def test_what_is_no_host_is_refused(relay, host):
    done = relay.verb("member", "show", host)
    assert (done.code, done.out) == (1, "")


def test_the_list_names_every_member_with_its_state_and_zone(relay, town):
    blog, = join(relay, server(town))
    partner = invited(relay, town, "--until", "2033-04-30")
    found = {m["host"]: m for m in relay.told("member", "list")["members"]}
    assert (found[blog.host]["state"], found[blog.host]["zone"]) == ("active", "internal")
    assert (found[partner.host]["state"], found[partner.host]["zone"]) == ("invited", "partners")
    lines = relay.verb("member", "list").out.splitlines()
    assert lines[0].split() == ["HOST", "STATE", "ZONE", "ROLE", "HEALTH", "UNTIL"]
    line, = (line for line in lines if line.startswith(partner.host))
    assert line.split()[1:3] == ["invited", "partners"]
    assert line.split()[-1].startswith("2033-04-30")


def test_a_member_is_shown_with_what_it_is_and_how_far_it_got(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    received(blog, wiki.post("news").id)
    settle(relay)
    found = relay.member(blog.host)
    assert found["followers"] == [{"actor": blog.actors["instance"].id, "style": "public",
                                   "inbox": f"{blog.origin}/inbox", "followBack": "none"}]
    assert (found["state"], found["zone"], found["health"]) == ("active", "internal", "ok")
    assert found["cursor"] > 0
