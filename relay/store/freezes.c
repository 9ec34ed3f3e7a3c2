/* freezes: asking for them, changing them; and their form in the answers of scripts.
 * May not know: what a freeze does to what is decided, or who asked for it. */
#include "relay/store/freezes.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct freezes_call {
    freezes_cb cb;
    void *arg;
};

bool freezes_take(const struct redis_reply *version, const struct redis_reply *list,
                  struct freezes *ret)
{
    *ret = (struct freezes){.n = 0};
    bool ok = span_copy(reply_text(version), ret->version, sizeof(ret->version));
    for (size_t i = 0; ok && i < reply_len(list); i++) {
        struct freeze freeze;
        ok = freeze_read(reply_text(reply_at(list, i)), &freeze) && freezes_add(ret, &freeze);
    }
    return ok;
}

static enum err outcome(const struct redis_reply *reply)
{
    static const struct {
        const char *word;
        enum err err;
    } words[] = {{"OK", ERR_OK},        {"SAME", ERR_OK},     {"NONE", ERR_NOT_FROZEN},
                 {"FULL", ERR_FREEZES}, {"AGAIN", ERR_AGAIN}, {"WRONG", ERR_UNREADABLE}};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (answer_is(reply, words[i].word))
            return words[i].err;
    return ERR_REDIS_REPLY;
}

static void on_answer(void *arg, enum err err, const struct redis_reply *reply)
{
    struct freezes_call *call = arg;
    struct freezes *freezes = NULL;
    if (err == ERR_OK)
        err = outcome(reply);
    if (err == ERR_OK && !answer_is(reply, "SAME")) {
        freezes = mem_new(sizeof(*freezes));
        if (!freezes_take(reply_at(reply, 1), reply_at(reply, 2), freezes))
            err = ERR_UNREADABLE;
    }
    call->cb(call->arg, err, err == ERR_OK ? freezes : NULL);
    free(freezes);
    free(call);
}

static struct freezes_call *call_new(freezes_cb cb, void *arg)
{
    struct freezes_call *call = mem_new(sizeof(*call));
    *call = (struct freezes_call){cb, arg};
    return call;
}

void freezes_read(struct store *store, const char *version, freezes_cb cb, void *arg)
{
    struct words a = {0};
    words_add_str(&a, version);
    store_script(store, &a, &script_frozen, on_answer, call_new(cb, arg));
}

void freezes_change(struct store *store, const struct freezes_change *change, freezes_cb cb,
                    void *arg)
{
    struct words a = {0};
    struct bytes text;
    bytes_init(&text, FREEZE_RECORD_MAX);
    words_add_str(&a, store_epoch_text(store));
    freeze_boundary_write(change->freeze, &text);
    words_add(&a, bytes_span(&text));
    bytes_clear(&text);
    if (!change->thaws)
        freeze_write(change->freeze, &text);
    words_add(&a, bytes_span(&text));
    bytes_fini(&text);
    words_add_int(&a, FREEZES_MAX);
    words_add_str(&a, change->at ? change->at : "");
    words_add(&a, change->note);
    store_promise(store, &a, &script_freeze, on_answer, call_new(cb, arg));
}

/* --- for couriers ----------------------------------------------------------------------------- */

struct gates_call {
    gates_cb cb;
    void *arg;
};

static void on_gates(void *arg, enum err err, const struct redis_reply *reply)
{
    struct gates_call *call = arg;
    struct gates *gates = mem_new(sizeof(*gates));
    if (err == ERR_OK)
        err = outcome(reply);
    if (err == ERR_OK && (!span_u64(reply_text(reply_at(reply, 1)), UINT64_MAX, &gates->n) ||
                          !gates_read(reply_text(reply_at(reply, 2)), gates)))
        err = ERR_UNREADABLE;
    call->cb(call->arg, err, err == ERR_OK ? gates : NULL);
    free(gates);
    free(call);
}

void freezes_gates(struct store *store, gates_cb cb, void *arg)
{
    struct words a = {0};
    struct gates_call *call = mem_new(sizeof(*call));
    *call = (struct gates_call){cb, arg};
    store_script(store, &a, &script_gates, on_gates, call);
}
