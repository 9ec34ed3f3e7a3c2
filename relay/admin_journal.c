/* admin_journal: what was accepted, in the order of the journal, with the bytes as they came, for
 * who decides it anew.
 *
 *     GET /api/v1/journal?after=N&most=M    at most M lines behind number N; M up to 256
 *
 *     PAGE (of lines) -> BODY of each entry, one after the other -> answer
 *
 * The answer ends early where it has grown large: `next` is what to go on behind.
 * May not know: rules, or what is made of it. */
#include <stdlib.h>

#include "common/pure/uri.h"
#include "relay/admin_inner.h"

enum { LINES = 256, ANSWER_LARGE = 8 * 1024 * 1024 };

struct reading {
    struct entry *entries[LINES];
    size_t n, at;
    uint64_t last, next; /* newest number of all; of the page */
    bool more;
};

static void reading_free(void *more)
{
    struct reading *r = more;
    for (size_t i = 0; i < r->n; i++)
        entry_unref(&r->entries[i]);
    free(r);
}

static void finish(struct call *call)
{
    struct reading *r = call->more;
    bool cut = r->at < r->n; /* it is large enough as it is */
    json_close(&call->w, ']');
    json_member_int(&call->w, "last", (int64_t)r->last);
    json_member_int(&call->w, "next", (int64_t)(cut ? r->entries[r->at]->n - 1 : r->next));
    json_member_bool(&call->w, "more", cut || r->more);
    json_close(&call->w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

static void next(struct call *call);

static void on_body(void *arg, enum err err, struct span body)
{
    struct call *call = arg;
    struct reading *r = call->more;
    const struct entry *e = r->entries[r->at];
    if (err != ERR_OK || !call->admin) {
        call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
        return;
    }
    json_open(&call->w, '{');
    view_entry(&call->w, e);
    json_member_int(&call->w, "at", e->at_ms);
    json_member(&call->w, "body", body);
    json_close(&call->w, '}');
    r->at++;
    next(call);
}

static void next(struct call *call)
{
    struct reading *r = call->more;
    if (r->at == r->n || call->out.n > ANSWER_LARGE)
        finish(call);
    else
        journal_body(call->admin->config.context->store, r->entries[r->at]->n, on_body, call);
}

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct reading *r = call->more;
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err == ERR_OK ? ERR_UNAVAILABLE : page->err, SPAN_NONE);
        return;
    }
    r->last = page->n;
    for (size_t i = 0; i < page->lines_n; i++) {
        r->next = page->lines[i].n;
        if (page->lines[i].kind == JOURNAL_ENTRY && page->lines[i].entry)
            r->entries[r->n++] = entry_ref(page->lines[i].entry);
    }
    r->more = r->next < page->n && page->lines_n > 0;
    json_open(&call->w, '{');
    json_key(&call->w, "entries");
    json_open(&call->w, '[');
    next(call);
}

/* False: it is there, and no number. */
static bool read_number(struct span query, const char *name, uint64_t *ret)
{
    struct span text = uri_param(query, name, NULL);
    return !text.p || span_u64(text, INT64_MAX, ret);
}

void admin_journal(struct admin *a, struct http_request **request, struct span rest)
{
    struct span query = http_view(*request)->query;
    uint64_t after = 0, most = LINES;
    if (rest.p) {
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
        return;
    }
    if (!read_number(query, "after", &after) || !read_number(query, "most", &most) || !most) {
        admin_refuse(request, ERR_USAGE, SPAN("after and most are numbers"));
        return;
    }
    struct call *call = call_new(a, request);
    struct reading *r = mem_new(sizeof(*r));
    call->more = r;
    call->more_free = reading_free;
    r->next = after;
    journal_page(a->config.context->store, LANE_BOTH, after, most < LINES ? most : LINES, on_page,
                 call);
}
