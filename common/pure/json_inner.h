/* json_inner: what the scan tells the reader besides whether the text is good. Within common/pure's
 * json files only. */
#pragma once

#include "common/pure/json.h"

/* What a tree of the text must hold. */
struct json_weight {
    size_t values; /* all but null */
    size_t text;   /* bytes of all strings and keys, without escapes */
};

/* json_scan(), with *ret filled on ERR_OK. */
enum err json_scan_weigh(struct span text, const struct json_limits *limits, size_t *ret_at,
                         struct json_weight *ret);
