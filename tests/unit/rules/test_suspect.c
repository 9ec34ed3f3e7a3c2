/* suspect: when most hosts cannot be reached, it is us; when one answers and most do, it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "relay/rules/suspect.h"

#define NOW INT64_C(1700000000000)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const struct judge_limits limits = {.backoff_ms = SECOND, .backoff_most_ms = HOUR};

static bool note(struct suspect *s, unsigned host, bool failed, int64_t now)
{
    char name[32];
    snprintf(name, sizeof(name), "host-%u.test", host);
    return suspect_note(s, span_of(name), failed, now);
}

/* Hosts from .. to-1; what the last one led to. */
static bool note_all(struct suspect *s, unsigned from, unsigned to, bool failed, int64_t now)
{
    bool on = s->on;
    for (unsigned i = from; i < to; i++)
        on = note(s, i, failed, now);
    return on;
}

static int64_t waits(struct suspect *s, unsigned host, unsigned nth)
{
    char name[32];
    snprintf(name, sizeof(name), "host-%u.test", host);
    return suspect_wait(s, span_of(name), &limits, nth, UINT32_MAX);
}

/* So many of so many: suspicion, or not. */
static void test_how_many(void **state)
{
    static const struct {
        unsigned failed, answered;
        bool on;
    } table[] = {
        {1, 0, false},   {9, 0, false},  {10, 0, true},   {0, 10, false}, {5, 5, false},
        {6, 4, true},    {6, 3, false},  {6, 5, true},    {6, 6, false},  {20, 19, true},
        {20, 20, false}, {33, 31, true}, {32, 32, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct suspect s = {0};
        note_all(&s, 0, table[i].answered, false, NOW);
        bool on = note_all(&s, 100, 100 + table[i].failed, true, NOW);
        if (on != table[i].on)
            fail_msg("row %zu", i);
    }
}

/* The same host again and again is one host, and its last attempt counts. */
static void test_distinct(void **state)
{
    struct suspect s = {0};
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(note(&s, 1, true, NOW + i));
    assert_int_equal(s.seen_n, 1);
    note_all(&s, 2, 10, true, NOW + 100);
    assert_false(s.on);
    assert_true(note(&s, 10, true, NOW + 100));
}

/* Within a minute; a clock that is set takes the sample with it. */
static void test_time(void **state)
{
    struct suspect s = {0};
    (void)state;
    note_all(&s, 0, 9, true, NOW);
    assert_false(note(&s, 9, true, NOW + MINUTE));
    assert_int_equal(s.seen_n, 1);
    s = (struct suspect){0};
    note_all(&s, 0, 9, true, NOW);
    assert_true(note(&s, 9, true, NOW + MINUTE - 1));
    s = (struct suspect){0};
    note_all(&s, 0, 9, true, NOW);
    assert_false(note(&s, 9, true, NOW - 1));
    assert_int_equal(s.seen_n, 1);
}

/* It stays while nobody answers, and while most do not. */
static void test_end(void **state)
{
    struct suspect s = {0};
    (void)state;
    assert_true(note_all(&s, 0, 10, true, NOW));
    assert_true(note(&s, 3, true, NOW + 10 * MINUTE)); /* alone in its minute */
    assert_false(note(&s, 4, false, NOW + 10 * MINUTE));
    assert_false(note(&s, 3, true, NOW + 10 * MINUTE));

    s = (struct suspect){0};
    assert_true(note_all(&s, 0, 20, true, NOW));
    assert_true(note_all(&s, 0, 9, false, NOW + 1));
    assert_false(note(&s, 9, false, NOW + 1)); /* half */
}

static void test_sample(void **state)
{
    struct suspect s = {0};
    (void)state;
    assert_true(note_all(&s, 0, 1000, true, NOW));
    assert_int_equal(s.seen_n, SUSPECT_HOSTS);
    assert_true(note_all(&s, 2000, 2000 + SUSPECT_HOSTS / 2 - 1, false, NOW));
    assert_false(note(&s, 3000, false, NOW));
}

static void test_canaries(void **state)
{
    struct suspect s = {0};
    (void)state;
    note_all(&s, 0, 10, true, NOW);
    for (unsigned host = 0; host < SUSPECT_CANARIES; host++) {
        assert_in_range(waits(&s, host, 1), SECOND - 1, SECOND);
        assert_int_equal(waits(&s, host, 99), 30 * SECOND);
    }
    assert_in_range(waits(&s, 5, 99), HOUR - 1, HOUR);
    assert_int_equal(waits(&s, 0, 99), 30 * SECOND); /* still one of them */
    /* Another time, others. */
    note_all(&s, 0, 10, false, NOW + 1);
    assert_false(s.on);
    note_all(&s, 0, 10, true, NOW + 2);
    assert_true(s.on);
    assert_int_equal(waits(&s, 5, 99), 30 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_many), cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_time),     cmocka_unit_test(test_end),
        cmocka_unit_test(test_sample),   cmocka_unit_test(test_canaries),
    };
    return cmocka_run_group_tests_name("suspect", tests, NULL, NULL);
}
