/* diff_rules: pairs the rules of two policies, and says what became of each.
 *
 *     same name and same words -> same words (renamed) -> same name (changed) -> removed, added
 *
 * The order counts within what is asked together: the rules of one side of a zone, and those of the
 * short form. May not know: settings, zones. */
#include <stdlib.h>
#include <string.h>

#include "common/pure/date.h"
#include "common/pure/map.h"
#include "relay/config/diff_inner.h"

enum { RULE_TEXT_MAX = 16 << 20 };

struct item {
    const struct rule *rule;
    char *words; /* the rule without its name */
    char *group; /* what it is asked with */
    struct item *mate;
};

static char *words_of(const struct policy *policy, const struct rule *rule)
{
    struct bytes text;
    char until[DATE_ISO_SIZE];
    bytes_init(&text, RULE_TEXT_MAX);
    policy_rule_write(policy, rule, &text);
    bytes_shift(&text, strlen("rule : ") + strlen(rule->name));
    if (rule->until_ms) {
        date_iso_write(rule->until_ms, until);
        bytes_addf(&text, ", until %s", until);
    }
    if (rule->owner)
        bytes_addf(&text, ", owner %s", rule->owner);
    if (rule->reason)
        bytes_addf(&text, ", reason %s", rule->reason);
    return bytes_take(&text);
}

static char *group_of(const struct policy *policy, const struct rule *rule)
{
    struct bytes text;
    bytes_init(&text, 2 * POLICY_NAME_MAX);
    switch (rule->part) {
    case RULE_SHORT: bytes_add_str(&text, "rules"); break;
    case RULE_EXPORT:
        bytes_addf(&text, "%s.export", policy->zones[rule->from.zones[0]].name);
        break;
    case RULE_IMPORT: bytes_addf(&text, "%s.import", policy->zones[rule->to.zones[0]].name); break;
    }
    return bytes_take(&text);
}

static struct item *items_make(const struct policy *policy)
{
    struct item *items = mem_new((policy->rules_n + 1) * sizeof(*items));
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct rule *rule = &policy->rules[i];
        items[i] = (struct item){rule, words_of(policy, rule), group_of(policy, rule), NULL};
    }
    return items;
}

static void items_free(struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].words);
        free(items[i].group);
    }
    free(items);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static const char *key_of(const struct item *item, bool by_name)
{
    return by_name ? item->rule->name : item->words;
}

/* Pairs what is still alone and has the same key. Of several with the same words, the first is
 * taken; the others go by their names. exact: the words must be the same as well. */
static void pair(struct item *was, size_t was_n, struct item *is, size_t is_n, bool by_name,
                 bool exact)
{
    struct map *known = map_new();
    for (size_t i = is_n; i > 0; i--)
        if (!is[i - 1].mate)
            map_put(known, span_of(key_of(&is[i - 1], by_name)), &is[i - 1]);
    for (size_t i = 0; i < was_n; i++) {
        struct span key = span_of(key_of(&was[i], by_name));
        struct item *other = was[i].mate ? NULL : map_get(known, key);
        if (!other || (exact && strcmp(was[i].words, other->words) != 0))
            continue;
        map_take(known, key);
        was[i].mate = other;
        other->mate = &was[i];
    }
    map_free(&known);
}

/* --- what became of them ---------------------------------------------------------------------- */

static void became(const struct item *was, struct config_changes *ret)
{
    const struct item *is = was->mate;
    if (!is)
        diff_add(ret, "rule", CHANGE_REMOVED, was->rule->name, mem_copy(span_of(was->words)), NULL);
    else if (strcmp(was->words, is->words) != 0)
        diff_add(ret, "rule", CHANGE_MODIFIED, is->rule->name, mem_copy(span_of(was->words)),
                 mem_copy(span_of(is->words)));
    else if (strcmp(was->rule->name, is->rule->name) != 0)
        diff_add(ret, "rule", CHANGE_RENAMED, is->rule->name, mem_copy(span_of(was->rule->name)),
                 mem_copy(span_of(is->rule->name)));
}

/* Two that followed each other, and are the other way round now. */
static void moves(const struct item *was, size_t n, struct config_changes *ret)
{
    const struct item *last = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct item *is = was[i].mate;
        if (!is || strcmp(was[i].group, is->group) != 0)
            continue;
        if (last && strcmp(last->group, is->group) == 0 && is < last)
            diff_add(ret, "rule", CHANGE_MOVED, is->rule->name, NULL,
                     mem_copy(span_of(last->rule->name)));
        last = is;
    }
}

void config_compare_rules(const struct policy *was, const struct policy *is,
                          struct config_changes *ret)
{
    struct item *before = items_make(was);
    struct item *after = items_make(is);
    pair(before, was->rules_n, after, is->rules_n, true, true);
    pair(before, was->rules_n, after, is->rules_n, false, true);
    pair(before, was->rules_n, after, is->rules_n, true, false);
    for (size_t i = 0; i < was->rules_n; i++)
        became(&before[i], ret);
    for (size_t i = 0; i < is->rules_n; i++)
        if (!after[i].mate)
            diff_add(ret, "rule", CHANGE_ADDED, after[i].rule->name, NULL,
                     mem_copy(span_of(after[i].words)));
    moves(before, was->rules_n, ret);
    items_free(before, was->rules_n);
    items_free(after, is->rules_n);
}
