/* placed: the hosts that a post is about, and the zones that operators put them into. */
#include "tests/unit/rules/facts_rig.h"
#include "tests/unit/rules/policy_rig.h"

#include "relay/rules/placed.h"

#define WROTE(more)                                                                                \
    "{'id':'https://a.example/c','type':'Create','actor':'https://a.example/u','to':'as:Public',"  \
    "'object':{'id':'https://a.example/o','type':'Note','attributedTo':'https://a.example/"        \
    "u'," more "'to':'as:Public'}}"
#define MENTION(host) "{'type':'Mention','href':'https://" host "/u'}"

/* In single quotes; stays until the next one is read. */
static void read_quoted(const char *text, struct activity *ret)
{
    static char whole[32768];
    snprintf(whole, sizeof(whole), "%s", text);
    for (char *c = whole; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(read_text(whole, ret), ERR_OK);
}

static const char *gathered(const char *text, const char *owner)
{
    static char hosts[512];
    struct placed placed;
    struct activity activity;
    read_quoted(text, &activity);
    placed_gather(&activity, span_of(owner), &placed);
    hosts[0] = '\0';
    for (size_t i = 0; i < placed.n; i++) {
        size_t n = strlen(hosts);
        snprintf(hosts + n, sizeof(hosts) - n, "%s%s", n ? " " : "", placed.list[i].host);
        assert_string_equal(placed.list[i].zone, "");
    }
    json_free(&tree);
    return hosts;
}

static void test_gather(void **state)
{
    static const struct {
        const char *text, *owner, *hosts;
    } rows[] = {
        {WROTE(""), NULL, ""},
        {WROTE(""), "o.example", "o.example"},
        {WROTE("'tag':[" MENTION("b.example") "," MENTION("c.example:81") "],"), NULL,
         "b.example c.example:81"},
        {WROTE("'inReplyTo':'https://d.example/1',"), NULL, "d.example"},
        /* each once */
        {WROTE("'inReplyTo':'https://b.example/1','tag':[" MENTION("b.example") "],"), "b.example",
         "b.example"},
        {WROTE("'tag':{'type':'Hashtag','href':'https://b.example/t'},"), NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(gathered(rows[i].text, rows[i].owner), rows[i].hosts);
}

/* As many as facts read, and no more. */
static void test_many(void **state)
{
    enum { MANY = 200 };
    (void)state;
    static char text[MANY * 80 + 1000];
    struct placed placed;
    struct activity activity;
    snprintf(text, sizeof(text),
             "{'id':'https://a.example/c','type':'Create','actor':'https://a.example/u','to':"
             "'as:Public','object':{'id':'https://a.example/o','type':'Note','inReplyTo':"
             "'https://r.example/1','tag':[");
    for (int i = 0; i < MANY; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n, "%s{'type':'Mention','href':'https://m%d.example/u'}",
                 i ? "," : "", i);
    }
    size_t n = strlen(text);
    snprintf(text + n, sizeof(text) - n, "]}}");
    read_quoted(text, &activity);
    placed_gather(&activity, SPAN("o.example"), &placed);
    assert_int_equal(placed.n, PLACED_MAX);
    assert_string_equal(placed.list[0].host, "o.example");
    assert_string_equal(placed.list[1].host, "r.example");
    json_free(&tree);
}

static void test_zone(void **state)
{
    static const struct {
        const char *host, *zone;
        int is;
    } rows[] = {
        {"p.example", "b", 1}, /* where an operator put it */
        {"p.example", "", -1}, /* no pattern is for it */
        {"p.example", "gone", -1} /* the policy does not know that zone any more */,
        {"q.example", "b", -1}, /* nothing is known of it */
    };
    (void)state;
    struct policy policy = {0};
    rig_zones(&policy, 2);
    policy_compile(&policy);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct placed placed = {.n = 1};
        span_copy(SPAN("p.example"), placed.list[0].host, sizeof(placed.list[0].host));
        span_copy(span_of(rows[i].zone), placed.list[0].zone, sizeof(placed.list[0].zone));
        assert_int_equal(placed_zone(&placed, &policy, span_of(rows[i].host)), rows[i].is);
        assert_int_equal(placed_zone(NULL, &policy, span_of(rows[i].host)), -1);
    }
    policy_fini(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gather), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_zone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
