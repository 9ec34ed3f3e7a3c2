/* sink_request: finds the ends of a request's parts in borrowed bytes.
 * May not know: sockets, what a request is for. */
#include "tests/bench/sink_request.h"

#include <string.h>

enum { BODY_MAX = 1024 * 1024 };

static struct span line_of(struct span *rest)
{
    const char *end = rest->n ? memmem(rest->p, rest->n, "\r\n", 2) : NULL;
    struct span line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t used = line.n + (end ? 2 : 0);
    *rest = (struct span){rest->p + used, rest->n - used};
    return line;
}

struct span request_field(const struct request *request, struct span name)
{
    struct span rest = request->head;
    while (rest.n) {
        struct span line = line_of(&rest);
        if (line.n > name.n && line.p[name.n] == ':' &&
            span_eq_ci((struct span){line.p, name.n}, name))
            return span_trim((struct span){line.p + name.n + 1, line.n - name.n - 1});
    }
    return SPAN_NONE;
}

enum request_found request_read(struct span in, struct request *ret, size_t *ret_n)
{
    uint64_t length = 0;
    const char *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;
    *ret_n = 0;
    if (!end)
        return REQUEST_PART;
    size_t head_n = (size_t)(end - in.p) + 4;
    struct span rest = {in.p, head_n - 2};
    struct span first = line_of(&rest);
    ret->method = span_cut(&first, ' ');
    ret->target = span_cut(&first, ' ');
    ret->head = rest;
    struct span told = request_field(ret, SPAN("content-length"));
    if (!span_eq_str(first, "HTTP/1.1") || !ret->target.n ||
        request_field(ret, SPAN("transfer-encoding")).p ||
        (told.p && !span_u64(told, BODY_MAX, &length)))
        return REQUEST_BROKEN;
    *ret_n = head_n + (size_t)length;
    ret->body = (struct span){in.p + head_n, (size_t)length};
    return in.n < *ret_n ? REQUEST_PART : REQUEST_WHOLE;
}
