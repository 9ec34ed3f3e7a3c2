/* http_check: what a request line and a set of fields must be, beyond what llhttp asks. Internal to
 * common/io; pure. */
#pragma once

#include "common/io/http_message.h"

/* Takes the request line apart into view (method, target, path, query) and m->minor.
 * ERR_BAD_REQUEST; ERR_NOT_IMPLEMENTED for CONNECT. */
enum err http_check_line(struct http_message *m, struct span line);
/* Judges the fields, and sets view.host, m->has_body, m->expects. */
enum err http_check_fields(struct http_message *m, const struct http_limits *limits);
/* RFC 9110 section 5.6.2. */
bool http_is_token(struct span s);
