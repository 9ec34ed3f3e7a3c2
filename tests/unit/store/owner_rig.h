/* owner_rig: couriers that have a lease, own shards and move their cursors, for tests of the store.
 */
#pragma once

#include "tests/unit/store/store_rig.h"

#include "relay/store/cursors.h"
#include "relay/store/leases.h"

#define NONCE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NONCE_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct owner {
    struct rig *rig;
    struct cursors *cursors;
    struct schedule *schedule;
    const char *nonce;
    int calls;
    enum err err;
    uint64_t taken, broken;
    bool written;
    int beside; /* beats that were answered before the claim */
};

MAYBE static void on_done(void *arg, enum err err)
{
    struct owner *o = arg;
    o->calls++;
    o->err = err;
    loop_stop(o->rig->loop);
}

MAYBE static void on_claimed(void *arg, enum err err, uint64_t taken, uint64_t broken)
{
    struct owner *o = arg;
    o->taken = taken;
    o->broken = broken;
    on_done(o, err);
}

MAYBE static void on_beat(void *arg, enum err err, const struct lease_table *table)
{
    (void)table;
    on_done(arg, err);
}

MAYBE static void owner_init(struct rig *rig, const char *nonce, uint64_t shards, struct owner *o)
{
    const struct schedule_limits limits = {
        .in_flight = 10, .window = 10, .shards = STORE_SHARDS, .owned = shards};
    *o = (struct owner){.rig = rig, .nonce = nonce};
    o->cursors = cursors_new(rig->store, nonce);
    o->schedule = schedule_new(&limits);
}

/* A lease, under a name: whoever had one under that name has none any more. */
MAYBE static enum err lease(struct owner *o, const char *name)
{
    const struct leases_beat beat = {.nonce = o->nonce, .name = name, .first = true};
    int target = o->calls + 1;
    leases_beat(o->rig->store, &beat, on_beat, o);
    rig_await(o->rig, &o->calls, target);
    return o->err;
}

MAYBE static enum err claim_some(struct owner *o, uint64_t shards)
{
    int target = o->calls + 1;
    cursors_claim(o->cursors, o->schedule, shards, on_claimed, o);
    assert_int_equal(o->calls, target - 1);
    rig_await(o->rig, &o->calls, target);
    assert_int_equal(o->calls, target);
    return o->err;
}

/* A courier that has just started, in the place of the one before: it owns all of these shards. */
MAYBE static void owner_take(struct rig *rig, const char *nonce, uint64_t shards, struct owner *o)
{
    owner_init(rig, nonce, shards, o);
    assert_int_equal(lease(o, "courier-0"), ERR_OK);
    assert_int_equal(claim_some(o, shards), ERR_OK);
    assert_int_equal(o->taken, 0);
}

MAYBE static void owner_free(struct owner *o)
{
    cursors_free(&o->cursors);
    schedule_free(&o->schedule);
}
