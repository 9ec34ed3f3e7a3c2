/* admin_holds: what waits for a person to decide.
 *
 *     GET  /api/v1/holds?after=H&most=N    what is open, oldest first
 *     GET  /api/v1/holds?closed=yes        what was decided lately, newest first
 *     GET  /api/v1/holds/H                 one of them, with what it says
 *     POST /api/v1/holds/H/approve         {"reason": TEXT, "revision": N}
 *     POST /api/v1/holds/H/deny            {"reason": TEXT, "revision": N}
 *
 * revision: what `GET` said of it; another one by now is not decided about (409 hold-changed).
 * May not know: how it is decided anew (holding.c). */
#include <stdlib.h>

#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/holding.h"
#include "relay/holding_view.h"

enum { PAGE_MAX = 200 };

/* --- reading ---------------------------------------------------------------------------------- */

static void on_page(void *arg, const struct holds_page *page)
{
    struct call *call = arg;
    struct json_writer *w = &call->w;
    if (page->err == ERR_OK && call->admin) {
        json_open(w, '{');
        json_member_int(w, "open", (int64_t)page->open);
        json_member_int(w, "bytes", (int64_t)page->bytes);
        json_key(w, "holds");
        json_open(w, '[');
        for (size_t i = 0; i < page->items_n; i++)
            holding_view(call->admin->config.context, &page->items[i], w);
        json_close(w, ']');
        if (page->next)
            json_member_int(w, "next", (int64_t)page->next);
        json_close(w, '}');
    }
    call_end(call, page->err, SPAN_NONE);
}

static void on_item(void *arg, enum err err, const struct hold_item *item)
{
    struct call *call = arg;
    if (err == ERR_OK && item && call->admin)
        holding_view(call->admin->config.context, item, &call->w);
    call_end(call, err == ERR_OK && !item ? ERR_NOT_KNOWN : err, SPAN_NONE);
}

static void get(struct admin *a, struct http_request **request, uint64_t h)
{
    struct store *store = a->config.context->store;
    struct span query = http_view(*request)->query;
    struct span after = uri_param(query, "after", NULL);
    struct span most = uri_param(query, "most", NULL);
    uint64_t from = 0;
    uint64_t n = PAGE_MAX;
    bool closed = span_eq_str(uri_param(query, "closed", NULL), "yes");
    if (h)
        holds_read(store, h, on_item, call_new(a, request));
    else if ((after.p && !span_u64(after, INT64_MAX, &from)) ||
             (most.p && (!span_u64(most, PAGE_MAX, &n) || !n)))
        admin_refuse(request, ERR_USAGE, SPAN("after and most are numbers; most is 1 to 200"));
    else
        holds_page(store, closed, from, (size_t)n, on_page, call_new(a, request));
}

/* --- deciding --------------------------------------------------------------------------------- */

static void write_zones(struct json_writer *w, const struct holding_answer *answer)
{
    json_key(w, "zones");
    json_open(w, '[');
    for (size_t i = 0; i < answer->zones_n; i++) {
        const struct holding_zone *z = &answer->zones[i];
        json_open(w, '{');
        json_member(w, "zone", span_of(z->zone));
        json_member(w, "fate", span_of(hold_fate_name(z->fate)));
        if (z->fate != HOLD_SENT)
            json_member(w, "code", span_of(err_code(z->code)));
        if (z->rule[0])
            json_member(w, "rule", span_of(z->rule));
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* Codes that are no answer of the inbox are one here: nobody may have it now. */
static enum err as_answer(enum err err)
{
    return err_status(err) ? err : ERR_NO_RULE;
}

static void on_decided(void *arg, const struct holding_answer *answer)
{
    struct call *call = arg;
    struct bytes detail;
    struct json_writer *w = &call->w;
    bytes_init(&detail, 256);
    if (answer->err == ERR_NOT_KEPT)
        bytes_addf(&detail, "it is %s already", hold_state_name(answer->state));
    else if (answer->err != ERR_OK && answer->zones_n && answer->zones[0].rule[0])
        bytes_addf(&detail, "rule %s decides about %s", answer->zones[0].rule,
                   answer->zones[0].zone);
    if (answer->err == ERR_OK) {
        json_open(w, '{');
        json_member_int(w, "h", *(const int64_t *)call->more);
        json_member(w, "state", span_of(hold_state_name(answer->state)));
        if (answer->n)
            json_member_int(w, "n", (int64_t)answer->n);
        write_zones(w, answer);
        json_close(w, '}');
    }
    call_end(call, answer->err == ERR_OK ? ERR_OK : as_answer(answer->err),
             detail.n ? bytes_span(&detail) : SPAN_NONE);
    bytes_fini(&detail);
}

static void post(struct admin *a, struct http_request **request, uint64_t h, bool denies)
{
    struct json *json = NULL;
    struct audit_by by;
    int64_t revision = -1;
    bool read = admin_body(request, &json) && admin_by(a, request, json, true, &by);
    if (read && json_get(json, "revision") &&
        (!json_int(json_get(json, "revision"), &revision) || revision < 0)) {
        admin_refuse(request, ERR_USAGE, SPAN("revision is a number"));
        read = false;
    }
    json_free(&json);
    if (!read)
        return;
    struct call *call = call_new(a, request);
    const struct holding_ask ask = {.h = h,
                                    .asked = denies ? HOLD_ASKED_DENY : HOLD_ASKED_APPROVE,
                                    .by = &by,
                                    .verb = denies ? "hold deny" : "hold approve",
                                    .revision = (uint64_t)(revision + 1)};
    int64_t *number = mem_new(sizeof(*number));
    *number = (int64_t)h;
    call->more = number;
    call->more_free = free;
    holding_redecide(a->config.context, &ask, on_decided, call);
}

void admin_holds(struct admin *a, struct http_request **request, struct span rest)
{
    bool gets = span_eq_str(http_view(*request)->method, "GET");
    uint64_t h = 0;
    struct span id = span_cut(&rest, '/');
    bool approves = span_eq_str(rest, "approve");
    bool denies = span_eq_str(rest, "deny");
    if (id.p && (!span_u64(id, INT64_MAX, &h) || !h))
        admin_refuse(request, ERR_USAGE, SPAN("name a held activity by its number"));
    else if (gets && !rest.p)
        get(a, request, h);
    else if (!gets && h && (approves || denies))
        post(a, request, h, denies);
    else
        admin_refuse(request, rest.p && !approves && !denies ? ERR_NOT_FOUND : ERR_METHOD,
                     SPAN_NONE);
}
