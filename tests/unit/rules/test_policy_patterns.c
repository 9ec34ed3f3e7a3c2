/* policy: patterns of hosts, which of them overlap, and tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy.h"

/* --- patterns -------------------------------------------------------------------------------- */

static const struct {
    const char *text, *https, *http; /* NULL: no pattern */
} patterns[] = {
    {"a.example", "a.example", "a.example"},
    {"A.Example", "a.example", "a.example"},
    {"a.example:443", "a.example", "a.example:443"},
    {"a.example:80", "a.example:80", "a.example"},
    {"a.example:8443", "a.example:8443", "a.example:8443"},
    {"a.example:65535", "a.example:65535", "a.example:65535"},
    {"a.example:91*", "a.example:91*", "a.example:91*"},
    {"a.example:443*", "a.example:443*", "a.example:443*"},
    {"a.example:*", "a.example:*", "a.example:*"},
    {"*.corp.example", "*.corp.example", "*.corp.example"},
    {"*.corp.example:91*", "*.corp.example:91*", "*.corp.example:91*"},
    {"*.example", "*.example", "*.example"},
    {"*.b\xc3\xbc"
     "cher.example",
     "*.xn--bcher-kva.example", "*.xn--bcher-kva.example"},
    {"127.0.0.1:91*", "127.0.0.1:91*", "127.0.0.1:91*"},
    {"[::1]", "[::1]", "[::1]"},
    {"[0:0::1]:91*", "[::1]:91*", "[::1]:91*"},
    {"", NULL, NULL},
    {"*", NULL, NULL},
    {"*.", NULL, NULL},
    {"*:80", NULL, NULL},
    {"*example", NULL, NULL},
    {"*.*.example", NULL, NULL},
    {"a.*.example", NULL, NULL},
    {"a.example*", NULL, NULL},
    {"a*.example", NULL, NULL},
    {"a.example.*", NULL, NULL},
    {"a.example:", NULL, NULL},
    {"a.example:0", NULL, NULL},
    {"a.example:0*", NULL, NULL},
    {"a.example:09", NULL, NULL},
    {"a.example:65536", NULL, NULL},
    {"a.example:65536*", NULL, NULL},
    {"a.example:9*1", NULL, NULL},
    {"a.example:9**", NULL, NULL},
    {"a.example:*9", NULL, NULL},
    {"a.example:x", NULL, NULL},
    {"a.example:80:80", NULL, NULL},
    {":80", NULL, NULL},
    {".example", NULL, NULL},
    {"a..example", NULL, NULL},
    {"a.example.", NULL, NULL},
    {"https://a.example", NULL, NULL},
    {"a.example/", NULL, NULL},
    {"user@a.example", NULL, NULL},
    {"a b", NULL, NULL},
    {"::1", NULL, NULL},
    {"[::1", NULL, NULL},
    {"*.[::1]", NULL, NULL},
    {"*.0.0.1", NULL, NULL},
    {"*.127.0.0.1", NULL, NULL},
    {"*.1", NULL, NULL},
    {"127.1", NULL, NULL},
};

static void test_pattern_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        for (int https = 0; https < 2; https++) {
            char *read = NULL;
            const char *want = https ? patterns[i].https : patterns[i].http;
            bool ok = policy_pattern_read(span_of(patterns[i].text), https, &read);
            print_message("%s\n", patterns[i].text);
            assert_int_equal(ok, want != NULL);
            assert_int_equal(read != NULL, want != NULL);
            if (ok)
                assert_string_equal(read, want);
            free(read);
        }
        assert_int_equal(policy_pattern_ok(span_of(patterns[i].text)), patterns[i].https != NULL);
    }
}

static void test_pattern_matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *host;
        bool matches;
    } rows[] = {
        {"a.example", "a.example", true},
        {"a.example", "a.example:8443", false},
        {"a.example", "b.a.example", false},
        {"a.example", "example", false},
        {"a.example:8443", "a.example:8443", true},
        {"a.example:8443", "a.example", false},
        {"a.example:8443", "a.example:84430", false},
        {"a.example:91*", "a.example:91", true},
        {"a.example:91*", "a.example:9101", true},
        {"a.example:91*", "a.example:91012", true},
        {"a.example:91*", "a.example:9", false},
        {"a.example:91*", "a.example:9201", false},
        {"a.example:91*", "a.example:1910", false},
        {"a.example:91*", "a.example", false},
        {"a.example:*", "a.example:1", true},
        {"a.example:*", "a.example", false},
        {"*.corp.example", "wiki.corp.example", true},
        {"*.corp.example", "a.b.c.corp.example", true},
        {"*.corp.example", "corp.example", false},
        {"*.corp.example", "evilcorp.example", false},
        {"*.corp.example", "wiki.corp.example.evil", false},
        {"*.corp.example", "wiki.corp.example:8443", false},
        {"*.corp.example", ".corp.example", false},
        {"*.corp.example", "wiki.corp.example.", false},
        {"*.corp.example:91*", "wiki.corp.example:9100", true},
        {"*.corp.example:91*", "wiki.corp.example", false},
        {"*.corp.example:91*", "corp.example:9100", false},
        {"127.0.0.1:91*", "127.0.0.1:9100", true},
        {"127.0.0.1:91*", "127.0.0.10:9100", false},
        {"[::1]:91*", "[::1]:9100", true},
        {"[::1]", "[::1]", true},
        {"[::1]", "[::1]:9100", false},
        /* A host is never a pattern. */
        {"a.example", "*.example", false},
        {"*.corp.example", "*.corp.example", false},
        {"a.example:91*", "a.example:*", false},
        {"a.example:91*", "a.example:91*", false},
        {"a.example", "", false},
        {"*.corp.example", "*.", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        print_message("%s %s\n", rows[i].pattern, rows[i].host);
        assert_int_equal(policy_pattern_matches(span_of(rows[i].pattern), span_of(rows[i].host)),
                         rows[i].matches);
    }
    assert_false(policy_pattern_matches(SPAN("a.example"), SPAN_NONE));
}

static void test_overlap(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool overlap;
    } rows[] = {
        {"a.example", "a.example", true},
        {"a.example", "b.example", false},
        {"a.example", "a.example:8443", false},
        {"a.example:8443", "a.example:8443", true},
        {"a.example:8443", "a.example:8444", false},
        {"a.example:91*", "a.example:9101", true},
        {"a.example:91*", "a.example:92*", false},
        {"a.example:91*", "a.example:9*", true},
        {"a.example:91*", "a.example:910*", true},
        {"a.example:*", "a.example:1", true},
        {"a.example:*", "a.example:9*", true},
        {"a.example:*", "a.example", false},
        {"*.example", "a.example", true},
        {"*.example", "example", false},
        {"*.example", "*.example", true},
        {"*.example", "*.a.example", true},
        {"*.a.example", "*.b.example", false},
        {"*.a.example", "*.ba.example", false},
        {"*.a.example", "a.example", false},
        {"*.a.example", "x.y.a.example", true},
        {"*.example:91*", "a.example:9101", true},
        {"*.example:91*", "a.example", false},
        {"*.example:91*", "*.a.example:92*", false},
        {"*.example:91*", "*.a.example:9*", true},
        {"[::1]:91*", "[::1]:9*", true},
        {"[::1]", "[::1]:9*", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        print_message("%s %s\n", rows[i].a, rows[i].b);
        assert_int_equal(policy_patterns_overlap(span_of(rows[i].a), span_of(rows[i].b)),
                         rows[i].overlap);
        assert_int_equal(policy_patterns_overlap(span_of(rows[i].b), span_of(rows[i].a)),
                         rows[i].overlap);
    }
}

/* Overlap is exact: of all patterns and hosts made of a few parts, two overlap if and only if one
 * host matches both. */
static void test_overlap_is_exact(void **state)
{
    (void)state;
    static const char *const names[] = {"c",   "b.c",   "a.b.c",   "x.b.c", "a.x.b.c",
                                        "*.c", "*.b.c", "*.a.b.c", "bb.c",  "a.bb.c"};
    static const char *const ports[] = {"",    ":9",   ":91", ":911", ":92",
                                        ":9*", ":91*", ":*",  ":911*"};
    enum { NAMES = 10, PORTS = 9, ALL = NAMES * PORTS };
    static char texts[ALL][32];
    static bool matched[ALL][ALL];
    for (size_t i = 0; i < ALL; i++)
        snprintf(texts[i], sizeof(texts[i]), "%s%s", names[i / PORTS], ports[i % PORTS]);
    /* Hosts: names deep enough for each pattern, and its ports. */
    static const char *const host_names[] = {"c",       "b.c",     "a.b.c", "x.b.c",
                                             "a.x.b.c", "z.a.b.c", "bb.c",  "a.bb.c"};
    static const char *const host_ports[] = {"", ":9", ":91", ":911", ":92"};
    for (size_t h = 0; h < 8 * 5; h++) {
        char host[32];
        snprintf(host, sizeof(host), "%s%s", host_names[h / 5], host_ports[h % 5]);
        for (size_t i = 0; i < ALL; i++)
            for (size_t j = 0; j < ALL; j++)
                if (policy_pattern_matches(span_of(texts[i]), span_of(host)) &&
                    policy_pattern_matches(span_of(texts[j]), span_of(host)))
                    matched[i][j] = true;
    }
    for (size_t i = 0; i < ALL; i++)
        for (size_t j = 0; j < ALL; j++)
            if (policy_patterns_overlap(span_of(texts[i]), span_of(texts[j])) != matched[i][j])
                fail_msg("%s and %s", texts[i], texts[j]);
}

/* --- tags ------------------------------------------------------------------------------------ */

static void test_tags(void **state)
{
    (void)state;
    static const struct {
        const char *written, *received;
        bool same;
    } rows[] = {
        {"partners", "partners", true},
        {"Partners", "pARTNERS", true},
        {"partners", "partner", false},
        {"partners", "partners ", false},
        {"partners", "#partners", false},
        {"partners", "", false},
        {"\xc3\x9c"
         "bung",
         "\xc3\xbc"
         "BUNG",
         true},                          /* U and its diaeresis */
        {"\xc3\x97", "\xc3\xb7", false}, /* times is not divided */
        {"\xc5\x81\xc3\xb3"
         "d\xc5\xba",
         "\xc5\x82\xc3\x93"
         "D\xc5\xb9",
         true},                                                         /* Polish */
        {"\xce\xa3\xce\x9f\xce\xa3", "\xcf\x83\xce\xbf\xcf\x82", true}, /* Greek, final sigma */
        {"\xce\x86", "\xce\xac", true},
        {"\xd0\x9f\xd0\x81", "\xd0\xbf\xd1\x91", true}, /* Cyrillic */
        {"\xd2\x90", "\xd2\x91", true},
        {"\xc5\xb8", "\xc3\xbf", true}, /* y with diaeresis */
        {"\xc4\xb0", "i", false},       /* dotted I */
        {"\xc5\xbf", "s", false},       /* long s */
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", true},
        {"a\xff", "A\xff", true},
        {"a\xc3", "A\xc3", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *folded = mem_copy(span_of(rows[i].written));
        policy_tag_fold(folded, strlen(folded));
        print_message("%s %s\n", rows[i].written, rows[i].received);
        assert_int_equal(policy_tag_is(span_of(rows[i].received), folded), rows[i].same);
        if (rows[i].written[0])
            assert_true(policy_tag_is(span_of(rows[i].written), folded));
        free(folded);
    }
    assert_false(policy_tag_is(SPAN("a\0b"), "a"));
}

/* Folding twice is folding once, for every letter of two bytes. */
static void test_fold_is_stable(void **state)
{
    (void)state;
    for (unsigned a = 0xc2; a <= 0xdf; a++) {
        for (unsigned b = 0x80; b <= 0xbf; b++) {
            char once[] = {(char)a, (char)b, 0}, twice[3];
            policy_tag_fold(once, 2);
            memcpy(twice, once, 3);
            policy_tag_fold(twice, 2);
            assert_string_equal(once, twice);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pattern_read), cmocka_unit_test(test_pattern_matches),
        cmocka_unit_test(test_overlap),      cmocka_unit_test(test_overlap_is_exact),
        cmocka_unit_test(test_tags),         cmocka_unit_test(test_fold_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
