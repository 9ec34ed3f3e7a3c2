/* http_signature: signing and verifying HTTP requests: draft-cavage-http-signatures-12 and RFC
 * 9421.
 *
 * Verifying is two steps, so that everything cheap happens before a key is fetched (PROTOCOL 1.8):
 * signature_read() parses, checks what is covered, the time window and the digest;
 * signature_verify() does the arithmetic with a key. Neither looks at the JSON. */
#pragma once

#include "keys/key.h"
#include "keys/pubkey.h"

struct signature_field {
    struct span name, value;
};

/* The request as it is judged. The authority and scheme are those of the configured public URL, not
 * of the socket (TLS ends at a proxy); the Host field received must name the authority. */
struct signature_request {
    struct span method;    /* `POST` */
    struct span target;    /* raw path and query, as on the wire */
    struct span scheme;    /* `https` */
    struct span authority; /* `relay.example`, `127.0.0.1:8080` */
    const struct signature_field *fields;
    size_t fields_n;
    struct span body;
};

struct signature_window {
    int64_t now;          /* seconds since 1970 */
    int64_t past, future; /* seconds that Date or created may lie behind or ahead */
};

enum signature_scheme { SIGNATURE_CAVAGE, SIGNATURE_RFC9421 };
enum { SIGNATURE_LABELS = 4, SIGNATURE_COMPONENTS = 32 };

/* What was read; borrows from the request. */
struct signature {
    enum signature_scheme scheme;
    struct span key_id;
    struct {
        struct span params;    /* rfc9421: the inner list and its parameters as received */
        struct span algorithm; /* absent where not given */
        struct span value;     /* base64 */
        struct span names[SIGNATURE_COMPONENTS]; /* covered components, lower case */
        size_t names_n;
        int64_t created, expires; /* INT64_MIN where not given */
    } labels[SIGNATURE_LABELS];   /* cavage: one; all that are here passed every check */
    size_t labels_n;
};

/* Parses and checks all that needs no key. Signature-Input present: RFC 9421 only. Rules:
 * PROTOCOL 1.2 to 1.4, 0.3; ATTACKS S01 to S07, S23, S24. ERR_SIGNATURE_*, ERR_BAD_REQUEST
 * (malformed digest), ERR_MISDIRECTED (Host is not the authority). With several labels, those that
 * pass stay; if none passes, the first one's error; all labels that stay must name one keyId (else
 * ERR_SIGNATURE_SYNTAX). */
enum err signature_read(const struct signature_request *request,
                        const struct signature_window *window, struct signature *ret);
/* ERR_OK if one label verifies. The algorithm comes from the key's type, never from the parameter
 * alone: a parameter that contradicts the key is ERR_SIGNATURE_ALGORITHM. A target with a query is
 * also tried without it (old peers sign so). */
enum err signature_verify(const struct signature *signature,
                          const struct signature_request *request, const struct pubkey *key);
/* The exact bytes that are signed, for `weir sig canonicalize`. */
enum err signature_base(const struct signature *signature, size_t label,
                        const struct signature_request *request, bool with_query,
                        struct bytes *out);

/* What we send: adds the lines `Date: ...\r\n`, `Digest: ...\r\n` (with a body) and `Signature:
 * ...\r\n` (cavage: (request-target) host date digest content-type, the last two with a body), or
 * with RFC 9421 `Date`, `Content-Digest`, `Signature-Input`, `Signature`. digest: the value of the
 * digest field if the caller has it already (it is the same for every receiver), else absent.
 * content_type: absent on GET. */
struct signature_order {
    enum signature_scheme scheme;
    const struct key *key;
    struct span key_id;
    struct span method, url_scheme, authority, target;
    struct span body, digest, content_type;
    int64_t now; /* seconds */
};
enum err signature_write(const struct signature_order *order, struct bytes *out);
