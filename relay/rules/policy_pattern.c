/* policy_pattern: which hosts a zone's patterns stand for, and how a tag is compared.
 * May not know: zones and rules. */
#include <stdlib.h>
#include <string.h>

#include "common/pure/uri.h"
#include "relay/rules/policy_inner.h"

/* A pattern, or a host (which is a pattern without stars), taken apart. */
struct parts {
    bool below;        /* any name below `name` */
    struct span name;  /* with the brackets of an IPv6 literal */
    struct span port;  /* digits; absent: the scheme's default */
    bool port_is_head; /* any port whose digits begin so */
};

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.p + n, s.n - n};
}

/* Where the colon before the port is, or -1. Several colons: an IPv6 literal, with brackets. */
static ptrdiff_t port_colon(struct span text)
{
    ptrdiff_t end = text.n && text.p[0] == '[' ? span_find(text, ']') : 0;
    if (end < 0)
        return -1;
    ptrdiff_t colon = span_find(behind(text, (size_t)end), ':');
    return colon < 0 ? -1 : end + colon;
}

static struct parts parts_of(struct span text)
{
    struct parts parts = {.name = text, .port = SPAN_NONE};
    if (span_starts(text, SPAN("*."))) {
        parts.below = true;
        parts.name = text = behind(text, 2);
    }
    ptrdiff_t colon = port_colon(text);
    if (colon < 0)
        return parts;
    parts.name.n = (size_t)colon;
    parts.port = behind(text, (size_t)colon + 1);
    if (span_ends(parts.port, SPAN("*"))) {
        parts.port.n--;
        parts.port_is_head = true;
    }
    return parts;
}

struct span policy_pattern_name(struct span pattern, bool *ret_below)
{
    struct parts parts = parts_of(pattern);
    *ret_below = parts.below;
    return parts.name;
}

static bool port_ok(const struct parts *parts, uint64_t *ret)
{
    *ret = 0;
    if (!parts->port.p || (parts->port.n == 0 && parts->port_is_head))
        return true;
    return parts->port.n > 0 && parts->port.p[0] != '0' && span_u64(parts->port, 65535, ret);
}

/* An address has no names below it: `*.0.0.1` would otherwise match 127.0.0.1. */
static bool is_suffix(struct span name)
{
    struct span last = name;
    for (ptrdiff_t dot; (dot = span_find(last, '.')) >= 0;)
        last = behind(last, (size_t)dot + 1);
    uint64_t number;
    return last.n > 0 && last.p[0] != '[' && !span_u64(last, UINT64_MAX, &number);
}

bool policy_pattern_read(struct span text, bool https, char **ret)
{
    struct parts parts = parts_of(text);
    char name[URI_AUTHORITY_SIZE];
    uint64_t port;
    if (parts.name.n == 0 || span_find(parts.name, '*') >= 0 || !port_ok(&parts, &port) ||
        !uri_authority(parts.name, https, name) || (parts.below && !is_suffix(span_of(name))))
        return false;
    bool written = parts.port.p && (parts.port_is_head || port != (https ? 443 : 80));
    struct bytes out;
    bytes_init(&out, URI_AUTHORITY_SIZE + 8);
    bytes_addf(&out, "%s%s", parts.below ? "*." : "", name);
    if (written)
        bytes_addf(&out, ":%.*s%s", SPAN_ARG(parts.port), parts.port_is_head ? "*" : "");
    *ret = bytes_take(&out);
    return true;
}

bool policy_pattern_ok(struct span pattern)
{
    char *read = NULL;
    bool ok = policy_pattern_read(pattern, true, &read);
    free(read);
    return ok;
}

/* Whether name is below suffix: it ends in it, with a dot before. */
static bool is_below(struct span name, struct span suffix)
{
    return name.n > suffix.n + 1 && name.p[name.n - suffix.n - 1] == '.' && span_ends(name, suffix);
}

static bool names_meet(const struct parts *a, const struct parts *b)
{
    if (a->below && is_below(b->name, a->name))
        return true;
    if (b->below && is_below(a->name, b->name))
        return true;
    /* An exact name is not below itself; two equal suffixes are the same names. */
    return a->below == b->below && span_eq(a->name, b->name);
}

static bool ports_meet(const struct parts *a, const struct parts *b)
{
    if (!a->port.p || !b->port.p)
        return !a->port.p && !b->port.p;
    if (a->port_is_head && span_starts(b->port, a->port))
        return true;
    if (b->port_is_head && span_starts(a->port, b->port))
        return true;
    return span_eq(a->port, b->port);
}

bool policy_patterns_overlap(struct span a, struct span b)
{
    struct parts pa = parts_of(a), pb = parts_of(b);
    return names_meet(&pa, &pb) && ports_meet(&pa, &pb);
}

bool policy_pattern_matches(struct span pattern, struct span host)
{
    /* A star in a host would make it a pattern, and match what it must not. */
    return host.n > 0 && span_find(host, '*') < 0 && policy_patterns_overlap(pattern, host);
}

/* Every step-th letter from first to last has its lower case `add` further on. All of them take two
 * bytes in UTF-8, before and after. */
static const struct {
    uint32_t first, last, step, add;
} folds[] = {
    // clang-format off
    /* Latin-1, without the multiplication sign; y with diaeresis lies elsewhere */
    {0xc0, 0xd6, 1, 32}, {0xd8, 0xde, 1, 32}, {0x178, 0x178, 1, 0u - 121},
    /* Latin Extended-A, without the two letters i */
    {0x100, 0x12e, 2, 1}, {0x132, 0x136, 2, 1}, {0x139, 0x147, 2, 1}, {0x14a, 0x176, 2, 1},
    {0x179, 0x17d, 2, 1},
    /* Greek; the final sigma is a sigma */
    {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37}, {0x38c, 0x38c, 1, 64}, {0x38e, 0x38f, 1, 63},
    {0x391, 0x3a1, 1, 32}, {0x3a3, 0x3ab, 1, 32}, {0x3c2, 0x3c2, 1, 1},
    /* Cyrillic */
    {0x400, 0x40f, 1, 80}, {0x410, 0x42f, 1, 32}, {0x460, 0x480, 2, 1}, {0x48a, 0x4be, 2, 1},
    {0x4c0, 0x4c0, 1, 15}, {0x4c1, 0x4cd, 2, 1}, {0x4d0, 0x52e, 2, 1},
    // clang-format on
};

static uint32_t fold(uint32_t c)
{
    for (size_t i = 0; i < sizeof(folds) / sizeof(*folds); i++)
        if (c >= folds[i].first && c <= folds[i].last && (c - folds[i].first) % folds[i].step == 0)
            return c + folds[i].add;
    return c;
}

/* The folded letter at the head of s; returns how many bytes it takes, there and here. */
static size_t fold_head(struct span s, char out[2])
{
    unsigned char a = (unsigned char)s.p[0];
    out[0] = s.p[0];
    if (a >= 'A' && a <= 'Z')
        out[0] = (char)(a + ('a' - 'A'));
    if (s.n < 2 || a < 0xc2 || a > 0xdf || ((unsigned char)s.p[1] & 0xc0) != 0x80)
        return 1;
    uint32_t c = fold((a & 0x1fu) << 6 | ((unsigned char)s.p[1] & 0x3fu));
    out[0] = (char)(0xc0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3f));
    return 2;
}

void policy_tag_fold(char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        char letter[2];
        size_t len = fold_head((struct span){text + i, n - i}, letter);
        memcpy(text + i, letter, len);
        i += len;
    }
}

bool policy_tag_is(struct span received, const char *folded)
{
    if (received.n != strlen(folded))
        return false;
    for (size_t i = 0; i < received.n;) {
        char letter[2];
        size_t len = fold_head(behind(received, i), letter);
        if (memcmp(folded + i, letter, len) != 0)
            return false;
        i += len;
    }
    return true;
}
