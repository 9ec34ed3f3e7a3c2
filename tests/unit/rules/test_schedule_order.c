/* schedule: who is sent what next: order, bounds, back-off, and refusals that must be saved first.
 */
#include "schedule_rig.h"

static void test_one_at_a_time_in_order(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b", 10);
    rig_tell(s, 11, 13);
    struct attempt a = rig_sends(s, NOW, "a", 11);
    struct attempt b = rig_sends(s, NOW, "b", 11);
    rig_rests(s, NOW);
    rig_answer(s, &b, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "b", 12);
    rig_delivers(s, NOW, "b", 13);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "b"), "idle");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 12);
    schedule_free(&s);
}

/* Whoever was served goes to the end of the line. */
static void test_round_robin_within_bound(void **state)
{
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.in_flight = 2;
    struct schedule *s = rig_new(&limits, "a,b,c", 0);
    schedule_loaded(s);
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    struct attempt b = rig_sends(s, NOW, "b", 1);
    rig_rests(s, NOW);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    struct attempt c = rig_sends(s, NOW, "c", 1);
    rig_rests(s, NOW);
    rig_answer(s, &b, NOW, ERR_OK, 202);
    rig_answer(s, &c, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "b", 2);
    rig_delivers(s, NOW, "c", 2);
    rig_rests(s, NOW);
    schedule_free(&s);
}

static void test_not_for_it(void **state)
{
    static const struct {
        const char *audience, *origin, *object_host;
        enum activity_type type;
    } nothing[] = {
        {"red", "a", "x.test", ACTIVITY_CREATE},       {"red", "x.test", "a", ACTIVITY_CREATE},
        {"blue", "x.test", "x.test", ACTIVITY_CREATE}, {"", "x.test", "x.test", ACTIVITY_CREATE},
        {"red", "x.test", "x.test", ACTIVITY_UPDATE},  {"re", "x.test", "x.test", ACTIVITY_CREATE},
        {"red2", "x.test", "x.test", ACTIVITY_CREATE},
    };
    (void)state;
    struct schedule *s = rig_started("a", 0);
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++) {
        struct entry facts = {.n = ++n,
                              .at_ms = NOW,
                              .facts = {.type = nothing[i].type},
                              .audience = span_of(nothing[i].audience),
                              .origin = span_of(nothing[i].origin),
                              .object_host = span_of(nothing[i].object_host)};
        struct entry *e = entry_new(&facts);
        schedule_entry(s, e);
        entry_unref(&e);
    }
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_string_equal(rig_commit(s, NOW), "all 7"); /* by facts that cannot change: no record */
    struct entry *e = rig_entry_from(++n, "blue,red", "x.test");
    schedule_entry(s, e);
    entry_unref(&e);
    rig_delivers(s, NOW, "a", 8);
    schedule_free(&s);
}

static void test_backoff(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = NOW;
    rig_tell(s, 1, 1);
    assert_true(schedule_wake(s) == INT64_MAX);
    for (unsigned failures = 1; failures <= 15; failures++) {
        struct attempt a = rig_sends(s, now, "a", 1);
        assert_int_equal(a.failures, failures - 1);
        rig_answer(s, &a, now, ERR_CONNECT, 0);
        assert_string_equal(rig_state(s, "a"), "waiting");
        int64_t wait =
            failures < 13 ? 1000LL << (failures - 1) : HOUR; /* the most of full jitter */
        assert_in_range(schedule_wake(s) - now, wait - 1, wait);
        rig_rests(s, schedule_wake(s) - 1);
        now = schedule_wake(s);
    }
    rig_delivers(s, now, "a", 1);
    assert_true(schedule_wake(s) == INT64_MAX);
    assert_string_equal(rig_commit(s, now), "all 1; down a; late a 1 at 16; up a");
    schedule_free(&s);
}

static void test_retry_after(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    struct judge_answer busy = {ERR_OK, 429, SPAN("120")};
    struct judgement j = judge(&busy, &rig_limits.judge, &a.past, a.age_ms, NOW);
    schedule_outcome(s, &a, &j, 429, NULL, NOW, 0);
    assert_int_equal(schedule_wake(s) - NOW, 120 * SECOND);
    schedule_free(&s);
}

/* A sign of life ends a back-off wherever the destination is, and the next one begins anew. */
static void test_awake(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    schedule_awake(s, SPAN("nobody.test"));
    rig_tell(s, 1, 1);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_TIMEOUT, 0);
    assert_string_equal(rig_commit(s, NOW), "all 1; own a 0 failures 1; down a");
    schedule_awake(s, SPAN("a"));
    a = rig_sends(s, NOW, "a", 1);
    assert_int_equal(a.failures, 0);
    rig_answer(s, &a, NOW, ERR_TIMEOUT, 0);
    /* Whoever told us has forgotten that it was down, and is told again. */
    assert_string_equal(rig_commit(s, NOW), "all 1; own a 0 failures 1; down a");
    struct member *m = rig_record("a", MEMBER_SUSPENDED, 0, 2);
    schedule_control(s, 2, m, false);
    schedule_awake(s, SPAN("a"));
    schedule_control(s, 3, rig_record("a", MEMBER_ACTIVE, 0, 0), false);
    rig_delivers(s, NOW, "a", 1);
    schedule_free(&s);
}

/* What a host posts ends its back-off as well, also before the mark that it is down is written;
 * what others post does not. */
static void test_own_post_wakes(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 1);
        struct attempt a = rig_sends(s, NOW, "a", 1);
        rig_answer(s, &a, NOW, ERR_TIMEOUT, 0);
        struct entry *post = rig_entry_from(2, "red", own ? "a" : "b");
        schedule_entry(s, post);
        entry_unref(&post);
        assert_int_equal(schedule_wake(s) == INT64_MAX, own);
        if (own)
            rig_delivers(s, NOW, "a", 1);
        schedule_free(&s);
    }
}

/* Patience is for one status in a row; what the host could not answer at all is not counted. */
static void test_patience(void **state)
{
    static const struct {
        enum err err;
        int status;
        unsigned tries; /* before it */
    } story[] = {
        {ERR_CONNECT, 0, 0}, {ERR_TIMEOUT, 0, 0}, {ERR_OK, 424, 0}, {ERR_OK, 424, 1},
        {ERR_OK, 503, 2},    {ERR_CONNECT, 0, 2}, {ERR_OK, 424, 2}, {ERR_OK, 500, 3},
        {ERR_OK, 424, 1},    {ERR_OK, 424, 1},    {ERR_OK, 424, 2}, {ERR_OK, 424, 3},
    };
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.judge.aside_after = 100;
    struct schedule *s = rig_new(&limits, "a", 0);
    schedule_loaded(s);
    int64_t now = NOW;
    rig_tell(s, 1, 2);
    for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++) {
        struct attempt a = rig_sends(s, now, "a", 1);
        assert_int_equal(a.past.tries, story[i].tries);
        rig_answer(s, &a, now, story[i].err, story[i].status);
        now = schedule_wake(s);
    }
    struct attempt a = rig_sends(s, now, "a", 1);
    rig_answer(s, &a, now, ERR_OK, 424); /* the fifth in a row */
    assert_string_equal(rig_commit(s, now),
                        "all 2; own a 1; down a; fail a 1 refused-by-peer; up a");
    a = rig_sends(s, now, "a", 2);
    assert_int_equal(a.past.tries, 0);
    rig_answer(s, &a, now, ERR_OK, 202);
    schedule_free(&s);
}

/* ENGINE 1e: what follows a refusal, of the same object, waits until that refusal is on disk, not
 * any other record. Other objects do not wait for it. */
static void test_settling(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct delta delta;
    rig_tell_of(s, 1, "https://o.test/x");
    rig_tell_of(s, 2, "https://o.test/y");
    rig_tell_of(s, 3, "https://o.test/x");
    rig_tell_of(s, 4, "https://o.test/x");
    rig_answers(s, NOW, 1, ERR_OK, 410);
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "settling");
    assert_string_equal(rig_delta(s, NOW, &delta), "all 4; own a 2; fail a 1 refused-by-peer");
    rig_rests(s, NOW);
    schedule_committed(s, &delta);
    struct attempt a = rig_sends(s, NOW, "a", 3);
    for (uint64_t n = 100; n <= 100 + SCHEDULE_DIRECTS_MAX; n++)
        rig_mail(s, "a", n); /* the first is given up: a record that is not about entry 3 */
    assert_string_equal(rig_delta(s, NOW, &delta), "all 4; fail a 100 rate; mail 1-100");
    rig_answer(s, &a, NOW, ERR_OK, 410);
    schedule_committed(s, &delta);
    for (uint64_t n = 101; n <= 100 + SCHEDULE_DIRECTS_MAX; n++)
        rig_delivers(s, NOW, "a", n);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "settling");
    assert_non_null(strstr(rig_commit(s, NOW), "fail a 3 refused-by-peer"));
    rig_delivers(s, NOW, "a", 4);
    schedule_free(&s);
}

/* A skip is saved first, too: its right may come back by another record of the member. */
static void test_skip_settles(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct attempt a = {0};
    rig_tell_of(s, 1, "https://o.test/x");
    a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_OK, 500);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 2);
    snprintf(m->zone, sizeof(m->zone), "blue");
    m->spans[m->spans_n++] = (struct member_span){2, MEMBER_SPAN_OPEN, "blue"};
    schedule_control(s, 2, m, false);
    struct entry facts = {.n = 3,
                          .at_ms = NOW,
                          .facts = {.type = ACTIVITY_CREATE},
                          .audience = SPAN("blue"),
                          .origin = SPAN("origin.test"),
                          .object = SPAN("https://o.test/x")};
    struct entry *e = entry_new(&facts);
    schedule_entry(s, e);
    entry_unref(&e);
    int64_t now = schedule_wake(s);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "settling");
    assert_string_equal(rig_commit(s, now), "all 3; own a 1 failures 1; down a; skip a 1 no-right");
    rig_delivers(s, now, "a", 3);
    schedule_free(&s);
}

/* What is too old is given up one by one, but a host that is down is not hammered with it. */
static void test_too_old_waits(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = NOW + 8 * 24 * (int64_t)HOUR;
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, now, "a", 1);
    rig_answer(s, &a, now, ERR_CONNECT, 0);
    assert_string_equal(rig_commit(s, now), "all 2; own a 1 failures 1; fail a 1 too-old; down a");
    assert_string_equal(rig_state(s, "a"), "waiting");
    rig_rests(s, now);
    rig_delivers(s, schedule_wake(s), "a", 2);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_in_order),
        cmocka_unit_test(test_round_robin_within_bound),
        cmocka_unit_test(test_not_for_it),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_awake),
        cmocka_unit_test(test_own_post_wakes),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_settling),
        cmocka_unit_test(test_skip_settles),
        cmocka_unit_test(test_too_old_waits),
    };
    return cmocka_run_group_tests_name("schedule_order", tests, NULL, NULL);
}
