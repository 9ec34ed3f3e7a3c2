/* uri: http and https URLs, read once for the check and for the use.
 *
 * We cut the text ourselves, bring the host into its one form, write the URL anew and ask curl's
 * URL API to read that back (unless it has letters, digits and slashes alone): only what both read
 * alike is accepted, so no request can go anywhere but where the check looked. libidn2 turns names
 * into A-labels; what it makes of full-width digits, dots and signs is refused, not followed.
 *
 * May not know: which hosts, ports and addresses are allowed. */
#include "common/pure/uri.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/bytes.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, LABEL_MAX = 63, HOST_TEXT_MAX = 4 * URI_HOST_MAX };

/* --- hosts ----------------------------------------------------------------------------------- */

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count(struct span s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

static bool label_valid(struct span label)
{
    if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        /* `_` is in no host name by RFC 1123, but in many on company networks. */
        if (!(c >= 'a' && c <= 'z') && !is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* A label that makes a host a number in somebody's eyes: digits alone, or 0x and anything. */
static bool label_numeric(struct span label)
{
    if (label.n >= 2 && label.p[0] == '0' && label.p[1] == 'x')
        return true;
    for (size_t i = 0; i < label.n; i++)
        if (!is_digit(label.p[i]))
            return false;
    return true;
}

/* A lower-case name in A-labels, or a dotted quad. What ends in a number and is no quad in its
 * plainest form (`127.1`, `0x7f.1`, `2130706433`) would be folded to an address by curl. */
static bool name_valid(const char *host, bool *ret_literal)
{
    struct span rest = span_of(host), label = SPAN_NONE;
    if (rest.n == 0 || rest.n > URI_HOST_MAX)
        return false;
    while (rest.p) {
        label = span_cut(&rest, '.');
        if (!label_valid(label))
            return false;
    }
    struct in_addr address;
    *ret_literal = label_numeric(label);
    return !*ret_literal || inet_pton(AF_INET, host, &address) == 1;
}

/* A name with other letters than ASCII's. Dots must be written as dots, and the outcome must not be
 * an address: full-width forms of either are refused (ATTACKS X08). */
static bool name_to_ascii(struct span text, char out[URI_HOST_MAX + 3])
{
    char name[HOST_TEXT_MAX + 1];
    char *ascii = NULL;
    if (!span_copy(text, name, sizeof name))
        return false;
    int rc = idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL);
    if (rc == IDN2_MALLOC)
        mem_none();
    if (rc != IDN2_OK)
        return false;
    struct span made = span_of(ascii);
    bool ok = count(made, '.') == count(text, '.') && span_copy(made, out, URI_HOST_MAX + 1);
    idn2_free(ascii);
    return ok;
}

static bool name_read(struct span text, char out[URI_HOST_MAX + 3], bool *ret_literal)
{
    if (!is_ascii(text))
        return name_to_ascii(text, out) && name_valid(out, ret_literal) && !*ret_literal;
    if (!span_copy(text, out, URI_HOST_MAX + 1))
        return false;
    for (char *c = out; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return name_valid(out, ret_literal);
}

/* `[...]`, brackets included; a zone id (`%25lo`) is no address. */
static bool ipv6_read(struct span text, char out[URI_HOST_MAX + 3])
{
    char inner[INET6_ADDRSTRLEN], canonical[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (!span_copy((struct span){text.p + 1, text.n - 2}, inner, sizeof inner) ||
        inet_pton(AF_INET6, inner, &address) != 1 ||
        !inet_ntop(AF_INET6, &address, canonical, sizeof canonical))
        return false;
    snprintf(out, URI_HOST_MAX + 3, "[%s]", canonical);
    return true;
}

static bool port_read(struct span text, uint16_t *ret)
{
    uint64_t port = 0;
    if (text.n > 5 || !span_u64(text, UINT16_MAX, &port) || port == 0)
        return false;
    *ret = (uint16_t)port;
    return true;
}

/* HOST, HOST:PORT: fills host, literal, port and authority of ret, whose https is set. */
static bool authority_read(struct span text, struct uri *ret)
{
    struct span host = text, port = SPAN_NONE;
    ret->port = ret->https ? HTTPS_PORT : HTTP_PORT;
    uint16_t usual = ret->port;
    if (text.n && text.p[0] == '[') {
        ptrdiff_t end = span_find(text, ']');
        if (end < 0)
            return false;
        host.n = (size_t)end + 1;
        if (host.n < text.n && text.p[host.n] != ':')
            return false;
        if (host.n < text.n)
            port = (struct span){text.p + host.n + 1, text.n - host.n - 1};
        ret->literal = true;
        if (!ipv6_read(host, ret->host))
            return false;
    } else {
        port = text;
        host = span_cut(&port, ':');
        if (!name_read(host, ret->host, &ret->literal))
            return false;
    }
    if (port.p && !port_read(port, &ret->port))
        return false;
    if (ret->port == usual)
        snprintf(ret->authority, sizeof ret->authority, "%s", ret->host);
    else
        snprintf(ret->authority, sizeof ret->authority, "%s:%u", ret->host, ret->port);
    return true;
}

/* --- URLs ------------------------------------------------------------------------------------ */

/* Bytes that no part of a URL has, and that some reader of URLs or of headers takes for an end. */
static bool bytes_plain(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c <= 0x20 || c == 0x7F || strchr("\\\"<>`", c))
            return false;
    }
    return true;
}

/* Cuts the scheme and its `://` off; curl would also take one slash, or three. */
static bool scheme_read(struct span *rest, bool *ret_https)
{
    static const struct span http = SPAN("http://"), https = SPAN("https://");
    *ret_https = rest->n >= https.n && span_eq_ci((struct span){rest->p, https.n}, https);
    if (!*ret_https && (rest->n < http.n || !span_eq_ci((struct span){rest->p, http.n}, http)))
        return false;
    size_t n = *ret_https ? https.n : http.n;
    rest->p += n;
    rest->n -= n;
    return true;
}

/* Where the authority ends. */
static size_t authority_len(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
        n++;
    return n;
}

/* Path, query, fragment and target from what stands behind the authority. */
static bool tail_read(struct span text, struct span tail, struct uri *ret)
{
    if (!is_ascii(tail))
        return false;
    struct span rest = tail;
    struct span target = span_cut(&rest, '#');
    ret->fragment = rest;
    ret->base = (struct span){text.p, text.n - (tail.n - target.n)};
    if (target.n == 0) {
        ret->target = ret->path = SPAN("/");
        ret->query = SPAN_NONE;
        return true;
    }
    if (target.p[0] != '/')
        return false;
    ret->target = target;
    ret->query = target;
    ret->path = span_cut(&ret->query, '?');
    return true;
}

/* A URL that curl had no memory for is not a bad one. */
static bool curl_ok(CURLUcode rc)
{
    if (rc == CURLUE_OUT_OF_MEMORY)
        mem_none();
    return rc == CURLUE_OK;
}

/* Whether curl reads this part as we did. A missing part and an empty one are the same here. */
static bool curl_part_is(CURLU *url, CURLUPart part, struct span want)
{
    char *text = NULL;
    bool there = curl_ok(curl_url_get(url, part, &text, CURLU_DEFAULT_PORT));
    bool same = there ? span_eq(span_of(text), want) : want.n == 0;
    curl_free(text);
    return same;
}

static bool curl_agrees(const struct uri *u)
{
    char text[URI_MAX + URI_AUTHORITY_SIZE], port[8];
    if (!uri_write(u, text, sizeof text))
        return false;
    snprintf(port, sizeof port, "%u", u->port);
    CURLU *url = curl_url();
    if (!url)
        mem_none();
    bool same = curl_ok(curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS)) &&
                curl_part_is(url, CURLUPART_SCHEME, u->https ? SPAN("https") : SPAN("http")) &&
                curl_part_is(url, CURLUPART_USER, SPAN_NONE) &&
                curl_part_is(url, CURLUPART_PASSWORD, SPAN_NONE) &&
                curl_part_is(url, CURLUPART_HOST, span_of(u->host)) &&
                curl_part_is(url, CURLUPART_PORT, span_of(port)) &&
                curl_part_is(url, CURLUPART_PATH, u->path) &&
                curl_part_is(url, CURLUPART_QUERY, u->query);
    curl_url_cleanup(url);
    return same;
}

/* Nothing stands in it that two readers could read in two ways: letters, digits and a few signs
 * that mean nothing in a path. Most URLs are so, and need not be read twice. */
static bool tail_plain(struct span tail)
{
    for (size_t i = 0; i < tail.n; i++) {
        char c = tail.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !is_digit(c) && c != '/' &&
            c != '-' && c != '_')
            return false;
    }
    return true;
}

enum err uri_read(struct span text, struct uri *ret)
{
    struct span rest = text;
    *ret = (struct uri){0};
    if (text.n == 0 || text.n > URI_MAX || !bytes_plain(text) || !scheme_read(&rest, &ret->https))
        return ERR_URL;
    size_t n = authority_len(rest);
    struct span authority = {rest.p, n}, tail = {rest.p + n, rest.n - n};
    if (!authority_read(authority, ret) || !tail_read(text, tail, ret))
        return ERR_URL;
    /* The host is in its one form, a plain name or quad, and is what curl would make of it. */
    bool plain = is_ascii(authority) && authority.n && authority.p[0] != '[' && tail_plain(tail);
    return plain || curl_agrees(ret) ? ERR_OK : ERR_URL;
}

bool uri_write(const struct uri *u, char *out, size_t size)
{
    int n = snprintf(out, size, "%s://%s%.*s", u->https ? "https" : "http", u->authority,
                     SPAN_ARG(u->target));
    return n >= 0 && (size_t)n < size;
}

bool uri_same_origin(const struct uri *a, const struct uri *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool uri_authority(struct span text, bool https, char out[URI_AUTHORITY_SIZE])
{
    struct uri u = {.https = https};
    bool ok = authority_read(text, &u);
    snprintf(out, URI_AUTHORITY_SIZE, "%s", ok ? u.authority : "");
    return ok;
}

bool uri_resolve(const struct uri *base, struct span location, char *out, size_t size)
{
    char from[URI_MAX + URI_AUTHORITY_SIZE], to[URI_MAX + 1];
    out[0] = '\0';
    if (location.n == 0 || !span_copy(location, to, sizeof to) || !bytes_plain(location) ||
        !uri_write(base, from, sizeof from))
        return false;
    CURLU *url = curl_url();
    if (!url)
        mem_none();
    char *text = NULL;
    struct uri made;
    bool ok = curl_ok(curl_url_set(url, CURLUPART_URL, from, CURLU_PATH_AS_IS)) &&
              curl_ok(curl_url_set(url, CURLUPART_URL, to, 0)) &&
              curl_ok(curl_url_get(url, CURLUPART_URL, &text, 0)) &&
              uri_read(span_of(text), &made) == ERR_OK && span_copy(span_of(text), out, size);
    curl_free(text);
    curl_url_cleanup(url);
    return ok;
}

/* --- queries --------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that in stands for at *at, which moves behind it; false on a malformed escape. */
static bool decode_byte(struct span in, size_t *at, char *ret)
{
    *ret = in.p[*at];
    if (*ret != '%') {
        *at += 1;
        return true;
    }
    if (in.n - *at < 3)
        return false;
    int high = hex_value(in.p[*at + 1]), low = hex_value(in.p[*at + 2]);
    if (high < 0 || low < 0)
        return false;
    *ret = (char)(high << 4 | low);
    *at += 3;
    return true;
}

bool uri_decode(struct span in, char *out, size_t size)
{
    size_t n = 0, at = 0;
    while (at < in.n) {
        char c = '\0';
        if (!decode_byte(in, &at, &c) || c == '\0' || n + 1 >= size) {
            out[0] = '\0';
            return false;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

struct span uri_param(struct span query, const char *name, unsigned *ret_count)
{
    struct span found = SPAN_NONE, rest = query;
    unsigned n = 0;
    while (rest.p) {
        struct span value = span_cut(&rest, '&');
        struct span key = span_cut(&value, '=');
        if (!span_eq_str(key, name))
            continue;
        if (n++ == 0)
            found = value.p ? value : SPAN("");
    }
    if (ret_count)
        *ret_count = n;
    return found;
}
