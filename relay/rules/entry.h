/* entry: one line of the journal: an accepted activity's facts, without its body. Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/outgoing.h"

enum { ENTRY_HASH_SIZE = 33 };

/* One allocation holds the entry and its texts; shared by count. */
struct entry {
    unsigned refs;
    uint64_t n;    /* its number in the journal */
    int64_t at_ms; /* accepted */
    struct outgoing_facts facts;
    char announce[ENTRY_HASH_SIZE]; /* hash that our Announce's id is made of; empty: never
                                       announced */
    struct span audience;           /* zone names, comma-separated */
    struct span origin;             /* host that signed it: nothing goes back there */
    struct span object_host;        /* host of the object; nothing goes there either */
    struct span id;                 /* of the activity */
    struct span object;             /* canonical id of the object */
    size_t body_len;
};

/* Copies the texts of `from`; refs is 1. */
struct entry *entry_new(const struct entry *from);
struct entry *entry_ref(struct entry *entry);
/* Gives one reference back (from entry_new() or entry_ref()) and clears the pointer; accepts NULL
 * inside. */
void entry_unref(struct entry **entry);
