/* pilots: what is kept of the warnings that were given.
 * May not know: when one is due, or who is told (rules/pilot.c, steward_pilots.c). */
#include "relay/store/pilots.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct warned_call {
    pilots_cb cb;
    void *arg;
};

static void on_warned(void *arg, enum err err, const struct redis_reply *reply)
{
    struct warned_call *call = arg;
    bool wrong = err == ERR_REDIS_REPLY && trouble_of_answer(reply_text(reply)) == TROUBLE_TYPE;
    for (size_t i = 0; err == ERR_OK && i + 1 < reply_len(reply); i += 2)
        call->cb(call->arg, ERR_OK, reply_text(reply_at(reply, i)),
                 reply_text(reply_at(reply, i + 1)));
    call->cb(call->arg, wrong ? ERR_UNREADABLE : err, SPAN_NONE, SPAN_NONE);
    free(call);
}

void pilots_warned(struct store *store, pilots_cb cb, void *arg)
{
    const struct span words[] = {SPAN("HGETALL"), SPAN(KEY("warned"))};
    struct warned_call *call = mem_new(sizeof(*call));
    *call = (struct warned_call){cb, arg};
    store_call(store, words, 2, on_warned, call);
}

struct warn_call {
    pilots_warn_cb cb;
    void *arg;
};

static void on_warn(void *arg, enum err err, const struct redis_reply *reply)
{
    struct warn_call *call = arg;
    if (err == ERR_OK && !answer_is(reply, "OK"))
        err = answer_is(reply, "AGAIN")   ? ERR_AGAIN
              : answer_is(reply, "WRONG") ? ERR_UNREADABLE
                                          : ERR_REDIS_REPLY;
    call->cb(call->arg, err);
    free(call);
}

void pilots_warn(struct store *store, const struct pilots_warn *warn, pilots_warn_cb cb, void *arg)
{
    struct warn_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct warn_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add(&a, warn->pilot);
    words_add(&a, warn->was);
    words_add(&a, warn->is);
    store_promise(store, &a, &script_warn, on_warn, call);
}
