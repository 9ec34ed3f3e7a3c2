/* courier_away: what a courier does while Redis is away: it keeps what it knows, and goes on with
 * that where its lease, its shards and the journal are found as they were; else it loads anew. What
 * relay/courier_away.c does. May not know: what is sent to whom. */
#include <string.h>

#include "sim.h"

enum { AGAIN_MS = 500, LAST_MS = 2000 };

/* Of a commit that was not answered nobody knows whether it was written. */
void courier_away(struct world *w, struct courier *c, const char *why)
{
    if (c->state == COURIER_AWAY)
        return;
    if (!courier_holds(c)) {
        courier_start_over(w, c, why);
        return;
    }
    trace(w, "courier %u waits for Redis: %s", c->number, why);
    c->unsure = c->unsure || c->committing;
    c->committing = c->commit_soon = c->resuming = false;
    courier_goto(w, c, COURIER_AWAY);
    event_stop(w, &c->wake);
    event_stop(w, &c->commit);
    event_stop(w, &c->halt);
    if (c->paging)
        schedule_page_failed(c->schedule);
    c->paging = false;
    courier_beat_later(w, c, AGAIN_MS);
    if (c->draining)
        event_in(w, &c->restart, LAST_MS);
}

/* Its lease may be another's by now: what is under way is taken back, and that it is unknown what
 * came of it is kept. */
void courier_keep(struct world *w, struct courier *c)
{
    const struct judgement unknown = {
        .verdict = VERDICT_LATER, .why = ERR_CANCELLED, .local = true};
    while (c->flights) {
        struct flight *f = c->flights;
        struct attempt attempt = f->attempt;
        f->attempt.entry = NULL;
        w->tally.aborts++;
        courier_landed(w, f);
        schedule_outcome(c->schedule, &attempt, &unknown, 0, NULL, courier_now(w, c),
                         (uint32_t)draw(w, UINT64_C(1) << 32));
    }
}

static void go_on(struct world *w, struct courier *c)
{
    trace(w, "courier %u goes on", c->number);
    w->tally.resumed++;
    event_stop(w, &c->restart);
    courier_goto(w, c, c->draining ? COURIER_HALTING : COURIER_RUNNING);
    courier_tail_again(w, c);
    if (c->unsure)
        courier_commit_again(w, c);
    courier_schedule(w, c);
    courier_commit(w, c);
}

/* Where the sequences stand: as they were, or one further where a commit is unsure. False: neither,
 * or part of it. */
static bool judge_sequences(const struct courier *c, const struct call *call, bool *ret_written)
{
    bool written = false;
    bool kept = false;
    bool same = true;
    for (unsigned s = 0; s < SHARDS_MAX; s++) {
        if (!(call->give >> s & 1))
            continue;
        bool out = c->unsure && c->moved >> s & 1;
        bool moved = out && call->seqs[s] == c->seq[s] + 1;
        same = same && (moved || call->seqs[s] == c->seq[s]);
        written = written || moved;
        kept = kept || (out && !moved);
    }
    *ret_written = written;
    return same && !(written && kept);
}

static void on_resumed(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    bool written;
    c->resuming = false;
    if (call->life != c->life || c->state != COURIER_AWAY)
        return;
    if (call->err != ERR_OK || strcmp(call->answer, "EPOCH") == 0) {
        courier_beat_later(w, c, AGAIN_MS);
        return;
    }
    if (strcmp(call->answer, "OK") != 0 || !judge_sequences(c, call, &written)) {
        courier_abort(w, c);
        courier_start_over(w, c, "another owns these shards, or Redis lost what it had told");
        return;
    }
    c->loaded_epoch = c->epoch;
    if (written) {
        courier_committed(c);
        schedule_committed(c->schedule, &c->delta);
        c->unsure = false;
    }
    go_on(w, c);
}

void courier_come_back(struct world *w, struct courier *c)
{
    if (c->committing || c->resuming || !c->store.up)
        return;
    struct call *call = call_new(w, &c->store, db_resume, on_resumed);
    call->give = c->held;
    call->after = c->heard;
    call->seq = c->loaded_epoch;
    c->resuming = true;
    call_send(w, call);
}
