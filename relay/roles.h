/* roles: what one process does: one of the roles, or all of them, on one loop with one context.
 * Whether there are other processes makes no difference here. */
#pragma once

#include "common/io/loop.h"
#include "relay/config/config.h"
#include "relay/role.h"

struct roles;

struct roles_config {
    struct loop *loop;
    struct role_set wanted; /* here */
    struct role_set house;  /* of this machine, here or in other processes: what is missing in it,
                             * other machines do. A steward that is not in it only watches: tells
                             * how this machine is, and takes verbs */
    bool alone;             /* there is no other process: the master's loop is ours */
    unsigned slot;          /* which of its kind it is, where it is one of several */
    unsigned couriers;      /* how many there are on this machine */
    /* READY or WAITS, when that changes; FATAL. why: borrowed, NULL with READY. */
    void (*told)(void *arg, enum role_word word, const char *why);
    /* An operator asks for the configuration to be read anew: answered by roles_reloaded(), later.
     */
    void (*reload)(void *arg);
    void *arg;
};

/* Takes the config. ERR_FILE or another with a reason in why if it can't be started. */
enum err roles_new(const struct roles_config *wanted, struct config **config, struct bytes *why,
                   struct roles **ret);
/* Whether the other processes can work, and if not, why: /readyz tells it. Taken for true where all
 * roles are here, otherwise for false until it is said. */
void roles_others(struct roles *roles, bool ready, struct span why);
/* Goes on with another configuration, which it takes: same url and the like (see reload.h). */
void roles_take_config(struct roles *roles, struct config **config);
/* What became of reading the configuration anew, for operators who asked. */
void roles_reloaded(struct roles *roles, enum err err, struct span why);
/* No new work; what is in work is finished, each part for as long as the setting `drain` says, then
 * done is called, once, perhaps within this call. */
void roles_drain(struct roles *roles, loop_cb done, void *arg);
void roles_free(struct roles **roles);
