/* admin: the HTTP API for operators, on a Unix socket in the data directory: what the command line
 * talks to, and a dashboard later. Who can open the socket is an operator. */
#pragma once

#include "relay/context.h"

struct admin;

struct admin_config {
    struct context *context;
    bool watches; /* another machine's steward tells which configuration the relay goes by */
    /* Asks for the configuration to be read anew; admin_reloaded() says what became of it. */
    void (*reload)(void *arg);
    /* An end date, of a member or a freeze, may have changed: look at the calendar again. */
    void (*changed)(void *arg);
    void *arg;
};

/* ERR_FILE with a reason if the socket can't be made. */
enum err admin_new(const struct admin_config *config, struct bytes *why, struct admin **ret);
/* Tells all who asked since the last time: OK, or why it was refused. */
void admin_reloaded(struct admin *admin, enum err err, struct span why);
/* Another configuration was taken: its digest was `before` until now. */
void admin_config_taken(struct admin *admin, const char *before);
void admin_free(struct admin **admin);
