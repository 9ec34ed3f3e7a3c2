/* worker: keeps one process with a role running.
 *
 *     DOWN (waits to be started again) --start--> STARTING --ready--> READY
 *      ^                                             |  ^               |
 *      +------------------- the process ended -------+--+---------------+
 *     ENDING: asked to end --the process ended--> OVER
 *
 * Owns the process, the channel to it and the back-off: 50 ms, doubling to 5 s, from the beginning
 * again for one that has lived for 5 s.
 *
 * May not know: what the role does; the other workers. */
#include "relay/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/channel.h"
#include "common/io/child.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/meters.h"

enum { BACKOFF_MS = 50, BACKOFF_MOST_MS = 5000, STEADY_MS = 5000, WHY_SIZE = 512 };

/* Ourselves once more, also where the file was replaced by another version meanwhile. */
static const char program[] = "/proc/self/exe";

enum worker_state { WORKER_DOWN, WORKER_STARTING, WORKER_READY, WORKER_ENDING, WORKER_OVER };

struct worker {
    struct worker_config config;
    enum worker_state state;
    struct child *child;
    struct channel *channel;
    struct timer *again, *patience;
    int64_t started_ms, backoff_ms;
    char name[ROLE_NAME_SIZE];
    char why[WHY_SIZE]; /* not ready */
};

static void worker_goto(struct worker *w, enum worker_state state)
{
    w->state = state;
}

static void changed(struct worker *w)
{
    w->config.changed(w->config.arg, w);
}

/* --- what its process says ----------------------------------------------------------------------
 */

static void on_told(void *arg, struct span message, int fd)
{
    struct worker *w = arg;
    enum role_word word;
    struct span why;
    if (fd >= 0)
        close(fd); /* none is expected from there */
    if (!message.p) {
        channel_free(&w->channel); /* its end is told by the process's own */
        return;
    }
    if (!role_message_read(message, &word, &why))
        return;
    bool live = w->state == WORKER_STARTING || w->state == WORKER_READY;
    if (word == ROLE_SAYS_READY && live) {
        worker_goto(w, WORKER_READY);
        changed(w);
    } else if (word == ROLE_SAYS_WAITS && live) {
        worker_goto(w, WORKER_STARTING);
        snprintf(w->why, sizeof(w->why), "%.*s", SPAN_ARG(why));
        changed(w);
    } else if (word != ROLE_SAYS_READY && word != ROLE_SAYS_WAITS) {
        w->config.told(w->config.arg, w, word, why);
    }
}

/* --- its process --------------------------------------------------------------------------------
 */

static void log_ended(const struct worker *w, int status, int signum)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_ERROR, "process");
    log_str(&l, "of", w->name);
    log_str(&l, "change", "ended");
    if (signum)
        log_int(&l, "signal", signum);
    else
        log_int(&l, "status", status);
    log_int(&l, "again_ms", w->backoff_ms);
    log_end(&l);
}

/* In backoff_ms, and the next time later. */
static void start_again(struct worker *w)
{
    worker_goto(w, WORKER_DOWN);
    timer_start(w->again, w->backoff_ms);
    w->backoff_ms = w->backoff_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : w->backoff_ms * 2;
}

static void on_ended(void *arg, int status, int signum)
{
    struct worker *w = arg;
    child_free(&w->child);
    channel_free(&w->channel);
    timer_stop(w->patience);
    metrics_gone(w->config.page);
    span_copy(SPAN("not running"), w->why, sizeof(w->why));
    if (w->state == WORKER_ENDING) {
        worker_goto(w, WORKER_OVER);
    } else {
        if (clock_mono_ms() - w->started_ms >= STEADY_MS)
            w->backoff_ms = BACKOFF_MS;
        log_ended(w, status, signum);
        metric_add(METER_PROCESS_RESTARTS, w->config.role, 1);
        start_again(w);
    }
    changed(w);
}

static enum err spawn(struct worker *w, int channel, struct bytes *why)
{
    const struct worker_start *start = w->config.start;
    char slot[16], couriers[16], house[ROLE_SET_SIZE];
    snprintf(slot, sizeof(slot), "%u", w->config.slot);
    snprintf(couriers, sizeof(couriers), "%u", start->couriers);
    role_set_write(&start->house, house);
    const char *const args[] = {"weir",      "serve",  "--role",  role_name(w->config.role),
                                "--slot",    slot,     "-c",      start->config_path,
                                "--workers", couriers, "--house", house,
                                NULL};
    const struct child_fd fds[] = {{start->lock_fd, ROLE_FD_LOCK},
                                   {start->metrics_fd, ROLE_FD_METRICS},
                                   {channel, ROLE_FD_CHANNEL},
                                   {start->config_fd, ROLE_FD_CONFIG}};
    const struct child_config config = {.args = args,
                                        .program = program,
                                        .fds = fds,
                                        .fds_n = sizeof(fds) / sizeof(*fds),
                                        .ended = on_ended,
                                        .arg = w};
    return child_new(w->config.loop, &config, why, &w->child);
}

static void on_start(void *arg)
{
    struct worker *w = arg;
    int pair[2] = {-1, -1};
    struct bytes why;
    bytes_init(&why, WHY_SIZE);
    w->started_ms = clock_mono_ms();
    enum err e = channel_pair(pair);
    if (e == ERR_OK)
        e = spawn(w, pair[1], &why);
    if (pair[1] >= 0)
        close(pair[1]);
    if (e == ERR_OK) {
        w->channel = channel_new(w->config.loop, pair[0], on_told, w);
        worker_goto(w, WORKER_STARTING);
        span_copy(SPAN("starting"), w->why, sizeof(w->why));
        log_note(LOG_LEVEL_INFO, "process", "%s is process %d", w->name, child_pid(w->child));
    } else {
        if (pair[0] >= 0)
            close(pair[0]);
        log_note(LOG_LEVEL_ERROR, "process", "%s can't be started: %s", w->name,
                 why.n ? bytes_str(&why) : err_title(e));
        start_again(w);
    }
    bytes_fini(&why);
    changed(w);
}

static void on_patience(void *arg)
{
    struct worker *w = arg;
    log_note(LOG_LEVEL_ERROR, "process", "%s does not end: killed", w->name);
    child_signal(w->child, SIGKILL);
}

/* --- for the master -----------------------------------------------------------------------------
 */

struct worker *worker_new(const struct worker_config *config)
{
    struct worker *w = mem_new(sizeof(*w));
    w->config = *config;
    w->backoff_ms = BACKOFF_MS;
    role_write(config->role, config->slot, w->name);
    span_copy(SPAN("not running"), w->why, sizeof(w->why));
    w->again = timer_new(config->loop, on_start, w);
    w->patience = timer_new(config->loop, on_patience, w);
    timer_start(w->again, 0);
    return w;
}

const char *worker_name(const struct worker *w)
{
    return w->name;
}

enum role worker_role(const struct worker *w)
{
    return w->config.role;
}

bool worker_lives(const struct worker *w)
{
    return w->child != NULL;
}

const char *worker_trouble(const struct worker *w)
{
    return w->state == WORKER_READY ? NULL : w->why;
}

bool worker_tell(struct worker *w, enum role_word word, struct span why, int fd)
{
    struct bytes message;
    bytes_init(&message, CHANNEL_TEXT_MAX);
    role_message_write(&message, word, why);
    bool sent = w->channel && channel_tell(w->channel, bytes_span(&message), fd);
    bytes_fini(&message);
    return sent;
}

void worker_end(struct worker *w, int64_t patience_ms)
{
    if (w->state == WORKER_ENDING || w->state == WORKER_OVER)
        return;
    timer_stop(w->again);
    worker_goto(w, w->child ? WORKER_ENDING : WORKER_OVER);
    if (w->child) {
        child_signal(w->child, SIGTERM);
        timer_start(w->patience, patience_ms);
    }
}

void worker_free(struct worker **worker)
{
    struct worker *w = *worker;
    *worker = NULL;
    if (!w)
        return;
    child_free(&w->child);
    channel_free(&w->channel);
    timer_free(&w->again);
    timer_free(&w->patience);
    free(w);
}
