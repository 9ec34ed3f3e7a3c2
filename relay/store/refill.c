/* refill: writes keys as they were told, many at once, and makes the journal whole at the end.
 *
 *     begin (the facts stand aside, and say so) -> put, put, put -> end (they become the journal's)
 *
 * May not know: where it comes from.
 */
#include "relay/store/refill.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { SENT_MOST = 256, BYTES_MOST = 4 * 1024 * 1024, WORDS_MOST = 1000, KEY_MAX = 4096 };

/* The facts about the journal stand here until all else is there. */
static const struct span aside = {KEY("restoring"), sizeof(KEY("restoring")) - 1};

static enum err failed(struct refill *r, enum err e, const struct redis_reply *reply)
{
    return answer_said(e, reply, r->why);
}

static enum err settle(struct refill *r)
{
    enum err e = ERR_OK;
    for (; e == ERR_OK && r->sent; r->sent--) {
        const struct redis_reply *reply;
        e = redis_plain_take(r->redis, &reply);
        e = failed(r, e, reply);
    }
    r->bytes = 0;
    return e;
}

static enum err send(struct refill *r, const struct span *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r->bytes += words[i].n;
    enum err e = redis_plain_send(r->redis, words, n);
    if (e != ERR_OK)
        return failed(r, e, NULL);
    r->sent++;
    return r->sent < SENT_MOST && r->bytes < BYTES_MOST ? ERR_OK : settle(r);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Ours, all but the one that says that it is being filled. Nothing is taken meanwhile: the names
 * are those of the last answer. */
static enum err remove_page(struct refill *r, const struct redis_reply *names)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < reply_len(names); i++) {
        struct span words[] = {SPAN("UNLINK"), reply_text(reply_at(names, i))};
        if (span_eq(words[1], aside))
            continue;
        e = failed(r, redis_plain_send(r->redis, words, 2), NULL);
        r->sent++;
    }
    return e == ERR_OK ? settle(r) : e;
}

static enum err remove_all(struct refill *r)
{
    char cursor[32] = "0";
    enum err e = ERR_OK;
    do {
        const struct redis_reply *reply;
        struct span words[] = {SPAN("SCAN"), span_of(cursor), SPAN("MATCH"), SPAN(KEY("*"))};
        e = redis_plain_call(r->redis, words, 4, &reply);
        e = failed(r, e, reply);
        if (e != ERR_OK)
            return e;
        span_copy(reply_text(reply_at(reply, 0)), cursor, sizeof(cursor));
        e = remove_page(r, reply_at(reply, 1));
    } while (e == ERR_OK && strcmp(cursor, "0") != 0);
    return e;
}

enum err refill_begin(struct refill *r, uint64_t known, bool replace)
{
    char epoch[24];
    const struct redis_reply *reply = NULL;
    snprintf(epoch, sizeof(epoch), "%" PRIu64, known);
    struct span words[] = {SPAN("begin"), span_of(epoch), replace ? SPAN("replace") : SPAN("")};
    enum err e = redis_plain_script(r->redis, &script_restore, words, 3, &reply);
    e = failed(r, e, reply);
    return e == ERR_OK && replace ? remove_all(r) : e;
}

/* --- one key ---------------------------------------------------------------------------------- */

/* command key word ..., a thousand words at a time. flipped: of each two words the second first. */
static enum err put_words(struct refill *r, struct span command, struct span key,
                          const struct redis_reply *list, bool flipped)
{
    struct span words[2 + WORDS_MOST] = {command, key};
    enum err e = ERR_OK;
    for (size_t from = 0; e == ERR_OK && from < reply_len(list); from += WORDS_MOST) {
        size_t n = reply_len(list) - from < WORDS_MOST ? reply_len(list) - from : WORDS_MOST;
        for (size_t i = 0; i < n; i++)
            words[2 + (flipped ? i ^ 1 : i)] = reply_text(reply_at(list, from + i));
        e = send(r, words, 2 + n);
    }
    return e;
}

static enum err put_entries(struct refill *r, struct span key, const struct redis_reply *list)
{
    struct span words[3 + WORDS_MOST] = {SPAN("XADD"), key};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < reply_len(list); i++) {
        const struct redis_reply *fields = reply_at(reply_at(list, i), 1);
        size_t n = reply_len(fields) < WORDS_MOST ? reply_len(fields) : WORDS_MOST;
        words[2] = reply_text(reply_at(reply_at(list, i), 0));
        for (size_t k = 0; k < n; k++)
            words[3 + k] = reply_text(reply_at(fields, k));
        e = send(r, words, 3 + n);
    }
    return e;
}

static enum err put_expiry(struct refill *r, struct span key, int64_t at_ms)
{
    char at[24];
    snprintf(at, sizeof(at), "%" PRId64, at_ms);
    struct span words[] = {SPAN("PEXPIREAT"), key, span_of(at)};
    return at_ms ? send(r, words, 3) : ERR_OK;
}

enum err refill_put(struct refill *r, const struct holding *h)
{
    struct bytes name;
    bytes_init(&name, KEY_MAX);
    bytes_add_str(&name, KEY(""));
    bytes_add(&name, h->key);
    struct span key = span_eq_str(h->key, "log") ? aside : bytes_span(&name);
    struct span text[] = {SPAN("SET"), key, reply_text(h->value)};
    enum err e = ERR_OK;
    switch (h->kind) {
    case HOLDING_TEXT: e = send(r, text, 3); break;
    case HOLDING_HASH: e = put_words(r, SPAN("HSET"), key, h->value, false); break;
    case HOLDING_SET: e = put_words(r, SPAN("SADD"), key, h->value, false); break;
    case HOLDING_SCORED: e = put_words(r, SPAN("ZADD"), key, h->value, true); break;
    case HOLDING_STREAM: e = put_entries(r, key, h->value); break;
    case HOLDING_KIND_COUNT: break;
    }
    if (e == ERR_OK)
        e = put_expiry(r, key, h->expires_ms);
    bytes_fini(&name);
    return e;
}

/* --- the end ---------------------------------------------------------------------------------- */

enum err refill_end(struct refill *r, struct span owner, uint64_t *ret_epoch)
{
    const struct redis_reply *reply = NULL;
    struct span words[] = {SPAN("end"), owner};
    enum err e = settle(r);
    if (e != ERR_OK)
        return e;
    e = redis_plain_script(r->redis, &script_restore, words, 2, &reply);
    e = failed(r, e, reply);
    if (e == ERR_OK && answer_is(reply, "OK")) {
        *ret_epoch = answer_number(reply, 1);
        return ERR_OK;
    }
    if (e == ERR_OK)
        bytes_add_str(r->why, "what was put there is not the whole of a journal");
    return e == ERR_OK ? ERR_REDIS_REPLY : e;
}
