/* fetch: a machine for one document.
 *
 *     ASK -> ASKED -> (redirect) ASK ... -> DONE
 *
 * May not know: what the document is for. */
#include "relay/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"

struct fetch {
    struct context *context;
    struct guard guard;
    fetch_done done;
    void *arg;
    struct http_call *call;
    bool failing;     /* fetch_fail() is due, and frees it */
    bool plain;       /* JSON and no more */
    size_t most;      /* bytes */
    int64_t until_ms; /* redirects and all */
    char url[URI_MAX + 1];
    unsigned redirects;
};

static void fetch_ask(struct fetch *f);

static void fetch_end(struct fetch *f, const struct fetch_result *result)
{
    f->done(f->arg, result);
    free(f);
}

static void fetch_fail(void *arg)
{
    struct fetch *f = arg;
    struct fetch_result result = {.err = ERR_URL};
    if (f->done)
        fetch_end(f, &result);
    else
        free(f);
}

static void fail_later(struct fetch *f)
{
    f->failing = true;
    loop_post(f->context->loop, fetch_fail, f);
}

/* `application/activity+json`, or `application/ld+json` with ActivityStreams' profile
 * (PROTOCOL 3.4: any other type may be something that a user uploaded). */
static bool type_ok(struct span type)
{
    static const char as[] = "https://www.w3.org/ns/activitystreams";
    struct span parameters = type;
    struct span name = span_trim(span_cut(&parameters, ';'));
    if (span_eq_ci(name, SPAN("application/activity+json")))
        return true;
    if (!span_eq_ci(name, SPAN("application/ld+json")))
        return false;
    while (parameters.p) {
        struct span value = span_cut(&parameters, ';');
        struct span key = span_trim(span_cut(&value, '='));
        value = span_trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct span){value.p + 1, value.n - 2};
        if (span_eq_ci(key, SPAN("profile")) && span_eq_str(value, as))
            return true;
    }
    return false;
}

/* `application/json`, `application/jrd+json`, or another that says that it is JSON (RFC 6839). */
static bool type_json(struct span type)
{
    struct span name = span_trim(span_cut(&type, ';'));
    return span_eq_ci(name, SPAN("application/json")) ||
           (name.n > 5 && span_eq_ci((struct span){name.p + name.n - 5, 5}, SPAN("+json")));
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static enum err follow(struct fetch *f, struct span location)
{
    struct uri from;
    struct uri to;
    char url[URI_MAX + 1];
    if (!location.n || f->redirects++ >= (unsigned)f->context->config->set.fetch_redirects)
        return ERR_KEY_DOCUMENT;
    if (uri_read(span_of(f->url), &from) != ERR_OK ||
        !uri_resolve(&from, location, url, sizeof(url)) || uri_read(span_of(url), &to) != ERR_OK)
        return ERR_URL;
    if (!uri_same_origin(&from, &to))
        return ERR_ORIGIN;
    return uri_write(&to, f->url, sizeof(f->url)) ? ERR_OK : ERR_URL;
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct fetch *f = arg;
    f->call = NULL;
    struct fetch_result result = {
        .err = answer->err, .status = answer->status, .body = answer->body};
    if (answer->err == ERR_OK && is_redirect(answer->status) && answer->location.p) {
        result.err = follow(f, answer->location);
        if (result.err == ERR_OK) {
            fetch_ask(f);
            return;
        }
    } else if (answer->err == ERR_OK && answer->status != 200) {
        result.err = ERR_KEY_FETCH;
    } else if (answer->err == ERR_OK && !(f->plain ? type_json : type_ok)(answer->content_type)) {
        result.err = ERR_MEDIA_TYPE;
    }
    result.url = span_of(f->url);
    fetch_end(f, &result);
}

static void fetch_send(struct fetch *f, const char *const *fields, size_t fields_n)
{
    const struct settings *set = &f->context->config->set;
    int64_t left_ms = f->until_ms - clock_mono_ms();
    const struct http_ask ask = {.method = "GET",
                                 .url = f->url,
                                 .fields = fields,
                                 .fields_n = fields_n,
                                 .connect_ms = set->fetch_connect,
                                 .total_ms = left_ms > 1 ? left_ms : 1,
                                 .answer_max = f->most,
                                 .guard = guard_allows,
                                 .guard_arg = &f->guard};
    f->call = http_client_send(f->context->client, &ask, on_answer, f);
}

static void fetch_ask(struct fetch *f)
{
    static const char *const accept[] = {"Accept: application/json"};
    struct signed_fields fields;
    if (f->plain) {
        fetch_send(f, accept, 1);
        return;
    }
    if (signed_fields(f->context, "GET", span_of(f->url), SPAN_NONE, SPAN_NONE, clock_wall_ms(),
                      &fields) == ERR_OK)
        fetch_send(f, fields.list, fields.n);
    else
        fail_later(f);
    signed_fields_fini(&fields);
}

static struct fetch *begin(struct context *context, const char *zone, fetch_done done, void *arg)
{
    struct fetch *f = mem_new(sizeof(*f));
    f->context = context;
    f->done = done;
    f->arg = arg;
    f->until_ms = clock_mono_ms() + context->config->set.fetch_total;
    f->most = (size_t)context->config->set.fetch_body;
    f->guard.context = context;
    span_copy(span_of(zone), f->guard.zone, sizeof(f->guard.zone));
    return f;
}

static struct fetch *to(struct fetch *f, struct span url)
{
    struct uri uri;
    if (uri_read(url, &uri) == ERR_OK && uri_write(&uri, f->url, sizeof(f->url)))
        fetch_ask(f);
    else
        fail_later(f);
    return f;
}

struct fetch *fetch_new(struct context *context, struct span url, const char *zone, fetch_done done,
                        void *arg)
{
    return to(begin(context, zone, done, arg), url);
}

struct fetch *fetch_json_new(struct context *context, struct span url, const char *zone,
                             size_t most, fetch_done done, void *arg)
{
    struct fetch *f = begin(context, zone, done, arg);
    f->plain = true;
    f->most = f->most < most ? f->most : most;
    return to(f, url);
}

void fetch_cancel(struct fetch **fetch)
{
    struct fetch *f = *fetch;
    *fetch = NULL;
    if (!f)
        return;
    http_call_cancel(&f->call);
    f->done = NULL;
    if (!f->failing)
        free(f);
}
