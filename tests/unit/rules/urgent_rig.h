/* urgent_rig: entries that take others back or replace them, for tests of the schedule. */
#pragma once

#include "schedule_rig.h"

#define X "https://o.test/x"
#define Y "https://o.test/y"
#define Z "https://o.test/z"

/* What takes back the entries of `of` (numbers with blanks between them), about the object. */
static inline struct entry *taker_at(uint64_t n, const char *object, const char *of, int64_t at_ms)
{
    uint64_t numbers[ENTRY_OF_MAX];
    struct entry e = {.n = n,
                      .lane = LANE_URGENT,
                      .at_ms = at_ms,
                      .facts = {.type = ACTIVITY_DELETE, .has_proof = true},
                      .audience = SPAN("red"),
                      .origin = SPAN("origin.test"),
                      .id = SPAN("https://origin.test/delete"),
                      .object = span_of(object),
                      .of = numbers};
    struct span rest = span_of(of);
    while (rest.n)
        assert_true(span_u64(span_cut(&rest, ' '), UINT64_MAX, &numbers[e.of_n++]));
    return entry_new(&e);
}

static inline void tell_entry(struct schedule *s, struct entry *e)
{
    schedule_entry(s, e);
    entry_unref(&e);
}

static inline void takes_back(struct schedule *s, uint64_t n, const char *object, const char *of)
{
    tell_entry(s, taker_at(n, object, of, NOW));
}

/* An Update with a proof, which replaces those of `of`. */
static inline struct entry *update(uint64_t n, const char *object, const char *of)
{
    struct entry *e = taker_at(n, object, of, NOW);
    e->lane = LANE_NORMAL;
    e->facts.type = ACTIVITY_UPDATE;
    return e;
}

/* Posts 1 to 3 about x, y and z wait for "a", which did not answer; it may be tried again at the
 * time that is returned. */
static inline int64_t down(struct schedule *s)
{
    rig_tell_of(s, 1, X);
    rig_tell_of(s, 2, Y);
    rig_tell_of(s, 3, Z);
    rig_answers(s, NOW, 1, ERR_CONNECT, 0);
    rig_rests(s, NOW);
    return schedule_wake(s);
}
