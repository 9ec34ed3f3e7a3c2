/* redis_url: where a Redis is, from the text of a setting. For redis.c alone. */
#pragma once

#include "common/pure/err.h"

enum { REDIS_PATH_SIZE = 108, REDIS_HOST_SIZE = 256, REDIS_SECRET_SIZE = 512 };

struct redis_place {
    char path[REDIS_PATH_SIZE]; /* of a Unix socket; empty: host and port */
    char host[REDIS_HOST_SIZE]; /* a name or an address without brackets */
    uint16_t port;
    uint16_t database;
    bool has_password;
    char user[REDIS_SECRET_SIZE]; /* empty: the default user */
    char password[REDIS_SECRET_SIZE];
};

/* `unix:PATH` or `redis://[[user]:password@]host[:port][/database]`; user and password are
 * percent-decoded. ERR_URL on anything else: `rediss://` too, hiredis 0.14 has no TLS. */
enum err redis_place_read(struct span url, struct redis_place *ret);
