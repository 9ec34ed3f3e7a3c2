/* admin_inner: what the files of the admin share: a request that waits for its answer. */
#pragma once

#include "common/io/http_server.h"
#include "common/pure/json.h"
#include "relay/admin.h"
#include "relay/store/ledger.h"

enum { ADMIN_ANSWER_MAX = 64 * 1024 * 1024 };

struct admin {
    struct admin_config config;
    struct http_server *server;
    struct call *calls; /* requests that wait for their answer */
};

/* Outlives the server if it must: answers of the store come when they come. */
struct call {
    struct admin *admin; /* NULL once it is gone: then there is nobody to answer */
    struct call *prev, *next;
    struct http_request *request;
    struct bytes out; /* the answer so far */
    struct json_writer w;
    char host[MEMBER_HOST_SIZE]; /* that was asked for; may be empty */
    struct book *book;           /* once it was read */
    int64_t lag_ms;              /* status: age of the oldest entry that somebody lacks */
    bool reloads;                /* waits for another configuration, not for the store */
};

/* Takes the request; call_end() gives it its answer. */
struct call *call_new(struct admin *admin, struct http_request **request);
/* Answers with what was written (err OK), or refuses; frees the call. */
void call_end(struct call *call, enum err err, struct span detail);
void admin_answer(struct http_request **request, int status, const struct bytes *body);
void admin_refuse(struct http_request **request, enum err why, struct span detail);
/* Reads a host as it stands in a path; false: it is refused already. */
bool admin_host(struct admin *admin, struct http_request **request, struct span given, char *ret);

/* Each takes the request. rest: the path behind the noun and its slash; absent: there was none. */
void admin_members(struct admin *admin, struct http_request **request, struct span rest);
void admin_status(struct admin *admin, struct http_request **request);
