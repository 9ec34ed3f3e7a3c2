/* http_server: HTTP/1.1 on a TCP address or a Unix socket; llhttp in strict mode, limits, and
 * deadlines.
 *
 * One request of a connection is worked on at a time; what a client pipelines behind it waits, at
 * most one read (64 KiB) of it in memory, the rest in TCP: answers are in order by construction.
 * A malformed request is answered with a problem document (RFC 9457) and the connection closed;
 * nothing after it on that connection is ever executed.
 *
 * Refused here (ATTACKS 3.1), so that no handler meets it:
 * - 400: not HTTP/1.x; bare CR or LF, control characters, a folded field, a bad or empty name; no
 *   Host (1.1), a malformed one, an absolute-form target of another; Content-Length that is not
 *   plain digits, or together with Transfer-Encoding; chunk extensions over 256 bytes; two fields
 *   of a name that may stand once (Host, Content-Length, Transfer-Encoding, Content-Type,
 *   Content-Encoding, Content-Digest, Date, Digest, Signature, Signature-Input, Expect and
 *   Authorization);
 * - 408: header or body too slow; 413, 414, 431: beyond the limits;
 * - 415: a body with a Content-Encoding other than identity: it is never inflated;
 * - 417: an Expect other than 100-continue;
 * - 501: an unknown method, CONNECT, a transfer coding other than chunked;
 * - 503 with Retry-After: a body, where those of others hold as much as may be.
 *
 * Left to the handler: paths and methods (404, 405), whether the Host is ours (421), Content-Type.
 * Trailer fields are dropped, Upgrade is ignored. Date, Content-Length and Connection of an answer
 * are written here; there is no Server field.
 *
 * Deadlines: the header's is absolute, from its first byte; the body's rate is an average, looked
 * at once body_grace_ms have passed and then every second; who is idle, or does not read answers,
 * is closed without a word. From four fifths of `connections` on, each new one ends the one that
 * has been idle longest, if for a second or more; at the limit and where there is none, new ones
 * wait in the kernel. per_address counts an IPv6 /64 as one; Unix sockets are not counted. */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct http_limits {
    int64_t request_line, header, body; /* bytes */
    int64_t bodies; /* of all requests together, those included that a handler has; 0: no limit */
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
    struct span path, query;    /* still encoded; query absent where there is no `?` */
    struct span host;           /* the Host field as received; absent only in HTTP/1.0 */
    const struct http_field *fields;
    size_t fields_n;
    struct span body; /* whole, without chunks; empty where there was none */
    struct span peer; /* address without port; `unix` for a Unix socket */
    int64_t user;     /* Unix socket: the user who connected, as the system says; else -1 */
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
    bool shared; /* other processes of this user may share the TCP address, if all of them say so
                    (SO_REUSEPORT): the kernel spreads new connections over them */
    struct http_limits limits;
    http_handler handler;
    http_refused refused; /* may be NULL */
    void *arg;
};

/* ERR_FILE with a reason in why if somebody listens on this TCP address, shared or not. */
enum err http_address_free(const char *address, struct bytes *why);
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
/* The value of a field that stands there exactly once; absent otherwise. *ret_count (may be NULL):
 * how often it stands there. */
struct span http_field(const struct http_view *view, const char *name, unsigned *ret_count);

struct http_response {
    int status;
    const char *content_type; /* NULL: none */
    /* Further fields as `Name: value\r\n` lines, or NULL. */
    const char *fields;
    struct span body; /* copied */
    bool close;
};
/* Takes the request. HEAD gets the header alone. Never calls a handler. */
void http_reply(struct http_request **request, const struct http_response *response);
