/* http_signature: signing and verifying HTTP requests: draft-cavage-http-signatures-12 and RFC
 * 9421.
 *
 * Verifying is two steps, so that everything cheap happens before a key is fetched (PROTOCOL 1.8):
 * signature_read() parses, checks what is covered, the time window and the digest;
 * signature_verify() does the arithmetic with a key. Neither looks at the JSON. */
#pragma once

#include "common/pure/uri.h"
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
enum {
    SIGNATURE_LABELS = 4,
    SIGNATURE_COMPONENTS = 32,
    SIGNATURE_FIELD_MAX = 8192, /* of Signature and Signature-Input (ATTACKS S01) */
    SIGNATURE_BASE_MAX = 131072 /* enough for every header that is let in */
};

/* One signature; cavage has one without a name, RFC 9421 may have several. */
struct signature_label {
    struct span name;   /* rfc9421: `sig1`; absent for cavage */
    struct span params; /* rfc9421: the inner list and its parameters as received */
    struct span key_id;
    struct span algorithm;                   /* absent where not given */
    struct span value;                       /* base64, not yet checked */
    struct span names[SIGNATURE_COMPONENTS]; /* covered components, lower case */
    size_t names_n;
    int64_t created, expires; /* INT64_MIN where not given */
};

/* What was read; borrows from the request. */
struct signature {
    enum signature_scheme scheme;
    struct span key_id; /* the same in all labels */
    struct signature_label labels[SIGNATURE_LABELS];
    size_t labels_n;
    /* After an error: why, in static words for people (NULL after success), and what it is about (a
     * component, a parameter, a field; may be absent; a stranger's text). */
    const char *why;
    struct span about;
};

/* Parses and checks all that needs no key. Signature-Input present: RFC 9421 only, never a fall
 * back to cavage (that would be a downgrade). Cavage is taken from `Signature`, or from
 * `Authorization: Signature` (draft section 3.1), never both.
 *
 * Must be covered (PROTOCOL 0.3): cavage: (request-target), host, date or (created), and digest
 * with a body. RFC 9421: @method; @target-uri, or @authority with @path (and @query where there is
 * a query) or @request-target; content-digest with a body; the parameter created.
 * Other rules: PROTOCOL 1.2 to 1.4, ATTACKS S01 to S07, S23, S24.
 *
 * ERR_SIGNATURE_*; ERR_BAD_REQUEST (malformed digest; two of Host, Date, Digest, Content-Digest or
 * Content-Type); ERR_MISDIRECTED (Host is not the authority). With several labels, those that pass
 * stay; if none passes, the first one's error; all labels that stay must name one keyId (else
 * ERR_SIGNATURE_SYNTAX). */
enum err signature_read(const struct signature_request *request,
                        const struct signature_window *window, struct signature *ret);
/* The first step of signature_read() alone: what the fields say, nothing judged but their syntax
 * and the algorithm's name. For `weir sig`. */
enum err signature_parse(const struct signature_request *request, struct signature *ret);
/* ERR_OK if one label verifies. The algorithm comes from the key's type, never from the parameter
 * alone: a parameter that contradicts the key is ERR_SIGNATURE_ALGORITHM. Cavage: a target with a
 * query is also tried without it (old peers sign so); RFC 9421 has no such peers. */
enum err signature_verify(const struct signature *signature,
                          const struct signature_request *request, const struct pubkey *key);
/* The exact bytes that are signed, added to out: what signature_verify() uses, and `weir sig
 * canonicalize` shows. with_query false: cavage's (request-target) without the query. An error
 * where a covered component is not there or can't be part of a signature; ERR_TOO_LARGE where out
 * is full. */
enum err signature_base(const struct signature *signature, size_t label,
                        const struct signature_request *request, bool with_query,
                        struct bytes *out);
/* Whether a keyId may be looked up at all: an absolute URL as uri_read() takes it, at most
 * URI_MAX bytes, https unless allow_http (loopback); *ret borrows from key_id. ERR_KEY_ID. Not part
 * of signature_read(), so that `weir sig` can show what else is wrong. */
enum err signature_key_id(struct span key_id, bool allow_http, struct uri *ret);

/* What we send: adds the lines `Date: ...\r\n`, `Digest: ...\r\n` (with a body) and `Signature:
 * ...\r\n` (cavage: (request-target) host date digest content-type, the last two with a body), or
 * with RFC 9421 `Date`, `Content-Digest`, `Signature-Input`, `Signature`. The caller sends Host
 * (the authority, as given here) and Content-Type. digest: the value of the digest field of this
 * scheme if the caller has it already (it is the same for every receiver), else absent.
 * content_type: absent on GET. ERR_KEY_ID, ERR_URL where a part holds what a header can't (white
 * space, quotes, control bytes); ERR_INTERNAL from key_sign(); ERR_TOO_LARGE where out is full; out
 * is as before after an error. */
struct signature_order {
    enum signature_scheme scheme;
    const struct key *key;
    struct span key_id;
    struct span method, url_scheme, authority, target;
    struct span body, digest, content_type;
    int64_t now; /* seconds */
};
enum err signature_write(const struct signature_order *order, struct bytes *out);
