/* snapshot: has Redis send what it would send a replica, and starts a redis-server on that.
 *
 *     directory -> dump.rdb (from Redis) -> redis-server without a port -> its files go -> read
 *
 * The files are gone as soon as it has read them; a directory that a killed run left behind goes
 * with the next run. May not know: what is read. */
#include "relay/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "relay/offline.h"

enum { TICK_MS = 20, LOAD_MS = 600 * 1000, COMMAND_MS = 60000, PATH_SIZE = 8192 };

static const char named[] = ".s"; /* short: a Unix socket lies in it */
static const char dump_name[] = "dump.rdb";

/* --- its directory ---------------------------------------------------------------------------- */

static void path_in(const char *directory, const char *name, struct bytes *ret)
{
    bytes_init(ret, PATH_SIZE);
    bytes_addf(ret, "%s/%s", directory, name);
}

static void remove_directory(const char *directory)
{
    static const char *const names[] = {dump_name, "s", "redis.log"};
    struct bytes path;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        path_in(directory, names[i], &path);
        unlink(bytes_str(&path));
        bytes_fini(&path);
    }
    rmdir(directory);
}

/* Those of processes that are no more. */
static void remove_left_over(const char *data_dir)
{
    DIR *directory = opendir(data_dir);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        uint64_t pid = 0;
        struct span name = span_of(entry->d_name);
        struct bytes path;
        if (!span_starts(name, span_of(named)) ||
            !span_u64((struct span){name.p + 2, name.n - 2}, INT32_MAX, &pid) ||
            kill((pid_t)pid, 0) == 0)
            continue;
        path_in(data_dir, entry->d_name, &path);
        remove_directory(bytes_str(&path));
        bytes_fini(&path);
    }
    if (directory)
        closedir(directory);
}

static enum err make_directory(struct snapshot *s, const char *data_dir, struct bytes *why)
{
    char name[32];
    struct bytes path;
    remove_left_over(data_dir);
    snprintf(name, sizeof(name), "%s%d", named, (int)getpid());
    path_in(data_dir, name, &path);
    s->directory = bytes_take(&path);
    if (mkdir(s->directory, 0700) == 0)
        return ERR_OK;
    bytes_addf(why, "%s: %s", s->directory, strerror(errno));
    free(s->directory);
    s->directory = NULL;
    return ERR_FILE;
}

/* --- what Redis sends ------------------------------------------------------------------------- */

static enum err fetch(const struct snapshot *s, struct redis_plain *from, struct bytes *why)
{
    struct bytes path;
    path_in(s->directory, dump_name, &path);
    int fd = open(bytes_str(&path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err e = ERR_FILE;
    if (fd < 0)
        bytes_addf(why, "%s: %s", bytes_str(&path), strerror(errno));
    else
        e = redis_plain_snapshot(from, fd, why);
    if (fd >= 0 && close(fd) != 0 && e == ERR_OK) {
        bytes_addf(why, "%s: %s", bytes_str(&path), strerror(errno));
        e = ERR_FILE;
    }
    bytes_fini(&path);
    return e;
}

/* --- the Redis that reads it -------------------------------------------------------------------
 */

static void on_ended(void *arg, int status, int signum)
{
    struct snapshot *s = arg;
    (void)status;
    (void)signum;
    s->ended = true;
}

static enum err start(struct snapshot *s, struct loop *loop, const char *socket, struct bytes *why)
{
    static const char *const programs[] = {"redis-server", "valkey-server"};
    const char *program = child_find(programs, 2);
    const char *const args[] = {program,      "--port",
                                "0",          "--unixsocket",
                                socket,       "--dir",
                                s->directory, "--dbfilename",
                                dump_name,    "--save",
                                "",           "--appendonly",
                                "no",         "--loglevel",
                                "warning",    "--logfile",
                                "redis.log",  "--unixsocketperm",
                                "700",        "--daemonize",
                                "no",         NULL};
    const struct child_config config = {.args = args, .ended = on_ended, .arg = s};
    if (program)
        return child_new(loop, &config, why, &s->child);
    bytes_add_str(why, "this needs redis-server or valkey-server on the PATH");
    return ERR_FILE;
}

static enum err reach(struct snapshot *s, struct loop *loop, const char *socket, int database,
                      struct bytes *why)
{
    struct bytes url;
    int64_t until_ms = clock_mono_ms() + LOAD_MS;
    enum err e = ERR_REDIS;
    bytes_init(&url, PATH_SIZE);
    bytes_addf(&url, "unix:%s", socket);
    while (e == ERR_REDIS && !s->ended && clock_mono_ms() < until_ms) {
        bytes_clear(why);
        e = redis_plain_new(bytes_str(&url), database, COMMAND_MS, why, &s->redis);
        if (e == ERR_REDIS)
            offline_wait(loop, TICK_MS);
    }
    if (s->ended) {
        bytes_clear(why);
        bytes_add_str(why, "the redis-server that is on the PATH can't read the snapshot: it is "
                           "older than the Redis that sent it");
    }
    bytes_fini(&url);
    return e;
}

enum err snapshot_take(struct loop *loop, const struct config *config, struct redis_plain *from,
                       struct bytes *why, struct snapshot *ret)
{
    struct bytes socket;
    *ret = (struct snapshot){0};
    enum err e = make_directory(ret, config->data_dir, why);
    if (e != ERR_OK)
        return e;
    path_in(ret->directory, "s", &socket);
    e = fetch(ret, from, why);
    if (e == ERR_OK)
        e = start(ret, loop, bytes_str(&socket), why);
    if (e == ERR_OK)
        e = reach(ret, loop, bytes_str(&socket), redis_plain_database(from), why);
    bytes_fini(&socket);
    remove_directory(ret->directory);
    if (e != ERR_OK)
        snapshot_drop(ret);
    return e;
}

void snapshot_drop(struct snapshot *s)
{
    redis_plain_free(&s->redis);
    child_free(&s->child);
    if (s->directory)
        remove_directory(s->directory);
    free(s->directory);
    *s = (struct snapshot){0};
}
