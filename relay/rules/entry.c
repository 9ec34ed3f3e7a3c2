/* entry: the facts of one accepted activity, in one block of memory.
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

struct entry *entry_new(const struct entry *from)
{
    size_t texts =
        from->audience.n + from->origin.n + from->object_host.n + from->id.n + from->object.n;
    struct entry *e = mem_new(sizeof(*e) + texts);
    char *at = (char *)(e + 1);
    *e = *from;
    e->refs = 1;
    e->audience = keep(&at, from->audience);
    e->origin = keep(&at, from->origin);
    e->object_host = keep(&at, from->object_host);
    e->id = keep(&at, from->id);
    e->object = keep(&at, from->object);
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
    if (e && --e->refs == 0)
        free(e);
}
