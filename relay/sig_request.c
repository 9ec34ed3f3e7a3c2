/* sig_request: reads a request that somebody pasted.
 * May not know: signatures, keys, where the text came from. */
#include "relay/sig_request.h"

static bool wrong(struct bytes *why, const char *what, struct span about)
{
    bytes_addf(why, about.n ? "%s: %.*s" : "%s", what, SPAN_ARG(about));
    return false;
}

/* Cuts off one line, without its end. */
static struct span take_line(struct span *rest)
{
    struct span line = span_cut(rest, '\n');
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool read_start(struct span line, struct sig_request *ret, struct bytes *why)
{
    struct span rest = line;
    ret->request.method = span_cut(&rest, ' ');
    ret->request.target = span_cut(&rest, ' ');
    ret->version = rest;
    if (!ret->request.method.n || !span_starts(rest, SPAN("HTTP/1.")))
        return wrong(why, "the first line is not METHOD PATH HTTP/1.1", line);
    if (!span_starts(ret->request.target, SPAN("/")))
        return wrong(why, "the target must be a path", ret->request.target);
    return true;
}

static bool read_field(struct span line, struct sig_request *ret, struct bytes *why)
{
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return wrong(why, "a folded header line: put it on one line", line);
    struct span value = line;
    struct span name = span_cut(&value, ':');
    if (!value.p || !name.n || name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t')
        return wrong(why, "not a header line", line);
    if (ret->request.fields_n == SIG_REQUEST_FIELDS)
        return wrong(why, "too many header lines", SPAN_NONE);
    ret->fields[ret->request.fields_n++] = (struct signature_field){name, span_trim(value)};
    return true;
}

struct span sig_request_field(const struct sig_request *r, const char *name)
{
    for (size_t i = 0; i < r->request.fields_n; i++)
        if (span_eq_ci(r->fields[i].name, span_of(name)))
            return r->fields[i].value;
    return SPAN_NONE;
}

static bool read_body(struct span rest, struct sig_request *ret, struct bytes *why)
{
    struct span length = sig_request_field(ret, "Content-Length");
    uint64_t n = rest.n;
    if (sig_request_field(ret, "Transfer-Encoding").p)
        return wrong(why, "Transfer-Encoding: give the body as it is, with Content-Length",
                     SPAN_NONE);
    if (length.p && (!span_u64(length, SIZE_MAX, &n) || n > rest.n))
        return wrong(why, "the body is shorter than Content-Length says", length);
    ret->request.body = (struct span){rest.p, (size_t)n};
    return true;
}

static bool read_address(const char *url, struct sig_request *ret, struct bytes *why)
{
    struct uri uri;
    if (url) {
        if (uri_read(span_of(url), &uri) != ERR_OK)
            return wrong(why, "--url is not an http or https URL", span_of(url));
        ret->request.scheme = uri.https ? SPAN("https") : SPAN("http");
        span_copy(span_of(uri.authority), ret->authority, sizeof(ret->authority));
    } else {
        struct span host = sig_request_field(ret, "Host");
        ret->request.scheme = SPAN("https");
        if (!uri_authority(host, true, ret->authority))
            return wrong(why, "Host names no server: say which one with --url", host);
    }
    ret->request.authority = span_of(ret->authority);
    return true;
}

bool sig_request_read(struct span text, const char *url, struct sig_request *ret, struct bytes *why)
{
    struct span rest = text;
    *ret = (struct sig_request){.version = SPAN_NONE};
    ret->request.fields = ret->fields;
    while (rest.n && (rest.p[0] == '\n' || rest.p[0] == '\r')) {
        rest.p++;
        rest.n--;
    }
    if (!read_start(take_line(&rest), ret, why))
        return false;
    while (rest.n) {
        struct span line = take_line(&rest);
        if (!line.n)
            break;
        if (!read_field(line, ret, why))
            return false;
    }
    return read_body(rest, ret, why) && read_address(url, ret, why);
}
