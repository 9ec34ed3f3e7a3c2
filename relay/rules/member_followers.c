/* member_followers: the actors of a host that follow, where their mail goes, and our Follow back.
 *
 * An inbox is used by as many followers as name it, and gets each entry once. May not know: what a
 * Follow means in which state (member.c does), or how ids are written. */
#include <string.h>

#include "relay/rules/member_inner.h"

static const char *const style_names[] = {
#define X(name, text) [STYLE_##name] = (text),
    MEMBER_STYLES(X)
#undef X
};

static const char *const back_names[] = {
#define X(name, text) [BACK_##name] = (text),
    MEMBER_BACKS(X)
#undef X
};

const char *member_style_name(enum member_style style)
{
    return style_names[style];
}

const char *member_back_name(enum member_back back)
{
    return back_names[back];
}

/* --- finding --------------------------------------------------------------------------------- */

const struct member_follower *member_follower(const struct member *member, struct span actor,
                                              enum member_style style)
{
    for (size_t i = 0; i < member->followers_n; i++)
        if (member->followers[i].style == style && span_eq_str(actor, member->followers[i].actor))
            return &member->followers[i];
    return NULL;
}

const struct member_follower *member_follower_by_id(const struct member *member, struct span follow)
{
    for (size_t i = 0; follow.n && i < member->followers_n; i++)
        if (span_eq_str(follow, member->followers[i].follow))
            return &member->followers[i];
    return NULL;
}

void member_bring(struct member *with, const struct member_follower *follower, struct span inbox)
{
    with->followers_n = 1;
    with->followers[0] = *follower;
    with->followers[0].inbox = 0;
    span_copy(inbox, with->inboxes[0].url, sizeof(with->inboxes[0].url));
}

int followers_meant(const struct member *m, const struct member *with)
{
    const struct member_follower *w = &with->followers[0];
    struct span actor = span_of(w->actor);
    const struct member_follower *f = member_follower_by_id(m, span_of(w->follow));
    if (f && !span_eq_str(actor, f->actor))
        return -1;
    if (!f)
        f = member_follower(m, actor, w->style);
    for (int style = 0; !f && style < STYLE_COUNT; style++)
        f = member_follower(m, actor, (enum member_style)style);
    return f ? (int)(f - m->followers) : -1;
}

/* --- inboxes --------------------------------------------------------------------------------- */

static size_t users_of(const struct member *m, unsigned slot)
{
    size_t n = 0;
    for (size_t i = 0; i < m->followers_n; i++)
        n += m->followers[i].inbox == slot;
    return n;
}

/* Frees what nobody names any more, which is remembered, and says which style the rest has. */
static void settle_inboxes(struct member *m, uint64_t n)
{
    for (unsigned slot = 0; slot < MEMBER_INBOXES_MAX; slot++) {
        struct member_inbox *inbox = &m->inboxes[slot];
        if (users_of(m, slot))
            inbox->style = STYLE_LITEPUB;
        else if (inbox->url[0])
            *inbox = (struct member_inbox){.style = STYLE_PUBLIC, .from = n};
    }
    for (size_t i = 0; i < m->followers_n; i++)
        if (m->followers[i].style == STYLE_PUBLIC)
            m->inboxes[m->followers[i].inbox].style = STYLE_PUBLIC;
}

/* The slot with this URL, or a free one; MEMBER_INBOXES_MAX if there is neither. url empty: a free
 * one. */
static unsigned slot_with(const struct member *m, const char *url)
{
    unsigned slot = 0;
    while (slot < MEMBER_INBOXES_MAX && strcmp(m->inboxes[slot].url, url) != 0)
        slot++;
    return slot;
}

/* Where mail for this URL goes. keep: the slot that the follower has already (MEMBER_INBOXES_MAX:
 * none): if nobody else uses it, it moves there with whatever is still owed. */
static unsigned take_slot(struct member *m, const char *url, unsigned keep, uint64_t n)
{
    unsigned slot = slot_with(m, url);
    if (slot < MEMBER_INBOXES_MAX)
        return slot;
    slot = keep;
    if (keep == MEMBER_INBOXES_MAX || users_of(m, keep) > 1) {
        slot = slot_with(m, "");
        if (slot == MEMBER_INBOXES_MAX)
            return slot;
        m->inboxes[slot].from = n;
    }
    span_copy(span_of(url), m->inboxes[slot].url, sizeof(m->inboxes[slot].url));
    return slot;
}

/* --- coming and going ------------------------------------------------------------------------ */

enum err followers_take(struct member *m, const struct member *with, uint64_t n, size_t *ret_i)
{
    const struct member_follower *w = &with->followers[0];
    const struct member_follower *known = member_follower(m, span_of(w->actor), w->style);
    size_t i = known ? (size_t)(known - m->followers) : m->followers_n;
    if (i == MEMBER_FOLLOWERS_MAX)
        return ERR_FOLLOWERS;
    unsigned slot =
        take_slot(m, with->inboxes[0].url, known ? known->inbox : MEMBER_INBOXES_MAX, n);
    if (slot == MEMBER_INBOXES_MAX)
        return ERR_FOLLOWERS;
    struct member_follower *f = &m->followers[i];
    if (!known) {
        *f = (struct member_follower){.style = w->style};
        span_copy(span_of(w->actor), f->actor, sizeof(f->actor));
        m->followers_n++;
    } else if (strcmp(f->follow, w->follow) != 0) {
        f->back = BACK_NONE; /* it begins anew, and so do we */
    }
    span_copy(span_of(w->follow), f->follow, sizeof(f->follow));
    f->machine = w->machine;
    f->inbox = slot;
    settle_inboxes(m, n);
    *ret_i = i;
    return ERR_OK;
}

bool followers_move(struct member *m, const struct member *with, uint64_t n)
{
    const char *now = with->inboxes[1].url;
    unsigned from = slot_with(m, with->inboxes[0].url);
    unsigned to = slot_with(m, now);
    if (!with->inboxes[0].url[0] || !now[0] || from == MEMBER_INBOXES_MAX || from == to)
        return false;
    if (to == MEMBER_INBOXES_MAX) {
        span_copy(span_of(now), m->inboxes[from].url, sizeof(m->inboxes[from].url));
        return true;
    }
    for (size_t i = 0; i < m->followers_n; i++)
        if (m->followers[i].inbox == from)
            m->followers[i].inbox = to;
    settle_inboxes(m, n);
    return true;
}

void followers_drop(struct member *m, size_t i, uint64_t n)
{
    m->followers_n--;
    memmove(&m->followers[i], &m->followers[i + 1], (m->followers_n - i) * sizeof(m->followers[0]));
    settle_inboxes(m, n);
}

void followers_clear(struct member *m, uint64_t n)
{
    m->followers_n = 0;
    settle_inboxes(m, n);
}

/* --- what they are told ---------------------------------------------------------------------- */

bool followers_answered(struct member *m, const struct member *with, enum member_back back)
{
    const struct member_follower *w = &with->followers[0];
    const struct member_follower *f = member_follower(m, span_of(w->actor), w->style);
    if (!f || f->back == BACK_NONE || f->back == back || f->asked != w->asked)
        return false;
    m->followers[f - m->followers].back = back;
    return true;
}

/* A repeated Follow of ours has the same id; one that was answered is not repeated. */
static bool asks_back(struct member_follower *f, uint64_t ver)
{
    if (f->style != STYLE_LITEPUB || !f->machine || f->back > BACK_ASKED)
        return false;
    if (f->back == BACK_NONE)
        f->asked = ver;
    f->back = BACK_ASKED;
    return true;
}

void followers_accept(struct member_change *change, int who)
{
    struct member *m = &change->after;
    for (size_t i = 0; i < m->followers_n; i++) {
        struct member_follower *f = &m->followers[i];
        if (f->accepted && (int)i != who)
            continue;
        f->accepted = true;
        change->wires[i] |= WIRE_ACCEPT;
        if (asks_back(f, m->ver))
            change->wires[i] |= WIRE_FOLLOW;
    }
}

unsigned follower_farewell(struct member_follower *f)
{
    bool out = f->back == BACK_ASKED || f->back == BACK_ACCEPTED;
    f->back = BACK_NONE;
    return out ? WIRE_UNDO : 0;
}

void followers_reject(struct member_change *change)
{
    struct member *m = &change->after;
    for (size_t i = 0; i < m->followers_n; i++)
        change->wires[i] |= WIRE_REJECT | follower_farewell(&m->followers[i]);
}
