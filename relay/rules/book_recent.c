/* book_recent: the latest outcomes of attempts, host by host.
 * May not know: what became of an entry in the end (trace.c does). */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/book.h"

bool book_add_recents(struct book *b, struct span host, struct span text)
{
    struct book_recents told = {0};
    while (text.p && told.n < RECENT_MAX)
        if (!recent_read(span_cut(&text, ' '), &told.list[told.n++]))
            return false;
    told.host = mem_copy(host);
    if (b->recents_n == b->recents_cap) {
        b->recents_cap = b->recents_cap ? 2 * b->recents_cap : 16;
        b->recents = mem_grow(b->recents, b->recents_cap * sizeof(*b->recents));
    }
    b->recents[b->recents_n++] = told;
    return true;
}

static int by_host(const void *one, const void *other)
{
    return strcmp(((const struct book_recents *)one)->host,
                  ((const struct book_recents *)other)->host);
}

void book_close_recents(struct book *b)
{
    if (b->recents_n)
        qsort(b->recents, b->recents_n, sizeof(*b->recents), by_host);
}

void book_free_recents(struct book *b)
{
    for (size_t i = 0; i < b->recents_n; i++)
        free(b->recents[i].host);
    free(b->recents);
}

const struct book_recents *book_recents(const struct book *b, struct span host)
{
    char name[512];
    const struct book_recents wanted = {.host = name};
    if (!b->recents_n || !span_copy(host, name, sizeof(name)))
        return NULL;
    return bsearch(&wanted, b->recents, b->recents_n, sizeof(*b->recents), by_host);
}
