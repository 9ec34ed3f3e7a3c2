/* context: keys and identity at start; the guard and the signature of everything that goes out.
 * May not know: which machine asks. */
#include "relay/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/pure/net.h"
#include "common/pure/uri.h"
#include "relay/names.h"

enum { FIELDS_USUAL = 1023 };

static enum err load(const struct config *config, const char *file, enum key_kind kind,
                     struct bytes *why, struct key **ret, int64_t *ret_made_ms)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", config->data_dir, file);
    enum err e = key_load(path, why, ret);
    if (e == ERR_OK && key_kind(*ret) != kind) {
        bytes_addf(why, "%s: this is not a key of the kind that its name says", path);
        e = ERR_KEY_REFUSED;
    }
    if (e == ERR_OK && stat(path, &st) == 0)
        *ret_made_ms = (int64_t)st.st_mtime * 1000;
    return e;
}

enum err context_init(struct context *c, struct loop *loop, struct config **config,
                      struct bytes *why)
{
    int64_t made_ms = 0;
    *c = (struct context){.loop = loop, .config = *config};
    *config = NULL;
    bytes_init(&c->pem, 4096);
    bytes_init(&c->multibase, 128);
    enum err e = load(c->config, KEY_FILE_ED25519, KEY_ED25519, why, &c->ed25519, &made_ms);
    if (e == ERR_OK)
        e = load(c->config, KEY_FILE_RSA, KEY_RSA, why, &c->rsa, &made_ms);
    if (e != ERR_OK)
        return e;
    fingerprint(c->rsa, c->ed25519, c->fingerprint);
    key_public_pem(c->rsa, &c->pem);
    key_public_multibase(c->ed25519, &c->multibase);
    struct bytes id;
    bytes_init(&id, 4096);
    bytes_addf(&id, "%s/actor#main-key", c->config->set.url);
    c->key_id = bytes_take(&id);
    c->url = mem_copy(span_of(c->config->set.url));
    c->authority = mem_copy(span_of(c->config->authority));
    c->identity = (struct identity){.url = span_of(c->url),
                                    .authority = span_of(c->authority),
                                    .name = span_of(c->config->set.name),
                                    .public_pem = bytes_span(&c->pem),
                                    .multibase = bytes_span(&c->multibase),
                                    .version = SPAN(WEIR_VERSION),
                                    .published_ms = made_ms};
    return ERR_OK;
}

void context_take_config(struct context *c, struct config **config)
{
    config_free(&c->config);
    c->config = *config;
    *config = NULL;
    c->identity.name = span_of(c->config->set.name);
}

void context_fini(struct context *c)
{
    key_free(&c->rsa);
    key_free(&c->ed25519);
    free(c->url);
    free(c->authority);
    free(c->key_id);
    bytes_fini(&c->pem);
    bytes_fini(&c->multibase);
    config_free(&c->config);
}

char *context_redis_url(const struct context *c)
{
    struct bytes url;
    bytes_init(&url, 4096);
    if (strcmp(c->config->set.redis, "embedded") == 0)
        bytes_addf(&url, "unix:%s", c->config->redis_socket);
    else
        bytes_add_str(&url, c->config->set.redis);
    return bytes_take(&url);
}

const char *context_zone_of(const struct context *c, const char *zone, const char *host)
{
    const struct policy *policy = &c->config->policy;
    int number = zone[0] ? -1 : policy_zone_of(policy, span_of(host));
    return number >= 0 ? policy->zones[number].name : zone;
}

bool guard_allows(void *guard, const struct sockaddr *to)
{
    const struct guard *g = guard;
    const struct policy *policy = &g->context->config->policy;
    int zone = g->zone[0] ? policy_zone_by_name(policy, span_of(g->zone)) : -1;
    if (zone < 0)
        return net_allowed(to, NULL, 0);
    return net_allowed(to, policy->zones[zone].networks, policy->zones[zone].networks_n);
}

/* Cuts the lines that were written into fields, in place. */
static void cut_lines(struct signed_fields *f)
{
    char *at = f->text.p;
    while (at && *at && f->n < SIGNED_FIELDS_MAX) {
        char *end = strstr(at, "\r\n");
        if (!end)
            return;
        *end = '\0';
        f->list[f->n++] = at;
        at = end + 2;
    }
}

enum err signed_fields(const struct context *c, const char *method, struct span url,
                       struct span body, struct span digest, int64_t now_ms,
                       struct signed_fields *ret)
{
    static const char accept[] = "Accept: application/activity+json, application/ld+json; "
                                 "profile=\"https://www.w3.org/ns/activitystreams\"\r\n";
    static const struct span type = {"application/activity+json", 25};
    struct uri uri;
    bool post = strcmp(method, "POST") == 0;
    *ret = (struct signed_fields){0};
    bytes_init(&ret->text, 16384);
    enum err e = uri_read(url, &uri);
    if (e != ERR_OK)
        return e;
    bytes_reserve(&ret->text, FIELDS_USUAL);
    bytes_add_str(&ret->text, "Host: ");
    bytes_add_str(&ret->text, uri.authority);
    bytes_add_str(&ret->text, "\r\n");
    if (post) {
        bytes_add_str(&ret->text, "Content-Type: ");
        bytes_add(&ret->text, type);
        bytes_add_str(&ret->text, "\r\n");
    } else {
        bytes_add_str(&ret->text, accept);
    }
    struct signature_order order = {.scheme = SIGNATURE_CAVAGE,
                                    .key = c->rsa,
                                    .key_id = span_of(c->key_id),
                                    .method = span_of(method),
                                    .url_scheme = uri.https ? SPAN("https") : SPAN("http"),
                                    .authority = span_of(uri.authority),
                                    .target = uri.target,
                                    .body = post ? body : SPAN_NONE,
                                    .digest = digest,
                                    .content_type = post ? type : SPAN_NONE,
                                    .now = now_ms / 1000};
    e = signature_write(&order, &ret->text);
    if (e == ERR_OK)
        cut_lines(ret);
    return e;
}

void signed_fields_fini(struct signed_fields *f)
{
    bytes_fini(&f->text);
}
