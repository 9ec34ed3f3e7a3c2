/* redis: one asynchronous connection to Redis (or Valkey), which comes back by itself.
 *
 * hiredis gives no time-outs and a hung Redis no callback: every command has a deadline of ours,
 * and a command that misses it takes the connection down (its outcome is then unknown). While there
 * is no connection, commands fail in a later turn with ERR_REDIS; none is queued. */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct redis;
struct redis_reply; /* borrowed during the callback */

enum redis_kind { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_LIST, REDIS_ERROR };

/* err: ERR_OK, ERR_REDIS (no answer: outcome unknown or never sent), ERR_REDIS_REPLY (Redis
 * answered with an error; its text is in the reply). reply is NULL with ERR_REDIS. */
typedef void (*redis_cb)(void *arg, enum err err, const struct redis_reply *reply);
/* The connection is up (authenticated, database selected, PING answered, and before any other
 * command can be sent on it), or went away. A Redis that is still loading its data is not up. */
typedef void (*redis_state_cb)(void *arg, bool up);

struct redis_config {
    const char *url;    /* `redis://[user:password@]host:6379/0`, `unix:/path` (database 0), or
                         * `sentinel://host:26379,host:26379/name`; copied */
    int64_t command_ms; /* deadline of a command */
    redis_state_cb on_state;
    void *arg;
};

/* Starts connecting; back-off 100 ms doubling to 5 s, jittered. ERR_URL if url is not one. */
enum err redis_new(struct loop *loop, const struct redis_config *config, struct redis **ret);
/* Outstanding callbacks get ERR_REDIS during this call; on_state is not called. Accepts NULL
 * inside. */
void redis_free(struct redis **redis);
bool redis_is_up(const struct redis *redis);
/* Why there is no connection, in the words of the system or of Redis, for the log; empty while up.
 * Borrowed until the state changes. */
const char *redis_trouble(const struct redis *redis);
/* Drops the connection and connects anew (outcomes unknown; callbacks come in a later turn). */
void redis_reset(struct redis *redis);

/* argv: n spans, copied. The callback comes in a later turn, exactly once. extra_ms is added to the
 * deadline (for XREAD BLOCK). */
void redis_call(struct redis *redis, const struct span *argv, size_t n, int64_t extra_ms,
                redis_cb cb, void *arg);

/* As a command that finds no connection: ERR_REDIS in a later turn, or during redis_free(). For
 * whoever must not send it now. */
void redis_refuse(struct redis *redis, redis_cb cb, void *arg);

/* A Lua script: loaded at need (NOSCRIPT: SCRIPT LOAD, then once more). A call that had to load it
 * runs after commands that were sent later. */
struct redis_script {
    const char *name;
    const char *text;
    char sha[41]; /* filled at first use, from the answer of SCRIPT LOAD */
};
/* EVALSHA sha 0 argv...: the scripts name their keys themselves (all carry one hash tag). */
void redis_script(struct redis *redis, struct redis_script *script, const struct span *argv,
                  size_t n, redis_cb cb, void *arg);

/* A reply that outlives its callback; reply_free() accepts NULL inside. */
struct redis_reply *reply_copy(const struct redis_reply *r);
void reply_free(struct redis_reply **r);

/* All of these take NULL as a reply of nothing. */
enum redis_kind reply_kind(const struct redis_reply *r);
int64_t reply_int(const struct redis_reply *r);      /* an integer, or text that is one; else 0 */
struct span reply_text(const struct redis_reply *r); /* text or error; else absent */
size_t reply_len(const struct redis_reply *r);       /* of a list; else 0 */
const struct redis_reply *reply_at(const struct redis_reply *r, size_t i); /* NULL beyond the end */
/* In a flat list name, value, name, value ...: the value, or NULL. */
const struct redis_reply *reply_field(const struct redis_reply *r, const char *name);

/* Commands sent on all connections of this process. */
uint64_t redis_commands_sent(void);
/* From now on they are counted under this number of the table of metrics, too. */
void redis_meter(size_t metric);
