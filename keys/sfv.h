/* sfv: the pieces of Structured Field Values (RFC 8941) that signatures and digests are made of.
 *
 * Each function reads one thing at the front of *at and moves *at behind it, or returns false and
 * leaves *at anywhere. Results borrow from the text. Stricter than the RFC in one way: a key that
 * stands twice in a dictionary is for the caller to refuse, never "the last one wins". */
#pragma once

#include "common/pure/bytes.h"

/* Puts *at on the next member of a dictionary: nothing before the first, a comma with optional
 * white space before each other. False at the end of the text or on a syntax error; the two differ
 * in at->n, which is 0 only at a proper end. first must be true on the first call; it is cleared.*/
bool sfv_next(struct span *at, bool *first);
/* `key=`; lower-case letters, digits, `_-.*`, first a letter or `*`. */
bool sfv_key(struct span *at, struct span *ret);
/* The name of a parameter, with the `;` and blanks before it; *ret_value says whether `=` and a
 * value follow (`=` is eaten). False also where no `;` stands: then *at has not moved. */
bool sfv_parameter(struct span *at, struct span *ret, bool *ret_value);
/* `"..."`: what stands between the quotes, escapes (`\"`, `\\`) as they are. */
bool sfv_string(struct span *at, struct span *ret);
/* `:...:`: what stands between the colons, characters checked, not decoded. */
bool sfv_binary(struct span *at, struct span *ret);
/* Digits only, at most 15, no sign, no leading zero. */
bool sfv_integer(struct span *at, int64_t *ret);
/* Any bare item (string, number, token, bytes, boolean), passed over. */
bool sfv_skip(struct span *at);
/* Eats c if it is next. */
bool sfv_eat(struct span *at, char c);

/* An inner list and its parameters as RFC 8941 section 4.1.1 writes them: one space between items
 * and no other. The text must have been read with the functions above. */
void sfv_list_write(struct bytes *out, struct span list);
