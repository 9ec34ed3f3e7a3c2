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
    oracle_takes(w, act);
    for (unsigned i = 0; i < w->plan.hosts; i++) {
        const struct host *h = &w->hosts[i];
        bool active = h->member && h->state == MEMBER_ACTIVE && h->hears >= 0;
        bool entitled = active && zones >> h->hears & 1;
        for (unsigned s = 0; s < w->plan.slots; s++) {
            struct fate *f = fate_of(w, act, i, s);
            /* What came in a time line that was lost says nothing of the order in this one. */
            *f = (struct fate){.arrived = f->arrived,
                               .ordered = f->arrived,
                               .zone = (int8_t)(active ? h->hears : -1)};
            bool its = act_takes_back(act) ? oracle_reaches(w, act, i, s)
                                           : entitled && h->slots_used >> s & 1;
            char url = oracle_inbox(w, act, i, s);
            f->owed = its && i != act->origin && i != owner &&
                      outgoing_form(&e->facts, style_of(url)) != FORM_NOTHING;
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
    bool mute = after->role == MEMBER_ROLE_PUBLISH_ONLY; /* it is sent nothing any more */
    bool moved = before && (mute || strcmp(before->zone, after->zone) != 0);
    bool back = before && before->state == MEMBER_LEFT && after->state != MEMBER_LEFT;
    bool grace = after->state == MEMBER_LEFT && after->farewell.url[0];
    h->changed_ms = now_ms(w);
    if (after->state != MEMBER_ACTIVE)
        PUT(w, h->end_told, false);
    for (size_t i = 0; before && i < w->acts_n; i++) {
        struct act *act = w->acts[i];
        if (!act->n)
            continue;
        struct span audience = w->db.lines[act->n]->entry->audience;
        bool urgent = act_takes_back(act);
        bool withdraws =
            moved && !urgent && (mute || zone < 0 || !audience_has(audience, after->zone));
        for (unsigned s = 0; s < w->plan.slots; s++) {
            bool freed = before->inboxes[s].url[0] && !after->inboxes[s].url[0];
            bool told = urgent && grace && s == after->farewell_slot;
            bool ends = ((cuts || freed) && !told) || (urgent && back);
            change_fate(w, fate_of(w, act, host, s), ends, withdraws);
        }
    }
}

void oracle_host_ordered(struct world *w, unsigned host, enum book_order order, uint64_t of,
                         uint64_t n)
{
    struct host *h = &w->hosts[host];
    h->changed_ms = now_ms(w);
    if (order == ORDER_HOLD)
        PUT(w, h->held_n, n);
    if (order == ORDER_RELEASE)
        PUT(w, h->held_n, 0);
    if (order == ORDER_REPLAY)
        oracle_replays(w, host, of, n);
    for (size_t i = 0; order == ORDER_CUT && i < w->acts_n; i++)
        for (unsigned s = 0; w->acts[i]->n && s < w->plan.slots; s++)
            PUT(w, fate_of(w, w->acts[i], host, s)->dropped, true);
}

void oracle_ordered(struct world *w, unsigned host, const struct act *act)
{
    for (unsigned s = 0; s < w->plan.slots; s++) {
        fate_of(w, act, host, s)->ordered = true;
        PUT(w, fate_of(w, act, host, s)->left_out, 0);
    }
}

void oracle_claimed(struct world *w, unsigned shard, const struct courier *c)
{
    const struct claim *before = &w->claims[shard];
    w->tally.takeovers += before->process && before->courier != c->number;
    w->taken[shard] = (struct claim){.courier = c->number, .process = c->process};
    PUT(w, w->claims[shard].courier, c->number);
    PUT(w, w->claims[shard].process, c->process);
}

static bool is_claim(const struct claim *claim, const struct courier *c)
{
    return claim->courier == c->number && claim->process == c->process;
}

bool oracle_has_shard(const struct world *w, unsigned shard, const struct courier *c)
{
    return is_claim(&w->claims[shard], c) || is_claim(&w->taken[shard], c);
}

/* --- an attempt ------------------------------------------------------------------------------- */

/* How late a courier may hear of a change: it stops by itself when Redis is silent. */
static bool lately(const struct world *w, int64_t then_ms)
{
    return now_ms(w) - then_ms <= w->plan.lease_ms / 2 + 3 * SECOND;
}

/* Who was frozen hears of what happened meanwhile as fast as it reads the tail. */
static bool woke_lately(const struct world *w, const struct courier *c)
{
    return w->plan.uneven && w->now_us - c->frozen_until_us <= INT64_C(3000) * SECOND;
}

static void check_right(struct world *w, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    const struct attempt *a = &f->attempt;
    const struct fate *fate = fate_of(w, f->act, f->host, a->slot);
    size_t len = strlen(a->inbox);
    bool urgent = act_takes_back(f->act);
    bool farewell = urgent && h->left_ms && a->slot == h->farewell_slot;
    bool member = h->state == MEMBER_ACTIVE && h->slots_used >> a->slot & 1;
    bool zone = h->hears >= 0 && audience_has(a->entry->audience, zone_names[h->hears]);
    bool today = (member || farewell) && !fate->ended && (urgent || zone) &&
                 oracle_inbox(w, f->act, f->host, a->slot) == a->inbox[len - 1];
    if (!fate->owed)
        broken(w, "%s/%u: %llu is sent, but was never owed", h->name, a->slot, NUMBER(f->act->n));
    if (!today && !lately(w, h->changed_ms) && !lately(w, w->crashed_ms) &&
        !woke_lately(w, f->courier))
        broken(w, "%s/%u: %llu is sent, but its right to it has ended", h->name, a->slot,
               NUMBER(f->act->n));
    if (h->accept && !h->accept->answered &&
        (f->act->n > h->accept->n || !lately(w, h->changed_ms)) && !lately(w, w->crashed_ms))
        broken(w, "%s/%u: %llu is sent, but its Accept %llu was not delivered (%d)", h->name,
               a->slot, NUMBER(f->act->n), NUMBER(h->accept->n), h->accept->settled);
}

static bool urgent_passed(struct world *w, const struct flight *f)
{
    const struct cursor *own = db_own(w, f->host);
    return f->act->n <= db_urgent(w, f->host) ||
           (own && own->head.n == f->act->n && own->head.done >> f->attempt.slot & 1);
}

static bool normal_passed(struct world *w, const struct flight *f)
{
    const struct cursor *own = db_own(w, f->host);
    const struct cursor_part *part = own ? cursor_part(own, f->act->n, f->attempt.slot) : NULL;
    return f->act->n <= db_low(w, f->host) || (part && part->done);
}

static void check_again(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    const struct fate *fate = fate_of(w, f->act, f->host, f->attempt.slot);
    const struct cursor *own = db_own(w, f->host);
    bool urgent = act_takes_back(f->act);
    bool aside = false;
    bool replayed = !urgent && h->replay_n && f->act->n < h->replay_n;
    if (fate->ordered || !f->act->n)
        return;
    if (oracle_may_repeat(w, f->act, f->host, f->attempt.slot)) {
        w->tally.again_urgent += fate->acked;
        return;
    }
    for (size_t i = 0; own && i < own->aside_n; i++)
        aside |= own->aside[i].n == f->act->n && own->aside[i].slot == f->attempt.slot;
    if (!replayed && fate->done_life == (uint32_t)c->life)
        broken(w, "%s/%u: %llu again, although it was answered", h->name, f->attempt.slot,
               NUMBER(f->act->n));
    if (!aside && (urgent ? urgent_passed(w, f) : normal_passed(w, f)))
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
            act->n > w->hosts[f->host].replay_n && !oracle_may_wait(w, act, f->act, f->host, slot))
            broken(w, "%s/%u: %llu is sent before %llu, which is of the same object",
                   w->hosts[f->host].name, slot, NUMBER(f->act->n), NUMBER(act->n));
    }
}

/* A later version arrived where this was refused for good: a replay does not bring it. */
static void check_left_out(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct fate *fate = fate_of(w, f->act, f->host, f->attempt.slot);
    if (fate->left_out && fate->left_out <= c->last_line[LANE_NORMAL] && !fate->ordered)
        broken(w, "%s/%u: %llu is sent, which replay %llu leaves out", w->hosts[f->host].name,
               f->attempt.slot, NUMBER(f->act->n), NUMBER(fate->left_out));
}

uint64_t oracle_told_to(const struct courier *c)
{
    uint64_t told = 0;
    for (unsigned lane = 0; lane < LANE_COUNT; lane++)
        told = c->last_line[lane] > told ? c->last_line[lane] : told;
    return told;
}

/* What members changed before it is known only once the journal was told as far as that. */
static void check_told(struct world *w, const struct courier *c, const struct flight *f)
{
    uint64_t told = oracle_told_to(c);
    if (f->act->n > told)
        broken(w, "%s/%u: %llu is sent, but the journal was told up to %llu only",
               w->hosts[f->host].name, f->attempt.slot, NUMBER(f->act->n), NUMBER(told));
}

/* Who reads the journal from where its cursors stand, after a restart, has what is older first, and
 * comes to the order then. */
static void check_held(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    bool told = c->last_line[LANE_NORMAL] >= h->held_n;
    if (h->held_n && h->held_n > h->changed_n && told && !lately(w, h->changed_ms) &&
        !lately(w, w->crashed_ms))
        broken(w, "%s: an operator holds it, and it is tried", h->name);
}

void oracle_attempt(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    w->tally.attempts++;
    if (!oracle_has_shard(w, h->shard, c))
        broken(w, "courier %u sends to %s, whose shard another has taken", c->number, h->name);
    oracle_tries_host(w, c, f);
    check_held(w, c, f);
    if (!f->act)
        return;
    check_told(w, c, f);
    check_left_out(w, c, f);
    check_right(w, f);
    check_again(w, c, f);
    check_object(w, f);
    oracle_gates(w, c, f);
    oracle_urgency(w, c, f);
}

void oracle_answered(struct world *w, const struct flight *f, const struct judgement *j)
{
    int status = f->sending.answer.status;
    bool delivered = status >= 200 && status < 300;
    oracle_trouble(w, f, j);
    if (f->act && (status == 410 || delivered))
        oracle_said_gone(w, f->host, !delivered);
    if (f->act && j->verdict == VERDICT_LATER)
        fate_of(w, f->act, f->host, f->attempt.slot)->doubt |=
            j->why == ERR_TIMEOUT || j->why == ERR_PROTOCOL || status == 504;
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
