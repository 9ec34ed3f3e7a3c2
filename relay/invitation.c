/* invitation: how who is invited joins: by the software it runs, where that is known.
 * May not know: who asks, or what a person is shown. */
#include "relay/invitation.h"

#include "relay/rules/software.h"

enum { HOW_MAX = 4096 };

static void add_row(const struct config *config, const struct software *software,
                    struct json_writer *w)
{
    struct bytes how;
    bytes_init(&how, HOW_MAX);
    software_write_how(software, span_of(config->set.url), span_of(config->authority), &how);
    json_open(w, '{');
    json_member(w, "software", span_of(software->title));
    json_member(w, "how", bytes_span(&how));
    json_close(w, '}');
    bytes_fini(&how);
}

void invitation_add(const struct config *config, const struct member *member, struct json_writer *w)
{
    const struct software *family;
    json_key(w, "join");
    json_open(w, '[');
    for (size_t i = 0; !member->software[0] && (family = software_at(i)); i++)
        if (family->join != SOFTWARE_NEVER)
            add_row(config, family, w);
    add_row(config, software_of(span_of(member->software)), w);
    json_close(w, ']');
}
