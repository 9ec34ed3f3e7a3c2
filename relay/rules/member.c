/* member: the life of a member as a table, and the spans of the journal that it is entitled to.
 *
 *           invite follow  undo    accept reject susp. resume remove expire gone  lost unzone zone
 * unknown   inv.   by join -       -      -      -     -      -      -      -     -    -      -
 * invited   inv.   act+A   -       -      rem.   -     -      rem.   exp.   -     -    susp   zone
 * pending   act+A  by join left    act+A  rem+R  -     -      rem+R  exp+R  -     -    susp   zone
 * active    (term) act+A   left!   -      rem+R! susp  -      rem+R! exp+R! left! susp susp   zone
 * suspended (term) refused forget! -      rem+R! -     back   rem+R! exp+R! -     -    -      zone
 * expired   inv.   refused -       -      -      -     -      rem.   -      -     -    -      -
 * left      inv.   by join -       -      -      -     -      rem.   -      -     -    -      zone
 * removed   inv.   refused -       -      -      -     -      -      -      -     -    -      -
 *
 * +A, +R: an Accept or a Reject of its Follow goes out. !: what still waits is cut. -: not
 * possible. by join: open: active+A; approval: pending; invited: refused. (term): a new end date or
 * zone. back: active, or invited if it undid its Follow meanwhile; +A if it was never accepted
 * before.
 *
 * A member may have several followers. Each Follow and each Accept of ours is between us and one of
 * them; the state is the host's. An Undo by one of several only takes that one away. With an Accept
 * goes our Follow back, where it is the custom; with the end goes its Undo, if it is out.
 * Who is suspended because it was lost is, to a Follow and to an operator who suspends it, as one
 * who is active: the one finds it again, the other leaves it to operators. An inbox that moved is
 * the inbox that it was; that changes no state.
 * Who is gone has no inbox any more: nobody is told anything, and it may come back as anyone may.
 * An answer to our Follow back changes no state, and counts while the member is one.
 * block is remove, but also of who is not known: a record that shuts it out is made.
 * edit, extend: where they are possible they change no state, but that who is expired is invited
 * again where its end date is another one: its Follow was rejected, so it has to follow anew.
 * A role is kept through everything, or who only receives would speak by leaving and coming back.
 *
 * Suspending and resuming say nothing on the wire: a Reject would make the other side forget the
 * subscription, and what it was owed would have nobody to go to. A span is open while, and only
 * while, the member is active; of one that only publishes it is of no zone, so that nothing is for
 * it but what takes back what it had before. Suspending closes the span and cuts nothing, so that
 * what was owed from before waits; leaving, removal and expiry cut.
 *
 * May not know: where members are kept, who asked, or what an entry says. */
#include <string.h>

#include "relay/rules/member_inner.h"
#include "relay/rules/policy.h"

/* What an event does. The names are what the table below is made of. */
enum move {
    NO,       /* ERR_TRANSITION */
    HELD_OFF, /* refused: suspended */
    TOO_LATE, /* refused: expired */
    SHUT_OUT, /* refused: removed */
    BY_JOIN,  /* ENTER, WAIT or ERR_NOT_INVITED, as the zone says */
    EXPECT,   /* invited; earlier Follows are forgotten */
    ENTER,    /* active, with an Accept */
    WAIT,     /* pending */
    LEAVE,    /* one follower less; left with the last */
    FORGET,   /* the same, but stays suspended */
    VANISH,   /* all followers less; left */
    SUSPEND,  /* suspended */
    BACK,     /* active, or invited if it has no Follow any more */
    PUT_OUT,  /* removed, with a Reject */
    END,      /* expired, with a Reject */
    STAY,     /* the same state; the end date, the zone, an inbox or the software may change */
    HEAR      /* the same state: our Follow back was answered */
};

enum { UNKNOWN = MEMBER_STATE_COUNT, SAME };

/* clang-format off */
static const enum move moves[MEMBER_STATE_COUNT + 1][EVENT_COUNT] = {
/*                     invite   follow     undo     back   back-no accept  reject    suspend   resume  remove    expire  gone     lost      moved  unzoned   zoned  edit   extend  software block */
[UNKNOWN]          = { EXPECT,  BY_JOIN,   NO,      NO,    NO,     NO,     NO,       NO,       NO,     NO,       NO,     NO,      NO,       NO,    NO,       NO,    NO,    NO,     NO,     PUT_OUT },
[MEMBER_INVITED]   = { EXPECT,  ENTER,     NO,      NO,    NO,     NO,     PUT_OUT,  NO,       NO,     PUT_OUT,  END,    NO,      NO,       NO,    SUSPEND,  STAY,  STAY,  STAY,   STAY,     PUT_OUT },
[MEMBER_PENDING]   = { ENTER,   BY_JOIN,   LEAVE,   NO,    NO,     ENTER,  PUT_OUT,  NO,       NO,     PUT_OUT,  END,    NO,      NO,       NO,    SUSPEND,  STAY,  STAY,  STAY,   STAY,     PUT_OUT },
[MEMBER_ACTIVE]    = { STAY,    ENTER,     LEAVE,   HEAR,  HEAR,   NO,     PUT_OUT,  SUSPEND,  NO,     PUT_OUT,  END,    VANISH,  SUSPEND,  STAY,  SUSPEND,  STAY,  STAY,  STAY,   STAY,     PUT_OUT },
[MEMBER_SUSPENDED] = { STAY,    HELD_OFF,  FORGET,  HEAR,  HEAR,   NO,     PUT_OUT,  NO,       BACK,   PUT_OUT,  END,    NO,      NO,       NO,    NO,       STAY,  STAY,  STAY,   STAY,     PUT_OUT },
[MEMBER_EXPIRED]   = { EXPECT,  TOO_LATE,  NO,      NO,    NO,     NO,     NO,       NO,       NO,     PUT_OUT,  NO,     NO,      NO,       NO,    NO,       NO,    STAY,  EXPECT, NO,     PUT_OUT },
[MEMBER_LEFT]      = { EXPECT,  BY_JOIN,   NO,      NO,    NO,     NO,     NO,       NO,       NO,     PUT_OUT,  NO,     NO,      NO,       NO,    NO,       STAY,  STAY,  NO,     NO,     PUT_OUT },
[MEMBER_REMOVED]   = { EXPECT,  SHUT_OUT,  NO,      NO,    NO,     NO,     NO,       NO,       NO,     NO,       NO,     NO,      NO,       NO,    NO,       NO,    NO,    NO,     NO,     NO      },
};

static const struct effect {
    int to; /* enum member_state, or SAME */
    enum { TELL_NOTHING, TELL_ACCEPT, TELL_REJECT } tells;
    bool cuts;
} effects[] = {
    [EXPECT]  = { MEMBER_INVITED,   TELL_NOTHING, false },
    [ENTER]   = { MEMBER_ACTIVE,    TELL_ACCEPT,  false },
    [WAIT]    = { MEMBER_PENDING,   TELL_NOTHING, false },
    [LEAVE]   = { MEMBER_LEFT,      TELL_NOTHING, true  },
    [FORGET]  = { SAME,             TELL_NOTHING, true  },
    [VANISH]  = { MEMBER_LEFT,      TELL_NOTHING, true  },
    [SUSPEND] = { MEMBER_SUSPENDED, TELL_NOTHING, false },
    [BACK]    = { MEMBER_ACTIVE,    TELL_ACCEPT,  false },
    [PUT_OUT] = { MEMBER_REMOVED,   TELL_REJECT,  true  },
    [END]     = { MEMBER_EXPIRED,   TELL_REJECT,  true  },
    [STAY]    = { SAME,             TELL_NOTHING, false },
    [HEAR]    = { SAME,             TELL_NOTHING, false },
};
/* clang-format on */

/* --- names ----------------------------------------------------------------------------------- */

static const char *const state_names[] = {
#define X(name, text) [MEMBER_##name] = (text),
    MEMBER_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) [EVENT_##name] = (text),
    MEMBER_EVENTS(X)
#undef X
};

const char *member_state_name(enum member_state state)
{
    return state_names[state];
}

enum member_state member_state_by_name(struct span name)
{
    return (enum member_state)span_among(name, state_names, MEMBER_STATE_COUNT);
}

const char *member_event_name(enum member_event event)
{
    return event_names[event];
}

enum member_event member_event_by_name(struct span name)
{
    return (enum member_event)span_among(name, event_names, EVENT_COUNT);
}

/* --- spans ----------------------------------------------------------------------------------- */

static void drop_span(struct member *m, size_t i)
{
    m->spans_n--;
    memmove(&m->spans[i], &m->spans[i + 1], (m->spans_n - i) * sizeof(m->spans[0]));
}

/* Makes room for one more. First, neighbours of one zone with nothing but a control entry between
 * them become one, which changes nothing. If that gains nothing, the oldest goes: what might still
 * be owed from so long ago is given up (it is recorded as not for this member), because the other
 * way out, joining across a gap, would give away what the member had no right to. */
static void make_room(struct member *m)
{
    for (size_t i = 0; i + 1 < m->spans_n; i++) {
        struct member_span *a = &m->spans[i], *b = &m->spans[i + 1];
        if (b->from <= a->to + 1 && strcmp(a->zone, b->zone) == 0) {
            a->to = b->to;
            drop_span(m, i + 1);
            return;
        }
    }
    drop_span(m, 0);
}

/* A span is open exactly while the member is active, in the present zone where it receives. */
static void settle_spans(struct member *m, uint64_t n)
{
    struct member_span *last = m->spans_n ? &m->spans[m->spans_n - 1] : NULL;
    const char *zone = member_receives(m);
    bool open = last && last->to == MEMBER_SPAN_OPEN;
    bool right = open && m->state == MEMBER_ACTIVE && strcmp(last->zone, zone) == 0;
    if (open && !right) {
        last->to = n;
        if (last->from >= n)
            drop_span(m, m->spans_n - 1);
    }
    if (m->state != MEMBER_ACTIVE || right)
        return;
    if (m->spans_n == MEMBER_SPANS_MAX)
        make_room(m);
    struct member_span *next = &m->spans[m->spans_n++];
    *next = (struct member_span){.from = n, .to = MEMBER_SPAN_OPEN};
    span_copy(span_of(zone), next->zone, sizeof(next->zone));
}

bool audience_has(struct span audience, const char *zone)
{
    if (!zone[0])
        return false;
    while (audience.p)
        if (span_eq_str(span_cut(&audience, ','), zone))
            return true;
    return false;
}

uint64_t member_newest(const struct member *m)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < m->spans_n; i++) {
        uint64_t to = m->spans[i].to == MEMBER_SPAN_OPEN ? m->spans[i].from : m->spans[i].to;
        newest = to > newest ? to : newest;
    }
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++)
        newest = m->inboxes[i].from > newest ? m->inboxes[i].from : newest;
    return newest;
}

bool member_spans_entitle(const struct member_span *spans, size_t spans_n, uint64_t n,
                          struct span audience)
{
    for (size_t i = 0; i < spans_n; i++)
        if (spans[i].from < n && n <= spans[i].to && audience_has(audience, spans[i].zone))
            return true;
    return false;
}

/* --- events ---------------------------------------------------------------------------------- */

static void take_text(char *to, size_t size, const char *from)
{
    if (from[0])
        span_copy(span_of(from), to, size);
}

static void take(struct member *after, enum member_event event, bool newcomer,
                 const struct member *with)
{
    switch (event) {
    case EVENT_INVITE:
        take_text(after->zone, sizeof(after->zone), with->zone);
        after->placed = with->placed;
        after->until_ms = with->until_ms;
        member_take_edit(after, with);
        break;
    case EVENT_EDIT: member_take_edit(after, with); break;
    case EVENT_EXTEND: after->until_ms = with->until_ms; break;
    case EVENT_FOLLOW:
        take_text(after->software, sizeof(after->software), with->software);
        if (newcomer || !after->zone[0]) {
            take_text(after->zone, sizeof(after->zone), with->zone);
            after->placed = false;
        }
        break;
    case EVENT_ACCEPT:
    case EVENT_RESUME:
    case EVENT_ZONED: take_text(after->zone, sizeof(after->zone), with->zone); break;
    case EVENT_SOFTWARE: take_text(after->software, sizeof(after->software), with->software); break;
    case EVENT_UNDO:
    case EVENT_BACK_ACCEPT:
    case EVENT_BACK_REJECT:
    case EVENT_REJECT:
    case EVENT_SUSPEND:
    case EVENT_REMOVE:
    case EVENT_BLOCK:
    case EVENT_EXPIRE:
    case EVENT_UNZONED:
    case EVENT_MOVED:
    case EVENT_COUNT: break;
    case EVENT_GONE: after->gone = true; break;
    case EVENT_LOST: after->lost = true; break;
    }
}

/* The events that let somebody in, or leave the door open: they come too late after the end date.
 */
static bool lets_in(enum member_event event)
{
    return event == EVENT_INVITE || event == EVENT_FOLLOW || event == EVENT_ACCEPT ||
           event == EVENT_RESUME || event == EVENT_EXTEND;
}

static enum err resolve_join(int join, enum move *move)
{
    switch ((enum zone_join)join) {
    case JOIN_OPEN: *move = ENTER; return ERR_OK;
    case JOIN_APPROVAL: *move = WAIT; return ERR_OK;
    case JOIN_INVITED: break;
    }
    return ERR_NOT_INVITED;
}

/* ERR_OK, and *move is one that has an effect. */
static enum err resolve(int state, enum member_event event, int join, enum move *move)
{
    *move = moves[state][event];
    switch (*move) {
    case NO: return ERR_TRANSITION;
    case HELD_OFF: return ERR_SUSPENDED;
    case TOO_LATE: return ERR_EXPIRED;
    case SHUT_OUT: return ERR_REMOVED;
    case BY_JOIN: return resolve_join(join, move);
    case EXPECT:
    case ENTER:
    case WAIT:
    case LEAVE:
    case FORGET:
    case VANISH:
    case SUSPEND:
    case BACK:
    case PUT_OUT:
    case END:
    case STAY:
    case HEAR: break;
    }
    return ERR_OK;
}

static enum err lose(const struct member *with, uint64_t n, enum move *move,
                     struct member_change *change)
{
    int i = followers_meant(&change->after, with);
    if (i < 0)
        return ERR_TRANSITION;
    struct member *after = &change->after;
    unsigned slot = after->followers[i].inbox;
    const struct member_inbox inbox = after->inboxes[slot];
    change->left = i;
    change->left_wires = follower_farewell(&after->followers[i]);
    followers_drop(after, (size_t)i, n);
    if (after->followers_n)
        *move = STAY;
    if (*move == LEAVE) {
        after->farewell = inbox;
        after->farewell_slot = slot;
    }
    return ERR_OK;
}

/* The row of the table. */
static int row_of(const struct member *before, enum member_event event)
{
    if (!before)
        return UNKNOWN;
    bool found = before->lost && (event == EVENT_FOLLOW || event == EVENT_SUSPEND);
    return found ? MEMBER_ACTIVE : (int)before->state;
}

/* What it says was found out about another record, or is so already. */
static bool comes_late(const struct member *before, enum member_event event,
                       const struct member *with, const struct member *after)
{
    if (event == EVENT_EDIT && before)
        return member_same_edit(before, after);
    if (event == EVENT_ZONED)
        return strcmp(after->zone, before ? before->zone : "") == 0;
    if (event == EVENT_SOFTWARE)
        return strcmp(after->software, before ? before->software : "") == 0;
    return event == EVENT_LOST && before && before->ver != with->ver;
}

/* What the move does to the followers. *ret_who: the one who followed, where one did. */
static enum err move_followers(enum member_event event, const struct member *with, uint64_t n,
                               enum move *move, struct member_change *change, int *ret_who)
{
    size_t who;
    *ret_who = -1;
    if (event == EVENT_FOLLOW) {
        enum err e = followers_take(&change->after, with, n, &who);
        *ret_who = (int)who;
        return e;
    }
    if (event == EVENT_MOVED)
        return followers_move(&change->after, with, n) ? ERR_OK : ERR_TRANSITION;
    if (*move == EXPECT || *move == VANISH)
        followers_clear(&change->after, n);
    if (*move == LEAVE || *move == FORGET)
        return lose(with, n, move, change);
    if (*move == HEAR &&
        !followers_answered(&change->after, with,
                            event == EVENT_BACK_ACCEPT ? BACK_ACCEPTED : BACK_REJECTED))
        return ERR_TRANSITION;
    return ERR_OK;
}

static void take_effect(struct member_change *change, enum move move, int who)
{
    const struct effect *effect = &effects[move];
    struct member *after = &change->after;
    if (effect->to != SAME)
        after->state = (enum member_state)effect->to;
    if (move == BACK && !after->followers_n)
        after->state = MEMBER_INVITED;
    change->cuts = effect->cuts;
    if (effect->tells == TELL_ACCEPT)
        followers_accept(change, who);
    else if (effect->tells == TELL_REJECT)
        followers_reject(change);
}

enum err member_apply(const struct member *before, enum member_event event,
                      const struct member *with, int join, uint64_t n, int64_t now_ms,
                      struct member_change *ret)
{
    static const struct member nothing = {.state = MEMBER_INVITED};
    int state = before ? (int)before->state : UNKNOWN;
    struct member *after = &ret->after;
    enum move move;
    int who;
    enum err e = resolve(row_of(before, event), event, join, &move);
    if (e != ERR_OK)
        return e;
    memset(ret, 0, sizeof(*ret));
    *after = before ? *before : nothing;
    ret->left = -1;
    if (!with)
        with = &nothing;
    if (!before)
        span_copy(span_of(with->host), after->host, sizeof(after->host));
    take(after, event, state == UNKNOWN || state == MEMBER_LEFT, with);
    if (event == EVENT_EXPIRE && (!after->until_ms || after->until_ms > now_ms))
        after->until_ms = now_ms; /* somebody ended it early */
    if (lets_in(event) && after->until_ms && now_ms >= after->until_ms)
        return ERR_EXPIRED;
    if (comes_late(before, event, with, after))
        return ERR_TRANSITION;
    e = move_followers(event, with, n, &move, ret, &who);
    if (e != ERR_OK)
        return e;
    if (state == MEMBER_EXPIRED)
        followers_clear(after, n); /* rejected already */
    after->ver++;
    take_effect(ret, move, who);
    if (!before || after->state != before->state)
        after->since_ms = now_ms;
    if (after->state != MEMBER_LEFT) {
        if (after->farewell.url[0] && !after->inboxes[after->farewell_slot].url[0])
            after->inboxes[after->farewell_slot].from = n; /* it was told what is taken back */
        after->farewell = (struct member_inbox){.style = STYLE_PUBLIC};
        after->farewell_slot = 0;
        after->gone = false;
    }
    if (after->state != MEMBER_SUSPENDED || event == EVENT_SUSPEND)
        after->lost = false;
    settle_spans(after, n);
    return ERR_OK;
}
