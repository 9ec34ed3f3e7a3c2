/* adopt: looks at whose journal there is, and shakes hands as one that knows of none.
 * May not know: files. */
#include "relay/store/adopt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/encode.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* Whether it may be, without more words. */
static enum err may(const struct redis_reply *facts, const struct identity_kept *known,
                    const struct adopter *adopter, bool force, struct bytes *why)
{
    struct span id = reply_text(reply_at(facts, 0));
    struct span whose = reply_text(reply_at(facts, 1));
    struct span keys = reply_text(reply_at(facts, 2));
    uint64_t schema = answer_number(facts, 3);
    if (schema > STORE_SCHEMA) { /* by no force: nothing of it is to change */
        bytes_addf(why,
                   "the journal was written by a newer version of Weir: its schema is %" PRIu64
                   ", this one reads %d",
                   schema, STORE_SCHEMA);
        return ERR_AGAIN;
    }
    if (force)
        return ERR_OK;
    if (!id.n && known->id[0])
        bytes_add_str(why,
                      "this Redis holds no journal: `weir restore` puts a backup there; --force "
                      "starts anew, and what was still owed to members is lost");
    else if (whose.n && !span_eq_str(whose, adopter->owner))
        bytes_addf(why, "this Redis holds the journal of %.*s: --force takes it over",
                   SPAN_ARG(whose));
    else if (keys.n && !span_eq_str(keys, adopter->keys))
        bytes_add_str(why,
                      "its relay signs with other keys than those in this data directory: copy "
                      "them; or --force goes on with these, on all machines");
    return why->n ? ERR_AGAIN : ERR_OK;
}

static enum err take_over(struct redis_plain *redis, const struct adopter *adopter,
                          struct bytes *why)
{
    const struct redis_reply *reply;
    const struct span words[] = {SPAN("HSET"),  SPAN(KEY("log")),
                                 SPAN("owner"), span_of(adopter->owner),
                                 SPAN("keys"),  span_of(adopter->keys)};
    enum err e = redis_plain_call(redis, words, 6, &reply);
    return answer_said(e, reply, why);
}

/* The handshake of a relay that knows of no journal. */
static enum err greet(struct redis_plain *redis, const struct identity_kept *known,
                      const struct adopter *adopter, struct bytes *why, struct adopted *ret)
{
    uint8_t chance[16];
    char shards[16];
    char epoch[24];
    char schema[16];
    struct bytes id;
    const struct redis_reply *reply = NULL;
    clock_random(chance, sizeof(chance));
    bytes_init(&id, STORE_ID_SIZE);
    hex_write(&id, (struct span){(const char *)chance, sizeof(chance)});
    snprintf(shards, sizeof(shards), "%d", STORE_SHARDS);
    snprintf(epoch, sizeof(epoch), "%" PRIu64, known->epoch);
    snprintf(schema, sizeof(schema), "%d", STORE_SCHEMA);
    const struct span words[] = {SPAN(""),
                                 bytes_span(&id),
                                 span_of(shards),
                                 span_of(epoch),
                                 span_of(adopter->owner),
                                 span_of(schema),
                                 span_of(adopter->keys)};
    enum err e = redis_plain_script(redis, &script_hello, words, 7, &reply);
    e = answer_said(e, reply, why);
    bytes_fini(&id);
    if (e == ERR_OK && !answer_is(reply, "OK")) {
        bytes_addf(why, "this journal can't be adopted: %.*s",
                   SPAN_ARG(reply_text(reply_at(reply, 0))));
        return ERR_REDIS_REPLY;
    }
    if (e == ERR_OK) {
        span_copy(reply_text(reply_at(reply, 1)), ret->kept.id, sizeof(ret->kept.id));
        ret->kept.epoch = answer_number(reply, 2);
    }
    return e;
}

enum err adopt_journal(struct redis_plain *redis, const struct identity_kept *known,
                       const struct adopter *adopter, bool force, struct bytes *why,
                       struct adopted *ret)
{
    const struct redis_reply *facts;
    const struct span words[] = {SPAN("HMGET"), SPAN(KEY("log")), SPAN("id"),
                                 SPAN("owner"), SPAN("keys"),     SPAN("schema")};
    *ret = (struct adopted){0};
    enum err e = redis_plain_call(redis, words, 6, &facts);
    e = answer_said(e, facts, why);
    if (e == ERR_OK)
        e = may(facts, known, adopter, force, why);
    if (e != ERR_OK)
        return e;
    struct span id = reply_text(reply_at(facts, 0));
    ret->founded = !id.n;
    ret->known = id.n && span_eq_str(id, known->id);
    bool others = id.n && !(span_eq_str(reply_text(reply_at(facts, 1)), adopter->owner) &&
                            span_eq_str(reply_text(reply_at(facts, 2)), adopter->keys));
    if (others)
        e = take_over(redis, adopter, why);
    return e == ERR_OK ? greet(redis, known, adopter, why, ret) : e;
}
