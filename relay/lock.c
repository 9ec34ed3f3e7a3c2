/* lock: takes and drops the two locks.
 *
 * flock(2) goes with the open file, which children inherit: `lock.roles` is free once the last of
 * them has ended. A master that is killed takes them along, but the system gives `lock` back first:
 * without the second lock a new Redis could start on files that the old one still writes.
 *
 * May not know: what is started. */
#include "relay/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/log.h"

/* GRACE: a program that a killed master was just starting holds the first lock, too, until it is
 * what it is to be. */
enum { GRACE_MS = 500, WAIT_MS = 10000, LOOK_MS = 10 };

static int open_file(const char *data_dir, const char *name, struct bytes *why)
{
    struct bytes path;
    bytes_init(&path, 4096);
    bytes_addf(&path, "%s/%s", data_dir, name);
    int fd = open(bytes_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        bytes_addf(why, "%s: %s (has `weir init` been run?)", bytes_str(&path), strerror(errno));
    bytes_fini(&path);
    return fd;
}

static bool try_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool try_for(int fd, int64_t ms)
{
    static const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t until_ms = clock_mono_ms() + ms;
    while (!try_lock(fd)) {
        if (clock_mono_ms() >= until_ms)
            return false;
        nanosleep(&look, NULL);
    }
    return true;
}

static bool wait_for(int fd)
{
    if (try_lock(fd))
        return true;
    log_note(LOG_LEVEL_WARN, "serve", "waits for what an earlier relay started here to end");
    return try_for(fd, WAIT_MS);
}

enum err lock_take(const char *data_dir, struct bytes *why, struct lock *ret)
{
    *ret = (struct lock){-1, -1};
    ret->own = open_file(data_dir, "lock", why);
    if (ret->own >= 0 && !try_for(ret->own, GRACE_MS))
        bytes_addf(why, "%s: another weir serves this data directory", data_dir);
    else if (ret->own >= 0)
        ret->roles = open_file(data_dir, "lock.roles", why);
    if (ret->roles >= 0 && !wait_for(ret->roles))
        bytes_addf(why,
                   "%s: what an earlier relay started here still runs after %d s: end it (`fuser "
                   "%s/lock.roles` tells who)",
                   data_dir, WAIT_MS / 1000, data_dir);
    if (why->n == 0)
        return ERR_OK;
    lock_drop(ret);
    return ERR_FILE;
}

void lock_drop(struct lock *lock)
{
    if (lock->roles >= 0)
        close(lock->roles);
    if (lock->own >= 0)
        close(lock->own);
    *lock = (struct lock){-1, -1};
}
