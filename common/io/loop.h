/* loop: one libuv loop, in one thread; timers, deferred calls, signals.
 *
 * A completion never fires from inside the call that arms it: use loop_post() where an answer is
 * already known. Objects with libuv handles die in their close callback, which this hides. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;
struct loop_signal;
typedef void (*loop_cb)(void *arg);

/* Also makes the process ignore SIGPIPE: a peer that is gone must be an error of one write. */
struct loop *loop_new(void);
/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Makes the calls that are still posted, closes what is left and frees; every timer and signal must
 * have been freed before. */
void loop_free(struct loop **loop);

/* Monotonic milliseconds, as of the start of this turn. */
int64_t loop_now_ms(const struct loop *loop);
/* Calls back in a later turn, once. Cannot be cancelled: arg must live until then. */
void loop_post(struct loop *loop, loop_cb cb, void *arg);

/* A timer that is not running yet. */
struct timer *timer_new(struct loop *loop, loop_cb cb, void *arg);
/* (Re)starts it; fires once after ms, at least 1. */
void timer_start(struct timer *t, int64_t ms);
void timer_stop(struct timer *t);
/* Stops and frees; accepts NULL inside. No callback afterwards. */
void timer_free(struct timer **t);

struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_cb cb, void *arg);
void loop_signal_free(struct loop_signal **s);
