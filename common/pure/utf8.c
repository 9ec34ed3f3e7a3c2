/* utf8: what is a well-formed character, by the table of RFC 3629 section 4.
 * May not know: what the text is for. */
#include "common/pure/utf8.h"

#include <string.h>

static bool between(struct span s, size_t at, unsigned low, unsigned high)
{
    return at < s.n && (uint8_t)s.p[at] >= low && (uint8_t)s.p[at] <= high;
}

size_t utf8_len(struct span s)
{
    if (s.n == 0)
        return 0;
    uint8_t first = (uint8_t)s.p[0];
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return between(s, 1, 0x80, 0xBF) ? 2 : 0;
    /* The second byte's bounds keep out overlong forms, surrogates and what lies beyond U+10FFFF.
     */
    if (first >= 0xE0 && first <= 0xEF) {
        bool second = between(s, 1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
        return second && between(s, 2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool second = between(s, 1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
        return second && between(s, 2, 0x80, 0xBF) && between(s, 3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

bool utf8_valid(struct span s)
{
    while (s.n) {
        size_t n = utf8_len(s);
        if (n == 0)
            return false;
        s.p += n;
        s.n -= n;
    }
    return true;
}

uint32_t utf8_code(struct span s)
{
    size_t n = utf8_len(s);
    uint32_t first = (uint8_t)s.p[0];
    uint32_t code = n == 1 ? first : first & (0x7FU >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((uint8_t)s.p[i] & 0x3FU);
    return code;
}

bool utf8_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
           (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

void utf8_show(struct span s, char *out, size_t size)
{
    size_t used = 0;
    while (s.n) {
        size_t n = utf8_len(s);
        bool plain = n && !utf8_unsafe(utf8_code(s));
        size_t room = plain ? n : 1;
        if (used + room >= size)
            break;
        if (plain)
            memcpy(out + used, s.p, n);
        else
            out[used] = n ? ' ' : '?';
        used += room;
        s.p += n ? n : 1;
        s.n -= n ? n : 1;
    }
    out[used] = '\0';
}

size_t utf8_put(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[n] | code);
    return n;
}
