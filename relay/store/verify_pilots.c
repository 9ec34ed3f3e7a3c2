/* verify_pilots: which warnings of the end of pilots were given: whether that can be read.
 * May not know: when one is due. */
#include "relay/rules/pilot.h"
#include "relay/store/verify_inner.h"

void verify_warned(struct verify *v, const struct holding *h)
{
    struct pilot_warned warned;
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2)
        if (!pilot_warned_read(reply_text(reply_at(h->value, i + 1)), &warned))
            verify_found(v, h->key, "the warning of %.*s can't be read",
                         SPAN_ARG(reply_text(reply_at(h->value, i))));
}
