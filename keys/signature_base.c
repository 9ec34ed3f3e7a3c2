/* signature_base: the text that is signed, by scheme.
 * May not know: keys, time. */
#include "keys/signature_parts.h"

/* Method and target come from the request line, which no white space or control byte can be part
 * of; if one were, it could pass for another line. */
static bool one_word(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return s.n > 0;
}

enum err signature_base(const struct signature *signature, size_t label,
                        const struct signature_request *request, bool with_query, struct bytes *out)
{
    const struct signature_label *l = &signature->labels[label];
    if (!one_word(request->method) || !one_word(request->target))
        return ERR_BAD_REQUEST;
    enum err e = signature->scheme == SIGNATURE_CAVAGE ? cavage_base(l, request, with_query, out)
                                                       : rfc9421_base(l, request, out);
    return !e && out->over ? ERR_TOO_LARGE : e;
}
