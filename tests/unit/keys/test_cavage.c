/* The unit test of draft-cavage signatures: what must be refused (PROTOCOL 7.2 and 1.10, ATTACKS
 * 3.2) and what must not, each beside the same request untouched. */

#include "tests/unit/keys/cavage_rows.h"

static const struct row elsewhere[] = {
    {"S07",
     "replayed to another path",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{TARGET, NULL, "/inbox2"}}},
    {"S07",
     "replayed to the path in other letters",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{TARGET, NULL, "/%69nbox"}}},
    {"S07",
     "replayed with another method",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{METHOD, NULL, "PUT"}}},
    {"S07",
     "replayed to another host",
     ERR_MISDIRECTED,
     {{NONE, NULL, NULL}},
     {{AUTHORITY, NULL, "other.example"}}},
    {"S07",
     "replayed to another host, Host changed",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{AUTHORITY, NULL, "other.example"}, {FIELD, "Host", "other.example"}}},
    {"S07",
     "signed for another host",
     ERR_MISDIRECTED,
     {{FIELD, "Host", "other.example"}},
     {{NONE, NULL, NULL}}},
    {"H15",
     "another port",
     ERR_MISDIRECTED,
     {{FIELD, "Host", "relay.example:8443"}},
     {{NONE, NULL, NULL}}},
    {"H14",
     "Host with user",
     ERR_MISDIRECTED,
     {{FIELD, "Host", "relay.example@evil.example"}},
     {{NONE, NULL, NULL}}},
    {"H14", "Host empty", ERR_MISDIRECTED, {{FIELD, "Host", ""}}, {{NONE, NULL, NULL}}},
    {"H28",
     "two Host fields, covered together",
     ERR_BAD_REQUEST,
     {{ADD, "Host", "relay.example"}},
     {{NONE, NULL, NULL}}},
    {"H28",
     "two Content-Type fields",
     ERR_BAD_REQUEST,
     {{NONE, NULL, NULL}},
     {{ADD, "Content-Type", "text/html"}}},
    {"H15",
     "the default port",
     ERR_OK,
     {{FIELD, "Host", "relay.example:443"}},
     {{NONE, NULL, NULL}}},
    {"H15",
     "Host in capitals, signed so",
     ERR_OK,
     {{FIELD, "Host", "RELAY.example"}},
     {{NONE, NULL, NULL}}},
    {"H15",
     "Host in capitals, signed otherwise",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{FIELD, "Host", "RELAY.example"}}},
    {"S07",
     "a covered header changed",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{FIELD, "Content-Type", "application/ld+json"}}},
    {"S01",
     "a second Signature field",
     ERR_SIGNATURE_SYNTAX,
     {{NONE, NULL, NULL}},
     {{ADD, "Signature", RSA_PARAMS ",headers=\"date\",signature=\"AAAA\""}}},
    {"S01",
     "Signature and Authorization",
     ERR_SIGNATURE_SYNTAX,
     {{NONE, NULL, NULL}},
     {{ADD, "Authorization", "Signature " RSA_PARAMS ",headers=\"date\",signature=\"AAAA\""}}},
    {"P1.2",
     "Signature beside a Bearer token",
     ERR_OK,
     {{NONE, NULL, NULL}},
     {{ADD, "Authorization", "Bearer abc"}}},
};

static const struct row algorithms[] = {
    {"S13",
     "none",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"none\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "hmac-sha256",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"hmac-sha256\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "rsa-sha1",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"rsa-sha1\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "empty",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "in capitals",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"RSA-SHA256\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "rsa-sha512 over a signature with SHA-256",
     ERR_SIGNATURE_INVALID,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"rsa-sha512\""}},
     {{NONE, NULL, NULL}}},
    {"S13", "hs2019", ERR_OK, {{PARAMS, NULL, HS_PARAMS}}, {{NONE, NULL, NULL}}},
    {"S13", "absent", ERR_OK, {{PARAMS, NULL, "keyId=\"" KEY_ID "\""}}, {{NONE, NULL, NULL}}},
};

static const struct row ed25519_algorithms[] = {
    {"S13",
     "absent, Ed25519",
     ERR_OK,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\""}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "rsa-sha256 with an Ed25519 key",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, RSA_PARAMS}},
     {{NONE, NULL, NULL}}},
    {"S13",
     "rsa-sha512 with an Ed25519 key",
     ERR_SIGNATURE_ALGORITHM,
     {{PARAMS, NULL, "keyId=\"" KEY_ID "\",algorithm=\"rsa-sha512\""}},
     {{NONE, NULL, NULL}}},
};

static const struct row queries[] = {
    {"S24",
     "another query",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{TARGET, NULL, "/actor?page=2"}}},
    {"S24",
     "the query taken away",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{TARGET, NULL, "/actor"}}},
    {"S24",
     "signed without the query, as old peers do",
     ERR_OK,
     {{TARGET, NULL, "/actor"}},
     {{TARGET, NULL, "/actor?page=1"}}},
    {"S24",
     "another path, with a query",
     ERR_SIGNATURE_INVALID,
     {{TARGET, NULL, "/other"}},
     {{TARGET, NULL, "/actor?page=1"}}},
    {"S24",
     "a query that is only a question mark",
     ERR_OK,
     {{TARGET, NULL, "/actor?"}},
     {{NONE, NULL, NULL}}},
    {"S24", "two question marks", ERR_OK, {{TARGET, NULL, "/a?b?c"}}, {{NONE, NULL, NULL}}},
    {"P1.1",
     "Digest on a GET, as snac2 sends",
     ERR_OK,
     {{ADD, "Digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
      {COVERED, NULL, "(request-target) host digest date"}},
     {{NONE, NULL, NULL}}},
    {"S03",
     "a body put under a signed GET",
     ERR_SIGNATURE_COVERAGE,
     {{NONE, NULL, NULL}},
     {{BODY, NULL, "{}"}}},
    {"S02",
     "host not covered on a GET",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) date"}},
     {{NONE, NULL, NULL}}},
};

/* S24: how values come into the text that is signed (cavage-12 section 2.3). */
static const struct row values[] = {
    {"S24",
     "blanks around a value, put there on the way",
     ERR_OK,
     {{NONE, NULL, NULL}},
     {{FIELD, "Date", " \t" NOW_DATE "  "}}},
    {"S24",
     "an empty value",
     ERR_OK,
     {{ADD, "X-Empty", ""}, {COVERED, NULL, "(request-target) host date digest x-empty"}},
     {{NONE, NULL, NULL}}},
    {"S24",
     "a field of two lines",
     ERR_OK,
     {{ADD, "Cache-Control", "max-age=60"},
      {ADD, "cache-control", "must-revalidate"},
      {COVERED, NULL, "(request-target) host date digest cache-control"}},
     {{NONE, NULL, NULL}}},
    {"S24",
     "a field with a line added",
     ERR_SIGNATURE_INVALID,
     {{ADD, "Cache-Control", "max-age=60"},
      {COVERED, NULL, "(request-target) host date digest cache-control"}},
     {{ADD, "Cache-Control", "must-revalidate"}}},
    {"S24",
     "a line end in a value",
     ERR_SIGNATURE_SYNTAX,
     {{ADD, "X-Evil", "a"}, {COVERED, NULL, "(request-target) host date digest x-evil"}},
     {{FIELD, "X-Evil", "a\nhost: b"}}},
};

static void refusals(void **state)
{
    const struct keys *k = *state;
    const struct shape post = shape_post(SIGNATURE_CAVAGE), get = shape_get(SIGNATURE_CAVAGE);
    RUN_ROWS(coverage, &post, k->rsa, k->rsa_public);
    RUN_ROWS(digests, &post, k->rsa, k->rsa_public);
    RUN_ROWS(times, &post, k->rsa, k->rsa_public);
    RUN_ROWS(elsewhere, &post, k->rsa, k->rsa_public);
    RUN_ROWS(algorithms, &post, k->rsa, k->rsa_public);
    RUN_ROWS(queries, &get, k->rsa, k->rsa_public);
    RUN_ROWS(values, &post, k->rsa, k->rsa_public);
}

static void ed25519(void **state)
{
    const struct keys *k = *state;
    struct shape post = shape_post(SIGNATURE_CAVAGE);
    post.params = HS_PARAMS;
    RUN_ROWS(ed25519_algorithms, &post, k->ed25519, k->ed25519_public);
}

/* A Signature field as text, on an otherwise good request: refused before any arithmetic. */
#define GOOD_LIST "headers=\"(request-target) host date digest\""

static const struct {
    const char *id, *what, *field;
    enum err expected;
} fields[] = {
    {"twin", "good, so the arithmetic is reached", RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_INVALID},
    {"P1.3", "blanks around commas", RSA_PARAMS " ,\t" GOOD_LIST " , signature=\"AAAA\"",
     ERR_SIGNATURE_INVALID},
    {"P1.3", "an unknown parameter", "x=\"y\",z=1," RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_INVALID},
    {"P1.2", "the scheme in front, as Mastodon tolerates",
     "Signature " RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"", ERR_SIGNATURE_INVALID},
    {"S01", "empty", "", ERR_SIGNATURE_SYNTAX},
    {"S01", "no parameters", "garbage", ERR_SIGNATURE_SYNTAX},
    {"S01", "unbalanced quotes", RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "a quote too many", RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "keyId twice",
     "keyId=\"https://evil.example/\"," RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "signature twice", RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\",signature=\"BBBB\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "an unknown parameter twice", "x=1,x=1," RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "17 parameters",
     "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1," RSA_PARAMS "," GOOD_LIST
     ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "a comma at the end", RSA_PARAMS "," GOOD_LIST ",signature=\"AAAA\",",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "two commas", RSA_PARAMS ",," GOOD_LIST ",signature=\"AAAA\"", ERR_SIGNATURE_SYNTAX},
    {"S01", "semicolons", RSA_PARAMS ";" GOOD_LIST ";signature=\"AAAA\"", ERR_SIGNATURE_SYNTAX},
    {"S01", "blanks around =", "keyId = \"" KEY_ID "\"," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "no quotes", "keyId=https://peer.example/," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "a number as keyId", "keyId=1," GOOD_LIST ",signature=\"AAAA\"", ERR_SIGNATURE_SYNTAX},
    {"S01", "an escape", "keyId=\"https://peer.example/\\\"\"," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S01", "not ASCII", "keyId=\"https://pe\xC3\xA9r.example/\"," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "no keyId", "algorithm=\"hs2019\"," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "keyId empty", "keyId=\"\"," GOOD_LIST ",signature=\"AAAA\"", ERR_SIGNATURE_SYNTAX},
    {"P7.2", "keyId in other letters", "keyid=\"" KEY_ID "\"," GOOD_LIST ",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "no signature", RSA_PARAMS "," GOOD_LIST, ERR_SIGNATURE_SYNTAX},
    {"P7.2", "signature empty", RSA_PARAMS "," GOOD_LIST ",signature=\"\"", ERR_SIGNATURE_SYNTAX},
    {"P7.2", "signature with a blank", RSA_PARAMS "," GOOD_LIST ",signature=\"AA AA\"",
     ERR_SIGNATURE_INVALID},
    {"P7.2", "signature in the URL alphabet", RSA_PARAMS "," GOOD_LIST ",signature=\"A-_A\"",
     ERR_SIGNATURE_INVALID},
    {"S02", "no list: date", RSA_PARAMS ",signature=\"AAAA\"", ERR_SIGNATURE_COVERAGE},
    {"S02", "no list: (created)", HS_PARAMS ",created=1703066400,signature=\"AAAA\"",
     ERR_SIGNATURE_COVERAGE},
    {"P7.2", "two blanks in the list",
     RSA_PARAMS ",headers=\"(request-target)  host date digest\",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "capitals in the list",
     RSA_PARAMS ",headers=\"(request-target) Host date digest\",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "an unknown thing in brackets",
     RSA_PARAMS ",headers=\"(request-target) host date digest (other)\",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"P7.2", "33 names",
     RSA_PARAMS
     ",headers=\"(request-target) host date digest a b c d e f g h i j k l m n o p q r s "
     "t u v w x y z 1 2 3\",signature=\"AAAA\"",
     ERR_SIGNATURE_SYNTAX},
    {"S23", "a dictionary without its Signature-Input", "sig1=:AAAA:", ERR_SIGNATURE_SYNTAX},
};

static enum err judge_field(const struct keys *k, const char *name, struct span value)
{
    struct shape s = shape_post(SIGNATURE_CAVAGE);
    struct built b = {.request = {.fields_n = 0}};
    built_fields(&b, &s);
    b.fields[b.request.fields_n++] = (struct signature_field){span_of(name), value};
    return judge(&b.request, &usual_window, k->rsa_public);
}

static void syntax(void **state)
{
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        enum err e = judge_field(*state, "Signature", span_of(fields[i].field));
        if (e == fields[i].expected)
            continue;
        wrong++;
        print_error("%s, %s: %s, expected %s\n", fields[i].id, fields[i].what, err_code(e),
                    err_code(fields[i].expected));
    }
    assert_int_equal(wrong, 0);
}

/* S01: nothing, and too much of it. */
static void missing_and_too_long(void **state)
{
    static char long_one[65536 + 1];
    memset(long_one, 'A', sizeof(long_one) - 1);
    memcpy(long_one, RSA_PARAMS "," GOOD_LIST ",signature=\"",
           strlen(RSA_PARAMS "," GOOD_LIST ",signature=\""));
    long_one[sizeof(long_one) - 2] = '"';
    assert_int_equal(judge_field(*state, "X", SPAN("")), ERR_SIGNATURE_MISSING);
    assert_int_equal(judge_field(*state, "Authorization", SPAN("Bearer x")), ERR_SIGNATURE_MISSING);
    assert_int_equal(judge_field(*state, "Signature", span_of(long_one)), ERR_SIGNATURE_SYNTAX);
    /* The same, cut to what is let in, gets as far as the arithmetic. */
    long_one[8191] = '"';
    assert_int_equal(judge_field(*state, "Signature", (struct span){long_one, 8192}),
                     ERR_SIGNATURE_INVALID);
    long_one[8192] = '"';
    long_one[8191] = 'A';
    assert_int_equal(judge_field(*state, "Signature", (struct span){long_one, 8193}),
                     ERR_SIGNATURE_SYNTAX);
}

/* Draft section 3.1: the same parameters in Authorization. */
static void authorization(void **state)
{
    const struct keys *k = *state;
    struct shape s = shape_post(SIGNATURE_CAVAGE);
    struct built b = {.request = {.fields_n = 0}};
    struct bytes login;
    built_sign(&b, &s, k->rsa);
    bytes_init(&login, 8192);
    bytes_addf(&login, "Signature %s", bytes_str(&b.signature));
    b.fields[b.request.fields_n - 1] =
        (struct signature_field){SPAN("Authorization"), bytes_span(&login)};
    assert_int_equal(judge(&b.request, &usual_window, k->rsa_public), ERR_OK);
    b.request.target = SPAN("/elsewhere");
    assert_int_equal(judge(&b.request, &usual_window, k->rsa_public), ERR_SIGNATURE_INVALID);
    bytes_fini(&login);
    built_fini(&b);
}

/* S06: verifying has no memory; that a repeat goes nowhere is the journal's work. */
static void repeats(void **state)
{
    const struct keys *k = *state;
    struct shape s = shape_post(SIGNATURE_CAVAGE);
    struct built b = {.request = {.fields_n = 0}};
    built_sign(&b, &s, k->rsa);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(judge(&b.request, &usual_window, k->rsa_public), ERR_OK);
        assert_int_equal(judge(&b.request, &usual_window, k->ed25519_public),
                         ERR_SIGNATURE_ALGORITHM);
    }
    built_fini(&b);
}

/* The words of a refusal say what is missing. */
static void words(void **state)
{
    const struct keys *k = *state;
    struct shape s = shape_post(SIGNATURE_CAVAGE);
    struct built b = {.request = {.fields_n = 0}};
    struct signature signature;
    s.covered = "(request-target) host date";
    built_sign(&b, &s, k->rsa);
    assert_int_equal(signature_read(&b.request, &usual_window, &signature), ERR_SIGNATURE_COVERAGE);
    assert_string_equal(signature.why, "not covered");
    assert_true(span_eq_str(signature.about, "digest"));
    built_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),      cmocka_unit_test(ed25519),
        cmocka_unit_test(syntax),        cmocka_unit_test(missing_and_too_long),
        cmocka_unit_test(authorization), cmocka_unit_test(repeats),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("keys/cavage", tests, keys_setup, keys_teardown);
}
