/* http_check: the rules for a request line and its fields (RFC 9112, RFC 9110), each as strict as
 * the strictest hop in front of us could be: where two programs may read a message in two ways, it
 * is refused.
 *
 * May not know: buffers, connections, what a request is for. */
#include "common/io/http_check.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_of(struct span s, const char *extra)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr(extra, s.p[i])))
            return false;
    return s.n > 0;
}

bool http_is_token(struct span s)
{
    return all_of(s, "!#$%&'*+-.^_`|~");
}

/* `example.org`, `example.org:8080`, `[::1]:80`: no userinfo, no list, no escapes, port 1 to 65535.
 */
static bool is_authority(struct span s)
{
    struct span host = s, port = SPAN_NONE;
    if (s.n > 0 && s.p[0] == '[') {
        ptrdiff_t end = span_find(s, ']');
        if (end < 0)
            return false;
        port = (struct span){s.p + end + 1, s.n - (size_t)end - 1};
        host = (struct span){s.p + 1, (size_t)end - 1};
        if (!all_of(host, ":.") || (port.n > 0 && port.p[0] != ':'))
            return false;
    } else {
        ptrdiff_t colon = span_find(s, ':');
        if (colon >= 0) {
            host.n = (size_t)colon;
            port = (struct span){s.p + colon, s.n - (size_t)colon};
        }
        if (!all_of(host, ".-_"))
            return false;
    }
    if (port.n == 0)
        return true;
    uint64_t number;
    return span_u64((struct span){port.p + 1, port.n - 1}, 65535, &number) && number > 0;
}

/* What follows `http://` or `https://`; absent where the target is not in absolute form. */
static struct span after_scheme(struct span target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (target.n >= n && span_eq_ci((struct span){target.p, n}, span_of(schemes[i])))
            return (struct span){target.p + n, target.n - n};
    }
    return SPAN_NONE;
}

static struct span authority_of(struct span target)
{
    struct span s = after_scheme(target);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || s.p[i] == '?')
            s.n = i;
    return s;
}

/* Path and query out of the target's form (RFC 9112 section 3.2). */
static enum err read_target(struct http_view *v)
{
    struct span rest = v->target;
    if (span_eq_str(rest, "*")) {
        v->path = rest;
        return span_eq_str(v->method, "OPTIONS") ? ERR_OK : ERR_BAD_REQUEST;
    }
    if (rest.p[0] != '/') {
        struct span authority = authority_of(rest);
        if (!is_authority(authority))
            return ERR_BAD_REQUEST;
        const char *end = v->target.p + v->target.n;
        rest.p = authority.p + authority.n;
        rest.n = (size_t)(end - rest.p);
    }
    v->path = span_cut(&rest, '?');
    v->query = rest;
    if (v->path.n == 0)
        v->path = SPAN("/");
    return ERR_OK;
}

enum err http_check_line(struct http_message *m, struct span line)
{
    struct http_view *v = &m->view;
    struct span rest = line;
    v->method = span_cut(&rest, ' ');
    v->target = span_cut(&rest, ' ');
    if (!http_is_token(v->method) || v->target.n == 0)
        return ERR_BAD_REQUEST;
    for (size_t i = 0; i < v->target.n; i++) {
        char c = v->target.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return ERR_BAD_REQUEST;
    }
    m->head_only = span_eq_str(v->method, "HEAD");
    m->minor = span_eq_str(rest, "HTTP/1.1");
    if (!m->minor && !span_eq_str(rest, "HTTP/1.0"))
        return ERR_BAD_REQUEST;
    if (span_eq_str(v->method, "CONNECT"))
        return ERR_NOT_IMPLEMENTED;
    return read_target(v);
}

/* Fields of which two make a message mean two things. Those of signatures are here because a proxy
 * and a verifier may each take another one. */
static const char *const singles[] = {
    "host",
    "content-length",
    "transfer-encoding",
    "content-type",
    "content-encoding",
    "content-digest",
    "date",
    "digest",
    "signature",
    "signature-input",
    "expect",
    "authorization",
};

static enum err check_names(const struct http_message *m)
{
    for (size_t i = 0; i < m->fields_n; i++)
        if (!http_is_token(m->fields[i].name))
            return ERR_BAD_REQUEST;
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        unsigned count = 0;
        http_field(&m->view, singles[i], &count);
        if (count > 1)
            return ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

static enum err check_host(struct http_message *m)
{
    struct http_view *v = &m->view;
    v->host = http_field(v, "host", NULL);
    if (!v->host.p)
        return m->minor ? ERR_BAD_REQUEST : ERR_OK;
    if (!is_authority(v->host))
        return ERR_BAD_REQUEST;
    struct span authority = authority_of(v->target);
    if (authority.p && !span_eq_ci(authority, v->host))
        return ERR_BAD_REQUEST;
    return ERR_OK;
}

/* Where the body ends: one reading of it, or none (RFC 9112 section 6.3). */
static enum err check_length(struct http_message *m, int64_t body_max)
{
    struct span length = http_field(&m->view, "content-length", NULL);
    struct span coding = http_field(&m->view, "transfer-encoding", NULL);
    if (length.p && coding.p)
        return ERR_BAD_REQUEST;
    if (coding.p) {
        if (!m->minor)
            return ERR_BAD_REQUEST;
        if (!span_eq_ci(coding, SPAN("chunked")))
            return ERR_NOT_IMPLEMENTED;
        m->has_body = true;
    }
    if (length.p) {
        uint64_t n;
        /* Fields lie in the head as received, so that what follows the trimmed value is to be seen.
         */
        if (!span_u64(length, INT64_MAX, &n) || length.p[length.n] != '\r')
            return ERR_BAD_REQUEST;
        if (n > (uint64_t)body_max)
            return ERR_TOO_LARGE;
        m->has_body = n > 0;
    }
    return ERR_OK;
}

enum err http_check_fields(struct http_message *m, const struct http_limits *limits)
{
    enum err e = check_names(m);
    if (e == ERR_OK)
        e = check_host(m);
    if (e == ERR_OK)
        e = check_length(m, limits->body);
    if (e != ERR_OK)
        return e;
    struct span coding = http_field(&m->view, "content-encoding", NULL);
    if (coding.p && m->has_body && !span_eq_ci(coding, SPAN("identity")))
        return ERR_MEDIA_TYPE;
    struct span expect = http_field(&m->view, "expect", NULL);
    if (expect.p && m->minor) {
        if (!span_eq_ci(expect, SPAN("100-continue")))
            return ERR_EXPECTATION;
        m->expects = m->has_body;
    }
    return ERR_OK;
}
