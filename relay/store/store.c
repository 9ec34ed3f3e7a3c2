/* store: one connection, the handshake, and whether the journal can be relied on.
 *
 *     DOWN --up--> CHECKING (what does this Redis promise?) --> GREETING (hello) --> READY
 *      ^                 |                                          |                  |
 *      +-----------------+---- refused; connection lost ------------+------------------+
 *
 * Where Redis answers but is refused, DOWN asks again every second: what was wrong may be mended;
 * where it is a replica, on a new connection: the master may be elsewhere by then.
 *
 * What is promised to the outside has connections of its own (promise.c) if replicas are asked for.
 *
 * May not know: what the journal is used for. */
#include "relay/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/encode.h"
#include "relay/store/identity.h"
#include "relay/store/promise.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { AGAIN_MS = 1000, PROMISE_MS = 20, WHY_SIZE = 512 };

enum store_state { STORE_DOWN, STORE_CHECKING, STORE_GREETING, STORE_READY };

struct store {
    struct redis *redis;
    struct promise *promise; /* NULL: no replicas are asked for */
    struct timer *again;
    struct store_config config;
    char *journal_file, *owner, *keys;
    enum store_state state;
    char why[WHY_SIZE];         /* what on_ready was told last; empty: that it is ready */
    struct identity_kept known; /* the journal, and the newest epoch, also while not ready */
    bool elsewhere;             /* this one is no master: the next connection may find it */
    bool served;     /* it was ready before: what is wrong now may be mended as it runs */
    uint64_t newest; /* number of the journal that was seen in it */
    char epoch_text[24];
    unsigned shards, schema;
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

static void trouble(struct store *st, enum trouble what, struct span text)
{
    if (st->config.on_trouble)
        st->config.on_trouble(st->config.arg, what, text);
}

static bool is_replica(enum trouble what)
{
    return what == TROUBLE_READONLY || what == TROUBLE_MASTERDOWN;
}

static void look_elsewhere(struct store *st)
{
    st->elsewhere = true;
    redis_reset(st->redis);
    if (st->promise)
        promise_reset(st->promise);
}

/* Redis answered with an error. */
static void on_error(struct store *st, struct span text)
{
    enum trouble what = trouble_of_answer(text);
    trouble(st, what, text);
    if (!is_replica(what) || st->state != STORE_READY)
        return;
    not_ready(st, false, "this Redis is a replica: its master is looked for");
    look_elsewhere(st);
}

/* --- handshake ------------------------------------------------------------------------------- */

/* What the time line that we knew came to, as Redis has it: fewer numbers than we have seen? */
static void look_for_loss(struct store *st, uint64_t ended)
{
    char text[128];
    if (st->newest > ended) {
        int n =
            snprintf(text, sizeof(text), "the journal ends at %" PRIu64 ", and went to %" PRIu64,
                     ended, st->newest);
        trouble(st, TROUBLE_LOST, (struct span){text, (size_t)n});
    }
}

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
    if (news) {
        look_for_loss(st, answer_number(reply, 4));
        st->newest = 0;
    }
    span_copy(reply_text(reply_at(reply, 1)), st->known.id, sizeof(st->known.id));
    st->known.epoch = epoch;
    snprintf(st->epoch_text, sizeof(st->epoch_text), "%" PRIu64, epoch);
    st->shards = (unsigned)shards;
    st->schema = (unsigned)answer_number(reply, 5);
    if (news && !identity_save(st->journal_file, &st->known) && !known) {
        st->known.id[0] = '\0';
        not_ready(st, true, "the journal's identity can't be written to the data directory");
        return;
    }
    store_goto(st, STORE_READY);
    st->served = true;
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
        trouble(st, TROUBLE_EMPTY, span_of(why));
        not_ready(st, !st->served, why);
    } else if (answer_is(reply, "OTHER")) {
        struct span owner = reply_text(reply_at(reply, 2));
        snprintf(why, sizeof(why),
                 "this Redis holds another relay's journal%s%.*s (if it is the right one: `weir "
                 "journal adopt`)",
                 owner.n ? ": that of " : "", SPAN_ARG(owner));
        not_ready(st, true, why);
    } else if (answer_is(reply, "KEYS")) {
        not_ready(st, true,
                  "the actor's keys here are not those that this journal's relay signs with: copy "
                  "actor-rsa.pem and actor-ed25519.pem from the data directory of its first "
                  "machine (if they were replaced on purpose: `weir journal adopt --force`)");
    } else if (answer_is(reply, "NONE")) {
        not_ready(st, false,
                  "this Redis holds no journal yet: the front founds it (is it the right Redis?)");
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
        st->elsewhere = is_replica(trouble_of_answer(reply_text(reply)));
        trouble(st, trouble_of_answer(reply_text(reply)), reply_text(reply));
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
    words_add(&a, st->config.joins ? SPAN("") : bytes_span(&id));
    words_add_int(&a, STORE_SHARDS);
    words_add_int(&a, (int64_t)st->known.epoch);
    words_add_str(&a, st->owner);
    words_add_int(&a, STORE_SCHEMA);
    words_add_str(&a, st->keys);
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
        trouble(st, TROUBLE_PROMISE, span_of(lacks));
        not_ready(st, !st->served, lacks);
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
    if (st->elsewhere) {
        look_elsewhere(st);
        return;
    }
    store_goto(st, STORE_CHECKING);
    if (st->promise && !promise_is_up(st->promise)) {
        timer_start(st->again, PROMISE_MS);
        return;
    }
    redis_call(st->redis, words, sizeof(words) / sizeof(*words), 0, on_config, st);
}

static void on_state(void *arg, bool up)
{
    struct store *st = arg;
    char why[WHY_SIZE];
    timer_stop(st->again);
    if (up || st->elsewhere) { /* what was said of the one before stands until there is news */
        st->elsewhere = st->elsewhere && !up;
        store_goto(st, STORE_DOWN);
        if (up)
            check(st);
        return;
    }
    trouble(st, trouble_of_connection(redis_trouble(st->redis)), span_of(redis_trouble(st->redis)));
    snprintf(why, sizeof(why), "no connection to Redis: %s", redis_trouble(st->redis));
    not_ready(st, false, why);
}

/* --- for the files of this room -------------------------------------------------------------- */

struct store_ask {
    struct store *store;
    redis_cb cb;
    void *arg;
};

static void on_answer(void *arg, enum err err, const struct redis_reply *reply)
{
    struct store_ask ask = *(struct store_ask *)arg;
    free(arg);
    if (err == ERR_REDIS_REPLY)
        on_error(ask.store, reply_text(reply));
    if (err == ERR_OK && answer_is(reply, "EPOCH")) {
        store_reset(ask.store);
        err = ERR_REDIS;
        reply = NULL;
    }
    ask.cb(ask.arg, err, reply);
}

static struct store_ask *ask_new(struct store *st, redis_cb cb, void *arg)
{
    struct store_ask *ask = mem_new(sizeof(*ask));
    *ask = (struct store_ask){st, cb, arg};
    return ask;
}

void store_call(struct store *st, const struct span *argv, size_t n, redis_cb cb, void *arg)
{
    if (st->state == STORE_READY)
        redis_call(st->redis, argv, n, 0, on_answer, ask_new(st, cb, arg));
    else
        redis_refuse(st->redis, cb, arg);
}

void store_script(struct store *st, struct words *words, struct redis_script *script, redis_cb cb,
                  void *arg)
{
    if (st->state != STORE_READY) {
        words_free(words);
        redis_refuse(st->redis, cb, arg);
        return;
    }
    words_call(words, st->redis, script, on_answer, ask_new(st, cb, arg));
}

void store_promise(struct store *st, struct words *words, struct redis_script *script, redis_cb cb,
                   void *arg)
{
    if (st->promise && st->state == STORE_READY)
        promise_call(st->promise, words, script, on_answer, ask_new(st, cb, arg));
    else
        store_script(st, words, script, cb, arg);
}

static void on_short(void *arg, int64_t replicas)
{
    struct store *st = arg;
    char text[96];
    int n = snprintf(text, sizeof(text), "%" PRId64 " of the %" PRId64 " replicas asked for had it",
                     replicas, st->config.replicas);
    trouble(st, TROUBLE_REPLICAS, (struct span){text, (size_t)n});
}

void store_saw(struct store *st, uint64_t n)
{
    if (n > st->newest)
        st->newest = n;
}

/* --- life ------------------------------------------------------------------------------------ */

static enum err start_promise(struct store *st, struct loop *loop)
{
    const struct promise_config config = {.url = st->config.url,
                                          .command_ms = st->config.command_ms,
                                          .replicas = st->config.replicas,
                                          .on_short = on_short,
                                          .arg = st};
    return st->config.replicas ? promise_new(loop, &config, &st->promise) : ERR_OK;
}

enum err store_new(struct loop *loop, const struct store_config *config, struct store **ret)
{
    struct store *st = mem_new(sizeof(*st));
    st->config = *config;
    st->shards = STORE_SHARDS;
    st->journal_file = mem_copy(span_of(config->journal_file));
    st->owner = mem_copy(span_of(config->owner));
    st->keys = mem_copy(span_of(config->keys));
    st->again = timer_new(loop, check, st);
    identity_load(st->journal_file, &st->known);
    struct redis_config redis = {
        .url = config->url, .command_ms = config->command_ms, .on_state = on_state, .arg = st};
    enum err e = redis_new(loop, &redis, &st->redis);
    if (e == ERR_OK)
        e = start_promise(st, loop);
    st->config.url = NULL; /* was borrowed */
    if (e == ERR_OK)
        *ret = st;
    else
        store_free(&st);
    return e;
}

void store_free(struct store **store)
{
    struct store *st = *store;
    *store = NULL;
    if (!st)
        return;
    store_goto(st, STORE_DOWN);
    timer_free(&st->again);
    promise_free(&st->promise);
    redis_free(&st->redis);
    free(st->journal_file);
    free(st->owner);
    free(st->keys);
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

unsigned store_schema(const struct store *store)
{
    return store->schema;
}

unsigned store_shards(const struct store *store)
{
    return store->shards;
}

void store_reset(struct store *store)
{
    redis_reset(store->redis);
}
