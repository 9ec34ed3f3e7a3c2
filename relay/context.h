/* context: what a process is given once and hands to its machines: who we are, what the operator
 * wants, and the doors to the outside. Nothing here is shared between processes. */
#pragma once

#include "common/io/http_client.h"
#include "common/io/loop.h"
#include "keys/http_signature.h"
#include "relay/config/config.h"
#include "relay/fingerprint.h"
#include "relay/rules/documents.h"
#include "relay/rules/member.h"
#include "relay/store/store.h"

struct tallies;

struct context {
    struct loop *loop;
    struct config *config; /* replaced as a whole by a reload */
    struct identity identity;
    struct key *rsa, *ed25519;
    char *url, *authority;              /* of the first configuration: they outlive every reload */
    char *key_id;                       /* of the RSA key */
    char fingerprint[FINGERPRINT_SIZE]; /* of both keys */
    struct bytes pem, multibase;        /* what identity borrows */
    struct store *store;
    struct http_client *client;
    struct tallies *tallies; /* what reports are made of; NULL: not counted */
};

/* Loads the keys and builds the identity. Takes the config. ERR_FILE or ERR_KEY_REFUSED with a
 * reason. */
enum err context_init(struct context *c, struct loop *loop, struct config **config,
                      struct bytes *why);
void context_fini(struct context *c);
/* Puts another configuration in the place of the one before (same url: see serve.c). */
void context_take_config(struct context *c, struct config **config);
/* The address of Redis: the configured one, or the embedded one's socket. The caller frees it. */
char *context_redis_url(const struct context *c);

/* The zone whose networks count for a host: its member record's (zone), else, where that is empty,
 * the one whose patterns fit; empty if none does. Borrowed until the next reload. */
const char *context_zone_of(const struct context *c, const char *zone, const char *host);

/* Where a member of a zone may be connected to: public addresses, and the networks of its zone. */
struct guard {
    const struct context *context;
    char zone[MEMBER_ZONE_SIZE]; /* by name: a reload may replace the policy meanwhile; empty:
                                    public only */
};
/* For http_ask.guard. */
bool guard_allows(void *guard, const struct sockaddr *to);

/* The header lines of a signed request to url, as http_ask wants them. Date, Digest and Signature
 * are made now. The lines live in text. ERR_URL if url is not acceptable. */
enum { SIGNED_FIELDS_MAX = 8 };
struct signed_fields {
    struct bytes text;
    const char *list[SIGNED_FIELDS_MAX];
    size_t n;
};
enum err signed_fields(const struct context *c, const char *method, struct span url,
                       struct span body, struct span digest, int64_t now_ms,
                       struct signed_fields *ret);
void signed_fields_fini(struct signed_fields *f);
