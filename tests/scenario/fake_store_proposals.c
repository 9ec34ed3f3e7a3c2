/* fake_store_proposals: of the fake store: there are none, and nothing becomes of any.
 * May not know: who asks. */
#include "relay/store/proposals.h"

#include "tests/scenario/fake_store_inner.h"

struct proposals_call {
    struct call call;
    proposals_cb read;
    proposals_changed_cb changed;
    void *arg;
};

static void work(struct call *call)
{
    (void)call;
}

static void answer(struct call *call, enum err err)
{
    struct proposals_call *c = (struct proposals_call *)call;
    const struct proposals_changed changed = {.err = err};
    if (c->read)
        c->read(c->arg, err, NULL);
    else
        c->changed(c->arg, &changed);
}

static void ask(struct store *store, const struct proposals_call *what)
{
    struct proposals_call *c = mem_new(sizeof(*c));
    *c = *what;
    fake_call(store, OP_PROPOSALS, &c->call, work, answer);
}

void proposals_read(struct store *store, proposals_cb cb, void *arg)
{
    ask(store, &(struct proposals_call){.read = cb, .arg = arg});
}

void proposals_change(struct store *store, const struct proposals_change *change,
                      proposals_changed_cb cb, void *arg)
{
    (void)change;
    ask(store, &(struct proposals_call){.changed = cb, .arg = arg});
}
