/* admin_freeze: what the files of the freeze share, and nobody else sees. */
#pragma once

#include "relay/admin_inner.h"
#include "relay/rules/freeze.h"

enum { WAITING_HOSTS_MAX = 20, WAITING_LINES = 1000 };

/* What waits behind a boundary that was frozen after it was accepted. */
struct waiting {
    struct freeze freeze;
    void (*done)(struct call *call, enum err err); /* once; the call is to be ended then */
    size_t deliveries, hosts_n;
    bool whole; /* that is all: nobody is further behind than was looked */
    struct waiting_host {
        char host[MEMBER_HOST_SIZE];
        size_t n;
    } list[WAITING_HOSTS_MAX]; /* those with most first */
    uint64_t after;            /* looked at: the lines behind this one */
    struct gates gate;         /* this one alone */
    struct entry *entries[WAITING_LINES];
    size_t entries_n;
};

/* Counts in the newest lines before the freeze. call->waiting has freeze and done, is zero but for
 * these, and lives until done. */
void waiting_count(struct call *call);
/* As members of an object that is open. */
void waiting_write(const struct waiting *waiting, struct json_writer *w);
void waiting_free(struct waiting **waiting);
