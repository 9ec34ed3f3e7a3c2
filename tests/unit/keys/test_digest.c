/* The unit test of digest: the vectors of FIPS 180 and the fields of strangers (ATTACKS S03). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/digest.h"

#define EMPTY_256 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define EMPTY_512                                                                                  \
    "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
#define ONE_256 "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="
#define ONE_512                                                                                    \
    "Tf9Oo0DwqCPxXT9PAati6uDl2lecy4Ufjbnf6ExYsrN7iZA6dA4e4XLaeTpuedVg5ff5vQWKEqKAQz7W+kZRCg=="

static void hex(void **state)
{
    char out[2 * SHA256_SIZE + 1];
    (void)state;
    sha256_hex(SPAN_NONE, out);
    assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(SPAN("abc"), out);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void piece_by_piece(void **state)
{
    char out[2 * SHA256_SIZE + 1];
    struct sha256_run *run = sha256_begin();
    (void)state;
    sha256_end(&run, out);
    assert_null(run);
    assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    run = sha256_begin();
    sha256_more(run, SPAN("a"));
    sha256_more(run, SPAN_NONE);
    sha256_more(run, SPAN("bc"));
    sha256_end(&run, out);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void writes(void **state)
{
    struct bytes out;
    (void)state;
    bytes_init(&out, 100);
    digest_write(&out, SPAN("1"));
    assert_string_equal(bytes_str(&out), "SHA-256=" ONE_256);
    bytes_clear(&out);
    content_digest_write(&out, SPAN("1"));
    assert_string_equal(bytes_str(&out), "sha-256=:" ONE_256 ":");
    bytes_fini(&out);
}

static void secrets(void **state)
{
    (void)state;
    assert_true(secret_eq(SPAN("a word"), SPAN("a word")));
    assert_true(secret_eq(SPAN(""), SPAN_NONE));
    assert_false(secret_eq(SPAN("a word"), SPAN("a ward")));
    assert_false(secret_eq(SPAN("a word"), SPAN("a wor")));
    assert_false(secret_eq(SPAN("a word"), SPAN("a word\0")));
    assert_false(secret_eq(SPAN_NONE, SPAN("x")));
}

struct row {
    const char *field, *body;
    enum err expected;
};

static const struct row digests[] = {
    {"SHA-256=" ONE_256, "1", ERR_OK},
    {"SHA-256=" ONE_256, "2", ERR_SIGNATURE_DIGEST},
    {"SHA-256=" ONE_256, "", ERR_SIGNATURE_DIGEST},
    {"SHA-256=" EMPTY_256, "", ERR_OK},
    {"SHA-512=" EMPTY_512, "", ERR_OK},
    {"sha-256=" ONE_256, "1", ERR_OK},
    {"Sha-512=" ONE_512, "1", ERR_OK},
    {"SHA-256=" ONE_256 ",SHA-512=" ONE_512, "1", ERR_OK},
    {"SHA-256=" ONE_256 " , md5=x", "1", ERR_OK},
    {"SHA-256=" ONE_256 ",SHA-512=" EMPTY_512, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=" EMPTY_256 ",SHA-512=" ONE_512, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=" ONE_256 ",SHA-256=" EMPTY_256, "1", ERR_SIGNATURE_DIGEST},
    {"MD5=xMpCOKC5I4INzFCab3WEmw==", "1", ERR_SIGNATURE_DIGEST},
    {"SHA=NWoZK3kTsExUV00Ywo1G5jlUKKs=", "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=" ONE_512, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-512=" ONE_256, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=a4ayc_80_OGda4BO_1o_V0etpOqiLx1JwB5S3beHW0s=", "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s", "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0t=", "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", "1",
     ERR_SIGNATURE_DIGEST},
    {"SHA-256 =" ONE_256, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256= " ONE_256, "1", ERR_SIGNATURE_DIGEST},
    {"SHA-256=:" ONE_256 ":", "1", ERR_SIGNATURE_DIGEST},
    {"", "", ERR_BAD_REQUEST},
    {"SHA-256", "1", ERR_BAD_REQUEST},
    {"SHA-256=", "1", ERR_BAD_REQUEST},
    {"=" ONE_256, "1", ERR_BAD_REQUEST},
    {"SHA-256=" ONE_256 ",", "1", ERR_BAD_REQUEST},
    {"SHA-256=" ONE_256 ",,MD5=x", "1", ERR_BAD_REQUEST},
};

static const struct row content_digests[] = {
    {"sha-256=:" ONE_256 ":", "1", ERR_OK},
    {"sha-256=:" ONE_256 ":", "2", ERR_SIGNATURE_DIGEST},
    {"sha-256=:" EMPTY_256 ":", "", ERR_OK},
    {"sha-512=:" ONE_512 ":", "1", ERR_OK},
    {" sha-512=:" ONE_512 ":  ,\tsha-256=:" ONE_256 ":", "1", ERR_OK},
    {"unixsum=:AAAA:,sha-256=:" ONE_256 ":", "1", ERR_OK},
    {"sha-256=:" ONE_256 ":,sha-512=:" EMPTY_512 ":", "1", ERR_SIGNATURE_DIGEST},
    {"sha-256=:" EMPTY_256 ":,sha-256=:" ONE_256 ":", "1", ERR_SIGNATURE_DIGEST},
    {"sha-256=:" ONE_256 ":,sha-256=:" ONE_256 ":", "1", ERR_SIGNATURE_DIGEST},
    {"md5=:xMpCOKC5I4INzFCab3WEmw==:", "1", ERR_SIGNATURE_DIGEST},
    {"sha-256=::", "1", ERR_SIGNATURE_DIGEST},
    {"sha-256=:a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s:", "1", ERR_SIGNATURE_DIGEST},
    {"", "", ERR_SIGNATURE_DIGEST},
    {"SHA-256=:" ONE_256 ":", "1", ERR_BAD_REQUEST},
    {"SHA-256=" ONE_256, "1", ERR_BAD_REQUEST},
    {"sha-256=" ONE_256, "1", ERR_BAD_REQUEST},
    {"sha-256=\"" ONE_256 "\"", "1", ERR_BAD_REQUEST},
    {"sha-256=:a4ayc_80_OGda4BO_1o_V0etpOqiLx1JwB5S3beHW0s=:", "1", ERR_BAD_REQUEST},
    {"sha-256=:" ONE_256, "1", ERR_BAD_REQUEST},
    {"sha-256=:" ONE_256 ":,", "1", ERR_BAD_REQUEST},
    {"sha-256=:" ONE_256 ": sha-512=:" ONE_512 ":", "1", ERR_BAD_REQUEST},
    {"sha-256=:" ONE_256 ":;q=1", "1", ERR_BAD_REQUEST},
    {"sha-256", "1", ERR_BAD_REQUEST},
};

static void run(const struct row *rows, size_t n,
                enum err (*check)(struct span field, struct span body))
{
    for (size_t i = 0; i < n; i++) {
        enum err e = check(span_of(rows[i].field), span_of(rows[i].body));
        if (e != rows[i].expected)
            fail_msg("%s of %s: %s, expected %s", rows[i].field, rows[i].body, err_code(e),
                     err_code(rows[i].expected));
    }
}

static void checks(void **state)
{
    (void)state;
    run(digests, sizeof(digests) / sizeof(digests[0]), digest_check);
    run(content_digests, sizeof(content_digests) / sizeof(content_digests[0]),
        content_digest_check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),     cmocka_unit_test(piece_by_piece), cmocka_unit_test(writes),
        cmocka_unit_test(secrets), cmocka_unit_test(checks),
    };
    return cmocka_run_group_tests_name("keys/digest", tests, NULL, NULL);
}
