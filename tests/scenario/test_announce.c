/* What a relay that follows our actor announces to its own followers: the object is fetched, and
 * says whether it may go on. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <string.h>

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

/* Where somebody else's objects live: in a zone with private networks, in one without, in none. */
#define INSIDE   "objects.corp.example"
#define PARTNER  "objects.partner.example"
#define STRANGER "objects.example"

/* --- the scene ------------------------------------------------------------------------------- */

struct scene {
    struct world w;
    struct peer pleroma;
    struct fake_reply reply;
};

static void follow_actor(struct scene *s)
{
    struct bytes body;
    bytes_init(&body, 8192);
    write_follow_actor(&s->pleroma, &body);
    world_send(&s->w, &s->pleroma, -1, &body, &s->reply);
    bytes_fini(&body);
    fake_run(SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
}

static void begin(struct scene *s)
{
    world_init(&s->w, 5);
    peer_init(&s->pleroma, "pleroma", true);
    s->pleroma.object_path = "/objects/7";
    world_front(&s->w);
}

/* The same with a relay that has joined. */
static void begin_joined(struct scene *s)
{
    begin(s);
    follow_actor(s);
    assert_int_equal(fake_member(s->w.context.store, s->pleroma.host)->state, MEMBER_ACTIVE);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->pleroma);
}

/* An Announce of this object, number n, with these members besides. */
static void announce(struct scene *s, unsigned n, const char *object, const char *more)
{
    struct bytes body;
    bytes_init(&body, 8192);
    bytes_addf(&body,
               "{\"id\":\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\","
               "\"object\":\"%s\",%s}",
               s->pleroma.host, n, s->pleroma.actor, object, more);
    world_send(&s->w, &s->pleroma, -1, &body, &s->reply);
    bytes_fini(&body);
}

#define TO_FOLLOWERS "\"to\":[\"https://pleroma.corp.example/actor/followers\"],\"cc\":[]"
#define OWN          "https://pleroma.corp.example/objects/7"

static void announce_to_followers(struct scene *s, unsigned n, const char *object)
{
    announce(s, n, object, TO_FOLLOWERS);
}

static const struct entry *newest_entry(const struct scene *s)
{
    const struct fake_line *lines;
    const struct entry *found = NULL;
    size_t n = fake_lines(s->w.context.store, &lines);
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY)
            found = lines[i].line.entry;
    return found;
}

#define AS              .content_type = "application/activity+json"
#define NOTE(id, more)  "{\"id\":\"" id "\",\"type\":\"Note\"" more "}"
#define PUBLIC_NOTE(id) NOTE(id, ",\"to\":[\"" PUBLIC "\"]")
#define ANSWER(status_, ...)                                                                       \
    {                                                                                              \
        .status = (status_), AS, __VA_ARGS__                                                       \
    }

static const struct fake_answer public_note = ANSWER(200, .body = PUBLIC_NOTE(OWN));

/* --- what goes on ---------------------------------------------------------------------------- */

static void test_the_object_decides(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    announce_to_followers(&s, 1, OWN);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(s.pleroma.object_fetches, 1);
    assert_int_equal(world_entries(&s.w), 1);
    const struct entry *e = newest_entry(&s);
    assert_int_equal(e->facts.type, ACTIVITY_ANNOUNCE);
    assert_false(e->facts.nameless);
    assert_true(span_eq(e->object, SPAN(OWN)));
    assert_true(span_eq_str(e->origin, s.pleroma.host)); /* and so it never goes back there */
    assert_true(span_eq_str(e->audience, "internal"));
    /* Its tags are the object's. */
    s.pleroma.object =
        (struct fake_answer)ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"tag\":{\"type\":"
                                                          "\"Hashtag\",\"name\":\"#partners\"}"));
    announce_to_followers(&s, 2, OWN);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    e = newest_entry(&s);
    assert_true(span_eq_str(e->audience, "internal,partners"));
    end(&s);
}

/* What it says of itself counts for nothing: neither a tag, nor a proof, which was made for what
 * its followers may read. */
static void test_its_own_claims_do_not(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    announce(&s, 1, OWN,
             TO_FOLLOWERS ",\"tag\":{\"type\":\"Hashtag\",\"name\":\"#partners\"},"
                          "\"proof\":{\"type\":\"DataIntegrityProof\"}");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(world_entries(&s.w), 1);
    assert_true(span_eq_str(newest_entry(&s)->audience, "internal"));
    assert_false(newest_entry(&s)->facts.has_proof);
    end(&s);
}

/* To everybody: it goes on as it always did, and nothing is fetched. */
static void test_to_everybody_is_not_fetched(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    announce(&s, 1, OWN, "\"to\":\"" PUBLIC "\"");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(s.pleroma.object_fetches, 0);
    assert_int_equal(world_entries(&s.w), 1);
    end(&s);
}

/* --- what does not --------------------------------------------------------------------------- */

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
     .own =
         ANSWER(200, .body = NOTE(OWN, ",\"to\":[\"https://pleroma.corp.example/u/followers\"]")),
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "unlisted",
     .object = OWN,
     .own = ANSWER(200, .body = NOTE(OWN, ",\"to\":[],\"cc\":[\"" PUBLIC "\"]")),
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "hidden recipients",
     .object = OWN,
     .own = ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"bto\":[\"x\"]")),
     .status = 202,
     .code = "not-public",
     .fetches = 1},
    {.name = "gone",
     .object = OWN,
     .own = ANSWER(410),
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "not found",
     .object = OWN,
     .own = ANSWER(404),
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "a tombstone",
     .object = OWN,
     .own = ANSWER(200, .body = "{\"id\":\"" OWN "\",\"type\":\"Tombstone\"}"),
     .status = 202,
     .code = "object-gone",
     .fetches = 1},
    {.name = "forbidden",
     .object = OWN,
     .own = ANSWER(403),
     .status = 403,
     .code = "object-fetch",
     .fetches = 1},
    {.name = "unauthorised",
     .object = OWN,
     .own = ANSWER(401),
     .status = 403,
     .code = "object-fetch",
     .fetches = 1},
    {.name = "another id",
     .object = OWN,
     .own = ANSWER(200, .body = PUBLIC_NOTE("https://pleroma.corp.example/objects/8")),
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "no JSON",
     .object = OWN,
     .own = ANSWER(200, .body = "<p>"),
     .status = 403,
     .code = "object-document",
     .fetches = 1},
    {.name = "a key twice",
     .object = OWN,
     .own = ANSWER(200, .body = NOTE(OWN, ",\"to\":\"x\",\"to\":\"as:Public\"")),
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
     .own = ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"attributedTo\":"
                                          "\"https://" INSIDE "/u\"")),
     .status = 403,
     .code = "origin",
     .fetches = 1},
    {.name = "sent to another host",
     .object = OWN,
     .own = ANSWER(302, .location = "https://" INSIDE "/objects/7"),
     .inside = ANSWER(200, .body = PUBLIC_NOTE(OWN)),
     .status = 403,
     .code = "origin",
     .fetches = 1},
    {.name = "sent round in circles",
     .object = OWN,
     .own = ANSWER(302, .location = OWN),
     .status = 403,
     .code = "object-document",
     .fetches = 4},
    {.name = "too slow",
     .object = OWN,
     .own = ANSWER(200, .delay_ms = 11 * SECOND, .body = PUBLIC_NOTE(OWN)),
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "an error of theirs",
     .object = OWN,
     .own = ANSWER(502),
     .status = 503,
     .code = "object-unreachable",
     .later = true,
     .fetches = 1},
    {.name = "too many questions",
     .object = OWN,
     .own = ANSWER(429),
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
     .partner = ANSWER(200, .body = PUBLIC_NOTE("https://" PARTNER "/objects/7")),
     .status = 403,
     .code = "address"},
    {.name = "a private address of no zone",
     .object = "https://" STRANGER "/objects/7",
     .stranger = ANSWER(200, .body = PUBLIC_NOTE("https://" STRANGER "/objects/7")),
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
    static const struct fake_answer inside =
        ANSWER(200, .body = PUBLIC_NOTE("https://" INSIDE "/objects/7"));
    static const struct fake_answer stranger =
        ANSWER(200, .body = PUBLIC_NOTE("https://" STRANGER "/objects/7"));
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

/* --- who may --------------------------------------------------------------------------------- */

/* To the followers of somebody else, or by a follower that is not a relay: nothing is fetched. */
static void test_who_is_no_relay(void **state)
{
    (void)state;
    static const char elsewhere[] = "\"to\":[\"https://pleroma.corp.example/others/followers\"]";
    for (int i = 0; i < 3; i++) {
        struct scene s;
        begin(&s);
        s.pleroma.object = public_note;
        s.pleroma.type = i == 1 ? "Person" : "Application";
        if (i == 0)
            world_member(&s.w, &s.pleroma); /* follows the public collection */
        else
            follow_actor(&s);
        announce(&s, 1, OWN, i == 2 ? elsewhere : TO_FOLLOWERS);
        fake_run(SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_int_equal(fake_logged("/announces/1", "not-public", NULL), 1);
        assert_int_equal(s.pleroma.object_fetches, 0);
        assert_int_equal(world_entries(&s.w), 0);
        if (i == 2) { /* the twin */
            announce_to_followers(&s, 2, OWN);
            fake_run(SECOND);
            assert_int_equal(s.pleroma.object_fetches, 1);
            assert_int_equal(world_entries(&s.w), 1);
        }
        end(&s);
    }
}

/* Suspended while its object is on the way. */
static void test_suspended_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    s.pleroma.object.delay_ms = SECOND;
    announce_to_followers(&s, 1, OWN);
    fake_run(500);
    assert_int_equal(s.reply.times, 0);
    assert_int_equal(world_event(&s.w, &s.pleroma, EVENT_SUSPEND, NULL), ERR_OK);
    fake_run(2 * SECOND);
    assert_true(reply_is(&s.reply, 403, "suspended"));
    assert_int_equal(world_entries(&s.w), 0);
    end(&s);
}

/* --- while it waits -------------------------------------------------------------------------- */

static void test_abandoned_at_each_step(void **state)
{
    (void)state;
    bool done = false;
    unsigned fetching = 0;
    for (unsigned steps = 0; !done; steps++) {
        struct scene s;
        begin_joined(&s);
        s.pleroma.object = public_note;
        s.pleroma.object.delay_ms = 50;
        announce_to_followers(&s, 1, OWN);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        done = s.reply.times != 0;
        fetching += fake_calls() == 1;
        front_free(&s.w.front);
        assert_int_equal(fake_calls(), 0);
        assert_true(reply_is(&s.reply, done ? 202 : 503, NULL));
        fake_run(10 * SECOND);
        assert_int_equal(s.reply.times, 1);
        end(&s);
    }
    assert_true(fetching >= 2); /* on its way, and on its way back */
}

static void test_reload_at_each_step(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned steps = 0; !done; steps++) {
        struct scene s;
        begin_joined(&s);
        s.pleroma.object = public_note;
        s.pleroma.object.delay_ms = 50;
        announce_to_followers(&s, 1, OWN);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        done = s.reply.times != 0;
        world_policy(&s.w, NULL);
        fake_run(10 * SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_int_equal(world_entries(&s.w), 1);
        end(&s);
    }
}

/* So many at once, and no more; whoever comes later is told to come again. */
static void test_many_at_once(void **state)
{
    (void)state;
    enum { MANY = 260, MOST = 256 };
    static struct fake_reply replies[MANY];
    struct scene s;
    unsigned taken = 0;
    unsigned later = 0;
    begin_joined(&s);
    s.pleroma.object = public_note;
    s.pleroma.object.delay_ms = SECOND;
    for (unsigned i = 0; i < MANY; i++) {
        struct bytes body;
        bytes_init(&body, 8192);
        bytes_addf(&body,
                   "{\"id\":\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\","
                   "\"object\":\"" OWN "\"," TO_FOLLOWERS "}",
                   s.pleroma.host, i, s.pleroma.actor);
        world_send(&s.w, &s.pleroma, -1, &body, &replies[i]);
        bytes_fini(&body);
    }
    fake_run(500);
    assert_int_equal(fake_calls(), MOST);
    fake_run(5 * SECOND);
    for (unsigned i = 0; i < MANY; i++) {
        taken += replies[i].status == 202;
        later += replies[i].status == 503 && strstr(replies[i].body, "object-unreachable") != NULL;
    }
    assert_int_equal(taken, MOST);
    assert_int_equal(later, MANY - MOST);
    announce_to_followers(&s, MANY, OWN); /* and there is room again */
    fake_run(2 * SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_object_decides),
        cmocka_unit_test(test_its_own_claims_do_not),
        cmocka_unit_test(test_to_everybody_is_not_fetched),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_elsewhere_it_may_live),
        cmocka_unit_test(test_who_is_no_relay),
        cmocka_unit_test(test_suspended_meanwhile),
        cmocka_unit_test(test_abandoned_at_each_step),
        cmocka_unit_test(test_reload_at_each_step),
        cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
