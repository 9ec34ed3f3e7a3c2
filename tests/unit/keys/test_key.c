/* The unit test of key: files that are made and files that are refused, and what a key signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pure/encode.h"
#include "keys/key.h"
#include "keys/pubkey.h"

/* RFC 8032 section 7.1, test 1, as PKCS#8. */
#define RFC8032                                                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"                           \
    "-----END PRIVATE KEY-----\n"

static char dir[] = "/tmp/weir-key-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static const char *put(const char *name, struct span text, mode_t mode)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

/* Loads and expects an error whose words hold the path and `word`. */
static void refused(const char *path, enum err expected, const char *word)
{
    struct bytes why;
    struct key *key;
    bytes_init(&why, 1024);
    enum err e = key_load(path, &why, &key);
    if (e != expected || key)
        fail_msg("%s: %s, expected %s", path, err_code(e), err_code(expected));
    if (!strstr(bytes_str(&why), word) || !strstr(bytes_str(&why), path))
        fail_msg("%s: \"%s\" does not say \"%s\"", path, bytes_str(&why), word);
    bytes_fini(&why);
}

static void create_and_load(void **state)
{
    (void)state;
    for (int kind = KEY_RSA; kind <= KEY_ED25519; kind++) {
        const char *path = path_of(kind == KEY_RSA ? "rsa.pem" : "ed25519.pem");
        struct bytes why, pem, signature;
        struct key *key;
        struct pubkey *public_key;
        struct stat st;
        const struct pubkey_limits limits = {2048, 2048};
        bytes_init(&why, 1024);
        bytes_init(&pem, 4096);
        bytes_init(&signature, KEY_SIGNATURE_MAX);
        mode_t mask = umask(0);
        assert_int_equal(key_create(path, (enum key_kind)kind, &why), ERR_OK);
        umask(mask);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_nlink, 1); /* no other name is left behind */
        assert_int_equal(key_load(path, &why, &key), ERR_OK);
        assert_int_equal(why.n, 0);
        assert_int_equal(key_kind(key), kind);
        key_public_pem(key, &pem);
        assert_int_equal(pubkey_read(bytes_span(&pem), &limits, &public_key), ERR_OK);
        assert_int_equal(key_sign(key, SPAN("water"), &signature), ERR_OK);
        assert_int_equal(
            pubkey_verify(public_key, PUBKEY_SHA256, SPAN("water"), bytes_span(&signature)),
            ERR_OK);
        assert_int_equal(
            pubkey_verify(public_key, PUBKEY_SHA256, SPAN("weter"), bytes_span(&signature)),
            ERR_SIGNATURE_INVALID);
        /* Never over an existing file. */
        assert_int_equal(key_create(path, (enum key_kind)kind, &why), ERR_FILE);
        assert_non_null(strstr(bytes_str(&why), "exists"));
        bytes_fini(&signature);
        bytes_fini(&pem);
        bytes_fini(&why);
        pubkey_free(&public_key);
        key_free(&key);
        key_free(&key);
    }
}

static void create_refused(void **state)
{
    struct bytes why;
    (void)state;
    bytes_init(&why, 1024);
    assert_int_equal(key_create(path_of("none/key.pem"), KEY_ED25519, &why), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "No such file"));
    bytes_fini(&why);
    char path[5000];
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    bytes_init(&why, 10000);
    assert_int_equal(key_create(path, KEY_ED25519, &why), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "too long"));
    bytes_fini(&why);
}

static void files(void **state)
{
    struct bytes why;
    struct key *key;
    (void)state;
    bytes_init(&why, 1024);
    /* The twin of all that follows. */
    assert_int_equal(key_load(put("good", SPAN(RFC8032), 0600), &why, &key), ERR_OK);
    key_free(&key);
    assert_int_equal(key_load(put("readonly", SPAN(RFC8032), 0400), &why, &key), ERR_OK);
    key_free(&key);
    bytes_fini(&why);
    refused(path_of("none"), ERR_FILE, "No such file");
    refused(put("group", SPAN(RFC8032), 0640), ERR_FILE, "chmod 600");
    refused(put("others", SPAN(RFC8032), 0604), ERR_FILE, "chmod 600");
    refused(dir, ERR_FILE, "not a regular file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    refused(path_of("fifo"), ERR_FILE, "not a regular file");
    put("target", SPAN(RFC8032), 0600);
    assert_int_equal(symlink("target", path_of("link")), 0);
    refused(path_of("link"), ERR_FILE, "symbolic link");
    const char *foreign = "/etc/passwd"; /* root's, where we are not root */
    if (geteuid() == 0) {
        foreign = put("foreign", SPAN(RFC8032), 0600);
        assert_int_equal(chown(foreign, 65534, 65534), 0);
    }
    refused(foreign, ERR_FILE, "another user");
    refused(put("empty", SPAN(""), 0600), ERR_FILE, "no private key");
    refused(put("garbage", SPAN("garbage"), 0600), ERR_FILE, "no private key");
    refused(put("public",
                SPAN("-----BEGIN PUBLIC KEY-----\n"
                     "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                     "-----END PUBLIC KEY-----\n"),
                0600),
            ERR_FILE, "no private key");
    static char large[16385];
    memset(large, '\n', sizeof(large));
    memcpy(large, RFC8032, strlen(RFC8032));
    refused(put("large", (struct span){large, sizeof(large)}, 0600), ERR_FILE, "too large");
}

/* Writes a key of OpenSSL's; with a password if `encrypted`. */
static const char *put_pkey(const char *name, EVP_PKEY *pkey, bool encrypted)
{
    char *p;
    unsigned char password[] = "secret";
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(pkey);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, encrypted ? EVP_aes_256_cbc() : NULL,
                                                   encrypted ? (char *)password : NULL,
                                                   encrypted ? 6 : 0, NULL, NULL),
                     1);
    long n = BIO_get_mem_data(bio, &p);
    const char *path = put(name, (struct span){p, (size_t)n}, 0600);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return path;
}

static void kinds(void **state)
{
    (void)state;
    refused(put_pkey("encrypted", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), true), ERR_FILE,
            "encrypted");
    refused(put_pkey("ec", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), false), ERR_KEY_REFUSED,
            "neither");
    refused(put_pkey("small", EVP_RSA_gen(1024), false), ERR_KEY_REFUSED, "2048");
}

/* A bit of the modulus flipped: the halves do not fit. */
static void damaged(void **state)
{
    struct bytes der, pem;
    unsigned char *raw = NULL;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    (void)state;
    int n = i2d_PrivateKey(pkey, &raw);
    assert_true(n > 200);
    bytes_init(&der, 8192);
    bytes_init(&pem, 8192);
    for (int flip = 0; flip <= 1; flip++) {
        bytes_clear(&der);
        bytes_clear(&pem);
        raw[150] = (unsigned char)(raw[150] ^ flip); /* the modulus has bytes 12 to 267 */
        bytes_add(&der, (struct span){(char *)raw, (size_t)n});
        bytes_add_str(&pem, "-----BEGIN RSA PRIVATE KEY-----\n");
        for (size_t i = 0; i < der.n; i += 48) {
            size_t left = der.n - i;
            base64_write(&pem, (struct span){der.p + i, left < 48 ? left : 48});
            bytes_add_char(&pem, '\n');
        }
        bytes_add_str(&pem, "-----END RSA PRIVATE KEY-----\n");
        const char *path = put("maybe", bytes_span(&pem), 0600);
        if (flip) {
            refused(path, ERR_KEY_REFUSED, "damaged");
        } else {
            struct bytes why;
            struct key *key;
            bytes_init(&why, 1024);
            assert_int_equal(key_load(path, &why, &key), ERR_OK);
            bytes_fini(&why);
            key_free(&key);
        }
    }
    OPENSSL_free(raw);
    bytes_fini(&der);
    bytes_fini(&pem);
    EVP_PKEY_free(pkey);
}

/* RFC 8032 section 7.1, test 1, and the did:key of its public half. */
static void ed25519_vector(void **state)
{
    struct bytes why, out;
    struct key *key;
    (void)state;
    bytes_init(&why, 1024);
    bytes_init(&out, 1024);
    assert_int_equal(key_load(put("rfc8032", SPAN(RFC8032), 0600), &why, &key), ERR_OK);
    key_public_multibase(key, &out);
    assert_string_equal(bytes_str(&out), "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
    bytes_clear(&out);
    key_public_pem(key, &out);
    assert_string_equal(bytes_str(&out),
                        "-----BEGIN PUBLIC KEY-----\n"
                        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                        "-----END PUBLIC KEY-----\n");
    bytes_clear(&out);
    assert_int_equal(key_sign(key, SPAN_NONE, &out), ERR_OK);
    assert_int_equal(out.n, 64);
    assert_memory_equal(out.p, "\xe5\x56\x43\x00\xc3\x60\xac\x72\x90\x86\xe2\xcc\x80\x6e\x82\x8a",
                        16);
    /* A buffer that is full. */
    bytes_fini(&out);
    bytes_init(&out, 63);
    assert_int_equal(key_sign(key, SPAN_NONE, &out), ERR_INTERNAL);
    assert_int_equal(out.n, 0);
    bytes_fini(&out);
    bytes_fini(&why);
    key_free(&key);
}

/* An RSA key has no multibase form here. */
static void rsa_has_no_multibase(void **state)
{
    struct bytes why, out;
    struct key *key;
    (void)state;
    bytes_init(&why, 1024);
    bytes_init(&out, 1024);
    assert_int_equal(key_load(path_of("rsa.pem"), &why, &key), ERR_OK);
    key_public_multibase(key, &out);
    assert_int_equal(out.n, 0);
    bytes_fini(&out);
    bytes_fini(&why);
    key_free(&key);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = {"rsa.pem", "ed25519.pem", "good",   "readonly", "group",
                                        "others",  "fifo",        "target", "link",     "foreign",
                                        "empty",   "garbage",     "public", "large",    "encrypted",
                                        "ec",      "small",       "maybe",  "rfc8032"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(path_of(names[i]));
    return rmdir(dir); /* fails where a key left something behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_and_load),
        cmocka_unit_test(create_refused),
        cmocka_unit_test(files),
        cmocka_unit_test(kinds),
        cmocka_unit_test(damaged),
        cmocka_unit_test(ed25519_vector),
        cmocka_unit_test(rsa_has_no_multibase),
    };
    return cmocka_run_group_tests_name("keys/key", tests, setup, teardown);
}
