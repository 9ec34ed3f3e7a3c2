/* schedule_dest: one destination: its state, its cursor, what is owed to it, its direct mail.
 * States: see the drawing in schedule_inner.h; dest_goto() is the only one that writes them.
 *
 * May not know: who is sent what next. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

/* --- life ------------------------------------------------------------------------------------ */

bool owned(const struct schedule *s, struct span host)
{
    return s->limits.owned >> shard_of(host, s->limits.shards) & 1;
}

struct dest *dest_new(struct schedule *s, struct span host)
{
    struct dest *d = mem_new(sizeof(*d) + host.n + 1);
    memcpy(d->host, host.p, host.n);
    d->host_n = host.n;
    d->shard = shard_of(host, s->limits.shards);
    d->cursor.low = s->shards[d->shard].low;
    d->state = DEST_HELD;
    DL_APPEND(s->lists[DEST_HELD], d);
    s->counts[DEST_HELD]++;
    DL_APPEND2(s->shards[d->shard].dests, d, shard_prev, shard_next);
    map_put(s->dests, host, d);
    return d;
}

static void letter_free(struct dest *d, struct letter *letter)
{
    DL_DELETE(d->letters, letter);
    d->letters_n--;
    free(letter);
}

/* Out of the list of its state, and out of the heap. */
static void unlist(struct schedule *s, struct dest *d)
{
    if (d->state == DEST_ASLEEP)
        heap_remove(&s->sleepers, &d->wake);
    DL_DELETE(s->lists[d->state], d);
    s->counts[d->state]--;
}

void dest_free(struct schedule *s, struct dest *d)
{
    while (d->letters)
        letter_free(d, d->letters);
    unlist(s, d);
    DL_DELETE2(s->shards[d->shard].dests, d, shard_prev, shard_next);
    map_take(s->dests, (struct span){d->host, d->host_n});
    free(d->inbox);
    free(d->spans);
    cursor_fini(&d->cursor);
    cursor_fini(&d->stored);
    free(d);
}

struct dest *dest_find(const struct schedule *s, struct span host)
{
    return map_get(s->dests, host);
}

/* --- state ----------------------------------------------------------------------------------- */

void dest_goto(struct schedule *s, struct dest *d, enum dest_state state)
{
    d->cursor.low = dest_low(s, d);
    unlist(s, d);
    d->state = state;
    DL_APPEND(s->lists[state], d);
    s->counts[state]++;
    if (state == DEST_ASLEEP)
        heap_set(&s->sleepers, &d->wake, d->cursor.wake_ms);
}

void dest_settle(struct schedule *s, struct dest *d)
{
    if (d->state == DEST_FLYING || d->state == DEST_SETTLING)
        return;
    if (d->letters || d->subscribed)
        dest_goto(s, d, d->cursor.wake_ms ? DEST_ASLEEP : DEST_READY);
    else if (d->known)
        dest_goto(s, d, DEST_HELD);
    else
        dest_free(s, d);
}

void dest_lives(struct schedule *s, struct dest *d)
{
    d->cursor.failures = 0;
    d->cursor.wake_ms = 0;
    if (d->down_told) {
        struct change up = {.kind = CHANGE_UP};
        record(s, d, &up);
        d->down_told = false;
    }
}

/* --- its cursor, and what is owed to it ------------------------------------------------------ */

/* Who is idle has everything up to the position, wherever its cursor was last written. */
uint64_t dest_low(const struct schedule *s, const struct dest *d)
{
    return d->state == DEST_IDLE && s->position > d->cursor.low ? s->position : d->cursor.low;
}

void dest_pass(struct dest *d, uint64_t n)
{
    d->cursor.low = n;
    d->cursor.head = (struct cursor_head){0};
}

uint64_t dest_owed_from(const struct dest *d)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < d->spans_n; i++) {
        const struct member_span *span = &d->spans[i];
        uint64_t from = span->from > d->cursor.low ? span->from : d->cursor.low;
        if (from < span->to && from < first)
            first = from;
    }
    return first;
}

void dest_skip(const struct schedule *s, struct dest *d)
{
    uint64_t owed = dest_owed_from(d);
    uint64_t start = owed < s->position ? owed : s->position;
    if (start > d->cursor.low)
        dest_pass(d, start);
}

bool dest_entitled(const struct dest *d, const struct entry *e)
{
    struct span host = {d->host, d->host_n};
    if (span_eq(e->origin, host) || span_eq(e->object_host, host))
        return false;
    if (outgoing_form(&e->facts, STYLE_PUBLIC) == FORM_NOTHING)
        return false;
    return member_spans_entitle(d->spans, d->spans_n, e->n, e->audience);
}

void dest_cut(struct schedule *s, struct dest *d, uint64_t n, enum err why)
{
    uint64_t from = dest_owed_from(d);
    if (from < n) {
        struct change change = {
            .kind = CHANGE_CUT, .from = from, .to = n, .slot = SLOT_ALL, .why = why};
        record(s, d, &change);
    }
    if (d->cursor.low < n)
        dest_pass(d, n);
}

/* --- direct mail ----------------------------------------------------------------------------- */

void letter_settle(struct schedule *s, struct dest *d, struct letter *letter)
{
    struct change change = {.kind = CHANGE_DIRECT};
    memcpy(change.id, letter->d.id, sizeof(change.id));
    record(s, d, &change);
    letter_free(d, letter);
}

void letter_give_up(struct schedule *s, struct dest *d, struct letter *letter, enum err why,
                    int status, const char *detail)
{
    struct change change = {.kind = CHANGE_FAIL,
                            .to = letter->d.n,
                            .slot = SLOT_MAIL,
                            .tries = letter->tries,
                            .why = why,
                            .status = status,
                            .detail = (char *)detail};
    record(s, d, &change);
    letter_settle(s, d, letter);
}
