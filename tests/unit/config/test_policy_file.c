/* policy_file: rules as they are written, and as they were understood; what is refused, and where
 * it says so; how much fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "relay/config/config.h"
#include "tests/unit/config/broken_files.h"
#include "tests/unit/config/broken_rules.h"

static struct config *read_file(const char *text, const char *wanted)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_read(span_of(text), "weir.yaml", &why, &config);
    assert_string_equal(bytes_str(&why), wanted);
    assert_int_equal(e, *wanted ? ERR_USAGE : ERR_OK);
    bytes_fini(&why);
    return config;
}

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken_rules) / sizeof(*broken_rules); i++) {
        print_message("%s\n", broken_rules[i].name);
        assert_null(read_file(broken_rules[i].text, broken_rules[i].why));
    }
}

/* What a rule says, and what was understood, in its own words. */
static const struct {
    const char *written, *understood;
} rules[] = {
    {"from: a, to: b, then: allow", "from a to b then allow"},
    {"from: '*', to: '*', then: drop", "from * to * then drop"},
    {"from: a, to: b, then: hold", "from a to b then hold"},
    {"from: [b, a], to: [a, b], then: deny", "from a, b to a, b then deny"},
    {"from: a, to: b, when: { tags: X }, then: allow", "from a to b when {tags: x} then allow"},
    {"from: a, to: b, when: { tags: [\xc3\x84*, '*z', b, a, '*', /^q\\d$/] }, then: allow",
     "from a to b when {tags: [a, b, \xc3\xa4*, *z, *, /^q\\d$/]} then allow"},
    {"from: a, to: b, when: { type: Create, visibility: public }, unless: { bot: true, "
     "sensitive: false }, then: allow",
     "from a to b when {type: Create, visibility: public} unless {bot: true, sensitive: false} "
     "then allow"},
    {"from: a, to: b, when: { author: [https://a.example/u/jo, 'https://a.example/*', '*/jo'] }, "
     "then: allow",
     "from a to b when {author: [https://a.example/u/jo, https://a.example/*, */jo]} then allow"},
    {"from: a, to: b, when: { author_host: [WIKI.a.example, '*.A.example', 'a.example:443', "
     "'a.example:84*', '*'] }, then: allow",
     "from a to b when {author_host: [a.example, wiki.a.example, *, *.a.example, "
     "a.example:84*]} then allow"},
    {"from: a, to: b, when: { links: /ads/, language: [DE, en] }, then: deny",
     "from a to b when {links: /ads/, language: [de, en]} then deny"},
    {"from: a, to: b, when: { reply_to: [crossed, a], indexable: true }, then: allow",
     "from a to b when {reply_to: [a, crossed], indexable: true} then allow"},
    {"from: a, to: b, when: { reply_to: crossed }, then: allow",
     "from a to b when {reply_to: crossed} then allow"},
    {"from: a, to: b, when: { reply_to: [a, other, none], mentions: [b, other] }, then: deny",
     "from a to b when {reply_to: [a, none, other], mentions: [b, other]} then deny"},
    {"from: a, to: b, when: { size: '<=64KiB', attachments: [0, '>3', '1..2'], age: '< 7d' }, "
     "then: deny",
     "from a to b when {size: <=64KiB, attachments: [0, >=4, 1..2], age: <=604799s} then deny"},
    {"from: a, to: b, when: { media: [image, video], proof: none }, then: deny",
     "from a to b when {media: [image, video], proof: none} then deny"},
};

static void test_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        struct bytes text;
        bytes_init(&text, 10000);
        bytes_addf(&text, URL AB "rules: [{ name: x, %s }]\n", rules[i].written);
        struct config *c = read_file(bytes_str(&text), "");
        bytes_clear(&text);
        policy_rule_write(&c->policy, &c->policy.rules[0], &text);
        assert_true(span_starts(bytes_span(&text), SPAN("rule x: ")));
        assert_string_equal(bytes_str(&text) + 8, rules[i].understood);
        config_free(&c);
        bytes_fini(&text);
    }
}

/* Rules of zones come first, by zone, whatever the order of the keys; each knows where it is. */
static void test_sides(void **state)
{
    (void)state;
    static const char text[] =
        URL "rules:\n"
            "  - { from: a, to: b, then: allow, until: 2027-04-30, owner: bob@corp.example }\n"
            "zones:\n"
            "  a:\n"
            "    inside: deny\n"
            "    import:\n"
            "      - { from: b, then: allow }\n"
            "    export:\n"
            "      - { to: [b, c], then: drop, reason: \"not before May\" }\n"
            "      - { name: last, to: '*', then: deny, until: 2027-05-01T00:00:00Z }\n"
            "  b: { import: [{ from: '*', then: allow }] }\n"
            "  c: { inside: hold }\n";
    static const struct {
        const char *name;
        enum rule_part part;
        unsigned line;
        int64_t until_ms;
    } wanted[] = {{"a.export-1", RULE_EXPORT, 10, 0},
                  {"last", RULE_EXPORT, 11, 1809129600000},
                  {"a.import-1", RULE_IMPORT, 8, 0},
                  {"b.import-1", RULE_IMPORT, 12, 0},
                  {"rule-1", RULE_SHORT, 3, 1809129599999}};
    struct config *c = read_file(text, "");
    assert_int_equal(c->policy.rules_n, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct rule *rule = &c->policy.rules[i];
        assert_string_equal(rule->name, wanted[i].name);
        assert_int_equal(rule->part, wanted[i].part);
        assert_int_equal(rule->line, wanted[i].line);
        assert_int_equal(rule->until_ms, wanted[i].until_ms);
    }
    const struct rule *drop = &c->policy.rules[0];
    assert_int_equal(drop->to.n, 2);
    assert_int_equal(drop->from.zones[0], 0);
    assert_int_equal(drop->then, RULE_DROP);
    assert_string_equal(drop->reason, "not before May");
    assert_null(drop->owner);
    assert_string_equal(c->policy.rules[4].owner, "bob@corp.example");
    assert_int_equal(c->policy.zones[0].inside, RULE_DENY);
    assert_int_equal(c->policy.zones[1].inside, RULE_ALLOW);
    assert_int_equal(c->policy.zones[2].inside, RULE_HOLD);
    config_free(&c);
}

/* Who asks its authors; a rule may ask what came of that, where any zone that it is for does. */
static void test_consent(void **state)
{
    (void)state;
    struct config *c = read_file(
        URL
        "zones: { a: {}, b: { consent: opt-in }, c: { consent: opt-out }, d: { consent: none } }\n"
        "rules:\n"
        "  - { from: [a, c], to: b, when: { consent: true }, then: allow }\n"
        "  - { from: '*', to: '*', unless: { consent: true }, then: deny }\n",
        "");
    static const enum zone_consent wanted[] = {ZONE_CONSENT_NONE, ZONE_CONSENT_OPT_IN,
                                               ZONE_CONSENT_OPT_OUT, ZONE_CONSENT_NONE};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(c->policy.zones[i].consent, wanted[i]);
    config_free(&c);
}

/* As many as may be, and one more. */
static void test_many(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct bytes text;
        bytes_init(&text, CONFIG_FILE_MAX);
        bytes_add_str(&text, URL "zones:\n");
        for (int i = 0; i < POLICY_ZONES_MAX; i++)
            bytes_addf(&text, "  z%d: { import: [{ from: '*', then: allow }] }\n", i);
        bytes_add_str(&text, "rules:\n");
        for (int i = 0; i < POLICY_RULES_MAX - POLICY_ZONES_MAX + more; i++)
            bytes_addf(&text, "  - { from: z%d, to: '*', then: allow }\n", i % POLICY_ZONES_MAX);
        assert_false(text.over);
        struct config *c =
            read_file(bytes_str(&text), more ? "weir.yaml:10004:5: more than 10000 rules\n" : "");
        if (!more)
            assert_int_equal(c->policy.rules_n, POLICY_RULES_MAX);
        config_free(&c);
        bytes_fini(&text);
    }
    struct bytes text;
    bytes_init(&text, CONFIG_FILE_MAX);
    bytes_add_str(&text, URL "zones:\n");
    for (int i = 0; i <= POLICY_ZONES_MAX; i++)
        bytes_addf(&text, "  z%d: {}\n", i);
    assert_null(read_file(bytes_str(&text), "weir.yaml:1027:3: more than 1024 zones\n"));
    bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken), cmocka_unit_test(test_understood),
        cmocka_unit_test(test_sides),  cmocka_unit_test(test_consent),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
