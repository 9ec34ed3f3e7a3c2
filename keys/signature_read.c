/* signature_read: judging the signature of a request, cheapest first: syntax, coverage, host, time,
 * digest, and only then (with a key that somebody fetched) the arithmetic.
 * May not know: where keys come from, JSON, what the request wants. */
#include "common/pure/date.h"
#include "common/pure/encode.h"
#include "keys/digest.h"
#include "keys/signature_parts.h"

enum { RAW_MAX = 2048 }; /* bytes of a signature, decoded: an RSA modulus of 16,384 bits */

typedef enum err label_check(const struct signature_request *request,
                             const struct signature_window *window,
                             const struct signature_label *label, struct signature *s);

/* --- parsing ----------------------------------------------------------------------------- */

/* What follows `Signature `, if that is what an Authorization field says. */
static struct span after_scheme(struct span value)
{
    struct span rest = span_trim(value), scheme = span_cut(&rest, ' ');
    return span_eq_ci(scheme, SPAN("Signature")) ? span_trim(rest) : SPAN_NONE;
}

enum err signature_parse(const struct signature_request *request, struct signature *ret)
{
    size_t values = 0, inputs = 0, logins = 0;
    *ret = (struct signature){.labels_n = 0};
    struct span value = signature_field(request, SPAN("signature"), &values);
    struct span input = signature_field(request, SPAN("signature-input"), &inputs);
    struct span login = signature_field(request, SPAN("authorization"), &logins);
    login = logins ? after_scheme(login) : SPAN_NONE;
    if (values > 1 || inputs > 1 || (login.p && (logins > 1 || values || inputs)))
        return signature_refuse(ret, ERR_SIGNATURE_SYNTAX, "there is more than one signature field",
                                inputs > 1 ? SPAN("Signature-Input") : SPAN("Signature"));
    if (inputs != 0 && !values)
        return signature_refuse(ret, ERR_SIGNATURE_SYNTAX, "Signature-Input without a signature",
                                SPAN("Signature"));
    if (!values && !login.p)
        return signature_refuse(ret, ERR_SIGNATURE_MISSING, "there is no such field",
                                SPAN("Signature"));
    if (value.n > SIGNATURE_FIELD_MAX || input.n > SIGNATURE_FIELD_MAX ||
        login.n > SIGNATURE_FIELD_MAX)
        return signature_refuse(ret, ERR_SIGNATURE_SYNTAX, "the field is too long",
                                SPAN("Signature"));
    if (inputs)
        return rfc9421_parse(input, value, ret);
    /* Some write the scheme's name into Signature too; Mastodon lets them. */
    struct span bare = after_scheme(value);
    return cavage_parse(login.p ? login : bare.p ? bare : value, ret);
}

/* --- checks ------------------------------------------------------------------------------ */

static enum err check_coverage(const struct signature_request *request,
                               const struct signature_window *window,
                               const struct signature_label *label, struct signature *s)
{
    (void)window;
    return s->scheme == SIGNATURE_CAVAGE ? cavage_covers(request, label, s)
                                         : rfc9421_covers(request, label, s);
}

static enum err check_moment(const struct signature_window *window, int64_t when, const char *what,
                             struct signature *s)
{
    if (when < window->now - window->past)
        return signature_refuse(s, ERR_SIGNATURE_WINDOW, "too old", span_of(what));
    if (when > window->now + window->future)
        return signature_refuse(s, ERR_SIGNATURE_WINDOW, "too far in the future", span_of(what));
    return ERR_OK;
}

/* Times that are not covered prove nothing, so Date counts only if it is; `expires` can only
 * shorten a life, so it counts always. */
static enum err check_window(const struct signature_request *request,
                             const struct signature_window *window,
                             const struct signature_label *label, struct signature *s)
{
    enum err e = ERR_OK;
    bool rfc9421 = s->scheme == SIGNATURE_RFC9421;
    if (rfc9421 || signature_covers(label, "(created)"))
        e = check_moment(window, label->created, "created", s);
    if (!e && label->expires != SIGNATURE_NO_TIME) {
        if (label->expires < window->now)
            e = signature_refuse(s, ERR_SIGNATURE_WINDOW, "in the past", SPAN("expires"));
        else if (label->created != SIGNATURE_NO_TIME && label->expires < label->created)
            e = signature_refuse(s, ERR_SIGNATURE_WINDOW, "before created", SPAN("expires"));
    }
    if (e || rfc9421 || !signature_covers(label, "date"))
        return e;
    int64_t date;
    size_t count;
    if (!date_http_read(span_trim(signature_field(request, SPAN("date"), &count)), &date))
        return signature_refuse(s, ERR_SIGNATURE_WINDOW, "not an HTTP date (IMF-fixdate, GMT)",
                                SPAN("Date"));
    return check_moment(window, date, "Date", s);
}

/* Whoever reads the other of the two would see another request (ATTACKS H28). */
static enum err check_single(const struct signature_request *request, struct signature *s)
{
    static const char *const single[] = {"host", "date", "digest", "content-digest",
                                         "content-type"};
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        size_t count;
        signature_field(request, span_of(single[i]), &count);
        if (count > 1)
            return signature_refuse(s, ERR_BAD_REQUEST, "this field stands twice",
                                    span_of(single[i]));
    }
    return ERR_OK;
}

static enum err check_host(const struct signature_request *request, struct signature *s)
{
    char authority[URI_AUTHORITY_SIZE];
    size_t count;
    struct span host = span_trim(signature_field(request, SPAN("host"), &count));
    bool https = span_eq_str(request->scheme, "https");
    if (!count || !uri_authority(host, https, authority) ||
        !span_eq(request->authority, span_of(authority)))
        return signature_refuse(s, ERR_MISDIRECTED, "Host does not name this server", host);
    return ERR_OK;
}

static enum err check_digest(const struct signature_request *request, struct signature *s)
{
    bool cavage = s->scheme == SIGNATURE_CAVAGE;
    const char *name = cavage ? "digest" : "content-digest";
    bool covered = false;
    for (size_t i = 0; i < s->labels_n; i++)
        covered = covered || signature_covers(&s->labels[i], name);
    if (!covered)
        return ERR_OK; /* there is no body then: check_coverage() */
    size_t count;
    struct span field = span_trim(signature_field(request, span_of(name), &count));
    enum err e =
        cavage ? digest_check(field, request->body) : content_digest_check(field, request->body);
    if (e)
        return signature_refuse(s, e,
                                e == ERR_BAD_REQUEST ? "the field can't be parsed"
                                                     : "no SHA-256 or SHA-512 of this body",
                                span_of(name));
    return ERR_OK;
}

/* Keeps the labels that pass; the first one's error if none does. */
static enum err keep(label_check *check, const struct signature_request *request,
                     const struct signature_window *window, struct signature *s)
{
    size_t kept = 0;
    enum err first = ERR_OK;
    const char *why = NULL;
    struct span about = SPAN_NONE;
    for (size_t i = 0; i < s->labels_n; i++) {
        enum err e = check(request, window, &s->labels[i], s);
        if (!e) {
            s->labels[kept++] = s->labels[i];
        } else if (!first) {
            first = e;
            why = s->why;
            about = s->about;
        }
    }
    s->labels_n = kept;
    if (!kept)
        return signature_refuse(s, first, why, about);
    s->why = NULL;
    s->about = SPAN_NONE;
    return ERR_OK;
}

enum err signature_read(const struct signature_request *request,
                        const struct signature_window *window, struct signature *ret)
{
    enum err e = signature_parse(request, ret);
    if (!e)
        e = check_single(request, ret);
    if (!e)
        e = keep(check_coverage, request, window, ret);
    if (!e)
        e = check_host(request, ret);
    if (!e)
        e = keep(check_window, request, window, ret);
    if (!e)
        e = check_digest(request, ret);
    if (e)
        return e;
    ret->key_id = ret->labels[0].key_id;
    for (size_t i = 1; i < ret->labels_n; i++)
        if (!span_eq(ret->labels[i].key_id, ret->key_id))
            return signature_refuse(ret, ERR_SIGNATURE_SYNTAX, "the labels name different keys",
                                    ret->labels[i].name);
    return ERR_OK;
}

enum err signature_key_id(struct span key_id, bool allow_http, struct uri *ret)
{
    if (uri_read(key_id, ret) != ERR_OK || (!ret->https && !allow_http))
        return ERR_KEY_ID;
    return ERR_OK;
}

/* --- arithmetic -------------------------------------------------------------------------- */

static enum err verify_text(const struct signature *s, size_t label,
                            const struct signature_request *request, bool with_query,
                            const struct pubkey *key, struct span raw)
{
    const struct signature_label *l = &s->labels[label];
    enum pubkey_hash hashes[2];
    size_t n;
    bool fits = s->scheme == SIGNATURE_CAVAGE
                    ? cavage_hashes(l->algorithm, pubkey_kind(key), hashes, &n)
                    : rfc9421_hashes(l->algorithm, pubkey_kind(key), hashes, &n);
    if (!fits)
        return ERR_SIGNATURE_ALGORITHM;
    struct bytes base;
    bytes_init(&base, SIGNATURE_BASE_MAX);
    enum err e = signature_base(s, label, request, with_query, &base);
    if (!e) {
        e = ERR_SIGNATURE_INVALID;
        for (size_t i = 0; i < n && e; i++)
            e = pubkey_verify(key, hashes[i], bytes_span(&base), raw);
    }
    bytes_fini(&base);
    return e;
}

enum err signature_verify(const struct signature *signature,
                          const struct signature_request *request, const struct pubkey *key)
{
    enum err first = ERR_SIGNATURE_INVALID;
    bool short_too =
        signature->scheme == SIGNATURE_CAVAGE && signature_query(request->target).n > 0;
    for (size_t i = 0; i < signature->labels_n; i++) {
        struct bytes raw;
        bytes_init(&raw, RAW_MAX);
        enum err e = ERR_SIGNATURE_INVALID;
        if (base64_read(&raw, signature->labels[i].value))
            e = verify_text(signature, i, request, true, key, bytes_span(&raw));
        if (e == ERR_SIGNATURE_INVALID && raw.n && short_too)
            e = verify_text(signature, i, request, false, key, bytes_span(&raw));
        bytes_fini(&raw);
        if (!e)
            return ERR_OK;
        if (i == 0)
            first = e;
    }
    return first;
}
