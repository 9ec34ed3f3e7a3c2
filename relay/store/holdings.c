/* holdings: lists our keys, and reads each as its kind wants.
 *
 * Short keys are asked for many at once; streams and sorted sets page by page.
 * May not know: what the keys are for, but for those that must come first, or are left out. */
#include "relay/store/holdings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/store_inner.h"

enum { AT_ONCE = 128, STREAM_PAGE = 500, SCORED_PAGE = 2000 };

static const struct span prefix = {KEY(""), sizeof(KEY("")) - 1};

static const char *const kinds[] = {
#define X(name, text) text,
    HOLDING_KINDS(X)
#undef X
};

const char *holding_kind_name(enum holding_kind kind)
{
    return kinds[kind];
}

enum holding_kind holding_kind_by_name(struct span name)
{
    return (enum holding_kind)span_among(name, kinds, HOLDING_KIND_COUNT);
}

/* --- which keys there are --------------------------------------------------------------------- */

struct key {
    char *name;             /* in full */
    unsigned rank;          /* what has a lower one comes before */
    enum holding_kind kind; /* HOLDING_KIND_COUNT: it is not there */
    int64_t expires_ms;
};

struct keys {
    struct key *list;
    size_t n, cap;
};

static const char *const first[] = {KEY("log"), KEY("epochs"), KEY("marks"), KEY("N"), KEY("U")};
enum { FIRST_N = sizeof(first) / sizeof(*first) };

static unsigned rank_of(struct span name)
{
    return (unsigned)span_among(name, first, FIRST_N);
}

static bool left_out(struct span name)
{
    return span_eq_str(name, KEY("lease")) || span_eq_str(name, KEY("restoring")) ||
           span_starts(name, SPAN(KEY("key:")));
}

static void add_key(struct keys *keys, struct span name)
{
    if (keys->n == keys->cap) {
        keys->cap = keys->cap ? 2 * keys->cap : 1024;
        keys->list = mem_grow(keys->list, keys->cap * sizeof(*keys->list));
    }
    keys->list[keys->n++] = (struct key){.name = mem_copy(name), .rank = rank_of(name)};
}

static void keys_fini(struct keys *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        free(keys->list[i].name);
    free(keys->list);
}

static int by_place(const void *one, const void *other)
{
    const struct key *a = one;
    const struct key *b = other;
    return a->rank != b->rank ? (int)a->rank - (int)b->rank : strcmp(a->name, b->name);
}

/* A scan may name a key twice. */
static void sort(struct keys *keys)
{
    size_t n = 0;
    if (!keys->n)
        return;
    qsort(keys->list, keys->n, sizeof(*keys->list), by_place);
    for (size_t i = 1; i < keys->n; i++) {
        if (strcmp(keys->list[i].name, keys->list[n].name) == 0)
            free(keys->list[i].name);
        else
            keys->list[++n] = keys->list[i];
    }
    keys->n = n + 1;
}

typedef enum err (*name_cb)(void *arg, struct span name);

/* Every key of ours, as Redis comes by it. */
static enum err scan(struct redis_plain *redis, struct bytes *why, name_cb cb, void *arg)
{
    char cursor[32] = "0";
    enum err e = ERR_OK;
    do {
        const struct redis_reply *reply;
        struct span words[] = {SPAN("SCAN"),   span_of(cursor), SPAN("MATCH"),
                               SPAN(KEY("*")), SPAN("COUNT"),   SPAN("1000")};
        e = redis_plain_call(redis, words, 6, &reply);
        if (e != ERR_OK)
            return answer_said(e, reply, why);
        span_copy(reply_text(reply_at(reply, 0)), cursor, sizeof(cursor));
        const struct redis_reply *names = reply_at(reply, 1);
        for (size_t i = 0; e == ERR_OK && i < reply_len(names); i++)
            e = cb(arg, reply_text(reply_at(names, i)));
    } while (e == ERR_OK && strcmp(cursor, "0") != 0);
    return e;
}

/* --- one key ---------------------------------------------------------------------------------- */

static struct span short_name(const struct key *key)
{
    struct span name = span_of(key->name);
    return (struct span){name.p + prefix.n, name.n - prefix.n};
}

static enum err tell(const struct key *key, const struct redis_reply *value, holding_cb cb,
                     void *arg)
{
    const struct holding h = {key->kind, short_name(key), key->expires_ms, value};
    return cb(arg, &h);
}

static enum err read_stream(struct redis_plain *redis, const struct key *key, struct bytes *why,
                            holding_cb cb, void *arg)
{
    char from[64] = "-";
    size_t n = STREAM_PAGE;
    while (n == STREAM_PAGE) {
        const struct redis_reply *reply;
        struct span words[] = {SPAN("XRANGE"), span_of(key->name), span_of(from),
                               SPAN("+"),      SPAN("COUNT"),      SPAN("500")};
        enum err e = redis_plain_call(redis, words, 6, &reply);
        if (e != ERR_OK)
            return answer_said(e, reply, why);
        n = reply_len(reply);
        if (n)
            snprintf(from, sizeof(from), "(%.*s",
                     SPAN_ARG(reply_text(reply_at(reply_at(reply, n - 1), 0))));
        e = n ? tell(key, reply, cb, arg) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err read_scored(struct redis_plain *redis, const struct key *key, struct bytes *why,
                            holding_cb cb, void *arg)
{
    size_t n = SCORED_PAGE;
    for (size_t at = 0; n == SCORED_PAGE; at += SCORED_PAGE) {
        char from[24];
        char to[24];
        const struct redis_reply *reply;
        snprintf(from, sizeof(from), "%zu", at);
        snprintf(to, sizeof(to), "%zu", at + SCORED_PAGE - 1);
        struct span words[] = {SPAN("ZRANGE"), span_of(key->name), span_of(from), span_of(to),
                               SPAN("WITHSCORES")};
        enum err e = redis_plain_call(redis, words, 5, &reply);
        if (e != ERR_OK)
            return answer_said(e, reply, why);
        n = reply_len(reply) / 2;
        e = n ? tell(key, reply, cb, arg) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* --- many keys -------------------------------------------------------------------------------- */

static enum err read_kinds(struct redis_plain *redis, struct key *keys, size_t n, struct bytes *why)
{
    static const struct {
        const char *type;
        enum holding_kind kind;
    } types[] = {{"string", HOLDING_TEXT},
                 {"hash", HOLDING_HASH},
                 {"set", HOLDING_SET},
                 {"zset", HOLDING_SCORED},
                 {"stream", HOLDING_STREAM}};
    const struct redis_reply *reply = NULL;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct span type[] = {SPAN("TYPE"), span_of(keys[i].name)};
        struct span expires[] = {SPAN("PEXPIRETIME"), span_of(keys[i].name)};
        e = redis_plain_send(redis, type, 2);
        if (e == ERR_OK)
            e = redis_plain_send(redis, expires, 2);
    }
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        keys[i].kind = HOLDING_KIND_COUNT;
        e = redis_plain_take(redis, &reply);
        for (size_t t = 0; e == ERR_OK && t < sizeof(types) / sizeof(*types); t++)
            if (span_eq_str(reply_text(reply), types[t].type))
                keys[i].kind = types[t].kind;
        if (e == ERR_OK)
            e = redis_plain_take(redis, &reply);
        keys[i].expires_ms = e == ERR_OK && reply_int(reply) > 0 ? reply_int(reply) : 0;
    }
    return answer_said(e, reply, why);
}

/* What one command reads whole; NULL: it is read by pages, or not there. */
static const char *command_of(enum holding_kind kind)
{
    switch (kind) {
    case HOLDING_TEXT: return "GET";
    case HOLDING_HASH: return "HGETALL";
    case HOLDING_SET: return "SMEMBERS";
    default: return NULL;
    }
}

static enum err read_short(struct redis_plain *redis, const struct key *keys, size_t n,
                           struct bytes *why, holding_cb cb, void *arg)
{
    const struct redis_reply *reply = NULL;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct span words[] = {span_of(command_of(keys[i].kind)), span_of(keys[i].name)};
        if (words[0].p)
            e = redis_plain_send(redis, words, 2);
    }
    if (e != ERR_OK)
        return answer_said(e, NULL, why);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (!command_of(keys[i].kind))
            continue;
        e = redis_plain_take(redis, &reply);
        if (e != ERR_OK)
            return answer_said(e, reply, why);
        /* What expired meanwhile is not there. */
        if (reply_kind(reply) == REDIS_TEXT || reply_len(reply))
            e = tell(&keys[i], reply, cb, arg);
    }
    return e;
}

static enum err read_batch(struct redis_plain *redis, struct key *keys, size_t n, struct bytes *why,
                           holding_cb cb, void *arg)
{
    enum err e = read_kinds(redis, keys, n, why);
    if (e == ERR_OK)
        e = read_short(redis, keys, n, why, cb, arg);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (keys[i].kind == HOLDING_STREAM)
            e = read_stream(redis, &keys[i], why, cb, arg);
        else if (keys[i].kind == HOLDING_SCORED)
            e = read_scored(redis, &keys[i], why, cb, arg);
    }
    return e;
}

/* How many are read together from here on: what comes first, by itself. */
static size_t batch_of(const struct keys *keys, size_t from)
{
    size_t n = 1;
    bool early = keys->list[from].rank < FIRST_N;
    while (from + n < keys->n && n < AT_ONCE && (keys->list[from + n].rank < FIRST_N) == early)
        n++;
    return n;
}

static enum err keep_key(void *arg, struct span name)
{
    if (!left_out(name))
        add_key(arg, name);
    return ERR_OK;
}

enum err holdings_read(struct redis_plain *redis, struct bytes *why, holding_cb cb, void *arg)
{
    struct keys keys = {0};
    enum err e = scan(redis, why, keep_key, &keys);
    sort(&keys);
    for (size_t i = 0, n = 0; e == ERR_OK && i < keys.n; i += n) {
        n = batch_of(&keys, i);
        e = read_batch(redis, keys.list + i, n, why, cb, arg);
    }
    keys_fini(&keys);
    return e;
}

/* --- counting --------------------------------------------------------------------------------- */

struct counting {
    size_t n, most;
};

static enum err count_key(void *arg, struct span name)
{
    struct counting *c = arg;
    (void)name;
    return ++c->n < c->most ? ERR_OK : ERR_CANCELLED;
}

enum err holdings_count(struct redis_plain *redis, size_t most, struct bytes *why, size_t *ret)
{
    struct counting c = {.most = most};
    enum err e = scan(redis, why, count_key, &c);
    *ret = c.n;
    return e == ERR_CANCELLED ? ERR_OK : e;
}
