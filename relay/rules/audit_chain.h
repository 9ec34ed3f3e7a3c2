/* audit_chain: whether lines of the audit log are those that were written: each names the number
 * that follows, and the SHA-256 of the line before it. A line that was changed, put in or taken out
 * breaks the chain there. That lines are gone at the end, or that all was written anew, shows only
 * against a head that was kept elsewhere: the relay logs one each day. */
#pragma once

#include "common/pure/bytes.h"

enum { AUDIT_HASH_SIZE = 65 };
/* SHA-256 as hex digits; handed in: no rule makes hashes. */
typedef void (*audit_hash)(struct span text, char ret[AUDIT_HASH_SIZE]);

/* Starts with its hash_of alone: then the next line must be the first of all. */
struct audit_chain {
    audit_hash hash_of;
    uint64_t n;                 /* of the line that was taken last */
    char hash[AUDIT_HASH_SIZE]; /* of it: the head */
};
/* The next line, as it was written. False: the chain is broken; why is given a sentence that names
 * the first line that is not as it was. */
bool audit_chain_take(struct audit_chain *chain, struct span line, struct bytes *why);
