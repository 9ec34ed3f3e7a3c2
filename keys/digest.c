/* digest: hashing bodies, and judging the Digest and Content-Digest fields of strangers.
 * May not know: signatures. */
#include "keys/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "common/pure/encode.h"
#include "keys/sfv.h"

enum { HASH_MAX = 64 };

static size_t hash(const EVP_MD *md, struct span data, uint8_t *out)
{
    unsigned n = 0;
    /* It can only fail where the library is broken or the algorithm is not in it. */
    if (EVP_Digest(data.n ? data.p : "", data.n, out, &n, md, NULL) != 1)
        mem_none();
    return n;
}

void sha256(struct span data, uint8_t out[SHA256_SIZE])
{
    hash(EVP_sha256(), data, out);
}

static void as_hex(const uint8_t raw[SHA256_SIZE], char out[2 * SHA256_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * SHA256_SIZE] = '\0';
}

void sha256_hex(struct span data, char out[2 * SHA256_SIZE + 1])
{
    uint8_t raw[SHA256_SIZE];
    sha256(data, raw);
    as_hex(raw, out);
}

/* The library's own context under a name of ours. */
static EVP_MD_CTX *inner(struct sha256_run *run)
{
    return (EVP_MD_CTX *)run;
}

struct sha256_run *sha256_begin(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        mem_none();
    return (struct sha256_run *)context;
}

void sha256_more(struct sha256_run *run, struct span data)
{
    if (data.n && EVP_DigestUpdate(inner(run), data.p, data.n) != 1)
        mem_none();
}

void sha256_end(struct sha256_run **run, char out[2 * SHA256_SIZE + 1])
{
    uint8_t raw[HASH_MAX] = {0};
    unsigned n = 0;
    if (EVP_DigestFinal_ex(inner(*run), raw, &n) != 1 || n != SHA256_SIZE)
        mem_none();
    EVP_MD_CTX_free(inner(*run));
    *run = NULL;
    as_hex(raw, out);
}

static void write_sha256(struct bytes *out, struct span body)
{
    uint8_t raw[SHA256_SIZE];
    sha256(body, raw);
    base64_write(out, (struct span){(const char *)raw, sizeof(raw)});
}

void digest_write(struct bytes *out, struct span body)
{
    bytes_add_str(out, "SHA-256=");
    write_sha256(out, body);
}

void content_digest_write(struct bytes *out, struct span body)
{
    bytes_add_str(out, "sha-256=:");
    write_sha256(out, body);
    bytes_add_char(out, ':');
}

/* The hash that a name stands for, or NULL. */
static const EVP_MD *known(struct span name, bool any_case)
{
    bool (*same)(struct span, struct span) = any_case ? span_eq_ci : span_eq;
    if (same(name, SPAN("sha-256")))
        return EVP_sha256();
    if (same(name, SPAN("sha-512")))
        return EVP_sha512();
    return NULL;
}

static bool matches(const EVP_MD *md, struct span base64, struct span body)
{
    uint8_t raw[HASH_MAX];
    size_t n = hash(md, body, raw);
    struct bytes claimed;
    bytes_init(&claimed, HASH_MAX);
    bool same = base64_read(&claimed, base64) &&
                span_eq(bytes_span(&claimed), (struct span){(const char *)raw, n});
    bytes_fini(&claimed);
    return same;
}

enum err digest_check(struct span field, struct span body)
{
    size_t checked = 0;
    struct span rest = field;
    while (rest.p) {
        struct span value = span_trim(span_cut(&rest, ','));
        struct span name = span_cut(&value, '=');
        if (!name.n || !value.n)
            return ERR_BAD_REQUEST;
        const EVP_MD *md = known(name, true);
        if (md && !matches(md, value, body))
            return ERR_SIGNATURE_DIGEST;
        checked += md != NULL;
    }
    return checked ? ERR_OK : ERR_SIGNATURE_DIGEST;
}

enum err content_digest_check(struct span field, struct span body)
{
    bool seen_256 = false, seen_512 = false, first = true;
    struct span at = span_trim(field);
    while (sfv_next(&at, &first)) {
        struct span name, value;
        if (!sfv_key(&at, &name) || !sfv_binary(&at, &value))
            return ERR_BAD_REQUEST;
        const EVP_MD *md = known(name, false);
        if (!md)
            continue;
        bool *seen = md == EVP_sha256() ? &seen_256 : &seen_512;
        if (*seen || !matches(md, value, body))
            return ERR_SIGNATURE_DIGEST;
        *seen = true;
    }
    if (at.n)
        return ERR_BAD_REQUEST;
    return seen_256 || seen_512 ? ERR_OK : ERR_SIGNATURE_DIGEST;
}

bool secret_eq(struct span a, struct span b)
{
    uint8_t of_a[SHA256_SIZE], of_b[SHA256_SIZE];
    sha256(a, of_a);
    sha256(b, of_b);
    return CRYPTO_memcmp(of_a, of_b, SHA256_SIZE) == 0;
}
