/* Pilots: each warning of an end is given once, 30, 7 and 1 days before, whatever restarts or does
 * not answer; another system is told, and is no burden where it does not listen. */
#include "common/pure/date.h"
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX = 16 };

/* The other system. */
struct chat {
    int answers; /* with this; 0: it does not */
    size_t asked, told_n;
    char told[TOLD_MAX][2048];
    const char *type;
};

static void on_chat(void *arg, const struct fake_arrived *arrived, struct fake_answer *ret)
{
    struct chat *chat = arg;
    chat->asked++;
    assert_string_equal(arrived->method, "POST");
    assert_string_equal(arrived->url, "https://chat.corp.example/hooks/4711");
    assert_string_equal(arrived->fields[0], "Content-Type: application/json");
    *ret = chat->answers ? (struct fake_answer){.status = chat->answers}
                         : (struct fake_answer){.err = ERR_CONNECT};
    if (chat->answers < 200 || chat->answers > 299)
        return;
    assert_true(chat->told_n < TOLD_MAX);
    snprintf(chat->told[chat->told_n++], sizeof(chat->told[0]), "%.*s", SPAN_ARG(arrived->body));
}

static void set_webhook(struct world *w, const char *url)
{
    char **setting = &w->context.config->set.pilots_webhook;
    free(*setting);
    *setting = mem_copy(span_of(url));
}

static void begin(struct world *w, struct peer *p, struct chat *chat)
{
    *chat = (struct chat){.answers = 204};
    world_init(w, 20);
    fake_host("chat.corp.example", "192.0.2.7", on_chat, chat);
    set_webhook(w, "https://chat.corp.example/hooks/4711");
    world_front(w);
    world_steward(w); /* nobody delivers: weeks pass faster */
    peer_init(p, "shop", false);
    world_member(w, p);
}

static void end(struct world *w, struct peer *p)
{
    world_fini(w);
    peer_fini(p);
}

static void ends_in(struct world *w, const struct peer *p, int64_t ms)
{
    struct member *with = mem_new(sizeof(*with));
    with->role = MEMBER_ROLE_COUNT;
    span_copy(SPAN("partners"), with->zone, sizeof(with->zone));
    span_copy(SPAN("bob@corp.example"), with->sponsor, sizeof(with->sponsor));
    with->until_ms = ms ? FAKE_EPOCH_MS + fake_now() + ms : 0;
    assert_int_equal(world_event(w, p, EVENT_INVITE, with), ERR_OK);
    free(with);
    fake_run(5 * SECOND);
}

/* Warnings so far, in the log. */
static size_t warned(const char *within)
{
    char word[32];
    snprintf(word, sizeof(word), "within=%s", within);
    return fake_logged("pilot=", word, NULL);
}

static void restart(struct world *w)
{
    steward_free(&w->steward);
    world_steward(w);
    fake_run(2 * MINUTE);
}

static void check(const char *when, size_t in30, size_t in7, size_t in1)
{
    if (warned("30d") != in30 || warned("7d") != in7 || warned("1d") != in1)
        fail_msg("%s: warned %zu %zu %zu times", when, warned("30d"), warned("7d"), warned("1d"));
}

/* --- when ------------------------------------------------------------------------------------- */

static void test_each_once(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct chat chat;
    begin(&w, &shop, &chat);
    check("no end", 0, 0, 0);
    ends_in(&w, &shop, 8 * DAY);
    check("30 days", 1, 0, 0);
    restart(&w);
    check("restarted", 1, 0, 0);
    fake_run(25 * HOUR);
    check("7 days", 1, 1, 0);
    restart(&w);
    fake_run(6 * DAY);
    check("a day", 1, 1, 1);
    restart(&w);
    fake_run(2 * DAY);
    check("over", 1, 1, 1);
    assert_int_equal(fake_member(w.context.store, shop.host)->state, MEMBER_EXPIRED);
    assert_null(fake_warned(w.context.store, shop.host)); /* nothing is left behind */
    assert_int_equal(chat.told_n, 3);
    assert_non_null(strstr(chat.told[0], "\"within\":\"30d\""));
    assert_non_null(strstr(chat.told[0], "\"event\":\"pilot-ending\""));
    assert_non_null(strstr(chat.told[0], "\"sponsor\":\"bob@corp.example\""));
    assert_non_null(strstr(chat.told[0], shop.host));
    assert_non_null(strstr(chat.told[2], "\"within\":\"1d\""));
    end(&w, &shop);
}

/* Another end is another matter; and who has none any more is warned of nothing. */
static void test_extended_and_promoted(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct chat chat;
    begin(&w, &shop, &chat);
    ends_in(&w, &shop, 12 * HOUR); /* a short one: the nearest alone */
    check("short", 0, 0, 1);
    ends_in(&w, &shop, 31 * DAY);
    fake_run(2 * MINUTE);
    check("extended", 0, 0, 1);
    assert_null(fake_warned(w.context.store, shop.host));
    fake_run(2 * DAY);
    check("extended, later", 1, 0, 1);
    ends_in(&w, &shop, 0);
    fake_run(2 * DAY);
    check("promoted", 1, 0, 1);
    assert_null(fake_warned(w.context.store, shop.host));
    assert_int_equal(fake_member(w.context.store, shop.host)->state, MEMBER_ACTIVE);
    end(&w, &shop);
}

static void test_a_rule(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct chat chat;
    char text[4096];
    char until[DATE_ISO_SIZE];
    begin(&w, &shop, &chat);
    date_iso_write(FAKE_EPOCH_MS + fake_now() + 6 * DAY, until);
    snprintf(text, sizeof(text),
             WORLD_ZONES
             "rules:\n"
             "  - { name: sc-out, from: internal, to: partners, then: allow,\n"
             "      until: 2100-01-01, owner: eve@corp.example }\n"
             "  - { name: short, from: partners, to: internal, then: allow, until: %s }\n",
             until);
    world_policy(&w, text);
    set_webhook(&w, "https://chat.corp.example/hooks/4711"); /* it was another configuration */
    fake_run(2 * MINUTE);
    check("a rule", 0, 1, 0);
    assert_int_equal(fake_logged("pilot=", "rule:short", NULL), 1);
    assert_non_null(fake_warned(w.context.store, "rule:short"));
    assert_int_equal(chat.told_n, 1);
    assert_non_null(strstr(chat.told[0], "\"kind\":\"rule\""));
    end(&w, &shop);
}

/* --- what does not answer ----------------------------------------------------------------------
 */

/* Whatever becomes of the calls of Redis: once, and not never. */
static void test_the_store_does_not_answer(void **state)
{
    (void)state;
    static const struct {
        enum fake_op op;
        enum fake_fault fault;
    } rows[] = {{OP_PILOTS, FAULT_LOST},     {OP_PILOTS, FAULT_REFUSED}, {OP_WARN, FAULT_LOST},
                {OP_WARN, FAULT_UNANSWERED}, {OP_WARN, FAULT_REFUSED},   {OP_MEMBERS, FAULT_LOST}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        struct peer shop;
        struct chat chat;
        begin(&w, &shop, &chat);
        fake_fault(rows[i].op, rows[i].fault, 0, 2);
        ends_in(&w, &shop, 6 * DAY);
        fake_run(10 * MINUTE);
        check("in the end", 0, 1, 0);
        assert_int_equal(chat.told_n, 1);
        end(&w, &shop);
    }
}

static void test_a_webhook_that_fails_is_tried_again(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct chat chat;
    begin(&w, &shop, &chat);
    chat.answers = 503;
    ends_in(&w, &shop, 6 * DAY);
    fake_run(SECOND);
    assert_in_range(chat.asked, 1, 2);
    chat.answers = 200;
    fake_run(2 * MINUTE);
    assert_int_equal(chat.told_n, 1);
    assert_int_equal(fake_logged("webhook", "status=200", NULL), 1);
    size_t asked = chat.asked;
    fake_run(HOUR);
    assert_int_equal(chat.asked, asked); /* told once */
    end(&w, &shop);
}

/* It is let go in the end, and the next one is tried all the same; nothing else waits for it. */
static void test_a_webhook_that_is_away(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct peer wiki;
    struct chat chat;
    begin(&w, &shop, &chat);
    peer_init(&wiki, "guest", false);
    world_member(&w, &wiki);
    chat.answers = 0;
    ends_in(&w, &shop, 30 * HOUR);
    ends_in(&w, &wiki, 30 * HOUR);
    check("all the same", 0, 2, 0);
    fake_run(HOUR);
    assert_int_equal(chat.asked, 10); /* five times each */
    assert_int_equal(fake_logged("webhook", "tries=5", "code=connect"), 2);
    assert_int_equal(fake_logged("hooks", NULL, NULL), 0); /* what may be secret is not told */
    chat.answers = 200;
    fake_run(12 * HOUR);
    assert_int_equal(chat.told_n, 2); /* those of the last day */
    peer_fini(&wiki);
    end(&w, &shop);
}

static void test_no_webhook(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct chat chat;
    begin(&w, &shop, &chat);
    set_webhook(&w, "");
    ends_in(&w, &shop, 6 * DAY);
    check("only here", 0, 1, 0);
    assert_int_equal(chat.asked, 0);
    end(&w, &shop);
}

/* It goes while a look, a warning or a POST is under way. */
static void test_goes_after_each_step(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 40; steps++) {
        struct world w;
        struct peer shop;
        struct chat chat;
        begin(&w, &shop, &chat);
        chat.answers = steps % 2 ? 500 : 200;
        struct member *with = mem_new(sizeof(*with));
        with->role = MEMBER_ROLE_COUNT;
        with->until_ms = FAKE_EPOCH_MS + fake_now() + DAY;
        assert_int_equal(world_event(&w, &shop, EVENT_INVITE, with), ERR_OK);
        free(with);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        steward_free(&w.steward);
        fake_run(5 * SECOND);
        end(&w, &shop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_extended_and_promoted),
        cmocka_unit_test(test_a_rule),
        cmocka_unit_test(test_the_store_does_not_answer),
        cmocka_unit_test(test_a_webhook_that_fails_is_tried_again),
        cmocka_unit_test(test_a_webhook_that_is_away),
        cmocka_unit_test(test_no_webhook),
        cmocka_unit_test(test_goes_after_each_step),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
