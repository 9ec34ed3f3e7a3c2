/* consent: every combination of the sources; what a no takes from a decision; what people write
 * about it. */
#include "tests/unit/rules/activity_rig.h"
#include "tests/unit/rules/policy_rig.h"

#include "relay/rules/consent.h"

/* The order written down once more, as a list of questions. */
static void expected(const struct consent_sources *s, struct consent *ret)
{
    static const struct {
        enum fact_said says;
        enum consent_by by;
    } answers[] = {{FACT_NO, CONSENT_BY_REGISTRY},   {FACT_UNKNOWN, CONSENT_BY_NOBODY},
                   {FACT_YES, CONSENT_BY_REGISTRY},  {FACT_NO, CONSENT_BY_BIO},
                   {FACT_YES, CONSENT_BY_INDEXABLE}, {FACT_YES, CONSENT_BY_ZONE},
                   {FACT_NO, CONSENT_BY_ZONE}};
    const bool questions[] = {s->registry == FACT_NO,
                              s->zone == ZONE_CONSENT_NONE,
                              s->registry == FACT_YES,
                              s->bio,
                              s->indexable == FACT_YES,
                              s->zone == ZONE_CONSENT_OPT_OUT,
                              true};
    size_t i = 0;
    while (!questions[i])
        i++;
    *ret = (struct consent){answers[i].says, answers[i].by, i == 0};
}

static void test_order(void **state)
{
    (void)state;
    size_t yes = 0;
    for (int i = 0; i < 3 * 3 * 2 * 3; i++) {
        const struct consent_sources s = {.zone = (enum zone_consent)(i % 3),
                                          .registry = (enum fact_said)(i / 3 % 3),
                                          .bio = i / 9 % 2,
                                          .indexable = (enum fact_said)(i / 18)};
        struct consent wanted;
        struct consent is = consent_of(&s);
        expected(&s, &wanted);
        print_message("zone %d registry %d bio %d indexable %d: %d by %s\n", s.zone, s.registry,
                      s.bio, s.indexable, is.says, consent_by_name(is.by));
        assert_int_equal(is.says, wanted.says);
        assert_int_equal(is.by, wanted.by);
        assert_int_equal(is.stops, wanted.stops);
        yes += is.says == FACT_YES;
    }
    assert_int_equal(yes, 12 + 2 + 2); /* the registry; indexable; an opt-out zone, else */
}

/* Who signed, and who wrote what that one's relay announced. */
static void test_two(void **state)
{
    static const struct {
        enum zone_consent zone;
        size_t n;
        enum fact_said registry[2];
        bool bio, indexable;
        enum fact_said says;
        bool stops;
    } table[] = {
        {ZONE_CONSENT_OPT_IN, 1, {FACT_YES, FACT_NO}, false, false, FACT_YES, false},
        {ZONE_CONSENT_OPT_IN, 2, {FACT_YES, FACT_NO}, false, false, FACT_NO, true},
        {ZONE_CONSENT_NONE, 2, {FACT_NO, FACT_YES}, false, false, FACT_NO, true},
        {ZONE_CONSENT_OPT_IN, 2, {FACT_YES, FACT_UNKNOWN}, false, false, FACT_NO, false},
        {ZONE_CONSENT_OPT_IN, 2, {FACT_UNKNOWN, FACT_YES}, true, false, FACT_YES, false},
        {ZONE_CONSENT_OPT_OUT, 1, {FACT_UNKNOWN, FACT_UNKNOWN}, true, false, FACT_NO, false},
        {ZONE_CONSENT_OPT_OUT, 2, {FACT_UNKNOWN, FACT_UNKNOWN}, true, false, FACT_YES, false},
        {ZONE_CONSENT_OPT_IN, 1, {FACT_UNKNOWN, FACT_UNKNOWN}, false, true, FACT_YES, false},
        {ZONE_CONSENT_OPT_IN, 2, {FACT_UNKNOWN, FACT_UNKNOWN}, false, true, FACT_NO, false},
        {ZONE_CONSENT_NONE, 0, {FACT_NO, FACT_NO}, false, false, FACT_UNKNOWN, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct consent c = consent_of_authors(table[i].zone, table[i].registry, table[i].n,
                                              table[i].bio, table[i].indexable);
        if (c.says != table[i].says || c.stops != table[i].stops)
            fail_msg("row %zu: %d %d", i, (int)c.says, c.stops);
    }
}

static void test_names(void **state)
{
    static const char *const names[] = {"nobody", "registry", "bio", "indexable", "zone"};
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_string_equal(consent_by_name((enum consent_by)i), names[i]);
    assert_string_equal(zone_consent_name(ZONE_CONSENT_NONE), "none");
    assert_string_equal(zone_consent_name(ZONE_CONSENT_OPT_OUT), "opt-out");
    assert_string_equal(zone_consent_name(ZONE_CONSENT_OPT_IN), "opt-in");
}

/* Of the author's zone 0, and three others: as each was decided, as it is then, and which may have
 * it. */
static const struct {
    const char *name;
    struct consent consent;
    enum err before[4], after[4], why;
    unsigned set;
} applied[] = {
    {"who says yes goes everywhere",
     {FACT_YES, CONSENT_BY_ZONE, false},
     {ERR_OK, ERR_OK, ERR_NO_RULE, ERR_RULE_HOLDS},
     {ERR_OK, ERR_OK, ERR_NO_RULE, ERR_RULE_HOLDS},
     ERR_OK,
     3},
    {"where nobody is asked, it does not count",
     {FACT_UNKNOWN, CONSENT_BY_NOBODY, false},
     {ERR_OK, ERR_OK, ERR_OK, ERR_OK},
     {ERR_OK, ERR_OK, ERR_OK, ERR_OK},
     ERR_OK,
     15},
    {"a no stays inside",
     {FACT_NO, CONSENT_BY_ZONE, false},
     {ERR_OK, ERR_OK, ERR_RULE_DENIES, ERR_RULE_HOLDS},
     {ERR_OK, ERR_CONSENT_MISSING, ERR_RULE_DENIES, ERR_CONSENT_MISSING},
     ERR_CONSENT_MISSING,
     1},
    {"where the rules say no already, consent is not in the way",
     {FACT_NO, CONSENT_BY_BIO, false},
     {ERR_RULE_DENIES, ERR_NO_RULE, ERR_RULE_DROPS, ERR_NOT_RELAYED},
     {ERR_RULE_DENIES, ERR_NO_RULE, ERR_RULE_DROPS, ERR_NOT_RELAYED},
     ERR_OK,
     0},
    {"it is what nobody may have it for",
     {FACT_NO, CONSENT_BY_ZONE, false},
     {ERR_RULE_DENIES, ERR_OK, ERR_NO_RULE, ERR_NO_RULE},
     {ERR_RULE_DENIES, ERR_CONSENT_MISSING, ERR_NO_RULE, ERR_NO_RULE},
     ERR_CONSENT_MISSING,
     0},
    {"a no of the registry stops all, inside too",
     {FACT_NO, CONSENT_BY_REGISTRY, true},
     {ERR_OK, ERR_OK, ERR_RULE_DROPS, ERR_RULE_HOLDS},
     {ERR_OPTED_OUT, ERR_OPTED_OUT, ERR_OPTED_OUT, ERR_OPTED_OUT},
     ERR_OPTED_OUT,
     0},
};

static void test_applied(void **state)
{
    struct policy policy = {0};
    (void)state;
    rig_zones(&policy, 4);
    for (size_t i = 0; i < sizeof(applied) / sizeof(*applied); i++) {
        struct zone_verdict verdicts[4] = {{ERR_OK, SIDE_EXPORT, NULL}};
        struct zone_set set = {{0}};
        print_message("%s\n", applied[i].name);
        for (int z = 0; z < 4; z++) {
            verdicts[z].why = applied[i].before[z];
            if (verdicts[z].why == ERR_OK)
                zone_set_add(&set, z);
        }
        assert_int_equal(consent_apply(&applied[i].consent, &policy, 0, verdicts, &set),
                         applied[i].why);
        for (int z = 0; z < 4; z++) {
            assert_string_equal(err_code(verdicts[z].why), err_code(applied[i].after[z]));
            assert_int_equal(zone_set_has(&set, z), applied[i].set >> z & 1);
        }
    }
    policy_fini(&policy);
}

/* --- bios ------------------------------------------------------------------------------------- */

static const struct {
    const char *actor;
    bool no;
} bios[] = {
    {"{}", false},
    {"[]", false},
    {"{\"summary\":\"I write #nobot\"}", true},
    {"{\"summary\":\"#NoBot\"}", true},
    {"{\"summary\":\"#nobridge\"}", true},
    {"{\"summary\":\"#noindex.\"}", true},
    {"{\"summary\":\"(#norelay)\"}", true},
    {"{\"summary\":\"<p>Hi <a href=\\\"https://a.example/tags/nobot\\\" class=\\\"mention\\\" "
     "rel=\\\"tag\\\">#<span>nobot</span></a></p>\"}",
     true}, /* Mastodon */
    {"{\"summary\":\"<p>Hi</p><p>#nobot</p><p>there</p>\"}", true},
    {"{\"summary\":\"one<br>#nobot<br/>two\"}", true},
    {"{\"summary\":\"#no<b>BOT</b>\"}", true},
    {"{\"summary\":\"&#35;nobot\"}", true},
    {"{\"summary\":\"&#X23;nobot\"}", true},
    {"{\"summary\":\"&num;nobot\"}", true},
    {"{\"summary\":\"##nobot\"}", true},
    {"{\"summary\":\"#cats&amp;#nobot\"}", true},
    {"{\"summaryMap\":{\"de\":\"nichts\",\"en\":\"#nobot\"}}", true},
    {"{\"tag\":{\"type\":\"Hashtag\",\"name\":\"#nobot\"}}", true},
    {"{\"tag\":[{\"type\":\"Emoji\",\"name\":\":x:\"},{\"type\":\"as:Hashtag\",\"name\":"
     "\"NOINDEX\"}]}",
     true},
    {"{\"summary\":\"nobot\"}", false}, /* no tag */
    {"{\"summary\":\"there is no bot here\"}", false},
    {"{\"summary\":\"#nobots\"}", false},
    {"{\"summary\":\"#nobot-free\"}", false},
    {"{\"summary\":\"#nobotssssssssssssssssss\"}", false}, /* cut where it is read */
    {"{\"summary\":\"#no bot\"}", false},
    {"{\"summary\":\"#no<br>bot\"}", false},
    {"{\"summary\":\"#no<p>bot\"}", false},
    {"{\"summary\":\"#nobot\xc3\xa4\"}", false},
    {"{\"summary\":\"<p title=\\\"#nobot\\\">hi</p>\"}", false},
    {"{\"summary\":\"a < #nobot\"}", true}, /* no tag: no > follows */
    {"{\"summary\":\"#\"}", false},
    {"{\"summary\":\"&\"}", false},
    {"{\"summary\":\"<\"}", false},
    {"{\"summary\":\"\"}", false},
    {"{\"summary\":[\"#nobot\"]}", false},
    {"{\"tag\":{\"type\":\"Mention\",\"name\":\"#nobot\"}}", false},
    {"{\"tag\":{\"type\":\"Hashtag\",\"name\":\"#cats\"}}", false},
    {"{\"tag\":{\"type\":\"Hashtag\"}}", false},
    {"{\"name\":\"#nobot\"}", false}, /* a name is no description */
};

static void test_bios(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bios) / sizeof(*bios); i++) {
        struct json *json;
        print_message("%s\n", bios[i].actor);
        assert_int_equal(json_read(span_of(bios[i].actor), &json_limits, &json), ERR_OK);
        assert_int_equal(consent_bio_refuses(json), bios[i].no);
        json_free(&json);
    }
}

/* --- mentions --------------------------------------------------------------------------------- */

static const struct identity us = {.authority = SPAN("relay.example"),
                                   .url = SPAN("https://relay.example")};

#define MENTION "\"tag\":[{\"type\":\"Mention\",\"href\":\"https://relay.example/actor\"}]"
#define POST(type, by, more)                                                                       \
    "{" HEAD TO ",\"type\":\"" type "\",\"object\":{\"id\":\"https://a.example/n\",\"type\":"      \
    "\"Note\",\"attributedTo\":\"" by "\"," more "}}"
#define NOTE(more) POST("Create", "https://a.example/u", more)
#define SAYS(html) NOTE(MENTION ",\"content\":\"" html "\"")

static const struct {
    const char *post;
    enum fact_said says;
} posts[] = {
    {SAYS("<p>@relay</p>"), FACT_YES},
    {SAYS("@relay join"), FACT_YES},
    {SAYS("nothing that counts: leaves, stopped, optouts"), FACT_YES},
    {NOTE(MENTION), FACT_YES},
    {SAYS("@relay leave"), FACT_NO},
    {SAYS("<p>Please <b>STOP</b>!</p>"), FACT_NO},
    {SAYS("OptOut"), FACT_NO},
    {SAYS("opt-out"), FACT_NO},
    {SAYS("#leave"), FACT_NO},
    {SAYS("join, or leave?"), FACT_NO}, /* who may mean no, has said no */
    {NOTE(MENTION ",\"contentMap\":{\"de\":\"geh\",\"en\":\"stop\"}"), FACT_NO},
    {NOTE("\"tag\":[{\"type\":\"Hashtag\",\"name\":\"#x\"},{\"type\":\"Mention\",\"href\":"
          "\"https://relay.example/actor\"}],\"content\":\"leave\""),
     FACT_NO},
    {NOTE("\"content\":\"leave @relay@relay.example\""), FACT_UNKNOWN},
    {NOTE("\"tag\":{\"type\":\"Mention\",\"href\":\"https://a.example/v\"}"), FACT_UNKNOWN},
    {NOTE("\"tag\":{\"type\":\"Hashtag\",\"href\":\"https://relay.example/actor\"}"), FACT_UNKNOWN},
    {POST("Update", "https://a.example/u", MENTION), FACT_UNKNOWN},
    {POST("Create", "https://a.example/v", MENTION ",\"content\":\"leave\""), FACT_UNKNOWN},
    {CREATE(",\"tag\":{\"type\":\"Mention\",\"href\":\"https://relay.example/actor\"}"),
     FACT_UNKNOWN},
};

static void test_mentions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(posts) / sizeof(*posts); i++) {
        struct activity activity;
        print_message("%s\n", posts[i].post);
        assert_int_equal(read_text(posts[i].post, &activity), ERR_OK);
        assert_int_equal(consent_mentioned(&activity, &us), posts[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_two),
        cmocka_unit_test(test_names), cmocka_unit_test(test_applied),
        cmocka_unit_test(test_bios),  cmocka_unit_test_teardown(test_mentions, drop_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
