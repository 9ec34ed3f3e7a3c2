/* db_leave_out: what a replay leaves out, as order.lua has it: what an inbox refused once for good,
 * where it had a later version of the same object. If it took the old one now, it would drop the
 * later one as a repeat. May not know: what a courier makes of it. */
#include <inttypes.h>

#include "sim.h"

enum { TEXT_MAX = 8192 };

static unsigned refused_by(const struct world *w, const struct act *act, unsigned host)
{
    unsigned slots = 0;
    for (unsigned s = 0; s < w->plan.slots; s++)
        slots |= fate_of(w, act, host, s)->failed ? 1U << s : 0;
    return slots;
}

/* A skip, a cut or a gap, whichever inbox it is about. */
static bool passed_over(const struct world *w, const struct act *act, unsigned host)
{
    bool noted = false;
    for (unsigned s = 0; s < w->plan.slots; s++)
        noted |= fate_of(w, act, host, s)->noted;
    return noted;
}

static unsigned had_later(struct world *w, const struct act *act, unsigned host)
{
    struct versions v;
    unsigned had = 0;
    versions_read(w->objects[act->object].entries, &v);
    for (size_t i = 0; i < v.n; i++) {
        const struct act *later = v.list[i].n <= db_low(w, host) ? act_at(w, v.list[i].n) : NULL;
        if (later && later->n > act->n && !passed_over(w, later, host))
            had |= ~refused_by(w, later, host);
    }
    return had;
}

void db_leave_out(struct world *w, struct line *replay)
{
    struct bytes all;
    bytes_init(&all, TEXT_MAX);
    for (size_t i = 0; i < w->acts_n; i++) {
        const struct act *act = w->acts[i];
        if (act->n <= replay->of || act->n >= replay->n || act_takes_back(act) ||
            db_trimmed(w, act->n))
            continue;
        unsigned slots = refused_by(w, act, replay->host) & had_later(w, act, replay->host);
        struct line *line = w->db.lines[act->n];
        const char *was = line->marks;
        if (!slots)
            continue;
        if (!was || was[0] != 'r') {
            struct bytes text;
            bytes_init(&text, TEXT_MAX);
            bytes_addf(&text, "%s%sh%" PRIu64 ":%u:%u", was ? was : "", was ? ";" : "", replay->n,
                       slots, replay->host);
            db_put_text(w, &line->marks, bytes_take(&text));
        }
        bytes_addf(&all, "%s%" PRIu64 ":%u", all.n ? " " : "", act->n, slots);
        oracle_left_out(w, act, replay->host, slots, replay->n);
        trace(w, "a replay leaves out %" PRIu64 " for %s", act->n, w->hosts[replay->host].name);
    }
    replay->left_out = bytes_take(&all);
}
