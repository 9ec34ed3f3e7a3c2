/* The unit test of signature_write: the exact lines that we send, and that we verify them. What a
 * peer accepts says little (PROTOCOL 1.11), so the bytes are looked at. */
#include "tests/unit/keys/requests.h"

#define BODY    "{\"hello\": \"world\"}"
#define ACTOR   "https://relay.example/actor#main-key"
#define TYPE    "application/activity+json"
#define BODY_64 "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="

static struct signature_order order_for(const struct key *key, enum signature_scheme scheme,
                                        bool body)
{
    struct signature_order order = {.scheme = scheme,
                                    .key = key,
                                    .key_id = SPAN(ACTOR),
                                    .method = body ? SPAN("POST") : SPAN("GET"),
                                    .url_scheme = SPAN("https"),
                                    .authority = SPAN("peer.example"),
                                    .target = SPAN("/inbox?x=1"),
                                    .now = NOW};
    if (body) {
        order.body = SPAN(BODY);
        order.content_type = SPAN(TYPE);
    }
    return order;
}

/* The lines, with what stands between `"` or `:` behind `signature=` or `sig1=:` taken out. */
static void expect_lines(const struct bytes *out, const char *before)
{
    const char *text = bytes_str(out);
    size_t n = strlen(before);
    if (strncmp(text, before, n) != 0)
        fail_msg("got      %s\nexpected %s", text, before);
    const char *rest = text + n;
    size_t base64 =
        strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
    assert_true(base64 == 344 || base64 == 88);
    rest += base64;
    assert_true(strcmp(rest, "\"\r\n") == 0 || strcmp(rest, ":\r\n") == 0);
}

/* Reads the lines back as the receiver would. */
static enum err received(const struct signature_order *order, const struct bytes *lines,
                         const struct pubkey *key, const char *body)
{
    struct signature_field fields[8] = {{SPAN("Host"), order->authority},
                                        {SPAN("Content-Type"), order->content_type}};
    struct signature_request request = {.method = order->method,
                                        .target = order->target,
                                        .scheme = order->url_scheme,
                                        .authority = order->authority,
                                        .fields = fields,
                                        .fields_n = order->content_type.p ? 2 : 1,
                                        .body = span_of(body)};
    struct span rest = bytes_span(lines);
    while (rest.n) {
        struct span line = span_cut(&rest, '\r');
        assert_true(rest.n > 0 && rest.p[0] == '\n');
        rest.p++;
        rest.n--;
        fields[request.fields_n].name = span_cut(&line, ':');
        fields[request.fields_n++].value = span_trim(line);
    }
    return judge(&request, &usual_window, key);
}

static void lines(void **state)
{
    const struct keys *k = *state;
    static const struct {
        enum signature_scheme scheme;
        bool rsa, body;
        const char *before;
    } rows[] = {
        {SIGNATURE_CAVAGE, true, true,
         "Date: " NOW_DATE "\r\nDigest: SHA-256=" BODY_64 "\r\nSignature: keyId=\"" ACTOR
         "\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date digest "
         "content-type\",signature=\""},
        {SIGNATURE_CAVAGE, true, false,
         "Date: " NOW_DATE "\r\nSignature: keyId=\"" ACTOR
         "\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date\",signature=\""},
        {SIGNATURE_CAVAGE, false, true,
         "Date: " NOW_DATE "\r\nDigest: SHA-256=" BODY_64 "\r\nSignature: keyId=\"" ACTOR
         "\",algorithm=\"hs2019\",headers=\"(request-target) host date digest "
         "content-type\",signature=\""},
        {SIGNATURE_RFC9421, true, true,
         "Date: " NOW_DATE "\r\nContent-Digest: sha-256=:" BODY_64
         ":\r\nSignature-Input: sig1=(\"@method\" \"@target-uri\" "
         "\"content-digest\");created=1703066400;keyid=\"" ACTOR
         "\";alg=\"rsa-v1_5-sha256\"\r\nSignature: sig1=:"},
        {SIGNATURE_RFC9421, true, false,
         "Date: " NOW_DATE "\r\nSignature-Input: sig1=(\"@method\" "
         "\"@target-uri\");created=1703066400;keyid=\"" ACTOR
         "\";alg=\"rsa-v1_5-sha256\"\r\nSignature: sig1=:"},
        {SIGNATURE_RFC9421, false, true,
         "Date: " NOW_DATE "\r\nContent-Digest: sha-256=:" BODY_64
         ":\r\nSignature-Input: sig1=(\"@method\" \"@target-uri\" "
         "\"content-digest\");created=1703066400;keyid=\"" ACTOR
         "\";alg=\"ed25519\"\r\nSignature: sig1=:"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct key *key = rows[i].rsa ? k->rsa : k->ed25519;
        const struct pubkey *own = rows[i].rsa ? k->rsa_public : k->ed25519_public;
        struct signature_order order = order_for(key, rows[i].scheme, rows[i].body);
        const char *body = rows[i].body ? BODY : "";
        struct bytes out;
        bytes_init(&out, 8192);
        assert_int_equal(signature_write(&order, &out), ERR_OK);
        expect_lines(&out, rows[i].before);
        assert_int_equal(received(&order, &out, own, body), ERR_OK);
        order.target = SPAN("/other?x=1");
        assert_int_equal(received(&order, &out, own, body), ERR_SIGNATURE_INVALID);
        bytes_fini(&out);
    }
}

/* A digest made once for all receivers is the one that is sent. */
static void digest_given(void **state)
{
    const struct keys *k = *state;
    for (int scheme = SIGNATURE_CAVAGE; scheme <= SIGNATURE_RFC9421; scheme++) {
        struct signature_order order = order_for(k->rsa, (enum signature_scheme)scheme, true);
        struct bytes made, given, digest;
        bytes_init(&made, 8192);
        bytes_init(&given, 8192);
        bytes_init(&digest, 100);
        (scheme == SIGNATURE_CAVAGE ? digest_write : content_digest_write)(&digest, order.body);
        assert_int_equal(signature_write(&order, &made), ERR_OK);
        order.digest = bytes_span(&digest);
        assert_int_equal(signature_write(&order, &given), ERR_OK);
        assert_string_equal(bytes_str(&made), bytes_str(&given));
        order.digest = scheme == SIGNATURE_CAVAGE ? SPAN("SHA-256=x") : SPAN("sha-256=:x:");
        bytes_clear(&given);
        assert_int_equal(signature_write(&order, &given), ERR_OK);
        assert_int_equal(received(&order, &given, k->rsa_public, BODY), ERR_SIGNATURE_DIGEST);
        bytes_fini(&digest);
        bytes_fini(&given);
        bytes_fini(&made);
    }
}

static void refused_orders(void **state)
{
    const struct keys *k = *state;
    static const char *const words[] = {"",     "a b",  "a\"b", "a\\b",     "a\r\nX: y",
                                        "a\tb", "a\nb", "\x7f", "\xC3\xBC", "a\x01"};
    struct bytes out;
    bytes_init(&out, 8192);
    bytes_add_str(&out, "X: y\r\n");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct span word = span_of(words[i]);
        struct signature_order order = order_for(k->rsa, SIGNATURE_CAVAGE, true);
        order.key_id = word;
        assert_int_equal(signature_write(&order, &out), ERR_KEY_ID);
        order = order_for(k->rsa, SIGNATURE_CAVAGE, true);
        order.target = word;
        assert_int_equal(signature_write(&order, &out), ERR_URL);
        order = order_for(k->rsa, SIGNATURE_CAVAGE, true);
        order.authority = word;
        assert_int_equal(signature_write(&order, &out), ERR_URL);
        order = order_for(k->rsa, SIGNATURE_CAVAGE, true);
        order.method = word;
        assert_int_equal(signature_write(&order, &out), ERR_URL);
    }
    struct signature_order order = order_for(k->rsa, SIGNATURE_CAVAGE, true);
    order.content_type = SPAN("a\r\nX: y");
    assert_int_equal(signature_write(&order, &out), ERR_URL);
    assert_string_equal(bytes_str(&out), "X: y\r\n"); /* as it was */
    order.content_type = SPAN("application/ld+json; profile=\"https://www.w3.org/ns/x\"");
    assert_int_equal(signature_write(&order, &out), ERR_OK);
    bytes_fini(&out);
    bytes_init(&out, 200);
    assert_int_equal(signature_write(&order, &out), ERR_TOO_LARGE);
    assert_int_equal(out.n, 0);
    bytes_fini(&out);
}

/* P7.2, S12: keyIds that are never looked up. */
static void key_ids(void **state)
{
    static char long_one[2100];
    static const struct {
        const char *key_id;
        bool http;
        enum err expected;
    } rows[] = {
        {"https://a.example/actor#main-key", false, ERR_OK},
        {"https://a.example/users/x/main-key", false, ERR_OK},
        {"https://a.example/?author=1#main-key", false, ERR_OK},
        {"http://127.0.0.1:9101/actor#main-key", true, ERR_OK},
        {"http://127.0.0.1:9101/actor#main-key", false, ERR_KEY_ID},
        {"http://a.example/actor", false, ERR_KEY_ID},
        {"https://a@b/", false, ERR_KEY_ID},
        {"https://u:p@a.example/", false, ERR_KEY_ID},
        {"data:text/plain,x", true, ERR_KEY_ID},
        {"file:///etc/passwd", true, ERR_KEY_ID},
        {"gopher://a.example/", true, ERR_KEY_ID},
        {"acct:user@a.example", true, ERR_KEY_ID},
        {"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw", true, ERR_KEY_ID},
        {"Test", true, ERR_KEY_ID},
        {"", true, ERR_KEY_ID},
        {"https:///actor", true, ERR_KEY_ID},
        {"https://a.example\\@b.example/", true, ERR_KEY_ID},
        {"https://a.example/\r\nX: y", true, ERR_KEY_ID},
    };
    struct uri uri;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (signature_key_id(span_of(rows[i].key_id), rows[i].http, &uri) != rows[i].expected)
            fail_msg("%s", rows[i].key_id);
    memset(long_one, 'a', sizeof(long_one));
    memcpy(long_one, "https://a.example/", 18);
    assert_int_equal(signature_key_id((struct span){long_one, 2048}, false, &uri), ERR_OK);
    assert_int_equal(signature_key_id((struct span){long_one, 2049}, false, &uri), ERR_KEY_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(digest_given),
        cmocka_unit_test(refused_orders),
        cmocka_unit_test(key_ids),
    };
    return cmocka_run_group_tests_name("keys/signature_write", tests, keys_setup, keys_teardown);
}
