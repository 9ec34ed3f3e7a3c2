/* admin_audit: the audit log as it was written.
 *
 *     GET  /api/v1/audit?after=N&most=M    the lines behind number N, one a line: their very bytes
 *     GET  /api/v1/audit?newest=M          the last M of them
 *     GET  /api/v1/audit/head              number and hash of the newest, as they were written
 *                                          down beside the log
 *
 * May not know: what the lines tell, or whether they fit together. */
#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/store/audit.h"

static void on_lines(void *arg, const struct audit_page *page)
{
    struct call *call = arg;
    for (size_t i = 0; i < page->list_n; i++) {
        bytes_add(&call->out, page->list[i]);
        bytes_add_char(&call->out, '\n');
    }
    call->content_type = "application/x-ndjson";
    call_end(call, page->err, SPAN_NONE);
}

static void on_head(void *arg, const struct audit_page *page)
{
    struct call *call = arg;
    json_open(&call->w, '{');
    json_member_int(&call->w, "n", (int64_t)page->n);
    if (page->hash.n)
        json_member(&call->w, "hash", page->hash);
    json_close(&call->w, '}');
    call_end(call, page->err, SPAN_NONE);
}

/* False: it is there, and no number. */
static bool read_number(struct span query, const char *name, uint64_t *ret)
{
    struct span text = uri_param(query, name, NULL);
    return !text.p || span_u64(text, INT64_MAX, ret);
}

void admin_audit(struct admin *a, struct http_request **request, struct span rest)
{
    struct store *store = a->config.context->store;
    struct span query = http_view(*request)->query;
    uint64_t after = 0;
    uint64_t newest = 0;
    uint64_t most = AUDIT_PAGE_MAX;
    if (rest.p && span_eq_str(rest, "head")) {
        const struct audit_ask ask = {.newest = true, .most = 1};
        audit_read(store, &ask, on_head, call_new(a, request));
    } else if (rest.p) {
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
    } else if (!read_number(query, "after", &after) || !read_number(query, "newest", &newest) ||
               !read_number(query, "most", &most)) {
        admin_refuse(request, ERR_USAGE, SPAN("after, newest and most are numbers"));
    } else {
        const struct audit_ask ask = {
            .newest = newest > 0, .after = after, .most = newest ? newest : most};
        audit_read(store, &ask, on_lines, call_new(a, request));
    }
}
