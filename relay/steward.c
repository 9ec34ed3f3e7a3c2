/* steward: timers and the two inner listeners; the journal's length is steward_trim.c's.
 *
 * The calendar: all members are looked through at start, when something changed, and when the next
 * end date comes (at least once a minute). May not know: how activities are accepted or delivered.
 */
#include "relay/steward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/http_server.h"
#include "common/io/log.h"
#include "relay/admin.h"
#include "relay/membership.h"
#include "relay/meters.h"
#include "relay/steward_audit.h"
#include "relay/steward_freeze.h"
#include "relay/steward_holds.h"
#include "relay/steward_pilots.h"
#include "relay/steward_survey.h"
#include "relay/steward_trim.h"
#include "relay/store/members.h"

enum { MINUTE_MS = 60000, SECOND = 1000, WHY_SIZE = 256 };

struct walk { /* one look through all members; outlives the steward if it must */
    struct steward *steward;
    size_t counts[MEMBER_STATE_COUNT];
    int64_t next_ms; /* the earliest end date ahead */
    bool policy;     /* look at zones, too */
    bool begun;      /* the store has it */
};

struct count { /* the same for one question whether members changed */
    struct steward *steward;
};

struct steward {
    struct steward_config config;
    struct http_server *metrics;
    struct admin *admin;
    struct trimmer *trimmer;
    struct auditor *auditor;
    struct sweeper *sweeper;
    struct surveyor *surveyor;
    struct freezer *freezer;
    struct watch *pilots;
    struct timer *calendar, *second;
    struct walk *walk;
    struct count *count;
    bool ready, again, policy_changed;
    uint64_t member_changes;   /* that the last look knew of */
    char why[WHY_SIZE];        /* not ready */
    char others_why[WHY_SIZE]; /* other roles are not ready; empty: they are */
};

/* --- the calendar ----------------------------------------------------------------------------- */

static void on_event_done(void *arg, enum err err, const struct member *member)
{
    /* Logged by the membership; what failed is met again at the next look. */
    (void)arg;
    (void)err;
    (void)member;
}

static void happen(struct steward *s, const struct member *member, enum member_event event,
                   const struct member *with)
{
    struct membership_ask ask = {.host = span_of(member->host), .event = event, .with = with};
    membership_change(s->config.context, &ask, on_event_done, NULL);
}

static bool lives(const struct member *m)
{
    return m->state == MEMBER_INVITED || m->state == MEMBER_PENDING || m->state == MEMBER_ACTIVE ||
           m->state == MEMBER_SUSPENDED;
}

static void look_at_zone(struct steward *s, const struct member *member)
{
    const struct policy *policy = &s->config.context->config->policy;
    int zone = membership_zone(policy, span_of(member->host), member);
    if (zone < 0) {
        if (member->state != MEMBER_SUSPENDED)
            happen(s, member, EVENT_UNZONED, NULL);
    } else if (strcmp(policy->zones[zone].name, member->zone) != 0) {
        struct member *with = mem_new(sizeof(*with));
        span_copy(span_of(policy->zones[zone].name), with->zone, sizeof(with->zone));
        happen(s, member, EVENT_ZONED, with);
        free(with);
    }
}

static void look_at(struct walk *walk, const struct member *member)
{
    struct steward *s = walk->steward;
    walk->counts[member->state]++;
    watch_member(s->pilots, member);
    if (s->config.watches || !lives(member))
        return;
    if (member->until_ms && member->until_ms <= clock_wall_ms()) {
        happen(s, member, EVENT_EXPIRE, NULL);
        return;
    }
    if (member->until_ms && member->until_ms < walk->next_ms)
        walk->next_ms = member->until_ms;
    if (walk->policy)
        look_at_zone(s, member);
    surveyor_sees(s->surveyor, member);
}

static void start_walk(void *arg);

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct walk *walk = arg;
    struct steward *s = walk->steward;
    if (member) {
        if (s && err == ERR_OK)
            look_at(walk, member);
        return;
    }
    if (s) {
        int64_t wait = walk->next_ms - clock_wall_ms();
        s->walk = NULL;
        for (size_t i = 0; err == ERR_OK && i < MEMBER_STATE_COUNT; i++)
            metric_set(METER_MEMBERS, i, (double)walk->counts[i]);
        watch_end(s->pilots, err == ERR_OK);
        if (err != ERR_OK && walk->policy)
            s->policy_changed = true;
        timer_start(s->calendar, s->again ? 0 : wait > 0 ? wait : 1);
        s->again = false;
    }
    free(walk);
}

static void on_watching(void *arg)
{
    struct steward *s = arg;
    s->walk->begun = true;
    members_each(s->config.context->store, MEMBERS_ALL, on_member, s->walk);
}

static void start_walk(void *arg)
{
    struct steward *s = arg;
    if (!s->ready)
        return;
    if (s->walk) {
        s->again = true;
        return;
    }
    s->walk = mem_new(sizeof(*s->walk));
    s->walk->steward = s;
    s->walk->next_ms = clock_wall_ms() + MINUTE_MS;
    s->walk->policy = s->policy_changed;
    s->policy_changed = false;
    watch_begin(s->pilots, on_watching, s);
}

static void on_changed(void *arg)
{
    struct steward *s = arg;
    freezer_look(s->freezer);
    start_walk(s);
}

static void on_reload(void *arg)
{
    struct steward *s = arg;
    s->config.reload(s->config.arg);
}

/* --- metrics and health ----------------------------------------------------------------------- */

/* Somebody, in whatever process, changed a member: look at all of them again. */
static void on_member_changes(void *arg, enum err err, uint64_t changes)
{
    struct count *count = arg;
    struct steward *s = count->steward;
    free(count);
    if (!s)
        return;
    s->count = NULL;
    if (err != ERR_OK || changes == s->member_changes)
        return;
    s->member_changes = changes;
    freezer_members_changed(s->freezer);
    start_walk(s);
}

static void on_second(void *arg)
{
    struct steward *s = arg;
    metric_set(METER_REDIS_UP, 0, s->ready);
    if (s->ready && !s->count) {
        s->count = mem_new(sizeof(*s->count));
        s->count->steward = s;
        members_changes(s->config.context->store, on_member_changes, s->count);
    }
    timer_start(s->second, SECOND);
}

static void answer_text(struct http_request **request, int status, const char *type,
                        struct span body)
{
    struct http_response response = {.status = status,
                                     .content_type = type,
                                     .fields = "Cache-Control: no-store\r\n",
                                     .body = body};
    http_reply(request, &response);
}

static void answer_metrics(struct http_request **request)
{
    struct bytes out;
    bytes_init(&out, 4 << 20);
    metrics_write(&out);
    answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", bytes_span(&out));
    bytes_fini(&out);
}

static void answer_ready(const struct steward *s, struct http_request **request)
{
    bool strict = s->config.context->config->set.durability == DURABILITY_STRICT;
    int replicas = (int)s->config.context->config->set.redis_replicas;
    const char *trouble = !s->ready ? s->why : s->others_why[0] ? s->others_why : NULL;
    struct bytes out;
    bytes_init(&out, 1024);
    bytes_addf(&out, "%s\ndurability: %s\n", trouble ? trouble : "ready",
               strict ? "strict" : "standard");
    if (replicas)
        bytes_addf(&out, "replicas: %d\n", replicas);
    answer_text(request, trouble ? 503 : 200, "text/plain; charset=utf-8", bytes_span(&out));
    bytes_fini(&out);
}

static void on_request(void *arg, struct http_request *request)
{
    struct steward *s = arg;
    struct span path = http_view(request)->path;
    if (span_eq_str(path, "/metrics"))
        answer_metrics(&request);
    else if (span_eq_str(path, "/livez"))
        answer_text(&request, 200, "text/plain; charset=utf-8", SPAN("alive\n"));
    else if (span_eq_str(path, "/readyz"))
        answer_ready(s, &request);
    else
        answer_text(&request, 404, "text/plain; charset=utf-8", SPAN("not found\n"));
}

static enum err listen_metrics(struct steward *s, struct bytes *why)
{
    struct http_server_config server = {.listen = s->config.context->config->set.metrics,
                                        .limits = {.request_line = 8192,
                                                   .header = 32768,
                                                   .body = 1024,
                                                   .fields = 100,
                                                   .connections = 64,
                                                   .per_address = 64,
                                                   .header_ms = 10 * SECOND,
                                                   .body_ms = 10 * SECOND,
                                                   .answer_ms = 10 * SECOND,
                                                   .idle_ms = 60 * SECOND},
                                        .handler = on_request,
                                        .arg = s};
    return http_server_new(s->config.context->loop, &server, why, &s->metrics);
}

/* --- life ------------------------------------------------------------------------------------- */

enum err steward_new(const struct steward_config *config, struct bytes *why, struct steward **ret)
{
    struct steward *s = mem_new(sizeof(*s));
    struct loop *loop = config->context->loop;
    s->config = *config;
    span_copy(SPAN("starting"), s->why, sizeof(s->why));
    s->calendar = timer_new(loop, start_walk, s);
    s->trimmer = trimmer_new(config->context);
    s->auditor = auditor_new(config->context);
    s->sweeper = sweeper_new(config->context, s->trimmer);
    s->surveyor = surveyor_new(config->context);
    s->freezer = freezer_new(config->context, config->watches);
    s->pilots = watch_new(config->context, !config->watches);
    s->second = timer_new(loop, on_second, s);
    struct admin_config admin = {.context = config->context,
                                 .watches = config->watches,
                                 .reload = on_reload,
                                 .changed = on_changed,
                                 .arg = s};
    enum err e = listen_metrics(s, why);
    if (e == ERR_OK)
        e = admin_new(&admin, why, &s->admin);
    if (e != ERR_OK) {
        steward_free(&s);
        return e;
    }
    metric_set(METER_BUILD, 0, 1);
    timer_start(s->second, SECOND);
    *ret = s;
    return ERR_OK;
}

void steward_ready(struct steward *s, bool ready, const char *why)
{
    s->ready = ready;
    span_copy(span_of(why), s->why, sizeof(s->why));
    if (ready) {
        s->policy_changed = true; /* the configuration may be another one than last time */
        timer_start(s->calendar, 0);
    }
    freezer_ready(s->freezer, ready);
    if (!s->config.watches) {
        trimmer_ready(s->trimmer, ready);
        auditor_ready(s->auditor, ready);
        sweeper_ready(s->sweeper, ready);
    }
}

void steward_others(struct steward *s, bool ready, const char *why)
{
    snprintf(s->others_why, sizeof(s->others_why), "%s", ready ? "" : why);
}

void steward_reloaded(struct steward *s, enum err err, struct span why)
{
    admin_reloaded(s->admin, err, why);
}

void steward_config_taken(struct steward *s, const char *before)
{
    admin_config_taken(s->admin, before);
    s->policy_changed = true;
    start_walk(s);
}

void steward_free(struct steward **steward)
{
    struct steward *s = *steward;
    *steward = NULL;
    if (!s)
        return;
    if (s->walk && s->walk->begun)
        s->walk->steward = NULL;
    else
        free(s->walk);
    watch_free(&s->pilots);
    if (s->count)
        s->count->steward = NULL;
    admin_free(&s->admin);
    http_server_free(&s->metrics);
    timer_free(&s->calendar);
    sweeper_free(&s->sweeper);
    trimmer_free(&s->trimmer);
    auditor_free(&s->auditor);
    surveyor_free(&s->surveyor);
    freezer_free(&s->freezer);
    timer_free(&s->second);
    free(s);
}
