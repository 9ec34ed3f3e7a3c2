/* fake_store_tallies: what was counted, of the fake store: it is taken, and kept as text.
 * May not know: what is counted. */
#include "relay/store/tallies.h"

#include <stdlib.h>

#include "tests/scenario/fake_store_inner.h"

enum { FAKE_TALLIED_MAX = 1 << 20 };

struct tallies_call {
    struct call call;
    tallies_cb added;
    tallies_read_cb read;
    void *arg;
    struct bytes text; /* of what is added */
};

static void on_count(void *arg, struct span month, struct span field, uint64_t n)
{
    bytes_addf(arg, "%.*s %.*s %llu\n", SPAN_ARG(month), SPAN_ARG(field), (unsigned long long)n);
}

static void on_seen(void *arg, struct span set, struct span digest)
{
    (void)digest;
    bytes_addf(arg, "%.*s\n", SPAN_ARG(set));
}

static void work(struct call *call)
{
    struct tallies_call *c = (struct tallies_call *)call;
    bytes_add(&call->store->tallied, bytes_span(&c->text));
}

static void answer(struct call *call, enum err err)
{
    struct tallies_call *c = (struct tallies_call *)call;
    if (c->added)
        c->added(c->arg, err);
    else
        c->read(c->arg, err, NULL);
    bytes_fini(&c->text);
}

static void tallies_call(struct store *store, const struct tallies_call *what)
{
    struct tallies_call *c = mem_new(sizeof(*c));
    *c = *what;
    fake_call(store, OP_TALLY, &c->call, work, answer);
}

void tallies_add(struct store *store, struct tally *tally, tallies_cb cb, void *arg)
{
    struct tallies_call call = {.added = cb, .arg = arg};
    const struct tally_taker taker = {on_count, on_seen, &call.text};
    bytes_init(&call.text, FAKE_TALLIED_MAX);
    tally_take(tally, &taker);
    tallies_call(store, &call);
}

void tallies_read(struct store *store, struct span month, tallies_read_cb cb, void *arg)
{
    (void)month;
    tallies_call(store, &(struct tallies_call){.read = cb, .arg = arg});
}

const char *fake_tallied(const struct store *store)
{
    return bytes_str(&store->tallied);
}
