/* public: the public listener's answers: all documents, refusals as problem documents, and the way
 * to the inbox. Needs no Redis, so that peers can check signatures while it is away. */
#pragma once

#include "common/io/http_server.h"
#include "relay/rules/documents.h"

struct public
{
    const struct identity *identity;
    int64_t members; /* how many are told of to anybody who asks; below 0: none of their business */
    /* A POST to the inbox, with the right Host; takes the request, answers now or later. */
    void (*inbox)(void *arg, struct http_request **request);
    void *arg;
};

/* Answers a request, or hands it to the inbox; the request is taken in any case. Returns the status
 * that was answered, and in *ret_why the error that was told; 0 if the inbox has it: whoever owns
 * the listener logs the rest.
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
