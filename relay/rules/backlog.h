/* backlog: destinations that have not everything, as they are listed: the furthest behind first,
 * and no more than anybody reads. Pure. */
#pragma once

#include "relay/rules/cursor.h"
#include "relay/rules/member.h"

struct backlog_row {
    char host[MEMBER_HOST_SIZE], zone[MEMBER_ZONE_SIZE];
    const char *code;     /* as of what waits: see trace.h */
    struct cursor cursor; /* its lists are somebody else's */
    size_t waiting;
    bool whole;      /* that is all of it */
    bool unread;     /* nothing but its name could be read */
    bool subscribed; /* it is sent what waits: neither suspended nor held by an operator */
    int64_t oldest_ms;
};

enum { BACKLOG_MOST = 1000 };
struct backlog { /* all zero: nothing is in it yet */
    struct backlog_row *rows;
    size_t n, cap;
    size_t left_out; /* rows that are not kept: none of them is further behind than one that is */
};

void backlog_fini(struct backlog *backlog);
/* Copies the row. Not more than twice BACKLOG_MOST are held at any time. */
void backlog_add(struct backlog *backlog, const struct backlog_row *row);
/* All were added: those that are kept stand in their order, the lowest cursor first; of one place,
 * by host. */
void backlog_close(struct backlog *backlog);
