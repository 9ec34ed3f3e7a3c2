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
    *w = (struct window){0};
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

struct window *window_for(struct schedule *s, uint64_t low)
{
    if (covers(&s->tail, low))
        return &s->tail;
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        if (covers(&s->pages[i], low)) {
            s->pages[i].used = ++s->page_clock;
            return &s->pages[i];
        }
    return NULL;
}

bool schedule_want_page(struct schedule *s, enum lane *ret_lane, uint64_t *ret_after)
{
    if (s->page_asked || !s->lists[DEST_HUNGRY])
        return false;
    /* The furthest behind first: what it reads, the others need next. */
    uint64_t lowest = UINT64_MAX;
    struct dest *d;
    DL_FOREACH(s->lists[DEST_HUNGRY], d)
    {
        if (d->want < lowest)
            lowest = d->want;
    }
    s->page_asked = true;
    *ret_lane = LANE_NORMAL;
    *ret_after = lowest;
    return true;
}

void schedule_page_failed(struct schedule *s)
{
    s->page_asked = false;
}

void schedule_page(struct schedule *s, enum lane lane, uint64_t after, uint64_t to,
                   struct entry *const *entries, size_t n, uint64_t floor)
{
    (void)lane; /* all are in the normal one */
    struct window *oldest = &s->pages[0];
    /* What the tail has not told yet is cut off: who is entitled to it is not known before. */
    if (to > s->position)
        to = s->position;
    for (size_t i = 1; i < SCHEDULE_PAGES; i++)
        if (s->pages[i].used < oldest->used)
            oldest = &s->pages[i];
    window_clear(oldest);
    oldest->after = after > floor ? after : floor;
    for (size_t i = 0; i < n && entries[i]->n <= to; i++)
        window_push(oldest, entries[i]);
    oldest->to = to;
    oldest->used = ++s->page_clock;
    s->page_asked = false;

    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(s->lists[DEST_HUNGRY], d, next)
    {
        dest_cut(s, d, floor, NULL, ERR_GAP);
        if (d->want < floor || d->want >= s->position || window_for(s, d->want))
            dest_goto(s, d, DEST_READY);
    }
}
