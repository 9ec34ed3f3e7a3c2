/* allowlist: one copy of who is active, in memory, with the texts that were made of it.
 *
 *     FRESH --5 s--> STALE --asked--> COUNT --nothing changed--> FRESH
 *                      ^                |                          ^
 *                      |                +--changed--> WALK -> RECOUNT --+
 *                      +-----no answer--+-------------+---------+
 *
 * However many ask, one look is under way at a time, and they wait for it together: what a stranger
 * can make of us is one number read from Redis in five seconds, and one walk through the registry
 * where members changed. The list owns its waiting requests; a look outlives it if it must.
 * May not know: how members come and go. */
#include "relay/allowlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/meters.h"
#include "relay/public.h"
#include "relay/store/members.h"
#include "relay/token_file.h"

enum { FRESH_MS = 5000, LIST_MAX = 64 << 20, ETAG_SIZE = 36, ETAG_DIGITS = 32, WHY_MAX = 5000 };

#define MINE "Cache-Control: private, no-cache\r\nVary: Authorization\r\n"
#define OURS                                                                                       \
    "Cache-Control: no-cache\r\n" /* kept, but asked about: the ETag says it is current            \
                                   */

struct listed {
    char *host;
    char zone[MEMBER_ZONE_SIZE];
};

/* The list of a zone in one form; made once it is asked for. */
struct text {
    struct text *next;
    char zone[MEMBER_ZONE_SIZE];
    enum domains_form form;
    char etag[ETAG_SIZE];
    struct bytes body;
};

struct copy { /* who was active when it was made; by zone, then by host */
    struct listed *members;
    size_t n;
    struct text *texts;
};

struct waiting {
    struct waiting *next;
    struct http_request *request;
    char zone[MEMBER_ZONE_SIZE];
    enum domains_form form;
};

struct look {
    struct allowlist *list; /* NULL: it is gone */
    uint64_t changes, epoch;
    struct copy copy;
};

struct allowlist {
    struct context *context;
    struct copy copy;
    bool known;              /* there is a copy */
    uint64_t changes, epoch; /* of the registry that it is of */
    int64_t checked_ms;
    struct look *look; /* under way */
    struct waiting *waiting;
};

/* --- copies ------------------------------------------------------------------------------------
 */

static void copy_fini(struct copy *copy)
{
    struct text *next;
    for (struct text *text = copy->texts; text; text = next) {
        next = text->next;
        bytes_fini(&text->body);
        free(text);
    }
    for (size_t i = 0; i < copy->n; i++)
        free(copy->members[i].host);
    free(copy->members);
    *copy = (struct copy){0};
}

static void copy_add(struct copy *copy, const struct member *member)
{
    if ((copy->n & (copy->n - 1)) == 0)
        copy->members =
            mem_grow(copy->members, (copy->n ? 2 * copy->n : 1) * sizeof(*copy->members));
    struct listed *listed = &copy->members[copy->n++];
    listed->host = mem_copy(span_of(member->host));
    span_copy(span_of(member->zone), listed->zone, sizeof(listed->zone));
}

static int by_zone(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int zone = strcmp(x->zone, y->zone);
    return zone ? zone : strcmp(x->host, y->host);
}

static struct text *text_new(const struct copy *copy, const char *zone, enum domains_form form)
{
    char digest[2 * SHA256_SIZE + 1];
    const char **hosts = mem_new((copy->n + 1) * sizeof(*hosts));
    struct text *text = mem_new(sizeof(*text));
    size_t n = 0;
    for (size_t i = 0; i < copy->n; i++)
        if (strcmp(copy->members[i].zone, zone) == 0)
            hosts[n++] = copy->members[i].host;
    span_copy(span_of(zone), text->zone, sizeof(text->zone));
    text->form = form;
    bytes_init(&text->body, LIST_MAX);
    domains_write(form, hosts, n, &text->body);
    sha256_hex(bytes_span(&text->body), digest);
    snprintf(text->etag, sizeof(text->etag), "\"%.*s\"", ETAG_DIGITS, digest);
    free(hosts);
    return text;
}

static const struct text *text_of(struct copy *copy, const char *zone, enum domains_form form)
{
    for (struct text *text = copy->texts; text; text = text->next)
        if (text->form == form && strcmp(text->zone, zone) == 0)
            return text;
    struct text *text = text_new(copy, zone, form);
    text->next = copy->texts;
    copy->texts = text;
    return text;
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void write_log(struct http_request *request, int status, enum err err, struct span why)
{
    const struct http_view *view = http_view(request);
    struct log_line l;
    log_begin(&l, why.n ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "request");
    log_text(&l, "peer", view->peer);
    log_text(&l, "method", view->method);
    log_text(&l, "target", view->target);
    log_int(&l, "status", status);
    log_str(&l, "code", err == ERR_OK ? NULL : err_code(err));
    log_text(&l, "why", why);
    log_end(&l);
    meter_answer(status);
}

/* why: for the log alone, or absent. */
static void refuse(struct http_request **request, enum err err, struct span why)
{
    char fields[64] = "";
    if (err == ERR_UNAVAILABLE)
        snprintf(fields, sizeof(fields), "Retry-After: %u\r\n", 20 + clock_chance() % 41);
    else if (err == ERR_TOKEN)
        snprintf(fields, sizeof(fields), "WWW-Authenticate: Bearer realm=\"members\"\r\n");
    write_log(*request, err_status(err), err, why);
    public_problem(request, err, SPAN_NONE, fields);
}

/* RFC 9110 section 13.1.2: compared weakly; the field may stand there several times. */
static bool has_it(const struct http_view *view, const char *etag)
{
    for (size_t i = 0; i < view->fields_n; i++) {
        struct span rest = view->fields[i].value;
        if (!span_eq_ci(view->fields[i].name, SPAN("if-none-match")))
            continue;
        while (rest.p) {
            struct span tag = span_trim(span_cut(&rest, ','));
            if (span_starts(tag, SPAN("W/")))
                tag = (struct span){tag.p + 2, tag.n - 2};
            if (span_eq_str(tag, "*") || span_eq_str(tag, etag))
                return true;
        }
    }
    return false;
}

static void give(struct allowlist *list, const struct zone *zone, struct http_request **request,
                 enum domains_form form)
{
    char fields[256];
    const struct text *text = text_of(&list->copy, zone->name, form);
    bool same = has_it(http_view(*request), text->etag);
    snprintf(fields, sizeof(fields), "%sETag: %s\r\n", zone->publish == PUBLISH_TOKEN ? MINE : OURS,
             text->etag);
    write_log(*request, same ? 304 : 200, ERR_OK, SPAN_NONE);
    public_text(request, same ? 304 : 200, same ? NULL : domains_type(form), fields,
                same ? SPAN_NONE : bytes_span(&text->body));
}

static bool names_token(const struct http_view *view, struct span token)
{
    unsigned count = 0;
    struct span rest = http_field(view, "Authorization", &count);
    struct span scheme = span_cut(&rest, ' ');
    return count == 1 && rest.p && span_eq_ci(scheme, SPAN("Bearer")) &&
           secret_eq(span_trim(rest), token);
}

static enum err token_check(const struct config *config, const struct zone *zone,
                            const struct http_view *view, struct bytes *why)
{
    struct bytes token;
    bytes_init(&token, TOKEN_MOST);
    enum err e = token_file_read(zone->token_file, config->data_dir, &token, why);
    if (e != ERR_OK)
        e = ERR_UNAVAILABLE;
    else if (!names_token(view, bytes_span(&token)))
        e = ERR_TOKEN;
    if (token.p)
        explicit_bzero(token.p, token.n);
    bytes_fini(&token);
    return e;
}

/* The zone whose list the asker may read; NULL: it is refused. A zone that publishes nothing is
 * none, as far as anybody can tell. */
static const struct zone *admit(struct allowlist *list, const char *name,
                                struct http_request **request)
{
    const struct config *config = list->context->config;
    int number = policy_zone_by_name(&config->policy, span_of(name));
    const struct zone *zone = number < 0 ? NULL : &config->policy.zones[number];
    struct bytes why;
    enum err e = ERR_OK;
    bytes_init(&why, WHY_MAX);
    if (!zone || zone->publish == PUBLISH_NO)
        e = ERR_NOT_FOUND;
    else if (zone->publish == PUBLISH_TOKEN)
        e = token_check(config, zone, http_view(*request), &why);
    if (e != ERR_OK)
        refuse(request, e, bytes_span(&why));
    bytes_fini(&why);
    return e == ERR_OK ? zone : NULL;
}

/* --- looking -----------------------------------------------------------------------------------
 */

/* All who wait, in the order in which they came: by what is known now, or 503. */
static void answer_all(struct allowlist *list, bool well)
{
    struct waiting *next, *waiting = list->waiting;
    list->waiting = NULL;
    for (; waiting; waiting = next) {
        next = waiting->next;
        if (!well) {
            refuse(&waiting->request, ERR_UNAVAILABLE, SPAN_NONE);
        } else { /* a reload may have come between */
            const struct zone *zone = admit(list, waiting->zone, &waiting->request);
            if (zone)
                give(list, zone, &waiting->request, waiting->form);
        }
        free(waiting);
    }
}

static void look_end(struct look *look, bool well)
{
    struct allowlist *list = look->list;
    copy_fini(&look->copy);
    free(look);
    if (!list)
        return;
    list->look = NULL;
    if (well)
        list->checked_ms = clock_mono_ms();
    answer_all(list, well);
}

/* A Redis that was emptied meanwhile has nobody, and no changes either: an empty list is told only
 * where the registry is still the one that was walked through. */
static void on_recount(void *arg, enum err err, uint64_t changes)
{
    struct look *look = arg;
    struct allowlist *list = look->list;
    bool well = err == ERR_OK && changes >= look->changes;
    if (list && well) {
        copy_fini(&list->copy);
        list->copy = look->copy;
        look->copy = (struct copy){0};
        list->known = true;
        list->changes = look->changes;
        list->epoch = look->epoch;
    }
    look_end(look, well);
}

/* A record that can't be read is of nobody who could be called active. */
static void on_member(void *arg, enum err err, const struct member *member)
{
    struct look *look = arg;
    if (member) {
        if (err == ERR_OK && member->state == MEMBER_ACTIVE)
            copy_add(&look->copy, member);
        return;
    }
    if (err != ERR_OK || !look->list) {
        look_end(look, false);
        return;
    }
    if (look->copy.n)
        qsort(look->copy.members, look->copy.n, sizeof(*look->copy.members), by_zone);
    members_changes(look->list->context->store, on_recount, look);
}

static void on_changes(void *arg, enum err err, uint64_t changes)
{
    struct look *look = arg;
    struct allowlist *list = look->list;
    if (err != ERR_OK || !list) {
        look_end(look, false);
        return;
    }
    struct store *store = list->context->store;
    bool ours = list->known && list->epoch == store_epoch(store);
    if (ours && changes <= list->changes) {
        look_end(look, changes == list->changes);
        return;
    }
    look->changes = changes;
    look->epoch = store_epoch(store);
    members_each(store, MEMBERS_ALL, on_member, look);
}

void allowlist_ask(struct allowlist *list, struct http_request **request,
                   const struct routed *routed)
{
    struct waiting *waiting = mem_new(sizeof(*waiting));
    struct waiting **at = &list->waiting;
    span_copy(routed->zone, waiting->zone, sizeof(waiting->zone));
    waiting->form = routed->form;
    const struct zone *zone = admit(list, waiting->zone, request);
    if (zone && list->known && clock_mono_ms() - list->checked_ms < FRESH_MS) {
        give(list, zone, request, waiting->form);
        zone = NULL;
    }
    if (!zone) {
        free(waiting);
        return;
    }
    waiting->request = *request;
    *request = NULL;
    while (*at)
        at = &(*at)->next;
    *at = waiting;
    if (list->look)
        return;
    list->look = mem_new(sizeof(*list->look));
    list->look->list = list;
    members_changes(list->context->store, on_changes, list->look);
}

/* --- life --------------------------------------------------------------------------------------
 */

struct allowlist *allowlist_new(struct context *context)
{
    struct allowlist *list = mem_new(sizeof(*list));
    list->context = context;
    return list;
}

bool allowlist_idle(const struct allowlist *list)
{
    return !list->waiting;
}

void allowlist_free(struct allowlist **allowlist)
{
    struct allowlist *list = *allowlist;
    *allowlist = NULL;
    if (!list)
        return;
    answer_all(list, false);
    if (list->look)
        list->look->list = NULL;
    copy_fini(&list->copy);
    free(list);
}
