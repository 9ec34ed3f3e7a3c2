/* activity: JSON of a stranger to facts, and what may be said of them without knowing anybody.
 *
 * Nothing is kept: every span borrows from the tree. Where a field may have several shapes (text,
 * embedded object, list of one) they become one here, so that nobody behind this file has to know.
 * An embedded object is never believed: of it, only what can make us refuse is read.
 * May not know: who sent it, who may have it, or what was seen before. */
#include "relay/rules/activity.h"

#include "common/pure/date.h"
#include "common/pure/uri.h"

#define AS_NAMESPACE "https://www.w3.org/ns/activitystreams#"

/* What a type asks of its `object`. */
enum need {
    NEED_NOTHING, /* we do not act on it */
    NEED_ONE,     /* one, which may have no id of its own (an undone Follow, a featured Hashtag) */
    NEED_ID       /* one with an id */
};

static const struct kind {
    const char *name;
    bool carried;  /* PRODUCT 1.2 */
    bool own;      /* the object is the actor's, so its time stamp tells versions apart */
    bool carrying; /* is about an activity, whose type and object are worth knowing */
    enum need need;
} kinds[] = {
    [ACTIVITY_CREATE] = {"Create", .carried = true, .own = true, .need = NEED_ID},
    [ACTIVITY_UPDATE] = {"Update", .carried = true, .own = true, .need = NEED_ID},
    [ACTIVITY_DELETE] = {"Delete", .carried = true, .own = true, .need = NEED_ID},
    [ACTIVITY_UNDO] = {"Undo", .carried = true, .carrying = true, .need = NEED_ONE},
    [ACTIVITY_ANNOUNCE] = {"Announce", .carried = true, .carrying = true, .need = NEED_ID},
    [ACTIVITY_MOVE] = {"Move", .carried = true, .need = NEED_ID},
    [ACTIVITY_ADD] = {"Add", .carried = true, .need = NEED_ONE},
    [ACTIVITY_REMOVE] = {"Remove", .carried = true, .need = NEED_ONE},
    [ACTIVITY_LIKE] = {"Like", .carried = true, .need = NEED_ID},
    [ACTIVITY_DISLIKE] = {"Dislike", .carried = true, .need = NEED_ID},
    [ACTIVITY_FOLLOW] = {"Follow", .need = NEED_ID},
    [ACTIVITY_ACCEPT] = {"Accept", .carrying = true, .need = NEED_NOTHING},
    [ACTIVITY_REJECT] = {"Reject", .carrying = true, .need = NEED_NOTHING},
    [ACTIVITY_BLOCK] = {"Block", .need = NEED_NOTHING},
    [ACTIVITY_OTHER] = {"other", .need = NEED_NOTHING},
};

const char *activity_type_name(enum activity_type type)
{
    return kinds[type].name;
}

struct span activity_bare_type(struct span name)
{
    static const struct span prefixes[] = {{AS_NAMESPACE, sizeof(AS_NAMESPACE) - 1}, {"as:", 3}};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (span_starts(name, prefixes[i]))
            return (struct span){name.p + prefixes[i].n, name.n - prefixes[i].n};
    return name;
}

enum activity_type activity_type_by_name(struct span name)
{
    name = activity_bare_type(name);
    for (int type = 0; type < ACTIVITY_OTHER; type++)
        if (span_eq_str(name, kinds[type].name))
            return (enum activity_type)type;
    return ACTIVITY_OTHER;
}

bool activity_is_public(struct span text)
{
    return span_eq(text, SPAN(AS_NAMESPACE "Public")) || span_eq(text, SPAN("as:Public")) ||
           span_eq(text, SPAN("Public")) || span_eq(text, SPAN("as:public"));
}

/* --- shapes ---------------------------------------------------------------------------------- */

/* The value itself, or the only element of a list of one; NULL for nothing, or for several. */
static const struct json *only(const struct json *v)
{
    return json_len(v) == 1 ? json_at(v, 0) : NULL;
}

static bool is_said(const struct json *v)
{
    return json_kind(v) != JSON_ABSENT && json_kind(v) != JSON_NULL;
}

bool activity_is_typed(const struct json *v, const char *bare)
{
    const struct json *type = json_get(v, "type");
    size_t n = json_len(type);
    for (size_t i = 0; i < n; i++)
        if (span_eq_str(activity_bare_type(json_text(json_at(type, i))), bare))
            return true;
    return false;
}

const struct json *activity_inner(const struct json *level)
{
    return only(json_get(level, "object"));
}

bool activity_is_one(const struct json *embedded)
{
    const struct json *types = json_get(embedded, "type");
    bool known = false;
    for (size_t i = 0; i < json_len(types) && !known; i++)
        known = activity_type_by_name(json_text(json_at(types, i))) != ACTIVITY_OTHER;
    return known || is_said(json_get(embedded, "object"));
}

/* Text, or the id of an embedded object; absent for anything else. */
static struct span id_of(const struct json *v)
{
    return json_kind(v) == JSON_OBJECT ? json_text(json_get(v, "id")) : json_text(v);
}

static enum err check_url(struct span text, size_t max)
{
    struct uri uri;
    if (!text.p)
        return ERR_NOT_AN_ACTIVITY;
    return text.n > max ? ERR_URL : uri_read(text, &uri);
}

/* One name, or a list of names of which we know at most one; false on anything else: two types that
 * we know would be two activities in one. */
static bool read_type(const struct json *v, struct span *ret)
{
    size_t known = 0, n = json_len(v);
    struct span found = SPAN_NONE;
    *ret = SPAN_NONE;
    for (size_t i = 0; i < n; i++) {
        struct span name = json_text(json_at(v, i));
        if (!name.n || name.n > ACTIVITY_TYPE_MAX)
            return false;
        bool is_known = activity_type_by_name(name) != ACTIVITY_OTHER;
        if (!found.p || (is_known && !known))
            found = name;
        known += is_known;
    }
    if (!n || known > 1)
        return false;
    *ret = found;
    return true;
}

static bool same_origin(struct span text, const struct uri *as)
{
    struct uri uri;
    return uri_read(text, &uri) == ERR_OK && uri_same_origin(&uri, as);
}

/* How unlike the actor an author is: the same, of the same origin, a stranger. */
static int unlike(struct span author, struct span actor, const struct uri *actor_uri)
{
    if (!same_origin(author, actor_uri))
        return 2;
    return span_eq(author, actor) ? 0 : 1;
}

static enum err read_authors(const struct json *object, const struct uri *actor_uri,
                             struct activity *ret)
{
    static const char *const keys[] = {"attributedTo", "actor"};
    int worst = -1;
    for (size_t k = 0; k < 2; k++) {
        const struct json *list = json_get(object, keys[k]);
        size_t n = json_len(list);
        if (n > ACTIVITY_AUTHORS_MAX)
            return ERR_NOT_AN_ACTIVITY;
        for (size_t i = 0; i < n; i++) {
            struct span author = id_of(json_at(list, i));
            if (!author.p)
                return ERR_NOT_AN_ACTIVITY;
            int rank = unlike(author, ret->actor, actor_uri);
            if (rank > worst)
                ret->object_actor = author;
            worst = rank > worst ? rank : worst;
        }
    }
    return ERR_OK;
}

/* --- the object ------------------------------------------------------------------------------ */

static enum err read_embedded(const struct json *object, const struct uri *actor_uri,
                              struct activity *ret)
{
    const struct json *type = json_get(object, "type");
    if (is_said(type) && !read_type(type, &ret->object_type))
        return ERR_NOT_AN_ACTIVITY;
    /* What is undone without a type could be anything. */
    if (ret->type == ACTIVITY_UNDO && !ret->object_type.p)
        return ERR_NOT_AN_ACTIVITY;
    bool is_activity = activity_is_one(object);
    if (kinds[ret->type].carrying && (is_activity || ret->type != ACTIVITY_ANNOUNCE)) {
        ret->inner_type = ret->object_type;
        ret->inner_object = id_of(only(json_get(object, "object")));
    }
    ret->wraps = ret->type == ACTIVITY_ANNOUNCE && is_activity;
    return read_authors(object, actor_uri, ret);
}

static enum err read_object(const struct json *json, const struct uri *actor_uri, size_t id_max,
                            struct activity *ret)
{
    const struct json *object = only(json_get(json, "object"));
    enum need need = kinds[ret->type].need;
    bool embedded = json_kind(object) == JSON_OBJECT;
    ret->object = id_of(object);
    ret->object_public = ret->type == ACTIVITY_FOLLOW && activity_is_public(ret->object);
    ret->target = id_of(only(json_get(json, "target")));
    enum err e = embedded ? read_embedded(object, actor_uri, ret) : ERR_OK;
    if (need == NEED_NOTHING || ret->object_public)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    bool has_id_key = embedded && json_kind(json_get(object, "id")) != JSON_ABSENT;
    if (need == NEED_ONE && embedded && !has_id_key)
        return ERR_OK;
    return check_url(ret->object, id_max);
}

/* --- addressing, tags, time ------------------------------------------------------------------ */

static bool names(const struct json *list, struct span recipient)
{
    bool public = activity_is_public(recipient);
    size_t n = json_len(list);
    for (size_t i = 0; i < n; i++) {
        struct span named = id_of(json_at(list, i));
        if (public ? activity_is_public(named) : named.n && span_eq(named, recipient))
            return true;
    }
    return false;
}

static bool names_public(const struct json *list)
{
    return names(list, SPAN(AS_NAMESPACE "Public"));
}

/* What one level says of itself; false if it says nothing. */
static bool read_visibility(const struct json *level, enum activity_visibility *ret)
{
    const struct json *to = json_get(level, "to"), *cc = json_get(level, "cc");
    if (!is_said(to) && !is_said(cc))
        return false;
    *ret = names_public(to)   ? VISIBILITY_PUBLIC
           : names_public(cc) ? VISIBILITY_UNLISTED
                              : VISIBILITY_LIMITED;
    return true;
}

static size_t count_recipients(const struct json *level)
{
    static const char *const keys[] = {"to", "cc", "bto", "bcc", "audience"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        n += json_len(json_get(level, keys[i]));
    return n;
}

static bool add_tag(struct activity *ret, struct span name)
{
    if (name.n && name.p[0] == '#')
        name = (struct span){name.p + 1, name.n - 1};
    if (!name.n)
        return true;
    for (size_t i = 0; i < ret->tags_n; i++)
        if (span_eq(ret->tags[i], name))
            return true;
    if (ret->tags_n == ACTIVITY_TAGS_MAX)
        return false;
    ret->tags[ret->tags_n++] = name;
    return true;
}

static enum err read_tags(const struct json *level, struct activity *ret)
{
    const struct json *tags = json_get(level, "tag");
    size_t n = json_len(tags);
    for (size_t i = 0; i < n; i++) {
        const struct json *tag = json_at(tags, i);
        if (activity_is_typed(tag, "Hashtag") && !add_tag(ret, json_text(json_get(tag, "name"))))
            return ERR_TAGS;
    }
    return ERR_OK;
}

/* The activity, what it embeds, and what that embeds: the whole has the narrowest audience that
 * any part of it asks for. */
static enum err read_levels(const struct json *json, size_t recipients_max, struct activity *ret)
{
    size_t recipients = 0;
    bool said = false;
    ret->visibility = VISIBILITY_PUBLIC;
    for (const struct json *level = json; json_kind(level) == JSON_OBJECT;
         level = activity_inner(level)) {
        recipients += count_recipients(level);
        if (recipients > recipients_max)
            return ERR_RECIPIENTS;
        enum activity_visibility its;
        if (read_visibility(level, &its)) {
            said = true;
            ret->visibility = its > ret->visibility ? its : ret->visibility;
        }
        enum err e = read_tags(level, ret);
        if (e != ERR_OK)
            return e;
    }
    if (!said)
        ret->visibility = VISIBILITY_LIMITED;
    ret->hidden_recipients =
        json_has_key_anywhere(json, "bto") || json_has_key_anywhere(json, "bcc");
    return ERR_OK;
}

static int64_t stamp_of(const struct json *v)
{
    int64_t ms;
    if (date_iso_read(json_text(json_get(v, "updated")), &ms) && ms > 0)
        return ms;
    return date_iso_read(json_text(json_get(v, "published")), &ms) && ms > 0 ? ms : 0;
}

static bool has_proof(const struct json *json)
{
    const struct json *proof = json_get(json, "proof");
    return span_eq(json_text(json_get(json_get(json, "signature"), "type")),
                   SPAN("RsaSignature2017")) ||
           json_kind(only(proof)) == JSON_OBJECT || json_len(proof) > 1;
}

enum err activity_read(const struct json *json, const struct activity_limits *limits,
                       struct activity *ret)
{
    struct uri actor;
    *ret = (struct activity){.json = json, .type = ACTIVITY_OTHER};
    if (json_kind(json) != JSON_OBJECT || !read_type(json_get(json, "type"), &ret->type_name))
        return ERR_NOT_AN_ACTIVITY;
    if (json_has_key_anywhere(json, "@graph") || json_has_key_anywhere(json, "@included") ||
        json_has_key_anywhere(json, "@reverse"))
        return ERR_GRAPH;
    ret->type = activity_type_by_name(ret->type_name);
    ret->id = json_text(json_get(json, "id"));
    ret->actor = id_of(only(json_get(json, "actor")));
    enum err e = check_url(ret->id, limits->id_max);
    if (e == ERR_OK)
        e = check_url(ret->actor, limits->id_max);
    if (e == ERR_OK)
        e = uri_read(ret->actor, &actor);
    if (e == ERR_OK)
        e = read_object(json, &actor, limits->id_max, ret);
    if (e == ERR_OK)
        e = read_levels(json, limits->recipients_max, ret);
    ret->has_proof = has_proof(json);
    if (kinds[ret->type].own)
        ret->stamp_ms = stamp_of(only(json_get(json, "object")));
    if (!ret->stamp_ms)
        ret->stamp_ms = stamp_of(json);
    return e;
}

/* --- what was announced to followers --------------------------------------------------------- */

bool activity_names(const struct activity *activity, struct span recipient)
{
    return names(json_get(activity->json, "to"), recipient) ||
           names(json_get(activity->json, "cc"), recipient);
}

bool activity_to_followers(const struct activity *activity, struct span followers)
{
    struct bytes own;
    bytes_init(&own, 2 * ACTIVITY_ID_MAX);
    bytes_add(&own, activity->actor);
    bytes_add_str(&own, "/followers");
    bool to = activity_names(activity, followers.n ? followers : bytes_span(&own));
    bytes_fini(&own);
    return to && activity->type == ACTIVITY_ANNOUNCE && activity_announced(activity).p &&
           !names_public(json_get(activity->json, "to"));
}

enum err activity_take_object(struct activity *activity, const struct json *object,
                              const struct activity_limits *limits)
{
    struct activity *a = activity;
    struct uri uri;
    struct span id = json_text(json_get(object, "id"));
    if (json_kind(object) != JSON_OBJECT || uri_read(id, &uri) != ERR_OK ||
        !span_eq(id, activity_announced(a)) ||
        !read_type(json_get(object, "type"), &a->object_type))
        return ERR_OBJECT_DOCUMENT;
    if (span_eq(activity_bare_type(a->object_type), SPAN("Tombstone")))
        return ERR_OBJECT_GONE;
    if (activity_type_by_name(a->object_type) != ACTIVITY_OTHER ||
        is_said(json_get(object, "object")) || json_has_key_anywhere(object, "@graph") ||
        json_has_key_anywhere(object, "@included") || json_has_key_anywhere(object, "@reverse"))
        return ERR_OBJECT_DOCUMENT;
    a->object_actor = SPAN_NONE;
    if (read_authors(object, &uri, a) != ERR_OK)
        return ERR_OBJECT_DOCUMENT;
    if (a->object_actor.p && !same_origin(a->object_actor, &uri))
        return ERR_ORIGIN;
    bool hidden = a->hidden_recipients;
    a->fetched = object;
    a->has_proof = false;
    a->tags_n = 0;
    enum err e = read_levels(object, limits->recipients_max, a);
    a->hidden_recipients = a->hidden_recipients || hidden;
    return e;
}

/* --- what may be said of the facts ----------------------------------------------------------- */

enum err activity_origin_check(const struct activity *activity, struct span key_owner)
{
    struct uri actor;
    if (!span_eq(activity->actor, key_owner))
        return ERR_ACTOR_NOT_SIGNER;
    if (uri_read(activity->actor, &actor) != ERR_OK || !same_origin(activity->id, &actor))
        return ERR_ORIGIN;
    bool ok = true;
    switch (activity->type) {
    case ACTIVITY_CREATE:
    case ACTIVITY_UPDATE:
        ok = same_origin(activity->object, &actor) &&
             (!activity->object_actor.p || same_origin(activity->object_actor, &actor));
        break;
    case ACTIVITY_DELETE:
    case ACTIVITY_MOVE: ok = same_origin(activity->object, &actor); break;
    case ACTIVITY_UNDO:
        ok = (!activity->object.p || same_origin(activity->object, &actor)) &&
             (!activity->object_actor.p || span_eq(activity->object_actor, activity->actor));
        break;
    case ACTIVITY_ADD:
    case ACTIVITY_REMOVE: ok = !activity->target.p || same_origin(activity->target, &actor); break;
    case ACTIVITY_ANNOUNCE:
    case ACTIVITY_LIKE:
    case ACTIVITY_DISLIKE:
    case ACTIVITY_FOLLOW:
    case ACTIVITY_ACCEPT:
    case ACTIVITY_REJECT:
    case ACTIVITY_BLOCK:
    case ACTIVITY_OTHER: break;
    }
    return ok ? ERR_OK : ERR_ORIGIN;
}

enum err activity_relayable(const struct activity *activity, bool unlisted)
{
    if (!kinds[activity->type].carried)
        return ERR_NOT_RELAYED;
    if (activity->hidden_recipients)
        return ERR_NOT_PUBLIC;
    if (activity->type == ACTIVITY_DELETE)
        return ERR_OK;
    if (activity->type == ACTIVITY_UNDO) {
        bool unsaid = !activity->inner_type.p;
        return unsaid || kinds[activity_type_by_name(activity->inner_type)].carried
                   ? ERR_OK
                   : ERR_NOT_RELAYED;
    }
    if (activity->visibility == VISIBILITY_PUBLIC ||
        (unlisted && activity->visibility == VISIBILITY_UNLISTED))
        return ERR_OK;
    return ERR_NOT_PUBLIC;
}

bool activity_only_inside(const struct activity *activity)
{
    enum activity_type type = activity->type == ACTIVITY_UNDO
                                  ? activity_type_by_name(activity->inner_type)
                                  : activity->type;
    return type == ACTIVITY_LIKE || type == ACTIVITY_DISLIKE;
}

struct span activity_announced(const struct activity *activity)
{
    if (activity->type == ACTIVITY_CREATE)
        return activity->object;
    if (activity->type != ACTIVITY_ANNOUNCE)
        return SPAN_NONE;
    if (!activity->wraps)
        return activity->object;
    bool create = activity_type_by_name(activity->inner_type) == ACTIVITY_CREATE;
    return create && check_url(activity->inner_object, ACTIVITY_ID_MAX) == ERR_OK
               ? activity->inner_object
               : SPAN_NONE;
}
