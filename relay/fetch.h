/* fetch: one GET: of an ActivityPub document, signed; or of plain JSON. */
#pragma once

#include "relay/context.h"

struct fetch;

struct fetch_result {
    enum err err; /* OK: 200 and a document of the right type. ADDRESS, TOO_LARGE, URL, MEDIA_TYPE,
                     CONNECT ... */
    int status;   /* of the last answer, 0 if there was none */
    struct span url;  /* where it came from in the end, without fragment */
    struct span body; /* borrowed during the callback, like the rest */
};
typedef void (*fetch_done)(void *arg, const struct fetch_result *result);

/* Fetches url (without its fragment), signed by the relay actor. Redirects: at most the setting, to
 * the same origin only. The answer comes in a later turn; the fetch is gone when the callback
 * returns. zone: whose networks the host may live in; empty: public addresses only. */
struct fetch *fetch_new(struct context *context, struct span url, const char *zone, fetch_done done,
                        void *arg);
/* The same of a document that is JSON and no more (NodeInfo): not signed, at most so many bytes. */
struct fetch *fetch_json_new(struct context *context, struct span url, const char *zone,
                             size_t most, fetch_done done, void *arg);
/* No callback afterwards; accepts NULL inside. */
void fetch_cancel(struct fetch **fetch);
