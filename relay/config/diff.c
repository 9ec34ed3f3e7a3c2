/* diff: compares settings value by value, zones part by part, and rules by name: those that only
 * have another name (most have one by their place, which one more rule above changes) are paired by
 * what they say. May not know: files, a running relay. */
#include "relay/config/diff_inner.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/map.h"

enum { TEXT_MAX = 16 << 20 };

const char *change_how_name(enum change_how how)
{
    static const char *const names[] = {[CHANGE_ADDED] = "added",
                                        [CHANGE_REMOVED] = "removed",
                                        [CHANGE_MODIFIED] = "changed",
                                        [CHANGE_RENAMED] = "renamed",
                                        [CHANGE_MOVED] = "moved"};
    return names[how];
}

struct config_change *diff_add(struct config_changes *ret, const char *kind, enum change_how how,
                               const char *name, char *before, char *after)
{
    if ((ret->n & (ret->n - 1)) == 0) /* full at each power of two */
        ret->list = mem_grow(ret->list, (ret->n ? 2 * ret->n : 1) * sizeof(*ret->list));
    struct config_change *c = &ret->list[ret->n++];
    *c = (struct config_change){kind, how, mem_copy(span_of(name)), before, after, false};
    return c;
}

static char *copy(const char *text)
{
    return text ? mem_copy(span_of(text)) : NULL;
}

/* --- settings -------------------------------------------------------------------------------- */

static char *setting_text(const struct config *config, int i)
{
    struct bytes text;
    bytes_init(&text, 10000);
    setting_write(&config->set, i, &text);
    return bytes_take(&text);
}

static bool differs(const struct config *was, const struct config *is, int i)
{
    if (i == SETTING_AT_data)
        return strcmp(was->data_dir, is->data_dir) != 0;
    return !setting_same(&was->set, &is->set, i);
}

bool config_needs_restart(const struct config *was, const struct config *is, int setting)
{
    switch (setting) {
    case SETTING_AT_url:
    case SETTING_AT_listen:
    case SETTING_AT_metrics:
    case SETTING_AT_data:
    case SETTING_AT_redis:
    case SETTING_AT_redis_replicas:
    case SETTING_AT_durability:
    case SETTING_AT_workers:
    case SETTING_AT_fronts: return differs(was, is, setting);
    default: return false;
    }
}

static void settings_compare(const struct config *was, const struct config *is,
                             struct config_changes *ret)
{
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        if (differs(was, is, i))
            diff_add(ret, "setting", CHANGE_MODIFIED, settings_table[i].name, setting_text(was, i),
                     setting_text(is, i))
                ->restart = config_needs_restart(was, is, i);
}

/* --- zones ----------------------------------------------------------------------------------- */

static const char *join_of(const struct zone *zone)
{
    return zone_join_name(zone->join);
}

static const char *inside_of(const struct zone *zone)
{
    return rule_verdict_name(zone->inside);
}

static const char *consent_of(const struct zone *zone)
{
    return zone_consent_name(zone->consent);
}

static const char *publish_of(const struct zone *zone)
{
    return zone_publish_name(zone->publish);
}

static const char *token_file_of(const struct zone *zone)
{
    return zone->token_file;
}

/* The parts of a zone that are one value each; NULL: it has none. */
static const struct {
    const char *key;
    const char *(*text)(const struct zone *zone);
} parts[] = {{"join", join_of},
             {"inside", inside_of},
             {"consent", consent_of},
             {"publish", publish_of},
             {"token_file", token_file_of}};

enum { PARTS_N = sizeof(parts) / sizeof(*parts) };

/* The parts of a zone that are lists; the order in them says nothing. */
struct words {
    char **list;
    size_t n;
};

static struct words hosts_of(const struct zone *zone)
{
    struct words w = {mem_new((zone->hosts_n + 1) * sizeof(*w.list)), zone->hosts_n};
    for (size_t i = 0; i < w.n; i++)
        w.list[i] = copy(zone->hosts[i]);
    return w;
}

static struct words networks_of(const struct zone *zone)
{
    struct words w = {mem_new((zone->networks_n + 1) * sizeof(*w.list)), zone->networks_n};
    for (size_t i = 0; i < w.n; i++) {
        struct bytes text;
        bytes_init(&text, 100);
        network_write(&zone->networks[i], &text);
        w.list[i] = bytes_take(&text);
    }
    return w;
}

static void words_free(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->list[i]);
    free(w->list);
}

/* What is in one list and not in the other. */
static void words_beyond(const struct words *some, const struct words *others, enum change_how how,
                         const char *name, struct config_changes *ret)
{
    struct map *known = map_new();
    for (size_t i = 0; i < others->n; i++)
        map_put(known, span_of(others->list[i]), others->list[i]);
    for (size_t i = 0; i < some->n; i++) {
        char *word = map_get(known, span_of(some->list[i])) ? NULL : copy(some->list[i]);
        if (word)
            diff_add(ret, "zone", how, name, how == CHANGE_REMOVED ? word : NULL,
                     how == CHANGE_ADDED ? word : NULL);
    }
    map_free(&known);
}

static void words_compare(struct words was, struct words is, const char *zone, const char *key,
                          struct config_changes *ret)
{
    struct bytes name;
    bytes_init(&name, 2 * POLICY_NAME_MAX);
    bytes_addf(&name, "%s.%s", zone, key);
    words_beyond(&was, &is, CHANGE_REMOVED, bytes_str(&name), ret);
    words_beyond(&is, &was, CHANGE_ADDED, bytes_str(&name), ret);
    words_free(&was);
    words_free(&is);
    bytes_fini(&name);
}

static void zone_compare(const struct zone *was, const struct zone *is, struct config_changes *ret)
{
    words_compare(hosts_of(was), hosts_of(is), is->name, "hosts", ret);
    words_compare(networks_of(was), networks_of(is), is->name, "networks", ret);
    for (size_t i = 0; i < PARTS_N; i++) {
        const char *before = parts[i].text(was);
        const char *after = parts[i].text(is);
        struct bytes name;
        if (span_eq(span_of(before), span_of(after)))
            continue;
        bytes_init(&name, 2 * POLICY_NAME_MAX);
        bytes_addf(&name, "%s.%s", is->name, parts[i].key);
        diff_add(ret, "zone", CHANGE_MODIFIED, bytes_str(&name), copy(before), copy(after));
        bytes_fini(&name);
    }
}

/* All of a zone that there is only once. */
static char *zone_text(const struct zone *zone)
{
    struct words lists[] = {hosts_of(zone), networks_of(zone)};
    struct bytes text;
    bytes_init(&text, TEXT_MAX);
    for (size_t k = 0; k < 2; k++) {
        bytes_add_str(&text, k ? ", networks [" : "hosts [");
        for (size_t i = 0; i < lists[k].n; i++)
            bytes_addf(&text, "%s%s", i ? ", " : "", lists[k].list[i]);
        bytes_add_str(&text, "]");
        words_free(&lists[k]);
    }
    for (size_t i = 0; i < PARTS_N; i++)
        if (parts[i].text(zone))
            bytes_addf(&text, ", %s %s", parts[i].key, parts[i].text(zone));
    return bytes_take(&text);
}

static void zones_compare(const struct policy *was, const struct policy *is,
                          struct config_changes *ret)
{
    for (size_t i = 0; i < was->zones_n; i++)
        if (policy_zone_by_name(is, span_of(was->zones[i].name)) < 0)
            diff_add(ret, "zone", CHANGE_REMOVED, was->zones[i].name, zone_text(&was->zones[i]),
                     NULL);
    for (size_t i = 0; i < is->zones_n; i++) {
        int before = policy_zone_by_name(was, span_of(is->zones[i].name));
        if (before < 0)
            diff_add(ret, "zone", CHANGE_ADDED, is->zones[i].name, NULL, zone_text(&is->zones[i]));
        else
            zone_compare(&was->zones[before], &is->zones[i], ret);
    }
}

/* --- both ------------------------------------------------------------------------------------ */

void config_compare(const struct config *was, const struct config *is, struct config_changes *ret)
{
    *ret = (struct config_changes){0};
    settings_compare(was, is, ret);
    zones_compare(&was->policy, &is->policy, ret);
    config_compare_rules(&was->policy, &is->policy, ret);
}

void config_changes_fini(struct config_changes *changes)
{
    for (size_t i = 0; i < changes->n; i++) {
        free(changes->list[i].name);
        free(changes->list[i].before);
        free(changes->list[i].after);
    }
    free(changes->list);
    *changes = (struct config_changes){0};
}
