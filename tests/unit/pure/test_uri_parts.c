/* The unit test of common/pure/uri beside uri_read(): what operators, Location headers and query
 * strings give us. Rows carry the ids of ATTACKS 3.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/pure/uri.h"

/* clang-format off */ /* its versions disagree on a macro of braces */
#define ROW(text) {text, sizeof(text) - 1}
/* clang-format on */

static void authorities(void **state)
{
    static const struct {
        const char *text;
        bool https;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"a.example", true, "a.example"},
        {"A.Example:443", true, "a.example"},
        {"a.example:443", false, "a.example:443"},
        {"a.example:80", false, "a.example"},
        {"a.example:80", true, "a.example:80"},
        {"127.0.0.1:9101", false, "127.0.0.1:9101"},
        {"[::1]:080", false, "[::1]"},
        {"[::1]", true, "[::1]"},
        {"B\xC3\x9C"
         "cher.example:8443",
         true, "xn--bcher-kva.example:8443"},
        {"", true, NULL},
        {":443", true, NULL},
        {"a.example:", true, NULL},
        {"a.example:0", true, NULL},
        {"a.example:x", true, NULL},
        {"a.example/", true, NULL},
        {"a.example?", true, NULL},
        {"a.example#", true, NULL},
        {"u@a.example", true, NULL},
        {"a.example.", true, NULL},
        {"a example", true, NULL},
        {" a.example", true, NULL},
        {"a.example,b.example", true, NULL},
        {"*.a.example", true, NULL},
        {"https://a.example", true, NULL},
        {"127.1", true, NULL},
        {"[::1", true, NULL},
        {"[", true, NULL},
        {"::1", true, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[URI_AUTHORITY_SIZE] = "?";
        bool ok = uri_authority(span_of(rows[i].text), rows[i].https, out);
        if (ok != (rows[i].want != NULL) || strcmp(out, ok ? rows[i].want : "") != 0)
            fail_msg("'%s': %d '%s'", rows[i].text, ok, out);
    }
    char out[URI_AUTHORITY_SIZE];
    assert_false(uri_authority(SPAN_NONE, true, out));
    assert_false(uri_authority(SPAN("a\0b"), true, out));
}

static void resolves(void **state)
{
    static const struct {
        const char *location, *want; /* NULL: refused */
    } rows[] = {
        {"https://b.example/x", "https://b.example/x"},
        {"http://b.example/x", "http://b.example/x"},
        {"/x", "https://a.example:444/x"},
        {"x", "https://a.example:444/p/x"},
        {"../x?y#z", "https://a.example:444/x?y#z"},
        {"?y", "https://a.example:444/p/q?y"},
        {"//b.example/x", "https://b.example/x"},
        {"/x?u=https://b.example/", "https://a.example:444/x?u=https://b.example/"},
        /* X05 */
        {"", NULL},
        {"file:///etc/passwd", NULL},
        {"gopher://b.example/", NULL},
        {"ftp://b.example/", NULL},
        {"unix:/x", NULL},
        {"https://user@b.example/", NULL},
        {"//user:pw@b.example/", NULL},
        {"https://127.1/", "https://127.0.0.1/"}, /* in the open now: the guard will see it */
        {"//b.example\\@c.example/", NULL},
        {"/a b", NULL},
        {" /x", NULL},
        {"/x\r\nEvil: 1", NULL},
        {"https://b.example./", NULL},
        {"//b.example:0/", NULL},
    };
    struct uri base;
    (void)state;
    assert_int_equal(uri_read(SPAN("https://a.example:444/p/q?z#f"), &base), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[200] = "?";
        bool ok = uri_resolve(&base, span_of(rows[i].location), out, sizeof out);
        if (ok != (rows[i].want != NULL) || strcmp(out, ok ? rows[i].want : "") != 0)
            fail_msg("'%s': %d '%s'", rows[i].location, ok, out);
    }
    char out[24];
    assert_true(uri_resolve(&base, SPAN("/"), out, sizeof out));
    assert_string_equal(out, "https://a.example:444/");
    assert_false(uri_resolve(&base, SPAN("/xx"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(uri_resolve(&base, SPAN("/x\0y"), out, sizeof out));
}

static void decodes(void **state)
{
    static const struct {
        struct span text;
        const char *want; /* NULL: refused */
    } rows[] = {
        {ROW(""), ""},
        {ROW("plain"), "plain"},
        {ROW("acct%3Arelay%40a.example"), "acct:relay@a.example"},
        {ROW("%41%4a%4A"), "AJJ"},
        {ROW("a+b"), "a+b"},
        {ROW("%2541"), "%41"}, /* once */
        {ROW("%C3%BC"), "\xC3\xBC"},
        {ROW("%"), NULL},
        {ROW("%4"), NULL},
        {ROW("a%4"), NULL},
        {ROW("%4g"), NULL},
        {ROW("%g4"), NULL},
        {ROW("% 4"), NULL},
        {ROW("%%41"), NULL},
        {ROW("%00"), NULL},
        {ROW("a%00b"), NULL},
        {ROW("a\0b"), NULL},
        {ROW("0123456789012345678901234567890"), "0123456789012345678901234567890"},
        {ROW("01234567890123456789012345678901"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[32] = "?";
        bool ok = uri_decode(rows[i].text, out, sizeof out);
        if (ok != (rows[i].want != NULL) || strcmp(out, ok ? rows[i].want : "") != 0)
            fail_msg("'%s': %d '%s'", rows[i].text.p, ok, out);
    }
}

static void params(void **state)
{
    static const struct {
        const char *query, *name, *want; /* NULL: absent */
        unsigned count;
    } rows[] = {
        {"resource=acct%3Ax", "resource", "acct%3Ax", 1},
        {"a=1&resource=x&b=2", "resource", "x", 1},
        {"resource=x&resource=y", "resource", "x", 2},
        {"resource", "resource", "", 1},
        {"resource=", "resource", "", 1},
        {"resource=a=b", "resource", "a=b", 1},
        {"", "resource", NULL, 0},
        {"resources=x", "resource", NULL, 0},
        {"xresource=x", "resource", NULL, 0},
        {"Resource=x", "resource", NULL, 0},
        {"r%65source=x", "resource", NULL, 0}, /* names are compared as written */
        {"&&resource=x&", "resource", "x", 1},
        {"a=resource&b=resource=1", "resource", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned n = 77;
        struct span got = uri_param(span_of(rows[i].query), rows[i].name, &n);
        if (!span_eq_str(got, rows[i].want) || (got.p == NULL) != (rows[i].want == NULL) ||
            n != rows[i].count)
            fail_msg("'%s': '%.*s', %u", rows[i].query, SPAN_ARG(got), n);
    }
    assert_null(uri_param(SPAN_NONE, "a", NULL).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorities),
        cmocka_unit_test(resolves),
        cmocka_unit_test(decodes),
        cmocka_unit_test(params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
