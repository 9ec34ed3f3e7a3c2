/* look: a machine for one look at the actors of one member.
 *
 *     LOAD -> LOADED -> NEXT -> FETCHED -> NEXT ... -> SETTLE -> END
 *                               FETCHED -> MOVE -> MOVED -> NEXT
 *                                                     SETTLE -> SUSPENDED -> END
 *
 * NEXT fetches one actor after the other; an inbox needs no more than one that has a document. Each
 * inbox that moved is changed at once, as a change of the member like any other, and asked of the
 * record that is there by then. What can't be known now is left as it is: whoever asked will ask
 * again. One store call or one fetch is out at a time; both have deadlines of their own. A look
 * that was given up while the store was asked frees itself with the answer.
 *
 * May not know: what was sent to the inbox, or what it answered. */
#include "relay/look.h"

#include <stdlib.h>

#include "common/io/log.h"
#include "relay/fetch.h"
#include "relay/membership.h"
#include "relay/rules/looked.h"
#include "relay/store/members.h"

#define LOOK_STATES(X)                                                                             \
    X(LOAD, look_load)           /* verb: ask for the record */                                    \
    X(LOADED, look_loaded)       /* participle: is it one that is served? */                       \
    X(NEXT, look_next)           /* verb: fetch the next actor that matters */                     \
    X(FETCHED, look_fetched)     /* participle: what it says of the inbox */                       \
    X(MOVE, look_move)           /* verb: the inbox is another one */                              \
    X(MOVED, look_moved)         /* participle: has that been written? */                          \
    X(SETTLE, look_settle)       /* verb: all were looked at: is the member suspended? */          \
    X(SUSPENDED, look_suspended) /* participle: has that been written? */                          \
    X(END, look_end)             /* the log line; the end */

enum look_state {
#define X(name, run) LOOK_##name,
    LOOK_STATES(X)
#undef X
};

enum step { STEP_MORE, STEP_WAIT, STEP_END };

struct look {
    struct context *context;
    bool lost;
    loop_cb done; /* NULL: given up */
    void *arg;
    enum look_state state;
    bool storing; /* an answer of the store is to come, whatever happens */
    struct member *member;
    unsigned follower; /* that is looked at, or will be next */
    unsigned known;    /* bit s: the inbox in slot s has been found out about */
    enum looked found; /* of all so far */
    struct fetch *fetch;
    struct fetch_result result; /* without its texts */
    struct json *document;
    char now[MEMBER_URL_SIZE]; /* where the inbox is now */
    enum err err;              /* of the record, or of the last change */
    char host[MEMBER_HOST_SIZE];
};

#define X(name, run) static enum step run(struct look *l);
LOOK_STATES(X)
#undef X

static enum step (*const steps[])(struct look *) = {
#define X(name, run) [LOOK_##name] = (run),
    LOOK_STATES(X)
#undef X
};

static enum step look_goto(struct look *l, enum look_state state)
{
    l->state = state;
    return STEP_MORE;
}

static void look_free(struct look *l)
{
    fetch_cancel(&l->fetch);
    json_free(&l->document);
    free(l->member);
    free(l);
}

static void look_run(struct look *l)
{
    while (steps[l->state](l) == STEP_MORE)
        ;
}

/* The store answered. True: whoever asked has given up. */
static bool orphaned(struct look *l)
{
    l->storing = false;
    if (l->done)
        return false;
    look_free(l);
    return true;
}

/* --- the record ------------------------------------------------------------------------------- */

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct look *l = arg;
    if (orphaned(l))
        return;
    l->err = err;
    if (err == ERR_OK && member) {
        l->member = mem_new(sizeof(*l->member));
        *l->member = *member;
    }
    look_run(l);
}

static enum step look_load(struct look *l)
{
    look_goto(l, LOOK_LOADED);
    l->storing = true;
    members_get(l->context->store, span_of(l->host), on_member, l);
    return STEP_WAIT;
}

/* Who is not served any more has nobody to be looked at. */
static enum step look_loaded(struct look *l)
{
    bool served = l->member && l->member->state == MEMBER_ACTIVE;
    if (!served && l->err == ERR_OK)
        l->err = ERR_NOT_MEMBER;
    return look_goto(l, served ? LOOK_NEXT : LOOK_END);
}

/* --- the actors ------------------------------------------------------------------------------- */

static void on_fetched(void *arg, const struct fetch_result *result)
{
    static const struct json_limits limits = {32, 10000, 50000};
    struct look *l = arg;
    l->fetch = NULL;
    l->result = (struct fetch_result){.err = result->err, .status = result->status};
    if (result->err == ERR_OK && json_read(result->body, &limits, &l->document) != ERR_OK)
        l->document = NULL;
    look_run(l);
}

static enum step look_next(struct look *l)
{
    const struct member *m = l->member;
    while (l->follower < m->followers_n && l->known >> m->followers[l->follower].inbox & 1)
        l->follower++;
    if (l->follower == m->followers_n)
        return look_goto(l, LOOK_SETTLE);
    look_goto(l, LOOK_FETCHED);
    l->fetch = fetch_new(l->context, span_of(m->followers[l->follower].actor),
                         context_zone_of(l->context, m->zone, l->host), on_fetched, l);
    return STEP_WAIT;
}

static enum step look_fetched(struct look *l)
{
    const struct member_follower *f = &l->member->followers[l->follower++];
    const struct looked_at at = {l->result.err, l->result.status, l->document};
    struct span now;
    enum looked looked = looked_actor(
        &at, span_of(f->actor), span_of(l->member->inboxes[f->inbox].url), sizeof(l->now), &now);
    if (looked == LOOKED_MOVED)
        span_copy(now, l->now, sizeof(l->now));
    json_free(&l->document);
    l->found = looked_both(l->found, looked);
    if (looked == LOOKED_SAME || looked == LOOKED_MOVED)
        l->known |= 1U << f->inbox;
    return look_goto(l, looked == LOOKED_MOVED ? LOOK_MOVE : LOOK_NEXT);
}

/* --- what comes of it ------------------------------------------------------------------------- */

/* Logged by the membership. */
static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct look *l = arg;
    (void)member;
    if (orphaned(l))
        return;
    l->err = err;
    look_run(l);
}

static void change(struct look *l, enum member_event event, const struct member *with)
{
    const struct membership_ask ask = {.host = span_of(l->host), .event = event, .with = with};
    l->storing = true;
    membership_change(l->context, &ask, on_changed, l);
}

static enum step look_move(struct look *l)
{
    const struct member_follower *f = &l->member->followers[l->follower - 1];
    struct member *with = mem_new(sizeof(*with));
    span_copy(span_of(l->member->inboxes[f->inbox].url), with->inboxes[0].url,
              sizeof(with->inboxes[0].url));
    span_copy(span_of(l->now), with->inboxes[1].url, sizeof(with->inboxes[1].url));
    look_goto(l, LOOK_MOVED);
    change(l, EVENT_MOVED, with);
    free(with);
    return STEP_WAIT;
}

static enum step look_moved(struct look *l)
{
    return look_goto(l, l->err == ERR_OK ? LOOK_NEXT : LOOK_END);
}

/* Where one moved, or can't be known, the others may wait. */
static enum step look_settle(struct look *l)
{
    bool stays = l->found == LOOKED_SAME || l->found == LOOKED_GONE;
    if (!l->lost || !stays)
        return look_goto(l, LOOK_END);
    look_goto(l, LOOK_SUSPENDED);
    change(l, EVENT_LOST, l->member);
    return STEP_WAIT;
}

static enum step look_suspended(struct look *l)
{
    return look_goto(l, LOOK_END);
}

static enum step look_end(struct look *l)
{
    struct log_line line;
    bool looked = l->member && l->member->state == MEMBER_ACTIVE;
    log_begin(&line, LOG_LEVEL_INFO, "look");
    log_str(&line, "host", l->host);
    log_str(&line, "why", l->lost ? err_code(ERR_INBOX_LOST) : "redirect");
    if (looked)
        log_str(&line, "found", looked_name(l->found));
    if (l->now[0])
        log_text(&line, "inbox", span_of(l->now));
    if (l->err != ERR_OK)
        log_str(&line, "code", err_code(l->err));
    log_end(&line);
    l->done(l->arg);
    look_free(l);
    return STEP_END;
}

struct look *look_new(struct context *context, const struct look_ask *ask, loop_cb done, void *arg)
{
    struct look *l = mem_new(sizeof(*l));
    l->context = context;
    l->lost = ask->lost;
    l->done = done;
    l->arg = arg;
    l->found = LOOKED_GONE;
    span_copy(ask->host, l->host, sizeof(l->host));
    look_run(l);
    return l;
}

void look_cancel(struct look **look)
{
    struct look *l = *look;
    *look = NULL;
    if (!l)
        return;
    l->done = NULL;
    if (!l->storing)
        look_free(l);
}
