/* book: cursors and records of many hosts, in order, to be found by host.
 * May not know: where they were read, or what they say of an entry (trace.c does). */
#include "relay/rules/book.h"

#include <stdlib.h>
#include <string.h>

struct book *book_new(unsigned shards)
{
    struct book *b = mem_new(sizeof(*b));
    b->shards = shards < BOOK_SHARDS_MAX ? shards : BOOK_SHARDS_MAX;
    return b;
}

void book_free(struct book **book)
{
    struct book *b = *book;
    *book = NULL;
    if (!b)
        return;
    for (size_t i = 0; i < b->own_n; i++) {
        free(b->own[i].host);
        cursor_fini(&b->own[i].cursor);
    }
    free(b->own);
    free(b);
}

void book_add_own(struct book *b, struct span host, const struct cursor *cursor)
{
    if (b->own_n == b->own_cap) {
        b->own_cap = b->own_cap ? 2 * b->own_cap : 16;
        b->own = mem_grow(b->own, b->own_cap * sizeof(*b->own));
    }
    struct book_own *own = &b->own[b->own_n++];
    own->host = mem_copy(host);
    cursor_copy(cursor, &own->cursor);
}

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct book_own *)a)->host, ((const struct book_own *)b)->host);
}

void book_close(struct book *b)
{
    if (b->own_n)
        qsort(b->own, b->own_n, sizeof(*b->own), by_host);
}

/* As strcmp() of the host and a text that ends without NUL. */
static int compare(const char *host, struct span with)
{
    size_t n = strlen(host);
    int order = memcmp(host, with.p, n < with.n ? n : with.n);
    return order ? order : (n > with.n) - (n < with.n);
}

struct cursor book_cursor(const struct book *b, struct span host)
{
    size_t from = 0;
    size_t to = b->own_n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = compare(b->own[middle].host, host);
        if (order == 0)
            return b->own[middle].cursor;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return (struct cursor){.low = b->low[shard_of(host, b->shards)]};
}
