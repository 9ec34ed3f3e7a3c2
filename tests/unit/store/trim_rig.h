/* trim_rig: a journal that is filled, trimmed a step at a time, and what is left of it. */
#pragma once

#include "tests/unit/store/journal_rig.h"

enum { DAY = 86400000, LATE = 1000 };

static inline void send_all(struct rig *rig, const struct post *posts, int n)
{
    static struct posted posted[600];
    for (int i = 0; i < n; i++)
        post_send(rig, &posts[i], &posted[i]);
    rig_await(rig, &posted[n - 1].calls, 1);
}

/* Lines 1 to n, bodies with them, accepted at 1, 2, ... */
static inline void fill(struct rig *rig, int n)
{
    static struct post posts[600];
    static char whats[600][16], objects[600][16];
    for (int i = 0; i < n; i++) {
        snprintf(whats[i], sizeof whats[i], "C c%d", i);
        snprintf(objects[i], sizeof objects[i], "o%d", i);
        posts[i] = (struct post)POST(whats[i], objects[i], .now = i + 1);
    }
    send_all(rig, posts, n);
}

struct step {
    int calls;
    struct rig *rig;
    struct journal_trimmed answer;
};

static inline void on_step(void *arg, const struct journal_trimmed *answer)
{
    struct step *step = arg;
    step->calls++;
    step->answer = *answer;
    loop_stop(step->rig->loop);
}

/* One step; what it says. */
static inline struct journal_trimmed trim_step(struct rig *rig, const struct journal_trim *trim)
{
    struct step step = {.rig = rig};
    journal_trim(rig->store, trim, on_step, &step);
    assert_int_equal(step.calls, 0);
    rig_await(rig, &step.calls, 1);
    return step.answer;
}

/* By age, until there is no more. */
static inline void trim(struct rig *rig, int64_t entries, int64_t bodies, int64_t urgent)
{
    struct journal_trim t = {.now_ms = LATE,
                             .entries_ms = entries,
                             .bodies_ms = bodies,
                             .urgent_ms = urgent,
                             .object_days = 730};
    while (trim_step(rig, &t).more)
        ;
}

static inline size_t bodies(struct rig *rig)
{
    return (size_t)strtoul(ask(rig, "EVAL return(#redis.call('KEYS','{weir}:body:*')) 0"), NULL,
                           10);
}

/* `floor bodyfloor, lines, bodies` */
static inline const char *left(struct rig *rig)
{
    static char text[128];
    size_t n =
        (size_t)snprintf(text, sizeof text, "%s", ask(rig, "HMGET {weir}:log floor bodyfloor"));
    n += (size_t)snprintf(text + n, sizeof text - n, " %s", ask(rig, "XLEN {weir}:N"));
    snprintf(text + n, sizeof text - n, " %zu", bodies(rig));
    return text;
}
