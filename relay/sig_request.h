/* sig_request: a request as people paste it, for `weir sig`. The front reads requests with llhttp
 * and has no mercy; here LF alone ends a line too. */
#pragma once

#include "keys/http_signature.h"

enum { SIG_REQUEST_FIELDS = 100 };

struct sig_request {
    struct signature_request request; /* over fields, authority and the text it was read from */
    struct span version;              /* `HTTP/1.1` */
    struct signature_field fields[SIG_REQUEST_FIELDS];
    char authority[URI_AUTHORITY_SIZE];
};

/* Reads head and body; borrows text. The body is what Content-Length says, or all that follows the
 * head. url: where the request goes, or NULL for https and its Host field. False: why says in words
 * what is wrong. *ret may not be moved afterwards. */
bool sig_request_read(struct span text, const char *url, struct sig_request *ret,
                      struct bytes *why);
/* The value of a field, or absent. */
struct span sig_request_field(const struct sig_request *r, const char *name);
