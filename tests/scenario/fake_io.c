/* fake_io: the event queue, and loop and clock on top of it.
 * May not know: what any machine does. */
#include "tests/scenario/fake_io.h"

#include "common/io/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUSY_MOST = 200000,
    PROCESSES = 32
}; /* events within one millisecond: somebody goes round in a circle */

struct event {
    struct event *next;
    int64_t at_ms;
    unsigned process;
    loop_cb cb;
    void *arg;
};

static struct event *queue; /* by time, then by when it was asked for */
static int64_t now_ms;
static uint64_t random_state;
static unsigned busy;
static unsigned running; /* process */
static bool frozen[PROCESSES], killed[PROCESSES];

void fake_reset(uint64_t seed)
{
    while (queue) { /* of a test that failed */
        struct event *e = queue;
        fake_cancel(&e);
    }
    now_ms = 0;
    busy = 0;
    running = 0;
    memset(frozen, 0, sizeof(frozen));
    memset(killed, 0, sizeof(killed));
    random_state = seed;
    fake_http_reset();
}

int64_t fake_now(void)
{
    return now_ms;
}

unsigned fake_process(unsigned process)
{
    unsigned before = running;
    if (process >= PROCESSES)
        abort();
    running = process;
    return before;
}

unsigned fake_running(void)
{
    return running;
}

bool fake_killed(unsigned process)
{
    return killed[process];
}

void fake_kill(unsigned process)
{
    killed[process] = true;
    for (struct event **at = &queue; *at;) {
        struct event *e = *at;
        if (e->process != process) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        free(e);
    }
}

void fake_freeze(unsigned process, bool freeze)
{
    frozen[process] = freeze;
}

struct event *fake_at(int64_t at_ms, loop_cb cb, void *arg)
{
    return fake_at_for(running, at_ms, cb, arg);
}

struct event *fake_at_for(unsigned process, int64_t at_ms, loop_cb cb, void *arg)
{
    if (killed[process])
        return NULL;
    struct event *e = mem_new(sizeof(*e));
    struct event **at = &queue;
    *e = (struct event){
        .at_ms = at_ms > now_ms ? at_ms : now_ms, .process = process, .cb = cb, .arg = arg};
    while (*at && (*at)->at_ms <= e->at_ms)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
    return e;
}

void fake_cancel(struct event **event)
{
    struct event *e = *event;
    *event = NULL;
    if (!e)
        return;
    struct event **at = &queue;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    free(e);
}

bool fake_step(int64_t until)
{
    struct event **at = &queue;
    while (*at && frozen[(*at)->process])
        at = &(*at)->next;
    struct event *e = *at;
    if (!e || e->at_ms > until) {
        now_ms = until > now_ms ? until : now_ms;
        return false;
    }
    busy = e->at_ms > now_ms ? 0 : busy + 1;
    if (busy > BUSY_MOST) {
        fprintf(stderr, "time stands still at %lld\n", (long long)now_ms);
        abort();
    }
    now_ms = e->at_ms > now_ms ? e->at_ms : now_ms;
    *at = e->next;
    loop_cb cb = e->cb;
    void *arg = e->arg;
    unsigned before = fake_process(e->process);
    free(e);
    cb(arg);
    fake_process(before);
    return true;
}

void fake_run(int64_t ms)
{
    int64_t until = now_ms + ms;
    while (fake_step(until))
        ;
}

size_t fake_waiting(void)
{
    size_t n = 0;
    for (const struct event *e = queue; e; e = e->next)
        n++;
    return n;
}

/* --- loop.h ---------------------------------------------------------------------------------- */

struct loop {
    size_t timers;
};

struct timer {
    struct loop *loop;
    struct event *event;
    loop_cb cb;
    void *arg;
};

struct loop *loop_new(void)
{
    return mem_new(sizeof(struct loop));
}

void loop_free(struct loop **loop)
{
    if (!*loop)
        return;
    /* What is posted, or on its way, still comes: whoever asked for it must live, or must have
     * taken it back. */
    fake_run(60000);
    if ((*loop)->timers) {
        fprintf(stderr, "%zu timers were not freed\n", (*loop)->timers);
        abort();
    }
    free(*loop);
    *loop = NULL;
}

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return now_ms;
}

void loop_post(struct loop *loop, loop_cb cb, void *arg)
{
    (void)loop;
    fake_at(now_ms, cb, arg);
}

struct timer *timer_new(struct loop *loop, loop_cb cb, void *arg)
{
    struct timer *t = mem_new(sizeof(*t));
    *t = (struct timer){.loop = loop, .cb = cb, .arg = arg};
    loop->timers++;
    return t;
}

static void on_timer(void *arg)
{
    struct timer *t = arg;
    t->event = NULL;
    t->cb(t->arg);
}

void timer_start(struct timer *t, int64_t ms)
{
    fake_cancel(&t->event);
    t->event = fake_at(now_ms + (ms > 1 ? ms : 1), on_timer, t);
}

void timer_stop(struct timer *t)
{
    fake_cancel(&t->event);
}

void timer_free(struct timer **t)
{
    if (!*t)
        return;
    fake_cancel(&(*t)->event);
    (*t)->loop->timers--;
    free(*t);
    *t = NULL;
}

/* --- clock.h --------------------------------------------------------------------------------- */

int64_t clock_wall_ms(void)
{
    return FAKE_EPOCH_MS + now_ms;
}

int64_t clock_mono_ms(void)
{
    return 1000 + now_ms; /* 0 means never, here and there */
}

/* splitmix64: small, and the same everywhere. */
static uint64_t next_random(void)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void clock_random(void *out, size_t n)
{
    uint8_t *p = out;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)next_random();
}

uint32_t clock_chance(void)
{
    return (uint32_t)next_random();
}
