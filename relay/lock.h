/* lock: one relay for each data directory, whatever the process ids say. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

/* Two files in the data directory, each under a lock that lives as long as somebody has it open:
 * `lock` is the master's alone, `lock.roles` is handed down to everything that it starts. */
struct lock {
    int own, roles; /* -1: not held */
};

/* ERR_FILE with a reason if another relay runs there, or the directory is not one. What an earlier
 * relay, killed a moment ago, had started may still be going down: it is waited for (at most 10 s,
 * and the log says so), in this call. */
enum err lock_take(const char *data_dir, struct bytes *why, struct lock *ret);
void lock_drop(struct lock *lock);
