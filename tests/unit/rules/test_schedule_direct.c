/* schedule: direct mail: ahead of everything, in order, bounded, also for who is no member. */
#include "schedule_rig.h"

static void test_ahead_of_entries(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_mail(s, "a", 3);
    rig_mail(s, "a", 4);
    rig_rests(s, NOW); /* one at a time */
    rig_answer(s, &a, NOW, ERR_OK, 202);
    a = rig_sends(s, NOW, "a", 3);
    assert_null(a.entry);
    assert_string_equal(a.inbox, "http://mail.test/inbox");
    assert_true(span_eq_str(a.direct->kind, "accept"));
    assert_true(span_eq_str(a.direct->body, "{}"));
    assert_string_equal(a.zone, "red");
    assert_string_equal(rig_commit(s, NOW),
                        "all 2; own a 1"); /* not settled before it is answered */
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 4);
    rig_delivers(s, NOW, "a", 2);
    assert_string_equal(rig_commit(s, NOW), "all 2; follow a; mail 1-3; mail 1-4");
    schedule_free(&s);
}

/* Who is no member gets its mail, and is forgotten. */
static void test_stranger(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_mail(s, "stranger", 1);
    struct attempt a = rig_sends(s, NOW, "stranger", 1);
    assert_string_equal(a.zone, "");
    rig_answer(s, &a, NOW, ERR_OK, 503);
    assert_string_equal(rig_state(s, "stranger"), "waiting");
    assert_string_equal(rig_commit(s, NOW), "all 0; down stranger");
    rig_delivers(s, schedule_wake(s), "stranger", 1);
    assert_string_equal(rig_state(s, "stranger"), "unknown");
    assert_string_equal(rig_commit(s, NOW), "all 0; mail 1-1; up stranger");
    rig_mail(s, "", 2);
    char long_name[MEMBER_HOST_SIZE + 1];
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    rig_mail(s, long_name, 3);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* A Reject goes out although its member gets nothing else any more. */
static void test_suspended_and_gone(void **state)
{
    static const enum member_state states[] = {MEMBER_SUSPENDED, MEMBER_REMOVED};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 1);
        schedule_control(s, 2, rig_record("a", states[i], 0, 2), states[i] == MEMBER_REMOVED);
        rig_mail(s, "a", 3);
        rig_delivers(s, NOW, "a", 3);
        rig_rests(s, NOW);
        assert_string_equal(rig_state(s, "a"), "held");
        schedule_free(&s);
    }
}

/* Refused for good: recorded, and what follows waits for that. */
static void test_refused(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_mail(s, "a", 1);
    rig_mail(s, "a", 2);
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_OK, 410);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "settling");
    assert_string_equal(rig_commit(s, NOW), "all 0; fail a 1 refused-by-peer; mail 1-1");
    rig_delivers(s, NOW, "a", 2);
    schedule_free(&s);
}

static void test_patience_and_age(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_mail(s, "a", 1);
    int64_t now = NOW;
    for (unsigned i = 0; i < 4; i++) {
        struct attempt a = rig_sends(s, now, "a", 1);
        assert_int_equal(a.past.tries, i);
        assert_int_equal(a.age_ms, now - NOW);
        rig_answer(s, &a, now, ERR_OK, 424);
        now = schedule_wake(s);
    }
    now = NOW + 7 * 24 * (int64_t)HOUR;
    struct attempt a = rig_sends(s, now, "a", 1);
    rig_answer(s, &a, now, ERR_CONNECT, 0);
    assert_string_equal(rig_commit(s, now), "all 0; own a 0 failures 5; down a; fail a 1 too-old; "
                                            "mail 1-1");
    schedule_free(&s);
}

/* No more than so many for one host: the oldest is given up, but never the one that is on its way.
 */
static void test_bound(void **state)
{
    (void)state;
    for (int flying = 0; flying < 3; flying++) {
        struct schedule *s = rig_started("a", 0);
        struct attempt a = {0};
        rig_tell(s, 1, 1);
        if (flying == 1) /* an entry */
            a = rig_sends(s, NOW, "a", 1);
        for (uint64_t n = 1; n <= SCHEDULE_DIRECTS_MAX; n++)
            rig_mail(s, "a", 100 + n);
        if (flying == 2)
            a = rig_sends(s, NOW, "a", 101);
        rig_mail(s, "a", 200);
        const char *lost = flying == 2 ? "102" : "101";
        char text[64];
        snprintf(text, sizeof(text), "all 0; fail a %s rate; mail 1-%s", lost, lost);
        assert_string_equal(rig_commit(s, NOW), text);
        if (flying)
            rig_answer(s, &a, NOW, ERR_OK, 202);
        for (uint64_t n = flying == 2 ? 103 : 102; n <= 100 + SCHEDULE_DIRECTS_MAX; n++)
            rig_delivers(s, NOW, "a", n);
        rig_delivers(s, NOW, "a", 200);
        schedule_free(&s);
    }
}

/* The inbox of today is used for entries, that of the letter for letters. */
static void test_inbox_of_today(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    snprintf(m->inboxes[0].url, sizeof(m->inboxes[0].url), "http://a/new");
    schedule_control(s, 1, m, false);
    rig_tell(s, 2, 2);
    struct attempt a = rig_sends(s, NOW, "a", 2);
    assert_string_equal(a.inbox, "http://a/new");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead_of_entries),   cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_suspended_and_gone), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_patience_and_age),   cmocka_unit_test(test_bound),
        cmocka_unit_test(test_inbox_of_today),
    };
    return cmocka_run_group_tests_name("schedule_direct", tests, NULL, NULL);
}
