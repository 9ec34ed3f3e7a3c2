/* admin_call: a request of an operator while it waits for its answer; what all who answer say in
 * the same way. A call belongs to the admin's list until it has ended; it may outlive the admin.
 * May not know: which path leads to whom. */
#include <stdlib.h>

#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/public.h"

void admin_answer(struct http_request **request, const char *type, const struct bytes *body)
{
    struct http_response response = {.status = 200,
                                     .content_type = type ? type : "application/json",
                                     .fields = "Cache-Control: no-store\r\n",
                                     .body = bytes_span(body)};
    http_reply(request, &response);
}

void admin_refuse(struct http_request **request, enum err why, struct span detail)
{
    public_problem(request, err_status(why) ? why : ERR_INTERNAL, detail, NULL);
}

struct call *call_new(struct admin *a, struct http_request **request)
{
    struct call *call = mem_new(sizeof(*call));
    call->admin = a;
    call->request = *request;
    *request = NULL;
    bytes_init(&call->out, ADMIN_ANSWER_MAX);
    json_begin(&call->w, &call->out);
    call->next = a->calls;
    if (a->calls)
        a->calls->prev = call;
    a->calls = call;
    return call;
}

/* True if the server is gone: then there is nobody to answer. */
static bool call_over(struct call *call)
{
    if (!call->admin)
        return true;
    if (call->prev)
        call->prev->next = call->next;
    else
        call->admin->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    return false;
}

static void call_free(struct call *call)
{
    if (call->more)
        call->more_free(call->more);
    book_free(&call->book);
    bytes_fini(&call->out);
    free(call);
}

void call_end(struct call *call, enum err err, struct span detail)
{
    if (!call_over(call)) {
        if (err == ERR_OK)
            admin_answer(&call->request, call->content_type, &call->out);
        else
            admin_refuse(&call->request, err == ERR_REDIS ? ERR_UNAVAILABLE : err,
                         err == ERR_REDIS ? SPAN("Redis does not answer") : detail);
    }
    call_free(call);
}

bool admin_host(struct admin *a, struct http_request **request, struct span given, char *ret)
{
    char text[URI_AUTHORITY_SIZE];
    if (uri_decode(given, text, sizeof(text)) &&
        uri_authority(span_of(text), a->config.context->config->https, ret))
        return true;
    admin_refuse(request, ERR_USAGE,
                 SPAN("that is not a host: write it as in its URLs, example.org or "
                      "127.0.0.1:9101"));
    return false;
}
