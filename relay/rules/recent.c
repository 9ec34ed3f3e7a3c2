/* recent: an outcome as a word and back.
 * May not know: who made the attempt, or who reads of it. */
#include "relay/rules/recent.h"

#include <inttypes.h>

enum { STATUS_MAX = 999 };

void recent_write(const struct recent *r, struct bytes *out)
{
    bytes_addf(out, "%" PRIu64 ":%u:%u:%s:%d:%" PRId64 ":%" PRId64, r->n, r->slot, r->tries,
               err_code(r->why), r->status, r->ms, r->at_ms);
}

static bool number(struct span *rest, uint64_t max, uint64_t *ret)
{
    return rest->p && span_u64(span_cut(rest, ':'), max, ret);
}

bool recent_read(struct span word, struct recent *ret)
{
    uint64_t slot = 0;
    uint64_t tries = 0;
    uint64_t status = 0;
    uint64_t ms = 0;
    uint64_t at_ms = 0;
    *ret = (struct recent){0};
    if (!number(&word, UINT64_MAX, &ret->n) || !number(&word, UINT8_MAX, &slot) ||
        !number(&word, UINT32_MAX, &tries) || !word.p)
        return false;
    struct span code = span_cut(&word, ':');
    if (!code.n || !number(&word, STATUS_MAX, &status) || !number(&word, INT64_MAX, &ms) ||
        !number(&word, INT64_MAX, &at_ms) || word.p)
        return false;
    ret->slot = (unsigned)slot;
    ret->tries = (unsigned)tries;
    ret->why = err_by_code(code);
    ret->status = (int)status;
    ret->ms = (int64_t)ms;
    ret->at_ms = (int64_t)at_ms;
    return true;
}
