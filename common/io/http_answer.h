/* http_answer: the bytes of a response. Internal to common/io; pure. */
#pragma once

#include "common/io/http_server.h"

struct http_answer_form {
    bool
        head_only; /* the request was a HEAD: Content-Length stands for the body that is left out */
    bool minor;    /* the request was HTTP/1.1, not 1.0 */
    bool keep_alive; /* what the connection will do */
    int64_t now_s;   /* for the Date field */
};

/* Writes the whole of it into out, which is initialised here; the caller frees it. */
void http_answer_write(struct bytes *out, const struct http_response *response,
                       const struct http_answer_form *form);
/* The body of a refusal: a problem document (RFC 9457) with the error's code. */
void http_answer_problem(struct bytes *out, enum err e);
