/* facts_url: the host that a link leads to, as a browser would go there (WHATWG URL): white space
 * and controls around it dropped, tabs and ends of lines everywhere, backslashes taken for slashes,
 * any number of them. Receivers show links that uri_read() refuses.
 * May not know: where the link stood, whose it is. */
#include <string.h>

#include "common/pure/utf8.h"
#include "relay/rules/facts_inner.h"

/* Stands for an entity that we do not know: no byte of UTF-8, so no host has it. */
#define UNDECODED '\xff'

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.p + n, s.n - n};
}

/* --- decoding -------------------------------------------------------------------------------- */

/* What `&#104` or `&#x68` stands for, without its semicolon; 0 if nothing. */
static uint32_t number_of(struct span text, size_t *ret_n)
{
    bool hex = text.n > 2 && lower(text.p[2]) == 'x';
    uint32_t code = 0;
    size_t n = hex ? 3 : 2;
    for (; n < text.n; n++) {
        char c = lower(text.p[n]);
        bool ten = is_digit(c);
        if (!ten && !(hex && c >= 'a' && c <= 'f'))
            break;
        if (code < 0x110000)
            code = code * (hex ? 16 : 10) + (uint32_t)(ten ? c - '0' : c - 'a' + 10);
    }
    *ret_n = n;
    return code < 0x110000 && (code < 0xd800 || code > 0xdfff) ? code : 0;
}

/* Of the names those that mean something in a URL before its path. */
static uint32_t name_of(struct span text, size_t *ret_n)
{
    static const struct {
        const char *name;
        uint32_t code;
    } known[] = {{"amp", '&'},  {"colon", ':'}, {"sol", '/'},  {"bsol", '\\'},   {"period", '.'},
                 {"quot", '"'}, {"apos", '\''}, {"Tab", '\t'}, {"NewLine", '\n'}};
    size_t n = 1;
    while (n < text.n && (is_letter(text.p[n]) || is_digit(text.p[n])))
        n++;
    *ret_n = n;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (span_eq_str((struct span){text.p + 1, n - 1}, known[i].name))
            return known[i].code;
    return 0;
}

/* The character that text begins with, of HTML; *ret_n: its length there. Returns its length in
 * out. */
static size_t decode(struct span text, char out[4], size_t *ret_n)
{
    *ret_n = 1;
    out[0] = text.p[0];
    if (text.p[0] != '&')
        return 1;
    bool number = text.n > 1 && text.p[1] == '#';
    size_t n;
    uint32_t code = number ? number_of(text, &n) : name_of(text, &n);
    if (!code) {
        out[0] = UNDECODED;
        return 1;
    }
    *ret_n = n + (n < text.n && text.p[n] == ';');
    return utf8_put(out, code);
}

/* The head of a URL as a browser takes it; over: there is more of it. */
static void clean(struct span raw, bool html, struct bytes *out)
{
    for (size_t i = 0, used = 1; i < raw.n && !out->over; i += used) {
        char c[4] = {raw.p[i]};
        size_t n = html ? decode(behind(raw, i), c, &used) : 1;
        bool line = c[0] == '\t' || c[0] == '\n' || c[0] == '\r';
        bool before = out->n == 0 && (unsigned char)c[0] <= ' ';
        if (!line && !before)
            bytes_add(out, (struct span){c, n});
    }
    while (!out->over && out->n && (unsigned char)out->p[out->n - 1] <= ' ')
        out->n--;
}

/* --- reading --------------------------------------------------------------------------------- */

static size_t until(struct span s, const char *ends)
{
    size_t n = 0;
    while (n < s.n && (!s.p[n] || !strchr(ends, s.p[n])))
        n++;
    return n;
}

/* Without its colon; absent if there is none. */
static struct span scheme_of(struct span url)
{
    size_t n = 0;
    while (n < url.n &&
           (is_letter(url.p[n]) || (n && is_digit(url.p[n])) || (n && memchr("+-.", url.p[n], 3))))
        n++;
    return n && n < url.n && url.p[n] == ':' ? (struct span){url.p, n} : SPAN_NONE;
}

bool link_host(struct span written, bool https, char out[URI_AUTHORITY_SIZE])
{
    for (ptrdiff_t at; (at = span_find(written, '@')) >= 0;)
        written = behind(written, (size_t)at + 1);
    if (span_ends(written, SPAN(":")))
        written.n--;
    if (span_ends(written, SPAN(".")))
        written.n--;
    return uri_authority(written, https, out);
}

static enum link read_clean(struct span url, bool more, char out[URI_AUTHORITY_SIZE])
{
    struct span scheme = scheme_of(url);
    struct span rest = scheme.p ? behind(url, scheme.n + 1) : url;
    bool http = span_eq_ci(scheme, SPAN("http"));
    bool web = http || span_eq_ci(scheme, SPAN("https"));
    size_t slashes = 0;
    while (slashes < rest.n && (rest.p[slashes] == '/' || rest.p[slashes] == '\\'))
        slashes++;
    size_t end = until(behind(rest, slashes), "/\\?#");
    struct span host = {rest.p + slashes, end};
    /* Relative; mailto:, tel: and their kind. */
    if (!web && slashes < 2)
        return !scheme.p && span_find(host, UNDECODED) >= 0 ? LINK_UNREAD : LINK_NONE;
    if (more && slashes + end == rest.n)
        return LINK_UNREAD;
    if (!end)
        return LINK_NONE;
    /* `https:host` is relative or not, depending on the page. */
    return slashes && link_host(host, !http, out) ? LINK_HOST : LINK_UNREAD;
}

enum link link_read(struct span raw, bool html, char out[URI_AUTHORITY_SIZE])
{
    struct bytes url;
    bytes_init(&url, LINK_HEAD_MAX);
    clean(raw, html, &url);
    enum link link = read_clean(bytes_span(&url), url.over, out);
    bytes_fini(&url);
    return link;
}
