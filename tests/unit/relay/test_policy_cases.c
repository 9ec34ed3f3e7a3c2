/* policy_cases: what is wrong with a file of cases, and where; what an activity in a case becomes;
 * the manual's example. Whether cases come out as they say is for the test of the verb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "relay/manual.h"
#include "relay/policy_cases.h"

#define GOOD "cases:\n  - {from: a, to: b, expect: allow, activity: x.json}\n"

static const struct {
    const char *text, *said; /* the mistakes; "": none */
} rows[] = {
    {GOOD, ""},
    {"cases: []\n", "f:1:8: there is no case\n"},
    {"", "f:1:1: the file is empty\n"},
    {"other: 1\n", "f:1:1: unknown key \"other\"; known here: cases\nf:1:1: there is no `cases`\n"},
    {"- cases\n", "f:1:1: there is no `cases`\n"},
    {"cases: x\n", "f:1:8: cases must be a list, not a text\n"},
    {"cases: [x]\n", "f:1:9: a case must be a mapping, not a text\n"},
    {"cases:\n  - {from: a, to: b, expect: allow}\n", "f:2:5: a case needs `activity`\n"},
    {"cases:\n  - {}\n", "f:2:5: a case needs `from`\nf:2:5: a case needs `to`\n"
                         "f:2:5: a case needs `expect`\nf:2:5: a case needs `activity`\n"},
    {GOOD "  - {form: a, from: a, to: b, expect: deny, activity: x}\n",
     "f:3:6: unknown key of a case \"form\"; did you mean \"from\"?\n"},
    {"cases: [{from: a, to: b, expect: allowed, activity: x}]\n",
     "f:1:34: unknown verdict \"allowed\"; did you mean \"allow\"?\n"},
    {"cases: [{from: [a], to: b, expect: [deny], activity: x}]\n",
     "f:1:16: from must be a text, not a list\nf:1:36: expect must be a text, not a list\n"},
    {"cases: [{from: a, to: [], expect: deny, activity: x}]\n", "f:1:23: to names nothing\n"},
    {"cases: [{from: a, to: [b, [c]], expect: deny, activity: x}]\n",
     "f:1:27: to must be a text, not a list\n"},
    {"cases: [{from: a, to: {b: c}, expect: deny, activity: [x]}]\n",
     "f:1:23: to must be a text, not a mapping\n"
     "f:1:55: activity must be a text, not a list\n"},
    {"cases: [{from: a, to: b, expect: deny, code: no, activity: x}]\n",
     "f:1:46: \"no\" is no reason code (see `weir help problems`)\n"},
    {"cases: [{from: a, to: b, expect: deny, at: soon, activity: x}]\n",
     "f:1:44: \"soon\" is no day: write it as 2027-04-30\n"},
    {"cases: [{from: a, to: b, expect: deny, known: {bots: true, bot: 1}, activity: x}]\n",
     "f:1:48: unknown key of known \"bots\"; did you mean \"bot\"?\nf:1:65: must be true or "
     "false\n"},
    {"cases: [{from: a, to: b, expect: deny, known: {software: [x]}, activity: x}]\n",
     "f:1:58: software must be a text, not a list\n"},
    {"cases: [{from: a, to: b, expect: deny, known: yes, activity: x}]\n",
     "f:1:47: known must be a mapping, not a text\n"},
    {"cases: [{from: a, from: b, to: b, expect: deny, activity: x}]\n", "f:1:19: "},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mistakes mistakes = {0};
        struct policy_cases cases;
        struct bytes said;
        bytes_init(&said, 10000);
        policy_cases_read(span_of(rows[i].text), &mistakes, &cases);
        mistakes_write(&mistakes, "f", &said);
        if (strncmp(bytes_str(&said), rows[i].said, strlen(rows[i].said)) != 0 ||
            (said.n > 0) != (rows[i].said[0] != '\0'))
            fail_msg("row %zu says: %s", i, bytes_str(&said));
        bytes_fini(&said);
        mistakes_fini(&mistakes);
        policy_cases_fini(&cases);
    }
}

#define POST                                                                                       \
    "\"id\":\"https://a.example/activities/1\",\"actor\":\"https://a.example/users/author\","      \
    "\"to\":\"as:Public\""
#define NOTE(author)                                                                               \
    "\"id\":\"https://a.example/objects/1\",\"to\":\"as:Public\",\"attributedTo\":\"" author "\"}"
#define AUTHOR "https://a.example/users/author"

static const struct {
    const char *yaml, *json; /* NULL: stands in a file */
} written[] = {
    {"x.json", NULL},
    {"{}", "{\"type\":\"Create\"," POST ",\"object\":{\"type\":\"Note\"," NOTE(AUTHOR) "}"},
    {"{type: Update, object: {sensitive: true, name: 'true ', summary: null}}",
     "{\"type\":\"Update\",\"object\":{\"sensitive\":true,\"name\":\"true \",\"summary\":null,"
     "\"type\":\"Note\"," NOTE(AUTHOR) "," POST "}"},
    {"{actor: https://a.example/u, object: {tag: [{name: a}, b], to: [x]}}",
     "{\"actor\":\"https://a.example/"
     "u\",\"object\":{\"tag\":[{\"name\":\"a\"},\"b\"],\"to\":[\"x\"]"
     ",\"type\":\"Note\",\"id\":\"https://a.example/objects/1\","
     "\"attributedTo\":\"https://a.example/u\"},\"type\":\"Create\","
     "\"id\":\"https://a.example/activities/1\",\"to\":\"as:Public\"}"},
    /* an Announce's object is not its actor's, and what is below the object is nobody's business */
    {"{type: Announce, object: {id: x}}",
     "{\"type\":\"Announce\",\"object\":{\"id\":\"x\"}," POST "}"},
    {"{type: Delete, object: y}", "{\"type\":\"Delete\",\"object\":\"y\"," POST "}"},
    {"{object: {object: {}}}",
     "{\"object\":{\"object\":{},\"type\":\"Note\"," NOTE(AUTHOR) ",\"type\":\"Create\"," POST "}"},
};

static void test_activities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
        struct mistakes mistakes = {0};
        struct policy_cases cases;
        struct bytes text, json;
        bytes_init(&text, 10000);
        bytes_init(&json, 10000);
        bytes_addf(&text, "cases: [{from: a.example, to: b, expect: allow, activity: %s}]\n",
                   written[i].yaml);
        policy_cases_read(bytes_span(&text), &mistakes, &cases);
        assert_int_equal(mistakes.n, 0);
        bool here = policy_case_activity(&cases.list[0], true, &json);
        assert_int_equal(here, written[i].json != NULL);
        assert_string_equal(bytes_str(&json), here ? written[i].json : "");
        bytes_fini(&text);
        bytes_fini(&json);
        policy_cases_fini(&cases);
    }
}

static void test_manual(void **state)
{
    (void)state;
    struct mistakes mistakes = {0};
    struct policy_cases cases;
    policy_cases_read(span_of(manual_cases), &mistakes, &cases);
    assert_int_equal(mistakes.n, 0);
    assert_int_equal(cases.n, 2);
    assert_true(span_eq_str(cases.list[0].rule, "rule-1"));
    assert_true(span_eq_str(cases.list[1].code, "no-rule"));
    assert_false(cases.list[1].rule.p);
    policy_cases_fini(&cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mistakes),
                                       cmocka_unit_test(test_activities),
                                       cmocka_unit_test(test_manual)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
