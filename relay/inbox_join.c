/* inbox_join: what a verified activity changes in the membership of its host: a Follow of the
 * public collection or of our actor, the Undo of one, an Accept or Reject of our own Follow back
 * (PROTOCOL 8.1, 8.2). States as drawn in inbox_inner.h. May not know: signatures, keys, the
 * journal. */
#include <stdlib.h>
#include <string.h>

#include "relay/inbox_inner.h"
#include "relay/membership.h"

static const struct identity *identity(const struct inbox *in)
{
    return &in->room->context->identity;
}

/* --- what it is about ------------------------------------------------------------------------- */

/* An embedded Follow says so; a bare id is known or not. */
static bool undoes_follow(const struct inbox *in)
{
    const struct activity *a = &in->activity;
    if (a->type != ACTIVITY_UNDO)
        return false;
    if (a->inner_type.n)
        return activity_type_by_name(a->inner_type) == ACTIVITY_FOLLOW;
    return in->member && member_follower_by_id(in->member, a->object);
}

/* The follower whose Follow back this answers, by its id, or by who follows whom; NULL: none. */
static const struct member_follower *answered(const struct inbox *in)
{
    const struct activity *a = &in->activity;
    if (!in->member || (a->type != ACTIVITY_ACCEPT && a->type != ACTIVITY_REJECT))
        return NULL;
    const struct member_follower *f = member_follower(in->member, a->actor, STYLE_LITEPUB);
    char hash[MEMBERSHIP_HASH_SIZE];
    if (!f || !f->asked)
        return NULL;
    membership_back_hash(f, hash);
    if (a->object.n)
        return document_is_follow(identity(in), hash, a->object) ? f : NULL;
    bool ours = activity_type_by_name(a->inner_type) == ACTIVITY_FOLLOW &&
                document_is_actor(identity(in), a->object_actor) &&
                span_eq(a->inner_object, a->actor);
    return ours ? f : NULL;
}

bool inbox_joins(const struct inbox *in)
{
    return in->activity.type == ACTIVITY_FOLLOW || undoes_follow(in) || answered(in);
}

/* --- ask -------------------------------------------------------------------------------------- */

static enum step go_and_join(struct inbox *in, enum member_event event,
                             const struct member_follower *who)
{
    if (!in->follower)
        in->follower = mem_new(sizeof(*in->follower));
    *in->follower = *who;
    in->event = event;
    return inbox_goto(in, INBOX_JOIN);
}

static enum step ask_follow(struct inbox *in)
{
    const struct activity *a = &in->activity;
    bool litepub = document_is_actor(identity(in), a->object);
    if (!a->object_public && !litepub)
        return inbox_finish(in, ERR_NOT_IMPLEMENTED,
                            "follow this relay's actor, or the public collection, "
                            "https://www.w3.org/ns/activitystreams#Public");
    /* Whoever put that right meanwhile need not wait until its key is forgotten. */
    if (!in->owner_inbox[0])
        return inbox_look_again(in, ERR_INBOX_FOREIGN);
    struct member_follower who = {.style = litepub ? STYLE_LITEPUB : STYLE_PUBLIC,
                                  .machine = in->owner_machine};
    if (!span_copy(a->actor, who.actor, sizeof(who.actor)) ||
        !span_copy(a->id, who.follow, sizeof(who.follow)) ||
        strlen(in->owner_inbox) >= MEMBER_URL_SIZE)
        return inbox_finish(in, ERR_URL, NULL);
    return go_and_join(in, EVENT_FOLLOW, &who);
}

/* Whoever else lives on that host has not asked for this membership, and cannot end it. Who asked
 * for something else ends that, elsewhere. */
static enum step ask_undo(struct inbox *in)
{
    const struct activity *a = &in->activity;
    bool litepub = document_is_actor(identity(in), a->inner_object);
    bool ours = litepub || activity_is_public(a->inner_object);
    if (!in->member)
        return inbox_finish(in, ERR_NOT_MEMBER, NULL);
    const struct member_follower *f = member_follower_by_id(in->member, a->object);
    if (f ? !span_eq_str(a->actor, f->actor)
          : a->inner_object.n && !ours && in->member->followers_n)
        return inbox_finish(in, ERR_NOT_OWNER, "the Follow is another actor's");
    struct member_follower who = {.style = litepub ? STYLE_LITEPUB : STYLE_PUBLIC};
    if (!span_copy(a->actor, who.actor, sizeof(who.actor)) ||
        (a->object.n && !span_copy(a->object, who.follow, sizeof(who.follow))))
        return inbox_finish(in, ERR_URL, NULL);
    return go_and_join(in, EVENT_UNDO, &who);
}

enum step inbox_ask(struct inbox *in)
{
    const struct member_follower *f = answered(in);
    if (f)
        return go_and_join(
            in, in->activity.type == ACTIVITY_ACCEPT ? EVENT_BACK_ACCEPT : EVENT_BACK_REJECT, f);
    return in->activity.type == ACTIVITY_FOLLOW ? ask_follow(in) : ask_undo(in);
}

/* --- join ------------------------------------------------------------------------------------- */

static void on_joined(void *arg, enum err err, const struct member *member)
{
    struct inbox *in = arg;
    (void)member;
    if (inbox_orphaned(in))
        return;
    in->err = err;
    inbox_run(in);
}

enum step inbox_join(struct inbox *in)
{
    struct member *with = mem_new(sizeof(*with));
    struct membership_ask ask = {.host = span_of(in->from), .event = in->event, .with = with};
    bool follows = in->event == EVENT_FOLLOW;
    member_bring(with, in->follower, span_of(follows ? in->owner_inbox : ""));
    if (follows)
        ask.follow = http_view(in->request)->body;
    inbox_goto(in, INBOX_JOINED);
    membership_change(in->room->context, &ask, on_joined, in);
    free(with);
    return STEP_WAIT;
}

enum step inbox_joined(struct inbox *in)
{
    if (in->err == ERR_REDIS || in->err == ERR_REDIS_REPLY || in->err == ERR_AGAIN)
        return inbox_finish(in, ERR_UNAVAILABLE, NULL);
    /* An Undo of what is undone already changes nothing, and need not be repeated; nor need an
     * answer that was heard. */
    if (in->event != EVENT_FOLLOW && in->err == ERR_TRANSITION)
        return inbox_finish(in, ERR_DUPLICATE, NULL);
    if (inbox_join_tells(in))
        return inbox_goto(in, INBOX_TELL);
    return inbox_finish(in, in->err, NULL);
}
