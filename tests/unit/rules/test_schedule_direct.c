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
    assert_string_equal(rig_commit(s, NOW),
                        "all 0; own a 0 shut; fail a 1 refused-by-peer; mail 1-1");
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
        assert_int_equal(a.tries, i + 1);
        assert_int_equal(a.slot, SLOT_MAIL);
        assert_int_equal(a.age_ms, now - NOW);
        rig_answer(s, &a, now, ERR_OK, 424);
        rig_rests(s, now);
        now = schedule_wake(s);
    }
    now = NOW + 7 * 24 * (int64_t)HOUR;
    struct attempt a = rig_sends(s, now, "a", 1);
    rig_answer(s, &a, now, ERR_CONNECT, 0);
    assert_string_equal(rig_commit(s, now),
                        "all 0; own a 0 failures 1 shut; fail a 1 too-old; mail 1-1; down a");
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

/* An Accept that fails by itself holds up the entries, and what else is to go to its inbox; mail
 * that is no Accept holds up nothing but that. The host is in no back-off. */
static void test_own_trouble(void **state)
{
    static const char *const kinds[] = {"accept", "reject"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 2);
        rig_mail_of(s, "a", 3, kinds[i], "http://a/x");
        rig_mail_of(s, "a", 4, "undo", "http://a/x");
        rig_mail_of(s, "a", 5, "undo", "http://a/y");
        struct attempt a = rig_sends(s, NOW, "a", 3);
        rig_answer(s, &a, NOW, ERR_OK, 500);
        rig_delivers(s, NOW, "a", 5);
        if (i == 0) {
            rig_rests(s, NOW);
            assert_string_equal(rig_state(s, "a"), "waiting");
        } else {
            rig_delivers(s, NOW, "a", 1);
            rig_delivers(s, NOW, "a", 2);
            rig_rests(s, NOW);
            assert_string_equal(rig_state(s, "a"), "idle");
            rig_tell(s, 6, 6);
            rig_delivers(s, NOW, "a", 6);
            rig_rests(s, NOW);
        }
        assert_in_range(schedule_wake(s), NOW + 999, NOW + 1000);
        int64_t now = schedule_wake(s);
        a = rig_sends(s, now, "a", 3);
        assert_int_equal(a.failures, 0);
        rig_answer(s, &a, now, ERR_OK, 500);
        rig_rests(s, now);
        assert_in_range(schedule_wake(s), now + 1999, now + 2000); /* doubling */
        now = schedule_wake(s);
        rig_delivers(s, now, "a", 3);
        rig_delivers(s, now, "a", 4);
        if (i == 0)
            rig_delivers(s, now, "a", 1);
        schedule_free(&s);
    }
}

/* What the host is to blame for stops all of it. */
static void test_host_trouble(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 1);
    rig_mail_of(s, "a", 3, "reject", "http://a/x");
    rig_mail_of(s, "a", 4, "reject", "http://a/y");
    struct attempt a = rig_sends(s, NOW, "a", 3);
    rig_answer(s, &a, NOW, ERR_CONNECT, 0);
    rig_rests(s, NOW);
    rig_delivers(s, schedule_wake(s), "a", 3);
    schedule_free(&s);
}

/* Our own Follow, which is not taken, does not hold up the Accept of theirs; but what is said about
 * it later waits for it. */
static void test_accept_before_follow(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_mail_of(s, "a", 1, "follow", "http://a/x");
    struct attempt a = rig_sends(s, NOW, "a", 1);
    rig_answer(s, &a, NOW, ERR_OK, 500);
    rig_mail_of(s, "a", 2, "undo", "http://a/x");
    rig_mail_of(s, "a", 3, "accept", "http://a/x");
    rig_rests(s, NOW); /* the Accept is behind the Undo */
    rig_delivers(s, NOW + SECOND, "a", 1);
    rig_delivers(s, NOW + SECOND, "a", 2);
    rig_mail_of(s, "a", 4, "follow", "http://a/x");
    rig_delivers(s, NOW + SECOND, "a", 3);
    a = rig_sends(s, NOW + SECOND, "a", 4);
    rig_answer(s, &a, NOW + SECOND, ERR_OK, 500);
    rig_mail_of(s, "a", 5, "accept", "http://a/x");
    rig_delivers(s, NOW + SECOND, "a", 5);
    schedule_free(&s);
}

/* Its Accept was refused for good: nothing is sent until its next control entry, also after a
 * restart, and although that reads the control entries of before again. */
static void test_shut(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_mail(s, "a", 2);
    struct attempt a = rig_sends(s, NOW, "a", 2);
    rig_answer(s, &a, NOW, ERR_OK, 403);
    rig_tell(s, 3, 3);
    int64_t now = NOW + HOUR;
    a = rig_sends(s, now, "a", 2);
    rig_answer(s, &a, now, ERR_OK, 410);
    struct delta delta;
    assert_string_equal(rig_delta(s, now, &delta),
                        "all 3; own a 0 shut; fail a 2 refused-by-peer; mail 1-2");
    struct cursor own;
    cursor_copy(&delta.list[1].cursor, &own);
    schedule_committed(s, &delta);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "held");
    rig_mail_of(s, "a", 4, "reject", "http://a/x");
    rig_delivers(s, now, "a", 4);
    schedule_free(&s);

    s = rig_new(&rig_limits, "a", 0);
    schedule_load_cursor(s, SPAN("a"), &own);
    cursor_fini(&own);
    schedule_loaded(s);
    schedule_control(s, 1, rig_record("a", MEMBER_ACTIVE, 0, 0), false);
    rig_tell(s, 3, 3);
    rig_rests(s, now);
    schedule_control(s, 5, rig_record("a", MEMBER_ACTIVE, 0, 0), false);
    rig_delivers(s, now, "a", 3);
    schedule_free(&s);
}

/* An Accept that is refused after its host was heard of again, or took another one, means nothing;
 * and one that is taken later opens again. */
static void test_shut_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct schedule *s = rig_started("a", 0);
        rig_mail_of(s, "a", 2, "accept", "http://a/x");
        struct attempt a = rig_sends(s, NOW, "a", 2);
        if (i == 0)
            schedule_control(s, 3, rig_record("a", MEMBER_ACTIVE, 0, 0), false);
        if (i == 1) {
            rig_answer(s, &a, NOW, ERR_OK, 500);
            rig_mail_of(s, "a", 4, "accept", "http://a/y");
            rig_delivers(s, NOW, "a", 4);
            a = rig_sends(s, NOW + HOUR, "a", 2);
        }
        rig_answer(s, &a, NOW + HOUR, ERR_OK, 410);
        rig_tell(s, 5, 5);
        rig_commit(s, NOW + HOUR);
        if (i == 2) {
            rig_rests(s, NOW + HOUR);
            rig_mail_of(s, "a", 6, "accept", "http://a/y");
            rig_delivers(s, NOW + HOUR, "a", 6);
        }
        rig_delivers(s, NOW + HOUR, "a", 5);
        schedule_free(&s);
    }
}

/* It stays shut after a restart, whatever is set aside, and in whichever order all is loaded. */
static void test_shut_comes_back(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct schedule *s = schedule_new(&rig_limits);
        struct cursor_aside aside = {.n = 9};
        struct cursor own = {.low = 9, .urgent = 9, .shut = 5, .aside = &aside, .aside_n = 1};
        schedule_load_shard(s, 0, 9, 9);
        if (first)
            schedule_load_member(s, rig_record("a", MEMBER_ACTIVE, 0, 0));
        schedule_load_cursor(s, SPAN("a"), &own);
        if (!first)
            schedule_load_member(s, rig_record("a", MEMBER_ACTIVE, 0, 0));
        schedule_loaded(s);
        rig_tell(s, 10, 10);
        rig_rests(s, NOW);
        assert_string_equal(rig_state(s, "a"), "held");
        schedule_control(s, 11, rig_record("a", MEMBER_ACTIVE, 0, 0), false);
        rig_rests(s, NOW);
        assert_string_equal(rig_state(s, "a"), "reading");
        schedule_free(&s);
    }
}

/* Where others of the host follow too, they are not to suffer for it. */
static void test_shut_alone(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    m->followers_n = 2;
    schedule_control(s, 1, m, false);
    rig_mail(s, "a", 2);
    rig_tell(s, 3, 3);
    struct attempt a = rig_sends(s, NOW, "a", 2);
    rig_answer(s, &a, NOW, ERR_OK, 410);
    rig_commit(s, NOW);
    rig_delivers(s, NOW, "a", 3);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead_of_entries),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_suspended_and_gone),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_patience_and_age),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_inbox_of_today),
        cmocka_unit_test(test_own_trouble),
        cmocka_unit_test(test_host_trouble),
        cmocka_unit_test(test_accept_before_follow),
        cmocka_unit_test(test_shut),
        cmocka_unit_test(test_shut_no_more),
        cmocka_unit_test(test_shut_comes_back),
        cmocka_unit_test(test_shut_alone),
    };
    return cmocka_run_group_tests_name("schedule_direct", tests, NULL, NULL);
}
