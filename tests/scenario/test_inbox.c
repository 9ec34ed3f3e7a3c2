/* One request to the inbox, from accept to reply, while the store, the member or the process itself
 * does something else. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct world *w, struct peer *p)
{
    world_init(w, 2);
    peer_init(p, "blog", true);
    world_front(w);
}

/* The same with a member whose key is known. */
static void begin_known(struct world *w, struct peer *p)
{
    struct fake_reply reply;
    begin(w, p);
    world_member(w, p);
    world_send_create(w, p, 999, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(w), 1);
}

static void end(struct world *w, struct peer *p)
{
    world_fini(w);
    peer_fini(p);
}

/* --- joining --------------------------------------------------------------------------------- */

static void test_follow_and_post(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    world_send_create(&w, &blog, 1, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 403, "not-member"));
    world_send_follow(&w, &blog, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(fake_member(w.context.store, blog.host)->state, MEMBER_ACTIVE);
    assert_int_equal(fake_mail(w.context.store), 1); /* the Accept */
    world_send_create(&w, &blog, 1, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(&w), 1);
    end(&w, &blog);
}

static void test_stranger_is_refused_before_any_fetch(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct peer stranger;
    struct fake_reply reply;
    begin(&w, &blog);
    peer_init(&stranger, "stranger", true);
    snprintf(stranger.host, sizeof(stranger.host), "stranger.example");
    snprintf(stranger.actor, sizeof(stranger.actor), "https://stranger.example/actor");
    snprintf(stranger.key_id, sizeof(stranger.key_id), "https://stranger.example/actor#main-key");
    peer_moves(&stranger, "93.184.216.34");
    world_send_follow(&w, &stranger, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 403, "no-zone"));
    assert_int_equal(stranger.fetches, 0);
    peer_fini(&stranger);
    /* The twin: a host of a zone is asked for its key. */
    world_send_follow(&w, &blog, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 1);
    end(&w, &blog);
}

/* Two Follows at once change one record twice; neither is lost, neither is answered with an error.
 */
static void test_two_follows_at_once(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply replies[2];
    begin(&w, &blog);
    world_send_follow(&w, &blog, &replies[0]);
    world_send_follow(&w, &blog, &replies[1]);
    fake_run(SECOND);
    assert_true(reply_is(&replies[0], 202, NULL));
    assert_true(reply_is(&replies[1], 202, NULL));
    assert_int_equal(fake_member(w.context.store, blog.host)->ver, 2);
    assert_true(fake_called(OP_CHANGE) > 2); /* one of them met the other */
    end(&w, &blog);
}

/* --- the member changes meanwhile ------------------------------------------------------------ */

static void on_changed(void *arg, enum err err, const struct member *member)
{
    enum err *ret = arg;
    (void)member;
    *ret = err;
}

/* The change and the request read the member at the same time; the change is written first. */
static void race(struct world *w, const struct peer *p, enum member_event event, unsigned k,
                 struct fake_reply *reply)
{
    enum err err = ERR_COUNT;
    struct member *with = mem_new(sizeof(*with));
    struct membership_ask ask = {.host = span_of(p->host), .event = event, .with = with};
    world_brings(p, with);
    membership_change(&w->context, &ask, on_changed, &err);
    free(with);
    world_send_create(w, p, k, reply);
    fake_run(SECOND);
    assert_int_equal(err, ERR_OK);
}

static void test_suspended_between_decision_and_journal(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin_known(&w, &blog);
    race(&w, &blog, EVENT_SUSPEND, 1, &reply);
    assert_int_equal(fake_called(OP_APPEND), 2);
    assert_true(reply_is(&reply, 403, "suspended"));
    assert_int_equal(world_entries(&w), 1);
    /* The twin: a journal that does not look at the version takes it, and the count shows it. */
    assert_int_equal(world_event(&w, &blog, EVENT_RESUME, NULL), ERR_OK);
    fake_lie(LIE_APPEND_IGNORES);
    race(&w, &blog, EVENT_SUSPEND, 2, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(&w), 2);
    end(&w, &blog);
}

static void test_decided_again_and_taken(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin_known(&w, &blog);
    /* Something that changes the record, and not what the member may do. */
    race(&w, &blog, EVENT_FOLLOW, 1, &reply);
    assert_int_equal(fake_called(OP_APPEND), 3);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(&w), 2);
    end(&w, &blog);
}

/* --- the store goes away --------------------------------------------------------------------- */

static void repeat(struct world *w, const struct peer *p, unsigned k)
{
    struct fake_reply reply;
    world_send_create(w, p, k, &reply);
    fake_run(3 * SECOND);
    assert_true(reply_is(&reply, 202, NULL));
}

static void one_append_fails(enum fake_fault fault)
{
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin_known(&w, &blog);
    fake_fault(OP_APPEND, fault, 0, 1);
    world_send_create(&w, &blog, 1, &reply);
    fake_run(3 * SECOND);
    assert_true(reply_is(&reply, 503, "unavailable"));
    assert_in_range(reply_retry_after(&reply), 20, 60);
    assert_int_equal(world_entries(&w), fault == FAULT_UNANSWERED ? 2 : 1);
    repeat(&w, &blog, 1); /* as the sender will */
    assert_int_equal(world_entries(&w), 2);
    end(&w, &blog);
}

static void test_append_is_lost(void **state)
{
    (void)state;
    one_append_fails(FAULT_LOST);
    one_append_fails(FAULT_UNANSWERED);
    one_append_fails(FAULT_REFUSED);
}

static void test_store_is_away(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin_known(&w, &blog);
    unsigned asked = fake_called(OP_MEMBER);
    fake_store_up(w.context.store, false, false);
    world_send_create(&w, &blog, 1, &reply);
    fake_run(10);
    assert_true(reply_is(&reply, 503, "unavailable"));
    assert_in_range(reply_retry_after(&reply), 20, 60);
    assert_int_equal(fake_called(OP_MEMBER), asked);
    fake_store_up(w.context.store, true, true);
    repeat(&w, &blog, 1);
    assert_int_equal(world_entries(&w), 2);
    end(&w, &blog);
}

/* Whatever the store does not answer, the sender is told to come again, and then it works. */
static void test_each_question_unanswered(void **state)
{
    (void)state;
    static const enum fake_op ops[] = {OP_MEMBER, OP_CHANGE};
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
        for (unsigned first = 0; first < (ops[i] == OP_MEMBER ? 2U : 1U); first++) {
            struct world w;
            struct peer blog;
            struct fake_reply reply;
            begin(&w, &blog);
            fake_fault(ops[i], FAULT_UNANSWERED, first, 1);
            world_send_follow(&w, &blog, &reply);
            fake_run(5 * SECOND);
            assert_true(reply_is(&reply, 503, "unavailable"));
            world_send_follow(&w, &blog, &reply);
            fake_run(SECOND);
            assert_true(reply_is(&reply, 202, NULL));
            end(&w, &blog);
        }
    /* A key that Redis does not tell is fetched. */
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    world_member(&w, &blog);
    fake_fault(OP_KEY, FAULT_LOST, 0, 1);
    world_send_create(&w, &blog, 1, &reply);
    fake_run(5 * SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 1);
    end(&w, &blog);
}

/* --- given up -------------------------------------------------------------------------------- */

/* The front goes after each step of a request in turn: it is answered once, with 503 or with what
 * it had earned already, and nothing leaks or is called back (the sanitizers see to that). */
static void abandon_after_each_step(bool follow)
{
    unsigned abandoned = 0;
    bool done = false;
    for (unsigned steps = 0; !done; steps++) {
        struct world w;
        struct peer blog;
        struct fake_reply reply;
        begin(&w, &blog);
        if (!follow)
            world_member(&w, &blog);
        blog.document.delay_ms = 50;
        if (follow)
            world_send_follow(&w, &blog, &reply);
        else
            world_send_create(&w, &blog, 1, &reply);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        done = reply.times != 0;
        front_free(&w.front);
        assert_true(reply_is(&reply, done ? 202 : 503, NULL));
        abandoned += !done;
        fake_run(10 * SECOND);
        assert_int_equal(reply.times, 1);
        end(&w, &blog);
    }
    /* member, key in Redis, document, then append; or read and change: each takes two steps. */
    assert_true(abandoned >= (follow ? 10 : 8));
}

static void test_abandoned_at_each_step(void **state)
{
    (void)state;
    abandon_after_each_step(false);
    abandon_after_each_step(true);
}

/* The usual zones, and a rule that decides about every post: its name is in the log line. */
static const char one_rule[] = WORLD_ZONES "rules:\n"
                                           "  - { name: shared, from: internal, to: partners,\n"
                                           "      then: allow }\n";

/* The configuration that a request began under is gone while it waits: nothing of it may be
 * touched. */
static void test_reload_at_each_step(void **state)
{
    (void)state;
    bool done = false;
    unsigned reloads = 0;
    for (unsigned steps = 0; !done; steps++) {
        struct world w;
        struct peer blog;
        struct fake_reply reply;
        begin(&w, &blog);
        world_policy(&w, one_rule);
        world_member(&w, &blog);
        blog.document.delay_ms = 50;
        world_send_create(&w, &blog, 1, &reply);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        done = reply.times != 0;
        world_policy(&w, NULL);
        reloads += !done;
        fake_run(10 * SECOND);
        assert_true(reply_is(&reply, 202, NULL));
        assert_int_equal(reply.times, 1);
        end(&w, &blog);
    }
    assert_true(reloads >= 8);
}

static void abandon_while(enum fake_op op, unsigned first, bool follow)
{
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    if (!follow)
        world_member(&w, &blog);
    fake_fault(op, FAULT_LOST, first, 1);
    if (follow)
        world_send_follow(&w, &blog, &reply);
    else
        world_send_create(&w, &blog, 1, &reply);
    fake_run(SECOND);
    assert_int_equal(reply.times, 0); /* it waits */
    front_free(&w.front);
    assert_true(reply_is(&reply, 503, "unavailable"));
    end(&w, &blog); /* where what is on its way still comes, and finds nobody */
}

static void test_abandoned_while_it_waits(void **state)
{
    (void)state;
    abandon_while(OP_MEMBER, 0, false);
    abandon_while(OP_KEY, 0, false);
    abandon_while(OP_APPEND, 0, false);
    abandon_while(OP_MEMBER, 1, true);
    abandon_while(OP_CHANGE, 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow_and_post),
        cmocka_unit_test(test_stranger_is_refused_before_any_fetch),
        cmocka_unit_test(test_two_follows_at_once),
        cmocka_unit_test(test_suspended_between_decision_and_journal),
        cmocka_unit_test(test_decided_again_and_taken),
        cmocka_unit_test(test_append_is_lost),
        cmocka_unit_test(test_store_is_away),
        cmocka_unit_test(test_each_question_unanswered),
        cmocka_unit_test(test_abandoned_at_each_step),
        cmocka_unit_test(test_reload_at_each_step),
        cmocka_unit_test(test_abandoned_while_it_waits),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
