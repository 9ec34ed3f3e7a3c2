/* role_main: the main of a process that has one role. */
#pragma once

#include "relay/role.h"

/* Runs until it is told to end (SIGTERM); answers the exit code. path: what the configuration is
 * called; couriers: how many there are in all. Started by a master alone (see role.h). */
int role_main(enum role role, unsigned slot, unsigned couriers, const char *path);
/* The slot on the page of metrics; 0 is the master's. */
size_t role_page(enum role role, unsigned slot, unsigned fronts);
