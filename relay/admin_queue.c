/* admin_queue: destinations that have not everything: how much waits, since when, and why.
 *
 *     GET  /api/v1/queue
 *     GET  /api/v1/queue/HOST      admin_trace_host.c     POST /api/v1/queue/HOST/VERB
 * admin_orders.c
 *
 *     BOOK (where all stand) -> PAGE (the newest lines: what waits there is counted, member by
 * member)
 *     -> MEMBERS -> OLDEST (what comes next for those who are further behind) -> answer
 *
 * May not know: what a command line looks like. */
#include <stdlib.h>

#include "relay/admin_inner.h"
#include "relay/rules/backlog.h"
#include "relay/store/members.h"

enum { PAGE = 256, OLDEST_MAX = 100, LOOK_AHEAD = 16 };

struct queue {
    struct backlog behind; /* cursors of its rows: their lists are the book's */
    struct entry *entries[PAGE];
    size_t entries_n;
    uint64_t page_after;
    size_t at, looked; /* the row at hand, and how many looks were taken */
};

static void queue_free(void *more)
{
    struct queue *q = more;
    for (size_t i = 0; i < q->entries_n; i++)
        entry_unref(&q->entries[i]);
    backlog_fini(&q->behind);
    free(q);
}

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_row(struct json_writer *w, const struct backlog_row *r, uint64_t last)
{
    const struct cursor *c = &r->cursor;
    json_open(w, '{');
    json_member(w, "host", span_of(r->host));
    json_member(w, "zone", span_of(r->zone));
    json_member(w, "code", span_of(r->code));
    if (r->unread) {
        json_close(w, '}');
        return;
    }
    json_member_int(w, "waiting", (int64_t)r->waiting);
    json_member_bool(w, "whole", r->whole);
    json_member_int(w, "behind", (int64_t)(last - c->low));
    json_member_int(w, "aside", (int64_t)c->aside_n);
    view_time(w, "oldest", r->oldest_ms);
    if (c->health.failures)
        json_member_int(w, "failures", c->health.failures);
    if (cursor_status(c))
        json_member_int(w, "status", cursor_status(c));
    view_time(w, "next", c->health.wake_ms);
    view_time(w, "parked", c->health.parked_ms);
    json_close(w, '}');
}

static void answer(struct call *call)
{
    const struct queue *q = call->more;
    struct json_writer *w = &call->w;
    json_open(w, '{');
    json_member_int(w, "position", (int64_t)call->book->last);
    json_member_int(w, "direct", (int64_t)call->book->mail);
    json_member_int(w, "total", (int64_t)(q->behind.n + q->behind.left_out));
    json_member_int(w, "left_out", (int64_t)q->behind.left_out);
    json_key(w, "queue");
    json_open(w, '[');
    for (size_t i = 0; i < q->behind.n; i++)
        write_row(w, &q->behind.rows[i], call->book->last);
    json_close(w, ']');
    json_close(w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

/* --- what comes next for who is far behind -----------------------------------------------------
 */

static void look(struct call *call);

/* What comes next of lane N, if it is for the zone. */
static bool is_frozen(const struct call *call, const struct entry *e, const char *zone)
{
    return audience_has(e->audience, zone) && gates_stop(&call->book->gates, e, zone);
}

static void look_at(struct call *call, const struct entry *e)
{
    struct queue *q = call->more;
    struct backlog_row *row = &q->behind.rows[q->at];
    row->oldest_ms = e->at_ms;
    if (e->n > row->cursor.low && row->subscribed && is_frozen(call, e, row->zone))
        row->code = err_code(ERR_FROZEN);
}

static void on_next(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct queue *q = call->more;
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err, SPAN_NONE);
        return;
    }
    for (size_t i = page->lines_n; i > 0; i--)
        if (page->lines[i - 1].kind == JOURNAL_ENTRY)
            look_at(call, page->lines[i - 1].entry);
    q->at++;
    look(call);
}

static void look(struct call *call)
{
    struct queue *q = call->more;
    const struct backlog *b = &q->behind;
    while (q->at < b->n && (b->rows[q->at].whole || q->looked >= OLDEST_MAX))
        q->at++;
    if (q->at == b->n) {
        answer(call);
        return;
    }
    q->looked++;
    journal_page(store_of(call), LANE_BOTH, b->rows[q->at].cursor.low, LOOK_AHEAD, on_next, call);
}

/* --- members ---------------------------------------------------------------------------------- */

/* unread: nothing but its name can be read. */
static void add_member(struct call *call, const struct member *m, bool unread)
{
    struct queue *q = call->more;
    struct backlog_row row = {.cursor = book_cursor(call->book, span_of(m->host))};
    if (m->state != MEMBER_ACTIVE && m->state != MEMBER_SUSPENDED && !unread)
        return;
    row.unread = unread || book_unread(call->book, span_of(m->host));
    uint64_t from =
        row.cursor.low < row.cursor.urgent ? row.cursor.low : row.cursor.urgent; /* of each lane */
    row.whole = row.unread || from >= q->page_after;
    const struct entry *first = NULL;
    for (size_t i = 0; !row.unread && i < q->entries_n; i++) {
        const struct entry *e = q->entries[i];
        if (!trace_is_owed(e, m, &row.cursor))
            continue;
        if (row.waiting++ == 0)
            row.oldest_ms = row.whole ? e->at_ms : 0;
        if (!first && row.whole && e->lane == LANE_NORMAL)
            first = e;
    }
    if (row.whole && !row.waiting && !row.cursor.aside_n && !row.cursor.health.failures &&
        !row.cursor.health.held && !row.unread)
        return;
    row.subscribed = m->state == MEMBER_ACTIVE && !row.cursor.health.held;
    bool frozen = first && row.subscribed && is_frozen(call, first, m->zone);
    row.code = row.unread ? err_code(ERR_UNREADABLE)
               : frozen   ? err_code(ERR_FROZEN)
                          : trace_waits(m, &row.cursor);
    span_copy(span_of(m->host), row.host, sizeof(row.host));
    span_copy(span_of(m->zone), row.zone, sizeof(row.zone));
    backlog_add(&q->behind, &row);
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct queue *q = call->more;
    if (member) {
        add_member(call, member, err != ERR_OK);
        return;
    }
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    backlog_close(&q->behind);
    look(call);
}

/* --- where all stand -------------------------------------------------------------------------- */

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct queue *q = call->more;
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err, SPAN_NONE);
        return;
    }
    for (size_t i = 0; i < page->lines_n; i++)
        if (page->lines[i].kind == JOURNAL_ENTRY)
            q->entries[q->entries_n++] = entry_ref(page->lines[i].entry);
    members_each(store_of(call), MEMBERS_ALL, on_member, call);
}

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    struct queue *q = call->more;
    call->book = book;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    q->page_after = book->last > PAGE ? book->last - PAGE : 0;
    if (q->page_after < book->floor)
        q->page_after = book->floor;
    journal_page(store_of(call), LANE_BOTH, q->page_after, PAGE, on_page, call);
}

static void list(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    struct ledger_ask ask = {.since_ms = -1};
    call->more = mem_new(sizeof(struct queue));
    call->more_free = queue_free;
    ledger_read(a->config.context->store, &ask, on_book, call);
}

void admin_queue(struct admin *a, struct http_request **request, struct span rest)
{
    bool get = span_eq_str(http_view(*request)->method, "GET");
    char host[MEMBER_HOST_SIZE] = "";
    struct span name = span_cut(&rest, '/');
    if (name.p && !admin_host(a, request, name, host))
        return;
    if (get && !name.p)
        list(a, request);
    else if (get && !rest.p)
        admin_trace_host(a, request, host);
    else if (!get && rest.p)
        admin_orders(a, request, host, rest);
    else
        admin_refuse(request, ERR_METHOD, SPAN_NONE);
}
