/* courier: the role that delivers. Owns shards, follows the journal, sends, moves cursors. */
#pragma once

#include "relay/context.h"

struct courier;

struct courier_config {
    const char *name; /* who it is among the couriers: `courier-0` to `courier-N-1`, and where there
                       * may be other machines, `@` and the name of its own; copied. Only one of a
                       * name runs at a time */
    unsigned couriers; /* N, of its machine; at least 1 */
};

struct courier *courier_new(struct context *context, const struct courier_config *config);
/* The store became ready, or is no longer: (re)starts from what Redis holds, or stops. */
void courier_ready(struct courier *courier, bool ready);
/* Nothing new is started; what is in flight ends, cursors are committed, its shards are given back,
 * then done is called, once. */
void courier_drain(struct courier *courier, loop_cb done, void *arg);
void courier_free(struct courier **courier);
