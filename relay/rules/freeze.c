/* freeze: boundaries as text, and what they do to a verdict.
 * May not know: where they are kept, what becomes of what waits, what time it is. */
#include "relay/rules/freeze.h"

#include <string.h>

#include "common/pure/json.h"

static const struct json_limits limits = {2, 16, 20};

/* --- a boundary ------------------------------------------------------------------------------- */

static bool is_any(const char *zone)
{
    return strcmp(zone, "*") == 0;
}

/* What may be the name of a zone in a file, or `*`. */
static bool read_side(struct span text, char ret[POLICY_NAME_MAX + 1])
{
    text = span_trim(text);
    bool ok = text.n > 0 && text.p[0] != '-' && text.p[0] != '.';
    for (size_t i = 0; ok && i < text.n; i++) {
        char c = text.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_' || c == '.';
    }
    return (ok || span_eq_str(text, "*")) && span_copy(text, ret, POLICY_NAME_MAX + 1);
}

/* What stays inside a zone crosses nothing. */
static bool read_ends(struct span from, struct span to, struct freeze *ret)
{
    return read_side(from, ret->from) && read_side(to, ret->to) &&
           (is_any(ret->from) || strcmp(ret->from, ret->to) != 0);
}

bool freeze_boundary_read(struct span text, struct freeze *ret)
{
    struct span to = text;
    struct span from = span_cut(&to, '>');
    *ret = (struct freeze){.since_ms = 0};
    if (!to.p || !span_ends(from, SPAN("-")))
        return false;
    from.n--;
    return read_ends(from, to, ret);
}

void freeze_boundary_write(const struct freeze *freeze, struct bytes *out)
{
    bytes_add_str(out, freeze->from);
    bytes_add_str(out, " -> ");
    bytes_add_str(out, freeze->to);
}

bool freeze_same_boundary(const struct freeze *a, const struct freeze *b)
{
    return strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0;
}

/* As with the ends of rules: `*` is any zone but the other one. */
bool freeze_covers(const struct freeze *f, const char *from, const char *to)
{
    return strcmp(from, to) != 0 && (is_any(f->from) || strcmp(f->from, from) == 0) &&
           (is_any(f->to) || strcmp(f->to, to) == 0);
}

/* --- a record --------------------------------------------------------------------------------- */

void freeze_write(const struct freeze *freeze, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "from", span_of(freeze->from));
    json_member(&w, "to", span_of(freeze->to));
    json_member_int(&w, "since", freeze->since_ms);
    if (freeze->until_ms)
        json_member_int(&w, "until", freeze->until_ms);
    json_member(&w, "who", span_of(freeze->who));
    json_member(&w, "reason", span_of(freeze->reason));
    json_close(&w, '}');
}

bool freeze_read(struct span text, struct freeze *ret)
{
    struct json *json = NULL;
    *ret = (struct freeze){.since_ms = 0};
    if (json_read(text, &limits, &json) != ERR_OK)
        return false;
    const struct json *until = json_get(json, "until");
    bool ok = read_ends(json_text(json_get(json, "from")), json_text(json_get(json, "to")), ret) &&
              json_int(json_get(json, "since"), &ret->since_ms) && ret->since_ms >= 0 &&
              (!until || (json_int(until, &ret->until_ms) && ret->until_ms > 0)) &&
              span_copy(json_text(json_get(json, "who")), ret->who, sizeof(ret->who)) &&
              span_copy(json_text(json_get(json, "reason")), ret->reason, sizeof(ret->reason));
    json_free(&json);
    return ok;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* The same order wherever they are read: by age, then by name. */
static bool comes_before(const struct freeze *a, const struct freeze *b)
{
    if (a->since_ms != b->since_ms)
        return a->since_ms < b->since_ms;
    int order = strcmp(a->from, b->from);
    return order ? order < 0 : strcmp(a->to, b->to) < 0;
}

bool freezes_add(struct freezes *freezes, const struct freeze *freeze)
{
    size_t at = freezes->n;
    if (at == FREEZES_MAX)
        return false;
    for (; at > 0 && comes_before(freeze, &freezes->list[at - 1]); at--)
        freezes->list[at] = freezes->list[at - 1];
    freezes->list[at] = *freeze;
    freezes->n++;
    return true;
}

const struct freeze *freezes_find(const struct freezes *freezes, const char *from, const char *to)
{
    for (size_t i = 0; i < freezes->n; i++)
        if (freeze_covers(&freezes->list[i], from, to))
            return &freezes->list[i];
    return NULL;
}

int64_t freezes_next_ms(const struct freezes *freezes)
{
    int64_t next_ms = 0;
    for (size_t i = 0; i < freezes->n; i++) {
        int64_t until_ms = freezes->list[i].until_ms;
        if (until_ms && (!next_ms || until_ms < next_ms))
            next_ms = until_ms;
    }
    return next_ms;
}

void freezes_apply(const struct freezes *freezes, const struct policy *policy, int from,
                   struct zone_verdict *verdicts, struct zone_set *set)
{
    for (size_t i = 0; from >= 0 && freezes->n && i < policy->zones_n; i++) {
        if (verdicts[i].why != ERR_OK && verdicts[i].why != ERR_RULE_HOLDS)
            continue;
        if (!freezes_find(freezes, policy->zones[from].name, policy->zones[i].name))
            continue;
        verdicts[i].why = ERR_FROZEN;
        zone_set_take(set, (int)i);
    }
}
