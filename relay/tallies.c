/* tallies: counts, and a timer that brings them to Redis.
 *
 *     CLEAN --counted--> DIRTY --5 s, Redis is there--> ASKED --answer--> CLEAN, or DIRTY again
 *
 * While Redis is away it is counted on, as far as there is room. Owns what is counted.
 * May not know: who counts, who reads it. */
#include "relay/tallies.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/store/tallies.h"

enum { WRITE_MS = 5000 };

struct tallies {
    struct context *context;
    struct tally *tally;
    struct timer *timer;
    bool armed, asked;
    loop_cb done; /* of tallies_end() */
    void *arg;
};

static void write_out(struct tallies *t);

static void finish(struct tallies *t)
{
    loop_cb done = t->done;
    t->done = NULL;
    if (done)
        done(t->arg);
}

static void on_written(void *arg, enum err err)
{
    struct tallies *t = arg;
    t->asked = false;
    if (err != ERR_OK) {
        tally_forget(t->tally);
        log_note(LOG_LEVEL_WARN, "tallies", "some seconds of what reports are made of are lost: %s",
                 err_title(err));
    }
    if (t->done)
        write_out(t);
}

static void write_out(struct tallies *t)
{
    struct store *store = t->context->store;
    if (t->asked)
        return;
    if (tally_empty(t->tally) || !store || !store_ready(store)) {
        finish(t);
        return;
    }
    t->asked = true;
    tallies_add(store, t->tally, on_written, t);
}

static void on_timer(void *arg)
{
    struct tallies *t = arg;
    t->armed = false;
    write_out(t);
    if (!tally_empty(t->tally)) {
        t->armed = true;
        timer_start(t->timer, WRITE_MS);
    }
}

static void counted(struct tallies *t)
{
    if (t->armed || t->done)
        return;
    t->armed = true;
    timer_start(t->timer, WRITE_MS);
}

void tallies_taken(struct tallies *t, const struct tallies_taken *taken)
{
    uint8_t host[SHA256_SIZE];
    struct span rest = taken->audience;
    int64_t now_ms = clock_wall_ms();
    if (!t)
        return;
    while (rest.p && rest.n)
        tally_crossed(t->tally, now_ms, taken->from, span_cut(&rest, ','), taken->kind);
    sha256(taken->host, host);
    tally_member(t->tally, now_ms, taken->from, host);
    tally_author(t->tally, now_ms, taken->from, taken->actor);
    counted(t);
}

void tallies_refused(struct tallies *t, const char *from, const char *to, enum err why)
{
    if (!t)
        return;
    tally_refused(t->tally, clock_wall_ms(), span_of(from), span_of(to), why);
    counted(t);
}

void tallies_delivered(struct tallies *t, const char *zone, int64_t lag_ms)
{
    if (!t)
        return;
    tally_delivered(t->tally, clock_wall_ms(), span_of(zone), lag_ms);
    counted(t);
}

struct tallies *tallies_new(struct context *context)
{
    struct tallies *t = mem_new(sizeof(*t));
    t->context = context;
    t->tally = tally_new();
    t->timer = timer_new(context->loop, on_timer, t);
    return t;
}

void tallies_end(struct tallies *t, loop_cb done, void *arg)
{
    if (!t) {
        done(arg);
        return;
    }
    timer_stop(t->timer);
    t->done = done;
    t->arg = arg;
    write_out(t);
}

void tallies_free(struct tallies **tallies)
{
    struct tallies *t = *tallies;
    *tallies = NULL;
    if (!t)
        return;
    timer_free(&t->timer);
    tally_free(&t->tally);
    free(t);
}
