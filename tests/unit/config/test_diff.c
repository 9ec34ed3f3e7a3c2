/* diff: what one configuration changes of another, as rows of `kind name how before -> after`; and
 * that two that say the same differ in nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "relay/config/diff.h"

#define URL                  "url: https://relay.example\n"
#define ZONES                "zones:\n  a: {hosts: [a.example, '*.a.example']}\n  b: {hosts: [b.example]}\n"
#define RULES(rules)         URL ZONES "rules: [" rules "]\n"
#define ONE                  "{from: a, to: b, when: {tags: one}, then: allow}"
#define TWO                  "{from: a, to: b, when: {tags: two}, then: deny}"
#define THREE                "{from: b, to: a, then: allow}"
#define NAMED(name, verdict) "{name: " name ", from: a, to: b, then: " verdict "}"

static const struct {
    const char *was, *is, *changes;
} rows[] = {
    {URL ZONES, URL ZONES, ""},
    /* the same in other words */
    {URL ZONES,
     "# words\nurl: 'https://relay.example'\nworkers: auto\nzones:\n"
     "  b: {hosts: [B.example], inside: allow}\n  a:\n    hosts: ['*.a.example', "
     "a.example:443]\n",
     ""},
    {URL ZONES, "url: https://other.example\n" ZONES,
     "setting url changed https://relay.example -> https://other.example RESTART\n"},
    {URL ZONES, URL ZONES "limits: {body: 2MiB}\n", "setting limits.body changed 1MiB -> 2MiB\n"},
    {URL ZONES,
     URL ZONES "durability: standard\nworkers: 2\nfronts: 2\nlisten: 127.0.0.1:81\n"
               "metrics: 127.0.0.1:82\ndata: /elsewhere\nredis_limits: {replicas: 1}\n"
               "redis: redis://127.0.0.1:83/0\n",
     "setting listen changed 127.0.0.1:8080 -> 127.0.0.1:81 RESTART\n"
     "setting metrics changed 127.0.0.1:9090 -> 127.0.0.1:82 RESTART\n"
     "setting data changed ./weir-data -> /elsewhere RESTART\n"
     "setting redis changed embedded -> redis://127.0.0.1:83/0 RESTART\n"
     "setting workers changed auto -> 2 RESTART\n"
     "setting fronts changed 1 -> 2 RESTART\n"
     "setting durability changed strict -> standard RESTART\n"
     "setting redis_limits.replicas changed 0 -> 1 RESTART\n"},
    /* a password is another, and is not shown */
    {URL ZONES "redis: redis://u:one@127.0.0.1:83/0\n",
     URL ZONES "redis: redis://u:two@127.0.0.1:83/0\n",
     "setting redis changed redis://u:***@127.0.0.1:83/0 -> redis://u:***@127.0.0.1:83/0 "
     "RESTART\n"},
    {URL ZONES,
     URL "zones:\n  a: {hosts: [a.example], networks: [10.0.0.0/8, 'fd00::/8'], "
         "join: open, inside: deny}\n",
     "zone b removed hosts [b.example], networks [], join invited, inside allow, consent none, "
     "publish no -> -\n"
     "zone a.hosts removed *.a.example -> -\n"
     "zone a.networks added - -> 10.0.0.0/8\n"
     "zone a.networks added - -> fd00::/8\n"
     "zone a.join changed invited -> open\n"
     "zone a.inside changed allow -> deny\n"},
    {URL ZONES, URL ZONES "  c: {hosts: [c.example]}\n",
     "zone c added - -> hosts [c.example], networks [], join invited, inside allow, consent none, "
     "publish no\n"},
    {RULES(ONE), RULES(ONE ", " TWO),
     "rule rule-2 added - -> from a to b when {tags: two} then deny\n"},
    /* one more above: the others are the same by another name */
    {RULES(ONE ", " TWO), RULES(THREE ", " ONE ", " TWO),
     "rule rule-2 renamed rule-1 -> rule-2\nrule rule-3 renamed rule-2 -> rule-3\n"
     "rule rule-1 added - -> from b to a then allow\n"},
    {RULES(ONE ", " TWO), RULES(TWO),
     "rule rule-1 removed from a to b when {tags: one} then allow -> -\n"
     "rule rule-1 renamed rule-2 -> rule-1\n"},
    {RULES(NAMED("x", "allow")), RULES(NAMED("x", "drop")),
     "rule x changed from a to b then allow -> from a to b then drop\n"},
    {RULES(NAMED("x", "allow")), RULES(NAMED("y", "allow")), "rule y renamed x -> y\n"},
    {RULES(NAMED("x", "allow") ", " NAMED("y", "deny") ", " THREE),
     RULES(NAMED("y", "deny") ", " NAMED("x", "allow") ", " THREE), "rule y moved - -> x\n"},
    /* twice the same, and once */
    {RULES(NAMED("x", "allow") ", " NAMED("y", "allow")), RULES(NAMED("y", "allow")),
     "rule x removed from a to b then allow -> -\n"},
    {RULES("{name: x, from: a, to: b, then: allow, until: 2027-04-30, owner: o, reason: r}"),
     RULES("{name: x, from: a, to: b, then: allow, until: 2027-05-30, owner: o, reason: r}"),
     "rule x changed from a to b then allow, until 2027-04-30T23:59:59Z, owner o, reason r -> "
     "from a to b then allow, until 2027-05-30T23:59:59Z, owner o, reason r\n"},
    /* from one side to the other is another rule of that name, and no order */
    {URL "zones: {a: {hosts: [a.example], export: [{name: x, to: b, then: allow}]}, b: {hosts: "
         "[b.example]}}\n",
     URL "zones: {a: {hosts: [a.example]}, b: {hosts: [b.example], import: [{name: x, from: a, "
         "then: allow}]}}\n",
     "rule x changed export from a to b then allow -> import from a to b then allow\n"},
};

static struct config *config_of(const char *text)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    config_read(span_of(text), "/weir.yaml", &why, &config);
    assert_string_equal(bytes_str(&why), "");
    bytes_fini(&why);
    return config;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct config *was = config_of(rows[i].was);
        struct config *is = config_of(rows[i].is);
        struct config_changes changes;
        struct bytes text;
        bytes_init(&text, 100000);
        config_compare(was, is, &changes);
        for (size_t k = 0; k < changes.n; k++) {
            const struct config_change *c = &changes.list[k];
            bytes_addf(&text, "%s %s %s %s -> %s%s\n", c->kind, c->name, change_how_name(c->how),
                       c->before ? c->before : "-", c->after ? c->after : "-",
                       c->restart ? " RESTART" : "");
        }
        if (strcmp(bytes_str(&text), rows[i].changes) != 0)
            fail_msg("row %zu:\n%s", i, bytes_str(&text));
        config_changes_fini(&changes);
        assert_int_equal(changes.n, 0);
        bytes_fini(&text);
        config_free(&was);
        config_free(&is);
    }
}

/* As many rules as there may be, all of them moved down by one. */
static void test_many(void **state)
{
    (void)state;
    struct bytes some, more;
    bytes_init(&some, CONFIG_FILE_MAX);
    bytes_init(&more, CONFIG_FILE_MAX);
    bytes_add_str(&some, URL ZONES "rules:\n");
    bytes_add_str(&more, URL ZONES "rules:\n  - " THREE "\n");
    for (int i = 0; i < POLICY_RULES_MAX - 1; i++) {
        bytes_addf(&some, "  - {from: a, to: b, when: {tags: t%d}, then: allow}\n", i);
        bytes_addf(&more, "  - {from: a, to: b, when: {tags: t%d}, then: allow}\n", i);
    }
    struct config *was = config_of(bytes_str(&some));
    struct config *is = config_of(bytes_str(&more));
    struct config_changes changes;
    config_compare(was, is, &changes);
    assert_int_equal(changes.n, POLICY_RULES_MAX);
    for (size_t i = 0; i + 1 < changes.n; i++)
        assert_int_equal(changes.list[i].how, CHANGE_RENAMED);
    assert_int_equal(changes.list[changes.n - 1].how, CHANGE_ADDED);
    config_changes_fini(&changes);
    config_free(&was);
    config_free(&is);
    bytes_fini(&some);
    bytes_fini(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
