/* http_message: one request as it is read, and what a view shows of it. Internal to common/io. */
#pragma once

#include "common/io/http_server.h"

/* One request while it is read, and afterwards what a handler's view points into. */
struct http_message {
    struct http_view view;
    struct bytes head; /* the request line and the fields, as received */
    struct bytes body; /* without the framing of chunks */
    struct http_field *fields;
    size_t fields_n, fields_cap;
    bool minor;     /* HTTP/1.1, not 1.0 */
    bool head_only; /* HEAD: the answer has no body */
    bool has_body;  /* a body is to be read, of any length but 0 */
    bool expects;   /* Expect: 100-continue */
    bool keep_alive;
};

/* A message is born with its limits and dies with its buffers. */
void http_message_init(struct http_message *m, const struct http_limits *limits);
void http_message_fini(struct http_message *m);
