/* json_scan: the strict look at JSON from strangers that comes before any parser sees it.
 *
 * One pass by recursive descent, its depth bounded by the caller's limit. The keys of all objects
 * that are still open lie on one stack; when an object closes, its keys are sorted and neighbours
 * compared: n log n whatever the keys are, with no hash that a stranger could flood. A key with
 * escapes is decoded into an arena of at most the text's size, so that a twin in disguise is found.
 * May not know: what the keys mean, or how the tree is stored. */
#include "common/pure/bytes.h"
#include "common/pure/json_inner.h"
#include "common/pure/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longest number that is looked at; a double's shortest form needs 24, its longest exact sense is
 * no use to anybody here. */
enum { NUMBER_MAX = 128, INTEGER_DIGITS = 19 };

struct scan {
    const char *at, *end;
    const struct json_limits *limits;
    unsigned depth, keys_seen, nodes_seen;
    struct json_weight weight;
    struct span *keys; /* of the objects that are open now, outermost first; owned */
    size_t keys_n, keys_cap;
    char *arena; /* decoded keys; owned; as large as the text, so it never moves */
    size_t arena_n, arena_cap;
};

static enum err scan_value(struct scan *s);

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* --- strings --------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits at p; false if there are none before end. */
static bool hex4(const char *p, const char *end, uint32_t *ret)
{
    uint32_t code = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return false;
        code = code << 4 | (uint32_t)digit;
    }
    *ret = code;
    return true;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* One escape, s->at behind its backslash. A surrogate stands only in a pair; U+0000 nowhere, for
 * C strings behind us end there. ret: the character. */
static enum err scan_escape(struct scan *s, uint32_t *ret)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (s->at == s->end)
        return ERR_JSON_SYNTAX;
    const char *hit = *s->at ? strchr(from, *s->at) : NULL;
    if (hit) {
        s->at++;
        *ret = (uint8_t)to[hit - from];
        return ERR_OK;
    }
    if (*s->at != 'u' || !hex4(s->at + 1, s->end, ret) || *ret == 0)
        return ERR_JSON_SYNTAX;
    if (is_low(*ret))
        return ERR_JSON_ENCODING;
    const char *next = s->at + 5;
    if (is_high(*ret)) {
        uint32_t low = 0;
        if (s->end - next < 6 || next[0] != '\\' || next[1] != 'u' ||
            !hex4(next + 2, s->end, &low) || !is_low(low))
            return ERR_JSON_ENCODING;
        *ret = 0x10000 + ((*ret - 0xD800) << 10) + (low - 0xDC00);
        next += 6;
    }
    s->at = next;
    return ERR_OK;
}

/* A string, s->at behind its opening quote. ret: the raw text between the quotes. */
static enum err scan_string(struct scan *s, struct span *ret, bool *ret_escaped)
{
    const char *start = s->at;
    *ret_escaped = false;
    while (s->at < s->end) {
        uint8_t c = (uint8_t)*s->at;
        if (c == '"') {
            *ret = (struct span){start, (size_t)(s->at - start)};
            s->at++;
            return ERR_OK;
        }
        if (c < 0x20)
            return ERR_JSON_SYNTAX;
        if (c == '\\') {
            uint32_t code = 0;
            *ret_escaped = true;
            s->at++;
            enum err e = scan_escape(s, &code);
            if (e != ERR_OK)
                return e;
            char decoded[4];
            s->weight.text += utf8_put(decoded, code);
            continue;
        }
        size_t n = c < 0x80 ? 1 : utf8_len((struct span){s->at, (size_t)(s->end - s->at)});
        if (n == 0)
            return ERR_JSON_ENCODING;
        s->at += n;
        s->weight.text += n;
    }
    return ERR_JSON_SYNTAX;
}

/* The text that a scanned key stands for, decoded into the arena. */
static struct span decode_key(struct scan *s, struct span raw)
{
    if (!s->arena)
        s->arena = mem_new(s->arena_cap);
    char *out = s->arena + s->arena_n;
    size_t n = 0;
    struct scan in = {.at = raw.p, .end = raw.p + raw.n};
    while (in.at < in.end) {
        uint32_t code = 0;
        if (*in.at != '\\') {
            out[n++] = *in.at++;
            continue;
        }
        in.at++;
        if (scan_escape(&in, &code) == ERR_OK)
            n += utf8_put(out + n, code);
    }
    s->arena_n += n;
    return (struct span){out, n};
}

/* --- numbers --------------------------------------------------------------------------------- */

static size_t scan_digits(struct scan *s)
{
    const char *start = s->at;
    while (is_digit(s))
        s->at++;
    return (size_t)(s->at - start);
}

/* Whether a number survives being stored: whole ones in 64 bits, all others in a double. */
static bool number_fits(const char *start, const char *end, bool whole)
{
    char text[NUMBER_MAX + 1];
    size_t n = (size_t)(end - start);
    if (n > NUMBER_MAX)
        return false;
    if (whole && *start != '-')
        return n <= INTEGER_DIGITS;
    memcpy(text, start, n);
    text[n] = '\0';
    if (whole) /* as many digits compare like the numbers they are */
        return n < INTEGER_DIGITS + 1 ||
               (n == INTEGER_DIGITS + 1 && strcmp(text, "-9223372036854775808") <= 0);
    char *stop = text;
    double value = strtod(text, &stop);
    return stop == text + n && isfinite(value);
}

static enum err scan_number(struct scan *s)
{
    const char *start = s->at;
    bool whole = true;
    take(s, '-');
    const char *first = s->at;
    size_t n = scan_digits(s);
    if (n == 0 || (n > 1 && *first == '0'))
        return ERR_JSON_SYNTAX;
    if (take(s, '.')) {
        whole = false;
        if (scan_digits(s) == 0)
            return ERR_JSON_SYNTAX;
    }
    if (take(s, 'e') || take(s, 'E')) {
        whole = false;
        if (!take(s, '+'))
            take(s, '-');
        if (scan_digits(s) == 0)
            return ERR_JSON_SYNTAX;
    }
    if (number_fits(start, s->at, whole))
        return ERR_OK;
    s->at = start;
    return ERR_JSON_NUMBER;
}

/* --- objects and arrays ---------------------------------------------------------------------- */

static int compare_keys(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    int order = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
    if (order)
        return order;
    return a->n < b->n ? -1 : a->n > b->n;
}

/* Whether two of the keys from `from` on are the same. They are in any order afterwards. */
static bool has_twins(struct scan *s, size_t from)
{
    size_t n = s->keys_n - from;
    if (n < 2)
        return false;
    qsort(s->keys + from, n, sizeof *s->keys, compare_keys);
    for (size_t i = from + 1; i < s->keys_n; i++)
        if (compare_keys(&s->keys[i - 1], &s->keys[i]) == 0)
            return true;
    return false;
}

static enum err scan_key(struct scan *s)
{
    struct span raw = SPAN_NONE;
    bool escaped = false;
    if (!take(s, '"'))
        return ERR_JSON_SYNTAX;
    enum err e = scan_string(s, &raw, &escaped);
    if (e != ERR_OK)
        return e;
    if (++s->keys_seen > s->limits->keys)
        return ERR_JSON_SIZE;
    if (s->keys_n == s->keys_cap) {
        s->keys_cap = s->keys_cap ? s->keys_cap * 2 : 64;
        s->keys = mem_grow(s->keys, s->keys_cap * sizeof *s->keys);
    }
    s->keys[s->keys_n++] = escaped ? decode_key(s, raw) : raw;
    skip_space(s);
    return take(s, ':') ? ERR_OK : ERR_JSON_SYNTAX;
}

static enum err scan_object(struct scan *s)
{
    size_t from = s->keys_n;
    skip_space(s);
    if (take(s, '}'))
        return ERR_OK;
    for (;;) {
        skip_space(s);
        enum err e = scan_key(s);
        if (e == ERR_OK)
            e = scan_value(s);
        if (e != ERR_OK)
            return e;
        if (take(s, ','))
            continue;
        if (!take(s, '}'))
            return ERR_JSON_SYNTAX;
        bool twins = has_twins(s, from);
        s->keys_n = from;
        return twins ? ERR_JSON_DUPLICATE : ERR_OK;
    }
}

static enum err scan_array(struct scan *s)
{
    skip_space(s);
    if (take(s, ']'))
        return ERR_OK;
    for (;;) {
        enum err e = scan_value(s);
        if (e != ERR_OK)
            return e;
        if (take(s, ','))
            continue;
        return take(s, ']') ? ERR_OK : ERR_JSON_SYNTAX;
    }
}

static enum err scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return ERR_JSON_SYNTAX;
    s->at += n;
    return ERR_OK;
}

static enum err scan_plain(struct scan *s)
{
    struct span raw = SPAN_NONE;
    bool escaped = false;
    switch (s->at < s->end ? *s->at : '\0') {
    case '"': s->at++; return scan_string(s, &raw, &escaped);
    case 't': return scan_word(s, "true");
    case 'f': return scan_word(s, "false");
    case 'n': s->weight.values--; return scan_word(s, "null");
    default: return scan_number(s);
    }
}

/* One value and the white space around it. */
static enum err scan_value(struct scan *s)
{
    skip_space(s);
    if (++s->nodes_seen > s->limits->nodes)
        return ERR_JSON_SIZE;
    s->weight.values++;
    enum err e = ERR_OK;
    bool object = take(s, '{');
    if (object || take(s, '[')) {
        if (++s->depth > s->limits->depth)
            return ERR_JSON_DEPTH;
        e = object ? scan_object(s) : scan_array(s);
        s->depth--;
    } else {
        e = scan_plain(s);
    }
    if (e == ERR_OK)
        skip_space(s);
    return e;
}

enum err json_scan(struct span text, const struct json_limits *limits, size_t *ret_at)
{
    struct json_weight weight;
    return json_scan_weigh(text, limits, ret_at, &weight);
}

enum err json_scan_weigh(struct span text, const struct json_limits *limits, size_t *ret_at,
                         struct json_weight *ret)
{
    const char *start = text.p ? text.p : "";
    struct scan s = {.at = start, .end = start + text.n, .limits = limits, .arena_cap = text.n};
    enum err e = scan_value(&s);
    if (e == ERR_OK && s.at != s.end)
        e = ERR_JSON_SYNTAX;
    if (ret_at)
        *ret_at = (size_t)(s.at - start);
    *ret = s.weight;
    free(s.keys);
    free(s.arena);
    return e;
}
