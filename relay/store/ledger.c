/* ledger: reading cursors and records, one script call for each shard, so that what is said of a
 * host is of one moment.
 * May not know: what the records mean for an entry (rules/trace.c says that). */
#include "relay/store/ledger.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* --- reading ---------------------------------------------------------------------------------- */

struct read_call {
    struct book *book;
    enum err err;
    unsigned waiting;
    ledger_cb cb;
    void *arg;
};

struct shard_call {
    struct read_call *whole;
    unsigned shard;
};

static enum err take_shard(struct book *b, unsigned shard, const struct redis_reply *reply)
{
    const struct redis_reply *own = reply_at(reply, 4);
    if (reply_len(reply) != 5)
        return ERR_REDIS_REPLY;
    uint64_t last = answer_number(reply, 0);
    uint64_t floor = answer_number(reply, 1);
    b->last = last > b->last ? last : b->last;
    b->floor = floor > b->floor ? floor : b->floor;
    b->low[shard] = answer_number(reply, 2);
    b->mail += answer_number(reply, 3);
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return ERR_REDIS_REPLY;
        book_add_own(b, reply_text(reply_at(own, i)), &cursor);
        cursor_fini(&cursor);
    }
    return ERR_OK;
}

static void on_shard(void *arg, enum err err, const struct redis_reply *reply)
{
    struct shard_call *part = arg;
    struct read_call *call = part->whole;
    if (err == ERR_OK)
        err = take_shard(call->book, part->shard, reply);
    if (err != ERR_OK)
        call->err = err;
    free(part);
    if (--call->waiting)
        return;
    if (call->err != ERR_OK)
        book_free(&call->book);
    else
        book_close(call->book);
    call->cb(call->arg, call->err, call->book);
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
    *call = (struct read_call){.book = book_new(shards), .cb = cb, .arg = arg};
    call->waiting = host.n ? 1 : shards;
    if (host.n)
        read_shard(store, call, shard_of(host, shards), host);
    for (unsigned shard = 0; !host.n && shard < shards; shard++)
        read_shard(store, call, shard, SPAN_NONE);
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
