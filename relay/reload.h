/* reload: another configuration for a running relay: checked, then handed to every role. */
#pragma once

#include "relay/roles.h"
#include "relay/worker.h"

struct reload;

struct reload_config {
    struct loop *loop;
    const char *path;       /* of the file */
    struct config **config; /* what the master goes by: replaced when another one is good */
    /* One of these: the processes with their roles (those that live are told; what is started later
     * finds the text in start->config_fd, which is replaced), or all roles, here. */
    struct worker *const *workers;
    size_t workers_n;
    struct worker_start *start;
    struct roles *roles;
    /* Every role goes by the other one, or why not; asked: an operator waits for the answer at the
     * steward. Never from within a call of reload_ask(). */
    void (*done)(void *arg, enum err err, struct span why, bool asked);
    void *arg;
};

struct reload *reload_new(const struct reload_config *config);
/* Reads the file anew, at once or when the reload under way is over. */
void reload_ask(struct reload *reload, bool asked);
/* What a worker said (RELOADED or REFUSED), or that it has ended. */
void reload_told(struct reload *reload, const struct worker *worker, enum role_word word,
                 struct span why);
void reload_gone(struct reload *reload, const struct worker *worker);
/* No more answers. Accepts NULL inside. */
void reload_free(struct reload **reload);

/* The text as a file without a name, for processes with roles. -1 with a reason in why if the
 * system has no room for it. */
int reload_text_fd(struct span text, struct bytes *why);
