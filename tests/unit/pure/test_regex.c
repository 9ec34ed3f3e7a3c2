/* regex: what is found, what is no expression, and that neither an expression nor a text can take
 * more than its share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/pure/regex.h"

static const struct {
    const char *expression, *text;
    bool fold;
    enum regex_answer answer;
} rows[] = {
    {"confid", "very-confidential", false, REGEX_YES},
    {"^confid", "very-confidential", false, REGEX_NO},
    {"^q[1-4]$", "q3", false, REGEX_YES},
    {"^q[1-4]$", "q5", false, REGEX_NO},
    {"^q[1-4]$", "q3\n", false, REGEX_NO}, /* $ is the end, not before a last newline */
    {"Q3", "q3", false, REGEX_NO},
    {"Q3", "q3", true, REGEX_YES},
    {"^ÜBER", "über", true, REGEX_YES},
    {"^\\w+$", "größe", false, REGEX_YES},
    {"^.$", "ß", false, REGEX_YES}, /* a letter, not a byte */
    {"", "", false, REGEX_YES},
    {"x", "", false, REGEX_NO},
    {"x", "x\xff", false, REGEX_UNKNOWN},
    /* by steps, by depth */
    {"(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false, REGEX_UNKNOWN},
    {"(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false, REGEX_UNKNOWN},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct regex *regex = regex_new(span_of(rows[i].expression), rows[i].fold, NULL);
        assert_non_null(regex);
        /* Twice: a match leaves nothing behind. */
        for (int k = 0; k < 2; k++)
            if (regex_matches(regex, span_of(rows[i].text)) != rows[i].answer)
                fail_msg("row %zu: /%s/", i, rows[i].expression);
        regex_free(&regex);
        assert_null(regex);
        regex_free(&regex);
    }
}

static void test_none(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *why;
    } none[] = {
        {"(a", "missing closing parenthesis, at byte 3"},
        {"[z-a]", "range out of order in character class, at byte 4"},
        {"\\C", "using \\C is disabled by the application, at byte 3"},
        {"\xff", NULL},
    };
    struct bytes why;
    bytes_init(&why, 200);
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        struct regex *regex = regex_new(span_of(none[i].expression), false, &why);
        assert_null(regex);
        if (none[i].why)
            assert_string_equal(bytes_str(&why), none[i].why);
        assert_true(why.n > 0);
        bytes_clear(&why);
    }
    char nested[2 * 60], longer[REGEX_SIZE_MAX + 2];
    memset(nested, '(', 60);
    memset(nested + 60, ')', 60);
    assert_null(regex_new((struct span){nested, sizeof(nested)}, false, NULL));
    memset(longer, 'a', sizeof(longer));
    assert_null(regex_new((struct span){longer, REGEX_SIZE_MAX + 1}, false, NULL));
    struct regex *most = regex_new((struct span){longer, REGEX_SIZE_MAX}, false, NULL);
    assert_non_null(most);
    regex_free(&most);
    bytes_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
