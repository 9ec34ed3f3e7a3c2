/* courier_inner: what the files of the courier share, and nobody else sees. */
#pragma once

#include <utlist.h>

#include "relay/courier.h"
#include "relay/delivery.h"
#include "relay/store/cursors.h"
#include "relay/store/tail.h"

/*     STOPPED -> CLAIMING (shards and cursors) -> MEMBERS (the registry) -> RUNNING -> DRAINING
 *        ^                                                                     |
 *        +------ BROKEN: Redis went away, or somebody else owns a shard <------+
 */
enum courier_state {
    COURIER_STOPPED,
    COURIER_CLAIMING,
    COURIER_MEMBERS,
    COURIER_RUNNING,
    COURIER_DRAINING,
    COURIER_BROKEN
};

enum { COURIER_AGAIN_MS = 500 }; /* before what failed is tried again */

struct flight { /* one attempt */
    struct flight *prev, *next;
    struct flight *ready_prev, *ready_next; /* among those whose body has come */
    bool ready;
    struct courier *courier;
    struct delivery *delivery;
};

struct loading { /* a call that can't be taken back: it may outlive the courier's present life */
    struct courier *courier;
};

struct courier {
    struct context *context;
    char *name;
    unsigned couriers;
    enum courier_state state;
    struct schedule *schedule;
    struct bodies *bodies;
    struct tail *tail;
    struct cursors *cursors;
    struct loading *loading, *paging;
    struct flight *flights, *ready;
    struct timer *wake, *commit, *restart, *pump, *gauges;
    struct delta delta; /* out, or empty */
    bool committing, pumping;
    unsigned started; /* in this turn */
    uint64_t page_after, last_line;
    bool followed; /* a line was told in this life */
    loop_cb drained;
    void *drained_arg;
};

/* courier.c: the walk, from the journal to the cursors */
void courier_walk_init(struct courier *c);
void courier_walk_fini(struct courier *c);
/* All is loaded: follows the journal from there. */
void courier_follow(struct courier *c);
/* Attempts in flight are taken back, what was not committed is forgotten. */
void courier_unfollow(struct courier *c);
void courier_commit(void *arg);

/* courier_life.c: starting, stopping, starting over */
void courier_goto(struct courier *c, enum courier_state state);
/* Not in the turn that it broke in: whoever noticed is still on the stack. */
void courier_start_over(struct courier *c, const char *why);
/* While draining: whether that was all. */
void courier_drained(struct courier *c);
void courier_forget(struct loading **loading);
