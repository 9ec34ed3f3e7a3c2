/* err: the one table of errors.
 *
 * Each row is a stable code: the `code` member of a problem document (RFC 9457), the reason in a
 * log line, the label of a metric, what `weir explain` prints. The status is what the inbox answers
 * with; 0 means that it is never an answer. `later` says whether trying again can help. */
#pragma once

#include "common/pure/span.h"

/*     name               code                  status later  title */
#define ERR_TABLE(X)                                                                               \
    X(OK, "ok", 0, false, "no error")                                                              \
    /* HTTP */                                                                                     \
    X(BAD_REQUEST, "bad-request", 400, false, "the request is not well-formed HTTP")               \
    X(NOT_FOUND, "not-found", 404, false, "there is nothing at this address")                      \
    X(METHOD, "method", 405, false, "this method is not allowed here")                             \
    X(TIMEOUT, "timeout", 408, true, "the request took too long")                                  \
    X(TOO_LARGE, "too-large", 413, false, "the body is larger than allowed")                       \
    X(URI_TOO_LONG, "uri-too-long", 414, false, "the request line is too long")                    \
    X(MEDIA_TYPE, "media-type", 415, false, "the content type is not ActivityPub's")               \
    X(EXPECTATION, "expectation", 417, false, "this expectation cannot be met")                    \
    X(MISDIRECTED, "misdirected", 421, false, "this host is not served here")                      \
    X(RATE, "rate", 429, true, "too many requests")                                                \
    X(VERSIONS, "versions", 429, true, "too many versions of this object wait")                    \
    X(HEADERS, "headers", 431, false, "the header is larger than allowed")                         \
    X(NOT_IMPLEMENTED, "not-implemented", 501, false, "this is not implemented")                   \
    X(UNAVAILABLE, "unavailable", 503, true, "the journal can't take it just now")                 \
    /* JSON and activities */                                                                      \
    X(JSON_SYNTAX, "json-syntax", 400, false, "the body is not strict JSON")                       \
    X(JSON_DUPLICATE, "json-duplicate", 400, false, "an object has the same key twice")            \
    X(JSON_DEPTH, "json-depth", 400, false, "the JSON is nested too deeply")                       \
    X(JSON_SIZE, "json-size", 400, false, "the JSON has too many members")                         \
    X(JSON_ENCODING, "json-encoding", 400, false, "the JSON is not valid UTF-8")                   \
    X(JSON_NUMBER, "json-number", 400, false, "a number cannot be represented")                    \
    X(NOT_AN_ACTIVITY, "not-an-activity", 400, false, "type, id or actor is missing or malformed") \
    X(GRAPH, "graph", 400, false, "@graph, @included and @reverse are not accepted")               \
    X(RECIPIENTS, "recipients", 400, false, "too many recipients")                                 \
    X(TAGS, "tags", 400, false, "too many hashtags")                                               \
    X(URL, "url", 400, false, "a URL is malformed or of a kind that is not accepted")              \
    /* signatures and keys */                                                                      \
    X(SIGNATURE_MISSING, "signature-missing", 401, false, "the request carries no signature")      \
    X(SIGNATURE_SYNTAX, "signature-syntax", 401, false, "the signature header can't be parsed")    \
    X(SIGNATURE_COVERAGE, "signature-coverage", 401, false,                                        \
      "the signature leaves out what it must cover")                                               \
    X(SIGNATURE_WINDOW, "signature-window", 401, false,                                            \
      "the signature's time is outside the window")                                                \
    X(SIGNATURE_DIGEST, "signature-digest", 401, false, "the digest does not match the body")      \
    X(SIGNATURE_INVALID, "signature-invalid", 401, false, "the signature does not verify")         \
    X(SIGNATURE_ALGORITHM, "signature-algorithm", 401, false,                                      \
      "the signature's algorithm is not accepted")                                                 \
    X(KEY_ID, "key-id", 401, false, "the keyId is not a URL that is accepted")                     \
    X(KEY_FETCH, "key-fetch", 401, false, "the key's document can't be had")                       \
    X(KEY_DOCUMENT, "key-document", 401, false, "the key's document does not vouch for the key")   \
    X(KEY_REFUSED, "key-refused", 401, false, "the key's type, size or exponent is not accepted")  \
    X(KEY_UNREACHABLE, "key-unreachable", 503, true, "the key's host can't be reached just now")   \
    X(ACTOR_NOT_SIGNER, "actor-not-signer", 401, false, "the activity's actor is not the signer")  \
    X(TOKEN, "token", 401, false, "the bearer token is missing, or another one")                   \
    X(ORIGIN, "origin", 403, false, "the id, the object or its author is of another origin")       \
    /* what was announced to followers, fetched */                                                 \
    X(OBJECT_UNREACHABLE, "object-unreachable", 503, true,                                         \
      "the announced object's host can't be reached just now")                                     \
    X(OBJECT_FETCH, "object-fetch", 403, false, "the announced object can't be had")               \
    X(OBJECT_DOCUMENT, "object-document", 403, false,                                              \
      "what was fetched is not the announced object")                                              \
    X(OBJECT_GONE, "object-gone", 0, false, "the announced object is gone")                        \
    /* membership and policy */                                                                    \
    X(NO_ZONE, "no-zone", 403, false, "this host belongs to no zone of this relay")                \
    X(NOT_INVITED, "not-invited", 403, false, "this zone is joined by invitation only")            \
    X(NOT_MEMBER, "not-member", 403, false, "this host has not joined the relay")                  \
    X(PENDING, "pending", 403, false, "the membership waits for approval")                         \
    X(SUSPENDED, "suspended", 403, false, "the membership is suspended")                           \
    X(EXPIRED, "expired", 403, false, "the membership has ended")                                  \
    X(RECEIVE_ONLY, "receive-only", 403, false,                                                    \
      "this member receives, and publishes nothing here")                                          \
    X(REMOVED, "removed", 403, false, "the membership was removed")                                \
    X(INBOX_GONE, "inbox-gone", 0, false, "its inbox said for days that it is gone")               \
    X(INBOX_LOST, "inbox-lost", 0, false, "its inbox was not there for days")                      \
    X(NOT_OWNER, "not-owner", 403, false, "the object belongs to somebody else")                   \
    X(INBOX_FOREIGN, "inbox-foreign", 403, false, "the actor's inbox is on another host")          \
    X(FOLLOWERS, "followers", 403, false, "too many actors of this host follow the relay")         \
    X(SELF, "self", 403, false, "that is this relay itself")                                       \
    X(ID_REUSED, "id-reused", 409, false, "this id was used for something else before")            \
    X(NO_RULE, "no-rule", 403, false, "no rule allows it")                                         \
    X(RULE_DENIES, "rule-denies", 403, false, "a rule denies it")                                  \
    X(CONSENT_MISSING, "consent-missing", 403, false, "its author did not agree to be relayed")    \
    X(OPTED_OUT, "opted-out", 403, false, "its author wants nothing to be relayed")                \
    /* decided, not refused: 202, and nothing goes out */                                          \
    X(NOT_PUBLIC, "not-public", 0, false, "not addressed to the public collection")                \
    X(NOT_RELAYED, "not-relayed", 0, false, "this type of activity is not relayed")                \
    X(DUPLICATE, "duplicate", 0, false, "seen before")                                             \
    X(STALE, "stale", 0, false, "older than what is known of the object")                          \
    X(RULE_HOLDS, "rule-holds", 0, false, "a rule holds it for a person to decide")                \
    X(FROZEN, "frozen", 0, false, "an operator froze this boundary: it waits for the thaw")        \
    X(HOLD_FULL, "hold-full", 503, true, "more waits for a person to decide than may be held")     \
    X(HOLD_CHANGED, "hold-changed", 409, false, "its author edited it meanwhile")                  \
    X(RULE_DROPS, "rule-drops", 0, false, "a rule drops it without a word to the sender")          \
    X(CONSENT_CHANGED, "consent-changed", 0, false, "its author told this relay to leave it out")  \
    X(NO_AUDIENCE, "no-audience", 0, false, "no zone may have it")                                 \
    /* deliveries */                                                                               \
    X(NO_FORM, "no-form", 0, false, "no form of it would be believed there")                       \
    X(BODY_GONE, "body-gone", 0, false, "its body is no longer kept")                              \
    X(RECALLED, "recalled", 0, false, "taken back before it was delivered")                        \
    X(REPLACED, "replaced", 0, false, "a newer version goes in its place")                         \
    X(NO_RIGHT, "no-right", 0, false, "the member's right to it was withdrawn")                    \
    X(TOO_OLD, "too-old", 0, false, "could not be delivered in time")                              \
    X(REFUSED_BY_PEER, "refused-by-peer", 0, false, "the receiver refused it for good")            \
    X(GAP, "gap", 0, false, "no longer in the journal")                                            \
    X(DROPPED, "dropped", 0, false, "an operator gave it up")                                      \
    /* operators */                                                                                \
    X(USAGE, "usage", 400, false, "wrong use")                                                     \
    X(REASON_MISSING, "reason-missing", 422, false, "this wants a reason")                         \
    X(TRANSITION, "transition", 409, false, "not possible in the member's present state")          \
    X(NO_SUCH_MEMBER, "no-such-member", 404, false, "no such member")                              \
    X(NO_SUCH_PILOT, "no-such-pilot", 404, false, "it has no end date")                            \
    X(IN_THE_FILE, "in-the-file", 409, false, "this stands in the configuration file")             \
    X(NO_SUCH_LETTER, "no-such-letter", 404, false, "no such dead letter")                         \
    X(PROPOSALS, "proposals", 409, false, "more proposals than may wait")                          \
    X(NOT_FROZEN, "not-frozen", 404, false, "this boundary is not frozen")                         \
    X(FREEZES, "freezes", 409, false, "too many boundaries are frozen")                            \
    X(NOT_KNOWN, "not-known", 404, false, "nothing is known of it")                                \
    X(NOT_KEPT, "not-kept", 409, false, "it is not kept any more")                                 \
    X(UNREADABLE, "unreadable", 503, true, "what Redis holds of it can't be read")                 \
    X(ORDERED, "ordered", 409, false, "this was ordered before, and is still to be carried out")   \
    /* outgoing and inner */                                                                       \
    X(CONNECT, "connect", 0, true, "no connection")                                                \
    X(RESOLVE, "resolve", 0, true, "the name does not resolve")                                    \
    X(TLS, "tls", 0, true, "TLS failed")                                                           \
    X(CERTIFICATE, "certificate", 0, true, "its certificate is not good")                          \
    X(NO_ROUTE, "no-route", 0, true, "there is no way from here to its network")                   \
    X(ADDRESS, "address", 403, false, "the address is not allowed for this zone")                  \
    X(PROTOCOL, "protocol", 0, true, "the other side broke the protocol")                          \
    X(REDIS, "redis", 503, true, "Redis does not answer")                                          \
    X(REDIS_REPLY, "redis-reply", 503, true, "Redis answered with an error")                       \
    X(AGAIN, "again", 503, true, "the facts changed meanwhile")                                    \
    X(FENCED, "fenced", 0, false, "somebody else owns it now")                                     \
    X(FILE, "file", 0, false, "a file can't be read or written")                                   \
    X(CANCELLED, "cancelled", 0, false, "given up on our side")                                    \
    X(INTERNAL, "internal", 500, true, "an error of ours")

/* The `type` of a problem document (RFC 9457) is this and the code. */
#define ERR_PROBLEM_TYPE "urn:weir:problem:"

enum err {
#define X(name, code, status, later, title) ERR_##name,
    ERR_TABLE(X)
#undef X
        ERR_COUNT
};

/* The stable code: static text. */
const char *err_code(enum err e);
/* One sentence for people: static text. */
const char *err_title(enum err e);
/* The HTTP status that the inbox answers with; 0 where the error is never an answer. */
int err_status(enum err e);
/* Whether the same request can succeed later. */
bool err_later(enum err e);
/* The error with this code, or ERR_COUNT. */
enum err err_by_code(struct span code);
