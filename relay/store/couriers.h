/* couriers: who delivers, machine by machine, and how many replicas follow: for people. */
#pragma once

#include "relay/rules/lease.h"
#include "relay/store/store.h"

/* All couriers of one machine. */
struct couriers_machine {
    char name[LEASE_NAME_SIZE]; /* as machine.h has it; empty: they have none */
    unsigned couriers, shards;
};

struct couriers {
    struct couriers_machine list[LEASES_MAX]; /* by name */
    size_t n;
    unsigned nobodys;  /* shards that nobody owns now */
    uint64_t replicas; /* of Redis, that follow now */
};

/* ERR_REDIS, ERR_REDIS_REPLY: couriers is NULL. Borrowed during the callback. */
typedef void (*couriers_cb)(void *arg, enum err err, const struct couriers *couriers);
void couriers_read(struct store *store, couriers_cb cb, void *arg);
