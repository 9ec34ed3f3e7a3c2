/* health: back-off by what happened, silent days, parking, 410 over days, 404 in a row; and its
 * words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/health.h"

#define NOW INT64_C(1700000000000)

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

static const struct judge_limits limits = {.backoff_ms = SECOND,
                                           .backoff_most_ms = HOUR,
                                           .retry_after_most_ms = 6 * HOUR,
                                           .silent_days = 7,
                                           .gone_days = 3,
                                           .lost_ms = 3 * (int64_t)DAY};
static const struct judgement trouble = {
    .verdict = VERDICT_LATER, .why = ERR_CONNECT, .host_trouble = true, .unreached = true};

static void fails(struct health *h, int64_t now)
{
    health_failed(h, &limits, &trouble, now, UINT32_MAX);
}

/* --- back-off -------------------------------------------------------------------------------- */

static void test_backoff(void **state)
{
    struct health h = {0};
    int64_t now = NOW;
    (void)state;
    for (unsigned n = 1; n <= 20; n++) {
        int64_t most = judge_doubled(SECOND, HOUR, n - 1);
        fails(&h, now);
        assert_int_equal(h.failures, n);
        assert_in_range(h.wake_ms - now, most - 1, most);
        now = h.wake_ms;
    }
    health_lives(&h);
    assert_true(health_plain(&h));
    h.failures = INT32_MAX;
    fails(&h, now);
    assert_int_equal(h.failures, INT32_MAX);
}

static void test_retry_after(void **state)
{
    struct judgement asked = {.verdict = VERDICT_LATER,
                              .why = ERR_REFUSED_BY_PEER,
                              .host_trouble = true,
                              .wait_ms = 120 * SECOND};
    struct health h = {.failures = 9};
    (void)state;
    health_failed(&h, &limits, &asked, NOW, UINT32_MAX);
    assert_int_equal(h.wake_ms, NOW + 120 * SECOND);
    asked.wait_ms = 6 * HOUR;
    health_failed(&h, &limits, &asked, NOW, 0);
    assert_int_equal(h.wake_ms, NOW + 6 * HOUR);
}

/* An hour, two, four, six: people have to mend it. */
static void test_certificate(void **state)
{
    static const struct judgement bad = {
        .verdict = VERDICT_LATER, .why = ERR_CERTIFICATE, .host_trouble = true, .unreached = true};
    static const int hours[] = {1, 2, 4, 6, 6};
    struct health h = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        struct health late = h;
        int64_t least = hours[i] * (int64_t)HOUR;
        health_failed(&h, &limits, &bad, NOW, 0);
        assert_int_equal(h.wake_ms, NOW + least);
        health_failed(&late, &limits, &bad, NOW, UINT32_MAX);
        assert_in_range(late.wake_ms, NOW + least + least / 4 - 1, NOW + least + least / 4);
    }
}

/* No wait is longer than it can be. */
static void test_longest(void **state)
{
    static const enum err whys[] = {ERR_CONNECT, ERR_CERTIFICATE};
    struct judgement j = trouble;
    (void)state;
    for (unsigned n = 0; n < 40; n++)
        for (int k = 0; k < 2; k++)
            for (int parked = 0; parked < 2; parked++) {
                struct health h = {.failures = n, .parked_ms = parked};
                j.why = whys[k];
                j.wait_ms = n % 3 ? 0 : limits.retry_after_most_ms;
                health_failed(&h, &limits, &j, NOW, n % 2 ? 0 : UINT32_MAX);
                assert_in_range(h.wake_ms, NOW, NOW + health_longest(&h, &limits));
            }
    static const struct judge_limits slow = {.backoff_ms = SECOND, .backoff_most_ms = DAY};
    assert_int_equal(health_longest(&(struct health){0}, &slow), DAY);
}

/* --- silent days ----------------------------------------------------------------------------- */

static void test_parked(void **state)
{
    struct health h = {0};
    (void)state;
    for (int day = 0; day < 8; day++) { /* on the first it answered, before */
        assert_int_equal(h.parked_ms, 0);
        for (int n = 0; n < 10; n++)
            fails(&h, NOW + day * (int64_t)DAY + n);
    }
    assert_int_equal(h.days, 7);
    assert_int_equal(h.parked_ms, NOW + 7 * (int64_t)DAY);
    /* A probe a day, whatever it asks for; since when stays. */
    int64_t now = NOW + 9 * (int64_t)DAY;
    fails(&h, now);
    assert_in_range(h.wake_ms - now, 23 * HOUR, 23 * HOUR + 1);
    struct judgement asks = trouble;
    asks.wait_ms = SECOND;
    health_failed(&h, &limits, &asks, now, 0);
    assert_int_equal(h.wake_ms - now, DAY);
    assert_int_equal(h.parked_ms, NOW + 7 * (int64_t)DAY);
    h.held = true;
    h.gone = 2;
    h.gone_day = 5;
    health_lives(&h);
    assert_true(health_same(&h, &(struct health){.held = true, .gone = 2, .gone_day = 5}));
}

/* What keeps a host from being parked. */
static void test_not_parked(void **state)
{
    static const struct judge_limits never = {.backoff_ms = SECOND, .backoff_most_ms = HOUR};
    struct health h = {0};
    (void)state;
    for (int n = 0; n < 1000; n++) /* all day long */
        fails(&h, NOW / DAY * DAY + n * (int64_t)SECOND);
    assert_int_equal(h.days, 0);
    assert_int_equal(h.parked_ms, 0);

    h = (struct health){0};
    for (int day = 0; day < 30; day++) { /* an answer on each day */
        for (int n = 0; n < 10; n++)
            fails(&h, NOW + day * (int64_t)DAY);
        health_lives(&h);
    }
    assert_true(health_plain(&h));

    for (int day = 0; day < 30; day++) /* no limit */
        health_failed(&h, &never, &trouble, NOW + day * (int64_t)DAY, 0);
    assert_int_equal(h.parked_ms, 0);

    /* Once or twice a day with an answer between: may have been us. */
    h = (struct health){0};
    fails(&h, NOW);
    fails(&h, NOW + DAY);
    assert_int_equal(h.day, 0);
}

/* A clock that jumps does not make days. */
static void test_clock(void **state)
{
    struct health h = {.failures = 5};
    (void)state;
    fails(&h, NOW);
    for (int n = 0; n < 20; n++) { /* to and fro around midnight */
        fails(&h, (NOW / DAY + 1) * DAY);
        fails(&h, (NOW / DAY + 1) * DAY - 1);
    }
    assert_int_equal(h.days, 1);
    fails(&h, NOW + 1000 * (int64_t)DAY);
    assert_int_equal(h.days, 2);
    fails(&h, NOW + 2 * (int64_t)DAY); /* it was set right again: the next day counts again */
    assert_int_equal(h.days, 2);
    fails(&h, NOW + 3 * (int64_t)DAY);
    assert_int_equal(h.days, 3);
    assert_int_equal(h.parked_ms, 0);
}

/* --- 410 ------------------------------------------------------------------------------------- */

static void test_gone(void **state)
{
    static const struct judge_limits never = {0};
    struct health h = {0};
    (void)state;
    for (int n = 0; n < 100; n++)
        assert_false(health_gone(&h, &limits, NOW + n));
    assert_false(health_gone(&h, &limits, NOW + DAY));
    health_lives(&h); /* it answers: that is what 410 is, too */
    assert_int_equal(h.gone, 2);
    assert_true(health_gone(&h, &limits, NOW + 2 * (int64_t)DAY));
    assert_true(health_gone(&h, &limits, NOW + 2 * (int64_t)DAY)); /* and is said again */
    h.failures = 1;
    health_delivered(&h);
    assert_true(health_same(&h, &(struct health){.failures = 1}));
    assert_false(health_gone(&h, &limits, NOW + 3 * (int64_t)DAY));
    for (int day = 0; day < 30; day++)
        assert_false(health_gone(&h, &never, NOW + day * (int64_t)DAY));
}

/* --- 404 ------------------------------------------------------------------------------------- */

static void test_lost(void **state)
{
    static const struct judge_limits never = {0};
    struct health h = {0};
    (void)state;
    for (int n = 0; n < 100; n++)
        assert_false(health_lost(&h, &limits, NOW + n));
    assert_false(health_lost(&h, &limits, NOW + 3 * (int64_t)DAY - 1));
    health_lives(&h); /* it answers: that is what 404 is, too */
    assert_int_equal(h.lost, 101);
    assert_true(health_lost(&h, &limits, NOW + 3 * (int64_t)DAY));
    assert_true(health_lost(&h, &limits, NOW + 3 * (int64_t)DAY)); /* and is said again */
    h.gone = 1;
    health_found(&h);
    assert_true(health_same(&h, &(struct health){.gone = 1}));

    for (int n = 0; n < 9; n++) /* ten times at least */
        assert_false(health_lost(&h, &limits, NOW + n * (int64_t)DAY));
    struct health taken = h;
    assert_true(health_lost(&h, &limits, NOW + 9 * (int64_t)DAY));
    health_delivered(&taken); /* the twin: it took something between */
    assert_true(health_plain(&taken));
    assert_false(health_lost(&taken, &limits, NOW + 9 * (int64_t)DAY));

    h = (struct health){.lost = INT32_MAX, .lost_ms = NOW + DAY}; /* the clock went back */
    assert_false(health_lost(&h, &limits, NOW));
    assert_int_equal(h.lost, INT32_MAX);
    assert_int_equal(h.lost_ms, NOW);
    h = (struct health){0};
    for (int n = 0; n < 30; n++)
        assert_false(health_lost(&h, &never, NOW + n * (int64_t)DAY));
    assert_true(health_plain(&h));
}

/* --- words ----------------------------------------------------------------------------------- */

static const struct {
    struct health health;
    const char *text;
} words[] = {
    {{0}, ""},
    {{.wake_ms = 1700000000000}, " w1700000000000"},
    {{.failures = 1}, " f1"},
    {{.days = 6, .day = 19675}, " i6:19675"},
    {{.day = 19675}, " i0:19675"},
    {{.gone = 2, .gone_day = 19675}, " g2:19675"},
    {{.lost = 10, .lost_ms = 1700000000000}, " n10:1700000000000"},
    {{.parked_ms = 1700000000000}, " k1700000000000"},
    {{.held = true}, " x"},
    {{1, 2, 3, 4, 8, 5, 6, 9, 7, true}, " w1 f2 i3:5 g4:6 n8:9 k7 x"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        struct bytes out;
        struct health back = {0};
        bytes_init(&out, 1000);
        health_write(&words[i].health, &out);
        assert_string_equal(bytes_str(&out), words[i].text);
        struct span rest = bytes_span(&out);
        span_cut(&rest, ' ');
        while (rest.p) {
            struct span word = span_cut(&rest, ' ');
            assert_true(health_read(word.p[0], (struct span){word.p + 1, word.n - 1}, &back));
        }
        assert_true(health_same(&back, &words[i].health));
        assert_int_equal(health_plain(&back), i == 0);
        bytes_fini(&out);
    }
}

/* Each field tells. */
static void test_same(void **state)
{
    const struct health one = {1, 2, 3, 4, 8, 5, 6, 9, 7, true};
    struct health others[10] = {one, one, one, one, one, one, one, one, one, one};
    (void)state;
    others[0].wake_ms++;
    others[1].failures++;
    others[2].days++;
    others[3].gone++;
    others[4].day++;
    others[5].gone_day++;
    others[6].parked_ms++;
    others[7].held = false;
    others[8].lost++;
    others[9].lost_ms++;
    assert_true(health_same(&one, &one));
    for (size_t i = 0; i < 10; i++)
        assert_false(health_same(&one, &others[i]));
}

static void test_bad_words(void **state)
{
    static const struct {
        char word;
        const char *text;
    } table[] = {
        {'w', ""},
        {'w', "0"},
        {'w', "-1"},
        {'w', "1x"},
        {'w', "9223372036854775808"},
        {'f', ""},
        {'f', "0"},
        {'f', "x"},
        {'f', "4294967296"},
        {'i', ""},
        {'i', "1"},
        {'i', "1:"},
        {'i', ":1"},
        {'i', "1:0"},
        {'i', "1:1:1"},
        {'i', "2147483648:1"},
        {'i', "1:9223372036854775807"},
        {'g', "1"},
        {'g', "x:1"},
        {'g', "0:0"},
        {'n', ""},
        {'n', "1"},
        {'n', "1:"},
        {'n', "0:1"},
        {'n', "1:0"},
        {'n', "1:x"},
        {'n', "2147483648:1"},
        {'k', "0"},
        {'k', ""},
        {'x', "1"},
        {'y', ""},
        {'h', "1"},
        {'\0', ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct health h = {0};
        if (health_read(table[i].word, span_of(table[i].text), &h))
            fail_msg("%c%s", table[i].word, table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff),     cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_parked),
        cmocka_unit_test(test_not_parked),  cmocka_unit_test(test_clock),
        cmocka_unit_test(test_gone),        cmocka_unit_test(test_words),
        cmocka_unit_test(test_same),        cmocka_unit_test(test_bad_words),
        cmocka_unit_test(test_longest),     cmocka_unit_test(test_lost),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
