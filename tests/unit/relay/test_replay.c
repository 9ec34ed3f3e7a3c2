/* replay: what would go another way, row by row, counted by boundary and by author; what can't be
 * known is told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "relay/replay.h"

enum { NOW = 1800000000 /* seconds; 2027-01-15 */ };

#define HEAD       "url: https://relay.example\nzones:\n"
#define OUT        "  out: {hosts: [b.out.example]}\n"
#define IN         "  in: {hosts: ['*.in.example']}\n"
#define RULE(more) "rules: [{name: r, from: in, to: out, " more "}]\n"

static const char open_all[] = HEAD IN OUT RULE("then: allow");
static const char tagged[] = HEAD IN OUT RULE("when: {tags: x}, then: allow");
static const char humans[] = HEAD IN OUT RULE("when: {bot: false}, then: allow");
static const char answers[] = HEAD IN OUT RULE("when: {reply_to: crossed}, then: allow");
static const char ended[] = HEAD IN OUT RULE("until: 2027-01-14, then: allow");
static const char not_ended[] = HEAD IN OUT RULE("until: 2027-01-16, then: allow");
static const char held[] = HEAD IN OUT RULE("then: hold");
static const char asking[] =
    HEAD "  in: {hosts: ['*.in.example'], consent: opt-in}\n" OUT RULE("then: allow");
static const char no_out[] = HEAD IN;
static const char no_in[] = HEAD OUT;

/* An entry: a post, or something else, and what comes of it. */
static const struct {
    const char *policy, *type, *more, *audience;
    const char *counts; /* `added removed unsure`, or `follows`, `unknown` */
} rows[] = {
    {open_all, "Create", "", "in,out", "0 0 0"},
    {open_all, "Create", "", "in", "1 0 0"},
    {tagged, "Create", "", "in,out", "0 1 0"},
    {tagged, "Create", "", "in", "0 0 0"},
    {tagged, "Create", "\"tag\":{\"type\":\"Hashtag\",\"name\":\"#x\"},", "in", "1 0 0"},
    {held, "Create", "", "in,out", "0 1 0"},
    {ended, "Create", "", "in,out", "0 1 0"},
    {not_ended, "Create", "", "in,out", "0 0 0"},
    /* what nobody kept: only where it counts */
    {humans, "Create", "", "in,out", "0 0 1"},
    {humans, "Create", "", "in", "0 0 1"},
    {answers, "Create", "", "in", "0 0 0"},
    {answers, "Create", "\"inReplyTo\":\"https://b.out.example/1\",", "in", "0 0 1"},
    {asking, "Create", "", "in", "0 0 1"},
    {asking, "Create", "", "in,out", "0 0 1"},
    /* zones that come and go */
    {no_out, "Create", "", "in,out", "0 1 0"},
    {no_in, "Create", "", "in,out", "0 2 0"},
    {open_all, "Create", "", "", "2 0 0"},
    /* not asked, not known */
    {tagged, "Update", "", "in,out", "follows"},
    {tagged, "Delete", "", "in,out", "follows"},
    {tagged, "Undo", "", "in,out", "follows"},
    {tagged, "Create", NULL, "in,out", "unknown"},
    {tagged, "Create", "\"to\":1,\"to\":2,", "in,out", "unknown"},
    {tagged, "Announce", "", "in,out", "unknown"}, /* to followers: decided by what it names */
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

static void body_of(struct bytes *ret, const char *type, const char *more)
{
    bool announce = strcmp(type, "Announce") == 0;
    bytes_addf(ret,
               "{\"id\":\"https://a.in.example/a\",\"type\":\"%s\","
               "\"actor\":\"https://a.in.example/u\",\"to\":\"%s\",\"object\":%s%s%s}",
               type, announce ? "https://a.in.example/u/followers" : "as:Public",
               announce ? "\"https://a.in.example/o\"" : "{", announce ? "" : more,
               announce
                   ? ""
                   : "\"id\":\"https://a.in.example/o\",\"type\":\"Note\",\"to\":\"as:Public\","
                     "\"attributedTo\":\"https://a.in.example/u\"}");
}

static struct replay_entry entry_of(const char *type, const char *audience,
                                    const struct bytes *body)
{
    return (struct replay_entry){.at_ms = (int64_t)NOW * 1000,
                                 .id = SPAN("https://a.in.example/a"),
                                 .type = span_of(type),
                                 .from = SPAN("a.in.example"),
                                 .zone = SPAN("in"),
                                 .software = SPAN("mastodon"),
                                 .audience = span_of(audience),
                                 .body = body ? bytes_span(body) : SPAN_NONE};
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct config *config = config_of(rows[i].policy);
        struct replay r;
        struct bytes body;
        char got[64];
        bytes_init(&body, 10000);
        replay_init(&r, config);
        if (rows[i].more)
            body_of(&body, rows[i].type, rows[i].more);
        struct replay_entry e =
            entry_of(rows[i].type, rows[i].audience, rows[i].more ? &body : NULL);
        assert_true(replay_take(&r, &e));
        snprintf(got, sizeof(got), "%d %d %d", (int)r.added, (int)r.removed, (int)r.unsure);
        const char *said = r.follows ? "follows" : r.unknown ? "unknown" : got;
        if (strcmp(said, rows[i].counts) != 0)
            fail_msg("row %zu: %s", i, said);
        assert_int_equal(r.entries, 1);
        assert_int_equal(r.decided, !r.follows && !r.unknown);
        replay_fini(&r);
        bytes_fini(&body);
        config_free(&config);
    }
}

/* Another entry of the same activity, for the zones that a person let it into later. */
static void test_again(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *second;
        int added, removed;
    } pairs[] = {
        {open_all, NULL, 1, 0}, {open_all, "out", 0, 0}, {open_all, "in", 1, 0},
        {tagged, NULL, 0, 0},   {tagged, "out", 0, 1},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct config *config = config_of(pairs[i].policy);
        struct replay r;
        struct bytes body;
        bytes_init(&body, 10000);
        replay_init(&r, config);
        body_of(&body, "Create", "");
        struct replay_entry e = entry_of("Create", "in", &body);
        replay_take(&r, &e);
        e = entry_of("Create", pairs[i].second ? pairs[i].second : "", &body);
        if (pairs[i].second)
            replay_take(&r, &e);
        if ((int)r.added != pairs[i].added || (int)r.removed != pairs[i].removed)
            fail_msg("pair %zu: +%d -%d", i, (int)r.added, (int)r.removed);
        replay_fini(&r);
        bytes_fini(&body);
        config_free(&config);
    }
}

static void test_counts(void **state)
{
    (void)state;
    struct config *config = config_of(open_all);
    struct replay r;
    struct bytes body;
    bytes_init(&body, 10000);
    replay_init(&r, config);
    body_of(&body, "Create", "");
    for (int i = 0; i < 30; i++) {
        char id[64];
        snprintf(id, sizeof(id), "https://a.in.example/%d", i);
        struct replay_entry e = entry_of("Create", i % 3 ? "in" : "in,out", &body);
        e.id = span_of(id);
        replay_take(&r, &e);
    }
    replay_sort(&r);
    assert_int_equal(r.added, 20);
    assert_int_equal(r.boundaries_n, 1);
    assert_string_equal(r.boundaries[0].name, "in -> out");
    assert_int_equal(r.boundaries[0].added, 20);
    assert_int_equal(r.authors_n, 1);
    assert_string_equal(r.authors[0].name, "https://a.in.example/u");
    assert_int_equal(r.authors[0].added, 20);
    assert_int_equal(r.samples_n, REPLAY_SAMPLES);
    assert_string_equal(r.samples[0].id, "https://a.in.example/1");
    assert_string_equal(r.samples[0].rule, "r");
    assert_true(r.samples[0].added);
    replay_fini(&r);
    bytes_fini(&body);
    config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_again),
                                       cmocka_unit_test(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
