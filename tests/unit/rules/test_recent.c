/* recent: an outcome as a word and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/recent.h"

static const struct {
    struct recent r;
    const char *text;
} rows[] = {
    {{.n = 7, .tries = 1, .why = ERR_OK, .status = 202, .ms = 31, .at_ms = 99},
     "7:0:1:ok:202:31:99"},
    {{.n = 8, .slot = 3, .tries = 12, .why = ERR_CONNECT, .ms = 10000, .at_ms = 1795000000123},
     "8:3:12:connect:0:10000:1795000000123"},
    {{.n = UINT64_MAX, .slot = 9, .tries = UINT32_MAX, .why = ERR_REFUSED_BY_PEER, .status = 999},
     "18446744073709551615:9:4294967295:refused-by-peer:999:0:0"},
};

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bytes out;
        struct recent back;
        bytes_init(&out, RECENT_TEXT_MAX);
        recent_write(&rows[i].r, &out);
        assert_string_equal(bytes_str(&out), rows[i].text);
        assert_true(recent_read(bytes_span(&out), &back));
        assert_int_equal(back.n, rows[i].r.n);
        assert_int_equal(back.slot, rows[i].r.slot);
        assert_int_equal(back.tries, rows[i].r.tries);
        assert_int_equal(back.why, rows[i].r.why);
        assert_int_equal(back.status, rows[i].r.status);
        assert_int_equal(back.ms, rows[i].r.ms);
        assert_int_equal(back.at_ms, rows[i].r.at_ms);
        bytes_fini(&out);
    }
}

static void test_of_a_later_version(void **state)
{
    struct recent r;
    (void)state;
    assert_true(recent_read(SPAN("7:0:1:not-heard-of:202:31:99"), &r));
    assert_int_equal(r.why, ERR_COUNT);
}

static void test_bad(void **state)
{
    static const char *const bad[] = {"",
                                      "7",
                                      "7:0:1:ok:202:31",
                                      "7:0:1:ok:202:31:",
                                      "7:0:1:ok:202:31:99:",
                                      "7:0:1:ok:202:31:99:1",
                                      "7:0:1::202:31:99",
                                      "x:0:1:ok:202:31:99",
                                      "7:256:1:ok:202:31:99",
                                      "7:0:4294967296:ok:202:31:99",
                                      "7:0:1:ok:1000:31:99",
                                      "7:0:1:ok:202:-1:99",
                                      "7:0:1:ok:202:31:9223372036854775808",
                                      " 7:0:1:ok:202:31:99"};
    struct recent r;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (recent_read(span_of(bad[i]), &r))
            fail_msg("it was read: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_of_a_later_version),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
