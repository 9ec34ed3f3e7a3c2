/* judge: every status, every fault of the transport, patience, Retry-After, back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/judge.h"

#define NOW INT64_C(1700000000000) /* Tue, 14 Nov 2023 22:13:20 GMT */

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

static const struct judge_limits limits = {
    .backoff_ms = SECOND,
    .backoff_most_ms = HOUR,
    .retry_after_most_ms = 6 * HOUR,
    .horizon_ms = 7 * DAY,
};
static const struct judge_past first_time = {0};

static struct judgement judged(enum err err, int status, const struct judge_past *past, int64_t age)
{
    struct judge_answer answer = {.err = err, .status = status};
    return judge(&answer, &limits, past, age, NOW);
}

/* At the first try: D delivered, L later, H later and the host is in trouble, U the same and it was
 * not reached, O later and the fault is ours, N never. */
static char letter(struct judgement j)
{
    static const char letters[] = {'D', 'L', 'N'};
    if (j.verdict != VERDICT_LATER)
        return letters[j.verdict];
    assert_false(j.local && j.host_trouble);
    assert_true(j.host_trouble || !j.unreached);
    return j.local ? 'O' : j.unreached ? 'U' : j.host_trouble ? 'H' : 'L';
}

static void test_statuses(void **state)
{
    static const struct {
        int from, to;
        char verdict;
    } table[] = {
        {100, 199, 'L'}, {200, 299, 'D'}, {300, 399, 'L'}, {400, 400, 'N'}, {401, 401, 'L'},
        {402, 402, 'N'}, {403, 403, 'L'}, {404, 407, 'N'}, {408, 408, 'L'}, {409, 420, 'N'},
        {421, 421, 'L'}, {422, 423, 'N'}, {424, 425, 'L'}, {426, 428, 'N'}, {429, 429, 'H'},
        {430, 499, 'N'}, {500, 500, 'L'}, {501, 501, 'N'}, {502, 502, 'L'}, {503, 503, 'H'},
        {504, 504, 'L'}, {505, 505, 'N'}, {506, 999, 'L'},
    };
    static const enum err whole_or_not[] = {ERR_OK, ERR_TOO_LARGE};
    (void)state;
    int next = 100;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        assert_int_equal(table[i].from, next);
        next = table[i].to + 1;
        for (int status = table[i].from; status <= table[i].to; status++)
            for (size_t k = 0; k < 2; k++) {
                struct judgement j = judged(whole_or_not[k], status, &first_time, 0);
                if (letter(j) != table[i].verdict)
                    fail_msg("%d: %c, not %c", status, letter(j), table[i].verdict);
                assert_int_equal(j.why, table[i].verdict == 'D' ? ERR_OK : ERR_REFUSED_BY_PEER);
                assert_int_equal(j.wait_ms, 0);
            }
    }
    assert_int_equal(next, 1000);
}

static void test_transport(void **state)
{
    static const struct {
        enum err err;
        char verdict;
    } table[] = {
        {ERR_CONNECT, 'U'},  {ERR_RESOLVE, 'U'},  {ERR_TLS, 'U'},   {ERR_CERTIFICATE, 'U'},
        {ERR_ADDRESS, 'H'},  {ERR_PROTOCOL, 'H'}, {ERR_URL, 'N'},   {ERR_CANCELLED, 'O'},
        {ERR_INTERNAL, 'O'}, {ERR_NO_ROUTE, 'O'}, {ERR_REDIS, 'O'},
    };
    /* A status that came before the fault changes nothing: the answer is not whole. */
    static const int statuses[] = {0, 200, 202, 410, 500, 503};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        for (size_t k = 0; k < sizeof(statuses) / sizeof(*statuses); k++) {
            struct judgement j = judged(table[i].err, statuses[k], &first_time, 0);
            assert_int_equal(letter(j), table[i].verdict);
            assert_int_equal(j.why, table[i].err);
        }
}

/* Who answers, but drips its answer, has answered. */
static void test_out_of_time(void **state)
{
    static const struct {
        int status;
        char verdict;
    } table[] = {{0, 'U'}, {202, 'D'}, {410, 'N'}, {500, 'L'}, {503, 'H'}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct judgement j = judged(ERR_TIMEOUT, table[i].status, &first_time, 0);
        assert_int_equal(letter(j), table[i].verdict);
        assert_int_equal(j.why, table[i].status == 0     ? ERR_TIMEOUT
                                : table[i].status == 202 ? ERR_OK
                                                         : ERR_REFUSED_BY_PEER);
    }
    /* So has who sends too much, unless it was of the header: then nothing is known. */
    struct judgement j = judged(ERR_TOO_LARGE, 0, &first_time, 0);
    assert_int_equal(letter(j), 'H');
    assert_int_equal(j.why, ERR_TOO_LARGE);
}

static void test_patience(void **state)
{
    static const struct {
        int status;
        struct judge_past past;
        char verdict;
    } table[] = {
        {401, {2, 401, NOW - HOUR}, 'N'},
        {401, {2, 401, NOW - HOUR + 1}, 'L'}, /* not over an hour yet */
        {401, {1, 401, NOW - DAY}, 'L'},      /* not often enough */
        {401, {99, 401, NOW - 1}, 'L'},
        {401, {99, 401, NOW + 1}, 'L'}, /* the clock went back */
        {403, {2, 403, NOW - HOUR}, 'N'},
        {403, {9, 401, NOW - DAY}, 'L'}, /* another status */
        {424, {3, 424, NOW}, 'L'},
        {424, {4, 424, NOW}, 'N'},
        {424, {9, 500, NOW - DAY}, 'L'},
        {301, {1, 301, NOW}, 'L'},
        {301, {2, 301, NOW}, 'N'},
        {304, {2, 304, NOW}, 'N'},
        {103, {2, 103, NOW}, 'N'},
        {500, {1000, 500, NOW - DAY}, 'L'}, /* only the horizon ends that */
        {429, {1000, 429, NOW - DAY}, 'H'},
        {202, {9, 401, NOW - DAY}, 'D'},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        char got = letter(judged(ERR_OK, table[i].status, &table[i].past, 0));
        if (got != table[i].verdict)
            fail_msg("row %zu: %c, not %c", i, got, table[i].verdict);
    }
}

static void test_count(void **state)
{
    static const struct judgement own = {.verdict = VERDICT_LATER};
    static const struct judgement host = {.verdict = VERDICT_LATER, .host_trouble = true};
    struct judge_past past = {0};
    (void)state;
    static const struct judgement ours = {.verdict = VERDICT_LATER, .local = true};
    judge_count(&past, &ours, 0, NOW);
    judge_count(&past, &ours, 500, NOW);
    judge_count(&past, &own, 0, NOW);
    judge_count(&past, &host, 0, NOW);
    judge_count(&past, &host, 503, NOW);
    assert_int_equal(past.tries, 0);
    judge_count(&past, &own, 401, NOW + 1);
    judge_count(&past, &host, 429, NOW + 2);
    judge_count(&past, &own, 401, NOW + 3);
    assert_int_equal(past.tries, 2);
    assert_int_equal(past.status, 401);
    assert_int_equal(past.first_ms, NOW + 1);
    judge_count(&past, &own, 424, NOW + 4);
    assert_int_equal(past.tries, 1);
    assert_int_equal(past.status, 424);
    assert_int_equal(past.first_ms, NOW + 4);
}

static void test_horizon(void **state)
{
    (void)state;
    assert_int_equal(judged(ERR_OK, 500, &first_time, 7 * DAY - 1).verdict, VERDICT_LATER);
    struct judgement j = judged(ERR_OK, 500, &first_time, 7 * DAY);
    assert_int_equal(j.verdict, VERDICT_NEVER);
    assert_int_equal(j.why, ERR_TOO_OLD);
    assert_false(j.host_trouble);
    j = judged(ERR_CONNECT, 0, &first_time, 7 * DAY);
    assert_int_equal(j.verdict, VERDICT_NEVER);
    assert_int_equal(j.why, ERR_TOO_OLD);
    assert_true(j.host_trouble);
    /* A fault of ours does not age anything. */
    assert_int_equal(letter(judged(ERR_INTERNAL, 0, &first_time, 30 * (int64_t)DAY)), 'O');
    /* It answers: what it got is delivered, what it refused is refused. */
    assert_int_equal(judged(ERR_OK, 202, &first_time, 30 * (int64_t)DAY).verdict,
                     VERDICT_DELIVERED);
    assert_int_equal(judged(ERR_OK, 410, &first_time, 30 * (int64_t)DAY).why, ERR_REFUSED_BY_PEER);
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *text;
        int64_t wait;
    } table[] = {
        {"120", 120 * SECOND},
        {" 120\t", 120 * SECOND},
        {"0", SECOND},
        {"1", SECOND},
        {"21600", 6 * HOUR},
        {"21601", 6 * HOUR},
        {"18446744073709551615", 6 * HOUR},
        {"18446744073709551616", 0}, /* not a number that anybody means */
        {"-1", 0},
        {"+5", 0},
        {"1.5", 0},
        {"", 0},
        {"soon", 0},
        {"120 s", 0},
        {"Tue, 14 Nov 2023 22:15:20 GMT", 120 * SECOND},
        {"Tue, 14 Nov 2023 22:13:21 GMT", SECOND},
        {"Tue, 14 Nov 2023 22:13:20 GMT", 0}, /* now */
        {"Tue, 14 Nov 2023 22:00:00 GMT", 0}, /* in the past */
        {"Fri, 31 Dec 9999 23:59:59 GMT", 6 * HOUR},
        {"Tue, 14 Nov 2023 22:15:20", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int64_t got = judge_retry_after(span_of(table[i].text), 6 * HOUR, NOW);
        if (got != table[i].wait)
            fail_msg("'%s': %lld", table[i].text, (long long)got);
    }
    assert_int_equal(judge_retry_after(SPAN_NONE, 6 * HOUR, NOW), 0);

    /* Heeded where it means that the host asks for time. */
    for (int status = 200; status < 600; status++) {
        struct judge_answer answer = {ERR_OK, status, SPAN("120")};
        struct judgement j = judge(&answer, &limits, &first_time, 0, NOW);
        assert_int_equal(j.wait_ms, status == 429 || status == 503 ? 120 * SECOND : 0);
    }
}

static void test_backoff(void **state)
{
    static const struct {
        unsigned failures;
        int64_t most;
    } table[] = {{1, SECOND}, {2, 2 * SECOND}, {3, 4 * SECOND},    {12, 2048 * SECOND},
                 {13, HOUR},  {14, HOUR},      {UINT32_MAX, HOUR}, {0, SECOND}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int64_t most = table[i].most;
        assert_int_equal(judge_backoff(&limits, table[i].failures, 0), SECOND / 2);
        assert_in_range(judge_backoff(&limits, table[i].failures, UINT32_MAX), most - 1, most);
        int64_t half = judge_backoff(&limits, table[i].failures, 0x80000000U);
        assert_int_equal(half, most / 2);
    }
    static const struct judge_limits day = {.backoff_ms = HOUR, .backoff_most_ms = DAY};
    static const struct judge_limits upside_down = {.backoff_ms = HOUR, .backoff_most_ms = SECOND};
    assert_in_range(judge_backoff(&day, 99, UINT32_MAX), DAY - 1, DAY);
    assert_int_equal(judge_backoff(&day, 1, 0), HOUR / 2);
    assert_in_range(judge_backoff(&upside_down, 1, UINT32_MAX), SECOND - 1, SECOND);
    assert_int_equal(judge_backoff(&upside_down, 9, 0), SECOND / 2);
}

/* Doubling, from the first to the longest, however often. */
static void test_aside(void **state)
{
    static const struct judge_limits day = {.aside_ms = 60 * SECOND, .aside_most_ms = 6 * HOUR};
    static const struct judge_limits upside_down = {.aside_ms = HOUR, .aside_most_ms = SECOND};
    (void)state;
    assert_int_equal(judge_aside(&day, 0), 60 * SECOND);
    assert_int_equal(judge_aside(&day, 1), 120 * SECOND);
    assert_int_equal(judge_aside(&day, 8), 256 * 60 * SECOND);
    assert_int_equal(judge_aside(&day, 9), 6 * HOUR);
    assert_int_equal(judge_aside(&day, UINT32_MAX), 6 * HOUR);
    assert_int_equal(judge_aside(&upside_down, 0), SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),    cmocka_unit_test(test_transport),
        cmocka_unit_test(test_patience),    cmocka_unit_test(test_count),
        cmocka_unit_test(test_horizon),     cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_backoff),     cmocka_unit_test(test_aside),
        cmocka_unit_test(test_out_of_time),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
