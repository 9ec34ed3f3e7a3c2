/* redis_plain: a connection to Redis that waits for its answers: for a verb that works by itself
 * and has no loop to keep alive meanwhile. Its answers are read like those of redis.h. */
#pragma once

#include "common/io/redis.h"

struct redis_plain;

/* Connects, authenticates, selects the database (number below 0: the one that the url names), and
 * waits until Redis has loaded its data. Deadline: of connecting, and of every answer. ERR_URL;
 * ERR_REDIS with a reason in why: also while Redis still loads (then it may be tried again). */
enum err redis_plain_new(const char *url, int database, int64_t command_ms, struct bytes *why,
                         struct redis_plain **ret);
/* Accepts NULL inside. */
void redis_plain_free(struct redis_plain **plain);
/* The database that was selected. */
int redis_plain_database(const struct redis_plain *plain);

/* One command and its answer, borrowed until the next call. ERR_REDIS: no answer, and there will be
 * none any more; ERR_REDIS_REPLY: an error, whose text is in the reply. */
enum err redis_plain_call(struct redis_plain *plain, const struct span *argv, size_t n,
                          const struct redis_reply **ret);
/* The same for a script. */
enum err redis_plain_script(struct redis_plain *plain, const struct redis_script *script,
                            const struct span *argv, size_t n, const struct redis_reply **ret);

/* Many at once: puts a command on its way, or takes the answer to the oldest one that has none. */
enum err redis_plain_send(struct redis_plain *plain, const struct span *argv, size_t n);
enum err redis_plain_take(struct redis_plain *plain, const struct redis_reply **ret);

/* Writes all that this Redis holds into a file, as of one moment, while it goes on working: it
 * sends what it would send to a replica (SYNC), in its own format, which a redis-server of its
 * version or a newer one reads. The connection is of no use afterwards. ERR_REDIS_REPLY: it may
 * not, or will not; ERR_FILE: the file can't be written; a reason in why. */
enum err redis_plain_snapshot(struct redis_plain *plain, int fd, struct bytes *why);
