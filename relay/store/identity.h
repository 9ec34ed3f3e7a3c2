/* identity: what the data directory knows of the journal: its id, and the newest epoch. With it a
 * Redis that lost the journal, or holds another, is noticed (ENGINE 3c). */
#pragma once

#include <stdint.h>

#include "relay/store/store.h"

struct identity_kept {
    char id[STORE_ID_SIZE]; /* empty: there is no such file */
    uint64_t epoch;         /* 0: not known */
};

/* A file that is there and tells nothing must not pass for none: its id is `unreadable`, which no
 * journal has. */
void identity_load(const char *path, struct identity_kept *ret);
/* Written beside and renamed. Several processes may save at once, each a file of its own: all of
 * them say the same. False: errno says why. */
bool identity_save(const char *path, const struct identity_kept *kept);
