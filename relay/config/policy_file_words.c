/* policy_file_words: reads the values of a condition: words with a star at one end, regular
 * expressions, and ranges of numbers. A word is made as the fact is: folded, or a host in its
 * normal form; and where a fact has but few values, only those are words. May not know: rules. */
#include <stdlib.h>
#include <string.h>

#include "common/pure/units.h"
#include "common/pure/utf8.h"
#include "relay/config/policy_file_inner.h"

/* --- words that are known -------------------------------------------------------------------- */

static const char *const visibilities[] = {"public", "unlisted", NULL};
static const char *const medias[] = {"image", "video", "audio", "document", "other", NULL};
static const char *const proofs[] = {"ld-signature", "fep-8b32", "none", NULL};

/* The words of a fact that has but few; NULL: any word. */
static const char *const *known_words(enum fact fact)
{
    static const char *types[ACTIVITY_OTHER + 1];
    for (int type = 0; type < ACTIVITY_OTHER; type++)
        types[type] = activity_type_name((enum activity_type)type);
    switch ((int)fact) {
    case FACT_TYPE: return types;
    case FACT_VISIBILITY: return visibilities;
    case FACT_MEDIA: return medias;
    case FACT_PROOF: return proofs;
    default: return NULL;
    }
}

static bool is_zone_fact(enum fact fact)
{
    return fact == FACT_REPLY_TO || fact == FACT_MENTIONS;
}

/* A zone, or a word for none. */
static bool zone_ok(struct job *job, enum fact fact, const struct yaml_tree *value)
{
    struct span text = yaml_tree_text(value);
    if (span_eq_str(text, "other") || (fact == FACT_REPLY_TO && span_eq_str(text, "none")) ||
        policy_zone_by_name(job->policy, text) >= 0)
        return true;
    zone_unknown(job, value);
    return false;
}

static bool known_ok(struct job *job, enum fact fact, const char *const *words,
                     const struct yaml_tree *value)
{
    struct span names[16];
    size_t n = 0;
    for (; words[n]; n++) {
        names[n] = span_of(words[n]);
        if (span_eq(names[n], yaml_tree_text(value)))
            return true;
    }
    mistake_unknown(job->mistakes, value->at, fact_row(fact)->name, yaml_tree_text(value), names,
                    n);
    return false;
}

/* --- words that are free --------------------------------------------------------------------- */

static bool refuse(struct job *job, const struct yaml_tree *value, const char *why)
{
    mistake(job->mistakes, value->at, "%s %s", quoted(yaml_tree_text(value)).text, why);
    return false;
}

static bool tag_ok(struct span tag)
{
    bool ok = tag.n <= POLICY_TAG_SIZE && utf8_valid(tag);
    for (size_t i = 0; ok && i < tag.n; i++)
        ok = (unsigned char)tag.p[i] > ' ' && tag.p[i] != '#' && tag.p[i] != 0x7f;
    return ok;
}

/* Whether the text, without its star, can be one of the fact's. */
static bool text_ok(struct job *job, enum fact fact, const struct pattern *pattern,
                    const struct yaml_tree *value)
{
    struct span text = {pattern->text, pattern->n};
    bool from_its_head = pattern->how == PATTERN_EXACT || pattern->how == PATTERN_PREFIX;
    if (fact == FACT_TAGS && !tag_ok(text)) {
        mistake(job->mistakes, value->at, "%s is not a tag: one word without #, at most %d bytes",
                quoted(yaml_tree_text(value)).text, POLICY_TAG_SIZE);
        return false;
    }
    if (fact == FACT_AUTHOR && from_its_head && !span_starts(text, SPAN("https://")) &&
        !span_starts(text, SPAN("http://")))
        return refuse(job, value,
                      "is no author: an author is the URL of an actor, such as "
                      "https://wiki.corp.example/users/jo, with a * at one end for more");
    if (text.n > POLICY_WORD_SIZE || !utf8_valid(text))
        return refuse(job, value, "is too long, or no UTF-8");
    return true;
}

/* The text with its star taken off; false where a star stands elsewhere. */
static bool star_read(struct pattern *pattern, struct span text)
{
    bool head = text.n && text.p[0] == '*', tail = text.n > 1 && text.p[text.n - 1] == '*';
    if (head && text.n == 1) {
        pattern->how = PATTERN_ANY;
        text.n = 0;
    } else if (head) {
        pattern->how = PATTERN_SUFFIX;
        text = (struct span){text.p + 1, text.n - 1};
    } else if (tail) {
        pattern->how = PATTERN_PREFIX;
        text.n--;
    }
    pattern->text = mem_copy(text);
    pattern->n = text.n;
    return span_find(text, '*') < 0;
}

static bool text_read(struct job *job, enum fact fact, struct pattern *pattern,
                      const struct yaml_tree *value)
{
    if (!star_read(pattern, yaml_tree_text(value)))
        return refuse(job, value, "has a * that is not at one end alone");
    if (pattern->how == PATTERN_ANY)
        return true;
    if (is_zone_fact(fact) || known_words(fact))
        return pattern->how == PATTERN_EXACT ? true : refuse(job, value, "can't have a *");
    if (!text_ok(job, fact, pattern, value))
        return false;
    if (fact_row(fact)->folded)
        policy_tag_fold(pattern->text, pattern->n);
    return true;
}

static bool host_read(struct job *job, struct pattern *pattern, const struct yaml_tree *value)
{
    struct span text = yaml_tree_text(value);
    if (!span_eq_str(text, "*") && !policy_pattern_read(text, job->https, &pattern->text))
        return refuse(job, value,
                      "is not a host: NAME or NAME:PORT, where *.NAME stands for all names below "
                      "and a * may end the port");
    if (!pattern->text)
        pattern->text = mem_copy(SPAN(""));
    pattern->n = strlen(pattern->text);
    pattern->how = text.n == 1 && text.p[0] == '*'                                 ? PATTERN_ANY
                   : span_find((struct span){pattern->text, pattern->n}, '*') >= 0 ? PATTERN_HOST
                                                                                   : PATTERN_EXACT;
    return true;
}

static bool regex_read(struct job *job, enum fact fact, struct pattern *pattern,
                       const struct yaml_tree *value)
{
    struct span text = yaml_tree_text(value);
    struct bytes why;
    if (text.n < 3 || text.p[text.n - 1] != '/')
        return refuse(job, value, "is no regular expression: it stands between two slashes");
    if (is_zone_fact(fact) || known_words(fact))
        return refuse(job, value, "can't be a regular expression here: the words are known");
    if (job->regexes_n++ == POLICY_REGEXES_MAX)
        mistake(job->mistakes, value->at, "more than %d regular expressions", POLICY_REGEXES_MAX);
    text = (struct span){text.p + 1, text.n - 2};
    bytes_init(&why, 200);
    pattern->how = PATTERN_REGEX;
    pattern->text = mem_copy(text);
    pattern->n = text.n;
    pattern->regex = regex_new(text, fact_row(fact)->folded, &why);
    if (!pattern->regex)
        mistake(job->mistakes, value->at, "%s: %s", quoted(yaml_tree_text(value)).text,
                bytes_str(&why));
    bytes_fini(&why);
    return pattern->regex != NULL;
}

void word_read(struct job *job, struct condition *condition, const struct yaml_tree *value)
{
    enum fact fact = condition->fact;
    struct span text = yaml_tree_text(value);
    struct pattern pattern = {0};
    bool ok;
    if (!kind_is(job, value, TREE_TEXT, fact == FACT_TAGS ? "a tag" : fact_row(fact)->name))
        return;
    if (fact == FACT_REPLY_TO && span_eq_str(text, "crossed")) {
        condition->crossed = true;
        return;
    }
    if (text.p[0] == '/')
        ok = regex_read(job, fact, &pattern, value);
    else if (fact == FACT_AUTHOR_HOST || fact == FACT_LINKS)
        ok = host_read(job, &pattern, value);
    else
        ok = text_read(job, fact, &pattern, value);
    if (ok && pattern.how == PATTERN_EXACT && is_zone_fact(fact))
        ok = zone_ok(job, fact, value);
    if (ok && pattern.how == PATTERN_EXACT && known_words(fact))
        ok = known_ok(job, fact, known_words(fact), value);
    if (!ok) {
        free(pattern.text);
        return;
    }
    condition->patterns =
        mem_grow(condition->patterns, (condition->patterns_n + 1) * sizeof(pattern));
    condition->patterns[condition->patterns_n++] = pattern;
}

/* --- numbers --------------------------------------------------------------------------------- */

static bool number_read(enum fact_unit unit, struct span text, int64_t *ret)
{
    uint64_t number;
    int64_t ms;
    switch (unit) {
    case FACT_UNIT_BYTES: return size_read(text, ret);
    case FACT_UNIT_SECONDS:
        if (!duration_read(text, &ms))
            return false;
        *ret = ms / 1000;
        return true;
    case FACT_UNIT_COUNT:
    case FACT_UNIT_NONE: break;
    }
    if (!span_u64(text, INT64_MAX, &number))
        return false;
    *ret = (int64_t)number;
    return true;
}

/* `<=N`, `<N`, `>=N`, `>N`, `A..B`, `N`. */
static bool range_parse(enum fact_unit unit, struct span text, struct number_range *ret)
{
    static const struct {
        const char *sign;
        int side; /* -1: at most, 1: at least */
        int64_t off;
    } signs[] = {{"<=", -1, 0}, {">=", 1, 0}, {"<", -1, -1}, {">", 1, 1}};
    *ret = (struct number_range){0, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        struct span sign = span_of(signs[i].sign), rest = {text.p + sign.n, text.n - sign.n};
        if (!span_starts(text, sign))
            continue;
        int64_t *end = signs[i].side < 0 ? &ret->most : &ret->least;
        if (!number_read(unit, span_trim(rest), end) || *end == INT64_MAX)
            return false;
        *end += signs[i].off;
        return true;
    }
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '.' && text.p[i + 1] == '.')
            return number_read(unit, (struct span){text.p, i}, &ret->least) &&
                   number_read(unit, (struct span){text.p + i + 2, text.n - i - 2}, &ret->most);
    if (!number_read(unit, text, &ret->least))
        return false;
    ret->most = ret->least;
    return true;
}

void range_read(struct job *job, struct condition *condition, const struct yaml_tree *value)
{
    static const char *const samples[] = {"<=3, >3 or 2..5", "<=64KiB, >1MiB or 1KiB..64KiB",
                                          "<=3, >3 or 2..5", "<=7d, >1h or 1h..7d"};
    const struct fact_row *row = fact_row(condition->fact);
    struct number_range range;
    if (!kind_is(job, value, TREE_TEXT, row->name))
        return;
    if (!range_parse(row->unit, yaml_tree_text(value), &range)) {
        mistake(job->mistakes, value->at, "%s: %s is no number or range, such as %s", row->name,
                quoted(yaml_tree_text(value)).text, samples[row->unit]);
        return;
    }
    if (range.least > range.most)
        mistake(job->mistakes, value->at, "%s: no number is %s", row->name,
                quoted(yaml_tree_text(value)).text);
    condition->ranges = mem_grow(condition->ranges, (condition->ranges_n + 1) * sizeof(range));
    condition->ranges[condition->ranges_n++] = range;
}
