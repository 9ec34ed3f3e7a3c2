/* schedule: what is written down, how little of it, and what comes back from it after a start. */
#include "schedule_rig.h"

static void test_nothing(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 5);
    assert_string_equal(rig_commit(s, NOW), "");
    rig_rests(s, NOW); /* all have everything */
    rig_commit(s, NOW);
    assert_string_equal(rig_commit(s, NOW + HOUR), "");
    schedule_free(&s);
}

/* Where nothing is owed, the shard's cursor is moved along now and then. */
static void test_advance(void **state)
{
    (void)state;
    struct schedule *s = rig_started("", 0);
    struct entry *e = rig_entry_from(1, "blue", "origin.test");
    assert_string_equal(rig_commit(s, NOW), "");
    schedule_entry(s, e);
    assert_string_equal(rig_commit(s, NOW), "all 1");
    entry_unref(&e);
    e = rig_entry_from(2, "blue", "origin.test");
    schedule_entry(s, e);
    entry_unref(&e);
    assert_string_equal(rig_commit(s, NOW + 999), "");
    assert_string_equal(rig_commit(s, NOW + 1000), "all 2");
    schedule_free(&s);
}

/* One that is behind gets a cursor of its own, the others share one; or the other way round. */
static void test_cheaper_side(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b,c", 0);
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_delivers(s, NOW, "b", 1);
    assert_string_equal(rig_commit(s, NOW), "all 0; own b 1"); /* a and c are behind */
    rig_delivers(s, NOW, "c", 1);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 1; own a 0; follow b");
    assert_string_equal(rig_commit(s, NOW + HOUR), "");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 1; follow a");
    schedule_free(&s);
}

/* Cursors of their own that can go do not hold the shard's cursor back. */
static void test_shard_moves_again(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b,c", 0);
    schedule_control(s, 1, rig_record("c", MEMBER_SUSPENDED, 0, 1), false);
    rig_tell(s, 2, 2);
    struct attempt a = rig_sends(s, NOW, "a", 2);
    struct attempt b = rig_sends(s, NOW, "b", 2);
    rig_answer(s, &a, NOW, ERR_OK, 500);
    rig_answer(s, &b, NOW, ERR_OK, 500);
    rig_commit(s, NOW);
    rig_delivers(s, NOW + 2000, "a", 2);
    rig_delivers(s, NOW + 2000, "b", 2);
    rig_rests(s, NOW + 2000);
    rig_commit(s, NOW + 2000);
    rig_tell(s, 3, 3);
    rig_delivers(s, NOW + 2000, "a", 3);
    rig_delivers(s, NOW + 2000, "b", 3);
    rig_rests(s, NOW + 2000);
    rig_commit(s, NOW + 2000);
    rig_tell(s, 4, 4);
    rig_delivers(s, NOW + 2000, "a", 4);
    rig_delivers(s, NOW + 2000, "b", 4);
    rig_rests(s, NOW + 2000);
    assert_string_equal(rig_commit(s, NOW + 2000), "all 4");
    schedule_free(&s);
}

/* What changed while a delta was out comes with the next one. */
static void test_changes_meanwhile(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b,c", 0);
    struct delta delta;
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_delivers(s, NOW, "b", 1);
    rig_delivers(s, NOW, "c", 1);
    assert_string_equal(rig_delta(s, NOW, &delta), "all 0; own b 1; own c 1");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "b", 2);
    rig_delivers(s, NOW, "c", 2);
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    schedule_committed(s, &delta);
    assert_null(delta.list);
    assert_string_equal(rig_commit(s, NOW), "all 2; follow b; follow c");
    assert_string_equal(rig_commit(s, NOW + HOUR), "");
    schedule_free(&s);
}

/* An own cursor is dropped as soon as its owner has caught up, also by passing alone. */
static void test_caught_up_by_passing(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a", 5);
    struct cursor own = {.low = 3, .urgent = 3};
    uint64_t after;
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_rests(s, NOW);
    assert_true(rig_wants(s, &after));
    schedule_page(s, LANE_NORMAL, after, 5, NULL, 0, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5; follow a");
    schedule_free(&s);
}

/* What is written is what comes back: the back-off and the patience of a start later. */
static void test_comes_back(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b", 0);
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_delivers(s, NOW, "b", 1);
    rig_answer(s, &a, NOW, ERR_OK, 424);
    struct delta delta;
    rig_delta(s, NOW, &delta);
    const struct change *own = &delta.list[1];
    assert_string_equal(own->host, "a");
    struct cursor cursor;
    cursor_copy(&own->cursor, &cursor);
    int64_t wake = schedule_wake(s);
    delta_free(&delta);
    schedule_free(&s);

    s = rig_new(&rig_limits, "a,b", 2);
    schedule_load_cursor(s, SPAN("a"), &cursor);
    cursor_fini(&cursor);
    schedule_loaded(s);
    assert_int_equal(schedule_wake(s), wake);
    rig_rests(s, wake - 1);
    rig_rests(s, wake); /* awake, but its entries have to be read first */
    assert_string_equal(rig_state(s, "a"), "reading");
    rig_page(s, 0, 2, 0);
    a = rig_sends(s, wake, "a", 1);
    assert_int_equal(a.past.tries, 1);
    assert_int_equal(a.past.status, 424);
    assert_int_equal(a.past.first_ms, NOW);
    assert_int_equal(a.failures, 1);
    rig_answer(s, &a, wake, ERR_OK, 202);
    assert_string_equal(rig_commit(s, wake), "all 2; own a 1; late a 1 at 2; up a");
    schedule_free(&s);
}

/* A member that is gone is forgotten only when Redis has nothing of it, and nobody waits for signs
 * of life from it. */
static void test_forgotten_in_time(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b,c", 0);
    struct delta delta;
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    struct attempt b = rig_sends(s, NOW, "b", 1);
    struct attempt c = rig_sends(s, NOW, "c", 1);
    rig_answer(s, &a, NOW, ERR_CONNECT, 0);
    assert_string_equal(rig_delta(s, NOW, &delta), "all 0; own a 0 failures 1; down a");
    struct member *m = rig_record("a", MEMBER_LEFT, 0, 2);
    schedule_control(s, 2, m, true);
    schedule_committed(s, &delta);
    assert_string_equal(rig_state(s, "a"), "held");
    assert_string_equal(rig_commit(s, NOW), "all 0; own a 2 failures 1; cut a 0-2 not-member");
    assert_string_equal(rig_state(s, "a"), "held");
    rig_answer(s, &b, NOW, ERR_OK, 202);
    rig_answer(s, &c, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 2; follow a");
    assert_string_equal(rig_state(s, "a"), "unknown");
    assert_string_equal(rig_commit(s, NOW), "all 2; up a");
    schedule_free(&s);
}

static void test_report(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b,c", 0);
    struct schedule_report r;
    struct cursor cursor;
    const char *name;
    rig_tell(s, 1, 4);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    struct attempt b = rig_sends(s, NOW, "b", 1);
    rig_answer(s, &b, NOW, ERR_CONNECT, 0);
    rig_mail(s, "stranger", 5);
    schedule_report(s, &r);
    assert_int_equal(r.position, 4);
    assert_int_equal(r.destinations, 4);
    assert_int_equal(r.flying, 1);
    assert_int_equal(r.asleep, 1);
    assert_int_equal(r.ready, 2);
    assert_int_equal(r.direct, 1);
    assert_int_equal(r.behind_most, 4);
    assert_true(schedule_look(s, SPAN("b"), &cursor, &name));
    assert_string_equal(name, "waiting");
    assert_int_equal(cursor.health.failures, 1);
    assert_false(schedule_look(s, SPAN("nobody"), &cursor, &name));
    rig_answer(s, &a, NOW, ERR_OK, 202);
    schedule_free(&s);
    assert_null(s);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_advance),
        cmocka_unit_test(test_cheaper_side),
        cmocka_unit_test(test_shard_moves_again),
        cmocka_unit_test(test_changes_meanwhile),
        cmocka_unit_test(test_caught_up_by_passing),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_forgotten_in_time),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests_name("schedule_delta", tests, NULL, NULL);
}
