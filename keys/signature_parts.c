/* signature_parts: the small things that both schemes need for the text that is signed.
 * May not know: the schemes; keys, time. */
#include "keys/signature_parts.h"

#include <string.h>

enum err signature_refuse(struct signature *s, enum err e, const char *why, struct span about)
{
    s->why = why;
    s->about = about;
    return e;
}

struct span signature_field(const struct signature_request *request, struct span name,
                            size_t *ret_count)
{
    struct span value = SPAN_NONE;
    *ret_count = 0;
    for (size_t i = 0; i < request->fields_n; i++)
        if (span_eq_ci(request->fields[i].name, name) && (*ret_count)++ == 0)
            value = request->fields[i].value;
    return value;
}

static bool signable(struct span value, bool ascii)
{
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = (uint8_t)value.p[i];
        if (c == '\n' || c == '\r' || c == '\0' || (ascii && c >= 0x80))
            return false;
    }
    return true;
}

enum err signature_field_add(const struct signature_request *request, struct span name, bool ascii,
                             struct bytes *out)
{
    size_t count = 0;
    for (size_t i = 0; i < request->fields_n; i++) {
        if (!span_eq_ci(request->fields[i].name, name))
            continue;
        struct span value = span_trim(request->fields[i].value);
        if (!signable(value, ascii))
            return ERR_SIGNATURE_SYNTAX;
        if (count++)
            bytes_add_str(out, ", ");
        bytes_add(out, value);
    }
    return count ? ERR_OK : ERR_SIGNATURE_COVERAGE;
}

bool signature_covers(const struct signature_label *label, const char *name)
{
    for (size_t i = 0; i < label->names_n; i++)
        if (span_eq_str(label->names[i], name))
            return true;
    return false;
}

bool signature_label_add(struct signature_label *label, struct span name)
{
    for (size_t i = 0; i < label->names_n; i++)
        if (span_eq(label->names[i], name))
            return false;
    if (label->names_n == SIGNATURE_COMPONENTS)
        return false;
    label->names[label->names_n++] = name;
    return true;
}

bool signature_is_field_name(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return name.n > 0;
}

struct span signature_path(struct span target)
{
    ptrdiff_t query = span_find(target, '?');
    return query < 0 ? target : (struct span){target.p, (size_t)query};
}

struct span signature_query(struct span target)
{
    size_t path = signature_path(target).n;
    return (struct span){target.p + path, target.n - path};
}
