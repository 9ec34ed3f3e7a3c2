/* units: durations and sizes as people write them in the configuration. */
#pragma once

#include "common/pure/bytes.h"

/* `250ms`, `10s`, `5min`, `2h`, `7d`; a bare number has no unit and is refused. ret: milliseconds.
 */
bool duration_read(struct span text, int64_t *ret_ms);
/* The shortest exact form: 604800000 -> `7d`, 0 -> `0s`. */
void duration_write(struct bytes *out, int64_t ms);

/* `512`, `8KiB`, `1MiB`, `2GiB`. ret: bytes. */
bool size_read(struct span text, int64_t *ret);
void size_write(struct bytes *out, int64_t size);

/* Edit distance with swaps (Damerau-Levenshtein, optimal string alignment), for "did you mean";
 * names of at most 63 bytes, longer ones are 64 apart. */
unsigned units_distance(struct span a, struct span b);
