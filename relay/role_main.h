/* role_main: the main of a process that has one role. */
#pragma once

#include "relay/role.h"

struct role_start {
    enum role role;
    unsigned slot;         /* which of its kind */
    unsigned couriers;     /* how many there are on this machine */
    struct role_set house; /* what this machine does */
    const char *path;      /* what the configuration is called */
};

/* Runs until it is told to end (SIGTERM); answers the exit code. Started by a master alone (see
 * role.h). */
int role_main(const struct role_start *start);
/* The slot on the page of metrics; 0 is the master's. */
size_t role_page(enum role role, unsigned slot, unsigned fronts);
