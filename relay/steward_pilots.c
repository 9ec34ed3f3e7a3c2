/* steward_pilots: which pilots end soon, and that somebody is told so.
 *
 * A look reads first which warnings were given (BEGUN), then is shown the members one by one, and
 * asks the rules of the configuration itself. A warning is put down before it is given: who dies in
 * between has not given it, and who restarts gives none twice. What is kept of who is no pilot any
 * more, or one that ends later, goes with the end of a look.
 * May not know: what becomes of a pilot at its end (steward.c and rules/member.c). */
#include "relay/steward_pilots.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/pure/date.h"
#include "common/pure/map.h"
#include "relay/meters.h"
#include "relay/rules/pilot.h"
#include "relay/store/pilots.h"
#include "relay/webhook.h"

enum { WARNINGS_MAX = 256, JSON_MAX = 128 * 1024 };

struct kept { /* of one pilot */
    struct kept *next;
    bool seen; /* it is still a pilot that ends soon */
    char name[PILOT_NAME_SIZE];
    char warned[PILOT_WARNED_SIZE];
};

struct watch {
    struct context *context;
    bool acts;
    struct webhook *webhook;
    struct warning *warnings; /* on their way to the store */
    struct warning *unsure;   /* nobody knows whether they arrived there: the next look does */
    size_t warnings_n;
    struct begun *begun;
    /* of one look */
    bool reads; /* what was kept is known */
    struct map *by_name;
    struct kept *kept;
    size_t ending[PILOT_STAGE_COUNT];
    int64_t now_ms;
};

/* Outlive the watch if they must. */
struct begun {
    struct watch *watch;
    loop_cb cb;
    void *arg;
};

struct warning {
    struct warning *prev, *next;
    struct watch *watch;
    bool forgets;
    char is[PILOT_WARNED_SIZE]; /* what was to be put down */
    char name[PILOT_NAME_SIZE];
    char until[DATE_ISO_SIZE];
    enum pilot_stage stage;
    char sponsor[MEMBER_SPONSOR_SIZE];
    struct bytes json;
};

/* --- telling ---------------------------------------------------------------------------------- */

static void tell(const struct warning *warning)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_WARN, "pilot");
    log_str(&l, "pilot", warning->name);
    log_str(&l, "within", pilot_stage_name(warning->stage));
    log_str(&l, "until", warning->until);
    log_str(&l, "sponsor", warning->sponsor[0] ? warning->sponsor : NULL);
    log_end(&l);
    webhook_post(warning->watch->webhook, warning->name, bytes_span(&warning->json));
}

static void warning_free(struct warning *warning)
{
    bytes_fini(&warning->json);
    free(warning);
}

/* False: the next look tells what became of it. */
static bool settle(struct watch *w, struct warning *warning, enum err err)
{
    DL_DELETE(w->warnings, warning);
    w->warnings_n--;
    if (err == ERR_REDIS && !warning->forgets) {
        DL_APPEND(w->unsure, warning);
        return false;
    }
    if (err == ERR_OK && !warning->forgets)
        tell(warning);
    if (err != ERR_OK && err != ERR_REDIS && err != ERR_AGAIN)
        log_note(LOG_LEVEL_ERROR, "pilot", "a warning can't be put down: %s", err_title(err));
    return true;
}

static void on_put_down(void *arg, enum err err)
{
    struct warning *warning = arg;
    if (!warning->watch || settle(warning->watch, warning, err))
        warning_free(warning);
}

/* What had arrived after all is given now; the rest is due again. */
static void settle_unsure(struct watch *w)
{
    struct warning *next;
    for (struct warning *warning = w->unsure; warning; warning = next) {
        const struct kept *kept = map_get(w->by_name, span_of(warning->name));
        next = warning->next;
        if (kept && strcmp(kept->warned, warning->is) == 0)
            tell(warning);
        warning_free(warning);
    }
    w->unsure = NULL;
}

static void put_down(struct watch *w, struct warning *warning, struct span was, struct span is)
{
    const struct pilots_warn warn = {.pilot = span_of(warning->name), .was = was, .is = is};
    warning->watch = w;
    DL_APPEND(w->warnings, warning);
    w->warnings_n++;
    pilots_warn(w->context->store, &warn, on_put_down, warning);
}

/* What another system gets: the pilot, and a line for people, which chats show. */
static void write_json(const struct watch *w, const struct pilot *pilot, struct warning *warning)
{
    struct json_writer json;
    struct bytes text;
    bytes_init(&text, JSON_MAX);
    bytes_addf(&text, "Pilot %s ends on %s (within %s)", warning->name, warning->until,
               pilot_stage_name(warning->stage));
    if (warning->sponsor[0])
        bytes_addf(&text, "; sponsor: %s", warning->sponsor);
    json_begin(&json, &warning->json);
    pilot_write(pilot, w->now_ms, &json);
    json_member(&json, "event", SPAN("pilot-ending"));
    json_member(&json, "relay", span_of(w->context->url));
    json_member(&json, "text", bytes_span(&text));
    json_close(&json, '}');
    bytes_fini(&text);
}

static void warn(struct watch *w, const struct pilot *pilot, struct span was,
                 const struct pilot_warned *is)
{
    const char *sponsor = pilot->member ? pilot->member->sponsor : pilot->rule->owner;
    struct warning *warning = mem_new(sizeof(*warning));
    pilot_name(pilot, warning->name);
    pilot_warned_write(is, warning->is);
    date_iso_write(is->until_ms, warning->until);
    warning->stage = is->stage;
    if (sponsor)
        span_copy(span_of(sponsor), warning->sponsor, sizeof(warning->sponsor));
    bytes_init(&warning->json, JSON_MAX);
    write_json(w, pilot, warning);
    put_down(w, warning, was, span_of(warning->is));
}

/* --- one look --------------------------------------------------------------------------------- */

static void look_fini(struct watch *w)
{
    map_free(&w->by_name);
    while (w->kept) {
        struct kept *kept = w->kept;
        w->kept = kept->next;
        free(kept);
    }
}

static void look_at(struct watch *w, const struct pilot *pilot)
{
    char name[PILOT_NAME_SIZE];
    struct pilot_warned is;
    enum pilot_stage stage = pilot_stage(pilot_until(pilot), w->now_ms);
    if (!pilot_runs(pilot, w->now_ms) || stage == PILOT_FAR)
        return;
    for (int i = 0; i <= (int)stage; i++)
        w->ending[i]++;
    if (!w->reads)
        return;
    pilot_name(pilot, name);
    struct kept *kept = map_get(w->by_name, span_of(name));
    if (kept)
        kept->seen = true;
    struct span was = kept ? span_of(kept->warned) : SPAN_NONE;
    if (w->warnings_n < WARNINGS_MAX && pilot_is_due(pilot_until(pilot), w->now_ms, was, &is))
        warn(w, pilot, was, &is);
}

static void forget(struct watch *w, const struct kept *kept)
{
    struct warning *warning = mem_new(sizeof(*warning));
    warning->forgets = true;
    span_copy(span_of(kept->name), warning->name, sizeof(warning->name));
    bytes_init(&warning->json, 1);
    put_down(w, warning, span_of(kept->warned), SPAN_NONE);
}

/* What can't be one of ours is left alone: `weir verify` names it. */
static void keep(struct watch *w, struct span pilot, struct span warned)
{
    struct kept *kept = mem_new(sizeof(*kept));
    if (!span_copy(pilot, kept->name, sizeof(kept->name)) ||
        !span_copy(warned, kept->warned, sizeof(kept->warned))) {
        free(kept);
        return;
    }
    kept->next = w->kept;
    w->kept = kept;
    map_put(w->by_name, pilot, kept);
}

/* Called for each that something is kept of, then once more. */
static void on_warned(void *arg, enum err err, struct span pilot, struct span warned)
{
    struct begun *begun = arg;
    struct watch *w = begun->watch;
    if (w && pilot.p)
        keep(w, pilot, warned);
    if (pilot.p)
        return;
    if (w) {
        w->begun = NULL;
        w->reads = err == ERR_OK && w->acts;
        if (err == ERR_OK)
            settle_unsure(w);
        if (err == ERR_UNREADABLE)
            log_note(LOG_LEVEL_ERROR, "pilot", "which warnings were given can't be read");
        begun->cb(begun->arg);
    }
    free(begun);
}

void watch_begin(struct watch *w, loop_cb cb, void *arg)
{
    look_fini(w);
    memset(w->ending, 0, sizeof(w->ending));
    w->by_name = map_new();
    w->now_ms = clock_wall_ms();
    w->begun = mem_new(sizeof(*w->begun));
    *w->begun = (struct begun){w, cb, arg};
    pilots_warned(w->context->store, on_warned, w->begun);
}

void watch_member(struct watch *w, const struct member *member)
{
    struct pilot pilot;
    if (pilot_of_member(member, &pilot))
        look_at(w, &pilot);
}

void watch_end(struct watch *w, bool whole)
{
    const struct policy *policy = &w->context->config->policy;
    struct pilot pilot;
    for (size_t i = 0; i < policy->rules_n; i++)
        if (pilot_of_rule(policy, &policy->rules[i], &pilot))
            look_at(w, &pilot);
    for (struct kept *kept = w->kept; whole && w->reads && kept; kept = kept->next)
        if (!kept->seen && w->warnings_n < WARNINGS_MAX)
            forget(w, kept);
    for (size_t i = 0; whole && i < PILOT_STAGE_COUNT; i++)
        metric_set(METER_PILOTS, i, (double)w->ending[i]);
    look_fini(w);
}

/* --- life ------------------------------------------------------------------------------------- */

struct watch *watch_new(struct context *context, bool acts)
{
    struct watch *w = mem_new(sizeof(*w));
    w->context = context;
    w->acts = acts;
    w->webhook = webhook_new(context);
    return w;
}

void watch_free(struct watch **watch)
{
    struct watch *w = *watch;
    *watch = NULL;
    if (!w)
        return;
    look_fini(w);
    if (w->begun)
        w->begun->watch = NULL;
    for (struct warning *warning = w->warnings; warning; warning = warning->next)
        warning->watch = NULL;
    struct warning *next;
    for (struct warning *warning = w->unsure; warning; warning = next) {
        next = warning->next;
        warning_free(warning);
    }
    webhook_free(&w->webhook);
    free(w);
}
