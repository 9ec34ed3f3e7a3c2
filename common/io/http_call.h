/* http_call: one outgoing request on one of libcurl's easy handles, for http_client.c alone: how it
 * is asked, what it may do, and what its end means. */
#pragma once

#include <curl/curl.h>

#include "common/io/http_client.h"

enum { HTTP_CALL_FIELDS = 32 };

struct http_call {
    CURL *easy;
    struct http_call *prev, *next; /* the client's list */
    void *owner;                   /* the client's; NULL while not in flight */
    http_answered cb;
    void *arg;
    bool (*guard)(void *arg, const struct sockaddr *to);
    void *guard_arg;
    /* libcurl's list of fields, in order; it wants to read them until the end. */
    struct curl_slist fields[HTTP_CALL_FIELDS];
    size_t fields_n;
    struct bytes lines; /* what the list points to */
    enum err preset;    /* what the request itself is wrong with */
    struct bytes body;
    size_t header_n;
    bool header_whole; /* the last header that began has ended */
    bool too_large;    /* we ended it: header or body over the limit */
    bool refused;      /* the guard said no */
    bool connected;    /* ... but yes to an address that then had its chance */
    bool no_socket;    /* none left on our side */
    char detail[CURL_ERROR_SIZE];
};

/* A handle with everything set that is the same for all requests. user_agent is copied. */
struct http_call *http_call_new(const char *user_agent);
void http_call_delete(struct http_call *call);
/* Sets it up for one request. What the request itself is wrong with comes out at its end, like any
 * other failure. */
void http_call_ask(struct http_call *call, const struct http_ask *ask);
/* What the end of the transfer means; spans and detail live until http_call_clear(). */
void http_call_answer(struct http_call *call, CURLcode rc, struct http_answer *ret);
/* Forgets the request, keeps the handle. */
void http_call_clear(struct http_call *call);
