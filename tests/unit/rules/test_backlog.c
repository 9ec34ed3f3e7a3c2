/* backlog: the furthest behind first, of however many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/backlog.h"

static void add(struct backlog *b, uint64_t low, const char *host)
{
    struct backlog_row row = {.cursor = {.low = low}, .waiting = (size_t)low + 5};
    span_copy(span_of(host), row.host, sizeof row.host);
    backlog_add(b, &row);
}

static void test_order(void **state)
{
    (void)state;
    struct backlog b = {0};
    backlog_close(&b);
    assert_int_equal(b.n + b.left_out, 0);
    add(&b, 7, "b.example");
    add(&b, 3, "c.example");
    add(&b, 7, "a.example");
    backlog_close(&b);
    assert_int_equal(b.n, 3);
    assert_int_equal(b.left_out, 0);
    assert_string_equal(b.rows[0].host, "c.example");
    assert_string_equal(b.rows[1].host, "a.example");
    assert_string_equal(b.rows[2].host, "b.example");
    assert_int_equal(b.rows[0].waiting, 8);
    backlog_fini(&b);
    assert_null(b.rows);
}

/* Whatever the order in which they come: those that are furthest behind are listed, the others are
 * counted. */
static void test_many(void **state)
{
    static const struct {
        unsigned n, step; /* the lows are 0, step, 2 * step ... of n */
    } rows[] = {{BACKLOG_MOST, 1},
                {BACKLOG_MOST + 1, 1},
                {BACKLOG_MOST + 1, 1000},
                {2 * BACKLOG_MOST, 1999},
                {2 * BACKLOG_MOST + 1, 7},
                {4999, 4998},
                {4999, 1},
                {9973, 4001}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct backlog b = {0};
        for (unsigned k = 0; k < rows[i].n; k++) {
            char host[32];
            uint64_t low = (uint64_t)k * rows[i].step % rows[i].n;
            snprintf(host, sizeof host, "h%05d.example", (int)low);
            add(&b, low, host);
            assert_true(b.n <= 2 * BACKLOG_MOST && b.cap <= 2 * BACKLOG_MOST);
        }
        backlog_close(&b);
        assert_int_equal(b.n, BACKLOG_MOST);
        assert_int_equal(b.left_out, rows[i].n - BACKLOG_MOST);
        for (unsigned k = 0; k < BACKLOG_MOST; k++)
            if (b.rows[k].cursor.low != k)
                fail_msg("row %zu: place %u: %d", i, k, (int)b.rows[k].cursor.low);
        backlog_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
