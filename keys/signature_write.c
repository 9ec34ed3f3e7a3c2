/* signature_write: signing what we send.
 *
 * The text that is signed is made by the same function that verifies: an order is turned into the
 * request that the receiver will see, and into the signature that it will read.
 * May not know: who receives it, when to sign again. */
#include "common/pure/date.h"
#include "common/pure/encode.h"
#include "keys/digest.h"
#include "keys/signature_parts.h"

enum {
    FIELDS = 4,
    DIGEST_MAX = 128,
    PARAMS_MAX = 4096,
    TEXT_USUAL = 1023 /* bytes of what is signed, and of the fields, as they mostly are */
};

/* What is put together before it is signed. */
struct draft {
    char date[DATE_HTTP_SIZE];
    struct bytes digest; /* made here unless the order has it */
    struct bytes params; /* rfc9421 */
    struct signature_field fields[FIELDS];
    struct signature_request request;
    struct signature signature;
};

/* Printable, without what a URL can't hold and a quoted parameter would end at. */
static bool is_word(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return s.n > 0;
}

static bool is_line(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

static enum err check(const struct signature_order *order)
{
    if (!is_word(order->key_id))
        return ERR_KEY_ID;
    if (!is_word(order->method) || !is_word(order->url_scheme) || !is_word(order->authority) ||
        !is_word(order->target) || !is_line(order->digest) || !is_line(order->content_type))
        return ERR_URL;
    return ERR_OK;
}

static void add_field(struct draft *d, const char *name, struct span value)
{
    d->fields[d->request.fields_n++] = (struct signature_field){span_of(name), value};
}

static void fill_request(const struct signature_order *order, struct draft *d)
{
    d->request = (struct signature_request){.method = order->method,
                                            .target = order->target,
                                            .scheme = order->url_scheme,
                                            .authority = order->authority,
                                            .fields = d->fields,
                                            .body = order->body};
    bool cavage = order->scheme == SIGNATURE_CAVAGE;
    struct span digest = order->digest;
    date_http_write(order->now, d->date);
    add_field(d, "host", order->authority);
    add_field(d, "date", span_of(d->date));
    if (order->body.n && !digest.p) {
        (cavage ? digest_write : content_digest_write)(&d->digest, order->body);
        digest = bytes_span(&d->digest);
    }
    if (digest.p)
        add_field(d, cavage ? "digest" : "content-digest", digest);
    if (digest.p && order->content_type.p)
        add_field(d, "content-type", order->content_type);
}

static void fill_cavage(const struct signature_order *order, struct draft *d)
{
    struct signature_label *label = &d->signature.labels[0];
    signature_label_add(label, SPAN("(request-target)"));
    for (size_t i = 0; i < d->request.fields_n; i++)
        signature_label_add(label, d->fields[i].name);
    /* The draft wants hs2019 everywhere; old Misskey knows only rsa-sha256, and all know that. */
    label->algorithm = key_kind(order->key) == KEY_RSA ? SPAN("rsa-sha256") : SPAN("hs2019");
}

static void fill_rfc9421(const struct signature_order *order, struct draft *d)
{
    struct signature_label *label = &d->signature.labels[0];
    size_t count;
    signature_label_add(label, SPAN("@method"));
    signature_label_add(label, SPAN("@target-uri"));
    signature_field(&d->request, SPAN("content-digest"), &count);
    if (count)
        signature_label_add(label, SPAN("content-digest"));
    bytes_add_char(&d->params, '(');
    for (size_t i = 0; i < label->names_n; i++)
        bytes_addf(&d->params, "%s\"%.*s\"", i ? " " : "", SPAN_ARG(label->names[i]));
    bytes_addf(&d->params, ");created=%lld;keyid=\"%.*s\";alg=\"%s\"", (long long)order->now,
               SPAN_ARG(order->key_id),
               key_kind(order->key) == KEY_RSA ? "rsa-v1_5-sha256" : "ed25519");
    label->params = bytes_span(&d->params);
}

static enum err sign(const struct draft *d, const struct key *key, struct bytes *ret)
{
    struct bytes base, raw;
    bytes_init(&base, SIGNATURE_BASE_MAX);
    bytes_init(&raw, KEY_SIGNATURE_MAX);
    bytes_reserve(&base, TEXT_USUAL);
    enum err e =
        d->params.over ? ERR_TOO_LARGE : signature_base(&d->signature, 0, &d->request, true, &base);
    if (!e)
        e = key_sign(key, bytes_span(&base), &raw);
    if (!e)
        base64_write(ret, bytes_span(&raw));
    bytes_fini(&raw);
    bytes_fini(&base);
    return e;
}

/* This is done for every delivery: no printf. */
static void add_all(struct bytes *out, const char *before, struct span s, const char *behind)
{
    bytes_add_str(out, before);
    bytes_add(out, s);
    bytes_add_str(out, behind);
}

static void write_fields(const struct signature_order *order, const struct draft *d,
                         struct span value, struct bytes *out)
{
    const struct signature_label *label = &d->signature.labels[0];
    bool cavage = order->scheme == SIGNATURE_CAVAGE;
    size_t count;
    add_all(out, "Date: ", span_of(d->date), "\r\n");
    struct span digest =
        signature_field(&d->request, cavage ? SPAN("digest") : SPAN("content-digest"), &count);
    if (count)
        add_all(out, cavage ? "Digest: " : "Content-Digest: ", digest, "\r\n");
    if (!cavage) {
        bytes_addf(out, "Signature-Input: sig1=%.*s\r\nSignature: sig1=:%.*s:\r\n",
                   SPAN_ARG(label->params), SPAN_ARG(value));
        return;
    }
    add_all(out, "Signature: keyId=\"", order->key_id, "\",algorithm=\"");
    add_all(out, "", label->algorithm, "\",headers=\"");
    for (size_t i = 0; i < label->names_n; i++)
        add_all(out, i ? " " : "", label->names[i], "");
    add_all(out, "\",signature=\"", value, "\"\r\n");
}

enum err signature_write(const struct signature_order *order, struct bytes *out)
{
    enum err e = check(order);
    if (e)
        return e;
    struct draft d = {.signature = {.scheme = order->scheme, .labels_n = 1}};
    struct bytes value, lines;
    bytes_init(&d.digest, DIGEST_MAX);
    bytes_init(&d.params, PARAMS_MAX);
    bytes_init(&value, 2 * KEY_SIGNATURE_MAX);
    bytes_init(&lines, SIGNATURE_FIELD_MAX);
    bytes_reserve(&lines, TEXT_USUAL);
    fill_request(order, &d);
    if (order->scheme == SIGNATURE_CAVAGE)
        fill_cavage(order, &d);
    else
        fill_rfc9421(order, &d);
    e = sign(&d, order->key, &value);
    if (!e) {
        write_fields(order, &d, bytes_span(&value), &lines);
        if (lines.over || !bytes_add(out, bytes_span(&lines)))
            e = ERR_TOO_LARGE;
    }
    bytes_fini(&lines);
    bytes_fini(&value);
    bytes_fini(&d.params);
    bytes_fini(&d.digest);
    return e;
}
