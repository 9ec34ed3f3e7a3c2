/* The unit test of sfv: the pieces of RFC 8941, and the one form in which a list is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "keys/sfv.h"

/* One thing to read at the front of a text: what it is, and how many bytes stay behind it; -1 where
 * it must be refused. */
enum what { KEY, STRING, BINARY, INTEGER, SKIP };
static const struct {
    enum what what;
    const char *text, *value;
    int left;
} rows[] = {
    {KEY, "sig1=(", "sig1", 1},
    {KEY, "*a-b_c.d*=x", "*a-b_c.d*", 1},
    {KEY, "Sig1=(", NULL, -1},
    {KEY, "1a=x", NULL, -1},
    {KEY, "a", NULL, -1},
    {KEY, "a =x", NULL, -1},
    {KEY, "=x", NULL, -1},
    {KEY, "", NULL, -1},
    {STRING, "\"abc\"x", "abc", 1},
    {STRING, "\"\"", "", 0},
    {STRING, "\"a\\\"b\\\\\"", "a\\\"b\\\\", 0},
    {STRING, "\"a\\x\"", NULL, -1},
    {STRING, "\"a\\", NULL, -1},
    {STRING, "\"a", NULL, -1},
    {STRING, "\"a\tb\"", NULL, -1},
    {STRING, "\"a\x7f\"", NULL, -1},
    {STRING, "\"\xC3\xBC\"", NULL, -1},
    {STRING, "a\"", NULL, -1},
    {STRING, "", NULL, -1},
    {BINARY, ":AA==:,", "AA==", 1},
    {BINARY, "::", "", 0},
    {BINARY, ":+/:", "+/", 0},
    {BINARY, ":A-_A:", NULL, -1},
    {BINARY, ":AAAA", NULL, -1},
    {BINARY, "AAAA:", NULL, -1},
    {BINARY, ":A A:", NULL, -1},
    {BINARY, "", NULL, -1},
    {INTEGER, "0;", "0", 1},
    {INTEGER, "1703066400", "1703066400", 0},
    {INTEGER, "999999999999999", "999999999999999", 0},
    {INTEGER, "1000000000000000", NULL, -1},
    {INTEGER, "01", NULL, -1},
    {INTEGER, "00", NULL, -1},
    {INTEGER, "-1", NULL, -1},
    {INTEGER, "+1", NULL, -1},
    {INTEGER, "1.0", NULL, -1},
    {INTEGER, "", NULL, -1},
    {SKIP, "\"a\";", "", 1},
    {SKIP, ":AA:;", "", 1},
    {SKIP, "?1;", "", 1},
    {SKIP, "?0", "", 0},
    {SKIP, "-1.5;", "", 1},
    {SKIP, "12;", "", 1},
    {SKIP, "to/k:en*;", "", 1},
    {SKIP, "?2", NULL, -1},
    {SKIP, "?", NULL, -1},
    {SKIP, "-", NULL, -1},
    {SKIP, "\"a", NULL, -1},
    {SKIP, ":a", NULL, -1},
    {SKIP, ";", NULL, -1},
    {SKIP, " a", NULL, -1},
    {SKIP, "", NULL, -1},
};

static bool read_one(enum what what, struct span *at, struct span *ret, int64_t *ret_number)
{
    switch (what) {
    case KEY: return sfv_key(at, ret);
    case STRING: return sfv_string(at, ret);
    case BINARY: return sfv_binary(at, ret);
    case INTEGER: return sfv_integer(at, ret_number);
    case SKIP: return sfv_skip(at);
    }
    return false;
}

static void pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* In memory of its own, exactly as long, so that a step too far is seen. */
        size_t n = strlen(rows[i].text);
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, rows[i].text, n);
        struct span at = {copy, n}, value = SPAN_NONE;
        int64_t number = -1;
        bool ok = read_one(rows[i].what, &at, &value, &number);
        if (ok != (rows[i].left >= 0) || (ok && at.n != (size_t)rows[i].left))
            fail_msg("row %zu: %s", i, rows[i].text);
        if (ok && rows[i].what == INTEGER)
            assert_int_equal(number, strtoll(rows[i].value, NULL, 10));
        else if (ok)
            assert_true(span_eq_str(value, rows[i].value));
        free(copy);
    }
}

static void parameters(void **state)
{
    struct span at = SPAN(";a=1;  b;c"), name;
    bool has_value;
    (void)state;
    assert_true(sfv_parameter(&at, &name, &has_value));
    assert_true(has_value && span_eq_str(name, "a"));
    assert_true(sfv_skip(&at));
    assert_true(sfv_parameter(&at, &name, &has_value));
    assert_true(!has_value && span_eq_str(name, "b"));
    assert_true(sfv_parameter(&at, &name, &has_value));
    assert_true(!has_value && span_eq_str(name, "c"));
    assert_false(sfv_parameter(&at, &name, &has_value));
    static const char *const bad[] = {"", ";", "; ", ";A", ";\ta", " ;a", ";=1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        at = span_of(bad[i]);
        assert_false(sfv_parameter(&at, &name, &has_value));
    }
}

/* How many members a dictionary of `key=token` has; -1 where it is not one. */
static int members(const char *text)
{
    struct span at = span_of(text), name;
    bool first = true;
    int n = 0;
    while (sfv_next(&at, &first)) {
        if (!sfv_key(&at, &name) || !sfv_skip(&at))
            return -1;
        n++;
    }
    return at.n ? -1 : n;
}

static void dictionaries(void **state)
{
    static const struct {
        const char *text;
        int members;
    } dictionary[] = {
        {"", 0},       {"a=1", 1},    {"a=1,b=2", 2}, {"a=1 ,\t b=2", 2}, {"a=1 ", 1},
        {"a=1,", -1},  {"a=1, ", -1}, {",a=1", -1},   {"a=1,,b=2", -1},   {"a=1 b=2", -1},
        {"a=1;b", -1}, {" a=1", -1},  {"a", -1},      {"a=", -1},         {",", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(dictionary) / sizeof(dictionary[0]); i++)
        if (members(dictionary[i].text) != dictionary[i].members)
            fail_msg("\"%s\": %d", dictionary[i].text, members(dictionary[i].text));
}

static void lists(void **state)
{
    static const struct {
        const char *text, *written;
    } list[] = {
        {"()", "()"},
        {"( )", "()"},
        {"(\"a\")", "(\"a\")"},
        {"(  \"a\"   \"b\"  )", "(\"a\" \"b\")"},
        {"(\"a\" \"b\");created=1;keyid=\"x y\"", "(\"a\" \"b\");created=1;keyid=\"x y\""},
        {"(\"a\");  created=1;   tag=\"a  ( ) \\\"  b\"",
         "(\"a\");created=1;tag=\"a  ( ) \\\"  b\""},
        {"(\"a\");tag=\"\\\\\"; nonce=\"\"", "(\"a\");tag=\"\\\\\";nonce=\"\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        struct bytes out;
        bytes_init(&out, 200);
        sfv_list_write(&out, span_of(list[i].text));
        assert_string_equal(bytes_str(&out), list[i].written);
        bytes_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(parameters),
        cmocka_unit_test(dictionaries),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests_name("keys/sfv", tests, NULL, NULL);
}
