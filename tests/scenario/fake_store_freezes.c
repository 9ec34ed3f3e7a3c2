/* fake_store_freezes: what is frozen in the fake store: one set, with another version for each
 * change. May not know: what a freeze does to what is decided. */
#include "relay/store/freezes.h"

#include <stdio.h>
#include <string.h>

#include "tests/scenario/fake_store_inner.h"

struct freezes_call {
    struct call call;
    bool reads;
    char version[FREEZES_VERSION_SIZE]; /* that the caller has, or insists on; may be empty */
    struct freeze freeze;
    bool thaws;
    freezes_cb cb;
    void *arg;
    enum err err;
    struct freezes answer;
};

static size_t place_of(const struct freezes *all, const struct freeze *freeze)
{
    size_t at = 0;
    while (at < all->n && !freeze_same_boundary(&all->list[at], freeze))
        at++;
    return at;
}

static enum err change(struct freezes *all, const struct freezes_call *c, uint64_t epoch)
{
    size_t at = place_of(all, &c->freeze);
    bool there = at < all->n;
    unsigned number = 0;
    struct span rest = span_of(all->version);
    uint64_t before = 0;
    if (c->version[0] && strcmp(c->version, all->version) != 0)
        return ERR_AGAIN;
    if (c->thaws && !there)
        return ERR_NOT_FROZEN;
    if (!there && all->n == FREEZES_MAX)
        return ERR_FREEZES;
    if (there)
        memmove(&all->list[at], &all->list[at + 1], (--all->n - at) * sizeof(all->list[0]));
    if (!c->thaws)
        freezes_add(all, &c->freeze);
    span_cut(&rest, '-');
    if (rest.p && span_u64(rest, UINT32_MAX, &before))
        number = (unsigned)before;
    snprintf(all->version, sizeof(all->version), "%d-%u", (int)epoch, number + 1);
    return ERR_OK;
}

static uint64_t line_of(const struct gates *gates, const struct freeze *f, uint64_t else_n)
{
    for (size_t i = 0; i < gates->list_n; i++)
        if (strcmp(gates->list[i].from, f->from) == 0 && strcmp(gates->list[i].to, f->to) == 0)
            return gates->list[i].line;
    return else_n;
}

/* Couriers are told, by a line of the journal. */
static void tell(struct store *s)
{
    struct fake_line *line = fake_line_add(s, LANE_NORMAL, JOURNAL_GATES);
    struct gates now = {.n = line->line.n};
    struct bytes text;
    for (size_t i = 0; i < s->freezes.n; i++) {
        const struct freeze *f = &s->freezes.list[i];
        struct gate *g = &now.list[now.list_n++];
        memcpy(g->from, f->from, sizeof(g->from));
        memcpy(g->to, f->to, sizeof(g->to));
        g->line = line_of(&s->gates, f, now.n);
    }
    s->gates = now;
    bytes_init(&text, GATES_TEXT_MAX);
    gates_write(&now, &text);
    line->gates = mem_copy(bytes_span(&text));
    bytes_fini(&text);
    fake_tails_wake(s);
}

static void work(struct call *call)
{
    struct freezes_call *c = (struct freezes_call *)call;
    struct freezes *all = &call->store->freezes;
    if (!c->reads)
        c->err = change(all, c, call->store->epoch);
    if (!c->reads && c->err == ERR_OK) {
        call->store->audit_n++;
        tell(call->store);
    }
    c->answer = *all;
}

static void answer(struct call *call, enum err err)
{
    struct freezes_call *c = (struct freezes_call *)call;
    enum err e = err != ERR_OK ? err : c->err;
    bool news = e == ERR_OK && !(c->reads && strcmp(c->version, c->answer.version) == 0);
    c->cb(c->arg, e, news ? &c->answer : NULL);
}

void freezes_read(struct store *store, const char *version, freezes_cb cb, void *arg)
{
    struct freezes_call *c = mem_new(sizeof(*c));
    c->reads = true;
    c->cb = cb;
    c->arg = arg;
    span_copy(span_of(version), c->version, sizeof(c->version));
    fake_call(store, OP_FREEZES, &c->call, work, answer);
}

void freezes_change(struct store *store, const struct freezes_change *change, freezes_cb cb,
                    void *arg)
{
    struct freezes_call *c = mem_new(sizeof(*c));
    c->freeze = *change->freeze;
    c->thaws = change->thaws;
    c->cb = cb;
    c->arg = arg;
    span_copy(span_of(change->at), c->version, sizeof(c->version));
    fake_call(store, OP_FREEZES, &c->call, work, answer);
}

/* --- for couriers ----------------------------------------------------------------------------- */

struct gates_call {
    struct call call;
    gates_cb cb;
    void *arg;
    struct gates answer;
};

static void work_gates(struct call *call)
{
    struct gates_call *c = (struct gates_call *)call;
    c->answer = call->store->gates;
}

static void answer_gates(struct call *call, enum err err)
{
    struct gates_call *c = (struct gates_call *)call;
    c->cb(c->arg, err, err == ERR_OK ? &c->answer : NULL);
}

void freezes_gates(struct store *store, gates_cb cb, void *arg)
{
    struct gates_call *c = mem_new(sizeof(*c));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_GATES, &c->call, work_gates, answer_gates);
}
