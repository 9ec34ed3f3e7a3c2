/* master: brings the house up and down.
 *
 *     lock -> Redis -> every role -> ready ... SIGTERM: fronts -> couriers -> steward -> Redis ->
 * end
 *
 * Each step down begins when the one before has ended. It owns the locks, the embedded Redis, the
 * page of metrics and the processes with their roles; it has no connection to anything. Where there
 * are no couriers of their own, the roles live here, on its loop.
 *
 * May not know: what the roles do. */
#include "relay/master.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/http_server.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/lock.h"
#include "relay/meters.h"
#include "relay/redis_server.h"
#include "relay/reload.h"
#include "relay/role_main.h"

enum {
    WORKERS_MAX = 64 + 64 + 1, /* fronts, couriers, the steward */
    PATIENCE_MS = 5000,        /* beyond what a role may take to drain */
    WHY_SIZE = 512
};

struct master {
    struct loop *loop;
    struct config *config; /* that it goes by; another one after a reload */
    char *path;            /* of its file */
    struct lock lock;
    struct redis_server *redis;
    bool here;           /* no processes of their own: */
    struct roles *roles; /* all of them; or: */
    struct worker *workers[WORKERS_MAX];
    size_t workers_n;
    struct worker_start start;
    struct reload *reload;
    struct loop_signal *term, *interrupt, *hup;
    bool told_ready, stopping;
    enum role ending;      /* whose turn it is to end */
    char others[WHY_SIZE]; /* what the steward was told last of the others; empty: all can work */
    bool told_others;      /* and that it was told at all */
    int exit_code;
};

/* --- stopping ------------------------------------------------------------------------------------
 */

static void on_redis_stopped(void *arg)
{
    struct master *m = arg;
    loop_stop(m->loop);
}

static void stop_redis(struct master *m)
{
    if (m->redis)
        redis_server_stop(m->redis, on_redis_stopped, m);
    else
        loop_stop(m->loop);
}

static void on_roles_drained(void *arg)
{
    stop_redis(arg);
}

/* False while one of them lives. */
static bool end_role(struct master *m, enum role role)
{
    bool over = true;
    for (size_t i = 0; i < m->workers_n; i++) {
        if (worker_role(m->workers[i]) != role)
            continue;
        worker_end(m->workers[i], m->config->set.drain + PATIENCE_MS);
        over = over && !worker_lives(m->workers[i]);
    }
    return over;
}

static void go_on_stopping(struct master *m)
{
    while (m->ending < ROLE_COUNT && end_role(m, m->ending))
        m->ending++;
    if (m->ending == ROLE_COUNT)
        stop_redis(m);
}

static void stop(struct master *m, int exit_code)
{
    if (m->stopping)
        return;
    m->stopping = true;
    m->exit_code = exit_code;
    if (m->roles)
        roles_drain(m->roles, on_roles_drained, m);
    else
        go_on_stopping(m);
}

/* Whoever asks twice wants it at once: all that runs is killed at the end, which loses nothing and
 * repeats what was under way. */
static void on_term(void *arg)
{
    struct master *m = arg;
    if (m->stopping) {
        log_note(LOG_LEVEL_WARN, "serve", "stopping at once: asked again");
        m->exit_code = 1;
        loop_stop(m->loop);
        return;
    }
    log_note(LOG_LEVEL_INFO, "serve", "stopping");
    stop(m, 0);
}

/* What nothing will mend is said to people once, whoever noticed. */
static void fail(struct master *m, struct span why)
{
    if (!m->stopping)
        fprintf(stderr, "weir: %.*s\n", SPAN_ARG(why));
    stop(m, 1);
}

/* --- ready ---------------------------------------------------------------------------------------
 */

static void say_ready(struct master *m)
{
    const struct settings *set = &m->config->set;
    bool strict = set->durability == DURABILITY_STRICT;
    if (m->told_ready)
        return;
    m->told_ready = true;
    struct bytes promise;
    bytes_init(&promise, WHY_SIZE);
    bytes_add_str(&promise, strict ? "strict" : "standard");
    if (set->redis_replicas)
        bytes_addf(&promise, "+%d", (int)set->redis_replicas);
    log_note(LOG_LEVEL_INFO, "ready", "%s durability=%s metrics=%s", set->url, bytes_str(&promise),
             set->metrics);
    printf("weir is ready: %s (durability: %s)\n", set->url, bytes_str(&promise));
    fflush(stdout);
    bytes_fini(&promise);
}

static struct worker *steward_of(const struct master *m)
{
    return m->workers[0];
}

/* What the first of the others that can't work says; empty if all can. */
static void look_at_others(const struct master *m, char ret[WHY_SIZE])
{
    ret[0] = '\0';
    for (size_t i = 1; i < m->workers_n && !ret[0]; i++) {
        const char *why = worker_trouble(m->workers[i]);
        if (why)
            snprintf(ret, WHY_SIZE, "%s: %.*s", worker_name(m->workers[i]), WHY_SIZE / 2, why);
    }
}

/* The steward says on /readyz how the others are: before people are told that all is ready, it has
 * to know, and says so by being ready itself. */
static void tell_steward(struct master *m)
{
    char others[WHY_SIZE];
    look_at_others(m, others);
    if (!worker_lives(steward_of(m)))
        m->told_others = false;
    else if (!m->told_others || strcmp(others, m->others) != 0)
        m->told_others = worker_tell(steward_of(m), others[0] ? ROLE_SAYS_WAITS : ROLE_SAYS_READY,
                                     span_of(others), -1);
    memcpy(m->others, others, sizeof(others));
}

static void count_processes(const struct master *m)
{
    double living[ROLE_COUNT] = {0};
    for (size_t i = 0; i < m->workers_n; i++)
        living[worker_role(m->workers[i])] += worker_lives(m->workers[i]);
    for (size_t role = 0; role < ROLE_COUNT; role++)
        metric_set(METER_PROCESSES, role, living[role]);
}

static void on_worker_changed(void *arg, struct worker *worker)
{
    struct master *m = arg;
    if (!worker_lives(worker))
        reload_gone(m->reload, worker);
    count_processes(m);
    if (m->stopping) {
        go_on_stopping(m);
        return;
    }
    tell_steward(m);
    if (!m->others[0] && !worker_trouble(steward_of(m)))
        say_ready(m);
}

static void on_worker_told(void *arg, struct worker *worker, enum role_word word, struct span why)
{
    struct master *m = arg;
    if (word == ROLE_SAYS_FATAL || (word == ROLE_SAYS_FAILED && !m->told_ready))
        fail(m, why);
    else if (word == ROLE_SAYS_FAILED)
        log_note(LOG_LEVEL_ERROR, "process", "%s can't start: %.*s", worker_name(worker),
                 SPAN_ARG(why));
    else if (word == ROLE_SAYS_RELOAD)
        reload_ask(m->reload, true);
    else
        reload_told(m->reload, worker, word, why);
}

/* The same where the roles are here. */
static void on_role(void *arg, enum role_word word, const char *why)
{
    struct master *m = arg;
    if (word == ROLE_SAYS_FATAL)
        fail(m, span_of(why));
    else if (word == ROLE_SAYS_READY)
        say_ready(m);
}

/* --- reload --------------------------------------------------------------------------------------
 */

static void setup_log(const struct config *config)
{
    log_setup((enum log_format)config->set.log_format, (enum log_level)config->set.log_level);
}

static void on_reload_wanted(void *arg)
{
    struct master *m = arg;
    reload_ask(m->reload, true);
}

static void on_hup(void *arg)
{
    struct master *m = arg;
    reload_ask(m->reload, false);
}

static void on_reloaded(void *arg, enum err err, struct span why, bool asked)
{
    struct master *m = arg;
    setup_log(m->config);
    if (err == ERR_OK)
        log_note(LOG_LEVEL_INFO, "reload", "%s", m->config->path);
    else
        log_note(LOG_LEVEL_ERROR, "reload", "%s: %.*s",
                 err == ERR_INTERNAL ? "not every role goes by the new configuration"
                                     : "the old configuration stays",
                 SPAN_ARG(why));
    if (asked && m->roles)
        roles_reloaded(m->roles, err == ERR_OK ? ERR_OK : ERR_USAGE, why);
    else if (asked)
        worker_tell(steward_of(m), err == ERR_OK ? ROLE_SAYS_RELOADED : ROLE_SAYS_REFUSED, why, -1);
}

/* --- starting ------------------------------------------------------------------------------------
 */

static enum err start_here(struct master *m, struct span text, struct bytes *why)
{
    struct config *config = NULL;
    struct roles_config wanted = {.loop = m->loop,
                                  .wanted = m->start.house,
                                  .house = m->start.house,
                                  .alone = true,
                                  .couriers = 1,
                                  .told = on_role,
                                  .reload = on_reload_wanted,
                                  .arg = m};
    wanted.wanted.has[ROLE_STEWARD] = true;
    metric_set(METER_PROCESSES, METER_ROLE_ALL, 1);
    enum err e = config_read(text, m->config->path, why, &config);
    if (e != ERR_OK)
        return e;
    sha256_hex(text, config->digest);
    return roles_new(&wanted, &config, why, &m->roles);
}

static void add_worker(struct master *m, enum role role, unsigned slot)
{
    const struct worker_config config = {.loop = m->loop,
                                         .start = &m->start,
                                         .role = role,
                                         .slot = slot,
                                         .page =
                                             role_page(role, slot, (unsigned)m->config->set.fronts),
                                         .told = on_worker_told,
                                         .changed = on_worker_changed,
                                         .arg = m};
    m->workers[m->workers_n++] = worker_new(&config);
}

static enum err start_workers(struct master *m, struct span text, struct bytes *why)
{
    unsigned fronts = m->start.house.has[ROLE_FRONT] ? (unsigned)m->config->set.fronts : 0;
    /* Who shares an address would share it with a stranger as well. */
    enum err e = fronts > 1 ? http_address_free(m->config->set.listen, why) : ERR_OK;
    if (e != ERR_OK)
        return e;
    m->start.config_path = m->path;
    m->start.lock_fd = m->lock.roles;
    m->start.config_fd = reload_text_fd(text, why);
    e = m->start.config_fd < 0 ? ERR_FILE : ERR_OK;
    if (e == ERR_OK) {
        e = metrics_share(2 + (unsigned)m->config->set.fronts + m->start.couriers,
                          &m->start.metrics_fd);
        if (e != ERR_OK)
            bytes_add_str(why, "no shared memory for the metrics");
    }
    if (e != ERR_OK)
        return e;
    add_worker(m, ROLE_STEWARD, 0);
    for (unsigned slot = 0; slot < fronts; slot++)
        add_worker(m, ROLE_FRONT, slot);
    for (unsigned slot = 0; slot < m->start.couriers; slot++)
        add_worker(m, ROLE_COURIER, slot);
    return ERR_OK;
}

/* Several machines need a Redis that is none of theirs. */
static enum err may_share(const struct master *m, struct bytes *why)
{
    bool all = true;
    for (int role = 0; role < ROLE_COUNT; role++)
        all = all && m->start.house.has[role];
    if (all || strcmp(m->config->set.redis, "embedded") != 0)
        return ERR_OK;
    bytes_add_str(why,
                  "redis: embedded is for one machine that does all: --role needs a Redis that "
                  "all machines reach, redis://... or sentinel://...");
    return ERR_USAGE;
}

static enum err start(struct master *m, struct span text, struct bytes *why)
{
    enum err e = may_share(m, why);
    if (e == ERR_OK)
        e = lock_take(m->config->data_dir, why, &m->lock);
    if (e == ERR_OK && strcmp(m->config->set.redis, "embedded") == 0)
        e = redis_server_new(m->loop, m->config, m->lock.roles, why, &m->redis);
    if (e != ERR_OK)
        return e;
    e = m->here ? start_here(m, text, why) : start_workers(m, text, why);
    if (e != ERR_OK)
        return e;
    const struct reload_config reload = {.loop = m->loop,
                                         .path = m->path,
                                         .config = &m->config,
                                         .workers = m->workers,
                                         .workers_n = m->workers_n,
                                         .start = &m->start,
                                         .roles = m->roles,
                                         .done = on_reloaded,
                                         .arg = m};
    m->reload = reload_new(&reload);
    m->term = loop_signal_new(m->loop, SIGTERM, on_term, m);
    m->interrupt = loop_signal_new(m->loop, SIGINT, on_term, m);
    m->hup = loop_signal_new(m->loop, SIGHUP, on_hup, m);
    return ERR_OK;
}

static void master_fini(struct master *m)
{
    reload_free(&m->reload);
    for (size_t i = 0; i < m->workers_n; i++)
        worker_free(&m->workers[i]);
    roles_free(&m->roles);
    redis_server_free(&m->redis);
    loop_signal_free(&m->term);
    loop_signal_free(&m->interrupt);
    loop_signal_free(&m->hup);
    loop_free(&m->loop);
    if (m->start.metrics_fd >= 0)
        close(m->start.metrics_fd);
    if (m->start.config_fd >= 0)
        close(m->start.config_fd);
    config_free(&m->config);
    free(m->path);
    lock_drop(&m->lock);
    metrics_fini();
}

int master_main(struct config **config, struct span text, const struct role_set *house,
                unsigned couriers)
{
    struct bytes why;
    struct master m = {.config = *config,
                       .path = mem_copy(span_of((*config)->path)),
                       .lock = {-1, -1},
                       .here = couriers == 0,
                       .start = {.couriers = house->has[ROLE_COURIER] ? couriers : 0,
                                 .house = *house,
                                 .lock_fd = -1,
                                 .metrics_fd = -1,
                                 .config_fd = -1}};
    *config = NULL;
    bytes_init(&why, CONFIG_WHY_MAX);
    setup_log(m.config);
    metrics_setup(meters_table(), METER_COUNT);
    log_meter(METER_LOG_DROPPED);
    m.loop = loop_new();
    enum err e = start(&m, text, &why);
    if (e != ERR_OK)
        fail(&m, why.n ? bytes_span(&why) : span_of(err_title(e)));
    loop_run(m.loop);
    bytes_fini(&why);
    master_fini(&m);
    return m.exit_code;
}
