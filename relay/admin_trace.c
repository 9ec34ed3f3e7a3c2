/* admin_trace: what became of an activity, of the entries about an object, or of a member's mail.
 *
 *     GET /api/v1/trace/NAME    the id of an activity or of an object, the number of an entry, a
 * host
 *
 *     FIND (what the name stands for) -> ENTRIES (one page each) -> BOOKS (what is known of each as
 * of one moment, after the entry) -> MEMBERS (a row for each inbox of each) -> answer
 *
 * A host is admin_trace_host.c's. May not know: what a command line looks like. */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/admin_inner.h"
#include "relay/store/members.h"

struct traced {
    uint64_t n;
    struct entry *entry; /* NULL: it is not in the journal any more */
    struct book *book;
    struct line *lines; /* its rows */
    size_t lines_n, lines_cap;
};

/* A row as JSON. */
struct line {
    char *host, *text;
};

struct trace {
    char name[URI_MAX + 1];
    bool unread;  /* a member's record can't be read: what it got can't be told */
    bool several; /* an object was asked for: its entries are a list */
    size_t n, at; /* entries; the one at hand */
    struct traced entries[LEDGER_ENTRIES_MAX];
};

static void trace_free(void *more)
{
    struct trace *t = more;
    for (size_t i = 0; i < t->n; i++) {
        if (t->entries[i].entry)
            entry_unref(&t->entries[i].entry);
        book_free(&t->entries[i].book);
        for (size_t k = 0; k < t->entries[i].lines_n; k++) {
            free(t->entries[i].lines[k].host);
            free(t->entries[i].lines[k].text);
        }
        free(t->entries[i].lines);
    }
    free(t);
}

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_traced(struct json_writer *w, const struct traced *t)
{
    json_member_bool(w, "known", t->entry != NULL);
    if (!t->entry) {
        json_member_int(w, "n", (int64_t)t->n);
        return;
    }
    view_entry(w, t->entry);
    json_key(w, "members");
    json_open(w, '[');
    for (size_t i = 0; i < t->lines_n; i++)
        json_add_raw(w, span_of(t->lines[i].text));
    json_close(w, ']');
}

/* By name; the rows of one host by their text. */
static int by_host(const void *one, const void *other)
{
    const struct line *a = one;
    const struct line *b = other;
    int order = strcmp(a->host, b->host);
    return order ? order : strcmp(a->text, b->text);
}

static void answer(struct call *call)
{
    struct trace *t = call->more;
    for (size_t i = 0; i < t->n; i++)
        if (t->entries[i].lines_n)
            qsort(t->entries[i].lines, t->entries[i].lines_n, sizeof(struct line), by_host);
    json_open(&call->w, '{');
    if (t->several) {
        json_member(&call->w, "object", span_of(t->name));
        json_key(&call->w, "entries");
        json_open(&call->w, '[');
        for (size_t i = 0; i < t->n; i++) {
            json_open(&call->w, '{');
            write_traced(&call->w, &t->entries[i]);
            json_close(&call->w, '}');
        }
        json_close(&call->w, ']');
    } else {
        write_traced(&call->w, &t->entries[0]);
    }
    json_close(&call->w, '}');
    call_end(call, call->out.over ? ERR_TOO_LARGE : ERR_OK, SPAN_NONE);
}

/* --- members ---------------------------------------------------------------------------------- */

static void add_member(struct traced *t, const struct member *member, int64_t now_ms)
{
    struct trace_row rows[TRACE_ROWS_MAX];
    size_t n = trace_member(t->entry, member, t->book, now_ms, rows);
    for (size_t i = 0; i < n; i++) {
        struct bytes text;
        struct json_writer w;
        bytes_init(&text, 65536);
        json_begin(&w, &text);
        json_open(&w, '{');
        json_member(&w, "host", span_of(member->host));
        json_member(&w, "zone", span_of(member->zone));
        view_row(&w, &rows[i]);
        json_close(&w, '}');
        if (t->lines_n == t->lines_cap) {
            t->lines_cap = t->lines_cap ? 2 * t->lines_cap : 16;
            t->lines = mem_grow(t->lines, t->lines_cap * sizeof(*t->lines));
        }
        t->lines[t->lines_n++] = (struct line){mem_copy(span_of(member->host)), bytes_take(&text)};
        bytes_fini(&text);
    }
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct trace *t = call->more;
    int64_t now_ms = clock_wall_ms();
    t->unread = t->unread || (member && err != ERR_OK);
    for (size_t i = 0; member && err == ERR_OK && i < t->n; i++)
        if (t->entries[i].entry)
            add_member(&t->entries[i], member, now_ms);
    if (member)
        return;
    if (err != ERR_OK || t->unread)
        call_end(call, err != ERR_OK ? err : ERR_REDIS_REPLY, SPAN_NONE);
    else
        answer(call);
}

/* --- entries, and what is known of each ------------------------------------------------------- */

static void next(struct call *call);

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    struct trace *t = call->more;
    struct traced *here = &t->entries[t->at];
    here->book = book;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    /* It was there when it was read; what was recorded about it may have gone since. */
    if (here->n <= book->floor)
        entry_unref(&here->entry);
    t->at++;
    next(call);
}

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct trace *t = call->more;
    struct traced *here = &t->entries[t->at];
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
        t->at++;
        next(call);
        return;
    }
    struct ledger_ask ask = {
        .from = here->n, .to = here->n, .most = SIZE_MAX / 2, .since_ms = here->entry->at_ms};
    ledger_read(store_of(call), &ask, on_book, call);
}

static void next(struct call *call)
{
    struct trace *t = call->more;
    if (t->at == t->n) {
        members_each(store_of(call), on_member, call);
        return;
    }
    struct traced *here = &t->entries[t->at];
    journal_page(store_of(call), LANE_BOTH, here->n - 1, 1, on_page, call);
}

/* --- what the name stands for ----------------------------------------------------------------- */

static void on_found(void *arg, const struct ledger_found *found)
{
    struct call *call = arg;
    struct trace *t = call->more;
    if (found->err != ERR_OK || !call->admin) {
        call_end(call, found->err, SPAN_NONE);
    } else if (found->seen && found->n) {
        t->n = 1;
        t->entries[0].n = found->n;
        next(call);
    } else if (found->about_n) {
        t->several = true;
        t->n = found->about_n;
        for (size_t i = 0; i < t->n; i++)
            t->entries[i].n = found->about[i];
        next(call);
    } else if (found->seen) {
        json_open(&call->w, '{');
        json_member_bool(&call->w, "known", true);
        json_member_int(&call->w, "n", 0);
        json_member(&call->w, "activity", span_of(t->name));
        json_key(&call->w, "members");
        json_open(&call->w, '[');
        json_close(&call->w, ']');
        json_close(&call->w, '}');
        call_end(call, ERR_OK, SPAN_NONE);
    } else {
        call_end(call, ERR_NOT_KNOWN,
                 SPAN("no activity of the last two weeks, and no object, has this id"));
    }
}

static void trace_name(struct admin *a, struct http_request **request, const char *name,
                       uint64_t number)
{
    struct call *call = call_new(a, request);
    struct trace *t = mem_new(sizeof(*t));
    uint8_t hash[SHA256_SIZE];
    call->more = t;
    call->more_free = trace_free;
    span_copy(span_of(name), t->name, sizeof(t->name));
    if (number) {
        t->n = 1;
        t->entries[0].n = number;
        next(call);
        return;
    }
    sha256(span_of(name), hash);
    ledger_find(store_of(call), hash, clock_wall_ms(), on_found, call);
}

void admin_trace(struct admin *a, struct http_request **request, struct span rest)
{
    char name[URI_MAX + 1];
    char host[MEMBER_HOST_SIZE];
    uint64_t number = 0;
    if (!rest.n || !uri_decode(rest, name, sizeof(name)))
        admin_refuse(request, ERR_USAGE, SPAN("name an activity, an object, an entry or a host"));
    else if (strstr(name, "://"))
        trace_name(a, request, name, 0);
    else if (span_u64(span_of(name), INT64_MAX, &number) && number)
        trace_name(a, request, name, number);
    else if (admin_host(a, request, rest, host))
        admin_trace_host(a, request, host);
}
