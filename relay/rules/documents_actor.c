/* documents_actor: the relay's actor and its collections (PROTOCOL 4.1), in the member order that
 * is written there. The collections tell a total and nothing else: who is a member is nobody's
 * business. May not know: who asks. */
#include "common/pure/date.h"
#include "relay/rules/documents_inner.h"

void document_member_url(struct json_writer *w, const struct identity *id, const char *key,
                         const char *path)
{
    struct bytes url;
    bytes_init(&url, 4096);
    bytes_add(&url, id->url);
    bytes_add_str(&url, path);
    if (key)
        json_key(w, key);
    json_add_text(w, bytes_span(&url));
    bytes_fini(&url);
}

void document_member_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    json_member(w, key, span_of(text));
}

/* A JSON-LD reader sees only what a context names. What the three contexts do not have is named in
 * place: another address there would have to be fetched, or known, by whoever reads the actor. */
static void write_own_terms(struct json_writer *w)
{
    json_open(w, '{');
    json_member(w, "toot", SPAN("http://joinmastodon.org/ns#"));
    json_member(w, "discoverable", SPAN("toot:discoverable"));
    json_member(w, "manuallyApprovesFollowers", SPAN("as:manuallyApprovesFollowers"));
    json_member(w, "webfinger", SPAN("https://purl.archive.org/socialweb/webfinger#webfinger"));
    json_key(w, "implements"); /* FEP-844e */
    json_open(w, '{');
    json_member(w, "@id", SPAN("https://w3id.org/fep/844e/implements"));
    json_member(w, "@type", SPAN("@id"));
    json_member(w, "@container", SPAN("@list"));
    json_close(w, '}');
    json_close(w, '}');
}

static void write_context(struct json_writer *w)
{
    json_key(w, "@context");
    json_open(w, '[');
    json_add_text(w, SPAN(AS_CONTEXT));
    json_add_text(w, SPAN(SECURITY_CONTEXT));
    json_add_text(w, SPAN("https://www.w3.org/ns/cid/v1"));
    write_own_terms(w);
    json_close(w, ']');
}

/* RSA for HTTP signatures; one object, because a list is not understood everywhere. */
static void write_public_key(struct json_writer *w, const struct identity *id)
{
    json_key(w, "publicKey");
    json_open(w, '{');
    document_member_url(w, id, "id", "/actor#main-key");
    document_member_url(w, id, "owner", "/actor");
    json_member(w, "publicKeyPem", id->public_pem);
    json_close(w, '}');
}

/* Ed25519 for object proofs (FEP-521a). */
static void write_assertion_method(struct json_writer *w, const struct identity *id)
{
    if (!id->multibase.n)
        return;
    json_key(w, "assertionMethod");
    json_open(w, '[');
    json_open(w, '{');
    document_member_url(w, id, "id", "/actor#ed25519-key");
    json_member(w, "type", SPAN("Multikey"));
    document_member_url(w, id, "controller", "/actor");
    json_member(w, "publicKeyMultibase", id->multibase);
    json_close(w, '}');
    json_close(w, ']');
}

/* That we take RFC 9421 signatures (FEP-844e, PROTOCOL 1.4). */
static void write_generator(struct json_writer *w)
{
    json_key(w, "generator");
    json_open(w, '{');
    json_member(w, "type", SPAN("Application"));
    json_key(w, "implements");
    json_open(w, '[');
    json_open(w, '{');
    json_member(w, "href", SPAN("https://datatracker.ietf.org/doc/html/rfc9421"));
    json_member(w, "name", SPAN("RFC-9421: HTTP Message Signatures"));
    json_close(w, '}');
    json_close(w, ']');
    json_close(w, '}');
}

void document_actor(const struct identity *id, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    write_context(&w);
    document_member_url(&w, id, "id", "/actor");
    json_member(&w, "type", SPAN("Application"));
    json_member(&w, "preferredUsername", SPAN("relay"));
    json_member(&w, "name", id->name);
    json_member(&w, "summary",
                SPAN("A relay. It carries public posts between the servers that are its members, "
                     "as far as its rules allow."));
    document_member_url(&w, id, "url", "/");
    document_member_url(&w, id, "inbox", "/inbox");
    document_member_url(&w, id, "outbox", "/outbox");
    document_member_url(&w, id, "followers", "/followers");
    document_member_url(&w, id, "following", "/following");
    json_key(&w, "endpoints");
    json_open(&w, '{');
    document_member_url(&w, id, "sharedInbox", "/inbox");
    json_close(&w, '}');
    json_member_bool(&w, "manuallyApprovesFollowers", true);
    json_member_bool(&w, "discoverable", false);
    document_member_time(&w, "published", id->published_ms);
    write_public_key(&w, id);
    write_assertion_method(&w, id);
    write_generator(&w);
    json_key(&w, "webfinger");
    struct bytes account;
    bytes_init(&account, 1024);
    bytes_addf(&account, "relay@%.*s", SPAN_ARG(id->authority));
    json_add_text(&w, bytes_span(&account));
    bytes_fini(&account);
    json_close(&w, '}');
}

void document_collection(const struct identity *id, const char *name, int64_t total,
                         struct bytes *out)
{
    char path[32] = "/";
    struct json_writer w;
    span_copy(span_of(name), path + 1, sizeof(path) - 1);
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "@context", SPAN(AS_CONTEXT));
    document_member_url(&w, id, "id", path);
    json_member(&w, "type", SPAN("OrderedCollection"));
    json_member_int(&w, "totalItems", total);
    json_close(&w, '}');
}
