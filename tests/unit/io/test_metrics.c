/* Metrics: counting, and the text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "common/io/metrics.h"

enum { REQUESTS, OPEN, SECONDS, ODD, NONE };

static const char *const verdicts[] = {"ok", "refused"};
static const char *const odd[] = {"a\"b\\c\nd", "plain"};
static const struct metric_def defs[] = {
    {"t_requests_total", "requests, by verdict", METRIC_COUNTER, "verdict", verdicts, 2},
    {"t_open", "open now", METRIC_GAUGE, NULL, NULL, 0},
    {"t_seconds", "how long", METRIC_HISTOGRAM, NULL, NULL, 0},
    {"t_odd_total", "a \\ and\na line \"x\"", METRIC_COUNTER, "label", odd, 2},
};

static int set_up(void **state)
{
    (void)state;
    metrics_setup(defs, sizeof defs / sizeof *defs);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_fini();
    return 0;
}

static void counting(void **state)
{
    (void)state;
    metric_add(REQUESTS, 0, 1);
    metric_add(REQUESTS, 0, 2);
    metric_add(REQUESTS, 1, 1);
    metric_add(REQUESTS, 1, -1); /* a counter never goes down */
    metric_set(REQUESTS, 1, 9);  /* and is not set */
    assert_true(metric_get(REQUESTS, 0) == 3);
    assert_true(metric_get(REQUESTS, 1) == 1);
    metric_set(OPEN, 0, 5);
    metric_add(OPEN, 0, -2);
    assert_true(metric_get(OPEN, 0) == 3);
    metric_seen(SECONDS, 0.2);
    metric_seen(SECONDS, 99);
    assert_true(metric_get(SECONDS, 0) == 2);
}

/* What is not in the table, or of another kind, counts nothing and breaks nothing. */
static void counting_nothing(void **state)
{
    struct bytes before, after;
    (void)state;
    bytes_init(&before, 65536);
    bytes_init(&after, 65536);
    metrics_write(&before);
    metric_add(REQUESTS, 2, 1);
    metric_add(OPEN, 1, 1);
    metric_add(SECONDS, 0, 1);
    metric_add(SECONDS, 5, 1);
    metric_set(SECONDS, 0, 1);
    metric_seen(OPEN, 1);
    metric_seen(SECONDS, NAN);
    metric_seen(SECONDS, INFINITY);
    metric_add(NONE, 0, 1);
    metric_add(SIZE_MAX, SIZE_MAX, 1);
    metrics_write(&after);
    assert_string_equal(bytes_str(&before), bytes_str(&after));
    assert_true(metric_get(REQUESTS, 2) == 0);
    assert_true(metric_get(NONE, 0) == 0);
    metrics_fini();
    metric_add(REQUESTS, 0, 1);
    metric_seen(SECONDS, 1);
    assert_true(metric_get(REQUESTS, 0) == 0);
    bytes_fini(&before);
    bytes_fini(&after);
}

static void text(void **state)
{
    static const char want[] = "# HELP t_requests_total requests, by verdict\n"
                               "# TYPE t_requests_total counter\n"
                               "t_requests_total{verdict=\"ok\"} 1234567\n"
                               "t_requests_total{verdict=\"refused\"} 0\n"
                               "# HELP t_open open now\n"
                               "# TYPE t_open gauge\n"
                               "t_open -0.25\n"
                               "# HELP t_seconds how long\n"
                               "# TYPE t_seconds histogram\n"
                               "t_seconds_bucket{le=\"0.001\"} 1\n"
                               "t_seconds_bucket{le=\"0.005\"} 1\n"
                               "t_seconds_bucket{le=\"0.01\"} 1\n"
                               "t_seconds_bucket{le=\"0.025\"} 2\n"
                               "t_seconds_bucket{le=\"0.05\"} 2\n"
                               "t_seconds_bucket{le=\"0.1\"} 2\n"
                               "t_seconds_bucket{le=\"0.25\"} 3\n"
                               "t_seconds_bucket{le=\"0.5\"} 3\n"
                               "t_seconds_bucket{le=\"1\"} 3\n"
                               "t_seconds_bucket{le=\"2.5\"} 3\n"
                               "t_seconds_bucket{le=\"5\"} 3\n"
                               "t_seconds_bucket{le=\"10\"} 3\n"
                               "t_seconds_bucket{le=\"30\"} 4\n"
                               "t_seconds_bucket{le=\"+Inf\"} 5\n"
                               "t_seconds_sum 70.270625\n"
                               "t_seconds_count 5\n"
                               "# HELP t_odd_total a \\\\ and\\na line \"x\"\n"
                               "# TYPE t_odd_total counter\n"
                               "t_odd_total{label=\"a\\\"b\\\\c\\nd\"} 1\n"
                               "t_odd_total{label=\"plain\"} 0\n";
    struct bytes out;
    (void)state;
    bytes_init(&out, 65536);
    metric_add(REQUESTS, 0, 1234567);
    metric_set(OPEN, 0, -0.25);
    metric_seen(SECONDS, 0.000625);
    metric_seen(SECONDS, 0.02);
    metric_seen(SECONDS, 0.25); /* a bound belongs to its bucket */
    metric_seen(SECONDS, 30);
    metric_seen(SECONDS, 40);
    metric_add(ODD, 0, 1);
    metrics_write(&out);
    assert_string_equal(bytes_str(&out), want);
    bytes_fini(&out);
}

static void numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "t_open 0\n"},
        {1, "t_open 1\n"},
        {0.1, "t_open 0.1\n"},
        {1.0 / 3, "t_open 0.3333333333333333\n"},
        {1e15, "t_open 1e+15\n"},
        {9007199254740993.0, "t_open 9007199254740992\n"},
        {1767225600.125, "t_open 1767225600.125\n"},
        {(double)NAN, "t_open NaN\n"},
        {(double)INFINITY, "t_open +Inf\n"},
        {-(double)INFINITY, "t_open -Inf\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes out;
        bytes_init(&out, 65536);
        metric_set(OPEN, 0, rows[i].value);
        metrics_write(&out);
        if (!strstr(bytes_str(&out), rows[i].text))
            fail_msg("row %zu: no %s", i, rows[i].text);
        bytes_fini(&out);
    }
}

static void set_up_anew(void **state)
{
    struct bytes out;
    (void)state;
    metric_add(REQUESTS, 0, 1);
    metrics_setup(defs + 1, 1);
    bytes_init(&out, 65536);
    metrics_write(&out);
    assert_string_equal(bytes_str(&out), "# HELP t_open open now\n# TYPE t_open gauge\nt_open 0\n");
    bytes_fini(&out);
}

#define WITH_TABLE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(counting), WITH_TABLE(counting_nothing), WITH_TABLE(text),
        WITH_TABLE(numbers),  WITH_TABLE(set_up_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
