/* redis_script: a Lua script by its hash, loaded when Redis does not have it.
 *
 * The hash comes from SCRIPT LOAD's answer. States of a call:
 *
 *     CALL --NOSCRIPT--> LOAD --> CALL again --> answered      (starts at LOAD where the hash is
 * not known yet; a second NOSCRIPT is the answer)
 *
 * A call owns copies of its arguments until its callback has run.
 *
 * May not know: what the scripts do. */
#include <stdlib.h>
#include <string.h>

#include "common/io/redis.h"

enum { SHA_LEN = 40, ARGS_BEFORE = 3 };

struct call {
    struct redis *redis;
    struct redis_script *script;
    redis_cb cb;
    void *arg;
    bool loaded;
    size_t n;
    struct span argv[]; /* EVALSHA, hash, 0, then the n arguments; their bytes stand behind */
};

static void answer(struct call *call, enum err err, const struct redis_reply *reply)
{
    call->cb(call->arg, err, reply);
    free(call);
}

static void load(struct call *call);

static void on_answer(void *arg, enum err err, const struct redis_reply *reply)
{
    struct call *call = arg;
    if (err == ERR_REDIS_REPLY && !call->loaded && span_starts(reply_text(reply), SPAN("NOSCRIPT")))
        load(call);
    else
        answer(call, err, reply);
}

static void run(struct call *call)
{
    call->argv[1] = span_of(call->script->sha);
    redis_call(call->redis, call->argv, ARGS_BEFORE + call->n, 0, on_answer, call);
}

static void on_loaded(void *arg, enum err err, const struct redis_reply *reply)
{
    struct call *call = arg;
    struct span sha = err == ERR_OK ? reply_text(reply) : SPAN_NONE;
    if (err == ERR_OK && (sha.n != SHA_LEN || !span_copy(sha, call->script->sha, SHA_LEN + 1)))
        err = ERR_REDIS_REPLY;
    if (err == ERR_OK)
        run(call);
    else
        answer(call, err, reply);
}

static void load(struct call *call)
{
    const struct span argv[] = {SPAN("SCRIPT"), SPAN("LOAD"), span_of(call->script->text)};
    call->loaded = true;
    redis_call(call->redis, argv, sizeof argv / sizeof argv[0], 0, on_loaded, call);
}

void redis_script(struct redis *redis, struct redis_script *script, const struct span *argv,
                  size_t n, redis_cb cb, void *arg)
{
    size_t text = 0;
    for (size_t i = 0; i < n; i++)
        text += argv[i].n;
    size_t spans = (ARGS_BEFORE + n) * sizeof(struct span);
    struct call *call = mem_new(sizeof *call + spans + text);
    *call = (struct call){.redis = redis, .script = script, .cb = cb, .arg = arg, .n = n};
    call->argv[0] = SPAN("EVALSHA");
    call->argv[2] = SPAN("0");
    char *at = (char *)&call->argv[ARGS_BEFORE + n];
    for (size_t i = 0; i < n; i++) {
        call->argv[ARGS_BEFORE + i] = (struct span){at, argv[i].n};
        if (argv[i].n)
            memcpy(at, argv[i].p, argv[i].n);
        at += argv[i].n;
    }
    if (script->sha[0])
        run(call);
    else
        load(call);
}
