/* map: a hash table from text to a pointer (uthash behind few calls, since its macros are no
 * reading). Keys are copied; values are the caller's. */
#pragma once

#include "common/pure/span.h"

struct map;

struct map *map_new(void);
/* Values are not freed; accepts NULL inside. */
void map_free(struct map **map);
void *map_get(const struct map *map, struct span key); /* NULL: not there */
/* Puts it in, or in the place of what was there. */
void map_put(struct map *map, struct span key, void *value);
/* Takes it out and returns it; NULL: it was not there. */
void *map_take(struct map *map, struct span key);
size_t map_count(const struct map *map);
