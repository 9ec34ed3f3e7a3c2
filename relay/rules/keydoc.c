/* keydoc: the actor document behind a keyId.
 * May not know: how it was fetched, or what the key can do. */
#include "relay/rules/keydoc.h"

#include "common/pure/uri.h"
#include "relay/rules/consent.h"

static struct span without_fragment(struct span url)
{
    ptrdiff_t at = span_find(url, '#');
    return at < 0 ? url : (struct span){url.p, (size_t)at};
}

static bool same_origin(struct span a, struct span b)
{
    struct uri x;
    struct uri y;
    return uri_read(a, &x) == ERR_OK && uri_read(b, &y) == ERR_OK && uri_same_origin(&x, &y);
}

/* The key of the actor that keyId names: by its id; or, where keyId has no fragment, the only one.
 */
static const struct json *key_named(const struct json *actor, struct span key_id)
{
    const struct json *keys = json_get(actor, "publicKey");
    for (size_t i = 0; i < json_len(keys) && i < 16; i++)
        if (span_eq(json_text(json_get(json_at(keys, i), "id")), key_id))
            return json_at(keys, i);
    if (span_find(key_id, '#') < 0 && json_len(keys) == 1)
        return json_at(keys, 0);
    return NULL;
}

struct span keydoc_inbox(const struct json *actor, struct span id)
{
    struct span shared = json_text(json_get(json_get(actor, "endpoints"), "sharedInbox"));
    struct span own = json_text(json_get(actor, "inbox"));
    if (shared.n && same_origin(shared, id))
        return shared;
    return own.n && same_origin(own, id) ? own : SPAN_NONE;
}

static struct span followers_of(const struct json *actor, struct span id)
{
    struct span followers = json_text(json_get(actor, "followers"));
    return followers.n && same_origin(followers, id) ? followers : SPAN_NONE;
}

/* Of a list of types, any. */
static bool is_machine(const struct json *actor)
{
    static const char *const names[] = {"Application",
                                        "Service",
                                        "as:Application",
                                        "as:Service",
                                        "https://www.w3.org/ns/activitystreams#Application",
                                        "https://www.w3.org/ns/activitystreams#Service"};
    const struct json *types = json_get(actor, "type");
    for (size_t i = 0; i < json_len(types) && i < 16; i++)
        for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
            if (span_eq_str(json_text(json_at(types, i)), names[k]))
                return true;
    return false;
}

enum err keydoc_read(const struct json *json, struct span key_id, struct span url,
                     struct keydoc *ret)
{
    struct span id = json_text(json_get(json, "id"));
    *ret = (struct keydoc){0};
    if (json_kind(json) != JSON_OBJECT || !id.n || !same_origin(url, key_id))
        return ERR_KEY_DOCUMENT;
    if (span_eq(id, url)) {
        const struct json *key = key_named(json, key_id);
        ret->owner = json_text(json_get(key, "owner"));
        ret->pem = json_text(json_get(key, "publicKeyPem"));
        ret->inbox = keydoc_inbox(json, id);
        ret->followers = followers_of(json, id);
        ret->machine = is_machine(json);
        ret->indexable = json_flag(json_get(json, "indexable"), false);
        ret->refuses = consent_bio_refuses(json);
        if (ret->pem.n && span_eq(ret->owner, id))
            return ERR_OK;
        if (json_kind(json_get(json, "publicKey")) != JSON_ABSENT)
            return ERR_KEY_DOCUMENT;
    }
    /* A bare key, or a stub: the one that it names must say so itself. */
    ret->next = json_text(json_get(json, "owner"));
    if (!ret->next.n)
        ret->next = json_text(json_get(json_get(json, "publicKey"), "owner"));
    if (!ret->next.n)
        ret->next = id;
    ret->next = without_fragment(ret->next);
    if (span_eq(ret->next, url) || !same_origin(ret->next, key_id))
        return ERR_KEY_DOCUMENT;
    return ERR_AGAIN;
}
