/* clock: time for a process and all that it starts: faster, or another time of day. Loaded before
 * the C library (LD_PRELOAD); CLOCK_FILE names a file with a struct clock, which
 * integration/shims.py writes and may change while they run. All that were started with one file
 * live in one time.
 *
 * What waits, waits that much shorter. The clock is read by bare system calls: jemalloc, which
 * Redis uses, asks for the time while it makes room, and would come back into whatever made room
 * here.
 *
 * May not know: who asks. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS_SIZE = 8, NS = 1000000000, MS = 1000000 };

/* As shims.py packs it; nanoseconds. */
struct clock {
    int64_t speed;
    int64_t wall_from, steady_from; /* what both clocks said when this began */
    int64_t wall_off;               /* how wrong the time of day is */
};

static volatile const struct clock *clock_now;

__attribute__((constructor)) static void clock_init(void)
{
    const char *path = getenv("CLOCK_FILE");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(struct clock), PROT_READ, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (page != MAP_FAILED)
        clock_now = page;
}

static int64_t speed(void)
{
    return clock_now && clock_now->speed > 0 ? clock_now->speed : 1;
}

/* --- reading -----------------------------------------------------------------------------------
 */

int clock_gettime(clockid_t id, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, id, t);
    bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    bool steady = id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW ||
                  id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME;
    if (rc != 0 || !clock_now || !(wall || steady))
        return (int)rc;
    int64_t from = wall ? clock_now->wall_from : clock_now->steady_from;
    int64_t passed = (int64_t)t->tv_sec * NS + t->tv_nsec - from;
    int64_t ns = from + passed * speed() + (wall ? clock_now->wall_off : 0);
    *t = (struct timespec){.tv_sec = ns / NS, .tv_nsec = ns % NS};
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return -1;
    *tv = (struct timeval){.tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    if (ret)
        *ret = t.tv_sec;
    return t.tv_sec;
}

/* --- waiting -----------------------------------------------------------------------------------
 */

/* Never nothing where something was asked for. */
static int shorter(int ms)
{
    return ms <= 0 ? ms : (int)((ms + speed() - 1) / speed());
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
    return (int)syscall(SYS_epoll_pwait, fd, events, n, shorter(ms), NULL, SIGNALS_SIZE);
}

int epoll_pwait(int fd, struct epoll_event *events, int n, int ms, const sigset_t *signals)
{
    return (int)syscall(SYS_epoll_pwait, fd, events, n, shorter(ms), signals, SIGNALS_SIZE);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    int wait = shorter(ms);
    struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = (int64_t)(wait % 1000) * MS};
    return (int)syscall(SYS_ppoll, fds, n, wait < 0 ? NULL : &t, NULL, SIGNALS_SIZE);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    int64_t ns = ((int64_t)wanted->tv_sec * NS + wanted->tv_nsec) / speed();
    struct timespec t = {.tv_sec = ns / NS, .tv_nsec = ns % NS};
    return (int)syscall(SYS_nanosleep, &t, left);
}
