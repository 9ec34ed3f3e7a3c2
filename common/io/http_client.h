/* http_client: outgoing HTTP on libcurl's multi interface.
 *
 * One client for each role; it holds `shards` multi handles (hosts are spread by hash: one handle
 * alone becomes superlinear beyond some 600 hosts). Never follows a redirect, never uses a proxy of
 * the environment, keeps no cookies; http and https only. The address connected to is checked by
 * the caller's guard, on every connection. */
#pragma once

#include <sys/socket.h>

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct http_client;
struct http_call; /* one in flight */

struct http_ask {
    const char *method; /* GET or POST */
    const char *url;
    const char *const
        *fields; /* `Name: value`, n of them; copied. User-Agent is the client's own */
    size_t fields_n;
    struct span body; /* borrowed until the answer */
    int64_t connect_ms, total_ms;
    size_t answer_max; /* bytes of body read; more ends the transfer with ERR_TOO_LARGE */
    bool (*guard)(void *arg, const struct sockaddr *to); /* may this address be connected to? */
    void *guard_arg;
};

struct http_answer {
    enum err err; /* OK: an HTTP answer came. CONNECT, RESOLVE, TLS, TIMEOUT, ADDRESS, TOO_LARGE,
                     PROTOCOL, INTERNAL */
    int status;   /* also set with TOO_LARGE */
    struct span body;         /* borrowed during the callback, like the rest */
    struct span content_type; /* absent where there was none */
    struct span location, retry_after;
    const char *detail; /* the library's words, for the log */
};

typedef void (*http_answered)(void *arg, const struct http_answer *answer);

/* user_agent is copied. max_connections: kept open in all. */
struct http_client *http_client_new(struct loop *loop, const char *user_agent, unsigned shards,
                                    unsigned max_connections);
/* Cancels what is in flight (no callbacks) and frees. */
void http_client_free(struct http_client **client);

/* Starts it; the callback comes in a later turn, exactly once unless cancelled. */
struct http_call *http_client_send(struct http_client *client, const struct http_ask *ask,
                                   http_answered cb, void *arg);
/* No callback afterwards; clears the pointer. Accepts NULL inside. */
void http_call_cancel(struct http_call **call);

/* One call and its answer, waiting; over a Unix socket (for the command line, which has no loop).
 * answer receives the body. ERR_CONNECT if nobody listens there. */
enum err http_unix_call(const char *socket_path, const char *method, const char *path,
                        struct span body, int *ret_status, struct bytes *answer);
