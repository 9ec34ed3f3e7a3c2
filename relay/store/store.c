/* store: one connection, the handshake, and whether the journal can be relied on.
 *
 *     DOWN --up--> CHECKING (what does this Redis promise?) --> GREETING (hello) --> READY
 *      ^                 |                                          |                  |
 *      +-----------------+---- refused; connection lost ------------+------------------+
 *
 * Where Redis answers but is refused, DOWN asks again every second: what was wrong may be mended.
 * May not know: what the journal is used for. */
#include "relay/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/encode.h"
#include "relay/store/identity.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { AGAIN_MS = 1000, WHY_SIZE = 512 };

enum store_state { STORE_DOWN, STORE_CHECKING, STORE_GREETING, STORE_READY };

struct store {
    struct redis *redis;
    struct timer *again;
    struct store_config config;
    char *journal_file, *owner;
    enum store_state state;
    char why[WHY_SIZE];         /* what on_ready was told last; empty: that it is ready */
    struct identity_kept known; /* the journal, and the newest epoch, also while not ready */
    char epoch_text[24];
    unsigned shards;
};

static void store_goto(struct store *st, enum store_state state)
{
    st->state = state;
}

static void not_ready(struct store *st, bool fatal, const char *why)
{
    bool news = strcmp(st->why, why) != 0;
    store_goto(st, STORE_DOWN);
    if (redis_is_up(st->redis))
        timer_start(st->again, AGAIN_MS);
    else
        timer_stop(st->again);
    snprintf(st->why, sizeof(st->why), "%s", why);
    if (news)
        st->config.on_ready(st->config.arg, false, fatal, st->why);
}

/* --- handshake ------------------------------------------------------------------------------- */

/* Without the file, a Redis that lost the journal would not be noticed. A newer epoch alone may
 * stay unwritten: it is Redis that keeps it. */
static void enter(struct store *st, const struct redis_reply *reply)
{
    bool known = st->known.id[0] != '\0';
    uint64_t epoch = answer_number(reply, 2);
    uint64_t shards = answer_number(reply, 3);
    if (shards < 1 || shards > STORE_SHARDS) {
        not_ready(st, true, "the journal has a number of shards that this version can't serve");
        return;
    }
    bool news = !known || epoch != st->known.epoch;
    span_copy(reply_text(reply_at(reply, 1)), st->known.id, sizeof(st->known.id));
    st->known.epoch = epoch;
    snprintf(st->epoch_text, sizeof(st->epoch_text), "%" PRIu64, epoch);
    st->shards = (unsigned)shards;
    if (news && !identity_save(st->journal_file, &st->known) && !known) {
        st->known.id[0] = '\0';
        not_ready(st, true, "the journal's identity can't be written to the data directory");
        return;
    }
    store_goto(st, STORE_READY);
    st->why[0] = '\0';
    st->config.on_ready(st->config.arg, true, false, NULL);
}

static void on_hello(void *arg, enum err err, const struct redis_reply *reply)
{
    struct store *st = arg;
    char why[WHY_SIZE];
    if (err == ERR_REDIS)
        return; /* the connection is gone, and on_state has said so */
    if (answer_is(reply, "OK")) {
        enter(st, reply);
    } else if (answer_is(reply, "EMPTY")) {
        snprintf(why, sizeof(why),
                 "this Redis holds no journal, but %.300s names one: `weir restore` puts a backup "
                 "there, `weir journal adopt --force` starts anew",
                 st->journal_file);
        not_ready(st, true, why);
    } else if (answer_is(reply, "OTHER")) {
        struct span owner = reply_text(reply_at(reply, 2));
        snprintf(why, sizeof(why),
                 "this Redis holds another relay's journal%s%.*s (if it is the right one: `weir "
                 "journal adopt`)",
                 owner.n ? ": that of " : "", SPAN_ARG(owner));
        not_ready(st, true, why);
    } else if (answer_is(reply, "SCHEMA")) {
        snprintf(why, sizeof(why),
                 "the journal was written by a newer version of Weir: its schema is %.*s, this one "
                 "reads %d",
                 SPAN_ARG(reply_text(reply_at(reply, 1))), STORE_SCHEMA);
        not_ready(st, true, why);
    } else if (answer_is(reply, "RESTORING")) {
        not_ready(st, true,
                  "a restore into this Redis was not finished: run `weir restore --force` again");
    } else {
        snprintf(why, sizeof(why), "Redis refuses the handshake: %.*s",
                 SPAN_ARG(reply_text(reply)));
        not_ready(st, false, why);
    }
}

static void greet(struct store *st)
{
    uint8_t chance[16];
    struct bytes id;
    struct words a = {0};
    clock_random(chance, sizeof(chance));
    bytes_init(&id, STORE_ID_SIZE);
    hex_write(&id, (struct span){(const char *)chance, sizeof(chance)});
    words_add_str(&a, st->known.id);
    words_add(&a, bytes_span(&id));
    words_add_int(&a, STORE_SHARDS);
    words_add_int(&a, (int64_t)st->known.epoch);
    words_add_str(&a, st->owner);
    words_add_int(&a, STORE_SCHEMA);
    words_call(&a, st->redis, &script_hello, on_hello, st);
    bytes_fini(&id);
}

static bool is_set(const struct redis_reply *reply, const char *name, const char *value)
{
    return span_eq_str(reply_text(reply_field(reply, name)), value);
}

/* What this Redis promises less than it must, or NULL (QUEUE 2.6). */
static const char *shortcoming(const struct redis_reply *reply, bool strict)
{
    if (is_set(reply, "cluster-enabled", "yes"))
        return "this is a Redis Cluster, which Weir does not use";
    if (!is_set(reply, "maxmemory-policy", "noeviction"))
        return "this Redis evicts: set maxmemory-policy to noeviction";
    if (!is_set(reply, "appendonly", "yes"))
        return "this Redis keeps no append-only file: set appendonly to yes";
    if (strict && !is_set(reply, "appendfsync", "always"))
        return "durability: strict needs a Redis with appendfsync always (or set durability: "
               "standard)";
    if (strict && !is_set(reply, "no-appendfsync-on-rewrite", "no"))
        return "durability: strict needs a Redis with no-appendfsync-on-rewrite no (or set "
               "durability: standard)";
    if (is_set(reply, "appendfsync", "no"))
        return "this Redis leaves writing to the kernel: set appendfsync to everysec or always";
    return NULL;
}

static bool may_not(struct span error)
{
    return span_starts(error, SPAN("NOPERM")) || span_starts(error, SPAN("ERR unknown command"));
}

static void on_config(void *arg, enum err err, const struct redis_reply *reply)
{
    struct store *st = arg;
    char why[WHY_SIZE];
    if (err == ERR_REDIS)
        return; /* as in on_hello() */
    const char *lacks = err == ERR_OK ? shortcoming(reply, st->config.strict) : NULL;
    if (err == ERR_OK && !lacks) {
        store_goto(st, STORE_GREETING);
        greet(st);
    } else if (lacks) {
        not_ready(st, true, lacks);
    } else if (may_not(reply_text(reply))) {
        not_ready(st, true,
                  "CONFIG GET is not allowed to this user: Weir must see appendonly, appendfsync "
                  "and maxmemory-policy");
    } else {
        snprintf(why, sizeof(why), "Redis does not say how it is set: %.*s",
                 SPAN_ARG(reply_text(reply)));
        not_ready(st, false, why);
    }
}

static void check(void *arg)
{
    static const struct span words[] = {{"CONFIG", 6},
                                        {"GET", 3},
                                        {"appendonly", 10},
                                        {"appendfsync", 11},
                                        {"no-appendfsync-on-rewrite", 25},
                                        {"maxmemory-policy", 16},
                                        {"cluster-enabled", 15}};
    struct store *st = arg;
    store_goto(st, STORE_CHECKING);
    redis_call(st->redis, words, sizeof(words) / sizeof(*words), 0, on_config, st);
}

static void on_state(void *arg, bool up)
{
    struct store *st = arg;
    char why[WHY_SIZE];
    timer_stop(st->again);
    if (up) {
        check(st);
        return;
    }
    snprintf(why, sizeof(why), "no connection to Redis: %s", redis_trouble(st->redis));
    not_ready(st, false, why);
}

/* --- for the files of this room -------------------------------------------------------------- */

void store_call(struct store *st, const struct span *argv, size_t n, redis_cb cb, void *arg)
{
    if (st->state == STORE_READY)
        redis_call(st->redis, argv, n, 0, cb, arg);
    else
        redis_refuse(st->redis, cb, arg);
}

struct script_call {
    struct store *store;
    redis_cb cb;
    void *arg;
};

static void on_script(void *arg, enum err err, const struct redis_reply *reply)
{
    struct script_call call = *(struct script_call *)arg;
    free(arg);
    if (err == ERR_OK && answer_is(reply, "EPOCH")) {
        store_reset(call.store);
        err = ERR_REDIS;
        reply = NULL;
    }
    call.cb(call.arg, err, reply);
}

void store_script(struct store *st, struct words *words, struct redis_script *script, redis_cb cb,
                  void *arg)
{
    if (st->state != STORE_READY) {
        words_free(words);
        redis_refuse(st->redis, cb, arg);
        return;
    }
    struct script_call *call = mem_new(sizeof(*call));
    *call = (struct script_call){st, cb, arg};
    words_call(words, st->redis, script, on_script, call);
}

/* --- life ------------------------------------------------------------------------------------ */

enum err store_new(struct loop *loop, const struct store_config *config, struct store **ret)
{
    struct store *st = mem_new(sizeof(*st));
    st->config = *config;
    st->shards = STORE_SHARDS;
    st->journal_file = mem_copy(span_of(config->journal_file));
    st->owner = mem_copy(span_of(config->owner));
    identity_load(st->journal_file, &st->known);
    struct redis_config redis = {
        .url = config->url, .command_ms = config->command_ms, .on_state = on_state, .arg = st};
    enum err e = redis_new(loop, &redis, &st->redis);
    if (e != ERR_OK) {
        free(st->journal_file);
        free(st->owner);
        free(st);
        return e;
    }
    st->again = timer_new(loop, check, st);
    *ret = st;
    return ERR_OK;
}

void store_free(struct store **store)
{
    struct store *st = *store;
    *store = NULL;
    if (!st)
        return;
    store_goto(st, STORE_DOWN);
    timer_free(&st->again);
    redis_free(&st->redis);
    free(st->journal_file);
    free(st->owner);
    free(st);
}

const char *store_trouble(const struct store *store)
{
    return redis_trouble(store->redis);
}

bool store_ready(const struct store *store)
{
    return store->state == STORE_READY;
}

uint64_t store_epoch(const struct store *store)
{
    return store->state == STORE_READY ? store->known.epoch : 0;
}

const char *store_epoch_text(const struct store *store)
{
    return store->epoch_text;
}

unsigned store_shards(const struct store *store)
{
    return store->shards;
}

void store_reset(struct store *store)
{
    redis_reset(store->redis);
}
