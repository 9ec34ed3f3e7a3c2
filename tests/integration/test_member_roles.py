"""What a member is here for, and who answers for it, through real processes: who only publishes is
sent nothing, who only receives is told so; what takes back passes; an invitation says what to do."""

import pytest

from integration.acts import activity_of, deliveries, join, received, refused, server, settle
from integration.relay import PARTNER, Relay
from integration.scenes import row
from integration.test_audit import newest

WHY = ("--reason", "a test")


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("roles")) as relay:
        yield relay


def edit(relay, peer, *words):
    return relay.told("member", "edit", peer.host, *words, *WHY)


def got(peer, kind):
    return [activity_of(r)["id"] for r in deliveries(peer, activity__type=kind)]


def test_who_only_publishes_is_answered_and_sent_nothing(relay, town):
    mute, blog, wiki = server(town), server(town), server(town)
    relay.told("member", "invite", mute.host, "--role", "publish-only", "--sponsor", "bob@corp.example")
    join(relay, mute, blog, wiki)  # each gets its Accept
    assert relay.member(mute.host)["role"] == "publish-only"
    post = blog.post("for all, but one")
    received(wiki, post.id)
    settle(relay)
    assert got(mute, "Create") == [] and got(mute, "Announce") == []
    told = mute.post("it can say what it likes")
    received(wiki, told.id)
    received(blog, told.id)
    found = row(relay, post.id, mute.host)
    assert (found["verdict"], found["code"]) == ("not-for-it", "publish-only")
    # the twin: back in full, the next post comes, and none of those before
    edit(relay, mute, "--role", "full")
    later = blog.post("for all")
    received(mute, later.id)
    settle(relay)
    assert got(mute, "Create") == [later.id]


def test_who_only_receives_is_refused_but_may_take_back(relay, town):
    shop, wiki = join(relay, server(town), server(town))
    post = shop.post("from before")
    received(wiki, post.id)
    edit(relay, shop, "--role", "receive-only")
    refused(shop.post("may I?"), 403, "receive-only")
    refused(shop.edit(post.object_id, "and now?"), 403, "receive-only")
    gone = shop.remove(post.object_id)
    received(wiki, gone.id)
    its = wiki.post("for all")
    received(shop, its.id)
    edit(relay, shop, "--role", "full")
    received(wiki, shop.post("now I may").id)


def test_what_it_had_before_is_taken_back_from_who_only_publishes(relay, town):
    mute, blog = join(relay, server(town), server(town))
    post = blog.post("a mistake")
    received(mute, post.id)
    edit(relay, mute, "--role", "publish-only")
    gone = blog.remove(post.object_id)
    received(mute, gone.id)


def test_an_edit_is_a_line_of_the_audit_log_and_none_where_nothing_changes(relay, town):
    blog, = join(relay, server(town))
    shown = edit(relay, blog, "--role", "receive-only", "--sponsor", "bob@corp.example", "--note", "phase 1")
    assert (shown["role"], shown["sponsor"], shown["note"]) == (
        "receive-only", "bob@corp.example", "phase 1")
    line = newest(relay, target=blog.host)
    assert (line["verb"], line["reason"]) == ("member edit", "a test")
    assert (line["before"]["role"], line["after"]["role"]) == ("full", "receive-only")
    assert line["after"]["sponsor"] == "bob@corp.example"
    assert edit(relay, blog, "--role", "receive-only")["role"] == "receive-only"
    assert newest(relay, target=blog.host)["line"] == line["line"]
    shown = edit(relay, blog, "--sponsor", "", "--note", "-")
    assert "sponsor" not in shown and "note" not in shown and shown["role"] == "receive-only"


@pytest.mark.parametrize("words, says", [
    (("--role", "boss"), "publish-only"), (("--role", ""), "publish-only"),
    (("--sponsor", "bob"), "mail"), (("--sponsor", "a b@c"), "mail"),
    (("--note", "x" * 513), "512"), (("--note", "two\nlines"), "512"), ((), "name a role"),
])
def test_what_can_not_be_said_of_a_member_is_refused(relay, town, words, says):
    blog = server(town)
    relay.told("member", "invite", blog.host)
    done = relay.verb("member", "edit", blog.host, *words, *WHY)
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    if words:
        done = relay.verb("member", "invite", blog.host, *words)
        assert done.code == 1 and says in done.err


def test_an_invitation_says_what_to_do_there_by_software(relay, town):
    peer = server(town, PARTNER)
    words = ("member", "invite", peer.host, "--zone", "partners", "--until", "2033-04-30",
             "--sponsor", "bob@corp.example", "--role", "receive-only")
    rows = {r["software"]: r["how"] for r in relay.told(*words)["join"]}
    assert f"{relay.url}/inbox" in rows["Mastodon"] and f"{relay.url}/inbox" in rows["Misskey"]
    assert relay.actor in rows["Pleroma, Akkoma"] and relay.actor in rows["GoToSocial"]
    assert relay.actor in rows["other software"] and f"{relay.url}/inbox" in rows["other software"]
    assert "WordPress" not in rows  # it can't join
    text = relay.verb(*words).out
    assert "What its administrator has to do:" in text and f"paste {relay.url}/inbox" in text
    for line in ("role       receive-only", "sponsor    bob@corp.example", "until      2033-04-30"):
        assert line in text
    assert relay.member(peer.host)["join"]
    join(relay, peer)
    assert "join" not in relay.member(peer.host)
