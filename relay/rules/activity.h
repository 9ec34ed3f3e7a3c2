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

enum {
    ACTIVITY_TAGS_MAX =
        256, /* more are refused: an unseen tag could be the one that a rule denies */
    ACTIVITY_AUTHORS_MAX = 16,
    ACTIVITY_TYPE_MAX = 255,
    ACTIVITY_ID_MAX = 2048
};

struct activity {
    const struct json *json;    /* what all of this was read from */
    const struct json *fetched; /* activity_take_object(); NULL before */
    enum activity_type type;
    struct span type_name;   /* as received; of a list, the one that is known */
    struct span id, actor;   /* always there */
    struct span object;      /* id of the object, or of what is undone; absent if it has none */
    struct span object_type; /* of an embedded object; absent otherwise */
    /* attributedTo or actor of an embedded object; absent otherwise. Of several, the one that is
     * least like the activity's actor: whoever checks this one has checked them all. */
    struct span object_actor;
    struct span inner_type;   /* Undo, Accept, Reject, and Announce of an activity: its type */
    struct span inner_object; /* the same: the id of the object of what is embedded */
    bool wraps;               /* Announce of an activity, not of an object */
    struct span target;       /* Add, Remove, Move: id of the target; absent if it has none */
    bool object_public;       /* the object is the public collection, in any spelling (Follow) */
    /* The most restrictive of what the activity and what it embeds say of themselves; limited
     * where none names any recipient. */
    enum activity_visibility visibility;
    bool hidden_recipients; /* bto or bcc anywhere */
    bool has_proof; /* `signature` of type RsaSignature2017, or `proof`: a shape, never trust */
    /* Hashtag names of the activity and of what it embeds, each once, as received, without # */
    struct span tags[ACTIVITY_TAGS_MAX];
    size_t tags_n;
    /* updated, else published, of the object where the actor answers for it (Create, Update,
     * Delete), else of the activity; 0: none */
    int64_t stamp_ms;
};

struct activity_limits {
    size_t id_max;
    size_t recipients_max;
};

/* Reads the facts; the spans in ret live as long as the tree. ERR_NOT_AN_ACTIVITY (type, id or
 * actor missing or malformed, two actors; an object that its type needs is missing, or there are
 * two), ERR_URL (id, actor or object no acceptable URL), ERR_GRAPH, ERR_RECIPIENTS, ERR_TAGS.
 * `actor` may be text or an embedded object; a list of one is what it holds; a type may carry the
 * prefix `as:` or the whole namespace. What it embeds is read along `object` as deep as it goes. */
enum err activity_read(const struct json *json, const struct activity_limits *limits,
                       struct activity *ret);

/* Whether `to` or `cc` of the activity itself names this recipient; the public collection in any
 * spelling. */
bool activity_names(const struct activity *activity, struct span recipient);
/* Whether it is an Announce by id to the actor's followers, and not to the public collection in
 * `to`: the way of relays that people follow on Pleroma's kind of servers (PROTOCOL 8.2). Of it
 * alone nothing is known; its object has to be fetched (DESIGN 7, law 3). followers: URL of the
 * collection; empty: `ACTOR/followers`. */
bool activity_to_followers(const struct activity *activity, struct span followers);
/* The document of what an Announce announces, as it was fetched from its own id: from now on its
 * type, tags and addressing are the activity's, whatever that itself said of them, and what the
 * activity carries as a proof of its own counts for nothing (it was made for followers only). Both
 * trees have to live on. ERR_OBJECT_DOCUMENT (no object with this id, or an activity),
 * ERR_OBJECT_GONE (a Tombstone), ERR_ORIGIN (its author is of another origin), ERR_RECIPIENTS,
 * ERR_TAGS. Whether it is public is for activity_relayable() to say. */
enum err activity_take_object(struct activity *activity, const struct json *object,
                              const struct activity_limits *limits);

/* DESIGN 7, law 1; PROTOCOL 3.2, 5 to 7: the signer is the actor (whole ids, byte for byte), and
 * the id is of the actor's origin. Create and Update: object and its author are of that origin;
 * Delete, Move: the object is; Undo: what is undone is the actor's own; Add, Remove: the target is
 * of that origin; Announce, Like: any object. key_owner: the actor id that the key belongs to.
 * ERR_OK, ERR_ACTOR_NOT_SIGNER, ERR_ORIGIN. */
enum err activity_origin_check(const struct activity *activity, struct span key_owner);

/* Whether it is relayed at all: a type that is carried (PRODUCT 1.2), addressed to the public
 * collection (in `to`; in `cc` only if unlisted says so), without hidden recipients. A Delete and
 * an Undo are judged by what is known of their object, so their addressing is not asked; an Undo
 * passes if what it undoes is carried, or is not said. ERR_OK, ERR_NOT_RELAYED, ERR_NOT_PUBLIC. */
enum err activity_relayable(const struct activity *activity, bool unlisted);
/* Whether it is carried inside its own zone only (PRODUCT 1.2): Like, Dislike, and their Undo. */
bool activity_only_inside(const struct activity *activity);

/* The id that an Announce of ours would name: the canonical id of the object, never of an activity
 * (PROTOCOL 8.2, 4). Of a Create or a plain Announce, its object; of an Announce that wraps a
 * Create, that Create's object; absent of everything else. */
struct span activity_announced(const struct activity *activity);

/* Whether the text is the public collection: the full URI, `as:Public` or `Public`; also
 * `as:public`, which some clients write (PROTOCOL 8.1). */
bool activity_is_public(struct span text);
/* The name of a type without `as:` or the namespace; borrowed. */
struct span activity_bare_type(struct span name);
/* Whether a type of v, or its only one, has this bare name. */
bool activity_is_typed(const struct json *v, const char *bare);
/* The embedded object or id that a level of an activity is about: `object`, or the only one of a
 * list; NULL for none, or for several. */
const struct json *activity_inner(const struct json *level);
/* Whether what is embedded is an activity: of a type of ours, or (also of a type that we do not
 * know) with an object of its own. */
bool activity_is_one(const struct json *embedded);
/* By name, with or without `as:` or the namespace; ACTIVITY_OTHER if it is none of ours. */
enum activity_type activity_type_by_name(struct span name);
const char *activity_type_name(enum activity_type type); /* `Create`; `other` for OTHER */
