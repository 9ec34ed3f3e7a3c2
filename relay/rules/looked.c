/* looked: gone, the same, moved or not known, by the answer to a fetch of the actor.
 * May not know: who asked, or what becomes of the member. */
#include "relay/rules/looked.h"

#include "relay/rules/keydoc.h"

const char *looked_name(enum looked looked)
{
    static const char *const names[] = {
#define X(name, text) [LOOKED_##name] = (text),
        LOOKED(X)
#undef X
    };
    return names[looked];
}

/* An answer, but no document of an actor. What else an answer may be (401, 403, 5xx, a redirect to
 * elsewhere) says nothing of the actor. */
static bool says_gone(const struct looked_at *at)
{
    if (at->err == ERR_KEY_FETCH)
        return at->status == 404 || at->status == 410;
    return at->err == ERR_MEDIA_TYPE && at->status == 200;
}

enum looked looked_actor(const struct looked_at *at, struct span actor, struct span inbox,
                         size_t most, struct span *ret_inbox)
{
    *ret_inbox = SPAN_NONE;
    if (at->err != ERR_OK)
        return says_gone(at) ? LOOKED_GONE : LOOKED_UNKNOWN;
    if (!at->document || !span_eq(json_text(json_get(at->document, "id")), actor))
        return LOOKED_GONE;
    struct span now = keydoc_inbox(at->document, actor);
    if (!now.n || now.n >= most || span_eq(now, inbox))
        return LOOKED_SAME;
    *ret_inbox = now;
    return LOOKED_MOVED;
}

enum looked looked_both(enum looked one, enum looked other)
{
    static const int weight[] = {
        [LOOKED_GONE] = 0, [LOOKED_SAME] = 1, [LOOKED_UNKNOWN] = 2, [LOOKED_MOVED] = 3};
    return weight[one] > weight[other] ? one : other;
}
