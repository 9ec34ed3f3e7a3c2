/* pubkey: reading the public keys of others, and verifying with them.
 *
 * The PEM and the DER around a key are read here, byte by byte and strictly, so that size and
 * exponent are judged before OpenSSL sees anything, and because OpenSSL's own PEM reader costs as
 * much as 25 verifications. A struct pubkey owns its EVP_PKEY.
 * May not know: whose key it is, where it came from. */
#include "keys/pubkey.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "common/pure/encode.h"
#include "keys/crypto.h"

enum { PEM_MAX = 16384, ED25519_SIZE = 32 };
enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_SEQUENCE = 0x30 };

struct pubkey {
    EVP_PKEY *pkey;
    enum pubkey_kind kind;
    size_t signature_n; /* bytes in each signature of this key */
};

/* AlgorithmIdentifier, whole: rsaEncryption with NULL (RFC 3279 2.3.1); id-Ed25519 (RFC 8410). */
static const char rsa_algorithm[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05";
static const char ed25519_algorithm[] = "\x30\x05\x06\x03\x2b\x65\x70";

/* --- PEM --------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span strip(struct span s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Takes begin off the front and end off the back. */
static bool unwrap(struct span *text, struct span begin, struct span end)
{
    if (text->n < begin.n + end.n || !span_starts(*text, begin) || !span_ends(*text, end))
        return false;
    text->p += begin.n;
    text->n -= begin.n + end.n;
    return true;
}

/* The bytes of the one PEM block in text. A second block, a comment or a `Proc-Type` line is not
 * base64, so it fails there. */
static bool pem_read(struct span text, struct bytes *der, bool *pkcs1)
{
    if (text.n > PEM_MAX)
        return false;
    text = strip(text);
    *pkcs1 =
        unwrap(&text, SPAN("-----BEGIN RSA PUBLIC KEY-----"), SPAN("-----END RSA PUBLIC KEY-----"));
    if (!*pkcs1 &&
        !unwrap(&text, SPAN("-----BEGIN PUBLIC KEY-----"), SPAN("-----END PUBLIC KEY-----")))
        return false;
    struct bytes base64;
    bytes_init(&base64, PEM_MAX);
    for (size_t i = 0; i < text.n; i++)
        if (!is_space(text.p[i]))
            bytes_add_char(&base64, text.p[i]);
    bool ok = base64_read(der, bytes_span(&base64));
    bytes_fini(&base64);
    return ok;
}

/* --- DER --------------------------------------------------------------------------------- */

/* Takes the value with this tag off the front of *at; lengths in the shortest form only. */
static bool der_take(struct span *at, uint8_t tag, struct span *ret)
{
    const uint8_t *p = (const uint8_t *)at->p;
    if (at->n < 2 || p[0] != tag)
        return false;
    size_t head = 2, n = p[1];
    if (n & 0x80) {
        size_t digits = n & 0x7f;
        if (digits < 1 || digits > 2 || at->n < 2 + digits || p[2] == 0)
            return false;
        n = digits == 1 ? p[2] : (size_t)p[2] << 8 | p[3];
        if (n < 0x80)
            return false;
        head += digits;
    }
    if (n > at->n - head)
        return false;
    *ret = (struct span){at->p + head, n};
    at->p += head + n;
    at->n -= head + n;
    return true;
}

/* A positive INTEGER in its shortest form, without the sign byte. */
static bool der_number(struct span *at, struct span *ret)
{
    if (!der_take(at, DER_INTEGER, ret) || !ret->n || (uint8_t)ret->p[0] >= 0x80)
        return false;
    if (ret->p[0] == 0) {
        ret->p++;
        ret->n--;
        return ret->n && (uint8_t)ret->p[0] >= 0x80;
    }
    return true;
}

static bool odd(struct span number)
{
    return number.p[number.n - 1] & 1;
}

static unsigned bits_of(struct span number)
{
    unsigned bits = (unsigned)(number.n - 1) * 8;
    for (uint8_t top = (uint8_t)number.p[0]; top; top >>= 1)
        bits++;
    return bits;
}

/* RSAPublicKey (RFC 8017 A.1.1). An even modulus is no product of two large primes; an exponent of
 * 1 makes every message its own signature; a long one is a denial of service. */
static bool rsa_acceptable(struct span der, const struct pubkey_limits *limits, size_t *ret_size)
{
    struct span pair, modulus, exponent;
    if (!der_take(&der, DER_SEQUENCE, &pair) || der.n || !der_number(&pair, &modulus) ||
        !der_number(&pair, &exponent) || pair.n)
        return false;
    unsigned bits = bits_of(modulus);
    *ret_size = modulus.n;
    return bits >= limits->min_bits && bits <= limits->max_bits && odd(modulus) &&
           exponent.n <= 4 && odd(exponent) && bits_of(exponent) > 1;
}

/* --- keys -------------------------------------------------------------------------------- */

static struct pubkey *pubkey_new(EVP_PKEY *pkey, enum pubkey_kind kind, size_t signature_n)
{
    if (!pkey) {
        crypto_failed();
        return NULL;
    }
    struct pubkey *key = mem_new(sizeof(*key));
    *key = (struct pubkey){.pkey = pkey, .kind = kind, .signature_n = signature_n};
    return key;
}

static struct pubkey *rsa_new(struct span der, const struct pubkey_limits *limits)
{
    size_t size;
    if (!rsa_acceptable(der, limits, &size))
        return NULL;
    const unsigned char *p = (const unsigned char *)der.p;
    return pubkey_new(d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n), PUBKEY_RSA, size);
}

/* SubjectPublicKeyInfo (RFC 5280 4.1). */
static struct pubkey *spki_new(struct span der, const struct pubkey_limits *limits)
{
    const struct span rsa = {rsa_algorithm, sizeof(rsa_algorithm)}; /* with the NULL's length, 0 */
    const struct span ed25519 = {ed25519_algorithm, sizeof(ed25519_algorithm) - 1};
    struct span info, bits;
    if (!der_take(&der, DER_SEQUENCE, &info) || der.n)
        return NULL;
    bool is_rsa = span_starts(info, rsa);
    if (!is_rsa && !span_starts(info, ed25519))
        return NULL;
    size_t skip = is_rsa ? rsa.n : ed25519.n;
    info.p += skip;
    info.n -= skip;
    if (!der_take(&info, DER_BITS, &bits) || info.n || bits.n < 1 || bits.p[0] != 0)
        return NULL;
    bits.p++; /* no unused bits */
    bits.n--;
    if (is_rsa)
        return rsa_new(bits, limits);
    if (bits.n != ED25519_SIZE)
        return NULL;
    return pubkey_new(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)bits.p, bits.n),
        PUBKEY_ED25519, 2 * ED25519_SIZE);
}

enum err pubkey_read(struct span pem, const struct pubkey_limits *limits, struct pubkey **ret)
{
    struct bytes der;
    bool pkcs1;
    *ret = NULL;
    crypto_begin();
    bytes_init(&der, PEM_MAX);
    if (pem_read(pem, &der, &pkcs1))
        *ret = pkcs1 ? rsa_new(bytes_span(&der), limits) : spki_new(bytes_span(&der), limits);
    bytes_fini(&der);
    return *ret ? ERR_OK : ERR_KEY_REFUSED;
}

void pubkey_free(struct pubkey **key)
{
    if (!*key)
        return;
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

enum pubkey_kind pubkey_kind(const struct pubkey *key)
{
    return key->kind;
}

enum err pubkey_verify(const struct pubkey *key, enum pubkey_hash hash, struct span data,
                       struct span signature)
{
    if (signature.n != key->signature_n)
        return ERR_SIGNATURE_INVALID;
    const EVP_MD *md = hash == PUBKEY_SHA512 ? EVP_sha512() : EVP_sha256();
    crypto_begin();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    /* RSA: PKCS#1 v1.5 is OpenSSL's default padding here, and it compares the whole encoding. */
    bool ok = ctx &&
              EVP_DigestVerifyInit(ctx, NULL, key->kind == PUBKEY_RSA ? md : NULL, NULL,
                                   key->pkey) == 1 &&
              EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                               (const unsigned char *)(data.n ? data.p : ""), data.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        crypto_failed();
    return ok ? ERR_OK : ERR_SIGNATURE_INVALID;
}
