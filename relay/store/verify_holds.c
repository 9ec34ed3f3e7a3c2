/* verify_holds: what waits for a person: whether each item is whole and listed, and as many and as
 * much as the facts say.
 * May not know: what they are about. */
#include <inttypes.h>

#include "relay/rules/hold.h"
#include "relay/store/verify_inner.h"

static size_t length(const struct holding *h, const char *name)
{
    return reply_text(reply_field(h->value, name)).n;
}

static void check_open(struct verify *v, const struct holding *h)
{
    struct hold_known known;
    struct hold_why why;
    struct span text = reply_text(reply_field(h->value, "w"));
    size_t bytes = length(h, "b") + length(h, "ub") + length(h, "f");
    size_t said = (size_t)reply_int(reply_field(h->value, "len"));
    v->holds.open++;
    v->holds.bytes += bytes;
    if (!length(h, "a") || !length(h, "b") || !hold_why_next(&text, &why) ||
        !hold_known_read(reply_text(reply_field(h->value, "k")), &known))
        verify_found(v, h->key, "it waits for a person, and is not whole");
    else if (bytes != said)
        verify_found(v, h->key, "it has %zu bytes, and says %zu", bytes, said);
}

void verify_hold(struct verify *v, const struct holding *h)
{
    struct span number = h->key;
    uint64_t n = 0;
    span_cut(&number, ':');
    v->report.holds++;
    enum hold_state state = hold_state_by_name(reply_text(reply_field(h->value, "s")));
    if (!span_u64(number, INT64_MAX, &n) || n > v->report.n || state == HOLD_STATE_COUNT)
        verify_found(v, h->key, "it can't be read");
    else if (state == HOLD_OPEN)
        check_open(v, h);
    else
        v->holds.closed++;
}

void verify_holds(struct verify *v, const struct holding *h)
{
    size_t n = reply_len(h->value) / 2;
    if (span_eq_str(h->key, "holds"))
        v->holds.open_listed += n;
    else
        v->holds.closed_listed += n;
}

void verify_holds_end(struct verify *v)
{
    const struct verify_holds *c = &v->holds;
    if (c->open != c->open_listed)
        verify_found(v, SPAN("holds"),
                     "%" PRIu64 " items wait for a person, and %" PRIu64 " are listed", c->open,
                     c->open_listed);
    if (c->closed != c->closed_listed)
        verify_found(v, SPAN("holdsclosed"),
                     "%" PRIu64 " items were decided, and %" PRIu64 " are listed", c->closed,
                     c->closed_listed);
    if (c->open != c->said || c->bytes != c->said_bytes)
        verify_found(v, SPAN("log"),
                     "it says that %" PRIu64 " items of %" PRIu64 " bytes wait for a person: there "
                     "are %" PRIu64 " of %" PRIu64,
                     c->said, c->said_bytes, c->open, c->bytes);
}
