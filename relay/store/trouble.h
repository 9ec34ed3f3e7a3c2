/* trouble: the states that a Redis can be in but well, each by its name: in the log, and as the
 * label of a metric. What Weir does in each is told in the table. */
#pragma once

#include "common/pure/span.h"

/* Columns: name, text, how Redis's answer or the system's word begins, what it means.
 * In all of them the inbox answers 503 with Retry-After and loses nothing; attempts that were
 * answered keep their result until it can be written (courier_away.c). */
#define TROUBLE_TABLE(X)                                                                           \
    X(AWAY, "away", NULL, "no connection; tried again and again")                                  \
    X(SLOW, "slow", "no answer in time", "hung or too slow; the connection is given up")           \
    X(LOADING, "loading", "LOADING", "reads its files; waited for")                                \
    X(READONLY, "read-only", "READONLY", "a replica; the master is looked for anew")               \
    X(MASTERDOWN, "master-down", "MASTERDOWN", "a replica without its master; the same")           \
    X(MEMORY, "memory", "OOM", "full; what drains it runs all the same")                           \
    X(BUSY, "busy", "BUSY ", "a script of somebody runs too long; waited for")                     \
    X(DISK, "disk", "MISCONF", "can't write its files; waited for")                                \
    X(TYPE, "wrong-type", "WRONGTYPE", "a key is not what it should be; what needs it stops")      \
    X(REPLICAS, "replicas", "NOREPLICAS", "fewer replicas have it than were asked for")            \
    X(DENIED, "denied", "NO", "a password or a right is missing")                                  \
    X(PROTOCOL, "protocol", "Protocol error", "no Redis speaks so; the connection is given up")    \
    X(LOST, "lost", NULL, "it forgot what it had answered: a power cut or a failover")             \
    X(EMPTY, "empty", NULL, "it holds no journal any more; waited for until that is back")         \
    X(PROMISE, "promise", NULL, "it promises less than is asked of it, or evicts; waited for")     \
    X(OTHER, "other", NULL, "an answer without a name")

enum trouble {
#define X(name, text, begins, help) TROUBLE_##name,
    TROUBLE_TABLE(X)
#undef X
        TROUBLE_COUNT
};

const char *trouble_name(enum trouble trouble);
/* By the error that Redis answered (OTHER where it is none of these), or by the reason for which a
 * connection went away (AWAY then). */
enum trouble trouble_of_answer(struct span error);
enum trouble trouble_of_connection(const char *why);
/* Whether what Redis refused for that was not done, and may be done when it is over. */
bool trouble_passes(enum trouble trouble);
