/* report: a month as it is put together and written, byte for byte; counts that are none of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/pure/date.h"
#include "common/pure/json.h"
#include "relay/rules/report.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(date_iso_read(span_of(text), &ms));
    return ms;
}

static void add_member(struct report *r, const char *host, const char *zone,
                       enum member_state state, int64_t until_ms)
{
    static struct member m;
    m = (struct member){.state = state, .until_ms = until_ms};
    span_copy(span_of(host), m.host, sizeof(m.host));
    span_copy(span_of(zone), m.zone, sizeof(m.zone));
    span_copy(SPAN("bob@corp.example"), m.sponsor, sizeof(m.sponsor));
    report_add_member(r, &m);
}

/* A month in which something of everything happened; told in no order. */
static struct report *november(void)
{
    static const struct {
        const char *name;
        uint64_t n;
    } counts[] = {
        {"x|partners|internal|reply", 3},
        {"x|internal|partners|post", 40},
        {"x|internal|internal|post", 500},
        {"x|internal|partners|reply", 2},
        {"x|partners|internal|share", 1},
        {"r|internal|partners|rule-denies", 4},
        {"r|internal||not-member", 7},
        {"r|||no-zone", 9},
        {"r|internal|partners|new-one", 1},
        {"d|partners|04", 90},
        {"d|partners|09", 9},
        {"d|partners|15", 1},
        {"d|internal|00", 1},
        {"o", 5},
    };
    static const char *const none[] = {
        "",       "x",     "x|a",      "x|a|b",    "x|a|b|like", "x|a|b|post|more",
        "d|a|16", "d|a|x", "d|a|",     "d|a|01|b", "y|a|b|c",    "r|a",
        "r|a|b",  "o|a",   "r|a|b|c|d"};
    struct report *r = report_new(SPAN("2026-11"));
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        report_add_count(r, span_of(counts[i].name), counts[i].n);
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        report_add_count(r, span_of(none[i]), 1000);
    report_add_set(r, SPAN("2026-11-09:m:partners"), 2);
    report_add_set(r, SPAN("2026-11-02:a:internal"), 120);
    report_add_set(r, SPAN("2026-11-02:m:internal"), 5);
    report_add_set(r, SPAN("2026-11-02:x:internal"), 1000);
    report_add_set(r, SPAN("2026-11:a:internal"), 1000);
    report_add_set(r, SPAN("2026-11-02:a:"), 1000);
    report_add_set(r, SPAN(""), 1000);
    add_member(r, "wiki.example", "internal", MEMBER_ACTIVE, 0);
    add_member(r, "blog.example", "internal", MEMBER_SUSPENDED, 0);
    add_member(r, "ally.example", "partners", MEMBER_ACTIVE, at("2027-04-30T23:59:59Z"));
    add_member(r, "late.example", "partners", MEMBER_EXPIRED, at("2026-10-01T00:00:00Z"));
    char name[] = "sc-out", other[] = "always", owner[] = "alice <a| b>";
    struct rule rules[] = {{.name = name, .owner = owner, .until_ms = at("2027-01-01T00:00:00Z")},
                           {.name = other}};
    const struct policy policy = {.rules = rules, .rules_n = 2};
    report_add_rules(r, &policy);
    return r;
}

static const char markdown[] =
    "# Corp relay: 2026-11\n"
    "\n"
    "Written on 2026-12-01 (UTC).\n"
    "\n"
    "## Members today\n"
    "\n"
    "| zone | active | invited or waiting | suspended | expired, left or removed |\n"
    "| --- | ---: | ---: | ---: | ---: |\n"
    "| internal | 1 | 0 | 1 | 0 |\n"
    "| partners | 1 | 0 | 0 | 1 |\n"
    "\n"
    "## Who posted, week by week\n"
    "\n"
    "| week from | zone | members | authors |\n"
    "| --- | --- | ---: | ---: |\n"
    "| 2026-11-02 | internal | 5 | 120 |\n"
    "| 2026-11-09 | partners | 2 | 0 |\n"
    "\n"
    "Both are counted without a list of who they are, so they are estimates (good to about 1 %). A "
    "week that reaches into another month is whole.\n"
    "\n"
    "## What went where\n"
    "\n"
    "| from | to | posts | replies | shares |\n"
    "| --- | --- | ---: | ---: | ---: |\n"
    "| internal | internal | 500 | 0 | 0 |\n"
    "| internal | partners | 40 | 2 | 0 |\n"
    "| partners | internal | 0 | 3 | 1 |\n"
    "\n"
    "## What did not\n"
    "\n"
    "| from | to | reason | times |\n"
    "| --- | --- | --- | ---: |\n"
    "| (no zone) | (at the door) | this host belongs to no zone of this relay (no-zone) | 9 |\n"
    "| internal | (at the door) | this host has not joined the relay (not-member) | 7 |\n"
    "| internal | partners | a reason of another version (new-one) | 1 |\n"
    "| internal | partners | a rule denies it (rule-denies) | 4 |\n"
    "\n"
    "What was refused at the door went nowhere. What is held or frozen waits for a person or a "
    "thaw; once it is let go, it counts as crossed too.\n"
    "\n"
    "## From post to delivery\n"
    "\n"
    "| to members of | deliveries | half of them | 95 % |\n"
    "| --- | ---: | ---: | ---: |\n"
    "| internal | 1 | within 0.1 s | within 0.1 s |\n"
    "| partners | 100 | within 2.5 s | within 5 min |\n"
    "\n"
    "## Pilots\n"
    "\n"
    "| who or what | zone | ends | state | sponsor |\n"
    "| --- | --- | --- | --- | --- |\n"
    "| late.example | partners | 2026-10-01 | expired | bob@corp.example |\n"
    "| rule:sc-out |  | 2027-01-01 |  | alice a b |\n"
    "| ally.example | partners | 2027-04-30 | active | bob@corp.example |\n"
    "\n"
    "5 more were counted that there was no room to tell apart.\n";

static void test_markdown(void **state)
{
    (void)state;
    struct report *r = november();
    struct bytes out;
    bytes_init(&out, REPORT_TEXT_MAX);
    report_write_markdown(r, SPAN("Corp relay"), at("2026-12-01T00:00:00Z"), &out);
    assert_string_equal(bytes_str(&out), markdown);
    report_free(&r);
    bytes_fini(&out);
}

static const char json[] =
    "{\"month\":\"2026-11\",\"over\":false,\"written\":\"2026-11-30T23:59:59Z\",\"members\":["
    "{\"zone\":\"internal\",\"invited\":0,\"pending\":0,\"active\":1,\"suspended\":1,\"expired\":0,"
    "\"left\":0,\"removed\":0},"
    "{\"zone\":\"partners\",\"invited\":0,\"pending\":0,\"active\":1,\"suspended\":0,\"expired\":1,"
    "\"left\":0,\"removed\":0}],\"weeks\":["
    "{\"week\":\"2026-11-02\",\"zone\":\"internal\",\"members\":5,\"authors\":120},"
    "{\"week\":\"2026-11-09\",\"zone\":\"partners\",\"members\":2,\"authors\":0}],\"crossed\":["
    "{\"from\":\"internal\",\"to\":\"internal\",\"posts\":500,\"replies\":0,\"shares\":0},"
    "{\"from\":\"internal\",\"to\":\"partners\",\"posts\":40,\"replies\":2,\"shares\":0},"
    "{\"from\":\"partners\",\"to\":\"internal\",\"posts\":0,\"replies\":3,\"shares\":1}],"
    "\"refused\":[{\"code\":\"no-zone\",\"n\":9},"
    "{\"from\":\"internal\",\"code\":\"not-member\",\"n\":7},"
    "{\"from\":\"internal\",\"to\":\"partners\",\"code\":\"new-one\",\"n\":1},"
    "{\"from\":\"internal\",\"to\":\"partners\",\"code\":\"rule-denies\",\"n\":4}],\"delivery\":["
    "{\"zone\":\"internal\",\"n\":1,\"median_within_ms\":100,\"p95_within_ms\":100},"
    "{\"zone\":\"partners\",\"n\":100,\"median_within_ms\":2500,\"p95_within_ms\":300000}],"
    "\"pilots\":["
    "{\"what\":\"late.example\",\"zone\":\"partners\",\"state\":\"expired\",\"sponsor\":\"bob@corp."
    "example\","
    "\"until\":\"2026-10-01T00:00:00Z\"},"
    "{\"what\":\"rule:sc-out\",\"sponsor\":\"alice <a| b>\",\"until\":\"2027-01-01T00:00:00Z\"},"
    "{\"what\":\"ally.example\",\"zone\":\"partners\",\"state\":\"active\",\"sponsor\":\"bob@corp."
    "example\","
    "\"until\":\"2027-04-30T23:59:59Z\"}],\"more_pilots\":false,\"not_told_apart\":5}";

static void test_json(void **state)
{
    (void)state;
    struct report *r = november();
    struct bytes out;
    bytes_init(&out, REPORT_TEXT_MAX);
    report_write_json(r, at("2026-11-30T23:59:59Z"), &out);
    assert_string_equal(bytes_str(&out), json);
    report_free(&r);
    bytes_fini(&out);
}

/* A month of which nothing is known says so. */
static void test_nothing(void **state)
{
    (void)state;
    static const struct json_limits limits = {8, 100, 200};
    struct report *r = report_new(SPAN("2026-11"));
    struct bytes out;
    bytes_init(&out, REPORT_TEXT_MAX);
    report_write_markdown(r, SPAN("Corp"), at("2026-11-05T00:00:00Z"), &out);
    assert_non_null(strstr(bytes_str(&out), "Written on 2026-11-05 (UTC); the month is not over"));
    assert_non_null(strstr(bytes_str(&out), "## What went where\n\nNothing.\n"));
    assert_null(strstr(bytes_str(&out), "|"));
    bytes_clear(&out);
    report_write_json(r, at("2026-11-05T00:00:00Z"), &out);
    assert_int_equal(json_scan(bytes_span(&out), &limits, NULL), ERR_OK);
    report_free(&r);
    report_free(&r);
    bytes_fini(&out);
}

/* More pilots than are listed: that is said. What took longest has no bound. */
static void test_bounds(void **state)
{
    (void)state;
    struct report *r = report_new(SPAN("2026-11"));
    struct bytes out;
    for (int i = 0; i <= REPORT_PILOTS_MAX; i++) {
        char host[64];
        snprintf(host, sizeof(host), "h%d.example", i);
        add_member(r, host, "partners", MEMBER_ACTIVE, 1 + i);
    }
    report_add_count(r, SPAN("d|partners|15"), 10);
    bytes_init(&out, REPORT_TEXT_MAX);
    report_write_json(r, 0, &out);
    assert_non_null(strstr(bytes_str(&out), "\"more_pilots\":true"));
    assert_non_null(strstr(bytes_str(&out), "\"p95_within_ms\":null"));
    assert_non_null(strstr(bytes_str(&out), "h999.example"));
    assert_null(strstr(bytes_str(&out), "h1000.example"));
    bytes_clear(&out);
    report_write_markdown(r, SPAN("Corp"), 0, &out);
    assert_non_null(strstr(bytes_str(&out), "There are more than are listed here."));
    assert_non_null(strstr(bytes_str(&out), "more than 7 days"));
    report_free(&r);
    bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
