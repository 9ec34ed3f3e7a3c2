/* verify_authors: the registry of authors, and who opted out while something of theirs waited:
 * whether it can be read. May not know: what it means for an activity. */
#include <inttypes.h>

#include "common/pure/uri.h"
#include "relay/store/verify_inner.h"

static bool number(struct span *rest)
{
    uint64_t n;
    return span_u64(span_cut(rest, ' '), INT64_MAX, &n);
}

/* `URL WORD HOW AT SAID BY`, see author.part. */
static bool author_ok(struct span text)
{
    struct uri uri;
    struct span actor = span_cut(&text, ' ');
    struct span word = span_cut(&text, ' ');
    struct span how = span_cut(&text, ' ');
    size_t way = 0;
    while (way < AUTHOR_WAY_COUNT && !span_eq_str(how, author_way_name((enum author_way)way)))
        way++;
    return uri_read(actor, &uri) == ERR_OK &&
           (span_eq(word, SPAN("y")) || span_eq(word, SPAN("n"))) && way < AUTHOR_WAY_COUNT &&
           number(&text) && number(&text);
}

void verify_authors(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i < reply_len(h->value); i += 2) {
        struct span text = reply_text(reply_at(h->value, i));
        if (!author_ok(text))
            verify_found(v, h->key, "what it says of %.*s can't be read",
                         (int)(text.n < 200 ? text.n : 200), text.p ? text.p : "");
    }
}

/* Actor's number -> lines of the urgent lane. */
void verify_out(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct span lines = reply_text(reply_at(h->value, i + 1));
        bool ok = lines.n > 0;
        while (ok && lines.n)
            ok = number(&lines);
        if (!ok)
            verify_found(v, h->key, "the lines of %.*s can't be read",
                         SPAN_ARG(reply_text(reply_at(h->value, i))));
    }
}
