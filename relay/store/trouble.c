/* trouble: telling the states of Redis apart by what it says.
 * May not know: who asked for what. */
#include "relay/store/trouble.h"

#include <string.h>

static const struct {
    const char *name, *begins;
} table[TROUBLE_COUNT] = {
#define X(name, text, begins, help) [TROUBLE_##name] = {text, begins},
    TROUBLE_TABLE(X)
#undef X
};

const char *trouble_name(enum trouble trouble)
{
    return table[trouble].name;
}

/* The first that fits; a script's own error is wrapped in words by old versions. */
static enum trouble find(struct span text, enum trouble otherwise)
{
    static const struct span wrapped = {"WRONGTYPE", 9};
    for (size_t i = 0; i < TROUBLE_COUNT; i++)
        if (table[i].begins && span_starts(text, span_of(table[i].begins)))
            return (enum trouble)i;
    if (text.n && memmem(text.p, text.n, wrapped.p, wrapped.n))
        return TROUBLE_TYPE;
    return otherwise;
}

enum trouble trouble_of_answer(struct span error)
{
    return find(error, TROUBLE_OTHER);
}

enum trouble trouble_of_connection(const char *why)
{
    if (strstr(why, "no answer in time"))
        return TROUBLE_SLOW;
    return find(span_of(why), TROUBLE_AWAY);
}

bool trouble_passes(enum trouble trouble)
{
    return trouble != TROUBLE_TYPE && trouble != TROUBLE_OTHER && trouble != TROUBLE_DENIED;
}
