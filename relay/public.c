/* public: what anybody may read, and the door to the inbox.
 *
 * Every answer carries the header fields of ATTACKS 5; a document may be cached for a while, a
 * refusal never. An answer is built and given away in one call: no state is kept.
 * May not know: members, Redis, what the inbox does, who is on a list. */
#include "relay/public.h"

#include <stdio.h>
#include <string.h>

#include "common/pure/uri.h"

#define SAFE                                                                                       \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "X-Frame-Options: DENY\r\n"                                                                    \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Resource-Policy: same-origin\r\n"
#define CSP_NOTHING "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
#define CSP_PAGE                                                                                   \
    "Content-Security-Policy: default-src 'none'; style-src '" DOCUMENT_PAGE_STYLE                 \
    "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                           \
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
/* Scripts of any site may read what is public (RFC 7033 section 5 asks for it). */
#define FOR_ALL  "Access-Control-Allow-Origin: *\r\n"
#define FRESH    "Cache-Control: max-age=300\r\n" /* keys may change */
#define LASTING  "Cache-Control: max-age=3600\r\n"
#define NO_STORE "Cache-Control: no-store\r\n"
#define ACTIVITY "application/activity+json; charset=utf-8"

enum { DOCUMENT_MAX = 128 * 1024, RESOURCE_SIZE = 2049, FIELDS_MAX = 4096 };

typedef void (*writer)(const struct public *p, struct bytes *out);

static void write_page(const struct public *p, struct bytes *out)
{
    document_page(p->identity, p->members, out);
}

static void write_actor(const struct public *p, struct bytes *out)
{
    document_actor(p->identity, out);
}

static void write_outbox(const struct public *p, struct bytes *out)
{
    document_collection(p->identity, "outbox", 0, out);
}

static void write_followers(const struct public *p, struct bytes *out)
{
    document_collection(p->identity, "followers", p->members < 0 ? 0 : p->members, out);
}

static void write_following(const struct public *p, struct bytes *out)
{
    document_collection(p->identity, "following", 0, out);
}

static void write_host_meta(const struct public *p, struct bytes *out)
{
    document_host_meta(p->identity, out);
}

static void write_nodeinfo_links(const struct public *p, struct bytes *out)
{
    document_nodeinfo_links(p->identity, out);
}

static void write_nodeinfo_2_0(const struct public *p, struct bytes *out)
{
    document_nodeinfo(p->identity, 0, p->members, out);
}

static void write_nodeinfo_2_1(const struct public *p, struct bytes *out)
{
    document_nodeinfo(p->identity, 1, p->members, out);
}

#define NODEINFO_TYPE(version)                                                                     \
    "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/" version             \
    "#\"; charset=utf-8"

/* What needs nothing from the request. WebFinger does, and the inbox is none. */
static const struct document {
    writer write;
    const char *type, *fields;
} documents[ROUTE_COUNT] = {
    [ROUTE_PAGE] = {write_page, "text/html; charset=utf-8", SAFE CSP_PAGE FRESH},
    [ROUTE_ACTOR] = {write_actor, ACTIVITY, SAFE CSP_NOTHING FOR_ALL FRESH "Vary: Accept\r\n"},
    [ROUTE_OUTBOX] = {write_outbox, ACTIVITY, SAFE CSP_NOTHING FOR_ALL FRESH},
    [ROUTE_FOLLOWERS] = {write_followers, ACTIVITY, SAFE CSP_NOTHING FOR_ALL FRESH},
    [ROUTE_FOLLOWING] = {write_following, ACTIVITY, SAFE CSP_NOTHING FOR_ALL FRESH},
    [ROUTE_HOST_META] = {write_host_meta, "application/xrd+xml; charset=utf-8",
                         SAFE CSP_NOTHING FOR_ALL LASTING},
    [ROUTE_NODEINFO_LINKS] = {write_nodeinfo_links, "application/json; charset=utf-8",
                              SAFE CSP_NOTHING FOR_ALL LASTING},
    [ROUTE_NODEINFO_2_0] = {write_nodeinfo_2_0, NODEINFO_TYPE("2.0"),
                            SAFE CSP_NOTHING FOR_ALL LASTING},
    [ROUTE_NODEINFO_2_1] = {write_nodeinfo_2_1, NODEINFO_TYPE("2.1"),
                            SAFE CSP_NOTHING FOR_ALL LASTING},
};

/* The actor's address in a browser: the page, under the actor's caching rules. */
static const struct document actor_page = {write_page, "text/html; charset=utf-8",
                                           SAFE CSP_PAGE FRESH "Vary: Accept\r\n"};

static int reply(struct http_request **request, int status, const char *type, const char *fields,
                 struct bytes *body)
{
    struct http_response response = {
        .status = status, .content_type = type, .fields = fields, .body = bytes_span(body)};
    http_reply(request, &response);
    bytes_fini(body);
    return status;
}

int public_problem(struct http_request **request, enum err why, struct span detail,
                   const char *fields)
{
    struct bytes body, all;
    int status = err_status(why);
    bytes_init(&body, DOCUMENT_MAX);
    bytes_init(&all, FIELDS_MAX);
    document_problem(status, err_code(why), err_title(why), detail, &body);
    bytes_add_str(&all, SAFE CSP_NOTHING NO_STORE);
    bytes_add_str(&all, fields ? fields : "");
    reply(request, status, "application/problem+json", bytes_str(&all), &body);
    bytes_fini(&all);
    return status;
}

void public_text(struct http_request **request, int status, const char *type, const char *fields,
                 struct span body)
{
    struct bytes all;
    bytes_init(&all, FIELDS_MAX);
    bytes_add_str(&all, SAFE CSP_NOTHING);
    bytes_add_str(&all, fields ? fields : "");
    struct http_response response = {
        .status = status, .content_type = type, .fields = bytes_str(&all), .body = body};
    http_reply(request, &response);
    bytes_fini(&all);
}

static int send_document(const struct public *p, const struct document *document,
                         struct http_request **request)
{
    struct bytes body;
    bytes_init(&body, DOCUMENT_MAX);
    document->write(p, &body);
    return reply(request, 200, document->type, document->fields, &body);
}

static int refuse(struct http_request **request, enum err e, struct span detail, const char *fields,
                  enum err *why)
{
    *why = e;
    return public_problem(request, e, detail, fields);
}

/* PROTOCOL 4.2: the resource once, decoded once. */
static int send_webfinger(const struct public *p, struct http_request **request, enum err *why)
{
    unsigned count = 0;
    char resource[RESOURCE_SIZE];
    struct bytes body;
    struct span encoded = uri_param(http_view(*request)->query, "resource", &count);
    if (count != 1 || !uri_decode(encoded, resource, sizeof(resource)) ||
        span_find(span_of(resource), ':') < 1)
        return refuse(request, ERR_BAD_REQUEST,
                      SPAN("resource must stand in the query once, and be a URI"), FOR_ALL, why);
    bytes_init(&body, DOCUMENT_MAX);
    if (!document_webfinger(p->identity, span_of(resource), &body)) {
        bytes_fini(&body);
        return refuse(request, ERR_NOT_FOUND, SPAN("this resource is not known here"), FOR_ALL,
                      why);
    }
    return reply(request, 200, "application/jrd+json", SAFE CSP_NOTHING FOR_ALL LASTING, &body);
}

static bool mentions(struct span text, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= text.n; i++)
        if (span_eq_ci((struct span){text.p + i, n}, (struct span){what, n}))
            return true;
    return false;
}

/* Browsers name text/html and no JSON; everybody else gets ActivityStreams, also with no Accept at
 * all or one that we could not honour (406 helps nobody, PROTOCOL 4.1). */
static bool wants_page(const struct http_view *view)
{
    struct span accept = http_field(view, "Accept", NULL);
    return mentions(accept, "text/html") && !mentions(accept, "json");
}

static bool is_our_host(const struct public *p, struct span host)
{
    char authority[URI_AUTHORITY_SIZE];
    bool https = span_starts(p->identity->url, SPAN("https:"));
    return uri_authority(host, https, authority) &&
           span_eq(span_of(authority), p->identity->authority);
}

int public_answer(const struct public *p, struct http_request **request, enum err *ret_why)
{
    *ret_why = ERR_OK;
    const struct http_view *view = http_view(*request);
    struct routed routed = route_find(view->method, view->path, view->query);
    if (routed.route == ROUTE_NONE)
        return refuse(request, ERR_NOT_FOUND, SPAN_NONE, NULL, ret_why);
    if (routed.allow) {
        char allow[64];
        snprintf(allow, sizeof(allow), "Allow: %s\r\n", routed.allow);
        return refuse(request, ERR_METHOD, SPAN_NONE, allow, ret_why);
    }
    if (routed.route == ROUTE_WEBFINGER)
        return send_webfinger(p, request, ret_why);
    if (routed.route == ROUTE_ACTOR && wants_page(view))
        return send_document(p, &actor_page, request);
    if (routed.route == ROUTE_MEMBERS) {
        p->list(p->arg, request, &routed);
        return 0;
    }
    if (routed.route != ROUTE_INBOX)
        return send_document(p, &documents[routed.route], request);
    if (!is_our_host(p, view->host))
        return refuse(request, ERR_MISDIRECTED, SPAN_NONE, NULL, ret_why);
    p->inbox(p->arg, request);
    return 0;
}
