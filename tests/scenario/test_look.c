/* Another look at the actor of a member whose inbox is not there, or sends us elsewhere: it may
 * have moved; if not, what was lost for days is suspended. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { LATENCY_MS = 100 };

static struct fake_answer status(int code)
{
    return (struct fake_answer){.status = code, .delay_ms = 20};
}

static void begin(struct world *w, struct peer *p)
{
    world_init(w, 3);
    w->context.config->set.delivery_commit = SECOND;
    w->context.config->set.delivery_lost_after = 3 * HOUR; /* a day in an hour */
    peer_init(p, "wiki", true);
    world_courier(w);
    fake_run(SECOND);
    world_member(w, p);
    fake_run(5 * SECOND);
    assert_int_equal(p->got_n, 1); /* the Accept */
    p->fetches = 0;
}

static void end(struct world *w, struct peer *p)
{
    if (w->courier)
        world_courier_ends(w);
    world_fini(w);
    peer_fini(p);
}

static const struct member *member(const struct world *w, const struct peer *p)
{
    return fake_member(w->context.store, p->host);
}

/* A post every quarter of an hour and a bit, k of them, from number `from` on. */
static void posts(struct world *w, unsigned from, unsigned k)
{
    for (unsigned i = 0; i < k; i++) {
        world_post(w, from + i);
        fake_run(15 * MINUTE + 5 * SECOND);
    }
}

static void move_inbox(struct peer *p)
{
    snprintf(p->inbox, sizeof(p->inbox), "https://%s/new", p->host);
}

/* --- lost ------------------------------------------------------------------------------------- */

enum { ROW = 13 /* posts over three hours */ };

/* Its inbox answers 404 for that long, and its actor then this, which is asked once. */
static void lost(struct world *w, struct peer *p, struct fake_answer actor)
{
    begin(w, p);
    p->answers = status(404);
    p->document = actor;
    posts(w, 1, ROW - 1);
    assert_int_equal(p->fetches, 0);
    assert_int_equal(member(w, p)->state, MEMBER_ACTIVE);
    world_post(w, ROW);
    fake_run(MINUTE);
    assert_int_equal(p->fetches, 1);
}

static void test_lost(void **state)
{
    static const struct {
        struct fake_answer actor;
        const char *found;
        enum member_state state;
    } table[] = {
        {{.status = 200}, "found=same", MEMBER_SUSPENDED},
        {{.status = 200, .body = "{\"id\":\"https://other.example/\"}"},
         "found=gone",
         MEMBER_SUSPENDED},
        {{.status = 200, .body = "no JSON"}, "found=gone", MEMBER_SUSPENDED},
        {{.status = 404}, "found=gone", MEMBER_SUSPENDED},
        {{.status = 410}, "found=gone", MEMBER_SUSPENDED},
        /* nothing is known: it stays */
        {{.status = 503}, "found=unknown", MEMBER_ACTIVE},
        {{.status = 401}, "found=unknown", MEMBER_ACTIVE},
        {{.err = ERR_CONNECT}, "found=unknown", MEMBER_ACTIVE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct world w;
        struct peer wiki;
        lost(&w, &wiki, table[i].actor);
        assert_int_equal(member(&w, &wiki)->state, table[i].state);
        assert_int_equal(member(&w, &wiki)->lost, table[i].state == MEMBER_SUSPENDED);
        assert_int_equal(fake_logged("look", wiki.host, table[i].found), 1);
        size_t sent = wiki.got_n;
        posts(&w, ROW + 1, 1);
        assert_int_equal(wiki.got_n > sent, table[i].state == MEMBER_ACTIVE);
        end(&w, &wiki);
    }
}

/* It was away when it was looked at: that is done again, but not within the hour. */
static void test_looked_at_again(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    lost(&w, &wiki, (struct fake_answer){.status = 503});
    wiki.document = status(200);
    world_post(&w, ROW + 1);
    fake_run(HOUR - 2 * MINUTE);
    assert_int_equal(wiki.fetches, 1);
    fake_run(2 * MINUTE);
    world_post(&w, ROW + 2);
    fake_run(MINUTE);
    assert_int_equal(wiki.fetches, 2);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_SUSPENDED);
    end(&w, &wiki);
}

/* Twins: not often enough, and taken once in between. */
static void test_not_lost(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    wiki.answers = status(404);
    posts(&w, 1, 8);
    fake_run(10 * HOUR);
    posts(&w, 9, 1);
    assert_int_equal(wiki.fetches, 0);
    end(&w, &wiki);

    begin(&w, &wiki);
    wiki.answers = status(404);
    posts(&w, 1, 12);
    wiki.answers = status(202);
    posts(&w, 13, 1);
    wiki.answers = status(404);
    posts(&w, 14, 12);
    assert_int_equal(wiki.fetches, 0);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_ACTIVE);
    posts(&w, 26, 1); /* and now it is */
    assert_int_equal(member(&w, &wiki)->state, MEMBER_SUSPENDED);
    end(&w, &wiki);
}

/* Its actor names another inbox: it is a member as before, and begins anew there. */
static void test_lost_but_moved(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    wiki.answers = status(404);
    posts(&w, 1, ROW - 1);
    move_inbox(&wiki);
    posts(&w, ROW, 1);
    assert_int_equal(fake_logged("look", wiki.host, "found=moved"), 1);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_ACTIVE);
    assert_string_equal(member(&w, &wiki)->inboxes[0].url, wiki.inbox);
    posts(&w, ROW + 1, 9); /* not there either, but that is another row */
    assert_int_equal(wiki.fetches, 1);
    wiki.answers = status(202);
    posts(&w, ROW + 10, 1);
    assert_true(peer_has(&wiki, ROW + 10, ROW + 10));
    assert_string_equal(wiki.got[wiki.got_n - 1].url, wiki.inbox);
    end(&w, &wiki);
}

/* It follows again, from where its mail can be put: what comes then goes there. */
static void test_found_again(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    lost(&w, &wiki, (struct fake_answer){.status = 404});
    wiki.answers = status(202);
    wiki.document = status(200);
    move_inbox(&wiki);
    posts(&w, ROW + 1, 1); /* not its */
    struct member *with = mem_new(sizeof(*with));
    world_brings(&wiki, with);
    assert_int_equal(world_event(&w, &wiki, EVENT_FOLLOW, with), ERR_OK);
    free(with);
    fake_run(5 * SECOND);
    assert_true(wiki.got[wiki.got_n - 1].direct);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_ACTIVE);
    assert_false(member(&w, &wiki)->lost);
    posts(&w, ROW + 2, 2);
    assert_true(peer_has(&wiki, ROW + 2, ROW + 3));
    /* and its row began anew */
    wiki.answers = status(404);
    posts(&w, ROW + 4, 9);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_ACTIVE);
    end(&w, &wiki);
}

/* Several actors, each with an inbox of its own: what is known of all of them counts. */
static void several(const char *alice_inbox, int alice_status, enum member_state state)
{
    struct world w;
    struct peer wiki;
    struct peer alice;
    begin(&w, &wiki);
    peer_init_actor(&alice, &wiki, "alice", true);
    struct member *with = mem_new(sizeof(*with));
    world_brings(&alice, with);
    assert_int_equal(world_event(&w, &wiki, EVENT_FOLLOW, with), ERR_OK);
    free(with);
    fake_run(5 * SECOND);
    wiki.answers = status(404);
    posts(&w, 1, 5);
    if (alice_inbox)
        span_copy(span_of(alice_inbox), alice.inbox, sizeof(alice.inbox));
    alice.document = status(alice_status);
    posts(&w, 6, ROW - 5);
    assert_int_equal(wiki.fetches, 1);
    assert_int_equal(alice.fetches, 1);
    assert_int_equal(member(&w, &wiki)->state, state);
    assert_string_equal(member(&w, &wiki)->inboxes[0].url, wiki.inbox);
    assert_string_equal(member(&w, &wiki)->inboxes[1].url, alice.inbox);
    end(&w, &wiki);
}

static void test_several(void **state)
{
    (void)state;
    several(NULL, 200, MEMBER_SUSPENDED);
    several(NULL, 404, MEMBER_SUSPENDED);
    several(NULL, 500, MEMBER_ACTIVE);
    several("https://wiki.corp.example/alice", 200, MEMBER_ACTIVE);
}

/* --- sent elsewhere --------------------------------------------------------------------------- */

/* A post is redirected; its actor says where: the same post goes there. */
static void test_redirected(void **state)
{
    static const int codes[] = {301, 302, 307, 308};
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        w.context.config->set.delivery_commit = 100;
        move_inbox(&wiki);
        struct fake_answer away = status(codes[i]);
        away.location = "https://elsewhere.example/inbox"; /* which is not asked */
        peer_next(&wiki, away);
        world_post(&w, 1);
        fake_run(MINUTE);
        assert_int_equal(wiki.fetches, 1);
        assert_int_equal(wiki.got_n, 3);
        assert_true(peer_has(&wiki, 1, 1));
        assert_string_equal(wiki.got[2].url, wiki.inbox);
        assert_int_equal(fake_logged("look", wiki.host, "found=moved"), 1);
        assert_int_equal(fake_logged("member", wiki.host, "change=moved"), 1);
        end(&w, &wiki);
    }
}

/* It redirects, and has not moved: it is looked at once an hour, stays a member, and each post is
 * tried three times. */
static void test_redirects_for_ever(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    wiki.answers = status(301);
    for (unsigned k = 1; k <= 20; k++) {
        world_post(&w, k);
        fake_run(30 * MINUTE);
    }
    assert_in_range(wiki.fetches, 8, 10);
    assert_int_equal(member(&w, &wiki)->state, MEMBER_ACTIVE);
    assert_int_equal(peer_sent(&wiki, 1), 3);
    end(&w, &wiki);
}

/* The twin: whoever takes what it is sent, or refuses it, is not looked at. */
static void test_not_redirected(void **state)
{
    static const int codes[] = {202, 400, 404, 410, 500};
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        wiki.answers = status(codes[i]);
        posts(&w, 1, 2);
        assert_int_equal(wiki.fetches, 0);
        end(&w, &wiki);
    }
}

/* --- its end ---------------------------------------------------------------------------------- */

/* The courier goes while it waits for the record, for the document, or for the change. Whoever
 * comes next looks again. */
static void test_courier_goes(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 3 * LATENCY_MS; ms += 30) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        w.context.config->set.delivery_commit = 100;
        wiki.answers = status(301);
        wiki.document.delay_ms = LATENCY_MS;
        move_inbox(&wiki);
        world_post(&w, 1);
        while (!wiki.busy)
            assert_true(fake_step(fake_now() + MINUTE));
        fake_run(ms);
        world_courier_dies(&w);
        fake_run(MINUTE);
        wiki.answers = status(202);
        world_post(&w, 2);
        fake_run(10 * SECOND);
        assert_string_equal(member(&w, &wiki)->inboxes[0].url, wiki.inbox);
        assert_true(peer_has(&wiki, 1, 2) || peer_has(&wiki, 2, 2));
        end(&w, &wiki);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost),           cmocka_unit_test(test_looked_at_again),
        cmocka_unit_test(test_not_lost),       cmocka_unit_test(test_lost_but_moved),
        cmocka_unit_test(test_found_again),    cmocka_unit_test(test_several),
        cmocka_unit_test(test_redirected),     cmocka_unit_test(test_redirects_for_ever),
        cmocka_unit_test(test_not_redirected), cmocka_unit_test(test_courier_goes),
    };
    return cmocka_run_group_tests_name("look", tests, world_keys, world_keys_gone);
}
