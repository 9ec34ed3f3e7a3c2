/* admin_authors: what the registry of authors knows, and what an operator tells it.
 *
 *     GET  /api/v1/authors?host=HOST&after=URL&most=N     in the order of their ids
 *     GET  /api/v1/authors/show?actor=URL
 *     POST /api/v1/authors/{optin,optout,forget}          {"actor": URL, "reason": TEXT}
 *     POST /api/v1/authors/import      {"member": HOST, "says": "yes" | "no", "actors": [URL ...]}
 *
 * Each change is one script, with its line of the audit log. An import takes away no author's no.
 * May not know: what a command line looks like; what consent means for an activity. */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/admin_inner.h"
#include "relay/store/authors.h"

struct author_change {
    struct audit_by by;
    const char *verb;
    char actor[ACTIVITY_ID_MAX + 1]; /* of one */
    struct json *json;               /* of a list: the ids are in it */
    struct author_said *list;
    uint8_t (*hashes)[SHA256_SIZE];
    struct authors_change change;
    char host[URI_AUTHORITY_SIZE]; /* of a list */
};

static void change_free(void *more)
{
    struct author_change *c = more;
    json_free(&c->json);
    free(c->list);
    free(c->hashes);
    free(c);
}

static struct store *store_of(const struct admin *a)
{
    return a->config.context->store;
}

static const char *word_of(enum fact_said says)
{
    return says == FACT_YES ? "yes" : says == FACT_NO ? "no" : "nothing";
}

/* --- reading ---------------------------------------------------------------------------------- */

static void write_time(struct json_writer *w, const char *name, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    json_member(w, name, span_of(text));
}

static void write_author(struct json_writer *w, const struct author_known *a)
{
    json_open(w, '{');
    json_member(w, "actor", a->actor);
    json_member(w, "says", span_of(word_of(a->says)));
    json_member(w, "how", a->way);
    write_time(w, "since", a->at_ms);
    write_time(w, "said", a->said_ms);
    if (a->by.n)
        json_member(w, "by", a->by);
    json_close(w, '}');
}

static void on_list(void *arg, const struct authors_page *page)
{
    struct call *call = arg;
    struct json_writer *w = &call->w;
    json_open(w, '{');
    json_key(w, "authors");
    json_open(w, '[');
    for (size_t i = 0; i < page->n; i++)
        write_author(w, &page->list[i]);
    json_close(w, ']');
    json_close(w, '}');
    call_end(call, page->err, SPAN_NONE);
}

static void on_one(void *arg, const struct authors_page *page)
{
    struct call *call = arg;
    if (page->err == ERR_OK && page->n)
        write_author(&call->w, &page->list[0]);
    call_end(call, page->err == ERR_OK && !page->n ? ERR_NOT_KNOWN : page->err,
             SPAN("the registry says nothing of this author; what its zone says holds, and its own "
                  "document"));
}

/* An id as in activities; false: it is refused already. */
static bool read_actor(struct http_request **request, struct span text, char *ret, size_t size)
{
    struct uri uri;
    if (span_copy(text, ret, size) && uri_read(text, &uri) == ERR_OK)
        return true;
    admin_refuse(request, ERR_USAGE,
                 SPAN("name the author by the URL of its actor, as it stands in activities"));
    return false;
}

static bool read_parameter(struct span query, const char *name, char *ret, size_t size)
{
    struct span text = uri_param(query, name, NULL);
    ret[0] = '\0';
    return !text.p || uri_decode(text, ret, size);
}

static void show(struct admin *a, struct http_request **request)
{
    char text[ACTIVITY_ID_MAX + 1];
    char actor[ACTIVITY_ID_MAX + 1];
    read_parameter(http_view(*request)->query, "actor", text, sizeof(text));
    if (!read_actor(request, span_of(text), actor, sizeof(actor)))
        return;
    const struct authors_ask ask = {
        .after = SPAN(""), .origin = SPAN(""), .only = span_of(actor), .most = 1};
    authors_read(store_of(a), &ask, on_one, call_new(a, request));
}

static void list(struct admin *a, struct http_request **request)
{
    struct span query = http_view(*request)->query;
    struct span most = uri_param(query, "most", NULL);
    char after[ACTIVITY_ID_MAX + 1];
    char host[URI_AUTHORITY_SIZE];
    char origin[URI_AUTHORITY_SIZE + 16] = "";
    uint64_t n = AUTHORS_PAGE_MAX;
    if (!read_parameter(query, "after", after, sizeof(after)) ||
        (most.p && !span_u64(most, INT64_MAX, &n))) {
        admin_refuse(request, ERR_USAGE, SPAN("after is a URL, most a number"));
        return;
    }
    if (uri_param(query, "host", NULL).p) {
        bool https = a->config.context->config->https;
        if (!admin_host(a, request, uri_param(query, "host", NULL), host))
            return;
        snprintf(origin, sizeof(origin), "%s://%s/", https ? "https" : "http", host);
    }
    const struct authors_ask ask = {
        .after = span_of(after), .origin = span_of(origin), .only = SPAN(""), .most = (size_t)n};
    authors_read(store_of(a), &ask, on_list, call_new(a, request));
}

/* --- changing --------------------------------------------------------------------------------- */

static void on_changed(void *arg, const struct authors_changed *answer)
{
    struct call *call = arg;
    const struct author_change *c = call->more;
    struct json_writer *w = &call->w;
    if (answer->err != ERR_OK || !call->admin) {
        call_end(call, answer->err,
                 answer->err == ERR_TOO_LARGE
                     ? SPAN("limits.authors: so many authors of this host can't be kept")
                     : SPAN_NONE);
        return;
    }
    json_open(w, '{');
    if (c->json) {
        json_member(w, "member", span_of(c->host));
        json_member(w, "says", span_of(word_of(c->change.word)));
        json_member_int(w, "authors", (int64_t)c->change.n);
        json_member_int(w, "changed", (int64_t)answer->changed);
    } else {
        json_member(w, "actor", span_of(c->actor));
        json_member(w, "says", span_of(word_of(answer->says)));
        json_member_bool(w, "changed", answer->changed > 0);
    }
    json_close(w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

/* after: for the audit log. Takes c. */
static void go(struct admin *a, struct http_request **request, struct author_change *c,
               struct span target, struct span after)
{
    struct bytes note;
    struct call *call = call_new(a, request);
    call->more = c;
    call->more_free = change_free;
    admin_note(&c->by, c->verb, target, after, &note);
    c->change.list = c->list;
    c->change.by = span_of(c->by.who);
    c->change.now_ms = c->change.said_ms = clock_wall_ms();
    c->change.most = a->config.context->config->set.limits_authors;
    c->change.note = bytes_span(&note);
    authors_change(store_of(a), &c->change, on_changed, call);
    c->change.note = SPAN_NONE;
    bytes_fini(&note);
}

static void room_for(struct author_change *c, size_t n)
{
    c->list = mem_new((n + 1) * sizeof(*c->list));
    c->hashes = mem_new((n + 1) * sizeof(*c->hashes));
}

static void add(struct author_change *c, struct span actor)
{
    sha256(actor, c->hashes[c->change.n]);
    c->list[c->change.n] = (struct author_said){.actor = actor, .hash = c->hashes[c->change.n]};
    c->change.n++;
}

static void change_one(struct admin *a, struct http_request **request, const char *verb,
                       enum fact_said word)
{
    struct author_change *c = mem_new(sizeof(*c));
    struct json *json = NULL;
    bool ok = admin_body(request, &json);
    ok = ok && read_actor(request, json_text(json_get(json, "actor")), c->actor, sizeof(c->actor));
    ok = ok && admin_by(a, request, json, true, &c->by);
    json_free(&json);
    if (!ok) {
        change_free(c);
        return;
    }
    c->verb = verb;
    c->change.word = word;
    c->change.way = AUTHOR_BY_OPERATOR;
    room_for(c, 1);
    add(c, span_of(c->actor));
    go(a, request, c, span_of(c->actor), SPAN_NONE);
}

/* --- a member's list -------------------------------------------------------------------------- */

static bool of_host(const struct author_change *c, bool https, struct span actor)
{
    struct uri uri;
    return actor.n <= ACTIVITY_ID_MAX && uri_read(actor, &uri) == ERR_OK && uri.https == https &&
           span_eq_str(span_of(uri.authority), c->host);
}

static bool take_list(struct admin *a, struct http_request **request, struct author_change *c)
{
    const struct json *actors = json_get(c->json, "actors");
    size_t n = json_len(actors);
    struct bytes why;
    bool ok = n > 0 && n <= AUTHORS_CHANGE_MAX;
    bytes_init(&why, 4096);
    if (!ok)
        bytes_addf(&why, "actors is a list of 1 to %d URLs", AUTHORS_CHANGE_MAX);
    else
        room_for(c, n);
    for (size_t i = 0; ok && i < n; i++) {
        struct span actor = json_text(json_at(actors, i));
        ok = of_host(c, a->config.context->config->https, actor);
        if (ok)
            add(c, actor);
        else
            bytes_addf(&why, "%.*s is no actor's URL of %s", (int)(actor.n < 300 ? actor.n : 300),
                       actor.p ? actor.p : "", c->host);
    }
    if (!ok)
        admin_refuse(request, ERR_USAGE, bytes_span(&why));
    bytes_fini(&why);
    return ok;
}

static bool take_word(struct http_request **request, struct author_change *c)
{
    struct span says = json_text(json_get(c->json, "says"));
    c->change.word = span_eq_str(says, "no") ? FACT_NO : FACT_YES;
    if (!says.p || c->change.word == FACT_NO || span_eq_str(says, "yes"))
        return true;
    admin_refuse(request, ERR_USAGE, SPAN("says is yes or no"));
    return false;
}

static void import(struct admin *a, struct http_request **request)
{
    struct author_change *c = mem_new(sizeof(*c));
    struct bytes after;
    if (!admin_body(request, &c->json) ||
        !admin_host(a, request, json_text(json_get(c->json, "member")), c->host) ||
        !take_word(request, c) || !take_list(a, request, c) ||
        !admin_by(a, request, c->json, false, &c->by)) {
        change_free(c);
        return;
    }
    c->verb = "author import";
    c->change.way = AUTHOR_BY_LIST;
    c->change.keep = AUTHORS_KEEP_NO;
    bytes_init(&after, 100);
    bytes_addf(&after, "{\"says\":\"%s\",\"authors\":%zu}", word_of(c->change.word), c->change.n);
    go(a, request, c, span_of(c->host), bytes_span(&after));
    bytes_fini(&after);
}

void admin_authors(struct admin *a, struct http_request **request, struct span rest)
{
    bool get = span_eq_str(http_view(*request)->method, "GET");
    if (get && !rest.p)
        list(a, request);
    else if (get && span_eq_str(rest, "show"))
        show(a, request);
    else if (!get && span_eq_str(rest, "optin"))
        change_one(a, request, "author optin", FACT_YES);
    else if (!get && span_eq_str(rest, "optout"))
        change_one(a, request, "author optout", FACT_NO);
    else if (!get && span_eq_str(rest, "forget"))
        change_one(a, request, "author forget", FACT_UNKNOWN);
    else if (!get && span_eq_str(rest, "import"))
        import(a, request);
    else
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
}
