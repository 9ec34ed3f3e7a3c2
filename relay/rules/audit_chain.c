/* audit_chain: follows the audit log line by line.
 * May not know: where the lines come from; what they tell. */
#include "relay/rules/audit_chain.h"

#include <inttypes.h>

#include "common/pure/json.h"

/* Before the first line. */
static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool fits(const struct audit_chain *c, uint64_t n, struct span prev, struct bytes *why)
{
    bool same = span_eq_str(prev, c->n ? c->hash : none);
    if (n == c->n + 1 && same)
        return true;
    if (n == c->n + 2)
        bytes_addf(why, "line %" PRIu64 " is missing", c->n + 1);
    else if (n > c->n + 1)
        bytes_addf(why, "lines %" PRIu64 " to %" PRIu64 " are missing", c->n + 1, n - 1);
    else if (n <= c->n)
        bytes_addf(why, "behind line %" PRIu64 " stands line %" PRIu64, c->n, n);
    else if (c->n)
        bytes_addf(why,
                   "line %" PRIu64 " is not as it was written: line %" PRIu64
                   " names another hash of it",
                   c->n, n);
    else
        bytes_add_str(why, "line 1 names a line before it");
    return false;
}

bool audit_chain_take(struct audit_chain *c, struct span line, struct bytes *why)
{
    static const struct json_limits limits = {8, 128, 512};
    struct json *json = NULL;
    int64_t n = 0;
    bool ok = json_read(line, &limits, &json) == ERR_OK && json_int(json_get(json, "n"), &n) &&
              n > 0 && json_text(json_get(json, "prev")).p;
    if (!ok)
        bytes_addf(why, "line %" PRIu64 " can't be read", c->n + 1);
    ok = ok && fits(c, (uint64_t)n, json_text(json_get(json, "prev")), why);
    json_free(&json);
    if (ok) {
        c->n = (uint64_t)n;
        c->hash_of(line, c->hash);
    }
    return ok;
}
