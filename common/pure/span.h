/* span: borrowed text. A pointer and a length into memory that somebody else owns; never freed,
 * never assumed to end in NUL. Whoever hands one out says how long it lives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *p; /* NULL means absent, which is not the same as empty */
    size_t n;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
#define SPAN_NONE     ((struct span){NULL, 0})
/* For printf: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)(s).n, (s).p ? (s).p : ""

/* A span over a C string; NULL gives SPAN_NONE. */
struct span span_of(const char *text);

/* Same bytes. Two absent spans are equal; an absent and an empty one are too. */
bool span_eq(struct span a, struct span b);
/* The same, ASCII letters compared without case. */
bool span_eq_ci(struct span a, struct span b);
bool span_eq_str(struct span a, const char *text);
/* Where s stands among n names; n: nowhere. */
size_t span_among(struct span s, const char *const *names, size_t n);
bool span_starts(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);
/* Position of the first c, or -1. */
ptrdiff_t span_find(struct span s, char c);

/* Without leading and trailing SP and HTAB (RFC 9110 OWS). */
struct span span_trim(struct span s);
/* Cuts off and returns what stands before the first sep; rest becomes what follows it, or absent
 * where there was no sep. */
struct span span_cut(struct span *rest, char sep);

/* A decimal number, digits only, no sign. False on anything else or above max. */
bool span_u64(struct span s, uint64_t max, uint64_t *ret);
/* Copies into a buffer of size bytes and ends it with NUL. False (and an empty string) if it does
 * not fit or holds a NUL. */
bool span_copy(struct span s, char *out, size_t size);
