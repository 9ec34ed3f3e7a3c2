/* schedule_attempt: which destination may send what now, and what becomes of it by the outcome.
 * May not know: how an attempt is made, or what a status means (judge.h says that). */
#include <stddef.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

/* --- next ------------------------------------------------------------------------------------ */

struct turn { /* of one destination: what it may send now, or where it belongs */
    struct letter *letter;
    struct entry *entry;
    unsigned slot; /* of the entry */
    const struct cursor_tried *tried;
    enum flight flies;
    enum dest_state rest;
    int64_t later_ms; /* and wakes up then; INT64_MAX: not by itself */
};

enum step { STEP_ON, STEP_SEND, STEP_REST };

static enum step rests(struct turn *t, enum dest_state state)
{
    t->rest = state;
    return STEP_REST;
}

static enum step hungers(struct dest *d, struct turn *t, uint64_t after)
{
    d->want = after;
    return rests(t, DEST_HUNGRY);
}

static void skip(struct schedule *s, struct dest *d, uint64_t n, unsigned slot, enum err why)
{
    const struct change change = {.kind = CHANGE_SKIP, .to = n, .slot = slot, .why = why};
    record(s, d, &change);
    d->unsaved = n;
}

/* It was its by right, and is not any more: passed, and that is said. */
static void skip_head(struct schedule *s, struct dest *d, const struct entry *e, unsigned slots)
{
    if (!d->cursor.head.done)
        skip(s, d, e->n, SLOT_ALL, ERR_NO_RIGHT);
    for (unsigned i = 0; d->cursor.head.done && i < CURSOR_SLOTS_MAX; i++)
        if (slots >> i & 1)
            skip(s, d, e->n, i, ERR_NO_RIGHT);
    dest_pass(d, e->n);
}

static unsigned lowest(unsigned slots)
{
    unsigned slot = 0;
    while (!(slots >> slot & 1))
        slot++;
    return slot;
}

/* The entry that follows its cursor: for the first of its inboxes that is not through with it. */
static enum step head_step(struct schedule *s, struct dest *d, struct entry *e, struct turn *t)
{
    struct cursor_head *h = &d->cursor.head;
    if (h->n && h->n != e->n)
        *h = (struct cursor_head){0};
    h->n = e->n;
    unsigned slots = dest_slots(d, e) & ~h->done;
    if (!slots) {
        dest_pass(d, e->n);
        return STEP_ON;
    }
    if (!audience_has(e->audience, d->zone)) {
        skip_head(s, d, e, slots);
        return STEP_ON;
    }
    if (d->unsaved)
        return rests(t, DEST_SETTLING);
    t->slot = lowest(slots);
    if (h->slot != t->slot) {
        h->slot = t->slot;
        h->tried = (struct cursor_tried){0};
    }
    uint64_t object = object_hash(e);
    if (!aside_holds(d, t->slot, object)) {
        t->entry = e;
        t->tried = &h->tried;
        t->flies = FLIES_ENTRY;
        return STEP_SEND;
    }
    if (!aside_room(d, 1))
        return rests(t, DEST_ASLEEP);
    aside_put(
        d, &(struct cursor_aside){.n = e->n, .slot = t->slot, .object = object, .tried = h->tried});
    h->tried = (struct cursor_tried){0};
    h->done |= 1U << t->slot;
    return STEP_ON;
}

/* Moves the cursor past everything that is not for it, up to what is. */
static enum step next_entry(struct schedule *s, struct dest *d, struct turn *t)
{
    dest_skip(s, d);
    while (d->cursor.low < s->position) {
        struct window *w = window_for(s, d->cursor.low);
        if (!w)
            return hungers(d, t, d->cursor.low);
        struct entry *e = window_next(w, d->cursor.low);
        enum step step = STEP_ON;
        if (e)
            step = head_step(s, d, e, t);
        else
            dest_pass(d, w->to);
        if (step != STEP_ON)
            return step;
    }
    return rests(t, DEST_IDLE);
}

/* One that was set aside, and its entry: NULL where the journal has none of that number. */
static enum step aside_step(struct schedule *s, struct dest *d, struct cursor_aside *aside,
                            struct entry *e, struct turn *t)
{
    if (!e) {
        const struct change gap = {.kind = CHANGE_CUT,
                                   .slot = aside->slot,
                                   .from = aside->n - 1,
                                   .to = aside->n,
                                   .why = ERR_GAP};
        record(s, d, &gap);
        aside_take(d, aside);
        return STEP_ON;
    }
    bool right = dest_entitled(d, e) && audience_has(e->audience, d->zone);
    if (!right || !(dest_slots(d, e) >> aside->slot & 1)) {
        skip(s, d, e->n, aside->slot, right ? ERR_NO_FORM : ERR_NO_RIGHT);
        aside_take(d, aside);
        return STEP_ON;
    }
    if (!aside->object) { /* an order did not know it: it may have to wait behind another */
        aside->object = object_hash(e);
        if (aside->object)
            return STEP_ON;
    }
    t->entry = e;
    t->slot = aside->slot;
    t->tried = &aside->tried;
    t->flies = FLIES_ASIDE;
    return STEP_SEND;
}

/* What is set aside and due goes before what is new. STEP_ON: nothing is. */
static enum step next_aside(struct schedule *s, struct dest *d, int64_t now_ms, struct turn *t)
{
    struct cursor_aside *aside;
    while ((aside = aside_due(d, now_ms, &t->later_ms))) {
        if (d->unsaved)
            return rests(t, DEST_SETTLING);
        struct window *w = window_for(s, aside->n - 1);
        if (!w)
            return hungers(d, t, aside->n - 1);
        struct entry *e = window_next(w, aside->n - 1);
        enum step step = aside_step(s, d, aside, e && e->n == aside->n ? e : NULL, t);
        if (step != STEP_ON)
            return step;
    }
    return STEP_ON;
}

static enum step choose(struct schedule *s, struct dest *d, int64_t now_ms, struct turn *t)
{
    *t = (struct turn){.later_ms = INT64_MAX, .flies = FLIES_MAIL};
    t->letter = letter_due(d, now_ms, &t->later_ms);
    if (t->letter) {
        t->tried = &t->letter->tried;
        return STEP_SEND;
    }
    if (!d->subscribed || d->until > s->position || d->cursor.shut || accept_waits(d))
        return rests(t, d->letters ? DEST_ASLEEP : DEST_HELD);
    enum step step = next_aside(s, d, now_ms, t);
    return step == STEP_ON ? next_entry(s, d, t) : step;
}

static void wake_sleepers(struct schedule *s, int64_t now_ms)
{
    struct heap_node *first;
    while ((first = heap_first(&s->sleepers)) && first->key <= now_ms) {
        struct dest *d = (struct dest *)((char *)first - offsetof(struct dest, wake));
        if (d->cursor.wake_ms <= now_ms)
            d->cursor.wake_ms = 0;
        dest_goto(s, d, DEST_READY);
    }
}

static void start(struct dest *d, const struct turn *t, int64_t now_ms, struct attempt *ret)
{
    const struct slot *slot = t->entry ? &d->slots[t->slot] : NULL;
    *ret = (struct attempt){0};
    memcpy(ret->host, d->host, d->host_n + 1);
    span_copy(slot ? span_of(slot->url) : t->letter->d.inbox, ret->inbox, sizeof(ret->inbox));
    memcpy(ret->zone, d->zone, sizeof(ret->zone));
    ret->slot = slot ? t->slot : SLOT_MAIL;
    ret->style = slot ? slot->style : STYLE_PUBLIC;
    ret->tries = t->tried->tries + 1;
    ret->entry = t->entry ? entry_ref(t->entry) : NULL;
    ret->direct = t->letter ? &t->letter->d : NULL;
    ret->failures = d->cursor.failures;
    ret->past = t->tried->past;
    ret->age_ms = now_ms - (t->letter ? t->letter->d.at_ms : t->entry->at_ms);
    d->flies = t->flies;
    d->flies_from = slot ? slot->from : 0;
    d->letter = t->letter;
}

bool schedule_next(struct schedule *s, int64_t now_ms, struct attempt *ret)
{
    wake_sleepers(s, now_ms);
    while (s->lists[DEST_READY] && s->counts[DEST_FLYING] < s->limits.in_flight) {
        struct dest *d = s->lists[DEST_READY];
        struct turn t;
        if (choose(s, d, now_ms, &t) == STEP_SEND) {
            start(d, &t, now_ms, ret);
            dest_goto(s, d, DEST_FLYING);
            return true;
        }
        /* Its cursor may have moved, or what is set aside; or one of its own can go. */
        s->shards[d->shard].dirty = true;
        dest_wait(s, d, t.rest, t.rest == DEST_SETTLING ? INT64_MAX : t.later_ms);
        if (!d->known && !d->letters)
            dest_free(s, d);
    }
    return false;
}

int64_t schedule_wake(const struct schedule *s)
{
    const struct heap_node *first = heap_first(&s->sleepers);
    return first ? first->key : INT64_MAX;
}

/* --- outcome --------------------------------------------------------------------------------- */

struct outcome {
    const struct judgement *j;
    int status;
    const char *detail;
    int64_t now_ms;
    uint32_t chance;
};

/* An answer came, and it was about this message. */
static bool by_itself(const struct outcome *o)
{
    return o->status && !o->j->host_trouble;
}

static void count(struct cursor_tried *tried, const struct outcome *o)
{
    tried->own += by_itself(o);
    judge_count(&tried->past, o->j, o->status, o->now_ms);
}

/* An entry is settled for one inbox: what is to be known about that later. */
static void settled(struct schedule *s, struct dest *d, const struct attempt *a, bool late,
                    const struct outcome *o)
{
    bool never = o->j->verdict == VERDICT_NEVER;
    struct change change = {.kind = never ? CHANGE_FAIL : CHANGE_LATE,
                            .to = a->entry->n,
                            .slot = a->slot,
                            .tries = a->tries,
                            .why = o->j->why,
                            .status = o->status,
                            .detail = (char *)o->detail};
    if (!never)
        change.detail = NULL;
    if (never)
        d->unsaved = a->entry->n;
    if (never || late)
        record(s, d, &change);
}

/* It fails while others do not, as far as one can tell: something was delivered since the last one
 * that was thought so. */
static bool set_aside(const struct schedule *s, struct dest *d, const struct attempt *a,
                      const struct outcome *o)
{
    struct cursor_head *h = &d->cursor.head;
    if (!by_itself(o) || h->tried.own < s->limits.judge.aside_after || d->cursor.quiet ||
        !aside_room(d, 1))
        return false;
    struct cursor_aside aside = {.n = a->entry->n,
                                 .slot = a->slot,
                                 .object = object_hash(a->entry),
                                 .wake_ms = o->now_ms + judge_aside(&s->limits.judge, 0),
                                 .tried = h->tried};
    aside.tried.own = 0;
    aside_put(d, &aside);
    d->cursor.quiet = true;
    return true;
}

/* True: the host has to wait for it. */
static bool entry_outcome(struct schedule *s, struct dest *d, const struct attempt *a,
                          const struct outcome *o)
{
    struct cursor_head *h = &d->cursor.head;
    const struct entry *e = a->entry;
    bool same =
        a->slot < d->slots_n && d->slots[a->slot].url && d->slots[a->slot].from == d->flies_from;
    if (e->n <= d->cursor.low || !same) /* cut while it was on its way */
        return o->j->verdict == VERDICT_LATER;
    h->tried.tries++;
    if (o->j->verdict == VERDICT_LATER) {
        count(&h->tried, o);
        if (!set_aside(s, d, a, o))
            return true;
    } else {
        settled(s, d, a, a->tries > 1, o);
    }
    h->done |= 1U << a->slot;
    h->tried = (struct cursor_tried){0};
    if (!(dest_slots(d, e) & ~h->done))
        dest_pass(d, e->n);
    return false;
}

static void aside_outcome(struct schedule *s, struct dest *d, const struct attempt *a,
                          const struct outcome *o)
{
    struct cursor_aside *aside = aside_find(d, a->entry->n, a->slot);
    if (!aside) /* cut while it was on its way */
        return;
    aside->tried.tries++;
    if (o->j->verdict == VERDICT_LATER) {
        count(&aside->tried, o);
        aside->wake_ms = o->now_ms + judge_aside(&s->limits.judge, aside->tried.own);
        return;
    }
    settled(s, d, a, true, o);
    aside_take(d, aside);
}

static void host_waits(struct schedule *s, struct dest *d, const struct outcome *o)
{
    int64_t wait = o->j->wait_ms;
    d->cursor.failures++;
    if (!wait)
        wait = judge_backoff(&s->limits.judge, d->cursor.failures, o->chance);
    d->cursor.wake_ms = o->now_ms + wait;
    if (!d->down_told) {
        struct change down = {.kind = CHANGE_DOWN};
        record(s, d, &down);
        d->down_told = true;
    }
}

void schedule_outcome(struct schedule *s, struct attempt *attempt, const struct judgement *j,
                      int status, const char *detail, int64_t now_ms, uint32_t chance)
{
    const struct outcome o = {j, status, detail, now_ms, chance};
    struct dest *d = dest_find(s, span_of(attempt->host));
    bool waits = j->host_trouble; /* also with a "never": the next entry would fare no better */
    s->shards[d->shard].dirty = true;
    switch (d->flies) {
    case FLIES_ENTRY: waits |= entry_outcome(s, d, attempt, &o); break;
    case FLIES_ASIDE: aside_outcome(s, d, attempt, &o); break;
    case FLIES_MAIL: letter_outcome(s, d, j, status, detail, now_ms, chance); break;
    }
    entry_unref(&attempt->entry);
    if (j->verdict == VERDICT_DELIVERED)
        d->cursor.quiet = false;
    if (waits)
        host_waits(s, d, &o);
    else if (j->verdict != VERDICT_LATER)
        dest_lives(s, d);
    dest_goto(s, d, d->unsaved ? DEST_SETTLING : DEST_HELD);
    dest_settle(s, d);
}
