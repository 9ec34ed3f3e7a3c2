/* http_listen: a listening socket, TCP or Unix. Internal to common/io. */
#pragma once

#include "common/io/loop_uv.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct http_listener;

/* address and shared as in struct http_server_config. cb is libuv's, its stream's data is arg; each
 * call means that one connection waits, to be taken with uv_accept(), now or later. */
enum err http_listen(struct loop *loop, const char *address, bool shared, uv_connection_cb cb,
                     void *arg, struct bytes *why, struct http_listener **ret);
uv_stream_t *http_listener_stream(struct http_listener *listener);
bool http_listener_is_local(const struct http_listener *listener);
uint16_t http_listener_port(const struct http_listener *listener); /* 0 for a Unix socket */
/* Closes it, and takes its socket file away if that is still ours. Accepts NULL inside. */
void http_listener_free(struct http_listener **listener);
