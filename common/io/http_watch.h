/* http_watch: which of libcurl's sockets the loop looks at, for http_client.c alone.
 *
 * libcurl stops looking at a socket after each transfer and looks again for the next one; for the
 * system that is four calls, more than sending takes. So a socket that is known to be told of
 * before it is closed stays on the loop while its connection is kept. */
#pragma once

#include <curl/curl.h>

#include "common/io/loop.h"

struct watches;

/* Something can be read or written, or went wrong: CURL_CSELECT_ bits. The watches may be changed
 * and freed from inside. */
typedef void (*watch_cb)(void *owner, curl_socket_t fd, int flags);

struct watches *watches_new(struct loop *loop, watch_cb cb);
/* Ends them all; clears the pointer. */
void watches_free(struct watches **watches);
/* This socket is ours: watches_closed() will be called before it is closed. */
void watches_opened(struct watches *watches, curl_socket_t fd);
void watches_closed(struct watches *watches, curl_socket_t fd);
/* what: CURL_POLL_IN, _OUT, _INOUT, or _REMOVE. */
void watches_set(struct watches *watches, void *owner, curl_socket_t fd, int what);
