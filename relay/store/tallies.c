/* tallies: adding what was counted, and reading a month.
 * May not know: what is counted, or what a report looks like. */
#include "relay/store/tallies.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/date.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { DAY_MS = 86400000 };

/* --- adding ----------------------------------------------------------------------------------- */

struct add_call {
    struct words counts, seen;
    int64_t n;
    tallies_cb cb;
    void *arg;
};

static void on_count(void *arg, struct span month, struct span field, uint64_t n)
{
    struct add_call *call = arg;
    words_add(&call->counts, month);
    words_add(&call->counts, field);
    words_add_int(&call->counts, (int64_t)n);
    call->n++;
}

static void on_seen(void *arg, struct span set, struct span digest)
{
    struct add_call *call = arg;
    words_add(&call->seen, set);
    words_add(&call->seen, digest);
}

static void on_added(void *arg, enum err err, const struct redis_reply *reply)
{
    struct add_call *call = arg;
    if (err == ERR_OK && !answer_is(reply, "OK"))
        err = answer_is(reply, "WRONG") ? ERR_UNREADABLE : ERR_REDIS_REPLY;
    call->cb(call->arg, err);
    free(call);
}

/* The words of one behind those of the other. */
static void append(struct words *a, struct words *b)
{
    size_t from = 0;
    for (size_t i = 0; i < b->n; i++) {
        words_add(a, (struct span){bytes_str(&b->text) + from, b->ends[i] - from});
        from = b->ends[i];
    }
    words_free(b);
}

void tallies_add(struct store *store, struct tally *tally, tallies_cb cb, void *arg)
{
    struct add_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    const struct tally_taker taker = {on_count, on_seen, call};
    *call = (struct add_call){.cb = cb, .arg = arg};
    tally_take(tally, &taker);
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, TALLIES_FIELDS_MAX);
    words_add_int(&a, TALLIES_SETS_MAX);
    words_add_int(&a, TALLIES_MONTHS);
    words_add_int(&a, call->n);
    append(&a, &call->counts);
    append(&a, &call->seen);
    store_script(store, &a, &script_tally, on_added, call);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct read_call {
    tallies_read_cb cb;
    void *arg;
};

static enum err tell(const struct read_call *call, const struct redis_reply *list, bool is_set)
{
    for (size_t i = 0; i + 1 < reply_len(list); i += 2) {
        struct tallies_item item = {is_set, reply_text(reply_at(list, i)), 0};
        const struct redis_reply *n = reply_at(list, i + 1);
        if (is_set)
            item.n = (uint64_t)reply_int(n);
        else if (!span_u64(reply_text(n), INT64_MAX, &item.n))
            return ERR_UNREADABLE;
        call->cb(call->arg, ERR_OK, &item);
    }
    return ERR_OK;
}

static void on_read(void *arg, enum err err, const struct redis_reply *reply)
{
    struct read_call *call = arg;
    if (err == ERR_OK && !answer_is(reply, "OK"))
        err = answer_is(reply, "WRONG") ? ERR_UNREADABLE : ERR_REDIS_REPLY;
    if (err == ERR_OK)
        err = tell(call, reply_at(reply, 1), false);
    if (err == ERR_OK)
        err = tell(call, reply_at(reply, 2), true);
    call->cb(call->arg, err, NULL);
    free(call);
}

static void add_day(struct words *a, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    words_add(a, (struct span){text, strlen("2026-11-16")});
}

void tallies_read(struct store *store, struct span month, tallies_read_cb cb, void *arg)
{
    struct read_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    int64_t from_ms = 0, to_ms = 0;
    *call = (struct read_call){cb, arg};
    tally_month_read(month, &from_ms, &to_ms);
    words_add(&a, month);
    add_day(&a, from_ms - (int64_t)6 * DAY_MS); /* a week that ends on the first of the month */
    add_day(&a, to_ms);
    store_script(store, &a, &script_tallyread, on_read, call);
}
