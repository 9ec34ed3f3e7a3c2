"""What software members run: asked of them (NodeInfo), and what follows from it."""

import re
import subprocess

import pytest

from integration.acts import activity as act
from integration.acts import announced, deliveries, join, note, proved, received, server, settle
from integration.relay import INTERNAL, PARTNER, ROOT, WEIR, Relay, wait_until

CURIOUS = "fetch: { software: 7d }\n"
INDEX, DOCUMENT = "/.well-known/nodeinfo", "/nodeinfo/2.1"


@pytest.fixture(scope="module", name="relay")
def fixture_relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("software"), extra=CURIOUS) as relay:
        yield relay


def runs(town, software, address=INTERNAL):
    """A server that says that it runs this."""
    peer = server(town, address)
    peer.inner.software = software
    return peer


def known(relay, peer, software):
    wait_until(lambda: relay.member(peer.host).get("software") == software,
               f"{peer.host} runs {software}: {relay.member(peer.host)}")


def asked(peer, path=INDEX):
    return peer.records.where(method="GET", path=path)


def test_who_joins_is_asked_what_software_it_runs(relay, town):
    blog, wiki = runs(town, "Mastodon"), runs(town, "no name")
    join(relay, blog, wiki)
    known(relay, blog, "mastodon")
    index, document = asked(blog) + asked(blog, DOCUMENT)
    for record in (index, document):
        assert record["signature"]["verdict"] == "missing", record
        assert dict(record["headers"])["User-Agent"].startswith("weir/"), record
    wiki.records.wait_for(method="GET", path=DOCUMENT)
    assert relay.member(wiki.host).get("software", "") == ""
    assert relay.state(wiki.host) == "active"
    assert "mastodon" in relay.verb("member", "show", blog.host).out


def test_it_is_not_asked_again_by_the_next_process(tmp_path, town):
    with Relay(tmp_path, extra=CURIOUS) as relay:
        blog, wiki = runs(town, "mastodon"), runs(town, "akkoma")
        join(relay, blog)
        known(relay, blog, "mastodon")
        relay.restart()
        join(relay, wiki)
        known(relay, wiki, "akkoma")
        assert len(asked(blog)) == 1
        # who comes back is asked again: it may be another server by now
        blog.unfollow()
        wait_until(lambda: relay.state(blog.host) == "left", "it has left")
        blog.inner.software = "gotosocial"
        join(relay, blog)
        known(relay, blog, "gotosocial")
        assert len(asked(blog)) == 2


def test_where_the_setting_says_never_nobody_is_asked(tmp_path, town):
    with Relay(tmp_path, extra="fetch: { software: 0s }\n") as relay:
        blog = runs(town, "mastodon")
        join(relay, blog)
        relay.replace("fetch: { software: 0s }", CURIOUS.strip())
        relay.told("reload")
        known(relay, blog, "mastodon")
        assert len(asked(blog)) == 1


# --- rules ----------------------------------------------------------------------------------------


def test_rules_may_ask_for_it(tmp_path, town):
    with Relay(tmp_path, extra=CURIOUS) as relay:
        relay.replace("  - { name: shared,", "  - { name: trusted, from: internal, to: partners, "
                      "when: { software: [Mastodon, 'weir-*'] }, then: allow }\n  - { name: shared,")
        relay.reload()
        mastodon, other, partner = (runs(town, name, address) for name, address in
                                    (("mastodon", INTERNAL), ("pleroma", INTERNAL), ("x", PARTNER)))
        relay.told("member", "invite", partner.host, "--zone", "partners")
        join(relay, mastodon, other, partner)
        known(relay, mastodon, "mastodon")
        known(relay, other, "pleroma")
        assert other.post("for us").status == 202
        sent = mastodon.post("for you, too")
        assert sent.status == 202
        received(partner, sent.id)
        settle(relay)
        assert [r["activity"]["id"] for r in deliveries(partner, activity__type="Create")] == [sent.id]


# --- a recall, by software ------------------------------------------------------------------------


def test_a_recall_says_by_software_what_a_deletion_does(relay, town):
    blog, other = runs(town, "weir-test-blog"), runs(town, "never-heard-of")
    mastodon, pleroma = runs(town, "mastodon"), runs(town, "pleroma")
    join(relay, blog, mastodon, other)
    assert pleroma.follow(relay.actor, "litepub").status == 202
    for peer in (mastodon, pleroma, other):
        known(relay, peer, peer.inner.software)
    text = note(blog)
    sent = blog.send(proved(blog, act(blog, "Create", text)), relay.inbox)
    assert sent.status == 202
    received(mastodon, sent.id)
    received(other, sent.id)
    announced(pleroma, text["id"])
    settle(relay)
    done = relay.verb("recall", text["id"], "--reason", "a mistake")
    assert done.code == 0, done
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert "mastodon" in lines[mastodon.host] and "it keeps its copy: only" in lines[mastodon.host]
    assert "pleroma" in lines[pleroma.host] and "it drops our Announce" in lines[pleroma.host]
    assert int(lines["Mastodon"].split()[1]) >= 1
    assert "checks the author's signature and deletes its copy" in lines["Mastodon"]
    assert "it drops our Announce" in lines["Pleroma,"]
    assert "nobody has tried" in lines["other"]
    assert "no proof of what a server did" in done.out


def test_federation_md_says_what_the_manual_says():
    page = subprocess.check_output([WEIR, "help", "--man", "weir.1"], text=True)
    section = page.split(".SH SOFTWARE OF MEMBERS")[1].split(".SH")[0].replace("\\-", "-")
    families = re.findall(r"^\.TP\n\\fB(.+?)\\fR", section, re.MULTILINE)
    table = (ROOT / "FEDERATION.md").read_text("utf-8").split("| software |")[1].split("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert len(families) > 10 and rows == families
