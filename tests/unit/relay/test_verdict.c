/* verdict: the questions in their order, and the words for people. The programs' form is looked at
 * by the integration test of `weir explain`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "relay/verdict.h"

static const char file[] =
    "url: https://relay.example\n"
    "zones:\n"
    "  in: { hosts: ['*.in.example'] }\n"
    "  out: { hosts: ['*.out.example'] }\n"
    "rules:\n"
    "  - { name: never, from: in, to: '*', when: { tags: [secret] }, then: deny }\n"
    "  - { name: shared, from: in, to: out, when: { tags: [shared] }, then: allow }\n";

static const struct {
    const char *type, *to, *tag, *from, *target; /* target: a host, or a zone */
    enum err why;
    const char *said; /* lines of the answer */
} rows[] = {
    {"Create", "as:Public", "shared", "a.in.example", NULL, ERR_OK,
     "gets      an Announce of the object by this relay\nannounces https://a.in.example/o\n"},
    {"Create", "as:Public", "shared", "a.in.example", "out", ERR_OK,
     "proof     no\nfrom      a.in.example, zone in\nto        zone out\n"
     "export 1  never                tags is [shared], wants secret\n"},
    {"Create", "as:Public", "shared", "a.in.example", "out", ERR_OK,
     "gets      an Announce of the object by this relay\nannounces https://a.in.example/o\n"},
    {"Create", "as:Public", "secret", "a.in.example", "out", ERR_RULE_DENIES,
     "verdict   deny   by rule never (line 6), on export\n"},
    /* the zone is not its host: others of it may have what does not go back there */
    {"Create", "as:Public", "secret", "a.in.example", "in", ERR_OK,
     "verdict   allow  inside its own zone\n"},
    {"Create", "as:Public", "shared", "a.in.example", "nowhere", ERR_NO_ZONE,
     "verdict   deny   no-zone: this host belongs to no zone of this relay\n"},
    {"Create", "as:Public", "shared", "a.in.example", "b.out.example", ERR_OK,
     "gets      an Announce of the object by this relay\n"},
    {"Create", "as:Public", "secret", "a.in.example", "b.out.example", ERR_RULE_DENIES,
     "export 1  never                MATCHES: deny\n"
     "verdict   deny   by rule never (line 6), on export\n"
     "hint      rule never matches, since tags is [secret], which fits secret\n"},
    {"Create", "as:Public", "secret", "a.in.example", "b.in.example", ERR_OK,
     "gets      an Announce of the object by this relay\n"},
    {"Create", "as:Public", "else", "a.in.example", "b.out.example", ERR_NO_RULE,
     "export 1  never                tags is [else], wants secret\n"
     "export 2  shared               tags is [else], wants shared\n"
     "verdict   deny   no-rule: no rule allows it, on export\n"
     "hint      rule shared would allow it on the export side, but tags is [else], wants "
     "shared\n"},
    {"Create", "as:Public", "shared", "a.in.example", "a.in.example", ERR_NO_AUDIENCE,
     "verdict   deny   nothing goes back to the host it came from\n"},
    {"Create", "as:Public", "shared", "a.in.example", "b.nowhere.example", ERR_NO_ZONE,
     "verdict   deny   no-zone: this host belongs to no zone of this relay\n"},
    {"Create", "as:Public", "shared", "a.nowhere.example", NULL, ERR_NO_ZONE,
     "verdict   deny   no-zone: this host belongs to no zone of this relay\n"},
    {"Create", "as:Public", "shared", "b.in.example", NULL, ERR_ACTOR_NOT_SIGNER,
     "verdict   deny   actor-not-signer: the activity's actor is not the signer\n"},
    {"Create", "https://a.in.example/followers", "shared", "a.in.example", NULL, ERR_NOT_PUBLIC,
     "verdict   deny   not-public: not addressed to the public collection\n"},
    /* what would be fetched, and decide; and what would not */
    {"Announce", "https://a.in.example/u/followers", "shared", "a.in.example", "b.out.example",
     ERR_OK, "gets      an Announce of the object by this relay\n"},
    {"Announce", "https://a.in.example/v/followers", "shared", "a.in.example", "b.out.example",
     ERR_NOT_PUBLIC, "verdict   deny   not-public: not addressed to the public collection\n"},
    {"Like", "as:Public", "shared", "a.in.example", "b.out.example", ERR_NOT_RELAYED,
     "verdict   deny   not-relayed: this type of activity is not relayed\n"},
    {"Update", "as:Public", "shared", "a.in.example", NULL, ERR_OK,
     "gets      nothing: no form of it would be believed\n"},
    {"Delete", "as:Public", "shared", "a.in.example", NULL, ERR_OK,
     "gets      an Undo of this relay's Announce, where there was one\n"},
};

static void activity_of(size_t i, struct bytes *text)
{
    bytes_addf(
        text,
        "{\"id\":\"https://a.in.example/a\",\"type\":\"%s\",\"actor\":\"https://a.in.example/u\","
        "\"to\":\"%s\",\"object\":{\"id\":\"https://a.in.example/o\",\"type\":\"Note\","
        "\"attributedTo\":\"https://a.in.example/u\",\"to\":\"%s\","
        "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#%s\"}}}",
        rows[i].type, rows[i].to, rows[i].to, rows[i].tag);
}

static void check(size_t i, const struct config *config)
{
    static const struct json_limits limits = {32, 1000, 1000};
    static const struct activity_limits facts = {2048, 100};
    static struct activity activity;
    struct json *json = NULL;
    struct ruling verdict;
    struct bytes text;
    bytes_init(&text, 10000);
    activity_of(i, &text);
    assert_int_equal(json_read(bytes_span(&text), &limits, &json), ERR_OK);
    assert_int_equal(activity_read(json, &facts, &activity), ERR_OK);
    struct verdict_ask ask = {.config = config,
                              .activity = &activity,
                              .bytes = text.n,
                              .now_ms = 1800000000000,
                              .from = rows[i].from};
    int zone = rows[i].target ? policy_zone_by_name(&config->policy, span_of(rows[i].target)) : -1;
    if (zone >= 0)
        ask.in = &config->policy.zones[zone];
    else
        ask.to = rows[i].target;
    verdict_make(&ask, &verdict);
    assert_string_equal(err_code(verdict.why), err_code(rows[i].why));
    assert_int_equal(verdict.may, rows[i].why == ERR_OK);
    bytes_clear(&text);
    verdict_write(&verdict, &text);
    print_message("%s\n", bytes_str(&text));
    if (!strstr(bytes_str(&text), rows[i].said))
        fail_msg("row %zu is not told: %s", i, rows[i].said);
    bool fetches = strcmp(rows[i].to, "https://a.in.example/u/followers") == 0;
    assert_int_equal(verdict.fetches, fetches);
    assert_int_equal(strstr(bytes_str(&text), "its object would be fetched") != NULL, fetches);
    verdict_fini(&verdict);
    json_free(&json);
    bytes_fini(&text);
}

static void test_rows(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_read(span_of(file), "/weir.yaml", &why, &config);
    assert_string_equal(bytes_str(&why), "");
    assert_int_equal(e, ERR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check(i, config);
    bytes_fini(&why);
    config_free(&config);
}

/* --- what a running relay knows --------------------------------------------------------------- */

static const char asking[] =
    "url: https://relay.example\n"
    "zones:\n"
    "  in: { hosts: ['*.in.example'], consent: opt-in }\n"
    "  far: { hosts: [a.far.example], consent: opt-out }\n"
    "  out: { hosts: ['*.out.example'] }\n"
    "rules:\n"
    "  - { name: bots, from: '*', to: out, when: { bot: true }, then: drop }\n"
    "  - { name: back, from: in, to: out, when: { reply_to: crossed }, then: hold }\n"
    "  - { name: soft, from: in, to: out, when: { software: [Pleroma, 'miss*'] }, then: deny }\n"
    "  - { name: all, from: '*', to: out, then: allow }\n";

/* Of a post from a.in.example to zone `out`. */
static const struct {
    struct verdict_known known;
    const char *frozen;
    const char *word, *said;
} known_rows[] = {
    {{0}, NULL, "deny", "consent   no, by the zone's default\n"},
    {{0},
     NULL,
     "deny",
     "verdict   deny   consent-missing: its author did not agree to be relayed\n"
     "hint      its author may agree by following or mentioning the relay; or weir author optin "
     "https://a.in.example/u --reason TEXT\n"},
    {{.registry = FACT_YES}, NULL, "allow", "consent   yes, by registry\n"},
    {{.registry = FACT_NO}, NULL, "deny", "verdict   deny   opted-out: "},
    {{.indexable = FACT_YES}, NULL, "allow", "consent   yes, by indexable\n"},
    {{.indexable = FACT_YES, .bio = true}, NULL, "deny", "consent   no, by bio\n"},
    {{.registry = FACT_YES, .bot = FACT_YES}, NULL, "drop", "bots                 MATCHES: drop\n"},
    {{.registry = FACT_YES, .software = {"pleroma", 7}}, NULL, "deny", "by rule soft (line 9)"},
    {{.registry = FACT_YES, .software = {"Misskey", 7}}, NULL, "deny", "by rule soft (line 9)"},
    {{.registry = FACT_YES, .software = {"akkoma", 6}}, NULL, "allow", "by rule all (line 10)\n"},
    {{.registry = FACT_YES}, NULL, "allow", "missing: the software is not known"},
    {{.registry = FACT_YES, .thread = true}, NULL, "allow", "by rule all (line 10)\n"},
    {{.registry = FACT_YES, .thread = true, .crossed = {{4}}},
     NULL,
     "hold",
     "verdict   hold   by rule back (line 8), on export\n"},
    {{.registry = FACT_YES},
     "in -> out",
     "hold",
     "verdict   hold   frozen: an operator froze this boundary: it waits for the thaw\n"
     "frozen    in -> out, by : \n"
     "hint      weir thaw 'in -> out' --reason TEXT\n"},
    {{.registry = FACT_YES}, "out -> in", "allow", "by rule all (line 10)\n"},
    /* where the members are, by their records */
    {{.from_zone = "far"}, NULL, "allow", "consent   yes, by the zone's default\n"},
    {{.from_zone = "gone", .registry = FACT_YES}, NULL, "allow", "consent   yes, by registry\n"},
};

static const char answering[] =
    "{\"id\":\"https://a.in.example/a\",\"type\":\"Create\",\"actor\":\"https://a.in.example/u\","
    "\"to\":\"as:Public\",\"object\":{\"id\":\"https://a.in.example/o\",\"type\":\"Note\","
    "\"inReplyTo\":\"https://b.out.example/o\","
    "\"attributedTo\":\"https://a.in.example/u\",\"to\":\"as:Public\"}}";

static void test_known(void **state)
{
    (void)state;
    static const struct json_limits limits = {32, 1000, 1000};
    static const struct activity_limits ids = {2048, 100};
    static struct activity activity;
    struct config *config = NULL;
    struct json *json = NULL;
    struct bytes text;
    bytes_init(&text, CONFIG_WHY_MAX);
    config_read(span_of(asking), "/weir.yaml", &text, &config);
    assert_string_equal(bytes_str(&text), "");
    assert_int_equal(json_read(span_of(answering), &limits, &json), ERR_OK);
    assert_int_equal(activity_read(json, &ids, &activity), ERR_OK);
    for (size_t i = 0; i < sizeof(known_rows) / sizeof(*known_rows); i++) {
        struct freezes freezes = {.n = known_rows[i].frozen ? 1 : 0};
        struct ruling verdict;
        struct verdict_ask ask = {.config = config,
                                  .activity = &activity,
                                  .bytes = sizeof(answering) - 1,
                                  .now_ms = 1800000000000,
                                  .from = "a.in.example",
                                  .in = &config->policy.zones[2],
                                  .known = known_rows[i].known};
        ask.known.freezes = &freezes;
        if (freezes.n)
            assert_true(freeze_boundary_read(span_of(known_rows[i].frozen), freezes.list));
        verdict_make(&ask, &verdict);
        bytes_clear(&text);
        verdict_write(&verdict, &text);
        if (strcmp(verdict_word(&verdict), known_rows[i].word) != 0 ||
            !strstr(bytes_str(&text), known_rows[i].said))
            fail_msg("row %zu: %s: %s", i, verdict_word(&verdict), bytes_str(&text));
        assert_int_equal(verdict.may, strcmp(known_rows[i].word, "allow") == 0);
        verdict_fini(&verdict);
    }
    json_free(&json);
    bytes_fini(&text);
    config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
