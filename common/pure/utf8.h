/* utf8: one character at a time, strict (RFC 3629). */
#pragma once

#include "common/pure/span.h"

/* Bytes of the well-formed character that s begins with, 1 to 4; 0 where s is empty or begins with
 * anything else: a stray continuation, an overlong form, a surrogate, above U+10FFFF, cut short. */
size_t utf8_len(struct span s);
/* Whether all of s is well-formed. */
bool utf8_valid(struct span s);
/* The code point of the well-formed character that s begins with. */
uint32_t utf8_code(struct span s);
/* Controls, zero-width characters, line separators and marks of direction: a terminal obeys them.
 */
bool utf8_unsafe(uint32_t code);
/* A copy for people, in at most size bytes with its NUL: a space for each character that is unsafe,
 * '?' for each byte that is no text; cut at a character where it is longer. */
void utf8_show(struct span s, char *out, size_t size);
/* Writes the character to out, which has room for 4; returns its bytes. code is at most U+10FFFF
 * and no surrogate. */
size_t utf8_put(char *out, uint32_t code);
