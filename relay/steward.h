/* steward: the role that looks after things: the calendar of members, the journal's length, metrics
 * and health, the operators' door. */
#pragma once

#include "relay/context.h"

struct steward;

struct steward_config {
    struct context *context;
    bool watches;              /* only: another machine's steward does what is to be done once */
    void (*reload)(void *arg); /* see admin.h; answered by steward_reloaded() */
    void *arg;
};

/* ERR_FILE with a reason if a listener can't be opened. */
enum err steward_new(const struct steward_config *config, struct bytes *why, struct steward **ret);
/* The store is ready, or not; why: in words, NULL when ready. */
void steward_ready(struct steward *steward, bool ready, const char *why);
/* The context has another configuration; before: the digest of the one until now. Members that fit
 * no zone any more are suspended, others moved. */
void steward_config_taken(struct steward *steward, const char *before);
/* Whether the other roles can work, and if not, why: /readyz tells it. Until this is called, they
 * can. */
void steward_others(struct steward *steward, bool ready, const char *why);
/* What became of reading the configuration anew: to whom it may concern. */
void steward_reloaded(struct steward *steward, enum err err, struct span why);
void steward_free(struct steward **steward);
