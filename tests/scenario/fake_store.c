/* fake_store: calls and their faults; its life; keys of others.
 * May not know: which machine asks, or why. */
#include "tests/scenario/fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "tests/scenario/fake_mishap.h"
#include "tests/scenario/fake_store_inner.h"

static struct {
    enum fake_fault fault;
    unsigned first, times, called;
} faults[OP_COUNT];
static enum fake_lie lies;

void fake_fault(enum fake_op op, enum fake_fault fault, unsigned first, unsigned times)
{
    faults[op].fault = fault;
    faults[op].first = first;
    faults[op].times = times;
}

unsigned fake_called(enum fake_op op)
{
    return faults[op].called;
}

void fake_lie(enum fake_lie lie)
{
    lies = lie;
}

bool fake_lies(enum fake_lie lie)
{
    return lies == lie;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void on_answer(void *arg)
{
    struct call *call = arg;
    bool heard = call->worked && call->cuts == call->store->cuts;
    bool fails = call->fault != FAULT_NONE && call->fault != FAULT_SLOW;
    enum err err = heard && !fails ? ERR_OK : ERR_REDIS;
    if (call->fault == FAULT_REFUSED)
        err = ERR_REDIS_REPLY;
    call->answer(call, err);
    free(call);
}

static void on_work(void *arg)
{
    struct call *call = arg;
    bool arrives = call->fault != FAULT_LOST && call->fault != FAULT_REFUSED;
    if (arrives && call->store->up && call->cuts == call->store->cuts &&
        call->epoch == call->store->epoch) {
        call->work(call);
        call->worked = true;
    }
    bool late = call->fault == FAULT_LOST || call->fault == FAULT_UNANSWERED;
    int64_t in_ms = late ? FAKE_COMMAND_MS : call->fault == FAULT_SLOW ? FAKE_COMMAND_MS - 100 : 1;
    fake_at_for(call->process, fake_now() + in_ms, on_answer, call);
}

static void on_back(void *arg)
{
    fake_store_up(arg, true, false);
}

/* The connection goes: what was on it is answered, as lost, and somewhat later it is back. */
static void on_cut(void *arg)
{
    struct store *s = arg;
    s->cuts++;
    fake_store_up(s, false, false);
    fake_at_for(0, fake_now() + FAKE_CUT_MS, on_back, s);
}

static enum fake_fault mishap_of(struct store *store)
{
    if (mishap_now(MISHAP_REDIS_CUT))
        fake_at_for(0, fake_now(), on_cut, store);
    return mishap_now(MISHAP_REDIS_ERROR)        ? FAULT_REFUSED
           : mishap_now(MISHAP_REDIS_LOST)       ? FAULT_LOST
           : mishap_now(MISHAP_REDIS_UNANSWERED) ? FAULT_UNANSWERED
                                                 : FAULT_NONE;
}

void fake_call(struct store *store, enum fake_op op, struct call *call, void (*work)(struct call *),
               void (*answer)(struct call *, enum err))
{
    call->store = store;
    call->process = fake_process(0);
    fake_process(call->process);
    call->op = op;
    call->epoch = store->epoch;
    call->cuts = store->cuts;
    call->fault = mishap_of(store);
    call->work = work;
    call->answer = answer;
    faults[op].called++;
    if (faults[op].first) {
        faults[op].first--;
    } else if (faults[op].times) {
        faults[op].times--;
        call->fault = faults[op].fault;
    }
    fake_at_for(0, fake_now() + 1, on_work, call);
}

/* --- life ------------------------------------------------------------------------------------ */

struct store *fake_store_new(void)
{
    struct store *s = mem_new(sizeof(*s));
    s->tail_ms = 1;
    memset(faults, 0, sizeof(faults));
    lies = LIE_NONE;
    s->own = mem_new(FAKE_LISTED * sizeof(*s->own));
    s->mail = mem_new(FAKE_LISTED * sizeof(*s->mail));
    s->objects = mem_new(FAKE_LISTED * sizeof(*s->objects));
    s->seen = mem_new(FAKE_LISTED * sizeof(*s->seen));
    s->keys = mem_new(FAKE_LISTED * sizeof(*s->keys));
    s->notes = mem_new(FAKE_LISTED * sizeof(*s->notes));
    s->ordered = mem_new(FAKE_LISTED * sizeof(*s->ordered));
    s->down = mem_new(FAKE_LISTED * sizeof(*s->down));
    s->epoch = 1;
    s->up = true;
    bytes_init(&s->tallied, 1 << 20);
    return s;
}

static void key_fini(struct key_kept *key)
{
    free(key->owner);
    free(key->inbox);
    free(key->followers);
    free(key->pem);
}

void fake_mail_fini(struct mail *mail)
{
    for (size_t i = 0; i < 4; i++)
        free(mail->texts[i]);
}

void fake_forget_keys(struct store *s)
{
    for (size_t i = 0; i < s->keys_n; i++)
        key_fini(&s->keys[i]);
    s->keys_n = 0;
}

void fake_store_free(struct store **store)
{
    struct store *s = *store;
    *store = NULL;
    if (!s)
        return;
    for (size_t i = 0; i < s->lines_n; i++)
        fake_line_fini(&s->lines[i]);
    for (size_t i = 0; i < s->mail_n; i++)
        fake_mail_fini(&s->mail[i]);
    for (size_t i = 0; i < s->members_n; i++)
        free(s->members[i]);
    for (size_t i = 0; i < s->own_n; i++)
        cursor_fini(&s->own[i].cursor);
    fake_forget_keys(s);
    fake_holds_fini(s);
    bytes_fini(&s->tallied);
    free(s->lines);
    free(s->own);
    free(s->mail);
    free(s->objects);
    free(s->seen);
    free(s->keys);
    free(s->notes);
    free(s->ordered);
    free(s->down);
    free(s->authors);
    free(s->warned);
    free(s);
}

void fake_store_on_ready(struct store *s, void (*cb)(void *arg, bool ready), void *arg)
{
    s->on_ready = cb;
    s->on_ready_arg = arg;
}

void fake_store_up(struct store *s, bool up, bool new_process)
{
    s->up = up;
    s->epoch += new_process;
    if (!up)
        fake_tails_lost(s);
    if (s->on_ready)
        s->on_ready(s->on_ready_arg, up);
}

bool store_ready(const struct store *store)
{
    return store->up;
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
}

/* Nothing is lost here. */
void store_saw(struct store *store, uint64_t n)
{
    (void)store;
    (void)n;
}

unsigned store_shards(const struct store *store)
{
    (void)store;
    return FAKE_SHARDS;
}

uint64_t redis_commands_sent(void)
{
    return 0;
}

/* --- keys of others -------------------------------------------------------------------------- */

struct key_call {
    struct call call;
    char hash[65];
    keycache_cb cb;
    void *arg;
};

static void work_key(struct call *call)
{
    (void)call;
}

static struct key_kept *key_of(struct store *s, const char *hash)
{
    for (size_t i = 0; i < s->keys_n; i++)
        if (strcmp(s->keys[i].hash, hash) == 0)
            return &s->keys[i];
    return NULL;
}

static void answer_key(struct call *call, enum err err)
{
    struct key_call *c = (struct key_call *)call;
    const struct key_kept *k = err == ERR_OK ? key_of(call->store, c->hash) : NULL;
    struct keycache_entry entry;
    if (k)
        entry = (struct keycache_entry){.owner = span_of(k->owner),
                                        .inbox = span_of(k->inbox),
                                        .followers = span_of(k->followers),
                                        .machine = k->machine,
                                        .indexable = k->indexable,
                                        .refuses = k->refuses,
                                        .pem = span_of(k->pem),
                                        .fetched_ms = k->fetched_ms};
    c->cb(c->arg, err, k ? &entry : NULL);
}

void keycache_get(struct store *store, const char *id_hash, keycache_cb cb, void *arg)
{
    struct key_call *c = mem_new(sizeof(*c));
    span_copy(span_of(id_hash), c->hash, sizeof(c->hash));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_KEY, &c->call, work_key, answer_key);
}

void keycache_put(struct store *store, const char *id_hash, const struct keycache_entry *entry,
                  int64_t ttl_ms)
{
    (void)ttl_ms;
    if (mishap_of(store) != FAULT_NONE)
        return; /* nobody waits for an answer */
    unsigned process = fake_process(0);
    struct key_kept *k = key_of(store, id_hash);
    if (k)
        key_fini(k);
    else
        k = &store->keys[store->keys_n++];
    span_copy(span_of(id_hash), k->hash, sizeof(k->hash));
    k->owner = mem_copy(entry->owner);
    k->inbox = mem_copy(entry->inbox);
    k->followers = mem_copy(entry->followers);
    k->machine = entry->machine;
    k->indexable = entry->indexable;
    k->refuses = entry->refuses;
    k->pem = mem_copy(entry->pem);
    k->fetched_ms = entry->fetched_ms;
    fake_process(process);
}
