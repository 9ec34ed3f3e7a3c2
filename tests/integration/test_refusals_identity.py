"""ATTACKS 3.4: who may say what (A01 to A05, A07 to A11, A17, A18, A20 to A23). Everything here is
rightly signed, by a member that lies about whose it is; or by somebody who is no member.

After every refusal the honest activity is accepted, and reaches a receiver once."""

import json
import time

import pytest

from integration.doors import Door
from integration.refusals import stage
from integration.relay import CONFIG, GUEST, PARTNER, STRANGER, wait_until
from peers import documents
from peers.wire import PUBLIC

ORIGIN = "origin"
NOT_SIGNER = "actor-not-signer"
NOT_PUBLIC = "not-public"
URL = "url"
NAMED = 'hosts: ["127.0.0.2:*", "localhost:*"]'
HUSH = """\
  - { name: hush, from: internal, to: internal, when: { tags: [secret] }, then: deny }
  - { name: shush, from: internal, to: internal, when: { tags: [quiet] }, then: drop }
"""


@pytest.fixture(scope="module", name="s")
def _stage(tmp_path_factory):
    config = CONFIG.replace('hosts: ["127.0.0.2:*"]', NAMED)
    assert NAMED in config
    with stage(tmp_path_factory.mktemp("identity"), config + HUSH) as s:
        s.mallory = s.member("social")
        s.news()
        yield s
        s.check_arrivals()


def follow(s, peer, **changes):
    """A Follow of the relay by a peer's instance actor, as a dict."""
    actor = peer.actors["instance"].id
    activity = documents.activity("Follow", f"{actor}/follows/{len(peer.records)}", actor, PUBLIC,
                                  to=())
    return {**activity, **changes}


# --- whose it is: (stage, the honest activity) -> the lie -----------------------------------------


def top(**changes):
    """Members of the activity replaced; {blog} in a text is another member's origin."""
    return lambda s, a: {**a, **{name: placed(s, value) for name, value in changes.items()}}


def inner(**changes):
    def bend(s, a):
        more = {name: placed(s, value) for name, value in changes.items()}
        return {**a, "object": {**a["object"], **more}}

    return bend


def placed(s, value):
    if isinstance(value, str):
        return value.replace("{blog}", s.blog.origin).replace("{mallory}", s.mallory.origin)
    if isinstance(value, dict):
        return {name: placed(s, part) for name, part in value.items()}
    return [placed(s, part) for part in value] if isinstance(value, list) else value


def kind(name, obj, **changes):
    """Another activity altogether, about this object."""
    return top(type=name, object=obj, **changes)


SOMEBODYS_POST = "{blog}/posts/1"
OWN_NOTE = {"id": "{mallory}/posts/x", "type": "Note"}

LIES = [
    # row, what mallory sends in the place of an own Create, code, status where it is not 403
    ("A01 another's actor", top(actor="{blog}/users/alice"), NOT_SIGNER, 401),
    ("A01 another actor of the same host", top(actor="{mallory}/actor"), NOT_SIGNER, 401),
    ("A01 embedded", top(actor={"id": "{blog}/users/alice"}), NOT_SIGNER, 401),
    ("A01 its own, with a fragment", top(actor="{mallory}/users/alice#main-key"), NOT_SIGNER, 401),
    ("A01 its own, with a query", top(actor="{mallory}/users/alice?x"), NOT_SIGNER, 401),
    ("A01 its own, with a slash", top(actor="{mallory}/users/alice/"), NOT_SIGNER, 401),
    ("A01 its own, escaped", top(actor="{mallory}/users/%61lice"), NOT_SIGNER, 401),
    ("A01 its own, other letters", top(actor="{mallory}/users/Alice"), NOT_SIGNER, 401),
    ("A01 begins like its own", top(actor="{mallory}/users/alice2"), NOT_SIGNER, 401),
    ("A02 id of another origin", top(id="{blog}/activities/1"), ORIGIN),
    ("A02 id of another port", top(id="http://127.0.0.2:1/activities/1"), ORIGIN),
    ("A02 id of no port", top(id="http://127.0.0.2/activities/1"), ORIGIN),
    ("A02 id with https", lambda s, a: {**a, "id": a["id"].replace("http:", "https:")}, ORIGIN),
    ("A03 object of another origin", inner(id="{blog}/posts/1"), ORIGIN),
    ("A03 the object's id alone", top(object=SOMEBODYS_POST), ORIGIN),
    ("A03 another's words", inner(attributedTo="{blog}/users/alice"), ORIGIN),
    ("A03 another's words among one's own",
     inner(attributedTo=["{mallory}/users/alice", "{blog}/users/alice"]), ORIGIN),
    ("A03 another's words, embedded", inner(attributedTo={"id": "{blog}/users/alice"}), ORIGIN),
    ("A03 another's words, in a list of objects",
     inner(attributedTo=[{"id": "{blog}/users/alice", "type": "Person"}]), ORIGIN),
    ("A03 another is its actor", inner(actor="{blog}/users/alice"), ORIGIN),
    ("A07 Update of another's post",
     kind("Update", {"id": SOMEBODYS_POST, "type": "Note"}), ORIGIN),
    ("A07 Update with another's words",
     kind("Update", {**OWN_NOTE, "attributedTo": "{blog}/users/alice"}), ORIGIN),
    ("A07 Update of another's actor", kind("Update", "{blog}/users/alice"), ORIGIN),
    ("A07 Delete of another's post", kind("Delete", SOMEBODYS_POST), ORIGIN),
    ("A07 Delete of another's post, as a Tombstone",
     kind("Delete", {"id": SOMEBODYS_POST, "type": "Tombstone"}), ORIGIN),
    ("A07 Delete of another's actor", kind("Delete", "{blog}/users/alice"), ORIGIN),
    ("A07 Move of another", kind("Move", "{blog}/users/alice", target="{mallory}/users/x"), ORIGIN),
    ("A07 Undo of another's Announce",
     kind("Undo", {"id": "{blog}/activities/1", "type": "Announce", "actor": "{blog}/users/alice"}),
     ORIGIN),
    ("A07 Undo of another's Announce by its id", kind("Undo", "{blog}/activities/1"), ORIGIN),
    ("A07 Undo of another's Announce under an own id",
     kind("Undo", {"id": "{mallory}/activities/1", "type": "Announce",
                   "actor": "{blog}/users/alice"}), ORIGIN),
    ("A07 Add to another's collection",
     kind("Add", "{mallory}/posts/1", target="{blog}/users/alice/featured"), ORIGIN),
    ("A07 Remove from another's collection",
     kind("Remove", "{mallory}/posts/1", target="{blog}/users/alice/featured"), ORIGIN),
    ("A17 Undo of another's Follow",
     kind("Undo", {"type": "Follow", "id": "{mallory}/f", "actor": "{blog}/actor",
                   "object": PUBLIC}), ORIGIN),
    ("A17 Undo of another's Follow, another's id",
     kind("Undo", {"type": "Follow", "id": "{blog}/f", "actor": "{blog}/actor", "object": PUBLIC}),
     ORIGIN),
    ("A17 Undo of another's Follow by its id alone", kind("Undo", "{blog}/follows/1"), ORIGIN),
    ("A11 Follow of nobody", kind("Follow", "{blog}/users/alice"), "not-implemented", 501),
    ("A04 userinfo in the id",
     lambda s, a: {**a, "id": a["id"].replace("//", "//alice@")}, URL, 400),
    ("A04 backslash in the id", top(id="{mallory}\\@127.0.0.9/1"), URL, 400),
    ("A04 one slash", lambda s, a: {**a, "id": a["id"].replace("//", "/", 1)}, URL, 400),
    ("A04 an address in another form",
     lambda s, a: {**a, "id": a["id"].replace("127.0.0.2", "127.2")}, URL, 400),
    ("A04 a host behind a fragment", top(id="http://127.0.0.9#@{mallory}/1"), ORIGIN),
    ("A04 a tab in the host", lambda s, a: {**a, "id": a["id"].replace("127", "1\t27")}, URL, 400),
]


@pytest.mark.parametrize("row", LIES, ids=[row[0] for row in LIES])
def test_a_lie_is_refused_and_its_twin_accepted(s, row):
    _, bend, code, status = (*row, 403)[:4]
    honest = s.activity(s.mallory)
    lie = bend(s, honest)
    assert lie != honest
    s.refused(s.signed(lie, s.mallory), status, code)
    s.accepted(s.signed(honest, s.mallory))


IGNORED = [
    # row, what is sent in the place of an own public Create, code
    ("A08 followers only", top(to=["{mallory}/users/alice/followers"]), NOT_PUBLIC),
    ("A08 direct", top(to=["{blog}/users/alice"]), NOT_PUBLIC),
    ("A08 nobody named",
     lambda s, a: inner(to=[], cc=[])(s, {**a, "to": [], "cc": []}), NOT_PUBLIC),
    ("A08 nothing said", lambda s, a: {
        **{k: v for k, v in a.items() if k not in ("to", "cc")},
        "object": {k: v for k, v in a["object"].items() if k not in ("to", "cc")}}, NOT_PUBLIC),
    ("A08 the post is private, the activity is not",
     inner(to=["{mallory}/users/alice/followers"]), NOT_PUBLIC),
    ("A08 the activity is private, the post is not",
     top(to=["{blog}/users/alice"], cc=[]), NOT_PUBLIC),
    ("A08 something like public", top(to=[PUBLIC + "x"]), NOT_PUBLIC),
    ("A08 public in other letters", top(to=[PUBLIC.lower()]), NOT_PUBLIC),
    ("A09 unlisted", top(to=["{mallory}/users/alice/followers"], cc=[PUBLIC]), NOT_PUBLIC),
    ("A10 bto", top(bto=["{blog}/users/alice"]), NOT_PUBLIC),
    ("A10 bcc, empty", top(bcc=[]), NOT_PUBLIC),
    ("A10 bto in the post", inner(bto=["{blog}/users/alice"]), NOT_PUBLIC),
    ("A10 bcc, deep inside",
     inner(attachment=[{"type": "Note", "bcc": ["{blog}/users/alice"]}]), NOT_PUBLIC),
    ("A10 bto of a Delete", kind("Delete", "{mallory}/posts/x", bto=[]), NOT_PUBLIC),
    ("A18 Accept of a Follow that we never sent",
     lambda s, a: {**a, "type": "Accept", "object": {
         "type": "Follow", "id": s.relay.url + "/follows/1", "actor": s.relay.actor,
         "object": s.mallory.actors["instance"].id}}, "not-relayed"),
    ("A18 Reject of it",
     lambda s, a: {**a, "type": "Reject", "object": s.relay.url + "/follows/1"}, "not-relayed"),
    ("A23 unknown type", top(type="Dance"), "not-relayed"),
    ("A23 long type", top(type="D" * 200), "not-relayed"),
    ("A23 Flag", kind("Flag", ["{blog}/users/alice", SOMEBODYS_POST]), "not-relayed"),
    ("A23 Block", kind("Block", "{blog}/users/alice"), "not-relayed"),
    ("A23 Question", top(type="Question"), "not-relayed"),
    ("A23 a Note that is no activity", top(type="Note"), "not-relayed"),
    ("A23 Undo of what nobody knows", kind("Undo", {"type": "Dance", "id": "{mallory}/d"}),
     "not-relayed"),
]


@pytest.mark.parametrize("row", IGNORED, ids=[row[0] for row in IGNORED])
def test_taken_with_202_and_nothing_done(s, row):
    honest = s.activity(s.mallory)
    other = row[1](s, honest)
    assert other != honest
    s.ignored(s.signed(other, s.mallory), row[2])
    # It did not take its id into what was seen: the honest one under that id still goes out.
    s.accepted(s.signed(honest, s.mallory))


def test_a23_a_type_that_is_too_long_is_none(s):
    s.refused(s.signed(s.activity(s.mallory, type="D" * 10000), s.mallory), 400, "not-an-activity")


# --- what is embedded is not believed -------------------------------------------------------------


@pytest.mark.parametrize("what", ["Update", "Delete", "Create"])
def test_a05_an_announce_of_anothers_activity_does_nothing_to_what_is_anothers(s, what):
    """Of an embedded object only the id counts (discourse-activity-pub 337)."""
    post = s.post()
    s.accepted(post)
    create = json.loads(post.body)
    embedded = {"id": f"{s.blog.origin}/activities/forged-{what}", "type": what,
                "actor": create["actor"], "object": {**create["object"], "content": "I never said"}}
    announce = s.activity(s.mallory, type="Announce", object=embedded)
    # Of a Create it would announce what is created, but its zone has heard of that.
    s.judged(s.signed(announce, s.mallory), 202, "duplicate" if what == "Create" else "ok")
    edited = s.blog.prepare(
        {**create, "id": create["id"] + "-edit", "type": "Update"}, s.relay.inbox)
    s.accepted(edited)  # it is still there, and still its author's


def test_a22_an_id_used_before_for_something_else(s):
    first = s.activity(s.mallory)
    s.accepted(s.signed(first, s.mallory))
    other = {**s.activity(s.mallory), "id": first["id"]}
    s.refused(s.signed(other, s.mallory), 409, "id-reused")
    s.ignored(s.signed(first, s.mallory), "duplicate")


def test_a22_nobody_can_use_up_an_id_of_anothers(s):
    """The origin comes before the dedupe (CVE-2025-54888)."""
    coming = s.activity()
    s.refused(s.signed({**s.activity(s.mallory), "id": coming["id"]}, s.mallory), 403, ORIGIN)
    s.refused(s.signed(coming, s.mallory), 401, NOT_SIGNER)
    s.accepted(s.signed(coming))


def test_a22_nobody_can_use_up_a_post_by_announcing_it_first(s):
    coming = json.loads((request := s.post()).body)
    early = s.activity(s.mallory, type="Announce", object=coming["object"]["id"])
    s.accepted(s.signed(early, s.mallory))
    s.accepted(request)


# --- who is no member -----------------------------------------------------------------------------


def test_a21_who_has_not_joined_is_told_so(s):
    stranger = s.town.add("127.0.0.2:0")
    s.refused(s.signed(s.activity(stranger), stranger), 403, "not-member")
    undo = s.activity(stranger, type="Undo", object=follow(s, stranger))
    s.refused(s.signed(undo, stranger), 403, ORIGIN)  # the Follow is the instance's, not alice's
    undo = {**follow(s, stranger), "type": "Undo", "object": follow(s, stranger)}
    s.refused(s.signed(undo, stranger, "instance"), 403, "not-member")
    assert stranger.follow(s.relay.actor).status == 202
    s.news()
    s.accepted(s.signed(s.activity(stranger), stranger))
    stranger.unfollow()
    s.news()
    s.refused(s.signed(s.activity(stranger), stranger), 403, "not-member")


@pytest.mark.parametrize(("host", "code"), [(STRANGER, "no-zone"), (PARTNER, "not-invited")])
def test_a21_who_may_not_join_is_told_why(s, host, code):
    peer = s.town.add(host)
    before = len(peer.records)
    s.refused(s.signed(follow(s, peer), peer, "instance"), 403, code)
    fetched = [r for r in peer.records.all[before:] if r["path"].startswith("/actor")]
    assert (fetched == []) == (code == "no-zone")  # nothing is fetched for a host of no zone


def test_who_waits_for_approval_is_told_so(s):
    peer = s.town.add(GUEST)
    assert peer.follow(s.relay.actor).status == 202
    s.news()
    s.refused(s.signed(s.activity(peer), peer), 403, "pending")
    s.relay.told("member", "accept", peer.host, "--reason", "a test")
    s.judged(s.signed(s.activity(peer), peer), 202, "ok")  # for its own zone, and no other


def test_what_no_zone_may_have_goes_nowhere(s):
    """Whoever is denied is told so; what is dropped is answered as if it were taken."""
    for tags, code in ((["Secret"], "rule-denies"), (["Quiet"], "rule-drops"), (["other"], "ok")):
        post = s.blog.prepare(s.blog.write("a post", tags=tags), s.relay.inbox)
        if code == "ok":
            s.accepted(post)
        elif code == "rule-drops":
            s.ignored(post, code)
        else:
            s.refused(post, 403, code)


def test_an_undo_by_somebody_else_of_the_same_host(s):
    with Door() as door:
        author, other = door.author(), door.author()
        follow_request = door.follow(s.relay, author)
        s.judged(follow_request, 202, "ok")
        undo = door.activity(other, "Undo", object=json.loads(follow_request.body)["id"])
        s.refused(door.request(s.relay, other, undo), 403, "not-owner")
        s.judged(door.request(s.relay, author, {**undo, "actor": author.id}), 202, "ok")
        s.refused(door.request(s.relay, author), 403, "not-member")


def test_who_was_invited_for_a_second_is_too_late(s):
    with Door() as door:
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        s.relay.told("member", "invite", door.host, "--until", until)
        wait_until(lambda: s.relay.state(door.host) == "expired", "the invitation has ended")
        s.news()
        s.refused(door.follow(s.relay, door.author()), 403, "expired")
        s.relay.told("member", "invite", door.host, "--until", "2033-04-30")
        s.judged(door.follow(s.relay, door.author()), 202, "ok")


def test_what_an_operator_does_is_told_to_the_member(s):
    peer = s.member()
    s.news()
    good = s.signed(s.activity(peer), peer)
    s.relay.told("member", "suspend", peer.host, "--reason", "a test")
    s.refused(good, 403, "suspended")
    s.relay.told("member", "resume", peer.host)
    s.accepted(good)
    s.relay.told("member", "remove", peer.host)
    s.refused(s.signed(s.activity(peer), peer), 403, "removed")
    s.refused(s.signed(follow(s, peer), peer, "instance"), 403, "removed")


@pytest.mark.parametrize("where", ["another", "ours", "private", "localhost"])
def test_a11_a19_a_follower_with_an_inbox_elsewhere(s, where):
    """Its mail would go to somebody who did not ask for it, or back to us without end."""
    inbox = {"another": s.blog.origin + "/inbox", "ours": s.relay.inbox,
             "private": "http://10.0.0.1/inbox", "localhost": "http://localhost:6379/"}[where]
    with Door() as door:
        author = door.author()
        request = door.follow(s.relay, author)
        door.serve(author.path, door.document(author, inbox=inbox,
                                              endpoints={"sharedInbox": inbox}))
        s.refused(request, 403, "inbox-foreign")
        assert s.relay.state(door.host) is None
        door.serve(author.path, door.document(author, endpoints={"sharedInbox": inbox}))
        s.judged(request, 202, "ok")
        assert s.relay.follower(door.host)["inbox"] == author.id + "/inbox"


# --- the same host in other letters ---------------------------------------------------------------


@pytest.fixture(scope="module", name="named")
def _named(s):
    """A member by name: a door at localhost."""
    with Door("127.0.0.1:0") as door:
        door.host = door.host.replace("127.0.0.1", "localhost")
        door.url = f"http://{door.host}"
        assert s.ask(door.follow(s.relay, door.author("instance"))).status == 202
        s.news()
        yield door


SPELLINGS = [
    # row, how localhost is written, whether that is the same
    ("A04 capitals", "LocalHost", True),
    ("A04 full-width letters", "\uff4cocalhost", True),
    ("A04 soft hyphen", "local\u00adhost", True),
    ("A04 zero-width joiner", "local\u200dhost", False),
    ("A04 trailing dot", "localhost.", False),
    ("A04 full-width dot behind", "localhost\uff0e", False),
    ("A04 escaped", "loc%61lhost", False),
    ("A04 userinfo", "localhost@localhost", False),
    ("A04 long s", "local\u017fhost", False),
    ("A04 Cyrillic o", "l\u043ecalhost", None),
]


@pytest.mark.parametrize("row", SPELLINGS, ids=[row[0] for row in SPELLINGS])
def test_a04_the_same_origin_in_other_letters(s, named, row):
    """Ids are compared as origins, whose hosts are brought into one form, or refused."""
    author = named.author()
    _, name, same = row
    activity = named.activity(author)
    spelled = {**activity, "id": activity["id"].replace("localhost", name, 1)}
    request = named.request(s.relay, author, spelled)
    if same:
        s.accepted(request)
    else:
        answer = s.ask(request)
        s.news()
        assert (answer.status, answer.problem["code"]) in ((400, URL), (403, ORIGIN)), answer
        assert same is False or answer.problem["code"] == ORIGIN
        s.accepted(named.request(s.relay, author, activity))


@pytest.mark.parametrize("row", SPELLINGS, ids=[row[0] for row in SPELLINGS])
def test_a20_a_removed_host_in_other_letters_is_still_removed(s, row):
    with Door("127.0.0.1:0") as door:
        door.host = door.host.replace("127.0.0.1", "localhost")
        door.url = f"http://{door.host}"
        author = door.author()
        assert s.ask(door.follow(s.relay, author)).status == 202
        s.relay.told("member", "remove", door.host)
        s.news()
        _, name, same = row
        asked = len(door.asked)
        key_id = author.key_id.replace("localhost", name, 1)
        request = door.request(s.relay, author, door.activity(author), key_id)
        request.set("Signature", request.get("signature").encode("utf-8").decode("latin-1"))
        if not name.isascii():
            s.refused(request, 401, "signature-syntax")
        elif same:
            s.refused(request, 403, "removed")
        else:
            s.refused(request, 401, "key-id")
        assert len(door.asked) == asked
