/* sink_request: one HTTP/1.1 request in a buffer, as little of it as the sink needs: a body is as
 * long as Content-Length says, chunks are not taken. */
#pragma once

#include "common/pure/span.h"

struct request {
    struct span method, target;
    struct span head; /* the lines behind the first, each with its CR LF */
    struct span body;
};

enum request_found { REQUEST_PART, REQUEST_WHOLE, REQUEST_BROKEN };

/* Looks at the start of `in`. WHOLE: *ret borrows from it, and *ret_n bytes of it are the request.
 * PART: more has to come; then *ret_n are the bytes that it will have in all, or 0: not yet known.
 */
enum request_found request_read(struct span in, struct request *ret, size_t *ret_n);
/* The value of the first field of that name (lower case), trimmed; absent if there is none. */
struct span request_field(const struct request *request, struct span name);
