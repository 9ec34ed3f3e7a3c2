/* worker: a role in a process of its own, as its master sees it: started, started again whenever it
 * ends (with back-off), heard, talked to, and ended. */
#pragma once

#include "common/io/loop.h"
#include "relay/role.h"

struct worker;

/* What every worker is started with. Borrowed while there are workers; a worker that is started
 * later goes by what stands here then. */
struct worker_start {
    const char *config_path; /* for messages: what it reads is config_fd */
    unsigned couriers;       /* how many there are on this machine */
    struct role_set house;   /* what this machine does */
    int lock_fd, metrics_fd, config_fd;
};

struct worker_config {
    struct loop *loop;
    const struct worker_start *start;
    enum role role;
    unsigned slot; /* which of its role it is */
    size_t page;   /* its slot on the page of metrics */
    /* It says something: FATAL, FAILED, RELOAD, RELOADED or REFUSED. why: borrowed. */
    void (*told)(void *arg, struct worker *worker, enum role_word word, struct span why);
    /* It became ready, or is no longer, or its process ended. */
    void (*changed)(void *arg, struct worker *worker);
    void *arg;
};

/* Starts it. What fails now is tried again like what fails later. */
struct worker *worker_new(const struct worker_config *config);
const char *worker_name(const struct worker *worker); /* `courier-0` */
enum role worker_role(const struct worker *worker);
bool worker_lives(const struct worker *worker); /* there is a process */
/* NULL while it can work; else why not, in words. Borrowed until anything changes. */
const char *worker_trouble(const struct worker *worker);
/* Says something to its process; fd (or -1) goes along, and stays ours. False if there is none that
 * would hear it. */
bool worker_tell(struct worker *worker, enum role_word word, struct span why, int fd);
/* Asks its process to end (SIGTERM), and kills it after patience_ms; it is not started again.
 * `changed` says that it has ended; where there was none, nothing is said. */
void worker_end(struct worker *worker, int64_t patience_ms);
/* Kills what is still there. Accepts NULL inside. */
void worker_free(struct worker **worker);
