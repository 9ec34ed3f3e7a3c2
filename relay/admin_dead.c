/* admin_dead: dead letters: what will not be delivered any more, unless an operator wants it tried
 * again.
 *
 *     GET  /api/v1/dead[?before=N@HOST]               GET  /api/v1/dead/N@HOST
 *     POST /api/v1/dead/N@HOST/{retry,drop}
 *
 * A list ends where there are too many, between two letters, and says with which: the next begins
 * behind that one, whatever became of it.
 * An order is answered when it is in the journal; that it was carried out shows in the letter: a
 * retry takes it away, a drop marks it.
 * May not know: what a command line looks like. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/rules/letters.h"
#include "relay/store/members.h"

enum { LIST_MAX = 500, ID_SIZE = MEMBER_HOST_SIZE + 24 };

struct letters {
    const struct book_record *list[LIST_MAX]; /* the book's */
    size_t n;
    bool lists;  /* all, or those behind one; else one is asked for */
    uint64_t of; /* its number; 0: there is none, the list begins with the newest */
    bool more;   /* the list does not end with the last */
    enum book_order order;
};

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void write_id(struct json_writer *w, const char *key, const struct book_record *r)
{
    char id[ID_SIZE];
    snprintf(id, sizeof(id), "%" PRIu64 "@%s", r->n, r->host);
    json_member(w, key, span_of(id));
}

static void write_letter(struct json_writer *w, const struct book_record *r, const struct entry *e)
{
    bool mail = r->slot > BOOK_EVERY_SLOT;
    write_id(w, "id", r);
    json_member(w, "host", span_of(r->host));
    view_record(w, r);
    json_member_bool(w, "direct", mail);
    if (!mail)
        view_entry_short(w, e);
}

static void on_listed(void *arg, enum err err, struct entry *const *list)
{
    struct call *call = arg;
    const struct letters *l = call->more;
    for (size_t i = 0; err == ERR_OK && i < l->n; i++) {
        json_open(&call->w, '{');
        write_letter(&call->w, l->list[i], list[i]);
        json_close(&call->w, '}');
    }
    json_close(&call->w, ']');
    if (l->more)
        write_id(&call->w, "next", l->list[l->n - 1]);
    json_close(&call->w, '}');
    call_end(call, err, SPAN_NONE);
}

static void list(struct call *call)
{
    static struct entry *const none[1];
    struct letters *l = call->more;
    const struct book *b = call->book;
    uint64_t numbers[LIST_MAX];
    l->n = letters_list(b, l->of, call->host, l->list, LIST_MAX, &l->more);
    for (size_t i = 0; i < l->n; i++)
        numbers[i] = l->list[i]->n;
    json_open(&call->w, '{');
    json_member_int(&call->w, "total", (int64_t)b->dead);
    json_member_int(&call->w, "unreadable", __builtin_popcountll(b->unread)); /* shards */
    json_key(&call->w, "dead");
    json_open(&call->w, '[');
    if (l->n)
        entries_read(store_of(call), numbers, l->n, on_listed, call);
    else
        on_listed(call, ERR_OK, none);
}

/* One letter: everything that is known of it, inbox by inbox. */
static void on_shown(void *arg, enum err err, struct entry *const *list)
{
    struct call *call = arg;
    const struct letters *l = call->more;
    const struct cursor c = book_cursor(call->book, span_of(call->host));
    if (err == ERR_OK) {
        json_open(&call->w, '{');
        write_letter(&call->w, l->list[0], list[0]);
        if (list[0] && l->list[0]->slot <= BOOK_EVERY_SLOT) {
            json_key(&call->w, "entry");
            json_open(&call->w, '{');
            view_entry(&call->w, list[0]);
            json_close(&call->w, '}');
        }
        json_member_int(&call->w, "inboxes", (int64_t)l->n);
        /* Orders up to this line of the journal were carried out for the host. */
        json_member_int(&call->w, "carried_out", (int64_t)(c.orders > c.low ? c.orders : c.low));
        json_close(&call->w, '}');
    }
    call_end(call, err, SPAN_NONE);
}

static void show(struct call *call)
{
    struct letters *l = call->more;
    size_t n;
    const struct book_record *records = book_records(call->book, span_of(call->host), &n);
    for (size_t i = 0; i < n && l->n < LIST_MAX; i++)
        if (records[i].kind == BOOK_FAIL)
            l->list[l->n++] = &records[i];
    if (l->n)
        entries_read(store_of(call), &l->of, 1, on_shown, call);
    else
        call_end(call, ERR_NO_SUCH_LETTER, SPAN_NONE);
}

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    const struct letters *l = call->more;
    call->book = book;
    if (err == ERR_OK && !l->lists && book_unread(book, span_of(call->host)))
        err = ERR_UNREADABLE;
    if (err != ERR_OK || !call->admin)
        call_end(call, err, SPAN_NONE);
    else if (l->lists)
        list(call);
    else
        show(call);
}

static struct call *letters_call(struct admin *a, struct http_request **request, uint64_t of,
                                 const char *host)
{
    struct call *call = call_new(a, request);
    struct letters *l = mem_new(sizeof(*l));
    l->of = of;
    span_copy(span_of(host), call->host, sizeof(call->host));
    call->more = l;
    call->more_free = free;
    return call;
}

static void get(struct admin *a, struct http_request **request, uint64_t of, const char *host,
                bool lists)
{
    struct ledger_ask ask = {.host = lists ? SPAN_NONE : span_of(host),
                             .from = lists ? 1 : of,
                             .to = of ? of : INT64_MAX,
                             .most = LIST_MAX + 1, /* one shows that there are more */
                             .fails_only = true,
                             .since_ms = -1};
    struct call *call = letters_call(a, request, of, host);
    ((struct letters *)call->more)->lists = lists;
    ledger_read(store_of(call), &ask, on_book, call);
}

/* --- orders ----------------------------------------------------------------------------------- */

static void on_ordered(void *arg, enum err err, uint64_t n)
{
    struct call *call = arg;
    const struct letters *l = call->more;
    if (err == ERR_OK) {
        json_open(&call->w, '{');
        json_member_int(&call->w, "n", (int64_t)l->of);
        json_member(&call->w, "host", span_of(call->host));
        json_member(&call->w, "order", span_of(book_order_name(l->order)));
        json_member_int(&call->w, "line", (int64_t)n);
        json_close(&call->w, '}');
    }
    call_end(call, err, SPAN_NONE);
}

static void give(struct call *call, const struct audit_by *by)
{
    const struct letters *l = call->more;
    char id[ID_SIZE];
    struct bytes note;
    snprintf(id, sizeof(id), "%" PRIu64 "@%s", l->of, call->host);
    admin_note(by, l->order == ORDER_RETRY ? "dead retry" : "dead drop", span_of(id), SPAN_NONE,
               &note);
    const struct ledger_order ask = {.order = l->order,
                                     .host = span_of(call->host),
                                     .of = l->of,
                                     .note = bytes_span(&note),
                                     .now_ms = clock_wall_ms()};
    ledger_order(store_of(call), &ask, on_ordered, call);
    bytes_fini(&note);
}

static void post(struct admin *a, struct http_request **request, uint64_t of, const char *host,
                 struct span verb)
{
    int order = 0;
    while (order <= ORDER_DROP && !span_eq_str(verb, book_order_name((enum book_order)order)))
        order++;
    if (order > ORDER_DROP) {
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
        return;
    }
    struct json *json = NULL;
    struct audit_by by;
    bool read = admin_body(request, &json) && admin_by(a, request, json, false, &by);
    json_free(&json);
    if (!read)
        return;
    struct call *call = letters_call(a, request, of, host);
    ((struct letters *)call->more)->order = (enum book_order)order;
    give(call, &by);
}

/* `17@example.org`, as it stands in a path. */
static bool read_id(struct admin *a, struct http_request **request, struct span text,
                    uint64_t *ret_of, char *ret_host)
{
    char id[3 * ID_SIZE];
    struct span rest;
    if (!uri_decode(text, id, sizeof(id))) {
        admin_refuse(request, ERR_USAGE, SPAN_NONE);
        return false;
    }
    rest = span_of(id);
    if (!span_u64(span_cut(&rest, '@'), INT64_MAX, ret_of) || !*ret_of || !rest.p) {
        admin_refuse(request, ERR_USAGE,
                     SPAN("name a dead letter as the list does: 17@example.org"));
        return false;
    }
    return admin_host(a, request, rest, ret_host);
}

void admin_dead(struct admin *a, struct http_request **request, struct span rest)
{
    bool gets = span_eq_str(http_view(*request)->method, "GET");
    char host[MEMBER_HOST_SIZE] = "";
    uint64_t of = 0;
    struct span id = span_cut(&rest, '/');
    bool lists = !id.p;
    if (lists)
        id = uri_param(http_view(*request)->query, "before", NULL);
    if (id.p && !read_id(a, request, id, &of, host))
        return;
    if (gets && !rest.p)
        get(a, request, of, host, lists);
    else if (!gets && rest.p)
        post(a, request, of, host, rest);
    else
        admin_refuse(request, ERR_METHOD, SPAN_NONE);
}
