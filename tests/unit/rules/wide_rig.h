/* wide_rig: a member to which several go at once, for tests of the schedule. */
#pragma once

#include "schedule_rig.h"

static inline struct schedule_limits wide(void)
{
    struct schedule_limits limits = rig_limits;
    limits.host_window = 8;
    limits.window = 1000;
    return limits;
}

/* The member "a", to which as many go at once as may; everything up to the number returned is
 * delivered and committed. */
static inline struct schedule *grown(uint64_t *ret_n)
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
