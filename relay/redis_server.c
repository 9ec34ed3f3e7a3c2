/* redis_server: how the embedded Redis is run.
 * May not know: what is kept in it. */
#include "relay/redis_server.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/child.h"
#include "common/io/clock.h"
#include "common/io/log.h"

enum { BACKOFF_MS = 50, BACKOFF_MOST_MS = 5000, STEADY_MS = 5000, HELD_FD = 3 };

struct redis_server {
    struct loop *loop;
    const char *program;
    char *dir, *socket, *memory;
    bool strict;
    int held;
    struct child *child;
    struct timer *again;
    int64_t started_ms, backoff_ms;
    bool stopping;
    loop_cb done;
    void *arg;
};

static enum err start(struct redis_server *s, struct bytes *why);

static void on_again(void *arg)
{
    struct redis_server *s = arg;
    struct bytes why;
    bytes_init(&why, 512);
    if (start(s, &why) != ERR_OK) {
        log_note(LOG_LEVEL_ERROR, "redis-server", "%s", bytes_str(&why));
        timer_start(s->again, s->backoff_ms);
    }
    bytes_fini(&why);
}

static void on_exit_(void *arg, int status, int signum)
{
    struct redis_server *s = arg;
    child_free(&s->child);
    if (s->stopping) {
        s->done(s->arg);
        return;
    }
    if (clock_mono_ms() - s->started_ms > STEADY_MS)
        s->backoff_ms = BACKOFF_MS;
    log_note(LOG_LEVEL_ERROR, "redis-server", "ended (status %d, signal %d); starting it again",
             status, signum);
    timer_start(s->again, s->backoff_ms);
    s->backoff_ms = s->backoff_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : s->backoff_ms * 2;
}

static enum err start(struct redis_server *s, struct bytes *why)
{
    const char *const args[] = {
        s->program,
        "--port",
        "0",
        "--unixsocket",
        s->socket,
        "--unixsocketperm",
        "700",
        "--dir",
        s->dir,
        "--appendonly",
        "yes",
        "--appendfsync",
        s->strict ? "always" : "everysec",
        "--no-appendfsync-on-rewrite",
        "no",
        "--aof-load-truncated",
        "yes",
        "--save",
        "",
        "--maxmemory",
        s->memory,
        "--maxmemory-policy",
        "noeviction",
        "--daemonize",
        "no",
        "--loglevel",
        "warning",
        "--logfile",
        "redis.log",
        NULL,
    };
    s->started_ms = clock_mono_ms();
    const struct child_fd fds[] = {{s->held, HELD_FD}};
    const struct child_config config = {
        .args = args, .fds = fds, .fds_n = 1, .ended = on_exit_, .arg = s};
    return child_new(s->loop, &config, why, &s->child);
}

/* The less of 1 GiB and a quarter of the machine's memory (DESIGN 10). */
static int64_t memory_of(const struct config *config)
{
    int64_t most = (int64_t)1 << 30;
    int64_t quarter = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4;
    if (config->set.redis_memory)
        return config->set.redis_memory;
    return quarter > 0 && quarter < most ? quarter : most;
}

enum err redis_server_new(struct loop *loop, const struct config *config, int held,
                          struct bytes *why, struct redis_server **ret)
{
    static const char *const programs[] = {"redis-server", "valkey-server"};
    struct bytes text;
    struct redis_server *s = mem_new(sizeof(*s));
    *s = (struct redis_server){.loop = loop, .held = held, .backoff_ms = BACKOFF_MS};
    bytes_init(&text, 4096);
    bytes_addf(&text, "%s/redis", config->data_dir);
    s->dir = bytes_take(&text);
    s->socket = mem_copy(span_of(config->redis_socket));
    bytes_addf(&text, "%" PRId64, memory_of(config));
    s->memory = bytes_take(&text);
    s->strict = config->set.durability == DURABILITY_STRICT;
    s->again = timer_new(loop, on_again, s);
    s->program = child_find(programs, 2);
    enum err e = ERR_OK;
    if (!s->program) {
        bytes_add_str(why, "redis: embedded needs redis-server or valkey-server on the PATH");
        e = ERR_FILE;
    } else if (mkdir(s->dir, 0700) != 0 && errno != EEXIST) {
        bytes_addf(why, "%s: %s", s->dir, strerror(errno));
        e = ERR_FILE;
    } else {
        e = start(s, why);
    }
    if (e != ERR_OK)
        redis_server_free(&s);
    else
        *ret = s;
    return e;
}

void redis_server_stop(struct redis_server *s, loop_cb done, void *arg)
{
    s->stopping = true;
    s->done = done;
    s->arg = arg;
    timer_stop(s->again);
    if (s->child)
        child_signal(s->child, SIGTERM);
    else
        done(arg);
}

void redis_server_free(struct redis_server **server)
{
    struct redis_server *s = *server;
    *server = NULL;
    if (!s)
        return;
    child_free(&s->child);
    timer_free(&s->again);
    free(s->dir);
    free(s->socket);
    free(s->memory);
    free(s);
}
