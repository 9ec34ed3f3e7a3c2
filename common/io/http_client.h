/* http_client: outgoing HTTP on libcurl's multi interface.
 *
 * One client for each role; it holds `shards` multi handles (hosts are spread by hash: one handle
 * alone becomes superlinear beyond some 600 hosts). Never follows a redirect, never uses a proxy of
 * the environment, keeps no cookies; http and https only, HTTP/1.1; the target goes out as written.
 * Nothing is sent beyond the fields given, User-Agent, Host (unless given) and Content-Length. An
 * answer's header is at most 64 KiB. The address connected to is checked by the caller's guard, on
 * every connection, and again before every request on one that was kept. */
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
    /* `Name: value`, n of them, at most 29; copied. A line break inside is ERR_INTERNAL. */
    const char *const *fields;
    size_t fields_n;
    struct span body; /* borrowed until the answer */
    int64_t connect_ms, total_ms;
    size_t answer_max; /* bytes of body read; more ends the transfer with ERR_TOO_LARGE */
    /* May this address be connected to? NULL: any. Must not call any function here. */
    bool (*guard)(void *arg, const struct sockaddr *to);
    void *guard_arg;
};

struct http_answer {
    /* OK: an HTTP answer came, whole. URL, CONNECT, RESOLVE, TLS, CERTIFICATE (not to be trusted),
     * TIMEOUT (of either kind), ADDRESS (the guard allowed none), TOO_LARGE, PROTOCOL (whatever
     * else the other side did). NO_ROUTE and INTERNAL (no socket left, no CA bundle, a malformed
     * ask) say nothing of the other side. */
    enum err err;
    int status; /* 0 where no whole header came; so it may be set with TOO_LARGE or TIMEOUT, too */
    struct span body;                  /* borrowed during the callback, like the rest */
    struct span content_type;          /* the first of that name; absent where there was none */
    struct span location, retry_after; /* the same */
    const char *detail;                /* the library's words, for the log; empty with OK */
};

typedef void (*http_answered)(void *arg, const struct http_answer *answer);

/* user_agent is copied. max_connections: kept open in all. A shard that speaks TLS parses the CA
 * bundle once a day and keeps it (25 ms, 0.9 MB): one shard for each 600 hosts, not more. */
struct http_client *http_client_new(struct loop *loop, const char *user_agent, unsigned shards,
                                    unsigned max_connections);
/* Whether the CA bundle that others' certificates are judged by can be read: without it nobody
 * could be reached over TLS. ERR_FILE, and a reason is added to why, if it can't. */
enum err http_client_trust(struct bytes *why);
/* Cancels what is in flight (no callbacks) and frees. Any callback may call it. Accepts NULL
 * inside. */
void http_client_free(struct http_client **client);
/* Called whenever the client has waited and is about to touch its connections: whoever may have
 * lost the right to go on meanwhile takes its calls back there (http_call_cancel()). One at a time;
 * cb NULL: nobody. */
void http_client_before(struct http_client *client, loop_cb cb, void *arg);

/* Starts it; the callback comes in a later turn, exactly once unless cancelled. The call is gone
 * when its callback returns. */
struct http_call *http_client_send(struct http_client *client, const struct http_ask *ask,
                                   http_answered cb, void *arg);
/* No callback afterwards; clears the pointer. Accepts NULL inside. */
void http_call_cancel(struct http_call **call);

/* One call and its answer, waiting; over a Unix socket (for the command line, which has no loop). A
 * body goes out as application/json. User-Agent is `weir/VERSION`. answer receives the body, up to
 * its maximum (ERR_TOO_LARGE). ERR_CONNECT if nobody listens there, ERR_TIMEOUT after a minute. */
enum err http_unix_call(const char *socket_path, const char *method, const char *path,
                        struct span body, int *ret_status, struct bytes *answer);
