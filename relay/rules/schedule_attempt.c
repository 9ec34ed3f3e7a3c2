/* schedule_attempt: which destination may send what now, and what becomes of it by the outcome: the
 * order of the choice, and what holds for all kinds of attempts. What each kind has of its own is
 * in schedule_mail.c, schedule_aside.c and schedule_ahead.c.
 *
 * May not know: how an attempt is made, or what a status means (judge.h says that). */
#include <stddef.h>
#include <string.h>

#include "relay/rules/schedule_gate.h"
#include "relay/rules/schedule_inner.h"

/* --- turns ----------------------------------------------------------------------------------- */

enum step turn_rests(struct turn *t, enum dest_state state)
{
    t->rest = state;
    return STEP_REST;
}

enum step turn_hungers(struct dest *d, struct turn *t, enum lane lane, uint64_t after)
{
    d->want_lane = lane;
    d->want = after;
    return turn_rests(t, DEST_HUNGRY);
}

enum step turn_sends(struct turn *t, enum flies flies, struct entry *e, unsigned slot,
                     uint64_t object, const struct cursor_tried *tried)
{
    t->flies = flies;
    t->entry = e;
    t->slot = slot;
    t->object = object;
    t->tried = *tried;
    return STEP_SEND;
}

void skip(struct schedule *s, struct dest *d, const struct entry *e, unsigned slot, enum err why)
{
    const struct change change = {.kind = CHANGE_SKIP, .to = e->n, .slot = slot, .why = why};
    record(s, d, &change);
    unsaved_add(s, d, object_hash(e), slot);
}

void gap(struct schedule *s, struct dest *d, uint64_t n, unsigned slot)
{
    const struct change change = {.kind = CHANGE_CUT,
                                  .lanes = LANES_BOTH,
                                  .slot = slot,
                                  .from = n - 1,
                                  .to = n,
                                  .why = ERR_GAP};
    record(s, d, &change);
}

/* --- next ------------------------------------------------------------------------------------ */

/* What kept back its host, or was loaded behind others, is sent one thing at a time until it has
 * caught up: in order, and at a rate that the host bears. So is everybody while many attempts are
 * under way: more of them at one host would make nothing faster then, but open more connections. */
size_t dest_window(const struct schedule *s, const struct dest *d)
{
    size_t few = s->limits.in_flight / 16;
    if (few < s->limits.host_window)
        few = s->limits.host_window;
    return d->behind || d->cursor.health.failures || d->faults || s->flying >= few ? 1 : d->window;
}

/* Direct mail goes alone: what it says of the membership is not to arrive beside entries. */
static enum step next_mail(struct dest *d, struct turn *t)
{
    t->letter = letter_due(d, t->now_ms, &t->later_ms);
    if (!t->letter)
        return STEP_ON;
    if (d->flights)
        return turn_rests(t, DEST_FLYING);
    return turn_sends(t, FLIES_MAIL, NULL, SLOT_MAIL, 0, &t->letter->tried);
}

static enum step choose(struct schedule *s, struct dest *d, struct turn *t)
{
    if (d->cursor.health.held)
        return turn_rests(t, DEST_HELD);
    if (d->letter)
        return turn_rests(t, DEST_FLYING);
    if (d->unsaved_all)
        return turn_rests(t, DEST_SETTLING);
    enum step step = next_mail(d, t);
    if (step != STEP_ON)
        return step;
    if ((!d->subscribed && !d->left_ms) || d->until > s->position || urgent_first(s) ||
        d->cursor.shut || accept_waits(d))
        return turn_rests(t, d->letters ? DEST_ASLEEP : DEST_HELD);
    if (d->flights_n >= dest_window(s, d))
        return turn_rests(t, DEST_FLYING);
    step = next_aside(s, d, t);
    if (step == STEP_ON)
        step = next_urgent(s, d, t);
    if (step != STEP_ON)
        return step;
    if (!d->subscribed)
        return turn_rests(t, DEST_IDLE);
    if (replay_waits(d))
        return turn_rests(t, DEST_SETTLING);
    /* What is not urgent has its own place in the queue. */
    if (d->ring == RING_URGENT && !urgent_waits(s, d))
        return turn_rests(t, DEST_READY);
    return next_ahead(s, d, t);
}

static void wake_sleepers(struct schedule *s, int64_t now_ms)
{
    struct heap_node *first;
    while ((first = heap_first(&s->sleepers)) && first->key <= now_ms) {
        struct dest *d = (struct dest *)((char *)first - offsetof(struct dest, wake));
        if (d->cursor.health.wake_ms <= now_ms)
            d->cursor.health.wake_ms = 0;
        if (d->rest_ms <= now_ms)
            d->rest_ms = 0;
        dest_goto(s, d, DEST_READY);
    }
}

static void start(struct schedule *s, struct dest *d, const struct turn *t, struct attempt *ret)
{
    const struct slot *slot = t->entry ? &d->slots[t->slot] : NULL;
    *ret = (struct attempt){0};
    memcpy(ret->host, d->host, d->host_n + 1);
    span_copy(slot ? span_of(slot->url) : t->letter->d.inbox, ret->inbox, sizeof(ret->inbox));
    memcpy(ret->zone, d->zone, sizeof(ret->zone));
    ret->slot = slot ? t->slot : SLOT_MAIL;
    ret->style = slot ? slot->style : STYLE_PUBLIC;
    ret->tries = t->tried.tries + 1;
    ret->entry = t->entry ? entry_ref(t->entry) : NULL;
    ret->direct = t->letter ? &t->letter->d : NULL;
    ret->failures = d->cursor.health.failures;
    ret->past = t->tried.past;
    ret->age_ms = t->now_ms - (t->letter ? t->letter->d.at_ms : t->entry->at_ms);
    d->letter = t->letter;
    flight_start(s, d, t);
    dest_goto(s, d, d->flights_n < dest_window(s, d) && !d->letter ? DEST_READY : DEST_FLYING);
}

/* Where it belongs that has nothing to send now: an answer may change that. */
static void rest(struct schedule *s, struct dest *d, const struct turn *t)
{
    bool waits = t->rest == DEST_IDLE || t->rest == DEST_SETTLING || t->rest == DEST_ASLEEP ||
                 t->rest == DEST_FROZEN;
    /* Its cursor may have moved, or what is set aside; or one of its own can go. */
    dest_changed(s, d);
    dest_wait(s, d, waits && d->flights ? DEST_FLYING : t->rest, t->later_ms);
    if (!d->known && !d->letters && !d->flights)
        dest_free(s, d);
}

bool schedule_next(struct schedule *s, int64_t now_ms, struct attempt *ret)
{
    struct dest *d;
    if (!s->looked)
        look_at_loaded(s, now_ms);
    s->looked = true;
    wake_sleepers(s, now_ms);
    share_look(s, now_ms);
    while ((d = share_next(s))) {
        struct turn t = {.now_ms = now_ms, .later_ms = INT64_MAX};
        if (choose(s, d, &t) == STEP_SEND) {
            start(s, d, &t, ret);
            return true;
        }
        rest(s, d, &t);
    }
    return false;
}

int64_t schedule_wake(const struct schedule *s)
{
    const struct heap_node *first = heap_first(&s->sleepers);
    return first ? first->key : INT64_MAX;
}

/* --- outcome --------------------------------------------------------------------------------- */

bool by_itself(const struct outcome *o)
{
    return o->status && !o->j->host_trouble;
}

void tried_again(struct cursor_tried *tried, const struct outcome *o)
{
    if (gate_stopped(o))
        return;
    tried->tries++;
    tried->own += by_itself(o);
    tried->doubt |= outcome_doubtful(o);
    judge_count(&tried->past, o->j, o->status, o->now_ms);
}

void settled(struct schedule *s, struct dest *d, bool late, const struct outcome *o)
{
    const struct attempt *a = o->attempt;
    bool never = o->j->verdict == VERDICT_NEVER;
    /* Nobody refused it: there is nothing that could be sent. */
    bool nothing = never && (o->j->why == ERR_BODY_GONE || o->j->why == ERR_NO_FORM);
    struct change change = {.kind = nothing ? CHANGE_SKIP
                                    : never ? CHANGE_FAIL
                                            : CHANGE_LATE,
                            .to = a->entry->n,
                            .slot = a->slot,
                            .tries = a->tries,
                            .why = o->j->why,
                            .status = o->status,
                            .detail = never ? (char *)o->detail : NULL};
    if (never)
        unsaved_add(s, d, object_hash(a->entry), a->slot);
    if (never || late)
        record(s, d, &change);
}

/* Something arrived: after as many as may go at once, one more may. */
static void window_grows(const struct schedule *s, struct dest *d)
{
    if (++d->won < d->window)
        return;
    d->won = 0;
    if (d->window < s->limits.host_window)
        d->window++;
}

void schedule_outcome(struct schedule *s, struct attempt *attempt, const struct judgement *j,
                      int status, const char *detail, int64_t now_ms, uint32_t chance)
{
    const struct outcome o = {attempt, j, status, detail, now_ms, chance};
    struct dest *d = dest_find(s, span_of(attempt->host));
    struct flight *f = flight_find(d, attempt->entry ? attempt->entry->n : 0, attempt->slot);
    bool waits = j->host_trouble; /* also with a "never": the next entry would fare no better */
    bool fresh = f->troubles == d->troubles;
    share_look(s, now_ms);
    dest_changed(s, d);
    switch (f->flies) {
    case FLIES_ENTRY: waits |= ahead_outcome(s, d, f, &o); break;
    case FLIES_URGENT: waits |= urgent_outcome(s, d, f, &o); break;
    case FLIES_ASIDE: aside_outcome(s, d, f, &o); break;
    case FLIES_MAIL: letter_outcome(s, d, &o); break;
    }
    flight_end(s, d, f);
    if (j->verdict == VERDICT_DELIVERED) {
        d->cursor.quiet = false;
        window_grows(s, d);
    }
    if (!gate_stopped(&o))
        host_outcome(s, d, waits, fresh, &o);
    entry_unref(&attempt->entry);
    replay_look(s, d);
    dest_settle(s, d);
}
