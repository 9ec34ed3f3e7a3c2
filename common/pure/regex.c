/* regex: one compiled expression with the memory that a match needs, so that matching allocates
 * nothing but what PCRE2 does within its limit.
 * May not know: what is looked for, and whose text it is. */
#include "common/pure/regex.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    STEPS_MAX = 20000, /* of one match: some hundred microseconds */
    DEPTH_MAX = 2000,  /* of backtracking */
    HEAP_MAX = 512,    /* KiB */
    PARENS_MAX = 50    /* one within another */
};

struct regex {
    pcre2_code *code;
    pcre2_match_data *found; /* nobody asks where: room for the whole match alone */
    pcre2_match_context *limits;
};

static pcre2_code *compile(struct span expression, bool fold, int *ret_error, size_t *ret_at)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_NO_AUTO_CAPTURE;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        mem_none();
    pcre2_set_parens_nest_limit(context, PARENS_MAX);
    pcre2_set_max_pattern_length(context, REGEX_SIZE_MAX);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(expression.p ? expression.p : ""), expression.n,
                      options | (fold ? PCRE2_CASELESS : 0), ret_error, ret_at, context);
    pcre2_compile_context_free(context);
    return code;
}

struct regex *regex_new(struct span expression, bool fold, struct bytes *why)
{
    int error = 0;
    size_t at = 0;
    pcre2_code *code = compile(expression, fold, &error, &at);
    if (!code) {
        char words[160];
        if (why && pcre2_get_error_message(error, (PCRE2_UCHAR *)words, sizeof(words)) > 0)
            bytes_addf(why, "%s, at byte %zu", words, at + 1);
        return NULL;
    }
    struct regex *regex = mem_new(sizeof(*regex));
    regex->code = code;
    regex->found = pcre2_match_data_create(1, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->found || !regex->limits)
        mem_none();
    pcre2_set_match_limit(regex->limits, STEPS_MAX);
    pcre2_set_depth_limit(regex->limits, DEPTH_MAX);
    pcre2_set_heap_limit(regex->limits, HEAP_MAX);
    return regex;
}

void regex_free(struct regex **regex)
{
    if (!*regex)
        return;
    pcre2_match_context_free((*regex)->limits);
    pcre2_match_data_free((*regex)->found);
    pcre2_code_free((*regex)->code);
    free(*regex);
    *regex = NULL;
}

enum regex_answer regex_matches(const struct regex *regex, struct span text)
{
    int found = pcre2_match(regex->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0,
                            regex->found, regex->limits);
    if (found >= 0)
        return REGEX_YES;
    return found == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_UNKNOWN;
}
