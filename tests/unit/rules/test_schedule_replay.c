/* schedule: what operators order about hosts: wake, hold, release, cut, replay. */
#include "schedule_rig.h"

/* The window that it starts with is 1, and grows to 4. */
static struct schedule *started(const char *hosts)
{
    struct schedule_limits limits = rig_limits;
    limits.host_window = 4;
    struct schedule *s = rig_new(&limits, hosts, 0);
    assert_int_equal(schedule_loaded(s), 0);
    return s;
}

static void order(struct schedule *s, uint64_t n, enum book_order order, uint64_t of)
{
    schedule_order(s, n, order, SPAN("a"), of);
}

/* All that may go, one after the other, is taken: the numbers, as text. */
static const char *takes(struct schedule *s, int64_t now)
{
    static char text[512];
    size_t at = 0;
    struct attempt a;
    text[0] = '\0';
    while (schedule_next(s, now, &a)) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%llu", at ? " " : "",
                               strcmp(a.host, "a") == 0 ? "" : a.host,
                               (unsigned long long)(a.entry ? a.entry->n : a.direct->n));
        rig_answer(s, &a, now, ERR_OK, 202);
    }
    return text;
}

/* What Redis has of "a" comes to another courier. The one before is gone. */
static struct schedule *restarted(struct schedule *s, uint64_t shard_low, uint64_t position)
{
    struct cursor cursor = rig_cursor(s);
    struct cursor back;
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(&cursor, &text);
    assert_true(cursor_read(bytes_span(&text), &back));
    bytes_fini(&text);
    schedule_free(&s);
    s = rig_new(&rig_limits, "a", shard_low);
    schedule_load_cursor(s, SPAN("a"), &back);
    cursor_fini(&back);
    schedule_loaded(s);
    rig_tell(s, shard_low + 1, position);
    return s;
}

/* --- wake ------------------------------------------------------------------------------------ */

static void test_wake(void **state)
{
    (void)state;
    struct schedule *s = started("a,b");
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_TIMEOUT, 0);
    assert_string_equal(takes(s, NOW), "b1 b2");
    rig_mail_of(s, "a", 3, "undo", "http://a/inbox");
    assert_string_equal(takes(s, NOW), "");
    order(s, 4, ORDER_WAKE, 0);
    assert_string_equal(takes(s, NOW), "3 1 2");
    schedule_free(&s);
    /* What is set aside, too. */
    s = started("a");
    rig_tell(s, 5, 5);
    int64_t now = rig_set_aside(s, NOW, 5);
    rig_rests(s, now);
    order(s, 6, ORDER_WAKE, 0);
    assert_string_equal(takes(s, now), "5");
    schedule_free(&s);
}

/* --- hold, release --------------------------------------------------------------------------- */

static void test_hold(void **state)
{
    struct schedule_report r;
    (void)state;
    struct schedule *s = started("a,b");
    rig_tell(s, 1, 1);
    struct attempt out = rig_sends(s, NOW, "a", 1);
    order(s, 2, ORDER_HOLD, 0);
    rig_tell(s, 3, 4);
    rig_mail(s, "a", 5);
    assert_string_equal(takes(s, NOW), "b1 b3 b4");
    rig_answer(s, &out, NOW, ERR_OK, 202); /* what is on its way may arrive */
    assert_string_equal(takes(s, NOW), "");
    assert_string_equal(rig_state(s, "a"), "held");
    schedule_awake(s, SPAN("a")); /* an operator's word stands above a sign of life */
    assert_string_equal(takes(s, NOW + 365 * 24 * (int64_t)HOUR), "");
    schedule_report(s, &r);
    assert_int_equal(r.on_hold, 1);
    assert_int_equal(rig_cursor(s).low, 1); /* its place is kept */
    /* And by others after it. */
    s = restarted(s, 4, 5);
    assert_string_equal(takes(s, NOW), "");
    order(s, 6, ORDER_RELEASE, 0);
    rig_rests(s, NOW);
    rig_page(s, 1, 6, 0);
    assert_string_equal(takes(s, NOW), "2 3 4 5");
    schedule_report(s, &r);
    assert_int_equal(r.on_hold, 0);
    schedule_free(&s);
}

/* --- cut ------------------------------------------------------------------------------------- */

static void test_cut(void **state)
{
    (void)state;
    struct schedule *s = started("a,b");
    rig_tell_of(s, 1, "https://o.test/x");
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_tell(s, 2, 5);
    struct attempt out = rig_sends(s, now, "a", 2);
    takes(s, now);
    order(s, 6, ORDER_CUT, 0);
    rig_mail_of(s, "a", 7, "undo", "http://a/inbox");
    rig_tell(s, 8, 8);
    assert_non_null(strstr(rig_commit(s, now), "cut a 0-1 dropped"));
    rig_answer(s, &out, now, ERR_TIMEOUT, 0); /* it was cut meanwhile */
    now = schedule_wake(s);
    assert_string_equal(takes(s, now), "7 b8 8");
    assert_int_equal(rig_cursor(s).aside_n, 0);
    schedule_free(&s);
}

/* Once: what came later is not cut by a courier that reads the order again. */
static void test_cut_once(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 1);
    order(s, 2, ORDER_CUT, 0);
    assert_string_equal(rig_commit(s, NOW), "all 2; cut a 0-2 dropped");
    rig_tell(s, 3, 3);
    order(s, 4, ORDER_HOLD, 0);
    order(s, 2, ORDER_CUT, 0);
    order(s, 4, ORDER_RELEASE, 0);
    assert_string_equal(takes(s, NOW), ""); /* of the same number: done before */
    order(s, 5, ORDER_RELEASE, 0);
    assert_string_equal(takes(s, NOW), "3");
    schedule_free(&s);
}

/* --- replay ---------------------------------------------------------------------------------- */

/* Nothing of it goes before its cursor is on disk where it is now; direct mail does not wait. */
static void test_replay(void **state)
{
    struct delta delta;
    (void)state;
    struct schedule *s = started("a,b");
    rig_tell(s, 1, 5);
    takes(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5");
    order(s, 6, ORDER_REPLAY, 2);
    rig_tell(s, 7, 7);
    assert_string_equal(takes(s, NOW), "b7");
    assert_string_equal(rig_delta(s, NOW, &delta), "all 7; own a 2 urgent 7");
    rig_mail_of(s, "a", 8, "undo", "http://a/inbox");
    assert_string_equal(takes(s, NOW), "8"); /* it is out, and not on disk */
    schedule_committed(s, &delta);
    assert_string_equal(takes(s, NOW), "3 4 5 7");
    /* Delivered for another time, but not what is new. */
    assert_string_equal(rig_commit(s, NOW),
                        "all 7; follow a; mail 1-8; retry a 3; late a 3 at 1; retry a 4; "
                        "late a 4 at 1; retry a 5; late a 5 at 1");
    schedule_free(&s);
}

/* What is on its way ends first. */
static void test_replay_drains(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    struct attempt out[4];
    rig_tell(s, 1, 10);
    for (int i = 0; i < 6; i++) { /* the window grows */
        rig_delivers(s, NOW, "a", (uint64_t)i + 1);
    }
    rig_commit(s, NOW);
    assert_true(schedule_next(s, NOW, &out[0]));
    assert_true(schedule_next(s, NOW, &out[1]));
    order(s, 11, ORDER_REPLAY, 0);
    rig_rests(s, NOW);
    assert_null(strstr(rig_commit(s, NOW), "own a 0")); /* not yet: that it waits is written */
    rig_answer(s, &out[1], NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    rig_answer(s, &out[0], NOW, ERR_TIMEOUT, 0);
    int64_t now = schedule_wake(s);
    rig_rests(s, now);
    assert_non_null(strstr(rig_commit(s, now), "own a 0 urgent 11 failures 1"));
    assert_string_equal(takes(s, now), "1 2 3 4 5 6 7 8 9 10");
    schedule_free(&s);
}

/* What takes back waits neither for the end of what is on its way, nor for the disk, nor behind
 * what goes again. What may have arrived without an answer is known after that, too. */
static void test_replay_urgent(void **state)
{
    struct delta delta;
    struct attempt out[2];
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 5);
    rig_tell_of(s, 6, "https://o.test/x");
    rig_tell_of(s, 7, "https://o.test/y");
    for (uint64_t n = 1; n <= 5; n++) /* the window grows */
        rig_delivers(s, NOW, "a", n);
    rig_commit(s, NOW);
    out[0] = rig_sends(s, NOW, "a", 6);
    out[1] = rig_sends(s, NOW, "a", 7);
    order(s, 8, ORDER_REPLAY, 0);
    rig_rests(s, NOW);
    rig_takes_back(s, 9, "red", "https://o.test/z", 2);
    rig_delivers(s, NOW, "a", 9);
    rig_rests(s, NOW);
    rig_answer(s, &out[0], NOW, ERR_OK, 202);
    rig_answer(s, &out[1], NOW, ERR_TIMEOUT, 0);
    int64_t now = schedule_wake(s);
    rig_rests(s, now);
    assert_non_null(strstr(rig_delta(s, now, &delta), "own a 0 urgent 9"));
    rig_takes_back(s, 10, "red", "https://o.test/y", 7);
    rig_delivers(s, now, "a", 10);
    rig_rests(s, now);
    schedule_committed(s, &delta);
    assert_string_equal(takes(s, now), "1 3 4 5 6");
    assert_string_equal(takes(s, now + MIN), "10"); /* once more: 7 was in doubt */
    schedule_free(&s);
}

/* What was refused for good, and followed by a later version that was taken, does not go again: not
 * from memory, and not from a page that was asked for before that was known. */
static void leaves_out(bool paged)
{
    struct schedule *s = started("a");
    uint64_t after;
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/x");
    rig_tell(s, 3, 3);
    struct attempt refused = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &refused, NOW, ERR_OK, 422);
    rig_commit(s, NOW);
    assert_string_equal(takes(s, NOW), "2 3");
    rig_commit(s, NOW);
    if (paged) {
        struct entry *e[3];
        const struct entry_mark mark = {.by = 5, .audience = SPAN("a"), .left_out = 1};
        s = restarted(s, 3, 3);
        order(s, 4, ORDER_REPLAY, 0);
        rig_commit(s, NOW);
        rig_rests(s, NOW);
        assert_true(rig_wants(s, &after)); /* it is being read */
        schedule_leave_out(s, 5, SPAN("a"), SPAN("1:1"));
        order(s, 5, ORDER_REPLAY, 0);
        rig_commit(s, NOW);
        for (uint64_t n = 1; n <= 3; n++)
            e[n - 1] = rig_entry_of(n, n < 3 ? "https://o.test/x" : "");
        schedule_page(s, LANE_NORMAL, 0, 3, e, 3, 0);
        rig_rests(s, NOW);
        assert_true(rig_wants(s, &after));
        entry_mark_add(e[0], &mark);
        schedule_page(s, LANE_NORMAL, 0, 3, e, 3, 0);
        for (uint64_t n = 1; n <= 3; n++)
            entry_unref(&e[n - 1]);
    } else {
        schedule_leave_out(s, 4, SPAN("b"), SPAN("2:1 3:1")); /* another's */
        schedule_leave_out(s, 5, SPAN("a"), SPAN("1:1 3:2")); /* 3: of another inbox */
        order(s, 5, ORDER_REPLAY, 0);
        rig_commit(s, NOW);
    }
    assert_string_equal(takes(s, NOW), "2 3");
    const char *text = rig_commit(s, NOW);
    assert_null(strstr(text, "skip"));
    assert_null(strstr(text, "retry a 1"));
    order(s, 6, ORDER_RETRY, 1); /* unless that is wanted */
    if (!paged)
        assert_string_equal(takes(s, NOW), "1");
    schedule_free(&s);
}

static void test_replay_leaves_out(void **state)
{
    (void)state;
    leaves_out(false);
    leaves_out(true);
}

/* What takes back was refused, and is ordered again, of a lane that is not known yet: a replay that
 * follows before it goes keeps it, since lane U does not go again; and it is sent once. What is
 * ordered again of lane N goes in its place among the rest. */
static void test_replay_ordered(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell(s, 2, 2);
    rig_delivers(s, NOW, "a", 1);
    rig_takes_back(s, 3, "red", "https://o.test/y", 9);
    rig_answers(s, NOW, 3, ERR_OK, 404);
    rig_delivers(s, NOW, "a", 2);
    assert_non_null(strstr(rig_commit(s, NOW), "fail a 3"));
    rig_rests(s, NOW);
    order(s, 4, ORDER_RETRY, 3);
    order(s, 5, ORDER_REPLAY, 0);
    const char *told = rig_commit(s, NOW);
    assert_non_null(strstr(told, "own a 0 urgent 4 aside 3/0"));
    assert_non_null(strstr(told, "retry a 3"));
    assert_string_equal(takes(s, NOW), "3 1 2");
    assert_non_null(strstr(rig_commit(s, NOW), "late a 3"));
    schedule_free(&s);
}

/* The courier dies while it waits for that: another begins at once. */
static void test_replay_waiting(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 3);
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 2);
    struct attempt out = rig_sends(s, NOW, "a", 3);
    order(s, 4, ORDER_REPLAY, 1);
    rig_commit(s, NOW);
    entry_unref(&out.entry);
    assert_int_equal(rig_cursor(s).replay, 2);
    s = restarted(s, 4, 5);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5; own a 1 urgent 3");
    rig_rests(s, NOW);
    rig_page(s, 1, 5, 0);
    assert_string_equal(takes(s, NOW), "2 3 4 5");
    schedule_free(&s);
}

/* The courier dies in the middle: the rest is still known to go for another time. */
static void test_replay_again(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 5);
    takes(s, NOW);
    rig_commit(s, NOW);
    order(s, 6, ORDER_REPLAY, 0);
    rig_commit(s, NOW);
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 2);
    rig_commit(s, NOW);
    s = restarted(s, 6, 7);
    rig_rests(s, NOW);
    rig_page(s, 2, 7, 0);
    assert_string_equal(takes(s, NOW), "3 4 5 6 7");
    const char *told = rig_commit(s, NOW);
    assert_non_null(strstr(told, "late a 3 at 1; retry a 4; late a 4 at 1; retry a 5; late a 5"));
    assert_null(strstr(told, "late a 7"));
    schedule_free(&s);
}

/* What was refused once and is taken then is not recorded as refused any more; and what is refused
 * again, once. */
static void test_replay_refused(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 2);
    for (uint64_t n = 1; n <= 2; n++) {
        struct attempt out = rig_sends(s, NOW, "a", n);
        rig_answer(s, &out, NOW, ERR_OK, 404);
    }
    assert_non_null(strstr(rig_commit(s, NOW), "fail a 1"));
    order(s, 3, ORDER_REPLAY, 0);
    rig_commit(s, NOW);
    rig_delivers(s, NOW, "a", 1);
    struct attempt out = rig_sends(s, NOW, "a", 2);
    rig_answer(s, &out, NOW, ERR_OK, 404);
    const char *told = rig_commit(s, NOW);
    assert_non_null(strstr(told, "retry a 1; late a 1"));
    assert_non_null(strstr(told, "retry a 2; fail a 2"));
    schedule_free(&s);
}

/* What was set aside behind the place goes with the rest; what lies before it stays aside. */
static void test_replay_aside(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    int64_t now = NOW;
    rig_tell(s, 1, 1);
    now = rig_set_aside(s, now, 1);
    rig_tell(s, 2, 3);
    rig_delivers(s, now, "a", 2);
    now = rig_set_aside(s, now, 3);
    rig_tell(s, 4, 4);
    rig_delivers(s, now, "a", 4);
    assert_int_equal(rig_cursor(s).aside_n, 2);
    order(s, 5, ORDER_REPLAY, 2);
    assert_int_equal(rig_cursor(s).aside_n, 1);
    assert_int_equal(rig_cursor(s).aside[0].n, 1);
    rig_commit(s, now);
    assert_string_equal(takes(s, now), "3 4"); /* the other has a clock of its own */
    schedule_free(&s);
}

/* Where it has not come to yet, nothing changes; nor for who is no member. */
static void test_replay_ahead(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 5);
    rig_delivers(s, NOW, "a", 1);
    order(s, 6, ORDER_REPLAY, 1);
    assert_string_equal(takes(s, NOW), "2 3 4 5");
    rig_commit(s, NOW);
    schedule_control(s, 7, rig_record("a", MEMBER_LEFT, 0, 7), true);
    order(s, 8, ORDER_REPLAY, 1);
    schedule_order(s, 9, ORDER_REPLAY, SPAN("stranger"), 1);
    schedule_order(s, 10, ORDER_HOLD, SPAN("stranger"), 0);
    schedule_order(s, 11, ORDER_CUT, SPAN("stranger"), 0);
    assert_string_equal(takes(s, NOW), "");
    assert_string_equal(rig_commit(s, NOW), "all 11");
    schedule_free(&s);
}

/* It leaves before that is on disk, and comes back: nothing waits for it any more. */
static void test_replay_leaves(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 3);
    takes(s, NOW);
    rig_commit(s, NOW);
    order(s, 4, ORDER_REPLAY, 1);
    rig_mail_of(s, "a", 9, "undo", "http://a/inbox"); /* so that it is not forgotten */
    struct member *m = rig_record("a", MEMBER_LEFT, 0, 5);
    m->ver = 2;
    schedule_control(s, 5, m, true);
    rig_commit(s, NOW);
    m = rig_record("a", MEMBER_ACTIVE, 6, 0);
    m->ver = 3;
    schedule_control(s, 6, m, false);
    rig_tell(s, 7, 7);
    rig_commit(s, NOW);
    assert_string_equal(takes(s, NOW), "9 7");
    schedule_free(&s);
}

/* The journal does not reach so far back any more: what is missing is recorded. */
static void test_replay_gap(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 5);
    takes(s, NOW);
    rig_commit(s, NOW);
    s = restarted(s, 5, 6);
    order(s, 7, ORDER_REPLAY, 0);
    rig_commit(s, NOW);
    rig_rests(s, NOW);
    rig_page(s, 0, 7, 3);
    assert_string_equal(takes(s, NOW), "4 5 6");
    assert_non_null(strstr(rig_commit(s, NOW), "cut a 0-3 gap"));
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_once),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_replay_drains),
        cmocka_unit_test(test_replay_leaves_out),
        cmocka_unit_test(test_replay_urgent),
        cmocka_unit_test(test_replay_ordered),
        cmocka_unit_test(test_replay_waiting),
        cmocka_unit_test(test_replay_again),
        cmocka_unit_test(test_replay_refused),
        cmocka_unit_test(test_replay_aside),
        cmocka_unit_test(test_replay_ahead),
        cmocka_unit_test(test_replay_gap),
        cmocka_unit_test(test_replay_leaves),
    };
    return cmocka_run_group_tests_name("schedule_replay", tests, NULL, NULL);
}
