/* promise: scripts whose answer counts only once enough replicas have what was written (ENGINE 10,
 * 12a).
 *
 * Redis's WAIT holds up the connection that it is sent on. So these scripts have two of their own,
 * and while one of them waits, the next go to the other: those of a turn share one WAIT. Replicas
 * that are slow or gone hold up nothing but what is promised. */
#pragma once

#include "common/io/redis.h"

struct promise;
struct words;

struct promise_config {
    const char *url;
    int64_t command_ms; /* half of it is what WAIT waits */
    int64_t replicas;   /* at least 1 */
    /* Only so many had it in time. */
    void (*on_short)(void *arg, int64_t replicas);
    void *arg;
};

/* Starts connecting. ERR_URL if the url is not one. */
enum err promise_new(struct loop *loop, const struct promise_config *config, struct promise **ret);
/* Outstanding callbacks get ERR_REDIS during this call. Accepts NULL inside. */
void promise_free(struct promise **promise);
/* Whether at least one of the connections is up. */
bool promise_is_up(const struct promise *promise);
/* Connects anew: the master may be another one. */
void promise_reset(struct promise *promise);
/* As words_call(); and ERR_REDIS, too, where too few replicas had all that the script found and
 * wrote: it may be written all the same. */
void promise_call(struct promise *promise, struct words *words, struct redis_script *script,
                  redis_cb cb, void *arg);
