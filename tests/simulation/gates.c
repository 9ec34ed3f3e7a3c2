/* gates: boundaries that are frozen and thawed: by people, in Redis, for couriers; and the oracle's
 * word on what may start. Only worlds that are planned so have any.
 *
 * What is frozen is a table here, not the text that couriers are told, and what may cross is looked
 * up in it: nothing is asked of relay/rules/gate.c. What is decided while a boundary is frozen is
 * decided as ever in this world, which is what the rest of the relay sees to: it may go.
 * May not know: who is sent what. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* --- Redis -------------------------------------------------------------------------------------
 */

static void write_down(struct world *w, const struct frozen *now, struct line *line)
{
    for (unsigned from = 0; from < ZONES; from++)
        for (unsigned to = 0; to < ZONES; to++)
            PUT(w, w->db.frozen.by[from][to], now->by[from][to]);
    PUT(w, w->db.gates_n, line->n);
    line->frozen = mem_new(sizeof(*line->frozen));
    *line->frozen = *now;
    w->gated_ms = now_ms(w);
}

void db_freeze(struct world *w, struct call *call)
{
    struct frozen now = w->db.frozen;
    if (call->epoch != w->db.epoch) {
        call->answer = "EPOCH";
        return;
    }
    struct line *line = line_new(w, LINE_GATES, LANE_NORMAL);
    uint64_t *by = &now.by[call->from_zone][call->to_zone];
    if (call->from_zone == call->to_zone)
        memset(&now, 0, sizeof(now));
    else
        *by = *by ? 0 : line->n;
    write_down(w, &now, line);
    trace(w, "%llu: %s -> %s is %s", NUMBER(line->n), zone_names[call->from_zone],
          zone_names[call->to_zone], call->from_zone != call->to_zone && *by ? "frozen" : "thawed");
    w->tally.frozen += *by != 0;
    w->tally.thawed += *by == 0;
    call->answer = "OK";
}

void db_gates(struct world *w, struct call *call)
{
    call->frozen = w->db.frozen;
    call->seq = w->db.gates_n;
    call->answer = "OK";
}

/* --- people ------------------------------------------------------------------------------------
 */

static void on_changed(struct world *w, struct call *call)
{
    (void)w;
    (void)call;
}

static void change(struct world *w, unsigned from, unsigned to)
{
    struct call *call = front_call(w, db_freeze, on_changed);
    if (!call)
        return;
    call->from_zone = from;
    call->to_zone = to;
    call_send(w, call);
}

void people_freeze(struct world *w)
{
    unsigned from = (unsigned)draw(w, ZONES);
    change(w, from, draw(w, 8) ? (unsigned)draw(w, ZONES) : from);
}

void people_thaw(struct world *w)
{
    static const struct frozen none;
    if (memcmp(&w->db.frozen, &none, sizeof(none)) != 0)
        change(w, 0, 0);
}

/* --- couriers ----------------------------------------------------------------------------------
 */

static struct gates *gates_of(const struct frozen *frozen, uint64_t n)
{
    struct gates *gates = mem_new(sizeof(*gates));
    struct bytes text;
    bytes_init(&text, GATES_TEXT_MAX);
    for (unsigned from = 0; from < ZONES; from++)
        for (unsigned to = 0; to < ZONES; to++)
            if (frozen->by[from][to])
                bytes_addf(&text, "%s%s>%s@%llu", text.n ? " " : "", zone_names[from],
                           zone_names[to], NUMBER(frozen->by[from][to]));
    if (!gates_read(bytes_span(&text), gates))
        abort();
    gates->n = n;
    bytes_fini(&text);
    return gates;
}

void courier_gated(struct world *w, struct courier *c, const struct frozen *frozen, uint64_t n)
{
    struct gates *gates = gates_of(frozen, n);
    trace(w, "courier %u is told what is frozen as of %llu", c->number, NUMBER(n));
    if (n > c->gates_n) {
        c->frozen = *frozen;
        c->gates_n = n;
    }
    schedule_gates(c->schedule, gates);
    free(gates);
}

static void on_gates(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || c->state != COURIER_GATES)
        return;
    if (call->err != ERR_OK) {
        courier_start_over(w, c, "what is frozen can't be read");
        return;
    }
    struct gates *gates = gates_of(&call->frozen, call->seq);
    c->frozen = call->frozen;
    c->gates_n = call->seq;
    c->heard = gates->n > c->heard ? gates->n : c->heard;
    schedule_load_gates(c->schedule, gates);
    free(gates);
    courier_follow(w, c);
}

void courier_gates(struct world *w, struct courier *c)
{
    if (!c->store.up)
        return;
    courier_goto(w, c, COURIER_GATES);
    struct call *call = call_new(w, &c->store, db_gates, on_gates);
    call->reads = true;
    call_send(w, call);
}

/* --- the oracle --------------------------------------------------------------------------------
 */

static bool is_shut(const struct frozen *frozen, int from, int to, uint64_t n)
{
    for (int zone = 0; zone < ZONES; zone++)
        if (zone != to && (from < 0 || from == zone) && frozen->by[zone][to] > n)
            return true;
    return false;
}

void oracle_gates(struct world *w, const struct courier *c, const struct flight *f)
{
    int to = policy_zone_by_name(&w->policy, span_of(f->attempt.zone));
    if (act_takes_back(f->act) || to < 0)
        return;
    if (is_shut(&c->frozen, f->act->zone, to, f->act->n))
        broken(w, "%s: %llu is sent across what was frozen, as courier %u was told",
               w->hosts[f->host].name, NUMBER(f->act->n), c->number);
}
