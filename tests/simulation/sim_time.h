/* sim_time: virtual time, chance, and what happens next (time.c). */
#pragma once

#include "common/pure/heap.h"

struct world;
struct courier;

enum { CLOCK_SET_MS = 5000 }; /* by so much no clock is slewed */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY             ((int64_t)24 * HOUR)
#define WALL_MS         INT64_C(1700000000000) /* what clocks say at the beginning */
#define NUMBER(n)       ((unsigned long long)(n))
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct event {
    struct heap_node node;
    void (*run)(struct world *w, struct event *e);
    struct courier *to; /* whose process it happens in; NULL: none that freezes */
    bool in_order;      /* after a freeze it keeps its place among those like it */
    /* Frees what it is part of where the world ends before it happens; NULL: somebody else does. */
    void (*drop)(struct world *w, struct event *e);
};

uint64_t draw(struct world *w, uint64_t below);
/* True that often in a thousand. */
bool now_and_then(struct world *w, unsigned thousandths);
/* Between the two, each order of magnitude as likely as the next. */
int64_t draw_time(struct world *w, int64_t least_ms, int64_t most_ms);
int64_t now_ms(const struct world *w);
/* What clocks on the wall say. */
int64_t wall_ms(const struct world *w);
/* Milliseconds from now; moves it if it waits already. */
void event_in(struct world *w, struct event *e, int64_t ms);
void event_at_us(struct world *w, struct event *e, int64_t us);
void event_free(struct world *w, struct event *e); /* a `drop` of a block of its own */
void event_stop(struct world *w, struct event *e);
/* Runs what is next; false if nothing is. */
bool event_step(struct world *w);
