/* store: one connection, the handshake, and whether the journal can be relied on.
 *
 *     DOWN --up--> CHECKING (what does this Redis promise?) --> GREETING (hello) --> READY
 *      ^                 |                                          |                  |
 *      +-----------------+------------------------------------------+------------------+ connection
 * lost
 *
 * May not know: what the journal is used for. */
#include "relay/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/encode.h"
#include "relay/store/store_inner.h"
#include "store_scripts.h"

enum store_state { STORE_DOWN, STORE_CHECKING, STORE_GREETING, STORE_READY };

struct store {
    struct redis *redis;
    struct store_config config;
    char *journal_file;
    enum store_state state;
    uint64_t epoch;
    char epoch_text[24];
    unsigned shards;
    char id[STORE_ID_SIZE]; /* of the journal; empty until known */
};

static struct redis_script script_hello = {.name = "hello", .text = LUA_HELLO};

static void store_goto(struct store *st, enum store_state state)
{
    st->state = state;
}

static void not_ready(struct store *st, bool fatal, const char *why)
{
    store_goto(st, STORE_DOWN);
    st->epoch = 0;
    st->config.on_ready(st->config.arg, false, fatal, why);
}

/* --- the journal's identity, beside the keys
 * ---------------------------------------------------------- */

static void identity_load(struct store *st)
{
    FILE *f = fopen(st->journal_file, "re");
    if (!f)
        return;
    size_t n = fread(st->id, 1, sizeof(st->id) - 1, f);
    fclose(f);
    st->id[n] = '\0';
    st->id[strcspn(st->id, "\n")] = '\0';
}

static bool identity_save(const struct store *st)
{
    char temporary[4200];
    if (snprintf(temporary, sizeof(temporary), "%s.new", st->journal_file) >=
        (int)sizeof(temporary))
        return false;
    FILE *f = fopen(temporary, "we");
    if (!f)
        return false;
    bool ok = fprintf(f, "%s\n", st->id) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    ok = fclose(f) == 0 && ok;
    return ok && rename(temporary, st->journal_file) == 0;
}

/* --- handshake
 * ------------------------------------------------------------------------------------------ */

static void on_hello(void *arg, enum err err, const struct redis_reply *reply)
{
    struct store *st = arg;
    char why[256];
    if (err == ERR_REDIS)
        return; /* the connection is gone, and on_state has said so */
    if (answer_is(reply, "EMPTY")) {
        snprintf(
            why, sizeof(why),
            "this Redis holds no journal, but %.100s names one: restore it, or remove that file to "
            "start anew",
            st->journal_file);
        not_ready(st, true, why);
    } else if (answer_is(reply, "OTHER")) {
        not_ready(st, true, "this Redis holds another relay's journal");
    } else if (answer_is(reply, "SCHEMA")) {
        not_ready(st, true, "the journal was written by a version of Weir with another schema");
    } else if (err != ERR_OK || !answer_is(reply, "OK")) {
        snprintf(why, sizeof(why), "Redis refuses the handshake: %.*s",
                 SPAN_ARG(reply_text(reply)));
        not_ready(st, false, why);
    } else {
        bool known = st->id[0] != '\0';
        span_copy(reply_text(reply_at(reply, 1)), st->id, sizeof(st->id));
        span_copy(reply_text(reply_at(reply, 2)), st->epoch_text, sizeof(st->epoch_text));
        st->epoch = answer_number(reply, 2);
        st->shards = (unsigned)answer_number(reply, 3);
        if (!known && !identity_save(st)) {
            not_ready(st, true, "the journal's identity can't be written to the data directory");
            return;
        }
        store_goto(st, STORE_READY);
        st->config.on_ready(st->config.arg, true, false, NULL);
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
    words_add_str(&a, st->id);
    words_add(&a, bytes_span(&id));
    words_add_int(&a, STORE_SHARDS);
    words_call(&a, st->redis, &script_hello, on_hello, st);
    bytes_fini(&id);
}

static const char *setting(const struct redis_reply *reply, const char *name, char out[64])
{
    span_copy(reply_text(reply_field(reply, name)), out, 64);
    return out;
}

static void on_config(void *arg, enum err err, const struct redis_reply *reply)
{
    struct store *st = arg;
    char value[64];
    if (err == ERR_REDIS)
        return;
    if (err != ERR_OK) {
        not_ready(
            st, true,
            "CONFIG GET is not allowed to this user: Weir must see appendonly, appendfsync and "
            "maxmemory-policy");
        return;
    }
    if (strcmp(setting(reply, "maxmemory-policy", value), "noeviction") != 0)
        not_ready(st, true, "this Redis evicts: set maxmemory-policy to noeviction");
    else if (strcmp(setting(reply, "appendonly", value), "yes") != 0)
        not_ready(st, true, "this Redis keeps no append-only file: set appendonly to yes");
    else if (strcmp(setting(reply, "appendfsync", value), "no") == 0)
        not_ready(st, true, "this Redis leaves writing to the kernel: set appendfsync to always");
    else if (st->config.strict && strcmp(value, "always") != 0)
        not_ready(st, true,
                  "durability: strict needs a Redis with appendfsync always (or set durability: "
                  "standard)");
    else if (strcmp(setting(reply, "cluster-enabled", value), "yes") == 0)
        not_ready(st, true, "this is a Redis Cluster, which Weir does not use");
    else {
        store_goto(st, STORE_GREETING);
        greet(st);
    }
}

static void on_state(void *arg, bool up)
{
    static const struct span words[] = {{"CONFIG", 6},
                                        {"GET", 3},
                                        {"appendonly", 10},
                                        {"appendfsync", 11},
                                        {"maxmemory-policy", 16},
                                        {"cluster-enabled", 15}};
    struct store *st = arg;
    if (up) {
        store_goto(st, STORE_CHECKING);
        redis_call(st->redis, words, sizeof(words) / sizeof(*words), 0, on_config, st);
    } else {
        not_ready(st, false, "no connection to Redis");
    }
}

enum err store_new(struct loop *loop, const struct store_config *config, struct store **ret)
{
    struct store *st = mem_new(sizeof(*st));
    st->config = *config;
    st->journal_file = mem_copy(span_of(config->journal_file));
    identity_load(st);
    struct redis_config redis = {
        .url = config->url, .command_ms = config->command_ms, .on_state = on_state, .arg = st};
    enum err e = redis_new(loop, &redis, &st->redis);
    if (e != ERR_OK) {
        free(st->journal_file);
        free(st);
        return e;
    }
    *ret = st;
    return ERR_OK;
}

void store_free(struct store **store)
{
    struct store *st = *store;
    *store = NULL;
    if (!st)
        return;
    redis_free(&st->redis);
    free(st->journal_file);
    free(st);
}

bool store_ready(const struct store *store)
{
    return store->state == STORE_READY;
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
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

struct redis *store_redis(struct store *store)
{
    return store->redis;
}
