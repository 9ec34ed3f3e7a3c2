/* schedule: the urgent lane: it reaches whoever had, or may have had, what it takes back; read in
 * pages; what an Update replaces. */

#include "schedule_rig.h"
#include "tests/unit/rules/urgent_rig.h"

/* --- replaced -------------------------------------------------------------------------------- */

static void test_replaced(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = down(s);
    tell_entry(s, update(4, X, ""));
    tell_entry(s, update(5, Y, ""));
    tell_entry(s, update(6, X, "4"));
    rig_delivers(s, now, "a", 1);
    rig_delivers(s, now, "a", 2);
    rig_delivers(s, now, "a", 3);
    rig_delivers(s, now, "a", 5);
    rig_delivers(s, now, "a", 6);
    rig_rests(s, now);
    assert_non_null(strstr(rig_commit(s, now), "skip a 4 replaced"));

    /* A member that was out when the newer one came keeps the older. */
    now = NOW + HOUR;
    tell_entry(s, update(7, X, ""));
    rig_answers(s, now, 7, ERR_CONNECT, 0);
    struct member *m = rig_record("a", MEMBER_SUSPENDED, 0, 8);
    m->ver = 2;
    schedule_control(s, 8, m, false);
    tell_entry(s, update(9, X, "7"));
    m = rig_record("a", MEMBER_ACTIVE, 0, 8);
    m->ver = 3;
    m->spans[m->spans_n++] = (struct member_span){10, MEMBER_SPAN_OPEN, "red"};
    schedule_control(s, 10, m, false);
    rig_delivers(s, now + HOUR, "a", 7);
    rig_rests(s, now + HOUR);
    schedule_free(&s);
}

/* Its object had too many versions, and what takes it back names 2 alone. Who was out when that
 * came has 1 to come, but not any more. What takes back an Announce leaves that, or another object.
 */
static void test_unnamed(void **state)
{
    static const struct {
        enum activity_type type;
        const char *object, *origin;
        bool goes;
    } rows[] = {
        {ACTIVITY_DELETE, X, "origin.test", false},
        {ACTIVITY_UNDO, X, "", false}, /* an operator's recall */
        {ACTIVITY_UNDO, X, "origin.test", true},
        {ACTIVITY_DELETE, Y, "origin.test", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schedule *s = schedule_new(&rig_limits);
        struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 1);
        struct attempt a;
        bool goes = false;
        m->spans[m->spans_n++] = (struct member_span){2, MEMBER_SPAN_OPEN, "red"};
        schedule_load_shard(s, 0, 0, 0);
        schedule_load_member(s, m);
        schedule_loaded(s);
        tell_entry(s, update(1, X, ""));
        tell_entry(s, update(2, X, "1"));
        struct entry *taker = taker_at(3, rows[i].object, "2", NOW);
        taker->facts.type = rows[i].type;
        taker->origin = span_of(rows[i].origin);
        tell_entry(s, taker);
        while (schedule_next(s, NOW, &a)) {
            goes |= a.entry->n == 1;
            rig_answer(s, &a, NOW, ERR_OK, 202);
        }
        assert_int_equal(goes, rows[i].goes);
        assert_int_equal(strstr(rig_commit(s, NOW), "skip a 1 recalled") == NULL, goes);
        schedule_free(&s);
    }
}

/* --- whom it reaches ------------------------------------------------------------------------- */

/* Changes "a" at n: its one span ends there where to is not 0. */
static void becomes(struct schedule *s, uint64_t n, enum member_state now, uint64_t to)
{
    struct member *m = rig_record("a", now, 0, to);
    bool cuts = now == MEMBER_LEFT || now == MEMBER_REMOVED || now == MEMBER_EXPIRED;
    m->ver = n;
    m->since_ms = NOW;
    if (now == MEMBER_LEFT) {
        m->farewell = m->inboxes[0];
        m->inboxes[0] = (struct member_inbox){.from = n};
        m->followers_n = 0;
    }
    schedule_control(s, n, m, cuts);
}

static void test_who_left(void **state)
{
    (void)state;
    for (int restarted = 0; restarted < 2; restarted++) {
        struct schedule *s = rig_started("a", 0);
        int64_t now = down(s);
        takes_back(s, 4, X, "1"); /* owed to it when it left */
        becomes(s, 5, MEMBER_LEFT, 5);
        const char *text = rig_commit(s, now);
        assert_non_null(strstr(text, "cut a 0-5 not-member"));
        assert_null(strstr(text, "cut a U"));
        if (restarted) {
            struct cursor c = rig_cursor(s);
            struct cursor copy;
            cursor_copy(&c, &copy);
            schedule_free(&s);
            s = schedule_new(&rig_limits);
            schedule_load_shard(s, 0, 5, 5);
            struct member *m = rig_record("a", MEMBER_LEFT, 0, 5);
            m->since_ms = NOW;
            m->farewell = m->inboxes[0];
            m->inboxes[0] = (struct member_inbox){.from = 5};
            schedule_load_member(s, m);
            schedule_load_cursor(s, SPAN("a"), &copy);
            cursor_fini(&copy);
            schedule_loaded(s);
            rig_rests(s, now);
            struct entry *taker = taker_at(4, X, "1", NOW);
            schedule_page(s, LANE_URGENT, 0, 5, &taker, 1, 0);
            entry_unref(&taker);
        }
        rig_delivers(s, now, "a", 4);
        rig_tell_of(s, 6, Y); /* no entries */
        rig_rests(s, now);
        tell_entry(s, taker_at(7, Y, "2 6", NOW + 30 * 24 * (int64_t)HOUR));
        rig_delivers(s, now, "a", 7);
        takes_back(s, 8, Y, "6"); /* it came when "a" was gone */
        tell_entry(s, taker_at(9, Y, "2", NOW + 30 * 24 * (int64_t)HOUR + 1));
        rig_rests(s, now);
        rig_commit(s, now);
        tell_entry(s, taker_at(10, Y, "2", NOW + 32 * 24 * (int64_t)HOUR));
        rig_commit(s, now + HOUR);
        rig_commit(s, now + 2 * HOUR);
        assert_string_equal(rig_state(s, "a"), "unknown"); /* forgotten */
        schedule_free(&s);
    }
}

/* What an operator wants tried again may be in either lane. Who leaves before it was is still told
 * what takes back, and gets nothing else. */
static void test_left_with_orders(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, X);
    rig_answers(s, NOW, 1, ERR_OK, 422);
    rig_commit(s, NOW);
    takes_back(s, 2, Y, "");
    rig_answers(s, NOW, 2, ERR_OK, 422);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    schedule_order(s, 3, ORDER_RETRY, SPAN("a"), 1);
    schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 2);
    becomes(s, 5, MEMBER_LEFT, 5);
    assert_null(strstr(rig_commit(s, NOW), "-2"));
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    assert_non_null(strstr(rig_commit(s, NOW), "skip a 1 not-member"));
    schedule_free(&s);
}

/* "a" as it is from n on: its one span ends at `to` where that is not 0. */
static struct member *as_of(uint64_t n, enum member_state now, uint64_t to)
{
    struct member *m = rig_record("a", now, 0, to);
    m->ver = n;
    m->since_ms = NOW;
    if (now == MEMBER_ACTIVE)
        m->spans[m->spans_n++] = (struct member_span){n, MEMBER_SPAN_OPEN, "red"};
    if (now == MEMBER_ACTIVE)
        m->inboxes[0].from = n;
    else
        m->inboxes[0] = (struct member_inbox){.from = n};
    m->followers_n = now == MEMBER_ACTIVE;
    return m;
}

/* One of its inboxes has it, as was loaded, and there is no other any more: then it is through with
 * it, and that is written down, or after the next start it would have it again. */
static void test_other_inbox_ends(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct cursor own = {.head = {.n = 4, .slot = 1, .done = 1}};
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, rig_record("a", MEMBER_ACTIVE, 0, 0));
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_tell_of(s, 1, X);
    takes_back(s, 4, Y, "");
    rig_answers(s, NOW, 1, ERR_CONNECT, 0);
    assert_non_null(strstr(rig_commit(s, NOW), "own a 0 urgent 4"));
    schedule_free(&s);
}

/* What it was still to be told when it came back, or was put out, is given up; also where the
 * record that is loaded knows of the end already, and not of the grace. */
static void test_grace_ends(void **state)
{
    static const enum member_state ends[] = {MEMBER_ACTIVE, MEMBER_REMOVED, MEMBER_INVITED};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(*ends); i++) {
        enum member_state end = ends[i / 2];
        struct schedule *s = rig_started("a", 0);
        int64_t now = down(s);
        becomes(s, 4, MEMBER_LEFT, 4);
        takes_back(s, 5, X, "1");
        if (i % 2) {
            struct cursor c = rig_cursor(s);
            struct cursor copy;
            cursor_copy(&c, &copy);
            schedule_free(&s);
            s = schedule_new(&rig_limits);
            schedule_load_shard(s, 0, 5, 5);
            schedule_load_member(s, as_of(6, end, 4));
            schedule_load_cursor(s, SPAN("a"), &copy);
            cursor_fini(&copy);
            schedule_loaded(s);
        }
        schedule_control(s, 6, as_of(6, end, 4), end == MEMBER_REMOVED);
        const char *text = rig_commit(s, now);
        assert_non_null(strstr(text, "cut a U3-6"));
        rig_rests(s, now);
        schedule_free(&s);
    }
}

/* It left once more since: of that, what is loaded knows. */
static void test_grace_of_later(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct cursor c = {.low = 4, .urgent = 3};
    schedule_load_shard(s, 0, 5, 5);
    struct member *m = rig_record("a", MEMBER_LEFT, 0, 4);
    m->ver = 9;
    m->since_ms = NOW;
    m->spans[m->spans_n++] = (struct member_span){6, 8, "red"};
    m->farewell = m->inboxes[0];
    m->inboxes[0] = (struct member_inbox){.from = 8};
    m->followers_n = 0;
    struct member later = *m;
    schedule_load_member(s, &later);
    schedule_load_cursor(s, SPAN("a"), &c);
    schedule_loaded(s);
    schedule_control(s, 6, as_of(6, MEMBER_ACTIVE, 4), false);
    assert_non_null(strstr(rig_commit(s, NOW), "cut a U3-6"));
    rig_tell_of(s, 7, X);
    schedule_control(s, 8, &later, true);
    takes_back(s, 9, X, "7");
    rig_delivers(s, NOW, "a", 9);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* The change is told once more, after a restart: what lane U has come to since stays. */
static void test_grace_told_again(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct cursor c = {.low = 6, .urgent = 9};
    schedule_load_shard(s, 0, 5, 5);
    schedule_load_member(s, as_of(6, MEMBER_ACTIVE, 4));
    schedule_load_cursor(s, SPAN("a"), &c);
    schedule_loaded(s);
    schedule_control(s, 6, as_of(6, MEMBER_ACTIVE, 4), false);
    rig_tell_of(s, 7, X);
    takes_back(s, 9, Y, "8");
    rig_answers(s, NOW, 7, ERR_CONNECT, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 9; own a 6 urgent 9 failures 1; down a");
    schedule_free(&s);
}

/* It is no member any more since 9: where lane N has left the journal up to there, nothing will be
 * told of that; where it has not, what lane U still has is not said to be gone. */
static void test_gone_and_floors(void **state)
{
    static const struct {
        uint64_t floor;
        const char *text;
    } rows[] = {{7, "cut a 2-7 gap"}, {9, "cut a 2-9 gap; cut a U5-9 gap"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schedule *s = schedule_new(&rig_limits);
        struct cursor c = {.low = 2, .urgent = 5};
        schedule_load_shard(s, 0, 2, 2);
        schedule_load_member(s, as_of(9, MEMBER_REMOVED, 9));
        schedule_load_cursor(s, SPAN("a"), &c);
        schedule_loaded(s);
        schedule_floor(s, LANE_NORMAL, rows[i].floor);
        schedule_floor(s, LANE_URGENT, 5);
        const char *text = rig_commit(s, NOW);
        assert_non_null(strstr(text, rows[i].text));
        assert_int_equal(strstr(text, "U5-") != NULL, rows[i].floor == 9);
        if (rows[i].floor < 9) {
            schedule_control(s, 9, as_of(9, MEMBER_REMOVED, 9), true);
            text = rig_commit(s, NOW);
            assert_non_null(strstr(text, "cut a U5-9 removed"));
        }
        schedule_free(&s);
    }
}

static void test_whom_else(void **state)
{
    static const struct {
        enum member_state now;
        const char *zone;
        bool gets;
    } rows[] = {
        {MEMBER_ACTIVE, "red", true},     {MEMBER_ACTIVE, "blue", true},
        {MEMBER_SUSPENDED, "red", false}, {MEMBER_REMOVED, "red", false},
        {MEMBER_EXPIRED, "red", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell_of(s, 1, X);
        rig_delivers(s, NOW, "a", 1);
        rig_rests(s, NOW);
        struct member *m = rig_record("a", rows[i].now, 0, 2);
        bool active = rows[i].now == MEMBER_ACTIVE;
        m->ver = 2;
        snprintf(m->zone, sizeof(m->zone), "%s", rows[i].zone);
        if (active) {
            m->spans[1] = (struct member_span){2, MEMBER_SPAN_OPEN, ""};
            snprintf(m->spans[1].zone, sizeof(m->spans[1].zone), "%s", rows[i].zone);
            m->spans_n = 2;
        }
        schedule_control(s, 2, m, !active && rows[i].now != MEMBER_SUSPENDED);
        takes_back(s, 3, X, "1");
        if (rows[i].gets)
            rig_delivers(s, NOW, "a", 3);
        rig_rests(s, NOW);
        schedule_free(&s);
    }
}

/* Who posted it is no more: neither is anything that was posted before. */
static void test_actor_gone(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    rig_answers(s, NOW, 1, ERR_CONNECT, 0);
    for (uint64_t n = 2; n <= 4; n++) {
        struct entry *e = rig_entry_of(n, n == 2 ? X : n == 3 ? Y : Z);
        e->actor = n == 3 ? 77 : 78;
        tell_entry(s, e);
    }
    struct entry *gone = taker_at(5, "https://o.test/them", "", NOW);
    gone->gone = true;
    gone->actor = 78;
    tell_entry(s, gone);
    struct entry *later = rig_entry_of(6, X);
    later->actor = 78;
    tell_entry(s, later);
    int64_t now = schedule_wake(s);
    rig_delivers(s, now, "a", 5);
    rig_delivers(s, now, "a", 1);
    rig_delivers(s, now, "a", 3);
    rig_delivers(s, now, "a", 6);
    rig_rests(s, now);
    const char *text = rig_commit(s, now);
    assert_non_null(strstr(text, "skip a 2 recalled"));
    assert_non_null(strstr(text, "skip a 4 recalled"));
    schedule_free(&s);
}

/* Who opts out has nothing more sent of what waits, also where another announced it, and nothing is
 * sent in its place; what comes later is. */
static void test_opted_out(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    rig_answers(s, NOW, 1, ERR_CONNECT, 0);
    for (uint64_t n = 2; n <= 4; n++) {
        struct entry *e = rig_entry_of(n, n == 2 ? X : n == 3 ? Y : Z);
        e->actor = n == 2 ? 78 : 77;
        e->author = n == 4 ? 78 : 0;
        tell_entry(s, e);
    }
    struct entry *out = taker_at(5, "", "", NOW);
    out->audience = SPAN("");
    out->opts_out = true;
    out->actor = 78;
    tell_entry(s, out);
    struct entry *later = rig_entry_of(6, X);
    later->actor = 78;
    tell_entry(s, later);
    int64_t now = schedule_wake(s);
    rig_delivers(s, now, "a", 1);
    rig_delivers(s, now, "a", 3);
    rig_delivers(s, now, "a", 6);
    rig_rests(s, now);
    const char *text = rig_commit(s, now);
    assert_non_null(strstr(text, "skip a 2 opted-out"));
    assert_non_null(strstr(text, "skip a 4 opted-out"));
    schedule_free(&s);
}

/* Nobody refused what nothing is left of. */
static void test_nothing_to_send(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    const struct judgement gone = {.verdict = VERDICT_NEVER, .why = ERR_BODY_GONE};
    schedule_outcome(s, &a, &gone, 0, NULL, NOW, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 1; skip a 1 body-gone");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),         cmocka_unit_test(test_unnamed),
        cmocka_unit_test(test_who_left),         cmocka_unit_test(test_grace_ends),
        cmocka_unit_test(test_grace_of_later),   cmocka_unit_test(test_grace_told_again),
        cmocka_unit_test(test_gone_and_floors),  cmocka_unit_test(test_whom_else),
        cmocka_unit_test(test_actor_gone),       cmocka_unit_test(test_opted_out),
        cmocka_unit_test(test_nothing_to_send),  cmocka_unit_test(test_left_with_orders),
        cmocka_unit_test(test_other_inbox_ends),
    };
    return cmocka_run_group_tests_name("schedule_urgent", tests, NULL, NULL);
}
