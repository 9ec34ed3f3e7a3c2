/* schedule: entries that are set aside: when, what passes them, and their clocks. */

#include "schedule_rig.h"

/* Three failures of its own, and what follows goes on; it has a clock of its own, which doubles. */
static void test_set_aside(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct schedule_report r;
    rig_tell(s, 1, 2);
    rig_answers(s, NOW, 1, ERR_OK, 500);
    int64_t now = schedule_wake(s);
    rig_answers(s, now, 1, ERR_CONNECT, 0); /* not its own */
    now = schedule_wake(s);
    rig_answers(s, now, 1, ERR_OK, 503); /* nor this */
    now = schedule_wake(s);
    rig_answers(s, now, 1, ERR_OK, 500);
    now = schedule_wake(s);
    rig_answers(s, now, 1, ERR_OK, 408); /* another status is no other entry */
    assert_string_equal(rig_commit(s, now), "all 2; own a 1 failures 4 aside 1/0; down a");
    rig_delivers(s, now, "a", 2);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_string_equal(rig_commit(s, now), "all 2; own a 2 aside 1/0; up a");
    schedule_report(s, &r);
    assert_int_equal(r.aside, 1);
    assert_int_equal(r.behind_most, 0);
    int64_t wait = MIN;
    for (int i = 0; i < 12; i++) {
        assert_int_equal(schedule_wake(s), now + wait);
        rig_rests(s, now + wait - 1);
        now += wait;
        struct attempt a = rig_sends(s, now, "a", 1);
        assert_int_equal(a.tries, 6 + i);
        assert_int_equal(a.failures, 0);
        rig_answer(s, &a, now, ERR_OK, i % 2 ? 500 : 502);
        rig_rests(s, now);
        wait = wait * 2 < 6 * HOUR ? wait * 2 : 6 * HOUR;
    }
    assert_int_equal(wait, 6 * HOUR);
    now += wait;
    rig_delivers(s, now, "a", 1);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now), "all 2; follow a; late a 1 at 18");
    assert_true(schedule_wake(s) == INT64_MAX);
    schedule_free(&s);
}

/* As many failures as the limits say. */
static void test_after(void **state)
{
    (void)state;
    for (unsigned after = 1; after < 6; after++) {
        struct schedule_limits limits = rig_limits;
        limits.judge.aside_after = after;
        struct schedule *s = rig_new(&limits, "a", 0);
        schedule_loaded(s);
        rig_tell(s, 1, 1);
        int64_t now = NOW;
        for (unsigned i = 0; i < after; i++) {
            assert_int_equal(rig_cursor(s).aside_n, 0);
            rig_answers(s, now, 1, ERR_OK, 500);
            if (i + 1 < after)
                now = schedule_wake(s);
        }
        assert_int_equal(rig_cursor(s).aside_n, 1);
        schedule_free(&s);
    }
}

/* What is due goes before what is new, and after direct mail; the oldest first. */
static void test_turns(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 3);
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_delivers(s, now, "a", 2);
    now = rig_set_aside(s, now, 3);
    rig_rests(s, now);
    rig_tell(s, 4, 5);
    rig_mail(s, "a", 6);
    now += HOUR;
    rig_delivers(s, now, "a", 6);
    rig_delivers(s, now, "a", 1);
    rig_delivers(s, now, "a", 3);
    rig_delivers(s, now, "a", 4);
    rig_delivers(s, now, "a", 5);
    rig_rests(s, now);
    schedule_free(&s);
}

/* Who answers nothing well is in trouble itself: after one, no other is set aside until something
 * was delivered. */
static void test_host_that_fails_all(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 4);
    int64_t now = rig_set_aside(s, NOW, 1);
    for (int i = 0; i < 5; i++) {
        rig_answers(s, now, 2, ERR_OK, 500);
        assert_string_equal(rig_state(s, "a"), "waiting");
        now = schedule_wake(s);
    }
    assert_int_equal(rig_cursor(s).aside_n, 1);
    assert_int_equal(rig_cursor(s).health.failures, 7); /* its back-off went on growing */
    rig_answers(s, now, 1, ERR_OK, 500);                /* due by now */
    rig_answers(s, now, 2, ERR_OK, 500);
    now = schedule_wake(s);
    rig_answers(s, now, 1, ERR_OK, 202); /* it was not the host's last word */
    rig_answers(s, now, 2, ERR_OK, 500);
    assert_int_equal(rig_cursor(s).aside_n, 1);
    rig_delivers(s, now, "a", 3);
    rig_set_aside(s, now, 4);
    assert_int_equal(rig_cursor(s).aside_n, 2);
    schedule_free(&s);
}

/* The same object: what follows waits behind it, whatever else goes on; per inbox. */
static void test_same_object(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/y");
    rig_tell_of(s, 3, "https://o.test/x");
    rig_tell_of(s, 4, "https://o.test/x");
    rig_tell_of(s, 5, "https://o.test/z");
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_delivers(s, now, "a", 2);
    rig_delivers(s, now, "a", 5);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now),
                        "all 5; own a 5 aside 1/0 aside 3/0 aside 4/0; down a; up a");
    assert_int_equal(schedule_wake(s), now + MIN);
    now += MIN;
    rig_answers(s, now, 1, ERR_OK, 500);
    rig_rests(s, now);
    now += 2 * MIN;
    rig_answers(s, now, 1, ERR_OK, 410); /* for good, which has to be on disk first */
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now),
                        "all 5; own a 5 aside 3/0 aside 4/0; fail a 1 refused-by-peer");
    rig_delivers(s, now, "a", 3);
    rig_answers(s, now, 4, ERR_OK, 500); /* its first failure, and it has a clock already */
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now), "all 5; own a 5 aside 4/0; late a 3 at 1");
    assert_int_equal(schedule_wake(s), now + 2 * MIN);
    schedule_free(&s);
}

/* Per inbox: the other one gets it. */
static void test_same_object_slots(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 3, "x", STYLE_LITEPUB, 0);
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, m);
    schedule_loaded(s);
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/x");
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_delivers(s, now, "a", 1);
    struct attempt a = rig_sends(s, now, "a", 2);
    assert_int_equal(a.slot, 3);
    rig_answer(s, &a, now, ERR_OK, 202);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now), "all 2; own a 2 aside 1/0 aside 2/0; down a; up a");
    schedule_free(&s);
}

/* No more than so many: then the next one stays at the head, and the host with it. */
static void test_full(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    int64_t now = rig_set_aside(s, NOW, 1);
    for (uint64_t n = 2; n <= CURSOR_ASIDE_MAX; n++)
        rig_tell_of(s, n, "https://o.test/x");
    rig_tell_of(s, 33, "https://o.test/y");
    rig_tell_of(s, 34, "https://o.test/x");
    rig_tell_of(s, 35, "https://o.test/y");
    rig_delivers(s, now, "a", 33);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "waiting");
    assert_int_equal(rig_cursor(s).aside_n, CURSOR_ASIDE_MAX);
    assert_int_equal(rig_low(s, "a"), 33);
    assert_int_equal(schedule_wake(s), now + MIN);
    rig_mail(s, "a", 36); /* goes all the same */
    rig_delivers(s, now, "a", 36);
    rig_rests(s, now);
    rig_commit(s, now);
    now += MIN;
    for (uint64_t n = 1; n <= CURSOR_ASIDE_MAX; n++)
        rig_delivers(s, now, "a", n);
    rig_delivers(s, now, "a", 34);
    rig_delivers(s, now, "a", 35);
    rig_rests(s, now);
    schedule_free(&s);

    /* One that fails by itself: the same. */
    s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    now = rig_set_aside(s, NOW, 1);
    for (uint64_t n = 2; n <= CURSOR_ASIDE_MAX; n++)
        rig_tell_of(s, n, "https://o.test/x");
    rig_tell(s, 33, 34);
    rig_delivers(s, now, "a", 33);
    rig_set_aside(s, now, 34);
    assert_int_equal(rig_cursor(s).aside_n, CURSOR_ASIDE_MAX);
    assert_string_equal(rig_state(s, "a"), "waiting");
    schedule_free(&s);
}

/* While the host is in back-off, nothing is due; and its trouble is not the entry's, but the entry
 * does not stand in the way of others the next time. */
static void test_host_trouble(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        int status;
    } troubles[] = {{ERR_CONNECT, 0}, {ERR_OK, 503}};
    for (size_t i = 0; i < 2; i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 1);
        int64_t now = rig_set_aside(s, NOW, 1) + MIN;
        rig_tell(s, 2, 3);
        rig_answers(s, now, 1, troubles[i].err, troubles[i].status);
        assert_string_equal(rig_state(s, "a"), "waiting");
        assert_true(schedule_wake(s) > now + 3 * SECOND && schedule_wake(s) <= now + 4 * SECOND);
        now = schedule_wake(s);
        rig_delivers(s, now, "a", 2);
        rig_answers(s, now, 3, ERR_CONNECT, 0);
        assert_string_equal(rig_state(s, "a"), "waiting");
        rig_rests(s, now);
        schedule_awake(s, SPAN("a"));
        rig_delivers(s, now, "a", 3);
        rig_rests(s, now);
        assert_int_equal(rig_cursor(s).aside[0].tried.own, 0);
        assert_in_range(schedule_wake(s), now + MIN - 4 * SECOND, now + MIN);
        schedule_free(&s);
    }
}

/* A fault of ours is no failure of its own. */
static void test_own_faults(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    int64_t now = NOW;
    for (int i = 0; i < 5; i++) {
        rig_answers(s, now, 1, ERR_CANCELLED, 0);
        now = schedule_wake(s);
    }
    assert_int_equal(rig_cursor(s).aside_n, 0);
    schedule_free(&s);
}

/* Patience goes on where it was, and the horizon is the same. */
static void test_patience(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    int64_t now = NOW;
    for (int i = 0; i < 3; i++) {
        if (i)
            now = schedule_wake(s);
        rig_answers(s, now, 1, ERR_OK, 424);
    }
    now += MIN;
    rig_answers(s, now, 1, ERR_OK, 424); /* the fourth */
    now += 2 * MIN;
    rig_answers(s, now, 1, ERR_OK, 424);
    assert_string_equal(rig_commit(s, now), "all 1; down a; fail a 1 refused-by-peer; up a");
    rig_tell(s, 2, 2);
    rig_set_aside(s, now, 2);
    now = NOW + 8 * 24 * (int64_t)HOUR;
    rig_answers(s, now, 2, ERR_OK, 500);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now), "all 2; down a; fail a 2 too-old; up a");
    schedule_free(&s);
}

/* What is written comes back: with its clock, behind pages. */
static void test_comes_back(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_tell_of(s, 2, "https://o.test/x");
    rig_tell(s, 3, 3);
    rig_delivers(s, now, "a", 3);
    rig_rests(s, now);
    struct delta delta;
    struct cursor own;
    assert_string_equal(rig_delta(s, now, &delta),
                        "all 3; own a 3 aside 1/0 aside 2/0; down a; up a");
    cursor_copy(&delta.list[1].cursor, &own);
    delta_free(&delta);
    schedule_free(&s);

    s = rig_new(&rig_limits, "a", 3);
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_int_equal(schedule_wake(s), now + MIN);
    rig_tell_of(s, 4, "https://o.test/x");
    rig_tell_of(s, 5, "https://o.test/y");
    rig_delivers(s, now, "a", 5);
    now += MIN;
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "reading");
    uint64_t after;
    assert_true(rig_wants(s, &after));
    assert_int_equal(after, 0);
    struct entry *list[] = {rig_entry_of(1, "https://o.test/x"),
                            rig_entry_of(2, "https://o.test/x"), rig_entry_of(3, "")};
    schedule_page(s, LANE_NORMAL, 0, 3, list, 3, 0);
    for (size_t i = 0; i < 3; i++)
        entry_unref(&list[i]);
    struct attempt a = rig_sends(s, now, "a", 1);
    assert_int_equal(a.tries, 4);
    assert_int_equal(a.past.tries, 3);
    rig_answer(s, &a, now, ERR_OK, 202);
    rig_delivers(s, now, "a", 2);
    rig_delivers(s, now, "a", 4);
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now),
                        "all 5; follow a; late a 1 at 4; late a 2 at 1; late a 4 at 1");

    /* A start where the journal is read from before them: not before they were told. */
    schedule_free(&s);
    s = rig_new(&rig_limits, "a", 1);
    own.low = 3;
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "held");
    rig_tell_of(s, 2, "https://o.test/x");
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "reading");
    cursor_fini(&own);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_aside),   cmocka_unit_test(test_after),
        cmocka_unit_test(test_turns),       cmocka_unit_test(test_host_that_fails_all),
        cmocka_unit_test(test_same_object), cmocka_unit_test(test_same_object_slots),
        cmocka_unit_test(test_full),        cmocka_unit_test(test_host_trouble),
        cmocka_unit_test(test_own_faults),  cmocka_unit_test(test_patience),
        cmocka_unit_test(test_comes_back),
    };
    return cmocka_run_group_tests_name("schedule_aside", tests, NULL, NULL);
}
