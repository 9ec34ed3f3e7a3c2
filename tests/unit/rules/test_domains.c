/* domains: the forms in which others take lists of hosts, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/domains.h"

static void test_write(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a.example", "127.0.0.1:9101", "[::1]:80"};
    static const struct {
        enum domains_form form;
        size_t n;
        const char *text, *type;
    } rows[] = {
        {DOMAINS_PLAIN, 0, "", "text/plain; charset=utf-8"},
        {DOMAINS_PLAIN, 3, "a.example\n127.0.0.1:9101\n[::1]:80\n", "text/plain; charset=utf-8"},
        {DOMAINS_CSV, 0, "#domain\n", "text/csv; charset=utf-8"},
        {DOMAINS_CSV, 2, "#domain\na.example\n127.0.0.1:9101\n", "text/csv; charset=utf-8"},
        {DOMAINS_JSON, 0, "[]", "application/json"},
        {DOMAINS_JSON, 2, "[{\"domain\":\"a.example\"},{\"domain\":\"127.0.0.1:9101\"}]",
         "application/json"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bytes out;
        bytes_init(&out, 1000);
        domains_write(rows[i].form, hosts, rows[i].n, &out);
        assert_string_equal(bytes_str(&out), rows[i].text);
        assert_string_equal(domains_type(rows[i].form), rows[i].type);
        bytes_fini(&out);
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static void on_host(void *arg, unsigned line, const char *host)
{
    bytes_addf(arg, "%u:%s ", line, host);
}

static void on_bad(void *arg, unsigned line, struct span text, const char *why)
{
    bytes_addf(arg, "%u!%.*s(%.10s) ", line, SPAN_ARG(text), why);
}

/* What is said of a list. */
static bool reads(struct span text, bool blocks, const char *said)
{
    struct bytes out;
    bytes_init(&out, 1 << 20);
    const struct domains_taker taker = {on_host, on_bad, &out};
    bool whole = domains_read(text, true, blocks, &taker);
    if (strcmp(bytes_str(&out), said) != 0)
        fail_msg("%.*s: %s, not %s", SPAN_ARG(text), bytes_str(&out), said);
    bytes_fini(&out);
    return whole;
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        const char *said;
    } rows[] = {
        {SPAN(""), ""},
        {SPAN("\n\n"), ""},
        {SPAN("a.example"), "1:a.example "},
        {SPAN("A.Example.\r\n\n# b.example\n  c.example # why\n"),
         "1!A.Example.(that is no) 4:c.example "},
        {SPAN("\xef\xbb\xbf"
              "A.Example\nb.example:443\nb.example:8443\n"),
         "1:a.example 2:b.example 3:b.example:8443 "},
        {SPAN("b\xc3\xbc"
              "cher.example\n"),
         "1:xn--bcher-kva.example "},
        {SPAN("*.a.example\nev*l.example\n"),
         "1!*.a.example(a name wit) 2!ev*l.example(a name wit) "},
        {SPAN("a b.example\nhttps://a.example\n@x@a.example\nlocalhost\na.example,suspend\n"),
         "1!a b.example(that is no) 2!https://a.example(that is no) 3!@x@a.example(that is no) "
         "4!localhost(that is no) 5!a.example,suspend(that is no) "},
        {SPAN("a.example\0.evil\n"), "1!a.example\0"},
        {SPAN("#domain\na.example\n\nb.example\n"), "2:a.example 4:b.example "},
        {SPAN("domain\r\na.example\r\n"), "2:a.example "},
        {SPAN("#domain,#severity,#reject_media,#public_comment\n"
              "a.example,suspend,false,\"spam, and\nworse\"\n"
              "b.example,silence,false,\n"
              "\"c.example\",\"SUSPEND\",true,\"say \"\"hi\"\", no\"\n"
              "d.example,,false\n"
              ",suspend\n"
              "*.e.example,suspend\n"),
         "2:a.example 4!b.example(less than ) 5:c.example 6:d.example "
         "7!,suspend(there is n) 8!*.e.example(a name wit) "},
        {SPAN("severity,domain\nsuspend,a.example\nsuspend\n"),
         "2:a.example 3!suspend(there is n) "},
        {SPAN("#domain,#severity\n\"a.example,suspend\nb.example,suspend\n"),
         "2!\"a.example,suspend\nb.example,suspend\n(that is no) "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (memchr(rows[i].text.p, '\0', rows[i].text.n)) {
            struct bytes out; /* what is said holds a NUL: it is no host */
            bytes_init(&out, 1000);
            const struct domains_taker taker = {on_host, on_bad, &out};
            assert_true(domains_read(rows[i].text, true, true, &taker));
            assert_int_equal(out.p[1], '!');
            bytes_fini(&out);
        } else {
            assert_true(reads(rows[i].text, true, rows[i].said));
        }
    }
    /* For those who are to be allowed severity says nothing. */
    assert_true(reads(SPAN("domain,severity\na.example,silence\n"), false, "2:a.example "));
}

/* As many lines as may be; one more; a line that is too long. */
static void test_read_bounds(void **state)
{
    (void)state;
    struct bytes text, out;
    bytes_init(&text, DOMAINS_FILE_MAX);
    bytes_init(&out, DOMAINS_FILE_MAX);
    const struct domains_taker taker = {on_host, on_bad, &out};
    for (int i = 0; i < DOMAINS_LINES_MAX; i++)
        bytes_add_str(&text, "a.b\n");
    assert_true(domains_read(bytes_span(&text), true, true, &taker));
    assert_null(strstr(bytes_str(&out), "!"));
    bytes_clear(&out);
    bytes_add_str(&text, "c.d\n");
    assert_false(domains_read(bytes_span(&text), true, true, &taker));
    assert_non_null(strstr(bytes_str(&out), " 20000:a.b 20001!(the list i"));
    bytes_clear(&text);
    bytes_clear(&out);
    for (int i = 0; i <= DOMAINS_LINE_MAX; i++)
        bytes_add_char(&text, 'x');
    bytes_add_str(&text, "\na.b\n");
    assert_true(domains_read(bytes_span(&text), true, true, &taker));
    assert_string_equal(bytes_str(&out), "1!(this line ) 2:a.b ");
    bytes_fini(&text);
    bytes_fini(&out);
}

/* What is written is read again as it was. */
static void test_both(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a.example", "b.example:8443"};
    for (enum domains_form form = DOMAINS_PLAIN; form <= DOMAINS_CSV; form++) {
        struct bytes text;
        bytes_init(&text, 1000);
        domains_write(form, hosts, 2, &text);
        assert_true(reads(bytes_span(&text), false,
                          form == DOMAINS_PLAIN ? "1:a.example 2:b.example:8443 "
                                                : "2:a.example 3:b.example:8443 "));
        bytes_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write), cmocka_unit_test(test_read),
                                       cmocka_unit_test(test_read_bounds),
                                       cmocka_unit_test(test_both)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
