/* schedule: what becomes of entries that are set aside when something ends. */

#include "schedule_rig.h"

/* What was trimmed meanwhile, or is no entry: said. */
static void test_gone(void **state)
{
    (void)state;
    for (int trimmed = 0; trimmed < 2; trimmed++) {
        struct schedule *s = rig_new(&rig_limits, "a", 3);
        struct cursor_aside aside = {.n = 2, .tried = {.tries = 3}};
        struct cursor own = {.low = 3, .urgent = 3, .aside = &aside, .aside_n = 1};
        uint64_t after;
        schedule_load_cursor(s, SPAN("a"), &own);
        schedule_loaded(s);
        rig_rests(s, NOW);
        assert_true(rig_wants(s, &after));
        if (trimmed)
            rig_page(s, 1, 3, 2);
        else
            schedule_page(s, LANE_NORMAL, 1, 3, NULL, 0, 0);
        rig_rests(s, NOW);
        assert_false(rig_wants(s, &after)); /* nor is it in the other lane */
        assert_string_equal(rig_commit(s, NOW), "all 3; follow a; cut a 1-2 gap");
        schedule_free(&s);
    }
}

/* Its right, or its inbox, ends while it waits. */
static void test_ends(void **state)
{
    static const char *const said[] = {
        "all 2; own a 2 failures 2; down a; skip a 1 no-right",      /* another zone */
        "all 2; down a; cut a 1-2 not-member; cut a 0-1 not-member", /* it left */
        "all 2; own a 2 failures 2; down a; cut a 0-1 not-member",   /* the inbox alone */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 1);
        int64_t now = rig_set_aside(s, NOW, 1);
        struct member *m = rig_record("a", i == 1 ? MEMBER_LEFT : MEMBER_ACTIVE, 0, i == 1 ? 2 : 0);
        if (i == 0)
            snprintf(m->zone, sizeof(m->zone), "blue");
        if (i == 2) {
            rig_inbox(m, 1, "x", STYLE_PUBLIC, 2);
            rig_inbox(m, 0, NULL, STYLE_PUBLIC, 2);
        }
        schedule_control(s, 2, m, i == 1);
        now += MIN;
        rig_rests(s, now);
        assert_string_equal(rig_commit(s, now), said[i]);
        assert_true(schedule_wake(s) == INT64_MAX);
        schedule_free(&s);
    }
}

/* A skip is saved before what follows goes, here too. */
static void test_skip_settles(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct entry facts = {.n = 2,
                          .at_ms = NOW,
                          .facts = {.type = ACTIVITY_CREATE},
                          .audience = SPAN("red,blue"),
                          .origin = SPAN("origin.test"),
                          .object = SPAN("https://o.test/x")};
    struct entry *e = entry_new(&facts);
    rig_tell_of(s, 1, "https://o.test/x");
    schedule_entry(s, e);
    entry_unref(&e);
    int64_t now = rig_set_aside(s, NOW, 1) + HOUR;
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    snprintf(m->zone, sizeof(m->zone), "blue");
    schedule_control(s, 4, m, false);
    rig_rests(s, now);
    assert_non_null(strstr(rig_commit(s, now), "skip a 1 no-right"));
    rig_delivers(s, now, "a", 2);
    schedule_free(&s);
}

/* The inbox changes its style, and nothing would be believed there any more. */
static void test_no_form(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_proved_update(s, 1);
    int64_t now = rig_set_aside(s, NOW, 1) + MIN;
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    m->inboxes[0].style = STYLE_LITEPUB;
    schedule_control(s, 2, m, false);
    rig_rests(s, now);
    assert_non_null(strstr(rig_commit(s, now), "skip a 1 no-form"));
    schedule_free(&s);
}

/* However often it failed by itself before: trouble of the host is no reason to set it aside. */
static void test_last_straw(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell(s, 1, 2);
    int64_t now = rig_set_aside(s, NOW, 1);
    for (int i = 0; i < 3; i++) {
        rig_answers(s, now, 2, ERR_OK, 500);
        now = schedule_wake(s);
    }
    rig_mail(s, "a", 3);
    rig_delivers(s, now, "a", 3); /* it lives, after all */
    rig_answers(s, now, 2, ERR_OK, 503);
    assert_int_equal(rig_cursor(s).aside_n, 1);
    assert_string_equal(rig_state(s, "a"), "waiting");
    now = schedule_wake(s);
    rig_answers(s, now, 2, ERR_OK, 500);
    assert_int_equal(rig_cursor(s).aside_n, 2);
    schedule_free(&s);
}

/* A start after it was suspended and removed, which is still to be told: what is set aside is not
 * forgotten before. */
static void test_removed_unheard(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct cursor_aside aside = {.n = 1, .tried = {.tries = 3}};
    struct cursor own = {.low = 3, .urgent = 3, .aside = &aside, .aside_n = 1};
    struct member *m = rig_record("a", MEMBER_REMOVED, 0, 2);
    schedule_load_shard(s, 0, 3, 3);
    schedule_load_member(s, m);
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_tell(s, 4, 4);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 4");
    schedule_control(s, 5, m, true);
    assert_string_equal(rig_commit(s, NOW), "all 5; follow a; cut a 0-1 removed");
    schedule_free(&s);
}

/* Cut while it is on its way: what comes of it changes nothing any more. */
static void test_cut_in_flight(void **state)
{
    static const int statuses[] = {202, 500, 410};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell(s, 1, 1);
        int64_t now = rig_set_aside(s, NOW, 1) + MIN;
        struct attempt a = rig_sends(s, now, "a", 1);
        schedule_control(s, 2, rig_record("a", MEMBER_LEFT, 0, 2), true);
        rig_answer(s, &a, now, ERR_OK, statuses[i]);
        const char *said = rig_commit(s, now);
        assert_non_null(strstr(said, "cut a 0-1 not-member"));
        assert_null(strstr(said, "fail"));
        assert_null(strstr(said, "late"));
        schedule_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gone),          cmocka_unit_test(test_ends),
        cmocka_unit_test(test_skip_settles),  cmocka_unit_test(test_no_form),
        cmocka_unit_test(test_last_straw),    cmocka_unit_test(test_removed_unheard),
        cmocka_unit_test(test_cut_in_flight),
    };
    return cmocka_run_group_tests_name("schedule_aside", tests, NULL, NULL);
}
