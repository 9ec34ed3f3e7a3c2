/* courier_away: what a courier does while Redis is away, hung, or takes nothing: it keeps what it
 * knows, and goes on with that as soon as its lease, its shards and the journal are found as they
 * were (ENGINE 6).
 *
 * Attempts under way end, and what came of them is kept in the schedule: as many as may be in
 * flight at once, no more, since none begins. Of a commit that was not answered nobody knows
 * whether it was written: its sequence tells, and if it was not, the very same is sent again, so
 * that it does not matter if the first one still arrives. Whoever finds that another owns its
 * shards, or that Redis has lost what was told, forgets all and loads anew.
 *
 * States: see the drawing in courier_inner.h. May not know: what is sent to whom. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/courier_inner.h"

void courier_away(struct courier *c, const char *why)
{
    if (c->state == COURIER_AWAY)
        return;
    if (!courier_holds(c)) {
        courier_start_over(c, why);
        return;
    }
    log_note(LOG_LEVEL_WARN, "courier", "%.*s waits for Redis, with what it knows: %s",
             SPAN_ARG(courier_name(c)), why);
    c->before = c->state == COURIER_DRAINING ? COURIER_DRAINING : COURIER_RUNNING;
    courier_goto(c, COURIER_AWAY);
    courier_pause(c);
    if (c->tail)
        tail_rest(c->tail);
    courier_lease_retry(c, COURIER_AGAIN_MS);
    if (c->drained)
        timer_start(c->restart, COURIER_LAST_MS);
}

void courier_keep(struct courier *c)
{
    const struct judgement unknown = {
        .verdict = VERDICT_LATER, .why = ERR_CANCELLED, .local = true};
    struct flight *next;
    for (struct flight *f = c->flights; f; f = next) {
        struct attempt attempt;
        next = f->next;
        delivery_take_back(&f->delivery, &attempt);
        courier_landed(f);
        schedule_outcome(c->schedule, &attempt, &unknown, 0, NULL, courier_now(c), clock_chance());
    }
}

static void go_on(struct courier *c)
{
    log_note(LOG_LEVEL_INFO, "courier", "%.*s goes on", SPAN_ARG(courier_name(c)));
    timer_stop(c->restart);
    courier_goto(c, c->before);
    if (c->tail) { /* what came meanwhile is heard first: somebody may have left */
        c->looked = false;
        c->told = true;
        tail_again(c->tail);
    }
    if (c->unsure)
        courier_commit_again(c);
    courier_schedule(c);
    courier_commit(c);
}

static void on_resumed(void *arg, enum err err, bool written)
{
    struct courier *c = arg;
    c->resuming = false;
    if (c->state != COURIER_AWAY)
        return;
    if (err == ERR_FENCED) {
        courier_abort(c);
        courier_start_over(c, "another courier owns these shards, or Redis lost what it had told");
    } else if (err != ERR_OK) {
        courier_lease_retry(c, COURIER_AGAIN_MS);
    } else {
        if (c->unsure && written) {
            courier_written(c);
            c->unsure = false;
        }
        go_on(c);
    }
}

void courier_come_back(struct courier *c)
{
    if (c->committing || c->resuming)
        return;
    c->resuming = true;
    cursors_resume(c->cursors, c->held, c->heard, on_resumed, c);
}
