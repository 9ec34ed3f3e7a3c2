/* mistakes: everything that is wrong with one configuration file, each with its place. */
#pragma once

#include "common/pure/bytes.h"

enum { MISTAKES_MAX = 100 };

struct place {
    unsigned line, column; /* from 1; characters, not bytes */
};

struct mistake {
    struct place at;
    size_t seq; /* of two at one place, the one found first comes first */
    char *text;
};

/* {0} is an empty one. */
struct mistakes {
    struct mistake *items;
    size_t n;
    size_t more; /* beyond MISTAKES_MAX: counted only */
};

void mistakes_fini(struct mistakes *m);
void mistake(struct mistakes *m, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An element of a constant list of names. */
/* clang-format off */ /* its versions disagree on a macro of braces */
#define NAME(literal) {(literal), sizeof(literal) - 1}
/* clang-format on */
/* `unknown WHAT "name"`, and the nearest of the names, or all where they are few and none is near.
 */
void mistake_unknown(struct mistakes *m, struct place at, const char *what, struct span name,
                     const struct span *names, size_t n);
/* Sorted by place, one a line: `path:line:column: text`. */
void mistakes_write(struct mistakes *m, const char *path, struct bytes *out);

/* Text of the file as it may stand in a message: in quotes, control characters escaped, capped. Use
 * as quoted(text).text within one expression. */
struct quoted {
    char text[96];
};
struct quoted quoted(struct span text);
/* The same whole and without quotes: as much as out takes. */
void escaped(struct bytes *out, struct span text);
