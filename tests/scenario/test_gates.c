/* What was accepted before a boundary was frozen waits behind it, whenever the freeze falls among
 * the steps of a delivery, whoever dies meanwhile and whoever takes over; after the thaw it goes
 * out, in order, and once. */
#include <stdio.h>
#include <string.h>

#include "relay/rules/freeze.h"
#include "relay/store/freezes.h"
#include "tests/scenario/world.h"

enum { POSTS = 4, STEPS_MOST = 2000 };

static struct peer receiver;

/* From partners, for internal. */
static uint64_t post(struct world *w, unsigned k)
{
    const struct fake_post post = {
        .from = "author.partner.example", .zone = "partners", .audience = "internal", .k = k};
    return fake_accept(w->context.store, &post);
}

static void begin(struct world *w, bool is_up)
{
    world_init(w, 12);
    world_courier(w);
    peer_init(&receiver, "blog", true);
    world_member(w, &receiver);
    fake_run(2 * SECOND);
    if (!is_up)
        receiver.answers = (struct fake_answer){.err = ERR_CONNECT};
    for (unsigned k = 1; k <= POSTS; k++)
        post(w, k);
}

static void end(struct world *w)
{
    world_courier_ends(w);
    world_fini(w);
    peer_fini(&receiver);
}

static void on_changed(void *arg, enum err err, const struct freezes *freezes)
{
    (void)freezes;
    assert_int_equal(err, ERR_OK);
    *(bool *)arg = true;
}

static void change(struct world *w, bool thaws)
{
    bool done = false;
    struct freeze f;
    assert_true(freeze_boundary_read(SPAN("partners -> internal"), &f));
    freezes_change(w->context.store, &(struct freezes_change){.freeze = &f, .thaws = thaws},
                   on_changed, &done);
    fake_run(SECOND);
    assert_true(done);
}

static size_t sent(void)
{
    size_t n = 0;
    for (unsigned k = 1; k <= POSTS; k++)
        n += peer_sent(&receiver, k);
    return n;
}

/* Nothing crosses for a while; thawed, all goes, in order. */
static void stays_then_goes(struct world *w, size_t had)
{
    fake_run(20 * SECOND);
    assert_int_equal(sent(), had);
    change(w, true);
    fake_run(20 * SECOND);
    assert_true(peer_has(&receiver, 1, POSTS));
}

/* --- it falls among the steps ------------------------------------------------------------------
 */

static void test_frozen_at_each_step(void **state)
{
    unsigned lives = 0;
    unsigned waited = 0;
    bool done = false;
    (void)state;
    for (unsigned steps = 0; !done && steps < STEPS_MOST; steps++) {
        struct world w;
        begin(&w, true);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + HOUR);
        done = peer_times(&receiver, POSTS) > 0;
        change(&w, false);
        waited += sent() < POSTS;
        stays_then_goes(&w, sent());
        for (unsigned k = 1; k <= POSTS; k++)
            assert_int_equal(peer_sent(&receiver, k), 1);
        lives++;
        end(&w);
    }
    assert_true(lives > 20);
    assert_true(waited > 10 && waited < lives);
}

/* What was handed out waits for its bytes while its boundary is frozen: it does not leave, and that
 * was no attempt. What takes that long for another boundary goes. */
static void test_waits_for_its_bytes(void **state)
{
    (void)state;
    for (int crosses = 0; crosses < 2; crosses++) {
        struct world w;
        world_init(&w, 12);
        world_courier(&w);
        peer_init(&receiver, "blog", true);
        world_member(&w, &receiver);
        fake_run(2 * SECOND);
        fake_fault(OP_BODY, FAULT_SLOW, 0, 1);
        if (crosses)
            post(&w, 1);
        else
            world_post(&w, 1);
        fake_run(200);
        change(&w, false);
        fake_run(2 * SECOND);
        assert_int_equal(peer_sent(&receiver, 1), !crosses);
        change(&w, true);
        fake_run(20); /* at once: its host was not in trouble */
        assert_int_equal(peer_sent(&receiver, 1), 1);
        end(&w);
    }
}

/* --- somebody dies -----------------------------------------------------------------------------
 */

/* The receiver comes back while it is frozen; whoever goes on knows. */
static void test_dies_after_each_step(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 90; steps += 3) {
        struct world w;
        begin(&w, false);
        fake_run(2 * SECOND);
        change(&w, false);
        size_t had = sent();
        receiver.answers = (struct fake_answer){.status = 202};
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + HOUR);
        world_courier_dies(&w);
        stays_then_goes(&w, had);
        end(&w);
    }
}

/* Frozen and thawed while nobody is there to hear of it. */
static void test_changed_while_nobody_is_there(void **state)
{
    (void)state;
    struct world w;
    begin(&w, false);
    fake_run(2 * SECOND);
    world_courier_ends(&w);
    size_t had = sent();
    change(&w, false);
    receiver.answers = (struct fake_answer){.status = 202};
    world_courier(&w);
    fake_run(HOUR);
    assert_int_equal(sent(), had);
    world_courier_ends(&w);
    change(&w, true);
    world_courier(&w);
    fake_run(2 * MINUTE);
    assert_true(peer_has(&receiver, 1, POSTS));
    end(&w);
}

/* Who can't learn what is frozen sends nothing. */
static void test_nobody_knows(void **state)
{
    (void)state;
    struct world w;
    begin(&w, false);
    fake_run(2 * SECOND);
    world_courier_ends(&w);
    size_t had = sent();
    receiver.answers = (struct fake_answer){.status = 202};
    fake_fault(OP_GATES, FAULT_REFUSED, 0, 5);
    world_courier(&w);
    fake_run(2 * SECOND);
    assert_int_equal(sent(), had);
    fake_run(5 * MINUTE);
    assert_true(peer_has(&receiver, 1, POSTS));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen_at_each_step),
        cmocka_unit_test(test_waits_for_its_bytes),
        cmocka_unit_test(test_dies_after_each_step),
        cmocka_unit_test(test_changed_while_nobody_is_there),
        cmocka_unit_test(test_nobody_knows),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
