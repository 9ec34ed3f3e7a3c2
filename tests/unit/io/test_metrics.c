/* Metrics: counting, and the text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What another process counts stands in its own slot of the page, and all is told as one. */
enum { M_COUNT, M_SUM, M_MOST, M_SECONDS, M_LEAST };
static const struct metric_def many[] = {
    {"m_total", "counted", METRIC_COUNTER, "verdict", verdicts, 2},
    {"m_open", "open now", METRIC_GAUGE, NULL, NULL, 0},
    {"m_place", "the furthest", METRIC_MOST, NULL, NULL, 0},
    {"m_seconds", "how long", METRIC_HISTOGRAM, NULL, NULL, 0},
    {"m_last", "the last", METRIC_LEAST, NULL, NULL, 0},
};

/* In a process of its own, which joins and counts. */
static void count_beside(int fd, size_t slot, double by)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (metrics_join(fd, slot) != ERR_OK)
            _exit(1);
        metric_add(M_COUNT, 1, by);
        metric_set(M_SUM, 0, by);
        metric_set(M_MOST, 0, by);
        metric_set(M_LEAST, 0, by);
        metric_seen(M_SECONDS, 0.2);
        _exit(0);
    }
    int how = 1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
}

static void expect(double count, double sum, double most, double seen)
{
    if (metric_get(M_COUNT, 1) != count || metric_get(M_SUM, 0) != sum ||
        metric_get(M_MOST, 0) != most || metric_get(M_SECONDS, 0) != seen)
        fail_msg("%g %g %g %g", metric_get(M_COUNT, 1), metric_get(M_SUM, 0), metric_get(M_MOST, 0),
                 metric_get(M_SECONDS, 0));
}

static void several_processes(void **state)
{
    static const char want[] = "m_total{verdict=\"refused\"} 10\n";
    struct bytes out;
    int fd = -1;
    (void)state;
    metrics_setup(many, sizeof many / sizeof *many);
    assert_int_equal(metrics_share(4, &fd), ERR_OK);
    expect(0, 0, 0, 0);
    metric_add(M_COUNT, 1, 1);
    metric_set(M_MOST, 0, 2);
    count_beside(fd, 1, 2);
    count_beside(fd, 3, 3);
    expect(6, 5, 3, 2);
    assert_true(metric_get(M_LEAST, 0) == 2);
    /* the next one of slot 3 goes on counting; what the last one was is over */
    metrics_gone(3);
    expect(6, 2, 2, 2);
    metrics_gone(1);
    assert_true(metric_get(M_LEAST, 0) == 0);
    count_beside(fd, 1, 0);
    expect(6, 0, 2, 3);
    count_beside(fd, 3, 4);
    assert_true(metric_get(M_LEAST, 0) == 4);
    expect(10, 4, 4, 4);
    metrics_gone(0);
    metrics_gone(4); /* there is no such slot */
    expect(10, 4, 4, 4);
    bytes_init(&out, 65536);
    metrics_write(&out);
    assert_non_null(strstr(bytes_str(&out), want));
    assert_non_null(strstr(bytes_str(&out), "# TYPE m_place gauge\nm_place 4\n"));
    assert_non_null(strstr(bytes_str(&out), "m_seconds_bucket{le=\"+Inf\"} 4\n"));
    bytes_fini(&out);
    metrics_fini();
    close(fd);
}

static void no_such_page(void **state)
{
    int fd = -1, other = memfd_create("other", MFD_CLOEXEC);
    (void)state;
    assert_int_equal(ftruncate(other, 4096 + 8), 0);
    assert_int_equal(metrics_join(other, 0), ERR_FILE); /* nothing is set up */
    metrics_setup(many, sizeof many / sizeof *many);
    assert_int_equal(metrics_share(2, &fd), ERR_OK);
    metric_add(M_COUNT, 1, 7);
    assert_int_equal(metrics_join(fd, 2), ERR_FILE);
    assert_int_equal(metrics_join(other, 0), ERR_FILE);
    assert_int_equal(metrics_join(-1, 0), ERR_FILE);
    expect(7, 0, 0, 0); /* and it goes on where it was */
    metrics_fini();
    close(fd);
    close(other);
}

#define WITH_TABLE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(counting),
        WITH_TABLE(counting_nothing),
        WITH_TABLE(text),
        WITH_TABLE(numbers),
        WITH_TABLE(set_up_anew),
        cmocka_unit_test(several_processes),
        cmocka_unit_test(no_such_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
