/* clock: reads the two clocks of the system and its random numbers.
 *
 * May not know: anything else. */
#include "common/io/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { CHANCES = 64 };

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        abort();
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

void clock_random(void *out, size_t n)
{
    char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

/* Chance is asked for at every delivery, a system call is dear: drawn by the page. */
uint32_t clock_chance(void)
{
    static uint32_t drawn[CHANCES];
    static unsigned left;
    if (left == 0) {
        clock_random(drawn, sizeof drawn);
        left = CHANCES;
    }
    return drawn[--left];
}
