/* report: takes what was counted apart again. Owns its lists.
 * May not know: where the counts are kept; how a report looks. */
#include "relay/rules/report.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/map.h"
#include "relay/rules/report_inner.h"

static void list_init(struct report_list *list, size_t size)
{
    *list = (struct report_list){.size = size, .names = map_new()};
}

static void list_fini(struct report_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    map_free(&list->names);
}

/* The one of this name: what is there, or a new one, zeroed. */
static void *list_get(struct report_list *list, struct span name)
{
    void *item = map_get(list->names, name);
    if (item)
        return item;
    item = mem_new(list->size);
    if ((list->n & (list->n - 1)) == 0)
        list->items = mem_grow(list->items, (list->n ? 2 * list->n : 1) * sizeof(*list->items));
    list->items[list->n++] = item;
    map_put(list->names, name, item);
    return item;
}

struct report *report_new(struct span month)
{
    struct report *r = mem_new(sizeof(*r));
    span_copy(month, r->month, sizeof(r->month));
    list_init(&r->crossings, sizeof(struct report_crossing));
    list_init(&r->refusals, sizeof(struct report_refusal));
    list_init(&r->times, sizeof(struct report_times));
    list_init(&r->weeks, sizeof(struct report_week));
    list_init(&r->zones, sizeof(struct report_zone));
    list_init(&r->pilots, sizeof(struct report_pilot));
    return r;
}

void report_free(struct report **report)
{
    struct report *r = *report;
    *report = NULL;
    if (!r)
        return;
    list_fini(&r->crossings);
    list_fini(&r->refusals);
    list_fini(&r->times);
    list_fini(&r->weeks);
    list_fini(&r->zones);
    list_fini(&r->pilots);
    free(r);
}

/* --- what was counted ------------------------------------------------------------------------- */

static void add_crossing(struct report *r, struct span from, struct span to, struct span kind,
                         uint64_t n)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        TALLY_KINDS(X)
#undef X
    };
    size_t which = span_among(kind, kinds, TALLY_KIND_COUNT);
    struct span name = {from.p, (size_t)(to.p + to.n - from.p)}; /* they stand side by side */
    if (which == TALLY_KIND_COUNT)
        return;
    struct report_crossing *c = list_get(&r->crossings, name);
    span_copy(from, c->from, sizeof(c->from));
    span_copy(to, c->to, sizeof(c->to));
    c->n[which] += n;
}

static void add_refusal(struct report *r, struct span from, struct span to, struct span code,
                        uint64_t n)
{
    struct span name = {from.p, (size_t)(code.p + code.n - from.p)};
    struct report_refusal *f = list_get(&r->refusals, name);
    span_copy(from, f->from, sizeof(f->from));
    span_copy(to, f->to, sizeof(f->to));
    span_copy(code, f->code, sizeof(f->code));
    f->n += n;
}

static void add_time(struct report *r, struct span zone, struct span lag, uint64_t n)
{
    uint64_t which;
    if (!span_u64(lag, TALLY_LAGS - 1, &which))
        return;
    struct report_times *t = list_get(&r->times, zone);
    span_copy(zone, t->zone, sizeof(t->zone));
    t->n[which] += n;
}

void report_add_count(struct report *r, struct span name, uint64_t n)
{
    struct span rest = name;
    struct span letter = span_cut(&rest, '|'), a = span_cut(&rest, '|');
    if (span_eq_str(letter, "o") && !a.p) {
        r->over += n;
        return;
    }
    struct span b = span_cut(&rest, '|');
    if (!a.p || !b.p || span_find(rest, '|') >= 0)
        return;
    if (span_eq_str(letter, "x") && rest.p)
        add_crossing(r, a, b, rest, n);
    else if (span_eq_str(letter, "r") && rest.p)
        add_refusal(r, a, b, rest, n);
    else if (span_eq_str(letter, "d") && !rest.p)
        add_time(r, a, b, n);
}

void report_add_set(struct report *r, struct span name, uint64_t n)
{
    struct span rest = name;
    struct span week = span_cut(&rest, ':'), what = span_cut(&rest, ':');
    struct bytes place;
    if (week.n != TALLY_WEEK_SIZE - 1 || !rest.n || rest.n >= REPORT_ZONE ||
        (!span_eq_str(what, "a") && !span_eq_str(what, "m")))
        return;
    bytes_init(&place, TALLY_WEEK_SIZE + REPORT_ZONE);
    bytes_addf(&place, "%.*s:%.*s", SPAN_ARG(week), SPAN_ARG(rest));
    struct report_week *w = list_get(&r->weeks, bytes_span(&place));
    bytes_fini(&place);
    span_copy(week, w->week, sizeof(w->week));
    span_copy(rest, w->zone, sizeof(w->zone));
    *(span_eq_str(what, "a") ? &w->authors : &w->members) = n;
}

/* --- what is there ---------------------------------------------------------------------------- */

static void add_pilot(struct report *r, const struct report_pilot *pilot)
{
    if (r->pilots.n == REPORT_PILOTS_MAX) {
        r->more_pilots = true;
        return;
    }
    *(struct report_pilot *)list_get(&r->pilots, span_of(pilot->what)) = *pilot;
}

void report_add_member(struct report *r, const struct member *member)
{
    struct report_zone *z = list_get(&r->zones, span_of(member->zone));
    struct report_pilot p = {.state = member_state_name(member->state),
                             .until_ms = member->until_ms};
    span_copy(span_of(member->zone), z->zone, sizeof(z->zone));
    z->n[member->state]++;
    span_copy(span_of(member->host), p.what, sizeof(p.what));
    span_copy(span_of(member->zone), p.zone, sizeof(p.zone));
    span_copy(span_of(member->sponsor), p.sponsor, sizeof(p.sponsor));
    if (member->until_ms)
        add_pilot(r, &p);
}

/* An owner that is longer than a sponsor may be is left out. */
void report_add_rules(struct report *r, const struct policy *policy)
{
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct rule *rule = &policy->rules[i];
        struct report_pilot p = {.until_ms = rule->until_ms};
        struct bytes name;
        if (!rule->until_ms)
            continue;
        bytes_init(&name, REPORT_WHAT - 1);
        bytes_addf(&name, "rule:%s", rule->name);
        span_copy(bytes_span(&name), p.what, sizeof(p.what));
        span_copy(span_of(rule->owner), p.sponsor, sizeof(p.sponsor));
        bytes_fini(&name);
        add_pilot(r, &p);
    }
}

/* --- for the writers -------------------------------------------------------------------------- */

static int by_two(const char *a, const char *b, const char *c, const char *d)
{
    int first = strcmp(a, b);
    return first ? first : strcmp(c, d);
}

static int by_crossing(const void *x, const void *y)
{
    const struct report_crossing *a = *(void *const *)x, *b = *(void *const *)y;
    return by_two(a->from, b->from, a->to, b->to);
}

static int by_refusal(const void *x, const void *y)
{
    const struct report_refusal *a = *(void *const *)x, *b = *(void *const *)y;
    int first = by_two(a->from, b->from, a->to, b->to);
    return first ? first : strcmp(a->code, b->code);
}

static int by_zone(const void *x, const void *y)
{
    /* Its name comes first in all of these. */
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int by_week(const void *x, const void *y)
{
    const struct report_week *a = *(void *const *)x, *b = *(void *const *)y;
    return by_two(a->week, b->week, a->zone, b->zone);
}

static int by_end(const void *x, const void *y)
{
    const struct report_pilot *a = *(void *const *)x, *b = *(void *const *)y;
    if (a->until_ms != b->until_ms)
        return a->until_ms < b->until_ms ? -1 : 1;
    return strcmp(a->what, b->what);
}

static void sort(struct report_list *list, int (*order)(const void *, const void *))
{
    if (list->n)
        qsort(list->items, list->n, sizeof(*list->items), order);
}

void report_sort(struct report *r)
{
    sort(&r->crossings, by_crossing);
    sort(&r->refusals, by_refusal);
    sort(&r->times, by_zone);
    sort(&r->weeks, by_week);
    sort(&r->zones, by_zone);
    sort(&r->pilots, by_end);
}

bool report_over(const struct report *r, int64_t now_ms)
{
    int64_t from_ms, to_ms;
    return tally_month_read(span_of(r->month), &from_ms, &to_ms) && now_ms >= to_ms;
}

uint64_t report_deliveries(const struct report_times *times)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < TALLY_LAGS; i++)
        n += times->n[i];
    return n;
}

unsigned report_class(const struct report_times *times, unsigned percent)
{
    uint64_t wanted = (report_deliveries(times) * percent + 99) / 100, n = 0;
    unsigned i = 0;
    while (i < TALLY_LAGS - 1 && (n += times->n[i]) < wanted)
        i++;
    return i;
}
