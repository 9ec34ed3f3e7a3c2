/* nodeinfo: reading the index and the document.
 * May not know: how they were come by.
 */
#include "relay/rules/nodeinfo.h"

enum { LINKS_MAX = 32 };

/* What follows the schema's address, best first: all of them name the software in the same way. */
static const char *const versions[] = {"2.1", "2.0", "2.2", "1.1", "1.0"};
enum { VERSIONS = sizeof(versions) / sizeof(*versions) };

/* Its place in versions; VERSIONS: another thing. */
static size_t version_of(struct span rel)
{
    static const struct span schemas[] = {{"http://nodeinfo.diaspora.software/ns/schema/", 44},
                                          {"https://nodeinfo.diaspora.software/ns/schema/", 45}};
    for (size_t i = 0; i < 2; i++)
        if (span_starts(rel, schemas[i]))
            return span_among((struct span){rel.p + schemas[i].n, rel.n - schemas[i].n}, versions,
                              VERSIONS);
    return VERSIONS;
}

bool nodeinfo_link(const struct json *index, const struct uri *origin, char *out, size_t size)
{
    const struct json *links = json_get(index, "links");
    size_t best = VERSIONS;
    out[0] = '\0';
    for (size_t i = 0; i < json_len(links) && i < LINKS_MAX; i++) {
        const struct json *link = json_at(links, i);
        size_t version = version_of(json_text(json_get(link, "rel")));
        struct uri uri;
        if (version < best && uri_read(json_text(json_get(link, "href")), &uri) == ERR_OK &&
            uri_same_origin(&uri, origin) && uri_write(&uri, out, size))
            best = version;
    }
    return out[0] != '\0';
}

static bool fits(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool nodeinfo_software(const struct json *document, char out[NODEINFO_NAME_SIZE])
{
    struct span name = json_text(json_get(json_get(document, "software"), "name"));
    out[0] = '\0';
    if (!name.n || !span_copy(name, out, NODEINFO_NAME_SIZE))
        return false;
    for (char *c = out; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        if (!fits(*c)) {
            out[0] = '\0';
            return false;
        }
    }
    return true;
}
