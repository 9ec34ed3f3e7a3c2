/* schedule_attempt: which destination may send what now, and what becomes of it by the outcome.
 * May not know: how an attempt is made, or what a status means (judge.h says that). */
#include <stddef.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

/* --- next ------------------------------------------------------------------------------------ */

/* Moves the cursor past everything that is not for it. The entry to send, or NULL: then *ret_state
 * is where the destination belongs. */
static struct entry *next_entry(struct schedule *s, struct dest *d, enum dest_state *ret_state)
{
    dest_skip(s, d);
    while (d->cursor.low < s->position) {
        struct window *w = window_for(s, d->cursor.low);
        if (!w) {
            *ret_state = DEST_HUNGRY;
            return NULL;
        }
        struct entry *e = window_next(w, d->cursor.low);
        if (!e) {
            dest_pass(d, w->to);
        } else if (!dest_entitled(d, e)) {
            dest_pass(d, e->n);
        } else if (!audience_has(e->audience, d->zone)) {
            /* It was its by right, and is not any more: passed, and that is said. */
            struct change skip = {
                .kind = CHANGE_SKIP, .to = e->n, .slot = SLOT_ALL, .why = ERR_NO_RIGHT};
            record(s, d, &skip);
            d->unsaved = e->n;
            dest_pass(d, e->n);
        } else if (d->unsaved) {
            *ret_state = DEST_SETTLING;
            return NULL;
        } else {
            return e;
        }
    }
    *ret_state = DEST_IDLE;
    return NULL;
}

static void wake_sleepers(struct schedule *s, int64_t now_ms)
{
    struct heap_node *first;
    while ((first = heap_first(&s->sleepers)) && first->key <= now_ms) {
        struct dest *d = (struct dest *)((char *)first - offsetof(struct dest, wake));
        d->cursor.wake_ms = 0;
        dest_goto(s, d, DEST_READY);
    }
}

static void fill_attempt(const struct dest *d, struct entry *e, int64_t now_ms, struct attempt *ret)
{
    const struct letter *letter = e ? NULL : d->letters;
    *ret = (struct attempt){0};
    memcpy(ret->host, d->host, d->host_n + 1);
    span_copy(letter ? letter->d.inbox : span_of(d->inbox), ret->inbox, sizeof(ret->inbox));
    memcpy(ret->zone, d->zone, sizeof(ret->zone));
    ret->entry = e ? entry_ref(e) : NULL;
    ret->direct = letter ? &letter->d : NULL;
    ret->failures = d->cursor.failures;
    ret->slot = letter ? SLOT_MAIL : 0;
    ret->style = STYLE_PUBLIC;
    ret->tries = 1 + (letter ? letter->tries : d->cursor.head.tried.tries);
    ret->past = letter ? letter->past : d->cursor.head.tried.past;
    ret->age_ms = now_ms - (letter ? letter->d.at_ms : e->at_ms);
}

bool schedule_next(struct schedule *s, int64_t now_ms, struct attempt *ret)
{
    wake_sleepers(s, now_ms);
    while (s->lists[DEST_READY] && s->counts[DEST_FLYING] < s->limits.in_flight) {
        struct dest *d = s->lists[DEST_READY];
        enum dest_state state = DEST_HELD;
        struct entry *e = NULL;
        if (!d->letters && d->subscribed)
            e = next_entry(s, d, &state);
        if (e || d->letters) {
            fill_attempt(d, e, now_ms, ret);
            d->mail_flies = !e;
            dest_goto(s, d, DEST_FLYING);
            return true;
        }
        dest_goto(s, d, state);
        if (state == DEST_IDLE) /* caught up by what it passed: a cursor of its own can go */
            s->shards[d->shard].dirty = true;
        if (!d->known)
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

static void entry_outcome(struct schedule *s, struct dest *d, const struct entry *e,
                          const struct judgement *j, int status, const char *detail, int64_t now_ms)
{
    struct cursor *c = &d->cursor;
    struct cursor_tried *tried = &c->head.tried;
    if (e->n <= c->low)
        return; /* cut while it was on its way: what its cursor says is about another entry */
    tried->tries++;
    if (j->verdict == VERDICT_LATER) {
        c->head.n = e->n;
        tried->own += status && !j->host_trouble;
        judge_count(&tried->past, j, status, now_ms);
        return;
    }
    struct change change = {.kind = j->verdict == VERDICT_NEVER ? CHANGE_FAIL : CHANGE_LATE,
                            .to = e->n,
                            .tries = tried->tries,
                            .why = j->why,
                            .status = status,
                            .detail = (char *)detail};
    if (j->verdict == VERDICT_NEVER)
        d->unsaved = e->n;
    if (j->verdict == VERDICT_NEVER || tried->tries > 1)
        record(s, d, &change);
    dest_pass(d, e->n);
}

static void letter_outcome(struct schedule *s, struct dest *d, const struct judgement *j,
                           int status, const char *detail, int64_t now_ms)
{
    struct letter *letter = d->letters;
    letter->tries++;
    switch (j->verdict) {
    case VERDICT_LATER: judge_count(&letter->past, j, status, now_ms); break;
    case VERDICT_NEVER:
        d->unsaved = letter->d.n;
        letter_give_up(s, d, letter, j->why, status, detail);
        break;
    case VERDICT_DELIVERED: letter_settle(s, d, letter); break;
    }
}

static void host_waits(struct schedule *s, struct dest *d, const struct judgement *j,
                       int64_t now_ms, uint32_t chance)
{
    d->cursor.failures++;
    d->cursor.wake_ms =
        now_ms +
        (j->wait_ms ? j->wait_ms : judge_backoff(&s->limits.judge, d->cursor.failures, chance));
    if (!d->down_told) {
        struct change down = {.kind = CHANGE_DOWN};
        record(s, d, &down);
        d->down_told = true;
    }
}

void schedule_outcome(struct schedule *s, struct attempt *attempt, const struct judgement *j,
                      int status, const char *detail, int64_t now_ms, uint32_t chance)
{
    struct dest *d = dest_find(s, span_of(attempt->host));
    s->shards[d->shard].dirty = true;
    d->mail_flies = false;
    if (attempt->entry)
        entry_outcome(s, d, attempt->entry, j, status, detail, now_ms);
    else
        letter_outcome(s, d, j, status, detail, now_ms);
    entry_unref(&attempt->entry);
    /* Also after a "never": the next entry of a host that is down would fare no better. */
    if (j->verdict == VERDICT_LATER || j->host_trouble)
        host_waits(s, d, j, now_ms, chance);
    else
        dest_lives(s, d);
    dest_goto(s, d, d->unsaved ? DEST_SETTLING : DEST_HELD);
    dest_settle(s, d);
}
