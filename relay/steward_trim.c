/* steward_trim: once a minute, and at once again while there is more, a step of forgetting.
 *
 * The first step after each start forgets nothing: it tells what Redis's clock says, without which
 * ours is not trusted. Where a clock is doubted, nothing goes for its age; where too much memory is
 * in use, the oldest goes nevertheless.
 * May not know: how the journal is laid out. */
#include "relay/steward_trim.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/meters.h"
#include "relay/rules/retention.h"
#include "relay/store/journal.h"

enum { TRIM_MS = 60000, NEW_MS = 3600000, DAY_MS = 86400000 };

struct look { /* one step; outlives the trimmer if it must */
    struct trimmer *trimmer;
};

struct trimmer {
    struct context *context;
    struct timer *timer;
    struct look *look;
    struct clock_watch watch;
    bool ready;
    bool looked;                      /* Redis's clock was read since the store is ready */
    bool trusted;                     /* the clocks, as of then */
    uint64_t entries, bodies, urgent; /* that went, step after step, since it was told last */
    uint64_t stopped;                 /* keys of which nothing is forgotten, as was told last */
};

static void tell_clocks(struct trimmer *t, bool trusted)
{
    if (t->looked && trusted == t->trusted)
        return;
    metric_set(METER_CLOCK_DOUBTED, 0, !trusted);
    if (!trusted)
        log_note(LOG_LEVEL_WARN, "journal",
                 "a clock has jumped, or the relay was off for more than a day: nothing is "
                 "forgotten for its age for %d hours",
                 CLOCK_DOUBT_MS / NEW_MS);
    else if (t->looked)
        log_note(LOG_LEVEL_INFO, "journal", "the clocks are believed again");
}

static void tell_gone(struct trimmer *t, const struct journal_trimmed *answer)
{
    struct log_line l;
    metric_add(METER_TRIMMED, METER_TRIMMED_ENTRIES, (double)answer->entries);
    metric_add(METER_TRIMMED, METER_TRIMMED_BODIES, (double)answer->bodies);
    metric_add(METER_TRIMMED, METER_TRIMMED_URGENT, (double)answer->urgent);
    metric_add(METER_TRIMMED, METER_TRIMMED_OBJECTS, (double)answer->objects);
    metric_set(METER_REDIS_MEMORY, 0, (double)answer->used);
    metric_set(METER_REDIS_MEMORY_KEPT, 0, (double)answer->limit);
    t->entries += answer->entries;
    t->bodies += answer->bodies;
    t->urgent += answer->urgent;
    if (answer->more || t->entries + t->bodies + t->urgent == 0)
        return;
    log_begin(&l, LOG_LEVEL_INFO, "trim");
    log_int(&l, "entries", (int64_t)t->entries);
    log_int(&l, "bodies", (int64_t)t->bodies);
    log_int(&l, "urgent", (int64_t)t->urgent);
    log_int(&l, "floor", (int64_t)answer->floor[LANE_NORMAL]);
    log_int(&l, "memory", (int64_t)answer->used);
    log_end(&l);
    t->entries = t->bodies = t->urgent = 0;
}

/* What can't be read is somebody's to mend. */
static void tell_stopped(struct trimmer *t, const struct journal_trimmed *answer)
{
    metric_set(METER_TRIM_STOPPED, 0, (double)answer->stopped);
    if (answer->stopped == t->stopped)
        return;
    if (answer->err == ERR_UNREADABLE)
        log_note(LOG_LEVEL_ERROR, "journal",
                 "%.*s is of another type than it should be: nothing is forgotten",
                 SPAN_ARG(answer->stopped_key));
    else if (answer->stopped)
        log_note(LOG_LEVEL_ERROR, "journal",
                 "%.*s is of another type than it should be: what it holds is not forgotten "
                 "(such keys: %llu)",
                 SPAN_ARG(answer->stopped_key), (unsigned long long)answer->stopped);
    else
        log_note(LOG_LEVEL_INFO, "journal", "all keys can be read again");
    t->stopped = answer->stopped;
}

static void on_trimmed(void *arg, const struct journal_trimmed *answer)
{
    struct look *look = arg;
    struct trimmer *t = look->trimmer;
    free(look);
    if (!t)
        return;
    t->look = NULL;
    int64_t wait = TRIM_MS;
    if (answer->err == ERR_OK || answer->err == ERR_UNREADABLE)
        tell_stopped(t, answer);
    if (answer->err == ERR_OK) {
        bool trusted = clock_watch_look(&t->watch, clock_mono_ms(), clock_wall_ms(),
                                        answer->redis_ms, answer->before_ms);
        tell_clocks(t, trusted);
        tell_gone(t, answer);
        if (answer->more || (!t->looked && trusted))
            wait = 1;
        t->looked = true;
        t->trusted = trusted;
    }
    timer_start(t->timer, wait);
}

static void on_timer(void *arg)
{
    struct trimmer *t = arg;
    const struct settings *set = &t->context->config->set;
    int64_t now = clock_wall_ms();
    if (!t->ready || t->look)
        return;
    struct journal_trim trim = {.bytes = set->retention_bytes, .new_ms = now - NEW_MS};
    if (t->looked)
        trim.now_ms = now;
    if (trimmer_trusts(t)) {
        /* What deletes must not be forgotten before what it deletes. */
        int64_t urgent = set->retention_urgent > set->retention_entries ? set->retention_urgent
                                                                        : set->retention_entries;
        trim.entries_ms = now - set->retention_entries;
        trim.bodies_ms = now - set->retention_bodies;
        trim.urgent_ms = now - urgent;
        trim.object_days = set->retention_objects / DAY_MS;
    }
    t->look = mem_new(sizeof(*t->look));
    t->look->trimmer = t;
    journal_trim(t->context->store, &trim, on_trimmed, t->look);
}

struct trimmer *trimmer_new(struct context *context)
{
    struct trimmer *t = mem_new(sizeof(*t));
    t->context = context;
    t->timer = timer_new(context->loop, on_timer, t);
    return t;
}

void trimmer_ready(struct trimmer *t, bool ready)
{
    t->ready = ready;
    if (ready) {
        t->looked = false; /* it may be another Redis, or another machine */
        timer_start(t->timer, 0);
    }
}

bool trimmer_trusts(const struct trimmer *t)
{
    return t->looked && t->trusted;
}

void trimmer_free(struct trimmer **trimmer)
{
    struct trimmer *t = *trimmer;
    *trimmer = NULL;
    if (!t)
        return;
    if (t->look)
        t->look->trimmer = NULL;
    timer_free(&t->timer);
    free(t);
}
