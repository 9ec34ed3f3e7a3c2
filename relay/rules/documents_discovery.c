/* documents_discovery: WebFinger, host-meta and NodeInfo (PROTOCOL 4.2, 4.3), in the member order
 * that is written there.
 * May not know: how a request is made. */
#include "relay/rules/documents_inner.h"

#define NODEINFO_SCHEMA "http://nodeinfo.diaspora.software/ns/schema/"

/* --- WebFinger ------------------------------------------------------------------------------- */

enum resource { FOREIGN, ACCOUNT, SERVER };

static bool cut_ci(struct span *s, struct span prefix)
{
    if (s->n < prefix.n || !span_eq_ci((struct span){s->p, prefix.n}, prefix))
        return false;
    *s = (struct span){s->p + prefix.n, s->n - prefix.n};
    return true;
}

static enum resource resource_of(const struct identity *id, struct span resource)
{
    if (cut_ci(&resource, SPAN("acct:"))) {
        struct span user = span_cut(&resource, '@');
        bool ours = span_eq_ci(user, SPAN("relay")) || span_eq_ci(user, id->authority);
        return ours && span_eq_ci(resource, id->authority) ? ACCOUNT : FOREIGN;
    }
    if (!cut_ci(&resource, id->url))
        return FOREIGN;
    if (span_eq(resource, SPAN("/actor")))
        return ACCOUNT;
    return !resource.n || span_eq(resource, SPAN("/")) ? SERVER : FOREIGN;
}

static void write_link(struct json_writer *w, const struct identity *id, struct span rel,
                       struct span type, const char *path)
{
    json_open(w, '{');
    json_member(w, "rel", rel);
    json_member(w, "type", type);
    document_member_url(w, id, "href", path);
    json_close(w, '}');
}

bool document_webfinger(const struct identity *id, struct span resource, struct bytes *out)
{
    enum resource what = resource_of(id, resource);
    if (what == FOREIGN)
        return false;
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    if (what == SERVER) {
        document_member_url(&w, id, "subject", "/");
    } else {
        struct bytes subject;
        bytes_init(&subject, 1024);
        bytes_addf(&subject, "acct:relay@%.*s", SPAN_ARG(id->authority));
        json_member(&w, "subject", bytes_span(&subject));
        bytes_fini(&subject);
    }
    json_key(&w, "aliases");
    json_open(&w, '[');
    document_member_url(&w, id, NULL, "/actor");
    json_close(&w, ']');
    json_key(&w, "links");
    json_open(&w, '[');
    if (what == SERVER)
        write_link(&w, id, SPAN(AS_CONTEXT "#Service"), SPAN(AP_MEDIA_TYPE), "/actor");
    write_link(&w, id, SPAN("self"), SPAN(AP_MEDIA_TYPE), "/actor");
    write_link(&w, id, SPAN("http://webfinger.net/rel/profile-page"), SPAN("text/html"), "/");
    json_close(&w, ']');
    json_close(&w, '}');
    return true;
}

/* The URL is ours and normalised: it holds nothing that XML would have to escape. */
void document_host_meta(const struct identity *id, struct bytes *out)
{
    bytes_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                       "<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">"
                       "<Link rel=\"lrdd\" type=\"application/jrd+json\" template=\"");
    bytes_add(out, id->url);
    bytes_add_str(out, "/.well-known/webfinger?resource={uri}\"/></XRD>");
}

/* --- NodeInfo -------------------------------------------------------------------------------- */

static void write_nodeinfo_link(struct json_writer *w, const struct identity *id, struct span rel,
                                const char *path)
{
    json_open(w, '{');
    json_member(w, "rel", rel);
    document_member_url(w, id, "href", path);
    json_close(w, '}');
}

void document_nodeinfo_links(const struct identity *id, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "links");
    json_open(&w, '[');
    write_nodeinfo_link(&w, id, SPAN(NODEINFO_SCHEMA "2.0"), "/nodeinfo/2.0");
    write_nodeinfo_link(&w, id, SPAN(NODEINFO_SCHEMA "2.1"), "/nodeinfo/2.1");
    write_nodeinfo_link(&w, id, SPAN(AS_CONTEXT "#Application"), "/actor"); /* FEP-2677 */
    json_close(&w, ']');
    json_close(&w, '}');
}

static void write_empty_list(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_open(w, '[');
    json_close(w, ']');
}

/* One user: the relay actor. All top-level members are required by the schema. */
static void write_usage(struct json_writer *w)
{
    json_key(w, "usage");
    json_open(w, '{');
    json_key(w, "users");
    json_open(w, '{');
    json_member_int(w, "total", 1);
    json_member_int(w, "activeHalfyear", 1);
    json_member_int(w, "activeMonth", 1);
    json_close(w, '}');
    json_member_int(w, "localPosts", 0);
    json_member_int(w, "localComments", 0);
    json_close(w, '}');
}

void document_nodeinfo(const struct identity *id, int minor, int64_t members, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "version", minor ? SPAN("2.1") : SPAN("2.0"));
    json_key(&w, "software");
    json_open(&w, '{');
    json_member(&w, "name", SPAN("weir"));
    json_member(&w, "version", id->version);
    json_close(&w, '}');
    json_key(&w, "protocols");
    json_open(&w, '[');
    json_add_text(&w, SPAN("activitypub"));
    json_close(&w, ']');
    json_key(&w, "services");
    json_open(&w, '{');
    write_empty_list(&w, "inbound");
    write_empty_list(&w, "outbound");
    json_close(&w, '}');
    json_member_bool(&w, "openRegistrations", false);
    write_usage(&w);
    json_key(&w, "metadata");
    json_open(&w, '{');
    write_empty_list(&w, "peers"); /* who is a member is nobody's business */
    json_key(&w, "features");
    json_open(&w, '[');
    json_add_text(&w, SPAN("relay"));
    json_close(&w, ']');
    if (members >= 0)
        json_member_int(&w, "members", members);
    json_close(&w, '}');
    json_close(&w, '}');
}
