/* A boundary that is frozen: what is decided from then on does not cross it, whenever the freeze
 * falls among the steps of an activity; what follows its object still does. */
#include <stdio.h>
#include <string.h>

#include "common/io/metrics.h"
#include "relay/meters.h"
#include "relay/rules/freeze.h"
#include "relay/store/freezes.h"
#include "tests/scenario/world.h"

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

static const char rules[] = WORLD_ZONES
    "rules:\n"
    "  - {name: shared, from: internal, to: partners, when: {tags: [partners]}, then: allow}\n"
    "  - {name: back, from: partners, to: internal, then: allow}\n";

struct scene {
    struct world w;
    struct peer blog, partner;
    struct fake_reply reply;
    bool answered; /* the freeze, or the thaw, is done */
    enum err err;
};

static void begin(struct scene *s)
{
    *s = (struct scene){.answered = false};
    world_init(&s->w, 11);
    peer_init(&s->blog, "blog", true);
    peer_init(&s->partner, "social", false);
    world_front(&s->w);
    world_policy(&s->w, rules);
    world_member(&s->w, &s->blog);
    world_member(&s->w, &s->partner);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->blog);
    peer_fini(&s->partner);
}

static void on_changed(void *arg, enum err err, const struct freezes *freezes)
{
    struct scene *s = arg;
    (void)freezes;
    s->answered = true;
    s->err = err;
}

static void change(struct scene *s, const char *boundary, bool thaws)
{
    struct freeze f;
    assert_true(freeze_boundary_read(span_of(boundary), &f));
    s->answered = false;
    freezes_change(s->w.context.store, &(struct freezes_change){.freeze = &f, .thaws = thaws},
                   on_changed, s);
}

static void frozen(struct scene *s, const char *boundary)
{
    change(s, boundary, false);
    fake_run(SECOND);
    assert_true(s->answered);
    assert_int_equal(s->err, ERR_OK);
}

static void thawed(struct scene *s, const char *boundary)
{
    change(s, boundary, true);
    fake_run(SECOND);
    assert_true(s->answered);
    assert_int_equal(s->err, ERR_OK);
}

static void say(struct scene *s, const struct peer *p, unsigned k, const char *type)
{
    struct bytes body;
    bytes_init(&body, 8192);
    bytes_addf(&body,
               "{\"id\":\"https://%s/posts/%u#%s\",\"type\":\"%s\",\"actor\":\"%s\","
               "\"to\":\"" PUBLIC "\",\"object\":{\"id\":\"https://%s/posts/%u\",\"type\":\"Note\","
               "\"attributedTo\":\"%s\",\"to\":\"" PUBLIC "\","
               "\"tag\":[{\"type\":\"Hashtag\",\"name\":\"#partners\"}]}}",
               p->host, k, type, type, p->actor, p->host, k, p->actor);
    world_send(&s->w, p, -1, &body, &s->reply);
    bytes_fini(&body);
}

/* The zones of the newest entry; empty: there is none. */
static const char *newest(struct scene *s)
{
    static char audience[256];
    const struct fake_line *lines;
    size_t n = fake_lines(s->w.context.store, &lines);
    audience[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY)
            span_copy(lines[i].line.entry->audience, audience, sizeof(audience));
    return audience;
}

static const char *went(struct scene *s)
{
    fake_run(SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
    return newest(s);
}

static void test_closed_and_opened(void **state)
{
    static const char *const closing[] = {"internal -> partners", "internal -> *", "* -> partners",
                                          "* -> *"};
    (void)state;
    for (size_t i = 0; i < sizeof(closing) / sizeof(*closing); i++) {
        struct scene s;
        begin(&s);
        say(&s, &s.blog, 1, "Create");
        assert_string_equal(went(&s), "internal,partners");
        frozen(&s, closing[i]);
        say(&s, &s.blog, 2, "Create");
        assert_string_equal(went(&s), "internal");
        thawed(&s, closing[i]);
        say(&s, &s.blog, 3, "Create");
        assert_string_equal(went(&s), "internal,partners");
        end(&s);
    }
}

/* The way back is another boundary. */
static void test_other_way(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    frozen(&s, "partners -> internal");
    say(&s, &s.blog, 1, "Create");
    assert_string_equal(went(&s), "internal,partners");
    say(&s, &s.partner, 2, "Create");
    assert_string_equal(went(&s), "partners");
    end(&s);
}

/* A Delete of what crossed follows it. */
static void test_follows_its_object(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    say(&s, &s.blog, 1, "Create");
    assert_string_equal(went(&s), "internal,partners");
    frozen(&s, "internal -> partners");
    world_send_delete(&s.w, &s.blog, 1, &s.reply);
    assert_string_equal(went(&s), "internal,partners");
    end(&s);
}

/* Nobody can say what is frozen: nothing is decided, and the sender tries again. */
static void test_journal_says_again(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    frozen(&s, "internal -> partners");
    fake_fault(OP_APPEND, FAULT_LOST, 0, 1);
    say(&s, &s.blog, 1, "Create");
    fake_run(5 * SECOND);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    assert_string_equal(newest(&s), "");
    say(&s, &s.blog, 1, "Create");
    assert_string_equal(went(&s), "internal");
    end(&s);
}

/* Where the freeze alone keeps it from everybody, that is what the log and the metric say; where a
 * rule would, it is the rule, and where somebody has it, nothing is said of it. */
static void test_what_is_said_of_it(void **state)
{
#define STAYS_HOME                                                                                 \
    "zones: {internal: {hosts: ['*.corp.example'], networks: [10.0.0.0/8], "                       \
    "join: open, inside: %s}, partners: {hosts: ['*.partner.example'], "                           \
    "join: invited}}\nrules: [{name: shared, from: internal, to: partners, "                       \
    "then: allow}]\n"
    static const struct {
        const char *inside, *log;
        enum err code;
    } rows[] = {{"deny", "code=frozen ", ERR_FROZEN},
                {"hold", "code=rule-holds ", ERR_RULE_HOLDS},
                {"allow", "code=ok ", ERR_OK}};
    (void)state;
    metrics_setup(meters_table(), METER_COUNT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct scene s;
        char text[512];
        begin(&s);
        snprintf(text, sizeof(text), STAYS_HOME, rows[i].inside);
        world_policy(&s.w, text);
        frozen(&s, "internal -> partners");
        double before = metric_get(METER_INBOX, rows[i].code);
        say(&s, &s.blog, 1, "Create");
        fake_run(SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_true(metric_get(METER_INBOX, rows[i].code) > before);
        assert_int_equal(fake_logged("inbox", rows[i].log, "waits="), 1);
        end(&s);
    }
    metrics_fini();
}

/* The freeze falls `steps` ms after the post was sent. Returns whether the post crossed although
 * it was not in the journal yet when the freeze was answered for; *ret_done: it was there before.
 */
static bool crosses_behind(unsigned steps, enum fake_lie lie, bool *ret_done)
{
    struct scene s;
    bool there = false;
    begin(&s);
    fake_lie(lie);
    say(&s, &s.blog, 1, "Create");
    for (unsigned i = 0; i < steps; i++)
        fake_run(1);
    *ret_done = newest(&s)[0] != '\0';
    if (*ret_done)
        assert_string_equal(newest(&s), "internal,partners");
    change(&s, "internal -> partners", false);
    while (!s.answered)
        fake_run(1);
    there = newest(&s)[0] != '\0';
    bool crossed = strcmp(went(&s), "internal,partners") == 0;
    if (!crossed)
        assert_string_equal(newest(&s), "internal");
    end(&s);
    return crossed && !there;
}

static unsigned times_behind(enum fake_lie lie)
{
    unsigned times = 0;
    bool done = false;
    for (unsigned steps = 0; !done; steps++) {
        assert_true(steps < 1000);
        times += crosses_behind(steps, lie, &done);
    }
    return times;
}

static void test_race(void **state)
{
    (void)state;
    assert_int_equal(times_behind(LIE_NONE), 0);
}

/* A journal that does not look at what was decided by lets something through. */
static void test_race_twin(void **state)
{
    (void)state;
    assert_true(times_behind(LIE_APPEND_IGNORES) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_and_opened),  cmocka_unit_test(test_other_way),
        cmocka_unit_test(test_follows_its_object), cmocka_unit_test(test_journal_says_again),
        cmocka_unit_test(test_what_is_said_of_it), cmocka_unit_test(test_race),
        cmocka_unit_test(test_race_twin),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
