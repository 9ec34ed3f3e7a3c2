/* fake_store_ledger: what the model holds, as operators read it. */
#include "relay/store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "tests/scenario/fake_store_inner.h"

struct ledger_call {
    struct call call;
    struct book *book;
    ledger_cb cb;
    void *arg;
};

static void work_read(struct call *call)
{
    struct ledger_call *c = (struct ledger_call *)call;
    const struct store *s = call->store;
    c->book = book_new(FAKE_SHARDS);
    c->book->last = fake_last(s);
    c->book->floor = s->floor[LANE_NORMAL];
    c->book->mail = s->mail_n;
    for (unsigned i = 0; i < FAKE_SHARDS; i++) {
        c->book->low[i] = s->shards[i].low;
        c->book->urgent[i] = s->shards[i].urgent;
    }
    for (size_t i = 0; i < s->own_n; i++)
        book_add_own(c->book, span_of(s->own[i].name), &s->own[i].cursor);
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

/* --- orders ----------------------------------------------------------------------------------- */

struct order_call {
    struct call call;
    enum book_order order;
    char host[MEMBER_HOST_SIZE];
    uint64_t of, n;
    ledger_ordered_cb cb;
    void *arg;
};

static void work_order(struct call *call)
{
    struct order_call *c = (struct order_call *)call;
    const char *what = fake_record(call->store, c->of, c->host);
    if (!what || strncmp(what, "fail ", 5) != 0)
        return;
    struct fake_line *line = fake_line_add(call->store, LANE_NORMAL, JOURNAL_ORDER);
    line->host = mem_copy(span_of(c->host));
    line->line.order = c->order;
    line->line.of = c->of;
    c->n = line->line.n;
    fake_tails_wake(call->store);
}

static void answer_order(struct call *call, enum err err)
{
    struct order_call *c = (struct order_call *)call;
    c->cb(c->arg, err == ERR_OK && !c->n ? ERR_NO_SUCH_LETTER : err, c->n);
}

void ledger_order(struct store *store, enum book_order order, struct span host, uint64_t of,
                  int64_t now_ms, ledger_ordered_cb cb, void *arg)
{
    struct order_call *c = mem_new(sizeof(*c));
    (void)now_ms;
    c->order = order;
    span_copy(host, c->host, sizeof(c->host));
    c->of = of;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_CHANGE, &c->call, work_order, answer_order);
}

/* --- recall ---------------------------------------------------------------------------------- */

struct recall_call {
    struct call call;
    journal_recalled_cb cb;
    void *arg;
};

static void work_recall(struct call *call)
{
    (void)call; /* nothing that an operator could take back went out in these worlds */
}

static void answer_recall(struct call *call, enum err err)
{
    struct recall_call *c = (struct recall_call *)call;
    const struct journal_recalled answer = {.err = err == ERR_OK ? ERR_NOT_KNOWN : err};
    c->cb(c->arg, &answer);
}

void journal_recall(struct store *store, const struct journal_recall *recall,
                    journal_recalled_cb cb, void *arg)
{
    struct recall_call *c = mem_new(sizeof(*c));
    (void)recall;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_CHANGE, &c->call, work_recall, answer_recall);
}
