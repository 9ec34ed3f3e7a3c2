/* The unit test of pubkey: which public keys are refused on load (ATTACKS S14 to S16), and forged
 * signatures (S17). Keys of odd sizes are written byte by byte here: nothing has to be generated,
 * since they must be refused before any arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/encode.h"
#include "keys/digest.h"
#include "keys/pubkey.h"

enum { TEXT_MAX = 65536, RSA_SIZE = 256 };

static const struct pubkey_limits limits = {2048, 4096};

static enum err outcome(struct span pem, const struct pubkey_limits *with)
{
    struct pubkey *key;
    /* In memory of its own, exactly as long, so that a step too far is seen. */
    char *copy = malloc(pem.n ? pem.n : 1);
    assert_non_null(copy);
    memcpy(copy, pem.p, pem.n);
    enum err e = pubkey_read((struct span){copy, pem.n}, with, &key);
    assert_true((e == ERR_OK) == (key != NULL));
    pubkey_free(&key);
    free(copy);
    return e;
}

/* --- DER, as this test needs it ------------------------------------------------------------ */

static void der_wrap(struct bytes *out, int tag, struct span value)
{
    bytes_add_char(out, (char)tag);
    if (value.n >= 0x100) {
        bytes_add_char(out, (char)0x82);
        bytes_add_char(out, (char)(value.n >> 8));
    } else if (value.n >= 0x80) {
        bytes_add_char(out, (char)0x81);
    }
    bytes_add_char(out, (char)(value.n & 0xff));
    bytes_add(out, value);
}

/* RSAPublicKey over two INTEGERs given as their raw bytes. */
static void rsa_der(struct bytes *out, struct span modulus, struct span exponent)
{
    struct bytes pair;
    bytes_init(&pair, TEXT_MAX);
    der_wrap(&pair, 2, modulus);
    der_wrap(&pair, 2, exponent);
    der_wrap(out, 0x30, bytes_span(&pair));
    bytes_fini(&pair);
}

static void pem_of(struct bytes *out, const char *label, struct span der)
{
    bytes_addf(out, "-----BEGIN %s-----\n", label);
    base64_write(out, der);
    bytes_addf(out, "\n-----END %s-----\n", label);
}

/* A PKCS#1 PEM with a modulus of this many bits, all of them 1 but as `last` says. */
static void rsa_pem(struct bytes *out, unsigned bits, uint8_t last, struct span exponent)
{
    struct bytes modulus, der;
    bytes_init(&modulus, 4096);
    bytes_init(&der, TEXT_MAX);
    if (bits % 8 == 0)
        bytes_add_char(&modulus, 0); /* the sign */
    else
        bytes_add_char(&modulus, (char)((1U << bits % 8) - 1));
    for (unsigned i = 0; i < bits / 8; i++)
        bytes_add_char(&modulus, (char)0xff);
    modulus.p[modulus.n - 1] = (char)last;
    rsa_der(&der, bytes_span(&modulus), exponent);
    pem_of(out, "RSA PUBLIC KEY", bytes_span(&der));
    bytes_fini(&der);
    bytes_fini(&modulus);
}

#define F4 SPAN("\x01\x00\x01")

static const struct {
    const char *id, *what;
    unsigned bits;
    uint8_t last;
    struct span exponent;
    enum err expected;
} rsa_rows[] = {
    {"S14", "512 bits", 512, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"S14", "1024 bits", 1024, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"S14", "2047 bits", 2047, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"twin", "2048 bits", 2048, 0xff, {"\x01\x00\x01", 3}, ERR_OK},
    {"twin", "3072 bits", 3072, 0xff, {"\x01\x00\x01", 3}, ERR_OK},
    {"twin", "4096 bits", 4096, 0xff, {"\x01\x00\x01", 3}, ERR_OK},
    {"S14", "4097 bits", 4097, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"S14", "8192 bits", 8192, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"S14", "16384 bits", 16384, 0xff, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"P7.2", "even modulus", 2048, 0xfe, {"\x01\x00\x01", 3}, ERR_KEY_REFUSED},
    {"S15", "exponent 0", 2048, 0xff, {"\x00", 1}, ERR_KEY_REFUSED},
    {"S15", "exponent 1", 2048, 0xff, {"\x01", 1}, ERR_KEY_REFUSED},
    {"S15", "exponent 2", 2048, 0xff, {"\x02", 1}, ERR_KEY_REFUSED},
    {"twin", "exponent 3", 2048, 0xff, {"\x03", 1}, ERR_OK},
    {"S15", "exponent 65536", 2048, 0xff, {"\x01\x00\x00", 3}, ERR_KEY_REFUSED},
    {"twin", "exponent 2^32 - 1", 2048, 0xff, {"\x00\xff\xff\xff\xff", 5}, ERR_OK},
    {"S15", "exponent 2^32 + 1", 2048, 0xff, {"\x01\x00\x00\x00\x01", 5}, ERR_KEY_REFUSED},
    {"S15", "exponent 2^64 + 1", 2048, 0xff, {"\x01\0\0\0\0\0\0\0\x01", 9}, ERR_KEY_REFUSED},
    {"S15", "exponent negative", 2048, 0xff, {"\xff", 1}, ERR_KEY_REFUSED},
    {"S15", "exponent not in its shortest form", 2048, 0xff, {"\x00\x03", 2}, ERR_KEY_REFUSED},
    {"S15", "exponent of no bytes", 2048, 0xff, {"", 0}, ERR_KEY_REFUSED},
};

static void rsa_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rsa_rows) / sizeof(rsa_rows[0]); i++) {
        struct bytes pem;
        bytes_init(&pem, TEXT_MAX);
        rsa_pem(&pem, rsa_rows[i].bits, rsa_rows[i].last, rsa_rows[i].exponent);
        enum err e = outcome(bytes_span(&pem), &limits);
        if (e != rsa_rows[i].expected)
            fail_msg("%s, %s: %s", rsa_rows[i].id, rsa_rows[i].what, err_code(e));
        bytes_fini(&pem);
    }
}

/* S15: an exponent as long as the modulus; S14: the limits are an argument. */
static void long_exponent(void **state)
{
    char exponent[384];
    struct bytes pem;
    (void)state;
    memset(exponent, 0x7f, sizeof(exponent));
    bytes_init(&pem, TEXT_MAX);
    rsa_pem(&pem, 3072, 0xff, (struct span){exponent, sizeof(exponent)});
    assert_int_equal(outcome(bytes_span(&pem), &limits), ERR_KEY_REFUSED);
    bytes_clear(&pem);
    rsa_pem(&pem, 1024, 0xff, F4);
    const struct pubkey_limits low = {1024, 1024};
    assert_int_equal(outcome(bytes_span(&pem), &low), ERR_OK);
    bytes_fini(&pem);
}

/* --- PEM and SPKI --------------------------------------------------------------------------- */

#define ED25519 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define BEGIN   "-----BEGIN PUBLIC KEY-----"
#define END     "-----END PUBLIC KEY-----"
#define DSA                                                                                        \
    "MIIBwDCCATQGByqGSM44BAEwggEnAoGBAOOwq/xsD/XVOcV2MqwNR/vde+YCL7Gvno/0S9wGHJkacxQWhJi+zK0M/"    \
    "AdNumfrnL2ltStmDGbHnKZrshFijA6EoXK/eqaRX7lK4wtfLodZCFhUOPjfvRk5VJTUyXzcGh9U5HX1JHT74TDs74ZD"  \
    "9YSrxsHzEeLNi1+zBM7/lvK9Ah0Aud/"                                                              \
    "0ikeSNNX90cryXy2MQwRFH+XUoLgzcLMoaQKBgQC34SreX7qwfXQ03nsTEENzt3dY4hiL9hX/"                    \
    "KzOtry27XyG5Gc6El6YJD7572kBjSsdGj8yJmRIVGJlBfIMSU2sQax2ae4AREzjqWBKK8kQmJREL8TllSMU5DyXl/"    \
    "oKiz3nMniWDws2vBCKws5UZFZyAsF4jchUoYBwlzHmdX4TMYAOBhQACgYEA2awL0W/"                           \
    "lww9u+dELHLlffq7UfRLJGPvSQcwsqEe09bR65yM+uDSoRArlcwngelJaEhATc3D19vGPk3nPMjVkGiQoxCWBoXKnOQ"  \
    "apgl6U4LhODOwUYglX9mU9gwfnpx5uLoIlRvBbykWOuizqWhpfv9geBGn6JD094aZ5X3qwtIU="

static const struct {
    const char *what, *pem;
    enum err expected;
} pem_rows[] = {
    {"twin", BEGIN "\n" ED25519 "\n" END "\n", ERR_OK},
    {"CRLF", BEGIN "\r\n" ED25519 "\r\n" END "\r\n", ERR_OK},
    {"blanks around and inside",
     " \n\t" BEGIN "\n\nMCowBQYDK2VwAyEA11qYAYKxCrfV\nS/7TyWQHOg7hc"
     "vPapiMlrwIaaPcHURo=\n\n" END "\n\n",
     ERR_OK},
    {"one line", BEGIN ED25519 END, ERR_OK},
    {"empty", "", ERR_KEY_REFUSED},
    {"only blanks", " \n", ERR_KEY_REFUSED},
    {"no key", BEGIN END, ERR_KEY_REFUSED},
    {"no end", BEGIN "\n" ED25519 "\n", ERR_KEY_REFUSED},
    {"no beginning", ED25519 "\n" END "\n", ERR_KEY_REFUSED},
    {"bare base64", ED25519, ERR_KEY_REFUSED},
    {"truncated", BEGIN "\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQH\n" END, ERR_KEY_REFUSED},
    {"URL alphabet", BEGIN "\nMCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" END,
     ERR_KEY_REFUSED},
    {"two blocks", BEGIN "\n" ED25519 "\n" END "\n" BEGIN "\n" ED25519 "\n" END "\n",
     ERR_KEY_REFUSED},
    {"text before", "key:\n" BEGIN "\n" ED25519 "\n" END "\n", ERR_KEY_REFUSED},
    {"text behind", BEGIN "\n" ED25519 "\n" END "\nkey", ERR_KEY_REFUSED},
    {"a header line", BEGIN "\nProc-Type: 4,ENCRYPTED\n\n" ED25519 "\n" END, ERR_KEY_REFUSED},
    {"begin and end differ", BEGIN "\n" ED25519 "\n-----END RSA PUBLIC KEY-----", ERR_KEY_REFUSED},
    {"begin and end overlap", "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----", ERR_KEY_REFUSED},
    {"SPKI labelled PKCS#1",
     "-----BEGIN RSA PUBLIC KEY-----\n" ED25519 "\n-----END RSA PUBLIC KEY-----", ERR_KEY_REFUSED},
    {"certificate", "-----BEGIN CERTIFICATE-----\n" ED25519 "\n-----END CERTIFICATE-----",
     ERR_KEY_REFUSED},
    {"private key",
     "-----BEGIN PRIVATE KEY-----\n"
     "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
     "-----END PRIVATE KEY-----\n",
     ERR_KEY_REFUSED},
    {"private key labelled public",
     BEGIN "\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" END,
     ERR_KEY_REFUSED},
    {"DSA", BEGIN "\n" DSA "\n" END, ERR_KEY_REFUSED},
    {"Ed25519 of 31 bytes",
     BEGIN "\nMCkwBQYDK2VwAyAA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==\n" END, ERR_KEY_REFUSED},
    {"a byte behind the DER",
     BEGIN "\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA\n" END, ERR_KEY_REFUSED},
    {"not DER", BEGIN "\nAAAAAAAA\n" END, ERR_KEY_REFUSED},
    {"an indefinite length",
     BEGIN "\nMIAwBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
           "\n" END,
     ERR_KEY_REFUSED},
    {"a length with a long form that is not needed",
     BEGIN "\nMIEqMAUGAytlcAMhANdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n" END, ERR_KEY_REFUSED},
};

static void pem_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pem_rows) / sizeof(pem_rows[0]); i++) {
        enum err e = outcome(span_of(pem_rows[i].pem), &limits);
        if (e != pem_rows[i].expected)
            fail_msg("S16, %s: %s", pem_rows[i].what, err_code(e));
    }
    assert_int_equal(outcome(SPAN(BEGIN "\nMCow\0BQYDK2Vw\n" END), &limits), ERR_KEY_REFUSED);
}

/* S16: 1 MB of blank lines around a good key, and the most that is read. */
static void large_pem(void **state)
{
    struct bytes pem;
    (void)state;
    bytes_init(&pem, 2000000);
    bytes_add_str(&pem, BEGIN "\n" ED25519 "\n" END "\n");
    while (pem.n < 16384)
        bytes_add_char(&pem, '\n');
    assert_int_equal(outcome(bytes_span(&pem), &limits), ERR_OK);
    bytes_add_char(&pem, '\n');
    assert_int_equal(outcome(bytes_span(&pem), &limits), ERR_KEY_REFUSED);
    while (pem.n < 1000000)
        bytes_add_char(&pem, '\n');
    assert_int_equal(outcome(bytes_span(&pem), &limits), ERR_KEY_REFUSED);
    bytes_fini(&pem);
}

/* --- with keys of OpenSSL -------------------------------------------------------------------- */

static void public_pem(EVP_PKEY *pkey, struct bytes *out)
{
    char *p;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    long n = BIO_get_mem_data(bio, &p);
    bytes_add(out, (struct span){p, (size_t)n});
    BIO_free(bio);
}

static EVP_PKEY *rsa_pss(void)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 8 * RSA_SIZE), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void other_kinds(void **state)
{
    const struct {
        const char *what;
        EVP_PKEY *pkey;
        enum err expected;
    } rows[] = {
        {"Ed448", EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), ERR_KEY_REFUSED},
        {"X25519", EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), ERR_KEY_REFUSED},
        {"EC", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), ERR_KEY_REFUSED},
        {"RSA-PSS", rsa_pss(), ERR_KEY_REFUSED},
        {"twin: Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ERR_OK},
        {"twin: RSA", EVP_RSA_gen(2048), ERR_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes pem;
        assert_non_null(rows[i].pkey);
        bytes_init(&pem, TEXT_MAX);
        public_pem(rows[i].pkey, &pem);
        enum err e = outcome(bytes_span(&pem), &limits);
        if (e != rows[i].expected)
            fail_msg("S16, %s: %s", rows[i].what, err_code(e));
        bytes_fini(&pem);
        EVP_PKEY_free(rows[i].pkey);
    }
}

static EVP_PKEY *rsa_with_exponent_3(void)
{
    EVP_PKEY *pkey = NULL;
    BIGNUM *three = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    assert_int_equal(BN_set_word(three, 3), 1);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 8 * RSA_SIZE), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    BN_free(three);
    return pkey;
}

/* The private operation on a block that is padded already. */
static void raw_sign(EVP_PKEY *pkey, const uint8_t block[RSA_SIZE], uint8_t out[RSA_SIZE])
{
    size_t n = RSA_SIZE;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &n, block, RSA_SIZE), 1);
    EVP_PKEY_CTX_free(ctx);
}

#define SHA256_INFO   "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
#define NO_PARAMETERS "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define SHA512_INFO   "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x20"

/* EM = 00 type FF.. 00 info hash garbage; `pad` is how many FF there are (0: as many as fit). */
static const struct {
    const char *what;
    uint8_t type, fill, stop;
    size_t pad, garbage;
    struct span info;
    enum err expected;
} forged[] = {
    {"twin", 1, 0xff, 0, 0, 0, {SHA256_INFO, 19}, ERR_OK},
    {"short padding, garbage behind (Bleichenbacher 2006)",
     1,
     0xff,
     0,
     8,
     194,
     {SHA256_INFO, 19},
     ERR_SIGNATURE_INVALID},
    {"one byte of garbage", 1, 0xff, 0, 0, 1, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"block type 2", 2, 0xff, 0, 0, 0, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"block type 0", 0, 0xff, 0, 0, 0, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"padding of zeros", 1, 0, 0, 0, 0, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"padding of anything", 1, 0xaa, 0, 0, 0, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"no zero behind the padding", 1, 0xff, 0xff, 0, 0, {SHA256_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"the name of another hash", 1, 0xff, 0, 0, 0, {SHA512_INFO, 19}, ERR_SIGNATURE_INVALID},
    {"no DigestInfo", 1, 0xff, 0, 0, 0, {"", 0}, ERR_SIGNATURE_INVALID},
    {"no parameters of the hash", 1, 0xff, 0, 0, 0, {NO_PARAMETERS, 17}, ERR_SIGNATURE_INVALID},
};

static void forgeries(void **state)
{
    struct bytes pem;
    struct pubkey *key;
    EVP_PKEY *pkey = rsa_with_exponent_3();
    (void)state;
    bytes_init(&pem, TEXT_MAX);
    public_pem(pkey, &pem);
    assert_int_equal(pubkey_read(bytes_span(&pem), &limits, &key), ERR_OK);
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        uint8_t block[RSA_SIZE] = {0}, signature[RSA_SIZE];
        size_t tail = forged[i].info.n + SHA256_SIZE + forged[i].garbage;
        size_t pad = forged[i].pad ? forged[i].pad : RSA_SIZE - 3 - tail;
        block[1] = forged[i].type;
        memset(block + 2, forged[i].fill, pad);
        block[2 + pad] = forged[i].stop;
        memcpy(block + 3 + pad, forged[i].info.p, forged[i].info.n);
        sha256(SPAN("weir"), block + 3 + pad + forged[i].info.n);
        memset(block + RSA_SIZE - forged[i].garbage, 0x5a, forged[i].garbage);
        raw_sign(pkey, block, signature);
        enum err e = pubkey_verify(key, PUBKEY_SHA256, SPAN("weir"),
                                   (struct span){(const char *)signature, RSA_SIZE});
        if (e != forged[i].expected)
            fail_msg("S17, %s: %s", forged[i].what, err_code(e));
    }
    pubkey_free(&key);
    bytes_fini(&pem);
    EVP_PKEY_free(pkey);
}

/* S17: values that are no signatures of this size at all. */
static void sizes(void **state)
{
    static char million[1000000];
    struct pubkey *key;
    struct bytes pem;
    EVP_PKEY *pkey = rsa_with_exponent_3();
    (void)state;
    bytes_init(&pem, TEXT_MAX);
    public_pem(pkey, &pem);
    assert_int_equal(pubkey_read(bytes_span(&pem), &limits, &key), ERR_OK);
    assert_int_equal(pubkey_kind(key), PUBKEY_RSA);
    const size_t lengths[] = {0, 1, 64, 255, 256, 257, 512, sizeof(million)};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct span zeros = {million, lengths[i]};
        assert_int_equal(pubkey_verify(key, PUBKEY_SHA256, SPAN("weir"), zeros),
                         ERR_SIGNATURE_INVALID);
    }
    memset(million, 0xff, RSA_SIZE); /* not smaller than the modulus */
    assert_int_equal(
        pubkey_verify(key, PUBKEY_SHA256, SPAN("weir"), (struct span){million, RSA_SIZE}),
        ERR_SIGNATURE_INVALID);
    pubkey_free(&key);
    bytes_fini(&pem);
    EVP_PKEY_free(pkey);
}

/* RFC 8032 section 7.1, test 1. */
static void ed25519(void **state)
{
    static const uint8_t signature[64] = {
        0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80,
        0x6e, 0x82, 0x8a, 0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73,
        0xe0, 0x65, 0x22, 0x49, 0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b,
        0xac, 0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b, 0xd2, 0x5b, 0xf5, 0xf0,
        0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b};
    const struct span raw = {(const char *)signature, sizeof(signature)};
    struct pubkey *key;
    (void)state;
    assert_int_equal(pubkey_read(SPAN(BEGIN ED25519 END), &limits, &key), ERR_OK);
    assert_int_equal(pubkey_kind(key), PUBKEY_ED25519);
    assert_int_equal(pubkey_verify(key, PUBKEY_SHA256, SPAN(""), raw), ERR_OK);
    assert_int_equal(pubkey_verify(key, PUBKEY_SHA512, SPAN(""), raw), ERR_OK);
    assert_int_equal(pubkey_verify(key, PUBKEY_SHA256, SPAN("x"), raw), ERR_SIGNATURE_INVALID);
    assert_int_equal(pubkey_verify(key, PUBKEY_SHA256, SPAN(""), (struct span){raw.p, 63}),
                     ERR_SIGNATURE_INVALID);
    pubkey_free(&key);
    pubkey_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_numbers), cmocka_unit_test(long_exponent),
        cmocka_unit_test(pem_blocks),  cmocka_unit_test(large_pem),
        cmocka_unit_test(other_kinds), cmocka_unit_test(forgeries),
        cmocka_unit_test(sizes),       cmocka_unit_test(ed25519),
    };
    return cmocka_run_group_tests_name("keys/pubkey", tests, NULL, NULL);
}
