/* The loop: order of calls, timers, signals, its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/loop.h"
#include "common/pure/bytes.h"

struct room {
    struct loop *loop;
    struct timer *timers[4];
    struct loop_signal *sig;
    struct bytes seen; /* a letter for each call */
    int again;
};

static struct room *room_new(void)
{
    struct room *r = mem_new(sizeof *r);
    r->loop = loop_new();
    bytes_init(&r->seen, 256);
    return r;
}

static void room_end(struct room *r, const char *seen)
{
    for (size_t i = 0; i < 4; i++)
        timer_free(&r->timers[i]);
    loop_signal_free(&r->sig);
    loop_free(&r->loop);
    assert_null(r->loop);
    assert_string_equal(r->seen.n ? bytes_str(&r->seen) : "", seen);
    bytes_fini(&r->seen);
    free(r);
}

static void on_a(void *arg)
{
    struct room *r = arg;
    bytes_add_char(&r->seen, 'a');
}

static void on_b(void *arg)
{
    struct room *r = arg;
    bytes_add_char(&r->seen, 'b');
}

static void on_stop(void *arg)
{
    struct room *r = arg;
    bytes_add_char(&r->seen, '.');
    loop_stop(r->loop);
}

static void post_inside(void *arg)
{
    struct room *r = arg;
    loop_post(r->loop, on_b, r);
    bytes_add_char(&r->seen, 'p'); /* b must come later than this */
    loop_post(r->loop, on_stop, r);
}

static void posts(void **state)
{
    struct room *r = room_new();
    (void)state;
    loop_post(r->loop, on_a, r);
    loop_post(r->loop, post_inside, r);
    loop_post(r->loop, on_a, r);
    assert_int_equal(r->seen.n, 0);
    loop_run(r->loop);
    room_end(r, "apab.");
}

/* What was posted and never ran is run by the end of the loop: its argument may own memory. */
static void posts_at_the_end(void **state)
{
    struct room *r = room_new();
    (void)state;
    loop_post(r->loop, post_inside, r);
    room_end(r, "pb.");
}

/* A stop holds for one run, also if it came before that. */
static void stop_before_run(void **state)
{
    struct room *r = room_new();
    (void)state;
    loop_stop(r->loop);
    loop_run(r->loop);
    loop_post(r->loop, on_stop, r);
    loop_run(r->loop);
    room_end(r, ".");
}

static void timers_in_order(void **state)
{
    struct room *r = room_new();
    int64_t since = clock_mono_ms();
    (void)state;
    r->timers[0] = timer_new(r->loop, on_stop, r);
    r->timers[1] = timer_new(r->loop, on_b, r);
    r->timers[2] = timer_new(r->loop, on_a, r);
    r->timers[3] = timer_new(r->loop, on_b, r);
    timer_start(r->timers[0], 60);
    timer_start(r->timers[1], 30);
    timer_start(r->timers[2], 1);
    timer_start(r->timers[3], 5);
    timer_stop(r->timers[3]);
    timer_start(r->timers[1], 40); /* again: only the later one fires */
    loop_run(r->loop);
    assert_in_range(clock_mono_ms() - since, 55, 5000);
    assert_in_range(loop_now_ms(r->loop) - since, 50, 5000);
    room_end(r, "ab.");
}

static void on_again(void *arg)
{
    struct room *r = arg;
    if (++r->again < 5)
        timer_start(r->timers[0], 0);
    else
        bytes_add_char(&r->seen, 'e');
}

/* A timer of 0 ms that starts itself lets the rest of the loop have its turns. */
static void timer_of_nothing(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->timers[0] = timer_new(r->loop, on_again, r);
    r->timers[1] = timer_new(r->loop, on_stop, r);
    timer_start(r->timers[0], 0);
    timer_start(r->timers[1], 100);
    loop_post(r->loop, on_a, r);
    loop_run(r->loop);
    assert_int_equal(r->again, 5);
    room_end(r, "ae.");
}

static void free_in_callback(void *arg)
{
    struct room *r = arg;
    timer_free(&r->timers[0]);
    timer_free(&r->timers[1]);
    bytes_add_char(&r->seen, 'f');
    loop_post(r->loop, on_stop, r);
}

static void timer_freed_by_its_own_call(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->timers[0] = timer_new(r->loop, free_in_callback, r);
    r->timers[1] = timer_new(r->loop, on_b, r);
    timer_start(r->timers[0], 1);
    timer_start(r->timers[1], 2);
    loop_run(r->loop);
    room_end(r, "f.");
}

static void signals(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->sig = loop_signal_new(r->loop, SIGUSR1, on_stop, r);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    loop_run(r->loop);
    room_end(r, ".");
}

static void broken_pipe_is_an_error(void **state)
{
    struct room *r = room_new();
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(write(fds[1], "x", 1), -1);
    close(fds[1]);
    room_end(r, "");
}

static void clocks(void **state)
{
    unsigned char a[64] = {0}, b[64] = {0};
    (void)state;
    assert_true(clock_wall_ms() > 1767225600000); /* 2026 */
    int64_t mono = clock_mono_ms();
    usleep(3000);
    assert_in_range(clock_mono_ms() - mono, 2, 5000);
    clock_random(a, sizeof a);
    clock_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(clock_chance() != clock_chance() || clock_chance() != clock_chance());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts),
        cmocka_unit_test(posts_at_the_end),
        cmocka_unit_test(stop_before_run),
        cmocka_unit_test(timers_in_order),
        cmocka_unit_test(timer_of_nothing),
        cmocka_unit_test(timer_freed_by_its_own_call),
        cmocka_unit_test(signals),
        cmocka_unit_test(broken_pipe_is_an_error),
        cmocka_unit_test(clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
