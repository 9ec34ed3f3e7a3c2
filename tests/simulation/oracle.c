/* oracle: what is owed to whom, and whether an attempt may be made. It knows what got which number,
 * who was a member in which zone then, and what was answered; of the scheduler it knows nothing but
 * what it does.
 *
 * Facts that Redis could lose are written with PUT(), so that they go with its newest writes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

void broken(struct world *w, const char *format, ...)
{
    va_list args;
    if (w->broken[0])
        return;
    va_start(args, format);
    vsnprintf(w->broken, sizeof(w->broken), format, args);
    va_end(args);
    trace(w, "BROKEN: %s", w->broken);
}

void trace(struct world *w, const char *format, ...)
{
    char text[300];
    va_list args;
    if (!w->tracing)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char **place = &w->traced[w->traced_n++ % w->tracing];
    struct bytes line;
    bytes_init(&line, 512);
    bytes_addf(&line, "%12.3f  %s", (double)w->now_us / 1e6, text);
    free(*place);
    *place = bytes_take(&line);
}

/* --- facts ------------------------------------------------------------------------------------ */

struct fate *fate_of(const struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    return &act->fates[host * w->plan.slots + slot];
}

bool fate_settled(const struct fate *f)
{
    return f->acked || f->failed || f->noted;
}

struct act *act_at(const struct world *w, uint64_t n)
{
    const struct line *line = n && n <= w->db.n ? w->db.lines[n] : NULL;
    return line && line->kind == LINE_ENTRY ? line->act : NULL;
}

struct act *act_of(const struct world *w, const struct entry *e)
{
    struct span rest = e->id;
    uint64_t uid = 0;
    while (rest.p) {
        struct span last = span_cut(&rest, '/');
        if (!rest.p)
            span_u64(last, UINT64_MAX, &uid);
    }
    return w->acts[uid];
}

static enum member_style style_of(char url)
{
    return url % 2 ? STYLE_LITEPUB : STYLE_PUBLIC;
}

static void draw_sour(struct world *w, unsigned host, struct fate *f)
{
    static const uint16_t forever[] = {400, 422, 404, 413, 500, 401, 403, 424, 301};
    if (w->resting || w->hosts[host].saint || !now_and_then(w, w->plan.sour_thousandths))
        return;
    f->sour = (uint8_t)(draw(w, 2) ? 1 + draw(w, 12) : 255);
    f->sour_status = f->sour == 255 ? forever[draw(w, COUNT_OF(forever))] : 500;
}

void oracle_appended(struct world *w, struct act *act, unsigned zones)
{
    const struct entry *e = w->db.lines[act->n]->entry;
    unsigned owner = w->objects[act->object].owner;
    if (!act->fates)
        act->fates = mem_new(w->plan.hosts * w->plan.slots * sizeof(*act->fates));
    act->at_ms = now_ms(w);
    for (unsigned i = 0; i < w->plan.hosts; i++) {
        const struct host *h = &w->hosts[i];
        bool its = h->member && h->state == MEMBER_ACTIVE && h->zone >= 0 && zones >> h->zone & 1 &&
                   i != act->origin && i != owner;
        for (unsigned s = 0; s < w->plan.slots; s++) {
            struct fate *f = fate_of(w, act, i, s);
            /* What came in a time line that was lost says nothing of the order in this one. */
            *f = (struct fate){.arrived = f->arrived, .ordered = f->arrived};
            f->owed = its && h->slots_used >> s & 1 &&
                      outgoing_form(&e->facts, style_of(h->urls[s])) != FORM_NOTHING;
            if (f->owed)
                draw_sour(w, i, f);
        }
    }
}

static void change_fate(struct world *w, struct fate *f, bool ends, bool withdraws)
{
    if (!f->owed)
        return;
    if (ends && !f->ended)
        PUT(w, f->ended, (uint32_t)w->db.n);
    if (withdraws && !f->withdrawn)
        PUT(w, f->withdrawn, true);
}

void oracle_changed(struct world *w, unsigned host, const struct member *before,
                    const struct member *after, bool cuts)
{
    struct host *h = &w->hosts[host];
    int zone = policy_zone_by_name(&w->policy, span_of(after->zone));
    bool moved = before && strcmp(before->zone, after->zone) != 0;
    h->changed_ms = now_ms(w);
    for (size_t i = 0; before && i < w->acts_n; i++) {
        struct act *act = w->acts[i];
        if (!act->n)
            continue;
        struct span audience = w->db.lines[act->n]->entry->audience;
        bool withdraws = moved && (zone < 0 || !audience_has(audience, after->zone));
        for (unsigned s = 0; s < w->plan.slots; s++) {
            bool freed = before->inboxes[s].url[0] && !after->inboxes[s].url[0];
            change_fate(w, fate_of(w, act, host, s), cuts || freed, withdraws);
        }
    }
}

void oracle_host_ordered(struct world *w, unsigned host, enum book_order order, uint64_t n)
{
    struct host *h = &w->hosts[host];
    h->changed_ms = now_ms(w);
    if (order == ORDER_HOLD)
        PUT(w, h->held_n, n);
    if (order == ORDER_RELEASE)
        PUT(w, h->held_n, 0);
    if (order == ORDER_REPLAY)
        PUT(w, h->replay_n, n);
    for (size_t i = 0; order == ORDER_CUT && i < w->acts_n; i++)
        for (unsigned s = 0; w->acts[i]->n && s < w->plan.slots; s++)
            PUT(w, fate_of(w, w->acts[i], host, s)->dropped, true);
}

void oracle_ordered(struct world *w, unsigned host, const struct act *act)
{
    for (unsigned s = 0; s < w->plan.slots; s++)
        fate_of(w, act, host, s)->ordered = true;
}

void oracle_claimed(struct world *w, unsigned shard, const struct courier *c)
{
    if (w->claimant[shard] && w->claimant[shard] != &w->couriers[c->number])
        w->tally.takeovers++;
    w->claimant[shard] = &w->couriers[c->number];
    w->claimant_process[shard] = c->process;
}

/* How long a host has to be left alone is counted from when that was heard, however clocks are set
 * since; what was written down is by the clock of then, and no wait is longer than it can be. */
struct knows *oracle_knows(struct world *w, const struct courier *c, unsigned host)
{
    const struct judge_limits *judge = &w->plan.limits.judge;
    struct host *h = &w->hosts[host];
    int64_t longest = judge->retry_after_most_ms > judge->backoff_most_ms
                          ? judge->retry_after_most_ms
                          : judge->backoff_most_ms;
    if (h->knows.life != c->life) {
        int64_t until = h->wait_saved_ms ? h->wait_saved_ms - c->loaded_clock_ms : 0;
        h->knows =
            (struct knows){.life = c->life, .wait_ms = until > now_ms(w) + longest ? 0 : until};
    }
    if (h->knows.wait_ms <= now_ms(w) + w->clock_slewed_ms)
        h->knows.wait_ms = 0;
    return &h->knows;
}

void oracle_told(struct world *w, struct courier *c, const struct line *line)
{
    if (line->kind == LINE_LETTER || !(c->held >> w->hosts[line->host].shard & 1))
        return;
    if (line->kind != LINE_ORDER || line->order == ORDER_WAKE) /* it lives; or it came back */
        oracle_knows(w, c, line->host)->wait_ms = 0;
}

/* --- an attempt ------------------------------------------------------------------------------- */

/* How late a courier may hear of a change: it stops by itself when Redis is silent. */
static bool lately(const struct world *w, int64_t then_ms)
{
    return now_ms(w) - then_ms <= w->plan.lease_ms / 2 + 3 * SECOND;
}

static void check_right(struct world *w, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    const struct attempt *a = &f->attempt;
    const struct fate *fate = fate_of(w, f->act, f->host, a->slot);
    size_t len = strlen(a->inbox);
    bool today = h->state == MEMBER_ACTIVE && !fate->ended && h->slots_used >> a->slot & 1 &&
                 h->urls[a->slot] == a->inbox[len - 1] && h->zone >= 0 &&
                 audience_has(a->entry->audience, zone_names[h->zone]);
    if (!fate->owed)
        broken(w, "%s/%u: %llu is sent, but was never owed", h->name, a->slot, NUMBER(f->act->n));
    if (!today && !lately(w, h->changed_ms) && !lately(w, w->crashed_ms))
        broken(w, "%s/%u: %llu is sent, but its right to it has ended", h->name, a->slot,
               NUMBER(f->act->n));
    if (h->accept && !h->accept->answered &&
        (f->act->n > h->accept->n || !lately(w, h->changed_ms)) && !lately(w, w->crashed_ms))
        broken(w, "%s/%u: %llu is sent, but its Accept %llu was not delivered (%d)", h->name,
               a->slot, NUMBER(f->act->n), NUMBER(h->accept->n), h->accept->settled);
}

static void check_again(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    const struct fate *fate = fate_of(w, f->act, f->host, f->attempt.slot);
    const struct cursor *own = db_own(w, f->host);
    bool aside = false;
    if (fate->ordered || !f->act->n || (h->replay_n && f->act->n < h->replay_n))
        return;
    for (size_t i = 0; own && i < own->aside_n; i++)
        aside |= own->aside[i].n == f->act->n && own->aside[i].slot == f->attempt.slot;
    if (fate->done_life == (uint32_t)c->life)
        broken(w, "%s/%u: %llu again, although it was answered", h->name, f->attempt.slot,
               NUMBER(f->act->n));
    const struct cursor_part *part = own ? cursor_part(own, f->act->n, f->attempt.slot) : NULL;
    if (!aside && (f->act->n <= db_low(w, f->host) || (part && part->done)))
        broken(w, "%s/%u: %llu again, although its cursor has passed it: %s", h->name,
               f->attempt.slot, NUMBER(f->act->n), h->own ? h->own : "its shard's");
}

/* What came before it of the same object has to be through, and that it was refused on disk. */
static void check_object(struct world *w, const struct flight *f)
{
    const struct object *o = &w->objects[f->act->object];
    unsigned slot = f->attempt.slot;
    if (lately(w, w->crashed_ms))
        return;
    for (size_t i = 0; i < o->acts_n; i++) {
        const struct act *act = o->acts[i];
        if (!act->n || act->n >= f->act->n || db_trimmed(w, act->n))
            continue;
        const struct fate *fate = fate_of(w, act, f->host, slot);
        if (fate->owed && !fate->ordered && !fate_settled(fate) && !fate->ended && !fate->dropped &&
            act->n > w->hosts[f->host].replay_n)
            broken(w, "%s/%u: %llu is sent before %llu, which is of the same object",
                   w->hosts[f->host].name, slot, NUMBER(f->act->n), NUMBER(act->n));
    }
}

static void check_bounds(struct world *w, const struct courier *c, const struct flight *f)
{
    unsigned flying = 0;
    if (c->flights_n > w->plan.limits.in_flight)
        broken(w, "courier %u has %zu attempts under way", c->number, c->flights_n);
    if (w->hosts[f->host].flying <= w->plan.limits.host_window)
        return;
    for (const struct flight *o = c->flights; o; o = o->next)
        flying += o->host == f->host;
    if (flying > w->plan.limits.host_window)
        broken(w, "%s: %u attempts at once", w->hosts[f->host].name, flying);
}

void oracle_attempt(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    w->tally.attempts++;
    if (w->claimant[h->shard] != c || w->claimant_process[h->shard] != c->process)
        broken(w, "courier %u sends to %s, whose shard another has taken", c->number, h->name);
    if (h->state == MEMBER_ACTIVE && now_ms(w) < oracle_knows(w, c, f->host)->wait_ms)
        broken(w, "%s: tried %lld ms before its time", h->name,
               (long long)(oracle_knows(w, c, f->host)->wait_ms - now_ms(w)));
    oracle_knows(w, c, f->host)->wait_ms = 0; /* over, wherever clocks are put */
    check_bounds(w, c, f);
    if (h->held_n && h->held_n > h->changed_n && !lately(w, h->changed_ms) &&
        !lately(w, w->crashed_ms))
        broken(w, "%s: an operator holds it, and it is tried", h->name);
    if (!f->act)
        return;
    check_right(w, f);
    check_again(w, c, f);
    check_object(w, f);
}

/* Until when the host has to be left alone, as far as its answer says. Those that were under way
 * together are one failure; but what one of them asks for counts. */
static void note_trouble(struct world *w, const struct flight *f, const struct judgement *j)
{
    struct knows *knows = oracle_knows(w, f->courier, f->host);
    int64_t most = w->plan.limits.judge.retry_after_most_ms;
    int64_t asked = f->sending.asks_ms < most ? f->sending.asks_ms : most;
    bool fresh = f->started_ms > knows->trouble_ms;
    bool trouble = f->sending.answer.err != ERR_OK || asked || j->host_trouble;
    if (j->verdict == VERDICT_LATER && fresh)
        knows->trouble_ms = now_ms(w);
    if (j->local || w->hosts[f->host].state != MEMBER_ACTIVE)
        return;
    if (trouble && (fresh || asked) && j->verdict != VERDICT_DELIVERED) {
        /* Where nobody can be reached, it may be our own fault: then it is tried sooner. */
        int64_t until = now_ms(w) + (asked ? asked : j->host_trouble && !j->unreached ? 500 : 0);
        knows->wait_ms = until > knows->wait_ms ? until : knows->wait_ms;
    } else if (j->verdict != VERDICT_LATER) {
        knows->wait_ms = 0;
    }
}

void oracle_answered(struct world *w, const struct flight *f, const struct judgement *j)
{
    int status = f->sending.answer.status;
    bool delivered = status >= 200 && status < 300;
    note_trouble(w, f, j);
    if (j->verdict == VERDICT_LATER)
        return;
    w->tally.deliveries += delivered;
    if (!f->act) {
        f->letter->answered = true;
        f->letter->refused = !delivered;
        w->tally.shut += !delivered && strcmp(f->letter->mail, "accept") == 0;
        return;
    }
    struct fate *fate = fate_of(w, f->act, f->host, f->attempt.slot);
    fate->last_acked = delivered;
    fate->acked |= delivered;
    fate->refused |= j->verdict == VERDICT_NEVER;
    fate->done_life = (uint32_t)f->courier->life;
}

/* Who is always well is not to suffer from those who are not. */
void oracle_first_arrival(struct world *w, unsigned host, const struct act *act)
{
    const struct host *h = &w->hosts[host];
    int64_t calm = w->disturbed_ms + 2 * w->plan.lease_ms + 30 * SECOND;
    int64_t from = act->at_ms > calm ? act->at_ms : calm;
    if (from < h->changed_ms)
        from = h->changed_ms;
    if (h->saint && act->n && now_ms(w) - from > w->plan.patience_ms)
        broken(w, "%s, which is well, gets %llu only after %lld s", h->name, NUMBER(act->n),
               (long long)(now_ms(w) - from) / 1000);
}
