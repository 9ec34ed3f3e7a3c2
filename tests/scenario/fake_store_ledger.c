/* fake_store_ledger: what the model holds, as operators read it. */
#include "relay/store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "relay/store/couriers.h"
#include "tests/scenario/fake_store_inner.h"

struct ledger_call {
    struct call call;
    struct book *book;
    ledger_cb cb;
    void *arg;
};

/* In the words in which it lies in Redis. */
static void tell_note(struct book *book, const struct note *n)
{
    struct bytes text;
    bytes_init(&text, 1024);
    if (n->kind == BOOK_FAIL)
        bytes_addf(&text, "%llu %s %u %s %s %d %lld %u", (unsigned long long)n->n, n->host, n->slot,
                   n->dropped ? "d" : "-", err_code(n->why), n->status, (long long)n->at_ms,
                   n->tries);
    else if (n->kind == BOOK_CUT)
        bytes_addf(&text, "%llu ", (unsigned long long)n->from);
    if (n->kind != BOOK_FAIL)
        bytes_addf(&text, "%llu %s %s %lld %u", (unsigned long long)n->n, n->host, err_code(n->why),
                   (long long)n->at_ms, n->slot);
    if (!book_add_record(book, n->kind, bytes_span(&text)))
        abort();
    bytes_fini(&text);
}

static void work_read(struct call *call)
{
    struct ledger_call *c = (struct ledger_call *)call;
    const struct store *s = call->store;
    c->book = book_new(FAKE_SHARDS);
    c->book->last = fake_last(s);
    c->book->floor = s->floor[LANE_NORMAL];
    c->book->urgent_floor = s->floor[LANE_URGENT];
    c->book->mail = s->mail_n;
    for (unsigned i = 0; i < FAKE_SHARDS; i++) {
        c->book->low[i] = s->shards[i].low;
        c->book->urgent[i] = s->shards[i].urgent;
    }
    for (size_t i = 0; i < s->own_n; i++)
        book_add_own(c->book, span_of(s->own[i].name), &s->own[i].cursor);
    for (size_t i = 0; i < s->notes_n; i++)
        tell_note(c->book, &s->notes[i]);
    book_close(c->book);
}

static void answer_read(struct call *call, enum err err)
{
    struct ledger_call *c = (struct ledger_call *)call;
    if (err != ERR_OK)
        book_free(&c->book);
    c->cb(c->arg, err, c->book);
}

void ledger_read(struct store *store, const struct ledger_ask *ask, ledger_cb cb, void *arg)
{
    struct ledger_call *c = mem_new(sizeof(*c));
    (void)ask; /* of all, then */
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_PAGE, &c->call, work_read, answer_read);
}

/* --- what an id stands for -------------------------------------------------------------------- */

struct find_call {
    struct call call;
    uint8_t hash[32];
    struct ledger_found found;
    ledger_found_cb cb;
    void *arg;
};

static void work_find(struct call *call)
{
    struct find_call *c = (struct find_call *)call;
    for (size_t i = 0; i < call->store->seen_n; i++)
        if (memcmp(call->store->seen[i].id, c->hash, sizeof(c->hash)) == 0) {
            c->found.seen = true;
            c->found.n = call->store->seen[i].n;
        }
}

static void answer_find(struct call *call, enum err err)
{
    struct find_call *c = (struct find_call *)call;
    c->found.err = err;
    c->cb(c->arg, &c->found);
}

void ledger_find(struct store *store, const uint8_t *id_hash, int64_t now_ms, ledger_found_cb cb,
                 void *arg)
{
    struct find_call *c = mem_new(sizeof(*c));
    (void)now_ms; /* the model forgets nothing */
    memcpy(c->hash, id_hash, sizeof(c->hash));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_PAGE, &c->call, work_find, answer_find);
}

/* --- where an object went --------------------------------------------------------------------- */

struct where_call {
    struct call call;
    uint8_t hash[32];
    char owner[MEMBER_HOST_SIZE], audience[256];
    journal_where_cb cb;
    void *arg;
};

static void work_where(struct call *call)
{
    struct where_call *c = (struct where_call *)call;
    const struct object *object = fake_object(call->store, c->hash);
    if (!object || !object->live || object->recalled)
        return;
    span_copy(span_of(object->owner), c->owner, sizeof(c->owner));
    span_copy(span_of(object->audience), c->audience, sizeof(c->audience));
}

static void answer_where(struct call *call, enum err err)
{
    struct where_call *c = (struct where_call *)call;
    c->cb(c->arg, err, span_of(c->owner), span_of(c->audience));
}

void journal_where(struct store *store, const uint8_t *object_hash, journal_where_cb cb, void *arg)
{
    struct where_call *c = mem_new(sizeof(*c));
    memcpy(c->hash, object_hash, sizeof(c->hash));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_WHERE, &c->call, work_where, answer_where);
}

/* --- orders ----------------------------------------------------------------------------------- */

struct order_call {
    struct call call;
    enum book_order order;
    char host[MEMBER_HOST_SIZE];
    uint64_t of, n;
    enum err refused;
    ledger_ordered_cb cb;
    void *arg;
};

static bool letter_there(const struct store *s, const struct order_call *c, bool *ret_mail)
{
    bool found = false;
    for (size_t i = 0; i < s->notes_n; i++) {
        const struct note *n = &s->notes[i];
        if (n->kind != BOOK_FAIL || n->n != c->of || strcmp(n->host, c->host) != 0 ||
            (c->order == ORDER_DROP && n->dropped))
            continue;
        found = true;
        *ret_mail = *ret_mail || n->slot > BOOK_EVERY_SLOT;
    }
    return found;
}

/* An order about it was not carried out yet. */
static bool is_ordered(const struct store *s, const struct order_call *c)
{
    struct cursor at = fake_cursor(s, c->host);
    uint64_t done = at.orders > at.low ? at.orders : at.low;
    for (size_t i = 0; i < s->ordered_n; i++)
        if (s->ordered[i].of == c->of && s->ordered[i].line > done &&
            strcmp(s->ordered[i].host, c->host) == 0)
            return true;
    return false;
}

static enum err refuse_order(const struct store *s, const struct order_call *c)
{
    bool mail = false;
    if (c->order != ORDER_RETRY && c->order != ORDER_DROP)
        return fake_member(s, c->host) ? ERR_OK : ERR_NO_SUCH_MEMBER;
    if (!letter_there(s, c, &mail))
        return ERR_NO_SUCH_LETTER;
    if (mail && c->order == ORDER_RETRY)
        return ERR_NOT_KEPT;
    return is_ordered(s, c) ? ERR_ORDERED : ERR_OK;
}

static void work_order(struct call *call)
{
    struct order_call *c = (struct order_call *)call;
    struct store *s = call->store;
    c->refused = refuse_order(s, c);
    if (c->refused != ERR_OK)
        return;
    struct fake_line *line = fake_line_add(s, LANE_NORMAL, JOURNAL_ORDER);
    line->host = mem_copy(span_of(c->host));
    line->line.order = c->order;
    line->line.of = c->of;
    c->n = line->line.n;
    if (c->order == ORDER_RETRY || c->order == ORDER_DROP) {
        struct ordered *ordered = &s->ordered[s->ordered_n++];
        *ordered = (struct ordered){.of = c->of, .line = c->n};
        memcpy(ordered->host, c->host, sizeof(ordered->host));
    }
    fake_tails_wake(s);
}

static void answer_order(struct call *call, enum err err)
{
    struct order_call *c = (struct order_call *)call;
    c->cb(c->arg, err != ERR_OK ? err : c->refused, c->n);
}

void ledger_order(struct store *store, const struct ledger_order *order, ledger_ordered_cb cb,
                  void *arg)
{
    struct order_call *c = mem_new(sizeof(*c));
    c->order = order->order;
    span_copy(order->host, c->host, sizeof(c->host));
    c->of = order->of;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_CHANGE, &c->call, work_order, answer_order);
}

/* --- recall ---------------------------------------------------------------------------------- */

struct recall_call {
    struct call call;
    uint8_t hash[32];
    char *object, *host, *reason;
    int64_t now_ms;
    struct journal_recalled answer;
    journal_recalled_cb cb;
    void *arg;
};

static void work_recall(struct call *call)
{
    struct recall_call *c = (struct recall_call *)call;
    struct object *object = fake_object(call->store, c->hash);
    c->answer.err = !object ? ERR_NOT_KNOWN : object->live ? ERR_OK : ERR_OBJECT_GONE;
    if (c->answer.err != ERR_OK)
        return;
    struct entry e = {.at_ms = c->now_ms,
                      .facts = {.type = ACTIVITY_UNDO, .undone = ACTIVITY_ANNOUNCE},
                      .object = span_of(c->object),
                      .object_host = span_of(c->host)};
    struct fake_line *line = fake_take_back(call->store, object, &e, SPAN_NONE);
    object->recalled = true;
    line->reason = mem_copy(span_of(c->reason));
    line->line.reason = span_of(line->reason);
    c->answer.n = line->line.n;
    c->answer.of_n = line->line.entry->of_n;
    memcpy(c->answer.of, line->line.entry->of, c->answer.of_n * sizeof(*c->answer.of));
    fake_tails_wake(call->store);
}

static void answer_recall(struct call *call, enum err err)
{
    struct recall_call *c = (struct recall_call *)call;
    if (err != ERR_OK)
        c->answer = (struct journal_recalled){.err = err};
    c->cb(c->arg, &c->answer);
    free(c->object);
    free(c->host);
    free(c->reason);
}

void journal_recall(struct store *store, const struct journal_recall *recall,
                    journal_recalled_cb cb, void *arg)
{
    struct recall_call *c = mem_new(sizeof(*c));
    memcpy(c->hash, recall->object_hash, sizeof(c->hash));
    c->object = mem_copy(recall->object);
    c->host = mem_copy(recall->object_host);
    c->reason = mem_copy(recall->reason);
    c->now_ms = recall->now_ms;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_CHANGE, &c->call, work_recall, answer_recall);
}

/* --- the couriers ----------------------------------------------------------------------------- */

struct couriers_call {
    struct call call;
    couriers_cb cb;
    void *arg;
    struct couriers couriers;
};

/* All of them are on one machine. */
static void work_couriers(struct call *call)
{
    struct couriers *ret = &((struct couriers_call *)call)->couriers;
    unsigned owned = 0;
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        owned += fake_owner(call->store, i)[0] != '\0';
    ret->nobodys = FAKE_SHARDS - owned;
    ret->n = 1;
    ret->list[0].couriers = (unsigned)call->store->leases.n;
    ret->list[0].shards = owned;
}

static void answer_couriers(struct call *call, enum err err)
{
    struct couriers_call *c = (struct couriers_call *)call;
    c->cb(c->arg, err, err == ERR_OK ? &c->couriers : NULL);
}

void couriers_read(struct store *store, couriers_cb cb, void *arg)
{
    struct couriers_call *c = mem_new(sizeof(*c));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_PAGE, &c->call, work_couriers, answer_couriers);
}
