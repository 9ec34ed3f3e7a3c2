/* What a relay that follows our actor announces to its own followers, where the object says, or is
 * itself, something that does not go on. */

#include "tests/scenario/announce_rig.h"
#include "tests/scenario/world.h"

/* Where somebody else's objects live: in a zone with private networks, in one without, in none. */
#define INSIDE "objects.corp.example"

#define PARTNER  "objects.partner.example"
#define STRANGER "objects.example"

static const struct refusal {
    const char *name, *object;
    struct fake_answer own, inside, partner, stranger; /* status 0 and no err: nobody there */
    int status;
    const char *code; /* in the log; the sender's problem document where it is one */
    bool later;       /* the sender repeats it, and then it works */
    unsigned fetches; /* of its own host's object */
} refusals[] = {
    {.name = "to followers only",
     .object = OWN,
     .own = {ANSWER(200,
                    .body = NOTE(OWN, ",\"to\":[\"https://pleroma.corp.example/u/followers\"]"))},
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "unlisted",
     .object = OWN,
     .own = {ANSWER(200, .body = NOTE(OWN, ",\"to\":[],\"cc\":[\"" PUBLIC "\"]"))},
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "hidden recipients",
     .object = OWN,
     .own = {ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"bto\":[\"x\"]"))},
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "gone",
     .object = OWN,
     .own = {ANSWER(410)},
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "not found",
     .object = OWN,
     .own = {ANSWER(404)},
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "a tombstone",
     .object = OWN,
     .own = {ANSWER(200, .body = "{\"id\":\"" OWN "\",\"type\":\"Tombstone\"}")},
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "forbidden",
     .object = OWN,
     .own = {ANSWER(403)},
     .status = 403,
     .code = "object-fetch",
     .fetches = 1},
    {.name = "unauthorised",
     .object = OWN,
     .own = {ANSWER(401)},
     .status = 403,
     .code = "object-fetch",
     .fetches = 1},
    {.name = "another id",
     .object = OWN,
     .own = {ANSWER(200, .body = PUBLIC_NOTE("https://pleroma.corp.example/objects/8"))},
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "no JSON",
     .object = OWN,
     .own = {ANSWER(200, .body = "<p>")},
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "a key twice",
     .object = OWN,
     .own = {ANSWER(200, .body = NOTE(OWN, ",\"to\":\"x\",\"to\":\"as:Public\""))},
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "not a document of ActivityPub's",
     .object = OWN,
     .own = {.status = 200, .content_type = "text/html", .body = PUBLIC_NOTE(OWN)},
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "somebody else's post",
     .object = OWN,
     .own = {ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"attributedTo\":"
                                           "\"https://" INSIDE "/u\""))},
     .status = 403,
     .code = "origin",
     .fetches = 1},
    {.name = "sent to another host",
     .object = OWN,
     .own = {ANSWER(302, .location = "https://" INSIDE "/objects/7")},
     .inside = {ANSWER(200, .body = PUBLIC_NOTE(OWN))},
     .status = 403,
     .code = "origin",
     .fetches = 1},
    {.name = "sent round in circles",
     .object = OWN,
     .own = {ANSWER(302, .location = OWN)},
     .status = 403,
     .code = "object-document",
     .fetches = 4},
    {.name = "too slow",
     .object = OWN,
     .own = {ANSWER(200, .delay_ms = 11 * SECOND, .body = PUBLIC_NOTE(OWN))},
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "an error of theirs",
     .object = OWN,
     .own = {ANSWER(502)},
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "too many questions",
     .object = OWN,
     .own = {ANSWER(429)},
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "cut off",
     .object = OWN,
     .own = {.err = ERR_CONNECT},
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "nobody there",
     .object = "https://" STRANGER "/objects/7",
     .status = 503,
     .code = "object-unreachable"},
    {.name = "a private address of a zone without any",
     .object = "https://" PARTNER "/objects/7",
     .partner = {ANSWER(200, .body = PUBLIC_NOTE("https://" PARTNER "/objects/7"))},
     .status = 403,
     .code = "address"},
    {.name = "a private address of no zone",
     .object = "https://" STRANGER "/objects/7",
     .stranger = {ANSWER(200, .body = PUBLIC_NOTE("https://" STRANGER "/objects/7"))},
     .status = 403,
     .code = "address"},
    {.name = "our own",
     .object = "https://relay.example/activities/announce-1",
     .status = 403,
     .code = "self"},
};

static unsigned foreign;

static void on_object(void *arg, const struct fake_arrived *arrived, struct fake_answer *ret)
{
    const struct fake_answer *answer = arg;
    (void)arrived;
    foreign++;
    *ret = *answer;
}

static void put(const char *host, const struct fake_answer *answer)
{
    fake_host(host, "10.7.7.7", answer->status ? on_object : NULL, (void *)(uintptr_t)answer);
}

static void refuse(const struct refusal *r)
{
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = r->own;
    put(INSIDE, &r->inside);
    put(PARTNER, &r->partner);
    put(STRANGER, &r->stranger);
    foreign = 0;
    announce_to_followers(&s, 1, r->object);
    fake_run(15 * SECOND);
    print_message("%s\n", r->name);
    assert_true(reply_is(&s.reply, r->status, r->status == 202 ? NULL : r->code));
    assert_int_equal(fake_logged("/announces/1", r->code, NULL), 1);
    assert_int_equal(world_entries(&s.w), 0);
    assert_int_equal(s.pleroma.object_fetches, r->fetches);
    assert_int_equal(foreign, 0);
    if (r->later) {
        assert_in_range(reply_retry_after(&s.reply), 20, 60);
        s.pleroma.object = public_note;
        announce_to_followers(&s, 1, r->object);
        fake_run(SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_int_equal(world_entries(&s.w), 1);
    }
    end(&s);
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        refuse(&refusals[i]);
}

/* The twins of what is refused by where it lives. */
static void test_elsewhere_it_may_live(void **state)
{
    (void)state;
    static const struct fake_answer inside = {
        ANSWER(200, .body = PUBLIC_NOTE("https://" INSIDE "/objects/7"))};
    static const struct fake_answer stranger = {
        ANSWER(200, .body = PUBLIC_NOTE("https://" STRANGER "/objects/7"))};
    struct scene s;
    begin_joined(&s);
    fake_host(INSIDE, "10.7.7.7", on_object, (void *)(uintptr_t)&inside);
    fake_host(STRANGER, "93.184.216.34", on_object, (void *)(uintptr_t)&stranger);
    announce_to_followers(&s, 1, "https://" INSIDE "/objects/7");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    announce_to_followers(&s, 2, "https://" STRANGER "/objects/7");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(world_entries(&s.w), 2);
    assert_true(span_eq(newest_entry(&s)->object_host, SPAN(STRANGER)));
    /* Moved within its host. */
    s.pleroma.object_path = "/posts/7";
    s.pleroma.object = public_note;
    s.pleroma.redirects = 1;
    s.pleroma.redirect_to = "https://pleroma.corp.example/posts/7";
    announce_to_followers(&s, 3, OWN);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(world_entries(&s.w), 3);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_elsewhere_it_may_live),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
