/* schedule_gate: what waits because a boundary is frozen (gate.h), and who goes on when that ends.
 *
 * The set is known as of a line of the journal. One that was loaded may be newer than the lines
 * that are told: older ones change nothing.
 *
 * May not know: what else may keep an entry back. */
#include "relay/rules/schedule_gate.h"

bool gate_stops(const struct schedule *s, const struct dest *d, const struct entry *e)
{
    return gates_stop(&s->gates, e, d->zone);
}

bool gate_barred(const struct schedule *s, const struct cursor_aside *aside)
{
    return aside->barred == s->gates.n + 1;
}

void gate_bars(const struct schedule *s, struct dest *d, struct cursor_aside *aside)
{
    aside->barred = s->gates.n + 1;
    d->barred = true;
}

bool gate_stopped(const struct outcome *o)
{
    return o->j->verdict == VERDICT_LATER && o->j->why == ERR_FROZEN;
}

bool schedule_stopped(const struct schedule *s, const struct attempt *attempt)
{
    return attempt->entry && gates_stop(&s->gates, attempt->entry, attempt->zone);
}

void schedule_load_gates(struct schedule *s, const struct gates *gates)
{
    s->gates = *gates;
}

/* Who waits behind a gate may go on, or waits for another. */
static void look_gates(struct schedule *s)
{
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        struct dest *next;
        DL_FOREACH_SAFE2(s->shards[i].dests, d, next, shard_next)
        {
            bool barred = d->barred;
            d->barred = false;
            if (barred || d->state == DEST_FROZEN)
                dest_look_again(s, d);
        }
    }
}

void schedule_gates(struct schedule *s, const struct gates *gates)
{
    told(s, gates->n);
    if (gates->n <= s->gates.n)
        return;
    s->gates = *gates;
    look_gates(s);
}
