/* cursors: claiming shards and committing deltas, each under nonce, epoch and sequence.
 * May not know: how the scheduler comes to its delta. */
#include "relay/store/cursors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/store/outcomes.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct cursors {
    struct store *store;
    char nonce[33];
    uint64_t seq[SCHEDULE_SHARDS_MAX];
    struct outcomes *outcomes;
    struct schedule *schedule; /* while claiming */
    size_t waiting;
    enum err err;
    uint64_t taken;
    cursors_claimed_cb claimed;
    void *claimed_arg;
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
    c->outcomes = outcomes_new();
    span_copy(span_of(nonce), c->nonce, sizeof(c->nonce));
    return c;
}

static void end(struct cursors *c)
{
    if (c)
        outcomes_free(&c->outcomes);
    free(c);
}

void cursors_free(struct cursors **cursors)
{
    struct cursors *c = *cursors;
    *cursors = NULL;
    if (c && (c->waiting || c->committing))
        c->dead = true;
    else
        end(c);
}

/* --- claiming -------------------------------------------------------------------------------- */

struct claim {
    struct cursors *c;
    unsigned shard;
};

/* A cursor that can't be read is an error: without it, its member would follow the shard's, past
 * what it is owed. */
static enum err load_shard(struct cursors *c, unsigned shard, const struct redis_reply *reply)
{
    const struct redis_reply *own = reply_at(reply, 4);
    c->seq[shard] = answer_number(reply, 1);
    schedule_load_shard(c->schedule, shard, answer_number(reply, 2), answer_number(reply, 3));
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return ERR_REDIS_REPLY;
        schedule_load_cursor(c->schedule, reply_text(reply_at(own, i)), &cursor);
        cursor_fini(&cursor);
    }
    return ERR_OK;
}

static enum err claim_judge(struct cursors *c, unsigned shard, const struct redis_reply *reply)
{
    if (answer_is(reply, "OK"))
        return load_shard(c, shard, reply);
    if (answer_is(reply, "TAKEN"))
        c->taken |= UINT64_C(1) << shard;
    else
        return answer_is(reply, "FENCED") ? ERR_FENCED : ERR_REDIS_REPLY;
    return ERR_OK;
}

static void on_claimed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct claim *claim = arg;
    struct cursors *c = claim->c;
    if (err == ERR_OK && !c->dead)
        err = claim_judge(c, claim->shard, reply);
    if (err != ERR_OK)
        c->err = err;
    free(claim);
    if (--c->waiting)
        return;
    if (c->dead)
        end(c);
    else
        c->claimed(c->claimed_arg, c->err, c->taken);
}

void cursors_claim(struct cursors *c, struct schedule *schedule, uint64_t shards,
                   cursors_claimed_cb cb, void *arg)
{
    c->schedule = schedule;
    c->claimed = cb;
    c->claimed_arg = arg;
    c->err = ERR_OK;
    c->taken = 0;
    for (unsigned shard = 0; shard < store_shards(c->store); shard++) {
        if (!(shards >> shard & 1))
            continue;
        c->waiting++;
        struct claim *claim = mem_new(sizeof(*claim));
        struct words a = {0};
        *claim = (struct claim){c, shard};
        words_add_str(&a, store_epoch_text(c->store));
        words_add_str(&a, c->nonce);
        words_add_int(&a, shard);
        store_script(c->store, &a, &script_claim, on_claimed, claim);
    }
}

/* --- committing ------------------------------------------------------------------------------ */

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
        end(c);
    else
        c->cb(c->arg, err);
}

static void add_cursor(struct words *a, const struct change *change)
{
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(&change->cursor, &text);
    words_add_str(a, "C");
    words_add_str(a, change->host);
    words_add_int(a, (int64_t)change->cursor.low);
    words_add(a, bytes_span(&text));
    bytes_fini(&text);
}

/* A word, then the entry and the host that it is about. */
static void add_about(struct words *a, const char *word, const struct change *change)
{
    words_add_str(a, word);
    words_add_int(a, (int64_t)change->to);
    words_add_str(a, change->host);
}

static void add_two(struct words *a, const char *word, const char *what)
{
    words_add_str(a, word);
    words_add_str(a, what);
}

/* The words of commit.lua, one change each. */
static void add_change(struct cursors *c, struct words *a, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_SHARD:
        words_add_str(a, "S");
        words_add_int(a, change->shard);
        words_add_int(a, (int64_t)c->seq[change->shard] + 1);
        words_add_int(a, (int64_t)change->cursor.low);
        words_add_int(a, (int64_t)change->cursor.urgent);
        c->moved[change->shard] = true;
        outcomes_take(c->outcomes, change->shard, a);
        break;
    case CHANGE_CURSOR: add_cursor(a, change); break;
    case CHANGE_FOLLOW: add_two(a, "F", change->host); break;
    case CHANGE_FAIL:
        add_about(a, "X", change);
        words_add_int(a, change->slot);
        words_add_str(a, err_code(change->why));
        words_add_int(a, change->status);
        words_add_int(a, change->tries);
        words_add_str(a, change->detail);
        break;
    case CHANGE_LATE:
        add_about(a, "L", change);
        words_add_int(a, change->slot);
        words_add_int(a, change->tries);
        break;
    case CHANGE_SKIP:
        add_about(a, "K", change);
        words_add_int(a, change->slot);
        words_add_str(a, err_code(change->why));
        break;
    case CHANGE_CUT:
        words_add_str(a, "G");
        words_add_int(a, (int64_t)change->from);
        words_add_int(a, (int64_t)change->to);
        words_add_str(a, change->host);
        words_add_int(a, change->slot);
        words_add_str(a, err_code(change->why));
        break;
    case CHANGE_RETRY:
        add_about(a, "R", change);
        words_add_int(a, change->slot);
        break;
    case CHANGE_DROP: add_about(a, "P", change); break;
    case CHANGE_DIRECT: add_two(a, "D", change->id); break;
    case CHANGE_DOWN: add_two(a, "-", change->host); break;
    case CHANGE_UP: add_two(a, "+", change->host); break;
    }
}

void cursors_note(struct cursors *c, struct span host, const struct recent *recent)
{
    outcomes_add(c->outcomes, shard_of(host, store_shards(c->store)), host, recent);
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
