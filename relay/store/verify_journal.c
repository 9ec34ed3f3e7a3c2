/* verify_journal: the lanes of the journal, line by line, and the bodies of its entries.
 * May not know: where the keys come from; members and cursors. */
#include <inttypes.h>
#include <stdlib.h>

#include "relay/store/verify_inner.h"

/* --- lines ------------------------------------------------------------------------------------ */

static void add_entry(struct verify *v, const struct entry *e)
{
    v->entries = verify_room(v->entries, v->entries_n, &v->entries_cap, sizeof(*v->entries));
    v->entries[v->entries_n++] = (struct verify_entry){.n = e->n, .body_len = e->body_len};
    v->report.entries++;
}

/* Whoever looks for a line behind a number finds its epoch by how far each of them got. */
static void check_epoch(struct verify *v, struct span where, uint64_t epoch, uint64_t n)
{
    uint64_t reached = 0;
    for (size_t i = 0; i < v->epochs_n; i++)
        if (v->epochs[i].epoch == epoch)
            reached = v->epochs[i].n;
    if (epoch > v->report.epoch)
        verify_found(v, where, "line %" PRIu64 " is of epoch %" PRIu64 ", which is still to come",
                     n, epoch);
    else if (epoch < v->report.epoch && n > reached)
        verify_found(v, where, "line %" PRIu64 " is of epoch %" PRIu64 ", which ended at %" PRIu64,
                     n, epoch, reached);
}

static void check_chain(struct verify *v, struct span where, const struct journal_line *line,
                        struct verify_lane *lane, uint64_t floor)
{
    if (line->n <= lane->n)
        verify_found(v, where, "line %" PRIu64 " follows %" PRIu64, line->n, lane->n);
    else if (lane->lines && line->previous != lane->n)
        verify_found(v, where,
                     "line %" PRIu64 " names %" PRIu64 " as the one before it, which is %" PRIu64
                     ": lines are missing",
                     line->n, line->previous, lane->n);
    else if (!lane->lines && line->n > floor && line->previous > floor)
        verify_found(v, where,
                     "the first line, %" PRIu64 ", names %" PRIu64
                     " as the one before it, and the floor is %" PRIu64 ": lines are missing",
                     line->n, line->previous, floor);
    if (line->n > v->report.n)
        verify_found(v, where, "line %" PRIu64 " is beyond the newest number, %" PRIu64, line->n,
                     v->report.n);
}

static void check_line(struct verify *v, const struct holding *h, const struct redis_reply *reply,
                       unsigned at)
{
    struct verify_lane *lane = &v->lanes[at];
    struct journal_line line;
    struct entry *entry = NULL;
    uint64_t epoch = 0;
    struct span id = reply_text(reply_at(reply, 0));
    struct span number = span_cut(&id, '-');
    bool readable = span_u64(number, UINT64_MAX, &epoch) && line_read(reply, &line, &entry);
    v->report.lines++;
    if (!readable) {
        verify_found(v, h->key, "line %.*s-%.*s can't be read", SPAN_ARG(number), SPAN_ARG(id));
        entry_unref(&entry);
        return;
    }
    check_chain(v, h->key, &line, lane, v->floor[at]);
    check_epoch(v, h->key, epoch, line.n);
    if (epoch < lane->epoch)
        verify_found(v, h->key, "line %" PRIu64 " is of an earlier epoch than the one before it",
                     line.n);
    if (line.kind == JOURNAL_CONTROL)
        verify_member(v, h->key, line.member, SPAN_NONE);
    if (entry)
        add_entry(v, entry);
    *lane = (struct verify_lane){lane->lines + 1, line.n, epoch};
    entry_unref(&entry);
}

void verify_lane(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i < reply_len(h->value); i++)
        check_line(v, h, reply_at(h->value, i), span_eq_str(h->key, "U"));
}

/* --- marks ------------------------------------------------------------------------------------ */

/* Of those that were taken back the bodies are gone. */
void verify_marks(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct span name = reply_text(reply_at(h->value, i));
        uint64_t n = 0;
        if (!span_u64(name, UINT64_MAX, &n))
            verify_found(v, h->key, "%.*s is no number", SPAN_ARG(name));
        if (!span_starts(reply_text(reply_at(h->value, i + 1)), SPAN("r")))
            continue;
        v->recalled.list = verify_room(v->recalled.list, v->recalled.n, &v->recalled.cap,
                                       sizeof(*v->recalled.list));
        v->recalled.list[v->recalled.n++] = n;
    }
}

/* --- bodies ----------------------------------------------------------------------------------- */

static int by_number(const void *one, const void *other)
{
    uint64_t a = ((const struct verify_entry *)one)->n;
    uint64_t b = ((const struct verify_entry *)other)->n;
    return (a > b) - (a < b);
}

static int by_value(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void sort(struct verify *v)
{
    if (!v->sorted && v->entries_n)
        qsort(v->entries, v->entries_n, sizeof(*v->entries), by_number);
    if (!v->sorted && v->recalled.n)
        qsort(v->recalled.list, v->recalled.n, sizeof(*v->recalled.list), by_value);
    v->sorted = true;
}

void verify_body(struct verify *v, const struct holding *h)
{
    struct verify_entry wanted = {0};
    struct span number = h->key;
    struct verify_entry *entry = NULL;
    size_t n = reply_text(h->value).n;
    span_cut(&number, ':');
    sort(v);
    v->report.bodies++;
    if (!span_u64(number, UINT64_MAX, &wanted.n)) {
        verify_found(v, h->key, "that is no number");
        return;
    }
    if (v->entries_n)
        entry = bsearch(&wanted, v->entries, v->entries_n, sizeof(*v->entries), by_number);
    if (entry)
        entry->has_body = true;
    if (!entry && wanted.n > v->floor[0])
        verify_found(v, h->key, "it belongs to no entry");
    else if (entry && entry->body_len != n)
        verify_found(v, h->key, "it has %zu bytes, its entry says %zu", n, entry->body_len);
}

static bool is_recalled(const struct verify *v, uint64_t n)
{
    return v->recalled.n && bsearch(&n, v->recalled.list, v->recalled.n, sizeof(n), by_value);
}

void verify_journal_end(struct verify *v)
{
    static const struct span names[] = {{"N", 1}, {"U", 1}};
    sort(v);
    for (unsigned i = 0; i < 2; i++)
        if (v->last[i] > v->floor[i] && v->lanes[i].n != v->last[i])
            verify_found(v, names[i],
                         "its last line should be %" PRIu64 ", and is %" PRIu64
                         ": lines are missing",
                         v->last[i], v->lanes[i].n);
    for (size_t i = 0; i < v->entries_n; i++) {
        const struct verify_entry *e = &v->entries[i];
        if (e->has_body)
            continue;
        v->report.gone++;
        bool had = e->body_len > 0; /* an operator's recall never had one */
        if (had && e->n > v->report.body_floor && !is_recalled(v, e->n))
            verify_found(v, SPAN("body"), "that of entry %" PRIu64 " is missing", e->n);
    }
}
