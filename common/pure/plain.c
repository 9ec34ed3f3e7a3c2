/* plain: one sweep over the text; what looks like markup is left out.
 * May not know: what the text is of. */
#include "common/pure/plain.h"

#include "common/pure/utf8.h"

enum { ENTITY_MAX = 10, CODE_MAX = 0x10ffff, SURROGATES = 0xd800, SURROGATES_END = 0xdfff };

struct plain {
    struct span rest;
    size_t most, start;
    bool blank, line; /* one is due before the next character */
    bool full;
    struct bytes *out;
};

static void put(struct plain *p, struct span text)
{
    bool begun = p->out->n > p->start;
    size_t gap = begun && (p->blank || p->line);
    if (p->full || p->out->n - p->start + gap + text.n > p->most) {
        p->full = true;
        return;
    }
    if (gap)
        bytes_add_char(p->out, p->line ? '\n' : ' ');
    p->blank = p->line = false;
    bytes_add(p->out, text);
}

static void put_code(struct plain *p, uint32_t code)
{
    char text[4];
    if (code <= ' ' || code == 0xa0 || utf8_unsafe(code))
        p->blank = true;
    else
        put(p, (struct span){text, utf8_put(text, code)});
}

/* --- entities --------------------------------------------------------------------------------- */

static uint32_t digit(char c, uint32_t base)
{
    uint32_t value = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : base;
    return value < base ? value : UINT32_MAX;
}

/* What stands behind `&#`; 0: nothing does. */
static uint32_t numbered(struct span text)
{
    uint32_t base = 10;
    uint32_t code = 0;
    if (text.n && (text.p[0] == 'x' || text.p[0] == 'X')) {
        base = 16;
        text = (struct span){text.p + 1, text.n - 1};
    }
    for (size_t i = 0; i < text.n; i++) {
        uint32_t value = digit(text.p[i], base);
        if (value == UINT32_MAX || code > CODE_MAX)
            return 0;
        code = code * base + value;
    }
    return code > CODE_MAX || (code >= SURROGATES && code <= SURROGATES_END) ? 0 : code;
}

/* The text is behind an ampersand. */
static bool take_entity(struct plain *p)
{
    static const struct {
        const char *name;
        uint32_t code;
    } names[] = {{"amp", '&'},   {"lt", '<'},    {"gt", '>'},  {"quot", '"'},
                 {"apos", '\''}, {"nbsp", 0xa0}, {"shy", 0xad}};
    struct span near = {p->rest.p + 1, p->rest.n - 1};
    near.n = near.n < ENTITY_MAX ? near.n : ENTITY_MAX;
    ptrdiff_t end = span_find(near, ';');
    uint32_t code = 0;
    if (end < 1)
        return false;
    near.n = (size_t)end;
    if (near.p[0] == '#')
        code = numbered((struct span){near.p + 1, near.n - 1});
    for (size_t i = 0; !code && i < sizeof(names) / sizeof(*names); i++)
        if (span_eq_str(near, names[i].name))
            code = names[i].code;
    if (!code)
        return false;
    put_code(p, code);
    p->rest = (struct span){p->rest.p + near.n + 2, p->rest.n - near.n - 2};
    return true;
}

/* --- markup ----------------------------------------------------------------------------------- */

/* The name in `<br/>`, `</p>`, `<p class=..>`. */
static bool breaks_line(struct span tag)
{
    static const char *const names[] = {"br", "p",  "div", "li", "ul", "ol", "blockquote", "pre",
                                        "h1", "h2", "h3",  "h4", "h5", "h6", "tr",         "hr"};
    size_t n = 0;
    if (tag.n && tag.p[0] == '/')
        tag = (struct span){tag.p + 1, tag.n - 1};
    while (n < tag.n && ((tag.p[n] | 0x20) >= 'a' || (tag.p[n] >= '0' && tag.p[n] <= '9')) &&
           tag.p[n] != '/' && tag.p[n] != '>')
        n++;
    tag.n = n;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq_ci(tag, span_of(names[i])))
            return true;
    return false;
}

static void skip(struct plain *p, size_t n)
{
    p->rest = (struct span){p->rest.p + n, p->rest.n - n};
}

static void skip_comment(struct plain *p)
{
    while (p->rest.n && !span_starts(p->rest, SPAN("-->")))
        skip(p, 1);
    skip(p, p->rest.n < 3 ? p->rest.n : 3);
}

/* The text begins with `<`. False: it is no tag, but a sign. */
static bool take_tag(struct plain *p)
{
    struct span tag = {p->rest.p + 1, p->rest.n - 1};
    ptrdiff_t end = span_find(tag, '>');
    bool named = tag.n && (tag.p[0] == '/' || tag.p[0] == '!' || tag.p[0] == '?' ||
                           ((tag.p[0] | 0x20) >= 'a' && (tag.p[0] | 0x20) <= 'z'));
    if (span_starts(tag, SPAN("!--"))) {
        skip_comment(p);
        return true;
    }
    if (!named || end < 0)
        return false;
    if (breaks_line(tag))
        p->line = true;
    skip(p, (size_t)end + 2);
    return true;
}

void plain_write(struct span html, size_t most, struct bytes *out)
{
    struct plain p = {.rest = html, .most = most, .start = out->n, .out = out};
    while (p.rest.n && !p.full) {
        size_t n = utf8_len(p.rest);
        if ((p.rest.p[0] == '<' && take_tag(&p)) || (p.rest.p[0] == '&' && take_entity(&p)))
            continue;
        if (n)
            put_code(&p, utf8_code(p.rest));
        else
            put(&p, SPAN("?"));
        skip(&p, n ? n : 1);
    }
    if (p.full)
        bytes_add_str(out, "...");
}
