/* outcomes: gathers the latest outcomes of each host until they are written down, all at once and
 * not with each commit: a delivery must not cost Redis a word of its own. What is not written down
 * when a courier dies is lost: they are for people to look at.
 * May not know: how Redis keeps them. */
#include "relay/store/outcomes.h"

#include <stdlib.h>
#include <string.h>

#include "relay/store/store_inner.h"

/* Of one host, since they were written last: few hosts of a shard, so that a list will do. */
struct told {
    struct told *next;
    size_t n; /* all of them; the newest lie in list, n counting round */
    struct recent list[RECENT_MAX];
    size_t host_n;
    char host[];
};

struct outcomes {
    struct told *shards[STORE_SHARDS];
};

struct outcomes *outcomes_new(void)
{
    return mem_new(sizeof(struct outcomes));
}

static void forget(struct told **list)
{
    while (*list) {
        struct told *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

void outcomes_free(struct outcomes **outcomes)
{
    struct outcomes *o = *outcomes;
    *outcomes = NULL;
    for (unsigned i = 0; o && i < STORE_SHARDS; i++)
        forget(&o->shards[i]);
    free(o);
}

static struct told *told_of(struct outcomes *o, unsigned shard, struct span host)
{
    struct told *t = o->shards[shard];
    while (t && !span_eq(host, (struct span){t->host, t->host_n}))
        t = t->next;
    if (t)
        return t;
    t = mem_new(sizeof(*t) + host.n);
    memcpy(t->host, host.p, host.n);
    t->host_n = host.n;
    t->next = o->shards[shard];
    o->shards[shard] = t;
    return t;
}

void outcomes_add(struct outcomes *o, unsigned shard, struct span host, const struct recent *recent)
{
    struct told *t = told_of(o, shard % STORE_SHARDS, host);
    t->list[t->n++ % RECENT_MAX] = *recent;
}

static void take(const struct told *t, unsigned shard, struct words *words)
{
    struct bytes text;
    size_t kept = t->n < RECENT_MAX ? t->n : RECENT_MAX;
    bytes_init(&text, RECENT_TEXT_MAX);
    for (size_t i = 1; i <= kept; i++) { /* the newest first */
        bytes_add_str(&text, i > 1 ? " " : "");
        recent_write(&t->list[(t->n - i) % RECENT_MAX], &text);
    }
    words_add_int(words, shard);
    words_add(words, (struct span){t->host, t->host_n});
    words_add(words, bytes_span(&text));
    bytes_fini(&text);
}

bool outcomes_take(struct outcomes *o, struct words *words)
{
    bool any = false;
    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        any = any || o->shards[i];
        for (const struct told *t = o->shards[i]; t; t = t->next)
            take(t, i, words);
        forget(&o->shards[i]);
    }
    return any;
}
