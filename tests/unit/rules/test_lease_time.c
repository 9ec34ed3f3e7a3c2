/* lease: how long it takes until what couriers owned that die is another's, at every phase of their
 * beats and of those who watch them; and that it is nobody else's while they still may act. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/lease_rig.h"

enum {
    HALT_MS = 2000, /* what is in flight may take so long to end, and always does */
    LOAD_MS = 100,  /* cursors and members are read */
    WORST_MS = 13000,
    CALM_MS = 30000, /* everyone is here, and has its share */
    NEVER = 1 << 30
};

/* A courier as far as time is concerned (relay/courier_lease.c). */
struct timed {
    enum { HERE_NOT, ASKS, LOADS, RUNS, HALTS } state;
    int64_t look_at, arrive_at, answer_at, state_at;
    int64_t sent_ms, renewed_ms; /* renewed: when the last beat that was written was sent */
    struct lease_table seen;
};

struct times {
    struct house *h;
    struct timed list[HOUSE];
    int64_t way_ms;  /* to Redis, and back */
    int64_t lazy_ms; /* the twin: a look comes so much later than it should */
    int64_t early_ms;
};

static bool out(const struct timed *t)
{
    return t->answer_at < NEVER;
}

static void look(struct times *w, unsigned i)
{
    struct timed *t = &w->list[i];
    lease_ask(&w->h->list[i].heart, LEASE_MS, w->h->now_ms);
    t->sent_ms = w->h->now_ms;
    t->look_at = NEVER;
    t->arrive_at = w->h->now_ms + w->way_ms;
    t->answer_at = w->h->now_ms + 2 * w->way_ms;
}

/* Nobody becomes the owner of what one owned who was heard of less than a lease ago. */
static void arrive(struct times *w, unsigned i)
{
    struct house *h = w->h;
    struct timed *t = &w->list[i];
    for (unsigned k = 0; k < h->n; k++) {
        bool before = entry_of(h, h->list[k].nonce);
        if (k == i || !before)
            continue;
        for (size_t b = 0; b < h->list[i].heart.bury_n; b++) {
            const struct lease_entry *dead = &h->list[i].heart.bury[b];
            int64_t ago = h->now_ms - w->list[k].renewed_ms;
            if (strcmp(dead->nonce, h->list[k].nonce) == 0 && ago - LEASE_MS < w->early_ms)
                w->early_ms = ago - LEASE_MS;
        }
    }
    assert_true(beat(h, &h->list[i]));
    t->renewed_ms = t->sent_ms;
    t->arrive_at = NEVER;
    t->seen = h->table;
}

static void load(struct times *w, unsigned i, uint64_t shards)
{
    claim(w->h, &w->h->list[i], shards);
    w->list[i].state = LOADS;
    w->list[i].state_at = w->h->now_ms + LOAD_MS + 2 * w->way_ms;
}

static void act(struct times *w, unsigned i)
{
    struct one *o = &w->h->list[i];
    struct timed *t = &w->list[i];
    uint64_t take = o->heart.take, give = o->heart.give;
    switch (t->state) {
    case ASKS:
        o->give |= give;
        o->held &= ~give;
        o->give &= ~take;
        load(w, i, o->held | take);
        break;
    case RUNS:
        if (!take && !give)
            break;
        o->giving = give;
        t->state = HALTS;
        t->state_at = w->h->now_ms + HALT_MS + 2 * w->way_ms;
        break;
    case LOADS:
        if (take)
            load(w, i, take);
        break;
    case HALTS:
    case HERE_NOT: break;
    }
}

static void answer(struct times *w, unsigned i)
{
    struct one *o = &w->h->list[i];
    struct timed *t = &w->list[i];
    t->answer_at = NEVER;
    lease_heard(&o->heart, &t->seen, w->h->now_ms);
    t->look_at = w->h->now_ms + lease_next(&o->heart, t->sent_ms, w->h->now_ms) + w->lazy_ms;
    lease_decide(&o->heart, &t->seen, o->held);
    act(w, i);
}

static void step_state(struct times *w, unsigned i)
{
    struct one *o = &w->h->list[i];
    struct timed *t = &w->list[i];
    t->state_at = NEVER;
    if (t->state == HALTS) {
        o->held &= ~o->giving;
        o->give |= o->giving;
        o->giving = 0;
        t->state = ASKS;
        if (!out(t))
            look(w, i);
    } else if (t->state == LOADS) {
        t->state = RUNS;
    } else if (t->state == HERE_NOT) {
        come(w->h, i);
        t->state = ASKS;
        look(w, i);
    }
}

/* What is the next to happen, and before when. */
static bool step(struct times *w, int64_t until)
{
    int64_t next = until;
    for (unsigned i = 0; i < w->h->n; i++) {
        const struct timed *t = &w->list[i];
        const int64_t due[] = {t->look_at, t->arrive_at, t->answer_at, t->state_at};
        for (size_t k = 0; k < sizeof(due) / sizeof(due[0]); k++)
            next = due[k] < next ? due[k] : next;
    }
    w->h->now_ms = next;
    for (unsigned i = 0; i < w->h->n; i++) {
        struct timed *t = &w->list[i];
        if (t->arrive_at <= next)
            arrive(w, i);
        if (t->answer_at <= next)
            answer(w, i);
        if (t->look_at <= next)
            look(w, i);
        if (t->state_at <= next)
            step_state(w, i);
    }
    return next < until;
}

/* Whether those who live have loaded all, and work on it. */
static bool served(const struct times *w, unsigned living)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < living; i++)
        if (w->list[i].state == RUNS || w->list[i].state == HALTS)
            all |= w->h->list[i].held;
    return all == UINT64_MAX;
}

static void die(struct times *w, unsigned i)
{
    struct timed *t = &w->list[i];
    t->look_at = t->answer_at = t->state_at = NEVER; /* what it had sent still arrives */
    w->h->list[i].runs = false;
    w->h->list[i].held = 0;
}

struct deaths {
    const char *what;
    unsigned living, dying; /* of one machine each */
    int64_t way_ms, lazy_ms;
};

/* How long all that were to die were not replaced; they came with this phase among each other. */
static int64_t replaced_after(const struct deaths *d, int64_t phase_ms, int64_t apart_ms)
{
    struct times *w = mem_new(sizeof(*w));
    struct house h = {.n = d->living + d->dying, .per = d->living};
    w->h = &h;
    w->way_ms = d->way_ms;
    w->lazy_ms = d->lazy_ms;
    for (unsigned i = 0; i < h.n; i++)
        w->list[i] = (struct timed){
            .look_at = NEVER, .arrive_at = NEVER, .answer_at = NEVER, .state_at = i * apart_ms};
    while (step(w, CALM_MS + phase_ms))
        ;
    assert_true(served(w, h.n));
    for (unsigned i = d->living; i < h.n; i++)
        die(w, i);
    int64_t died_ms = h.now_ms;
    w->early_ms = NEVER;
    while (!served(w, d->living) && step(w, died_ms + 4 * LEASE_MS))
        ;
    assert_in_range(w->early_ms, 0, NEVER); /* never before a lease after its last beat */
    int64_t ms = h.now_ms - died_ms;
    free(w);
    return ms;
}

static int64_t worst(const struct deaths *d)
{
    int64_t most = 0;
    for (int64_t apart = 3; apart < BEAT_MS; apart += 167)
        for (int64_t phase = 0; phase <= BEAT_MS + d->lazy_ms; phase += 13) {
            int64_t ms = replaced_after(d, phase, apart);
            assert_true(ms > LEASE_MS - BEAT_MS - d->lazy_ms); /* its last beat was no older */
            most = ms > most ? ms : most;
        }
    return most;
}

static void test_worst(void **state)
{
    (void)state;
    static const struct deaths rows[] = {{"one of two, beside each other", 1, 1, 1, 0},
                                         {"one of two", 1, 1, 20, 0},
                                         {"one of three", 2, 1, 20, 0},
                                         {"a machine of two", 2, 2, 20, 0},
                                         {"a machine of two, to one", 1, 2, 20, 0},
                                         {"a machine of three", 3, 3, 20, 0},
                                         {"a machine of two, Redis far away", 2, 2, 40, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = worst(&rows[i]);
        print_message("%s: %d ms\n", rows[i].what, (int)ms);
        assert_in_range(ms, LEASE_MS, WORST_MS);
    }
    /* The twin: with looks that are late by a second and a half, it would be seen. */
    const struct deaths late = {"", 2, 2, 20, 1500};
    assert_true(worst(&late) > WORST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
