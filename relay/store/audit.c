/* audit: lines of the audit log are added, and read.
 * May not know: what they tell; whether the lines fit together (audit_chain.c says that). */
#include "relay/store/audit.h"

#include <stdlib.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* --- adding ----------------------------------------------------------------------------------- */

struct add_call {
    audit_cb cb;
    void *arg;
};

static enum err added(enum err err, const struct redis_reply *reply)
{
    if (err != ERR_OK || answer_is(reply, "OK"))
        return err;
    return answer_is(reply, "WRONG")  ? ERR_UNREADABLE
           : answer_is(reply, "NONE") ? ERR_NOT_KNOWN
                                      : ERR_REDIS_REPLY;
}

static void on_added(void *arg, enum err err, const struct redis_reply *reply)
{
    struct add_call *call = arg;
    err = added(err, reply);
    call->cb(call->arg, err, err == ERR_OK ? answer_number(reply, 1) : 0);
    free(call);
}

void audit_add(struct store *store, const struct audit_add *add, audit_cb cb, void *arg)
{
    struct add_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct add_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add(&a, add->note);
    words_add(&a, add->config);
    store_promise(store, &a, &script_audit, on_added, call);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct page_call {
    audit_page_cb cb;
    void *arg;
};

static void on_page(void *arg, enum err err, const struct redis_reply *reply)
{
    enum { NUMBER = 1, HASH, CONFIG, FIRST };
    struct page_call *call = arg;
    struct audit_page page = {.err = added(err, reply)};
    if (page.err == ERR_OK) {
        size_t n = reply_len(reply);
        page.n = answer_number(reply, NUMBER);
        page.hash = reply_text(reply_at(reply, HASH));
        page.config = reply_text(reply_at(reply, CONFIG));
        page.list = mem_new((n + 1) * sizeof(*page.list));
        for (size_t i = FIRST; i < n; i++)
            page.list[page.list_n++] = reply_text(reply_at(reply, i));
    }
    call->cb(call->arg, &page);
    free(page.list);
    free(call);
}

static void add_ask(struct words *a, const struct audit_ask *ask)
{
    if (ask->newest)
        words_add_str(a, "");
    else
        words_add_int(a, (int64_t)ask->after);
    words_add_int(a, (int64_t)(ask->most < AUDIT_PAGE_MAX ? ask->most : AUDIT_PAGE_MAX));
}

void audit_read(struct store *store, const struct audit_ask *ask, audit_page_cb cb, void *arg)
{
    struct page_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct page_call){cb, arg};
    add_ask(&a, ask);
    store_script(store, &a, &script_auditread, on_page, call);
}

/* --- for whoever is alone --------------------------------------------------------------------- */

static enum err said(enum err e, const struct redis_reply *reply, struct bytes *why)
{
    e = answer_said(e, reply, why);
    if (e == ERR_OK)
        e = added(e, reply);
    if (e == ERR_UNREADABLE)
        bytes_addf(why, "%.*s is of another type than it should be",
                   SPAN_ARG(reply_text(reply_at(reply, 1))));
    if (e == ERR_NOT_KNOWN)
        bytes_add_str(why, "there is no journal");
    return e;
}

enum err audit_add_plain(struct redis_plain *redis, struct span note, struct bytes *why)
{
    const struct redis_reply *reply = NULL;
    const struct span words[] = {SPAN(""), note};
    enum err e = redis_plain_script(redis, &script_audit, words, 2, &reply);
    return said(e, reply, why);
}

enum err audit_newest_plain(struct redis_plain *redis, struct span *ret, struct bytes *why)
{
    const struct redis_reply *reply = NULL;
    const struct span words[] = {SPAN(""), SPAN("1")};
    *ret = SPAN_NONE;
    enum err e = redis_plain_script(redis, &script_auditread, words, 2, &reply);
    e = said(e, reply, why);
    if (e == ERR_OK)
        *ret = reply_text(reply_at(reply, 4));
    return e;
}
