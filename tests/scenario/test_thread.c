/* A conversation that has crossed a boundary goes on across it, without a tag on each answer; one
 * that has not stays where it is. */
#include <stdio.h>
#include <string.h>

#include "tests/scenario/world.h"

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

static const char rules[] = WORLD_ZONES
    "  guests:\n"
    "    hosts: ['*.guest.example']\n"
    "rules:\n"
    "  - {name: shared, from: internal, to: partners, when: {tags: [partners]}, "
    "then: allow}\n"
    "  - {name: open, from: internal, to: guests, when: {tags: [guests]}, then: allow}\n"
    "  - {name: thread, from: '*', to: '*', when: {reply_to: crossed}, then: allow}\n";

struct scene {
    struct world w;
    struct peer blog, wiki, partner;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 11);
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
    world_fini(&s->w);
    peer_fini(&s->blog);
    peer_fini(&s->wiki);
    peer_fini(&s->partner);
}

/* Post k of a peer, with these members besides. */
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

static void answer(struct scene *s, const struct peer *p, unsigned k, const struct peer *of,
                   unsigned to)
{
    char more[256];
    snprintf(more, sizeof(more), ",\"inReplyTo\":\"https://%s/posts/%u\"", of->host, to);
    say(s, p, k, more);
}

#define TAG(name) ",\"tag\":[{\"type\":\"Hashtag\",\"name\":\"#" name "\"}]"

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

static void test_both_ways(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, TAG("partners"));
    assert_string_equal(went(&s), "internal,partners");
    answer(&s, &s.partner, 2, &s.blog, 1);
    assert_string_equal(went(&s), "internal,partners");
    answer(&s, &s.wiki, 3, &s.partner, 2);
    assert_string_equal(went(&s), "internal,partners");
    answer(&s, &s.blog, 4, &s.blog, 1);
    assert_string_equal(went(&s), "internal,partners");
    end(&s);
}

/* What never crossed: of which the other side may have guessed the id, too. */
static void test_stays(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, "");
    assert_string_equal(went(&s), "internal");
    answer(&s, &s.wiki, 2, &s.blog, 1);
    assert_string_equal(went(&s), "internal");
    answer(&s, &s.partner, 3, &s.blog, 1);
    assert_string_equal(went(&s), "partners");
    answer(&s, &s.partner, 4, &s.blog, 99); /* of which nothing is known */
    assert_string_equal(went(&s), "partners");
    /* An answer that stayed does not open the way for the next. */
    answer(&s, &s.wiki, 5, &s.partner, 3);
    assert_string_equal(went(&s), "internal");
    /* It crossed to another zone. */
    say(&s, &s.blog, 6, TAG("guests"));
    assert_string_equal(went(&s), "internal,guests");
    answer(&s, &s.partner, 7, &s.blog, 6);
    assert_string_equal(went(&s), "partners");
    end(&s);
}

/* Deleted, or recalled: from then on nothing more crosses. */
static void test_taken_back(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, TAG("partners"));
    assert_string_equal(went(&s), "internal,partners");
    answer(&s, &s.partner, 2, &s.blog, 1);
    assert_string_equal(went(&s), "internal,partners");
    world_send_delete(&s.w, &s.blog, 1, &s.reply);
    fake_run(SECOND);
    answer(&s, &s.partner, 3, &s.blog, 1);
    assert_string_equal(went(&s), "partners");
    answer(&s, &s.wiki, 4, &s.partner, 2); /* which stands */
    assert_string_equal(went(&s), "internal,partners");
    end(&s);
}

/* Nothing is looked for where no rule asks, or nothing is answered; and once for each activity. */
static void test_asked_where_it_matters(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, TAG("partners"));
    fake_run(SECOND);
    assert_int_equal(fake_called(OP_WHERE), 0);
    answer(&s, &s.partner, 2, &s.blog, 1);
    fake_run(SECOND);
    assert_int_equal(fake_called(OP_WHERE), 1);
    world_policy(&s.w, NULL);
    answer(&s, &s.partner, 3, &s.blog, 1);
    assert_string_equal(went(&s), "partners");
    assert_int_equal(fake_called(OP_WHERE), 1);
    end(&s);
}

/* While nobody can say where it went, nothing is decided: the sender tries again. */
static void test_not_told(void **state)
{
    static const enum fake_fault faults[] = {FAULT_LOST, FAULT_UNANSWERED, FAULT_REFUSED};
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        struct scene s;
        begin(&s);
        say(&s, &s.blog, 1, TAG("partners"));
        fake_run(SECOND);
        fake_fault(OP_WHERE, faults[i], 0, 1);
        answer(&s, &s.partner, 2, &s.blog, 1);
        fake_run(5 * SECOND);
        assert_true(reply_is(&s.reply, 503, "unavailable"));
        assert_int_equal(world_entries(&s.w), 1);
        answer(&s, &s.partner, 2, &s.blog, 1);
        assert_string_equal(went(&s), "internal,partners");
        end(&s);
    }
}

/* The front goes while it is looked for: the sender is told to try again, and what comes then finds
 * nobody. */
static void test_abandoned_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, TAG("partners"));
    assert_string_equal(went(&s), "internal,partners");
    fake_fault(OP_WHERE, FAULT_LOST, 0, 1);
    answer(&s, &s.partner, 2, &s.blog, 1);
    fake_run(SECOND);
    assert_int_equal(s.reply.times, 0);
    front_free(&s.w.front);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    fake_run(10 * SECOND);
    assert_int_equal(s.reply.times, 1);
    end(&s);
}

/* A reload while it is looked for: the zones are those of the new policy, by name. */
static void test_reload_meanwhile(void **state)
{
    static const char other[] =
        "zones:\n"
        "  partners:\n"
        "    hosts: ['*.partner.example']\n"
        "  internal:\n"
        "    hosts: ['*.corp.example']\n"
        "    networks: [10.0.0.0/8]\n"
        "rules:\n"
        "  - {name: thread, from: '*', to: '*', when: {reply_to: crossed}, then: allow}\n";
    (void)state;
    bool done = false;
    for (unsigned steps = 0; !done; steps++) {
        struct scene s;
        begin(&s);
        say(&s, &s.blog, 1, TAG("partners"));
        assert_string_equal(went(&s), "internal,partners");
        answer(&s, &s.partner, 2, &s.blog, 1);
        for (unsigned i = 0; i < steps && !s.reply.times; i++)
            fake_run(1);
        done = s.reply.times > 0;
        world_policy(&s.w, other);
        const char *audience = went(&s);
        if (strcmp(audience, "internal,partners") != 0)
            assert_string_equal(audience, "partners,internal");
        end(&s);
        assert_true(steps < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),        cmocka_unit_test(test_stays),
        cmocka_unit_test(test_taken_back),       cmocka_unit_test(test_asked_where_it_matters),
        cmocka_unit_test(test_not_told),         cmocka_unit_test(test_abandoned_meanwhile),
        cmocka_unit_test(test_reload_meanwhile),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
