/* oracle_urgent: what takes back, and what it takes back: to whom it is owed, what may be skipped
 * because of it, and what may not be sent any more.
 *
 * Who was to have a post is told when that is deleted, wherever it is by then, as long as it is a
 * member, and for a while if it left by itself. May not know: how marks are written, or read. */
#include "relay/rules/mark.h"
#include "sim.h"

/* --- when it is appended -----------------------------------------------------------------------
 */

static void take(struct world *w, struct act *act, uint64_t by)
{
    if (act && act->n < by && !act->taken)
        PUT(w, act->taken, by);
}

void oracle_takes(struct world *w, const struct act *act)
{
    const struct entry *e = w->db.lines[act->n]->entry;
    const struct object *o = &w->objects[act->object];
    for (size_t i = 0; act_takes_back(act) && i < e->of_n; i++)
        take(w, act_at(w, e->of[i]), act->n);
    /* Where there were too many, not all Updates are named that are still in the journal. */
    for (size_t i = 0; act_takes_back(act) && i < o->acts_n; i++)
        if (o->acts[i]->type == ACTIVITY_UPDATE && o->acts[i]->n && !db_trimmed(w, o->acts[i]->n))
            take(w, o->acts[i], act->n);
    for (size_t i = 0; e->gone && i < w->acts_n; i++) {
        struct act *other = w->acts[i];
        if (other->n && !act_takes_back(other) && other->type != ACTIVITY_ANNOUNCE &&
            w->objects[other->object].actor == act->object)
            take(w, other, act->n);
    }
}

static bool lives(const struct world *w, const struct host *h)
{
    return h->member &&
           (h->state == MEMBER_ACTIVE || (h->left_ms && wall_ms(w) <= h->left_ms + MARK_GRACE_MS));
}

/* What it takes back went to some of its zones at least; who had which is not looked at. */
static bool had_right(const struct fate *f, const struct entry *taker)
{
    return f->zone >= 0 && audience_has(taker->audience, zone_names[f->zone]);
}

bool oracle_reaches(const struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    const struct host *h = &w->hosts[host];
    const struct entry *e = w->db.lines[act->n]->entry;
    bool here = h->state == MEMBER_ACTIVE ? h->slots_used >> slot & 1
                                          : h->left_ms && h->farewell_slot == slot;
    bool concerns = had_right(fate_of(w, act, host, slot), e);
    for (size_t i = 0; i < e->of_n; i++)
        concerns |=
            act_at(w, e->of[i]) && had_right(fate_of(w, act_at(w, e->of[i]), host, slot), e);
    return lives(w, h) && here && concerns;
}

char oracle_inbox(const struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    const struct host *h = &w->hosts[host];
    bool farewell = h->left_ms && act_takes_back(act) && slot == h->farewell_slot;
    return farewell ? h->farewell_url : h->urls[slot];
}

/* --- what may be skipped -----------------------------------------------------------------------
 */

/* A later Update in the same form, up to that number, was to go there. */
static bool is_replaced(const struct world *w, const struct act *act, unsigned host, unsigned slot,
                        uint64_t told)
{
    const struct object *o = &w->objects[act->object];
    for (size_t i = 0; act->type == ACTIVITY_UPDATE && i < o->acts_n; i++) {
        const struct act *later = o->acts[i];
        if (later->n > act->n && later->n <= told && later->type == ACTIVITY_UPDATE &&
            later->proof == act->proof && fate_of(w, later, host, slot)->owed)
            return true;
    }
    return false;
}

/* An Update that had left the journal already when its object was taken back: whoever has it in
 * memory may know that, or not. */
static bool is_past(const struct world *w, const struct act *act, uint64_t told)
{
    const struct object *o = &w->objects[act->object];
    bool past = false;
    for (size_t i = 0; act->type == ACTIVITY_UPDATE && i < o->acts_n; i++)
        past |= act_takes_back(o->acts[i]) && o->acts[i]->n > act->n && o->acts[i]->n <= told;
    return past;
}

bool oracle_may_skip(const struct world *w, const struct act *act, unsigned host, unsigned slot,
                     enum err why, uint64_t told)
{
    const struct fate *f = fate_of(w, act, host, slot);
    switch (why) {
    case ERR_NO_RIGHT: return f->withdrawn;
    case ERR_NO_FORM:
    case ERR_NOT_MEMBER: return f->ended > 0;
    case ERR_BODY_GONE: return f->refused;
    case ERR_RECALLED:
        return !act_takes_back(act) &&
               ((act->taken && act->taken <= told) || is_past(w, act, told));
    case ERR_REPLACED: return is_replaced(w, act, host, slot, told);
    default: return false;
    }
}

bool oracle_may_wait(const struct world *w, const struct act *act, const struct act *behind,
                     unsigned host, unsigned slot)
{
    return act->taken || is_replaced(w, act, host, slot, UINT64_MAX) ||
           oracle_harmless(act, behind);
}

/* An Announce says no more than that there is something to be fetched: of what is deleted, nothing
 * will be found. Where an object has too many entries, Announces are the first not to be taken
 * back. What was refused and comes again takes back what the later one does. */
bool oracle_harmless(const struct act *act, const struct act *later)
{
    return later && act_takes_back(later) &&
           (act->type == ACTIVITY_ANNOUNCE || act_takes_back(act));
}

/* It has left the journal: what takes back its object does not name it any more. A courier that has
 * it in memory may still send it; it is older than anything is to be sent. */
bool oracle_forgotten(const struct world *w, const struct act *act, const struct act *later)
{
    return later && act_takes_back(later) && act->n && !act->taken && db_trimmed(w, act->n);
}

/* --- an attempt --------------------------------------------------------------------------------
 */

/* Or it could know: that was there when it began. */
static bool told_of(const struct courier *c, uint64_t n)
{
    return c->last_line[LANE_URGENT] >= n || c->urgent >= n;
}

/* Something keeps it: another of its lane, or of its object, is under way; or one of its object is
 * set aside. */
static bool is_kept(struct world *w, const struct courier *c, const struct flight *f,
                    const struct act *urgent)
{
    const struct entry *e = w->db.lines[urgent->n]->entry;
    for (const struct flight *o = c->flights; o; o = o->next) {
        bool older = e->gone && o->act && o->act->n < urgent->n;
        if (o->host == f->host && o != f && o->act &&
            (older || o->act->object == urgent->object || act_takes_back(o->act)))
            return true;
    }
    const struct cursor *own = db_own(w, f->host);
    for (size_t k = 0; own && k < own->aside_n; k++) {
        const struct act *act = act_at(w, own->aside[k].n);
        if (act && act->object == urgent->object)
            return true;
    }
    const struct object *o = &w->objects[urgent->object];
    for (size_t i = 0; i < o->acts_n; i++)
        for (unsigned s = 0; o->acts[i]->n && s < w->plan.slots; s++)
            if (fate_of(w, o->acts[i], f->host, s)->tried_life == (uint32_t)c->life)
                return true;
    return false;
}

/* The oldest that the courier was told of and has not sent. */
static const struct act *urgent_head(struct world *w, const struct courier *c, unsigned host)
{
    const struct act *head = NULL;
    for (size_t i = 0; i < w->acts_n; i++) {
        const struct act *act = w->acts[i];
        if (!act->n || !act_takes_back(act) || act->n > c->last_line[LANE_URGENT] ||
            act->n <= db_urgent(w, host) || db_trimmed(w, act->n) || (head && head->n < act->n))
            continue;
        for (unsigned s = 0; s < w->plan.slots; s++) {
            const struct fate *fate = fate_of(w, act, host, s);
            if (fate->owed && !fate_settled(fate) && !fate->ended && !fate->dropped &&
                !fate->refused)
                head = act;
        }
    }
    return head;
}

/* It overtakes what is in the other lane: nothing of that is begun before it was. */
static void check_overtakes(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct act *head = urgent_head(w, c, f->host);
    if (head && !is_kept(w, c, f, head))
        broken(w, "%s/%u: %llu is sent, and %llu, which takes back, waits behind it",
               w->hosts[f->host].name, f->attempt.slot, NUMBER(f->act->n), NUMBER(head->n));
}

/* A later Update that was put in its place, and goes there too, as the courier was told. */
static const struct act *in_its_place(const struct world *w, const struct courier *c,
                                      const struct flight *f)
{
    const struct object *o = &w->objects[f->act->object];
    for (size_t i = 0; f->act->type == ACTIVITY_UPDATE && i < o->acts_n; i++) {
        const struct act *later = o->acts[i];
        if (later->n <= f->act->n || later->type != ACTIVITY_UPDATE ||
            later->n > c->last_line[LANE_NORMAL] ||
            !fate_of(w, later, f->host, f->attempt.slot)->owed)
            continue;
        const struct entry *e = w->db.lines[later->n]->entry;
        for (size_t k = 0; k < e->of_n; k++)
            if (e->of[k] == f->act->n)
                return later;
    }
    return NULL;
}

static void check_replaced(struct world *w, const struct courier *c, const struct flight *f)
{
    if (f->act->taken)
        return; /* that is all that its marks say then, and it counts once it is told */
    const struct act *later = in_its_place(w, c, f);
    if (later)
        broken(w, "%s/%u: %llu is sent, although %llu replaces it", w->hosts[f->host].name,
               f->attempt.slot, NUMBER(f->act->n), NUMBER(later->n));
}

/* What is set aside and due goes first. */
static bool is_aside(struct world *w, const struct flight *f)
{
    const struct cursor *own = db_own(w, f->host);
    for (size_t i = 0; own && i < own->aside_n; i++)
        if (own->aside[i].n == f->act->n && own->aside[i].slot == f->attempt.slot)
            return true;
    return false;
}

void oracle_urgency(struct world *w, const struct courier *c, const struct flight *f)
{
    struct fate *fate = fate_of(w, f->act, f->host, f->attempt.slot);
    bool first = fate->tried_life != (uint32_t)c->life;
    bool calm = now_ms(w) - w->crashed_ms > w->plan.lease_ms / 2 + 3 * SECOND;
    fate->tried_life = (uint32_t)c->life;
    if (act_takes_back(f->act)) {
        w->tally.farewells += w->hosts[f->host].state == MEMBER_LEFT;
        return;
    }
    if (f->act->taken && told_of(c, f->act->taken) && calm)
        broken(w, "%s/%u: %llu is sent, although %llu takes it back", w->hosts[f->host].name,
               f->attempt.slot, NUMBER(f->act->n), NUMBER(f->act->taken));
    bool aside = f->act->n <= db_low(w, f->host) || !f->act->n || is_aside(w, f);
    if (first && calm && f->act->n && f->attempt.tries == 1 && !fate->ordered)
        check_replaced(w, c, f);
    if (first && calm && !aside && f->attempt.tries == 1 && !fate->ordered)
        check_overtakes(w, c, f);
}

/* What it takes back may arrive after it: then it goes once more. */
bool oracle_may_repeat(const struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    const struct object *o = &w->objects[act->object];
    for (size_t i = 0; act_takes_back(act) && i < o->acts_n; i++)
        if (o->acts[i]->n && o->acts[i]->n < act->n && fate_of(w, o->acts[i], host, slot)->doubt)
            return true;
    return false;
}
