/* holds: items that wait for a person: reading them, what was decided about one, and the step that
 * forgets.
 * May not know: rules; who decides. */
#include "relay/store/holds.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { CLOSED_MAX = 10000 }; /* closed items that are kept to be seen */

/* --- reading ---------------------------------------------------------------------------------- */

static struct span field(const struct redis_reply *fields, const char *name)
{
    return reply_text(reply_field(fields, name));
}

static bool item_read(const struct redis_reply *reply, struct hold_item *ret)
{
    const struct redis_reply *f = reply_at(reply, 1);
    *ret = (struct hold_item){
        .h = (uint64_t)reply_int(reply_at(reply, 0)),
        .state = hold_state_by_name(field(f, "s")),
        .revision = (uint64_t)reply_int(reply_field(f, "r")),
        .at_ms = reply_int(reply_field(f, "t")),
        .updated_ms = reply_int(reply_field(f, "ut")),
        .from = field(f, "g"),
        .zone = field(f, "z"),
        .id = field(f, "i"),
        .actor = field(f, "aa"),
        .type = field(f, "ty"),
        .object = field(f, "oi"),
        .zones = field(f, "zs"),
        .why = field(f, "w"),
        .known = field(f, "k"),
        .body = field(f, "b"),
        .update = field(f, "ub"),
        .fetched = field(f, "f"),
        .bytes = (size_t)reply_int(reply_field(f, "len")),
        .closed_ms = reply_int(reply_field(f, "ct")),
        .by = field(f, "by"),
        .reason = field(f, "re"),
        .sent = field(f, "st"),
        .n = (uint64_t)reply_int(reply_field(f, "n")),
    };
    return ret->h && ret->state != HOLD_STATE_COUNT;
}

static void call_read(struct store *store, uint64_t h, bool closed, uint64_t after, size_t most,
                      redis_cb cb, void *arg)
{
    struct words a = {0};
    if (h)
        words_add_int(&a, (int64_t)h);
    else
        words_add_str(&a, "");
    words_add_str(&a, closed ? "1" : "0");
    words_add_int(&a, (int64_t)after);
    words_add_int(&a, (int64_t)most);
    store_script(store, &a, &script_holdread, cb, arg);
}

struct item_call {
    holds_item_cb cb;
    void *arg;
};

static void on_item(void *arg, enum err err, const struct redis_reply *reply)
{
    struct item_call *call = arg;
    struct hold_item item;
    const struct redis_reply *list = reply_at(reply, 3);
    bool found = err == ERR_OK && reply_len(list) > 0;
    if (found && !item_read(reply_at(list, 0), &item))
        err = ERR_REDIS_REPLY;
    call->cb(call->arg, err, found && err == ERR_OK ? &item : NULL);
    free(call);
}

void holds_read(struct store *store, uint64_t h, holds_item_cb cb, void *arg)
{
    struct item_call *call = mem_new(sizeof(*call));
    *call = (struct item_call){cb, arg};
    call_read(store, h, false, 0, 1, on_item, call);
}

struct page_call {
    holds_page_cb cb;
    void *arg;
};

static void on_page(void *arg, enum err err, const struct redis_reply *reply)
{
    struct page_call *call = arg;
    struct holds_page page = {.err = err};
    const struct redis_reply *list = reply_at(reply, 3);
    size_t n = err == ERR_OK ? reply_len(list) : 0;
    struct hold_item *items = mem_new(n * sizeof(*items));
    for (size_t i = 0; i < n && page.err == ERR_OK; i++)
        if (!item_read(reply_at(list, i), &items[i]))
            page.err = ERR_REDIS_REPLY;
    if (page.err == ERR_OK) {
        page.items = items;
        page.items_n = n;
        page.open = answer_number(reply, 0);
        page.bytes = answer_number(reply, 1);
        page.next = answer_number(reply, 2);
    }
    call->cb(call->arg, &page);
    free(items);
    free(call);
}

void holds_page(struct store *store, bool closed, uint64_t after, size_t most, holds_page_cb cb,
                void *arg)
{
    struct page_call *call = mem_new(sizeof(*call));
    *call = (struct page_call){cb, arg};
    call_read(store, 0, closed, after, most, on_page, call);
}

/* --- what was decided ------------------------------------------------------------------------- */

struct settle_call {
    struct store *store;
    holds_settled_cb cb;
    void *arg;
};

static void on_settled(void *arg, enum err err, const struct redis_reply *reply)
{
    static const struct {
        const char *word;
        enum holds_result result;
    } results[] = {{"OK", HOLDS_SETTLED},      {"NONE", HOLDS_NONE},   {"CLOSED", HOLDS_CLOSED},
                   {"CHANGED", HOLDS_CHANGED}, {"AGAIN", HOLDS_AGAIN}, {"FULL", HOLDS_FULL}};
    struct settle_call *call = arg;
    struct holds_settled answer = {.err = err == ERR_OK ? ERR_REDIS_REPLY : err};
    for (size_t i = 0; err == ERR_OK && i < sizeof(results) / sizeof(*results); i++)
        if (answer_is(reply, results[i].word)) {
            answer.err = ERR_OK;
            answer.result = results[i].result;
        }
    if (err == ERR_OK && answer_is(reply, "WRONG"))
        answer.err = ERR_UNREADABLE;
    if (answer.err == ERR_OK && (answer.result == HOLDS_SETTLED || answer.result == HOLDS_CLOSED)) {
        answer.state = hold_state_by_name(reply_text(reply_at(reply, 1)));
        answer.n = answer.result == HOLDS_SETTLED ? answer_number(reply, 2) : 0;
    }
    store_saw(call->store, answer.n);
    call->cb(call->arg, &answer);
    free(call);
}

void holds_settle(struct store *store, const struct holds_settle *s, holds_settled_cb cb, void *arg)
{
    struct settle_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes kept;
    *call = (struct settle_call){store, cb, arg};
    bytes_init(&kept, s->kept.n + 1);
    hold_zones_write(s->kept, &kept);
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, (int64_t)s->h);
    words_add_int(&a, (int64_t)s->revision);
    words_add_int(&a, (int64_t)s->ver);
    words_add_str(&a, s->freezes);
    words_add_int(&a, s->now_ms);
    words_add_int(&a, s->now_ms / SEEN_WEEK_MS);
    words_add(&a, s->sent);
    words_add(&a, bytes_span(&kept));
    words_add(&a, s->kept);
    words_add_str(&a, hold_state_name(s->then));
    words_add(&a, s->by);
    words_add(&a, s->reason);
    words_add(&a, s->note);
    store_promise(store, &a, &script_settle, on_settled, call);
    bytes_fini(&kept);
}

/* --- forgetting ------------------------------------------------------------------------------- */

struct sweep_call {
    holds_swept_cb cb;
    void *arg;
};

static void on_swept(void *arg, enum err err, const struct redis_reply *reply)
{
    struct sweep_call *call = arg;
    struct holds_swept answer = {.err = err};
    uint64_t expired[HOLDS_SWEEP_MAX];
    const struct redis_reply *list = reply_at(reply, 2);
    const struct redis_reply *counts = reply_at(reply, 6);
    if (err == ERR_OK && !answer_is(reply, "OK"))
        answer.err = ERR_REDIS_REPLY;
    if (answer.err == ERR_OK) {
        answer.more = answer_number(reply, 1) != 0;
        answer.expired = expired;
        for (; answer.expired_n < reply_len(list) && answer.expired_n < HOLDS_SWEEP_MAX;
             answer.expired_n++)
            expired[answer.expired_n] = (uint64_t)reply_int(reply_at(list, answer.expired_n));
        answer.forgotten = answer_number(reply, 3);
        answer.open = answer_number(reply, 4);
        answer.bytes = answer_number(reply, 5);
        for (size_t i = 1; i < HOLD_STATE_COUNT; i++)
            answer.closed[i] = (uint64_t)reply_int(reply_at(counts, i - 1));
    }
    call->cb(call->arg, &answer);
    free(call);
}

void holds_sweep(struct store *store, const struct holds_sweep *s, holds_swept_cb cb, void *arg)
{
    struct sweep_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct sweep_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, s->now_ms);
    words_add_int(&a, s->before_ms);
    words_add_int(&a, s->forget_ms);
    words_add_int(&a, HOLDS_SWEEP_MAX);
    words_add_int(&a, CLOSED_MAX);
    for (int state = HOLD_OPEN + 1; state < HOLD_STATE_COUNT; state++)
        words_add_str(&a, hold_state_name((enum hold_state)state));
    store_script(store, &a, &script_holdsweep, on_swept, call);
}
