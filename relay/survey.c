/* survey: a machine for one question to one member.
 *
 *     CLAIM -> CLAIMED -> LOAD -> LOADED -> INDEX -> INDEXED -> READ -> HEARD -> CHANGE -> CHANGED
 *              not yet: END                                                 same: KEEP
 *                                                            -> KEEP -> KEPT -> END
 *
 * CLAIM keeps the time for another try, should this one come to nothing (or the process end); KEEP
 * the time for the next one after an answer. One store call or one fetch is out at a time; both
 * have deadlines of their own. One that was given up while the store was asked frees itself with
 * the answer.
 *
 * May not know: what the software matters for, or whose turn it is.
 */
#include "relay/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/fetch.h"
#include "relay/membership.h"
#include "relay/rules/nodeinfo.h"
#include "relay/store/members.h"

enum { AWAY_MS = 60000 }; /* the store could not say */

#define SURVEY_STATES(X)                                                                           \
    X(CLAIM, survey_claim)     /* verb: is it time? */                                             \
    X(CLAIMED, survey_claimed) /* participle */                                                    \
    X(LOAD, survey_load)       /* verb: ask for the record */                                      \
    X(LOADED, survey_loaded)   /* participle: is it one that is served, or may be? */              \
    X(INDEX, survey_index)     /* verb: fetch the list of its documents */                         \
    X(INDEXED, survey_indexed) /* participle: which one is it? */                                  \
    X(READ, survey_read)       /* verb: fetch that */                                              \
    X(HEARD, survey_heard)     /* participle: what does it name? */                                \
    X(CHANGE, survey_change)   /* verb: that is news */                                            \
    X(CHANGED, survey_changed) /* participle: has it been written? */                              \
    X(KEEP, survey_keep)       /* verb: when to ask again */                                       \
    X(KEPT, survey_kept)       /* participle */                                                    \
    X(END, survey_end)         /* the log line; the end */

enum survey_state {
#define X(name, run) SURVEY_##name,
    SURVEY_STATES(X)
#undef X
};

enum step { STEP_MORE, STEP_WAIT, STEP_END };

struct survey {
    struct context *context;
    struct survey_ask ask;
    survey_done done; /* NULL: given up */
    void *arg;
    enum survey_state state;
    bool storing; /* an answer of the store is to come, whatever happens */
    bool asked;   /* the member was */
    int64_t next_ms;
    int64_t later_ms;
    struct member *member;
    struct fetch *fetch;
    struct json *document;
    char origin[URI_AUTHORITY_SIZE + 16];
    char url[URI_MAX + URI_AUTHORITY_SIZE];
    char software[NODEINFO_NAME_SIZE];
    enum err err; /* of the last thing that was asked for */
    char host[MEMBER_HOST_SIZE];
};

#define X(name, run) static enum step run(struct survey *s);
SURVEY_STATES(X)
#undef X

static enum step (*const steps[])(struct survey *) = {
#define X(name, run) [SURVEY_##name] = (run),
    SURVEY_STATES(X)
#undef X
};

static enum step survey_goto(struct survey *s, enum survey_state state)
{
    s->state = state;
    return STEP_MORE;
}

static void survey_free(struct survey *s)
{
    fetch_cancel(&s->fetch);
    json_free(&s->document);
    free(s->member);
    free(s);
}

static void survey_run(struct survey *s)
{
    while (steps[s->state](s) == STEP_MORE)
        ;
}

/* The store answered. True: whoever asked has given up. */
static bool orphaned(struct survey *s)
{
    s->storing = false;
    if (s->done)
        return false;
    survey_free(s);
    return true;
}

/* --- whether it is time ----------------------------------------------------------------------- */

static void on_claimed(void *arg, enum err err, int64_t later_ms)
{
    struct survey *s = arg;
    if (orphaned(s))
        return;
    s->err = err;
    s->later_ms = later_ms;
    survey_run(s);
}

/* now_ms: 0 to set the next time whatever is kept. */
static void claim(struct survey *s, int64_t now_ms, int64_t next_ms)
{
    const struct members_look look = {.host = span_of(s->host),
                                      .since_ms = s->ask.since_ms,
                                      .now_ms = now_ms,
                                      .next_ms = next_ms};
    s->next_ms = next_ms;
    s->storing = true;
    members_look(s->context->store, &look, on_claimed, s);
}

static enum step survey_claim(struct survey *s)
{
    int64_t now_ms = clock_wall_ms();
    survey_goto(s, SURVEY_CLAIMED);
    claim(s, now_ms, now_ms + s->ask.failed_ms);
    return STEP_WAIT;
}

static enum step survey_claimed(struct survey *s)
{
    if (s->err != ERR_OK)
        s->next_ms = clock_wall_ms() + AWAY_MS;
    else if (s->later_ms)
        s->next_ms = s->later_ms;
    return survey_goto(s, s->err != ERR_OK || s->later_ms ? SURVEY_END : SURVEY_LOAD);
}

/* --- the record ------------------------------------------------------------------------------- */

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct survey *s = arg;
    if (orphaned(s))
        return;
    s->err = err;
    if (err == ERR_OK && member) {
        s->member = mem_new(sizeof(*s->member));
        *s->member = *member;
    }
    survey_run(s);
}

static enum step survey_load(struct survey *s)
{
    survey_goto(s, SURVEY_LOADED);
    s->storing = true;
    members_get(s->context->store, span_of(s->host), on_member, s);
    return STEP_WAIT;
}

static enum step survey_loaded(struct survey *s)
{
    return survey_goto(s, s->member ? SURVEY_INDEX : SURVEY_END);
}

/* --- its documents ---------------------------------------------------------------------------- */

static void on_fetched(void *arg, const struct fetch_result *result)
{
    static const struct json_limits limits = {32, 10000, 50000};
    struct survey *s = arg;
    s->fetch = NULL;
    s->err = result->err;
    if (result->err == ERR_OK)
        s->err = json_read(result->body, &limits, &s->document);
    survey_run(s);
}

static void ask(struct survey *s)
{
    s->asked = true;
    s->fetch = fetch_json_new(s->context, span_of(s->url),
                              context_zone_of(s->context, s->member->zone, s->host), NODEINFO_MAX,
                              on_fetched, s);
}

/* Where its actors are; who is only expected has none yet. */
static enum step survey_index(struct survey *s)
{
    struct uri actor;
    bool plain = s->member->followers_n &&
                 uri_read(span_of(s->member->followers[0].actor), &actor) == ERR_OK && !actor.https;
    snprintf(s->origin, sizeof(s->origin), "%s://%s", plain ? "http" : "https", s->host);
    snprintf(s->url, sizeof(s->url), "%s%s", s->origin, NODEINFO_PATH);
    survey_goto(s, SURVEY_INDEXED);
    ask(s);
    return STEP_WAIT;
}

static enum step survey_indexed(struct survey *s)
{
    struct uri origin;
    bool found = s->err == ERR_OK && uri_read(span_of(s->origin), &origin) == ERR_OK &&
                 nodeinfo_link(s->document, &origin, s->url, sizeof(s->url));
    json_free(&s->document);
    return survey_goto(s, found ? SURVEY_READ : SURVEY_END);
}

static enum step survey_read(struct survey *s)
{
    survey_goto(s, SURVEY_HEARD);
    ask(s);
    return STEP_WAIT;
}

static enum step survey_heard(struct survey *s)
{
    bool named = s->err == ERR_OK && nodeinfo_software(s->document, s->software);
    bool news = named && strcmp(s->software, s->member->software) != 0;
    json_free(&s->document);
    return survey_goto(s, news ? SURVEY_CHANGE : named ? SURVEY_KEEP : SURVEY_END);
}

/* --- what comes of it ------------------------------------------------------------------------- */

/* Logged by the membership. */
static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct survey *s = arg;
    (void)member;
    if (orphaned(s))
        return;
    s->err = err;
    survey_run(s);
}

static enum step survey_change(struct survey *s)
{
    struct member *with = mem_new(sizeof(*with));
    const struct membership_ask change = {
        .host = span_of(s->host), .event = EVENT_SOFTWARE, .with = with};
    span_copy(span_of(s->software), with->software, sizeof(with->software));
    survey_goto(s, SURVEY_CHANGED);
    s->storing = true;
    membership_change(s->context, &change, on_changed, s);
    free(with);
    return STEP_WAIT;
}

static enum step survey_changed(struct survey *s)
{
    return survey_goto(s, s->err == ERR_OK ? SURVEY_KEEP : SURVEY_END);
}

static enum step survey_keep(struct survey *s)
{
    survey_goto(s, SURVEY_KEPT);
    claim(s, 0, clock_wall_ms() + s->ask.every_ms);
    return STEP_WAIT;
}

static enum step survey_kept(struct survey *s)
{
    return survey_goto(s, SURVEY_END);
}

static enum step survey_end(struct survey *s)
{
    struct log_line line;
    log_begin(&line, LOG_LEVEL_DEBUG, "survey");
    log_str(&line, "host", s->host);
    if (s->asked)
        log_str(&line, "software", s->software[0] ? s->software : "unknown");
    if (s->err != ERR_OK)
        log_str(&line, "code", err_code(s->err));
    log_end(&line);
    s->done(s->arg, s->next_ms);
    survey_free(s);
    return STEP_END;
}

struct survey *survey_new(struct context *context, const struct survey_ask *ask, survey_done done,
                          void *arg)
{
    struct survey *s = mem_new(sizeof(*s));
    s->context = context;
    s->ask = *ask;
    s->done = done;
    s->arg = arg;
    span_copy(ask->host, s->host, sizeof(s->host));
    s->ask.host = span_of(s->host);
    survey_run(s);
    return s;
}

void survey_cancel(struct survey **survey)
{
    struct survey *s = *survey;
    *survey = NULL;
    if (!s)
        return;
    s->done = NULL;
    if (!s->storing)
        survey_free(s);
}
