/* verify_audit: the audit log: whether its lines are those that were written, all of them.
 * May not know: what they tell. */
#include <inttypes.h>

#include "relay/store/verify_inner.h"

void verify_audit(struct verify *v, const struct holding *h)
{
    struct bytes why;
    bytes_init(&why, 512);
    for (size_t i = 0; i < reply_len(h->value); i++) {
        const struct redis_reply *fields = reply_at(reply_at(h->value, i), 1);
        v->report.audit++;
        if (v->audit_broken) /* what follows does not fit together with that: once is enough */
            continue;
        v->audit_broken = !audit_chain_take(&v->audit, reply_text(reply_field(fields, "l")), &why);
        if (v->audit_broken)
            verify_found(v, h->key, "%s", bytes_str(&why));
    }
    bytes_fini(&why);
}

void verify_audit_end(struct verify *v)
{
    const struct audit_chain *c = &v->audit;
    const struct audit_chain *said = &v->audit_said;
    if (v->audit_broken)
        return;
    if (c->n != said->n)
        verify_found(v, SPAN("audit"),
                     "its last line is %" PRIu64 ", and %" PRIu64 " were written: lines are %s",
                     c->n, said->n, c->n < said->n ? "missing" : "beyond them");
    else if (c->n && !span_eq_str(span_of(c->hash), said->hash))
        verify_found(v, SPAN("audit"), "its last line, %" PRIu64 ", is not as it was written",
                     c->n);
}
