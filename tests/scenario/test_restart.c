/* The courier dies, after each step in turn, and another one goes on; the store goes away and comes
 * back. The promise: what was accepted reaches everyone who was entitled to it, and nobody else;
 * what is sent twice is what was under way or not committed, and nothing older. */
#include "tests/scenario/world.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS = 3, POSTS = 8, STEPS_MOST = 4000 };

static struct peer peers[PEERS];
static int64_t at_once = 1; /* attempts at one host */

static void post(struct world *w, unsigned from, unsigned to)
{
    for (unsigned k = from; k <= to; k++)
        world_post(w, k);
}

/* What there is to do: posts, an inbox that fails for a while, one that is slow, a member that
 * comes in the middle. */
static void begin(struct world *w, enum fake_lie lie)
{
    static const char *const names[PEERS] = {"well", "ill", "late"};
    world_init(w, 9);
    for (unsigned i = 0; i < PEERS; i++)
        peer_init(&peers[i], names[i], true);
    peers[0].answers.delay_ms = 35;
    peers[1].script_posts = true;
    for (int i = 0; i < 3; i++)
        peer_next(&peers[1], (struct fake_answer){.status = 500}); /* one is set aside */
    peer_next(&peers[1], (struct fake_answer){.status = 410});     /* refuses one for good */
    for (unsigned i = 0; at_once > 1 && i < 2 * POSTS; i++)        /* in no order */
        peer_next(&peers[0], (struct fake_answer){.status = 202, .delay_ms = 35 + 70 * (i % 3)});
    w->context.config->set.delivery_aside = SECOND;
    w->context.config->set.delivery_window = at_once;
    world_member(w, &peers[0]);
    world_member(w, &peers[1]);
    post(w, 1, 3);
    world_member(w, &peers[2]);
    post(w, 4, POSTS);
    fake_lie(lie);
    world_courier(w);
}

static void end(struct world *w)
{
    world_courier_ends(w);
    world_fini(w);
    for (unsigned i = 0; i < PEERS; i++)
        peer_fini(&peers[i]);
}

/* Nothing lost: each has what it was entitled to, in order where it was sent so; what the ill one
 * refused is recorded. */
static bool nothing_lost(const struct world *w)
{
    const struct fake_line *lines;
    size_t n = fake_lines(w->context.store, &lines);
    for (size_t i = 0; i < n; i++) {
        if (lines[i].line.kind != JOURNAL_ENTRY)
            continue;
        unsigned k = (unsigned)strtoul(strstr(lines[i].body, "/posts/") + 7, NULL, 10);
        const char *record = fake_record(w->context.store, lines[i].line.n, peers[1].host);
        bool refused = record && strcmp(record, "fail refused-by-peer") == 0;
        if (!peer_times(&peers[0], k) || (!peer_times(&peers[1], k) && !refused) ||
            (k > 3 && !peer_times(&peers[2], k)))
            return false;
    }
    bool in_order = peer_has(&peers[0], 1, POSTS) && peer_has(&peers[2], 4, POSTS);
    return (in_order || at_once > 1) && fake_mail(w->context.store) == 0;
}

/* Sent twice at most what one life had in the air: one entry for each that was in flight, and what
 * was answered within the last commit. */
static size_t repeats(void)
{
    size_t n = 0;
    for (unsigned i = 0; i < PEERS; i++)
        for (unsigned k = 1; k <= POSTS; k++)
            n += peer_times(&peers[i], k) > 1;
    return n;
}

struct tally {
    unsigned lives, lost;
    size_t repeated, repeated_most;
};

static void die_after_steps(enum fake_lie lie, unsigned stride, struct tally *t)
{
    bool done = false;
    *t = (struct tally){0};
    for (unsigned steps = 0; !done && steps < STEPS_MOST; steps += stride) {
        struct world w;
        begin(&w, lie);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + HOUR);
        done = fake_now() > 8 * SECOND;
        world_courier_dies(&w);
        fake_run(30 * SECOND);
        t->lives++;
        t->lost += !nothing_lost(&w);
        t->repeated += repeats();
        t->repeated_most = repeats() > t->repeated_most ? repeats() : t->repeated_most;
        end(&w);
    }
}

static void test_dies_after_each_step(void **state)
{
    (void)state;
    struct tally t;
    die_after_steps(LIE_NONE, 1, &t);
    print_message("%u lives, %zu repeated, at most %zu after one death\n", t.lives, t.repeated,
                  t.repeated_most);
    assert_int_equal(t.lost, 0);
    assert_true(t.lives > 150);
    assert_true(t.repeated > 0);            /* some deaths do fall between answer and commit */
    assert_in_range(t.repeated_most, 1, 9); /* 100 ms at 35 and 20 ms a post, and one in flight */
}

/* The same where several are on their way to a host at once, and acknowledged ahead of its cursor.
 */
static void test_dies_with_a_window(void **state)
{
    (void)state;
    struct tally t;
    at_once = 8;
    die_after_steps(LIE_NONE, 3, &t);
    print_message("%u lives, %zu repeated, at most %zu after one death\n", t.lives, t.repeated,
                  t.repeated_most);
    assert_int_equal(t.lost, 0);
    assert_true(t.lives > 50);
    assert_true(t.repeated > 0);
    die_after_steps(LIE_COMMIT_AHEAD, 7, &t); /* the twin */
    assert_true(t.lost > 0);
    at_once = 1;
}

/* The twins: with cursors that run ahead of answers, deaths lose; with cursors that are not
 * written, everything is repeated. The checks above would see either. */
static void test_dies_with_cursors_that_lie(void **state)
{
    (void)state;
    struct tally t;
    die_after_steps(LIE_COMMIT_AHEAD, 7, &t);
    assert_true(t.lost > 0);
    die_after_steps(LIE_COMMIT_NEVER, 7, &t);
    assert_true(t.repeated_most > 9);
}

/* --- the end, in order ----------------------------------------------------------------------- */

static size_t repeated_after(bool drained)
{
    struct world w;
    size_t n = 0;
    begin(&w, LIE_NONE);
    while (peer_took(&peers[0], NULL, 0, false) < 3)
        fake_step(fake_now() + HOUR);
    if (drained) {
        world_courier_ends(&w);
        world_courier(&w);
    } else {
        world_courier_dies(&w);
    }
    fake_run(30 * SECOND);
    assert_true(nothing_lost(&w));
    n = repeats();
    end(&w);
    return n;
}

static void test_drain_repeats_nothing(void **state)
{
    (void)state;
    assert_int_equal(repeated_after(true), 0);
    assert_true(repeated_after(false) > 0); /* the twin: without a drain */
}

/* Drained in any state it ends, and says so once. */
static void test_drain_after_each_step(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned steps = 0; !done; steps += 3) {
        struct world w;
        begin(&w, LIE_NONE);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + HOUR);
        done = fake_now() > 4 * SECOND;
        if (steps % 2)
            fake_store_up(w.context.store, false, false);
        world_courier_ends(&w);
        if (steps % 2)
            fake_store_up(w.context.store, true, false);
        world_courier(&w);
        fake_run(30 * SECOND);
        assert_true(nothing_lost(&w));
        end(&w);
    }
}

/* --- the store ------------------------------------------------------------------------------- */

/* What was answered is kept until it can be written: nothing is sent twice. */
static void store_goes_after_each_step(bool new_process, int64_t pause_ms)
{
    bool done = false;
    for (unsigned steps = 0; !done; steps += 2) {
        struct world w;
        begin(&w, LIE_NONE);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + HOUR);
        done = fake_now() > 4 * SECOND;
        fake_store_up(w.context.store, false, new_process);
        fake_run((steps % 3) * pause_ms); /* not at all, shorter and longer than its own pause */
        fake_store_up(w.context.store, true, false);
        fake_run(30 * SECOND);
        assert_true(nothing_lost(&w));
        assert_int_equal(repeats(), 0);
        end(&w);
    }
}

static void test_store_goes_away_after_each_step(void **state)
{
    (void)state;
    store_goes_after_each_step(false, 300);
    store_goes_after_each_step(true, 300);
    store_goes_after_each_step(true, 20 * SECOND); /* longer than a lease */
}

/* Each kind of call fails, the first time, the second ...: the courier gets there all the same. */
static void test_each_call_fails_once(void **state)
{
    (void)state;
    static const enum fake_op ops[] = {OP_MEMBERS, OP_CLAIM, OP_PAGE, OP_BODY, OP_COMMIT};
    static const enum fake_fault kinds[] = {FAULT_LOST, FAULT_UNANSWERED, FAULT_REFUSED};
    for (size_t o = 0; o < sizeof(ops) / sizeof(*ops); o++)
        for (size_t f = 0; f < 3; f++)
            for (unsigned first = 0; first < 6; first++) {
                struct world w;
                begin(&w, LIE_NONE);
                fake_fault(ops[o], kinds[f], first, 1);
                fake_run(30 * SECOND);
                assert_true(nothing_lost(&w));
                fake_fault(ops[o], FAULT_NONE, 0, 0);
                end(&w);
            }
}

/* Two couriers on one store: whoever claimed last goes on, the other notices at its next commit;
 * nothing is lost whatever they do to each other. */
static void test_two_couriers(void **state)
{
    (void)state;
    struct world w;
    begin(&w, LIE_NONE);
    fake_run(60);
    struct courier *other =
        courier_new(&w.context, &(struct courier_config){.name = "courier-0", .couriers = 1});
    courier_ready(other, true);
    fake_run(300);
    struct peer *late = &peers[2];
    assert_true(peer_took(late, NULL, 0, true) > 0);
    fake_run(30 * SECOND);
    assert_true(fake_logged("courier", "another courier owns", NULL) > 0);
    courier_free(&other);
    fake_run(30 * SECOND);
    assert_true(nothing_lost(&w));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dies_after_each_step),
        cmocka_unit_test(test_dies_with_a_window),
        cmocka_unit_test(test_dies_with_cursors_that_lie),
        cmocka_unit_test(test_drain_repeats_nothing),
        cmocka_unit_test(test_drain_after_each_step),
        cmocka_unit_test(test_store_goes_away_after_each_step),
        cmocka_unit_test(test_each_call_fails_once),
        cmocka_unit_test(test_two_couriers),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
