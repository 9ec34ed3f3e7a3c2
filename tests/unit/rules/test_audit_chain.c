/* audit_chain: lines that follow each other, and every way in which they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/audit_chain.h"

/* A hash that a person can read: the verb's letters, and zeros. */
static void letters_of(struct span text, char ret[AUDIT_HASH_SIZE])
{
    size_t n = 0;
    memset(ret, '0', AUDIT_HASH_SIZE - 1);
    ret[AUDIT_HASH_SIZE - 1] = '\0';
    for (size_t i = 0; i < text.n && n < 8; i++)
        if (text.p[i] >= 'A' && text.p[i] <= 'Z')
            ret[n++] = text.p[i];
}

#define ZEROS56             "00000000000000000000000000000000000000000000000000000000"
#define LINE(n, prev, verb) "{\"n\":" n ",\"prev\":\"" prev ZEROS56 "\",\"verb\":\"" verb "\"}"

static const struct row {
    const char *lines[4];
    const char *why; /* of the last that stands there; empty: it fits */
} rows[] = {
    {{LINE("1", "00000000", "A")}, ""},
    {{LINE("1", "00000000", "A"), LINE("2", "A0000000", "B"), LINE("3", "AB000000", "C")}, ""},
    {{LINE("1", "0000000X", "A")}, "line 1 names a line before it"},
    {{LINE("2", "00000000", "A")}, "line 1 is missing"},
    {{LINE("7", "00000000", "A")}, "lines 1 to 6 are missing"},
    {{LINE("1", "00000000", "A"), LINE("3", "A0000000", "B")}, "line 2 is missing"},
    {{LINE("1", "00000000", "A"), LINE("4", "A0000000", "B")}, "lines 2 to 3 are missing"},
    {{LINE("1", "00000000", "A"), LINE("1", "A0000000", "B")}, "behind line 1 stands line 1"},
    {{LINE("1", "00000000", "Z"), LINE("2", "A0000000", "B")},
     "line 1 is not as it was written: line 2 names another hash of it"},
    {{LINE("0", "00000000", "A")}, "line 1 can't be read"},
    {{LINE("-1", "00000000", "A")}, "line 1 can't be read"},
    {{LINE("1.5", "00000000", "A")}, "line 1 can't be read"},
    {{LINE("\"1\"", "00000000", "A")}, "line 1 can't be read"},
    {{"{\"n\":1}"}, "line 1 can't be read"},
    {{"{\"n\":1,\"prev\":0}"}, "line 1 can't be read"},
    {{"{\"n\":1,\"n\":1,\"prev\":\"\"}"}, "line 1 can't be read"},
    {{"[]"}, "line 1 can't be read"},
    {{""}, "line 1 can't be read"},
    {{LINE("1", "00000000", "A"), "x"}, "line 2 can't be read"},
    {{LINE("9223372036854775807", "00000000", "A")}, "lines 1 to 9223372036854775806 are missing"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct audit_chain chain = {.hash_of = letters_of};
        struct bytes why;
        bool fits = true;
        size_t n = 0;
        bytes_init(&why, 512);
        for (; n < 4 && row->lines[n] && fits; n++)
            fits = audit_chain_take(&chain, span_of(row->lines[n]), &why);
        if (strcmp(bytes_str(&why), row->why) != 0 || fits != !row->why[0] ||
            (n < 4 && row->lines[n]))
            fail_msg("row %zu: %s, not %s", i, bytes_str(&why), row->why);
        assert_int_equal(chain.n, fits ? n : n - 1);
        bytes_fini(&why);
    }
}

/* The head is that of the line that was taken last; one that does not fit leaves it as it was. */
static void test_head(void **state)
{
    struct audit_chain chain = {.hash_of = letters_of};
    struct bytes why;
    (void)state;
    bytes_init(&why, 512);
    assert_true(audit_chain_take(&chain, SPAN(LINE("1", "00000000", "A")), &why));
    assert_string_equal(chain.hash, "A0000000" ZEROS56);
    assert_false(audit_chain_take(&chain, SPAN(LINE("2", "X0000000", "B")), &why));
    assert_string_equal(chain.hash, "A0000000" ZEROS56);
    assert_int_equal(chain.n, 1);
    bytes_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
