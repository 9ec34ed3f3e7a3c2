/* courier_rig: a courier with many members, for the tests of what it sends. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/world.h"

enum { MANY = 40 };

static struct peer many[MANY];

/* A courier, and the first n of `many` as members that have had their Accept. */
static inline void begin(struct world *w, unsigned n)
{
    char name[16];
    world_init(w, 6);
    world_courier(w);
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        peer_init(&many[i], name, true);
        world_member(w, &many[i]);
    }
    fake_run(2 * SECOND);
}

static inline void end(struct world *w, unsigned n)
{
    if (w->courier)
        world_courier_ends(w);
    world_fini(w);
    for (unsigned i = 0; i < n; i++)
        peer_fini(&many[i]);
}

static inline void post(struct world *w, unsigned from, unsigned to)
{
    for (unsigned k = from; k <= to; k++)
        world_post(w, k);
}
