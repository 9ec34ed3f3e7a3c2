/* sfv: reading Structured Field Values (RFC 8941 section 4.2), no more of them than we need.
 * May not know: what the fields mean. */
#include "keys/sfv.h"

#include <string.h>

static bool in_class(char c, const char *also, bool upper)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z') ||
           (c && strchr(also, c));
}

static struct span take(struct span *at, size_t n)
{
    struct span front = {at->p, n};
    at->p += n;
    at->n -= n;
    return front;
}

bool sfv_eat(struct span *at, char c)
{
    if (!at->n || at->p[0] != c)
        return false;
    take(at, 1);
    return true;
}

static void skip_blanks(struct span *at, bool tabs)
{
    while (at->n && (at->p[0] == ' ' || (tabs && at->p[0] == '\t')))
        take(at, 1);
}

bool sfv_next(struct span *at, bool *first)
{
    if (*first) {
        *first = false;
        return at->n > 0;
    }
    skip_blanks(at, true);
    if (!at->n || at->p[0] != ',')
        return false;
    struct span rest = *at;
    take(&rest, 1);
    skip_blanks(&rest, true);
    if (!rest.n) /* a comma at the end: *at stays on it, so that its length says "error" */
        return false;
    *at = rest;
    return true;
}

static bool bare_key(struct span *at, struct span *ret)
{
    size_t n = 0;
    while (n < at->n && in_class(at->p[n], "_-.*", false))
        n++;
    if (!n || !((at->p[0] >= 'a' && at->p[0] <= 'z') || at->p[0] == '*'))
        return false;
    *ret = take(at, n);
    return true;
}

bool sfv_key(struct span *at, struct span *ret)
{
    return bare_key(at, ret) && sfv_eat(at, '=');
}

bool sfv_parameter(struct span *at, struct span *ret, bool *ret_value)
{
    if (!sfv_eat(at, ';'))
        return false;
    skip_blanks(at, false);
    if (!bare_key(at, ret))
        return false;
    *ret_value = sfv_eat(at, '=');
    return true;
}

bool sfv_string(struct span *at, struct span *ret)
{
    if (!sfv_eat(at, '"'))
        return false;
    for (size_t i = 0; i < at->n; i++) {
        char c = at->p[i];
        if (c == '"') {
            *ret = take(at, i);
            return sfv_eat(at, '"');
        }
        if (c < ' ' || c > '~')
            return false;
        if (c == '\\' && (++i == at->n || (at->p[i] != '"' && at->p[i] != '\\')))
            return false;
    }
    return false;
}

bool sfv_binary(struct span *at, struct span *ret)
{
    if (!sfv_eat(at, ':'))
        return false;
    size_t n = 0;
    while (n < at->n && in_class(at->p[n], "+/=", true))
        n++;
    *ret = take(at, n);
    return sfv_eat(at, ':');
}

bool sfv_integer(struct span *at, int64_t *ret)
{
    size_t n = 0;
    while (n < at->n && at->p[n] >= '0' && at->p[n] <= '9')
        n++;
    if (n < 1 || n > 15 || (n > 1 && at->p[0] == '0'))
        return false;
    *ret = 0;
    for (size_t i = 0; i < n; i++)
        *ret = *ret * 10 + (at->p[i] - '0');
    take(at, n);
    return !at->n || at->p[0] != '.';
}

bool sfv_skip(struct span *at)
{
    struct span ignored;
    if (!at->n)
        return false;
    char c = at->p[0];
    if (c == '"')
        return sfv_string(at, &ignored);
    if (c == ':')
        return sfv_binary(at, &ignored);
    if (sfv_eat(at, '?'))
        return sfv_eat(at, '0') || sfv_eat(at, '1');
    size_t n = c == '-' ? 1 : 0;
    if (n || (c >= '0' && c <= '9')) {
        while (n < at->n && ((at->p[n] >= '0' && at->p[n] <= '9') || at->p[n] == '.'))
            n++;
        take(at, n);
        return n > 1 || c != '-';
    }
    while (n < at->n && in_class(at->p[n], "!#$%&'*+-.^_`|~:/", true))
        n++;
    take(at, n);
    return n > 0;
}

void sfv_list_write(struct bytes *out, struct span list)
{
    bool quoted = false, inside = false, gap = false;
    char last = '\0';
    for (size_t i = 0; i < list.n; i++) {
        char c = list.p[i];
        if (c == ' ' && !quoted) {
            gap = true;
            continue;
        }
        if (gap && inside && last != '(' && c != ')')
            bytes_add_char(out, ' ');
        gap = false;
        bytes_add_char(out, c);
        last = c;
        if (quoted && c == '\\' && i + 1 < list.n)
            bytes_add_char(out, list.p[++i]);
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '(' || c == ')'))
            inside = c == '(';
    }
}
