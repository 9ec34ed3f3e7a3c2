/* policy: every cell of zones x zones x tags x rules against an oracle that is written in another
 * way than the code (ATTACKS A25). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/rules/policy_rig.h"

static struct activity with_tags(const char *const *tags)
{
    struct activity a = {.type = ACTIVITY_CREATE};
    while (tags[a.tags_n]) {
        a.tags[a.tags_n] = span_of(tags[a.tags_n]);
        a.tags_n++;
    }
    return a;
}

/* The oracle: from the words of the design, one sentence an if, over names instead of numbers. */
struct words {
    const char *tag;
    char from, to; /* a zone's letter, or * */
    bool allow;
};

static bool oracle_applies(const struct words *w, char from, char to, const char *const *tags)
{
    bool named = w->from == from && w->to == to;
    bool star = (w->from == '*' || w->from == from) && (w->to == '*' || w->to == to);
    if (from == to ? !named : !star)
        return false;
    if (!w->tag)
        return true;
    for (; *tags; tags++)
        if (strcasecmp(*tags, w->tag) == 0)
            return true;
    return false;
}

/* Returns the number of the rule that decides, or -1. */
static int oracle(const struct words *w, size_t n, char from, char to, const char *const *tags,
                  bool *ret_may)
{
    for (size_t i = 0; i < n; i++) {
        if (!oracle_applies(&w[i], from, to, tags))
            continue;
        *ret_may = w[i].allow;
        return (int)i;
    }
    *ret_may = from == to;
    return -1;
}

static const char *const tag_sets[][4] = {{NULL},           {"x", NULL}, {"Y", NULL},
                                          {"X", "y", NULL}, {"z", NULL}, {"z", "zz", "x", NULL}};

enum { TAG_SETS = 6, ZONES = 3, KINDS = 4 * 4 * 3 * 2 };

/* The k-th of all rules over three zones: from and to (with *), tag (none, x, y), verdict. */
static struct words rule_of(size_t k)
{
    static const char letters[] = "abc*";
    static const char *const tags[] = {NULL, "x", "y"};
    return (struct words){tags[k / 16 % 3], letters[k % 4], letters[k / 4 % 4], k / 48 % 2};
}

static void rule_add(struct policy *policy, const struct words *w)
{
    char from[2] = {w->from, '\0'}, to[2] = {w->to, '\0'};
    struct rule *rule =
        rig_rule(policy, NULL, RULE_SHORT, from, to, w->allow ? RULE_ALLOW : RULE_DENY);
    if (w->tag)
        rig_words(&rule->when, FACT_TAGS, w->tag);
}

/* Every cell of one list of rules. */
static void cells(const struct words *words, size_t n)
{
    struct policy policy = {0};
    const struct facts_context context = {0};
    rig_zones(&policy, ZONES);
    for (size_t i = 0; i < n; i++)
        rule_add(&policy, &words[i]);
    policy_compile(&policy);
    for (int cell = 0; cell < TAG_SETS * ZONES; cell++) {
        const char *const *set = tag_sets[cell / ZONES];
        int from = cell % ZONES;
        struct activity activity = with_tags(set);
        struct zone_verdict verdicts[POLICY_ZONES_MAX];
        struct zone_set got;
        struct facts facts;
        facts_init(&facts, &activity, &context);
        policy_decide(&policy, &facts, from, verdicts, &got);
        facts_fini(&facts);
        for (int to = 0; to < ZONES; to++) {
            bool may;
            int by = oracle(words, n, (char)('a' + from), (char)('a' + to), set, &may);
            const struct rule *rule = by < 0 ? NULL : &policy.rules[by];
            enum err why = may ? ERR_OK : rule ? ERR_RULE_DENIES : ERR_NO_RULE;
            if (zone_set_has(&got, to) != may || verdicts[to].rule != rule ||
                verdicts[to].why != why)
                fail_msg("from %c to %c, tags %s: %s", 'a' + from, 'a' + to, *set ? *set : "-",
                         err_code(verdicts[to].why));
        }
        assert_true(zone_set_next(&got, ZONES) < 0);
    }
    policy_fini(&policy);
}

static void test_matrix(void **state)
{
    (void)state;
    struct words words[4] = {{0}};
    cells(words, 0);
    for (size_t i = 0; i < KINDS; i++) {
        words[0] = rule_of(i);
        cells(words, 1);
        for (size_t j = i % 3; j < KINDS; j += 3) {
            words[1] = rule_of(j);
            cells(words, 2);
        }
    }
    /* Longer lists: a walk through them, the same each time. */
    uint32_t walk = 1;
    for (int i = 0; i < 2000; i++) {
        for (size_t j = 0; j < 4; j++) {
            walk = walk * 1664525 + 1013904223;
            words[j] = rule_of((walk >> 8) % KINDS);
        }
        cells(words, 3 + (size_t)(i & 1));
    }
}

/* The policy of the README: two zones, what is tagged for partners goes out, nothing comes back. */
static void readme_policy(struct policy *policy)
{
    static const char *const names[] = {"internal", "partners"};
    static const char *const hosts[] = {"127.0.0.1:91*", "127.0.0.1:92*"};
    rig_zones(policy, 2);
    for (size_t i = 0; i < 2; i++) {
        struct zone *zone = &policy->zones[i];
        free(zone->name);
        zone->name = mem_copy(span_of(names[i]));
        zone->hosts = mem_new(sizeof(char *));
        zone->hosts[zone->hosts_n++] = mem_copy(span_of(hosts[i]));
        zone->networks = mem_new(sizeof(struct network));
        zone->networks_n = 1;
    }
    struct rule *shared = rig_rule(policy, "shared", RULE_SHORT, "a", "b", RULE_ALLOW);
    rig_words(&shared->when, FACT_TAGS, "partners");
    rig_rule(policy, "back", RULE_SHORT, "b", "a", RULE_ALLOW);
    policy_compile(policy);
}

/* The steps for one activity, and what came of it. */
static struct rule_step steps[16];
static struct zone_verdict verdict;
static size_t trace(const struct policy *policy, const char *const *tags, int from, int to)
{
    const struct facts_context context = {0};
    struct activity activity = with_tags(tags);
    struct facts facts;
    facts_init(&facts, &activity, &context);
    size_t n = policy_trace(policy, &facts, from, to, steps, 16, &verdict);
    facts_fini(&facts);
    return n;
}

static void test_trace(void **state)
{
    (void)state;
    struct policy policy = {0};
    readme_policy(&policy);
    static const char *const none[] = {NULL}, *const other[] = {"q3", NULL},
                             *const shared[] = {"q3", "Partners", NULL};
    assert_int_equal(trace(&policy, none, 0, 1), 2);
    assert_int_equal(steps[0].why, STEP_WHEN);
    assert_int_equal(steps[0].condition->fact, FACT_TAGS);
    assert_int_equal(steps[0].failing, 1);
    assert_int_equal(steps[1].why, STEP_FROM);
    assert_int_equal(verdict.why, ERR_NO_RULE);
    assert_int_equal(verdict.side, SIDE_EXPORT);
    assert_null(verdict.rule);

    assert_int_equal(trace(&policy, other, 0, 1), 2);
    assert_int_equal(steps[0].why, STEP_WHEN);

    /* Both sides are asked, by the same rule. */
    assert_int_equal(trace(&policy, shared, 0, 1), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(steps[i].rule, &policy.rules[0]);
        assert_int_equal(steps[i].why, STEP_MATCHES);
        assert_int_equal(steps[i].side, i == 0 ? SIDE_EXPORT : SIDE_IMPORT);
    }
    assert_ptr_equal(verdict.rule, &policy.rules[0]);
    assert_int_equal(verdict.why, ERR_OK);

    assert_int_equal(trace(&policy, shared, 1, 0), 4);
    assert_ptr_equal(verdict.rule, &policy.rules[1]);
    assert_int_equal(trace(&policy, shared, 0, 0), 2);
    assert_int_equal(steps[0].why, STEP_TO);
    assert_int_equal(verdict.why, ERR_OK);
    assert_int_equal(verdict.side, SIDE_INSIDE);

    policy.rules[0].to.n = 0;
    assert_int_equal(trace(&policy, shared, 0, 0), 2);
    assert_int_equal(steps[0].why, STEP_STAR);
    policy.rules[0].to.n = 1;

    /* Without a zone nothing is decided, and nothing may pass. */
    assert_int_equal(trace(&policy, shared, -1, 0), 0);
    assert_int_equal(verdict.why, ERR_NO_ZONE);
    const struct facts_context context = {0};
    struct activity activity = with_tags(shared);
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct zone_set set;
    struct facts facts;
    facts_init(&facts, &activity, &context);
    policy_decide(&policy, &facts, -1, verdicts, &set);
    facts_fini(&facts);
    assert_true(zone_set_empty(&set));
    assert_int_equal(verdicts[1].why, ERR_NO_ZONE);
    policy_fini(&policy);
    policy_fini(&policy);
}

static void test_zones(void **state)
{
    (void)state;
    struct policy policy = {0};
    readme_policy(&policy);
    assert_int_equal(policy_zone_of(&policy, SPAN("127.0.0.1:9101")), 0);
    assert_int_equal(policy_zone_of(&policy, SPAN("127.0.0.1:9201")), 1);
    assert_int_equal(policy_zone_of(&policy, SPAN("127.0.0.1:9301")), -1);
    assert_int_equal(policy_zone_of(&policy, SPAN("127.0.0.1")), -1);
    assert_int_equal(policy_zone_of(&policy, SPAN_NONE), -1);
    assert_int_equal(policy_zone_by_name(&policy, SPAN("partners")), 1);
    assert_int_equal(policy_zone_by_name(&policy, SPAN("partner")), -1);
    assert_int_equal(policy_zone_by_name(&policy, SPAN("")), -1);
    assert_string_equal(policy_zone_name(&policy, SPAN("127.0.0.1:9201")), "partners");
    assert_null(policy_zone_name(&policy, SPAN("127.0.0.1:9301")));
    assert_string_equal(zone_join_name(JOIN_OPEN), "open");
    assert_string_equal(zone_join_name(JOIN_APPROVAL), "approval");
    assert_string_equal(zone_join_name(JOIN_INVITED), "invited");
    assert_string_equal(zone_publish_name(PUBLISH_NO), "no");
    assert_string_equal(zone_publish_name(PUBLISH_TOKEN), "token");
    assert_string_equal(zone_publish_name(PUBLISH_PUBLIC), "public");
    policy_fini(&policy);
}

/* The set as a number: there are only two zones. */
static uint64_t set_read(const struct policy *policy, struct span text)
{
    struct zone_set set;
    policy_set_read(policy, text, &set);
    assert_true(zone_set_next(&set, 2) < 0);
    return set.words[0];
}

static void test_sets(void **state)
{
    (void)state;
    struct policy policy = {0};
    struct bytes text;
    readme_policy(&policy);
    bytes_init(&text, 1000);
    for (uint64_t set = 0; set < 4; set++) {
        static const char *const texts[] = {"", "internal", "partners", "internal,partners"};
        bytes_clear(&text);
        policy_set_write(&policy, &(struct zone_set){{set}}, &text);
        assert_string_equal(bytes_str(&text), texts[set]);
        assert_int_equal(set_read(&policy, bytes_span(&text)), set);
    }
    assert_int_equal(set_read(&policy, SPAN("partners,gone,internal,")), 3);
    assert_int_equal(set_read(&policy, SPAN("gone")), 0);
    assert_int_equal(set_read(&policy, SPAN_NONE), 0);
    bytes_fini(&text);
    policy_fini(&policy);
}

/* Both sides must have it: home is where it is of, the zones are where it went. */
static void test_crossed(void **state)
{
    (void)state;
    static const struct {
        int home;
        const char *audience;
        int from;
        uint64_t crossed;
    } rows[] = {
        {0, "internal", 0, 1},
        {0, "internal", 1, 0},
        {0, "partners", 1, 3},
        {0, "partners", 0, 3},
        {0, "internal,partners", 1, 3},
        {1, "internal", 0, 3},
        {1, "", 1, 2},
        {1, "", 0, 0},
        {-1, "", 0, 0},
        {-1, "partners", 1, 2},
        {-1, "partners", 0, 0},
        {-1, "internal,partners", 0, 3},
        {0, "gone", 1, 0},
    };
    struct policy policy = {0};
    readme_policy(&policy);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zone_set set;
        policy_crossed(&policy, rows[i].home, span_of(rows[i].audience), rows[i].from, &set);
        assert_int_equal(set.words[0], rows[i].crossed);
    }
    policy_fini(&policy);
}

static void decide(const struct policy *policy, enum activity_type type, int from,
                   struct zone_verdict *verdicts, struct zone_set *set)
{
    const struct facts_context context = {0};
    struct activity activity = {.type = type};
    struct facts facts;
    facts_init(&facts, &activity, &context);
    policy_decide(policy, &facts, from, verdicts, set);
    facts_fini(&facts);
}

/* A Like crosses by no rule (PRODUCT 1.2); inside it flows. */
static void test_stays_inside(void **state)
{
    (void)state;
    struct policy policy = {0};
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct zone_set set;
    readme_policy(&policy);
    decide(&policy, ACTIVITY_CREATE, 1, verdicts, &set);
    assert_int_equal(set.words[0], 3);
    decide(&policy, ACTIVITY_LIKE, 1, verdicts, &set);
    assert_int_equal(set.words[0], 2);
    assert_int_equal(verdicts[0].why, ERR_NOT_RELAYED);
    assert_null(verdicts[0].rule);
    assert_int_equal(verdicts[1].why, ERR_OK);
    policy_fini(&policy);
}

/* The highest zone has a bit too. */
static void test_most_zones(void **state)
{
    (void)state;
    static struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct policy policy = {0};
    struct zone_set set;
    struct bytes text;
    rig_zones(&policy, POLICY_ZONES_MAX);
    for (size_t i = 0; i < POLICY_ZONES_MAX; i++) {
        char name[POLICY_NAME_MAX + 1];
        snprintf(name, sizeof(name), "z%0*zu", POLICY_NAME_MAX - 1, i); /* as long as they get */
        free(policy.zones[i].name);
        policy.zones[i].name = mem_copy(span_of(name));
    }
    policy_compile(&policy);
    decide(&policy, ACTIVITY_CREATE, POLICY_ZONES_MAX - 1, verdicts, &set);
    assert_int_equal(zone_set_next(&set, 0), POLICY_ZONES_MAX - 1);
    bytes_init(&text, POLICY_AUDIENCE_MAX);
    set = zone_set_below(POLICY_ZONES_MAX);
    policy_set_write(&policy, &set, &text);
    policy_set_read(&policy, bytes_span(&text), &set);
    assert_false(text.over);
    for (int i = 0; i < POLICY_ZONES_MAX; i++)
        assert_true(zone_set_has(&set, i));
    bytes_fini(&text);
    policy_fini(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),       cmocka_unit_test(test_trace),
        cmocka_unit_test(test_zones),        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_crossed),      cmocka_unit_test(test_most_zones),
        cmocka_unit_test(test_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
