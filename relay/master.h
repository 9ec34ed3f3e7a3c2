/* master: starts the roles, watches over them, and ends them. */
#pragma once

#include "relay/config/config.h"
#include "relay/role.h"

/* Runs the relay until it is told to end; answers the exit code. Takes the config; text is what it
 * was read from. house: what this machine does; where the steward is not in it, one that only
 * watches is there all the same. couriers: how many, if they are in it; 0: all roles in this
 * process. */
int master_main(struct config **config, struct span text, const struct role_set *house,
                unsigned couriers);
