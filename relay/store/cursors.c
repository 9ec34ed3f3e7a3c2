/* cursors: claiming shards and committing deltas, each under nonce, epoch and sequence.
 * May not know: how the scheduler comes to its delta. */
#include "relay/store/cursors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct cursors {
    struct store *store;
    char nonce[33];
    uint64_t seq[SCHEDULE_SHARDS_MAX];
    struct schedule *schedule; /* while claiming */
    size_t waiting;
    enum err err;
    cursors_cb cb;
    void *arg;
    bool moved[SCHEDULE_SHARDS_MAX]; /* shards of the commit that is out */
    bool committing;
    bool dead; /* given back while answers were outstanding: the last one frees it */
};

struct cursors *cursors_new(struct store *store, const char *nonce)
{
    struct cursors *c = mem_new(sizeof(*c));
    c->store = store;
    span_copy(span_of(nonce), c->nonce, sizeof(c->nonce));
    return c;
}

void cursors_free(struct cursors **cursors)
{
    struct cursors *c = *cursors;
    *cursors = NULL;
    if (c && (c->waiting || c->committing))
        c->dead = true;
    else
        free(c);
}

/* --- claiming
 * --------------------------------------------------------------------------------------------- */

struct claim {
    struct cursors *c;
    unsigned shard;
};

/* A cursor that can't be read is an error: without it, its member would follow the shard's, past
 * what it is owed. */
static enum err load_shard(struct cursors *c, unsigned shard, const struct redis_reply *reply)
{
    const struct redis_reply *own = reply_at(reply, 3);
    c->seq[shard] = answer_number(reply, 1);
    schedule_load_shard(c->schedule, shard, answer_number(reply, 2));
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return ERR_REDIS_REPLY;
        schedule_load_cursor(c->schedule, reply_text(reply_at(own, i)), &cursor);
        cursor_fini(&cursor);
    }
    return ERR_OK;
}

static void on_claimed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct claim *claim = arg;
    struct cursors *c = claim->c;
    if (err == ERR_OK && !c->dead)
        err = answer_is(reply, "OK") ? load_shard(c, claim->shard, reply) : ERR_REDIS_REPLY;
    if (err != ERR_OK)
        c->err = err;
    free(claim);
    if (--c->waiting)
        return;
    if (c->dead)
        free(c);
    else
        c->cb(c->arg, c->err);
}

void cursors_claim(struct cursors *c, struct schedule *schedule, cursors_cb cb, void *arg)
{
    c->schedule = schedule;
    c->cb = cb;
    c->arg = arg;
    c->err = ERR_OK;
    c->waiting = store_shards(c->store);
    for (unsigned shard = 0; shard < store_shards(c->store); shard++) {
        struct claim *claim = mem_new(sizeof(*claim));
        struct words a = {0};
        *claim = (struct claim){c, shard};
        words_add_str(&a, store_epoch_text(c->store));
        words_add_str(&a, c->nonce);
        words_add_int(&a, shard);
        store_script(c->store, &a, &script_claim, on_claimed, claim);
    }
}

/* --- committing
 * ------------------------------------------------------------------------------------------- */

static void on_committed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct cursors *c = arg;
    if (err == ERR_OK && !answer_is(reply, "OK"))
        err = ERR_FENCED;
    for (unsigned i = 0; i < SCHEDULE_SHARDS_MAX; i++)
        if (c->moved[i]) {
            c->seq[i] += err == ERR_OK;
            c->moved[i] = false;
        }
    c->committing = false;
    if (c->dead)
        free(c);
    else
        c->cb(c->arg, err);
}

static void add_words(struct words *a, const char *word, const char *host)
{
    words_add_str(a, word);
    if (host)
        words_add_str(a, host);
}

/* The words of commit.lua, one change each. */
static void add_change(struct cursors *c, struct words *a, const struct change *change)
{
    struct bytes cursor;
    switch (change->kind) {
    case CHANGE_SHARD:
        add_words(a, "S", NULL);
        words_add_int(a, change->shard);
        words_add_int(a, (int64_t)c->seq[change->shard] + 1);
        words_add_int(a, (int64_t)change->cursor.low);
        c->moved[change->shard] = true;
        break;
    case CHANGE_CURSOR:
        bytes_init(&cursor, CURSOR_TEXT_MAX);
        cursor_write(&change->cursor, &cursor);
        add_words(a, "C", change->host);
        words_add(a, bytes_span(&cursor));
        bytes_fini(&cursor);
        break;
    case CHANGE_FOLLOW: add_words(a, "F", change->host); break;
    case CHANGE_FAIL:
        add_words(a, "X", NULL);
        words_add_int(a, (int64_t)change->to);
        words_add_str(a, change->host);
        words_add_str(a, err_code(change->why));
        words_add_int(a, change->status);
        break;
    case CHANGE_SKIP:
        add_words(a, "K", NULL);
        words_add_int(a, (int64_t)change->to);
        words_add_str(a, change->host);
        words_add_str(a, err_code(change->why));
        break;
    case CHANGE_CUT:
        add_words(a, "G", NULL);
        words_add_int(a, (int64_t)change->from);
        words_add_int(a, (int64_t)change->to);
        words_add_str(a, change->host);
        words_add_str(a, err_code(change->why));
        break;
    case CHANGE_LATE:
    case CHANGE_RETRY:
    case CHANGE_DROP: break;
    case CHANGE_DIRECT: add_words(a, "D", change->id); break;
    case CHANGE_DOWN: add_words(a, "-", change->host); break;
    case CHANGE_UP: add_words(a, "+", change->host); break;
    }
}

void cursors_commit(struct cursors *c, const struct delta *delta, int64_t now_ms, cursors_cb cb,
                    void *arg)
{
    struct words a = {0};
    c->cb = cb;
    c->arg = arg;
    c->committing = true;
    words_add_str(&a, store_epoch_text(c->store));
    words_add_str(&a, c->nonce);
    words_add_int(&a, now_ms);
    for (size_t i = 0; i < delta->n; i++)
        add_change(c, &a, &delta->list[i]);
    store_script(c->store, &a, &script_commit, on_committed, c);
}
