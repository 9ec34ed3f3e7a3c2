/* policy: the two sides of the boundary, by tables: who is asked first, what the two verdicts make
 * together, what ends, what is missing, what is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/policy_rig.h"

enum { NOW = 1000000 };

static bool crossed_to_b(void *arg, int zone)
{
    (void)arg;
    return zone == 1;
}

static struct zone_verdict verdicts[POLICY_ZONES_MAX];
static struct zone_set set;
static struct rule_step steps[64];
static size_t steps_n;

/* Decides, and checks that going through step by step says the same of every zone. */
static void decide(const struct policy *policy, const char *json, int from)
{
    const struct facts_context context = {
        .now_ms = NOW, .bytes = 500, .zone_of = rig_zone, .crossed = crossed_to_b};
    struct facts *facts = rig_read(json, &context);
    policy_decide(policy, facts, from, verdicts, &set);
    for (int to = 0; to < (int)policy->zones_n; to++) {
        struct zone_verdict v;
        steps_n = policy_trace(policy, facts, from, to, steps, 64, &v);
        assert_int_equal(v.why, verdicts[to].why);
        assert_int_equal(v.side, verdicts[to].side);
        assert_ptr_equal(v.rule, verdicts[to].rule);
        assert_int_equal(zone_set_has(&set, to), v.why == ERR_OK);
    }
    rig_end();
}

#define POST WRAP("\"type\":\"Note\"")

/* --- the two verdicts together --------------------------------------------------------------- */

enum { NO_RULE_THERE = -1 };

static const struct {
    int out, in; /* what a rule of the side says */
    enum err why;
    enum policy_side side;
} pairs[] = {
    {RULE_ALLOW, RULE_ALLOW, ERR_OK, SIDE_EXPORT},
    {RULE_ALLOW, RULE_HOLD, ERR_RULE_HOLDS, SIDE_IMPORT},
    {RULE_ALLOW, RULE_DENY, ERR_RULE_DENIES, SIDE_IMPORT},
    {RULE_ALLOW, RULE_DROP, ERR_RULE_DROPS, SIDE_IMPORT},
    {RULE_ALLOW, NO_RULE_THERE, ERR_NO_RULE, SIDE_IMPORT},
    {RULE_HOLD, RULE_ALLOW, ERR_RULE_HOLDS, SIDE_EXPORT},
    {RULE_HOLD, RULE_HOLD, ERR_RULE_HOLDS, SIDE_EXPORT},
    {RULE_HOLD, RULE_DENY, ERR_RULE_DENIES, SIDE_IMPORT},
    {RULE_HOLD, RULE_DROP, ERR_RULE_DROPS, SIDE_IMPORT},
    {RULE_HOLD, NO_RULE_THERE, ERR_NO_RULE, SIDE_IMPORT},
    {RULE_DENY, RULE_ALLOW, ERR_RULE_DENIES, SIDE_EXPORT},
    {RULE_DENY, RULE_DROP, ERR_RULE_DENIES, SIDE_EXPORT},
    {RULE_DROP, RULE_ALLOW, ERR_RULE_DROPS, SIDE_EXPORT},
    {NO_RULE_THERE, RULE_ALLOW, ERR_NO_RULE, SIDE_EXPORT},
    {NO_RULE_THERE, NO_RULE_THERE, ERR_NO_RULE, SIDE_EXPORT},
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct policy policy = {0};
        rig_zones(&policy, 2);
        if (pairs[i].out >= 0)
            rig_rule(&policy, NULL, RULE_EXPORT, "a", "b", (enum rule_verdict)pairs[i].out);
        if (pairs[i].in >= 0)
            rig_rule(&policy, NULL, RULE_IMPORT, "a", "b", (enum rule_verdict)pairs[i].in);
        policy_compile(&policy);
        decide(&policy, POST, 0);
        if (verdicts[1].why != pairs[i].why || verdicts[1].side != pairs[i].side)
            fail_msg("row %zu: %s, %s", i, err_code(verdicts[1].why),
                     policy_side_name(verdicts[1].side));
        assert_int_equal(verdicts[0].why, ERR_OK);
        /* The way back is another one, and neither rule says anything of it. */
        decide(&policy, POST, 1);
        assert_int_equal(verdicts[0].why, ERR_NO_RULE);
        policy_fini(&policy);
    }
}

/* --- who is asked first ---------------------------------------------------------------------- */

static void test_order(void **state)
{
    (void)state;
    struct policy policy = {0};
    rig_zones(&policy, 3);
    rig_rule(&policy, "a-out", RULE_EXPORT, "a", "b", RULE_ALLOW);
    rig_rule(&policy, "a-rest", RULE_EXPORT, "a", "*", RULE_DENY);
    rig_rule(&policy, "c-in", RULE_IMPORT, "ab", "c", RULE_DENY);
    rig_rule(&policy, "all", RULE_SHORT, "*", "*", RULE_ALLOW);
    policy_compile(&policy);
    decide(&policy, POST, 0);
    assert_string_equal(verdicts[1].rule->name, "a-out"); /* b takes it by `all` */
    assert_int_equal(verdicts[1].why, ERR_OK);
    assert_string_equal(verdicts[2].rule->name, "a-rest");
    decide(&policy, POST, 1);
    assert_string_equal(verdicts[0].rule->name, "all");
    assert_string_equal(verdicts[2].rule->name, "c-in");
    assert_int_equal(verdicts[2].side, SIDE_IMPORT);
    assert_null(verdicts[1].rule); /* `all` means other zones */
    decide(&policy, POST, 2);
    assert_int_equal(set.words[0], 7);
    policy_fini(&policy);
}

static void test_inside(void **state)
{
    (void)state;
    static const struct {
        enum rule_verdict inside;
        enum err why;
    } rows[] = {{RULE_ALLOW, ERR_OK}, {RULE_DENY, ERR_NO_RULE}, {RULE_HOLD, ERR_RULE_HOLDS}};
    for (size_t i = 0; i < 3; i++) {
        struct policy policy = {0};
        rig_zones(&policy, 2);
        policy.zones[0].inside = rows[i].inside;
        rig_rule(&policy, NULL, RULE_EXPORT, "a", "*", RULE_ALLOW); /* not asked inside */
        rig_rule(&policy, NULL, RULE_IMPORT, "*", "a", RULE_ALLOW);
        struct rule *named = rig_rule(&policy, "named", RULE_SHORT, "ab", "ab", RULE_DROP);
        rig_words(&named->when, FACT_TAGS, "quiet");
        policy_compile(&policy);
        decide(&policy, POST, 0);
        assert_int_equal(verdicts[0].why, rows[i].why);
        assert_null(verdicts[0].rule);
        decide(&policy, WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#quiet\"}"), 0);
        assert_int_equal(verdicts[0].why, ERR_RULE_DROPS);
        assert_string_equal(verdicts[0].rule->name, "named");
        policy_fini(&policy);
    }
}

/* What is said where nobody may have it. */
static void test_refusal(void **state)
{
    (void)state;
    static const struct {
        enum rule_verdict inside, across;
        enum err why;
    } rows[] = {{RULE_DENY, RULE_DENY, ERR_RULE_DENIES},
                {RULE_DENY, RULE_DROP, ERR_RULE_DROPS},
                {RULE_DROP, RULE_DENY, ERR_RULE_DROPS},
                {RULE_HOLD, RULE_DENY, ERR_RULE_HOLDS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct policy policy = {0};
        rig_zones(&policy, 2);
        rig_rule(&policy, NULL, RULE_SHORT, "a", "a", rows[i].inside);
        rig_rule(&policy, NULL, RULE_SHORT, "a", "b", rows[i].across);
        policy_compile(&policy);
        decide(&policy, POST, 0);
        assert_true(zone_set_empty(&set));
        assert_int_equal(policy_refusal(&policy, verdicts, 0), rows[i].why);
        policy_fini(&policy);
    }
    struct policy policy = {0};
    rig_zones(&policy, 2);
    policy.zones[0].inside = RULE_DENY;
    policy_compile(&policy);
    decide(&policy, POST, 0);
    assert_int_equal(policy_refusal(&policy, verdicts, 0), ERR_NO_RULE);
    policy_fini(&policy);
}

/* --- until ----------------------------------------------------------------------------------- */

static void test_until(void **state)
{
    (void)state;
    static const struct {
        int64_t until_ms;
        enum err why;
        enum step_why step;
    } rows[] = {{0, ERR_OK, STEP_MATCHES},
                {NOW, ERR_OK, STEP_MATCHES}, /* to its end */
                {NOW - 1, ERR_NO_RULE, STEP_ENDED},
                {NOW + 1, ERR_OK, STEP_MATCHES}};
    for (size_t i = 0; i < 4; i++) {
        struct policy policy = {0};
        rig_zones(&policy, 2);
        rig_rule(&policy, NULL, RULE_SHORT, "a", "b", RULE_ALLOW)->until_ms = rows[i].until_ms;
        policy_compile(&policy);
        decide(&policy, POST, 0);
        assert_int_equal(verdicts[1].why, rows[i].why);
        assert_int_equal(steps[0].why, rows[i].step);
        policy_fini(&policy);
    }
}

/* --- conditions ------------------------------------------------------------------------------ */

/* One condition of each kind, in `when` and in `unless`, for a rule that allows and one that
 * denies. */
static const struct {
    enum fact fact;
    enum pattern_how how;
    const char *word; /* NULL: the flag, or the range of 1 to 100 */
    const char *json;
    bool matches;
} words[] = {
    {FACT_TAGS, PATTERN_EXACT, "q3", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"), true},
    {FACT_TAGS, PATTERN_EXACT, "q", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"), false},
    {FACT_TAGS, PATTERN_PREFIX, "q", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"), true},
    {FACT_TAGS, PATTERN_PREFIX, "3", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"),
     false},
    {FACT_TAGS, PATTERN_SUFFIX, "3", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"), true},
    {FACT_TAGS, PATTERN_SUFFIX, "q", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"),
     false},
    {FACT_TAGS, PATTERN_REGEX, "^Q[1-4]$", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"),
     true},
    {FACT_TAGS, PATTERN_REGEX, "^Q[1-2]$", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"),
     false},
    {FACT_TAGS, PATTERN_ANY, "", WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Q3\"}"), true},
    {FACT_TAGS, PATTERN_ANY, "", POST, false},
    {FACT_AUTHOR_HOST, PATTERN_HOST, "*.corp.example", POST, true},
    {FACT_AUTHOR_HOST, PATTERN_HOST, "*.blog.corp.example", POST, false},
    {FACT_AUTHOR, PATTERN_PREFIX, "https://blog.corp.example/u/", POST, true},
    {FACT_AUTHOR, PATTERN_SUFFIX, "/jo", POST, true},
    {FACT_OBJECT, PATTERN_EXACT, "Note", POST, true},
    {FACT_OBJECT, PATTERN_EXACT, "Event", POST, false},
    {FACT_SENSITIVE, PATTERN_EXACT, NULL, WRAP("\"sensitive\":true"), true},
    {FACT_SENSITIVE, PATTERN_EXACT, NULL, WRAP("\"sensitive\":false"), false},
    {FACT_SENSITIVE, PATTERN_EXACT, NULL, POST, false}, /* missing */
    {FACT_LANGUAGE, PATTERN_ANY, "", POST, false},      /* missing */
    {FACT_ATTACHMENTS, PATTERN_EXACT, NULL, POST, false},
    {FACT_ATTACHMENTS, PATTERN_EXACT, NULL, WRAP("\"attachment\":{\"type\":\"Image\"}"), true},
    {FACT_AGE, PATTERN_EXACT, NULL, POST, false}, /* missing */
};

static void add_condition(struct conditions *conditions, size_t i)
{
    if (words[i].word)
        rig_word(rig_condition(conditions, words[i].fact), words[i].how, words[i].word);
    else if (fact_row(words[i].fact)->kind == FACT_KIND_FLAG)
        rig_flag(conditions, words[i].fact, true);
    else
        rig_range(conditions, words[i].fact, 1, 100);
}

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        for (int kind = 0; kind < 4; kind++) {
            struct policy policy = {0};
            bool unless = kind & 1, denies = kind & 2;
            rig_zones(&policy, 2);
            struct rule *rule =
                rig_rule(&policy, "asked", RULE_SHORT, "a", "b", denies ? RULE_DENY : RULE_ALLOW);
            add_condition(unless ? &rule->unless : &rule->when, i);
            rig_rule(&policy, "otherwise", RULE_SHORT, "a", "b", denies ? RULE_ALLOW : RULE_DENY);
            policy_compile(&policy);
            decide(&policy, words[i].json, 0);
            /* What is missing matches nowhere: in `unless` the rule stays. */
            const char *wanted = words[i].matches != unless ? "asked" : "otherwise";
            if (strcmp(verdicts[1].rule->name, wanted) != 0)
                fail_msg("row %zu, %s, %s", i, unless ? "unless" : "when",
                         denies ? "deny" : "allow");
            policy_fini(&policy);
        }
    }
}

/* All of `when` must hold, and of `unless` all for the rule to fall. */
static void test_all(void **state)
{
    (void)state;
    static const char *const texts[] = {POST, WRAP("\"sensitive\":true"),
                                        WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"x\"}"),
                                        WRAP("\"sensitive\":true,"
                                             "\"tag\":{\"type\":\"Hashtag\",\"name\":\"x\"}")};
    for (int unless = 0; unless < 2; unless++) {
        struct policy policy = {0};
        rig_zones(&policy, 2);
        struct rule *rule = rig_rule(&policy, NULL, RULE_SHORT, "a", "b", RULE_ALLOW);
        struct conditions *conditions = unless ? &rule->unless : &rule->when;
        rig_flag(conditions, FACT_SENSITIVE, true);
        rig_words(conditions, FACT_TAGS, "w x");
        policy_compile(&policy);
        for (size_t i = 0; i < 4; i++) {
            decide(&policy, texts[i], 0);
            assert_int_equal(verdicts[1].why == ERR_OK, (i == 3) != unless);
            if (!unless && i < 3) {
                assert_int_equal(steps[0].why, STEP_WHEN);
                assert_int_equal(steps[0].failing, i == 0 ? 2 : 1);
                assert_int_equal(steps[0].condition->fact, i == 1 ? FACT_TAGS : FACT_SENSITIVE);
            }
        }
        policy_fini(&policy);
    }
}

/* A list that is cut, and an expression that gives up: what lets less through. */
static void test_unknown(void **state)
{
    (void)state;
    static const struct {
        enum fact fact;
        enum pattern_how how;
        const char *word, *json;
    } rows[] = {
        {FACT_OBJECT, PATTERN_EXACT, "Secret",
         WRAP("\"type\":[\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\",\"I\"]")},
        {FACT_TAGS, PATTERN_REGEX, "(a+)+$",
         WRAP("\"tag\":{\"type\":\"Hashtag\",\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}")},
    };
    for (size_t i = 0; i < 2; i++) {
        for (int kind = 0; kind < 4; kind++) {
            struct policy policy = {0};
            bool unless = kind & 1, denies = kind & 2;
            rig_zones(&policy, 2);
            struct rule *rule =
                rig_rule(&policy, "asked", RULE_SHORT, "a", "b", denies ? RULE_DENY : RULE_ALLOW);
            rig_word(rig_condition(unless ? &rule->unless : &rule->when, rows[i].fact), rows[i].how,
                     rows[i].word);
            rig_rule(&policy, NULL, RULE_SHORT, "a", "b", denies ? RULE_ALLOW : RULE_DENY);
            policy_compile(&policy);
            decide(&policy, rows[i].json, 0);
            assert_int_equal(verdicts[1].why, ERR_RULE_DENIES);
            policy_fini(&policy);
        }
    }
}

/* What is answered went to b, and nowhere else. */
static void test_crossed(void **state)
{
    (void)state;
    static const char reply[] =
        WRAP("\"inReplyTo\":\"https://wiki.acme.example/1\",\"type\":\"Note\"");
    static const struct {
        bool unless;
        const char *words, *json;
        uint64_t set; /* of a, b, c; from a */
    } rows[] = {
        {false, "crossed", reply, 3},          {false, "crossed", POST, 1},
        {true, "crossed", reply, 5},           {true, "crossed", POST, 7},
        {false, "partners", reply, 7},         {false, "none", POST, 7},
        {false, "internal", reply, 1},         {false, "internal crossed", reply, 3},
        {false, "partners crossed", reply, 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (int several = 0; several < 2; several++) {
            struct policy policy = {0};
            rig_zones(&policy, 3);
            for (int k = 0; k < 2 - several; k++) {
                struct rule *rule = rig_rule(&policy, NULL, RULE_SHORT, "a",
                                             several ? "*"
                                             : k     ? "c"
                                                     : "b",
                                             RULE_ALLOW);
                rig_words(rows[i].unless ? &rule->unless : &rule->when, FACT_REPLY_TO,
                          rows[i].words);
            }
            policy_compile(&policy);
            decide(&policy, rows[i].json, 0);
            if (set.words[0] != rows[i].set)
                fail_msg("row %zu: %d", i, (int)set.words[0]);
            policy_fini(&policy);
        }
    }
}

/* However many expressions there are, one activity is matched against so many. */
static void test_regexes(void **state)
{
    (void)state;
    struct policy policy = {0};
    struct bytes json;
    rig_zones(&policy, 2);
    for (int i = 0; i < 100; i++) {
        struct rule *rule = rig_rule(&policy, NULL, RULE_SHORT, "a", "b", RULE_DENY);
        rig_word(rig_condition(&rule->when, FACT_TAGS), PATTERN_REGEX, "^never$");
    }
    rig_rule(&policy, "last", RULE_SHORT, "a", "b", RULE_ALLOW);
    policy_compile(&policy);
    bytes_init(&json, 10000);
    for (int tags = 40; tags <= 41; tags++) { /* 4,000 matches; 4,100 */
        bytes_clear(&json);
        bytes_add_str(&json, "{\"id\":\"https://blog.corp.example/1\",\"actor\":"
                             "\"https://blog.corp.example/u/jo\",\"to\":\"as:Public\",\"type\":"
                             "\"Create\",\"object\":{\"id\":\"https://blog.corp.example/n\"},"
                             "\"tag\":[");
        for (int i = 0; i < tags; i++)
            bytes_addf(&json, "%s{\"type\":\"Hashtag\",\"name\":\"t%d\"}", i ? "," : "", i);
        bytes_add_str(&json, "]}");
        const struct facts_context context = {0};
        policy_decide(&policy, rig_read(bytes_str(&json), &context), 0, verdicts, &set);
        rig_end();
        assert_int_equal(verdicts[1].why, tags == 40 ? ERR_OK : ERR_RULE_DENIES);
    }
    bytes_fini(&json);
    policy_fini(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_inside),  cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_until),   cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_all),     cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_crossed), cmocka_unit_test(test_regexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
