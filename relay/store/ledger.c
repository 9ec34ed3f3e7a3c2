/* ledger: reading cursors and records, one script call for each shard, so that what is said of a
 * host is of one moment.
 * May not know: what the records mean for an entry (rules/trace.c says that). */
#include "relay/store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* --- reading ---------------------------------------------------------------------------------- */

struct read_call {
    struct ledger *ledger;
    size_t own_cap;
    enum err err;
    unsigned waiting;
    ledger_cb cb;
    void *arg;
};

struct shard_call {
    struct read_call *whole;
    unsigned shard;
};

void ledger_free(struct ledger **ledger)
{
    struct ledger *l = *ledger;
    *ledger = NULL;
    if (!l)
        return;
    for (size_t i = 0; i < l->own_n; i++)
        free(l->own[i].host);
    free(l->own);
    free(l);
}

static enum err take_own(struct read_call *call, const struct redis_reply *own)
{
    struct ledger *l = call->ledger;
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return ERR_REDIS_REPLY;
        if (l->own_n == call->own_cap) {
            call->own_cap = call->own_cap ? 2 * call->own_cap : 16;
            l->own = mem_grow(l->own, call->own_cap * sizeof(*l->own));
        }
        l->own[l->own_n++] = (struct ledger_own){mem_copy(reply_text(reply_at(own, i))), cursor};
    }
    return ERR_OK;
}

static enum err take_shard(struct read_call *call, unsigned shard, const struct redis_reply *reply)
{
    struct ledger *l = call->ledger;
    if (reply_len(reply) != 5)
        return ERR_REDIS_REPLY;
    uint64_t last = answer_number(reply, 0);
    uint64_t floor = answer_number(reply, 1);
    l->last = last > l->last ? last : l->last;
    l->floor = floor > l->floor ? floor : l->floor;
    l->low[shard] = answer_number(reply, 2);
    l->mail += answer_number(reply, 3);
    return take_own(call, reply_at(reply, 4));
}

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct ledger_own *)a)->host, ((const struct ledger_own *)b)->host);
}

static void on_shard(void *arg, enum err err, const struct redis_reply *reply)
{
    struct shard_call *part = arg;
    struct read_call *call = part->whole;
    if (err == ERR_OK)
        err = take_shard(call, part->shard, reply);
    if (err != ERR_OK)
        call->err = err;
    free(part);
    if (--call->waiting)
        return;
    struct ledger *l = call->ledger;
    if (call->err != ERR_OK)
        ledger_free(&l);
    else if (l->own_n)
        qsort(l->own, l->own_n, sizeof(*l->own), by_host);
    call->cb(call->arg, call->err, l);
    free(call);
}

static void read_shard(struct store *store, struct read_call *call, unsigned shard,
                       struct span host)
{
    struct shard_call *part = mem_new(sizeof(*part));
    struct words a = {0};
    *part = (struct shard_call){call, shard};
    words_add_int(&a, shard);
    words_add(&a, host);
    store_script(store, &a, &script_ledger, on_shard, part);
}

void ledger_read(struct store *store, struct span host, ledger_cb cb, void *arg)
{
    struct read_call *call = mem_new(sizeof(*call));
    unsigned shards = store_shards(store);
    *call = (struct read_call){.ledger = mem_new(sizeof(*call->ledger)), .cb = cb, .arg = arg};
    call->ledger->shards = shards;
    call->waiting = host.n ? 1 : shards;
    if (host.n)
        read_shard(store, call, shard_of(host, shards), host);
    for (unsigned shard = 0; !host.n && shard < shards; shard++)
        read_shard(store, call, shard, SPAN_NONE);
}

struct cursor ledger_cursor(const struct ledger *l, struct span host)
{
    size_t from = 0;
    size_t to = l->own_n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        struct span here = span_of(l->own[middle].host);
        size_t least = here.n < host.n ? here.n : host.n;
        int order = memcmp(here.p, host.p, least);
        if (order == 0 && here.n == host.n)
            return l->own[middle].cursor;
        if (order < 0 || (order == 0 && here.n < host.n))
            from = middle + 1;
        else
            to = middle;
    }
    return (struct cursor){.low = l->low[shard_of(host, l->shards)]};
}

/* --- orders ----------------------------------------------------------------------------------- */

struct order_call {
    ledger_ordered_cb cb;
    void *arg;
};

static void on_ordered(void *arg, enum err err, const struct redis_reply *reply)
{
    struct order_call *call = arg;
    bool ok = err == ERR_OK && answer_is(reply, "OK");
    if (err == ERR_OK && !ok)
        err = ERR_REDIS_REPLY;
    call->cb(call->arg, err, ok ? answer_number(reply, 1) : 0);
    free(call);
}

void ledger_order(struct store *store, enum journal_order order, struct span host, uint64_t of,
                  ledger_ordered_cb cb, void *arg)
{
    struct order_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct order_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add_str(&a, journal_order_name(order));
    words_add(&a, host);
    words_add_int(&a, (int64_t)of);
    store_script(store, &a, &script_order, on_ordered, call);
}
