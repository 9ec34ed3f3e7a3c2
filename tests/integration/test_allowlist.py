"""Lists of members that other servers read: over the public listener, by several fronts."""

import csv
import io
import json

import pytest

from integration.acts import join, server
from integration.relay import CONFIG, PARTNER, Relay, http_get, wait_until

TOKEN = "partners-list-4711"
PUBLISHED = CONFIG.replace("    join: open\n", "    join: open\n    publish: public\n") \
    .replace("    join: invited\n",
             "    join: invited\n    publish: token\n    token_file: partners.token\n")


@pytest.fixture(name="relay")
def fixture_relay(tmp_path):
    relay = Relay(tmp_path, config=PUBLISHED + "fronts: 2\n")
    relay.init()
    (relay.data / "partners.token").write_text(TOKEN + "\n", "ascii")
    (relay.data / "partners.token").chmod(0o600)
    relay.start()
    try:
        yield relay
    finally:
        if relay.alive:
            relay.stop()
        relay.check_reports()


def bearer(token=TOKEN):
    return {"Authorization": f"Bearer {token}"}


def hosts(relay, zone="internal", **headers):
    status, _, text = http_get(f"{relay.url}/zones/{zone}/members.txt", headers)
    assert status == 200, text
    return text.splitlines()


def test_a_list_follows_the_members_of_its_zone(relay, town):
    blog, wiki = join(relay, server(town), server(town))
    wait_until(lambda: hosts(relay) == sorted([blog.host, wiki.host]), "both are listed")
    relay.told("member", "suspend", wiki.host, "--reason", "a test")
    wait_until(lambda: hosts(relay) == [blog.host], "who is suspended is not")
    relay.told("member", "resume", wiki.host)
    relay.told("member", "remove", blog.host)
    wait_until(lambda: hosts(relay) == [wiki.host], "who is removed is not")
    assert relay.log("request", target="/zones/internal/members.txt", status=200)


def test_the_forms_are_what_other_programs_read(relay, town):
    names = sorted(peer.host for peer in join(relay, *(server(town) for _ in range(3))))
    wait_until(lambda: hosts(relay) == names, "all are listed")
    _, headers, text = relay.get("/zones/internal/members.csv")
    assert headers["Content-Type"].startswith("text/csv")
    assert [row["#domain"] for row in csv.DictReader(io.StringIO(text))] == names
    _, headers, text = relay.get("/zones/internal/members.json")
    assert headers["Content-Type"] == "application/json"
    assert [row["domain"] for row in json.loads(text)] == names


def test_who_has_the_list_is_told_that_it_is_the_same(relay, town):
    blog, = join(relay, server(town))
    wait_until(lambda: hosts(relay) == [blog.host], "it is listed")
    url = f"{relay.url}/zones/internal/members.txt"
    etag = http_get(url)[1]["ETag"]
    status, headers, text = http_get(url, {"If-None-Match": etag})
    assert (status, headers["ETag"], text) == (304, etag, "")
    join(relay, server(town))
    wait_until(lambda: http_get(url, {"If-None-Match": etag})[0] == 200, "another one is told")


def test_a_token_opens_its_zone_alone(relay, town):
    partner = server(town, PARTNER)
    relay.told("member", "invite", partner.host)
    join(relay, partner)
    url = f"{relay.url}/zones/partners/members.txt"
    wait_until(lambda: http_get(url, bearer())[2] == partner.host + "\n", "it is listed")
    for headers in ({}, bearer(TOKEN[:-1]), bearer(TOKEN + "2"), {"Authorization": TOKEN}):
        status, fields, text = http_get(url, headers)
        assert status == 401 and fields["WWW-Authenticate"].startswith("Bearer"), headers
        assert json.loads(text)["code"] == "token"
    assert TOKEN not in relay.err_text


def test_another_token_in_the_file_needs_no_reload(relay):
    url = f"{relay.url}/zones/partners/members.txt"
    (relay.data / "partners.token").write_text("another-4711-4711\n", "ascii")
    assert http_get(url, bearer())[0] == 401
    assert http_get(url, bearer("another-4711-4711"))[0] == 200


def test_a_file_that_is_no_secret_opens_nothing(relay):
    (relay.data / "partners.token").chmod(0o644)
    assert http_get(f"{relay.url}/zones/partners/members.txt", bearer())[0] == 503
    done = relay.verb("config", "check")
    assert (done.code, done.out) == (1, "")
    assert "zones.partners.token_file: " in done.err and "0600" in done.err
    assert relay.wait_log("request", status=503)[0]["why"].endswith("0600")


def test_a_zone_that_publishes_nothing_looks_like_none(relay):
    asked = [relay.get(f"/zones/{name}/members.txt") for name in ("guests", "nobody")]
    assert {(status, text) for status, _, text in asked} == {(404, asked[0][2])}
