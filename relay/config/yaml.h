/* yaml: a file of strict YAML as a small tree in which every value knows its place.
 *
 * Left out on purpose, each a mistake with its place: aliases, anchors, merge keys, tags,
 * directives, a second document, keys that are not text, a key twice, more than 16 levels. Values
 * are text here, whatever they look like: what `no` or `0x10` means is for the setting to say. */
#pragma once

#include "relay/config/mistakes.h"

enum { YAML_TREE_DEPTH = 16, YAML_TREE_KEYS = 2000 };

enum yaml_tree_kind {
    TREE_TEXT,
    TREE_LIST,
    TREE_MAP,
    TREE_BROKEN /* an alias: complained about already, to be passed over */
};

struct yaml_tree {
    enum yaml_tree_kind kind;
    struct place at;
    char *text; /* of a text */
    size_t text_n;
    struct yaml_tree **keys;   /* of a map: texts, no two alike */
    struct yaml_tree **values; /* of a map or a list */
    size_t n, cap;
};

/* The caller owns the tree. NULL where the text is no YAML that can be gone on with; mistakes says
 * why then. Mistakes that leave a tree are added too. */
struct yaml_tree *yaml_tree_read(struct span text, struct mistakes *mistakes);
/* Accepts NULL. */
void yaml_tree_free(struct yaml_tree **tree);
struct span yaml_tree_text(const struct yaml_tree *tree); /* absent unless a text */
/* `a text`, `a list`, `a mapping`: static text. */
const char *yaml_tree_kind_name(const struct yaml_tree *tree);
/* The value of a key of a map, or NULL. */
const struct yaml_tree *yaml_tree_get(const struct yaml_tree *map, const char *key);
