/* verify: whether what a Redis or a backup holds is a journal that can be relied on: what it says
 * of itself is so, nothing is missing between the first line and the last, and everything can be
 * read. It is told key by key, in the order of holdings_read(). */
#pragma once

#include "relay/rules/audit_chain.h"
#include "relay/store/holdings.h"
#include "relay/store/store.h"

enum { VERIFY_FINDINGS_MAX = 200 }; /* that are kept; the others are counted */

struct verify_report {
    char id[STORE_ID_SIZE]; /* of the journal; empty: there is none */
    char owner[512];        /* whose it is; empty: not said */
    uint64_t schema, shards, epoch, n, floor, body_floor;
    uint64_t keys, lines, entries, bodies, members, cursors, records, mail, objects;
    uint64_t audit;  /* lines of the audit log */
    uint64_t holds;  /* items that wait for a person, or did lately */
    uint64_t behind; /* cursors behind the floor: a gap will be recorded for each */
    uint64_t gone;   /* entries whose body is not kept any more, or was taken back */
    size_t findings_n;
    struct bytes findings; /* one a line: `KEY: what is wrong` */
};

struct verify;
/* hash_of: what the audit log is chained with. */
struct verify *verify_new(audit_hash hash_of);
void verify_free(struct verify **verify);
/* One key, or a part of one. Always ERR_OK: what is wrong is found, and it goes on. */
enum err verify_take(void *verify, const struct holding *holding);
/* That was all: what can only be said at the end is found now. Borrowed. */
const struct verify_report *verify_end(struct verify *verify);
