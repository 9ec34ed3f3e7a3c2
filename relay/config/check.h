/* check: what must hold of the settings of one file beyond the bounds of each. */
#pragma once

#include "relay/config/config.h"
#include "relay/config/mistakes.h"

struct checks {
    struct config *config;
    struct mistakes *mistakes;
    struct place root;                  /* of the whole file: for what is missing */
    struct place at[SETTING_COUNT_ALL]; /* of each value; {0}: not in the file */
    bool bad[SETTING_COUNT_ALL];        /* complained about already */
};

/* Adds a mistake for whatever does not hold, and fills what is derived: data_dir, the sockets,
 * https, authority, and url in its normal form. */
void checks_run(struct checks *c);
