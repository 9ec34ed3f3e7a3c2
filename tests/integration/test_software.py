"""What software members run: asked of them (NodeInfo), and what follows from it."""

import pytest

from integration.acts import join, server
from integration.relay import INTERNAL, Relay, wait_until

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
