/* schedule: what operators order about entries that were given up. */
#include "schedule_rig.h"

static struct schedule *with_failure(void)
{
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/y");
    rig_answers(s, NOW, 1, ERR_OK, 422);
    assert_string_equal(rig_commit(s, NOW), "all 2; own a 1; fail a 1 refused-by-peer");
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    return s;
}

static void test_retry(void **state)
{
    (void)state;
    struct schedule *s = with_failure();
    schedule_order(s, 3, ORDER_RETRY, SPAN("a"), 1);
    assert_string_equal(rig_commit(s, NOW), "all 3; own a 3 aside 1/0; retry a 1");
    rig_tell_of(s, 4, "https://o.test/x"); /* behind it, although nobody knew what it was about */
    rig_answers(s, NOW, 1, ERR_OK, 500);
    rig_rests(s, NOW);
    rig_answers(s, NOW + 2 * MIN, 1, ERR_OK, 202);
    rig_delivers(s, NOW + 2 * MIN, "a", 4);
    assert_string_equal(rig_commit(s, NOW), "all 4; follow a; late a 1 at 2; late a 4 at 1");

    /* Refused again: a failure again. */
    schedule_order(s, 5, ORDER_RETRY, SPAN("a"), 1);
    rig_answers(s, NOW, 1, ERR_OK, 422);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5; retry a 1; fail a 1 refused-by-peer");

    /* What is set aside already is tried now. */
    rig_tell_of(s, 6, "https://o.test/y");
    int64_t now = rig_set_aside(s, NOW, 6);
    rig_rests(s, now);
    rig_commit(s, now);
    schedule_order(s, 7, ORDER_RETRY, SPAN("a"), 6);
    rig_delivers(s, now, "a", 6);
    schedule_free(&s);
}

/* What takes back was refused, and the other lane is behind it: it goes once more all the same. */
static void test_retry_urgent(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    rig_takes_back(s, 2, "red", "https://o.test/y", 9);
    rig_answers(s, NOW, 2, ERR_OK, 422);
    rig_commit(s, NOW);
    schedule_order(s, 3, ORDER_RETRY, SPAN("a"), 2);
    assert_string_equal(rig_commit(s, NOW), "all 3; own a 0 urgent 2 aside 2/0; retry a 2");
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 3; follow a; late a 2 at 1");
    schedule_free(&s);
}

/* What was not sent yet, though the other lane is through with all up to it, goes in its turn, and
 * once: behind what is older, and of the same object. */
static void test_retry_early(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/x");
    rig_takes_back(s, 3, "red", "https://o.test/y", 9);
    rig_delivers(s, NOW, "a", 3);
    rig_commit(s, NOW);
    schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 2);
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    assert_int_equal(rig_cursor(s).aside_n, 0);
    schedule_free(&s);
}

/* Every inbox that there was, and its own turn for each. */
static void test_retry_slots(void **state)
{
    (void)state;
    struct schedule *s = with_failure();
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 2, "x", STYLE_LITEPUB, 0);
    rig_inbox(m, 4, "y", STYLE_LITEPUB, 3);
    schedule_control(s, 3, m, false);
    schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 1);
    assert_string_equal(rig_commit(s, NOW),
                        "all 4; own a 3 aside 1/0 aside 1/2; retry a 1; retry a 1/2");
    rig_delivers(s, NOW, "a", 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    assert_int_equal(a.slot, 2);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* An inbox that gets no form of it. */
static void test_retry_formless(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 2, "x", STYLE_LITEPUB, 0);
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, m);
    schedule_loaded(s);
    rig_tell_proved_update(s, 1);
    rig_answers(s, NOW, 1, ERR_OK, 422);
    rig_commit(s, NOW);
    schedule_order(s, 2, ORDER_RETRY, SPAN("a"), 1);
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW),
                        "all 2; retry a 1; retry a 1/2; late a 1 at 1; skip a 1/2 no-form");
    schedule_free(&s);
}

/* Nothing comes of it: not a member, not passed yet, no room, nobody. */
static void test_retry_nothing(void **state)
{
    (void)state;
    struct schedule *s = with_failure();
    schedule_order(s, 3, ORDER_RETRY, SPAN("nobody"), 1);
    schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 5);
    schedule_order(s, 5, ORDER_RETRY, SPAN("a"), 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5");
    schedule_control(s, 6, rig_record("a", MEMBER_LEFT, 0, 6), true);
    schedule_order(s, 7, ORDER_RETRY, SPAN("a"), 1);
    assert_null(strstr(rig_commit(s, NOW), "retry"));
    schedule_free(&s);

    s = rig_started("a", 0);
    rig_tell_of(s, 1, "");
    rig_answers(s, NOW, 1, ERR_OK, 422);
    rig_commit(s, NOW);
    rig_tell_of(s, 2, "https://o.test/x");
    int64_t now = rig_set_aside(s, NOW, 2);
    for (uint64_t n = 3; n <= 33; n++)
        rig_tell_of(s, n, "https://o.test/x");
    rig_rests(s, now);
    rig_commit(s, now);
    schedule_order(s, 34, ORDER_RETRY, SPAN("a"), 1);
    rig_rests(s, now);
    assert_null(strstr(rig_commit(s, now), "retry"));
    schedule_free(&s);
}

/* After a restart the journal is read again from further back: an order that was carried out is not
 * carried out again, wherever its host stands. */
static void test_order_once(void **state)
{
    (void)state;
    for (int behind = 0; behind < 2; behind++) {
        struct schedule *s = rig_new(&rig_limits, "a", 2);
        struct cursor own = {.low = behind ? 3 : 9,
                             .urgent = behind ? 3 : 9,
                             .orders = behind ? 5 : 0,
                             .health.failures = 1};
        schedule_load_cursor(s, SPAN("a"), &own);
        schedule_loaded(s);
        schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 1);
        schedule_order(s, 5, ORDER_DROP, SPAN("a"), 2);
        assert_int_equal(rig_cursor(s).aside_n, 0);
        assert_null(strstr(rig_commit(s, NOW), "drop"));
        schedule_order(s, behind ? 6 : 10, ORDER_RETRY, SPAN("a"), 1);
        assert_int_equal(rig_cursor(s).aside_n, 1);
        schedule_free(&s);
    }

    /* What was carried out while it was behind is written with it. */
    struct schedule *s = rig_started("a", 1);
    rig_tell(s, 2, 2);
    rig_answers(s, NOW, 2, ERR_CONNECT, 0);
    schedule_order(s, 3, ORDER_RETRY, SPAN("a"), 1);
    struct delta delta;
    rig_delta(s, NOW, &delta);
    struct bytes out;
    bytes_init(&out, 256);
    cursor_write(&delta.list[1].cursor, &out);
    assert_non_null(strstr(bytes_str(&out), " o3 a1:0:"));
    bytes_fini(&out);
    schedule_committed(s, &delta);
    schedule_free(&s);
}

/* What a replay leaves out, and has not come to, goes where it is ordered: nothing else says any
 * more that it was refused. */
static void test_retry_left_out(void **state)
{
    (void)state;
    struct schedule *s = with_failure();
    schedule_leave_out(s, 3, SPAN("a"), SPAN("1:1"));
    schedule_order(s, 3, ORDER_REPLAY, SPAN("a"), 0);
    rig_commit(s, NOW);
    schedule_order(s, 4, ORDER_RETRY, SPAN("a"), 1);
    assert_non_null(strstr(rig_commit(s, NOW), "retry a 1"));
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* Also of mail to who is no member; once. */
static void test_drop(void **state)
{
    (void)state;
    struct schedule *s = with_failure();
    schedule_order(s, 3, ORDER_DROP, SPAN("a"), 1);
    schedule_order(s, 4, ORDER_DROP, SPAN("stranger"), 2);
    assert_string_equal(rig_commit(s, NOW), "all 4; drop a 1; drop stranger 2");
    assert_string_equal(rig_state(s, "stranger"), "unknown");
    schedule_order(s, 4, ORDER_DROP, SPAN("stranger"), 2);
    assert_string_equal(rig_commit(s, NOW), "");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry),          cmocka_unit_test(test_retry_urgent),
        cmocka_unit_test(test_retry_early),    cmocka_unit_test(test_retry_slots),
        cmocka_unit_test(test_retry_formless), cmocka_unit_test(test_retry_nothing),
        cmocka_unit_test(test_retry_left_out), cmocka_unit_test(test_order_once),
        cmocka_unit_test(test_drop),
    };
    return cmocka_run_group_tests_name("schedule_orders", tests, NULL, NULL);
}
