/* book: cursors and records of many hosts, in order, to be found by host.
 * May not know: where they were read, or what they say of an entry (trace.c does). */
#include "relay/rules/book.h"

#include <stdlib.h>
#include <string.h>

const char *book_order_name(enum book_order order)
{
    static const char *const names[] = {
#define X(name, text) [ORDER_##name] = (text),
        BOOK_ORDERS(X)
#undef X
    };
    return names[order];
}

struct book *book_new(unsigned shards)
{
    struct book *b = mem_new(sizeof(*b));
    b->shards = shards < BOOK_SHARDS_MAX ? shards : BOOK_SHARDS_MAX;
    return b;
}

static void marks_free(struct book_marks *marks)
{
    for (size_t i = 0; i < marks->n; i++) {
        for (size_t k = 0; k < marks->list[i].moves_n; k++)
            free(marks->list[i].moves[k].host);
        free(marks->list[i].moves);
    }
    free(marks->list);
}

void book_free(struct book **book)
{
    struct book *b = *book;
    *book = NULL;
    if (!b)
        return;
    for (size_t i = 0; i < b->own_n; i++) {
        free(b->own[i].host);
        cursor_fini(&b->own[i].cursor);
    }
    for (size_t i = 0; i < b->records_n; i++)
        free(b->records[i].host);
    for (size_t i = 0; i < b->shards; i++)
        marks_free(&b->marks[i]);
    book_free_recents(b);
    free(b->own);
    free(b->records);
    free(b);
}

/* --- putting in ------------------------------------------------------------------------------- */

/* Room for one more of `size` bytes each; the list, which may have moved. */
static void *room(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    *cap = *cap ? 2 * *cap : 16;
    return mem_grow(list, *cap * size);
}

void book_add_own(struct book *b, struct span host, const struct cursor *cursor)
{
    b->own = room(b->own, b->own_n, &b->own_cap, sizeof(*b->own));
    struct book_own *own = &b->own[b->own_n++];
    own->host = mem_copy(host);
    cursor_copy(cursor, &own->cursor);
}

void book_add_mark(struct book *b, unsigned shard, int64_t at_ms, uint64_t low)
{
    struct book_marks *marks = &b->marks[shard];
    marks->list = room(marks->list, marks->n, &marks->cap, sizeof(*marks->list));
    marks->list[marks->n++] = (struct book_mark){.at_ms = at_ms, .low = low};
}

bool book_add_move(struct book *b, unsigned shard, struct span host, struct span text)
{
    struct book_mark *mark = &b->marks[shard].list[b->marks[shard].n - 1];
    struct book_move move = {.follows = span_eq_str(text, "="),
                             .fresh = span_starts(text, SPAN("+"))};
    if (move.fresh)
        text = (struct span){text.p + 1, text.n - 1};
    if (!move.follows && !span_u64(text, UINT64_MAX, &move.low))
        return false;
    move.host = mem_copy(host);
    mark->moves = room(mark->moves, mark->moves_n, &mark->moves_cap, sizeof(*mark->moves));
    mark->moves[mark->moves_n++] = move;
    return true;
}

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct book_own *)a)->host, ((const struct book_own *)b)->host);
}

static int differ(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_number(const void *one, const void *other)
{
    const struct book_record *a = one;
    const struct book_record *b = other;
    int order = strcmp(a->host, b->host);
    order = order ? order : differ(a->n, b->n);
    order = order ? order : differ(a->slot, b->slot);
    return order ? order : (int)a->kind - (int)b->kind;
}

void book_close(struct book *b)
{
    if (b->own_n)
        qsort(b->own, b->own_n, sizeof(*b->own), by_host);
    if (b->records_n)
        qsort(b->records, b->records_n, sizeof(*b->records), by_number);
    book_close_recents(b);
}

/* --- reading records -------------------------------------------------------------------------- */

static bool number(struct span *rest, uint64_t max, uint64_t *ret)
{
    return rest->p && span_u64(span_cut(rest, ' '), max, ret);
}

/* The word is left where it is if it is no number: records of before have none here. */
static void read_slot(struct span *rest, unsigned *ret)
{
    struct span after = *rest;
    uint64_t slot;
    *ret = BOOK_EVERY_SLOT;
    if (!number(&after, UINT8_MAX, &slot))
        return;
    *ret = (unsigned)slot;
    *rest = after;
}

/* `code`, and where it follows a failure `status`; then the time. */
static bool read_why(struct span *rest, bool status, struct book_record *r)
{
    uint64_t answered = 0;
    uint64_t at;
    if (!span_copy(span_cut(rest, ' '), r->code, sizeof(r->code)) || !r->code[0] ||
        (status && !number(rest, 999, &answered)) || !number(rest, INT64_MAX, &at))
        return false;
    r->status = (int)answered;
    r->at_ms = (int64_t)at;
    return true;
}

static bool read_fail(struct span rest, struct book_record *r)
{
    uint64_t tries = 0;
    bool of_before;
    read_slot(&rest, &r->slot);
    of_before = r->slot == BOOK_EVERY_SLOT;
    struct span flag = of_before ? SPAN("-") : span_cut(&rest, ' ');
    r->dropped = span_eq_str(flag, "d");
    if ((!r->dropped && !span_eq_str(flag, "-")) || !read_why(&rest, true, r))
        return false;
    if (!of_before && !number(&rest, UINT32_MAX, &tries))
        return false;
    r->tries = (unsigned)tries;
    if (rest.n >= sizeof(r->detail))
        rest.n = sizeof(r->detail) - 1;
    return !rest.p || span_copy(rest, r->detail, sizeof(r->detail));
}

/* Records of before have none: there was one lane. */
static void read_lanes(struct span *rest, unsigned *ret)
{
    uint64_t lanes = LANES_BOTH;
    if (rest->p)
        number(rest, LANES_BOTH, &lanes);
    *ret = (unsigned)lanes;
}

static bool read_late(struct span rest, struct book_record *r)
{
    uint64_t tries;
    uint64_t at;
    read_slot(&rest, &r->slot);
    if (!number(&rest, UINT32_MAX, &tries) || !number(&rest, INT64_MAX, &at) || rest.p)
        return false;
    r->tries = (unsigned)tries;
    r->at_ms = (int64_t)at;
    return true;
}

bool book_add_record(struct book *b, enum book_kind kind, struct span text)
{
    struct book_record r = {.kind = kind};
    bool ok = number(&text, UINT64_MAX, &r.from);
    r.n = r.from;
    if (kind == BOOK_CUT)
        ok = ok && number(&text, UINT64_MAX, &r.n) && r.from <= r.n;
    else
        r.from -= r.from > 0;
    struct span host = span_cut(&text, ' ');
    if (!ok || !host.n)
        return false;
    switch (kind) {
    case BOOK_FAIL: ok = read_fail(text, &r); break;
    case BOOK_LATE: ok = read_late(text, &r); break;
    case BOOK_SKIP:
    case BOOK_CUT:
    case BOOK_KIND_COUNT:
        ok = read_why(&text, false, &r);
        read_slot(&text, &r.slot);
        if (kind == BOOK_CUT)
            read_lanes(&text, &r.lanes);
        ok = ok && !text.p;
        break;
    }
    if (!ok)
        return false;
    r.host = mem_copy(host);
    b->records = room(b->records, b->records_n, &b->records_cap, sizeof(*b->records));
    b->records[b->records_n++] = r;
    return true;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* As strcmp() of the host and a text that ends without NUL. */
static int compare(const char *host, struct span with)
{
    size_t n = strlen(host);
    int order = memcmp(host, with.p, n < with.n ? n : with.n);
    return order ? order : (n > with.n) - (n < with.n);
}

const struct book_own *book_own(const struct book *b, struct span host)
{
    size_t from = 0;
    size_t to = b->own_n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = compare(b->own[middle].host, host);
        if (order == 0)
            return &b->own[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

bool book_unread(const struct book *b, struct span host)
{
    return b->unread >> shard_of(host, b->shards) & 1;
}

struct cursor book_cursor(const struct book *b, struct span host)
{
    const struct book_own *own = book_own(b, host);
    unsigned shard = shard_of(host, b->shards);
    return own ? own->cursor : (struct cursor){.low = b->low[shard], .urgent = b->urgent[shard]};
}

const struct book_record *book_records(const struct book *b, struct span host, size_t *ret_n)
{
    size_t from = 0;
    size_t to = b->records_n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (compare(b->records[middle].host, host) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    *ret_n = 0;
    while (from + *ret_n < b->records_n && compare(b->records[from + *ret_n].host, host) == 0)
        ++*ret_n;
    return b->records + from;
}
