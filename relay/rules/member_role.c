/* member_role: what a member is here for, who answers for it, and what is noted beside it.
 * May not know: its life (member.c). */
#include <string.h>

#include "common/pure/utf8.h"
#include "relay/rules/member_inner.h"

static const char *const role_names[] = {
#define X(name, text) [MEMBER_ROLE_##name] = (text),
    MEMBER_ROLES(X)
#undef X
};

const char *member_role_name(enum member_role role)
{
    return role_names[role];
}

enum member_role member_role_by_name(struct span name)
{
    return (enum member_role)span_among(name, role_names, MEMBER_ROLE_COUNT);
}

const char *member_receives(const struct member *member)
{
    return member->role == MEMBER_ROLE_PUBLISH_ONLY ? "" : member->zone;
}

enum err member_refusal(const struct member *member, bool takes_back)
{
    if (!member)
        return ERR_NOT_MEMBER;
    switch (member->state) {
    case MEMBER_ACTIVE: break;
    case MEMBER_PENDING: return ERR_PENDING;
    case MEMBER_SUSPENDED: return ERR_SUSPENDED;
    case MEMBER_EXPIRED: return ERR_EXPIRED;
    case MEMBER_REMOVED: return ERR_REMOVED;
    case MEMBER_INVITED:
    case MEMBER_LEFT:
    case MEMBER_STATE_COUNT: return ERR_NOT_MEMBER;
    }
    return member->role == MEMBER_ROLE_RECEIVE_ONLY && !takes_back ? ERR_RECEIVE_ONLY : ERR_OK;
}

/* --- what may stand there -------------------------------------------------------------------- */

bool member_sponsor_fits(struct span mail)
{
    size_t ats = 0;
    for (size_t i = 0; i < mail.n; i++) {
        char c = mail.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"<>()[],;:\\", c))
            return false;
        ats += c == '@';
    }
    return ats == 1 && mail.n < MEMBER_SPONSOR_SIZE && mail.p[0] != '@' &&
           mail.p[mail.n - 1] != '@';
}

bool member_note_fits(struct span note)
{
    if (!note.n || note.n >= MEMBER_NOTE_SIZE || !utf8_valid(note))
        return false;
    while (note.n) {
        size_t n = utf8_len(note);
        if (utf8_unsafe(utf8_code(note)))
            return false;
        note.p += n;
        note.n -= n;
    }
    return true;
}

/* --- giving it another one ------------------------------------------------------------------- */

static void take_or_clear(char *to, size_t size, const char *from)
{
    if (strcmp(from, "-") == 0)
        to[0] = '\0';
    else if (from[0])
        span_copy(span_of(from), to, size);
}

void member_take_edit(struct member *after, const struct member *with)
{
    if (with->role != MEMBER_ROLE_COUNT)
        after->role = with->role;
    take_or_clear(after->sponsor, sizeof(after->sponsor), with->sponsor);
    take_or_clear(after->note, sizeof(after->note), with->note);
}

bool member_same_edit(const struct member *before, const struct member *after)
{
    return before->role == after->role && strcmp(before->sponsor, after->sponsor) == 0 &&
           strcmp(before->note, after->note) == 0;
}
