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
    c->book->last = s->last;
    c->book->floor = s->floor;
    c->book->mail = s->mail_n;
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        c->book->low[i] = s->shards[i].low;
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
