/* What waits for a person, from the inbox to what other servers see: approved by the rules, members
 * and freezes of then, denied, too old; with a store that changes or goes away meanwhile. */
#include <stdio.h>
#include <string.h>

#include "relay/holding.h"
#include "relay/tallies.h"
#include "tests/scenario/world.h"

#define RULES(verdict)                                                                             \
    WORLD_ZONES "rules:\n"                                                                         \
                "  - {name: crosses, from: internal, to: partners, then: " verdict "}\n"

struct scene {
    struct world w;
    struct peer blog, partner;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 11);
    peer_init(&s->blog, "blog", true);
    peer_init(&s->partner, "social", false);
    world_front(&s->w);
    world_courier(&s->w);
    world_steward(&s->w);
    world_policy(&s->w, RULES("hold"));
    world_member(&s->w, &s->blog);
    world_member(&s->w, &s->partner);
    fake_run(2 * SECOND);
}

static void end(struct scene *s)
{
    world_courier_ends(&s->w);
    world_fini(&s->w);
    peer_fini(&s->blog);
    peer_fini(&s->partner);
}

static void post(struct scene *s, unsigned k)
{
    world_send_create(&s->w, &s->blog, k, &s->reply);
    fake_run(5 * SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
}

/* The items, as the API tells them; the number of the only one that is open, or 0. */
static uint64_t held(struct scene *s)
{
    struct fake_reply told;
    uint64_t h = 0;
    world_ask(&s->w, "/api/v1/holds", &told);
    fake_run(SECOND);
    assert_true(reply_is(&told, 200, NULL));
    const char *at = strstr(told.body, "{\"h\":");
    if (at) {
        struct span rest = span_of(at + 5);
        assert_true(span_u64(span_cut(&rest, ','), INT64_MAX, &h));
    }
    return h;
}

static bool decide(struct scene *s, uint64_t h, const char *verb, int status, const char *code)
{
    char path[64];
    snprintf(path, sizeof(path), "/api/v1/holds/%d/%s", (int)h, verb);
    world_operate(&s->w, path, SPAN("{\"reason\":\"read\"}"), &s->reply);
    fake_run(10 * SECOND);
    return reply_is(&s->reply, status, code);
}

static void test_approved(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    post(&s, 1);
    uint64_t h = held(&s);
    assert_true(h > 0);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    assert_true(decide(&s, h, "approve", 200, NULL));
    assert_non_null(strstr(s.reply.body, "\"state\":\"approved\""));
    assert_true(peer_has(&s.partner, 1, 1));
    assert_int_equal(held(&s), 0);
    assert_true(decide(&s, h, "approve", 409, "not-kept"));
    assert_int_equal(peer_times(&s.partner, 1), 1);
    end(&s);
}

static void test_denied(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    post(&s, 1);
    assert_true(decide(&s, held(&s), "deny", 200, NULL));
    assert_int_equal(held(&s), 0);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    end(&s);
}

/* The rules of then: allow, hold, deny; and where no zone may have it, it stays. */
static void test_rules_of_then(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        int status;
        const char *code;
    } rows[] = {{RULES("allow"), 200, NULL},
                {RULES("hold"), 200, NULL},
                {RULES("deny"), 403, "rule-denies"},
                {RULES("drop"), 403, "no-rule"},
                {WORLD_ZONES, 403, "no-rule"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct scene s;
        begin(&s);
        post(&s, 1);
        uint64_t h = held(&s);
        world_policy(&s.w, rows[i].rules);
        assert_true(decide(&s, h, "approve", rows[i].status, rows[i].code));
        assert_int_equal(peer_took(&s.partner, NULL, 0, true), rows[i].status == 200);
        assert_int_equal(held(&s) > 0, rows[i].status != 200);
        end(&s);
    }
}

/* The host of its author is suspended; once it is resumed, it goes. */
static void test_member_of_then(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    post(&s, 1);
    uint64_t h = held(&s);
    assert_int_equal(world_event(&s.w, &s.blog, EVENT_SUSPEND, NULL), ERR_OK);
    assert_true(decide(&s, h, "approve", 403, "suspended"));
    assert_int_equal(held(&s), h);
    assert_int_equal(world_event(&s.w, &s.blog, EVENT_RESUME, NULL), ERR_OK);
    assert_true(decide(&s, h, "approve", 200, NULL));
    assert_true(peer_has(&s.partner, 1, 1));
    end(&s);
}

/* The store does not answer, or answers late that it was done: nothing is sent twice. */
static void test_store_away(void **state)
{
    (void)state;
    static const enum fake_fault faults[] = {FAULT_LOST, FAULT_UNANSWERED, FAULT_REFUSED};
    for (size_t i = 0; i < 3; i++) {
        /* The item is read, then settled. */
        for (unsigned first = 0; first < 2; first++) {
            struct scene s;
            begin(&s);
            post(&s, 1);
            uint64_t h = held(&s);
            fake_fault(OP_HOLDS, faults[i], first, 1);
            assert_true(decide(&s, h, "approve", 503, "unavailable"));
            bool done = first == 1 && faults[i] == FAULT_UNANSWERED;
            assert_true(decide(&s, h, "approve", done ? 409 : 200, done ? "not-kept" : NULL));
            assert_int_equal(peer_times(&s.partner, 1), 1);
            end(&s);
        }
    }
}

static void on_settled(void *arg, const struct holding_answer *answer)
{
    struct holding_answer *ret = arg;
    *ret = *answer;
}

/* A thaw: only the rules count. */
static void test_asked_by_a_thaw(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        enum hold_state then;
        bool sent;
    } rows[] = {{RULES("allow"), HOLD_APPROVED, true},
                {RULES("hold"), HOLD_OPEN, false},
                {RULES("deny"), HOLD_DENIED, false}};
    for (size_t i = 0; i < 3; i++) {
        struct scene s;
        begin(&s);
        post(&s, 1);
        struct holding_answer answer = {.err = ERR_INTERNAL};
        const struct holding_ask ask = {.h = held(&s), .asked = HOLD_ASKED_THAW};
        world_policy(&s.w, rows[i].rules);
        holding_redecide(&s.w.context, &ask, on_settled, &answer);
        assert_int_equal(answer.err, ERR_INTERNAL); /* never from inside */
        fake_run(10 * SECOND);
        assert_int_equal(answer.err, ERR_OK);
        assert_int_equal(answer.state, rows[i].then);
        assert_int_equal(peer_took(&s.partner, NULL, 0, true), rows[i].sent);
        end(&s);
    }
}

/* An answer to some post; k names it. */
static void reply_to(struct scene *s, unsigned k)
{
    struct bytes body;
    struct bytes text;
    bytes_init(&body, 8192);
    bytes_init(&text, 8192);
    write_create(&s->blog, k, &body);
    const char *type = strstr(bytes_str(&body), "\"type\":\"Note\"");
    assert_non_null(type);
    bytes_add(&text, (struct span){bytes_str(&body), (size_t)(type - bytes_str(&body))});
    bytes_add_str(&text, "\"inReplyTo\":\"https://elsewhere.example/1\",");
    bytes_add_str(&text, type);
    world_send(&s->w, &s->blog, -1, &text, &s->reply);
    bytes_fini(&body);
    bytes_fini(&text);
    fake_run(5 * SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
}

static bool counted(struct scene *s, const char *line)
{
    fake_run(10 * SECOND);
    return strstr(fake_tallied(s->w.context.store), line) != NULL;
}

static void thaw(struct scene *s)
{
    struct holding_answer answer = {.err = ERR_INTERNAL};
    const struct holding_ask ask = {.h = held(s), .asked = HOLD_ASKED_THAW};
    holding_redecide(&s->w.context, &ask, on_settled, &answer);
    fake_run(10 * SECOND);
    assert_int_equal(answer.err, ERR_OK);
}

/* For reports it crossed when it was let go, as what it is; not before, not twice, and not if it
 * never went. */
static void test_counted(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.w.context.tallies = tallies_new(&s.w.context);
    reply_to(&s, 1);
    assert_true(counted(&s, "x|internal|internal|reply 1\n"));
    assert_false(counted(&s, "x|internal|partners|"));
    uint64_t h = held(&s);
    assert_true(decide(&s, h, "approve", 200, NULL));
    assert_true(decide(&s, h, "approve", 409, "not-kept"));
    assert_true(counted(&s, "x|internal|partners|reply 1\n"));
    post(&s, 2);
    thaw(&s); /* a rule holds it still */
    assert_true(counted(&s, "x|internal|internal|post 1\n"));
    assert_false(counted(&s, "x|internal|partners|post"));
    assert_true(decide(&s, held(&s), "deny", 200, NULL));
    post(&s, 3);
    world_policy(&s.w, RULES("allow"));
    thaw(&s);
    assert_true(counted(&s, "x|internal|partners|post 1\n"));
    assert_false(counted(&s, "x|internal|partners|reply 2\n"));
    tallies_free(&s.w.context.tallies);
    end(&s);
}

/* Nobody decided in time; what is not old enough stays. */
static void test_too_old(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.w.context.config->set.retention_held = HOUR;
    s.w.context.config->set.delivery_lease = 600 * SECOND;
    post(&s, 1);
    uint64_t h = held(&s);
    fake_run(50 * MINUTE);
    assert_int_equal(held(&s), h);
    fake_run(11 * MINUTE);
    assert_int_equal(held(&s), 0);
    assert_true(decide(&s, h, "approve", 409, "not-kept"));
    assert_non_null(strstr(s.reply.body, "expired"));
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_approved),      cmocka_unit_test(test_denied),
        cmocka_unit_test(test_rules_of_then), cmocka_unit_test(test_member_of_then),
        cmocka_unit_test(test_store_away),    cmocka_unit_test(test_asked_by_a_thaw),
        cmocka_unit_test(test_too_old),       cmocka_unit_test(test_counted),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
