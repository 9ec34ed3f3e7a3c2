"""What goes out, to whom, in which form; told by the receivers' records, never by Weir's word."""

import json
import time

import pytest

from integration.acts import (activity, activity_of, announced, as_sent, code_of, deliveries,
                              join, note, proved, received, refused, send_bytes, settle, signed_by)
from integration.relay import INTERNAL, PARTNER, PATIENCE_S, Relay
from peers import keys, signing
from peers.town import Town
from peers.wire import ACTIVITY_JSON, PUBLIC, USER_AGENT, Request


class Scene:
    """One relay; blog and wiki are departments, partner and other are partners."""

    def __init__(self, relay, add):
        self.relay = relay
        self.blog, self.wiki = (add(INTERNAL) for _ in range(2))
        self.partner, self.other = (add(PARTNER) for _ in range(2))
        for peer in (self.partner, self.other):
            relay.told("member", "invite", peer.host)
        join(relay, *self.everybody)

    @property
    def everybody(self):
        return self.blog, self.wiki, self.partner, self.other

    def send(self, kind, obj, proof=True, peer=None, **changes):
        """An activity from the blog, or whom it says; taken with 202."""
        peer = self.blog if peer is None else peer
        whole = activity(peer, kind, obj, **changes)
        sent = peer.send(proved(peer, whole) if proof else whole)
        assert sent.status == 202, sent.answer.text
        return sent

    def got(self, sent):
        """Who of all has got exactly this activity, once nothing is under way any more."""
        settle(self.relay)
        return [p for p in self.everybody if deliveries(p, activity__id=sent.id)]

    def got_announce(self, object_id):
        settle(self.relay)
        return [p for p in self.everybody
                if deliveries(p, activity__type="Announce", activity__object=object_id)]


@pytest.fixture(scope="module", name="scene")
def fixture_scene(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("relaying")) as relay, Town() as town:
        yield Scene(relay, town.add)


@pytest.fixture(name="own")
def fixture_own(tmp_path, settlers):
    """A scene of its own, for a test that changes the relay's configuration."""
    with Relay(tmp_path) as relay, Town() as town:
        yield Scene(relay, lambda address: settlers.add(town, address))


# --- what carries a proof goes out as it came ---------------------------------------------------


@pytest.mark.parametrize("kind", ["Create", "Update", "Announce", "Move", "Add", "Remove", "Like"])
def test_with_its_authors_proof_it_goes_out_byte_for_byte(scene, kind):
    obj = note(scene.blog)
    changes = {
        "Create": {"object": obj}, "Update": {"object": obj},
        "Move": {"object": scene.blog.actors["alice"].id, "target": scene.wiki.origin},
        "Add": {"target": f"{scene.blog.origin}/users/alice/collections/featured"},
        "Remove": {"target": f"{scene.blog.origin}/users/alice/collections/featured"},
    }.get(kind, {})
    sent = scene.send(kind, changes.pop("object", obj["id"]), **changes)
    record = received(scene.wiki, sent.id)
    assert as_sent(scene.relay, record, sent)
    assert record["proof"]["verdict"] == "ok"


@pytest.mark.parametrize("whole", [True, False], ids=["embedded", "bare-id"])
def test_an_undo_of_an_announce_with_a_proof_goes_out_byte_for_byte(scene, whole):
    announce = scene.send("Announce", note(scene.blog)["id"])
    received(scene.wiki, announce.id)
    undone = {k: v for k, v in announce.activity.items() if k not in ("proof", "@context")}
    sent = scene.send("Undo", undone if whole else announce.id)
    assert as_sent(scene.relay, received(scene.wiki, sent.id), sent)


def test_a_delete_with_a_proof_goes_out_byte_for_byte(scene):
    post = scene.blog.post("to be deleted")
    received(scene.wiki, post.id)
    sent = scene.blog.remove(post.object_id)
    record = received(scene.wiki, sent.id)
    assert as_sent(scene.relay, record, sent)
    assert record["did"] == "deleted"


def test_a_linked_data_signature_is_a_proof_too(scene):
    obj = note(scene.blog)
    sent = scene.send("Create", obj, proof=False, signature={
        "type": "RsaSignature2017", "creator": f"{scene.blog.actors['alice'].id}#main-key",
        "created": "2026-11-21T12:00:00Z", "signatureValue": "bm90IGNoZWNrZWQ="})
    assert as_sent(scene.relay, received(scene.wiki, sent.id), sent)


@pytest.mark.parametrize("text", [
    '{"id": "%s",\t"type" :"Create","to":["%s"],\r\n\n"object":%s , "x": 1.0e+2,"y":-0.0}',
    ' {"id":"%s","type":"\\u0043reate","to":"%s","object":%s,"e":"\\/\\ud83c\\udf32 \x7f"}\n',
    '{"id":"%s","type":["Create"],"to":["%s"],"object":%s,"b":1234567890123456, "f" : 0.10}',
], ids=["spacing", "escapes", "numbers"])
def test_however_oddly_it_is_written_its_bytes_are_kept(scene, text):
    obj = note(scene.blog)
    number = obj["id"].rsplit("/", 1)[1]
    activity_id = f"{scene.blog.origin}/activities/odd-{number}"
    body = text % (activity_id, PUBLIC, json.dumps(obj))
    body = body.rstrip("\n}") + ',"actor":"%s","proof":{"type":"DataIntegrityProof"}}' % (
        scene.blog.actors["alice"].id)
    answer = send_bytes(scene.relay, scene.blog, body.encode("utf-8"))
    assert answer.status == 202, answer.text
    record = received(scene.wiki, activity_id)
    assert record["body"].encode("utf-8") == body.encode("utf-8")


# --- what carries none is announced, or kept ----------------------------------------------------


def test_a_create_without_a_proof_is_announced_by_its_objects_id(scene):
    obj = note(scene.blog)
    before = time.time()
    sent = scene.send("Create", obj, proof=False)
    record = announced(scene.wiki, obj["id"])
    found = activity_of(record)
    assert signed_by(scene.relay, record)
    assert record["did"] == "fetched"
    assert (found["actor"], found["object"]) == (scene.relay.actor, obj["id"])
    assert found["id"].startswith(f"{scene.relay.url}/activities/announce-")
    assert PUBLIC in found["to"]
    assert before - 2 < time.mktime(time.strptime(found["published"][:19], "%Y-%m-%dT%H:%M:%S")) \
        - time.timezone < time.time() + 2
    assert deliveries(scene.wiki, activity__id=sent.id) == []


def test_a_create_with_a_proof_is_not_announced(scene):
    sent = scene.send("Create", note(scene.blog))
    received(scene.wiki, sent.id)
    assert scene.got_announce(sent.object_id) == []


def test_an_announce_without_a_proof_becomes_the_relays_own_of_the_same_object(scene):
    obj = note(scene.wiki)
    sent = scene.send("Announce", obj["id"], proof=False, peer=scene.partner)
    record = announced(scene.blog, obj["id"])
    assert signed_by(scene.relay, record)
    assert activity_of(record)["actor"] == scene.relay.actor
    assert deliveries(scene.blog, activity__id=sent.id) == []


def test_an_announce_that_wraps_a_create_becomes_an_announce_of_what_was_created(scene):
    obj = note(scene.blog)
    create = activity(scene.blog, "Create", obj)
    scene.send("Announce", create, proof=False)
    assert activity_of(announced(scene.wiki, obj["id"]))["actor"] == scene.relay.actor


@pytest.mark.parametrize("kind", ["Update", "Move", "Add", "Remove", "Like"])
def test_what_nobody_would_believe_without_a_proof_is_not_sent(scene, kind):
    obj = note(scene.blog)
    target = f"{scene.blog.origin}/users/alice/collections/featured"
    sent = scene.send(kind, obj, proof=False, target=target)
    assert scene.got(sent) == []
    assert scene.got_announce(obj["id"]) == []
    scene.relay.wait_log("journal", activity=sent.id, code="no-form")


@pytest.mark.parametrize("kind", ["Create", "Announce"])
def test_a_delete_or_undo_without_a_proof_takes_back_the_relays_announce(scene, kind):
    obj = note(scene.blog)
    first = scene.send(kind, obj if kind == "Create" else obj["id"], proof=False)
    announce = activity_of(announced(scene.wiki, obj["id"]))
    if kind == "Create":
        scene.send("Delete", {"id": obj["id"], "type": "Tombstone"}, proof=False)
    else:
        scene.send("Undo", first.activity, proof=False)
    record = scene.wiki.records.wait_for(timeout=PATIENCE_S, activity__type="Undo",
                                         activity__object=announce["id"])[0]
    assert signed_by(scene.relay, record)
    assert record["did"] == "withdrawn"
    assert activity_of(record)["actor"] == scene.relay.actor


def test_an_undo_by_bare_id_without_a_proof_takes_back_the_relays_announce(scene):
    obj = note(scene.blog)
    first = scene.send("Announce", obj["id"], proof=False)
    announce = activity_of(announced(scene.wiki, obj["id"]))
    scene.send("Undo", first.id, proof=False)
    scene.wiki.records.wait_for(timeout=PATIENCE_S, activity__type="Undo", activity__object=announce["id"])


def test_a_delete_without_a_proof_of_what_was_never_announced_says_nothing(scene):
    post = scene.blog.post("it had a proof")
    received(scene.wiki, post.id)
    deleted = scene.blog.remove(post.object_id, proof=False)
    assert deleted.status == 202
    settle(scene.relay)
    assert deliveries(scene.wiki, activity__id=deleted.id) == []
    assert [r for r in deliveries(scene.wiki, activity__type="Undo")
            if post.object_id in r["body"]] == []


# --- to whom, and to whom never -----------------------------------------------------------------


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
def test_it_never_goes_back_to_where_it_came_from(scene, proof):
    obj = note(scene.blog)
    sent = scene.send("Create", obj, proof=proof)
    settle(scene.relay)
    assert deliveries(scene.blog, activity__id=sent.id) == []
    assert deliveries(scene.blog, activity__object=obj["id"]) == []
    found = scene.got(sent) if proof else scene.got_announce(obj["id"])
    assert found == [scene.wiki]


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
def test_an_announce_of_somebody_elses_post_does_not_go_back_to_who_announced_it(scene, proof):
    object_id = f"http://127.0.0.77:1/posts/{proof}"
    sent = scene.send("Announce", object_id, proof=proof)
    received_it = scene.got(sent) if proof else scene.got_announce(object_id)
    assert received_it == [scene.wiki]


def test_an_announce_never_goes_to_where_its_object_lives(scene):
    obj = note(scene.wiki)
    scene.send("Announce", obj["id"], proof=False, peer=scene.partner)
    announced(scene.blog, obj["id"])
    assert scene.wiki not in scene.got_announce(obj["id"])


@pytest.mark.parametrize("kind", ["Like", "Dislike"])
def test_a_like_stays_inside_its_zone_where_a_post_may_cross(scene, kind):
    liked = scene.send(kind, note(scene.blog)["id"], peer=scene.partner)
    post = scene.send("Create", note(scene.partner), peer=scene.partner)
    assert scene.got(post) == [scene.blog, scene.wiki, scene.other]
    assert scene.got(liked) == [scene.other]


def test_an_undo_of_a_like_stays_inside_too(scene):
    liked = scene.send("Like", note(scene.blog)["id"], peer=scene.partner)
    sent = scene.send("Undo", {k: v for k, v in liked.activity.items() if k != "proof"},
                      peer=scene.partner)
    assert scene.got(sent) == [scene.other]


# --- nothing that is not public -----------------------------------------------------------------

FOLLOWERS, BOB = "https://example.org/followers", "https://example.org/users/bob"
NOT_PUBLIC = {
    "followers-only": ({"to": [FOLLOWERS]}, {"to": [FOLLOWERS]}),
    "direct": ({"to": [BOB]}, {"to": [BOB]}),
    "nobody": ({"to": []}, {"to": []}),
    "unsaid": ({"to": None}, {"to": None}),
    "unlisted": ({"to": [FOLLOWERS], "cc": [PUBLIC]}, {"to": [FOLLOWERS], "cc": [PUBLIC]}),
    "unlisted-object": ({}, {"to": [FOLLOWERS], "cc": [PUBLIC]}),
    "object-for-followers": ({}, {"to": [FOLLOWERS]}),
    "envelope-for-followers": ({"to": [FOLLOWERS]}, {}),
    "bto": ({"bto": [FOLLOWERS]}, {}),
    "bcc": ({"bcc": [FOLLOWERS]}, {}),
    "object-bto": ({}, {"bto": [FOLLOWERS]}),
    "object-bcc": ({}, {"bcc": FOLLOWERS}),
    "not-quite-public": ({"to": [PUBLIC.lower()]}, {"to": [PUBLIC.lower()]}),
    "public-by-another-key": ({"to": [], "audience": [PUBLIC]}, {"to": [], "audience": [PUBLIC]}),
}


@pytest.mark.parametrize("proof", [True, False], ids=["proof", "no-proof"])
@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_what_is_not_public_goes_nowhere(scene, name, proof):
    envelope, inner = NOT_PUBLIC[name]
    obj = note(scene.blog, **inner)
    sent = scene.send("Create", obj, proof=proof, **envelope)
    scene.relay.wait_log("inbox", activity=sent.id, code="not-public", status=202)
    assert scene.got(sent) == []
    assert scene.got_announce(obj["id"]) == []


@pytest.mark.parametrize("to", [PUBLIC, [PUBLIC], [FOLLOWERS, PUBLIC], "as:Public", ["Public"]],
                         ids=str)
def test_what_is_public_in_any_shape_goes_out(scene, to):
    sent = scene.send("Create", note(scene.blog, to=to), to=to)
    assert scene.got(sent) == [scene.wiki]


def test_a_forged_private_post_of_the_peers_library_goes_nowhere(scene):
    followers = f"{scene.blog.actors['alice'].id}/followers"
    sent = scene.blog.post("for friends", to=(followers,))
    assert sent.status == 202
    assert scene.got(sent) == []


def test_unlisted_posts_go_out_where_the_operator_says_so(own):
    unlisted = {"to": [FOLLOWERS], "cc": [PUBLIC]}
    before = own.send("Create", note(own.blog, **unlisted), **unlisted)
    assert own.got(before) == []
    own.relay.replace("zones:\n", "accept: { unlisted: yes }\nzones:\n")
    own.relay.reload()
    after = own.send("Create", note(own.blog, **unlisted), **unlisted)
    assert own.got(after) == [own.wiki]
    private = own.send("Create", note(own.blog, to=[FOLLOWERS]), to=[FOLLOWERS])
    assert own.got(private) == []


# --- again, and round and round -----------------------------------------------------------------


def test_the_very_same_request_twice_is_delivered_once(scene):
    request = scene.blog.prepare(scene.blog.write("with a stutter"), scene.relay.inbox)
    sent_id = json.loads(request.body)["id"]
    assert [scene.blog.transmit(request).status for _ in range(2)] == [202, 202]
    received(scene.wiki, sent_id)
    settle(scene.relay)
    assert len(deliveries(scene.wiki, activity__id=sent_id)) == 1
    scene.relay.wait_log("inbox", activity=sent_id, code="duplicate", status=202)


def test_the_same_activity_signed_anew_is_delivered_once(scene):
    sent = scene.send("Create", note(scene.blog))
    assert scene.blog.send(sent.activity).status == 202
    received(scene.wiki, sent.id)
    settle(scene.relay)
    assert len(deliveries(scene.wiki, activity__id=sent.id)) == 1


def test_an_id_that_is_used_for_something_else_is_refused(scene):
    sent = scene.send("Create", note(scene.blog))
    other = activity(scene.blog, "Create", note(scene.blog), id=sent.id)
    refused(scene.blog.send(proved(scene.blog, other)), 409, "id-reused")


def test_what_somebody_else_announces_of_a_post_that_went_out_is_not_relayed_again(scene):
    obj = note(scene.blog)
    scene.send("Create", obj, proof=False)
    announced(scene.wiki, obj["id"])
    again = scene.send("Announce", obj["id"], proof=False, peer=scene.wiki)
    scene.relay.wait_log("inbox", activity=again.id, code="duplicate", status=202)
    settle(scene.relay)
    assert deliveries(scene.blog, activity__object=obj["id"]) == []


def test_the_relays_own_announce_does_not_come_back_in(scene):
    obj = note(scene.blog)
    scene.send("Create", obj, proof=False)
    body = announced(scene.wiki, obj["id"])["body"].encode("utf-8")
    answer = send_bytes(scene.relay, scene.wiki, body)
    assert (answer.status, code_of(answer)) == (401, "actor-not-signer")


def test_what_was_relayed_does_not_come_back_in_from_who_received_it(scene):
    sent = scene.send("Create", note(scene.blog))
    received(scene.wiki, sent.id)
    answer = send_bytes(scene.relay, scene.wiki, sent.request.body)
    assert (answer.status, code_of(answer)) == (401, "actor-not-signer")


def test_nobody_can_speak_for_the_relay_to_the_relay(scene):
    """Also not who somehow has its key."""
    whole = activity(scene.blog, "Announce", note(scene.blog)["id"], actor=scene.relay.actor)
    answer = from_relay(scene.relay, scene.relay.inbox, whole, scene.blog)
    assert (answer.status, code_of(answer)) == (403, "self")


def from_relay(relay, inbox, whole, carrier):
    """What this relay would have signed, had it written it; brought by a peer."""
    key = keys.load_private_pem((relay.data / "actor-rsa.pem").read_bytes())
    headers = [("User-Agent", USER_AGENT), ("Content-Type", ACTIVITY_JSON)]
    request = Request("POST", inbox, headers, json.dumps(whole).encode("utf-8"))
    signing.sign_cavage(request, f"{relay.actor}#main-key", key, time.time())
    return carrier.transmit(request)


def test_two_relays_that_feed_each_other_pass_a_post_on_once(tmp_path, settlers):
    open_to_relays = {"extra": "  - { name: all, from: '*', to: '*', then: allow }\n"}
    with Relay(tmp_path / "a", **open_to_relays) as one, \
            Relay(tmp_path / "b", **open_to_relays) as two, Town() as town:
        relays = (one, two)
        for relay in relays:
            relay.replace("guests:\n    hosts: [", 'guests:\n    hosts: ["127.0.0.1:*", ')
            relay.replace("join: approval", "join: open")
            relay.reload()
        blog, wiki = (settlers.add(town, INTERNAL) for _ in range(2))
        join(one, blog)
        join(two, wiki)
        for relay, other in (relays, relays[::-1]):
            whole = {"@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
                     "id": f"{relay.url}/follow", "actor": relay.actor, "object": PUBLIC}
            assert from_relay(relay, other.inbox, whole, blog).status == 202
        obj = note(blog)
        blog.send(activity(blog, "Create", obj))
        found = announced(wiki, obj["id"])
        assert activity_of(found)["actor"] == two.actor
        for relay in (*relays, *relays):
            settle(relay)
        assert len(deliveries(wiki, activity__object=obj["id"])) == 1
        assert deliveries(blog, activity__object=obj["id"]) == []
        assert len(two.log("inbox", type="Announce", status=202)) == 1
        assert one.log("inbox", type="Announce") == []


# --- what follows a post goes where the post went -----------------------------------------------


def test_an_update_and_a_delete_go_where_the_post_went_and_nowhere_else(scene):
    shared = scene.blog.post("for all", tags=["partners"])
    inside = scene.blog.post("for us")
    assert scene.got(shared) == [scene.wiki, scene.partner, scene.other]
    assert scene.got(inside) == [scene.wiki]
    for change in (lambda post: scene.blog.edit(post.object_id, "another text"),
                   lambda post: scene.blog.remove(post.object_id)):
        assert scene.got(change(shared)) == [scene.wiki, scene.partner, scene.other]
        assert scene.got(change(inside)) == [scene.wiki]


def test_what_went_out_is_changed_and_taken_back_also_after_the_rule_is_gone(own):
    edited, deleted = (own.blog.post(text, tags=["partners"]) for text in ("one", "two"))
    assert own.got(edited) == own.got(deleted) == [own.wiki, own.partner, own.other]
    own.relay.replace("to: partners, when: { tags: [partners] }, then: allow",
                      "to: partners, when: { tags: [partners] }, then: deny")
    own.relay.reload()
    update = own.blog.edit(edited.object_id, "another text")
    delete = own.blog.remove(deleted.object_id)
    later = own.blog.post("three", tags=["partners"])
    assert own.got(update) == own.got(delete) == [own.wiki, own.partner, own.other]
    assert own.got(later) == [own.wiki]


def test_what_stayed_inside_is_not_made_known_by_its_update_or_delete(own):
    edited, deleted = own.blog.post("one"), own.blog.post("two")
    assert own.got(edited) == own.got(deleted) == [own.wiki]
    own.relay.replace("when: { tags: [partners] }, ", "")
    own.relay.reload()
    update = own.blog.edit(edited.object_id, "another text")
    delete = own.blog.remove(deleted.object_id)
    later = own.blog.post("three")
    assert own.got(update) == own.got(delete) == [own.wiki]
    assert own.got(later) == [own.wiki, own.partner, own.other]


def test_a_delete_of_what_is_not_known_stays_in_the_senders_zone(scene):
    sent = scene.send("Delete", f"{scene.partner.origin}/never/seen", peer=scene.partner)
    assert scene.got(sent) == [scene.other]


def test_an_account_that_deletes_itself_is_taken_at_its_word(scene):
    actor = scene.blog.actors["alice"].id
    sent = scene.send("Delete", actor)
    assert scene.got(sent) == [scene.wiki]


def test_nobody_deletes_what_another_server_wrote(scene):
    post = scene.blog.post("mine")
    received(scene.wiki, post.id)
    forged = activity(scene.wiki, "Delete", post.object_id)
    refused(scene.wiki.send(proved(scene.wiki, forged)), 403, "origin")
    settle(scene.relay)
    assert deliveries(scene.blog, activity__type="Delete", activity__object=post.object_id) == []


def test_a_post_that_comes_after_its_own_deletion_is_not_shown(scene):
    obj = note(scene.blog, published="2026-11-21T10:00:00Z")
    scene.send("Delete", obj["id"])
    late = scene.send("Create", obj)
    scene.relay.wait_log("inbox", activity=late.id, code="stale", status=202)
    assert scene.got(late) == []
