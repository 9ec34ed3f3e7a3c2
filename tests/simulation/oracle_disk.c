/* oracle_disk: watches what is written down. A cursor passes what was acknowledged, what was not
 * owed, and what there is a record of; a record says what happened. And what is left at rest. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* The inboxes that a word is about: from the first up to, and without, the end. */
static unsigned first_slot(const struct world *w, const struct commit_word *word)
{
    return word->slot >= w->plan.slots ? 0 : word->slot;
}

static unsigned end_of_slots(const struct world *w, const struct commit_word *word)
{
    return word->slot >= w->plan.slots ? w->plan.slots : word->slot + 1;
}

/* --- records ---------------------------------------------------------------------------------- */

static void check_fail(struct world *w, const struct commit_word *word)
{
    const char *name = w->hosts[word->host].name;
    struct act *act = act_at(w, word->to);
    w->tally.fails++;
    if (word->slot == SLOT_MAIL) {
        if (word->to <= w->db.n && w->db.lines[word->to]->kind == LINE_LETTER)
            w->db.lines[word->to]->answered = true;
        return;
    }
    if (!act || word->slot >= w->plan.slots) {
        broken(w, "%s/%u: %llu is recorded as refused, and is no activity", name, word->slot,
               NUMBER(word->to));
        return;
    }
    struct fate *f = fate_of(w, act, word->host, word->slot);
    if (!f->refused)
        broken(w, "%s/%u: %llu is recorded as refused, but was not", name, word->slot,
               NUMBER(word->to));
    PUT(w, f->failed, true);
}

static void check_late(struct world *w, const struct commit_word *word)
{
    struct act *act = act_at(w, word->to);
    w->tally.lates++;
    if (act && fate_of(w, act, word->host, word->slot)->failed)
        broken(w, "%s/%u: %llu is recorded as late, and as refused", w->hosts[word->host].name,
               word->slot, NUMBER(word->to));
    if (!act || !fate_of(w, act, word->host, word->slot)->acked)
        broken(w, "%s/%u: %llu is recorded as late, but was not delivered",
               w->hosts[word->host].name, word->slot, NUMBER(word->to));
}

/* So far the journal was told to whoever wrote it; who has loaded anew since can't be asked. */
static uint64_t told_to(const struct world *w, const struct commit *commit)
{
    for (size_t i = 0; i < w->plan.couriers; i++)
        if (w->couriers[i].life == commit->life)
            return oracle_told_to(&w->couriers[i]);
    return UINT64_MAX;
}

static void check_skip(struct world *w, const struct commit *commit, const struct commit_word *word)
{
    const struct act *act = act_at(w, word->to);
    uint64_t told = told_to(w, commit);
    w->tally.skips++;
    w->tally.skips_recalled += word->why == ERR_RECALLED;
    w->tally.skips_replaced += word->why == ERR_REPLACED;
    if (!act)
        return;
    for (unsigned s = first_slot(w, word); s < end_of_slots(w, word); s++) {
        struct fate *f = fate_of(w, act, word->host, s);
        if (f->owed && !f->acked && !oracle_may_skip(w, act, word->host, s, word->why, told))
            broken(w, "%s/%u: %llu is skipped without a reason (%s)", w->hosts[word->host].name, s,
                   NUMBER(word->to), err_code(word->why));
        PUT(w, f->noted, true);
    }
}

static void check_cut(struct world *w, const struct commit_word *word)
{
    const char *name = w->hosts[word->host].name;
    bool gap = word->why == ERR_GAP;
    w->tally.gaps += gap;
    w->tally.cuts += !gap;
    for (uint64_t n = word->from + 1; n <= word->to && n <= w->db.n; n++) {
        const struct act *act = act_at(w, n);
        if (!act || !(word->lanes >> w->db.lines[n]->lane & 1))
            continue;
        for (unsigned s = first_slot(w, word); s < end_of_slots(w, word); s++) {
            struct fate *f = fate_of(w, act, word->host, s);
            if (gap && !db_trimmed(w, n))
                broken(w, "%s: %llu is said to be gone, but is there", name, NUMBER(n));
            bool dropped = word->why == ERR_DROPPED && f->dropped;
            if (f->owed && !gap && !f->ended && !dropped)
                broken(w, "%s/%u: %llu is cut without a reason", name, s, NUMBER(n));
            PUT(w, f->noted, true);
        }
    }
}

static void check_retry(struct world *w, const struct commit_word *word)
{
    const struct act *act = act_at(w, word->to);
    if (!act)
        return;
    struct fate *f = fate_of(w, act, word->host, word->slot);
    if (!f->ordered && act->n > w->hosts[word->host].replay_n)
        broken(w, "%s/%u: %llu is tried again without an order", w->hosts[word->host].name,
               word->slot, NUMBER(word->to));
    PUT(w, f->failed, false);
}

static void check_letter(struct world *w, const struct commit_word *word)
{
    const struct line *line = word->to && word->to <= w->db.n ? w->db.lines[word->to] : NULL;
    if (!line || line->kind != LINE_LETTER || line->host != word->host || !line->answered)
        broken(w, "%s: letter %llu is settled, but nothing came of it", w->hosts[word->host].name,
               NUMBER(word->to));
}

static void check_shard(struct world *w, const struct commit_word *word)
{
    if (word->urgent < w->db.shards[word->shard].urgent)
        broken(w, "shard %u goes back to %llu, of the urgent lane", word->shard,
               NUMBER(word->urgent));
    if (word->low < w->db.shards[word->shard].low)
        broken(w, "shard %u goes back to %llu", word->shard, NUMBER(word->low));
    if (word->low > w->db.n)
        broken(w, "shard %u goes to %llu, but there are %llu", word->shard, NUMBER(word->low),
               NUMBER(w->db.n));
}

void oracle_word(struct world *w, const struct commit *commit, const struct commit_word *word)
{
    struct host *h = &w->hosts[word->host];
    if (word->kind != CHANGE_SHARD && h->shard != word->shard)
        broken(w, "%s is written down in shard %u", h->name, word->shard);
    switch (word->kind) {
    case CHANGE_SHARD: check_shard(w, word); break;
    case CHANGE_CURSOR:
        if (strlen(word->text) >= CURSOR_TEXT_MAX)
            broken(w, "%s: its cursor is %zu bytes long", h->name, strlen(word->text));
        PUT(w, h->wait_saved_ms, word->wait_ms);
        break;
    case CHANGE_FOLLOW: PUT(w, h->wait_saved_ms, 0); break;
    case CHANGE_FAIL: check_fail(w, word); break;
    case CHANGE_LATE: check_late(w, word); break;
    case CHANGE_SKIP: check_skip(w, commit, word); break;
    case CHANGE_CUT: check_cut(w, word); break;
    case CHANGE_RETRY: check_retry(w, word); break;
    case CHANGE_DIRECT: check_letter(w, word); break;
    case CHANGE_ENDED: oracle_ended(w, word->host); break;
    case CHANGE_LOOK:
    case CHANGE_DROP:
    case CHANGE_DOWN:
    case CHANGE_UP: break;
    }
}

/* --- the passing rule --------------------------------------------------------------------------
 */

static bool waits_aside(const struct cursor *c, uint64_t n, unsigned slot)
{
    for (size_t i = 0; c && i < c->aside_n; i++)
        if (c->aside[i].n == n && c->aside[i].slot == slot)
            return true;
    return false;
}

static void check_through(struct world *w, unsigned host, uint64_t n, unsigned slot)
{
    const struct act *act = act_at(w, n);
    if (!act)
        return;
    const struct fate *f = fate_of(w, act, host, slot);
    if (f->owed && !fate_settled(f) && !waits_aside(db_own(w, host), n, slot))
        broken(w, "%s/%u: %llu is passed, neither acknowledged nor recorded; its cursor: %s",
               w->hosts[host].name, slot, NUMBER(n),
               w->hosts[host].own ? w->hosts[host].own : "its shard's");
}

/* What was under way when a cursor went back would be known ahead of it, and what was before that
 * of its object would follow it. */
static void check_drained(struct world *w, unsigned host, uint64_t low)
{
    uint64_t owner = w->db.shards[w->hosts[host].shard].owner;
    for (size_t i = 0; i < w->plan.couriers; i++) {
        const struct courier *c = &w->couriers[i];
        for (const struct flight *f = c->nonce == owner ? c->flights : NULL; f; f = f->next)
            if (f->host == host && f->act && !act_takes_back(f->act) && f->act->n > low)
                broken(w, "%s: its cursor goes back to %llu, and %llu is under way",
                       w->hosts[host].name, NUMBER(low), NUMBER(f->act->n));
    }
}

/* What was delivered goes once more: that is to be seen. */
static void go_back(struct world *w, unsigned host, uint64_t from, uint64_t low)
{
    if (!w->hosts[host].replay_n)
        broken(w, "%s: its cursor goes back from %llu to %llu", w->hosts[host].name, NUMBER(from),
               NUMBER(low));
    w->tally.back++;
    check_drained(w, host, low);
    for (uint64_t n = low + 1; n <= from; n++)
        for (unsigned s = 0;
             act_at(w, n) && w->db.lines[n]->lane == LANE_NORMAL && s < w->plan.slots; s++) {
            struct fate *f = fate_of(w, act_at(w, n), host, s);
            if (f->acked && !f->ended)
                PUT(w, f->acked, false);
        }
}

/* What is to be tried again is not given up. */
static void check_aside(struct world *w, unsigned host, const struct cursor_aside *aside)
{
    const struct act *act = act_at(w, aside->n);
    if (act && !aside->again && fate_of(w, act, host, aside->slot)->failed)
        broken(w, "%s/%u: %llu is set aside, and recorded as refused", w->hosts[host].name,
               aside->slot, NUMBER(aside->n));
}

/* It may stand lower where nothing lies between that is for the host. */
static void check_back(struct world *w, unsigned host, uint64_t from, uint64_t to)
{
    for (uint64_t n = to + 1; n <= from; n++)
        for (unsigned s = 0; act_at(w, n) && s < w->plan.slots; s++)
            if (w->db.lines[n]->lane == LANE_URGENT && fate_of(w, act_at(w, n), host, s)->owed &&
                !fate_of(w, act_at(w, n), host, s)->ended)
                broken(w, "%s: its cursor of the urgent lane goes back from %llu to %llu",
                       w->hosts[host].name, NUMBER(from), NUMBER(to));
}

static void check_passed(struct world *w, unsigned host, enum lane lane, uint64_t from, uint64_t to)
{
    for (uint64_t n = from + 1; n <= to; n++)
        for (unsigned s = 0; w->db.lines[n]->lane == lane && s < w->plan.slots; s++)
            check_through(w, host, n, s);
}

void oracle_moved(struct world *w, unsigned host, const uint64_t from[LANE_COUNT],
                  const struct cursor *before)
{
    const struct cursor *own = db_own(w, host);
    const uint64_t to[LANE_COUNT] = {db_low(w, host), db_urgent(w, host)};
    for (enum lane lane = LANE_NORMAL; lane < LANE_COUNT; lane++)
        if (to[lane] > w->db.n) {
            broken(w, "%s stands at %llu, but there are %llu", w->hosts[host].name,
                   NUMBER(to[lane]), NUMBER(w->db.n));
            return;
        }
    if (to[LANE_NORMAL] < from[LANE_NORMAL])
        go_back(w, host, from[LANE_NORMAL], to[LANE_NORMAL]);
    check_back(w, host, from[LANE_URGENT], to[LANE_URGENT]);
    for (enum lane lane = LANE_NORMAL; lane < LANE_COUNT; lane++)
        check_passed(w, host, lane, from[lane], to[lane]);
    for (size_t i = 0; i < before->aside_n; i++) {
        const struct cursor_aside *aside = &before->aside[i];
        /* Where it was ordered, its lane was not known: there it says nothing. */
        if (aside->n <= w->db.n && aside->n <= to[w->db.lines[aside->n]->lane])
            check_through(w, host, aside->n, aside->slot);
    }
    if (!own)
        return;
    for (unsigned s = 0; own->head.n && s < w->plan.slots; s++)
        if (own->head.done >> s & 1)
            check_through(w, host, own->head.n, s);
    oracle_keeps(w, host, &own->health);
    w->tally.aside += own->aside_n > 0;
    if (own->aside_n > CURSOR_ASIDE_MAX)
        broken(w, "%s: %zu are set aside", w->hosts[host].name, own->aside_n);
    for (size_t i = 0; i < own->aside_n; i++)
        check_aside(w, host, &own->aside[i]);
    for (size_t i = 0; i < own->parts_n; i++)
        if (own->parts[i].done)
            check_through(w, host, own->parts[i].n, own->parts[i].slot);
}

/* --- Redis lost its newest writes --------------------------------------------------------------
 */

static void lose_acts(struct world *w)
{
    bool may_be_lost = w->plan.durability == DURABLE_EVERY_SECOND;
    for (size_t i = 0; i < w->acts_n; i++) {
        struct act *act = w->acts[i];
        if (!act->promised || act->n)
            continue;
        act->promised = false;
        if (!may_be_lost)
            broken(w, "activity %u was answered with 202, and is lost", act->uid);
    }
}

void oracle_rolled_back(struct world *w)
{
    w->crashed_ms = now_ms(w);
    lose_acts(w);
    for (unsigned i = 0; i < w->plan.hosts; i++) {
        struct host *h = &w->hosts[i];
        h->read_text = NULL;
        if (h->ver_told > h->ver && w->plan.durability != DURABLE_EVERY_SECOND)
            broken(w, "%s: a change that was confirmed is lost", h->name);
        h->ver_told = h->ver;
        for (size_t k = 0; k < w->plan.slots * w->plan.objects; k++)
            if (h->first[k] > w->db.n)
                h->first[k] = 0; /* what came of a lost time line says nothing of this one */
    }
}

/* --- at rest -----------------------------------------------------------------------------------
 */

static bool host_waits(const struct world *w, unsigned host)
{
    const struct host *h = &w->hosts[host];
    return h->state == MEMBER_SUSPENDED || h->held_n || (h->accept && h->accept->refused);
}

/* Delivered is, by the ledger, what an attempt was acknowledged of, and nothing else. */
static void check_ledger(struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    const struct fate *f = fate_of(w, act, host, slot);
    if (db_says_delivered(w, act, host, slot) && !f->acked)
        broken(w, "%s/%u: %llu is said to be delivered, and was not", w->hosts[host].name, slot,
               NUMBER(act->n));
}

static bool act_at_rest(struct world *w, const struct act *act, bool say)
{
    for (unsigned i = 0; i < w->plan.hosts; i++)
        for (unsigned s = 0; s < w->plan.slots; s++) {
            const struct fate *f = fate_of(w, act, i, s);
            if (!f->owed)
                continue;
            if (!fate_settled(f) && !host_waits(w, i)) {
                if (say)
                    broken(w, "%s/%u never gets %llu, and nothing says why", w->hosts[i].name, s,
                           NUMBER(act->n));
                return false;
            }
            if (say)
                check_ledger(w, act, i, s);
            if (say && f->again_due && !f->failed && !f->noted && !f->ended && !f->dropped &&
                !host_waits(w, i))
                broken(w, "%s/%u: a replay was to bring %llu again", w->hosts[i].name, s,
                       NUMBER(act->n));
            /* Where Redis lost what came of an order, it lost the order with it. */
            if (say && f->failed && f->last_acked && !f->ended && !w->tally.redis_losses)
                broken(w, "%s/%u: %llu was delivered, but is recorded as refused", w->hosts[i].name,
                       s, NUMBER(act->n));
        }
    return true;
}

/* A Delete carries no time: one that comes after what follows it deletes that, too. */
static bool overtaken(const struct object *o, const struct act *act)
{
    for (size_t i = 0; act->type == ACTIVITY_DELETE && i < o->acts_n; i++)
        if (o->acts[i]->version > act->version && o->acts[i]->n && o->acts[i]->n < act->n)
            return true;
    return false;
}

/* Two things that were done to it within a millisecond. */
static bool at_once(const struct object *o, const struct act *act)
{
    for (size_t i = 0; i < o->acts_n; i++)
        if (o->acts[i]->stamp_ms == act->stamp_ms && o->acts[i]->version != act->version)
            return true;
    return false;
}

/* Whether what its owner did to it can be told apart by time. */
static bool object_is_stamped(const struct world *w, const struct object *o)
{
    for (size_t i = 0; i < o->acts_n; i++)
        if (!o->acts[i]->stamp_ms || o->acts[i]->recall || overtaken(o, o->acts[i]) ||
            at_once(o, o->acts[i]))
            return false;
    return w->clock_moved_ms == 0;
}

/* What its owner deleted, and was told so, is deleted. */
static void check_deleted(struct world *w, unsigned object)
{
    const struct object *o = &w->objects[object];
    const struct act *latest = NULL;
    bool again = false; /* announced since, or made anew without an answer: it is known again */
    for (size_t i = 0; i < o->acts_n; i++)
        if (o->acts[i]->type != ACTIVITY_ANNOUNCE && o->acts[i]->answered)
            latest = o->acts[i];
    for (size_t i = 0; latest && i < o->acts_n; i++)
        again |= (o->acts[i]->type == ACTIVITY_ANNOUNCE || !o->acts[i]->answered) &&
                 o->acts[i]->n > latest->n;
    if (latest && latest->type == ACTIVITY_DELETE && o->live && !again && object_is_stamped(w, o) &&
        w->plan.durability != DURABLE_EVERY_SECOND)
        broken(w, "object %u was deleted, and lives on", object);
}

/* The newest of an object that came is what is shown, whatever came again. */
static void check_shown(struct world *w, unsigned host, unsigned slot, unsigned object)
{
    const struct object *o = &w->objects[object];
    unsigned uid = w->hosts[host].shown[slot * w->plan.objects + object];
    const struct act *newest = NULL;
    const struct act *latest = NULL;
    if (!uid || !w->acts[uid - 1]->n || w->acts[uid - 1]->object != object)
        return; /* nothing, or its actor is gone */
    for (size_t i = 0; i < o->acts_n; i++) {
        const struct act *act = o->acts[i];
        if (!act->n || act->type == ACTIVITY_ANNOUNCE || !fate_of(w, act, host, slot)->arrived)
            continue;
        if (fate_of(w, act, host, slot)->ordered || act->n < w->hosts[host].replay_n)
            return;
        if (!newest || act->n > newest->n)
            newest = act;
        latest = latest && latest->version > act->version ? latest : act;
    }
    if (oracle_forgotten(w, w->acts[uid - 1], newest))
        return;
    if (object_is_stamped(w, o) && latest && latest->uid + 1 != uid)
        broken(w, "%s/%u shows version %u of object %u, although it got version %u",
               w->hosts[host].name, slot, w->acts[uid - 1]->version, object, latest->version);
    if (newest && newest->uid + 1 != uid)
        broken(w, "%s/%u shows %llu of object %u, although it got %llu", w->hosts[host].name, slot,
               NUMBER(w->acts[uid - 1]->n), object, NUMBER(newest->n));
}

static bool letters_at_rest(struct world *w, bool say)
{
    for (uint64_t n = 1; n <= w->db.n; n++) {
        const struct line *line = w->db.lines[n];
        if (line->kind != LINE_LETTER || line->settled || w->hosts[line->host].held_n)
            continue;
        if (say)
            broken(w, "%s: letter %llu is never settled", w->hosts[line->host].name, NUMBER(n));
        return false;
    }
    return true;
}

bool oracle_at_rest(struct world *w, bool say)
{
    for (size_t i = 0; i < w->acts_n; i++)
        if (w->acts[i]->n && !act_at_rest(w, w->acts[i], say))
            return false;
    if (!letters_at_rest(w, say))
        return false;
    for (unsigned o = 0; say && o < w->plan.objects; o++)
        check_deleted(w, o);
    for (unsigned i = 0; say && i < w->plan.hosts; i++) {
        const struct host *h = &w->hosts[i];
        if (h->own && cursor_plain(db_own(w, i)) && !host_waits(w, i) &&
            db_low(w, i) <= w->db.shards[h->shard].low)
            broken(w, "%s is at rest, and keeps a cursor of its own: %s", h->name, h->own);
        for (unsigned s = 0; s < w->plan.slots; s++)
            for (unsigned o = 0; o < w->plan.objects; o++)
                check_shown(w, i, s, o);
    }
    return true;
}
