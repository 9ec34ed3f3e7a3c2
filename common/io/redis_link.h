/* redis_link: one connection to a Redis, for redis.c alone: hiredis's asynchronous half on our
 * loop.
 *
 * It never comes back by itself and knows no deadlines. Events come from the loop, never from
 * inside a call here; after `gone` and after redis_link_close() there are none. */
#pragma once

#include "common/io/loop.h"
#include "common/io/redis.h"

struct redis_link;

struct redis_link_events {
    void (*opened)(void *arg);
    void (*replied)(void *arg, const struct redis_reply *reply); /* to the oldest command */
    /* The connection failed or ended, and the link frees itself; why is borrowed. */
    void (*gone)(void *arg, const char *why);
};

/* Begins to connect: to a Unix socket (port 0) or a numeric address. NULL if that fails at once,
 * with a reason in why. events must outlive it. */
struct redis_link *redis_link_new(struct loop *loop, const char *where, uint16_t port,
                                  const struct redis_link_events *events, void *arg,
                                  struct bytes *why);
/* Copies a command into the buffer that is written when the socket is next polled: one write for a
 * turn. False if the connection is ending: no reply will come, `gone` will. */
bool redis_link_send(struct redis_link *link, const struct span *argv, size_t n);
/* Closes and frees, now or when hiredis is off the stack; accepts NULL inside. */
void redis_link_close(struct redis_link **link);
