/* letters: a page of dead letters.
 * May not know: where they are kept, or for whom they are listed. */
#include "relay/rules/letters.h"

#include <stdlib.h>
#include <string.h>

/* Records of a book lie by host, number and inbox: what is of one letter keeps its order. */
static int by_number(const void *one, const void *other)
{
    const struct book_record *a = *(const struct book_record *const *)one;
    const struct book_record *b = *(const struct book_record *const *)other;
    int order = a->n == b->n ? strcmp(a->host, b->host) : a->n < b->n ? 1 : -1;
    return order ? order : (a > b) - (a < b);
}

static bool is_listed(const struct book_record *r, uint64_t of, const char *host)
{
    bool behind = !of || r->n < of || (r->n == of && strcmp(r->host, host) > 0);
    return r->kind == BOOK_FAIL && !r->dropped && behind;
}

static bool is_same(const struct book_record *a, const struct book_record *b)
{
    return a->n == b->n && strcmp(a->host, b->host) == 0;
}

size_t letters_list(const struct book *book, uint64_t of, const char *host,
                    const struct book_record **ret_list, size_t most, bool *ret_more)
{
    const struct book_record **all = mem_new((book->records_n + 1) * sizeof(*all));
    size_t n = 0;
    for (size_t i = 0; i < book->records_n; i++)
        if (is_listed(&book->records[i], of, host))
            all[n++] = &book->records[i];
    if (n)
        qsort(all, n, sizeof(*all), by_number);
    size_t listed = n < most ? n : most;
    *ret_more = n > listed;
    while (*ret_more && listed > 1 && is_same(all[listed - 1], all[listed]))
        listed--;
    for (size_t i = 0; i < listed; i++)
        ret_list[i] = all[i];
    free(all);
    return listed;
}
