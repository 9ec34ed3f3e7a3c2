/* keydoc: whether a document vouches for a key (PROTOCOL 1.6). Pure.
 *
 * A keyId names a document; the key is believed only if an actor document, fetched from its own id,
 * lists it with this very id and as its own. A key or stub document that merely names an owner
 * proves nothing until the owner lists the key back (GHSA-q9f8-5hc7-898f). */
#pragma once

#include "common/pure/err.h"
#include "common/pure/json.h"

enum { KEYDOC_URL_SIZE = 2049 };

struct keydoc {
    struct span owner; /* actor id; borrowed from the tree, like the rest */
    struct span pem;
    struct span inbox;     /* see keydoc_inbox() */
    struct span followers; /* its followers collection if that is of its origin, else absent */
    bool machine;          /* an Application or a Service (PROTOCOL 8.2) */
    bool indexable;        /* wants to be found by search; who says nothing does not (FEP-5feb) */
    bool refuses;          /* does not want to be relayed: consent_bio_refuses() */
    struct span next;      /* ERR_AGAIN: what to fetch to know */
};

/* Where mail for the actor with this id goes, by its own document: the shared inbox if it is of the
 * actor's origin, else its inbox if that is; else absent. Borrowed from the tree. */
struct span keydoc_inbox(const struct json *actor, struct span id);

/* json: the document that came from url (no fragment). ERR_OK: the key is its owner's. ERR_AGAIN:
 * ret->next, of the keyId's origin, has to be fetched and read with this again (once).
 * ERR_KEY_DOCUMENT otherwise. */
enum err keydoc_read(const struct json *json, struct span key_id, struct span url,
                     struct keydoc *ret);
