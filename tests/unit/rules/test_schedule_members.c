/* schedule: who is a member when: joins, leaves, suspensions, zones, and what was loaded. */
#include "schedule_rig.h"

/* A control entry about a member with these spans. */
static void control(struct schedule *s, uint64_t n, enum member_state state, uint64_t ver,
                    const char *spans)
{
    struct member *m = rig_record("a", state, 0, 0);
    struct span rest = span_of(spans);
    m->ver = ver;
    m->spans_n = 0;
    while (rest.n) {
        struct span one = span_cut(&rest, ' ');
        struct member_span *span = &m->spans[m->spans_n++];
        *span = (struct member_span){.to = MEMBER_SPAN_OPEN, .zone = "red"};
        assert_true(span_u64(span_cut(&one, '-'), UINT64_MAX, &span->from));
        if (one.n)
            assert_true(span_u64(one, UINT64_MAX, &span->to));
    }
    bool cuts = state == MEMBER_LEFT || state == MEMBER_EXPIRED || state == MEMBER_REMOVED;
    schedule_control(s, n, m, cuts);
}

static void load(struct schedule *s, enum member_state state, uint64_t ver, uint64_t from,
                 uint64_t to)
{
    struct member *m = rig_record("a", state, from, to);
    m->ver = ver;
    schedule_load_member(s, m);
}

static void load_own(struct schedule *s, uint64_t low)
{
    struct cursor own = {.low = low, .urgent = low};
    schedule_load_cursor(s, SPAN("a"), &own);
}

/* Its membership ended because its inbox is gone: what waited is given up for that. */
static void test_inbox_gone_cuts(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 2);
    struct member *m = rig_record("a", MEMBER_LEFT, 0, 3);
    m->ver = 2;
    m->gone = true;
    schedule_control(s, 3, m, true);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 3; cut a 0-3 inbox-gone");
    schedule_free(&s);
}

/* Nothing from before it joined, everything from then on. */
static void test_join_in_a_backlog(void **state)
{
    (void)state;
    struct schedule *s = rig_started("", 0);
    rig_tell(s, 1, 5);
    control(s, 6, MEMBER_ACTIVE, 1, "6");
    rig_tell(s, 7, 8);
    rig_delivers(s, NOW, "a", 7);
    rig_delivers(s, NOW, "a", 8);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 8");
    schedule_free(&s);
}

static void test_leave_cuts(void **state)
{
    static const struct {
        enum member_state state;
        const char *why;
    } ends[] = {
        {MEMBER_LEFT, "not-member"}, {MEMBER_EXPIRED, "expired"}, {MEMBER_REMOVED, "removed"}};
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        struct schedule *s = rig_started("a,b", 0);
        char text[100];
        rig_tell(s, 1, 3);
        rig_delivers(s, NOW, "a", 1);
        control(s, 4, ends[i].state, 2, "0-4");
        rig_tell(s, 5, 5);
        for (uint64_t n = 1; n <= 5; n++)
            if (n != 4)
                rig_delivers(s, NOW, "b", n);
        rig_rests(s, NOW);
        snprintf(text, sizeof(text), "all 5; cut a 1-4 %s", ends[i].why);
        assert_string_equal(rig_commit(s, NOW), text);
        assert_string_equal(rig_state(s, "a"), "unknown"); /* forgotten */
        schedule_free(&s);
    }
}

/* Whoever has everything has nothing that could be cut. */
static void test_leave_at_rest(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    control(s, 2, MEMBER_LEFT, 2, "0-2");
    assert_string_equal(rig_commit(s, NOW), "all 2");
    schedule_free(&s);
}

/* What is on its way when it leaves says nothing about the entry that comes next. */
static void test_leave_and_return_while_sending(void **state)
{
    static const int statuses[] = {202, 424, 410};
    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 2);
        struct attempt a = rig_sends(s, NOW, "a", 1);
        control(s, 3, MEMBER_LEFT, 2, "0-3");
        control(s, 4, MEMBER_ACTIVE, 3, "0-3 4");
        rig_tell(s, 5, 5);
        rig_rests(s, NOW); /* one at a time */
        rig_answer(s, &a, NOW, ERR_OK, statuses[i]);
        int64_t now = statuses[i] == 424 ? schedule_wake(s) : NOW;
        a = rig_sends(s, now, "a", 5);
        assert_int_equal(a.past.tries, 0);
        rig_answer(s, &a, now, ERR_OK, 202);
        schedule_free(&s);
    }
}

/* Its Follow shows that it lives. */
static void test_return_ends_backoff(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_CONNECT, 0);
    control(s, 2, MEMBER_LEFT, 2, "0-2");
    control(s, 3, MEMBER_ACTIVE, 3, "0-2 3");
    rig_tell(s, 4, 4);
    rig_delivers(s, NOW, "a", 4);
    assert_string_equal(rig_commit(s, NOW), "all 4; down a; cut a 0-2 not-member; up a");
    schedule_free(&s);
}

/* Suspended: what it was owed waits, what comes meanwhile is not for it. */
static void test_suspend_and_resume(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    control(s, 3, MEMBER_SUSPENDED, 2, "0-3");
    rig_tell(s, 4, 4);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    assert_string_equal(rig_state(s, "a"), "held");
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 4; own a 1");
    assert_int_equal(rig_cursor(s).orders, 3); /* who ordered that is told so */
    control(s, 5, MEMBER_ACTIVE, 3, "0-3 5");
    rig_tell(s, 6, 6);
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "a", 6);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 6; follow a");
    schedule_free(&s);
}

/* Control entries that are older than what was loaded change nothing but the place in the order. */
static void test_loaded_is_newer(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "", 0);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 3);
    m->ver = 4;
    m->spans[m->spans_n++] = (struct member_span){4, MEMBER_SPAN_OPEN, "red"};
    schedule_load_member(s, m);
    schedule_loaded(s);
    rig_tell(s, 1, 2);
    control(s, 3, MEMBER_LEFT, 2, "0-3"); /* cuts, all the same */
    control(s, 4, MEMBER_SUSPENDED, 3, "0-3");
    rig_tell(s, 5, 5);
    rig_delivers(s, NOW, "a", 5);
    assert_string_equal(rig_commit(s, NOW), "all 5; cut a 0-3 not-member");
    schedule_free(&s);
}

/* Gone by the registry, but the entries of its life are still to be told: nothing is sent, its own
 * cursor stays, an older entry does not bring it back, and the cut says all that it lacks. */
static void test_gone_with_a_backlog(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct schedule *s = rig_new(&rig_limits, "", 20);
        if (order == 0)
            load(s, MEMBER_REMOVED, 9, 0, 40);
        load_own(s, 10);
        if (order == 1)
            load(s, MEMBER_REMOVED, 9, 0, 40);
        schedule_loaded(s);
        rig_tell(s, 21, 24);
        rig_rests(s, NOW);
        assert_string_equal(rig_commit(s, NOW), "all 24");
        control(s, 25, MEMBER_ACTIVE, 7, "0");
        rig_tell(s, 26, 39);
        rig_rests(s, NOW);
        control(s, 40, MEMBER_SUSPENDED, 8, "0-40");
        assert_string_equal(rig_commit(s, NOW), "all 40; own a 10"); /* that it heard of it */
        control(s, 41, MEMBER_REMOVED, 9, "0-40");
        assert_string_equal(rig_commit(s, NOW), "all 41; follow a; cut a 10-41 removed");
        assert_string_equal(rig_state(s, "a"), "unknown");
        schedule_free(&s);
    }
}

/* Gone, and all of its entries were told long ago: not worth a place in memory. */
static void test_gone_long_ago(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "", 20);
    struct schedule_report r;
    load(s, MEMBER_LEFT, 3, 0, 20);
    schedule_load_member(s, rig_record("b", MEMBER_SUSPENDED, 0, 20));
    schedule_loaded(s);
    schedule_report(s, &r);
    assert_int_equal(r.destinations, 1);
    assert_int_equal(r.held, 1);
    schedule_free(&s);
}

/* Shards may stand at different places: all is told from the lowest, and nothing twice. */
static void test_shards_apart(void **state)
{
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.shards = 2;
    struct schedule *s = schedule_new(&limits);
    unsigned a = shard_of(SPAN("a"), 2);
    assert_int_not_equal(a, shard_of(SPAN("b"), 2));
    schedule_load_shard(s, a, 7, 7);
    schedule_load_shard(s, 1 - a, 4, 4);
    load(s, MEMBER_ACTIVE, 1, 0, 0);
    schedule_load_member(s, rig_record("b", MEMBER_ACTIVE, 0, 0));
    assert_int_equal(schedule_loaded(s), 4);
    rig_tell(s, 5, 6);
    rig_delivers(s, NOW, "b", 5);
    rig_delivers(s, NOW, "b", 6);
    rig_rests(s, NOW);
    const char *text = rig_commit(s, NOW); /* the other one's does not go back */
    assert_string_equal(text, "all 6");
    rig_tell(s, 7, 8);
    rig_delivers(s, NOW, "b", 7);
    rig_delivers(s, NOW, "a", 8);
    rig_delivers(s, NOW, "b", 8);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* A right that was withdrawn is withdrawn for what waits, too. */
static void test_zone_of_today(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 2);
    struct entry *e = rig_entry_from(3, "blue,red", "origin.test");
    schedule_entry(s, e);
    entry_unref(&e);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 4);
    snprintf(m->zone, sizeof(m->zone), "blue");
    m->ver = 2;
    m->spans[m->spans_n++] = (struct member_span){4, MEMBER_SPAN_OPEN, "blue"};
    schedule_control(s, 4, m, false);
    rig_tell(s, 5, 5); /* red */
    rig_delivers(s, NOW, "a", 3);
    assert_string_equal(rig_commit(s, NOW), "all 5; own a 3; skip a 1 no-right; skip a 2 no-right");
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 5; follow a");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_in_a_backlog),
        cmocka_unit_test(test_leave_cuts),
        cmocka_unit_test(test_inbox_gone_cuts),
        cmocka_unit_test(test_leave_at_rest),
        cmocka_unit_test(test_leave_and_return_while_sending),
        cmocka_unit_test(test_return_ends_backoff),
        cmocka_unit_test(test_suspend_and_resume),
        cmocka_unit_test(test_loaded_is_newer),
        cmocka_unit_test(test_gone_with_a_backlog),
        cmocka_unit_test(test_gone_long_ago),
        cmocka_unit_test(test_shards_apart),
        cmocka_unit_test(test_zone_of_today),
    };
    return cmocka_run_group_tests_name("schedule_members", tests, NULL, NULL);
}
