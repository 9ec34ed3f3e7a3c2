/* fake_store_pilots: which warnings of the end of pilots the fake store holds.
 * May not know: when one is due. */
#include "relay/store/pilots.h"

#include <string.h>

#include "tests/scenario/fake_store_inner.h"

struct pilots_call {
    struct call call;
    pilots_cb read;
    pilots_warn_cb put;
    void *arg;
    char pilot[PILOT_NAME_SIZE], was[PILOT_WARNED_SIZE], is[PILOT_WARNED_SIZE];
    enum err err;
};

static size_t place_of(const struct store *s, const char *pilot)
{
    size_t i = 0;
    while (i < s->warned_n && strcmp(s->warned[i].pilot, pilot) != 0)
        i++;
    return i;
}

const char *fake_warned(const struct store *s, const char *pilot)
{
    size_t i = place_of(s, pilot);
    return i < s->warned_n ? s->warned[i].is : NULL;
}

static void work(struct call *call)
{
    struct pilots_call *c = (struct pilots_call *)call;
    struct store *s = call->store;
    size_t i = place_of(s, c->pilot);
    if (!c->put)
        return;
    if (strcmp(i < s->warned_n ? s->warned[i].is : "", c->was) != 0) {
        c->err = ERR_AGAIN;
    } else if (c->is[0]) {
        if (i == s->warned_n)
            s->warned = mem_grow(s->warned, ++s->warned_n * sizeof(*s->warned));
        span_copy(span_of(c->pilot), s->warned[i].pilot, sizeof(s->warned[i].pilot));
        span_copy(span_of(c->is), s->warned[i].is, sizeof(s->warned[i].is));
    } else if (i < s->warned_n) {
        s->warned[i] = s->warned[--s->warned_n];
    }
}

static void answer(struct call *call, enum err err)
{
    struct pilots_call *c = (struct pilots_call *)call;
    const struct store *s = call->store;
    if (c->put) {
        c->put(c->arg, err == ERR_OK ? c->err : err);
        return;
    }
    for (size_t i = 0; err == ERR_OK && i < s->warned_n; i++)
        c->read(c->arg, ERR_OK, span_of(s->warned[i].pilot), span_of(s->warned[i].is));
    c->read(c->arg, err, SPAN_NONE, SPAN_NONE);
}

void pilots_warned(struct store *store, pilots_cb cb, void *arg)
{
    struct pilots_call *c = mem_new(sizeof(*c));
    c->read = cb;
    c->arg = arg;
    fake_call(store, OP_PILOTS, &c->call, work, answer);
}

void pilots_warn(struct store *store, const struct pilots_warn *warn, pilots_warn_cb cb, void *arg)
{
    struct pilots_call *c = mem_new(sizeof(*c));
    c->put = cb;
    c->arg = arg;
    span_copy(warn->pilot, c->pilot, sizeof(c->pilot));
    span_copy(warn->was, c->was, sizeof(c->was));
    span_copy(warn->is, c->is, sizeof(c->is));
    fake_call(store, OP_WARN, &c->call, work, answer);
}
