/* gate: the text of gates, and whom they stop.
 * May not know: where they are kept, who waits for what. */
#include "relay/rules/gate.h"

#include <string.h>

#include "relay/rules/freeze.h"

_Static_assert((int)GATES_MAX == (int)FREEZES_MAX, "each freeze is a gate");
_Static_assert((int)GATES_ZONE_MAX == (int)POLICY_NAME_MAX, "of zones by their names");

static bool gate_read(struct span word, struct gate *ret)
{
    struct span line = word;
    struct span to = span_cut(&line, '@');
    struct span from = span_cut(&to, '>');
    ret->line = UINT64_MAX;
    return from.n && to.n && span_copy(from, ret->from, sizeof(ret->from)) &&
           span_copy(to, ret->to, sizeof(ret->to)) &&
           (!line.p || span_u64(line, UINT64_MAX, &ret->line));
}

bool gates_read(struct span text, struct gates *ret)
{
    ret->list_n = 0;
    while (text.n) {
        if (ret->list_n == GATES_MAX || !gate_read(span_cut(&text, ' '), &ret->list[ret->list_n]))
            return false;
        ret->list_n++;
    }
    return true;
}

void gates_write(const struct gates *gates, struct bytes *out)
{
    for (size_t i = 0; i < gates->list_n; i++) {
        const struct gate *g = &gates->list[i];
        bytes_addf(out, "%s%s>%s", i ? " " : "", g->from, g->to);
        if (g->line < UINT64_MAX)
            bytes_addf(out, "@%llu", (unsigned long long)g->line);
    }
}

static bool is_any(const char *zone)
{
    return strcmp(zone, "*") == 0;
}

static bool stops(const struct gate *g, const struct entry *e, const char *zone)
{
    if (e->n > g->line || !(is_any(g->to) || strcmp(g->to, zone) == 0))
        return false;
    if (!e->zone.n)
        return true;
    return !span_eq_str(e->zone, zone) && (is_any(g->from) || span_eq_str(e->zone, g->from));
}

bool gates_stop(const struct gates *gates, const struct entry *entry, const char *zone)
{
    for (size_t i = 0; entry->lane == LANE_NORMAL && i < gates->list_n; i++)
        if (stops(&gates->list[i], entry, zone))
            return true;
    return false;
}
