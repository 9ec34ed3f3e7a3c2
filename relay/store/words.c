/* words: the words of a command, and reading answers of our scripts.
 * May not know: what the commands mean. */
#include <stdlib.h>

#include "relay/store/store_inner.h"

enum { ARGS_MAX = 64 * 1024 * 1024 };

static void word_ends(struct words *a)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 32;
        a->ends = mem_grow(a->ends, a->cap * sizeof(*a->ends));
    }
    a->ends[a->n++] = a->text.n;
}

static struct bytes *room(struct words *a)
{
    if (!a->text.max)
        bytes_init(&a->text, ARGS_MAX);
    return &a->text;
}

void words_add(struct words *a, struct span s)
{
    bytes_add(room(a), s);
    word_ends(a);
}

void words_add_str(struct words *a, const char *text)
{
    words_add(a, span_of(text));
}

void words_add_int(struct words *a, int64_t value)
{
    bytes_add_int(room(a), value);
    word_ends(a);
}

void words_call(struct words *a, struct redis *redis, struct redis_script *script, redis_cb cb,
                void *arg)
{
    struct span *list = mem_new(a->n * sizeof(*list));
    size_t from = 0;
    bool whole = !a->text.over;
    for (size_t i = 0; i < a->n; i++) {
        list[i] = (struct span){bytes_str(&a->text) + from, a->ends[i] - from};
        from = a->ends[i];
    }
    if (whole)
        redis_script(redis, script, list, a->n, cb, arg);
    else
        redis_refuse(redis, cb, arg); /* cut short, it would say something else */
    free(list);
    words_free(a);
}

void words_free(struct words *a)
{
    free(a->ends);
    bytes_fini(&a->text);
    *a = (struct words){0};
}

bool answer_is(const struct redis_reply *reply, const char *word)
{
    return span_eq_str(reply_text(reply_at(reply, 0)), word);
}

enum err answer_said(enum err e, const struct redis_reply *reply, struct bytes *why)
{
    if (e == ERR_REDIS_REPLY)
        bytes_addf(why, "Redis refuses: %.*s", SPAN_ARG(reply_text(reply)));
    else if (e == ERR_REDIS)
        bytes_add_str(why, "the connection to Redis is gone");
    return e;
}

uint64_t answer_number(const struct redis_reply *reply, size_t i)
{
    return (uint64_t)reply_int(reply_at(reply, i));
}

uint64_t id_number(struct span id)
{
    uint64_t n = 0;
    span_cut(&id, '-');
    return id.p && span_u64(id, UINT64_MAX, &n) ? n : 0;
}
