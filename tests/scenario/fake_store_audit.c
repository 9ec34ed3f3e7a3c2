/* fake_store_audit: the audit log of the fake store: that something was added, and nothing else.
 * May not know: what is written. */
#include "relay/store/audit.h"
#include "tests/scenario/fake_store_inner.h"

struct audit_call {
    struct call call;
    audit_cb added;
    audit_page_cb read;
    void *arg;
};

static void work(struct call *call)
{
    struct audit_call *c = (struct audit_call *)call;
    if (c->added)
        call->store->audit_n++;
}

static void answer(struct call *call, enum err err)
{
    struct audit_call *c = (struct audit_call *)call;
    const struct audit_page page = {.err = err, .n = call->store->audit_n};
    if (c->added)
        c->added(c->arg, err, err == ERR_OK ? call->store->audit_n : 0);
    else
        c->read(c->arg, &page);
}

static void audit_call(struct store *store, const struct audit_call *what)
{
    struct audit_call *c = mem_new(sizeof(*c));
    *c = *what;
    fake_call(store, OP_AUDIT, &c->call, work, answer);
}

void audit_add(struct store *store, const struct audit_add *add, audit_cb cb, void *arg)
{
    (void)add;
    audit_call(store, &(struct audit_call){.added = cb, .arg = arg});
}

void audit_read(struct store *store, const struct audit_ask *ask, audit_page_cb cb, void *arg)
{
    (void)ask;
    audit_call(store, &(struct audit_call){.read = cb, .arg = arg});
}
