/* steward_survey: when which member is asked, and that it is few at a time.
 *
 * What is remembered of a host is a time; the one that lasts is in the store, and is learned by the
 * first question (survey.c). May not know: what is asked, and what came of it.
 */
#include "relay/steward_survey.h"

#include <stdlib.h>

#include <utlist.h>

#include "common/io/clock.h"
#include "common/pure/map.h"
#include "relay/survey.h"

/* SOONER: who gave no answer is asked again in so small a part of the time. */
enum { AT_ONCE = 8, WAITING_MAX = 10000, SOONER = 7 };

struct turn {
    struct turn *prev, *next; /* all of them */
    struct turn *then;        /* who waits behind this one */
    struct surveyor *surveyor;
    struct survey *survey; /* under way */
    bool waits;
    int64_t since_ms; /* of the member's state when it was asked last */
    int64_t next_ms;
    char *host;
};

struct surveyor {
    struct context *context;
    struct map *by_host;
    struct turn *all;
    struct turn *first, *last; /* who waits */
    unsigned waiting, running;
};

static void ask_some(struct surveyor *s);

static int64_t period(const struct surveyor *s)
{
    return s->context->config->set.fetch_software;
}

static void on_done(void *arg, int64_t next_ms)
{
    struct turn *t = arg;
    struct surveyor *s = t->surveyor;
    t->survey = NULL;
    t->next_ms = next_ms;
    s->running--;
    ask_some(s);
}

static void ask_some(struct surveyor *s)
{
    int64_t every_ms = period(s);
    while (s->first && s->running < AT_ONCE) {
        struct turn *t = s->first;
        s->first = t->then;
        t->then = NULL;
        t->waits = false;
        s->waiting--;
        if (!every_ms) /* a reload said so meanwhile */
            continue;
        const struct survey_ask ask = {.host = span_of(t->host),
                                       .since_ms = t->since_ms,
                                       .every_ms = every_ms,
                                       .failed_ms = every_ms / SOONER};
        s->running++;
        t->survey = survey_new(s->context, &ask, on_done, t);
    }
}

static bool may_be_asked(const struct member *m)
{
    return m->state == MEMBER_INVITED || m->state == MEMBER_PENDING || m->state == MEMBER_ACTIVE ||
           m->state == MEMBER_SUSPENDED;
}

static struct turn *turn_of(struct surveyor *s, const struct member *member)
{
    struct turn *t = map_get(s->by_host, span_of(member->host));
    if (t)
        return t;
    t = mem_new(sizeof(*t));
    t->surveyor = s;
    t->host = mem_copy(span_of(member->host));
    map_put(s->by_host, span_of(t->host), t);
    DL_APPEND(s->all, t);
    return t;
}

void surveyor_sees(struct surveyor *s, const struct member *member)
{
    if (!period(s) || !may_be_asked(member) || s->waiting == WAITING_MAX)
        return;
    struct turn *t = turn_of(s, member);
    bool same = t->since_ms == member->since_ms;
    if (t->survey || t->waits || (same && clock_wall_ms() < t->next_ms))
        return;
    t->since_ms = member->since_ms;
    t->waits = true;
    if (s->first)
        s->last->then = t;
    else
        s->first = t;
    s->last = t;
    s->waiting++;
    ask_some(s);
}

struct surveyor *surveyor_new(struct context *context)
{
    struct surveyor *s = mem_new(sizeof(*s));
    s->context = context;
    s->by_host = map_new();
    return s;
}

void surveyor_free(struct surveyor **surveyor)
{
    struct surveyor *s = *surveyor;
    *surveyor = NULL;
    if (!s)
        return;
    for (struct turn *t = s->all, *next; t; t = next) {
        next = t->next;
        survey_cancel(&t->survey);
        free(t->host);
        free(t);
    }
    map_free(&s->by_host);
    free(s);
}
