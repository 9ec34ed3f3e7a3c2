/* http_server: HTTP/1.1 on a TCP address or a Unix socket; llhttp in strict mode, limits,
 * deadlines.
 *
 * One request of a connection is worked on at a time, the rest waits unread: answers are in order
 * by construction. A malformed request is answered and the connection closed; nothing after it on
 * that connection is ever executed. Refused here (ATTACKS 3.1): both Content-Length and
 * Transfer-Encoding, two of either, obs-fold, bare CR or LF, no or two Host fields, chunk
 * extensions over 256 bytes, trailers (dropped), any body encoding but identity, Expect other than
 * 100-continue. */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct http_limits {
    int64_t request_line, header, body; /* bytes */
    int64_t fields, connections, per_address;
    int64_t header_ms, body_ms, answer_ms, idle_ms;
    int64_t body_rate; /* least bytes a second once body_grace_ms have passed */
    int64_t body_grace_ms;
};

struct http_field {
    struct span name;  /* as received; compare with span_eq_ci */
    struct span value; /* trimmed */
};

struct http_request; /* the server's; what a handler sees is below */

struct http_view {
    struct span method, target; /* as received */
    struct span path, query;    /* query absent where there is no `?` */
    struct span host;           /* the Host field */
    const struct http_field *fields;
    size_t fields_n;
    struct span body;
    struct span peer; /* address without port; `unix` for a Unix socket */
};

/* Called once for each well-formed request. The handler owns the request until it gives it back
 * with http_reply(), now or later; everything in the view lives as long. */
typedef void (*http_handler)(void *arg, struct http_request *request);
/* Called for a request that was answered here (malformed, too large, too slow), for log and
 * metrics. */
typedef void (*http_refused)(void *arg, struct span peer, enum err why);

struct http_server;

struct http_server_config {
    const char *listen; /* `127.0.0.1:8080`, `[::1]:0` (port 0: any), or `unix:/path` (mode 0600) */
    struct http_limits limits;
    http_handler handler;
    http_refused refused; /* may be NULL */
    void *arg;
};

/* ERR_FILE with a reason in why (text of the system) if the address can't be listened on. */
enum err http_server_new(struct loop *loop, const struct http_server_config *config,
                         struct bytes *why, struct http_server **ret);
/* The port that was chosen, 0 for a Unix socket. */
uint16_t http_server_port(const struct http_server *server);
size_t http_server_connections(const struct http_server *server);
/* Stops listening; requests in work are finished, idle connections closed. */
void http_server_stop(struct http_server *server);
/* Closes everything; requests still with a handler become orphans whose reply goes nowhere (the
 * handler must still give each back, before loop_free()). */
void http_server_free(struct http_server **server);

const struct http_view *http_view(const struct http_request *request);
/* The only value of a field; absent if it is not there. *ret_count (may be NULL): how often. */
struct span http_field(const struct http_view *view, const char *name, unsigned *ret_count);

struct http_response {
    int status;
    const char *content_type; /* NULL: none */
    /* Further fields as `Name: value\r\n` lines, or NULL. */
    const char *fields;
    struct span body; /* copied */
    bool close;
};
/* Takes the request. HEAD gets the header alone. */
void http_reply(struct http_request **request, const struct http_response *response);
