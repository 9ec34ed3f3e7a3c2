/* route: every address, and everything that only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/route.h"

static const struct {
    const char *method, *path, *query, *name, *allow;
} table[] = {
    {"GET", "/", NULL, "page", NULL},
    {"HEAD", "/", NULL, "page", NULL},
    {"GET", "/actor", NULL, "actor", NULL},
    {"GET", "/actor", "x=1", "actor", NULL},
    {"POST", "/inbox", NULL, "inbox", NULL},
    {"GET", "/outbox", NULL, "outbox", NULL},
    {"GET", "/followers", NULL, "followers", NULL},
    {"GET", "/following", "page=1", "following", NULL},
    {"GET", "/.well-known/webfinger", "resource=x", "webfinger", NULL},
    {"GET", "/.well-known/host-meta", NULL, "host-meta", NULL},
    {"GET", "/.well-known/nodeinfo", NULL, "nodeinfo", NULL},
    {"GET", "/nodeinfo/2.0", NULL, "nodeinfo-2.0", NULL},
    {"HEAD", "/nodeinfo/2.1", NULL, "nodeinfo-2.1", NULL},
    {"GET", "/zones/a/members.txt", NULL, "members", NULL},
    {"HEAD", "/zones/corp.partners-1_x/members.csv", NULL, "members", NULL},
    {"GET", "/zones/members.txt/members.json", "x", "members", NULL},
    /* 405: ATTACKS H20 */
    {"POST", "/zones/a/members.txt", NULL, "members", "GET, HEAD"},
    {"GET", "/inbox", NULL, "inbox", "POST"},
    {"HEAD", "/inbox", NULL, "inbox", "POST"},
    {"PUT", "/inbox", NULL, "inbox", "POST"},
    {"post", "/inbox", NULL, "inbox", "POST"},
    {"POST ", "/inbox", NULL, "inbox", "POST"},
    {"POS", "/inbox", NULL, "inbox", "POST"},
    {"POST", "/actor", NULL, "actor", "GET, HEAD"},
    {"DELETE", "/", NULL, "page", "GET, HEAD"},
    {"TRACE", "/actor", NULL, "actor", "GET, HEAD"},
    {"OPTIONS", "/actor", NULL, "actor", "GET, HEAD"},
    {"get", "/actor", NULL, "actor", "GET, HEAD"},
    {"GET, HEAD", "/actor", NULL, "actor", "GET, HEAD"},
    {"", "/actor", NULL, "actor", "GET, HEAD"},
    /* 404: ATTACKS H21 */
    {"POST", "//inbox", NULL, "none", NULL},
    {"POST", "/inbox/", NULL, "none", NULL},
    {"POST", "/%69nbox", NULL, "none", NULL},
    {"POST", "/./inbox", NULL, "none", NULL},
    {"POST", "/x/../inbox", NULL, "none", NULL},
    {"POST", "/inbox%00", NULL, "none", NULL},
    {"POST", "/Inbox", NULL, "none", NULL},
    {"POST", "/inbox;x", NULL, "none", NULL},
    {"POST", "/inbox", "", "none", NULL},
    {"POST", "/inbox", "x", "none", NULL},
    {"GET", "/inbox", "x", "none", NULL},
    {"POST", "inbox", NULL, "none", NULL},
    {"GET", "", NULL, "none", NULL},
    {"GET", "*", NULL, "none", NULL},
    {"GET", "/admin", NULL, "none", NULL},
    {"GET", "/metrics", NULL, "none", NULL},
    {"GET", "/.well-known", NULL, "none", NULL},
    {"GET", "/nodeinfo/2.2", NULL, "none", NULL},
    {"GET", "/%2e%2e/actor", NULL, "none", NULL},
    {"GET", "/zones/a/members", NULL, "none", NULL},
    {"GET", "/zones/a/members.xml", NULL, "none", NULL},
    {"GET", "/zones/a/members.TXT", NULL, "none", NULL},
    {"GET", "/zones/a/members.txt/", NULL, "none", NULL},
    {"GET", "/zones//members.txt", NULL, "none", NULL},
    {"GET", "/zones/members.txt", NULL, "none", NULL},
    {"GET", "/zones/a/b/members.txt", NULL, "none", NULL},
    {"GET", "/zones/../members.txt/members.txt", NULL, "none", NULL},
    {"GET", "/zone/a/members.txt", NULL, "none", NULL},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct routed got =
            route_find(span_of(table[i].method), span_of(table[i].path), span_of(table[i].query));
        if (!span_eq_str(span_of(table[i].name), route_name(got.route)) ||
            !span_eq(span_of(got.allow), span_of(table[i].allow)))
            print_error("%s %s\n", table[i].method, table[i].path);
        assert_string_equal(route_name(got.route), table[i].name);
        assert_true(span_eq(span_of(got.allow), span_of(table[i].allow)));
    }
}

static void test_members(void **state)
{
    (void)state;
    static const struct {
        const char *path, *zone;
        enum domains_form form;
    } rows[] = {{"/zones/a/members.txt", "a", DOMAINS_PLAIN},
                {"/zones/b.c/members.csv", "b.c", DOMAINS_CSV},
                {"/zones/members.json/members.json", "members.json", DOMAINS_JSON}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct routed got = route_find(SPAN("GET"), span_of(rows[i].path), SPAN_NONE);
        assert_int_equal(got.route, ROUTE_MEMBERS);
        assert_true(span_eq_str(got.zone, rows[i].zone));
        assert_int_equal(got.form, rows[i].form);
    }
}

static void test_nul(void **state)
{
    (void)state;
    assert_int_equal(route_find(SPAN("POST"), SPAN("/inbox\0"), SPAN_NONE).route, ROUTE_NONE);
    assert_non_null(route_find(SPAN("POST\0"), SPAN("/inbox"), SPAN_NONE).allow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
