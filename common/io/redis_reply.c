/* redis_reply: reading what Redis answered; a coat over hiredis's tree, whose types stay in here.
 * May not know: connections, nor what the answer is to. */
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/io/redis.h"

static const redisReply *inner(const struct redis_reply *r)
{
    return (const redisReply *)r;
}

enum redis_kind reply_kind(const struct redis_reply *r)
{
    if (!r)
        return REDIS_NIL;
    switch (inner(r)->type) {
    case REDIS_REPLY_INTEGER: return REDIS_INT;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: return REDIS_TEXT;
    case REDIS_REPLY_ARRAY: return REDIS_LIST;
    case REDIS_REPLY_ERROR: return REDIS_ERROR;
    default: return REDIS_NIL; /* the types of RESP3 never come: HELLO is never sent */
    }
}

struct span reply_text(const struct redis_reply *r)
{
    enum redis_kind kind = reply_kind(r);
    if (kind != REDIS_TEXT && kind != REDIS_ERROR)
        return SPAN_NONE;
    return (struct span){inner(r)->str, inner(r)->len};
}

int64_t reply_int(const struct redis_reply *r)
{
    enum redis_kind kind = reply_kind(r);
    if (kind == REDIS_INT)
        return inner(r)->integer;
    if (kind != REDIS_TEXT)
        return 0;
    struct span text = reply_text(r);
    bool negative = span_starts(text, SPAN("-"));
    if (negative) {
        text.p++;
        text.n--;
    }
    uint64_t n;
    if (!span_u64(text, INT64_MAX, &n))
        return 0;
    return negative ? -(int64_t)n : (int64_t)n;
}

size_t reply_len(const struct redis_reply *r)
{
    return reply_kind(r) == REDIS_LIST ? inner(r)->elements : 0;
}

const struct redis_reply *reply_at(const struct redis_reply *r, size_t i)
{
    return i < reply_len(r) ? (const struct redis_reply *)inner(r)->element[i] : NULL;
}

const struct redis_reply *reply_field(const struct redis_reply *r, const char *name)
{
    for (size_t i = 0; i + 1 < reply_len(r); i += 2)
        if (span_eq_str(reply_text(reply_at(r, i)), name))
            return reply_at(r, i + 1);
    return NULL;
}

static redisReply *copy(const redisReply *r)
{
    redisReply *c = mem_new(sizeof *c);
    c->type = r->type;
    c->integer = r->integer;
    if (r->str) {
        c->str = mem_copy((struct span){r->str, r->len});
        c->len = r->len;
    }
    if (r->elements)
        c->element = mem_new(r->elements * sizeof(redisReply *));
    for (; c->elements < r->elements; c->elements++)
        c->element[c->elements] = copy(r->element[c->elements]);
    return c;
}

static void free_copy(redisReply *r)
{
    for (size_t i = 0; i < r->elements; i++)
        free_copy(r->element[i]);
    free(r->element);
    free(r->str);
    free(r);
}

struct redis_reply *reply_copy(const struct redis_reply *r)
{
    return r ? (struct redis_reply *)copy(inner(r)) : NULL;
}

void reply_free(struct redis_reply **r)
{
    redisReply *whole = (redisReply *)*r;
    *r = NULL;
    if (whole)
        free_copy(whole);
}
