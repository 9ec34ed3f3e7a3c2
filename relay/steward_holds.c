/* steward_holds: every few seconds, and at once again while there is more, a step that counts what
 * waits for a person, closes what has waited too long, and forgets what was closed a month ago.
 * Where a clock is doubted, nothing is closed or forgotten for its age.
 * May not know: what waits, or why. */
#include "relay/steward_holds.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/meters.h"
#include "relay/store/holds.h"

#define SHOWN_MS INT64_C(2592000000) /* how long a closed one can be seen: 30 days */
enum { SWEEP_MS = 5000 };

struct sweep { /* one step; outlives the sweeper if it must */
    struct sweeper *sweeper;
};

struct sweeper {
    struct context *context;
    const struct trimmer *trimmer;
    struct timer *timer;
    struct sweep *sweep;
    bool ready, counted;
    uint64_t closed[HOLD_STATE_COUNT]; /* as was counted last */
};

static void count(struct sweeper *s, const struct holds_swept *answer)
{
    metric_set(METER_HELD, 0, (double)answer->open);
    metric_set(METER_HELD_BYTES, 0, (double)answer->bytes);
    for (size_t i = 1; i < HOLD_STATE_COUNT; i++) {
        /* What was closed before this process began was counted by another one. */
        if (s->counted && answer->closed[i] > s->closed[i])
            metric_add(METER_HOLDS_CLOSED, i - 1, (double)(answer->closed[i] - s->closed[i]));
        s->closed[i] = answer->closed[i];
    }
    s->counted = true;
}

static void tell(const struct holds_swept *answer)
{
    for (size_t i = 0; i < answer->expired_n; i++) {
        struct log_line l;
        log_begin(&l, LOG_LEVEL_WARN, "hold");
        log_int(&l, "held", (int64_t)answer->expired[i]);
        log_str(&l, "asked", "calendar");
        log_str(&l, "state", hold_state_name(HOLD_EXPIRED));
        log_end(&l);
    }
}

static void on_swept(void *arg, const struct holds_swept *answer)
{
    struct sweep *sweep = arg;
    struct sweeper *s = sweep->sweeper;
    free(sweep);
    if (!s)
        return;
    s->sweep = NULL;
    if (answer->err == ERR_OK) {
        tell(answer);
        count(s, answer);
    }
    timer_start(s->timer, answer->err == ERR_OK && answer->more ? 1 : SWEEP_MS);
}

static void on_timer(void *arg)
{
    struct sweeper *s = arg;
    int64_t now = clock_wall_ms();
    struct holds_sweep ask = {.now_ms = now};
    if (!s->ready || s->sweep)
        return;
    if (trimmer_trusts(s->trimmer)) {
        ask.before_ms = now - s->context->config->set.retention_held;
        ask.forget_ms = now - SHOWN_MS;
    }
    s->sweep = mem_new(sizeof(*s->sweep));
    s->sweep->sweeper = s;
    holds_sweep(s->context->store, &ask, on_swept, s->sweep);
}

struct sweeper *sweeper_new(struct context *context, const struct trimmer *trimmer)
{
    struct sweeper *s = mem_new(sizeof(*s));
    s->context = context;
    s->trimmer = trimmer;
    s->timer = timer_new(context->loop, on_timer, s);
    return s;
}

void sweeper_ready(struct sweeper *s, bool ready)
{
    s->ready = ready;
    if (ready)
        timer_start(s->timer, 0);
}

void sweeper_free(struct sweeper **sweeper)
{
    struct sweeper *s = *sweeper;
    *sweeper = NULL;
    if (!s)
        return;
    if (s->sweep)
        s->sweep->sweeper = NULL;
    timer_free(&s->timer);
    free(s);
}
