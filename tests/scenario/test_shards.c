/* Several couriers on one store: each shard has one owner and never two. One that dies is replaced,
 * one that comes back is given its own again, one that was frozen does no harm. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <string.h>

enum { COURIERS = 3, PEERS = 8 };

static struct world w;
static struct process {
    struct context context;
    struct courier *courier;
    bool drained;
} processes[COURIERS];
static unsigned processes_n;
static struct peer peers[PEERS];

/* --- processes ------------------------------------------------------------------------------- */

static void start(unsigned i)
{
    char name[32];
    struct courier_config config = {.name = name, .couriers = processes_n};
    snprintf(name, sizeof(name), "courier-%u", i);
    fake_process(i + 1);
    processes[i].courier = courier_new(&processes[i].context, &config);
    courier_ready(processes[i].courier, true);
    fake_process(0);
}

static void on_ready(void *arg, bool ready)
{
    (void)arg;
    for (unsigned i = 0; i < processes_n; i++) {
        fake_process(i + 1);
        if (processes[i].courier)
            courier_ready(processes[i].courier, ready);
    }
    fake_process(0);
}

/* As SIGKILL does: what it had not committed is lost. */
static void die(unsigned i)
{
    courier_free(&processes[i].courier);
}

static void on_drained(void *arg)
{
    struct process *p = arg;
    p->drained = true;
}

static void drain(unsigned i)
{
    processes[i].drained = false;
    fake_process(i + 1);
    courier_drain(processes[i].courier, on_drained, &processes[i]);
    fake_process(0);
    for (int64_t until = fake_now() + 40 * SECOND; !processes[i].drained;)
        assert_true(fake_step(until));
    courier_free(&processes[i].courier);
}

/* n couriers, and members in shards of each, who have had their Accept. */
static void begin(unsigned n)
{
    world_init(&w, 31);
    processes_n = n;
    for (unsigned i = 0; i < n; i++) {
        fake_process(i + 1);
        world_context(&w, &processes[i].context);
        fake_process(0);
    }
    fake_store_on_ready(w.context.store, on_ready, NULL);
    for (unsigned i = 0; i < n; i++)
        start(i);
    for (unsigned i = 0; i < PEERS; i++) {
        peer_init_in_shard(&peers[i], 10 + i, i);
        world_member(&w, &peers[i]);
    }
    fake_run(3 * SECOND);
}

static void end(void)
{
    for (unsigned i = 0; i < processes_n; i++) {
        fake_freeze(i + 1, false);
        if (processes[i].courier)
            die(i);
        world_context_fini(&processes[i].context);
    }
    world_fini(&w);
    for (unsigned i = 0; i < PEERS; i++)
        peer_fini(&peers[i]);
}

/* --- what they own, what came of it ---------------------------------------------------------- */

/* How many shards it owns. */
static unsigned owns(unsigned i)
{
    char name[32];
    unsigned n = 0;
    snprintf(name, sizeof(name), "courier-%u", i);
    for (unsigned shard = 0; shard < store_shards(w.context.store); shard++)
        n += strcmp(fake_owner(w.context.store, shard), name) == 0;
    return n;
}

/* How long until it owns that many; a minute at most. */
static int64_t until_owns(unsigned i, unsigned n)
{
    int64_t from = fake_now();
    while (owns(i) != n && fake_now() - from < MINUTE)
        fake_step(fake_now() + SECOND);
    return fake_now() - from;
}

static void post(unsigned from, unsigned to)
{
    for (unsigned k = from; k <= to; k++)
        world_post(&w, k);
}

static bool all_have(unsigned to)
{
    bool have = true;
    for (unsigned i = 0; i < PEERS; i++)
        have = have && peer_has(&peers[i], 1, to);
    return have;
}

/* Posts that a peer took more than once. */
static size_t repeated(unsigned to)
{
    size_t n = 0;
    for (unsigned i = 0; i < PEERS; i++)
        for (unsigned k = 1; k <= to; k++)
            n += peer_times(&peers[i], k) > 1;
    return n;
}

/* --- together -------------------------------------------------------------------------------- */

static void test_share(void **state)
{
    (void)state;
    begin(3);
    for (unsigned shard = 0; shard < store_shards(w.context.store); shard++) {
        char name[32];
        snprintf(name, sizeof(name), "courier-%u", shard % 3);
        assert_string_equal(fake_owner(w.context.store, shard), name);
    }
    post(1, 20);
    fake_run(10 * SECOND);
    assert_true(all_have(20));
    assert_int_equal(repeated(20), 0);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(peers[i].got_n, 21); /* one Accept, though three read the mail */
        assert_int_equal(peers[i].busy_most, 1);
    }
    assert_int_equal(fake_logged("starts over", NULL, NULL), 0);
    end();
    /* The twin: where whoever claims gets, each takes from the others, and posts come twice. */
    begin(1);
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 3 * SECOND;
    fake_lie(LIE_TAKES_ALL);
    post(1, 2);
    fake_run(SECOND);
    processes_n = 2;
    fake_process(2);
    world_context(&w, &processes[1].context);
    processes[1].courier = courier_new(
        &processes[1].context, &(struct courier_config){.name = "courier-0", .couriers = 1});
    courier_ready(processes[1].courier, true);
    fake_process(0);
    fake_run(20 * SECOND);
    assert_true(repeated(2) > 0);
    end();
}

/* --- one dies -------------------------------------------------------------------------------- */

static void dies(enum fake_lie lie, bool replaced)
{
    begin(2);
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 300;
    fake_lie(lie);
    post(1, 10);
    fake_run(1400);
    die(1);
    post(11, 15);
    int64_t took = until_owns(0, 64);
    assert_true(!replaced || (took >= 10 * SECOND && took <= 13 * SECOND));
    fake_run(20 * SECOND);
    assert_int_equal(all_have(15), replaced);
    assert_true(peer_has(&peers[0], 1, 15));            /* it was never in doubt */
    assert_in_range(repeated(15), replaced, PEERS / 2); /* one in flight for each of its members */
    assert_int_equal(fake_leases(w.context.store), replaced ? 1 : 2);
    end();
}

static void test_one_dies(void **state)
{
    (void)state;
    dies(LIE_NONE, true);
    dies(LIE_NOBODY_BURIED, false); /* the twin: a lease that never ends */
}

/* At whatever moment between two beats, with attempts under way that do not end. */
static void test_replaced_in_time(void **state)
{
    (void)state;
    for (int64_t phase = 0; phase < 550; phase += 70) {
        begin(3);
        for (unsigned i = 0; i < PEERS; i++)
            peers[i].answers.delay_ms = 25 * SECOND;
        post(1, 1);
        fake_run(SECOND + phase);
        die(1);
        die(2);
        assert_in_range(until_owns(0, 64), 9 * SECOND, 13 * SECOND);
        end();
    }
}

/* It is given its own again, and while shards change hands nothing is lost or repeated. */
static void test_comes_back(void **state)
{
    (void)state;
    begin(2);
    die(1);
    assert_true(until_owns(0, 64) < 13 * SECOND);
    fake_run(2 * SECOND);
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 150;
    post(1, 10);
    fake_run(500);
    start(1);
    assert_true(until_owns(1, 32) < 4 * SECOND);
    post(11, 20);
    fake_run(20 * SECOND);
    assert_int_equal(owns(0), 32);
    assert_true(all_have(20));
    assert_int_equal(repeated(20), 0);
    assert_int_equal(fake_logged("starts over", NULL, NULL), 0);
    end();
    /* The twin: what takes longer than it is waited for is taken back, and comes twice. */
    begin(2);
    die(1);
    until_owns(0, 64);
    fake_run(2 * SECOND);
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 5 * SECOND;
    post(1, 1);
    fake_run(500);
    start(1);
    fake_run(30 * SECOND);
    assert_true(all_have(1));
    assert_int_equal(repeated(1), PEERS);
    end();
}

/* One that is started again at once waits for nobody: its own leases are its own. */
static void test_starts_again_at_once(void **state)
{
    (void)state;
    begin(2);
    post(1, 5);
    die(1);
    assert_int_equal(owns(1), 32);
    start(1);
    fake_run(100);
    assert_int_equal(owns(1), 32);
    post(6, 8);
    fake_run(1500);
    assert_true(all_have(8));
    assert_int_equal(fake_leases(w.context.store), 2);
    end();
}

/* --- one drains ------------------------------------------------------------------------------ */

static void test_drain_gives_back(void **state)
{
    (void)state;
    begin(2);
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 150;
    post(1, 10);
    fake_run(400);
    drain(1);
    assert_int_equal(fake_leases(w.context.store), 1);
    assert_int_equal(owns(1), 0);
    assert_true(until_owns(0, 64) < 2 * SECOND + 500); /* the twin: one that dies is waited for */
    fake_run(10 * SECOND);
    assert_true(all_have(10));
    assert_int_equal(repeated(10), 0);
    /* And the last one, in the middle of everything. */
    post(11, 20);
    fake_run(200);
    drain(0);
    assert_int_equal(fake_leases(w.context.store), 0);
    end();
}

/* At every moment: while it asks, claims, loads, runs, halts. */
static void test_drain_at_any_moment(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 60; steps++) {
        begin(2);
        die(1);
        start(1);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        drain(1);
        assert_int_equal(fake_leases(w.context.store), 1);
        assert_int_equal(owns(1), 0);
        end();
    }
}

/* --- one freezes ----------------------------------------------------------------------------- */

/* How many POSTs came since then. */
static size_t came_since(int64_t at_ms)
{
    size_t n = 0;
    for (unsigned i = 0; i < PEERS; i++)
        for (size_t k = 0; k < peers[i].got_n; k++)
            n += peers[i].got[k].at_ms >= at_ms;
    return n;
}

/* Frozen while its requests are on their way out, and again on their way in; everybody else has
 * long had everything from the other when it wakes up. stops: it looks at the time before it goes
 * on. Returns how many POSTs it then made. */
static size_t freezes(bool stops, bool beats)
{
    begin(2);
    if (!stops) /* it thinks that it has all the time in the world */
        processes[1].context.config->set.delivery_lease = 10 * MINUTE;
    for (unsigned i = 0; i < PEERS; i++)
        peers[i].answers.delay_ms = 50;
    fake_run(2 * SECOND);
    post(1, 3);
    size_t flying = fake_calls();
    while (fake_calls() < flying + PEERS)
        assert_true(fake_step(fake_now() + SECOND));
    fake_freeze(2, true);
    fake_run(25 * SECOND);
    assert_int_equal(owns(0), 64);
    assert_true(all_have(3));
    assert_int_equal(repeated(3), 0);
    int64_t woke_ms = fake_now();
    if (!beats)
        fake_fault(OP_LEASE, FAULT_LOST, 0, 100);
    fake_freeze(2, false);
    fake_run(500);
    size_t sent = came_since(woke_ms);
    if (!beats)
        assert_int_equal(fake_logged("courier-1 starts over", "another courier owns", NULL), 1);
    else if (stops)
        assert_int_equal(fake_logged("courier-1 starts over", NULL, NULL), 1);
    fake_fault(OP_LEASE, FAULT_NONE, 0, 0);
    processes[1].context.config->set.delivery_lease = 10 * SECOND;
    fake_run(30 * SECOND);
    assert_int_equal(owns(1), 32);
    post(4, 6);
    fake_run(10 * SECOND);
    assert_true(all_have(6));
    end();
    return sent;
}

static void test_frozen_sends_nothing(void **state)
{
    (void)state;
    assert_int_equal(freezes(true, true), 0);
    /* The twins: one that does not look at the time sends what it was about to; where it does not
     * hear that its lease is gone, either, its commit is refused. */
    assert_true(freezes(false, true) > 0);
    assert_true(freezes(false, false) > 0);
}

/* Its renewals do not arrive: nothing starts after half of the lease, what is in flight is taken
 * back before its end. */
static void renewals_fail(int64_t lease_ms, bool stops)
{
    begin(1);
    processes[0].context.config->set.delivery_lease = lease_ms;
    fake_fault(OP_LEASE, FAULT_REFUSED, 0, 1000);
    int64_t from = fake_now();
    peers[0].answers.delay_ms = 20 * SECOND;
    fake_run(4 * SECOND);
    post(1, 1);
    fake_run(3 * SECOND);
    assert_int_equal(fake_calls(), 1);
    assert_int_equal(peer_times(&peers[1], 1), 1);
    post(2, 2);
    while (fake_now() < from + 7900)
        fake_step(from + 7900);
    assert_int_equal(fake_calls(), 1);
    assert_int_equal(peer_sent(&peers[1], 2), !stops);
    fake_run(400);
    assert_int_equal(fake_calls(), !stops);
    assert_int_equal(fake_logged("not renewed in time", NULL, NULL), stops);
    fake_fault(OP_LEASE, FAULT_NONE, 0, 0);
    peers[0].answers.delay_ms = 10;
    fake_run(MINUTE);
    assert_true(all_have(2));
    end();
}

static void test_stops_by_itself(void **state)
{
    (void)state;
    renewals_fail(10 * SECOND, true);
    renewals_fail(10 * MINUTE, false);
}

/* --- at any moment --------------------------------------------------------------------------- */

/* One dies after so many steps, stays away or comes back, while the other works: nobody goes
 * without. */
static void test_dies_at_any_moment(void **state)
{
    (void)state;
    unsigned lives = 0;
    for (unsigned steps = 0; steps < 900; steps += 29, lives++) {
        begin(2);
        peers[1].answers.delay_ms = 90;
        peer_next(&peers[3], (struct fake_answer){.status = 503});
        post(1, 6);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        die(steps % 2);
        if (steps % 3)
            fake_run(100 * (steps % 200));
        if (steps % 3)
            start(steps % 2);
        post(7, 8);
        fake_run(40 * SECOND);
        if (!all_have(8))
            fail_msg("after %u steps: %s", steps, fake_log());
        assert_int_equal(owns(0) + owns(1), 64);
        assert_in_range(repeated(8), 0, 2 * PEERS);
        end();
    }
    assert_true(lives > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_one_dies),
        cmocka_unit_test(test_replaced_in_time),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_starts_again_at_once),
        cmocka_unit_test(test_drain_gives_back),
        cmocka_unit_test(test_drain_at_any_moment),
        cmocka_unit_test(test_frozen_sends_nothing),
        cmocka_unit_test(test_stops_by_itself),
        cmocka_unit_test(test_dies_at_any_moment),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
