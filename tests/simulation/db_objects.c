/* db_objects: what the Redis of the simulation knows of objects, and what is marked on entries: the
 * parts of append.lua, trim.lua and page.lua that are about these. May not know: who asks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { TEXT_MAX = 4096 };

/* --- the entries of an object ------------------------------------------------------------------
 */

static uint64_t next_number(struct span *rest)
{
    uint64_t n = 0;
    span_u64(span_cut(rest, ':'), UINT64_MAX, &n);
    return n;
}

void versions_read(const char *text, struct versions *ret)
{
    struct span all = span_of(text ? text : "");
    ret->n = 0;
    while (all.n && ret->n < VERSIONS_MAX) {
        struct span one = span_cut(&all, ' ');
        struct version *v = &ret->list[ret->n++];
        *v = (struct version){.kind = one.p[0]};
        one = (struct span){one.p + 1, one.n - 1};
        v->n = next_number(&one);
        v->proof = next_number(&one);
        v->zones = (unsigned)next_number(&one);
    }
}

char *versions_text(const struct versions *v)
{
    struct bytes text;
    bytes_init(&text, TEXT_MAX);
    for (size_t i = 0; i < v->n; i++)
        bytes_addf(&text, "%s%c%" PRIu64 ":%d:%u", i ? " " : "", v->list[i].kind, v->list[i].n,
                   v->list[i].proof, v->list[i].zones);
    return bytes_take(&text);
}

bool version_replaces(const struct version *later, const struct version *earlier)
{
    return earlier->kind == 'u' && later->kind == 'u' && earlier->proof == later->proof &&
           !(earlier->zones & ~later->zones);
}

void versions_standing(struct versions *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (v->list[i].kind == 'd')
            n = 0;
        else
            v->list[n++] = v->list[i];
    }
    v->n = n;
}

/* Why one may go first where there are too many: it has left the journal, it was taken back, it is
 * an Announce, it is an Update that a later one replaces. */
static bool may_go(const struct world *w, const struct versions *v, size_t i, unsigned reason)
{
    bool goes = false;
    switch (reason) {
    case 0: return v->list[i].n <= w->db.floor[LANE_NORMAL];
    case 1:
        for (size_t k = i + 1; k < v->n; k++)
            goes |= v->list[k].kind == 'd';
        return goes;
    case 2: return v->list[i].kind == 'a';
    default:
        for (size_t k = i + 1; k < v->n; k++)
            goes |= version_replaces(&v->list[k], &v->list[i]);
        return goes;
    }
}

static bool leave_out(const struct world *w, struct versions *v)
{
    for (unsigned reason = 0; reason < 4; reason++)
        for (size_t i = 0; i + 1 < v->n; i++) {
            if (!may_go(w, v, i, reason))
                continue;
            memmove(&v->list[i], &v->list[i + 1], (v->n - i - 1) * sizeof(*v->list));
            v->n--;
            return true;
        }
    return false;
}

bool versions_add(const struct world *w, struct versions *v, const struct version *version)
{
    v->list[v->n++] = *version;
    while (v->n > w->plan.versions)
        if (!leave_out(w, v))
            return false;
    return true;
}

/* By its short record nothing is known but the newest, not even what that was. */
void object_shrink(struct world *w, struct object *o)
{
    struct versions v;
    struct version newest = {.kind = 'c'};
    if (!o->known || o->shrunk)
        return;
    versions_read(o->entries, &v);
    for (size_t i = 0; i < v.n; i++) {
        enum lane lane = v.list[i].kind == 'd' ? LANE_URGENT : LANE_NORMAL;
        if (v.list[i].n > w->db.floor[lane])
            return;
        newest.n = v.list[i].n > newest.n ? v.list[i].n : newest.n;
    }
    v.list[0] = newest;
    v.n = 1;
    db_put_text(w, &o->entries, versions_text(&v));
    PUT(w, o->shrunk, true);
    PUT(w, o->top, o->live ? o->top : 0);
    PUT(w, o->dead, o->live ? 0 : o->dead);
    if (!o->live || !o->hash) {
        PUT(w, o->hash, 0);
        PUT(w, o->out, 0);
    }
    w->tally.shrunk++;
}

/* --- marks -------------------------------------------------------------------------------------
 */

void db_mark(struct world *w, uint64_t n, uint64_t by, const struct version *update)
{
    struct line *line = w->db.lines[n];
    struct bytes text;
    if (line->marks && line->marks[0] == 'r')
        return;
    bytes_init(&text, TEXT_MAX);
    if (update)
        bytes_addf(&text, "%s%ss%" PRIu64 ":%d:%u", line->marks ? line->marks : "",
                   line->marks ? ";" : "", by, update->proof, update->zones);
    else
        bytes_addf(&text, "r%" PRIu64, by);
    db_put_text(w, &line->marks, bytes_take(&text));
    w->tally.taken += !update;
    w->tally.replaced += update != NULL;
}

static void add_mark(const struct world *w, struct entry *e, struct span text)
{
    struct bytes zones;
    struct entry_mark mark = {.recalled = text.p[0] == 'r'};
    bool left_out = text.p[0] == 'h';
    text = (struct span){text.p + 1, text.n - 1};
    mark.by = next_number(&text);
    if (left_out) {
        mark.left_out = (unsigned)next_number(&text);
        mark.audience = span_of(w->hosts[next_number(&text)].name);
        entry_mark_add(e, &mark);
        return;
    }
    mark.proof = next_number(&text);
    bytes_init(&zones, 256);
    policy_set_write(&w->policy, &(struct zone_set){{next_number(&text)}}, &zones);
    mark.audience = bytes_span(&zones);
    entry_mark_add(e, &mark);
    bytes_fini(&zones);
}

/* An Update that had to go from what is known of its object is not named by what takes that back.
 */
static uint64_t taken_since(const struct world *w, const struct line *line)
{
    struct versions v;
    bool replaced = line->marks && (line->marks[0] == 's' || strstr(line->marks, ";s"));
    versions_read(replaced ? w->objects[line->act->object].entries : NULL, &v);
    for (size_t i = 0; i < v.n; i++)
        if (v.list[i].kind == 'd' && v.list[i].n > line->n)
            return v.list[i].n;
    return 0;
}

struct entry *line_entry(const struct world *w, const struct line *line, bool marked)
{
    struct entry *e = entry_new(line->entry);
    struct span marks = span_of(marked && line->marks ? line->marks : "");
    const struct object *actor = e->actor ? &w->objects[e->actor - 1] : NULL;
    bool taken = line->marks && line->marks[0] == 'r';
    uint64_t since = marked && !taken ? taken_since(w, line) : 0;
    while (marks.n)
        add_mark(w, e, span_cut(&marks, ';'));
    if (marked && !taken && actor && line->n < actor->gone)
        entry_mark_add(e, &(struct entry_mark){.by = actor->gone, .recalled = true});
    if (since)
        entry_mark_add(e, &(struct entry_mark){.by = since, .recalled = true});
    return e;
}
