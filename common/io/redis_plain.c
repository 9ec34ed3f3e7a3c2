/* redis_plain: hiredis's blocking half, with deadlines, and the snapshot that SYNC sends.
 * May not know: key names, what a command means. */
#include "common/io/redis_plain.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/redis_url.h"

enum { CHUNK = 64 * 1024, SNAPSHOT_PATIENCE_MS = 600 * 1000, ARGS_BEFORE = 3 };

struct redis_plain {
    redisContext *context;
    redisReply *reply; /* the last answer */
    int database;
};

static enum err take(struct redis_plain *p, const struct redis_reply **ret)
{
    void *reply = NULL;
    if (p->reply)
        freeReplyObject(p->reply);
    p->reply = NULL;
    *ret = NULL;
    if (redisGetReply(p->context, &reply) != REDIS_OK || !reply)
        return ERR_REDIS;
    p->reply = reply;
    *ret = reply;
    return p->reply->type == REDIS_REPLY_ERROR ? ERR_REDIS_REPLY : ERR_OK;
}

enum err redis_plain_take(struct redis_plain *p, const struct redis_reply **ret)
{
    return take(p, ret);
}

enum err redis_plain_send(struct redis_plain *p, const struct span *argv, size_t n)
{
    const char **words = mem_new(n * sizeof(*words));
    size_t *lengths = mem_new(n * sizeof(*lengths));
    for (size_t i = 0; i < n; i++) {
        words[i] = argv[i].p ? argv[i].p : "";
        lengths[i] = argv[i].n;
    }
    int done = redisAppendCommandArgv(p->context, (int)n, words, lengths);
    free(words);
    free(lengths);
    return done == REDIS_OK ? ERR_OK : ERR_REDIS;
}

enum err redis_plain_call(struct redis_plain *p, const struct span *argv, size_t n,
                          const struct redis_reply **ret)
{
    *ret = NULL;
    enum err e = redis_plain_send(p, argv, n);
    return e == ERR_OK ? take(p, ret) : e;
}

enum err redis_plain_script(struct redis_plain *p, const struct redis_script *script,
                            const struct span *argv, size_t n, const struct redis_reply **ret)
{
    struct span *words = mem_new((ARGS_BEFORE + n) * sizeof(*words));
    words[0] = SPAN("EVAL");
    words[1] = span_of(script->text);
    words[2] = SPAN("0");
    for (size_t i = 0; i < n; i++)
        words[ARGS_BEFORE + i] = argv[i];
    enum err e = redis_plain_call(p, words, ARGS_BEFORE + n, ret);
    free(words);
    return e;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* What Redis or the system said, without what was asked: that may hold a password. */
static void add_reason(const struct redis_plain *p, const struct redis_reply *reply,
                       struct bytes *why)
{
    struct span said = reply_text(reply);
    if (said.p)
        bytes_addf(why, "%.*s", SPAN_ARG(said));
    else
        bytes_add_str(why, p->context->errstr[0] ? p->context->errstr : "no answer");
}

static enum err ask(struct redis_plain *p, const struct span *argv, size_t n, struct bytes *why)
{
    const struct redis_reply *reply;
    enum err e = redis_plain_call(p, argv, n, &reply);
    if (e == ERR_OK)
        return ERR_OK;
    add_reason(p, reply, why);
    return ERR_REDIS;
}

static enum err greet(struct redis_plain *p, const struct redis_place *place, struct bytes *why)
{
    char number[16];
    const struct span auth[] = {SPAN("AUTH"), span_of(place->user), span_of(place->password)};
    const struct span plain_auth[] = {SPAN("AUTH"), span_of(place->password)};
    const struct span ping[] = {SPAN("PING")};
    enum err e = ERR_OK;
    snprintf(number, sizeof(number), "%d", p->database);
    const struct span database[] = {SPAN("SELECT"), span_of(number)};
    if (place->has_password && place->user[0])
        e = ask(p, auth, 3, why);
    else if (place->has_password)
        e = ask(p, plain_auth, 2, why);
    if (e == ERR_OK && p->database)
        e = ask(p, database, 2, why);
    return e == ERR_OK ? ask(p, ping, 1, why) : e;
}

/* The master's address, as the first of the sentinels that answers has it. */
static bool ask_sentinels(struct redis_place *place, const struct timeval *patience)
{
    for (unsigned i = 0; i < place->sentinels_n; i++) {
        const struct redis_door *door = &place->sentinels[i];
        redisContext *c = redisConnectWithTimeout(door->host, door->port, *patience);
        redisReply *said = NULL;
        uint64_t port = 0;
        bool found = false;
        if (c && !c->err && redisSetTimeout(c, *patience) == REDIS_OK)
            said = redisCommand(c, "SENTINEL get-master-addr-by-name %s", place->service);
        const struct redis_reply *reply = (const struct redis_reply *)said;
        found =
            span_u64(reply_text(reply_at(reply, 1)), UINT16_MAX, &port) &&
            span_copy(reply_text(reply_at(reply, 0)), place->door.host, sizeof(place->door.host));
        place->door.port = (uint16_t)port;
        if (said)
            freeReplyObject(said);
        if (c)
            redisFree(c);
        if (found)
            return true;
    }
    return place->sentinels_n == 0;
}

static redisContext *reach(const struct redis_place *place, const struct timeval *patience)
{
    if (place->path[0])
        return redisConnectUnixWithTimeout(place->path, *patience);
    return redisConnectWithTimeout(place->door.host, place->door.port, *patience);
}

enum err redis_plain_new(const char *url, int database, int64_t command_ms, struct bytes *why,
                         struct redis_plain **ret)
{
    struct redis_place place;
    const struct timeval patience = {command_ms / 1000, command_ms % 1000 * 1000};
    enum err e = redis_place_read(span_of(url), &place);
    *ret = NULL;
    if (e != ERR_OK) {
        bytes_add_str(why, err_title(e));
        return e;
    }
    if (!ask_sentinels(&place, &patience)) {
        bytes_add_str(why, "no sentinel answers, or none knows a master of that name");
        return ERR_REDIS;
    }
    struct redis_plain *p = mem_new(sizeof(*p));
    p->database = database < 0 ? place.database : database;
    p->context = reach(&place, &patience);
    if (!p->context || p->context->err || redisSetTimeout(p->context, patience) != REDIS_OK) {
        bytes_add_str(why, p->context ? p->context->errstr : "no memory");
        e = ERR_REDIS;
    } else {
        e = greet(p, &place, why);
    }
    if (e == ERR_OK)
        *ret = p;
    else
        redis_plain_free(&p);
    return e;
}

void redis_plain_free(struct redis_plain **plain)
{
    struct redis_plain *p = *plain;
    *plain = NULL;
    if (!p)
        return;
    if (p->reply)
        freeReplyObject(p->reply);
    if (p->context)
        redisFree(p->context);
    free(p);
}

int redis_plain_database(const struct redis_plain *p)
{
    return p->database;
}

/* --- the snapshot ----------------------------------------------------------------------------- */

/* Up to n bytes; 0: the other side is silent for too long, or gone. */
static size_t some(int fd, char *to, size_t n)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, SNAPSHOT_PATIENCE_MS) <= 0)
        return 0;
    ssize_t got = recv(fd, to, n, 0);
    return got > 0 ? (size_t)got : 0;
}

/* The first line that is not empty: empty ones say only that Redis is still at it. */
static bool first_line(int fd, char *line, size_t size, struct span *ret)
{
    size_t n = 0;
    while (n < size && some(fd, line + n, 1)) {
        if (line[n] != '\n') {
            n++;
            continue;
        }
        n -= n && line[n - 1] == '\r';
        *ret = (struct span){line, n};
        if (n)
            return true;
    }
    return false;
}

/* `$LENGTH` of what follows. */
static enum err announced(int fd, uint64_t *ret, struct bytes *why)
{
    char line[256];
    struct span said;
    if (!first_line(fd, line, sizeof(line), &said)) {
        bytes_add_str(why, "Redis sends no snapshot");
        return ERR_REDIS;
    }
    if (span_starts(said, SPAN("$")) &&
        span_u64((struct span){said.p + 1, said.n - 1}, INT64_MAX, ret))
        return ERR_OK;
    bytes_addf(why, "Redis refuses a snapshot (SYNC): %.*s", SPAN_ARG(said));
    return ERR_REDIS_REPLY;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

enum err redis_plain_snapshot(struct redis_plain *p, int fd, struct bytes *why)
{
    static const char sync[] = "SYNC\r\n";
    uint64_t left = 0;
    const int from = p->context->fd;
    if (send(from, sync, sizeof(sync) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(sync) - 1) {
        bytes_add_str(why, "the connection to Redis is gone");
        return ERR_REDIS;
    }
    enum err e = announced(from, &left, why);
    char *chunk = mem_new(CHUNK);
    while (e == ERR_OK && left) {
        size_t n = some(from, chunk, left < CHUNK ? (size_t)left : CHUNK);
        if (!n) {
            bytes_add_str(why, "Redis went away in the middle of its snapshot");
            e = ERR_REDIS;
        } else if (!write_all(fd, chunk, n)) {
            bytes_addf(why, "the snapshot can't be written: %s", strerror(errno));
            e = ERR_FILE;
        }
        left -= n;
    }
    free(chunk);
    return e;
}
