/* What is counted for reports: gathered in memory, written now and then, and what becomes of it
 * while Redis is away. */
#include "tests/scenario/world.h"

#include <string.h>

#include "relay/tallies.h"

struct scene {
    struct world w;
    struct peer wiki, reader, stranger;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 5);
    s->w.context.tallies = tallies_new(&s->w.context);
    peer_init(&s->wiki, "wiki", true);
    peer_init(&s->reader, "reader", true);
    peer_init(&s->stranger, "stranger", true);
    world_front(&s->w);
    world_courier(&s->w);
    world_member(&s->w, &s->wiki);
    world_member(&s->w, &s->reader);
    fake_run(SECOND);
}

static void end(struct scene *s)
{
    world_courier_ends(&s->w);
    if (s->w.context.tallies)
        tallies_free(&s->w.context.tallies);
    world_fini(&s->w);
    peer_fini(&s->wiki);
    peer_fini(&s->reader);
    peer_fini(&s->stranger);
}

static void post(struct scene *s, const struct peer *p, unsigned k, int status)
{
    s->reply = (struct fake_reply){0};
    world_send_create(&s->w, p, k, &s->reply);
    fake_run(SECOND);
    assert_int_equal(s->reply.status, status);
}

static bool told(const struct scene *s, const char *line)
{
    return strstr(fake_tallied(s->w.context.store), line) != NULL;
}

/* Five seconds after the first, in one call; a repeat is not counted. */
static void test_written(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    post(&s, &s.wiki, 1, 202);
    post(&s, &s.wiki, 2, 202);
    post(&s, &s.wiki, 2, 202);
    post(&s, &s.stranger, 3, 403);
    assert_int_equal(fake_called(OP_TALLY), 0);
    fake_run(5 * SECOND);
    assert_int_equal(fake_called(OP_TALLY), 1);
    assert_true(told(&s, "2026-01 x|internal|internal|post 2\n"));
    assert_true(told(&s, "2026-01 r|internal||not-member 1\n"));
    assert_true(told(&s, "2026-01 d|internal|00 2\n")); /* to the reader: nothing goes back */
    assert_true(told(&s, "2026-01-05:a:internal\n"));
    assert_true(told(&s, "2026-01-05:m:internal\n"));
    fake_run(MINUTE); /* nothing new: nothing is asked */
    assert_int_equal(fake_called(OP_TALLY), 1);
    end(&s);
}

/* What was gathered goes on waiting while Redis is away; what it was asked meanwhile may be lost,
 * and that is said. */
static void test_away(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    post(&s, &s.wiki, 1, 202);
    fake_store_up(s.w.context.store, false, false);
    fake_run(MINUTE);
    assert_int_equal(fake_called(OP_TALLY), 0);
    fake_store_up(s.w.context.store, true, false);
    fake_run(10 * SECOND);
    assert_true(told(&s, "x|internal|internal|post 1\n"));
    fake_fault(OP_TALLY, FAULT_LOST, 0, 1);
    post(&s, &s.wiki, 2, 202);
    fake_run(30 * SECOND);
    assert_false(told(&s, "x|internal|internal|post 2\n"));
    assert_int_equal(fake_logged("tallies", "are lost", NULL), 1);
    post(&s, &s.wiki, 3, 202);
    fake_run(30 * SECOND);
    assert_int_equal(fake_logged("tallies", "are lost", NULL), 1);
    end(&s);
}

static void on_end(void *arg)
{
    ++*(int *)arg;
}

/* A process that ends writes what it has left; there may be nothing, and nobody to take it. */
static void test_end(void **state)
{
    (void)state;
    struct scene s;
    int ended = 0;
    begin(&s);
    post(&s, &s.wiki, 1, 202);
    tallies_end(s.w.context.tallies, on_end, &ended);
    assert_int_equal(ended, 0);
    fake_run(SECOND);
    assert_int_equal(ended, 1);
    assert_true(told(&s, "x|internal|internal|post 1\n"));
    tallies_end(s.w.context.tallies, on_end, &ended); /* nothing is left */
    assert_int_equal(ended, 2);
    tallies_end(NULL, on_end, &ended);
    assert_int_equal(ended, 3);
    end(&s);
}

static void test_end_without_redis(void **state)
{
    (void)state;
    struct scene s;
    int ended = 0;
    begin(&s);
    post(&s, &s.wiki, 1, 202);
    fake_fault(OP_TALLY, FAULT_LOST, 0, 1);
    tallies_end(s.w.context.tallies, on_end, &ended);
    fake_run(30 * SECOND);
    assert_int_equal(ended, 1);
    end(&s);
    begin(&s);
    post(&s, &s.wiki, 1, 202);
    fake_store_up(s.w.context.store, false, false);
    tallies_end(s.w.context.tallies, on_end, &ended);
    assert_int_equal(ended, 2);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_end_without_redis),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
