/* proposals: reading them, changing them.
 * May not know: what confirming one does. */
#include "relay/store/proposals.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

struct read_call {
    proposals_cb cb;
    void *arg;
};

static void on_read(void *arg, enum err err, const struct redis_reply *reply)
{
    struct read_call *call = arg;
    if (err == ERR_REDIS_REPLY)
        err = ERR_UNREADABLE;
    for (size_t i = 0; err == ERR_OK && i + 1 < reply_len(reply); i += 2) {
        struct proposal proposal;
        if (!proposal_read(reply_text(reply_at(reply, i)), reply_text(reply_at(reply, i + 1)),
                           &proposal))
            err = ERR_UNREADABLE;
        else
            call->cb(call->arg, ERR_OK, &proposal);
    }
    call->cb(call->arg, err, NULL);
    free(call);
}

void proposals_read(struct store *store, proposals_cb cb, void *arg)
{
    const struct span words[] = {SPAN("HGETALL"), SPAN(KEY("proposals"))};
    struct read_call *call = mem_new(sizeof(*call));
    *call = (struct read_call){cb, arg};
    store_call(store, words, 2, on_read, call);
}

struct change_call {
    proposals_changed_cb cb;
    void *arg;
};

static void on_changed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct change_call *call = arg;
    struct proposals_changed changed = {.err = err};
    if (err == ERR_OK && answer_is(reply, "OK")) {
        changed.added = answer_number(reply, 1);
        changed.replaced = answer_number(reply, 2);
        changed.dropped = answer_number(reply, 3);
    } else if (err == ERR_OK) {
        changed.err = answer_is(reply, "FULL")    ? ERR_PROPOSALS
                      : answer_is(reply, "WRONG") ? ERR_UNREADABLE
                                                  : ERR_REDIS_REPLY;
    }
    call->cb(call->arg, &changed);
    free(call);
}

void proposals_change(struct store *store, const struct proposals_change *change,
                      proposals_changed_cb cb, void *arg)
{
    struct change_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes text;
    *call = (struct change_call){cb, arg};
    bytes_init(&text, PROPOSAL_TEXT_MAX);
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, PROPOSALS_MAX);
    words_add(&a, change->note);
    for (size_t i = 0; i < change->n; i++) {
        bytes_clear(&text);
        if (!change->drops)
            proposal_write(&change->list[i], &text);
        words_add_str(&a, change->list[i].host);
        words_add(&a, bytes_span(&text));
    }
    store_promise(store, &a, &script_proposals, on_changed, call);
    bytes_fini(&text);
}
