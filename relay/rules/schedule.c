/* schedule: what the journal says, and who is to have it. Owns the destinations and the windows.
 * States: see the drawing in schedule_inner.h. May not know: loops, Redis, clocks, logs. */
#include "relay/rules/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

struct schedule *schedule_new(const struct schedule_limits *limits)
{
    struct schedule *s = mem_new(sizeof(*s));
    s->limits = *limits;
    if (s->limits.shards > SCHEDULE_SHARDS_MAX)
        s->limits.shards = SCHEDULE_SHARDS_MAX;
    s->dests = map_new();
    return s;
}

void schedule_free(struct schedule **schedule)
{
    struct schedule *s = *schedule;
    *schedule = NULL;
    if (!s)
        return;
    for (unsigned i = 0; i < s->limits.shards; i++)
        while (s->shards[i].dests)
            dest_free(s, s->shards[i].dests);
    map_free(&s->dests);
    window_clear(&s->tail);
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        window_clear(&s->pages[i]);
    heap_fini(&s->sleepers);
    struct delta rest = {s->pending, s->pending_n, s->pending_cap};
    delta_free(&rest);
    free(s);
}

/* --- loading --------------------------------------------------------------------------------- */

static void dest_take_member(struct dest *d, const struct member *m)
{
    d->ver = m->ver;
    d->known = true;
    d->subscribed = m->state == MEMBER_ACTIVE;
    d->gone = m->state != MEMBER_ACTIVE && m->state != MEMBER_SUSPENDED;
    memcpy(d->zone, m->zone, sizeof(d->zone));
    free(d->inbox);
    d->inbox = mem_copy(span_of(m->inboxes[0].url));
    d->spans = mem_grow(d->spans, m->spans_n * sizeof(*d->spans));
    memcpy(d->spans, m->spans, m->spans_n * sizeof(*d->spans));
    d->spans_n = m->spans_n;
}

void schedule_load_shard(struct schedule *s, unsigned shard, uint64_t low)
{
    struct dest *d;
    s->shards[shard].low = low;
    DL_FOREACH2(s->shards[shard].dests, d, shard_next)
    {
        d->cursor.low = low;
    }
}

void schedule_load_member(struct schedule *s, const struct member *member)
{
    if (member->state != MEMBER_ACTIVE && member->state != MEMBER_SUSPENDED && !member->spans_n)
        return; /* nothing was ever owed to it */
    if (!owned(s, span_of(member->host)))
        return;
    struct dest *d = dest_find(s, span_of(member->host));
    if (!d)
        d = dest_new(s, span_of(member->host));
    dest_take_member(d, member);
    dest_settle(s, d);
}

void schedule_load_cursor(struct schedule *s, struct span host, const struct cursor *cursor)
{
    if (!owned(s, host))
        return;
    struct dest *d = dest_find(s, host);
    if (!d) {
        d = dest_new(s, host);
        d->known = true;
        d->gone = true;
    }
    d->own = true;
    cursor_fini(&d->stored);
    cursor_fini(&d->cursor);
    cursor_copy(cursor, &d->stored);
    cursor_copy(cursor, &d->cursor);
    d->down_told = cursor->failures > 0;
    dest_settle(s, d);
}

uint64_t schedule_loaded(struct schedule *s)
{
    uint64_t start = UINT64_MAX;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        if (!(s->limits.owned >> i & 1))
            continue;
        if (s->shards[i].low < start)
            start = s->shards[i].low;
        forget_gone(s, i);
    }
    s->position = start;
    s->tail.after = start;
    s->tail.to = start;
    return start;
}

/* --- the journal ----------------------------------------------------------------------------- */

static void told(struct schedule *s, uint64_t n)
{
    s->tail.to = n;
    s->position = n;
}

void schedule_floor(struct schedule *s, uint64_t floor)
{
    if (floor <= s->position)
        return;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        DL_FOREACH2(s->shards[i].dests, d, shard_next)
        {
            d->cursor.low = dest_low(s, d);
            dest_cut(s, d, floor, ERR_GAP);
        }
    }
    window_clear(&s->tail);
    s->tail.after = floor;
    told(s, floor);
}

/* A back-off ends at once. */
static void wake(struct schedule *s, struct dest *d)
{
    d->cursor.wake_ms = 0;
    d->cursor.failures = 0;
    s->shards[d->shard].dirty = true;
    if (d->state == DEST_ASLEEP)
        dest_goto(s, d, DEST_READY);
}

/* What a host posts shows that it lives. The mark that others look for (CHANGE_DOWN) is written
 * with the next commit, so a post that comes before that is noticed here. One that is read again
 * after a restart costs an attempt at most. */
static void shows_life(struct schedule *s, const struct entry *entry)
{
    struct dest *d = dest_find(s, entry->origin);
    if (d && d->state == DEST_ASLEEP)
        wake(s, d);
}

void schedule_entry(struct schedule *s, struct entry *entry)
{
    /* Only those that have everything else are touched: who is behind or in trouble comes to it
     * later. */
    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(s->lists[DEST_IDLE], d, next)
    {
        if (entry->n > d->cursor.low && dest_entitled(d, entry))
            dest_goto(s, d, DEST_READY);
    }
    shows_life(s, entry);
    told(s, entry->n);
    window_push(&s->tail, entry);
    while (s->tail.n > s->limits.window)
        window_drop_first(&s->tail);
}

static enum err why_cut(enum member_state state)
{
    return state == MEMBER_EXPIRED   ? ERR_EXPIRED
           : state == MEMBER_REMOVED ? ERR_REMOVED
                                     : ERR_NOT_MEMBER;
}

void schedule_control(struct schedule *s, uint64_t n, const struct member *member, bool cuts)
{
    struct dest *d = dest_find(s, span_of(member->host));
    bool place = d && d->known && !d->gone;
    told(s, n);
    if (!owned(s, span_of(member->host)))
        return;
    if (!d)
        d = dest_new(s, span_of(member->host));
    d->cursor.low = dest_low(s, d);
    /* A record that was loaded may be newer than this entry; its own entry is still to come. */
    if (!d->known || member->ver >= d->ver)
        dest_take_member(d, member);
    if (cuts)
        dest_cut(s, d, n, why_cut(member->state));
    if (!place && !d->gone) { /* it came (back): whatever was wrong with it before is over */
        dest_skip(s, d);
        dest_lives(s, d);
    }
    s->shards[d->shard].dirty = true;
    dest_settle(s, d);
}

void schedule_awake(struct schedule *s, struct span host)
{
    struct dest *d = dest_find(s, host);
    if (!d)
        return;
    d->down_told = false; /* whoever told us has forgotten that it was */
    wake(s, d);
}

/* --- direct mail ----------------------------------------------------------------------------- */

static struct span copy_text(char **at, struct span text)
{
    struct span copy = {*at, text.n};
    if (text.n)
        memcpy(*at, text.p, text.n);
    (*at)[text.n] = '\0';
    *at += text.n + 1;
    return copy;
}

void schedule_direct(struct schedule *s, const struct direct *direct)
{
    if (!direct->host.n || direct->host.n >= MEMBER_HOST_SIZE || !owned(s, direct->host))
        return;
    struct dest *d = dest_find(s, direct->host);
    if (!d)
        d = dest_new(s, direct->host);
    if (d->letters_n >= SCHEDULE_DIRECTS_MAX)
        letter_give_up(s, d, d->mail_flies ? d->letters->next : d->letters, ERR_RATE, 0, NULL);
    struct letter *letter = mem_new(sizeof(*letter) + direct->host.n + direct->inbox.n +
                                    direct->kind.n + direct->body.n + 4);
    char *at = (char *)(letter + 1);
    letter->d = *direct;
    letter->d.host = copy_text(&at, direct->host);
    letter->d.inbox = copy_text(&at, direct->inbox);
    letter->d.kind = copy_text(&at, direct->kind);
    letter->d.body = copy_text(&at, direct->body);
    DL_APPEND(d->letters, letter);
    d->letters_n++;
    if (d->state == DEST_IDLE || d->state == DEST_HELD || d->state == DEST_HUNGRY)
        dest_settle(s, d);
}

/* --- operators' orders ----------------------------------------------------------------------- */

void schedule_retry(struct schedule *s, uint64_t line_n, struct span host, uint64_t n)
{
    (void)host;
    (void)n; /* nothing can be set aside yet, so there is no room for it */
    told(s, line_n);
}

void schedule_drop(struct schedule *s, uint64_t line_n, struct span host, uint64_t n)
{
    struct dest *d = dest_find(s, host);
    struct change drop = {.kind = CHANGE_DROP, .to = n};
    told(s, line_n);
    if (d)
        record(s, d, &drop);
}

/* --- for people ------------------------------------------------------------------------------ */

void schedule_report(const struct schedule *s, struct schedule_report *ret)
{
    *ret = (struct schedule_report){.position = s->position,
                                    .destinations = map_count(s->dests),
                                    .idle = s->counts[DEST_IDLE],
                                    .ready = s->counts[DEST_READY] + s->counts[DEST_SETTLING],
                                    .flying = s->counts[DEST_FLYING],
                                    .asleep = s->counts[DEST_ASLEEP],
                                    .hungry = s->counts[DEST_HUNGRY],
                                    .held = s->counts[DEST_HELD]};
    for (unsigned i = 0; i < s->limits.shards; i++) {
        const struct dest *d;
        DL_FOREACH2(s->shards[i].dests, d, shard_next)
        {
            ret->direct += d->letters_n;
            if (d->subscribed && s->position > dest_low(s, d) + ret->behind_most)
                ret->behind_most = s->position - dest_low(s, d);
        }
    }
}

bool schedule_look(const struct schedule *s, struct span host, struct cursor *ret,
                   const char **ret_state)
{
    static const char *const names[] = {
#define X(name, text) text,
        DEST_STATES(X)
#undef X
    };
    const struct dest *d = dest_find(s, host);
    if (!d)
        return false;
    *ret = d->cursor;
    ret->low = dest_low(s, d);
    *ret_state = names[d->state];
    return true;
}
