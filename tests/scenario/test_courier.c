/* The courier with a healthy store: order, bounds, commits and outages. */

#include "tests/scenario/courier_rig.h"
#include "tests/scenario/world.h"

/* --- order and bounds ------------------------------------------------------------------------ */

static void test_order_and_one_at_a_time(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    for (unsigned i = 0; i < 60; i++) /* slow and quick, well and not */
        peer_next(&many[1], (struct fake_answer){.status = i % 7 == 3 ? 500 : 202,
                                                 .delay_ms = (i * 37) % 101});
    post(&w, 1, 15);
    fake_run(40);
    post(&w, 16, 30);
    fake_run(HOUR);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(peer_has(&many[i], 1, 30));
        assert_int_equal(many[i].busy_most, 1);
        for (unsigned k = 1; k <= 30; k++)
            assert_int_equal(peer_times(&many[i], k), 1);
    }
    /* The twin: a journal that loses lines is seen to. */
    fake_lie(LIE_JOURNAL_LOSES);
    post(&w, 31, 40);
    fake_run(HOUR);
    assert_false(peer_has(&many[0], 1, 40));
    end(&w, 3);
}

/* As many at one host as the setting says, once it has shown that it bears it; and nothing is lost,
 * or sent twice, whatever order the answers come in. */
static unsigned most_at_one_host(int64_t window)
{
    struct world w;
    begin(&w, 2);
    w.context.config->set.delivery_window = window;
    world_courier_dies(&w);
    fake_run(SECOND);
    post(&w, 1, 60);
    fake_run(HOUR);
    for (unsigned i = 0; i < 60; i++)
        peer_next(&many[1], (struct fake_answer){.status = i % 17 == 3 ? 500 : 202,
                                                 .delay_ms = (i * 37) % 101});
    post(&w, 61, 120);
    fake_run(2 * HOUR);
    for (unsigned k = 1; k <= 120; k++)
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(peer_times(&many[i], k), 1);
    assert_int_equal(many[0].busy_most, many[1].busy_most);
    assert_int_equal(fake_records(w.context.store), 0);
    unsigned most = many[0].busy_most;
    end(&w, 2);
    return most;
}

static void test_window(void **state)
{
    (void)state;
    assert_int_equal(most_at_one_host(1), 1);
    assert_int_equal(most_at_one_host(3), 3);
    assert_int_equal(most_at_one_host(8), 8);
}

static size_t most_at_once(int64_t in_flight)
{
    struct world w;
    world_init(&w, 6);
    world_fini(&w);
    begin(&w, MANY);
    w.context.config->set.delivery_in_flight = in_flight;
    world_courier_dies(&w);
    fake_run(SECOND);
    for (unsigned i = 0; i < MANY; i++)
        many[i].answers.delay_ms = SECOND;
    size_t most = 0;
    size_t burst = 0;
    post(&w, 1, 1);
    for (int64_t until = fake_now() + MINUTE; fake_now() < until;) {
        size_t before = fake_calls();
        fake_step(until);
        size_t started = fake_calls() > before ? fake_calls() - before : 0;
        burst = started > burst ? started : burst;
        most = fake_calls() > most ? fake_calls() : most;
    }
    assert_in_range(burst, 1, 16);
    assert_int_equal(burst, in_flight < 16 ? (size_t)in_flight : 16);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(peer_times(&many[i], 1), 1);
    end(&w, MANY);
    return most;
}

static void test_bounds_on_what_is_in_flight(void **state)
{
    (void)state;
    assert_int_equal(most_at_once(8), 8);
    assert_int_equal(most_at_once(1024), MANY);
}

/* It dies while half of a burst is on its way and the other half is due in the next turn. */
static void test_dies_in_a_burst(void **state)
{
    (void)state;
    struct world w;
    begin(&w, MANY);
    post(&w, 1, 1);
    while (fake_calls() < 16)
        assert_true(fake_step(fake_now() + SECOND));
    world_courier_dies(&w);
    fake_run(MINUTE);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(peer_has(&many[i], 1, 1));
    end(&w, MANY);
}

/* --- commits --------------------------------------------------------------------------------- */

/* The longest time from an answer to its commit. */
static int64_t commit_lag(struct world *w)
{
    int64_t worst = 0;
    for (unsigned k = 1; k <= 20; k++) {
        uint64_t n = world_post(w, k);
        while (peer_times(&many[0], k) == 0)
            assert_true(fake_step(fake_now() + MINUTE));
        int64_t answered = many[0].got[many[0].got_n - 1].at_ms + 20;
        while (fake_cursor(w->context.store, many[0].host).low < n)
            assert_true(fake_step(fake_now() + MINUTE));
        worst = fake_now() - answered > worst ? fake_now() - answered : worst;
        fake_run(13 * k);
    }
    return worst;
}

static void test_commit_soon(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    assert_in_range(commit_lag(&w), 0, 6); /* 3 ms in which others may come, and to the store */
    /* The twin: the measure sees a slower one. */
    fake_fault(OP_COMMIT, FAULT_LOST, 5, 1);
    assert_true(commit_lag(&w) > 300);
    end(&w, 1);
}

/* Some posts, one after the other in so long, whose answers come so far apart: how many commits
 * there are until the last was written. */
static unsigned commits_of(unsigned posts, int64_t apart_ms, int64_t each_ms)
{
    struct world w;
    uint64_t n = 0;
    begin(&w, MANY);
    for (unsigned k = 0; k < posts; k++)
        for (unsigned i = 0; i < MANY; i++)
            peer_next(&many[i], (struct fake_answer){.status = 202,
                                                     .delay_ms = k ? each_ms : 20 + i * apart_ms});
    unsigned before = fake_commits(w.context.store);
    for (unsigned k = 1; k <= posts; k++)
        n = world_post(&w, k);
    for (unsigned i = 0; i < MANY; i++)
        while (fake_cursor(w.context.store, many[i].host).low < n)
            assert_true(fake_step(fake_now() + MINUTE));
    unsigned commits = fake_commits(w.context.store) - before;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(peer_times(&many[i], 1), 1);
    end(&w, MANY);
    return commits;
}

/* Early where there are few; eight in a row, then one in 60 ms; and in 100 ms where much is sent,
 * which a burst now and then is not. */
static void test_commits_are_gathered(void **state)
{
    (void)state;
    assert_in_range(commits_of(1, 0, 0), 1, 3);
    assert_in_range(commits_of(1, 2, 80), 6, 11);    /* 80 ms */
    assert_in_range(commits_of(1, 8, 320), 10, 16);  /* 320 ms */
    assert_in_range(commits_of(1, 20, 800), 16, 24); /* 800 ms; each by itself would be 40 */
    assert_in_range(commits_of(20, 2, 80), 16, 31);  /* 1600 ms; one in 60 ms would be 34 */
    assert_in_range(commits_of(10, 1, 250), 40, 60); /* 2500 ms; one in 100 ms would be 25 */
    assert_in_range(commits_of(10, 0, 250), 10, 30); /* each burst at once */
}

/* What begins while a commit is not answered: how much of five posts for many. */
static size_t begun_unwritten(bool answered)
{
    struct world w;
    size_t sent = 0;
    begin(&w, MANY);
    fake_fault(OP_COMMIT, answered ? FAULT_NONE : FAULT_UNANSWERED, 0, 1);
    post(&w, 1, 5);
    fake_run(SECOND);
    for (unsigned i = 0; i < MANY; i++)
        for (unsigned k = 1; k <= 5; k++)
            sent += peer_times(&many[i], k);
    fake_run(MINUTE);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(peer_has(&many[i], 1, 5));
    end(&w, MANY);
    return sent;
}

static void test_few_begin_while_a_commit_hangs(void **state)
{
    (void)state;
    assert_in_range(begun_unwritten(false), 64, 64 + MANY); /* and what came before it went out */
    assert_int_equal(begun_unwritten(true), 5 * MANY);
}

static size_t steps_of(int64_t ms)
{
    size_t n = 0;
    for (int64_t until = fake_now() + ms; fake_step(until);)
        n++;
    return n;
}

/* Where nothing happens, nothing runs but the gauges, each second, and the beat of the lease: a
 * timer, a call and its answer, twice as often. */
static void test_idle(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    post(&w, 1, 5);
    fake_run(10 * SECOND);
    assert_in_range(steps_of(MINUTE), 7 * 59, 7 * 61);
    post(&w, 6, 6); /* the twin: what happens is seen, and is over soon */
    assert_true(steps_of(MINUTE) > 7 * 61);
    assert_in_range(steps_of(MINUTE), 7 * 59, 7 * 61);
    end(&w, 2);
}

/* What was committed is not sent again, nor is what was answered and is still known; what a courier
 * had to forget is, and once. */
static void commit_fails(enum fake_fault fault, size_t times_after)
{
    struct world w;
    begin(&w, 2);
    post(&w, 1, 5);
    fake_run(2 * SECOND);
    fake_fault(OP_COMMIT, fault, 0, 1);
    post(&w, 6, 7);
    fake_run(10 * SECOND);
    assert_int_equal(fake_logged("courier", "starts over", NULL), times_after - 1);
    assert_int_equal(fake_logged("courier", "waits for Redis", NULL), 2 - times_after);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(peer_has(&many[i], 1, 7));
        for (unsigned k = 1; k <= 5; k++)
            assert_int_equal(peer_times(&many[i], k), 1);
        assert_int_equal(peer_times(&many[i], 6), times_after);
    }
    post(&w, 8, 9);
    fake_run(SECOND);
    assert_true(peer_has(&many[0], 1, 9));
    assert_int_equal(peer_times(&many[0], 9), 1);
    end(&w, 2);
}

static void test_commit_is_lost(void **state)
{
    (void)state;
    commit_fails(FAULT_LOST, 1);       /* it is sent again */
    commit_fails(FAULT_UNANSWERED, 1); /* it was written, and that is found out */
    commit_fails(FAULT_REFUSED, 2);    /* nobody knows why: all is loaded anew */
}

static void fenced(enum fake_lie lie, unsigned notices)
{
    struct world w;
    begin(&w, 1);
    post(&w, 1, 3);
    fake_run(2 * SECOND);
    fake_lie(lie);
    fake_steal(w.context.store);
    post(&w, 4, 5);
    fake_run(MINUTE);
    assert_int_equal(fake_logged("courier", "another courier owns", NULL), notices);
    assert_true(peer_has(&many[0], 1, 5));
    for (unsigned k = 1; k <= 3; k++)
        assert_int_equal(peer_times(&many[0], k), 1);
    assert_int_equal(peer_times(&many[0], 5), 1 + notices);
    end(&w, 1);
}

static void test_fenced(void **state)
{
    (void)state;
    fenced(LIE_NONE, 1);
    fenced(LIE_NO_FENCE, 0); /* the twin: where nobody is fenced, nobody notices */
}

/* --- outages --------------------------------------------------------------------------------- */

static void down_for_six_days(enum fake_lie lie, bool whole)
{
    enum { POSTS = 144 };
    struct world w;
    begin(&w, 2);
    w.context.config->set.delivery_commit = SECOND;
    w.context.config->set.delivery_lease = 2 * MINUTE; /* days pass: fewer beats will do */
    peer_away(&many[1], true);
    fake_lie(lie);
    for (unsigned k = 1; k <= POSTS; k++) {
        post(&w, k, k);
        fake_run(SECOND);
        assert_true(!whole || peer_times(&many[0], k) == 1); /* nobody else is held up */
        fake_run(HOUR - SECOND);
    }
    assert_int_equal(peer_took(&many[1], NULL, 0, true), 0);
    assert_true(fake_is_down(w.context.store, many[1].host));
    peer_away(&many[1], false);
    fake_run(2 * HOUR);
    assert_int_equal(peer_has(&many[1], 1, POSTS), whole);
    assert_int_equal(peer_has(&many[0], 1, POSTS), whole);
    assert_false(fake_is_down(w.context.store, many[1].host));
    assert_int_equal(fake_records(w.context.store), 0);
    end(&w, 2);
}

static void test_down_for_six_days_then_all_in_order(void **state)
{
    (void)state;
    down_for_six_days(LIE_NONE, true);
    down_for_six_days(LIE_JOURNAL_LOSES, false);
}

/* More than a page behind, and no longer in anybody's memory. */
static void test_catches_up_from_pages(void **state)
{
    (void)state;
    enum { POSTS = 300 };
    struct world w;
    struct peer near, far;
    world_init(&w, 7);
    world_courier(&w);
    peer_init_in_shard(&near, 5, 1);
    peer_init_in_shard(&far, 5, 2);
    world_member(&w, &near);
    world_member(&w, &far);
    fake_run(SECOND);
    peer_away(&far, true);
    near.answers.delay_ms = 1;
    far.answers.delay_ms = 1;
    post(&w, 1, POSTS);
    fake_run(MINUTE);
    assert_true(peer_has(&near, 1, POSTS));
    world_courier_dies(&w);
    peer_away(&far, false);
    /* A page that can't be read is asked for again, though nothing else happens. */
    fake_fault(OP_PAGE, FAULT_REFUSED, 0, 1);
    fake_run(2 * HOUR);
    assert_true(peer_has(&far, 1, POSTS));
    assert_true(peer_has(&near, 1, POSTS));
    assert_true(fake_called(OP_PAGE) >= 3);
    for (unsigned k = 1; k <= POSTS; k += 50) {
        assert_int_equal(peer_times(&far, k), 1);
        assert_int_equal(peer_times(&near, k), 1);
    }
    world_courier_ends(&w);
    world_fini(&w);
    peer_fini(&near);
    peer_fini(&far);
}

/* An Accept that was not delivered goes before what its host was not sent either, also where the
 * courier is new, and its store goes away and comes back before the journal was looked at. */
static void test_mail_is_read_before_anything_is_sent(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    w.context.config->set.delivery_backoff_most = SECOND;
    world_courier_dies(&w);
    many[1].answers.status = 503;
    post(&w, 1, 3);
    fake_run(MINUTE);
    world_member(&w, &many[1]); /* it follows once more */
    fake_run(MINUTE);
    size_t before = many[1].got_n;
    many[1].answers.status = 202;
    fake_tail_takes(w.context.store, HOUR);
    world_courier_dies(&w);
    fake_run(MINUTE);
    fake_store_up(w.context.store, false, false);
    fake_run(SECOND);
    fake_store_up(w.context.store, true, false);
    fake_run(MINUTE);
    assert_int_equal(fake_logged("courier", "goes on", NULL), 1);
    assert_int_equal(many[1].got_n, before);
    fake_run(2 * HOUR);
    assert_true(many[1].got[before].direct);
    assert_true(peer_has(&many[1], 1, 3));
    end(&w, 2);
}

/* A host that shows that it lives need not wait for its back-off to end. */
static void test_sign_of_life_ends_backoff(void **state)
{
    (void)state;
    struct world w;
    struct fake_reply reply;
    begin(&w, 1);
    world_front(&w);
    peer_away(&many[0], true);
    post(&w, 1, 3);
    int64_t left = 0;
    for (int i = 0; i < 100 && left < 5 * MINUTE; i++) {
        fake_run(10 * MINUTE);
        left =
            fake_cursor(w.context.store, many[0].host).health.wake_ms - FAKE_EPOCH_MS - fake_now();
    }
    assert_true(left >= 5 * MINUTE);
    assert_true(fake_is_down(w.context.store, many[0].host));
    peer_away(&many[0], false);
    fake_run(MINUTE); /* the twin: without a sign, nothing */
    assert_int_equal(peer_took(&many[0], NULL, 0, true), 0);
    world_send_create(&w, &many[0], 77, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_true(peer_has(&many[0], 1, 3));
    assert_false(fake_is_down(w.context.store, many[0].host));
    end(&w, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_one_at_a_time),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_bounds_on_what_is_in_flight),
        cmocka_unit_test(test_dies_in_a_burst),
        cmocka_unit_test(test_commit_soon),
        cmocka_unit_test(test_commits_are_gathered),
        cmocka_unit_test(test_few_begin_while_a_commit_hangs),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_commit_is_lost),
        cmocka_unit_test(test_fenced),
        cmocka_unit_test(test_down_for_six_days_then_all_in_order),
        cmocka_unit_test(test_catches_up_from_pages),
        cmocka_unit_test(test_mail_is_read_before_anything_is_sent),
        cmocka_unit_test(test_sign_of_life_ends_backoff),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
