/* requests: signed requests for the tests of signatures: one that verifies, and edits of it.
 *
 * An edit before signing gives a request whose signature is right as arithmetic, so that only the
 * rule under test can refuse it; an edit after signing is tampering. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pure/encode.h"
#include "keys/digest.h"
#include "keys/http_signature.h"

#define NOW      1703066400 /* 2023-12-20T10:00:00Z */
#define NOW_DATE "Wed, 20 Dec 2023 10:00:00 GMT"
#define KEY_ID   "https://peer.example/actor#main-key"

enum { SHAPE_FIELDS = 16, EDITS = 3 };

static const struct signature_window usual_window = {.now = NOW, .past = 3900, .future = 3600};
static const struct pubkey_limits usual_limits = {2048, 4096};

/* --- keys ------------------------------------------------------------------------------------ */

struct keys {
    struct key *rsa, *ed25519;
    struct pubkey *rsa_public, *ed25519_public;
};

static inline struct pubkey *public_of(const struct key *key)
{
    struct bytes pem;
    struct pubkey *ret;
    bytes_init(&pem, 4096);
    key_public_pem(key, &pem);
    assert_int_equal(pubkey_read(bytes_span(&pem), &usual_limits, &ret), ERR_OK);
    bytes_fini(&pem);
    return ret;
}

static inline struct key *key_made(const char *dir, enum key_kind kind)
{
    char path[64];
    struct bytes why;
    struct key *ret;
    bytes_init(&why, 256);
    snprintf(path, sizeof(path), "%s/%d", dir, (int)kind);
    assert_int_equal(key_create(path, kind, &why), ERR_OK);
    assert_int_equal(key_load(path, &why, &ret), ERR_OK);
    assert_int_equal(unlink(path), 0);
    bytes_fini(&why);
    return ret;
}

static inline int keys_setup(void **state)
{
    char dir[] = "/tmp/weir-keys-XXXXXX";
    struct keys *keys = mem_new(sizeof(*keys));
    assert_non_null(mkdtemp(dir));
    keys->rsa = key_made(dir, KEY_RSA);
    keys->ed25519 = key_made(dir, KEY_ED25519);
    keys->rsa_public = public_of(keys->rsa);
    keys->ed25519_public = public_of(keys->ed25519);
    assert_int_equal(rmdir(dir), 0);
    *state = keys;
    return 0;
}

static inline int keys_teardown(void **state)
{
    struct keys *keys = *state;
    key_free(&keys->rsa);
    key_free(&keys->ed25519);
    pubkey_free(&keys->rsa_public);
    pubkey_free(&keys->ed25519_public);
    free(keys);
    return 0;
}

/* --- requests -------------------------------------------------------------------------------- */

/* A request as text. Fields hold C strings; `covered` and `params` make the signature:
 * cavage  Signature: PARAMS,headers="COVERED",signature="..."
 * 9421    Signature-Input: sig1=(COVERED)PARAMS   Signature: sig1=:...: */
struct shape {
    enum signature_scheme scheme;
    const char *url_scheme, *authority, *method, *target, *body;
    const char *covered, *params;
    struct {
        const char *name, *value;
    } fields[SHAPE_FIELDS];
    size_t fields_n;
};

/* FIELD replaces the value of the field that `name` names, ADD adds one more, DROP removes it;
 * the others replace that part by `value`. */
enum slot { NONE, METHOD, TARGET, BODY, URL_SCHEME, AUTHORITY, COVERED, PARAMS, FIELD, ADD, DROP };
struct edit {
    enum slot slot;
    const char *name, *value;
};

static inline void shape_add(struct shape *s, const char *name, const char *value)
{
    assert_true(s->fields_n < SHAPE_FIELDS);
    s->fields[s->fields_n].name = name;
    s->fields[s->fields_n++].value = value;
}

static inline size_t shape_find(const struct shape *s, const char *name)
{
    size_t i = 0;
    while (i < s->fields_n && strcmp(s->fields[i].name, name) != 0)
        i++;
    assert_true(i < s->fields_n); /* an edit of what is not there tests nothing */
    return i;
}

static inline void shape_edit(struct shape *s, const struct edit *edit)
{
    size_t i;
    switch (edit->slot) {
    case NONE: break;
    case METHOD: s->method = edit->value; break;
    case TARGET: s->target = edit->value; break;
    case BODY: s->body = edit->value; break;
    case URL_SCHEME: s->url_scheme = edit->value; break;
    case AUTHORITY: s->authority = edit->value; break;
    case COVERED: s->covered = edit->value; break;
    case PARAMS: s->params = edit->value; break;
    case ADD: shape_add(s, edit->name, edit->value); break;
    case FIELD: s->fields[shape_find(s, edit->name)].value = edit->value; break;
    case DROP:
        i = shape_find(s, edit->name);
        s->fields[i] = s->fields[--s->fields_n];
        break;
    }
}

static inline struct shape shape_post(enum signature_scheme scheme)
{
    struct shape s = {.scheme = scheme,
                      .url_scheme = "https",
                      .authority = "relay.example",
                      .method = "POST",
                      .target = "/inbox",
                      .body = "{\"hello\": \"world\"}"};
    bool cavage = scheme == SIGNATURE_CAVAGE;
    shape_add(&s, "Host", "relay.example");
    shape_add(&s, "Date", NOW_DATE);
    shape_add(&s, "Content-Type", "application/activity+json");
    if (cavage)
        shape_add(&s, "Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=");
    else
        shape_add(&s, "Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    s.covered = cavage ? "(request-target) host date digest content-type"
                       : "\"@method\" \"@target-uri\" \"content-digest\"";
    s.params = cavage ? "keyId=\"" KEY_ID "\",algorithm=\"rsa-sha256\""
                      : ";created=1703066400;keyid=\"" KEY_ID "\";alg=\"rsa-v1_5-sha256\"";
    return s;
}

static inline struct shape shape_get(enum signature_scheme scheme)
{
    struct shape s = shape_post(scheme);
    bool cavage = scheme == SIGNATURE_CAVAGE;
    const struct edit edits[] = {
        {METHOD, NULL, "GET"},
        {TARGET, NULL, "/actor?page=1"},
        {BODY, NULL, ""},
        {DROP, cavage ? "Digest" : "Content-Digest", NULL},
        {DROP, "Content-Type", NULL},
        {COVERED, NULL, cavage ? "(request-target) host date" : "\"@method\" \"@target-uri\""}};
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
        shape_edit(&s, &edits[i]);
    return s;
}

/* The request over the shape's strings. */
struct built {
    struct signature_field fields[SHAPE_FIELDS + 2];
    struct signature_request request;
    struct bytes input, signature; /* the two fields made here */
};

static inline void built_fields(struct built *b, const struct shape *s)
{
    b->request = (struct signature_request){.method = span_of(s->method),
                                            .target = span_of(s->target),
                                            .scheme = span_of(s->url_scheme),
                                            .authority = span_of(s->authority),
                                            .body = span_of(s->body),
                                            .fields = b->fields};
    for (size_t i = 0; i < s->fields_n; i++)
        b->fields[b->request.fields_n++] =
            (struct signature_field){span_of(s->fields[i].name), span_of(s->fields[i].value)};
    if (b->input.n)
        b->fields[b->request.fields_n++] =
            (struct signature_field){SPAN("Signature-Input"), bytes_span(&b->input)};
    if (b->signature.n)
        b->fields[b->request.fields_n++] =
            (struct signature_field){SPAN("Signature"), bytes_span(&b->signature)};
}

static inline void built_signature(struct built *b, const struct shape *s, struct span value)
{
    bytes_clear(&b->input);
    bytes_clear(&b->signature);
    if (s->scheme == SIGNATURE_CAVAGE) {
        bytes_addf(&b->signature, "%s,headers=\"%s\",signature=\"%.*s\"", s->params, s->covered,
                   SPAN_ARG(value));
    } else {
        bytes_addf(&b->input, "sig1=(%s)%s", s->covered, s->params);
        bytes_addf(&b->signature, "sig1=:%.*s:", SPAN_ARG(value));
    }
}

/* Signs as the shape says. Where it says nothing that can be signed (the syntax is broken, a header
 * is missing), the signature is one of nothing: the rule under test refuses before it counts. */
static inline void built_sign(struct built *b, const struct shape *s, const struct key *key)
{
    struct signature parsed;
    struct bytes base, raw, value;
    bytes_init(&b->input, 65536);
    bytes_init(&b->signature, 65536);
    bytes_init(&base, SIGNATURE_BASE_MAX);
    bytes_init(&raw, KEY_SIGNATURE_MAX);
    bytes_init(&value, 1024);
    built_signature(b, s, SPAN("AAAA"));
    built_fields(b, s);
    if (signature_parse(&b->request, &parsed) != ERR_OK ||
        signature_base(&parsed, 0, &b->request, true, &base) != ERR_OK)
        bytes_clear(&base);
    assert_int_equal(key_sign(key, bytes_span(&base), &raw), ERR_OK);
    base64_write(&value, bytes_span(&raw));
    built_signature(b, s, bytes_span(&value));
    built_fields(b, s);
    bytes_fini(&value);
    bytes_fini(&raw);
    bytes_fini(&base);
}

static inline void built_fini(struct built *b)
{
    bytes_fini(&b->input);
    bytes_fini(&b->signature);
}

/* --- judging --------------------------------------------------------------------------------- */

static inline enum err judge(const struct signature_request *request,
                             const struct signature_window *window, const struct pubkey *key)
{
    struct signature s;
    enum err e = signature_read(request, window, &s);
    if (e) {
        assert_non_null(s.why); /* a refusal always has its words */
        return e;
    }
    assert_null(s.why);
    return signature_verify(&s, request, key);
}

/* One row: the edits, and what must come of them. */
struct row {
    const char *id,
        *what; /* the id is one of the catalogue of attacks, or a section of the facts */
    enum err expected;
    struct edit before[EDITS], after[EDITS];
};

static inline enum err row_outcome(const struct row *row, struct shape s, const struct key *key,
                                   const struct pubkey *public_key)
{
    struct built b = {.request = {.fields_n = 0}};
    for (size_t i = 0; i < EDITS; i++)
        shape_edit(&s, &row->before[i]);
    built_sign(&b, &s, key);
    for (size_t i = 0; i < EDITS; i++)
        shape_edit(&s, &row->after[i]);
    built_fields(&b, &s);
    enum err e = judge(&b.request, &usual_window, public_key);
    built_fini(&b);
    return e;
}

/* Runs a table on copies of one shape. Each row has its twin: the same shape without the edits
 * verifies, signed and checked the same way. */
static inline void run_rows(const struct row *rows, size_t n, const struct shape *shape,
                            const struct key *key, const struct pubkey *public_key)
{
    static const struct row untouched = {
        "twin", "untouched", ERR_OK, {{NONE, NULL, NULL}}, {{NONE, NULL, NULL}}};
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(row_outcome(&untouched, *shape, key, public_key), ERR_OK);
        enum err e = row_outcome(&rows[i], *shape, key, public_key);
        if (e == rows[i].expected)
            continue;
        wrong++;
        print_error("%s, %s: %s, expected %s\n", rows[i].id, rows[i].what, err_code(e),
                    err_code(rows[i].expected));
    }
    assert_int_equal(wrong, 0);
}

#define RUN_ROWS(rows, shape, key, public_key)                                                     \
    run_rows(rows, sizeof(rows) / sizeof((rows)[0]), shape, key, public_key)
