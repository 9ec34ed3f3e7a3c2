/* cursor: a position and the state of its retries, as numbers and as text.
 * May not know: what the numbers count, or who keeps the text. */
#include "relay/rules/cursor.h"

#include <inttypes.h>

bool cursor_plain(const struct cursor *c)
{
    return c->wake_ms == 0 && c->failures == 0 && c->tries == 0;
}

bool cursor_same(const struct cursor *a, const struct cursor *b)
{
    return a->low == b->low && a->wake_ms == b->wake_ms && a->failures == b->failures &&
           a->tries == b->tries && a->first_ms == b->first_ms && a->status == b->status;
}

void cursor_write(const struct cursor *c, struct bytes *out)
{
    bytes_addf(out, "%" PRIu64, c->low);
    if (!cursor_plain(c))
        bytes_addf(out, " %" PRId64 " %u %u %" PRId64 " %d", c->wake_ms, c->failures, c->tries,
                   c->first_ms, c->status);
}

bool cursor_read(struct span text, struct cursor *ret)
{
    uint64_t field[6] = {0};
    size_t n = 0;
    while (text.p && n < 6)
        if (!span_u64(span_cut(&text, ' '), INT64_MAX, &field[n++]))
            return false;
    if (text.p || (n != 1 && n != 6) || field[2] > UINT32_MAX || field[3] > UINT32_MAX ||
        field[5] > 999)
        return false;
    *ret = (struct cursor){field[0],           (int64_t)field[1], (unsigned)field[2],
                           (unsigned)field[3], (int64_t)field[4], (int)field[5]};
    return true;
}

unsigned shard_of(struct span host, unsigned shards)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < host.n; i++)
        hash = (hash ^ (unsigned char)host.p[i]) * 16777619U;
    return hash % shards;
}
