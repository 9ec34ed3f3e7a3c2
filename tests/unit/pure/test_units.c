/* The unit test of common/pure/units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/units.h"

struct row {
    const char *text;
    int64_t value;
    const char *written; /* NULL: as it was read */
};

static void both_ways(bool (*reader)(struct span, int64_t *),
                      void (*writer)(struct bytes *, int64_t), const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = 77;
        struct bytes out;
        if (!reader(span_of(rows[i].text), &value) || value != rows[i].value)
            fail_msg("'%s': %lld", rows[i].text, (long long)value);
        bytes_init(&out, 40);
        writer(&out, value);
        assert_string_equal(bytes_str(&out), rows[i].written ? rows[i].written : rows[i].text);
        bytes_fini(&out);
    }
}

static void refused(bool (*reader)(struct span, int64_t *), const char *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = 77;
        if (reader(span_of(rows[i]), &value) || value != 77)
            fail_msg("'%s' was read", rows[i]);
    }
    int64_t value = 77;
    assert_false(reader(SPAN_NONE, &value));
}

static void durations(void **state)
{
    static const struct row good[] = {
        {"250ms", 250, NULL},
        {"10s", 10000, NULL},
        {"5min", 300000, NULL},
        {"2h", 7200000, NULL},
        {"7d", 604800000, NULL},
        {"0s", 0, NULL},
        {"0ms", 0, "0s"},
        {"0d", 0, "0s"},
        {"60s", 60000, "1min"},
        {"90min", 5400000, NULL},
        {"24h", 86400000, "1d"},
        {"1500ms", 1500, NULL},
        {"007s", 7000, "7s"},
        {"9223372036854775807ms", INT64_MAX, NULL},
        {"106751991167d", 106751991167 * 86400000, NULL},
    };
    static const char *const bad[] = {
        "",
        "10",
        "s",
        "ms",
        "-1s",
        "+1s",
        "1.5s",
        "1 s",
        " 1s",
        "1s ",
        "1S",
        "1m",
        "1M",
        "1sec",
        "1w",
        "1y",
        "1h30min",
        "1e3s",
        "0x1s",
        "10s0",
        "1,5s",
        "1ss",
        "9223372036854775808ms",
        "106751991168d",
        "99999999999999999999s",
        "1KiB",
    };
    (void)state;
    both_ways(duration_read, duration_write, good, sizeof good / sizeof *good);
    refused(duration_read, bad, sizeof bad / sizeof *bad);
}

static void sizes(void **state)
{
    static const struct row good[] = {
        {"0", 0, NULL},
        {"512", 512, NULL},
        {"8KiB", 8192, NULL},
        {"1MiB", 1 << 20, NULL},
        {"2GiB", INT64_C(2) << 30, NULL},
        {"0GiB", 0, "0"},
        {"1024", 1024, "1KiB"},
        {"1025", 1025, NULL},
        {"1536KiB", 1536 * 1024, NULL},
        {"9223372036854775807", INT64_MAX, NULL},
        {"8589934591GiB", INT64_C(8589934591) << 30, NULL},
    };
    static const char *const bad[] = {
        "",
        "KiB",
        "1KB",
        "1kib",
        "1K",
        "1k",
        "1MB",
        "1M",
        "1 MiB",
        "-1",
        "+1",
        "1.5GiB",
        "1TiB",
        "1B",
        "1bytes",
        "0x10",
        "1KiB ",
        "9223372036854775808",
        "8589934592GiB",
        "10s",
    };
    (void)state;
    both_ways(size_read, size_write, good, sizeof good / sizeof *good);
    refused(size_read, bad, sizeof bad / sizeof *bad);
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } rows[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"listen", "listen", 0},
        {"lsiten", "listen", 1}, /* neighbours swapped */
        {"listn", "listen", 1},
        {"llisten", "listen", 1},
        {"listan", "listen", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3}, /* 2 without the restriction */
        {"abcd", "badc", 2},
        {"metrics", "matrix", 3},
        {"Listen", "listen", 1},
        {"zones", "rules", 3},
        {"ab", "ba", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span a = span_of(rows[i].a), b = span_of(rows[i].b);
        if (units_distance(a, b) != rows[i].distance || units_distance(b, a) != rows[i].distance)
            fail_msg("'%s' '%s': %u, %u", rows[i].a, rows[i].b, units_distance(a, b),
                     units_distance(b, a));
    }
    char name[64];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = 'a';
    assert_int_equal(units_distance((struct span){name, 63}, SPAN("")), 63);
    assert_int_equal(units_distance((struct span){name, 63}, (struct span){name, 63}), 0);
    assert_int_equal(units_distance((struct span){name, 64}, (struct span){name, 64}), 64);
    assert_int_equal(units_distance(SPAN("a"), (struct span){name, 64}), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
