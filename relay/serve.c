/* serve: brings the house up and down.
 *
 *     config -> lock -> keys -> Redis -> store -> courier, front, steward -> ready ... SIGTERM:
 *     front stops -> requests in work end -> courier drains -> store -> Redis -> end
 *
 * May not know: what the roles do. */
#include "relay/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/io/log.h"
#include "relay/args.h"
#include "relay/context.h"
#include "relay/courier.h"
#include "relay/front.h"
#include "relay/meters.h"
#include "relay/names.h"
#include "relay/redis_server.h"
#include "relay/steward.h"

enum {
    DRAIN_MS = 30000,
    DRAIN_TICK_MS = 20,
    PATIENCE_MS = 2000,
    WHY_SIZE = 256,
    CLIENT_SHARDS = 16,
    CLIENT_CONNECTIONS = 2048
};

struct serve {
    struct loop *loop;
    struct context context;
    struct redis_server *redis;
    struct courier *courier;
    struct front *front;
    struct steward *steward;
    struct loop_signal *term, *interrupt, *hup;
    struct timer *drain, *patience;
    int lock;
    int64_t drain_until_ms;
    bool stopping, told_ready;
    char waits_for[WHY_SIZE]; /* what was said of a Redis that never answered */
    int exit_code;
};

/* --- stopping
 * -------------------------------------------------------------------------------------------------
 */

static void on_redis_stopped(void *arg)
{
    struct serve *s = arg;
    loop_stop(s->loop);
}

static void on_drained(void *arg)
{
    struct serve *s = arg;
    store_free(&s->context.store);
    if (s->redis)
        redis_server_stop(s->redis, on_redis_stopped, s);
    else
        loop_stop(s->loop);
}

static void on_drain(void *arg)
{
    struct serve *s = arg;
    if (s->front && !front_idle(s->front) && loop_now_ms(s->loop) < s->drain_until_ms) {
        timer_start(s->drain, DRAIN_TICK_MS);
        return;
    }
    steward_free(&s->steward);
    front_free(&s->front);
    courier_drain(s->courier, on_drained, s);
}

static void stop(struct serve *s, int exit_code)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->exit_code = exit_code;
    if (s->front)
        front_stop(s->front);
    s->drain_until_ms = loop_now_ms(s->loop) + DRAIN_MS;
    timer_start(s->drain, 0);
}

static void on_term(void *arg)
{
    struct serve *s = arg;
    log_note(LOG_LEVEL_INFO, "serve", "stopping");
    stop(s, 0);
}

/* --- the store's word
 * ------------------------------------------------------------------------------------------- */

static void say_ready(struct serve *s)
{
    const struct settings *set = &s->context.config->set;
    bool strict = set->durability == DURABILITY_STRICT;
    s->told_ready = true;
    log_note(LOG_LEVEL_INFO, "ready", "%s durability=%s metrics=%s", set->url,
             strict ? "strict" : "standard", set->metrics);
    printf("weir is ready: %s (durability: %s)\n", set->url, strict ? "strict" : "standard");
    fflush(stdout);
}

static void on_ready(void *arg, bool ready, bool fatal, const char *why)
{
    struct serve *s = arg;
    if (s->steward)
        steward_ready(s->steward, ready, why);
    if (s->courier && !s->stopping)
        courier_ready(s->courier, ready);
    if (!ready && !fatal && !s->stopping)
        log_note(LOG_LEVEL_ERROR, "redis", "not ready: %s", why);
    if (fatal) {
        fprintf(stderr, "weir: %s\n", why);
        stop(s, 1);
    }
    if (ready && !s->told_ready)
        say_ready(s);
}

/* A Redis that can't be reached from the start changes no state: that it is waited for, and why,
 * is said from here. */
static void on_patience(void *arg)
{
    struct serve *s = arg;
    if (s->told_ready || s->stopping)
        return;
    const char *why = store_trouble(s->context.store);
    if (*why && strcmp(why, s->waits_for) != 0) {
        span_copy(span_of(why), s->waits_for, sizeof(s->waits_for));
        log_note(LOG_LEVEL_WARN, "redis", "not ready: %s", s->waits_for);
        steward_ready(s->steward, false, s->waits_for);
    }
    timer_start(s->patience, PATIENCE_MS);
}

/* --- reload
 * -------------------------------------------------------------------------------------------------------
 */

/* What is bound to a socket, a file or an identity cannot change under a running process. */
static bool same_identity(const struct config *a, const struct config *b, struct bytes *why)
{
    static const char words[] = "%s: %s can't change without a restart\n";
    if (strcmp(a->set.url, b->set.url) != 0)
        bytes_addf(why, words, b->path, "url");
    if (strcmp(a->set.listen, b->set.listen) != 0)
        bytes_addf(why, words, b->path, "listen");
    if (strcmp(a->set.metrics, b->set.metrics) != 0)
        bytes_addf(why, words, b->path, "metrics");
    if (strcmp(a->data_dir, b->data_dir) != 0)
        bytes_addf(why, words, b->path, "data");
    if (strcmp(a->set.redis, b->set.redis) != 0)
        bytes_addf(why, words, b->path, "redis");
    if (a->set.durability != b->set.durability)
        bytes_addf(why, words, b->path, "durability");
    return why->n == 0;
}

static enum err reload(void *arg, struct bytes *why)
{
    struct serve *s = arg;
    struct config *config = NULL;
    enum err e = config_load(s->context.config->path, why, &config);
    if (e == ERR_OK && !same_identity(s->context.config, config, why)) {
        config_free(&config);
        e = ERR_USAGE;
    }
    if (e != ERR_OK) {
        log_note(LOG_LEVEL_ERROR, "reload", "the old configuration stays: %s", bytes_str(why));
        return e;
    }
    context_take_config(&s->context, &config);
    log_setup((enum log_format)s->context.config->set.log_format,
              (enum log_level)s->context.config->set.log_level);
    log_note(LOG_LEVEL_INFO, "reload", "%s", s->context.config->path);
    steward_policy_changed(s->steward);
    return ERR_OK;
}

static void on_hup(void *arg)
{
    struct serve *s = arg;
    struct bytes why;
    bytes_init(&why, 65536);
    if (s->steward)
        reload(s, &why);
    bytes_fini(&why);
}

/* --- starting
 * ------------------------------------------------------------------------------------------------------
 */

/* One relay for each data directory, whatever the process ids say. */
static enum err take_lock(struct serve *s, const struct config *config, struct bytes *why)
{
    struct bytes path;
    bytes_init(&path, 4096);
    bytes_addf(&path, "%s/lock", config->data_dir);
    s->lock = open(bytes_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum err e = ERR_OK;
    if (s->lock < 0) {
        bytes_addf(why, "%s: %s (has `weir init` been run?)", bytes_str(&path), strerror(errno));
        e = ERR_FILE;
    } else if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        bytes_addf(why, "%s: another weir serves this data directory", config->data_dir);
        e = ERR_FILE;
    }
    bytes_fini(&path);
    return e;
}

static enum err start_store(struct serve *s, struct bytes *why)
{
    const struct config *config = s->context.config;
    struct bytes file;
    char *url = context_redis_url(&s->context);
    bytes_init(&file, 4096);
    bytes_addf(&file, "%s/%s", config->data_dir, JOURNAL_FILE);
    struct store_config store = {.url = url,
                                 .journal_file = bytes_str(&file),
                                 .owner = config->set.url,
                                 .strict = config->set.durability == DURABILITY_STRICT,
                                 .command_ms = config->set.redis_command,
                                 .on_ready = on_ready,
                                 .arg = s};
    enum err e = ERR_OK;
    if (strcmp(config->set.redis, "embedded") == 0)
        e = redis_server_new(s->loop, config, why, &s->redis);
    if (e == ERR_OK) {
        e = store_new(s->loop, &store, &s->context.store);
        if (e != ERR_OK)
            bytes_addf(why, "redis: %s", err_title(e));
    }
    bytes_fini(&file);
    free(url);
    return e;
}

static enum err start_roles(struct serve *s, struct bytes *why)
{
    struct bytes agent;
    bytes_init(&agent, 512);
    bytes_addf(&agent, "weir/%s (+%s/)", WEIR_VERSION, s->context.config->set.url);
    s->context.client =
        http_client_new(s->loop, bytes_str(&agent), CLIENT_SHARDS, CLIENT_CONNECTIONS);
    bytes_fini(&agent);
    s->courier =
        courier_new(&s->context, &(struct courier_config){.name = "courier-0", .couriers = 1});
    enum err e = front_new(&s->context, why, &s->front);
    if (e != ERR_OK)
        return e;
    struct steward_config steward = {.context = &s->context,
                                     .courier = s->courier,
                                     .front = s->front,
                                     .reload = reload,
                                     .arg = s};
    return steward_new(&steward, why, &s->steward);
}

static void serve_fini(struct serve *s)
{
    steward_free(&s->steward);
    front_free(&s->front);
    courier_free(&s->courier);
    store_free(&s->context.store);
    http_client_free(&s->context.client);
    redis_server_free(&s->redis);
    loop_signal_free(&s->term);
    loop_signal_free(&s->interrupt);
    loop_signal_free(&s->hup);
    timer_free(&s->drain);
    timer_free(&s->patience);
    context_fini(&s->context);
    loop_free(&s->loop);
    if (s->lock >= 0)
        close(s->lock);
    metrics_fini();
}

static int serve(struct config **config)
{
    struct serve s = {.lock = -1};
    struct bytes why;
    bytes_init(&why, 4096);
    signal(SIGPIPE, SIG_IGN);
    log_setup((enum log_format)(*config)->set.log_format, (enum log_level)(*config)->set.log_level);
    metrics_setup(meters_table(), METER_COUNT);
    redis_meter(METER_REDIS_COMMANDS);
    s.loop = loop_new();
    s.drain = timer_new(s.loop, on_drain, &s);
    s.patience = timer_new(s.loop, on_patience, &s);
    enum err e = take_lock(&s, *config, &why);
    if (e == ERR_OK)
        e = context_init(&s.context, s.loop, config, &why);
    if (e == ERR_OK)
        e = start_roles(&s, &why);
    if (e == ERR_OK)
        e = start_store(&s, &why);
    if (e == ERR_OK) {
        s.term = loop_signal_new(s.loop, SIGTERM, on_term, &s);
        s.interrupt = loop_signal_new(s.loop, SIGINT, on_term, &s);
        s.hup = loop_signal_new(s.loop, SIGHUP, on_hup, &s);
        timer_start(s.patience, PATIENCE_MS);
        loop_run(s.loop);
    } else {
        fprintf(stderr, "weir: %s\n", why.n ? bytes_str(&why) : err_title(e));
        s.exit_code = 1;
    }
    bytes_fini(&why);
    config_free(config);
    serve_fini(&s);
    return s.exit_code;
}

int cmd_serve(int argc, char **argv)
{
    const char *file = NULL;
    const struct arg items[] = {{"-c", &file, NULL}};
    const struct args args = {items, 1, "usage: weir serve [-c FILE]\n", 0, 0};
    struct bytes why;
    struct config *config = NULL;
    if (!args_read(&args, argc, argv, NULL))
        return 2;
    const char *path = config_find(file);
    if (!path) {
        fprintf(stderr,
                "weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there; "
                "`weir init` writes one\n");
        return 1;
    }
    bytes_init(&why, CONFIG_WHY_MAX);
    int code = 1;
    if (config_load(path, &why, &config) == ERR_OK)
        code = serve(&config);
    else
        fputs(bytes_str(&why), stderr);
    bytes_fini(&why);
    return code;
}
