/* freeze: boundaries as text, records there and back, and what a freeze does to verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/freeze.h"
#include "tests/unit/rules/policy_rig.h"

/* --- a boundary ------------------------------------------------------------------------------- */

#define LONG63 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"
#define ALSO63 "bbcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"

static const struct {
    const char *text, *written; /* NULL: it is none */
} boundaries[] = {
    {"internal -> partners", "internal -> partners"},
    {"internal->partners", "internal -> partners"},
    {"  internal\t->  * ", "internal -> *"},
    {"* -> *", "* -> *"},
    {"a-b->c_d.e", "a-b -> c_d.e"},
    {"a--> b", "a- -> b"},
    {LONG63 " -> " ALSO63, LONG63 " -> " ALSO63},
    {LONG63 "x -> a", NULL},
    {"a -> " LONG63 "x", NULL},
    {"", NULL},
    {"internal", NULL},
    {"->", NULL},
    {"a ->", NULL},
    {"-> b", NULL},
    {"a > b", NULL},
    {"a - > b", NULL},
    {"a <- b", NULL},
    {"a -> b -> c", NULL},
    {"a -> b c", NULL},
    {"a -> b,c", NULL},
    {"a -> a", NULL},
    {"a -> **", NULL},
    {"a* -> b", NULL},
    {"a -> -b", NULL},
    {".a -> b", NULL},
    {"a -> b\n", NULL},
    {"\xc3\xa4 -> b", NULL},
};

static void test_boundaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof boundaries / sizeof *boundaries; i++) {
        struct freeze f;
        struct bytes out;
        bytes_init(&out, FREEZE_TEXT_MAX);
        bool ok = freeze_boundary_read(span_of(boundaries[i].text), &f);
        if (ok)
            freeze_boundary_write(&f, &out);
        if (ok != (boundaries[i].written != NULL) ||
            (ok && strcmp(bytes_str(&out), boundaries[i].written) != 0))
            fail_msg("%s: %s", boundaries[i].text, ok ? bytes_str(&out) : "none");
        assert_false(out.over);
        bytes_fini(&out);
    }
}

static struct freeze boundary(const char *text)
{
    struct freeze f;
    assert_true(freeze_boundary_read(span_of(text), &f));
    return f;
}

static void test_same(void **state)
{
    struct freeze a = boundary("a -> b");
    struct freeze same = boundary("a->b");
    static const char *const others[] = {"b -> a", "a -> *", "* -> b", "a -> bb"};
    (void)state;
    same.since_ms = 5;
    assert_true(freeze_same_boundary(&a, &same));
    for (size_t i = 0; i < 4; i++) {
        struct freeze other = boundary(others[i]);
        assert_false(freeze_same_boundary(&a, &other));
    }
}

static const struct {
    const char *freeze, *from, *to;
    bool closed;
} ways[] = {
    {"a -> b", "a", "b", true},   {"a -> b", "b", "a", false}, {"a -> b", "a", "c", false},
    {"a -> b", "a", "a", false},  {"a -> *", "a", "b", true},  {"a -> *", "b", "a", false},
    {"a -> *", "a", "a", false},  {"* -> b", "a", "b", true},  {"* -> b", "b", "b", false},
    {"* -> b", "b", "c", false},  {"* -> *", "a", "b", true},  {"* -> *", "a", "a", false},
    {"a -> b", "b", "b", false},  {"b -> a", "a", "b", false}, {"a -> b", "aa", "b", false},
    {"a -> b", "a", "bb", false},
};

static void test_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct freezes all = {.n = 0};
        struct freeze f = boundary(ways[i].freeze);
        assert_null(freezes_find(&all, ways[i].from, ways[i].to));
        assert_true(freezes_add(&all, &f));
        if ((freezes_find(&all, ways[i].from, ways[i].to) != NULL) != ways[i].closed)
            fail_msg("%s: %s to %s", ways[i].freeze, ways[i].from, ways[i].to);
    }
}

/* --- a record --------------------------------------------------------------------------------- */

static void test_record(void **state)
{
    struct freeze f = boundary("internal -> *");
    struct freeze back;
    struct bytes out;
    (void)state;
    f.since_ms = 1700000000001;
    f.until_ms = 1700000007000;
    snprintf(f.who, sizeof f.who, "bob");
    snprintf(f.reason, sizeof f.reason, "a \"leak\" \xc3\xa4 \\");
    bytes_init(&out, FREEZE_RECORD_MAX);
    freeze_write(&f, &out);
    assert_true(freeze_read(bytes_span(&out), &back));
    assert_true(freeze_same_boundary(&f, &back));
    assert_int_equal(back.since_ms, f.since_ms);
    assert_int_equal(back.until_ms, f.until_ms);
    assert_string_equal(back.who, f.who);
    assert_string_equal(back.reason, f.reason);
    bytes_clear(&out);
    f.until_ms = 0;
    freeze_write(&f, &out);
    assert_true(freeze_read(bytes_span(&out), &back));
    assert_int_equal(back.until_ms, 0);
    bytes_fini(&out);
}

/* The longest that there can be still fits: each byte of a reason may take six. */
static void test_longest_record(void **state)
{
    struct freeze f = boundary(LONG63 " -> " ALSO63);
    struct freeze back;
    struct bytes out;
    (void)state;
    f.since_ms = f.until_ms = INT64_MAX;
    memset(f.who, 1, sizeof f.who - 1);
    memset(f.reason, 1, sizeof f.reason - 1);
    bytes_init(&out, FREEZE_RECORD_MAX);
    freeze_write(&f, &out);
    assert_false(out.over);
    assert_true(freeze_read(bytes_span(&out), &back));
    assert_memory_equal(back.reason, f.reason, sizeof f.reason);
    bytes_fini(&out);
}

#define ENDS "{\"from\":\"a\",\"to\":\"b\","

static const char *const bad[] = {
    "",
    "[]",
    "a -> b",
    ENDS "\"who\":\"x\",\"reason\":\"x\"}",
    ENDS "\"since\":-1,\"who\":\"x\",\"reason\":\"x\"}",
    ENDS "\"since\":\"1\",\"who\":\"x\",\"reason\":\"x\"}",
    ENDS "\"since\":1,\"until\":0,\"who\":\"x\",\"reason\":\"x\"}",
    ENDS "\"since\":1,\"until\":\"never\",\"who\":\"x\",\"reason\":\"x\"}",
    "{\"from\":\"a b\",\"to\":\"b\",\"since\":1,\"who\":\"x\",\"reason\":\"x\"}",
    "{\"from\":\"a\",\"to\":\"a\",\"since\":1,\"who\":\"x\",\"reason\":\"x\"}",
    "{\"from\":\"a\",\"since\":1,\"who\":\"x\",\"reason\":\"x\"}",
};

static void test_bad_records(void **state)
{
    struct freeze f;
    (void)state;
    assert_true(
        freeze_read(SPAN(ENDS "\"since\":1,\"until\":2,\"who\":\"x\",\"reason\":\"x\"}"), &f));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (freeze_read(span_of(bad[i]), &f))
            fail_msg("%s", bad[i]);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void test_order_and_room(void **state)
{
    static const struct {
        const char *boundary;
        int64_t since_ms, until_ms;
    } rows[] = {{"b -> a", 7, 0}, {"a -> c", 5, 90}, {"a -> b", 7, 50}, {"a -> aa", 7, 60}};
    static const char *const order[] = {"a -> c", "a -> aa", "a -> b", "b -> a"};
    struct freezes all = {.n = 0};
    (void)state;
    assert_int_equal(freezes_next_ms(&all), 0);
    for (size_t i = 0; i < 4; i++) {
        struct freeze f = boundary(rows[i].boundary);
        f.since_ms = rows[i].since_ms;
        f.until_ms = rows[i].until_ms;
        assert_true(freezes_add(&all, &f));
    }
    for (size_t i = 0; i < 4; i++) {
        struct freeze wanted = boundary(order[i]);
        assert_true(freeze_same_boundary(&all.list[i], &wanted));
    }
    assert_int_equal(freezes_next_ms(&all), 50);
    struct freeze more = boundary("x -> y");
    while (all.n < FREEZES_MAX)
        assert_true(freezes_add(&all, &more));
    assert_false(freezes_add(&all, &more));
    assert_int_equal(all.n, FREEZES_MAX);
}

/* Zones a to e; what is decided for something from a: allowed inside, allowed to b, held for c,
 * denied for d, dropped for e. */
static const enum err before[] = {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS};

static const struct {
    const char *freeze; /* NULL: none */
    int from;
    enum err after[5];
} applied[] = {
    {NULL, 0, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"a -> b", 0, {ERR_OK, ERR_FROZEN, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"a -> c", 0, {ERR_OK, ERR_OK, ERR_FROZEN, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"a -> d", 0, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"a -> *", 0, {ERR_OK, ERR_FROZEN, ERR_FROZEN, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"* -> *", 0, {ERR_OK, ERR_FROZEN, ERR_FROZEN, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"* -> b", 0, {ERR_OK, ERR_FROZEN, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"b -> a", 0, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"b -> *", 0, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"elsewhere -> *", 0, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
    {"* -> *", -1, {ERR_OK, ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS}},
};

static void test_applied(void **state)
{
    (void)state;
    struct policy policy = {.zones = NULL};
    rig_zones(&policy, 5);
    const struct rule *rule = rig_rule(&policy, NULL, RULE_SHORT, "a", "*", RULE_ALLOW);
    for (size_t i = 0; i < sizeof applied / sizeof *applied; i++) {
        static struct freezes all;
        struct zone_verdict verdicts[5];
        struct zone_set set = {{0}};
        all = (struct freezes){.n = 0};
        if (applied[i].freeze) {
            struct freeze f = boundary(applied[i].freeze);
            assert_true(freezes_add(&all, &f));
        }
        for (int z = 0; z < 5; z++) {
            verdicts[z] = (struct zone_verdict){before[z], SIDE_IMPORT, rule};
            if (before[z] == ERR_OK)
                zone_set_add(&set, z);
        }
        freezes_apply(&all, &policy, applied[i].from, verdicts, &set);
        for (int z = 0; z < 5; z++) {
            if (verdicts[z].why != applied[i].after[z])
                fail_msg("row %zu zone %d: %s", i, z, err_code(verdicts[z].why));
            assert_int_equal(zone_set_has(&set, z), verdicts[z].why == ERR_OK);
            assert_ptr_equal(verdicts[z].rule, rule);
            assert_int_equal(verdicts[z].side, SIDE_IMPORT);
        }
    }
    policy_fini(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundaries),     cmocka_unit_test(test_same),
        cmocka_unit_test(test_ways),           cmocka_unit_test(test_record),
        cmocka_unit_test(test_bad_records),    cmocka_unit_test(test_longest_record),
        cmocka_unit_test(test_order_and_room), cmocka_unit_test(test_applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
