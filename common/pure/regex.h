/* regex: regular expressions (PCRE2 behind few calls, with its limits set).
 *
 * The expression is an operator's, the text a stranger's: a match may take so many steps and so
 * much memory and no more, whatever the two are. */
#pragma once

#include "common/pure/bytes.h"

enum { REGEX_SIZE_MAX = 1024 /* bytes of an expression */ };

struct regex;

enum regex_answer {
    REGEX_NO,
    REGEX_YES,
    REGEX_UNKNOWN /* given up at a limit, or the text is no UTF-8 */
};

/* Compiles it: UTF-8, found anywhere in a text unless it is anchored; `$` is the end of the text;
 * fold: letters have no case. NULL if it is none; why (may be NULL) is told so then, in words. */
struct regex *regex_new(struct span expression, bool fold, struct bytes *why);
void regex_free(struct regex **regex);
/* Whether it is found in the text. */
enum regex_answer regex_matches(const struct regex *regex, struct span text);
