/* The unit test of common/pure/span. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/span.h"

static void of_and_equal(void **state)
{
    (void)state;
    assert_null(span_of(NULL).p);
    assert_int_equal(span_of(NULL).n, 0);
    assert_int_equal(span_of("abc").n, 3);
    assert_int_equal(SPAN("a\0b").n, 3);
    assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
    assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
    assert_false(span_eq(SPAN("abc"), SPAN("ab")));
    assert_true(span_eq(SPAN_NONE, SPAN_NONE));
    assert_true(span_eq(SPAN_NONE, SPAN("")));
    assert_true(span_eq_str(SPAN("abc"), "abc"));
    assert_false(span_eq_str(SPAN("abc"), "abcd"));
    assert_false(span_eq_str(SPAN_NONE, "a"));
}

static void among(void **state)
{
    static const char *const names[] = {"a", "b", "", "b"};
    (void)state;
    assert_int_equal(span_among(SPAN("a"), names, 4), 0);
    assert_int_equal(span_among(SPAN("b"), names, 4), 1);
    assert_int_equal(span_among(SPAN_NONE, names, 4), 2);
    assert_int_equal(span_among(SPAN_NONE, names, 2), 2);
    assert_int_equal(span_among(SPAN("B"), names, 4), 4);
    assert_int_equal(span_among(SPAN("a"), NULL, 0), 0);
}

static void equal_without_case(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"Content-Type", "content-TYPE", true},
        {"a", "b", false},
        {"a", "aa", false},
        {"", "", true},
        {"@", "`", false}, /* 32 apart, but no letters */
        {"[", "{", false},
        {"Z", "z", true},
        {"\xC3\x84", "\xC3\xA4", false}, /* only ASCII is folded */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (span_eq_ci(span_of(rows[i].a), span_of(rows[i].b)) != rows[i].same)
            fail_msg("'%s' and '%s'", rows[i].a, rows[i].b);
}

static void starts_ends_find(void **state)
{
    (void)state;
    assert_true(span_starts(SPAN("https://x"), SPAN("https://")));
    assert_true(span_starts(SPAN("x"), SPAN("")));
    assert_false(span_starts(SPAN("http"), SPAN("https")));
    assert_false(span_starts(SPAN("xhttp"), SPAN("http")));
    assert_true(span_ends(SPAN("a.example"), SPAN(".example")));
    assert_true(span_ends(SPAN("x"), SPAN("x")));
    assert_false(span_ends(SPAN("example"), SPAN(".example")));
    assert_int_equal(span_find(SPAN("a:b:c"), ':'), 1);
    assert_int_equal(span_find(SPAN("abc"), ':'), -1);
    assert_int_equal(span_find(SPAN_NONE, ':'), -1);
    assert_int_equal(span_find(SPAN("ab\0"), '\0'), 2);
}

static void trim_and_cut(void **state)
{
    (void)state;
    assert_true(span_eq(span_trim(SPAN(" \t a b\t ")), SPAN("a b")));
    assert_true(span_eq(span_trim(SPAN(" \t ")), SPAN("")));
    assert_true(span_eq(span_trim(SPAN("\na\r")), SPAN("\na\r"))); /* OWS is SP and HTAB alone */

    struct span rest = SPAN("a,,b");
    assert_true(span_eq(span_cut(&rest, ','), SPAN("a")));
    assert_true(span_eq(span_cut(&rest, ','), SPAN("")));
    assert_non_null(rest.p);
    assert_true(span_eq(span_cut(&rest, ','), SPAN("b")));
    assert_null(rest.p);

    rest = SPAN("a,");
    assert_true(span_eq(span_cut(&rest, ','), SPAN("a")));
    assert_non_null(rest.p); /* empty, not absent: there was a separator */
    assert_int_equal(rest.n, 0);
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", 9, true, 0},
        {"007", 9, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"000000000000000000001", UINT64_MAX, false, 0}, /* 21 characters */
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 99, false, 0},
        {"0x1", 99, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t value = 77;
        bool ok = span_u64(span_of(rows[i].text), rows[i].max, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 77))
            fail_msg("'%s': %d, %llu", rows[i].text, ok, (unsigned long long)value);
    }
}

static void copies(void **state)
{
    char out[4] = "zzz";
    (void)state;
    assert_true(span_copy(SPAN("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(span_copy(SPAN("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_true(span_copy(SPAN("a"), out, sizeof out));
    assert_false(span_copy(SPAN("a\0b"), out, sizeof out));
    assert_string_equal(out, "");
    assert_true(span_copy(SPAN_NONE, out, sizeof out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_and_equal),
        cmocka_unit_test(among),
        cmocka_unit_test(equal_without_case),
        cmocka_unit_test(starts_ends_find),
        cmocka_unit_test(trim_and_cut),
        cmocka_unit_test(numbers),
        cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
