/* leases: one call of lease.lua, and its answer as a table.
 * May not know: who is to own what. */
#include "relay/store/leases.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct beat_call {
    leases_cb cb;
    void *arg;
};

/* `name beat`; what can't be read is nobody's lease, and free to be buried by nobody: left out. */
static bool entry_read(struct span nonce, struct span value, struct lease_entry *ret)
{
    size_t at = value.n;
    while (at && value.p[at - 1] != ' ')
        at--;
    struct span beat = {value.p + at, value.n - at};
    return at && span_u64(beat, INT64_MAX, &ret->beat) &&
           span_copy((struct span){value.p, at - 1}, ret->name, sizeof(ret->name)) &&
           span_copy(nonce, ret->nonce, sizeof(ret->nonce));
}

static void table_read(const struct redis_reply *reply, struct lease_table *ret)
{
    const struct redis_reply *list = reply_at(reply, 1);
    const struct redis_reply *owners = reply_at(reply, 2);
    for (size_t i = 0; i + 1 < reply_len(list) && ret->n < LEASES_MAX; i += 2)
        ret->n += entry_read(reply_text(reply_at(list, i)), reply_text(reply_at(list, i + 1)),
                             &ret->list[ret->n]);
    for (size_t i = 0; i < reply_len(owners) && i < LEASE_SHARDS_MAX; i++)
        span_copy(reply_text(reply_at(owners, i)), ret->owners[i], sizeof(ret->owners[i]));
}

static void on_beat(void *arg, enum err err, const struct redis_reply *reply)
{
    struct beat_call call = *(struct beat_call *)arg;
    struct lease_table *table = NULL;
    free(arg);
    if (err == ERR_OK && answer_is(reply, "FENCED"))
        err = ERR_FENCED;
    else if (err == ERR_OK && !answer_is(reply, "OK"))
        err = ERR_REDIS_REPLY;
    if (err == ERR_OK) {
        table = mem_new(sizeof(*table));
        table_read(reply, table);
    }
    call.cb(call.arg, err, table);
    free(table);
}

void leases_beat(struct store *store, const struct leases_beat *beat, leases_cb cb, void *arg)
{
    struct beat_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct beat_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add_str(&a, beat->nonce);
    words_add_str(&a, beat->name);
    words_add_str(&a, beat->first ? "1" : "0");
    for (unsigned shard = 0; shard < store_shards(store); shard++)
        if (beat->give >> shard & 1) {
            words_add_str(&a, "R");
            words_add_int(&a, shard);
        }
    for (size_t i = 0; i < beat->bury_n; i++) {
        words_add_str(&a, "B");
        words_add_str(&a, beat->bury[i].nonce);
        words_add_int(&a, (int64_t)beat->bury[i].beat);
    }
    if (beat->leave)
        words_add_str(&a, "L");
    store_promise(store, &a, &script_lease, on_beat, call);
}
