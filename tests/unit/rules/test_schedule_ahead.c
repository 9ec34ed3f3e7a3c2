/* schedule: what is acknowledged ahead of its cursor, and what waits for what. */

#include "schedule_rig.h"
#include "tests/unit/rules/wide_rig.h"

static const char *x = "https://o.test/x";

/* The cursor stands before the first that is not settled; what is ahead comes back after a start,
 * and when it was delivered is recorded. */
static void test_ahead(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct delta delta;
    struct cursor own;
    (void)state;
    rig_tell(s, n + 1, n + 4);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    rig_delivers(s, NOW, "a", n + 2);
    struct attempt c = rig_sends(s, NOW, "a", n + 3);
    rig_delivers(s, NOW, "a", n + 4);
    assert_string_equal(rig_delta(s, NOW, &delta),
                        "all 32; own a 28 done 30/0 done 32/0; late a 30 at 0; late a 32 at 0");
    cursor_copy(&delta.list[1].cursor, &own);
    schedule_committed(s, &delta);
    rig_answer(s, &c, NOW, ERR_OK, 202);
    assert_string_equal(rig_commit(s, NOW),
                        "all 32; own a 28 done 30/0 done 31/0 done 32/0; late a 31 at 0");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    assert_int_equal(rig_low(s, "a"), 32);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 32; follow a");
    schedule_free(&s);

    struct schedule_limits limits = wide();
    s = rig_new(&limits, "a", 28);
    schedule_load_cursor(s, SPAN("a"), &own);
    cursor_fini(&own);
    schedule_loaded(s);
    rig_tell(s, 29, 33);
    rig_delivers(s, NOW, "a", 29);
    rig_delivers(s, NOW, "a", 31);
    rig_delivers(s, NOW, "a", 33);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 33; follow a");
    schedule_free(&s);
}

/* Of one object, one after the other; others pass them. */
static void test_object(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    (void)state;
    rig_tell_of(s, n + 1, x);
    rig_tell_of(s, n + 2, x);
    rig_tell_of(s, n + 3, "https://o.test/y");
    rig_tell_of(s, n + 4, x);
    rig_tell_of(s, n + 5, "");
    rig_tell_of(s, n + 6, "");
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    rig_delivers(s, NOW, "a", n + 3);
    rig_delivers(s, NOW, "a", n + 5);
    rig_delivers(s, NOW, "a", n + 6);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "sending");
    rig_answer(s, &a, NOW, ERR_OK, 500); /* it is still the first of them */
    int64_t now = schedule_wake(s);
    rig_delivers(s, now, "a", n + 1);
    a = rig_sends(s, now, "a", n + 2);
    rig_rests(s, now);
    rig_answer(s, &a, now, ERR_OK, 410);
    rig_rests(s, now); /* ENGINE 1e */
    assert_string_equal(rig_state(s, "a"), "settling");
    rig_tell_of(s, n + 7, "https://o.test/y");
    rig_commit(s, now);
    rig_delivers(s, now, "a", n + 4);
    rig_delivers(s, now, "a", n + 7);
    rig_rests(s, now);
    rig_commit(s, now);
    assert_int_equal(rig_low(s, "a"), n + 7);
    schedule_free(&s);
}

/* Also behind one that was set aside and is on its way now. */
static void test_object_aside(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    (void)state;
    rig_tell_of(s, n + 1, x);
    rig_tell_of(s, n + 2, "");
    int64_t now = rig_set_aside(s, NOW, n + 1) + MIN;
    schedule_awake(s, SPAN("a"));
    struct attempt a = rig_sends(s, now, "a", n + 1);
    rig_delivers(s, now, "a", n + 2);
    rig_tell_of(s, n + 3, x);
    rig_tell_of(s, n + 4, "https://o.test/y");
    rig_delivers(s, now, "a", n + 4);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "sending");
    rig_answer(s, &a, now, ERR_OK, 410);
    rig_rests(s, now);
    rig_commit(s, now);
    rig_delivers(s, now, "a", n + 3);
    rig_rests(s, now);
    schedule_free(&s);
}

/* Several of those that are set aside may go at once, of one object one. */
static void test_asides(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    int64_t now = NOW;
    (void)state;
    rig_tell_of(s, n + 1, x);
    rig_tell_of(s, n + 2, x);
    rig_tell_of(s, n + 3, "https://o.test/y");
    now = rig_set_aside(s, now, n + 1);
    rig_delivers(s, now, "a", n + 3);
    rig_tell_of(s, n + 4, "https://o.test/z");
    now = rig_set_aside(s, now, n + 4) + MIN;
    struct attempt a = rig_sends(s, now, "a", n + 1);
    rig_rests(s, now); /* its last word was no: one at a time */
    rig_answer(s, &a, now, ERR_OK, 202);
    a = rig_sends(s, now, "a", n + 2);
    rig_delivers(s, now, "a", n + 4);
    rig_answer(s, &a, now, ERR_OK, 202);
    rig_rests(s, now);
    assert_int_equal(rig_cursor(s).aside_n, 0);
    schedule_free(&s);
}

/* No more than so many ahead: then all waits for the first. */
static void test_bound(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct schedule_report r;
    (void)state;
    rig_tell(s, n + 1, n + 100);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    for (uint64_t i = 2; i <= CURSOR_AHEAD_MAX; i++)
        rig_delivers(s, NOW, "a", n + i);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "sending");
    assert_int_equal(rig_cursor(s).parts_n, CURSOR_AHEAD_MAX - 1);
    rig_answer(s, &a, NOW, ERR_CONNECT, 0);
    assert_int_equal(rig_cursor(s).parts_n, CURSOR_AHEAD_MAX);
    int64_t now = schedule_wake(s);
    rig_delivers(s, now, "a", n + 1);
    assert_int_equal(rig_cursor(s).parts_n, 0);
    assert_int_equal(rig_low(s, "a"), n + CURSOR_AHEAD_MAX);
    for (uint64_t i = CURSOR_AHEAD_MAX + 1; i <= 100; i++)
        rig_delivers(s, now, "a", n + i);
    rig_rests(s, now);
    schedule_report(s, &r);
    assert_int_equal(r.attempts, 0);
    schedule_free(&s);
}

/* The inboxes of a host at once; each has tries of its own. */
static void test_slots(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct attempt out[4];
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    (void)state;
    rig_inbox(m, 2, "litepub", STYLE_LITEPUB, n + 1);
    schedule_control(s, n + 1, m, false);
    rig_tell_of(s, n + 2, x);
    rig_tell_of(s, n + 3, x);
    for (unsigned i = 0; i < 2; i++) {
        out[i] = rig_sends(s, NOW, "a", n + 2);
        assert_int_equal(out[i].slot, 2 * i);
    }
    rig_rests(s, NOW);
    rig_answer(s, &out[0], NOW, ERR_OK, 202);
    out[2] = rig_sends(s, NOW, "a", n + 3); /* to the one that has it */
    assert_int_equal(out[2].slot, 0);
    rig_rests(s, NOW);
    rig_answer(s, &out[2], NOW, ERR_OK, 424);
    rig_answer(s, &out[1], NOW, ERR_OK, 424);
    assert_string_equal(rig_commit(s, NOW),
                        "all 31; own a 29 failures 1 done 30/0 tries 1 tries 1; late a 30 at 0; "
                        "down a");
    int64_t now = schedule_wake(s);
    out[1] = rig_sends(s, now, "a", n + 2);
    assert_int_equal(out[1].tries, 2);
    assert_int_equal(out[1].slot, 2);
    rig_answer(s, &out[1], now, ERR_OK, 202);
    out[2] = rig_sends(s, now, "a", n + 3);
    out[3] = rig_sends(s, now, "a", n + 3);
    assert_int_equal(out[2].slot, 0);
    assert_int_equal(out[2].tries, 2);
    assert_int_equal(out[3].slot, 2);
    assert_int_equal(out[3].tries, 1);
    rig_answer(s, &out[2], now, ERR_OK, 202);
    rig_answer(s, &out[3], now, ERR_OK, 202);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now),
                        "all 31; follow a; late a 30/2 at 2; up a; late a 31 at 2");
    schedule_free(&s);
}

/* Direct mail goes alone: it waits for what is on its way, and nothing else starts. */
static void test_mail(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    (void)state;
    rig_tell(s, n + 1, n + 4);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    struct attempt b = rig_sends(s, NOW, "a", n + 2);
    rig_mail(s, "a", n + 5);
    rig_rests(s, NOW);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    rig_answer(s, &b, NOW, ERR_OK, 202);
    a = rig_sends(s, NOW, "a", n + 5);
    rig_rests(s, NOW);
    rig_tell(s, n + 6, n + 6);
    rig_rests(s, NOW);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", n + 3);
    schedule_free(&s);
}

/* It leaves: what it has is not said to be cut, what is on its way is; and it is forgotten when
 * that came back. */
static void test_leaves(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct member *m = rig_record("a", MEMBER_LEFT, 0, n + 6);
    (void)state;
    rig_tell(s, n + 1, n + 5);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    rig_delivers(s, NOW, "a", n + 2);
    struct attempt c = rig_sends(s, NOW, "a", n + 3);
    rig_delivers(s, NOW, "a", n + 4);
    m->followers_n = 0;
    rig_inbox(m, 0, NULL, STYLE_PUBLIC, n + 6);
    schedule_control(s, n + 6, m, true);
    assert_string_equal(rig_commit(s, NOW), "all 34; cut a 28-29 not-member; "
                                            "cut a 30-31 not-member; cut a 32-34 not-member");
    assert_string_equal(rig_state(s, "a"), "held");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_answer(s, &c, NOW, ERR_OK, 410);
    assert_string_equal(rig_state(s, "a"), "held");
    rig_tell(s, n + 7, n + 7);
    assert_string_equal(rig_commit(s, NOW), "all 35");
    assert_string_equal(rig_state(s, "a"), "unknown");
    schedule_free(&s);
}

/* A gap behind what is ahead; and an inbox that is given up. */
static void test_cut_around(void **state)
{
    struct cursor_part parts[] = {{.n = 5, .done = true}, {.n = 9, .done = true}};
    (void)state;
    for (int floor = 0; floor < 2; floor++) {
        struct schedule_limits limits = wide();
        struct cursor own = {.low = 2, .urgent = 2, .parts = parts, .parts_n = 2};
        struct schedule *s = rig_new(&limits, "a", 20);
        schedule_load_cursor(s, SPAN("a"), &own);
        schedule_loaded(s);
        rig_rests(s, NOW);
        if (floor) {
            rig_page(s, 2, 20, 7);
            rig_delivers(s, NOW, "a", 8);
            rig_delivers(s, NOW, "a", 10);
            assert_string_equal(rig_commit(s, NOW),
                                "all 20; own a 10; cut a 2-4 gap; cut a 5-7 gap");
        } else {
            struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
            rig_inbox(m, 1, "new", STYLE_PUBLIC, 21);
            rig_inbox(m, 0, NULL, STYLE_PUBLIC, 21);
            schedule_control(s, 21, m, false);
            assert_string_equal(rig_commit(s, NOW),
                                "all 21; cut a 2-4 not-member; cut a 5-8 not-member; "
                                "cut a 9-21 not-member; cut a U2-21 not-member");
        }
        schedule_free(&s);
    }
}

/* What was refused ahead of the cursor may be ordered to be tried again there. */
static void test_retry_ahead(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    (void)state;
    rig_tell_of(s, n + 1, "https://o.test/y");
    rig_tell_of(s, n + 2, x);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    rig_answers(s, NOW, n + 2, ERR_OK, 410);
    rig_commit(s, NOW);
    schedule_order(s, n + 3, ORDER_RETRY, SPAN("a"), n + 1); /* is on its way */
    schedule_order(s, n + 4, ORDER_RETRY, SPAN("a"), n + 2);
    assert_string_equal(rig_commit(s, NOW), "all 32; own a 28 done 30/0 aside 30/0; retry a 30");
    rig_delivers(s, NOW, "a", n + 2);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 32; follow a; late a 30 at 1");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead),        cmocka_unit_test(test_object),
        cmocka_unit_test(test_object_aside), cmocka_unit_test(test_asides),
        cmocka_unit_test(test_bound),        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_mail),         cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_cut_around),   cmocka_unit_test(test_retry_ahead),
    };
    return cmocka_run_group_tests_name("schedule_ahead", tests, NULL, NULL);
}
