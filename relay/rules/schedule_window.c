/* schedule_window: the stretches of the journal that the scheduler has in memory: the tail, and a
 * few pages for those that are behind. They own a reference to each entry. May not know: where
 * entries come from. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

void window_push(struct window *w, struct entry *entry)
{
    if (w->first + w->n == w->cap) {
        if (w->first > 0) {
            memmove(w->list, w->list + w->first, w->n * sizeof(*w->list));
            w->first = 0;
        }
        if (w->n == w->cap) {
            w->cap = w->cap ? 2 * w->cap : 64;
            w->list = mem_grow(w->list, w->cap * sizeof(*w->list));
        }
    }
    w->list[w->first + w->n++] = entry_ref(entry);
    w->to = entry->n;
}

void window_drop_first(struct window *w)
{
    w->after = w->list[w->first]->n;
    entry_unref(&w->list[w->first]);
    w->first++;
    w->n--;
}

void window_clear(struct window *w)
{
    for (size_t i = 0; i < w->n; i++)
        entry_unref(&w->list[w->first + i]);
    free(w->list);
    w->lane = LANE_NORMAL;
    w->list = NULL;
    w->first = w->n = w->cap = 0;
    w->after = w->to = w->used = 0;
}

struct entry *window_next(const struct window *w, uint64_t low)
{
    size_t from = 0;
    size_t to = w->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (w->list[w->first + middle]->n > low)
            to = middle;
        else
            from = middle + 1;
    }
    return from < w->n ? w->list[w->first + from] : NULL;
}

static bool covers(const struct window *w, uint64_t low)
{
    return w->after <= low && low < w->to;
}

struct window *window_for(struct schedule *s, enum lane lane, uint64_t low)
{
    if (covers(&s->tail[lane], low))
        return &s->tail[lane];
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        if (s->pages[i].lane == lane && covers(&s->pages[i], low)) {
            s->pages[i].used = ++s->page_clock;
            return &s->pages[i];
        }
    return NULL;
}

/* --- marks ----------------------------------------------------------------------------------- */

/* A Delete, or a recall: it takes back whatever was told of its object before. */
static bool takes_all(const struct entry *later)
{
    bool recall = !later->origin.n && !later->opts_out;
    return later->lane == LANE_URGENT && later->object.n &&
           (later->facts.type == ACTIVITY_DELETE || recall);
}

/* Where an object had too many versions, an Update that a later one replaces is not named by what
 * takes them back; but who was not to have the later one has it still to come. */
static bool unnamed(const struct entry *e, const struct entry *later)
{
    return e->facts.type == ACTIVITY_UPDATE && e->marks_n && e->n < later->n &&
           span_eq(e->object, later->object);
}

/* What the actor did itself; or, where it opts out, also what it wrote and another announced. */
static bool is_by(const struct entry *e, const struct entry *later)
{
    return later->actor &&
           (e->actor == later->actor || (later->opts_out && e->author == later->actor));
}

static void mark_in(struct window *w, const struct entry *later)
{
    const struct entry_mark mark = entry_mark_by(later);
    bool all = takes_all(later);
    for (size_t i = 0; i < later->of_n; i++) {
        struct entry *e = window_next(w, later->of[i] - 1);
        if (e && e->n == later->of[i])
            entry_mark_add(e, &mark);
    }
    for (size_t i = 0; (later->gone || later->opts_out) && i < w->n; i++) {
        struct entry *e = w->list[w->first + i];
        if (e->n < later->n && is_by(e, later))
            entry_mark_add(e, &mark);
    }
    for (size_t i = 0; all && i < w->n; i++)
        if (unnamed(w->list[w->first + i], later))
            entry_mark_add(w->list[w->first + i], &mark);
}

void windows_mark(struct schedule *s, struct entry *later)
{
    if (!later->of_n && !later->gone && !later->opts_out)
        return;
    for (size_t i = 0; i < LANE_COUNT; i++)
        mark_in(&s->tail[i], later);
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        mark_in(&s->pages[i], later);
    if (s->page_asked)
        window_push(&s->markers, later);
}

static void leave_out_in(struct window *w, uint64_t n, const struct entry_mark *mark)
{
    struct entry *e = window_next(w, n - 1);
    if (e && e->n == n)
        entry_mark_add(e, mark);
}

void schedule_leave_out(struct schedule *s, uint64_t line_n, struct span host, struct span left_out)
{
    while (left_out.p && left_out.n) {
        struct span slots = span_cut(&left_out, ' ');
        struct entry_mark mark = {.by = line_n, .audience = host};
        uint64_t n = 0;
        uint64_t mask = 0;
        if (!span_u64(span_cut(&slots, ':'), UINT64_MAX, &n) || !n ||
            !span_u64(slots, UINT8_MAX, &mask) || !mask)
            continue;
        mark.left_out = (unsigned)mask;
        leave_out_in(&s->tail[LANE_NORMAL], n, &mark);
        for (size_t i = 0; i < SCHEDULE_PAGES; i++)
            leave_out_in(&s->pages[i], n, &mark);
        s->page_void = s->page_asked;
    }
}

/* --- pages ----------------------------------------------------------------------------------- */

bool schedule_want_page(struct schedule *s, enum lane *ret_lane, uint64_t *ret_after)
{
    if (s->page_asked || !s->lists[DEST_HUNGRY])
        return false;
    /* What takes back first; then the furthest behind: what it reads, the others need next. */
    const struct dest *lowest = s->lists[DEST_HUNGRY];
    const struct dest *d;
    DL_FOREACH(s->lists[DEST_HUNGRY], d)
    {
        bool before = d->want_lane == lowest->want_lane ? d->want < lowest->want
                                                        : d->want_lane == LANE_URGENT;
        if (before)
            lowest = d;
    }
    s->page_asked = true;
    *ret_lane = lowest->want_lane;
    *ret_after = lowest->want;
    return true;
}

void schedule_page_failed(struct schedule *s)
{
    s->page_asked = s->page_void = false;
    window_clear(&s->markers);
}

static struct window *least_used(struct schedule *s)
{
    struct window *oldest = &s->pages[0];
    for (size_t i = 1; i < SCHEDULE_PAGES; i++)
        if (s->pages[i].used < oldest->used)
            oldest = &s->pages[i];
    return oldest;
}

void schedule_page(struct schedule *s, enum lane lane, uint64_t after, uint64_t to,
                   struct entry *const *entries, size_t n, uint64_t floor)
{
    struct window *page = least_used(s);
    if (s->page_void) {
        s->page_void = false;
        schedule_page_failed(s);
        return;
    }
    /* What the tail has not told yet is cut off: who is entitled to it is not known before. */
    if (to > s->position)
        to = s->position;
    window_clear(page);
    page->lane = lane;
    page->after = after > floor ? after : floor;
    for (size_t i = 0; i < n && entries[i]->n <= to; i++)
        window_push(page, entries[i]);
    page->to = to;
    page->used = ++s->page_clock;
    /* What was told while it was read may have come too late to be on it. */
    for (size_t i = 0; i < s->markers.n; i++)
        mark_in(page, s->markers.list[s->markers.first + i]);
    window_clear(&s->markers);
    s->page_asked = false;

    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(s->lists[DEST_HUNGRY], d, next)
    {
        if (d->want_lane != lane)
            continue;
        dest_cut(s, d, 1U << lane, floor, NULL, ERR_GAP);
        dest_touch(s, d);
        if (d->want < floor || d->want >= s->position || window_for(s, lane, d->want))
            dest_goto(s, d, DEST_READY);
    }
}
