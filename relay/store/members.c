/* members: reading the registry, and changing it through the journal.
 * May not know: which changes are allowed (rules/member.c does). */
#include "relay/store/members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pure/map.h"
#include "relay/rules/cursor.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* --- one
 * ----------------------------------------------------------------------------------------------------
 */

struct get_call {
    struct store *store;
    member_cb cb;
    void *arg;
};

/* Nobody is known to a Redis that was emptied, either: a stranger is one only where the journal is
 * still ours. Otherwise a member would be told for good that it is none. */
static void on_epoch(void *arg, enum err err, const struct redis_reply *reply)
{
    struct get_call *call = arg;
    if (err == ERR_OK && !span_eq_str(reply_text(reply), store_epoch_text(call->store))) {
        store_reset(call->store);
        err = ERR_REDIS;
    }
    call->cb(call->arg, err, NULL);
    free(call);
}

static void on_member(void *arg, enum err err, const struct redis_reply *reply)
{
    static const struct span words[] = {
        {"HGET", 4}, {KEY("log"), sizeof(KEY("log")) - 1}, {"epoch", 5}};
    struct get_call *call = arg;
    struct span text = err == ERR_OK ? reply_text(reply) : SPAN_NONE;
    if (err == ERR_OK && !text.n) {
        store_call(call->store, words, 3, on_epoch, call);
        return;
    }
    struct member *member = mem_new(sizeof(*member));
    bool there = text.n && member_read(text, member);
    if (text.n && !there)
        err = ERR_REDIS_REPLY;
    call->cb(call->arg, err, there ? member : NULL);
    free(member);
    free(call);
}

static void get(struct store *store, struct span host, redis_cb cb, void *arg)
{
    struct bytes key;
    bytes_init(&key, 512);
    bytes_add_str(&key, KEY("member:"));
    bytes_add(&key, host);
    struct span words[] = {SPAN("HGET"), bytes_span(&key), SPAN("m")};
    store_call(store, words, 3, cb, arg);
    bytes_fini(&key);
}

void members_get(struct store *store, struct span host, member_cb cb, void *arg)
{
    struct get_call *call = mem_new(sizeof(*call));
    *call = (struct get_call){store, cb, arg};
    get(store, host, on_member, call);
}

/* --- all
 * ----------------------------------------------------------------------------------------------------
 */

/* Page by page, so that nothing else that is asked of Redis meanwhile waits for more than one: a
 * courier's lease would run out behind the records of 100,000 members. A scan may name a host
 * twice. */
struct each_call {
    struct store *store;
    uint64_t shards;
    member_cb each;
    void *arg;
    struct map *told; /* hosts */
    struct member *member;
    size_t waiting;
    enum err err;
};

struct each_one {
    struct each_call *call;
    char host[MEMBER_HOST_SIZE];
};

static void each_done(struct each_call *call)
{
    if (--call->waiting)
        return;
    call->each(call->arg, call->err, NULL);
    map_free(&call->told);
    free(call->member);
    free(call);
}

static void on_each(void *arg, enum err err, const struct redis_reply *reply)
{
    struct each_one *one = arg;
    struct each_call *call = one->call;
    struct member *member = call->member;
    struct span text = err == ERR_OK ? reply_text(reply) : SPAN_NONE;
    bool wrong = err == ERR_REDIS_REPLY && trouble_of_answer(reply_text(reply)) == TROUBLE_TYPE;
    wrong = wrong || (text.p && !member_read(text, member));
    if (wrong) {
        *member = (struct member){0};
        span_copy(span_of(one->host), member->host, sizeof(member->host));
        call->each(call->arg, ERR_REDIS_REPLY, member);
    } else if (err != ERR_OK) {
        call->err = err;
    } else if (text.p) {
        call->each(call->arg, ERR_OK, member);
    }
    free(one);
    each_done(call);
}

static bool wanted(const struct each_call *call, struct span host)
{
    uint64_t bit = UINT64_C(1) << shard_of(host, store_shards(call->store));
    return (call->shards & bit) && !map_get(call->told, host);
}

static void scan(struct each_call *call, struct span from);

/* The next page is asked for behind the records of this one. */
static void on_hosts(void *arg, enum err err, const struct redis_reply *reply)
{
    struct each_call *call = arg;
    const struct redis_reply *hosts = reply_at(reply, 1);
    struct span next = err == ERR_OK ? reply_text(reply_at(reply, 0)) : SPAN_NONE;
    if (call->err == ERR_OK)
        call->err = err;
    for (size_t i = 0; err == ERR_OK && i < reply_len(hosts); i++) {
        struct span host = reply_text(reply_at(hosts, i));
        if (!wanted(call, host))
            continue;
        struct each_one *one = mem_new(sizeof(*one));
        call->waiting++;
        one->call = call;
        span_copy(host, one->host, sizeof(one->host));
        map_put(call->told, host, call);
        get(call->store, host, on_each, one);
    }
    if (call->err == ERR_OK && !span_eq_str(next, "0"))
        scan(call, next);
    each_done(call);
}

static void scan(struct each_call *call, struct span from)
{
    struct span words[] = {SPAN("SSCAN"), SPAN(KEY("members")), from, SPAN("COUNT"), SPAN("128")};
    call->waiting++;
    store_call(call->store, words, 5, on_hosts, call);
}

void members_each(struct store *store, uint64_t shards, member_cb each, void *arg)
{
    struct each_call *call = mem_new(sizeof(*call));
    *call = (struct each_call){.store = store,
                               .shards = shards,
                               .each = each,
                               .arg = arg,
                               .told = map_new(),
                               .member = mem_new(sizeof(struct member))};
    scan(call, SPAN("0"));
}

/* --- how many changes
 * ----------------------------------------------------------------------------------------------------
 */

struct changes_call {
    members_changes_cb cb;
    void *arg;
};

/* Of a journal that never had a member there is no number. */
static void on_changes(void *arg, enum err err, const struct redis_reply *reply)
{
    struct changes_call *call = arg;
    uint64_t changes = 0;
    struct span text = err == ERR_OK ? reply_text(reply) : SPAN_NONE;
    if (text.p && !span_u64(text, UINT64_MAX, &changes))
        err = ERR_REDIS_REPLY;
    call->cb(call->arg, err, changes);
    free(call);
}

void members_changes(struct store *store, members_changes_cb cb, void *arg)
{
    const struct span words[] = {SPAN("HGET"), SPAN(KEY("log")), SPAN("changes")};
    struct changes_call *call = mem_new(sizeof(*call));
    *call = (struct changes_call){cb, arg};
    store_call(store, words, 3, on_changes, call);
}

/* --- changing
 * -----------------------------------------------------------------------------------------------
 */

struct change_call {
    members_changed_cb cb;
    void *arg;
};

static void on_changed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct change_call *call = arg;
    struct members_changed answer = {.err = err};
    if (err == ERR_OK && answer_is(reply, "OK")) {
        answer.n = answer_number(reply, 1);
    } else if (err == ERR_OK && answer_is(reply, "AGAIN")) {
        answer.err = ERR_AGAIN;
        answer.member = reply_text(reply_at(reply, 1));
    } else if (err == ERR_OK) {
        answer.err = answer_is(reply, "WRONG") ? ERR_UNREADABLE : ERR_REDIS_REPLY;
    }
    call->cb(call->arg, &answer);
    free(call);
}

void members_change(struct store *store, const struct members_change *c, members_changed_cb cb,
                    void *arg)
{
    struct change_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes record;
    char here[24];
    struct span host = span_of(c->after->host);
    *call = (struct change_call){cb, arg};
    bytes_init(&record, MEMBER_TEXT_MAX);
    member_write(c->after, &record);
    snprintf(here, sizeof(here), "%" PRIu64, MEMBER_HERE);

    words_add_str(&a, store_epoch_text(store));
    words_add(&a, host);
    words_add_int(&a, (int64_t)c->ver);
    words_add(&a, bytes_span(&record));
    words_add_str(&a, member_event_name(c->event));
    words_add_int(&a, c->now_ms);
    words_add_str(&a, c->cuts ? "1" : "0");
    words_add_int(&a, shard_of(host, store_shards(store)));
    words_add_str(&a, here);
    words_add(&a, c->note);
    for (size_t i = 0; i < c->letters_n; i++) {
        words_add(&a, c->letters[i].inbox);
        words_add(&a, c->letters[i].kind);
        words_add(&a, c->letters[i].body);
    }
    store_promise(store, &a, &script_control, on_changed, call);
    bytes_fini(&record);
}

/* --- when it is looked at
 * ---------------------------------------------------------------------------------------------
 */

struct look_call {
    members_look_cb cb;
    void *arg;
};

static void on_look(void *arg, enum err err, const struct redis_reply *reply)
{
    struct look_call *call = arg;
    int64_t later_ms = 0;
    if (err == ERR_OK && answer_is(reply, "LATER"))
        later_ms = (int64_t)answer_number(reply, 1);
    else if (err == ERR_OK && answer_is(reply, "NONE"))
        err = ERR_NOT_MEMBER;
    else if (err == ERR_OK && !answer_is(reply, "OK"))
        err = ERR_REDIS_REPLY;
    call->cb(call->arg, err, later_ms);
    free(call);
}

void members_look(struct store *store, const struct members_look *look, members_look_cb cb,
                  void *arg)
{
    struct look_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct look_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add(&a, look->host);
    words_add_int(&a, look->since_ms);
    words_add_int(&a, look->now_ms);
    words_add_int(&a, look->next_ms);
    store_script(store, &a, &script_look, on_look, call);
}

/* --- where operators put them
 * ---------------------------------------------------------------------------------------------
 */

struct placed_call {
    struct placed *placed;
    members_placed_cb cb;
    void *arg;
};

static void on_placed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct placed_call *call = arg;
    struct placed *placed = call->placed;
    if (err == ERR_OK && reply_len(reply) != placed->n)
        err = ERR_REDIS_REPLY;
    for (size_t i = 0; err == ERR_OK && i < placed->n; i++)
        span_copy(reply_text(reply_at(reply, i)), placed->list[i].zone,
                  sizeof(placed->list[i].zone));
    call->cb(call->arg, err);
    free(call);
}

void members_placed(struct store *store, struct placed *placed, members_placed_cb cb, void *arg)
{
    struct placed_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct placed_call){placed, cb, arg};
    for (size_t i = 0; i < placed->n; i++)
        words_add_str(&a, placed->list[i].host);
    store_script(store, &a, &script_placed, on_placed, call);
}
