/* admin_traced: reads entries one by one, each with what is known of the destinations right after,
 * then all members.
 *
 *     ENTRY (a page of one line) -> BOOK -> the next ... -> MEMBERS
 *
 * May not know: what is said of them. */
#include "relay/admin_traced.h"

#include "relay/store/members.h"

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

void traced_fini(struct traced_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i].entry)
            entry_unref(&set->list[i].entry);
        book_free(&set->list[i].book);
    }
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct traced_set *set = call->traced;
    if (!member && err != ERR_OK)
        call_end(call, err, SPAN_NONE);
    else
        set->member(call, member, member && err != ERR_OK);
}

static void next(struct call *call);

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    struct traced_set *set = call->traced;
    struct traced *here = &set->list[set->at];
    here->book = book;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    /* It was there when it was read; what was recorded about it may have gone since. */
    bool urgent = here->entry->lane == LANE_URGENT;
    if (here->n <= (urgent ? book->urgent_floor : book->floor))
        entry_unref(&here->entry);
    set->at++;
    next(call);
}

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct traced_set *set = call->traced;
    struct traced *here = &set->list[set->at];
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err, SPAN_NONE);
        return;
    }
    if (page->lines_n && page->lines[0].n == here->n && page->lines[0].kind == JOURNAL_ENTRY)
        here->entry = entry_ref(page->lines[0].entry);
    if (!here->entry && here->n > page->floor[LANE_NORMAL]) { /* it never was one */
        call_end(call, ERR_NOT_KNOWN, SPAN_NONE);
        return;
    }
    if (!here->entry) {
        set->at++;
        next(call);
        return;
    }
    struct ledger_ask ask = {
        .from = here->n, .to = here->n, .most = SIZE_MAX / 2, .since_ms = here->entry->at_ms};
    ledger_read(store_of(call), &ask, on_book, call);
}

static void next(struct call *call)
{
    struct traced_set *set = call->traced;
    if (set->at == set->n)
        members_each(store_of(call), MEMBERS_ALL, on_member, call);
    else
        journal_page(store_of(call), LANE_BOTH, set->list[set->at].n - 1, 1, on_page, call);
}

void traced_read(struct call *call, struct traced_set *set)
{
    call->traced = set;
    set->at = 0;
    next(call);
}
