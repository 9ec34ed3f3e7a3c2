/* bodies: the bytes of journal entries on their way out, read once for all who wait and kept for a
 * while. */
#pragma once

#include "relay/store/journal.h"

enum { BODIES_KEPT = 64 * 1024 * 1024 };

struct bodies;

struct body {
    uint64_t n;
    bool there; /* false: no longer kept */
    struct span bytes;
    struct span digest; /* value of the Digest field: the same for every receiver */
    /* The rest is the cache's own. */
};

/* body NULL: it could not be read just now. The body stays valid until body_unref(). */
typedef void (*bodies_cb)(void *arg, struct body *body);

/* most: bytes kept in all. */
struct bodies *bodies_new(struct store *store, size_t most);
/* No callbacks afterwards; bodies still held by others must have been given back. */
void bodies_free(struct bodies **bodies);
/* The body if it is here already, else NULL: then ask for it with bodies_get(). */
struct body *bodies_have(struct bodies *bodies, uint64_t n);
/* Reads one that is not here; answers in a later turn. */
void bodies_get(struct bodies *bodies, uint64_t n, bodies_cb cb, void *arg);
/* Forgets everyone who waits with this arg. */
void bodies_forget(struct bodies *bodies, void *arg);
void body_unref(struct body **body);
