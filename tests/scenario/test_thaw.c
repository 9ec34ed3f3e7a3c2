/* What a freeze held, and is held by none any more: decided anew, all of it, once, in order, by
 * whomever it was thawed, and wherever the steward was stopped over it. */
#include <stdio.h>
#include <string.h>

#include "relay/rules/freeze.h"
#include "relay/store/freezes.h"
#include "tests/scenario/world.h"

static const char rules[] =
    WORLD_ZONES "rules:\n"
                "  - {name: all, from: internal, to: partners, then: allow}\n";
static const char closed[] = WORLD_ZONES;

struct scene {
    struct world w;
    struct peer blog, partner;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 12);
    world_front(&s->w);
    world_courier(&s->w);
    world_steward(&s->w);
    peer_init(&s->blog, "blog", true);
    peer_init(&s->partner, "social", false);
    world_policy(&s->w, rules);
    world_member(&s->w, &s->blog);
    world_member(&s->w, &s->partner);
    fake_run(SECOND);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->blog);
    peer_fini(&s->partner);
}

/* minutes: its end, from now on; 0: none. */
static void freeze(struct scene *s, unsigned minutes)
{
    struct bytes body;
    bytes_init(&body, 1024);
    bytes_add_str(&body, "{\"boundary\":\"internal -> partners\",\"reason\":\"a leak\"");
    if (minutes)
        bytes_addf(&body, ",\"until_ms\":%lld",
                   (long long)(FAKE_EPOCH_MS + fake_now() + minutes * MINUTE));
    bytes_add_char(&body, '}');
    world_operate(&s->w, "/api/v1/freeze", bytes_span(&body), &s->reply);
    bytes_fini(&body);
    fake_run(SECOND);
    assert_true(reply_is(&s->reply, 200, NULL));
}

/* Asked for; what follows is the caller's to wait for. */
static void thaw(struct scene *s)
{
    world_operate(&s->w, "/api/v1/thaw",
                  SPAN("{\"boundary\":\"internal -> partners\",\"reason\":\"mended\"}"), &s->reply);
}

static void posts(struct scene *s, unsigned from, unsigned to)
{
    for (unsigned k = from; k <= to; k++) {
        struct fake_reply reply;
        world_send_create(&s->w, &s->blog, k, &reply);
        fake_run(SECOND);
        assert_true(reply_is(&reply, 202, NULL));
    }
}

/* Three posts that wait behind a freeze. */
static void held(struct scene *s)
{
    begin(s);
    freeze(s, 0);
    posts(s, 1, 3);
    assert_int_equal(peer_took(&s->partner, NULL, 0, true), 0);
}

static bool has_once(const struct scene *s, unsigned to)
{
    for (unsigned k = 1; k <= to; k++)
        if (peer_times(&s->partner, k) != 1)
            return false;
    return peer_has(&s->partner, 1, to);
}

/* --- thawed ----------------------------------------------------------------------------------- */

static void test_in_order(void **state)
{
    (void)state;
    struct scene s;
    held(&s);
    thaw(&s);
    fake_run(5 * SECOND);
    assert_true(reply_is(&s.reply, 200, NULL));
    assert_true(has_once(&s, 3));
    posts(&s, 4, 4);
    assert_true(has_once(&s, 4));
    end(&s);
}

/* The twin: nobody goes through what was held. */
static void test_without_a_steward(void **state)
{
    (void)state;
    struct scene s;
    held(&s);
    thaw(&s);
    fake_run(3);
    steward_free(&s.w.steward);
    fake_run(MINUTE);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    end(&s);
}

/* More than one page of them. */
static void test_pages(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    freeze(&s, 0);
    for (unsigned k = 1; k <= 230; k++) {
        struct fake_reply reply;
        world_send_create(&s.w, &s.blog, k, &reply);
        fake_run(100);
        assert_true(reply_is(&reply, 202, NULL));
    }
    thaw(&s);
    fake_run(30 * SECOND);
    assert_true(has_once(&s, 230));
    end(&s);
}

/* No rule lets them through any more. */
static void test_denied_by_now(void **state)
{
    (void)state;
    struct scene s;
    held(&s);
    world_policy(&s.w, closed);
    thaw(&s);
    fake_run(10 * SECOND);
    world_policy(&s.w, rules);
    fake_run(10 * SECOND);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    end(&s);
}

/* Its sender is suspended meanwhile: it waits until that is over. */
static void test_suspended_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    held(&s);
    assert_int_equal(world_event(&s.w, &s.blog, EVENT_SUSPEND, NULL), ERR_OK);
    thaw(&s);
    fake_run(5 * MINUTE);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    assert_int_equal(world_event(&s.w, &s.blog, EVENT_RESUME, NULL), ERR_OK);
    fake_run(2 * MINUTE);
    assert_true(has_once(&s, 3));
    end(&s);
}

/* --- what is refused -------------------------------------------------------------------------- */

#define REASON ",\"reason\":\"why\"}"

static const struct {
    const char *path, *body;
    int status;
    const char *code;
} refused[] = {
    {"freeze", "{\"boundary\":\"internal -> partners\"}", 422, "reason-missing"},
    {"freeze", "{\"boundary\":\"internal -> partners\",\"reason\":\"\"}", 422, "reason-missing"},
    {"freeze", "{\"boundary\":\"internal -> strangers\"" REASON, 400, "usage"},
    {"freeze", "{\"boundary\":\"strangers -> internal\"" REASON, 400, "usage"},
    {"freeze", "{\"boundary\":\"internal\"" REASON, 400, "usage"},
    {"freeze", "{\"boundary\":[\"internal -> partners\"]" REASON, 400, "usage"},
    {"freeze", "{\"reason\":\"why\"}", 400, "usage"},
    {"freeze", "{\"boundary\":\"internal -> partners\",\"until_ms\":1" REASON, 400, "usage"},
    {"freeze", "{\"boundary\":\"internal -> partners\",\"until_ms\":\"2h\"" REASON, 400, "usage"},
    {"freeze", "", 400, "usage"},
    {"freeze", "x", 400, "json-syntax"},
    {"thaw", "{\"boundary\":\"internal -> partners\"}", 422, "reason-missing"},
    {"thaw", "{\"boundary\":\"internal -> partners\"" REASON, 404, "not-frozen"},
    {"thaw", "{\"boundary\":\"strangers -> *\"" REASON, 404, "not-frozen"},
    {"thaw", "{\"boundary\":\"* -\"" REASON, 400, "usage"},
};

static void test_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/api/v1/%s", refused[i].path);
        world_operate(&s.w, path, span_of(refused[i].body), &s.reply);
        fake_run(SECOND);
        if (!reply_is(&s.reply, refused[i].status, refused[i].code))
            fail_msg("%s %s", refused[i].path, refused[i].body);
    }
    posts(&s, 1, 1);
    assert_true(has_once(&s, 1)); /* nothing is frozen */
    end(&s);
}

/* Redis is away: it is said, and can be asked again. */
static void test_redis_away(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    fake_fault(OP_FREEZES, FAULT_LOST, 0, 2); /* the steward may ask as well */
    world_operate(&s.w, "/api/v1/freeze", SPAN("{\"boundary\":\"internal -> partners\"" REASON),
                  &s.reply);
    fake_run(10 * SECOND);
    assert_true(reply_is(&s.reply, 503, "unavailable"));
    freeze(&s, 0);
    posts(&s, 1, 1);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    end(&s);
}

/* --- the calendar ----------------------------------------------------------------------------- */

static void test_ends_by_itself(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    freeze(&s, 10);
    posts(&s, 1, 2);
    fake_run(9 * MINUTE);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    fake_run(MINUTE);
    assert_true(has_once(&s, 2));
    end(&s);
}

/* What is said last stands, also shortly before the end. */
static void test_prolonged(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    freeze(&s, 10);
    posts(&s, 1, 2);
    fake_run(9 * MINUTE);
    freeze(&s, 60);
    fake_run(59 * MINUTE);
    assert_int_equal(peer_took(&s.partner, NULL, 0, true), 0);
    fake_run(2 * MINUTE);
    assert_true(has_once(&s, 2));
    end(&s);
}

/* --- stopped over it -------------------------------------------------------------------------- */

/* Another steward takes over `ms` after the thaw. */
static void test_stopped_anywhere(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned ms = 0; !done; ms++) {
        struct scene s;
        held(&s);
        thaw(&s);
        fake_run(3);
        fake_run(ms);
        done = peer_took(&s.partner, NULL, 0, true) == 3;
        steward_free(&s.w.steward);
        world_steward(&s.w);
        fake_run(20 * SECOND);
        if (!has_once(&s, 3))
            fail_msg("stopped after %u ms: %zu", ms, peer_took(&s.partner, NULL, 0, true));
        end(&s);
        assert_true(ms < 1000);
    }
}

/* How many went into the journal for the far side. */
static size_t released(const struct scene *s)
{
    const struct fake_line *lines;
    size_t n = fake_lines(s->w.context.store, &lines);
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += lines[i].line.kind == JOURNAL_ENTRY &&
                 span_eq(lines[i].line.entry->audience, SPAN("partners"));
    return found;
}

/* A connection that went may have had a commit on it: so a delivery may come twice, an entry not.
 */
static void test_faults(void **state)
{
    static const enum fake_fault faults[] = {FAULT_LOST, FAULT_UNANSWERED, FAULT_REFUSED};
    static const enum fake_op ops[] = {OP_FREEZES, OP_HOLDS, OP_MEMBER};
    (void)state;
    for (unsigned i = 0; i < 3 * 3 * 8; i++) {
        struct scene s;
        held(&s);
        thaw(&s);
        fake_run(3);
        fake_fault(ops[i % 3], faults[i / 3 % 3], i / 9, 1);
        fake_run(MINUTE);
        if (!peer_has(&s.partner, 1, 3) || released(&s) != 3)
            fail_msg("fault %u: %zu, %zu released", i, peer_took(&s.partner, NULL, 0, true),
                     released(&s));
        end(&s);
    }
}

/* Frozen once more, `ms` after the thaw: each post is sent, or waits for the next. */
static void test_frozen_once_more(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned ms = 0; !done; ms++) {
        struct scene s;
        held(&s);
        thaw(&s);
        fake_run(3);
        fake_run(ms);
        done = peer_took(&s.partner, NULL, 0, true) == 3;
        freeze(&s, 0);
        fake_run(5 * SECOND);
        size_t before = peer_took(&s.partner, NULL, 0, true);
        fake_run(MINUTE);
        assert_int_equal(peer_took(&s.partner, NULL, 0, true), before);
        thaw(&s);
        fake_run(5 * SECOND);
        assert_true(has_once(&s, 3));
        end(&s);
        assert_true(ms < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_without_a_steward),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_denied_by_now),
        cmocka_unit_test(test_suspended_meanwhile),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_redis_away),
        cmocka_unit_test(test_ends_by_itself),
        cmocka_unit_test(test_prolonged),
        cmocka_unit_test(test_stopped_anywhere),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_frozen_once_more),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
