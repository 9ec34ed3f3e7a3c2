/* rfc9421: HTTP Message Signatures: the two fields, what must be covered, what is signed.
 *
 * Of the RFC's components we know the fields and the derived ones of a request, without parameters;
 * a label that uses more is refused, never half understood. Labels stand alone: what one covers
 * says nothing for another.
 * May not know: draft-cavage, the time, keys beyond their kind. */
#include "keys/signature_parts.h"

#include "keys/sfv.h"

/* --- Signature-Input --------------------------------------------------------------------- */

/* What is wrong with one label; the first thing found. */
struct fault {
    enum err e;
    const char *why;
    struct span about;
};

static void note(struct fault *fault, enum err e, const char *why, struct span about)
{
    if (!fault->e)
        *fault = (struct fault){e, why, about};
}

static bool derived_known(struct span name)
{
    static const char *const known[] = {"@method", "@target-uri", "@authority",     "@scheme",
                                        "@path",   "@query",      "@request-target"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (span_eq_str(name, known[i]))
            return true;
    return false;
}

/* The parameters of a component. Each changes what is signed, and we know none. */
static bool skip_parameters(struct span *at, bool *ret_any)
{
    *ret_any = false;
    while (at->n && at->p[0] == ';') {
        struct span name;
        bool has_value;
        if (!sfv_parameter(at, &name, &has_value) || (has_value && !sfv_skip(at)))
            return false;
        *ret_any = true;
    }
    return true;
}

/* `("@method" "date")`: false where it is no list of strings. */
static bool read_components(struct span *at, struct signature_label *label, struct fault *fault)
{
    if (!sfv_eat(at, '('))
        return false;
    for (;;) {
        bool gap = false, parameters;
        struct span name;
        while (sfv_eat(at, ' '))
            gap = true;
        if (sfv_eat(at, ')'))
            return true;
        if ((label->names_n && !gap) || !sfv_string(at, &name) || !skip_parameters(at, &parameters))
            return false;
        if (parameters)
            note(fault, ERR_SIGNATURE_SYNTAX, "with parameters, which are not supported", name);
        else if (!derived_known(name) && !signature_is_field_name(name))
            note(fault, ERR_SIGNATURE_SYNTAX, "not a component that is known here", name);
        if (!signature_label_add(label, name))
            note(fault, ERR_SIGNATURE_SYNTAX, "covered twice, or too many are", name);
    }
}

/* A parameter that holds a string. Escapes are in no URL and no name of an algorithm; nonce and tag
 * say nothing to us. */
static bool read_text(struct span *at, struct span name, struct signature_label *label,
                      struct fault *fault)
{
    struct span text;
    if (!sfv_string(at, &text))
        return false;
    bool key_id = span_eq_str(name, "keyid");
    if (key_id)
        label->key_id = text;
    else if (span_eq_str(name, "alg"))
        label->algorithm = text;
    if (key_id && span_find(text, '\\') >= 0)
        note(fault, ERR_SIGNATURE_SYNTAX, "holds an escape", name);
    return true;
}

static bool read_parameters(struct span *at, struct signature_label *label, struct fault *fault)
{
    static const char *const known[] = {"created", "expires", "keyid", "alg", "nonce", "tag"};
    enum { TIMES = 2, KNOWN = 6 };
    bool seen[KNOWN] = {false};
    while (at->n && at->p[0] == ';') {
        struct span name;
        bool has_value;
        if (!sfv_parameter(at, &name, &has_value))
            return false;
        size_t k = span_among(name, known, KNOWN);
        if (k == KNOWN || seen[k]) {
            note(fault, ERR_SIGNATURE_SYNTAX, "a parameter that is unknown, or stands twice", name);
            if (has_value && !sfv_skip(at))
                return false;
            continue;
        }
        seen[k] = true;
        int64_t *time = k == 0 ? &label->created : &label->expires;
        if (!has_value || !(k < TIMES ? sfv_integer(at, time) : read_text(at, name, label, fault)))
            return false;
    }
    return true;
}

/* What the label says, beyond its syntax. */
static void judge_label(const struct signature_label *label, struct fault *fault)
{
    enum pubkey_hash hashes[2];
    size_t n;
    if (!label->key_id.n)
        note(fault, ERR_SIGNATURE_SYNTAX, "missing or empty", SPAN("keyid"));
    if (!rfc9421_hashes(label->algorithm, PUBKEY_RSA, hashes, &n) &&
        !rfc9421_hashes(label->algorithm, PUBKEY_ED25519, hashes, &n))
        note(fault, ERR_SIGNATURE_ALGORITHM, "not accepted", label->algorithm);
}

static struct signature_label *find_label(struct signature *s, struct span name)
{
    for (size_t i = 0; i < s->labels_n; i++)
        if (span_eq(s->labels[i].name, name))
            return &s->labels[i];
    return NULL;
}

static enum err read_input(struct span at, struct signature *s, struct fault *faults)
{
    static const char bad[] = "Signature-Input is not a dictionary of lists";
    bool first = true;
    at = span_trim(at);
    while (sfv_next(&at, &first)) {
        struct span name;
        if (!sfv_key(&at, &name))
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, bad, at);
        if (find_label(s, name) || s->labels_n == SIGNATURE_LABELS)
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX,
                                    "a label stands twice, or there are too many", name);
        struct fault *fault = &faults[s->labels_n];
        struct signature_label *label = &s->labels[s->labels_n++];
        label->name = name;
        label->created = label->expires = SIGNATURE_NO_TIME;
        const char *start = at.p;
        if (!read_components(&at, label, fault) || !read_parameters(&at, label, fault))
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, bad, name);
        label->params = (struct span){start, (size_t)(at.p - start)};
        judge_label(label, fault);
    }
    return at.n || !s->labels_n ? signature_refuse(s, ERR_SIGNATURE_SYNTAX, bad, at) : ERR_OK;
}

/* --- Signature --------------------------------------------------------------------------- */

static enum err read_values(struct span at, struct signature *s)
{
    static const char bad[] = "Signature is not a dictionary of byte sequences";
    size_t found = 0;
    bool first = true;
    at = span_trim(at);
    while (sfv_next(&at, &first)) {
        struct span name, value;
        if (!sfv_key(&at, &name) || !sfv_binary(&at, &value) || !value.n)
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX, bad, at);
        struct signature_label *label = find_label(s, name);
        if (!label || label->value.p)
            return signature_refuse(s, ERR_SIGNATURE_SYNTAX,
                                    "a signature without its label in Signature-Input, or twice",
                                    name);
        label->value = value;
        found++;
    }
    if (at.n)
        return signature_refuse(s, ERR_SIGNATURE_SYNTAX, bad, at);
    if (found < s->labels_n)
        return signature_refuse(s, ERR_SIGNATURE_SYNTAX, "a label without its signature",
                                SPAN("Signature"));
    return ERR_OK;
}

enum err rfc9421_parse(struct span input, struct span value, struct signature *ret)
{
    struct fault faults[SIGNATURE_LABELS] = {{ERR_OK, NULL, SPAN_NONE}};
    ret->scheme = SIGNATURE_RFC9421;
    enum err e = read_input(input, ret, faults);
    if (!e)
        e = read_values(value, ret);
    if (e)
        return e;
    size_t kept = 0;
    const struct fault *worst = NULL;
    for (size_t i = 0; i < ret->labels_n; i++) {
        if (!faults[i].e)
            ret->labels[kept++] = ret->labels[i];
        else if (!worst)
            worst = &faults[i];
    }
    ret->labels_n = kept;
    return kept || !worst ? ERR_OK : signature_refuse(ret, worst->e, worst->why, worst->about);
}

bool rfc9421_hashes(struct span algorithm, enum pubkey_kind kind, enum pubkey_hash ret[2],
                    size_t *ret_n)
{
    const char *name = kind == PUBKEY_RSA ? "rsa-v1_5-sha256" : "ed25519";
    *ret_n = 1;
    ret[0] = ret[1] = PUBKEY_SHA256;
    return !algorithm.p || span_eq_str(algorithm, name);
}

/* --- what must be covered ---------------------------------------------------------------- */

static const char *missing_target(const struct signature_request *request,
                                  const struct signature_label *label)
{
    if (signature_covers(label, "@target-uri"))
        return NULL;
    if (!signature_covers(label, "@authority"))
        return "@target-uri";
    if (signature_covers(label, "@request-target"))
        return NULL;
    if (!signature_covers(label, "@path"))
        return "@path";
    if (signature_query(request->target).n && !signature_covers(label, "@query"))
        return "@query";
    return NULL;
}

enum err rfc9421_covers(const struct signature_request *request,
                        const struct signature_label *label, struct signature *s)
{
    const char *missing = signature_covers(label, "@method") ? NULL : "@method";
    if (!missing)
        missing = missing_target(request, label);
    if (!missing && request->body.n && !signature_covers(label, "content-digest"))
        missing = "content-digest";
    if (!missing && label->created == SIGNATURE_NO_TIME)
        missing = "created";
    if (missing)
        return signature_refuse(s, ERR_SIGNATURE_COVERAGE, "not covered", span_of(missing));
    for (size_t i = 0; i < label->names_n; i++) {
        size_t count = 1;
        if (label->names[i].p[0] != '@')
            signature_field(request, label->names[i], &count);
        if (!count)
            return signature_refuse(s, ERR_SIGNATURE_COVERAGE,
                                    "covered, but there is no such header", label->names[i]);
    }
    return ERR_OK;
}

/* --- what is signed ---------------------------------------------------------------------- */

static void add_derived(const struct signature_request *request, struct span name,
                        struct bytes *out)
{
    struct span path = signature_path(request->target), query = signature_query(request->target);
    if (span_eq_str(name, "@method")) {
        bytes_add(out, request->method);
    } else if (span_eq_str(name, "@target-uri")) {
        bytes_add(out, request->scheme);
        bytes_add_str(out, "://");
        bytes_add(out, request->authority);
        bytes_add(out, request->target);
    } else if (span_eq_str(name, "@authority")) {
        bytes_add(out, request->authority);
    } else if (span_eq_str(name, "@scheme")) {
        bytes_add(out, request->scheme);
    } else if (span_eq_str(name, "@path")) {
        bytes_add(out, path.n ? path : SPAN("/"));
    } else if (span_eq_str(name, "@query")) {
        bytes_add(out, query.n ? query : SPAN("?"));
    } else {
        bytes_add(out, request->target); /* @request-target */
    }
}

enum err rfc9421_base(const struct signature_label *label, const struct signature_request *request,
                      struct bytes *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < label->names_n && !e; i++) {
        bytes_add_char(out, '"');
        bytes_add(out, label->names[i]);
        bytes_add_str(out, "\": ");
        if (label->names[i].p[0] == '@')
            add_derived(request, label->names[i], out);
        else
            e = signature_field_add(request, label->names[i], true, out);
        bytes_add_char(out, '\n');
    }
    bytes_add_str(out, "\"@signature-params\": ");
    sfv_list_write(out, label->params);
    return e;
}
