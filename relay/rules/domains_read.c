/* domains_read: lists of others, line by line. Nothing is kept; what is wrong in a line is said of
 * that line, and the next one is read.
 * May not know: what becomes of the hosts. */
#include "common/pure/uri.h"
#include "relay/rules/domains.h"

enum { FIELDS = 16 };

struct record {
    unsigned line; /* where it begins */
    struct span whole;
    struct span fields[FIELDS]; /* without their quotes */
    size_t n;
};

struct columns {
    bool csv;
    size_t domain, severity; /* FIELDS: there is none */
};

/* The text up to the end of a line, of a record where quotes go on behind it. */
static size_t record_length(struct span text, bool csv)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < text.n && (quoted || text.p[i] != '\n'); i++)
        quoted ^= csv && text.p[i] == '"';
    return i;
}

static struct span unquoted(struct span field)
{
    field = span_trim(field);
    if (field.n >= 2 && field.p[0] == '"' && field.p[field.n - 1] == '"')
        return (struct span){field.p + 1, field.n - 2};
    return field;
}

static void cut_fields(struct record *r)
{
    struct span text = r->whole;
    bool quoted = false;
    size_t from = 0;
    r->n = 0;
    for (size_t i = 0; i <= text.n && r->n < FIELDS; i++) {
        quoted ^= i < text.n && text.p[i] == '"';
        if (i < text.n && (quoted || text.p[i] != ','))
            continue;
        r->fields[r->n++] = unquoted((struct span){text.p + from, i - from});
        from = i + 1;
    }
}

/* The next one; false behind the last. */
static bool next(struct span *rest, bool csv, unsigned *line, struct record *ret)
{
    if (!rest->n)
        return false;
    size_t n = record_length(*rest, csv);
    ret->line = *line;
    ret->whole = (struct span){rest->p, n};
    for (size_t i = 0; i < n; i++)
        *line += rest->p[i] == '\n';
    ++*line;
    *rest = (struct span){rest->p + n + (n < rest->n), rest->n - n - (n < rest->n)};
    if (span_ends(ret->whole, SPAN("\r")))
        ret->whole.n--;
    return true;
}

static bool is_column(struct span field, const char *name)
{
    if (span_starts(field, SPAN("#")))
        field = (struct span){field.p + 1, field.n - 1};
    return span_eq_ci(field, span_of(name));
}

static size_t column(const struct record *r, const char *name)
{
    size_t i = 0;
    while (i < r->n && !is_column(r->fields[i], name))
        i++;
    return i < r->n ? i : FIELDS;
}

/* Whether the text begins with a line that names columns. */
static struct columns columns_of(struct span text)
{
    struct record head;
    unsigned line = 1;
    struct columns c = {false, 0, FIELDS};
    if (!next(&text, false, &line, &head))
        return c;
    cut_fields(&head);
    c.domain = column(&head, "domain");
    c.severity = column(&head, "severity");
    c.csv = c.domain < FIELDS;
    return c;
}

static void take_host(struct span text, unsigned line, bool https,
                      const struct domains_taker *taker)
{
    char host[URI_AUTHORITY_SIZE];
    if (span_find(text, '*') >= 0)
        taker->bad(taker->arg, line, text, "a name with a star in it says not which host");
    else if (span_find(text, '.') < 0 || !uri_authority(text, https, host))
        taker->bad(taker->arg, line, text, "that is not a host");
    else
        taker->host(taker->arg, line, host);
}

static void take_row(const struct record *r, const struct columns *c, bool blocks, bool https,
                     const struct domains_taker *taker)
{
    bool severe = c->severity >= r->n || !r->fields[c->severity].n ||
                  span_eq_ci(r->fields[c->severity], SPAN("suspend"));
    if (c->domain >= r->n || !r->fields[c->domain].n)
        taker->bad(taker->arg, r->line, r->whole, "there is no domain in this row");
    else if (blocks && !severe)
        taker->bad(taker->arg, r->line, r->fields[c->domain], "less than a block: left out");
    else
        take_host(r->fields[c->domain], r->line, https, taker);
}

static void take_line(const struct record *r, bool https, const struct domains_taker *taker)
{
    struct span text = r->whole;
    text = span_trim(span_cut(&text, '#'));
    if (text.n)
        take_host(text, r->line, https, taker);
}

bool domains_read(struct span text, bool https, bool blocks, const struct domains_taker *taker)
{
    struct record r;
    unsigned line = 1;
    if (span_starts(text, SPAN("\xef\xbb\xbf"))) /* a byte order mark */
        text = (struct span){text.p + 3, text.n - 3};
    const struct columns c = columns_of(text);
    if (c.csv)
        next(&text, true, &line, &r);
    while (next(&text, c.csv, &line, &r)) {
        if (r.line > DOMAINS_LINES_MAX) {
            taker->bad(taker->arg, r.line, SPAN_NONE, "the list is too long: not read from here");
            return false;
        }
        if (r.whole.n > DOMAINS_LINE_MAX) {
            taker->bad(taker->arg, r.line, SPAN_NONE, "this line is too long");
        } else if (!c.csv) {
            take_line(&r, https, taker);
        } else if (span_trim(r.whole).n) {
            cut_fields(&r);
            take_row(&r, &c, blocks, https, taker);
        }
    }
    return true;
}
