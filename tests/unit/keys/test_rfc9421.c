/* The unit test of RFC 9421 signatures: what must be refused (PROTOCOL 7.2, the holes of 1.12,
 * ATTACKS S23) and what must not, each beside the same request untouched. */

#include "tests/unit/keys/rfc9421_rows.h"

static const struct row parameters[] = {
    {"P1.12",
     "created 70 minutes ago",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703062200" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "created 2 hours ahead",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703073600" WHO RSA}},
     NO_EDIT},
    {"S04",
     "created at the old edge",
     ERR_OK,
     {{PARAMS, NULL, ";created=1703062500" WHO RSA}},
     NO_EDIT},
    {"S04",
     "created just behind the old edge",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703062499" WHO RSA}},
     NO_EDIT},
    {"S04",
     "created at the new edge",
     ERR_OK,
     {{PARAMS, NULL, ";created=1703070000" WHO RSA}},
     NO_EDIT},
    {"S04",
     "created just behind the new edge",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703070001" WHO RSA}},
     NO_EDIT},
    {"P1.12",
     "expires past",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703066300;expires=1703066399" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "expires before created",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, ";created=1703066500;expires=1703066450" WHO RSA}},
     NO_EDIT},
    {"P1.4", "expires ahead", ERR_OK, {{PARAMS, NULL, AT ";expires=1703066401" WHO RSA}}, NO_EDIT},
    {"P7.2",
     "created as a string",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, ";created=\"1703066400\"" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "created as a fraction",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, ";created=1703066400.0" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "created negative",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, ";created=-1" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "created of 16 digits",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, ";created=1703066400000000" WHO RSA}},
     NO_EDIT},
    {"P7.2",
     "created without a value",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, ";created" WHO RSA}},
     NO_EDIT},
    {"P7.2", "created twice", ERR_SIGNATURE_SYNTAX, {{PARAMS, NULL, AT AT WHO RSA}}, NO_EDIT},
    {"P7.2",
     "keyid twice",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, AT ";keyid=\"https://evil.example/\"" WHO RSA}},
     NO_EDIT},
    {"P7.2", "no keyid", ERR_SIGNATURE_SYNTAX, {{PARAMS, NULL, AT RSA}}, NO_EDIT},
    {"P7.2", "keyid empty", ERR_SIGNATURE_SYNTAX, {{PARAMS, NULL, AT ";keyid=\"\"" RSA}}, NO_EDIT},
    {"P7.2", "keyid a token", ERR_SIGNATURE_SYNTAX, {{PARAMS, NULL, AT ";keyid=abc" RSA}}, NO_EDIT},
    {"P7.2",
     "keyid with an escape",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, AT ";keyid=\"https://peer.example/\\\"\"" RSA}},
     NO_EDIT},
    {"P7.2",
     "an unknown parameter",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, AT WHO RSA ";other=1"}},
     NO_EDIT},
    {"P7.2",
     "an unknown parameter without a value",
     ERR_SIGNATURE_SYNTAX,
     {{PARAMS, NULL, AT WHO RSA ";other"}},
     NO_EDIT},
    {"P7.2",
     "nonce and tag",
     ERR_OK,
     {{PARAMS, NULL, AT WHO RSA ";nonce=\"a\\\"b\";tag=\"x y\""}},
     NO_EDIT},
    {"S24",
     "blanks before a parameter, which are not signed",
     ERR_OK,
     {{PARAMS, NULL, "; created=1703066400" WHO RSA}},
     NO_EDIT},
    {"P1.12", "no alg", ERR_OK, {{PARAMS, NULL, AT WHO}}, NO_EDIT},
    {"S13",
     "alg ed25519 with an RSA key",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, AT WHO ";alg=\"ed25519\""}},
     NO_EDIT},
    {"S13",
     "alg rsa-pss-sha512",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, AT WHO ";alg=\"rsa-pss-sha512\""}},
     NO_EDIT},
    {"S13",
     "alg hmac-sha256",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, AT WHO ";alg=\"hmac-sha256\""}},
     NO_EDIT},
    {"S13", "alg none", ERR_SIGNATURE_ALGORITHM, {{PARAMS, NULL, AT WHO ";alg=\"none\""}}, NO_EDIT},
    {"S13",
     "alg hs2019, which is cavage's",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, AT WHO ";alg=\"hs2019\""}},
     NO_EDIT},
};

static const struct row elsewhere[] = {
    {"P1.12", "covered but wrong digest", ERR_SIGNATURE_DIGEST, NO_EDIT, {{BODY, NULL, "{}"}}},
    {"S23",
     "digest signed false",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Content-Digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"}},
     NO_EDIT},
    {"S03",
     "body and digest changed together",
     ERR_SIGNATURE_INVALID,
     NO_EDIT,
     {{BODY, NULL, "{}"},
      {FIELD, "Content-Digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"}}},
    {"S03",
     "md5 only",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Content-Digest", "md5=:Sd/dVLAcvNLSq16eXua5uQ==:"}},
     NO_EDIT},
    {"S03",
     "two digests, one false",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Content-Digest", BODY_256 ", sha-512=:AAAA:"}},
     NO_EDIT},
    {"P1.9",
     "digest key in capitals",
     ERR_BAD_REQUEST,
     {{FIELD, "Content-Digest", "SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}},
     NO_EDIT},
    {"P7.2", "sha-512 only", ERR_OK, {{FIELD, "Content-Digest", BODY_512}}, NO_EDIT},
    {"P1.3", "both digests", ERR_OK, {{FIELD, "Content-Digest", BODY_512 "," BODY_256}}, NO_EDIT},
    {"H28",
     "two Content-Digest fields",
     ERR_BAD_REQUEST,
     NO_EDIT,
     {{ADD, "Content-Digest", "sha-256=:AAAA:"}}},
    {"S07", "another path", ERR_SIGNATURE_INVALID, NO_EDIT, {{TARGET, NULL, "/inbox2"}}},
    {"S07", "a query added", ERR_SIGNATURE_INVALID, NO_EDIT, {{TARGET, NULL, "/inbox?x"}}},
    {"S07", "another method", ERR_SIGNATURE_INVALID, NO_EDIT, {{METHOD, NULL, "PUT"}}},
    {"S07",
     "the method in small letters",
     ERR_SIGNATURE_INVALID,
     NO_EDIT,
     {{METHOD, NULL, "post"}}},
    {"P7.2",
     "@target-uri of another host",
     ERR_SIGNATURE_INVALID,
     NO_EDIT,
     {{AUTHORITY, NULL, "other.example"}, {FIELD, "Host", "other.example"}}},
    {"S23", "Host of another server", ERR_MISDIRECTED, NO_EDIT, {{FIELD, "Host", "other.example"}}},
    {"P0.5",
     "signed for http",
     ERR_SIGNATURE_INVALID,
     {{URL_SCHEME, NULL, "http"}},
     {{URL_SCHEME, NULL, "https"}}},
    {"S23", "no Host", ERR_MISDIRECTED, NO_EDIT, {{DROP, "Host", NULL}}},
    {"S01",
     "two Signature-Input fields",
     ERR_SIGNATURE_SYNTAX,
     NO_EDIT,
     {{ADD, "Signature-Input", "sig2=()"}}},
    {"P7.2",
     "a cavage Signature beside",
     ERR_SIGNATURE_SYNTAX,
     NO_EDIT,
     {{ADD, "Signature",
       "keyId=\"" KEY_ID "\",headers=\"(request-target) host date digest\",signature=\"AAAA\""}}},
    {"P7.2",
     "a cavage signature in Authorization beside",
     ERR_SIGNATURE_SYNTAX,
     NO_EDIT,
     {{ADD, "Authorization",
       "Signature keyId=\"" KEY_ID "\",headers=\"date\",signature=\"AAAA\""}}},
    {"P1.4",
     "an unsigned Date, two days old",
     ERR_OK,
     NO_EDIT,
     {{FIELD, "Date", "Mon, 18 Dec 2023 10:00:00 GMT"}}},
};

static const struct row ed25519_rows[] = {
    {"S13", "no alg, Ed25519", ERR_OK, {{PARAMS, NULL, AT WHO}}, NO_EDIT},
    {"S13",
     "alg rsa-v1_5-sha256 with an Ed25519 key",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, AT WHO RSA}},
     NO_EDIT},
};

static void refusals(void **state)
{
    const struct keys *k = *state;
    const struct shape post = shape_post(SIGNATURE_RFC9421);
    RUN_ROWS(coverage, &post, k->rsa, k->rsa_public);
    RUN_ROWS(components, &post, k->rsa, k->rsa_public);
    RUN_ROWS(parameters, &post, k->rsa, k->rsa_public);
    RUN_ROWS(elsewhere, &post, k->rsa, k->rsa_public);
}

static void ed25519(void **state)
{
    const struct keys *k = *state;
    struct shape post = shape_post(SIGNATURE_RFC9421);
    post.params = AT WHO ";alg=\"ed25519\"";
    RUN_ROWS(ed25519_rows, &post, k->ed25519, k->ed25519_public);
}

static void get(void **state)
{
    const struct keys *k = *state;
    static const struct row rows[] = {
        {"S24", "another query", ERR_SIGNATURE_INVALID, NO_EDIT, {{TARGET, NULL, "/actor?page=2"}}},
        {"S24",
         "signed without the query: only cavage has such peers",
         ERR_SIGNATURE_INVALID,
         {{TARGET, NULL, "/actor"}},
         {{TARGET, NULL, "/actor?page=1"}}},
        {"S03",
         "a body put under a signed GET",
         ERR_SIGNATURE_COVERAGE,
         NO_EDIT,
         {{BODY, NULL, "{}"}}},
    };
    const struct shape shape = shape_get(SIGNATURE_RFC9421);
    RUN_ROWS(rows, &shape, k->rsa, k->rsa_public);
}

/* The two fields as text. GOOD takes part in each, so that only the syntax can be at fault. */
#define GOOD "sig1=(" USUAL ")" AT WHO RSA

static const struct {
    const char *id, *what, *input, *value;
    enum err expected;
} fields[] = {
    {"twin", "good, so the arithmetic is reached", GOOD, "sig1=:AAAA:", ERR_SIGNATURE_INVALID},
    {"P1.4", "blanks around", " " GOOD " ", "\tsig1=:AAAA: ", ERR_SIGNATURE_INVALID},
    {"P7.2", "labels do not match", GOOD, "sig2=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"P7.2", "a signature without its label", GOOD,
     "sig1=:AAAA:, sig2=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"P7.2", "a label without its signature", GOOD ", sig2=(" USUAL ")" AT WHO RSA,
     "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a label twice in the input", GOOD "," GOOD, "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a label twice in the signature", GOOD,
     "sig1=:AAAA:,sig1=:BBBB:", ERR_SIGNATURE_SYNTAX},
    {"S23", "five labels", GOOD ",b=(),c=(),d=(),e=()",
     "sig1=:AAAA:,b=:AAAA:,c=:AAAA:,d=:AAAA:,e=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "empty input", "", "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "empty signature", GOOD, "", ERR_SIGNATURE_SYNTAX},
    {"S23", "an empty byte sequence", GOOD, "sig1=::", ERR_SIGNATURE_SYNTAX},
    {"S23", "a comma at the end", GOOD ",", "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a comma at the end of the signature", GOOD, "sig1=:AAAA:,", ERR_SIGNATURE_SYNTAX},
    {"S23", "no list", "sig1=1", "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a list of tokens", "sig1=(date)" AT WHO, "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a list that does not end", "sig1=(\"date\"", "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "components without a blank between", "sig1=(\"@method\"\"@target-uri\")" AT WHO,
     "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a string that does not end", "sig1=(\"date)" AT, "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "a label in capitals", "Sig1=(" USUAL ")" AT WHO, "Sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"S23", "the signature as a string", GOOD, "sig1=\"AAAA\"", ERR_SIGNATURE_SYNTAX},
    {"S23", "the signature in the URL alphabet", GOOD, "sig1=:A-_A:", ERR_SIGNATURE_SYNTAX},
    {"S23", "the signature without padding", GOOD, "sig1=:AAA:", ERR_SIGNATURE_INVALID},
    {"S23", "a cavage value", GOOD, "keyId=\"" KEY_ID "\",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "two labels, neither covers enough", "a=(\"@method\")" AT WHO ",b=()" AT WHO,
     "a=:AAAA:,b=:AAAA:", ERR_SIGNATURE_COVERAGE},
    {"P7.2", "two labels, coverage is not added up",
     "a=(\"@method\" \"@target-uri\")" AT WHO ",b=(\"content-digest\")" AT WHO,
     "a=:AAAA:,b=:AAAA:", ERR_SIGNATURE_COVERAGE},
    {"P7.2", "two labels, different keys", GOOD ",b=(" USUAL ")" AT ";keyid=\"https://b.example/\"",
     "sig1=:AAAA:,b=:AAAA:", ERR_SIGNATURE_SYNTAX},
    {"P7.2", "no Signature field", GOOD, NULL, ERR_SIGNATURE_SYNTAX},
};

static void syntax(void **state)
{
    const struct keys *k = *state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct shape s = shape_post(SIGNATURE_RFC9421);
        struct built b = {.request = {.fields_n = 0}};
        shape_add(&s, "Signature-Input", fields[i].input);
        if (fields[i].value)
            shape_add(&s, "Signature", fields[i].value);
        built_fields(&b, &s);
        enum err e = judge(&b.request, &usual_window, k->rsa_public);
        if (e == fields[i].expected)
            continue;
        wrong++;
        print_error("%s, %s: %s, expected %s\n", fields[i].id, fields[i].what, err_code(e),
                    err_code(fields[i].expected));
    }
    assert_int_equal(wrong, 0);
}

/* S23, P7.2: of several labels the good one counts, wherever it stands and whatever the others are;
 * a good label for another request is no good one. */
static void several_labels(void **state)
{
    const struct keys *k = *state;
    static const struct {
        const char *input, *value; /* in front of the good label */
        const char *target;
        enum err expected;
    } rows[] = {
        {"", "", "/inbox", ERR_OK},
        {"a=(" USUAL ")" AT WHO ",", "a=:AAAA:,", "/inbox", ERR_OK},
        {"a=(\"@method\";req)" AT WHO ",", "a=:AAAA:,", "/inbox", ERR_OK},
        {"a=()" AT WHO ";alg=\"hmac-sha256\",", "a=:AAAA:,", "/inbox", ERR_OK},
        {"a=(" USUAL ");created=1" WHO ",", "a=:AAAA:,", "/inbox", ERR_OK},
        {"a=(" USUAL ")" AT WHO ",", "a=:AAAA:,", "/other", ERR_SIGNATURE_INVALID},
        {"a=(\"@method\")" AT WHO ",", "a=:AAAA:,", "/other", ERR_SIGNATURE_INVALID},
        {"a=(" USUAL ",", "a=:AAAA:,", "/inbox", ERR_SIGNATURE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct shape s = shape_post(SIGNATURE_RFC9421);
        struct built b = {.request = {.fields_n = 0}};
        struct bytes input, value;
        built_sign(&b, &s, k->rsa);
        bytes_init(&input, 8192);
        bytes_init(&value, 8192);
        bytes_addf(&input, "%s%s", rows[i].input, bytes_str(&b.input));
        bytes_addf(&value, "%s%s", rows[i].value, bytes_str(&b.signature));
        b.fields[b.request.fields_n - 2].value = bytes_span(&input);
        b.fields[b.request.fields_n - 1].value = bytes_span(&value);
        b.request.target = span_of(rows[i].target);
        enum err e = judge(&b.request, &usual_window, k->rsa_public);
        if (e != rows[i].expected)
            fail_msg("row %zu: %s", i, err_code(e));
        bytes_fini(&value);
        bytes_fini(&input);
        built_fini(&b);
    }
}

/* S01: a Signature-Input of 8 KiB and one byte. */
static void too_long(void **state)
{
    const struct keys *k = *state;
    for (size_t n = 8192; n <= 8193; n++) {
        struct shape s = shape_post(SIGNATURE_RFC9421);
        struct built b = {.request = {.fields_n = 0}};
        struct bytes params;
        bytes_init(&params, 9000);
        bytes_add_str(&params, AT WHO RSA ";nonce=\"");
        while (params.n < n - strlen("sig1=(" USUAL ")") - 1)
            bytes_add_char(&params, 'x');
        bytes_add_char(&params, '"');
        s.params = bytes_str(&params);
        built_sign(&b, &s, k->rsa);
        assert_int_equal(b.input.n, n);
        assert_int_equal(judge(&b.request, &usual_window, k->rsa_public),
                         n == 8192 ? ERR_OK : ERR_SIGNATURE_SYNTAX);
        bytes_fini(&params);
        built_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),       cmocka_unit_test(ed25519), cmocka_unit_test(get),
        cmocka_unit_test(several_labels), cmocka_unit_test(syntax),  cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests_name("keys/rfc9421", tests, keys_setup, keys_teardown);
}
