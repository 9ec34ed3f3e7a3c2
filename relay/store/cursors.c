/* cursors: claiming shards and committing deltas, each under nonce, epoch and sequence.
 * May not know: how the scheduler comes to its delta. */
#include "relay/store/cursors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/outcomes.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { CLAIMS = 8 /* under way at once */ };

struct cursors {
    struct store *store;
    char nonce[33];
    uint64_t seq[SCHEDULE_SHARDS_MAX];
    struct outcomes *outcomes;
    struct schedule *schedule; /* while claiming */
    uint64_t unclaimed;        /* that are not asked for yet */
    bool first;                /* nothing was: the first call makes all of them ours */
    size_t waiting;
    enum err err;
    uint64_t taken, broken;
    cursors_claimed_cb claimed;
    void *claimed_arg;
    uint64_t epoch;  /* of the shards as they were claimed, or resumed */
    uint64_t newest; /* that the schedule was told of then */
    cursors_resumed_cb resumed;
    void *resumed_arg;
    uint64_t asked; /* shards that are to be resumed */
    bool resuming;
    cursors_cb cb;
    void *arg;
    bool moved[SCHEDULE_SHARDS_MAX]; /* shards of the commit that is out, or was not answered */
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
    if (c && (c->waiting || c->committing || c->resuming))
        c->dead = true;
    else
        end(c);
}

/* --- claiming -------------------------------------------------------------------------------- */

struct claim {
    struct cursors *c;
    unsigned shard;
};

/* False if a cursor can't be read: without it, its member would follow the shard's, past what it is
 * owed. */
static bool load_shard(struct cursors *c, unsigned shard, const struct redis_reply *reply)
{
    const struct redis_reply *own = reply_at(reply, 4);
    uint64_t newest = answer_number(reply, 5);
    if (newest > c->newest)
        c->newest = newest;
    store_saw(c->store, newest);
    schedule_load_urgent(c->schedule, newest);
    c->seq[shard] = answer_number(reply, 1);
    schedule_load_shard(c->schedule, shard, answer_number(reply, 2), answer_number(reply, 3));
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return false;
        schedule_load_cursor(c->schedule, reply_text(reply_at(own, i)), &cursor);
        cursor_fini(&cursor);
    }
    return true;
}

static enum err claim_judge(struct cursors *c, unsigned shard, const struct redis_reply *reply)
{
    uint64_t bit = UINT64_C(1) << shard;
    if (answer_is(reply, "OK"))
        c->broken |= load_shard(c, shard, reply) ? 0 : bit;
    else if (answer_is(reply, "WRONG"))
        c->broken |= bit;
    else if (answer_is(reply, "TAKEN"))
        c->taken |= bit;
    else
        return answer_is(reply, "FENCED") ? ERR_FENCED : ERR_REDIS_REPLY;
    return ERR_OK;
}

static void claim_some(struct cursors *c);

static void on_claimed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct claim *claim = arg;
    struct cursors *c = claim->c;
    if (err == ERR_OK && !c->dead)
        err = claim_judge(c, claim->shard, reply);
    if (err != ERR_OK)
        c->err = err;
    free(claim);
    c->waiting--;
    if (!c->dead && c->err == ERR_OK)
        claim_some(c);
    if (c->waiting)
        return;
    if (c->dead)
        end(c);
    else
        c->claimed(c->claimed_arg, c->err, c->taken, c->broken);
}

static void claim_one(struct cursors *c, unsigned shard, uint64_t besides)
{
    struct claim *claim = mem_new(sizeof(*claim));
    struct words a = {0};
    *claim = (struct claim){c, shard};
    c->waiting++;
    words_add_str(&a, store_epoch_text(c->store));
    words_add_str(&a, c->nonce);
    words_add_int(&a, shard);
    for (; besides; besides &= besides - 1)
        words_add_int(&a, __builtin_ctzll(besides));
    store_script(c->store, &a, &script_claim, on_claimed, claim);
}

/* A few at once: each brings all cursors of its shard, and a beat of the lease that they stand on
 * must not wait behind those of 100,000 members. */
static void claim_some(struct cursors *c)
{
    while (c->unclaimed && c->waiting < CLAIMS) {
        unsigned shard = (unsigned)__builtin_ctzll(c->unclaimed);
        c->unclaimed &= c->unclaimed - 1;
        claim_one(c, shard, c->first ? c->unclaimed : 0);
        c->first = false;
    }
}

void cursors_claim(struct cursors *c, struct schedule *schedule, uint64_t shards,
                   cursors_claimed_cb cb, void *arg)
{
    unsigned all = store_shards(c->store);
    c->schedule = schedule;
    c->claimed = cb;
    c->claimed_arg = arg;
    c->err = ERR_OK;
    c->taken = c->broken = 0;
    c->first = true;
    c->newest = 0;
    c->epoch = store_epoch(c->store);
    c->unclaimed = all < SCHEDULE_SHARDS_MAX ? shards & ((UINT64_C(1) << all) - 1) : shards;
    claim_some(c);
}

/* --- committing ------------------------------------------------------------------------------ */

/* SEQ: it moved on without us: what was not answered may have been written late. */
static enum err commit_judge(enum err err, const struct redis_reply *reply)
{
    if (err == ERR_REDIS_REPLY && trouble_passes(trouble_of_answer(reply_text(reply))))
        return ERR_REDIS;
    if (err != ERR_OK || answer_is(reply, "OK"))
        return err;
    return answer_is(reply, "SEQ") ? ERR_REDIS : ERR_FENCED;
}

static void moved_on(struct cursors *c)
{
    for (unsigned i = 0; i < SCHEDULE_SHARDS_MAX; i++) {
        c->seq[i] += c->moved[i];
        c->moved[i] = false;
    }
}

static void on_committed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct cursors *c = arg;
    err = commit_judge(err, reply);
    c->committing = false;
    if (err == ERR_OK)
        moved_on(c);
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
        words_add_int(a, change->lanes);
        break;
    case CHANGE_RETRY:
        add_about(a, "R", change);
        words_add_int(a, change->slot);
        break;
    case CHANGE_DROP: add_about(a, "P", change); break;
    case CHANGE_DIRECT: add_two(a, "D", change->id); break;
    case CHANGE_ENDED:
    case CHANGE_LOOK: break; /* asked for by whoever committed */
    case CHANGE_DOWN: add_two(a, "-", change->host); break;
    case CHANGE_UP: add_two(a, "+", change->host); break;
    }
}

void cursors_note(struct cursors *c, struct span host, const struct recent *recent)
{
    outcomes_add(c->outcomes, shard_of(host, store_shards(c->store)), host, recent);
}

static void on_told(void *arg, enum err err, const struct redis_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply; /* nothing depends on them */
}

void cursors_tell(struct cursors *c)
{
    struct words a = {0};
    words_add_str(&a, store_epoch_text(c->store));
    if (outcomes_take(c->outcomes, &a))
        store_script(c->store, &a, &script_outcomes, on_told, NULL);
    else
        words_free(&a);
}

void cursors_commit(struct cursors *c, const struct delta *delta, int64_t now_ms, cursors_cb cb,
                    void *arg)
{
    struct words a = {0};
    c->cb = cb;
    c->arg = arg;
    c->committing = true;
    memset(c->moved, 0, sizeof(c->moved));
    words_add_str(&a, store_epoch_text(c->store));
    words_add_str(&a, c->nonce);
    words_add_int(&a, now_ms);
    for (size_t i = 0; i < delta->n; i++)
        add_change(c, &a, &delta->list[i]);
    store_script(c->store, &a, &script_commit, on_committed, c);
}

/* --- going on after Redis was away ----------------------------------------------------------- */

/* The commit is one script: all of its shards have moved, or none. Any other has not. */
static enum err resume_judge(struct cursors *c, const struct redis_reply *reply, bool *ret_written)
{
    bool written = false, kept = false, same = true;
    size_t at = 1;
    if (!answer_is(reply, "OK"))
        return answer_is(reply, "FENCED") || answer_is(reply, "BEHIND") ? ERR_FENCED
                                                                        : ERR_REDIS_REPLY;
    for (unsigned i = 0; i < SCHEDULE_SHARDS_MAX; i++) {
        if (!(c->asked >> i & 1))
            continue;
        uint64_t seq = answer_number(reply, at++);
        bool moved = c->moved[i] && seq == c->seq[i] + 1;
        same = same && (moved || seq == c->seq[i]);
        written = written || moved;
        kept = kept || (c->moved[i] && !moved);
    }
    *ret_written = written;
    return same && !(written && kept) ? ERR_OK : ERR_FENCED;
}

static void on_resumed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct cursors *c = arg;
    bool written = false;
    c->resuming = false;
    if (c->dead) {
        free(c);
        return;
    }
    if (err == ERR_OK)
        err = resume_judge(c, reply, &written);
    if (err == ERR_OK) {
        c->epoch = store_epoch(c->store);
        if (written)
            moved_on(c);
    }
    c->resumed(c->resumed_arg, err, written);
}

void cursors_resume(struct cursors *c, uint64_t shards, uint64_t newest, cursors_resumed_cb cb,
                    void *arg)
{
    struct words a = {0};
    c->resumed = cb;
    c->resumed_arg = arg;
    c->resuming = true;
    c->asked = shards;
    words_add_str(&a, store_epoch_text(c->store));
    words_add_str(&a, c->nonce);
    words_add_int(&a, (int64_t)c->epoch);
    words_add_int(&a, (int64_t)(newest > c->newest ? newest : c->newest));
    for (unsigned shard = 0; shard < store_shards(c->store); shard++)
        if (shards >> shard & 1)
            words_add_int(&a, shard);
    store_script(c->store, &a, &script_resume, on_resumed, c);
}

/* --- what could not be read ------------------------------------------------------------------ */

struct probe_call {
    struct store *store;
    cursors_probed_cb cb;
    void *arg;
};

static void on_probed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct probe_call call = *(struct probe_call *)arg;
    uint64_t broken = 0;
    free(arg);
    for (size_t i = 0; err == ERR_OK && i + 1 < reply_len(reply); i += 2) {
        bool host = span_eq_str(reply_text(reply_at(reply, i)), "H");
        uint64_t shard =
            host ? shard_of(reply_text(reply_at(reply, i + 1)), store_shards(call.store))
                 : answer_number(reply, i + 1);
        if (shard < SCHEDULE_SHARDS_MAX)
            broken |= UINT64_C(1) << shard;
    }
    call.cb(call.arg, err, broken);
}

void cursors_probe(struct store *store, const struct cursors_probe *probe, cursors_probed_cb cb,
                   void *arg)
{
    struct probe_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct probe_call){store, cb, arg};
    for (unsigned shard = 0; shard < store_shards(store); shard++)
        if (probe->shards >> shard & 1) {
            words_add_str(&a, "S");
            words_add_int(&a, shard);
        }
    for (size_t i = 0; i < probe->hosts_n; i++) {
        words_add_str(&a, "H");
        words_add_str(&a, probe->hosts[i]);
    }
    store_script(store, &a, &script_probe, on_probed, call);
}
