/* What authors say, by the machines as they ship: what is asked when, what a change between the
 * decision and the journal does, and what a courier does with what waits. */
#include <stdio.h>
#include <string.h>

#include "relay/store/authors.h"
#include "tests/scenario/world.h"

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

static const char rules[] = "zones:\n"
                            "  internal:\n"
                            "    hosts: ['*.corp.example']\n"
                            "    networks: [10.0.0.0/8]\n"
                            "    join: open\n"
                            "    consent: opt-in\n"
                            "  partners:\n"
                            "    hosts: ['*.partner.example']\n"
                            "    join: invited\n"
                            "rules:\n"
                            "  - {from: '*', to: '*', then: allow}\n";

struct scene {
    struct world w;
    struct peer blog, wiki, partner;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 12);
    peer_init(&s->blog, "blog", true);
    peer_init(&s->wiki, "wiki", true);
    peer_init(&s->partner, "social", false);
    world_front(&s->w);
    world_policy(&s->w, rules);
    world_member(&s->w, &s->blog);
    world_member(&s->w, &s->wiki);
    world_member(&s->w, &s->partner);
}

static void end(struct scene *s)
{
    fake_lie(LIE_NONE);
    world_fini(&s->w);
    peer_fini(&s->blog);
    peer_fini(&s->wiki);
    peer_fini(&s->partner);
}

/* Post k of a peer, with these members besides. Not awaited. */
static void say(struct scene *s, const struct peer *p, unsigned k, const char *more)
{
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

static void on_told(void *arg, const struct authors_changed *answer)
{
    (void)arg;
    assert_int_equal(answer->err, ERR_OK);
}

/* The registry is told, by somebody else; takes effect 1 ms later. */
static void tell(struct scene *s, const struct peer *p, enum fact_said word)
{
    uint8_t hash[32] = {7};
    const struct author_said one = {.actor = span_of(p->actor), .hash = hash};
    const struct authors_change change = {.list = &one,
                                          .n = 1,
                                          .word = word,
                                          .way = AUTHOR_BY_OPERATOR,
                                          .now_ms = fake_now(),
                                          .said_ms = fake_now(),
                                          .most = 10};
    authors_change(s->w.context.store, &change, on_told, NULL);
}

static const char *newest_audience(struct scene *s)
{
    static char audience[256];
    const struct fake_line *lines;
    size_t n = fake_lines(s->w.context.store, &lines);
    audience[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY && !lines[i].line.entry->opts_out)
            span_copy(lines[i].line.entry->audience, audience, sizeof(audience));
    return audience;
}

/* A zone that asks has the registry asked, once for each; one that does not, never. */
static void test_asked_where_it_matters(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, "");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_string_equal(newest_audience(&s), "internal");
    assert_int_equal(fake_called(OP_WORDS), 1);
    say(&s, &s.partner, 2, "");
    fake_run(SECOND);
    assert_string_equal(newest_audience(&s), "internal,partners");
    assert_int_equal(fake_called(OP_WORDS), 1);
    world_send_delete(&s.w, &s.blog, 1, &s.reply);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(fake_called(OP_WORDS), 1);
    end(&s);
}

/* It said yes, or no, while its post was between the decision and the journal. */
static bool slips_in(enum fake_lie lie, bool asks, enum fact_said word)
{
    struct scene s;
    begin(&s);
    fake_lie(lie);
    const struct peer *p = asks ? &s.blog : &s.partner;
    unsigned appends = fake_called(OP_APPEND);
    say(&s, p, 1, "");
    while (fake_called(OP_APPEND) == appends) {
        bool decided = asks ? fake_called(OP_WORDS) > 0 : true;
        if (decided && fake_called(OP_AUTHORS) == 0)
            tell(&s, p, word);
        fake_run(1);
    }
    fake_run(SECOND);
    bool ok = word == FACT_NO ? reply_is(&s.reply, 403, "opted-out") &&
                                    fake_author_says(s.w.context.store, span_of(p->actor)) == word
                              : strcmp(newest_audience(&s), "internal,partners") == 0;
    end(&s);
    return !ok;
}

static void test_said_meanwhile(void **state)
{
    (void)state;
    assert_false(slips_in(LIE_NONE, false, FACT_NO));
    assert_false(slips_in(LIE_NONE, true, FACT_NO));
    assert_false(slips_in(LIE_NONE, true, FACT_YES));
    /* The twin: a journal that does not look. */
    assert_true(slips_in(LIE_APPEND_DEAF, false, FACT_NO));
}

/* The registry can't be asked, or told: later. */
static void test_trouble(void **state)
{
    (void)state;
    static const char mention[] = ",\"content\":\"stop\",\"tag\":{\"type\":\"Mention\",\"href\":"
                                  "\"%s/actor\"}";
    struct scene s;
    char more[300];
    begin(&s);
    fake_fault(OP_WORDS, FAULT_REFUSED, 0, 1);
    say(&s, &s.blog, 1, "");
    fake_run(20 * SECOND);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    assert_true(reply_retry_after(&s.reply) > 0);
    snprintf(more, sizeof(more), mention, s.w.context.identity.url.p);
    fake_fault(OP_AUTHORS, FAULT_LOST, 0, 1);
    say(&s, &s.blog, 2, more);
    fake_run(20 * SECOND);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    assert_int_equal(fake_author_says(s.w.context.store, span_of(s.blog.actor)), FACT_UNKNOWN);
    say(&s, &s.blog, 2, more); /* it comes again, as it should */
    fake_run(20 * SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(fake_author_says(s.w.context.store, span_of(s.blog.actor)), FACT_NO);
    assert_string_equal(newest_audience(&s), "");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_where_it_matters),
        cmocka_unit_test(test_said_meanwhile),
        cmocka_unit_test(test_trouble),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
