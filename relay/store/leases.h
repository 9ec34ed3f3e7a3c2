/* leases: the beat of a courier, and the table of all. */
#pragma once

#include "relay/rules/lease.h"
#include "relay/store/store.h"

struct leases_beat {
    const char *nonce, *name;
    bool first;                     /* of this nonce: its entry is made */
    uint64_t give;                  /* bit s: shard s is given back */
    const struct lease_entry *bury; /* those of them whose beat is the same still */
    size_t bury_n;
    bool leave; /* after all that, the entry goes, too */
};

/* err OK: the table as it is after that, borrowed during the callback. ERR_FENCED: this entry was
 * buried, or a later start of the same name has taken its place; nothing was done. ERR_REDIS,
 * ERR_REDIS_REPLY: unknown; table is NULL for all of these. Copies what it is given. */
typedef void (*leases_cb)(void *arg, enum err err, const struct lease_table *table);
void leases_beat(struct store *store, const struct leases_beat *beat, leases_cb cb, void *arg);
