/* schedule_record: lists of changes, and the records that wait for the next delta.
 *
 * May not know: destinations beyond their name, and what a change means. */
#include <stdlib.h>

#include "relay/rules/schedule_inner.h"

void change_add(struct change **list, size_t *n, size_t *cap, const struct change *change)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 16;
        *list = mem_grow(*list, *cap * sizeof(**list));
    }
    (*list)[(*n)++] = *change;
}

void record_host(struct schedule *s, struct span host, const struct change *change)
{
    struct change kept = *change;
    kept.shard = shard_of(host, s->limits.shards);
    kept.host = mem_copy(host);
    kept.detail = change->detail ? mem_copy(span_of(change->detail)) : NULL;
    struct shard *shard = &s->shards[kept.shard];
    change_add(&shard->pending, &shard->pending_n, &shard->pending_cap, &kept);
    shard->dirty = true;
}

void record(struct schedule *s, const struct dest *d, const struct change *change)
{
    record_host(s, (struct span){d->host, d->host_n}, change);
}

void delta_free(struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        free(delta->list[i].host);
        free(delta->list[i].detail);
        cursor_fini(&delta->list[i].cursor);
    }
    free(delta->list);
    *delta = (struct delta){0};
}
