/* facts_links: the hosts that an object links to, by its texts and by its URLs.
 *
 * This is no parser of HTML, on purpose. Every receiver reads, mends and cleans HTML in a way of
 * its own, and a link that one of them shows must not be hidden from a rule. So structure counts
 * for nothing: whatever looks like an attribute that holds a URL is one, wherever it stands (also
 * in a comment, in plain text, in a tag that was never closed), and so is every `http://` or
 * `https://`. The price is a host that is named though nobody can click on it.
 *
 * Where a link may lead to a host that cannot be read for sure, the fact is cut.
 * May not know: zones, which hosts a rule asks for. */
#include <string.h>

#include "relay/rules/facts_inner.h"

enum {
    READ_MAX = 4096,   /* links that are looked at; beyond, the fact is cut */
    ATTRIBUTE_MAX = 12 /* of a name */
};

struct scan {
    struct gather hosts;
    const struct uri *own; /* the author's */
    unsigned read;
};

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.p + n, s.n - n};
}

/* Whether nothing more can be learned. */
static bool done(struct scan *scan)
{
    if (scan->read >= READ_MAX)
        scan->hosts.cut = true;
    return scan->read >= READ_MAX || (scan->hosts.cut && scan->hosts.n == scan->hosts.most);
}

/* With a port that is not the scheme's, and without it: a rule need not know of ports. */
static void add_host(struct scan *scan, struct span authority)
{
    if (span_eq_str(authority, scan->own->authority))
        return;
    gather_add(&scan->hosts, authority);
    const char *colon = memrchr(authority.p, ':', authority.n);
    if (!colon || span_ends(authority, SPAN("]")))
        return;
    struct span host = {authority.p, (size_t)(colon - authority.p)};
    if (!span_eq_str(host, scan->own->host))
        gather_add(&scan->hosts, host);
}

static void add_url(struct scan *scan, struct span raw, bool html)
{
    char host[URI_AUTHORITY_SIZE];
    scan->read++;
    switch (link_read(raw, html, host)) {
    case LINK_HOST: add_host(scan, span_of(host)); break;
    case LINK_UNREAD: scan->hosts.cut = true; break;
    case LINK_NONE: break;
    }
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The name before an equals sign, without what is before a colon (`xlink:href`). */
static struct span attribute_before(struct span text, size_t at)
{
    while (at && is_space(text.p[at - 1]))
        at--;
    size_t from = at;
    while (from && at - from < ATTRIBUTE_MAX &&
           ((text.p[from - 1] | 0x20) >= 'a' && (text.p[from - 1] | 0x20) <= 'z'))
        from--;
    return (struct span){text.p + from, at - from};
}

static bool holds_url(struct span name)
{
    static const struct span names[] = {{"href", 4},        {"src", 3},  {"srcset", 6},
                                        {"poster", 6},      {"data", 4}, {"action", 6},
                                        {"formaction", 10}, {"cite", 4}, {"background", 10}};
    for (size_t i = 0; name.n && i < sizeof(names) / sizeof(*names); i++)
        if (span_eq_ci(name, names[i]))
            return true;
    return false;
}

/* The value behind an equals sign. */
static struct span value_at(struct span text)
{
    while (text.n && is_space(text.p[0]))
        text = behind(text, 1);
    char quote = text.n ? text.p[0] : '\0';
    if (quote == '"' || quote == '\'') {
        text = behind(text, 1);
        const char *end = memchr(text.p, quote, text.n);
        return end ? (struct span){text.p, (size_t)(end - text.p)} : text;
    }
    size_t n = 0;
    while (n < text.n && n <= LINK_HEAD_MAX && text.p[n] != '>' && !is_space(text.p[n]))
        n++;
    return (struct span){text.p, n};
}

static void scan_attributes(struct scan *scan, struct span text)
{
    for (size_t at = 0; at < text.n && !done(scan); at++) {
        ptrdiff_t next = span_find(behind(text, at), '=');
        if (next < 0)
            return;
        at += (size_t)next;
        if (holds_url(attribute_before(text, at)))
            add_url(scan, value_at(behind(text, at + 1)), true);
    }
}

/* The host behind `://` in a text: up to what ends a URL in a sentence. */
static struct span host_in_text(struct span text)
{
    size_t n = 0;
    bool literal = text.n && text.p[0] == '[';
    while (n < text.n && n < URI_AUTHORITY_SIZE && (unsigned char)text.p[n] > ' ' &&
           (literal || !memchr("/\\?#\"'<>(){}[],;&|^`", text.p[n], 20))) {
        literal = literal && text.p[n] != ']';
        n++;
    }
    while (n && memchr(".:!*~_", text.p[n - 1], 6))
        n--;
    return (struct span){text.p, n};
}

/* A bare URL: what is no host is no link. */
static void scan_bare(struct scan *scan, struct span text)
{
    for (size_t at = 0; at < text.n && !done(scan); at++) {
        char host[URI_AUTHORITY_SIZE];
        ptrdiff_t next = span_find(behind(text, at), ':');
        if (next < 0)
            return;
        at += (size_t)next;
        struct span before = {text.p, at}, rest = behind(text, at);
        bool https = at >= 5 && span_eq_ci(behind(before, at - 5), SPAN("https"));
        bool http = at >= 4 && span_eq_ci(behind(before, at - 4), SPAN("http"));
        if (!(http || https) || !span_starts(rest, SPAN("://")))
            continue;
        struct span written = host_in_text(behind(rest, 3));
        if (span_eq_str(written, scan->own->authority) || gather_has(&scan->hosts, written))
            continue;
        scan->read++;
        if (link_host(written, https, host))
            add_host(scan, span_of(host));
    }
}

static void scan_text(struct scan *scan, struct span text)
{
    scan_attributes(scan, text);
    scan_bare(scan, text);
}

/* A text and its translations; the first of them is mostly the text itself. */
static void scan_texts(struct scan *scan, const struct json *object, const char *key,
                       const char *map)
{
    struct span text = json_text(json_get(object, key)), tag;
    const struct json *other;
    const void *at = NULL;
    scan_text(scan, text);
    while (!done(scan) && json_next(json_get(object, map), &at, &tag, &other))
        if (!span_eq(json_text(other), text))
            scan_text(scan, json_text(other));
}

/* --- URLs ------------------------------------------------------------------------------------ */

/* Text, or the `href` of a Link. */
static void add_urls(struct scan *scan, const struct json *list)
{
    for (size_t i = 0; i < json_len(list) && !done(scan); i++) {
        const struct json *v = json_at(list, i);
        struct span url =
            json_kind(v) == JSON_OBJECT ? json_text(json_get(v, "href")) : json_text(v);
        if (url.n)
            add_url(scan, url, false);
    }
}

/* Attachments and tags that are links; the lines of a profile. */
static void add_listed(struct scan *scan, const struct json *list)
{
    for (size_t i = 0; i < json_len(list) && !done(scan); i++) {
        const struct json *v = json_at(list, i);
        if (activity_is_typed(v, "Link")) {
            add_urls(scan, json_get(v, "href"));
            add_urls(scan, json_get(v, "url"));
        }
        if (activity_is_typed(v, "PropertyValue"))
            scan_text(scan, json_text(json_get(v, "value")));
    }
}

void facts_read_links(struct facts *facts)
{
    /* A quote is a link, by whichever of its names. */
    static const char *const urls[] = {"url", "quote", "quoteUrl", "quoteUri", "_misskey_quote"};
    const struct json *object = facts->object;
    struct scan scan = {.own = &facts->actor};
    if (!object)
        return;
    gather_init(&scan.hosts, FACTS_LINKS_MAX);
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
        add_urls(&scan, json_get(object, urls[i]));
    add_listed(&scan, json_get(object, "attachment"));
    add_listed(&scan, json_get(object, "tag"));
    scan_texts(&scan, object, "content", "contentMap");
    scan_texts(&scan, object, "summary", "summaryMap");
    gather_keep(&scan.hosts, facts, FACT_LINKS);
}
