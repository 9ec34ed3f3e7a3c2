/* couriers: one call of couriers.lua, and its answer by machine.
 * May not know: who is to own what. */
#include "relay/store/couriers.h"

#include <stdlib.h>
#include <string.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { HEARD_S = 5 }; /* a replica says every second how far it is */

struct couriers_call {
    couriers_cb cb;
    void *arg;
};

static struct couriers_machine *machine_of(struct couriers *c, struct span name)
{
    for (size_t i = 0; i < c->n; i++)
        if (span_eq_str(name, c->list[i].name))
            return &c->list[i];
    struct couriers_machine *m = &c->list[c->n];
    if (c->n == LEASES_MAX || !span_copy(name, m->name, sizeof(m->name)))
        return NULL;
    c->n++;
    return m;
}

static int by_name(const void *a, const void *b)
{
    const struct couriers_machine *x = a;
    const struct couriers_machine *y = b;
    return strcmp(x->name, y->name);
}

static void list_read(const struct redis_reply *list, struct couriers *ret)
{
    for (size_t i = 0; i + 1 < reply_len(list); i += 2) {
        struct span name = reply_text(reply_at(list, i));
        (void)span_cut(&name, '@'); /* what is left is absent where there is none */
        struct couriers_machine *m = machine_of(ret, name);
        if (!m)
            continue;
        m->couriers++;
        m->shards += (unsigned)answer_number(list, i + 1);
    }
    qsort(ret->list, ret->n, sizeof(*ret->list), by_name);
}

static void on_read(void *arg, enum err err, const struct redis_reply *reply)
{
    struct couriers_call call = *(struct couriers_call *)arg;
    struct couriers *c = NULL;
    free(arg);
    if (err == ERR_OK) {
        c = mem_new(sizeof(*c));
        c->replicas = answer_number(reply, 0);
        c->nobodys = (unsigned)answer_number(reply, 1);
        list_read(reply_at(reply, 2), c);
    }
    call.cb(call.arg, err, c);
    free(c);
}

void couriers_read(struct store *store, couriers_cb cb, void *arg)
{
    struct couriers_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct couriers_call){cb, arg};
    words_add_int(&a, HEARD_S);
    store_script(store, &a, &script_couriers, on_read, call);
}
