/* policy_cases: reads cases, and says what is wrong with them and where. Texts are borrowed from
 * the tree of the file, which the cases own. May not know: the configuration; what is decided. */
#include "relay/policy_cases.h"

#include <stdlib.h>

#include "common/pure/date.h"
#include "common/pure/json.h"

static const struct span keys[] = {NAME("name"),   NAME("from"),  NAME("to"),
                                   NAME("expect"), NAME("rule"),  NAME("code"),
                                   NAME("at"),     NAME("known"), NAME("activity")};
static const struct span words[] = {NAME("allow"), NAME("hold"), NAME("deny"), NAME("drop"),
                                    NAME("refuse")};
static const struct span known_keys[] = {NAME("bot"), NAME("indexable"), NAME("crossed"),
                                         NAME("consent"), NAME("software")};
enum { SAID_N = 4 }; /* of these, those that are true or false */

enum {
    KEYS_N = sizeof(keys) / sizeof(*keys),
    WORDS_N = sizeof(words) / sizeof(*words),
    KNOWN_N = sizeof(known_keys) / sizeof(*known_keys)
};

static size_t among(struct span text, const struct span *names, size_t n)
{
    size_t i = 0;
    while (i < n && !span_eq(text, names[i]))
        i++;
    return i;
}

static bool is(const struct yaml_tree *value, enum yaml_tree_kind kind, const char *what,
               struct mistakes *m)
{
    static const char *const wanted[] = {"a text", "a list", "a mapping", ""};
    if (value->kind == kind && (kind != TREE_TEXT || value->text_n))
        return true;
    if (value->kind != TREE_BROKEN)
        mistake(m, value->at, "%s must be %s, not %s", what, wanted[kind],
                yaml_tree_kind_name(value));
    return false;
}

/* --- reading --------------------------------------------------------------------------------- */

static void expect_read(const struct yaml_tree *value, struct mistakes *m, struct policy_case *ret)
{
    ret->expect = yaml_tree_text(value);
    if (is(value, TREE_TEXT, "expect", m) && among(ret->expect, words, WORDS_N) == WORDS_N)
        mistake_unknown(m, value->at, "verdict", ret->expect, words, WORDS_N);
}

static void code_read(const struct yaml_tree *value, struct mistakes *m, struct policy_case *ret)
{
    ret->code = yaml_tree_text(value);
    if (is(value, TREE_TEXT, "code", m) && err_by_code(ret->code) == ERR_COUNT)
        mistake(m, value->at, "%s is no reason code (see `weir help problems`)",
                quoted(ret->code).text);
}

static void at_read(const struct yaml_tree *value, struct mistakes *m, struct policy_case *ret)
{
    if (is(value, TREE_TEXT, "at", m) &&
        (!date_day_read(yaml_tree_text(value), &ret->at_ms) || ret->at_ms <= 0))
        mistake(m, value->at, "%s is no day: write it as 2027-04-30",
                quoted(yaml_tree_text(value)).text);
}

static void known_read(const struct yaml_tree *value, struct mistakes *m, struct policy_case *ret)
{
    enum fact_said *const said[] = {&ret->bot, &ret->indexable, &ret->crossed, &ret->consent};
    if (!is(value, TREE_MAP, "known", m))
        return;
    for (size_t i = 0; i < value->n; i++) {
        const struct yaml_tree *key = value->keys[i];
        struct span text = yaml_tree_text(value->values[i]);
        size_t which = among(yaml_tree_text(key), known_keys, KNOWN_N);
        bool yes = span_eq_str(text, "true");
        if (which == KNOWN_N)
            mistake_unknown(m, key->at, "key of known", yaml_tree_text(key), known_keys, KNOWN_N);
        else if (which == SAID_N)
            ret->software = is(value->values[i], TREE_TEXT, "software", m) ? text : SPAN_NONE;
        else if (!yes && !span_eq_str(text, "false"))
            mistake(m, value->values[i]->at, "must be true or false");
        else
            *said[which] = yes ? FACT_YES : FACT_NO;
    }
}

static void to_read(const struct yaml_tree *value, struct mistakes *m, struct policy_case *ret)
{
    ret->to = value;
    if (value->kind != TREE_LIST) {
        is(value, TREE_TEXT, "to", m);
        return;
    }
    if (!value->n)
        mistake(m, value->at, "to names nothing");
    for (size_t i = 0; i < value->n; i++)
        is(value->values[i], TREE_TEXT, "to", m);
}

static void activity_read_place(const struct yaml_tree *value, struct mistakes *m,
                                struct policy_case *ret)
{
    ret->activity = value;
    if (value->kind != TREE_MAP)
        is(value, TREE_TEXT, "activity", m);
}

static void key_read(struct span key, const struct yaml_tree *value, struct mistakes *m,
                     struct policy_case *ret)
{
    if (span_eq_str(key, "expect"))
        expect_read(value, m, ret);
    else if (span_eq_str(key, "code"))
        code_read(value, m, ret);
    else if (span_eq_str(key, "at"))
        at_read(value, m, ret);
    else if (span_eq_str(key, "known"))
        known_read(value, m, ret);
    else if (span_eq_str(key, "to"))
        to_read(value, m, ret);
    else if (span_eq_str(key, "activity"))
        activity_read_place(value, m, ret);
    else if (span_eq_str(key, "from") && is(value, TREE_TEXT, "from", m))
        ret->from = yaml_tree_text(value);
    else if (span_eq_str(key, "rule") && is(value, TREE_TEXT, "rule", m))
        ret->rule = yaml_tree_text(value);
    else if (span_eq_str(key, "name") && is(value, TREE_TEXT, "name", m))
        ret->name = yaml_tree_text(value);
}

static void case_read(const struct yaml_tree *tree, struct mistakes *m, struct policy_case *ret)
{
    static const char *const wanted[] = {"from", "to", "expect", "activity"};
    ret->at = tree->at;
    if (!is(tree, TREE_MAP, "a case", m))
        return;
    for (size_t i = 0; i < tree->n; i++) {
        struct span key = yaml_tree_text(tree->keys[i]);
        if (among(key, keys, KEYS_N) == KEYS_N)
            mistake_unknown(m, tree->keys[i]->at, "key of a case", key, keys, KEYS_N);
        key_read(key, tree->values[i], m, ret);
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
        if (!yaml_tree_get(tree, wanted[i]))
            mistake(m, tree->at, "a case needs `%s`", wanted[i]);
}

void policy_cases_read(struct span text, struct mistakes *mistakes, struct policy_cases *ret)
{
    static const struct span names[] = {NAME("cases")};
    struct place top = {1, 1};
    *ret = (struct policy_cases){.tree = yaml_tree_read(text, mistakes)};
    const struct yaml_tree *cases = ret->tree ? yaml_tree_get(ret->tree, "cases") : NULL;
    if (!ret->tree)
        return;
    for (size_t i = 0; ret->tree->kind == TREE_MAP && i < ret->tree->n; i++)
        if (among(yaml_tree_text(ret->tree->keys[i]), names, 1) == 1)
            mistake_unknown(mistakes, ret->tree->keys[i]->at, "key",
                            yaml_tree_text(ret->tree->keys[i]), names, 1);
    if (!cases)
        mistake(mistakes, top, "there is no `cases`");
    if (!cases || !is(cases, TREE_LIST, "cases", mistakes))
        return;
    if (!cases->n)
        mistake(mistakes, cases->at, "there is no case");
    ret->list = mem_new((cases->n + 1) * sizeof(*ret->list));
    ret->n = cases->n;
    for (size_t i = 0; i < cases->n; i++)
        case_read(cases->values[i], mistakes, &ret->list[i]);
}

void policy_cases_fini(struct policy_cases *cases)
{
    free(cases->list);
    yaml_tree_free(&cases->tree);
    *cases = (struct policy_cases){0};
}

/* --- the activity ---------------------------------------------------------------------------- */

enum level { LEVEL_ACTIVITY, LEVEL_OBJECT, LEVEL_BELOW };

struct post {
    struct json_writer w;
    const struct yaml_tree *activity;
    struct span from;
    bool https;
    bool authored; /* a Create or an Update: its object is its actor's */
};

static void value_write(struct post *p, const struct yaml_tree *value, enum level level);

/* A member that is not said: `PREFIX://HOST/PATH`. */
static void url_write(struct post *p, const struct yaml_tree *map, const char *key,
                      const char *path)
{
    struct bytes url;
    if (yaml_tree_get(map, key))
        return;
    bytes_init(&url, 8192);
    bytes_addf(&url, "%s://%.*s/%s", p->https ? "https" : "http", SPAN_ARG(p->from), path);
    json_member(&p->w, key, bytes_span(&url));
    bytes_fini(&url);
}

static void text_write(struct post *p, const struct yaml_tree *map, const char *key,
                       const char *text)
{
    if (!yaml_tree_get(map, key))
        json_member(&p->w, key, span_of(text));
}

static void map_write(struct post *p, const struct yaml_tree *map, enum level level);

/* What it says anyway, where it is not said. */
static void usual_write(struct post *p, const struct yaml_tree *map, enum level level)
{
    static const struct yaml_tree nothing = {.kind = TREE_MAP};
    const struct yaml_tree *actor = yaml_tree_get(p->activity, "actor");
    if (level == LEVEL_ACTIVITY) {
        text_write(p, map, "type", "Create");
        url_write(p, map, "id", "activities/1");
        url_write(p, map, "actor", "users/author");
        text_write(p, map, "to", "as:Public");
        if (p->authored && !yaml_tree_get(map, "object")) {
            json_key(&p->w, "object");
            map_write(p, &nothing, LEVEL_OBJECT);
        }
    } else if (level == LEVEL_OBJECT) {
        text_write(p, map, "type", "Note");
        url_write(p, map, "id", "objects/1");
        text_write(p, map, "to", "as:Public");
        if (actor && actor->kind == TREE_TEXT)
            text_write(p, map, "attributedTo", actor->text);
        else
            url_write(p, map, "attributedTo", "users/author");
    }
}

static void map_write(struct post *p, const struct yaml_tree *map, enum level level)
{
    json_open(&p->w, '{');
    for (size_t i = 0; i < map->n; i++) {
        bool object = level == LEVEL_ACTIVITY && p->authored &&
                      span_eq_str(yaml_tree_text(map->keys[i]), "object");
        json_key(&p->w, map->keys[i]->text);
        value_write(p, map->values[i], object ? LEVEL_OBJECT : LEVEL_BELOW);
    }
    usual_write(p, map, level);
    json_close(&p->w, '}');
}

static void value_write(struct post *p, const struct yaml_tree *value, enum level level)
{
    struct span text = yaml_tree_text(value);
    if (value->kind == TREE_MAP) {
        map_write(p, value, level);
    } else if (value->kind == TREE_LIST) {
        json_open(&p->w, '[');
        for (size_t i = 0; i < value->n; i++)
            value_write(p, value->values[i], LEVEL_BELOW);
        json_close(&p->w, ']');
    } else if (span_eq_str(text, "null")) {
        json_add_null(&p->w);
    } else if (span_eq_str(text, "true") || span_eq_str(text, "false")) {
        json_add_bool(&p->w, text.n == 4);
    } else {
        json_add_text(&p->w, text);
    }
}

bool policy_case_activity(const struct policy_case *c, bool https, struct bytes *out)
{
    struct post p = {.activity = c->activity, .from = c->from, .https = https};
    if (c->activity->kind != TREE_MAP)
        return false;
    const struct yaml_tree *type = yaml_tree_get(c->activity, "type");
    p.authored = !type || span_eq_str(yaml_tree_text(type), "Create") ||
                 span_eq_str(yaml_tree_text(type), "Update");
    json_begin(&p.w, out);
    map_write(&p, c->activity, LEVEL_ACTIVITY);
    return true;
}
