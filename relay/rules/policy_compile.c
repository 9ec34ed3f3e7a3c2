/* policy_compile: what makes a decision quick among thousands of rules. For each zone that an
 * activity can come from, and each side of the boundary, a bit for each rule that could decide
 * there; and for rules that want one of some words, lists of the rules by word, so that only those
 * are looked at whose word the activity has. The index owns all of this; rules are known by number.
 * May not know: what is decided (policy_decide.c). */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy_inner.h"

/* --- the words of a condition ------------------------------------------------------------------
 */

_Static_assert(PATTERN_EXACT == 0, "exact words come first");

static int by_word(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    if (x->how != y->how)
        return x->how < y->how ? -1 : 1;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return x->n ? memcmp(x->text, y->text, x->n) : 0;
}

static void sort_words(struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++) {
        struct condition *c = &conditions->list[i];
        if (c->patterns_n)
            qsort(c->patterns, c->patterns_n, sizeof(*c->patterns), by_word);
        c->exacts = 0;
        while (c->exacts < c->patterns_n && c->patterns[c->exacts].how == PATTERN_EXACT)
            c->exacts++;
    }
}

/* --- who is asked ------------------------------------------------------------------------------
 */

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static void add_relevant(struct policy_index *index, enum policy_side side, int from, size_t rule)
{
    set_bit(&index->relevant[side][(size_t)from * index->words], rule);
}

static void add_sides(const struct policy *policy, struct policy_index *index, size_t number)
{
    const struct rule *rule = &policy->rules[number];
    for (int from = 0; from < (int)policy->zones_n; from++) {
        if (!rule_end_covers(&rule->from, from))
            continue;
        if (rule->part != RULE_IMPORT)
            add_relevant(index, SIDE_EXPORT, from, number);
        if (rule->part != RULE_EXPORT)
            add_relevant(index, SIDE_IMPORT, from, number);
        if (rule->part == RULE_SHORT && rule->from.n && rule->to.n &&
            rule_end_covers(&rule->to, from))
            add_relevant(index, SIDE_INSIDE, from, number);
    }
}

static bool asks_zones(const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++)
        if (conditions->list[i].fact == FACT_MENTIONS || conditions->list[i].fact == FACT_REPLY_TO)
            return true;
    return false;
}

static void to_make(const struct policy *policy, const struct rule *rule, struct rule_to *to)
{
    to->one = rule->to.n == 1 ? rule->to.zones[0] : -1;
    to->crossed = rule_asks_crossed(rule);
    if (rule->to.n == 0)
        to->several = zone_set_below(policy->zones_n);
    for (size_t i = 0; i < rule->to.n; i++)
        zone_set_add(&to->several, rule->to.zones[i]);
}

static void own_make(const struct policy *policy, struct policy_index *index)
{
    size_t rule = 0;
    index->own = mem_new((policy->zones_n + 1) * sizeof(*index->own));
    for (size_t zone = 0; zone < policy->zones_n; zone++) {
        index->own[zone] = (uint16_t)rule;
        for (; rule < policy->rules_n; rule++) {
            const struct rule *r = &policy->rules[rule];
            const struct rule_end *end = r->part == RULE_EXPORT ? &r->from : &r->to;
            if (r->part == RULE_SHORT || end->zones[0] != (int)zone)
                break;
        }
    }
    index->own[policy->zones_n] = (uint16_t)rule;
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* Facts that can be keys, and how common a word of theirs is among activities, roughly: nearly
 * every one is public, few have one certain tag. Not those that are found by reading all of the
 * content: that would be read for every activity, where perhaps no rule gets to ask for it. */
static const unsigned commonness[FACT_COUNT] = {
    [FACT_TAGS] = 1,      [FACT_AUTHOR] = 1,    [FACT_AUTHOR_HOST] = 2, [FACT_SOFTWARE] = 20,
    [FACT_MENTIONS] = 10, [FACT_LANGUAGE] = 30, [FACT_REPLY_TO] = 50,   [FACT_OBJECT] = 70,
    [FACT_TYPE] = 80,     [FACT_PROOF] = 90,    [FACT_VISIBILITY] = 100};

static bool is_key(const struct condition *c)
{
    return commonness[c->fact] && c->exacts > 0 && c->exacts == c->patterns_n && !c->crossed;
}

static struct span word_of(const struct pattern *pattern)
{
    return (struct span){pattern->text, pattern->n};
}

static void words_count(struct policy_index *index, const struct condition *c)
{
    if (!index->keys[c->fact])
        index->keys[c->fact] = map_new();
    for (size_t i = 0; i < c->exacts; i++) {
        struct span word = word_of(&c->patterns[i]);
        struct key_rules *list = map_get(index->keys[c->fact], word);
        if (!list) {
            list = &index->lists[index->lists_n++];
            map_put(index->keys[c->fact], word, list);
        }
        list->used++;
    }
}

/* The condition whose words activities have least, and the fewest other rules want: what has to be
 * looked at is the product of both. NULL: it has none that could be a key. */
static const struct condition *key_of(const struct policy_index *index, const struct rule *rule)
{
    const struct condition *best = NULL;
    size_t least = 0;
    for (size_t i = 0; i < rule->when.n; i++) {
        const struct condition *c = &rule->when.list[i];
        size_t used = 0;
        if (!is_key(c))
            continue;
        for (size_t j = 0; j < c->exacts; j++) {
            const struct key_rules *list = map_get(index->keys[c->fact], word_of(&c->patterns[j]));
            used += list->used * commonness[c->fact];
        }
        if (!best || used < least) {
            best = c;
            least = used;
        }
    }
    return best;
}

static void key_add(struct policy_index *index, const struct condition *key, size_t number)
{
    if (!index->keyed[key->fact])
        index->keyed[key->fact] = mem_new(index->words * sizeof(uint64_t));
    set_bit(index->keyed[key->fact], number);
    for (size_t i = 0; i < key->exacts; i++) {
        struct key_rules *list = map_get(index->keys[key->fact], word_of(&key->patterns[i]));
        if (list->n == list->cap) {
            list->cap = list->cap ? 2 * list->cap : 2;
            list->rules = mem_grow(list->rules, list->cap * sizeof(*list->rules));
        }
        list->rules[list->n++] = (uint16_t)number;
    }
}

_Static_assert(POLICY_RULES_MAX <= UINT16_MAX, "the number of a rule in a list");

static void keys_make(const struct policy *policy, struct policy_index *index)
{
    size_t words = 0;
    for (size_t i = 0; i < policy->rules_n; i++)
        for (size_t j = 0; j < policy->rules[i].when.n; j++)
            words += policy->rules[i].when.list[j].exacts;
    index->lists = mem_new((words + 1) * sizeof(*index->lists));
    for (size_t i = 0; i < policy->rules_n; i++)
        for (size_t j = 0; j < policy->rules[i].when.n; j++)
            if (is_key(&policy->rules[i].when.list[j]))
                words_count(index, &policy->rules[i].when.list[j]);
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct condition *key = key_of(index, &policy->rules[i]);
        if (key)
            key_add(index, key, i);
        else
            set_bit(index->always, i);
    }
    for (int fact = 0; fact < FACT_COUNT; fact++)
        if (!index->keyed[fact])
            map_free(&index->keys[fact]);
}

/* --- the index ---------------------------------------------------------------------------------
 */

void policy_compile(struct policy *policy)
{
    struct policy_index *index = mem_new(sizeof(*index));
    policy_index_free(&policy->index);
    index->hosts = policy_hosts_new(policy);
    index->zones = map_new();
    for (size_t i = 0; i < policy->zones_n; i++)
        map_put(index->zones, span_of(policy->zones[i].name), &policy->zones[i]);
    index->words = policy->rules_n / 64 + 1;
    for (int side = 0; side < SIDE_COUNT; side++)
        index->relevant[side] = mem_new((policy->zones_n + 1) * index->words * sizeof(uint64_t));
    index->always = mem_new(index->words * sizeof(uint64_t));
    index->to = mem_new((policy->rules_n + 1) * sizeof(*index->to));
    for (size_t i = 0; i < policy->rules_n; i++) {
        sort_words(&policy->rules[i].when);
        sort_words(&policy->rules[i].unless);
        add_sides(policy, index, i);
        to_make(policy, &policy->rules[i], &index->to[i]);
        index->asks_crossed = index->asks_crossed || index->to[i].crossed;
        index->asks_zones = index->asks_zones || asks_zones(&policy->rules[i].when) ||
                            asks_zones(&policy->rules[i].unless);
    }
    own_make(policy, index);
    keys_make(policy, index);
    policy->index = index;
}

bool policy_asks_zones(const struct policy *policy)
{
    return policy->index->asks_zones;
}

bool policy_asks_crossed(const struct policy *policy)
{
    return policy->index->asks_crossed;
}

void policy_index_free(struct policy_index **index)
{
    struct policy_index *i = *index;
    if (!i)
        return;
    policy_hosts_free(&i->hosts);
    map_free(&i->zones);
    for (int side = 0; side < SIDE_COUNT; side++)
        free(i->relevant[side]);
    for (int fact = 0; fact < FACT_COUNT; fact++) {
        map_free(&i->keys[fact]);
        free(i->keyed[fact]);
    }
    for (size_t k = 0; k < i->lists_n; k++)
        free(i->lists[k].rules);
    free(i->lists);
    free(i->always);
    free(i->own);
    free(i->to);
    free(i);
    *index = NULL;
}
