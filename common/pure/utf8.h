/* utf8: one character at a time, strict (RFC 3629). */
#pragma once

#include "common/pure/span.h"

/* Bytes of the well-formed character that s begins with, 1 to 4; 0 where s is empty or begins with
 * anything else: a stray continuation, an overlong form, a surrogate, above U+10FFFF, cut short. */
size_t utf8_len(struct span s);
/* Whether all of s is well-formed. */
bool utf8_valid(struct span s);
/* Writes the character to out, which has room for 4; returns its bytes. code is at most U+10FFFF
 * and no surrogate. */
size_t utf8_put(char *out, uint32_t code);
