/* public: the public listener's answers: all documents, refusals as problem documents, and the way
 * to the inbox. Needs no Redis, so that peers can check signatures while it is away. */
#pragma once

#include "common/io/http_server.h"
#include "relay/rules/documents.h"
#include "relay/rules/route.h"

struct public
{
    const struct identity *identity;
    int64_t members; /* how many are told of to anybody who asks; below 0: none of their business */
    /* A POST to the inbox, with the right Host; takes the request, answers now or later. */
    void (*inbox)(void *arg, struct http_request **request);
    /* A GET or HEAD of a zone's list of members; the same. routed borrows from the request. */
    void (*list)(void *arg, struct http_request **request, const struct routed *routed);
    void *arg;
};

/* Answers a request, or hands it to the inbox or the list; the request is taken in any case.
 * Returns the status that was answered, and in *ret_why the error that was told; 0 if one of those
 * has it: whoever owns the listener logs the rest.
 *
 * Documents are served under any Host, because what stands in front of us may rewrite it and a
 * document says itself whose it is. The inbox is not: a signature covers the Host, so one that was
 * made for another relay must not count here (421; ATTACKS H15). */
int public_answer(const struct public *p, struct http_request **request, enum err *ret_why);

/* Answers with the problem document of an error that has a status. detail: what is to be said of
 * this case, or absent. fields: further `Name: value\r\n` lines (Retry-After), or NULL. Returns the
 * status. */
int public_problem(struct http_request **request, enum err why, struct span detail,
                   const char *fields);

/* Answers with a text that is not for scripts of other sites, under the header fields of everything
 * that is answered here. fields: as above. */
void public_text(struct http_request **request, int status, const char *type, const char *fields,
                 struct span body);
