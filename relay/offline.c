/* offline: takes the data directory, starts its Redis if nobody does, and connects.
 *
 *     configuration -> lock (free: nobody runs here) -> embedded Redis, if it is for us to start ->
 * connection
 *
 * May not know: what the verb does. */
#include "relay/offline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "relay/ask.h"
#include "relay/names.h"

enum { TICK_MS = 20, START_MS = 60000, COMMAND_MS = 60000, WHY_SIZE = 1024 };

static void on_tick(void *arg)
{
    loop_stop(arg);
}

void offline_wait(struct loop *loop, int64_t ms)
{
    struct timer *timer = timer_new(loop, on_tick, loop);
    timer_start(timer, ms);
    loop_run(loop);
    timer_free(&timer);
}

static void on_stopped(void *arg)
{
    loop_stop(arg);
}

void offline_close(struct offline *o)
{
    redis_plain_free(&o->redis);
    if (o->server) {
        redis_server_stop(o->server, on_stopped, o->loop);
        loop_run(o->loop);
    }
    redis_server_free(&o->server);
    loop_free(&o->loop);
    config_free(&o->config);
    lock_drop(&o->lock);
    free(o->url);
    free(o->journal_file);
}

static int refuse(struct offline *o, const struct bytes *why, int code)
{
    fprintf(stderr, "weir: %s\n", bytes_str(why));
    offline_close(o);
    return code;
}

static void name_places(struct offline *o)
{
    struct bytes text;
    bytes_init(&text, 8192);
    if (strcmp(o->config->set.redis, "embedded") == 0)
        bytes_addf(&text, "unix:%s", o->config->redis_socket);
    else
        bytes_add_str(&text, o->config->set.redis);
    o->url = bytes_take(&text);
    bytes_addf(&text, "%s/%s", o->config->data_dir, JOURNAL_FILE);
    o->journal_file = bytes_take(&text);
}

/* A Redis of our own takes a moment until it has read its data. */
static enum err reach(struct offline *o, struct bytes *why)
{
    int64_t until_ms = clock_mono_ms() + (o->server ? START_MS : 0);
    enum err e;
    for (;;) {
        bytes_clear(why);
        e = redis_plain_new(o->url, -1, COMMAND_MS, why, &o->redis);
        if (e != ERR_REDIS || clock_mono_ms() >= until_ms)
            return e;
        offline_wait(o->loop, TICK_MS);
    }
}

int offline_open(const char *file, bool alone, struct offline *ret)
{
    struct bytes why;
    const char *path = config_find(file);
    *ret = (struct offline){.lock = {-1, -1}, .loop = loop_new()};
    bytes_init(&why, CONFIG_WHY_MAX);
    if (!path)
        bytes_add_str(&why,
                      "no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there");
    if (!path || config_load(path, &why, &ret->config) != ERR_OK) {
        int code = refuse(ret, &why, EXIT_REFUSED);
        bytes_fini(&why);
        return code;
    }
    name_places(ret);
    int code = 0;
    bool embedded = strcmp(ret->config->set.redis, "embedded") == 0;
    enum err e = lock_take(ret->config->data_dir, &why, &ret->lock);
    if (e != ERR_OK && alone) {
        bytes_add_str(&why, ": stop it first");
        code = refuse(ret, &why, EXIT_REFUSED);
    } else if (e == ERR_OK && embedded &&
               redis_server_new(ret->loop, ret->config, ret->lock.roles, &why, &ret->server) !=
                   ERR_OK) {
        code = refuse(ret, &why, EXIT_REFUSED);
    } else if (reach(ret, &why) != ERR_OK) {
        struct bytes text;
        bytes_init(&text, WHY_SIZE);
        bytes_addf(&text, "Redis can't be reached: %s", bytes_str(&why));
        code = refuse(ret, &text, EXIT_UNREACHED);
        bytes_fini(&text);
    }
    bytes_fini(&why);
    return code;
}
