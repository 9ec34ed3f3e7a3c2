/* promise: two connections, and a WAIT behind every bunch of scripts that was answered on one.
 *
 * A pledge is one call: sent -> fresh (answered; its reply kept) -> waiting (a WAIT is out that was
 * sent after that answer) -> told. WAIT speaks of what its own connection has done: where that is
 * lost between the two, nothing is known, and every fresh pledge is told so before it comes back.
 *
 * May not know: what the scripts do. */
#include "relay/store/promise.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "relay/store/store_inner.h"

enum { LINES = 2 };

struct pledge {
    struct pledge *next;
    struct line *line;
    redis_cb cb;
    void *arg;
    enum err err;
    struct redis_reply *reply; /* owned, once it has come */
};

struct line {
    struct promise *promise;
    struct redis *redis;
    struct timer *turn; /* runs once something is fresh */
    struct pledge *fresh, *waiting;
    bool waits;
};

struct promise {
    struct loop *loop;
    struct promise_config config;
    struct line lines[LINES];
};

/* Everyone in the list hears it; whoever asks again meanwhile is in another. */
static void tell(struct pledge **list, bool kept)
{
    struct pledge *p;
    while ((p = *list)) {
        *list = p->next;
        p->cb(p->arg, kept ? p->err : ERR_REDIS, kept ? p->reply : NULL);
        reply_free(&p->reply);
        free(p);
    }
}

static void wait_for_replicas(void *arg);

static void on_waited(void *arg, enum err err, const struct redis_reply *reply)
{
    struct line *line = arg;
    const struct promise_config *config = &line->promise->config;
    bool kept = err == ERR_OK && reply_int(reply) >= config->replicas;
    line->waits = false;
    if (err == ERR_OK && !kept)
        config->on_short(config->arg, reply_int(reply));
    tell(&line->waiting, kept);
    if (line->fresh && line->turn)
        timer_start(line->turn, 0);
}

static void wait_for_replicas(void *arg)
{
    struct line *line = arg;
    const struct promise_config *config = &line->promise->config;
    char least[24], most_ms[24];
    if (line->waits || !line->fresh)
        return;
    snprintf(least, sizeof(least), "%lld", (long long)config->replicas);
    snprintf(most_ms, sizeof(most_ms), "%lld", (long long)config->command_ms / 2);
    const struct span words[] = {SPAN("WAIT"), span_of(least), span_of(most_ms)};
    LL_CONCAT(line->waiting, line->fresh);
    line->fresh = NULL;
    line->waits = true;
    redis_call(line->redis, words, 3, config->command_ms / 2, on_waited, line);
}

static void on_answer(void *arg, enum err err, const struct redis_reply *reply)
{
    struct pledge *p = arg;
    struct line *line = p->line;
    if (err != ERR_OK) {
        p->cb(p->arg, err, reply);
        free(p);
        return;
    }
    p->err = err;
    p->reply = reply_copy(reply);
    LL_APPEND(line->fresh, p);
    if (!line->waits)
        timer_start(line->turn, 0);
}

static void on_state(void *arg, bool up)
{
    struct line *line = arg;
    if (!up)
        tell(&line->fresh, false);
}

void promise_call(struct promise *promise, struct words *words, struct redis_script *script,
                  redis_cb cb, void *arg)
{
    struct line *line = NULL;
    struct pledge *p = mem_new(sizeof(*p));
    for (size_t i = 0; i < LINES; i++) {
        struct line *l = &promise->lines[i];
        if (redis_is_up(l->redis) && (!line || (line->waits && !l->waits)))
            line = l;
    }
    if (!line)
        line = &promise->lines[0]; /* which refuses it */
    *p = (struct pledge){.line = line, .cb = cb, .arg = arg};
    words_call(words, line->redis, script, on_answer, p);
}

bool promise_is_up(const struct promise *promise)
{
    for (size_t i = 0; i < LINES; i++)
        if (redis_is_up(promise->lines[i].redis))
            return true;
    return false;
}

void promise_reset(struct promise *promise)
{
    for (size_t i = 0; i < LINES; i++)
        redis_reset(promise->lines[i].redis);
}

enum err promise_new(struct loop *loop, const struct promise_config *config, struct promise **ret)
{
    struct promise *p = mem_new(sizeof(*p));
    enum err e = ERR_OK;
    p->loop = loop;
    p->config = *config;
    for (size_t i = 0; i < LINES && e == ERR_OK; i++) {
        struct line *line = &p->lines[i];
        struct redis_config redis = {.url = config->url,
                                     .command_ms = config->command_ms,
                                     .on_state = on_state,
                                     .arg = line};
        line->promise = p;
        line->turn = timer_new(loop, wait_for_replicas, line);
        e = redis_new(loop, &redis, &line->redis);
    }
    if (e == ERR_OK)
        *ret = p;
    else
        promise_free(&p);
    return e;
}

void promise_free(struct promise **promise)
{
    struct promise *p = *promise;
    *promise = NULL;
    if (!p)
        return;
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &p->lines[i];
        timer_free(&line->turn);
        redis_free(&line->redis);
        tell(&line->waiting, false);
        tell(&line->fresh, false);
    }
    /* A callback may have called us: the frames below still look at the record. */
    loop_post(p->loop, free, p);
}
