/* documents: every JSON document that Weir itself writes, and the page for browsers. Pure: the same
 * arguments give the same bytes. */
#pragma once

#include "common/pure/bytes.h"

/* Who takes our activities takes at least this much: Misskey's limit is 64 KiB (PROTOCOL 3.2). A
 * buffer born with it is `over` where an embedded Follow is too large; document_answer_by_id()
 * always fits. */
enum { DOCUMENT_ACTIVITY_MAX = 64 * 1024 - 1 };

/* Who we are: built once from configuration and keys. All borrowed. */
struct identity {
    struct span url;        /* `https://relay.example`, without a slash at the end */
    struct span authority;  /* `relay.example` */
    struct span name;       /* for people */
    struct span public_pem; /* RSA, SPKI */
    struct span multibase;  /* Ed25519, `z6Mk...` */
    struct span version;
    int64_t published_ms; /* when the keys were made */
};

/* PROTOCOL 4.1 to 4.3. Ids: URL/actor, URL/actor#main-key, URL/actor#ed25519-key, URL/inbox ... */
void document_actor(const struct identity *id, struct bytes *out);
/* name: `outbox`, `followers` or `following`: an OrderedCollection with a total and nothing else.
 */
void document_collection(const struct identity *id, const char *name, int64_t total,
                         struct bytes *out);
/* resource: decoded. Answered: acct:relay@AUTHORITY, acct:AUTHORITY@AUTHORITY (both without regard
 * to case), URL/actor, and URL or URL/ for the server itself (FEP-d556). False if it is not ours
 * (404), and then nothing is written. */
bool document_webfinger(const struct identity *id, struct span resource, struct bytes *out);
void document_host_meta(const struct identity *id, struct bytes *out);
void document_nodeinfo_links(const struct identity *id, struct bytes *out);
/* minor: 0 or 1. members: below 0, it is not told. */
void document_nodeinfo(const struct identity *id, int minor, int64_t members, struct bytes *out);
/* What this relay is and how to join it, by software; HTML without anything from elsewhere, and
 * without a script. members: below 0, it is not told. */
#define DOCUMENT_PAGE_STYLE                                                                        \
    "sha256-jqnKFkmqfo/HmpEoHEDVMPCa61XeE0jFoVuMWOJp7z0=" /* of its style element, for the CSP */
void document_page(const struct identity *id, int64_t members, struct bytes *out);

/* Activities of the relay actor: URL/activities/announce-HASH, follow-HASH, undo-HASH, accept-HASH,
 * reject-HASH.
 * hash: 32 hex digits that the id is made of, so that a repeat has the same id (DESIGN 7, law 4).
 * An Undo carries the hash of the Announce that it takes back. */
void document_announce(const struct identity *id, const char *hash, struct span object,
                       int64_t published_ms, struct bytes *out);
void document_undo_announce(const struct identity *id, const char *hash, struct span object,
                            int64_t published_ms, struct bytes *out);
/* follow: the Follow as received, embedded byte for byte; to: its actor. accept false: a Reject. */
void document_answer(const struct identity *id, bool accept, const char *hash, struct span follow,
                     struct span to, struct bytes *out);
/* The same where only the Follow's id is known, or it is too large to embed: a Follow with id and
 * actor, embedded because some servers (Misskey) read both. ours: of our actor, not of the public
 * collection. */
void document_answer_by_id(const struct identity *id, bool accept, const char *hash,
                           struct span follow_id, struct span actor, bool ours, struct bytes *out);
/* Our Follow back of an actor (PROTOCOL 8.2), and the Undo of it, which carries its hash. */
void document_follow(const struct identity *id, const char *hash, struct span actor,
                     struct bytes *out);
void document_undo_follow(const struct identity *id, const char *hash, struct span actor,
                          struct bytes *out);
/* Whether this is the id of our Follow with that hash. */
bool document_is_follow(const struct identity *id, const char *hash, struct span text);
/* Whether this is the id of our actor. */
bool document_is_actor(const struct identity *id, struct span text);

/* RFC 9457 problem document; type `urn:weir:problem:CODE`. detail: what is to be said of this case,
 * or absent. */
void document_problem(int status, const char *code, const char *title, struct span detail,
                      struct bytes *out);
