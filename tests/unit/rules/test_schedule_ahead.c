/* schedule: several attempts at one host at once, and what is acknowledged ahead of its cursor. */
#include "schedule_rig.h"

static struct schedule_limits wide(void)
{
    struct schedule_limits limits = rig_limits;
    limits.host_window = 8;
    limits.window = 1000;
    return limits;
}

/* The member "a", to which as many go at once as may; everything up to the number returned is
 * delivered and committed. */
static struct schedule *grown(uint64_t *ret_n)
{
    struct schedule_limits limits = wide();
    struct schedule *s = rig_new(&limits, "a", 0);
    uint64_t n = 0;
    schedule_loaded(s);
    for (n = 1; n <= 1 + 2 + 3 + 4 + 5 + 6 + 7; n++) {
        rig_tell(s, n, n);
        rig_delivers(s, NOW, "a", n);
    }
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    *ret_n = n - 1;
    return s;
}

static const char *x = "https://o.test/x";

/* One at first; one more after as many deliveries as may go at once; never more than so many. */
static void test_grows(void **state)
{
    struct schedule_limits limits = wide();
    struct schedule *s = rig_new(&limits, "a", 0);
    struct schedule_report r;
    uint64_t n = 1;
    (void)state;
    limits.in_flight = 100;
    schedule_loaded(s);
    rig_tell(s, 1, 500);
    for (unsigned may = 1; may < 12; may++) {
        struct attempt out[8];
        unsigned now_may = may < 8 ? may : 8;
        for (unsigned i = 0; i < now_may; i++)
            out[i] = rig_sends(s, NOW, "a", n + i);
        rig_rests(s, NOW);
        schedule_report(s, &r);
        assert_int_equal(r.attempts, now_may);
        assert_string_equal(rig_state(s, "a"), "sending");
        for (unsigned i = 0; i < now_may; i++)
            rig_answer(s, &out[i], NOW, ERR_OK, 202);
        n += now_may;
    }
    schedule_free(&s);
}

/* Halved by trouble, once for what failed together; and one at a time until something arrives. */
static void test_shrinks(void **state)
{
    static const struct {
        enum err err;
        int status;
        bool behind;    /* it has to catch up first, one at a time; */
        unsigned after; /* so many may go then, of four to which it shrank and what it grew since */
    } table[] = {
        {ERR_OK, 429, true, 7},    {ERR_OK, 503, true, 7},  {ERR_TIMEOUT, 0, true, 7},
        {ERR_CONNECT, 0, true, 7}, {ERR_OK, 500, false, 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        uint64_t n;
        struct attempt out[8];
        struct schedule *s = grown(&n);
        rig_tell(s, n + 1, n + 16);
        for (unsigned k = 0; k < 8; k++)
            out[k] = rig_sends(s, NOW, "a", n + 1 + k);
        rig_rests(s, NOW);
        for (unsigned k = 0; k < 8; k++)
            rig_answer(s, &out[k], NOW, table[i].err, table[i].status);
        assert_string_equal(rig_state(s, "a"), "waiting");
        assert_int_equal(rig_cursor(s).health.failures, 1);
        int64_t now = schedule_wake(s);
        assert_in_range(now, NOW + 1, NOW + 1000);
        struct attempt probe = rig_sends(s, now, "a", n + 1);
        rig_rests(s, now);
        assert_int_equal(probe.failures, 1);
        rig_answer(s, &probe, now, ERR_OK, 202);
        uint64_t next = n + 2;
        for (; table[i].behind && next <= n + 16; next++) {
            struct attempt one = rig_sends(s, now, "a", next);
            rig_rests(s, now);
            rig_answer(s, &one, now, ERR_OK, 202);
        }
        rig_tell(s, n + 17, n + 100);
        for (unsigned k = 0; k < table[i].after; k++)
            out[k] = rig_sends(s, now, "a", next + k);
        rig_rests(s, now);
        for (unsigned k = 0; k < table[i].after; k++)
            rig_answer(s, &out[k], now, ERR_OK, 202);
        schedule_free(&s);
    }
}

/* What started before the host failed says nothing about it afterwards: no Retry-After is forgotten
 * for it. */
static void test_old_news(void **state)
{
    uint64_t n;
    struct schedule *s = grown(&n);
    struct judgement busy = {.verdict = VERDICT_LATER,
                             .why = ERR_REFUSED_BY_PEER,
                             .host_trouble = true,
                             .wait_ms = 60 * SECOND};
    (void)state;
    rig_tell(s, n + 1, n + 3);
    struct attempt a = rig_sends(s, NOW, "a", n + 1);
    struct attempt b = rig_sends(s, NOW, "a", n + 2);
    struct attempt c = rig_sends(s, NOW, "a", n + 3);
    schedule_outcome(s, &a, &busy, 429, NULL, NOW, 0);
    rig_answer(s, &b, NOW, ERR_OK, 202);
    assert_string_equal(rig_state(s, "a"), "waiting");
    assert_int_equal(schedule_wake(s), NOW + 60 * SECOND);
    busy.wait_ms = 90 * SECOND; /* but a longer one counts */
    schedule_outcome(s, &c, &busy, 429, NULL, NOW, 0);
    assert_int_equal(schedule_wake(s), NOW + 90 * SECOND);
    rig_rests(s, NOW + 89 * SECOND);
    rig_delivers(s, NOW + 90 * SECOND, "a", n + 1);
    rig_delivers(s, NOW + 90 * SECOND, "a", n + 3);
    schedule_free(&s);
}

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

/* While many attempts are under way, each host gets one at a time. */
static void test_beside_many(void **state)
{
    struct schedule_limits limits = wide();
    char host[16];
    (void)state;
    for (unsigned others = 9; others <= 10; others++) {
        limits.in_flight = 160; /* a sixteenth of it is few */
        struct schedule *s = rig_new(&limits, "a", 0);
        struct attempt out[10];
        struct attempt a[2];
        schedule_loaded(s);
        rig_tell(s, 1, 1);
        rig_delivers(s, NOW, "a", 1);
        rig_rests(s, NOW);
        for (unsigned i = 0; i + 1 < others; i++) {
            snprintf(host, sizeof(host), "h%u", i);
            schedule_control(s, 2 + i, rig_record(host, MEMBER_ACTIVE, 2 + i, 0), false);
        }
        rig_rests(s, NOW);
        rig_tell(s, 20, 20);
        a[0] = rig_sends(s, NOW, "a", 20);
        for (unsigned i = 0; i + 1 < others; i++)
            assert_true(schedule_next(s, NOW, &out[i]));
        rig_tell(s, 21, 21);
        if (others == 9)
            a[1] = rig_sends(s, NOW, "a", 21);
        rig_rests(s, NOW);
        for (unsigned i = 0; i + 1 < others; i++)
            rig_answer(s, &out[i], NOW, ERR_OK, 202);
        rig_answer(s, &a[0], NOW, ERR_OK, 202);
        if (others == 9)
            rig_answer(s, &a[1], NOW, ERR_OK, 202);
        schedule_free(&s);
    }
}

/* Who reads pages gets one at a time. */
static void test_catching_up(void **state)
{
    struct schedule_limits limits = wide();
    struct schedule *s;
    struct cursor own = {.low = 10, .urgent = 10};
    (void)state;
    limits.window = 4;
    s = rig_new(&limits, "a", 50);
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_rests(s, NOW);
    rig_page(s, 10, 50, 0);
    for (uint64_t n = 11; n <= 50; n++) {
        struct attempt a = rig_sends(s, NOW, "a", n);
        rig_rests(s, NOW);
        rig_answer(s, &a, NOW, ERR_OK, 202);
    }
    rig_tell(s, 51, 54);
    struct attempt out[4];
    for (unsigned i = 0; i < 4; i++)
        out[i] = rig_sends(s, NOW, "a", 51 + i);
    for (unsigned i = 0; i < 4; i++)
        rig_answer(s, &out[i], NOW, ERR_OK, 202);
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
        cmocka_unit_test(test_grows),       cmocka_unit_test(test_shrinks),
        cmocka_unit_test(test_old_news),    cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_object),      cmocka_unit_test(test_object_aside),
        cmocka_unit_test(test_asides),      cmocka_unit_test(test_bound),
        cmocka_unit_test(test_slots),       cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_beside_many), cmocka_unit_test(test_mail),
        cmocka_unit_test(test_leaves),      cmocka_unit_test(test_cut_around),
        cmocka_unit_test(test_retry_ahead),
    };
    return cmocka_run_group_tests_name("schedule_ahead", tests, NULL, NULL);
}
