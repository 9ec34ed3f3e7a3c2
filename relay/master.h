/* master: starts the roles, watches over them, and ends them. */
#pragma once

#include "relay/config/config.h"

/* Runs the relay until it is told to end; answers the exit code. Takes the config; text is what it
 * was read from. couriers: 0: all roles in this process. */
int master_main(struct config **config, struct span text, unsigned couriers);
