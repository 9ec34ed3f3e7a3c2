/* courier: the shell of a courier: its process, its connections, and its lease. The walk from the
 * journal to the cursors is in courier_walk.c. It does what relay/courier*.c does, with calls that
 * take their time; all that is decided by rules is asked of relay/rules.
 *
 * May not know: who is sent what. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { AGAIN_MS = 500, HALT_MS = 2000 };

const char *const courier_names[COURIERS_MAX] = {"courier-0", "courier-1", "courier-2"};

/* --- connections ------------------------------------------------------------------------------ */

static void on_hello(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->err != ERR_OK) {
        conn_break(w, &c->store);
        return;
    }
    c->epoch = call->seq;
    if (c->epoch > c->epoch_most)
        c->epoch_most = c->epoch;
    c->ready = true;
    if (c->state == COURIER_STOPPED)
        courier_begin(w, c);
    else if (c->state == COURIER_AWAY)
        courier_beat_later(w, c, 0);
}

static void on_reconnect(struct world *w, struct event *e)
{
    struct courier *c = e->to;
    if (!c->alive || c->store.up)
        return;
    if (!w->db.up || w->db.hung_until_us > w->now_us) {
        event_in(w, &c->reconnect, AGAIN_MS);
        return;
    }
    c->store.up = true;
    call_send(w, call_new(w, &c->store, db_hello, on_hello));
}

static void on_hangup(struct world *w, struct event *e)
{
    courier_conn_down(w, e->to, e->to->store.up);
}

void courier_conn_down(struct world *w, struct courier *c, bool is_tail)
{
    if (!c || !c->alive)
        return;
    if (c->frozen_until_us > w->now_us) { /* it hears of it when it wakes up */
        if (!c->hangup.node.index)
            event_at_us(w, &c->hangup, c->frozen_until_us + 500);
        return;
    }
    trace(w, "courier %u: its %s connection breaks", c->number, is_tail ? "tail's" : "own");
    disturbed(w, 0);
    if (!is_tail) {
        c->ready = c->resuming = false;
        event_in(w, &c->reconnect, AGAIN_MS);
    }
    courier_away(w, c, "no connection to Redis");
}

/* --- the beat --------------------------------------------------------------------------------- */

bool courier_may_start(const struct world *w, const struct courier *c)
{
    return lease_may_start(w->plan.lease_ms, now_ms(w) - c->lease_ms);
}

bool courier_holds(const struct courier *c)
{
    return c->state == COURIER_RUNNING || c->state == COURIER_HALTING;
}

void courier_look_at_lease(struct world *w, struct courier *c)
{
    bool away = c->state == COURIER_AWAY;
    if ((!courier_holds(c) && !away) || lease_may_go_on(w->plan.lease_ms, now_ms(w) - c->lease_ms))
        return;
    if (away) {
        courier_keep(w, c);
        return;
    }
    courier_abort(w, c);
    courier_start_over(w, c, "its lease was not renewed in time");
}

static void on_lapse(struct world *w, struct event *e)
{
    courier_look_at_lease(w, e->to);
}

/* Loads what is ours, or lets go of it. */
static void act(struct world *w, struct courier *c, const struct lease_table *table)
{
    lease_decide(&c->lease, table, c->held);
    if (c->state == COURIER_ASKING && !c->draining) {
        c->give |= c->lease.give;
        c->held = (c->held & ~c->lease.give) | c->lease.take;
        c->give &= ~c->held;
        if (c->held)
            courier_claim(w, c);
    } else if (c->state == COURIER_RUNNING && (c->lease.take || c->lease.give)) {
        c->giving = c->lease.give;
        courier_goto(w, c, COURIER_HALTING);
        event_in(w, &c->halt, HALT_MS);
        courier_commit(w, c);
    } else if ((c->state == COURIER_CLAIMING || c->state == COURIER_MEMBERS ||
                c->state == COURIER_GATES) &&
               c->lease.take) {
        courier_rest(w, c);
        c->held |= c->lease.take;
        c->give &= ~c->lease.take;
        courier_claim(w, c);
    } else if (c->starved) {
        courier_schedule(w, c);
    }
}

static void gone(struct world *w, struct courier *c)
{
    courier_kill(w, c, draw_time(w, 10, 2 * SECOND));
}

static void on_beat(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->nonce != c->nonce || !c->beating)
        return;
    c->beating = false;
    if (c->state == COURIER_LEAVING) {
        gone(w, c);
        return;
    }
    bool ok = call->err == ERR_OK && strcmp(call->answer, "OK") == 0;
    if (call->err == ERR_OK && !ok) {
        w->tally.fenced++;
        courier_abort(w, c);
        courier_start_over(w, c, "its lease is gone");
        return;
    }
    if (!ok) { /* once more, as long as the lease lasts; or until Redis is back */
        courier_beat_later(w, c,
                           c->state == COURIER_AWAY ? AGAIN_MS : w->plan.lease_ms / LEASE_BEATS);
        return;
    }
    lease_heard(&c->lease, call->table, now_ms(w));
    event_in(w, &c->tick, lease_next(&c->lease, c->sent_ms, now_ms(w)));
    c->first = false;
    c->give &= ~c->given;
    c->lease_ms = c->sent_ms;
    event_in(w, &c->lapse, c->lease_ms + w->plan.lease_ms / 10 * 8 - now_ms(w) + 1);
    act(w, c, call->table);
    if (c->state == COURIER_AWAY)
        courier_come_back(w, c);
}

void courier_beat_later(struct world *w, struct courier *c, int64_t ms)
{
    c->beating = false;
    event_in(w, &c->tick, ms);
}

static void beat(struct world *w, struct courier *c, bool leave)
{
    event_stop(w, &c->tick);
    if (!c->store.up || !c->ready) { /* courier_conn_down() has been here, or will be */
        if (c->state == COURIER_AWAY)
            event_in(w, &c->tick, AGAIN_MS);
        return;
    }
    lease_ask(&c->lease, w->plan.lease_ms, now_ms(w));
    struct call *call = call_new(w, &c->store, db_lease, on_beat);
    call->host = c->number;
    call->first = c->first;
    call->give = c->give;
    call->leave = leave;
    call->bury_n = c->lease.bury_n < LEASE_ROWS ? c->lease.bury_n : LEASE_ROWS;
    memcpy(call->bury, c->lease.bury, call->bury_n * sizeof(*call->bury));
    c->beating = true;
    c->sent_ms = now_ms(w);
    c->given = c->give;
    call_send(w, call);
}

static void on_tick(struct world *w, struct event *e)
{
    beat(w, e->to, false);
}

static void on_halt(struct world *w, struct event *e)
{
    struct courier *c = e->to;
    if (c->state != COURIER_HALTING)
        return;
    courier_abort(w, c);
    courier_commit(w, c);
}

void courier_shift(struct world *w, struct courier *c)
{
    event_stop(w, &c->halt);
    c->held &= ~c->giving;
    c->give |= c->giving;
    c->giving = 0;
    courier_goto(w, c, COURIER_ASKING);
    if (!c->beating)
        beat(w, c, false);
}

void courier_leave(struct world *w, struct courier *c)
{
    event_stop(w, &c->halt);
    event_stop(w, &c->lapse);
    c->give |= c->held;
    c->held = 0;
    courier_goto(w, c, COURIER_LEAVING);
    beat(w, c, true);
}

void courier_begin(struct world *w, struct courier *c)
{
    char nonce[LEASE_NONCE_SIZE];
    c->nonce = ++w->nonces;
    snprintf(nonce, sizeof(nonce), "%" PRIx64, c->nonce);
    courier_goto(w, c, COURIER_ASKING);
    lease_begin(&c->lease, nonce, w->plan.shards);
    c->held = c->giving = c->give = 0;
    c->first = true;
    c->lease_ms = now_ms(w);
    beat(w, c, false);
}

/* --- stopping and starting over ----------------------------------------------------------------
 */

static void stop(struct world *w, struct courier *c)
{
    courier_rest(w, c);
    c->beating = c->unsure = c->resuming = false;
    event_stop(w, &c->tick);
    event_stop(w, &c->lapse);
    event_stop(w, &c->halt);
    courier_goto(w, c, COURIER_STOPPED);
}

static void on_restart(struct world *w, struct event *e)
{
    struct courier *c = e->to;
    stop(w, c);
    if (c->draining)
        gone(w, c);
    else if (c->ready)
        courier_begin(w, c);
}

void courier_start_over(struct world *w, struct courier *c, const char *why)
{
    if (c->state == COURIER_STOPPED || c->state == COURIER_BROKEN)
        return;
    trace(w, "courier %u starts over: %s", c->number, why);
    w->tally.starts_over++;
    courier_goto(w, c, COURIER_BROKEN);
    event_in(w, &c->restart, AGAIN_MS);
}

/* --- the process ------------------------------------------------------------------------------ */

static void on_reborn(struct world *w, struct event *e)
{
    struct courier *c = e->to;
    c->alive = true;
    c->draining = false;
    c->process++;
    lease_init(&c->lease, courier_names[c->number], (unsigned)w->plan.couriers);
    trace(w, "courier %u is started", c->number);
    event_in(w, &c->reconnect, 0);
}

void courier_kill(struct world *w, struct courier *c, int64_t down_ms)
{
    if (!c->alive)
        return;
    c->frozen_until_us = 0;
    stop(w, c);
    c->alive = false;
    conn_close(w, &c->store);
    c->ready = false;
    event_stop(w, &c->reconnect);
    event_stop(w, &c->restart);
    event_stop(w, &c->hangup);
    event_in(w, &c->reborn, down_ms);
    disturbed(w, down_ms);
}

static void on_thaw(struct world *w, struct event *e)
{
    (void)e;
    disturbed(w, 0);
}

void courier_freeze(struct world *w, struct courier *c, int64_t ms)
{
    if (!c->alive || c->frozen_until_us > w->now_us)
        return;
    c->frozen_until_us = w->now_us + ms * 1000;
    c->thawed = 0;
    event_in(w, &c->thaw, ms + 1);
    w->tally.freezes++;
    disturbed(w, ms);
}

void courier_drain(struct world *w, struct courier *c)
{
    if (!c->alive || c->draining || c->frozen_until_us > w->now_us)
        return;
    w->tally.restarts++;
    disturbed(w, 0);
    if (c->state != COURIER_RUNNING) {
        courier_kill(w, c, draw_time(w, 10, 2 * SECOND));
        return;
    }
    c->draining = true;
    c->giving = 0;
    courier_goto(w, c, COURIER_HALTING);
    event_in(w, &c->halt, HALT_MS);
    courier_commit(w, c);
}

void couriers_init(struct world *w)
{
    for (unsigned i = 0; i < w->plan.couriers; i++) {
        struct courier *c = &w->couriers[i];
        c->number = i;
        c->store.owner = c->tail.owner = c;
        c->tail.is_tail = true;
        c->tick = (struct event){.run = on_tick, .to = c};
        c->lapse = (struct event){.run = on_lapse, .to = c};
        c->halt = (struct event){.run = on_halt, .to = c};
        c->restart = (struct event){.run = on_restart, .to = c};
        c->reconnect = (struct event){.run = on_reconnect, .to = c};
        c->reborn = (struct event){.run = on_reborn, .to = c};
        c->hangup = (struct event){.run = on_hangup, .to = c};
        c->thaw = (struct event){.run = on_thaw, .to = NULL};
        courier_walk_init(c);
        event_in(w, &c->reborn, (int64_t)draw(w, 3 * SECOND));
    }
}

void couriers_fini(struct world *w)
{
    for (unsigned i = 0; i < w->plan.couriers; i++) {
        struct courier *c = &w->couriers[i];
        courier_kill(w, c, DAY);
        event_stop(w, &c->reborn);
        event_stop(w, &c->thaw);
    }
}
