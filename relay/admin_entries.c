/* admin_entries: entries by number, one after the other.
 * May not know: why they are wanted. */
#include <stdlib.h>
#include <string.h>

#include "relay/admin_inner.h"

struct entries_call {
    struct store *store;
    size_t n, at;
    uint64_t *numbers;
    struct entry **list;
    entries_cb cb;
    void *arg;
};

static void end(struct entries_call *call, enum err err)
{
    call->cb(call->arg, err, call->list);
    for (size_t i = 0; i < call->n; i++)
        if (call->list[i])
            entry_unref(&call->list[i]);
    free(call->numbers);
    free(call->list);
    free(call);
}

static void next(struct entries_call *call);

static void on_page(void *arg, const struct journal_page *page)
{
    struct entries_call *call = arg;
    uint64_t n = call->numbers[call->at];
    if (page->err != ERR_OK) {
        end(call, page->err);
        return;
    }
    if (page->lines_n && page->lines[0].n == n && page->lines[0].kind == JOURNAL_ENTRY)
        call->list[call->at] = entry_ref(page->lines[0].entry);
    call->at++;
    next(call);
}

/* One that was read just before need not be read again: many may have failed at the same. The end
 * is always told from an answer of the store, never from within the asking. */
static void next(struct entries_call *call)
{
    while (call->at && call->at < call->n &&
           call->numbers[call->at] == call->numbers[call->at - 1]) {
        if (call->list[call->at - 1])
            call->list[call->at] = entry_ref(call->list[call->at - 1]);
        call->at++;
    }
    if (call->at == call->n)
        end(call, ERR_OK);
    else
        journal_page(call->store, LANE_BOTH, call->numbers[call->at] - 1, 1, on_page, call);
}

void entries_read(struct store *store, const uint64_t *numbers, size_t n, entries_cb cb, void *arg)
{
    struct entries_call *call = mem_new(sizeof(*call));
    *call = (struct entries_call){.store = store, .n = n, .cb = cb, .arg = arg};
    call->numbers = mem_new(n * sizeof(*numbers));
    call->list = mem_new(n * sizeof(*call->list));
    memcpy(call->numbers, numbers, n * sizeof(*numbers));
    next(call);
}
