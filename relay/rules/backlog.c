/* backlog: who is furthest behind, of any number of destinations.
 *
 * Rows gather until there are twice as many as are kept; then they are sorted, and the latter half
 * goes.
 * May not know: why somebody is behind. */
#include "relay/rules/backlog.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_MOST = 2 * BACKLOG_MOST };

void backlog_fini(struct backlog *b)
{
    free(b->rows);
    *b = (struct backlog){0};
}

static int by_low(const void *one, const void *other)
{
    const struct backlog_row *a = one;
    const struct backlog_row *b = other;
    int order = (a->cursor.low > b->cursor.low) - (a->cursor.low < b->cursor.low);
    return order ? order : strcmp(a->host, b->host);
}

void backlog_close(struct backlog *b)
{
    if (b->n)
        qsort(b->rows, b->n, sizeof(*b->rows), by_low);
    if (b->n > BACKLOG_MOST) {
        b->left_out += b->n - BACKLOG_MOST;
        b->n = BACKLOG_MOST;
    }
}

void backlog_add(struct backlog *b, const struct backlog_row *row)
{
    if (b->n == HELD_MOST)
        backlog_close(b);
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 16;
        if (b->cap > HELD_MOST)
            b->cap = HELD_MOST;
        b->rows = mem_grow(b->rows, b->cap * sizeof(*b->rows));
    }
    b->rows[b->n++] = *row;
}
