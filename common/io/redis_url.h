/* redis_url: where a Redis is, from the text of a setting. For redis.c alone. */
#pragma once

#include "common/pure/err.h"

enum {
    REDIS_PATH_SIZE = 108,
    REDIS_HOST_SIZE = 256,
    REDIS_SECRET_SIZE = 512,
    REDIS_SERVICE_SIZE = 128,
    REDIS_SENTINELS_MAX = 8
};

struct redis_door {
    char host[REDIS_HOST_SIZE]; /* a name or an address without brackets */
    uint16_t port;
};

struct redis_place {
    char path[REDIS_PATH_SIZE]; /* of a Unix socket; empty: host and port */
    struct redis_door door;     /* of the Redis, where it is not Sentinel that knows */
    struct redis_door sentinels[REDIS_SENTINELS_MAX];
    unsigned sentinels_n;             /* 0: the door is known */
    char service[REDIS_SERVICE_SIZE]; /* what these call the master that is meant */
    uint16_t database;
    bool has_password;
    char user[REDIS_SECRET_SIZE]; /* empty: the default user */
    char password[REDIS_SECRET_SIZE];
};

/* `unix:PATH`, `redis://[[user]:password@]host[:port][/database]`, or
 * `sentinel://[[user]:password@]host[:port],host[:port].../name[/database]`; user and password are
 * those of the Redis, percent-decoded. ERR_URL on anything else: `rediss://` too, hiredis 0.14 has
 * no TLS. */
enum err redis_place_read(struct span url, struct redis_place *ret);
