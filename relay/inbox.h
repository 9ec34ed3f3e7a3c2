/* inbox: one POST to the inbox, from its first check to its answer. */
#pragma once

#include "common/io/http_server.h"
#include "relay/context.h"
#include "relay/keyring.h"
#include "relay/rules/freeze.h"

struct inbox;

/* All requests that are being worked on, so that they can be given up together. */
struct inbox_room {
    struct context *context;
    struct keyring *keyring;
    struct inbox *working; /* list */
    size_t working_n;
    size_t fetching; /* of them, those that wait for an announced object */
    /* As they were when the journal said so last: it does not take what was decided by others. */
    struct freezes freezes;
};

/* Takes the request and answers it, now or later. */
void inbox_accept(struct inbox_room *room, struct http_request **request);
/* Answers everything that is being worked on with 503. */
void inbox_abandon(struct inbox_room *room);
