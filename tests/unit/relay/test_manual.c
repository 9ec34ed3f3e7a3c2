/* manual: the examples of weir-policy(7) are read as they stand, and do what is said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "relay/config/config.h"
#include "relay/manual.h"

enum { NOW = 1800000000 /* seconds; 2027-01-15 */ };

/* A post from a host, with members of its object; and the zones that may have it. bot: its author
 * is one. */
static const struct {
    size_t example;
    const char *host, *object;
    bool bot;
    const char *zones;
} rows[] = {
    {0, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Partners\"}", false,
     "internal,partners"},
    {0, "wiki.corp.example", "\"type\":\"Note\"", false, "internal"},
    {0, "a.acme.example", "\"type\":\"Note\"", false, "internal,partners"},
    {1, "wiki.corp.example", "\"type\":\"Note\"", false, "internal,partners"},
    {1, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#draft2\"}", false,
     "internal"},
    {1, "a.acme.example", "\"type\":\"Note\"", false, "partners"},
    {2, "a.acme.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#supplychain\"}", false,
     "internal,acme"},
    {2, "a.acme.example", "\"type\":\"Note\"", false, "acme"},
    {3, "a.acme.example", "\"type\":\"Note\"", false, "internal"},
    {3, "wiki.corp.example", "\"type\":\"Note\"", false, "internal"},
    {4, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#steel-q3\"}", false,
     "internal,acme"},
    {4, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#logistics\"}", false,
     "internal,acme,globex"},
    {5, "a.acme.example", "\"type\":\"Article\"", false, "internal,partners"},
    {5, "a.acme.example", "\"type\":\"Video\"", false, "partners"},
    {5, "a.acme.example",
     "\"type\":\"Note\",\"attachment\":{\"type\":\"Document\",\"mediaType\":\"video/mp4\",\"url\":"
     "\"https://a.acme.example/v\"}",
     false, "partners"},
    {6, "news.corp.example", "\"type\":\"Note\"", false, "internal,public"},
    {6, "wiki.corp.example", "\"type\":\"Note\"", false, "internal"},
    {7, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#exchange\"}", false,
     "internal,partners"},
    {7, "wiki.corp.example", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#exchange\"}", true,
     "internal"},
    {8, "x.forum.example", "\"type\":\"Note\"", false, "internal,forum"},
    {8, "x.forum.example", "\"content\":\"<a href=\\\"https://win.casino.example/\\\">x</a>\"",
     false, ""},
    {8, "x.forum.example", "\"content\":\"<a href=\\\"https://x.zip/\\\">x</a>\"", false, ""},
    {9, "wiki.corp.example", "\"contentMap\":{\"de\":\"x\"}", false, "internal,partners"},
    {9, "wiki.corp.example", "\"content\":\"x\"", false, "internal"},
    {9, "wiki.corp.example",
     "\"contentMap\":{\"de\":\"x\"},\"tag\":{\"type\":\"Mention\",\"href\":"
     "\"https://wiki.corp.example/u/bo\"}",
     false, "internal"},
    {10, "a.acme.example", "\"inReplyTo\":\"https://wiki.corp.example/crossed\"", false,
     "internal,partners"},
    {10, "wiki.corp.example", "\"inReplyTo\":\"https://a.acme.example/crossed\"", false,
     "internal,partners"},
    {10, "a.acme.example", "\"inReplyTo\":\"https://wiki.corp.example/o\"", false, "partners"},
    {10, "a.acme.example", "\"content\":\"https://wiki.corp.example/crossed\"", false, "partners"},
};

/* Whether what the row answers crossed; to all zones, then. */
static bool has_crossed;

static bool crossed(void *arg, int zone)
{
    (void)arg, (void)zone;
    return has_crossed;
}

static struct config *example(size_t i)
{
    struct config *config = NULL;
    struct bytes text, why;
    bytes_init(&text, 10000);
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_addf(&text, "url: https://relay.example\n%s", manual_examples[i].file);
    config_read(bytes_span(&text), "example", &why, &config);
    assert_string_equal(bytes_str(&why), "");
    bytes_fini(&text);
    bytes_fini(&why);
    return config;
}

static void check(size_t i)
{
    static const struct json_limits limits = {32, 1000, 1000};
    static const struct activity_limits ids = {2048, 100};
    static struct zone_verdict verdicts[POLICY_ZONES_MAX];
    static struct activity activity;
    struct config *config = example(rows[i].example);
    struct json *json = NULL;
    struct bytes text;
    struct facts facts;
    struct zone_set set;
    const char *host = rows[i].host;
    has_crossed = strstr(rows[i].object, "/crossed") != NULL;
    bytes_init(&text, 10000);
    bytes_addf(&text,
               "{\"id\":\"https://%s/a\",\"type\":\"Create\",\"actor\":\"https://%s/users/press1\","
               "\"to\":\"as:Public\",\"object\":{\"id\":\"https://%s/o\",\"to\":\"as:Public\","
               "\"published\":\"2027-01-14T00:00:00Z\",%s}}",
               host, host, host, rows[i].object);
    assert_int_equal(json_read(bytes_span(&text), &limits, &json), ERR_OK);
    assert_int_equal(activity_read(json, &ids, &activity), ERR_OK);
    const struct facts_context context = {.now_ms = (int64_t)NOW * 1000,
                                          .bytes = text.n,
                                          .bot = rows[i].bot ? FACT_YES : FACT_NO,
                                          .zone_of = policy_zone_name,
                                          .crossed = crossed,
                                          .arg = &config->policy};
    facts_init(&facts, &activity, &context);
    policy_decide(&config->policy, &facts, policy_zone_of(&config->policy, span_of(host)), verdicts,
                  &set);
    facts_fini(&facts);
    bytes_clear(&text);
    bytes_add_str(&text, "");
    policy_set_write(&config->policy, &set, &text);
    if (strcmp(bytes_str(&text), rows[i].zones) != 0)
        fail_msg("row %zu, example %zu: for %s", i, rows[i].example, bytes_str(&text));
    json_free(&json);
    bytes_fini(&text);
    config_free(&config);
}

static void test_examples(void **state)
{
    (void)state;
    bool shown[MANUAL_EXAMPLES] = {false};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        check(i);
        shown[rows[i].example] = true;
    }
    for (size_t i = 0; i < MANUAL_EXAMPLES; i++)
        assert_true(shown[i]);
}

/* Every fact that a rule may ask for is in the page, and none else. */
static void test_facts(void **state)
{
    (void)state;
    struct bytes page;
    bytes_init(&page, 1 << 20);
    manual_weir_policy(&page);
    assert_false(page.over);
    for (int i = 0; i < FACT_COUNT; i++) {
        struct bytes head, file, why;
        struct config *config = NULL;
        const char *name = fact_row((enum fact)i)->name;
        bytes_init(&head, 200);
        bytes_init(&file, 1000);
        bytes_init(&why, CONFIG_WHY_MAX);
        bytes_addf(&head, "\n\\fB%s\\fR (", name);
        bytes_addf(&file,
                   "url: https://relay.example\nzones: {a: {}}\n"
                   "rules: [{from: a, to: a, when: {%s: '?'}, then: deny}]\n",
                   name);
        config_read(bytes_span(&file), "f", &why, &config);
        bool offered = !strstr(bytes_str(&why), "unknown condition");
        assert_int_equal(strstr(bytes_str(&page), bytes_str(&head)) != NULL, offered);
        bytes_fini(&head);
        bytes_fini(&file);
        bytes_fini(&why);
        config_free(&config);
    }
    bytes_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
