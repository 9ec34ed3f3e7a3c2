/* activity: JSON of a stranger to facts. Pure; borrows from the JSON tree. */
#pragma once

#include "common/pure/err.h"
#include "common/pure/json.h"

enum activity_type {
    ACTIVITY_CREATE,
    ACTIVITY_UPDATE,
    ACTIVITY_DELETE,
    ACTIVITY_UNDO,
    ACTIVITY_ANNOUNCE,
    ACTIVITY_MOVE,
    ACTIVITY_ADD,
    ACTIVITY_REMOVE,
    ACTIVITY_LIKE,
    ACTIVITY_DISLIKE,
    ACTIVITY_FOLLOW,
    ACTIVITY_ACCEPT,
    ACTIVITY_REJECT,
    ACTIVITY_BLOCK,
    ACTIVITY_OTHER
};

enum activity_visibility { VISIBILITY_PUBLIC, VISIBILITY_UNLISTED, VISIBILITY_LIMITED };

enum { ACTIVITY_TAGS_MAX = 64, ACTIVITY_ID_MAX = 2048 };

struct activity {
    enum activity_type type;
    struct span type_name;    /* as received */
    struct span id, actor;    /* always there */
    struct span object;       /* id of the object, or of what is undone; absent if it has none */
    struct span object_type;  /* of an embedded object; absent otherwise */
    struct span object_actor; /* attributedTo or actor of an embedded object; absent otherwise */
    struct span inner_type;   /* Undo, Accept, Reject: type of what is embedded */
    struct span
        inner_object;   /* Undo: the object of what is undone (of an embedded Follow, Announce) */
    bool object_public; /* the object is the public collection, in any spelling (Follow) */
    enum activity_visibility visibility;
    bool hidden_recipients; /* bto or bcc anywhere */
    bool has_proof; /* `signature` of type RsaSignature2017, or `proof`: a shape, never trust */
    struct span
        tags[ACTIVITY_TAGS_MAX]; /* Hashtag names of activity and object, as received, without # */
    size_t tags_n;
    int64_t stamp_ms; /* updated, else published, of the object (else of the activity); 0: none */
};

struct activity_limits {
    size_t id_max;
    size_t recipients_max;
};

/* Reads the facts. ERR_NOT_AN_ACTIVITY (type, id or actor missing or malformed, two actors),
 * ERR_URL (id or actor no acceptable URL), ERR_GRAPH, ERR_RECIPIENTS. `actor` may be text or an
 * embedded object. */
enum err activity_read(const struct json *json, const struct activity_limits *limits,
                       struct activity *ret);

/* DESIGN 7, law 1: ids, actor and object are of one origin, and the signer is the actor. Compares
 * whole ids for the actor, origins for the rest. Create and Update: object id and its author are of
 * the actor's origin; Delete: the object is; Undo: what is undone is the actor's. Announce: any
 * object. key_owner: the actor id that the key belongs to. ERR_OK, ERR_ACTOR_NOT_SIGNER,
 * ERR_ORIGIN. */
enum err activity_origin_check(const struct activity *activity, struct span key_owner);

/* Whether it is relayed at all: a type that is carried (PRODUCT 1.2), addressed to the public
 * collection (in `to`; in `cc` only if unlisted says so), without hidden recipients. A Delete and
 * an Undo are judged by what is known of their object, so they pass here. ERR_OK, ERR_NOT_RELAYED,
 * ERR_NOT_PUBLIC. */
enum err activity_relayable(const struct activity *activity, bool unlisted);

/* Whether the text is the public collection: the full URI, `as:Public` or `Public`. */
bool activity_is_public(struct span text);
const char *activity_type_name(enum activity_type type); /* `Create`; `other` for OTHER */
