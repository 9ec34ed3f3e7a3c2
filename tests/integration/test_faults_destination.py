"""Destinations that answer anything but well: each is cut off in its time, judged by what it said,
and gets in the end what it can take; nobody else waits for it.

Time-outs are a second or two here instead of ten or thirty; what is told apart stays the same."""

import socket
import ssl
import time

import pytest

from integration.acts import settle
from integration.posts import send
from integration.relay import wait_until
from integration.shims import World, loaded
from integration.wilderness import ASK_MOST_S, CONNECT_S, TOTAL_S, wilderness
from peers.certificates import Authority
from peers.wild import (
    GOAWAY, RST_STREAM, SETTINGS, Http2Alone, answer, cut, drips, frame, pours, reset, says, silent,
    taken, writes,
)
from peers.wire import http_date

# By so much an attempt may begin or end later on a machine under load; less than what lies between a
# wait that was asked for and one that was not, and between a limit of ours and the default.
LATE_S = 8.0
HEADER = b"HTTP/1.1 202 Accepted\r\n"


@pytest.fixture(scope="module", name="authority")
def fixture_authority(tmp_path_factory):
    """The relay trusts it."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", name="place")
def fixture_place(tmp_path_factory, settlers, authority):
    directory = tmp_path_factory.mktemp("wild")
    world = World(directory)
    authority.trust(world.trust)
    with wilderness(directory, settlers, environment=loaded(world)) as place:
        yield place


@pytest.fixture(name="wild")
def fixture_wild(place):
    """One member, which is good so far."""
    yield place.wild()
    place.leave()


@pytest.fixture(name="several")
def fixture_several(place):
    """As many as are asked for."""
    yield lambda count, **how: [place.wild(**how) for _ in range(count)]
    place.leave()


# --- no answer ----------------------------------------------------------------------------------


@pytest.mark.row("T01")
@pytest.mark.parametrize("how, codes, least, most", [
    ("refuses", {"connect"}, 0, 0), ("resets", {"protocol", "connect"}, 0, 0),
    ("swallows", {"timeout"}, CONNECT_S, CONNECT_S), ("is silent", {"timeout"}, TOTAL_S, TOTAL_S),
])
def test_a_host_that_gives_no_answer_is_left_in_time_and_gets_it_later(
        place, wild, how, codes, least, most):
    if how == "refuses":
        wild.down()
    elif how == "swallows":
        wild.swallow()
    elif how == "resets":
        wild.resets = True
        wild.down()
        wild.up()
    else:
        wild.always = silent
    activity = place.post()
    lines = place.tries(wild, activity, 2)
    for line in lines:
        assert (line["verdict"], line["code"] in codes) == ("later", True), line
        assert least - 0.05 <= int(line["ms"]) / 1000 <= most + LATE_S, line
    wild.always, wild.resets = taken, False
    if how in ("refuses", "swallows"):
        wild.up()
    wait_until(lambda: place.verdicts(wild, activity)[-1] == "delivered", "it got it")
    assert wild.posts[-1].id == activity


# --- answers without end ------------------------------------------------------------------------


@pytest.mark.row("T02")
def test_a_header_that_drips_is_cut_off_and_the_post_comes_again(place, wild):
    wild.plays = [drips(HEADER + b"X-Drip: ")]
    activity = place.post()
    lines = place.ended(wild, activity)
    assert [(line["verdict"], line.get("code")) for line in lines] == [
        ("later", "timeout"), ("delivered", None)]
    assert TOTAL_S - 0.05 <= int(lines[0]["ms"]) / 1000 <= TOTAL_S + LATE_S


@pytest.mark.row("T02")
@pytest.mark.parametrize("status, verdict", [("202 Accepted", "delivered"), ("400 Bad", "never")])
def test_a_body_that_drips_is_cut_off_and_the_status_counts(place, wild, status, verdict):
    wild.plays = [drips(b"", f"HTTP/1.1 {status}\r\nContent-Length: 1000000\r\n\r\n".encode())]
    activity = place.post()
    assert place.verdicts(wild, activity) == [verdict]
    assert [post.id for post in wild.posts] == [activity]


@pytest.mark.row("T02")
def test_a_gigabyte_is_not_read_and_the_status_counts(place, wild):
    sent = [0]
    wild.plays = [pours(b"x" * 65536, sent,
                        HEADER + b"Content-Length: 1073741824\r\n\r\n")]
    activity = place.post()
    line, = place.ended(wild, activity)
    assert (line["verdict"], line["status"]) == ("delivered", "202")
    assert sent[0] < 16 << 20  # what the system's buffers hold, and no more
    assert place.verdicts(wild, place.post()) == ["delivered"]


@pytest.mark.row("T02")
@pytest.mark.parametrize("data, first", [
    (b"X-Filler: 0123456789012345678901234567890123456789\r\n" * 100, HEADER),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 100, b""),
], ids=["fields", "interim answers"])
def test_a_header_without_end_is_not_read(place, wild, data, first):
    """Nothing is known of what became of it: trouble of the host, asked ever more rarely."""
    sent = [0]
    wild.always = pours(data, sent, first)
    activity = place.post()
    lines = place.tries(wild, activity, 4)
    assert {(line["verdict"], line["code"]) for line in lines} == {("later", "too-large")}
    assert sent[0] < len(wild.posts) * 16 << 20
    wild.always = taken
    assert place.verdicts(wild, activity)[-1] == "delivered"


# --- statuses -----------------------------------------------------------------------------------

SOON = (0, 1.0)  # its back-off: nothing that could be meant was asked for
LEAST = (1.0, 1.0)
MOST = (ASK_MOST_S, ASK_MOST_S)


@pytest.mark.row("T03")
def test_temporary_trouble_and_every_kind_of_retry_after(place, several):
    hour = http_date(time.time() + 3600)
    cases = [(status, "", SOON) for status in ("500 E", "502 B", "504 G", "503 S", "429 T")]
    for status in ("429 Too Many Requests", "503 Service Unavailable"):
        cases += [(status, f"Retry-After: {text}\r\n", wait) for text, wait in (
            ("0", LEAST), ("1000000000", MOST), ("99999999999999999999999", SOON), ("-1", SOON),
            (hour, MOST), ("Thu, 01 Jan 1970 00:00:01 GMT", SOON), ("soon", SOON), ("", SOON))]
    wilds = several(len(cases))
    for one, (status, fields, _) in zip(wilds, cases):
        one.plays = [says(status, fields)]
    activity = place.post()
    for one, (status, fields, (least, most)) in zip(wilds, cases):
        first, second = one.wait(2)
        assert place.verdicts(one, activity) == ["later", "delivered"], (status, fields)
        waited = second.at - first.at
        assert least - 0.05 <= waited <= most + LATE_S, (status, fields, waited)
        assert (first.id, first.body) == (second.id, second.body)


@pytest.mark.row("T04")
def test_a_post_that_is_refused_is_one_dead_letter_and_the_next_is_delivered(place, several):
    statuses = ["400 Bad Request", "413 Content Too Large", "422 Unprocessable Content"]
    wilds = several(len(statuses))
    for one, status in zip(wilds, statuses):
        one.plays = [says(status)]
    first, second = place.post(), place.post()
    for one, status in zip(wilds, statuses):
        assert place.verdicts(one, first) == ["never"]
        assert place.verdicts(one, second) == ["delivered"]
        letter, = wait_until(lambda: place.dead(one), "its dead letter is written down")
        assert (letter["activity"], letter["status"]) == (first, int(status[:3]))
        assert one.ids() == [first, second]


@pytest.mark.row("T05")
def test_what_each_refusal_means(place, several):
    """Verdicts until the end, or the first ones where there is none yet (`...`)."""
    elsewhere = "Location: http://127.0.0.2:1/inbox\r\n"
    cases = [
        ("401 Unauthorized", "", ["later"] * 4 + [...]),
        ("403 Forbidden", "", ["later"] * 4 + [...]),
        ("404 Not Found", "", ["never"]), ("410 Gone", "", ["never"]),
        ("424 Failed Dependency", "", ["later"] * 4 + ["never"]),
        ("501 Not Implemented", "", ["never"]),
        *((f"{status} Moved", elsewhere, ["later", "later", "never"])
          for status in (301, 302, 307, 308)),
    ]
    wilds = several(len(cases))
    for one, (status, fields, _) in zip(wilds, cases):
        one.always = says(status, fields)
    activity = place.post()
    for one, (status, _, wanted) in zip(wilds, cases):
        if wanted[-1] is ...:
            lines = place.tries(one, activity, len(wanted) - 1)
            wanted = wanted[:-1]
        else:
            lines = place.ended(one, activity)
        assert [line["verdict"] for line in lines][:len(wanted)] == wanted, status
        assert {line["status"] for line in lines} == {status[:3]}
        one.always = taken
    second = place.post()
    for one in wilds:
        assert place.verdicts(one, second) == ["delivered"]


# --- bad HTTP -----------------------------------------------------------------------------------


@pytest.mark.row("T07")
def test_an_answer_that_is_none_is_temporary_and_the_post_comes_once_more(place, several):
    cases = {
        "garbage": b"\x00\xff\x13\x37 not HTTP at all\r\n\r\n", "http/0.9": b"<html>taken</html>",
        "no status": b"HTTP/1.1 \r\n\r\n", "a status of four digits": b"HTTP/1.1 2020 OK\r\n\r\n",
        "half a header": HEADER + b"Content-",
        "half a body": HEADER + b"Content-Length: 9\r\n\r\nx",
        "bad chunks": HEADER + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "interim alone": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    }
    wilds = several(len(cases) + 2)
    for one, (name, data) in zip(wilds, cases.items()):
        one.plays = [writes(data, name, ends=True)]
    wilds[-2].plays, wilds[-1].plays = [cut], [reset]
    activity = place.post()
    for one, name in zip(wilds, [*cases, "cut", "reset"]):
        # A kept connection that ends without a byte of an answer: asked once more at once, on a new
        # one, by the library, which counts that as one attempt.
        wanted = [["later", "delivered"]] + [["delivered"]] * (name in ("cut", "reset"))
        assert place.verdicts(one, activity) in wanted, name
        assert one.ids() == [activity, activity], name


@pytest.mark.row("T07")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_of_two_answers_the_first_counts_and_the_second_is_nobodys(place, several, authority, tls):
    good, bad = several(2, tls=authority.context("127.0.0.2") if tls else None)
    no = answer("400 Bad Request")
    good.plays = [writes(answer("202 Accepted") + no, "twice")]
    bad.plays = [writes(no + answer("202 Accepted"), "twice")]
    first = place.post()
    assert place.verdicts(good, first) == ["delivered"]
    assert place.verdicts(bad, first) == ["never"]
    second = place.post()
    for one in (good, bad):
        assert place.verdicts(one, second) == ["delivered"]
        assert one.ids() == [first, second]


# --- HTTP/2 -------------------------------------------------------------------------------------

BOTH = ("h2", "http/1.1")
REFUSED_STREAM, CANCEL = 7, 8


@pytest.fixture(name="both")
def fixture_both(authority):
    """The context of a server that would rather speak HTTP/2."""
    context = authority.context("127.0.0.2")
    context.set_alpn_protocols(BOTH)
    return context


def agreed(host, *offered):
    """What a client comes to speak there that offers this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(offered)
    address, port = host.split(":")
    with socket.create_connection((address, int(port)), 30) as line, \
            context.wrap_socket(line) as line:
        return line.selected_alpn_protocol()


@pytest.mark.row("T07")
def test_who_would_rather_speak_http_2_is_asked_for_http_1(place, several, both):
    one, = several(1, tls=both)
    sent = [place.post(), place.post()]
    for activity in sent:
        assert place.verdicts(one, activity) == ["delivered"]
    assert one.ids() == sent
    assert set(one.spoken) == {"http/1.1"}
    assert agreed(one.host, *BOTH) == "h2"  # the twin: it was ours to choose


@pytest.mark.row("T07")
def test_http_2_where_nobody_asked_for_it_is_temporary_and_the_post_comes_once_more(
        place, several, both):
    """With TLS, in the middle of an exchange: before the answer, in its header, in its body."""
    begin = frame(SETTINGS)
    whole = HEADER + b"Content-Length: 90\r\n\r\n"
    cases = {
        "a stream refused": begin + frame(RST_STREAM, REFUSED_STREAM, stream=1),
        "going away": begin + frame(GOAWAY, 0, 0),
        "refused within a header": HEADER + b"Content-" + frame(RST_STREAM, CANCEL, stream=1),
        "going away within a header": HEADER + b"Content-" + frame(GOAWAY, 1, 0),
        "refused within a body": whole + frame(RST_STREAM, CANCEL, stream=1),
        "going away within a body": whole + frame(GOAWAY, 1, 0),
        "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                            b"Upgrade: h2c\r\n\r\n" + begin + frame(GOAWAY, 0, 0),
    }
    wilds = several(len(cases) + 1, tls=both)
    for one, (name, data) in zip(wilds, cases.items()):
        one.plays = [writes(data, name, ends=True)]
    stays = wilds[-1]  # and waits for what its frames are answered with
    stays.plays = [writes(begin + frame(GOAWAY, 0, 0), "stays")]
    activity = place.post()
    for one, name in zip(wilds, [*cases, "stays"]):
        lines = place.ended(one, activity)
        assert [(line["verdict"], line.get("code")) for line in lines] == [
            ("later", "protocol"), ("delivered", None)], name
        assert one.ids() == [activity, activity], name
        assert len({post.body for post in one.posts}) == 1


@pytest.mark.row("T07")
def test_who_speaks_nothing_but_http_2_is_in_trouble_until_that_is_mended(place, several, both):
    one, = several(1, tls=both)
    one.tls = Http2Alone()
    one.down()
    one.up()
    activity = place.post()
    line = place.tries(one, activity)[0]
    assert (line["verdict"], line["code"]) == ("later", "tls")
    assert one.ids() == []
    one.tls = both
    assert place.verdicts(one, activity)[-1] == "delivered"
    assert one.ids() == [activity]


# --- what is tried to leave in us ---------------------------------------------------------------


@pytest.mark.row("T12")
def test_nothing_of_an_answer_stays_but_its_verdict(place, wild):
    wild.plays = [says("202 Accepted", "Set-Cookie: id=1; Path=/\r\n"
                       "Strict-Transport-Security: max-age=31536000\r\n"
                       "Alt-Svc: h3=\":443\"; ma=86400, h2=\"127.0.0.2:1\"\r\n"
                       "Location: http://127.0.0.2:1/\r\nConnection: close\r\n")]
    first, second = place.post(), place.post()
    for activity in (first, second):
        assert place.verdicts(wild, activity) == ["delivered"]
    assert wild.ids() == [first, second]  # still here, still without TLS
    assert [post.field("cookie") for post in wild.posts] == [None, None]


@pytest.mark.row("T12")
def test_what_an_error_says_is_shown_and_never_obeyed(place, wild):
    script = "<script>alert(1)</script>\x1b[31m\x1b]0;owned\x07\u202eevil"
    wild.plays = [says("400 Bad Request", "Content-Type: text/html\r\n", script.encode())]
    activity = place.post()
    assert place.verdicts(wild, activity) == ["never"]
    letter, = wait_until(lambda: place.dead(wild), "its dead letter is written down")
    told = [place.relay.err_text, letter["detail"], place.relay.verb("dead", "list").out,
            place.relay.verb("trace", activity).out]
    for text in told:
        assert not set("\x1b\x07\u202e") & set(text)
    assert "alert(1)" in letter["detail"]


# --- one post, one host -------------------------------------------------------------------------


@pytest.mark.row("T13")
def test_a_post_that_always_fails_backs_off_alone_and_the_others_flow(place, wild):
    """By its bytes: whatever else comes is taken."""
    whole = place.blog.write("poison")
    poison = whole["id"]

    def by_its_bytes(line, post):
        return (says("500 Internal Server Error") if post.id == poison else taken)(line, post)

    wild.always = by_its_bytes
    send(place.blog, whole)
    others = [place.post(f"number {n}") for n in range(10)]
    for activity in others:
        assert place.verdicts(wild, activity) == ["delivered"]
    lines = place.tries(wild, poison, 5)
    assert {line["verdict"] for line in lines} == {"later"}
    ids = wild.ids()
    assert sorted(one for one in ids if one != poison) == sorted(others)
    times = [post.at for post in wild.posts if post.id == poison]
    assert all(later - sooner > 0.9 for sooner, later in zip(times[3:], times[4:]))  # set aside
    wild.always = taken
    assert place.verdicts(wild, poison)[-1] == "delivered"


@pytest.mark.row("T14")
def test_who_takes_it_and_is_gone_before_the_answer_gets_it_again_under_the_same_id(place, wild):
    wild.plays = [cut, reset, silent]
    activity = place.post()
    verdicts = place.verdicts(wild, activity)
    assert verdicts[-2:] == ["later", "delivered"] and set(verdicts[:-1]) == {"later"}
    settle(place.relay)
    assert wild.ids() == [activity] * 4
    assert len({post.body for post in wild.posts}) == 1
    assert len({post.field("signature") for post in wild.posts}) > 1  # its Date is a new one
