/* admin_traced: entries by number, what is known of the destinations of each, and every member:
 * what a trace is made of. For the files of the admin. */
#pragma once

#include "relay/admin_inner.h"

enum { TRACED_MAX = LEDGER_ENTRIES_MAX + 1 };

struct traced {
    uint64_t n;
    struct entry *entry; /* NULL: it is not in the journal any more */
    struct book *book;   /* as of one moment, after the entry was read */
};

struct traced_set {
    size_t n, at; /* entries; the one at hand */
    struct traced list[TRACED_MAX];
    /* Once for each member, then once with NULL: then the call is to be ended. unread: nothing but
     * its name can be read. */
    void (*member)(struct call *call, const struct member *member, bool unread);
};

/* Reads what belongs to the numbers in set, which lives as long as the call; set->n of them, at
 * least one. If something goes wrong the call is ended, with ERR_NOT_KNOWN where a number is no
 * entry's. */
void traced_read(struct call *call, struct traced_set *set);
void traced_fini(struct traced_set *set);
