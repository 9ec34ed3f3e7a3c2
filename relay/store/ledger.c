/* ledger: reading cursors and records, one script call for each shard, so that what is said of a
 * host is of one moment; finding what an id stands for; orders.
 * May not know: what the records mean for an entry (rules/trace.c says that). */
#include "relay/store/ledger.h"

#include <stdlib.h>

#include "common/pure/encode.h"
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

/* Where things stand in the answer of ledger.lua. */
enum {
    AT_LAST,
    AT_FLOOR,
    AT_LOW,
    AT_URGENT,
    AT_MAIL,
    AT_DEAD,
    AT_OWN,
    AT_RECORDS,
    AT_MARKS = AT_RECORDS + 4,
    AT_ATTEMPTS,
    AT_URGENT_FLOOR,
    AT_GATES_LINE,
    AT_GATES,
    AT_END
};

static bool take_own(struct book *b, const struct redis_reply *own)
{
    for (size_t i = 0; i + 1 < reply_len(own); i += 2) {
        struct cursor cursor;
        if (!cursor_read(reply_text(reply_at(own, i + 1)), &cursor))
            return false;
        book_add_own(b, reply_text(reply_at(own, i)), &cursor);
        cursor_fini(&cursor);
    }
    return true;
}

static bool take_records(struct book *b, enum book_kind kind, const struct redis_reply *list)
{
    bool whole = true;
    for (size_t i = 0; whole && i < reply_len(list); i++)
        whole = book_add_record(b, kind, reply_text(reply_at(list, i)));
    return whole;
}

/* Newest first. A commit that moved many has several entries, of one number. */
static bool take_marks(struct book *b, unsigned shard, const struct redis_reply *list)
{
    struct span commit = SPAN_NONE;
    for (size_t i = reply_len(list); i > 0; i--) {
        const struct redis_reply *mark = reply_at(list, i - 1);
        const struct redis_reply *fields = reply_at(mark, 1);
        struct span id = reply_text(reply_at(mark, 0));
        struct span number = span_cut(&id, '-');
        if (!span_eq(number, commit))
            book_add_mark(b, shard, reply_int(reply_field(fields, "t")),
                          (uint64_t)reply_int(reply_field(fields, "s")));
        commit = number;
        for (size_t k = 4; k + 1 < reply_len(fields); k += 2)
            if (!book_add_move(b, shard, reply_text(reply_at(fields, k)),
                               reply_text(reply_at(fields, k + 1))))
                return false;
    }
    return true;
}

static bool take_attempts(struct book *b, const struct redis_reply *list)
{
    bool whole = true;
    for (size_t i = 0; whole && i + 1 < reply_len(list); i += 2)
        whole =
            book_add_recents(b, reply_text(reply_at(list, i)), reply_text(reply_at(list, i + 1)));
    return whole;
}

/* Each shard tells it as of its own moment. */
static bool take_gates(struct book *b, const struct redis_reply *reply)
{
    uint64_t line = answer_number(reply, AT_GATES_LINE);
    if (line < b->gates.n)
        return true;
    b->gates.n = line;
    return gates_read(reply_text(reply_at(reply, AT_GATES)), &b->gates);
}

static enum err take_shard(struct book *b, unsigned shard, const struct redis_reply *reply)
{
    if (answer_is(reply, "WRONG")) {
        b->unread |= UINT64_C(1) << shard;
        return ERR_OK;
    }
    if (reply_len(reply) != AT_END)
        return ERR_REDIS_REPLY;
    uint64_t last = answer_number(reply, AT_LAST);
    uint64_t floor = answer_number(reply, AT_FLOOR);
    b->last = last > b->last ? last : b->last;
    uint64_t urgent_floor = answer_number(reply, AT_URGENT_FLOOR);
    b->floor = floor > b->floor ? floor : b->floor;
    b->urgent_floor = urgent_floor > b->urgent_floor ? urgent_floor : b->urgent_floor;
    b->low[shard] = answer_number(reply, AT_LOW);
    b->urgent[shard] = answer_number(reply, AT_URGENT);
    b->mail += answer_number(reply, AT_MAIL);
    b->dead += answer_number(reply, AT_DEAD);
    bool whole = take_gates(b, reply) && take_own(b, reply_at(reply, AT_OWN)) &&
                 take_marks(b, shard, reply_at(reply, AT_MARKS)) &&
                 take_attempts(b, reply_at(reply, AT_ATTEMPTS));
    for (unsigned kind = 0; whole && kind < BOOK_KIND_COUNT; kind++)
        whole = take_records(b, (enum book_kind)kind, reply_at(reply, AT_RECORDS + kind));
    return whole ? ERR_OK : ERR_REDIS_REPLY;
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
                       const struct ledger_ask *ask)
{
    struct shard_call *part = mem_new(sizeof(*part));
    struct words a = {0};
    *part = (struct shard_call){call, shard};
    words_add_int(&a, shard);
    words_add(&a, ask->host);
    words_add_int(&a, (int64_t)ask->from);
    words_add_int(&a, (int64_t)ask->to);
    words_add_int(&a, (int64_t)ask->most);
    if (ask->since_ms < 0)
        words_add_str(&a, "");
    else
        words_add_int(&a, ask->since_ms);
    words_add_str(&a, ask->fails_only ? "1" : "");
    store_script(store, &a, &script_ledger, on_shard, part);
}

void ledger_read(struct store *store, const struct ledger_ask *ask, ledger_cb cb, void *arg)
{
    struct read_call *call = mem_new(sizeof(*call));
    unsigned shards = store_shards(store);
    unsigned one = shard_of(ask->host, shards);
    *call = (struct read_call){.book = book_new(shards), .cb = cb, .arg = arg};
    call->waiting = ask->host.n ? 1 : shards;
    for (unsigned shard = 0; shard < shards; shard++)
        if (!ask->host.n || shard == one)
            read_shard(store, call, shard, ask);
}

/* --- finding ---------------------------------------------------------------------------------- */

struct find_call {
    ledger_found_cb cb;
    void *arg;
};

/* Numbers with a blank between them, as many as there is room for. False: something else. */
static bool numbers_read(struct span text, uint64_t *ret, size_t *ret_n)
{
    while (text.p && text.n && *ret_n < LEDGER_ENTRIES_MAX)
        if (!span_u64(span_cut(&text, ' '), UINT64_MAX, &ret[(*ret_n)++]))
            return false;
    return true;
}

static void on_found(void *arg, enum err err, const struct redis_reply *reply)
{
    struct find_call *call = arg;
    struct ledger_found found = {.err = err};
    struct span was = err == ERR_OK ? reply_text(reply_at(reply, 0)) : SPAN_NONE;
    struct span about = err == ERR_OK ? reply_text(reply_at(reply, 1)) : SPAN_NONE;
    struct span held = err == ERR_OK ? reply_text(reply_at(reply, 2)) : SPAN_NONE;
    found.seen = was.n > 0;
    if (found.seen && !span_u64(span_cut(&was, ':'), UINT64_MAX, &found.n))
        found.err = ERR_REDIS_REPLY;
    if (!numbers_read(about, found.about, &found.about_n) ||
        !numbers_read(held, found.held, &found.held_n))
        found.err = ERR_REDIS_REPLY;
    call->cb(call->arg, &found);
    free(call);
}

void ledger_find(struct store *store, const uint8_t *id_hash, int64_t now_ms, ledger_found_cb cb,
                 void *arg)
{
    struct find_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes object;
    *call = (struct find_call){cb, arg};
    bytes_init(&object, 64);
    hex_write(&object, (struct span){(const char *)id_hash, 16});
    words_add_int(&a, now_ms / SEEN_WEEK_MS);
    words_add_int(&a, seen_bucket(id_hash));
    words_add(&a, (struct span){(const char *)id_hash, SEEN_BYTES});
    words_add(&a, bytes_span(&object));
    store_script(store, &a, &script_find, on_found, call);
    bytes_fini(&object);
}

/* --- orders ----------------------------------------------------------------------------------- */

enum { LEFT_OUT_MAX = 128 * 1024 }; /* some ten thousand entries */

struct order_call {
    struct store *store;
    enum book_order order;
    struct bytes host;
    uint64_t of;
    int64_t now_ms;
    struct bytes left_out; /* by a replay: what was found so far */
    struct bytes note;     /* for the audit log */
    ledger_ordered_cb cb;
    void *arg;
};

static void order_end(struct order_call *call, enum err err, uint64_t n)
{
    call->cb(call->arg, err, n);
    bytes_fini(&call->host);
    bytes_fini(&call->left_out);
    bytes_fini(&call->note);
    free(call);
}

static void on_ordered(void *arg, enum err err, const struct redis_reply *reply)
{
    static const struct {
        const char *word;
        enum err err;
    } answers[] = {{"OK", ERR_OK},
                   {"NONE", ERR_NO_SUCH_LETTER},
                   {"MAIL", ERR_NOT_KEPT},
                   {"WRONG", ERR_UNREADABLE},
                   {"ORDERED", ERR_ORDERED}};
    struct order_call *call = arg;
    enum err said = err == ERR_OK ? ERR_REDIS_REPLY : err;
    for (size_t i = 0; err == ERR_OK && i < sizeof(answers) / sizeof(*answers); i++)
        if (answer_is(reply, answers[i].word))
            said = answers[i].err;
    if (said == ERR_NO_SUCH_LETTER && call->order > ORDER_DROP)
        said = ERR_NO_SUCH_MEMBER;
    order_end(call, said, said == ERR_OK ? answer_number(reply, 1) : 0);
}

static void give(struct order_call *call)
{
    struct words a = {0};
    words_add_str(&a, store_epoch_text(call->store));
    words_add_str(&a, book_order_name(call->order));
    words_add(&a, bytes_span(&call->host));
    words_add_int(&a, (int64_t)call->of);
    words_add_int(&a, shard_of(bytes_span(&call->host), store_shards(call->store)));
    words_add_int(&a, call->now_ms);
    words_add(&a, bytes_span(&call->left_out));
    words_add(&a, bytes_span(&call->note));
    store_promise(call->store, &a, &script_order, on_ordered, call);
}

/* Before a replay: step by step through what the host refused. */
static void look_back(struct order_call *call, uint64_t behind);

static void on_looked(void *arg, enum err err, const struct redis_reply *reply)
{
    struct order_call *call = arg;
    struct span found = err == ERR_OK ? reply_text(reply_at(reply, 2)) : SPAN_NONE;
    if (err != ERR_OK || !answer_is(reply, "OK")) {
        on_ordered(call, err, reply);
        return;
    }
    if (found.n && call->left_out.n)
        bytes_add_char(&call->left_out, ' ');
    bytes_add(&call->left_out, found);
    if (call->left_out.over)
        order_end(call, ERR_TOO_LARGE, 0);
    else if (reply_text(reply_at(reply, 1)).n)
        look_back(call, answer_number(reply, 1));
    else
        give(call);
}

static void look_back(struct order_call *call, uint64_t behind)
{
    struct words a = {0};
    words_add_str(&a, store_epoch_text(call->store));
    words_add(&a, bytes_span(&call->host));
    words_add_int(&a, shard_of(bytes_span(&call->host), store_shards(call->store)));
    words_add_int(&a, (int64_t)behind);
    store_script(call->store, &a, &script_lookback, on_looked, call);
}

void ledger_order(struct store *store, const struct ledger_order *o, ledger_ordered_cb cb,
                  void *arg)
{
    struct order_call *call = mem_new(sizeof(*call));
    *call = (struct order_call){
        .store = store, .order = o->order, .of = o->of, .now_ms = o->now_ms, .cb = cb, .arg = arg};
    bytes_init(&call->host, o->host.n + 1);
    bytes_add(&call->host, o->host);
    bytes_init(&call->note, o->note.n + 1);
    bytes_add(&call->note, o->note);
    bytes_init(&call->left_out, LEFT_OUT_MAX);
    if (o->order == ORDER_REPLAY)
        look_back(call, o->of);
    else
        give(call);
}
