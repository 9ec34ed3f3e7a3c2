/* schedule: destinations, their states, and which of them may be sent what now. States: see the
 * drawing in schedule_inner.h; dest_goto() is the only one that writes them. May not know: loops,
 * Redis, clocks, logs. */
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
    return s;
}

void schedule_free(struct schedule **schedule)
{
    struct schedule *s = *schedule;
    *schedule = NULL;
    if (!s)
        return;
    struct dest *d;
    struct dest *next;
    HASH_ITER(hh, s->dests, d, next)
    {
        dest_free(s, d);
    }
    window_clear(&s->tail);
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        window_clear(&s->pages[i]);
    heap_fini(&s->sleepers);
    struct delta rest = {s->pending, s->pending_n, s->pending_cap};
    delta_free(&rest);
    free(s);
}

/* --- destinations
 * ---------------------------------------------------------------------------------- */

void dest_goto(struct schedule *s, struct dest *d, enum dest_state state)
{
    d->cursor.low = dest_low(s, d);
    if (d->state == DEST_ASLEEP)
        heap_remove(&s->sleepers, &d->wake);
    DL_DELETE(s->lists[d->state], d);
    s->counts[d->state]--;
    d->state = state;
    DL_APPEND(s->lists[state], d);
    s->counts[state]++;
    if (state == DEST_ASLEEP)
        heap_set(&s->sleepers, &d->wake, d->cursor.wake_ms);
}

/* Who is idle has everything up to the position, wherever its cursor was last written. */
uint64_t dest_low(const struct schedule *s, const struct dest *d)
{
    return d->state == DEST_IDLE && s->position > d->cursor.low ? s->position : d->cursor.low;
}

struct dest *dest_find(const struct schedule *s, struct span host)
{
    struct dest *d;
    HASH_FIND(hh, s->dests, host.p, host.n, d);
    return d;
}

static struct dest *dest_new(struct schedule *s, struct span host)
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
    HASH_ADD(hh, s->dests, host, d->host_n, d);
    return d;
}

static void letter_free(struct dest *d, struct letter *letter)
{
    DL_DELETE(d->letters, letter);
    d->letters_n--;
    free(letter);
}

void dest_free(struct schedule *s, struct dest *d)
{
    while (d->letters)
        letter_free(d, d->letters);
    if (d->state == DEST_ASLEEP)
        heap_remove(&s->sleepers, &d->wake);
    DL_DELETE(s->lists[d->state], d);
    s->counts[d->state]--;
    DL_DELETE2(s->shards[d->shard].dests, d, shard_prev, shard_next);
    HASH_DELETE(hh, s->dests, d);
    free(d->inbox);
    free(d->spans);
    free(d);
}

static void dest_take_member(struct dest *d, const struct member *m)
{
    d->ver = m->ver;
    d->known = true;
    d->subscribed = m->state == MEMBER_ACTIVE;
    d->gone = m->state != MEMBER_ACTIVE && m->state != MEMBER_SUSPENDED;
    memcpy(d->zone, m->zone, sizeof(d->zone));
    free(d->inbox);
    d->inbox = mem_copy(span_of(m->inbox));
    d->spans = mem_grow(d->spans, m->spans_n * sizeof(*d->spans));
    memcpy(d->spans, m->spans, m->spans_n * sizeof(*d->spans));
    d->spans_n = m->spans_n;
}

/* Puts a destination that is not on its way where it belongs now. */
static void dest_settle(struct schedule *s, struct dest *d)
{
    if (d->state == DEST_FLYING || d->state == DEST_SETTLING)
        return;
    if (!d->letters && !d->subscribed) {
        dest_goto(s, d, DEST_HELD);
        if (!d->known)
            dest_free(s, d);
    } else {
        dest_goto(s, d, d->cursor.wake_ms ? DEST_ASLEEP : DEST_READY);
    }
}

/* --- loading
 * ---------------------------------------------------------------------------------------- */

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
    if (member->state != MEMBER_ACTIVE && member->state != MEMBER_SUSPENDED)
        return;
    struct dest *d = dest_new(s, span_of(member->host));
    dest_take_member(d, member);
    dest_settle(s, d);
}

void schedule_load_cursor(struct schedule *s, struct span host, const struct cursor *cursor)
{
    struct dest *d = dest_find(s, host);
    if (!d) { /* gone meanwhile: the entry that says so is still to be met */
        d = dest_new(s, host);
        d->known = true;
        d->gone = true;
    }
    d->own = true;
    d->stored = *cursor;
    d->cursor = *cursor;
    d->down_told = cursor->failures > 0;
    dest_settle(s, d);
}

uint64_t schedule_loaded(struct schedule *s)
{
    uint64_t start = UINT64_MAX;
    for (unsigned i = 0; i < s->limits.shards; i++)
        if (s->shards[i].low < start)
            start = s->shards[i].low;
    s->position = start;
    s->tail.after = start;
    s->tail.to = start;
    return start;
}

/* --- the journal
 * -------------------------------------------------------------------------------------- */

static void told(struct schedule *s, uint64_t n)
{
    s->tail.to = n;
    s->position = n;
}

/* Whether an entry is for it, by facts that cannot change. */
static bool entitled(const struct dest *d, const struct entry *e)
{
    struct span host = {d->host, d->host_n};
    if (span_eq(e->origin, host) || span_eq(e->object_host, host))
        return false;
    if (outgoing_form(&e->facts, true) == FORM_NOTHING)
        return false;
    return member_spans_entitle(d->spans, d->spans_n, e->n, e->audience);
}

static void pass(struct dest *d, uint64_t n)
{
    d->cursor.low = n;
    d->cursor.tries = 0;
    d->cursor.first_ms = 0;
    d->cursor.status = 0;
}

void schedule_entry(struct schedule *s, struct entry *entry)
{
    /* Only those that have everything else are touched: who is behind or in trouble comes to it
     * later. */
    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(s->lists[DEST_IDLE], d, next)
    {
        if (entry->n > d->cursor.low && entitled(d, entry))
            dest_goto(s, d, DEST_READY);
    }
    told(s, entry->n);
    window_push(&s->tail, entry);
    while (s->tail.n > s->limits.window)
        window_drop_first(&s->tail);
}

static void cut(struct schedule *s, struct dest *d, uint64_t n, enum err why)
{
    if (d->cursor.low < n) {
        struct change change = {.kind = CHANGE_CUT, .from = d->cursor.low, .to = n, .why = why};
        record(s, d, &change);
    }
    d->cursor = (struct cursor){.low = d->cursor.low > n ? d->cursor.low : n};
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
    if (!d)
        d = dest_new(s, span_of(member->host));
    d->cursor.low = dest_low(s, d);
    /* A record that was loaded may be newer than this entry; its own entry is still to come. */
    if (!d->known || member->ver >= d->ver)
        dest_take_member(d, member);
    if (cuts)
        cut(s, d, n, why_cut(member->state));
    else if (!place && d->subscribed && d->cursor.low < n)
        d->cursor = (struct cursor){.low = n}; /* joined here: nothing before is its */
    s->shards[d->shard].dirty = true;
    dest_settle(s, d);
}

void schedule_awake(struct schedule *s, struct span host)
{
    struct dest *d = dest_find(s, host);
    if (!d)
        return;
    d->down_told = false;
    if (d->state != DEST_ASLEEP)
        return;
    d->cursor.wake_ms = 0;
    d->cursor.failures = 0;
    s->shards[d->shard].dirty = true;
    dest_goto(s, d, DEST_READY);
}

static void settle_letter(struct schedule *s, struct dest *d, struct letter *letter)
{
    struct change change = {.kind = CHANGE_DIRECT};
    memcpy(change.id, letter->d.id, sizeof(change.id));
    record(s, d, &change);
    letter_free(d, letter);
}

static void give_up_letter(struct schedule *s, struct dest *d, struct letter *letter, enum err why,
                           int status)
{
    struct change change = {.kind = CHANGE_FAIL, .to = letter->d.n, .why = why, .status = status};
    record(s, d, &change);
    settle_letter(s, d, letter);
}

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
    struct dest *d = dest_find(s, direct->host);
    if (!d)
        d = dest_new(s, direct->host);
    if (d->letters_n >= SCHEDULE_DIRECTS_MAX && d->letters->next)
        give_up_letter(s, d, d->state == DEST_FLYING ? d->letters->next : d->letters, ERR_RATE, 0);
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

/* --- attempts
 * ------------------------------------------------------------------------------------------ */

/* Moves the cursor past everything that is not for it. The entry to send, or NULL: then *ret_state
 * is where the destination belongs. */
static struct entry *next_entry(struct schedule *s, struct dest *d, enum dest_state *ret_state)
{
    while (d->cursor.low < s->position) {
        struct window *w = window_for(s, d->cursor.low);
        if (!w) {
            *ret_state = DEST_HUNGRY;
            return NULL;
        }
        struct entry *e = window_next(w, d->cursor.low);
        if (!e) {
            pass(d, w->to);
        } else if (!entitled(d, e)) {
            pass(d, e->n);
        } else if (!audience_has(e->audience, d->zone)) {
            /* It was its by right, and is not any more: passed, and that is said. */
            struct change skip = {.kind = CHANGE_SKIP, .to = e->n, .why = ERR_NO_RIGHT};
            record(s, d, &skip);
            pass(d, e->n);
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
    ret->tries = letter ? letter->tries : d->cursor.tries;
    ret->first_ms = letter ? letter->first_ms : d->cursor.first_ms;
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
            dest_goto(s, d, DEST_FLYING);
            return true;
        }
        dest_goto(s, d, state);
        if (!d->known)
            dest_free(s, d);
    }
    return false;
}

static void host_lives(struct schedule *s, struct dest *d)
{
    d->cursor.failures = 0;
    d->cursor.wake_ms = 0;
    if (d->down_told) {
        struct change up = {.kind = CHANGE_UP};
        record(s, d, &up);
        d->down_told = false;
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

static void entry_outcome(struct schedule *s, struct dest *d, const struct entry *e,
                          const struct judgement *j, int status, int64_t now_ms)
{
    if (j->verdict == VERDICT_LATER) {
        d->cursor.tries++;
        d->cursor.first_ms = d->cursor.first_ms ? d->cursor.first_ms : now_ms;
        d->cursor.status = status;
        return;
    }
    if (j->verdict == VERDICT_NEVER) {
        struct change fail = {.kind = CHANGE_FAIL, .to = e->n, .why = j->why, .status = status};
        record(s, d, &fail);
    }
    if (e->n > d->cursor.low)
        pass(d, e->n);
}

static void letter_outcome(struct schedule *s, struct dest *d, const struct judgement *j,
                           int status, int64_t now_ms)
{
    struct letter *letter = d->letters;
    if (j->verdict == VERDICT_LATER) {
        letter->tries++;
        letter->first_ms = letter->first_ms ? letter->first_ms : now_ms;
    } else if (j->verdict == VERDICT_NEVER) {
        give_up_letter(s, d, letter, j->why, status);
    } else {
        settle_letter(s, d, letter);
    }
}

void schedule_outcome(struct schedule *s, struct attempt *attempt, const struct judgement *j,
                      int status, int64_t now_ms, uint32_t chance)
{
    struct dest *d = dest_find(s, span_of(attempt->host));
    bool entry = attempt->entry != NULL;
    s->shards[d->shard].dirty = true;
    if (entry && !d->gone)
        entry_outcome(s, d, attempt->entry, j, status, now_ms);
    else if (!entry)
        letter_outcome(s, d, j, status, now_ms);
    entry_unref(&attempt->entry);
    if (j->verdict == VERDICT_LATER)
        host_waits(s, d, j, now_ms, chance);
    else if (!j->host_trouble)
        host_lives(s, d);
    /* The follower of what was refused for good waits until the refusal is on disk (ENGINE 1e). */
    dest_goto(s, d, j->verdict == VERDICT_NEVER && !d->gone ? DEST_SETTLING : DEST_HELD);
    dest_settle(s, d);
}

int64_t schedule_wake(const struct schedule *s)
{
    const struct heap_node *first = heap_first(&s->sleepers);
    return first ? first->key : INT64_MAX;
}

/* --- for people
 * ------------------------------------------------------------------------------------------ */

void schedule_report(const struct schedule *s, struct schedule_report *ret)
{
    *ret = (struct schedule_report){.position = s->position,
                                    .destinations = HASH_COUNT(s->dests),
                                    .idle = s->counts[DEST_IDLE],
                                    .ready = s->counts[DEST_READY] + s->counts[DEST_SETTLING],
                                    .flying = s->counts[DEST_FLYING],
                                    .asleep = s->counts[DEST_ASLEEP],
                                    .hungry = s->counts[DEST_HUNGRY],
                                    .held = s->counts[DEST_HELD]};
    const struct dest *d;
    for (d = s->dests; d; d = d->hh.next) {
        ret->direct += d->letters_n;
        if (d->subscribed && s->position > dest_low(s, d) + ret->behind_most)
            ret->behind_most = s->position - dest_low(s, d);
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
