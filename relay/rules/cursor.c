/* cursor: two positions, what is known ahead of them and what waits apart, as numbers and as text.
 * May not know: what the numbers count, or who keeps the text. */
#include "relay/rules/cursor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_MAX = 999 };

void cursor_fini(struct cursor *c)
{
    free(c->parts);
    c->parts = NULL;
    c->parts_n = 0;
    free(c->aside);
    c->aside = NULL;
    c->aside_n = 0;
}

void cursor_copy(const struct cursor *from, struct cursor *to)
{
    *to = *from;
    to->parts = NULL;
    to->aside = NULL;
    if (from->parts_n) {
        to->parts = mem_new(from->parts_n * sizeof(*to->parts));
        memcpy(to->parts, from->parts, from->parts_n * sizeof(*to->parts));
    }
    if (from->aside_n) {
        to->aside = mem_new(from->aside_n * sizeof(*to->aside));
        memcpy(to->aside, from->aside, from->aside_n * sizeof(*to->aside));
    }
}

/* --- parts ----------------------------------------------------------------------------------- */

/* The place of the first that is not before (n, slot). */
static size_t place_of(const struct cursor *c, uint64_t n, unsigned slot)
{
    size_t from = 0;
    size_t to = c->parts_n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        const struct cursor_part *p = &c->parts[middle];
        if (p->n < n || (p->n == n && p->slot < slot))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct cursor_part *cursor_part(const struct cursor *c, uint64_t n, unsigned slot)
{
    size_t i = place_of(c, n, slot);
    return i < c->parts_n && c->parts[i].n == n && c->parts[i].slot == slot ? &c->parts[i] : NULL;
}

struct cursor_part *cursor_part_put(struct cursor *c, uint64_t n, unsigned slot)
{
    struct cursor_part *there = cursor_part(c, n, slot);
    if (there)
        return there;
    size_t i = place_of(c, n, slot);
    c->parts = mem_grow(c->parts, (c->parts_n + 1) * sizeof(*c->parts));
    memmove(&c->parts[i + 1], &c->parts[i], (c->parts_n - i) * sizeof(*c->parts));
    c->parts[i] = (struct cursor_part){.n = n, .slot = slot};
    c->parts_n++;
    return &c->parts[i];
}

/* Forgets so many, from the i-th on. */
static void parts_drop(struct cursor *c, size_t i, size_t n)
{
    c->parts_n -= n;
    memmove(&c->parts[i], &c->parts[i + n], (c->parts_n - i) * sizeof(*c->parts));
    if (c->parts_n)
        return;
    free(c->parts);
    c->parts = NULL;
}

void cursor_part_take(struct cursor *c, uint64_t n, unsigned slot)
{
    struct cursor_part *there = cursor_part(c, n, slot);
    if (there)
        parts_drop(c, (size_t)(there - c->parts), 1);
}

void cursor_parts_pass(struct cursor *c, uint64_t n)
{
    size_t passed = 0;
    while (passed < c->parts_n && c->parts[passed].n <= n)
        passed++;
    if (passed)
        parts_drop(c, 0, passed);
}

unsigned cursor_done(const struct cursor *c, uint64_t n)
{
    unsigned slots = 0;
    for (size_t i = place_of(c, n, 0); i < c->parts_n && c->parts[i].n == n; i++)
        slots |= c->parts[i].done ? 1U << c->parts[i].slot : 0;
    return slots;
}

int cursor_status(const struct cursor *c)
{
    for (size_t i = 0; i < c->parts_n; i++)
        if (c->parts[i].tried.past.status)
            return c->parts[i].tried.past.status;
    return 0;
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool tried_same(const struct cursor_tried *a, const struct cursor_tried *b)
{
    return a->tries == b->tries && a->own == b->own && a->past.tries == b->past.tries &&
           a->past.status == b->past.status && a->past.first_ms == b->past.first_ms &&
           a->doubt == b->doubt;
}

static bool parts_same(const struct cursor *a, const struct cursor *b)
{
    if (a->parts_n != b->parts_n)
        return false;
    for (size_t i = 0; i < a->parts_n; i++) {
        const struct cursor_part *p = &a->parts[i];
        const struct cursor_part *q = &b->parts[i];
        if (p->n != q->n || p->slot != q->slot || p->done != q->done ||
            !tried_same(&p->tried, &q->tried))
            return false;
    }
    return true;
}

static bool aside_same(const struct cursor *a, const struct cursor *b)
{
    if (a->aside_n != b->aside_n)
        return false;
    for (size_t i = 0; i < a->aside_n; i++) {
        const struct cursor_aside *p = &a->aside[i];
        const struct cursor_aside *q = &b->aside[i];
        if (p->n != q->n || p->slot != q->slot || p->lane != q->lane || p->again != q->again ||
            p->object != q->object || p->wake_ms != q->wake_ms || !tried_same(&p->tried, &q->tried))
            return false;
    }
    return true;
}

/* Which entry would be the next is no news; what came of it would be. */
static bool head_plain(const struct cursor_head *h)
{
    static const struct cursor_tried none;
    return !h->done && !h->doubt && tried_same(&h->tried, &none);
}

static bool head_same(const struct cursor_head *a, const struct cursor_head *b)
{
    return (head_plain(a) && head_plain(b)) ||
           (a->n == b->n && a->slot == b->slot && a->done == b->done && a->doubt == b->doubt &&
            tried_same(&a->tried, &b->tried));
}

bool cursor_plain(const struct cursor *c)
{
    return health_plain(&c->health) && head_plain(&c->head) && !c->parts_n && c->orders <= c->low &&
           c->again <= c->low && !c->replay && !c->shut && !c->quiet && !c->aside_n;
}

/* A number that says something only while it lies above `low`. */
static uint64_t above(const struct cursor *c, uint64_t n)
{
    return n > c->low ? n : 0;
}

bool cursor_same(const struct cursor *a, const struct cursor *b)
{
    return a->low == b->low && a->urgent == b->urgent && health_same(&a->health, &b->health) &&
           above(a, a->orders) == above(b, b->orders) && above(a, a->again) == above(b, b->again) &&
           a->replay == b->replay && a->shut == b->shut && a->quiet == b->quiet &&
           head_same(&a->head, &b->head) && parts_same(a, b) && aside_same(a, b);
}

/* --- writing --------------------------------------------------------------------------------- */

static void write_tried(const struct cursor_tried *t, struct bytes *out)
{
    bytes_addf(out, ":%u:%u:%u:%d:%" PRId64, t->tries, t->own, t->past.tries, t->past.status,
               t->past.first_ms);
    if (t->doubt)
        bytes_add_str(out, "!");
}

static void write_parts(const struct cursor *c, struct bytes *out)
{
    uint64_t last = c->low;
    for (size_t i = 0; i < c->parts_n; i++) {
        const struct cursor_part *p = &c->parts[i];
        if (!p->done)
            continue;
        bytes_addf(out, "%s%" PRIu64, last == c->low ? " d" : ",", p->n - last);
        if (p->slot)
            bytes_addf(out, ":%u", p->slot);
        last = p->n;
    }
    for (size_t i = 0; i < c->parts_n; i++) {
        const struct cursor_part *p = &c->parts[i];
        if (p->done)
            continue;
        bytes_addf(out, " p%" PRIu64 ":%u", p->n, p->slot);
        write_tried(&p->tried, out);
    }
}

void cursor_write(const struct cursor *c, struct bytes *out)
{
    bytes_addf(out, "%" PRIu64, c->low);
    if (c->urgent != c->low)
        bytes_addf(out, " u%" PRIu64, c->urgent);
    health_write(&c->health, out);
    write_parts(c, out);
    if (!head_plain(&c->head)) {
        bytes_addf(out, " v%" PRIu64 ":%u:%u:%u", c->head.n, c->head.slot, c->head.done,
                   c->head.doubt);
        write_tried(&c->head.tried, out);
    }
    if (above(c, c->orders))
        bytes_addf(out, " o%" PRIu64, c->orders);
    if (c->replay)
        bytes_addf(out, " r%" PRIu64, c->replay);
    if (above(c, c->again))
        bytes_addf(out, " y%" PRIu64, c->again);
    if (c->shut)
        bytes_addf(out, " s%" PRIu64, c->shut);
    if (c->quiet)
        bytes_add_str(out, " q");
    for (size_t i = 0; i < c->aside_n; i++) {
        const struct cursor_aside *a = &c->aside[i];
        char kind = a->lane == LANE_NORMAL ? 'a' : a->again ? 'c' : 'b';
        bytes_addf(out, " %c%" PRIu64 ":%u:%" PRIu64 ":%" PRId64, kind, a->n, a->slot, a->object,
                   a->wake_ms);
        write_tried(&a->tried, out);
    }
}

/* --- reading --------------------------------------------------------------------------------- */

enum { TRIED_FIELDS = 5, PART_FIELDS = 7, HEAD_FIELDS = 8, URGENT_FIELDS = 9, ASIDE_FIELDS = 9 };

static bool read_fields(struct span text, char sep, size_t n, uint64_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (!text.p || !span_u64(span_cut(&text, sep), UINT64_MAX, &ret[i]))
            return false;
    return !text.p;
}

/* n numbers, of which the last are T. */
static bool read_tried(struct span text, size_t n, uint64_t *f, struct cursor_tried *ret)
{
    bool doubt = text.n && text.p[text.n - 1] == '!';
    text.n -= doubt;
    if (!read_fields(text, ':', n, f))
        return false;
    const uint64_t *t = &f[n - TRIED_FIELDS];
    if (t[0] > UINT32_MAX || t[1] > UINT32_MAX || t[2] > UINT32_MAX || t[3] > STATUS_MAX ||
        t[4] > INT64_MAX)
        return false;
    *ret = (struct cursor_tried){
        (unsigned)t[0], (unsigned)t[1], {(unsigned)t[2], (int)t[3], (int64_t)t[4]}, doubt};
    return true;
}

static bool tried_none(const struct cursor_tried *t)
{
    static const struct cursor_tried none;
    return tried_same(t, &none);
}

/* A new one. NULL where it can't be: it is there, lies below, or there are too many. */
static struct cursor_part *add_part(struct cursor *c, uint64_t n, uint64_t slot)
{
    if (n <= c->low || n > INT64_MAX || slot >= CURSOR_SLOTS_MAX ||
        c->parts_n == CURSOR_AHEAD_MAX || cursor_part(c, n, (unsigned)slot))
        return NULL;
    return cursor_part_put(c, n, (unsigned)slot);
}

/* Several of one entry follow each other with 0, and rising slots. */
static bool read_done(struct span text, struct cursor *c)
{
    uint64_t last = c->low;
    uint64_t last_slot = 0;
    while (text.p) {
        uint64_t n;
        uint64_t slot = 0;
        struct span one = span_cut(&text, ',');
        if (!span_u64(span_cut(&one, ':'), INT64_MAX, &n) ||
            (one.p && (!span_u64(one, CURSOR_SLOTS_MAX - 1, &slot) || !slot)) ||
            (!n && slot <= last_slot))
            return false;
        struct cursor_part *part = add_part(c, last + n, slot);
        if (!part)
            return false;
        part->done = true;
        last += n;
        last_slot = slot;
    }
    return true;
}

static bool read_part(struct span text, struct cursor *c)
{
    uint64_t f[PART_FIELDS];
    struct cursor_tried tried;
    if (!read_tried(text, PART_FIELDS, f, &tried) || tried_none(&tried))
        return false;
    struct cursor_part *part = add_part(c, f[0], f[1]);
    if (!part)
        return false;
    part->tried = tried;
    return true;
}

/* Of before. What does not lie above `low` says nothing any more. */
static bool read_head(struct span text, struct cursor *c)
{
    uint64_t f[HEAD_FIELDS];
    struct cursor_tried tried;
    if (!read_tried(text, HEAD_FIELDS, f, &tried) || f[0] > INT64_MAX || f[1] >= CURSOR_SLOTS_MAX ||
        f[2] >> CURSOR_SLOTS_MAX || (!f[2] && tried_none(&tried)))
        return false;
    if (f[0] <= c->low)
        return true;
    for (unsigned slot = 0; slot < CURSOR_SLOTS_MAX; slot++)
        if (f[2] >> slot & 1)
            cursor_part_put(c, f[0], slot)->done = true;
    if (!(f[2] >> f[1] & 1) && !tried_none(&tried))
        cursor_part_put(c, f[0], (unsigned)f[1])->tried = tried;
    return true;
}

static bool read_urgent(struct span text, struct cursor *c)
{
    uint64_t f[URGENT_FIELDS];
    struct cursor_head *h = &c->head;
    if (!read_tried(text, URGENT_FIELDS, f, &h->tried) || f[0] <= c->urgent || f[0] > INT64_MAX ||
        f[1] >= CURSOR_SLOTS_MAX || f[2] >> CURSOR_SLOTS_MAX || f[3] >> CURSOR_SLOTS_MAX)
        return false;
    h->n = f[0];
    h->slot = (unsigned)f[1];
    h->done = (unsigned)f[2];
    h->doubt = (unsigned)f[3];
    return !head_plain(h);
}

static bool read_aside(char kind, struct span text, struct cursor *c)
{
    uint64_t f[ASIDE_FIELDS];
    struct cursor_aside a = {.lane = kind == 'a' ? LANE_NORMAL : LANE_URGENT, .again = kind == 'c'};
    if (c->aside_n == CURSOR_ASIDE_MAX || !read_tried(text, ASIDE_FIELDS, f, &a.tried) ||
        f[0] > INT64_MAX || f[1] >= CURSOR_SLOTS_MAX || f[3] > INT64_MAX)
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
    bool ok = false;
    switch (kind) {
    case 'u': ok = span_u64(text, INT64_MAX, &c->urgent) && c->urgent != c->low; break;
    case 'h': ok = read_head(text, c); break;
    case 'd': ok = read_done(text, c); break;
    case 'p': ok = read_part(text, c); break;
    case 'o': ok = read_count(text, INT64_MAX, &c->orders) && c->orders > c->low; break;
    case 'r': ok = read_count(text, INT64_MAX, &c->replay); break;
    case 'y': ok = read_count(text, INT64_MAX, &c->again) && c->again > c->low; break;
    case 's': ok = read_count(text, INT64_MAX, &c->shut); break;
    case 'q':
        ok = text.n == 0;
        c->quiet = true;
        break;
    case 'v': ok = read_urgent(text, c); break;
    case 'a':
    case 'b':
    case 'c': ok = read_aside(kind, text, c); break;
    default: ok = health_read(kind, text, &c->health); break;
    }
    return ok;
}

/* In the order in which they are written, each at most once but those that are lists. */
static bool read_words(struct span text, struct cursor *c)
{
    static const char order[] = "u" HEALTH_WORDS "hdpvorysqa";
    const char *at = order;
    while (text.p) {
        struct span word = span_cut(&text, ' ');
        char kind = word.n ? word.p[0] : '\0';
        const char *found = strchr(at, kind == 'b' || kind == 'c' ? 'a' : kind);
        if (!found || !*found || !read_word(kind, (struct span){word.p + 1, word.n - 1}, c))
            return false;
        at = *found == 'a' || *found == 'p' ? found : found + 1;
    }
    return true;
}

/* Of before: low, wake, failures, and the past of an entry that is not named. */
static bool read_numbers(struct span text, struct cursor *c)
{
    enum { WAKE, FAILURES, TRIES, FIRST, STATUS, FIELDS };
    uint64_t f[FIELDS];
    if (!read_fields(text, ' ', FIELDS, f) || f[WAKE] > INT64_MAX || f[FAILURES] > UINT32_MAX ||
        f[TRIES] > UINT32_MAX || f[FIRST] > INT64_MAX || f[STATUS] > STATUS_MAX)
        return false;
    c->health.wake_ms = (int64_t)f[WAKE];
    c->health.failures = (unsigned)f[FAILURES];
    return true;
}

bool cursor_read(struct span text, struct cursor *ret)
{
    struct cursor c = {0};
    bool ok = span_u64(span_cut(&text, ' '), INT64_MAX, &c.low);
    c.urgent = c.low;
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
