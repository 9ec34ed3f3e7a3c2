/* utf8: what is a well-formed character, by the table of RFC 3629 section 4.
 * May not know: what the text is for. */
#include "common/pure/utf8.h"

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
