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
#include "relay/admin_traced.h"

/* A row as JSON. */
struct line {
    char *host, *text;
};

struct lines { /* of one entry */
    struct line *list;
    size_t n, cap;
};

struct trace {
    char name[URI_MAX + 1];
    bool several; /* an object was asked for: its entries are a list */
    struct traced_set set;
    struct lines lines[TRACED_MAX];
    size_t held_n;
    uint64_t held[LEDGER_ENTRIES_MAX]; /* items that wait for a person with it, or did */
};

static void trace_free(void *more)
{
    struct trace *t = more;
    for (size_t i = 0; i < t->set.n; i++) {
        for (size_t k = 0; k < t->lines[i].n; k++) {
            free(t->lines[i].list[k].host);
            free(t->lines[i].list[k].text);
        }
        free(t->lines[i].list);
    }
    traced_fini(&t->set);
    free(t);
}

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_traced(struct json_writer *w, const struct traced *t, const struct lines *lines)
{
    json_member_bool(w, "known", t->entry != NULL);
    if (!t->entry) {
        json_member_int(w, "n", (int64_t)t->n);
        return;
    }
    view_entry(w, t->entry);
    json_key(w, "members");
    json_open(w, '[');
    for (size_t i = 0; i < lines->n; i++)
        json_add_raw(w, span_of(lines->list[i].text));
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

static void write_held(struct json_writer *w, const struct trace *t)
{
    if (!t->held_n)
        return;
    json_key(w, "held");
    json_open(w, '[');
    for (size_t i = 0; i < t->held_n; i++)
        json_add_int(w, (int64_t)t->held[i]);
    json_close(w, ']');
}

static void answer(struct call *call)
{
    struct trace *t = call->more;
    for (size_t i = 0; i < t->set.n; i++)
        if (t->lines[i].n)
            qsort(t->lines[i].list, t->lines[i].n, sizeof(struct line), by_host);
    json_open(&call->w, '{');
    if (t->several) {
        json_member(&call->w, "object", span_of(t->name));
        json_key(&call->w, "entries");
        json_open(&call->w, '[');
        for (size_t i = 0; i < t->set.n; i++) {
            json_open(&call->w, '{');
            write_traced(&call->w, &t->set.list[i], &t->lines[i]);
            json_close(&call->w, '}');
        }
        json_close(&call->w, ']');
    } else {
        write_traced(&call->w, &t->set.list[0], &t->lines[0]);
    }
    write_held(&call->w, t);
    json_close(&call->w, '}');
    call_end(call, call->out.over ? ERR_TOO_LARGE : ERR_OK, SPAN_NONE);
}

/* --- members ---------------------------------------------------------------------------------- */

static void add_member(const struct traced *t, struct lines *lines, const struct member *member,
                       bool unread)
{
    struct trace_row rows[TRACE_ROWS_MAX] = {
        {.verdict = TRACE_UNKNOWN, .inbox = "", .code = err_code(ERR_UNREADABLE), .detail = ""}};
    size_t n = unread ? 1 : trace_member(t->entry, member, t->book, clock_wall_ms(), rows);
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
        if (lines->n == lines->cap) {
            lines->cap = lines->cap ? 2 * lines->cap : 16;
            lines->list = mem_grow(lines->list, lines->cap * sizeof(*lines->list));
        }
        lines->list[lines->n++] = (struct line){mem_copy(span_of(member->host)), bytes_take(&text)};
        bytes_fini(&text);
    }
}

static void on_member(struct call *call, const struct member *member, bool unread)
{
    struct trace *t = call->more;
    for (size_t i = 0; member && i < t->set.n; i++)
        if (t->set.list[i].entry)
            add_member(&t->set.list[i], &t->lines[i], member, unread);
    if (!member)
        answer(call);
}

/* --- what the name stands for ----------------------------------------------------------------- */

static void on_found(void *arg, const struct ledger_found *found)
{
    struct call *call = arg;
    struct trace *t = call->more;
    t->held_n = found->held_n;
    for (size_t i = 0; i < found->held_n; i++)
        t->held[i] = found->held[i];
    if (found->err != ERR_OK || !call->admin) {
        call_end(call, found->err, SPAN_NONE);
    } else if (found->seen && found->n) {
        t->set.n = 1;
        t->set.list[0].n = found->n;
        traced_read(call, &t->set);
    } else if (found->about_n) {
        t->several = true;
        t->set.n = found->about_n;
        for (size_t i = 0; i < t->set.n; i++)
            t->set.list[i].n = found->about[i];
        traced_read(call, &t->set);
    } else if (found->seen || found->held_n) {
        json_open(&call->w, '{');
        json_member_bool(&call->w, "known", true);
        json_member_int(&call->w, "n", 0);
        json_member(&call->w, "activity", span_of(t->name));
        json_key(&call->w, "members");
        json_open(&call->w, '[');
        json_close(&call->w, ']');
        write_held(&call->w, t);
        json_close(&call->w, '}');
        call_end(call, ERR_OK, SPAN_NONE);
    } else {
        call_end(call, ERR_NOT_KNOWN,
                 SPAN("no activity of the last two weeks, and no object, has this id; of what was "
                      "refused or dropped nothing is kept but its line in the log (event inbox)"));
    }
}

static void trace_name(struct admin *a, struct http_request **request, const char *name,
                       uint64_t number)
{
    struct call *call = call_new(a, request);
    struct trace *t = mem_new(sizeof(*t));
    uint8_t hash[SHA256_SIZE];
    t->set.member = on_member;
    call->more = t;
    call->more_free = trace_free;
    span_copy(span_of(name), t->name, sizeof(t->name));
    if (number) {
        t->set.n = 1;
        t->set.list[0].n = number;
        traced_read(call, &t->set);
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
