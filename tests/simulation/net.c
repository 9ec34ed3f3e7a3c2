/* net: what lies between processes and Redis. Requests and replies take their time; a connection
 * may break at any moment, and what was on its way then may still get there.
 *
 * A call is owned by the net from call_send() on: it is in the list of its connection until its
 * answer came or the connection broke, and freed when it is nowhere any more. May not know: what is
 * asked. */
#include <stdlib.h>

#include "sim.h"

enum { LATE_MS = 500 };

static void call_arrive(struct world *w, struct event *e);
static void call_back(struct world *w, struct event *e);

static void call_drop(struct world *w, struct event *e)
{
    call_free(w, (struct call *)e);
}

struct call *call_new(struct world *w, struct conn *conn,
                      void (*exec)(struct world *, struct call *),
                      void (*done)(struct world *, struct call *))
{
    struct call *call = mem_new(sizeof(*call));
    (void)w;
    call->conn = conn;
    call->exec = exec;
    call->done = done;
    call->courier = conn->owner;
    call->event.run = call_arrive;
    call->event.drop = call_drop;
    if (conn->owner) {
        call->life = conn->owner->life;
        call->epoch = conn->owner->epoch;
        call->nonce = conn->owner->nonce;
    }
    return call;
}

void call_hold(struct call **list, struct call *call)
{
    call->held = list;
    DL_APPEND2(*list, call, held_prev, held_next);
}

void call_unhold(struct call *call)
{
    DL_DELETE2(*call->held, call, held_prev, held_next);
    call->held = NULL;
}

void call_free(struct world *w, struct call *call)
{
    event_stop(w, &call->event);
    if (call->pending)
        DL_DELETE(call->conn->pending, call);
    if (call->held)
        call_unhold(call);
    if (call->forget)
        call->forget(call);
    for (size_t i = 0; i < call->records_n; i++)
        free(call->records[i]);
    free(call->records);
    free(call->record_hosts);
    for (size_t i = 0; call->entries && i < call->lines_n; i++)
        if (call->entries[i])
            entry_unref(&call->entries[i]);
    free(call->entries);
    free(call->lines);
    if (call->table) {
        free(w->db.spare);
        w->db.spare = call->table;
    }
    free(call->seqs);
    free(call);
}

static int64_t latency_us(struct world *w, const struct conn *conn)
{
    int64_t us = 1000 + (int64_t)draw(w, 2000) + w->db.slow_ms * (int64_t)draw(w, 1000);
    bool late = w->plan.uneven && conn->owner && draw(w, conn->is_tail ? 2 : 8) == 0;
    return us + (late ? 1000 * draw_time(w, 10, LATE_MS) : 0);
}

void call_send(struct world *w, struct call *call)
{
    struct conn *conn = call->conn;
    int64_t at = w->now_us + latency_us(w, conn);
    DL_APPEND(conn->pending, call);
    call->pending = true;
    if (!conn->owner) { /* many connections, in truth; and some fronts are busy */
        at += draw(w, 30) ? 0 : 1000 * (int64_t)draw(w, 3 * SECOND);
    } else if (at <= conn->last_us) {
        at = conn->last_us + 1;
    }
    conn->last_us = at;
    event_at_us(w, &call->event, at);
}

/* Now and then a connection breaks just before, or just after. */
static bool breaks(struct world *w, const struct call *call)
{
    return call->pending && !w->resting && now_and_then(w, w->plan.break_thousandths) &&
           now_and_then(w, 100);
}

static void call_arrive(struct world *w, struct event *e)
{
    struct call *call = (struct call *)e;
    struct conn *conn = call->conn;
    struct db *db = &w->db;
    if (!db->up) {
        if (!call->pending)
            call_free(w, call);
        return; /* its connection breaks, or did */
    }
    if (!call->pending && db->hello_run != db->run) {
        call_free(w, call); /* nobody has a connection to this Redis yet, be it through others */
        return;
    }
    if (db->hung_until_us > w->now_us) { /* in the order in which they came */
        event_at_us(w, e, db->hung_until_us + 1 + (int64_t)w->order++ % 1000);
        return;
    }
    if (breaks(w, call)) {
        event_in(w, e, 0); /* it is still on its way */
        conn_break(w, conn);
        return;
    }
    bool reply_lost = breaks(w, call);
    w->tally.late_requests += !call->pending;
    db_exec(w, call);
    if (reply_lost) {
        w->tally.lost_replies++;
        conn_break(w, conn);
    }
}

static void call_back(struct world *w, struct event *e)
{
    struct call *call = (struct call *)e;
    DL_DELETE(call->conn->pending, call);
    call->pending = false;
    call->done(w, call);
    call_free(w, call);
}

void call_reply(struct world *w, struct call *call)
{
    if (!call->pending) {
        call_free(w, call);
        return;
    }
    struct conn *conn = call->conn;
    int64_t at = w->now_us + latency_us(w, conn);
    if (at <= conn->back_us)
        at = conn->back_us + 1;
    conn->back_us = at;
    call->replied = true;
    call->event.run = call_back;
    call->event.to = conn->owner;
    call->event.in_order = true;
    event_at_us(w, &call->event, at);
}

/* What only asks, or is on its way back, or never got anywhere, ends here; what Redis is at, it
 * goes on with; and what is on its way there may arrive, as late as it likes. */
static void orphan(struct world *w, struct call *call)
{
    bool on_its_way = call->event.node.index && !call->replied;
    DL_DELETE(call->conn->pending, call);
    call->pending = false;
    if (call->held == &w->db.waiting)
        return;
    if (call->reads || !on_its_way || draw(w, 2)) {
        w->tally.lost_requests += on_its_way;
        call_free(w, call);
        return;
    }
    event_in(w, &call->event, draw_time(w, 1, 2 * w->plan.lease_ms));
}

bool conn_close(struct world *w, struct conn *conn)
{
    if (!conn->up)
        return false;
    conn->up = false;
    while (conn->pending)
        orphan(w, conn->pending);
    conn->last_us = conn->back_us = 0;
    return true;
}

void conn_break(struct world *w, struct conn *conn)
{
    if (conn_close(w, conn))
        courier_conn_down(w, conn->owner, conn->is_tail);
}
