/* encode: base64, hex and base58btc.
 *
 * Everything is added whole or not at all: the size is known before the first byte is written.
 * May not know: what the bytes mean. */
#include "common/pure/encode.h"

enum { BASE58_MAX_IN = 256, BASE58_MAX_OUT = BASE58_MAX_IN * 138 / 100 + 2 };

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Makes room for n bytes at once; the caller's adds cannot fail after this said yes. */
static bool fits(struct bytes *out, size_t n)
{
    if (n <= out->max - out->n)
        return true;
    out->over = true;
    return false;
}

/* Three bytes as four digits; returns 4. */
static size_t base64_group(const char *in, char *out)
{
    uint32_t group =
        (uint32_t)(uint8_t)in[0] << 16 | (uint32_t)(uint8_t)in[1] << 8 | (uint8_t)in[2];
    out[0] = base64_digits[group >> 18];
    out[1] = base64_digits[group >> 12 & 63];
    out[2] = base64_digits[group >> 6 & 63];
    out[3] = base64_digits[group & 63];
    return 4;
}

void base64_write(struct bytes *out, struct span in)
{
    if (in.n > out->max || !fits(out, (in.n + 2) / 3 * 4)) {
        out->over = true;
        return;
    }
    bytes_reserve(out, out->n + (in.n + 2) / 3 * 4);
    struct span rest = in;
    for (; rest.n >= 3; rest.p += 3, rest.n -= 3)
        out->n += base64_group(rest.p, out->p + out->n);
    if (rest.n) {
        char last[3] = {rest.p[0], rest.n > 1 ? rest.p[1] : '\0', '\0'};
        out->n += base64_group(last, out->p + out->n);
        out->p[out->n - 1] = '=';
        if (rest.n == 1)
            out->p[out->n - 2] = '=';
    }
    out->p[out->n] = '\0';
}

/* The value of a digit, or -1. */
static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static size_t padding_of(struct span in)
{
    if (in.n >= 2 && in.p[in.n - 1] == '=')
        return in.p[in.n - 2] == '=' ? 2 : 1;
    return 0;
}

/* Digits only up to the padding, and no bit set that the padding throws away: otherwise one value
 * would have several spellings. */
static bool base64_valid(struct span in, size_t pad)
{
    if (in.n % 4 != 0)
        return false;
    for (size_t i = 0; i < in.n - pad; i++)
        if (base64_value(in.p[i]) < 0)
            return false;
    if (pad == 0)
        return true;
    int last = base64_value(in.p[in.n - pad - 1]);
    return (last & (pad == 2 ? 15 : 3)) == 0;
}

bool base64_read(struct bytes *out, struct span in)
{
    size_t pad = padding_of(in);
    if (!base64_valid(in, pad) || !fits(out, in.n / 4 * 3 - pad))
        return false;
    for (size_t i = 0; i < in.n; i += 4) {
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++)
            group = group << 6 | (in.p[i + k] == '=' ? 0U : (uint32_t)base64_value(in.p[i + k]));
        char raw[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
        bytes_add(out, (struct span){raw, i + 4 == in.n ? 3 - pad : 3});
    }
    return true;
}

void hex_write(struct bytes *out, struct span in)
{
    static const char digits[] = "0123456789abcdef";
    if (in.n > out->max || !fits(out, in.n * 2)) {
        out->over = true;
        return;
    }
    for (size_t i = 0; i < in.n; i++) {
        uint8_t byte = (uint8_t)in.p[i];
        char text[2] = {digits[byte >> 4], digits[byte & 15]};
        bytes_add(out, (struct span){text, sizeof text});
    }
}

void base58_write(struct bytes *out, struct span in)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if (in.n > BASE58_MAX_IN) {
        out->over = true;
        return;
    }
    /* Long division: value holds the number so far in base 58, least digit first. */
    uint8_t value[BASE58_MAX_OUT] = {0};
    size_t len = 0;
    for (size_t i = 0; i < in.n; i++) {
        unsigned carry = (uint8_t)in.p[i];
        for (size_t k = 0; k < len || carry; k++) {
            carry += (unsigned)value[k] << 8;
            value[k] = (uint8_t)(carry % 58);
            carry /= 58;
            if (k >= len)
                len = k + 1;
        }
    }
    char text[BASE58_MAX_IN + BASE58_MAX_OUT];
    size_t n = 0;
    while (n < in.n && in.p[n] == 0) /* a leading zero byte is a leading `1` */
        text[n++] = digits[0];
    while (len)
        text[n++] = digits[value[--len]];
    bytes_add(out, (struct span){text, n});
}
