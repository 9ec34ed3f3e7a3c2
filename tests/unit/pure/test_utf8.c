/* The unit test of common/pure/utf8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/utf8.h"

/* Every character there is, written and recognised; nothing shorter or cut is. */
static void every_character(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char text[4];
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        size_t n = utf8_put(text, code);
        if (utf8_len((struct span){text, n}) != n)
            fail_msg("U+%04X", code);
        if (n > 1 && utf8_len((struct span){text, n - 1}) != 0)
            fail_msg("U+%04X cut short", code);
    }
}

static void vectors(void **state)
{
    static const struct {
        uint32_t code;
        struct span text;
    } rows[] = {
        {0x24, {"$", 1}},
        {0x7F, {"\x7F", 1}},
        {0x80, {"\xC2\x80", 2}},
        {0x7FF, {"\xDF\xBF", 2}},
        {0x800, {"\xE0\xA0\x80", 3}},
        {0x20AC, {"\xE2\x82\xAC", 3}},
        {0xD7FF, {"\xED\x9F\xBF", 3}},
        {0xE000, {"\xEE\x80\x80", 3}},
        {0xFFFF, {"\xEF\xBF\xBF", 3}},
        {0x10000, {"\xF0\x90\x80\x80", 4}},
        {0x10FFFF, {"\xF4\x8F\xBF\xBF", 4}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[4];
        size_t n = utf8_put(text, rows[i].code);
        assert_true(span_eq((struct span){text, n}, rows[i].text));
    }
}

static void ill_formed(void **state)
{
    static const char *const rows[] = {
        "\x80",
        "\xBF",
        "\xC0\xAF",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xC2\xC2",
        "\xE0\x80\xAF",
        "\xE0\x9F\xBF",
        "\xE2\x82",
        "\xE2\x82\x41",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x80\x80\xAF",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x9F\x98",
        "\xF0\x9F\x98\x41",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (utf8_len(span_of(rows[i])) != 0 || utf8_valid(span_of(rows[i])))
            fail_msg("row %zu", i);
    assert_int_equal(utf8_len(SPAN_NONE), 0);
}

static void whole_texts(void **state)
{
    (void)state;
    assert_true(utf8_valid(SPAN_NONE));
    assert_true(utf8_valid(SPAN("plain\0 \xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80")));
    assert_false(utf8_valid(SPAN("plain \xC3\xBC \xE2\x82")));
    assert_false(utf8_valid(SPAN("\xC3\xBC\xBC")));
}

/* What a terminal would obey is not shown, what is no text neither, and nothing is cut in two. */
static void for_people(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *shown;
    } rows[] = {
        {"", 1, ""},
        {"plain", 6, "plain"},
        {"plain", 5, "plai"},
        {"a\r\n\tb\x1b[2J", 32, "a   b [2J"},
        {"\xC3\xBC\xE2\x82\xAC!", 8, "\xC3\xBC\xE2\x82\xAC!"},
        {"\xC3\xBC\xE2\x82\xAC!", 5, "\xC3\xBC"},
        {"\xC2\x9B\xE2\x80\xAEx", 8, "  x"},
        {"\xF3\xA0\x81\x81x", 8, " x"},
        {"\xFF\xC3(", 8,
         "?"
         "?("},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[32];
        utf8_show(span_of(rows[i].text), out, rows[i].size);
        assert_string_equal(out, rows[i].shown);
    }
    char out[2] = "x";
    utf8_show(SPAN_NONE, out, sizeof(out));
    assert_string_equal(out, "");
    assert_int_equal(utf8_code(SPAN("\xF0\x9F\x98\x80")), 0x1F600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character), cmocka_unit_test(vectors),
        cmocka_unit_test(ill_formed),      cmocka_unit_test(whole_texts),
        cmocka_unit_test(for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
