/* yaml: libyaml's events as a tree. The tree owns its texts; libyaml's events are freed here.
 *
 * The bytes are looked through before libyaml sees them: it takes UTF-16, counts exotic line breaks
 * as lines, which no editor does, and is short about tabs.
 * May not know: which keys there are. */
#include "relay/config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/pure/utf8.h"

struct reader {
    yaml_parser_t parser;
    struct mistakes *mistakes;
    bool failed; /* nothing more can be read */
};

void yaml_tree_free(struct yaml_tree **tree)
{
    struct yaml_tree *t = *tree;
    *tree = NULL;
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++) {
        if (t->keys)
            yaml_tree_free(&t->keys[i]);
        yaml_tree_free(&t->values[i]);
    }
    free(t->keys);
    free(t->values);
    free(t->text);
    free(t);
}

struct span yaml_tree_text(const struct yaml_tree *tree)
{
    return tree->kind == TREE_TEXT ? (struct span){tree->text, tree->text_n} : SPAN_NONE;
}

const char *yaml_tree_kind_name(const struct yaml_tree *tree)
{
    static const char *const names[] = {"a text", "a list", "a mapping", "an alias"};
    return tree->kind == TREE_TEXT && tree->text_n == 0 ? "nothing" : names[tree->kind];
}

const struct yaml_tree *yaml_tree_get(const struct yaml_tree *map, const char *key)
{
    for (size_t i = 0; map->kind == TREE_MAP && i < map->n; i++)
        if (span_eq_str(yaml_tree_text(map->keys[i]), key))
            return map->values[i];
    return NULL;
}

/* --- the bytes ------------------------------------------------------------------------------- */

/* What is wrong with the character at the head of rest; NULL if nothing. */
static const char *character_wrong(struct span rest, size_t len, bool indent)
{
    unsigned char c = (unsigned char)rest.p[0];
    if (len == 0)
        return "not UTF-8";
    if (c == 0)
        return "a NUL byte";
    if (c == '\t')
        return indent ? "a tab in the indentation: YAML wants spaces" : NULL;
    if (c == '\r')
        return rest.n > 1 && rest.p[1] == '\n' ? NULL : "a carriage return without a line feed";
    if ((c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && (unsigned char)rest.p[1] < 0xa0))
        return "a control character";
    if (len == 3 &&
        (memcmp(rest.p, "\xe2\x80\xa8", 3) == 0 || memcmp(rest.p, "\xe2\x80\xa9", 3) == 0))
        return "a Unicode line break: only line feeds end a line here";
    return NULL;
}

/* At most one mistake a line: what follows a bad byte is seldom worth a word. */
static bool bytes_ok(struct span text, struct mistakes *mistakes)
{
    struct place at = {1, 1};
    bool ok = true, indent = true, said = false;
    for (size_t i = 0; i < text.n;) {
        struct span rest = {text.p + i, text.n - i};
        size_t len = utf8_len(rest);
        const char *wrong = character_wrong(rest, len, indent);
        if (wrong && !said) {
            mistake(mistakes, at, "%s", wrong);
            ok = false;
            said = true;
        }
        indent = indent && (*rest.p == ' ' || *rest.p == '\t');
        at.column++;
        if (*rest.p == '\n') {
            at = (struct place){at.line + 1, 1};
            indent = true;
            said = false;
        }
        i += len ? len : 1;
    }
    return ok;
}

/* --- the events ------------------------------------------------------------------------------ */

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static void syntax(struct reader *r)
{
    const char *context = r->parser.context ? r->parser.context : "";
    const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
    bool star = strstr(context, "alias") != NULL;
    mistake(r->mistakes, place_of(r->parser.problem_mark), "%s%s%s%s", context,
            *context ? ": " : "", problem,
            star ? " (a text that begins with * must stand in quotes)" : "");
    r->failed = true;
}

static bool next(struct reader *r, yaml_event_t *event)
{
    memset(event, 0, sizeof(*event));
    if (r->failed)
        return false;
    if (yaml_parser_parse(&r->parser, event))
        return true;
    syntax(r);
    return false;
}

static void properties(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                       const yaml_char_t *tag)
{
    if (anchor)
        mistake(r->mistakes, place_of(event->start_mark),
                "an anchor (&%s) is not accepted: write values out where they are used",
                (const char *)anchor);
    if (tag)
        mistake(r->mistakes, place_of(event->start_mark),
                "a tag (%s) is not accepted: each setting knows its type", (const char *)tag);
}

static void append(struct yaml_tree *tree, struct yaml_tree *key, struct yaml_tree *value)
{
    if (tree->n == tree->cap) {
        tree->cap = tree->cap ? tree->cap * 2 : 8;
        tree->values = mem_grow(tree->values, tree->cap * sizeof(struct yaml_tree *));
        if (tree->kind == TREE_MAP)
            tree->keys = mem_grow(tree->keys, tree->cap * sizeof(struct yaml_tree *));
    }
    if (tree->kind == TREE_MAP)
        tree->keys[tree->n] = key;
    tree->values[tree->n++] = value;
}

static struct yaml_tree *read_value(struct reader *r, const yaml_event_t *event, unsigned depth);

/* Reads the next event as a value; NULL at the end of the collection, or when nothing can be read.
 */
static struct yaml_tree *read_next(struct reader *r, yaml_event_type_t end, unsigned depth)
{
    yaml_event_t event;
    struct yaml_tree *value = NULL;
    if (next(r, &event) && event.type != end)
        value = read_value(r, &event, depth);
    yaml_event_delete(&event);
    return value;
}

/* Whether the key may be added; says why not. */
static bool key_ok(struct reader *r, const struct yaml_tree *map, const struct yaml_tree *key)
{
    struct span name = yaml_tree_text(key);
    if (key->kind == TREE_BROKEN)
        return false;
    if (!name.p) {
        mistake(r->mistakes, key->at, "a key must be a text, not %s", yaml_tree_kind_name(key));
        return false;
    }
    if (span_eq_str(name, "<<")) {
        mistake(r->mistakes, key->at, "a merge key (<<) is not accepted: write the values out");
        return false;
    }
    if (map->n == YAML_TREE_KEYS) {
        mistake(r->mistakes, key->at, "more than %d keys in one mapping", YAML_TREE_KEYS);
        r->failed = true;
        return false;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (!span_eq(name, yaml_tree_text(map->keys[i])))
            continue;
        mistake(r->mistakes, key->at, "duplicate key %s: it is on line %u already",
                quoted(name).text, map->keys[i]->at.line);
        return false;
    }
    return true;
}

static void read_map(struct reader *r, struct yaml_tree *map, unsigned depth)
{
    struct yaml_tree *key;
    while ((key = read_next(r, YAML_MAPPING_END_EVENT, depth)) != NULL) {
        struct yaml_tree *value = read_next(r, YAML_NO_EVENT, depth);
        if (value && key_ok(r, map, key)) {
            append(map, key, value);
            continue;
        }
        yaml_tree_free(&key);
        yaml_tree_free(&value);
    }
}

static void read_list(struct reader *r, struct yaml_tree *list, unsigned depth)
{
    struct yaml_tree *value;
    while ((value = read_next(r, YAML_SEQUENCE_END_EVENT, depth)) != NULL)
        append(list, NULL, value);
}

static struct yaml_tree *read_value(struct reader *r, const yaml_event_t *event, unsigned depth)
{
    struct yaml_tree *tree = mem_new(sizeof(*tree));
    tree->at = place_of(event->start_mark);
    if (depth > YAML_TREE_DEPTH) {
        mistake(r->mistakes, tree->at, "nested more than %d levels deep", YAML_TREE_DEPTH);
        r->failed = true;
        return tree;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        properties(r, event, event->data.scalar.anchor, event->data.scalar.tag);
        tree->text_n = event->data.scalar.length;
        tree->text = mem_copy((struct span){(const char *)event->data.scalar.value, tree->text_n});
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        tree->kind = TREE_LIST;
        properties(r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        read_list(r, tree, depth + 1);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        tree->kind = TREE_MAP;
        properties(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        read_map(r, tree, depth + 1);
    } else {
        tree->kind = TREE_BROKEN;
        mistake(r->mistakes, tree->at, "an alias (*%s) is not accepted: write the value out",
                (const char *)event->data.alias.anchor);
    }
    return tree;
}

/* What follows the one document must be nothing. */
static void read_end(struct reader *r)
{
    yaml_event_t event;
    if (next(r, &event) && event.type == YAML_DOCUMENT_START_EVENT)
        mistake(r->mistakes, place_of(event.start_mark),
                "a second document: a file holds one configuration");
    yaml_event_delete(&event);
}

static struct yaml_tree *read_document(struct reader *r)
{
    yaml_event_t event;
    if (!next(r, &event))
        return NULL;
    bool empty = event.type == YAML_STREAM_END_EVENT;
    if (!empty && (event.data.document_start.version_directive ||
                   event.data.document_start.tag_directives.start !=
                       event.data.document_start.tag_directives.end))
        mistake(r->mistakes, place_of(event.start_mark), "a directive (%%) is not accepted");
    yaml_event_delete(&event);
    if (empty)
        return NULL;
    struct yaml_tree *root = read_next(r, YAML_NO_EVENT, 1);
    if (next(r, &event)) /* the end of the document */
        read_end(r);
    yaml_event_delete(&event);
    if (root && root->kind == TREE_TEXT && root->text_n == 0)
        yaml_tree_free(&root);
    return root;
}

struct yaml_tree *yaml_tree_read(struct span text, struct mistakes *mistakes)
{
    if (!bytes_ok(text, mistakes))
        return NULL;
    struct reader r = {.mistakes = mistakes};
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const yaml_char_t *)(text.p ? text.p : ""), text.n);
    yaml_event_t event;
    struct yaml_tree *root = NULL;
    if (next(&r, &event)) /* the beginning of the stream */
        root = read_document(&r);
    yaml_event_delete(&event);
    yaml_parser_delete(&r.parser);
    if (r.failed)
        yaml_tree_free(&root);
    else if (!root)
        mistake(mistakes, (struct place){1, 1}, "the file is empty");
    return root;
}
