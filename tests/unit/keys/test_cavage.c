/* The unit test of draft-cavage signatures: what must be refused (PROTOCOL 7.2 and 1.10, ATTACKS
 * 3.2) and what must not, each beside the same request untouched. */
#include "tests/unit/keys/requests.h"

#define RSA_PARAMS "keyId=\"" KEY_ID "\",algorithm=\"rsa-sha256\""
#define HS_PARAMS  "keyId=\"" KEY_ID "\",algorithm=\"hs2019\""
#define CREATED    "(request-target) host (created) digest"
#define OTHER_512                                                                                  \
    "SHA-512=z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+"    \
    "SfaPg=="
#define BODY_256 "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="
#define BODY_512                                                                                   \
    "SHA-512=WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJw" \
    "ew=="

static const struct row coverage[] = {
    {"S02",
     "(request-target) not covered",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "host date digest"}},
     {{NONE, NULL, NULL}}},
    {"S02",
     "host not covered",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) date digest"}},
     {{NONE, NULL, NULL}}},
    {"S02",
     "date not covered, though fresh",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) host digest"}},
     {{NONE, NULL, NULL}}},
    {"S02",
     "digest not covered, right body",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) host date"}},
     {{NONE, NULL, NULL}}},
    {"P1.10",
     "digest not covered, other body",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) host date"}},
     {{BODY, NULL, "{}"}}},
    {"P1.11",
     "only date covered",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "date"}},
     {{NONE, NULL, NULL}}},
    {"P7.1",
     "only an unknown header covered",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "x-y"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "nothing covered",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, ""}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "a covered header that is not there",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) host date digest x-none"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "digest covered, and taken away",
     ERR_SIGNATURE_COVERAGE,
     {{NONE, NULL, NULL}},
     {{DROP, "Digest", NULL}}},
    {"P7.2",
     "a covered name twice",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, "(request-target) host date digest date"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "Content-Digest instead of Digest",
     ERR_SIGNATURE_COVERAGE,
     {{COVERED, NULL, "(request-target) host date content-digest"},
      {FIELD, "Digest", "x"},
      {ADD, "Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}},
     {{NONE, NULL, NULL}}},
    {"P1.10",
     "content-type not covered",
     ERR_OK,
     {{COVERED, NULL, "(request-target) host date digest"}},
     {{NONE, NULL, NULL}}},
    {"P1.1",
     "the order of Fedify",
     ERR_OK,
     {{COVERED, NULL, "(request-target) content-type date digest host"}},
     {{NONE, NULL, NULL}}},
    {"P1.1",
     "the headers of Pleroma",
     ERR_OK,
     {{ADD, "Content-Length", "18"},
      {COVERED, NULL, "(request-target) content-length date digest host"}},
     {{NONE, NULL, NULL}}},
};

static const struct row digests[] = {
    {"S03", "another body", ERR_SIGNATURE_DIGEST, {{NONE, NULL, NULL}}, {{BODY, NULL, "{}"}}},
    {"S03",
     "a body of one blank more",
     ERR_SIGNATURE_DIGEST,
     {{NONE, NULL, NULL}},
     {{BODY, NULL, "{\"hello\": \"world\"} "}}},
    {"S03", "the body taken away", ERR_SIGNATURE_DIGEST, {{NONE, NULL, NULL}}, {{BODY, NULL, ""}}},
    {"S03",
     "body and digest changed together",
     ERR_SIGNATURE_INVALID,
     {{NONE, NULL, NULL}},
     {{BODY, NULL, "{}"},
      {FIELD, "Digest", "SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="}}},
    {"S03",
     "MD5 only",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Digest", "MD5=Sd/dVLAcvNLSq16eXua5uQ=="}},
     {{NONE, NULL, NULL}}},
    {"S03",
     "a list with one false",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Digest", BODY_256 "," OTHER_512}},
     {{NONE, NULL, NULL}}},
    {"S03",
     "URL alphabet",
     ERR_SIGNATURE_DIGEST,
     {{BODY, NULL, "1"}, {FIELD, "Digest", "SHA-256=a4ayc_80_OGda4BO_1o_V0etpOqiLx1JwB5S3beHW0s="}},
     {{NONE, NULL, NULL}}},
    {"S03",
     "no padding",
     ERR_SIGNATURE_DIGEST,
     {{FIELD, "Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE"}},
     {{NONE, NULL, NULL}}},
    {"S03",
     "no digest in it",
     ERR_BAD_REQUEST,
     {{FIELD, "Digest", "SHA-256"}},
     {{NONE, NULL, NULL}}},
    {"H28",
     "two Digest fields, the second false",
     ERR_BAD_REQUEST,
     {{NONE, NULL, NULL}},
     {{ADD, "Digest", OTHER_512}}},
    {"H28",
     "two Digest fields, both right, covered together",
     ERR_BAD_REQUEST,
     {{ADD, "Digest", BODY_512}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "lower-case name",
     ERR_OK,
     {{FIELD, "Digest", "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="}},
     {{NONE, NULL, NULL}}},
    {"P1.3",
     "a list of two, both right",
     ERR_OK,
     {{FIELD, "Digest", BODY_512 ", " BODY_256}},
     {{NONE, NULL, NULL}}},
    {"P1.3", "SHA-512 only", ERR_OK, {{FIELD, "Digest", BODY_512}}, {{NONE, NULL, NULL}}},
    {"P1.3",
     "an unknown one beside",
     ERR_OK,
     {{FIELD, "Digest", "id-sha-256=xyz," BODY_256}},
     {{NONE, NULL, NULL}}},
};

static const struct row times[] = {
    {"S04",
     "13 hours old",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Tue, 19 Dec 2023 21:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S11",
     "one second too old",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Wed, 20 Dec 2023 08:54:59 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "just young enough",
     ERR_OK,
     {{FIELD, "Date", "Wed, 20 Dec 2023 08:55:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "2 hours ahead",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Wed, 20 Dec 2023 12:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "one second too far ahead",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Wed, 20 Dec 2023 11:00:01 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "just not too far ahead",
     ERR_OK,
     {{FIELD, "Date", "Wed, 20 Dec 2023 11:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04", "garbage", ERR_SIGNATURE_WINDOW, {{FIELD, "Date", "wrong date"}}, {{NONE, NULL, NULL}}},
    {"S04", "empty", ERR_SIGNATURE_WINDOW, {{FIELD, "Date", ""}}, {{NONE, NULL, NULL}}},
    {"S04",
     "RFC 850",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Wednesday, 20-Dec-23 10:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "asctime",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Wed Dec 20 10:00:00 2023"}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "another day's name",
     ERR_SIGNATURE_WINDOW,
     {{FIELD, "Date", "Tue, 20 Dec 2023 10:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"H28",
     "two Date fields, covered together",
     ERR_BAD_REQUEST,
     {{ADD, "Date", NOW_DATE}},
     {{NONE, NULL, NULL}}},
    {"S04",
     "Date made younger afterwards",
     ERR_SIGNATURE_INVALID,
     {{FIELD, "Date", "Wed, 20 Dec 2023 08:55:00 GMT"}},
     {{FIELD, "Date", NOW_DATE}}},
    {"P7.2",
     "(created) instead of date",
     ERR_OK,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703066400"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) with an old Date that is not covered",
     ERR_OK,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703066400"}},
     {{FIELD, "Date", "Tue, 19 Dec 2023 21:00:00 GMT"}}},
    {"S05",
     "(created) fresh, but Date covered and old",
     ERR_SIGNATURE_WINDOW,
     {{COVERED, NULL, CREATED " date"},
      {PARAMS, NULL, HS_PARAMS ",created=1703066400"},
      {FIELD, "Date", "Tue, 19 Dec 2023 21:00:00 GMT"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "(created) in the future",
     ERR_SIGNATURE_WINDOW,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703070001"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "(created) too old",
     ERR_SIGNATURE_WINDOW,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703062499"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "(expires) past",
     ERR_SIGNATURE_WINDOW,
     {{COVERED, NULL, CREATED " (expires)"},
      {PARAMS, NULL, HS_PARAMS ",created=1703066300,expires=1703066399"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "expires past, not even covered",
     ERR_SIGNATURE_WINDOW,
     {{PARAMS, NULL, RSA_PARAMS ",expires=1703066399"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(expires) before (created)",
     ERR_SIGNATURE_WINDOW,
     {{COVERED, NULL, CREATED " (expires)"},
      {PARAMS, NULL, HS_PARAMS ",created=1703068000,expires=1703067000"}},
     {{NONE, NULL, NULL}}},
    {"P1.1",
     "(created) and (expires) of Lemmy",
     ERR_OK,
     {{COVERED, NULL, "(created) (expires) (request-target) content-type date digest host"},
      {PARAMS, NULL, HS_PARAMS ",created=1703066400,expires=1703066410"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "(created) with rsa-sha256",
     ERR_SIGNATURE_ALGORITHM,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, RSA_PARAMS ",created=1703066400"}},
     {{NONE, NULL, NULL}}},
    {"S05",
     "(expires) with rsa-sha256",
     ERR_SIGNATURE_ALGORITHM,
     {{COVERED, NULL, "(request-target) host date digest (expires)"},
      {PARAMS, NULL, RSA_PARAMS ",expires=1703066410"}},
     {{NONE, NULL, NULL}}},
    {"P1.3",
     "(created) covered, but not given",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) as a string",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=\"1703066400\""}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) as a fraction",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703066400.5"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) negative",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=-1703066400"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) 1e99",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1e99"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) of 16 digits",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=1703066400000000"}},
     {{NONE, NULL, NULL}}},
    {"P7.2",
     "(created) with a leading zero",
     ERR_SIGNATURE_SYNTAX,
     {{COVERED, NULL, CREATED}, {PARAMS, NULL, HS_PARAMS ",created=01703066400"}},
     {{NONE, NULL, NULL}}},
};

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
