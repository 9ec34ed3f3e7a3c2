/* map: the only file that meets uthash's macros for tables of text.
 * May not know: what the values are. */
#include "common/pure/map.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/pure/bytes.h"

/* Its own would exit() without a word. */
#undef uthash_fatal
#define uthash_fatal(why) mem_none()

struct item {
    UT_hash_handle hh;
    void *value;
    size_t key_n;
    char key[];
};

struct map {
    struct item *items;
};

struct map *map_new(void)
{
    return mem_new(sizeof(struct map));
}

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros nest deeper than our limit,
 * and the analyzer does not follow their list of all items */
static struct item *find(const struct map *map, struct span key)
{
    struct item *item = NULL;
    HASH_FIND(hh, map->items, key.p, key.n, item);
    return item;
}

static void add(struct map *map, struct item *item)
{
    HASH_ADD_KEYPTR(hh, map->items, item->key, item->key_n, item);
}

static void drop(struct map *map, struct item *item)
{
    HASH_DELETE(hh, map->items, item);
    free(item);
}

void map_free(struct map **map)
{
    struct map *m = *map;
    *map = NULL;
    while (m && m->items)
        drop(m, m->items);
    free(m);
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

void *map_get(const struct map *map, struct span key)
{
    const struct item *item = find(map, key);
    return item ? item->value : NULL;
}

void map_put(struct map *map, struct span key, void *value)
{
    struct item *item = find(map, key);
    if (!item) {
        item = mem_new(sizeof(*item) + key.n + 1);
        if (key.n)
            memcpy(item->key, key.p, key.n);
        item->key_n = key.n;
        add(map, item);
    }
    item->value = value;
}

void *map_take(struct map *map, struct span key)
{
    struct item *item = find(map, key);
    void *value = item ? item->value : NULL;
    if (item)
        drop(map, item);
    return value;
}

size_t map_count(const struct map *map)
{
    return HASH_COUNT(map->items);
}
