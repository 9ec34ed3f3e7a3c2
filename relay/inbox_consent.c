/* inbox_consent: what the author of an activity says to being relayed: what the registry of authors
 * knows, and what the activity itself tells it. States as drawn in inbox_inner.h.
 *
 * Where the author's zone asks for consent, the registry is asked first: an answer of no refuses
 * without the journal. Elsewhere it is taken to know nothing, which is so for nearly everybody; the
 * journal says otherwise in the same script that would take it (JOURNAL_AGAIN), so nothing of who
 * opted out slips in, whatever was asked before, and nobody pays for asking.
 * May not know: signatures, keys, the rules. */
#include "common/io/clock.h"
#include "relay/inbox_inner.h"

/* The actor; and who wrote what a relay announced, where that was fetched. */
static size_t actors_of(const struct inbox *in, struct span ret[AUTHORS_ASKED_MAX])
{
    const struct activity *a = &in->activity;
    struct span writer = in->object ? a->object_actor : SPAN_NONE;
    ret[0] = a->actor;
    ret[1] = writer;
    return writer.n && !span_eq(writer, a->actor) ? 2 : 1;
}

static size_t authors_of(struct inbox *in, struct author_said ret[AUTHORS_ASKED_MAX])
{
    struct span actors[AUTHORS_ASKED_MAX];
    size_t n = actors_of(in, actors);
    for (size_t i = 0; i < n; i++) {
        sha256(actors[i], in->author_hashes[i]);
        ret[i] = (struct author_said){actors[i], in->author_hashes[i], in->said[i]};
    }
    return n;
}

bool inbox_takes_back(const struct inbox *in)
{
    return in->activity.type == ACTIVITY_DELETE || in->activity.type == ACTIVITY_UNDO;
}

size_t inbox_authors(struct inbox *in, struct author_said ret[AUTHORS_ASKED_MAX])
{
    return inbox_takes_back(in) ? 0 : authors_of(in, ret);
}

struct consent inbox_consent(const struct inbox *in)
{
    struct span actors[AUTHORS_ASKED_MAX];
    size_t n = inbox_takes_back(in) ? 0 : actors_of(in, actors);
    return consent_of_authors(in->room->context->config->policy.zones[in->zone].consent, in->said,
                              n, in->owner_refuses, in->owner_indexable);
}

/* --- what is known ---------------------------------------------------------------------------- */

bool inbox_must_ask_registry(const struct inbox *in)
{
    const struct zone *zone = &in->room->context->config->policy.zones[in->zone];
    return !in->asked && zone->consent != ZONE_CONSENT_NONE && !inbox_takes_back(in);
}

void inbox_take_words(struct inbox *in, const enum fact_said *says)
{
    for (size_t i = 0; i < AUTHORS_ASKED_MAX; i++)
        in->said[i] = says[i];
    in->asked = true;
}

static void on_words(void *arg, enum err err, const enum fact_said *says)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->err = err;
    inbox_take_words(in, says);
    inbox_run(in);
}

enum step inbox_registry(struct inbox *in)
{
    struct author_said authors[AUTHORS_ASKED_MAX];
    size_t n = authors_of(in, authors);
    inbox_goto(in, INBOX_REGISTERED);
    authors_words(in->room->context->store, authors, n, on_words, in);
    return STEP_WAIT;
}

enum step inbox_registered(struct inbox *in)
{
    return in->err == ERR_OK ? inbox_goto(in, INBOX_DECIDE)
                             : inbox_finish(in, ERR_UNAVAILABLE, NULL);
}

/* --- what it tells ---------------------------------------------------------------------------- */

bool inbox_must_tell(struct inbox *in)
{
    enum fact_said says = consent_mentioned(&in->activity, &in->room->context->identity);
    if (in->told || says == FACT_UNKNOWN)
        return false;
    in->tells = says;
    in->tells_by = AUTHOR_BY_MENTION;
    return true;
}

bool inbox_join_tells(struct inbox *in)
{
    const struct activity *a = &in->activity;
    bool follows = in->event == EVENT_FOLLOW;
    bool ours = in->follower && in->follower->style == STYLE_LITEPUB;
    if (in->err != ERR_OK || in->told || (!follows && in->event != EVENT_UNDO) ||
        (follows && (!ours || in->owner_machine)))
        return false;
    in->tells = follows ? FACT_YES : FACT_UNKNOWN;
    in->tells_by = AUTHOR_BY_FOLLOW;
    return a->actor.n > 0;
}

static void on_told(void *arg, const struct authors_changed *answer)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->err = answer->err;
    in->told = true;
    in->asked = true;
    in->said[0] = answer->says;
    inbox_run(in);
}

/* A post says when it was written: an old one that comes again changes nothing. */
enum step inbox_tell(struct inbox *in)
{
    struct author_said authors[AUTHORS_ASKED_MAX];
    int64_t now_ms = clock_wall_ms();
    bool posted = in->tells_by == AUTHOR_BY_MENTION && in->activity.stamp_ms > 0;
    authors_of(in, authors);
    const struct authors_change change = {.list = authors,
                                          .n = 1,
                                          .word = in->tells,
                                          .way = in->tells_by,
                                          .by = in->activity.id,
                                          .now_ms = now_ms,
                                          .said_ms = posted ? in->activity.stamp_ms : now_ms,
                                          .keep = in->tells == FACT_UNKNOWN ? AUTHORS_KEEP_OTHERS
                                                                            : AUTHORS_KEEP_NONE,
                                          .most = in->room->context->config->set.limits_authors};
    inbox_goto(in, INBOX_TOLD);
    authors_change(in->room->context->store, &change, on_told, in);
    return STEP_WAIT;
}

enum step inbox_told(struct inbox *in)
{
    if (in->err != ERR_OK)
        return inbox_finish(in, ERR_UNAVAILABLE,
                            in->err == ERR_TOO_LARGE ? "too many authors of this host are known"
                                                     : NULL);
    if (in->tells_by == AUTHOR_BY_FOLLOW)
        return inbox_finish(in, ERR_OK, NULL);
    /* It asks not to be relayed: neither is it. */
    if (in->tells == FACT_NO && in->said[0] == FACT_NO)
        return inbox_finish(in, ERR_CONSENT_CHANGED, NULL);
    return inbox_goto(in, INBOX_DECIDE);
}
