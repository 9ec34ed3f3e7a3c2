/* keyring: the public keys of others: in memory, in Redis, or fetched once for all who wait. */
#pragma once

#include "keys/pubkey.h"
#include "relay/context.h"

struct keyring;

struct keyring_answer {
    enum err err; /* OK; KEY_FETCH, KEY_DOCUMENT, KEY_REFUSED (for good), KEY_UNREACHABLE (try
                     later), ADDRESS */
    const struct pubkey *key; /* borrowed until the next turn, like the rest */
    struct span owner;        /* actor id */
    struct span inbox;        /* of the owner; may be empty */
    struct span followers;    /* the owner's followers collection; may be empty */
    bool machine;             /* the owner is an Application or a Service */
    bool indexable;           /* the owner says that it wants to be found (FEP-5feb) */
    bool refuses;             /* the owner says that it does not want to be relayed */
    bool gone;                /* the document answers 410 */
    bool fresh;               /* fetched just now: another look would see the same */
};
typedef void (*keyring_cb)(void *arg, const struct keyring_answer *answer);

struct keyring *keyring_new(struct context *context);
void keyring_free(struct keyring **keyring);

/* The answer if it is known already (also that the key was refused lately). */
bool keyring_have(struct keyring *keyring, struct span key_id, int64_t now_ms,
                  struct keyring_answer *ret);
/* Finds it: Redis, then its document. Identical questions share one search. Answers in a later
 * turn. */
void keyring_find(struct keyring *keyring, struct span key_id, const char *zone, keyring_cb cb,
                  void *arg);
/* The same past every cache, for a signature that fails: at most once in a while for each key
 * (setting keys.refetch). Only ASKED is followed by an answer; of a host that can't be reached just
 * now that is ERR_KEY_UNREACHABLE, though its old key is kept. */
enum keyring_look {
    KEYRING_ASKED,
    KEYRING_EARLY, /* it was looked at lately: there is no newer one */
    KEYRING_UNSURE /* it can't be had just now: nobody knows whether there is */
};
enum keyring_look keyring_refetch(struct keyring *keyring, struct span key_id, const char *zone,
                                  int64_t now_ms, keyring_cb cb, void *arg);
/* Forgets everyone who waits with this arg. */
void keyring_forget(struct keyring *keyring, void *arg);
