/* cavage: draft-cavage-http-signatures-12: the Signature field, what it must cover, what is signed.
 *
 * The algorithm `hs2019`, or none, says "look at the key"; the names that start with `rsa-` are
 * older, and the draft forbids (created) and (expires) with them (section 2.3).
 * May not know: RFC 9421, the time, keys beyond their kind. */
#include "keys/signature_parts.h"

#include <stdio.h>
#include <string.h>

enum { PARAMETERS_MAX = 16 };

/* --- the field --------------------------------------------------------------------------- */

struct parameter {
    struct span name, text;
    bool quoted;
};

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool text_char(char c, bool quoted)
{
    return quoted ? c >= ' ' && c <= '~' && c != '"' && c != '\\' : c >= '0' && c <= '9';
}

/* `name="text"` or `name=digits`. No escapes: nothing that stands here needs one, and who reads
 * them differently would see another keyId. */
static bool parameter_take(struct span *at, struct parameter *ret)
{
    size_t n = 0;
    while (n < at->n && name_char(at->p[n]))
        n++;
    if (n == 0 || n + 1 >= at->n || at->p[n] != '=')
        return false;
    ret->name = (struct span){at->p, n};
    ret->quoted = at->p[n + 1] == '"';
    size_t start = n + 1 + ret->quoted, end = start;
    while (end < at->n && text_char(at->p[end], ret->quoted))
        end++;
    ret->text = (struct span){at->p + start, end - start};
    if (ret->quoted ? end == at->n || at->p[end++] != '"' : end == start)
        return false;
    *at = span_trim((struct span){at->p + end, at->n - end});
    return true;
}

/* A whole number as the signing string writes it again: at most 15 digits, no leading zero. */
static bool read_time(const struct parameter *parameter, int64_t *ret)
{
    uint64_t value;
    struct span text = parameter->text;
    if (parameter->quoted || text.n > 15 || (text.n > 1 && text.p[0] == '0') ||
        !span_u64(text, INT64_MAX, &value))
        return false;
    *ret = (int64_t)value;
    return true;
}

static enum err read_headers(struct span headers, struct signature *s)
{
    struct signature_label *label = &s->labels[0];
    if (!headers.n)
        return signature_refuse(s, ERR_SIGNATURE_COVERAGE, "covers nothing", SPAN("headers"));
    while (headers.p) {
        struct span name = span_cut(&headers, ' ');
        bool special = span_eq_str(name, "(request-target)") || span_eq_str(name, "(created)") ||
                       span_eq_str(name, "(expires)");
        if (!special && !signature_is_field_name(name))
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "no name of a header", name);
        if (!signature_label_add(label, name))
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "covered twice, or too many are",
                                    name);
    }
    return ERR_OK;
}

static enum err take_parameter(const struct parameter *parameter, struct signature *s,
                               struct span *headers)
{
    struct signature_label *label = &s->labels[0];
    struct span *text = span_eq_str(parameter->name, "keyId")       ? &label->key_id
                        : span_eq_str(parameter->name, "algorithm") ? &label->algorithm
                        : span_eq_str(parameter->name, "headers")   ? headers
                        : span_eq_str(parameter->name, "signature") ? &label->value
                                                                    : NULL;
    int64_t *time = span_eq_str(parameter->name, "created")   ? &label->created
                    : span_eq_str(parameter->name, "expires") ? &label->expires
                                                              : NULL;
    if (text && !parameter->quoted)
        return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "must stand in quotes", parameter->name);
    if (text)
        *text = parameter->text;
    if (time && !read_time(parameter, time))
        return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "must be a whole number", parameter->name);
    return ERR_OK;
}

static enum err read_parameters(struct span value, struct signature *s, struct span *headers)
{
    struct span seen[PARAMETERS_MAX];
    struct span at = span_trim(value);
    for (size_t n = 0;; n++) {
        struct parameter parameter;
        if (!parameter_take(&at, &parameter) || n == PARAMETERS_MAX)
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX,
                                    "not a list of parameters name=\"value\"", at);
        for (size_t i = 0; i < n; i++)
            if (span_eq(seen[i], parameter.name))
                return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "stands twice", parameter.name);
        seen[n] = parameter.name;
        enum err e = take_parameter(&parameter, s, headers);
        if (e)
            return e;
        if (!at.n)
            return ERR_OK;
        if (at.p[0] != ',')
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "no comma between parameters", at);
        at = span_trim((struct span){at.p + 1, at.n - 1});
    }
}

enum err cavage_parse(struct span value, struct signature *ret)
{
    struct signature_label *label = &ret->labels[0];
    struct span headers = SPAN_NONE;
    enum pubkey_hash hashes[2];
    size_t n;
    ret->scheme = SIGNATURE_CAVAGE;
    label->created = label->expires = SIGNATURE_NO_TIME;
    enum err e = read_parameters(value, ret, &headers);
    if (e)
        return e;
    if (!label->key_id.n || !label->value.n)
        return signature_refuse(ret, ERR_SIGNATURE_SYNTAX, "missing or empty",
                                label->value.n ? SPAN("keyId") : SPAN("signature"));
    if (!cavage_hashes(label->algorithm, PUBKEY_RSA, hashes, &n))
        return signature_refuse(ret, ERR_SIGNATURE_ALGORITHM, "not accepted", label->algorithm);
    if (!headers.p) /* draft 2.1.6, and what older drafts said */
        headers = label->created == SIGNATURE_NO_TIME ? SPAN("date") : SPAN("(created)");
    e = read_headers(headers, ret);
    if (e)
        return e;
    ret->labels_n = 1;
    return ERR_OK;
}

bool cavage_hashes(struct span algorithm, enum pubkey_kind kind, enum pubkey_hash ret[2],
                   size_t *ret_n)
{
    bool open = !algorithm.p || span_eq_str(algorithm, "hs2019");
    bool rsa_512 = span_eq_str(algorithm, "rsa-sha512");
    *ret_n = open && kind == PUBKEY_RSA ? 2 : 1;
    ret[0] = rsa_512 ? PUBKEY_SHA512 : PUBKEY_SHA256;
    ret[1] = PUBKEY_SHA512;
    return open || (kind == PUBKEY_RSA && (rsa_512 || span_eq_str(algorithm, "rsa-sha256")));
}

/* --- what must be covered ---------------------------------------------------------------- */

/* Everything listed must be there, and allowed with this algorithm. */
static enum err check_listed(const struct signature_request *request,
                             const struct signature_label *label, struct signature *s)
{
    bool old = span_starts(label->algorithm, SPAN("rsa-"));
    for (size_t i = 0; i < label->names_n; i++) {
        struct span name = label->names[i];
        size_t count = 1;
        if (name.p[0] != '(')
            signature_field(request, name, &count);
        if (!count)
            return signature_refuse(s, ERR_SIGNATURE_COVERAGE,
                                    "covered, but there is no such header", name);
        if (name.p[0] != '(' || span_eq_str(name, "(request-target)"))
            continue;
        if (old)
            return signature_refuse(s, ERR_SIGNATURE_ALGORITHM, "may be covered with hs2019 only",
                                    name);
        bool created = span_eq_str(name, "(created)");
        if ((created ? label->created : label->expires) == SIGNATURE_NO_TIME)
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX,
                                    "covered, but there is no such parameter", name);
    }
    return ERR_OK;
}

enum err cavage_covers(const struct signature_request *request, const struct signature_label *label,
                       struct signature *s)
{
    static const char *const always[] = {"(request-target)", "host"};
    const char *missing = NULL;
    for (size_t i = 0; i < 2 && !missing; i++)
        if (!signature_covers(label, always[i]))
            missing = always[i];
    if (!missing && !signature_covers(label, "date") && !signature_covers(label, "(created)"))
        missing = "date";
    if (!missing && request->body.n && !signature_covers(label, "digest"))
        missing = "digest";
    if (missing)
        return signature_refuse(s, ERR_SIGNATURE_COVERAGE, "not covered", span_of(missing));
    return check_listed(request, label, s);
}

/* --- what is signed ---------------------------------------------------------------------- */

static void add_target(const struct signature_request *request, bool with_query, struct bytes *out)
{
    for (size_t i = 0; i < request->method.n; i++) {
        char c = request->method.p[i];
        bytes_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c);
    }
    bytes_add_char(out, ' ');
    bytes_add(out, with_query ? request->target : signature_path(request->target));
}

enum err cavage_base(const struct signature_label *label, const struct signature_request *request,
                     bool with_query, struct bytes *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < label->names_n && !e; i++) {
        struct span name = label->names[i];
        if (i)
            bytes_add_char(out, '\n');
        bytes_add(out, name);
        bytes_add_str(out, ": ");
        if (span_eq_str(name, "(request-target)"))
            add_target(request, with_query, out);
        else if (span_eq_str(name, "(created)"))
            bytes_addf(out, "%lld", (long long)label->created);
        else if (span_eq_str(name, "(expires)"))
            bytes_addf(out, "%lld", (long long)label->expires);
        else
            e = signature_field_add(request, name, false, out);
    }
    return e;
}
