/* retention: jumps of clocks, seen against one that does not jump.
 * May not know: what is forgotten, or who looks. */
#include "relay/rules/retention.h"

static bool near(int64_t a, int64_t b)
{
    return a - b <= CLOCK_JUMP_MS && b - a <= CLOCK_JUMP_MS;
}

static bool trust(struct clock_watch *w, int64_t wall, int64_t redis)
{
    w->trusts = true;
    w->doubts = false;
    w->trusted_wall = wall;
    w->trusted_redis = redis;
    return true;
}

static bool doubt(struct clock_watch *w, int64_t mono_ms, int64_t wall, int64_t redis)
{
    w->doubts = true;
    w->since_ms = mono_ms;
    w->seen_wall = wall;
    w->seen_redis = redis;
    return false;
}

bool clock_watch_look(struct clock_watch *w, int64_t mono_ms, int64_t wall_ms, int64_t redis_ms,
                      int64_t before_ms)
{
    int64_t wall = wall_ms - mono_ms;
    int64_t redis = redis_ms - mono_ms;
    if (!w->trusts && !w->doubts)
        return before_ms && wall_ms - before_ms > CLOCK_DOUBT_MS ? doubt(w, mono_ms, wall, redis)
                                                                 : trust(w, wall, redis);
    /* Slow corrections are followed. */
    if (w->trusts && near(wall, w->trusted_wall) && near(redis, w->trusted_redis))
        return trust(w, wall, redis);
    if (!w->doubts || !near(wall, w->seen_wall) || !near(redis, w->seen_redis))
        return doubt(w, mono_ms, wall, redis);
    return mono_ms - w->since_ms >= CLOCK_DOUBT_MS && trust(w, wall, redis);
}
