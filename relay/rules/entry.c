/* entry: the facts of one accepted activity in one block of memory, and the marks on it.
 * May not know: Redis, or who reads it. */
#include "relay/rules/entry.h"

#include <stdlib.h>
#include <string.h>

static struct span keep(char **at, struct span text)
{
    struct span kept = {*at, text.n};
    if (text.n)
        memcpy(*at, text.p, text.n);
    *at += text.n;
    return kept;
}

/* --- marks ------------------------------------------------------------------------------------ */

static void mark_fini(struct entry_mark *mark)
{
    free((char *)mark->audience.p);
}

void entry_mark_add(struct entry *e, const struct entry_mark *mark)
{
    size_t i = e->marks_n;
    while (i > 0 && e->marks[i - 1].by > mark->by)
        i--;
    if (i > 0 && e->marks[i - 1].by == mark->by)
        return;
    if (e->marks_n == ENTRY_MARKS_MAX) {
        if (!mark->recalled && !mark->opted_out)
            return;
        mark_fini(&e->marks[--e->marks_n]);
        i = i < e->marks_n ? i : e->marks_n;
    }
    e->marks = mem_grow(e->marks, (e->marks_n + 1) * sizeof(*e->marks));
    memmove(&e->marks[i + 1], &e->marks[i], (e->marks_n - i) * sizeof(*e->marks));
    e->marks[i] = *mark;
    e->marks[i].audience = (struct span){mem_copy(mark->audience), mark->audience.n};
    e->marks_n++;
}

struct entry_mark entry_mark_by(const struct entry *later)
{
    return (struct entry_mark){.by = later->n,
                               .recalled = later->lane == LANE_URGENT && !later->opts_out,
                               .opted_out = later->opts_out,
                               .audience = later->audience,
                               .proof = later->facts.has_proof};
}

/* --- life ------------------------------------------------------------------------------------- */

struct entry *entry_new(const struct entry *from)
{
    size_t of_n = from->of_n < ENTRY_OF_MAX ? from->of_n : ENTRY_OF_MAX;
    size_t texts = from->audience.n + from->origin.n + from->zone.n + from->object_host.n +
                   from->id.n + from->object.n;
    struct entry *e = mem_new(sizeof(*e) + of_n * sizeof(*e->of) + texts);
    uint64_t *of = (uint64_t *)(e + 1);
    char *at = (char *)(of + of_n);
    *e = *from;
    e->refs = 1;
    e->of = of;
    e->of_n = of_n;
    if (of_n)
        memcpy(of, from->of, of_n * sizeof(*of));
    e->audience = keep(&at, from->audience);
    e->origin = keep(&at, from->origin);
    e->zone = keep(&at, from->zone);
    e->object_host = keep(&at, from->object_host);
    e->id = keep(&at, from->id);
    e->object = keep(&at, from->object);
    e->marks = NULL;
    e->marks_n = 0;
    for (size_t i = 0; i < from->marks_n; i++)
        entry_mark_add(e, &from->marks[i]);
    return e;
}

struct entry *entry_ref(struct entry *entry)
{
    entry->refs++;
    return entry;
}

void entry_unref(struct entry **entry)
{
    struct entry *e = *entry;
    *entry = NULL;
    if (!e || --e->refs)
        return;
    for (size_t i = 0; i < e->marks_n; i++)
        mark_fini(&e->marks[i]);
    free(e->marks);
    free(e);
}
