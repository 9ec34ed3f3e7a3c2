/* mistakes: collects what is wrong, and writes it in the order of the file. Owns the texts.
 * May not know: what a configuration is. */
#include "relay/config/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pure/units.h"
#include "common/pure/utf8.h"

enum { TEXT_MAX = 1000, LIST_MAX = 8 };

void mistakes_fini(struct mistakes *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->items[i].text);
    free(m->items);
    *m = (struct mistakes){0};
}

static void add(struct mistakes *m, struct place at, struct bytes *text)
{
    if (m->n == MISTAKES_MAX) {
        m->more++;
        bytes_fini(text);
        return;
    }
    if (!m->items)
        m->items = mem_new(MISTAKES_MAX * sizeof(*m->items));
    m->items[m->n] = (struct mistake){at, m->n, bytes_take(text)};
    m->n++;
}

void mistake(struct mistakes *m, struct place at, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct bytes copy;
    bytes_init(&copy, sizeof(text));
    bytes_add_str(&copy, text);
    add(m, at, &copy);
}

/* The nearest name; absent where none is so near that it may be meant: one edit for a short name,
 * one for each three letters of a long one. */
static struct span nearest(struct span name, const struct span *names, size_t n)
{
    struct span best = SPAN_NONE;
    unsigned least = name.n < 6 ? 2 : (unsigned)(name.n < 30 ? name.n : 30) / 3;
    for (size_t i = 0; i < n; i++) {
        unsigned distance = units_distance(name, names[i]);
        if (distance > least || distance >= names[i].n || (best.p && distance == least))
            continue;
        best = names[i];
        least = distance;
    }
    return best;
}

void mistake_unknown(struct mistakes *m, struct place at, const char *what, struct span name,
                     const struct span *names, size_t n)
{
    struct bytes text;
    bytes_init(&text, TEXT_MAX);
    bytes_addf(&text, "unknown %s %s", what, quoted(name).text);
    struct span near = nearest(name, names, n);
    if (near.p)
        bytes_addf(&text, "; did you mean \"%.*s\"?", SPAN_ARG(near));
    else if (n > 0 && n <= LIST_MAX)
        bytes_add_str(&text, "; known here:");
    for (size_t i = 0; !near.p && n <= LIST_MAX && i < n; i++)
        bytes_addf(&text, "%s %.*s", i ? "," : "", SPAN_ARG(names[i]));
    add(m, at, &text);
}

static int by_place(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->seq < y->seq ? -1 : 1;
}

void mistakes_write(struct mistakes *m, const char *path, struct bytes *out)
{
    if (m->n)
        qsort(m->items, m->n, sizeof(*m->items), by_place);
    for (size_t i = 0; i < m->n; i++)
        bytes_addf(out, "%s:%u:%u: %s\n", path, m->items[i].at.line, m->items[i].at.column,
                   m->items[i].text);
    if (m->more)
        bytes_addf(out, "%s: and %zu more\n", path, m->more);
}

/* One character, escaped where a terminal would act on it. */
static size_t put(char *out, size_t room, struct span c)
{
    unsigned char head = (unsigned char)c.p[0];
    bool control = head < 0x20 || head == 0x7f || (head == 0xc2 && (unsigned char)c.p[1] < 0xa0);
    unsigned code = c.n == 2 ? (unsigned char)c.p[1] : head;
    int n = control                       ? snprintf(out, room, "\\x%02x", code)
            : head == '"' || head == '\\' ? snprintf(out, room, "\\%c", head)
                                          : snprintf(out, room, "%.*s", SPAN_ARG(c));
    return (size_t)n;
}

struct quoted quoted(struct span text)
{
    struct quoted q;
    size_t used = 0;
    q.text[used++] = '"';
    for (size_t i = 0; i < text.n;) {
        size_t len = utf8_len((struct span){text.p + i, text.n - i});
        if (used + 12 > sizeof(q.text) || len == 0) {
            used += (size_t)snprintf(q.text + used, sizeof(q.text) - used, "...");
            break;
        }
        used += put(q.text + used, sizeof(q.text) - used, (struct span){text.p + i, len});
        i += len;
    }
    snprintf(q.text + used, sizeof(q.text) - used, "\"");
    return q;
}

void escaped(struct bytes *out, struct span text)
{
    char one[16];
    for (size_t i = 0; i < text.n;) {
        size_t len = utf8_len((struct span){text.p + i, text.n - i});
        if (len == 0)
            break;
        bytes_add(out, (struct span){one, put(one, sizeof(one), (struct span){text.p + i, len})});
        i += len;
    }
}
