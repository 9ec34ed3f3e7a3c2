/* time: what happens next, and what chance says. Owns no event: each is its owner's.
 * May not know: what happens. */
#include <stdlib.h>

#include "sim.h"

static uint64_t mix(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t draw(struct world *w, uint64_t below)
{
    return below ? mix(&w->chance) % below : 0;
}

bool now_and_then(struct world *w, unsigned thousandths)
{
    return draw(w, 1000) < thousandths;
}

int64_t draw_time(struct world *w, int64_t least_ms, int64_t most_ms)
{
    unsigned doublings = 0;
    int64_t base = least_ms;
    for (int64_t top = least_ms; top < most_ms; top *= 2)
        doublings++;
    for (uint64_t k = draw(w, doublings ? doublings : 1); k; k--)
        base *= 2;
    base += (int64_t)draw(w, (uint64_t)base);
    return base < most_ms ? base : most_ms;
}

int64_t now_ms(const struct world *w)
{
    return w->now_us / 1000;
}

int64_t wall_ms(const struct world *w)
{
    return WALL_MS + now_ms(w) + w->wall_offset_ms;
}

void event_at_us(struct world *w, struct event *e, int64_t us)
{
    heap_set(&w->events, &e->node, us > w->now_us ? us : w->now_us + 1);
}

void event_in(struct world *w, struct event *e, int64_t ms)
{
    event_at_us(w, e, w->now_us + (ms > 0 ? ms : 0) * 1000 + 1);
}

void event_stop(struct world *w, struct event *e)
{
    heap_remove(&w->events, &e->node);
}

void event_free(struct world *w, struct event *e)
{
    (void)w;
    free(e);
}

bool event_step(struct world *w)
{
    struct heap_node *first = heap_first(&w->events);
    if (!first)
        return false;
    struct event *e = (struct event *)first;
    int64_t at = first->key;
    heap_remove(&w->events, first);
    w->now_us = at > w->now_us ? at : w->now_us;
    if (e->to && e->to->frozen_until_us > w->now_us) {
        /* What came while it was frozen is there all at once: messages in their order, timers
         * anywhere among them. */
        int64_t later = e->in_order ? 1000 + e->to->thawed++ : (int64_t)draw(w, 3000);
        event_at_us(w, e, e->to->frozen_until_us + later);
        return true;
    }
    e->run(w, e);
    return true;
}
