/* schedule: how many go to one host at once. */

#include "schedule_rig.h"
#include "tests/unit/rules/wide_rig.h"

/* One at first; one more after as many deliveries as may go at once; never more than so many. */
static void test_grows(void **state)
{
    struct schedule_limits limits = wide();
    struct schedule *s = rig_new(&limits, "a", 0);
    struct schedule_report r;
    uint64_t n = 1;
    (void)state;
    limits.in_flight = 100;
    schedule_loaded(s);
    rig_tell(s, 1, 500);
    for (unsigned may = 1; may < 12; may++) {
        struct attempt out[8];
        unsigned now_may = may < 8 ? may : 8;
        for (unsigned i = 0; i < now_may; i++)
            out[i] = rig_sends(s, NOW, "a", n + i);
        rig_rests(s, NOW);
        schedule_report(s, &r);
        assert_int_equal(r.attempts, now_may);
        assert_string_equal(rig_state(s, "a"), "sending");
        for (unsigned i = 0; i < now_may; i++)
            rig_answer(s, &out[i], NOW, ERR_OK, 202);
        n += now_may;
    }
    schedule_free(&s);
}

/* Halved by trouble, once for what failed together; and one at a time until something arrives. */
static void test_shrinks(void **state)
{
    static const struct {
        enum err err;
        int status;
        bool behind;    /* it has to catch up first, one at a time; */
        unsigned after; /* so many may go then, of four to which it shrank and what it grew since */
    } table[] = {
        {ERR_OK, 429, true, 7},    {ERR_OK, 503, true, 7},  {ERR_TIMEOUT, 0, true, 7},
        {ERR_CONNECT, 0, true, 7}, {ERR_OK, 500, false, 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        uint64_t n;
        struct attempt out[8];
        struct schedule *s = grown(&n);
        rig_tell(s, n + 1, n + 16);
        for (unsigned k = 0; k < 8; k++)
            out[k] = rig_sends(s, NOW, "a", n + 1 + k);
        rig_rests(s, NOW);
        for (unsigned k = 0; k < 8; k++)
            rig_answer(s, &out[k], NOW, table[i].err, table[i].status);
        assert_string_equal(rig_state(s, "a"), "waiting");
        assert_int_equal(rig_cursor(s).health.failures, 1);
        int64_t now = schedule_wake(s);
        assert_in_range(now, NOW + 1, NOW + 1000);
        struct attempt probe = rig_sends(s, now, "a", n + 1);
        rig_rests(s, now);
        assert_int_equal(probe.failures, 1);
        rig_answer(s, &probe, now, ERR_OK, 202);
        uint64_t next = n + 2;
        for (; table[i].behind && next <= n + 16; next++) {
            struct attempt one = rig_sends(s, now, "a", next);
            rig_rests(s, now);
            rig_answer(s, &one, now, ERR_OK, 202);
        }
        rig_tell(s, n + 17, n + 100);
        for (unsigned k = 0; k < table[i].after; k++)
            out[k] = rig_sends(s, now, "a", next + k);
        rig_rests(s, now);
        for (unsigned k = 0; k < table[i].after; k++)
            rig_answer(s, &out[k], now, ERR_OK, 202);
        schedule_free(&s);
    }
}

/* What started before the host failed says nothing about it afterwards: no Retry-After is forgotten
 * for it. */
static void test_old_news(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct judgement busy = {.verdict = VERDICT_LATER,
                             .why = ERR_REFUSED_BY_PEER,
                             .host_trouble = true,
                             .wait_ms = 60 * SECOND};
    (void)state;
    rig_tell(s, n + 1, n + 3);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    struct attempt b = rig_sends(s, NOW, "a", n + 2);
    struct attempt c = rig_sends(s, NOW, "a", n + 3);
    schedule_outcome(s, &a, &busy, 429, NULL, NOW, 0);
    rig_answer(s, &b, NOW, ERR_OK, 202);
    assert_string_equal(rig_state(s, "a"), "waiting");
    assert_int_equal(schedule_wake(s), NOW + 60 * SECOND);
    busy.wait_ms = 90 * SECOND; /* but a longer one counts */
    schedule_outcome(s, &c, &busy, 429, NULL, NOW, 0);
    assert_int_equal(schedule_wake(s), NOW + 90 * SECOND);
    rig_rests(s, NOW + 89 * SECOND);
    rig_delivers(s, NOW + 90 * SECOND, "a", n + 1);
    rig_delivers(s, NOW + 90 * SECOND, "a", n + 3);
    schedule_free(&s);
}

/* While many attempts are under way, each host gets one at a time. */
static void test_beside_many(void **state)
{
    struct schedule_limits limits = wide();
    char host[16];
    (void)state;
    for (unsigned others = 9; others <= 10; others++) {
        limits.in_flight = 160; /* a sixteenth of it is few */
        struct schedule *s = rig_new(&limits, "a", 0);
        struct attempt out[10];
        struct attempt a[2];
        schedule_loaded(s);
        rig_tell(s, 1, 1);
        rig_delivers(s, NOW, "a", 1);
        rig_rests(s, NOW);
        for (unsigned i = 0; i + 1 < others; i++) {
            snprintf(host, sizeof(host), "h%u", i);
            schedule_control(s, 2 + i, rig_record(host, MEMBER_ACTIVE, 2 + i, 0), false);
        }
        rig_rests(s, NOW);
        rig_tell(s, 20, 20);
        a[0] = rig_sends(s, NOW, "a", 20);
        for (unsigned i = 0; i + 1 < others; i++)
            assert_true(schedule_next(s, NOW, &out[i]));
        rig_tell(s, 21, 21);
        if (others == 9)
            a[1] = rig_sends(s, NOW, "a", 21);
        rig_rests(s, NOW);
        for (unsigned i = 0; i + 1 < others; i++)
            rig_answer(s, &out[i], NOW, ERR_OK, 202);
        rig_answer(s, &a[0], NOW, ERR_OK, 202);
        if (others == 9)
            rig_answer(s, &a[1], NOW, ERR_OK, 202);
        schedule_free(&s);
    }
}

/* Who reads pages gets one at a time. */
static void test_catching_up(void **state)
{
    struct schedule_limits limits = wide();
    struct schedule *s;
    struct cursor own = {.low = 10, .urgent = 10};
    (void)state;
    limits.window = 4;
    s = rig_new(&limits, "a", 50);
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_rests(s, NOW);
    rig_page(s, 10, 50, 0);
    for (uint64_t n = 11; n <= 50; n++) {
        struct attempt a = rig_sends(s, NOW, "a", n);
        rig_rests(s, NOW);
        rig_answer(s, &a, NOW, ERR_OK, 202);
    }
    rig_tell(s, 51, 54);
    struct attempt out[4];
    for (unsigned i = 0; i < 4; i++)
        out[i] = rig_sends(s, NOW, "a", 51 + i);
    for (unsigned i = 0; i < 4; i++)
        rig_answer(s, &out[i], NOW, ERR_OK, 202);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),       cmocka_unit_test(test_shrinks),
        cmocka_unit_test(test_old_news),    cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_beside_many),
    };
    return cmocka_run_group_tests_name("schedule_ahead", tests, NULL, NULL);
}
