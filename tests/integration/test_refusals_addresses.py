"""ATTACKS 3.5: where Weir does not go (X01 to X11), whoever asks. Private addresses are for zones
whose networks say so; what a stranger writes into a keyId, an actor document or a redirect opens no
connection that the zone does not allow; the environment's proxies are not used.

Listeners stand where a connection must never arrive, and count. Each refusal has its twin: the same
host, reached once its zone's networks allow it."""

import time

import pytest

from integration.doors import Door, redirect
from integration.refusals import check_problem, stage
from integration.relay import CONFIG, INTERNAL, wait_until

# One of each special block of IANA's registries that could be written as a host.
SPECIAL = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.31.196.1",
    "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.175.48.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[100::1]", "[2001::1]", "[2001:2::1]", "[2001:db8::1]",
    "[2002:7f00:1::1]", "[2620:4f:8000::1]", "[3fff::1]", "[5f00::1]", "[fc00::1]", "[fd00::1]",
    "[fe80::1]", "[fec0::1]", "[ff02::1]",
]
ZONES = """\
  bare:
    hosts: ["127.0.0.4:*", "localhost:*", {special}]
    join: open
  narrow:
    hosts: ["127.0.0.6:*"]
    networks: [127.0.0.6/32]
    join: open
"""
NARROW = "networks: [127.0.0.6/32]"
RULE = "  - { name: open, from: internal, to: narrow, then: allow }\n"


@pytest.fixture(scope="module", name="proxy")
def _proxy():
    with Door("127.0.0.7:0") as door:
        yield door


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory, proxy):
    zones = ZONES.format(special=", ".join(f'"{address}:*"' for address in SPECIAL))
    config = CONFIG.replace("rules:", zones + "rules:", 1) + RULE
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
    environment = {name: proxy.url for name in names}
    with stage(tmp_path_factory.mktemp("addresses"), config, environment=environment) as s:
        yield s
        s.check_arrivals()


def refused_unasked(s, door, request, status, code):
    """It is refused, and the listener saw nobody."""
    before = door.connections
    answer, line = s.refused(request, status, code)
    assert door.connections == before
    return answer, line


# --- zones without networks -----------------------------------------------------------------------


def test_a_host_of_a_zone_without_networks_cannot_live_on_loopback(s):
    with Door("127.0.0.4:0") as door:
        author = door.author()
        answer, _ = refused_unasked(s, door, door.follow(s.relay, author), 403, "address")
        check_problem(answer, 403, "address")
        refused_unasked(s, door, door.request(s.relay, author), 403, "address")


def test_nor_can_one_that_is_named(s):
    """X01, X04: the name resolves, and only then is it seen to be here."""
    with Door("127.0.0.1:0") as door:
        door.host = door.host.replace("127.0.0.1", "localhost")
        door.url = f"http://{door.host}"
        refused_unasked(s, door, door.follow(s.relay, door.author()), 403, "address")


@pytest.mark.parametrize("address", SPECIAL)
def test_x01_x03_no_special_address_is_asked(s, address):
    with Door("0.0.0.0:0") as door:
        author = door.author()
        author.id = f"http://{address}:{door.host.rsplit(':', 1)[1]}/users/a"
        refused_unasked(s, door, door.request(s.relay, author), 403, "address")


def test_the_same_host_is_reached_once_its_zones_networks_allow_it(s):
    """The twin of the three above: nothing but the networks changes."""
    with Door("127.0.0.4:0") as door:
        author = door.author()
        request = door.follow(s.relay, author)
        refused_unasked(s, door, request, 403, "address")
        s.relay.replace('    hosts: ["127.0.0.4:*",',
                        '    networks: [127.0.0.4/32]\n    hosts: ["127.0.0.4:*",')
        s.relay.reload()
        time.sleep(1.1)  # keys.refused
        s.news()
        s.judged(request, 202, "ok")
        assert door.times(author.path) == 1
        wait_until(lambda: door.posted, "its Accept")
        with Door("127.0.0.1:0") as other:  # allowed is what is in the networks, and no more
            other.host = other.host.replace("127.0.0.1", "localhost")
            other.url = f"http://{other.host}"
            refused_unasked(s, other, other.follow(s.relay, other.author()), 403, "address")
        s.relay.replace("    networks: [127.0.0.4/32]\n", "")
        s.relay.reload()
        s.news()


def test_a_network_of_one_address_is_that_address(s):
    with Door("127.0.0.6:0") as door:
        author = door.author()
        s.judged(door.follow(s.relay, author), 202, "ok")
        s.judged(door.request(s.relay, author), 202, "ok")
        assert door.times(author.path) == 1


def test_x11_deliveries_are_guarded_like_fetches(s):
    """A member whose zone's networks were narrowed is not sent to any more; it is, once they are
    widened again."""
    with Door("127.0.0.6:0") as door:
        s.judged(door.follow(s.relay, door.author()), 202, "ok")
        wait_until(lambda: len(door.posted) == 1, "its Accept")
        s.relay.replace(NARROW, "networks: [127.0.0.8/32]")
        s.relay.reload()
        s.news()
        before = door.connections
        good = s.post()
        s.accepted(good)
        line = s.relay.wait_log("delivery", host=door.host, code="address")[0]
        assert line["verdict"] == "later"
        time.sleep(0.5)
        assert len(door.posted) == 1 and door.connections == before
        s.relay.replace("networks: [127.0.0.8/32]", NARROW)
        s.relay.reload()
        s.news()
        wait_until(lambda: s.expected[-1].encode() in b"".join(door.posted), "the post that waited")


# --- keyIds that lead elsewhere -------------------------------------------------------------------


KEY_IDS = [
    # row, keyId ({port}: of a listener on every address of this machine), status, code
    ("X02 one number", "http://2130706433:{port}/a", 401, "key-id"),
    ("X02 hex", "http://0x7f000001:{port}/a", 401, "key-id"),
    ("X02 hex and decimal", "http://0x7f.1:{port}/a", 401, "key-id"),
    ("X02 octal", "http://0177.0.0.1:{port}/a", 401, "key-id"),
    ("X02 two numbers", "http://127.1:{port}/a", 401, "key-id"),
    ("X02 nought", "http://0:{port}/a", 401, "key-id"),
    ("X02 leading noughts", "http://127.000.000.001:{port}/a", 401, "key-id"),
    ("X02 five numbers", "http://127.0.0.0.1:{port}/a", 401, "key-id"),
    ("X03 zone id", "http://[fe80::1%25lo]:{port}/a", 401, "key-id"),
    ("X03 IPvFuture", "http://[v1.a]:{port}/a", 401, "key-id"),
    ("X03 bracket open", "http://[::1:{port}/a", 401, "key-id"),
    ("X08 userinfo", "http://127.0.0.2@127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 user and password", "http://a:b@127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 empty user", "http://@127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 escaped at", "http://127.0.0.2%40127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 backslash", "http://127.0.0.2:{port}\\@127.0.0.1/a", 401, "signature-syntax"),
    ("X08 #@", "http://127.0.0.9#@127.0.0.1:{port}/a", 403, "no-zone"),
    ("X08 ?@", "http://127.0.0.9?@127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 a blank", "http://127.0.0.1 :{port}/a", 401, "key-id"),
    ("X08 a tab", "http://127.0.0.1\t:{port}/a", 401, "signature-syntax"),
    ("X08 full-width digits", "http://\uff11\uff12\uff17.0.0.1:{port}/a", 401, "signature-syntax"),
    ("X08 digits in circles", "http://\u2460\u2461\u2466.0.0.1:{port}/a", 401, "signature-syntax"),
    ("X08 escaped dots", "http://127%2e0%2e0%2e1:{port}/a", 401, "key-id"),
    ("X08 no host", "http:///a", 401, "key-id"),
    ("X08 one slash", "http:/127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 three slashes", "http:///127.0.0.1:{port}/a", 401, "key-id"),
    ("X08 no scheme", "//127.0.0.1:{port}/a", 401, "key-id"),
    ("X06 ftp", "ftp://127.0.0.1:{port}/a", 401, "key-id"),
    ("X06 gopher", "gopher://127.0.0.1:{port}/_INFO", 401, "key-id"),
    ("X06 dict", "dict://127.0.0.1:{port}/a", 401, "key-id"),
    ("X06 unix", "unix:/run/redis.sock", 401, "key-id"),
    ("X06 data", "data:application/activity+json,{{}}", 401, "key-id"),
    ("X06 ws", "ws://127.0.0.1:{port}/a", 401, "key-id"),
    ("X07 no port", "http://127.0.0.2:/a", 401, "key-id"),
    ("X07 port 0", "http://127.0.0.2:0/a", 401, "key-id"),
    ("X07 port 65536", "http://127.0.0.2:65536/a", 401, "key-id"),
    ("X07 two ports", "http://127.0.0.2:80:{port}/a", 401, "key-id"),
    ("X10 we ourselves", "http://{host}/actor#main-key", 403, "self"),
    ("X10 another path of ours", "http://{host}/inbox", 403, "self"),
    ("X10 we under another name", "http://localhost:{ours}/actor#main-key", 403, "address"),
    ("S12 no zone's", "http://127.0.0.9:{port}/a", 403, "no-zone"),
    ("S12 a name of no zone's", "http://internal.example:{port}/a", 403, "no-zone"),
]


@pytest.mark.parametrize("row", KEY_IDS, ids=[row[0] for row in KEY_IDS])
def test_a_key_id_that_leads_elsewhere(s, row):
    with Door("0.0.0.0:0") as door:
        port, ours = door.host.rsplit(":", 1)[1], s.relay.host.rsplit(":", 1)[1]
        key_id = row[1].format(port=port, host=s.relay.host, ours=ours)
        good = s.post()
        bad = good.copy()
        old = s.blog.actors["alice"].key_id
        value = good.get("signature").replace(old, key_id).encode("utf-8").decode("latin-1")
        bad.set("Signature", value)
        refused_unasked(s, door, bad, *row[2:])
        s.accepted(good)


# --- documents that lead elsewhere ----------------------------------------------------------------


PLACES = ["http://10.0.0.1/a", "http://127.0.0.1:{port}/a", "http://127.0.0.2:{port}/a",
          "http://localhost:{port}/a", "http://[::1]:{port}/a", "http://169.254.169.254/latest",
          "https://{here}/a", "http://a@{here}/a", "file:///etc/passwd", "gopher://{here}/_INFO",
          ""]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("where", ["owner", "inbox", "sharedInbox", "redirect", "id"])
def test_a_document_that_leads_elsewhere(s, where, place):
    """X05, X11: of all that an actor says, nothing makes us ask another host than its own."""
    with Door(INTERNAL) as door, Door("0.0.0.0:0") as trap:
        author = door.author()
        target = place.format(port=trap.host.rsplit(":", 1)[1], here=door.host)
        document = door.document(author)
        if where == "owner":
            document = {"id": author.id, "owner": target, "publicKeyPem": author.keys.public_pem}
        elif where == "id":
            document["id"] = target
            document["publicKey"]["owner"] = target
        elif where in ("inbox", "sharedInbox"):
            document["inbox"] = document["endpoints"]["sharedInbox"] = target
        door.serve(author.path, redirect(target) if where == "redirect" else document)
        code = {"inbox": "inbox-foreign", "sharedInbox": "inbox-foreign"}.get(where, "key-document")
        status = 403 if code == "inbox-foreign" else 401
        s.refused(door.follow(s.relay, author), status, code)
        assert trap.connections == 0
        assert not door.posted


def test_x09_the_environments_proxies_were_never_asked(s, proxy):
    """Everything above was fetched and delivered without them."""
    s.accepted(s.post())
    assert (proxy.connections, proxy.asked) == (0, [])
    environment = dict(
        line.split("=", 1) for line in
        open(f"/proc/{s.relay.pid}/environ", encoding="utf-8").read().split("\0") if "=" in line)
    assert environment["http_proxy"] == environment["ALL_PROXY"] == proxy.url
