/* steward: the role that looks after things: the calendar of members, the journal's length, metrics
 * and health, the operators' door. */
#pragma once

#include "relay/context.h"
#include "relay/courier.h"
#include "relay/front.h"

struct steward;

struct steward_config {
    struct context *context;
    const struct courier *courier;
    const struct front *front;
    enum err (*reload)(void *arg, struct bytes *why); /* see admin.h */
    void *arg;
};

/* ERR_FILE with a reason if a listener can't be opened. */
enum err steward_new(const struct steward_config *config, struct bytes *why, struct steward **ret);
/* The store is ready, or not; why: in words, NULL when ready. */
void steward_ready(struct steward *steward, bool ready, const char *why);
/* The policy changed: members that fit no zone any more are suspended, others moved. */
void steward_policy_changed(struct steward *steward);
void steward_free(struct steward **steward);
uint16_t steward_metrics_port(const struct steward *steward);
