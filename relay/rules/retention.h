/* retention: whether the clocks can be trusted to say what is old. Pure.
 *
 * What is kept for days is forgotten by the time of day when it was accepted. A clock that jumps a
 * year ahead would make all of it old at once (ENGINE 3d). So a jump is doubted: until the clock
 * comes back, or has gone on from there for a day. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    CLOCK_JUMP_MS = 3600000,  /* so far a clock may be off from one look to the next */
    CLOCK_DOUBT_MS = 86400000 /* so long it has to go on steadily before it is believed */
};

struct clock_watch { /* starts as {0} */
    bool trusts, doubts;
    int64_t trusted_wall, trusted_redis; /* what they are ahead of the clock that never jumps */
    int64_t seen_wall, seen_redis;       /* while it doubts: the same since then */
    int64_t since_ms;                    /* by the clock that never jumps */
};

/* A look at the time of day here (wall_ms) and in Redis beside a clock that only goes forward at
 * its pace. before_ms: the time of day when something was forgotten last, 0: never; only the first
 * look asks: one that is more than CLOCK_DOUBT_MS later is doubted as a jump is. False: nothing may
 * be forgotten for its age now. */
bool clock_watch_look(struct clock_watch *watch, int64_t mono_ms, int64_t wall_ms, int64_t redis_ms,
                      int64_t before_ms);
