/* cursor: a position, the state of its retries and what waits apart, as numbers and as text.
 * May not know: what the numbers count, or who keeps the text. */
#include "relay/rules/cursor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_MAX = 999 };

void cursor_fini(struct cursor *c)
{
    free(c->aside);
    c->aside = NULL;
    c->aside_n = 0;
}

void cursor_copy(const struct cursor *from, struct cursor *to)
{
    *to = *from;
    to->aside = NULL;
    if (!from->aside_n)
        return;
    to->aside = mem_new(from->aside_n * sizeof(*to->aside));
    memcpy(to->aside, from->aside, from->aside_n * sizeof(*to->aside));
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool tried_same(const struct cursor_tried *a, const struct cursor_tried *b)
{
    return a->tries == b->tries && a->own == b->own && a->past.tries == b->past.tries &&
           a->past.status == b->past.status && a->past.first_ms == b->past.first_ms;
}

static bool head_same(const struct cursor_head *a, const struct cursor_head *b)
{
    return a->n == b->n && a->slot == b->slot && a->done == b->done &&
           tried_same(&a->tried, &b->tried);
}

static bool aside_same(const struct cursor_aside *a, const struct cursor_aside *b)
{
    return a->n == b->n && a->slot == b->slot && a->object == b->object &&
           a->wake_ms == b->wake_ms && tried_same(&a->tried, &b->tried);
}

/* Which entry would be the next is no news; what came of it would be. */
static bool head_plain(const struct cursor_head *h)
{
    static const struct cursor_tried none;
    return !h->done && tried_same(&h->tried, &none);
}

bool cursor_plain(const struct cursor *c)
{
    return c->wake_ms == 0 && c->failures == 0 && head_plain(&c->head) && c->orders <= c->low &&
           !c->shut && !c->quiet && !c->aside_n;
}

static uint64_t orders_of(const struct cursor *c)
{
    return c->orders > c->low ? c->orders : 0;
}

bool cursor_same(const struct cursor *a, const struct cursor *b)
{
    bool heads = (head_plain(&a->head) && head_plain(&b->head)) || head_same(&a->head, &b->head);
    if (a->low != b->low || a->wake_ms != b->wake_ms || a->failures != b->failures || !heads ||
        orders_of(a) != orders_of(b) || a->shut != b->shut || a->quiet != b->quiet ||
        a->aside_n != b->aside_n)
        return false;
    for (size_t i = 0; i < a->aside_n; i++)
        if (!aside_same(&a->aside[i], &b->aside[i]))
            return false;
    return true;
}

/* --- writing --------------------------------------------------------------------------------- */

static void write_tried(const struct cursor_tried *t, struct bytes *out)
{
    bytes_addf(out, ":%u:%u:%u:%d:%" PRId64, t->tries, t->own, t->past.tries, t->past.status,
               t->past.first_ms);
}

void cursor_write(const struct cursor *c, struct bytes *out)
{
    bytes_addf(out, "%" PRIu64, c->low);
    if (c->wake_ms)
        bytes_addf(out, " w%" PRId64, c->wake_ms);
    if (c->failures)
        bytes_addf(out, " f%u", c->failures);
    if (!head_plain(&c->head)) {
        bytes_addf(out, " h%" PRIu64 ":%u:%u", c->head.n, c->head.slot, c->head.done);
        write_tried(&c->head.tried, out);
    }
    if (orders_of(c))
        bytes_addf(out, " o%" PRIu64, c->orders);
    if (c->shut)
        bytes_addf(out, " s%" PRIu64, c->shut);
    if (c->quiet)
        bytes_add_str(out, " q");
    for (size_t i = 0; i < c->aside_n; i++) {
        const struct cursor_aside *a = &c->aside[i];
        bytes_addf(out, " a%" PRIu64 ":%u:%" PRIu64 ":%" PRId64, a->n, a->slot, a->object,
                   a->wake_ms);
        write_tried(&a->tried, out);
    }
}

/* --- reading --------------------------------------------------------------------------------- */

enum { HEAD_FIELDS = 8, ASIDE_FIELDS = 9 };

static bool read_fields(struct span text, char sep, size_t n, uint64_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (!text.p || !span_u64(span_cut(&text, sep), UINT64_MAX, &ret[i]))
            return false;
    return !text.p;
}

/* Five numbers of T. */
static bool take_tried(const uint64_t *f, struct cursor_tried *ret)
{
    if (f[0] > UINT32_MAX || f[1] > UINT32_MAX || f[2] > UINT32_MAX || f[3] > STATUS_MAX ||
        f[4] > INT64_MAX)
        return false;
    *ret = (struct cursor_tried){
        (unsigned)f[0], (unsigned)f[1], {(unsigned)f[2], (int)f[3], (int64_t)f[4]}};
    return true;
}

static bool read_head(struct span text, struct cursor_head *ret)
{
    uint64_t f[HEAD_FIELDS];
    if (!read_fields(text, ':', HEAD_FIELDS, f) || f[0] > INT64_MAX || f[1] >= CURSOR_SLOTS_MAX ||
        f[2] >> CURSOR_SLOTS_MAX || !take_tried(&f[3], &ret->tried))
        return false;
    ret->n = f[0];
    ret->slot = (unsigned)f[1];
    ret->done = (unsigned)f[2];
    return !head_plain(ret);
}

static bool read_aside(struct span text, struct cursor *c)
{
    uint64_t f[ASIDE_FIELDS];
    struct cursor_aside a;
    if (c->aside_n == CURSOR_ASIDE_MAX || !read_fields(text, ':', ASIDE_FIELDS, f) ||
        f[0] > INT64_MAX || f[1] >= CURSOR_SLOTS_MAX || f[3] > INT64_MAX ||
        !take_tried(&f[4], &a.tried))
        return false;
    a.n = f[0];
    a.slot = (unsigned)f[1];
    a.object = f[2];
    a.wake_ms = (int64_t)f[3];
    const struct cursor_aside *last = c->aside_n ? &c->aside[c->aside_n - 1] : NULL;
    if (last && (a.n < last->n || (a.n == last->n && a.slot <= last->slot)))
        return false;
    c->aside = mem_grow(c->aside, (c->aside_n + 1) * sizeof(*c->aside));
    c->aside[c->aside_n++] = a;
    return true;
}

static bool read_count(struct span text, uint64_t max, uint64_t *ret)
{
    return span_u64(text, max, ret) && *ret > 0;
}

static bool read_word(char kind, struct span text, struct cursor *c)
{
    uint64_t n = 0;
    bool ok = false;
    switch (kind) {
    case 'w':
        ok = read_count(text, INT64_MAX, &n);
        c->wake_ms = (int64_t)n;
        break;
    case 'f':
        ok = read_count(text, UINT32_MAX, &n);
        c->failures = (unsigned)n;
        break;
    case 'h': ok = read_head(text, &c->head); break;
    case 'o': ok = read_count(text, INT64_MAX, &c->orders) && c->orders > c->low; break;
    case 's': ok = read_count(text, INT64_MAX, &c->shut); break;
    case 'q':
        ok = text.n == 0;
        c->quiet = true;
        break;
    case 'a': ok = read_aside(text, c); break;
    default: break;
    }
    return ok;
}

/* In the order in which they are written, each at most once but the last. */
static bool read_words(struct span text, struct cursor *c)
{
    static const char order[] = "wfhosqa";
    const char *at = order;
    while (text.p) {
        struct span word = span_cut(&text, ' ');
        const char *found = word.n ? strchr(at, word.p[0]) : NULL;
        if (!found || !*found || !read_word(*found, (struct span){word.p + 1, word.n - 1}, c))
            return false;
        at = *found == 'a' ? found : found + 1;
    }
    return true;
}

/* Of before: low, wake, failures, and the past of whatever follows low. */
static bool read_numbers(struct span text, struct cursor *c)
{
    enum { WAKE, FAILURES, TRIES, FIRST, STATUS, FIELDS };
    uint64_t f[FIELDS];
    if (!read_fields(text, ' ', FIELDS, f) || f[WAKE] > INT64_MAX || f[FAILURES] > UINT32_MAX ||
        f[TRIES] > UINT32_MAX || f[FIRST] > INT64_MAX || f[STATUS] > STATUS_MAX)
        return false;
    c->wake_ms = (int64_t)f[WAKE];
    c->failures = (unsigned)f[FAILURES];
    c->head.tried.tries = (unsigned)f[TRIES];
    c->head.tried.own = (unsigned)f[TRIES];
    c->head.tried.past = (struct judge_past){(unsigned)f[TRIES], (int)f[STATUS], (int64_t)f[FIRST]};
    return true;
}

bool cursor_read(struct span text, struct cursor *ret)
{
    struct cursor c = {0};
    bool ok = span_u64(span_cut(&text, ' '), INT64_MAX, &c.low);
    if (ok && text.p)
        ok = text.n && text.p[0] >= '0' && text.p[0] <= '9' ? read_numbers(text, &c)
                                                            : read_words(text, &c);
    if (!ok)
        cursor_fini(&c);
    *ret = c;
    return ok;
}

unsigned shard_of(struct span host, unsigned shards)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < host.n; i++)
        hash = (hash ^ (unsigned char)host.p[i]) * 16777619U;
    return hash % shards;
}
