/* admin_trace_host: what becomes of a member's mail: what waits, what was set aside, what failed,
 * was passed over or came late.
 *
 *     BOOK (what is known of the host as of one moment) -> MEMBER -> PAGE (what follows its cursor)
 *     -> ENTRIES (that are set aside or failed) -> answer
 *
 * May not know: what a command line looks like. */
#include <stdlib.h>

#include "relay/admin_inner.h"
#include "relay/store/members.h"

enum { RECORDS = 50, PAGE = 256, WAITING_SHOWN = 20, NUMBERS_MAX = 4 * RECORDS };

struct host_trace {
    struct member member;
    size_t n; /* numbers of entries whose names are wanted: set aside, then of all records */
    uint64_t numbers[NUMBERS_MAX + CURSOR_ASIDE_MAX];
};

/* --- the answer ------------------------------------------------------------------------------- */

static void write_aside(struct json_writer *w, const struct cursor *c, const struct member *m,
                        struct entry *const *list)
{
    json_key(w, "aside");
    json_open(w, '[');
    for (size_t i = 0; i < c->aside_n; i++) {
        const struct cursor_aside *a = &c->aside[i];
        const char *inbox = m->inboxes[a->slot % MEMBER_INBOXES_MAX].url;
        json_open(w, '{');
        json_member_int(w, "n", (int64_t)a->n);
        view_entry_short(w, list[i]);
        json_member(w, "inbox", inbox[0] ? span_of(inbox) : SPAN_NONE);
        json_member_int(w, "attempts", a->tried.tries);
        if (a->tried.past.status)
            json_member_int(w, "status", a->tried.past.status);
        view_time(w, "next", a->wake_ms);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_records(struct json_writer *w, const struct call *call, enum book_kind kind,
                          const char *key, struct entry *const *list)
{
    size_t n;
    const struct book_record *records = book_records(call->book, span_of(call->host), &n);
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = n; i > 0; i--) { /* newest first */
        if (records[i - 1].kind != kind)
            continue;
        json_open(w, '{');
        view_record(w, &records[i - 1]);
        if (kind != BOOK_CUT && i - 1 < NUMBERS_MAX)
            view_entry_short(w, list[i - 1]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* The latest, newest first, whatever came of them. */
static void write_attempts(struct json_writer *w, const struct call *call)
{
    const struct host_trace *t = call->more;
    const struct book_recents *told = book_recents(call->book, span_of(call->host));
    json_key(w, "attempts");
    json_open(w, '[');
    for (size_t i = 0; told && i < told->n; i++)
        view_attempt(w, &told->list[i], &t->member);
    json_close(w, ']');
}

static void on_entries(void *arg, enum err err, struct entry *const *list)
{
    struct call *call = arg;
    struct host_trace *t = call->more;
    struct json_writer *w = &call->w;
    struct cursor c = book_cursor(call->book, span_of(call->host));
    if (err == ERR_OK) {
        write_aside(w, &c, &t->member, list);
        list += c.aside_n;
        write_records(w, call, BOOK_FAIL, "failed", list);
        write_records(w, call, BOOK_LATE, "late", list);
        write_records(w, call, BOOK_SKIP, "skipped", list);
        write_records(w, call, BOOK_CUT, "cut", list);
        write_attempts(w, call);
        json_close(w, '}');
    }
    call_end(call, err, SPAN_NONE);
}

/* --- what waits ------------------------------------------------------------------------------- */

/* What follows its cursor: counted as far as the page goes, the first few by name. */
static void write_waiting(struct call *call, const struct journal_page *page)
{
    const struct host_trace *t = call->more;
    struct json_writer *w = &call->w;
    size_t n = 0;
    struct cursor c = book_cursor(call->book, span_of(call->host));
    json_key(w, "waiting");
    json_open(w, '[');
    for (size_t i = 0; i < page->lines_n; i++) {
        const struct entry *e = page->lines[i].entry;
        if (page->lines[i].kind != JOURNAL_ENTRY || !trace_is_owed(e, &t->member, &c))
            continue;
        if (n++ >= WAITING_SHOWN)
            continue;
        json_open(w, '{');
        json_member_int(w, "n", (int64_t)e->n);
        view_entry_short(w, e);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_member_int(w, "waiting_n", (int64_t)n);
    json_member_bool(w, "waiting_more", page->lines_n == PAGE);
}

static void ask_entries(struct call *call)
{
    static struct entry *const none[1];
    struct host_trace *t = call->more;
    struct cursor c = book_cursor(call->book, span_of(call->host));
    size_t n;
    const struct book_record *records = book_records(call->book, span_of(call->host), &n);
    for (size_t i = 0; i < c.aside_n; i++)
        t->numbers[t->n++] = c.aside[i].n;
    for (size_t i = 0; i < n && i < NUMBERS_MAX; i++)
        t->numbers[t->n++] = records[i].n;
    if (t->n)
        entries_read(call->admin->config.context->store, t->numbers, t->n, on_entries, call);
    else
        on_entries(call, ERR_OK, none);
}

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err, SPAN_NONE);
        return;
    }
    write_waiting(call, page);
    ask_entries(call);
}

/* --- the host --------------------------------------------------------------------------------- */

static void write_standing(struct call *call)
{
    const struct host_trace *t = call->more;
    struct json_writer *w = &call->w;
    struct cursor c = book_cursor(call->book, span_of(call->host));
    json_member(w, "host", span_of(call->host));
    json_member(w, "state", span_of(member_state_name(t->member.state)));
    if (t->member.lost)
        json_member(w, "why", span_of(err_code(ERR_INBOX_LOST)));
    if (t->member.gone)
        json_member(w, "why", span_of(err_code(ERR_INBOX_GONE)));
    json_member(w, "zone", span_of(t->member.zone));
    json_member(w, "health", span_of(health_name(&c.health)));
    json_member_int(w, "cursor", (int64_t)c.low);
    if (c.urgent != c.low)
        json_member_int(w, "urgent", (int64_t)c.urgent);
    json_member_int(w, "position", (int64_t)call->book->last);
    json_member_int(w, "carried_out", (int64_t)(c.orders > c.low ? c.orders : c.low));
    if (c.health.failures)
        json_member_int(w, "failures", c.health.failures);
    view_time(w, "next", c.health.wake_ms);
    json_member_bool(w, "accept_refused", c.shut != 0);
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct host_trace *t;
    if (err == ERR_OK && !member)
        err = ERR_NO_SUCH_MEMBER;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    t = call->more;
    t->member = *member;
    json_open(&call->w, '{');
    write_standing(call);
    struct cursor c = book_cursor(call->book, span_of(call->host));
    journal_page(call->admin->config.context->store, LANE_BOTH, c.urgent < c.low ? c.urgent : c.low,
                 PAGE, on_page, call);
}

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    call->book = book;
    if (err == ERR_OK && book_unread(book, span_of(call->host)))
        err = ERR_UNREADABLE;
    if (err != ERR_OK || !call->admin)
        call_end(call, err, SPAN_NONE);
    else
        members_get(call->admin->config.context->store, span_of(call->host), on_member, call);
}

void admin_trace_host(struct admin *a, struct http_request **request, const char *host)
{
    struct call *call = call_new(a, request);
    struct ledger_ask ask = {
        .host = span_of(host), .from = 1, .to = INT64_MAX, .most = RECORDS, .since_ms = -1};
    span_copy(span_of(host), call->host, sizeof(call->host));
    call->more = mem_new(sizeof(struct host_trace));
    call->more_free = free;
    ledger_read(a->config.context->store, &ask, on_book, call);
}
