/* pilots: of which end somebody was warned, so that each warning is given once, whoever restarts.
 */
#pragma once

#include "relay/store/store.h"

/* Called once for each that something is kept of, with its name and what is kept, then once with an
 * absent name and err: OK, REDIS, UNREADABLE (it is not what it should be). Borrowed during the
 * callback. */
typedef void (*pilots_cb)(void *arg, enum err err, struct span pilot, struct span warned);
void pilots_warned(struct store *store, pilots_cb cb, void *arg);

/* was: what is kept (absent: nothing); is: what is to be kept (absent: nothing any more). All
 * copied. */
struct pilots_warn {
    struct span pilot, was, is;
};
/* OK: it is put down, as durable as an accepted activity; ERR_AGAIN: something else is kept;
 * REDIS, UNREADABLE. */
typedef void (*pilots_warn_cb)(void *arg, enum err err);
void pilots_warn(struct store *store, const struct pilots_warn *warn, pilots_warn_cb cb, void *arg);
