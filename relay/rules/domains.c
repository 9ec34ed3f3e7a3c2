/* domains: allow lists as others take them. A host in its normal form needs no quoting in any of
 * them.
 * May not know: whose hosts they are, who asks for them. */
#include "relay/rules/domains.h"

#include "common/pure/json.h"

const char *domains_type(enum domains_form form)
{
    static const char *const types[] = {[DOMAINS_PLAIN] = "text/plain; charset=utf-8",
                                        [DOMAINS_CSV] = "text/csv; charset=utf-8",
                                        [DOMAINS_JSON] = "application/json"};
    return types[form];
}

static void write_json(const char *const *hosts, size_t n, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&w, '{');
        json_member(&w, "domain", span_of(hosts[i]));
        json_close(&w, '}');
    }
    json_close(&w, ']');
}

void domains_write(enum domains_form form, const char *const *hosts, size_t n, struct bytes *out)
{
    if (form == DOMAINS_JSON) {
        write_json(hosts, n, out);
        return;
    }
    if (form == DOMAINS_CSV)
        bytes_add_str(out, "#domain\n");
    for (size_t i = 0; i < n; i++) {
        bytes_add_str(out, hosts[i]);
        bytes_add_char(out, '\n');
    }
}
