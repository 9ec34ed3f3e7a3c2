/* bytes: a growing buffer that is born with its maximum.
 *
 * What does not fit is not added, and the buffer remembers it (`over`): a caller may write a whole
 * document and ask once at the end. Small allocations never fail (the process aborts and its master
 * restarts it); what a stranger sizes is bounded by max. */
#pragma once

#include "common/pure/span.h"

struct bytes {
    char *p;    /* always NUL-terminated once anything was added */
    size_t n;   /* bytes used, without the NUL */
    size_t cap; /* bytes allocated */
    size_t max; /* most bytes ever, without the NUL */
    bool over;  /* something did not fit */
};

void bytes_init(struct bytes *b, size_t max);
/* Frees the memory; the buffer may be used again with the same maximum. */
void bytes_fini(struct bytes *b);
/* Empties it, keeps the memory, forgets `over`. */
void bytes_clear(struct bytes *b);

/* Each adds at the end, or sets `over` and adds nothing; true if it fitted. */
bool bytes_add(struct bytes *b, struct span s);
bool bytes_add_str(struct bytes *b, const char *text);
bool bytes_add_char(struct bytes *b, char c);
bool bytes_add_int(struct bytes *b, int64_t value); /* decimal */
bool bytes_addf(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Allocates for so many bytes at once, for who knows how long it gets; adds nothing. */
void bytes_reserve(struct bytes *b, size_t n);
/* Removes n bytes from the front. */
void bytes_shift(struct bytes *b, size_t n);

/* Borrowed until the buffer changes. */
struct span bytes_span(const struct bytes *b);
const char *bytes_str(const struct bytes *b);
/* Hands the memory over: the caller frees it with free(). Never NULL; the buffer is empty then. */
char *bytes_take(struct bytes *b);

/* Says that there is no memory, and aborts. For who is told so by a library. */
_Noreturn void mem_none(void);
/* Allocation that cannot fail: mem_none() instead. The caller frees with free(). */
void *mem_new(size_t size); /* zeroed */
void *mem_grow(void *p, size_t size);
char *mem_copy(struct span s); /* a NUL-terminated copy */
