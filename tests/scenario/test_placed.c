/* Rules that ask for the zone of whom a post mentions, or answers: where an operator put that host
 * into another zone than its name says, that one counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/world.h"

#define PUBLIC  "https://www.w3.org/ns/activitystreams#Public"
#define MENTION ",\"tag\":{\"type\":\"Mention\",\"href\":\"https://shop.corp.example/users/jo\"}"
#define ANSWER  ",\"inReplyTo\":\"https://shop.corp.example/posts/7\""

static const char rules[] =
    WORLD_ZONES "rules:\n"
                "  - {name: named, from: internal, to: partners, when: {mentions: partners}, "
                "then: allow}\n"
                "  - {name: back, from: internal, to: partners, when: {reply_to: partners}, "
                "then: allow}\n";

struct scene {
    struct world w;
    struct peer wiki, shop;
    struct fake_reply reply;
};

/* The shop's name is one of ours; placed: an operator put it among the partners. */
static void begin(struct scene *s, bool placed)
{
    struct member *with = mem_new(sizeof(*with));
    world_init(&s->w, 12);
    peer_init(&s->wiki, "wiki", true);
    peer_init(&s->shop, "shop", true);
    world_front(&s->w);
    world_policy(&s->w, rules);
    world_member(&s->w, &s->wiki);
    span_copy(placed ? SPAN("partners") : SPAN("internal"), with->zone, sizeof(with->zone));
    with->placed = placed;
    assert_int_equal(world_event(&s->w, &s->shop, EVENT_INVITE, with), ERR_OK);
    free(with);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->wiki);
    peer_fini(&s->shop);
}

static void say(struct scene *s, unsigned k, const char *more)
{
    const struct peer *p = &s->wiki;
    struct bytes body;
    bytes_init(&body, 8192);
    bytes_addf(&body,
               "{\"id\":\"https://%s/posts/%u#create\",\"type\":\"Create\",\"actor\":\"%s\","
               "\"to\":\"" PUBLIC "\",\"object\":{\"id\":\"https://%s/posts/%u\",\"type\":\"Note\","
               "\"attributedTo\":\"%s\",\"to\":\"" PUBLIC "\"%s}}",
               p->host, k, p->actor, p->host, k, p->actor, more);
    world_send(&s->w, p, -1, &body, &s->reply);
    bytes_fini(&body);
}

/* The zones of the newest entry, once what was sent is answered. */
static const char *went(struct scene *s)
{
    static char audience[256];
    const struct fake_line *lines;
    fake_run(SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
    size_t n = fake_lines(s->w.context.store, &lines);
    audience[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY)
            span_copy(lines[i].line.entry->audience, audience, sizeof(audience));
    return audience;
}

static void test_the_zone_that_it_was_put_into_counts(void **state)
{
    static const struct {
        const char *more, *placed, *not_placed;
    } rows[] = {
        {MENTION, "internal,partners", "internal"},
        {ANSWER, "internal,partners", "internal"},
        {"", "internal", "internal"},
    };
    (void)state;
    for (int placed = 0; placed < 2; placed++) {
        struct scene s;
        begin(&s, placed);
        for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
            say(&s, i + 1, rows[i].more);
            assert_string_equal(went(&s), placed ? rows[i].placed : rows[i].not_placed);
        }
        end(&s);
    }
}

/* Only where a rule asks, and a host is named. */
static void test_asked_where_it_matters(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, true);
    say(&s, 1, "");
    assert_string_equal(went(&s), "internal");
    assert_int_equal(fake_called(OP_PLACED), 0);
    say(&s, 2, MENTION);
    assert_string_equal(went(&s), "internal,partners");
    assert_int_equal(fake_called(OP_PLACED), 1);
    world_policy(&s.w, NULL);
    say(&s, 3, MENTION);
    assert_string_equal(went(&s), "internal");
    assert_int_equal(fake_called(OP_PLACED), 1);
    end(&s);
}

/* Not to be known just now: the sender shall come again. */
static void test_not_told(void **state)
{
    static const enum fake_fault faults[] = {FAULT_LOST, FAULT_REFUSED};
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        struct scene s;
        begin(&s, true);
        fake_fault(OP_PLACED, faults[i], 0, 1);
        say(&s, 1, MENTION);
        fake_run(5 * SECOND);
        assert_true(reply_is(&s.reply, 503, "unavailable"));
        assert_int_equal(world_entries(&s.w), 0);
        say(&s, 1, MENTION);
        assert_string_equal(went(&s), "internal,partners");
        end(&s);
    }
}

static void test_abandoned_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, true);
    fake_fault(OP_PLACED, FAULT_LOST, 0, 1);
    say(&s, 1, MENTION);
    fake_run(SECOND);
    assert_int_equal(s.reply.times, 0);
    front_free(&s.w.front);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    fake_run(10 * SECOND);
    assert_int_equal(s.reply.times, 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_zone_that_it_was_put_into_counts),
        cmocka_unit_test(test_asked_where_it_matters),
        cmocka_unit_test(test_not_told),
        cmocka_unit_test(test_abandoned_meanwhile),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
