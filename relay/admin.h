/* admin: the HTTP API for operators, on a Unix socket in the data directory: what the command line
 * talks to, and a dashboard later. Who can open the socket is an operator. */
#pragma once

#include "relay/context.h"

struct admin;

struct admin_config {
    struct context *context;
    /* Reads the configuration anew; the reason in why where it is refused. */
    enum err (*reload)(void *arg, struct bytes *why);
    /* A member's end date may have changed: look at the calendar again. */
    void (*changed)(void *arg);
    void *arg;
};

/* ERR_FILE with a reason if the socket can't be made. */
enum err admin_new(const struct admin_config *config, struct bytes *why, struct admin **ret);
void admin_free(struct admin **admin);
