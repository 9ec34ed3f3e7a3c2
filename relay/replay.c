/* replay: decides each activity by every answer that could be given to what is not known.
 *
 *     body -> activity -> verdict for each combination of answers -> for each zone: yes, no, unsure
 *
 * One activity may have several entries (the zones that a person let it into later): what one of
 * them counted as new is taken back by the next. May not know: where entries come from, how it is
 * told. */
#include "relay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/map.h"
#include "relay/input.h"
#include "relay/verdict.h"

/* What is not kept; a bit for each. */
enum {
    UNSURE_BOT = 1,
    UNSURE_INDEXABLE = 2,
    UNSURE_CROSSED = 4,
    UNSURE_AGREED = 8,
    UNSURE_BIO = 16
};
enum { UNSURE_ALL = 32 };

struct seen { /* an activity, and what was counted of it as new */
    struct zone_set added;
    char *actor;
};

struct replay_inner {
    unsigned asked;                          /* UNSURE_...: what the policy asks for */
    struct map *seen, *boundaries, *authors; /* by id; by name, index + 1 */
    struct seen **seen_list;
    size_t seen_n, seen_cap;
};

/* What is decided about one zone. */
struct outcome {
    struct zone_set yes, no; /* by some answer; in both: unsure */
    const struct rule *rules[POLICY_ZONES_MAX];
};

static bool asks(const struct policy *policy, enum fact fact, bool crossed)
{
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct conditions *both[] = {&policy->rules[i].when, &policy->rules[i].unless};
        for (size_t k = 0; k < 2; k++)
            for (size_t c = 0; c < both[k]->n; c++)
                if (both[k]->list[c].fact == fact && (!crossed || both[k]->list[c].crossed))
                    return true;
    }
    return false;
}

static bool has_consent(const struct policy *policy)
{
    for (size_t i = 0; i < policy->zones_n; i++)
        if (policy->zones[i].consent != ZONE_CONSENT_NONE)
            return true;
    return false;
}

void replay_init(struct replay *ret, const struct config *config)
{
    const struct policy *policy = &config->policy;
    bool consent = has_consent(policy);
    *ret = (struct replay){.config = config, .inner = mem_new(sizeof(*ret->inner))};
    ret->inner->seen = map_new();
    ret->inner->boundaries = map_new();
    ret->inner->authors = map_new();
    if (asks(policy, FACT_BOT, false))
        ret->inner->asked |= UNSURE_BOT;
    if (asks(policy, FACT_REPLY_TO, true))
        ret->inner->asked |= UNSURE_CROSSED;
    if (consent || asks(policy, FACT_INDEXABLE, false))
        ret->inner->asked |= UNSURE_INDEXABLE;
    if (consent)
        ret->inner->asked |= UNSURE_AGREED | UNSURE_BIO;
}

static void counts_free(struct replay_count *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i].name);
    free(list);
}

void replay_fini(struct replay *r)
{
    counts_free(r->boundaries, r->boundaries_n);
    counts_free(r->authors, r->authors_n);
    for (size_t i = 0; i < r->samples_n; i++) {
        free(r->samples[i].boundary);
        free(r->samples[i].actor);
        free(r->samples[i].id);
        free(r->samples[i].rule);
    }
    for (size_t i = 0; i < r->inner->seen_n; i++) {
        free(r->inner->seen_list[i]->actor);
        free(r->inner->seen_list[i]);
    }
    free(r->inner->seen_list);
    map_free(&r->inner->seen);
    map_free(&r->inner->boundaries);
    map_free(&r->inner->authors);
    free(r->inner);
    *r = (struct replay){0};
}

/* --- counting --------------------------------------------------------------------------------- */

static struct replay_count *count_of(struct map *map, struct replay_count **list, size_t *n,
                                     struct span name)
{
    uintptr_t at = (uintptr_t)map_get(map, name);
    if (!at) {
        if ((*n & (*n - 1)) == 0) /* full at each power of two */
            *list = mem_grow(*list, (*n ? 2 * *n : 1) * sizeof(**list));
        (*list)[*n] = (struct replay_count){.name = mem_copy(name)};
        at = ++*n;
        map_put(map, name, (void *)at); // NOLINT(performance-no-int-to-ptr): an index
    }
    return &(*list)[at - 1];
}

enum { ADDED, REMOVED, UNSURE, NOT_ADDED };

static void count_one(struct replay_count *c, int what)
{
    c->added += what == ADDED;
    c->added -= what == NOT_ADDED;
    c->removed += what == REMOVED;
    c->unsure += what == UNSURE;
}

/* One activity, across one boundary. */
struct change {
    const char *from; /* zones; the one that is gone from the policy: by its old name */
    struct span to;
    const char *actor;
    struct span id;
    const struct rule *rule;
    int what;
};

static void sample(struct replay *r, const struct change *c, struct span boundary)
{
    if (r->samples_n == REPLAY_SAMPLES || c->what > REMOVED)
        return;
    r->samples[r->samples_n++] =
        (struct replay_sample){.boundary = mem_copy(boundary),
                               .actor = mem_copy(span_of(c->actor)),
                               .id = mem_copy(c->id),
                               .rule = c->rule ? mem_copy(span_of(c->rule->name)) : NULL,
                               .added = c->what == ADDED};
}

static void count(struct replay *r, const struct change *c)
{
    struct replay_count all = {.added = r->added, .removed = r->removed, .unsure = r->unsure};
    struct bytes boundary;
    bytes_init(&boundary, 4 * POLICY_NAME_MAX + 16);
    bytes_addf(&boundary, "%s -> %.*s", c->from, SPAN_ARG(c->to));
    count_one(&all, c->what);
    r->added = all.added;
    r->removed = all.removed;
    r->unsure = all.unsure;
    count_one(
        count_of(r->inner->boundaries, &r->boundaries, &r->boundaries_n, bytes_span(&boundary)),
        c->what);
    count_one(count_of(r->inner->authors, &r->authors, &r->authors_n, span_of(c->actor)), c->what);
    sample(r, c, bytes_span(&boundary));
    bytes_fini(&boundary);
}

/* --- deciding --------------------------------------------------------------------------------- */

static struct verdict_known known_of(unsigned answers)
{
    struct verdict_known known = {.thread = true,
                                  .bot = answers & UNSURE_BOT ? FACT_YES : FACT_NO,
                                  .indexable = answers & UNSURE_INDEXABLE ? FACT_YES : FACT_NO,
                                  .registry = answers & UNSURE_AGREED ? FACT_YES : FACT_UNKNOWN,
                                  .bio = (answers & UNSURE_BIO) != 0};
    if (answers & UNSURE_CROSSED)
        known.crossed = zone_set_below(POLICY_ZONES_MAX);
    return known;
}

/* False: it does not say enough of itself. */
static bool decide(const struct replay *r, const struct replay_entry *e,
                   const struct activity *activity, struct outcome *ret)
{
    const struct policy *policy = &r->config->policy;
    struct ruling *v = mem_new(sizeof(*v));
    char *from = mem_copy(e->from), *zone = mem_copy(e->zone);
    bool ok = true;
    *ret = (struct outcome){{{0}}, {{0}}, {NULL}};
    for (unsigned answers = 0; ok && answers < UNSURE_ALL; answers++) {
        if (answers & ~r->inner->asked)
            continue;
        struct verdict_ask ask = {.config = r->config,
                                  .activity = activity,
                                  .bytes = e->body.n,
                                  .now_ms = e->at_ms,
                                  .from = from,
                                  .known = known_of(answers)};
        ask.known.from_zone = e->zone.n ? zone : NULL;
        ask.known.software = e->software;
        verdict_make(&ask, v);
        ok = !v->fetches && (v->refused == ERR_OK || v->refused == ERR_NO_ZONE);
        for (size_t i = 0; i < policy->zones_n; i++) {
            bool may = v->refused == ERR_OK && v->zones[i].why == ERR_OK;
            zone_set_add(may ? &ret->yes : &ret->no, (int)i);
            ret->rules[i] = v->refused == ERR_OK ? v->zones[i].rule : NULL;
        }
        verdict_fini(v);
    }
    free(v);
    free(from);
    free(zone);
    return ok;
}

static bool in_audience(struct span audience, const char *zone)
{
    while (audience.p)
        if (span_eq_str(span_cut(&audience, ','), zone))
            return true;
    return false;
}

static struct seen *seen_of(struct replay *r, struct span id, struct span actor, bool *ret_again)
{
    struct replay_inner *in = r->inner;
    struct seen *seen = map_get(in->seen, id);
    *ret_again = seen != NULL;
    if (seen)
        return seen;
    seen = mem_new(sizeof(*seen));
    seen->actor = mem_copy(actor);
    if (in->seen_n == in->seen_cap) {
        in->seen_cap = in->seen_cap ? 2 * in->seen_cap : 64;
        in->seen_list = mem_grow(in->seen_list, in->seen_cap * sizeof(struct seen *));
    }
    in->seen_list[in->seen_n++] = seen;
    map_put(in->seen, id, seen);
    return seen;
}

/* What becomes of each zone of the policy. again: the zones that it did not go to were counted. */
static void compare(struct replay *r, const struct replay_entry *e, const struct outcome *o,
                    struct change c, struct seen *seen, bool again)
{
    const struct policy *policy = &r->config->policy;
    for (size_t i = 0; i < policy->zones_n; i++) {
        bool was = in_audience(e->audience, policy->zones[i].name);
        bool yes = zone_set_has(&o->yes, (int)i), no = zone_set_has(&o->no, (int)i);
        c.to = span_of(policy->zones[i].name);
        c.rule = o->rules[i];
        if (again && was && zone_set_has(&seen->added, (int)i))
            c.what = NOT_ADDED;
        else if (yes && no && (was || !again))
            c.what = UNSURE;
        else if (was && !yes)
            c.what = REMOVED;
        else if (!was && !no && !again)
            c.what = ADDED;
        else
            continue;
        if (c.what == ADDED)
            zone_set_add(&seen->added, (int)i);
        if (c.what == NOT_ADDED)
            zone_set_take(&seen->added, (int)i);
        count(r, &c);
    }
}

/* Zones that there are no more. */
static void compare_gone(struct replay *r, struct span audience, struct change c)
{
    c.what = REMOVED;
    c.rule = NULL;
    while (audience.p && audience.n) {
        c.to = span_cut(&audience, ',');
        if (policy_zone_by_name(&r->config->policy, c.to) < 0)
            count(r, &c);
    }
}

static void decided(struct replay *r, const struct replay_entry *e, const struct activity *activity,
                    const struct outcome *o)
{
    const struct policy *policy = &r->config->policy;
    int zone = policy_zone_by_name(policy, e->zone);
    bool again;
    struct seen *seen = seen_of(r, e->id, activity->actor, &again);
    char *old = mem_copy(e->zone.n ? e->zone : SPAN("none"));
    zone = zone < 0 ? policy_zone_of(policy, e->from) : zone;
    const struct change c = {
        .from = zone < 0 ? old : policy->zones[zone].name, .actor = seen->actor, .id = e->id};
    compare(r, e, o, c, seen, again);
    compare_gone(r, e->audience, c);
    free(old);
}

/* False: what is kept of it does not say enough. */
static bool take_one(struct replay *r, const struct replay_entry *e)
{
    struct activity *activity = mem_new(sizeof(*activity));
    struct outcome *outcome = mem_new(sizeof(*outcome));
    struct json *json = NULL;
    bool ok = e->body.p && input_activity(r->config, e->body, &json, activity) == ERR_OK &&
              decide(r, e, activity, outcome);
    if (ok)
        decided(r, e, activity, outcome);
    json_free(&json);
    free(outcome);
    free(activity);
    return ok;
}

bool replay_take(struct replay *r, const struct replay_entry *e)
{
    enum activity_type type = activity_type_by_name(e->type);
    if (r->entries == REPLAY_ENTRIES_MAX)
        return false;
    r->entries++;
    if (type == ACTIVITY_UPDATE || type == ACTIVITY_DELETE || type == ACTIVITY_UNDO)
        r->follows++;
    else if (take_one(r, e))
        r->decided++;
    else
        r->unknown++;
    return true;
}

static int by_size(const void *one, const void *other)
{
    const struct replay_count *a = one, *b = other;
    uint64_t of_a = a->added + a->removed, of_b = b->added + b->removed;
    return of_a != of_b ? (of_a < of_b ? 1 : -1) : strcmp(a->name, b->name);
}

void replay_sort(struct replay *r)
{
    if (r->boundaries_n)
        qsort(r->boundaries, r->boundaries_n, sizeof(*r->boundaries), by_size);
    if (r->authors_n)
        qsort(r->authors, r->authors_n, sizeof(*r->authors), by_size);
}
