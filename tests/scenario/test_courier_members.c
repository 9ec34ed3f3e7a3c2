/* The courier: what membership means for what is sent. */

#include "tests/scenario/courier_rig.h"
#include "tests/scenario/world.h"

static void test_leaves_with_a_backlog(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    peer_away(&many[1], true);
    uint64_t n = world_post(&w, 1);
    post(&w, 2, 3);
    fake_run(MINUTE);
    struct member *with = mem_new(sizeof(*with));
    world_brings(&many[1], with);
    assert_int_equal(world_event(&w, &many[1], EVENT_UNDO, with), ERR_OK);
    free(with);
    fake_run(SECOND);
    for (uint64_t i = n; i < n + 3; i++) {
        assert_non_null(fake_record(w.context.store, i, many[1].host));
        assert_int_equal(strncmp(fake_record(w.context.store, i, many[1].host), "cut ", 4), 0);
    }
    assert_null(fake_record(w.context.store, n, many[0].host)); /* the twin: who stays */
    peer_away(&many[1], false);
    post(&w, 4, 4);
    fake_run(2 * HOUR);
    assert_int_equal(peer_took(&many[1], NULL, 0, true), 0);
    world_member(&w, &many[1]);
    post(&w, 5, 6);
    fake_run(SECOND);
    assert_true(peer_has(&many[1], 5, 6));
    assert_true(peer_has(&many[0], 1, 6));
    end(&w, 2);
}

static void suspended_for_a_while(bool suspend, bool restart)
{
    static const unsigned held[] = {1, 2, 3, 7};
    unsigned has[8];
    struct world w;
    begin(&w, 2);
    peer_away(&many[1], true);
    post(&w, 1, 3);
    fake_run(MINUTE);
    if (suspend)
        assert_int_equal(world_event(&w, &many[1], EVENT_SUSPEND, NULL), ERR_OK);
    post(&w, 4, 6);
    if (restart)
        world_courier_dies(&w);
    if (suspend)
        peer_away(&many[1], false);
    fake_run(3 * HOUR);
    assert_int_equal(peer_took(&many[1], has, 8, true), 0);
    if (suspend)
        assert_int_equal(world_event(&w, &many[1], EVENT_RESUME, NULL), ERR_OK);
    peer_away(&many[1], false);
    if (restart)
        world_courier_dies(&w);
    post(&w, 7, 7);
    fake_run(2 * HOUR);
    if (suspend) {
        assert_int_equal(peer_took(&many[1], has, 8, true), 4);
        assert_memory_equal(has, held, sizeof(held));
    } else {
        assert_true(peer_has(&many[1], 1, 7));
    }
    assert_true(peer_has(&many[0], 1, 7));
    end(&w, 2);
}

static void test_suspend_holds_and_resume_sends_what_was_owed(void **state)
{
    (void)state;
    suspended_for_a_while(true, false);
    suspended_for_a_while(true, true);
    suspended_for_a_while(false, false);
}

static void test_join_in_the_middle(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    post(&w, 1, 3);
    peer_init(&many[1], "late", true);
    world_member(&w, &many[1]);
    post(&w, 4, 6);
    fake_run(SECOND);
    assert_true(peer_has(&many[1], 4, 6));
    assert_true(peer_has(&many[0], 1, 6));
    end(&w, 2);
}

/* The same where the courier learns of it all at once, from the beginning; and the twin: were spans
 * not what they are, the member would get what was never its. */
static void joins_before_the_courier_starts(enum fake_lie lie, unsigned first)
{
    struct world w;
    world_init(&w, 8);
    peer_init(&many[0], "late", true);
    post(&w, 1, 3);
    fake_lie(lie);
    world_member(&w, &many[0]);
    post(&w, 4, 6);
    world_courier(&w);
    fake_run(2 * SECOND);
    assert_true(peer_has(&many[0], first, 6));
    end(&w, 1);
}

static void test_join_before_the_courier_starts(void **state)
{
    (void)state;
    joins_before_the_courier_starts(LIE_NONE, 4);
    joins_before_the_courier_starts(LIE_EVER_MEMBER, 1);
}

/* Direct mail goes ahead of entries, and the Accept comes before the first of them. */
static void test_accept_comes_first(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    peer_init(&many[0], "new", true);
    peer_next(&many[0], (struct fake_answer){.status = 503});
    world_member(&w, &many[0]);
    post(&w, 1, 2);
    fake_run(MINUTE);
    assert_int_equal(many[0].got_n, 4);
    assert_true(many[0].got[0].direct);
    assert_true(many[0].got[1].direct);
    assert_true(peer_has(&many[0], 1, 2));
    end(&w, 1);
}

/* Who is removed is told so, and gets nothing else. */
static void test_removed_with_a_backlog(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    peer_away(&many[0], true);
    uint64_t n = world_post(&w, 1);
    fake_run(MINUTE);
    assert_int_equal(world_event(&w, &many[0], EVENT_REMOVE, NULL), ERR_OK);
    peer_away(&many[0], false);
    post(&w, 2, 2);
    fake_run(2 * HOUR);
    assert_int_equal(many[0].got_n, 2);
    assert_non_null(strstr(many[0].got[1].body, "\"Reject\""));
    assert_string_equal(fake_record(w.context.store, n, many[0].host), "cut removed");
    assert_int_equal(fake_mail(w.context.store), 0);
    end(&w, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves_with_a_backlog),
        cmocka_unit_test(test_suspend_holds_and_resume_sends_what_was_owed),
        cmocka_unit_test(test_join_in_the_middle),
        cmocka_unit_test(test_join_before_the_courier_starts),
        cmocka_unit_test(test_accept_comes_first),
        cmocka_unit_test(test_removed_with_a_backlog),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
