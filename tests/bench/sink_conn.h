/* sink_conn: one accepted connection: bytes in, whole requests to a handler, its answers out, until
 * the other side ends it. */
#pragma once

#include "common/pure/bytes.h"
#include "tests/bench/sink_request.h"

/* Adds a whole HTTP answer to out. */
typedef void (*conn_answer)(void *arg, unsigned host, const struct request *request,
                            struct bytes *out);

struct conn;

/* Takes the socket over. host: which of ours it was accepted for. */
struct conn *conn_new(int fd, unsigned host);
/* Reads what is there and answers what is whole. False: it is over, and to be freed. */
bool conn_ready(struct conn *conn, conn_answer answer, void *arg);
void conn_free(struct conn **conn);
