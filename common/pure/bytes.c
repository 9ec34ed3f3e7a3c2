/* bytes: a growing buffer with a maximum, and allocation that aborts rather than fails.
 * May not know: what is written into it. */
#include "common/pure/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mem_none(void)
{
    fputs("weir: out of memory\n", stderr);
    abort();
}

void *mem_new(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        mem_none();
    return p;
}

void *mem_grow(void *p, size_t size)
{
    void *grown = realloc(p, size ? size : 1);
    if (!grown)
        mem_none();
    return grown;
}

char *mem_copy(struct span s)
{
    char *p = mem_new(s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

void bytes_init(struct bytes *b, size_t max)
{
    *b = (struct bytes){.max = max};
}

void bytes_fini(struct bytes *b)
{
    free(b->p);
    bytes_init(b, b->max);
}

void bytes_clear(struct bytes *b)
{
    b->n = 0;
    b->over = false;
    if (b->p)
        b->p[0] = '\0';
}

static bool make_room(struct bytes *b, size_t more)
{
    if (more > b->max - b->n) {
        b->over = true;
        return false;
    }
    size_t want = b->n + more + 1;
    if (want > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < want)
            cap *= 2;
        if (cap > b->max + 1)
            cap = b->max + 1;
        b->p = mem_grow(b->p, cap);
        b->cap = cap;
    }
    return true;
}

bool bytes_add(struct bytes *b, struct span s)
{
    if (!make_room(b, s.n))
        return false;
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
    return true;
}

bool bytes_add_str(struct bytes *b, const char *text)
{
    return bytes_add(b, span_of(text));
}

bool bytes_add_char(struct bytes *b, char c)
{
    return bytes_add(b, (struct span){&c, 1});
}

bool bytes_add_int(struct bytes *b, int64_t value)
{
    char text[24], *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    return bytes_add(b, (struct span){at, (size_t)(text + sizeof text - at)});
}

void bytes_reserve(struct bytes *b, size_t n)
{
    if (n > b->max)
        n = b->max;
    if (n < b->cap)
        return;
    b->p = mem_grow(b->p, n + 1);
    b->cap = n + 1;
    b->p[b->n] = '\0';
}

/* Into the room that is there; only what does not fit it is measured that way, and written again.
 */
bool bytes_addf(struct bytes *b, const char *format, ...)
{
    va_list args, again;
    size_t room = b->p ? b->cap - b->n : 0;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(room ? b->p + b->n : NULL, room, format, args);
    va_end(args);
    bool ok = n >= 0 && (size_t)n < room;
    if (n >= 0 && !ok) {
        if (room)
            b->p[b->n] = '\0';
        ok = make_room(b, (size_t)n);
        if (ok)
            vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
    }
    if (ok)
        b->n += (size_t)n;
    va_end(again);
    return ok;
}

void bytes_shift(struct bytes *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
    } else {
        memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
    }
    if (b->p)
        b->p[b->n] = '\0';
}

struct span bytes_span(const struct bytes *b)
{
    return (struct span){b->p ? b->p : "", b->n};
}

const char *bytes_str(const struct bytes *b)
{
    return b->p ? b->p : "";
}

char *bytes_take(struct bytes *b)
{
    char *p = b->p ? b->p : mem_new(1);
    b->p = NULL;
    bytes_fini(b);
    return p;
}
