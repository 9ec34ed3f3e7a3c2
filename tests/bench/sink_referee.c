/* sink_referee: takes the Signature field apart, puts the signed text together, verifies.
 * May not know: who asks, how often; Weir's own code for signatures. */
#include "tests/bench/sink_referee.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/encode.h"

enum { TEXT_MAX = 8192, SIGNATURE_MAX = 512 };

struct referee {
    EVP_PKEY *key;
    EVP_MD_CTX *ctx;
};

struct referee *referee_new(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    if (!key)
        return NULL;
    struct referee *r = mem_new(sizeof(*r));
    r->key = key;
    r->ctx = EVP_MD_CTX_new();
    if (!r->ctx)
        abort();
    return r;
}

void referee_free(struct referee **referee)
{
    struct referee *r = *referee;
    *referee = NULL;
    if (!r)
        return;
    EVP_MD_CTX_free(r->ctx);
    EVP_PKEY_free(r->key);
    free(r);
}

/* `name="value"` in the field, whichever place it has; absent if it is not there. */
static struct span parameter(struct span field, struct span name)
{
    while (field.p) {
        struct span one = span_trim(span_cut(&field, ','));
        if (span_starts(one, name) && one.n > name.n + 3 && one.p[name.n] == '=' &&
            one.p[name.n + 1] == '"' && one.p[one.n - 1] == '"')
            return (struct span){one.p + name.n + 2, one.n - name.n - 3};
    }
    return SPAN_NONE;
}

static bool digest_fits(const struct request *request)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct bytes text;
    if (EVP_Digest(request->body.p, request->body.n, raw, &n, EVP_sha256(), NULL) != 1)
        return false;
    bytes_init(&text, 128);
    bytes_add_str(&text, "SHA-256=");
    base64_write(&text, (struct span){(const char *)raw, n});
    bool fits = span_eq(request_field(request, SPAN("digest")), bytes_span(&text));
    bytes_fini(&text);
    return fits;
}

/* One line of the signed text; false if what it covers is not there. */
static bool add_line(struct bytes *text, const struct request *request, struct span name)
{
    if (text->n)
        bytes_add_char(text, '\n');
    if (span_eq_str(name, "(request-target)"))
        return bytes_addf(text, "(request-target): post %.*s", SPAN_ARG(request->target));
    struct span value = request_field(request, name);
    return value.p && bytes_addf(text, "%.*s: %.*s", SPAN_ARG(name), SPAN_ARG(value));
}

/* False if something is covered that is not there, or what must be covered is not. */
static bool signed_text(struct bytes *text, const struct request *request, struct span headers)
{
    static const char *const must[] = {"(request-target)", "host", "date", "digest"};
    unsigned found = 0;
    while (headers.p) {
        struct span name = span_cut(&headers, ' ');
        for (unsigned i = 0; i < 4; i++)
            if (span_eq_str(name, must[i]))
                found |= 1U << i;
        if (!add_line(text, request, name))
            return false;
    }
    return found == 15;
}

static bool verified(struct referee *r, struct span text, struct span signature)
{
    EVP_MD_CTX_reset(r->ctx);
    return EVP_DigestVerifyInit(r->ctx, NULL, EVP_sha256(), NULL, r->key) == 1 &&
           EVP_DigestVerify(r->ctx, (const unsigned char *)signature.p, signature.n,
                            (const unsigned char *)text.p, text.n) == 1;
}

const char *referee_check(struct referee *r, const struct request *request, struct span authority)
{
    struct span field = request_field(request, SPAN("signature"));
    struct span encoded = parameter(field, SPAN("signature"));
    struct bytes text, raw;
    const char *wrong = NULL;
    if (!span_eq(request_field(request, SPAN("host")), authority))
        return "the host is another one";
    if (!digest_fits(request))
        return "the digest does not fit the body";
    bytes_init(&text, TEXT_MAX);
    bytes_init(&raw, SIGNATURE_MAX);
    if (!signed_text(&text, request, parameter(field, SPAN("headers"))))
        wrong = "the signature does not cover what it must";
    else if (!encoded.p || !base64_read(&raw, encoded) ||
             !verified(r, bytes_span(&text), bytes_span(&raw)))
        wrong = "the signature does not fit the key";
    bytes_fini(&text);
    bytes_fini(&raw);
    return wrong;
}
