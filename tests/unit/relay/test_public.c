/* public: what a request gets, header by header. The HTTP server is a fake: a request is a view
 * that the test wrote, and an answer is kept to be looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/pure/encode.h"
#include "common/pure/json.h"
#include "keys/digest.h"
#include "relay/public.h"

#define R "https://relay.example"

/* --- the fake -------------------------------------------------------------------------------- */

struct http_request {
    struct http_view view;
    struct http_field accept;
    int answers;
    int status;
    char *type, *fields, *body;
};

const struct http_view *http_view(const struct http_request *request)
{
    return &request->view;
}

struct span http_field(const struct http_view *view, const char *name, unsigned *ret_count)
{
    for (size_t i = 0; i < view->fields_n; i++)
        if (span_eq_ci(view->fields[i].name, span_of(name))) {
            if (ret_count)
                *ret_count = 1;
            return view->fields[i].value;
        }
    if (ret_count)
        *ret_count = 0;
    return SPAN_NONE;
}

void http_reply(struct http_request **request, const struct http_response *response)
{
    struct http_request *r = *request;
    r->answers++;
    r->status = response->status;
    r->type = mem_copy(span_of(response->content_type));
    r->fields = mem_copy(span_of(response->fields));
    r->body = mem_copy(response->body);
    *request = NULL;
}

static void on_inbox(void *arg, struct http_request **request)
{
    (*(int *)arg)++;
    *request = NULL;
}

static int list_calls;
static enum domains_form list_form;

static void on_list(void *arg, struct http_request **request, const struct routed *routed)
{
    (void)arg;
    list_calls += span_eq_str(routed->zone, "partners");
    list_form = routed->form;
    *request = NULL;
}

static const struct identity us = {
    .url = SPAN(R),
    .authority = SPAN("relay.example"),
    .name = SPAN("Corp"),
    .public_pem = SPAN("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"),
    .version = SPAN("0.1.0"),
    .published_ms = 1767323045000,
};

static int inbox_calls;
static const struct public server = {
    .identity = &us, .members = 3, .inbox = on_inbox, .list = on_list, .arg = &inbox_calls};

/* The code of a problem document. */
static struct span code_in(const char *body)
{
    static const char key[] = "\"code\":\"";
    const char *at = strstr(body, key);
    assert_non_null(at);
    struct span rest = span_of(at + strlen(key));
    return span_cut(&rest, '"');
}

/* One request; the answer stays in *ret. Returns what public_answer() did. */
static int ask(const char *method, const char *target, const char *host, const char *accept,
               struct http_request *ret)
{
    struct span query = span_of(target);
    *ret = (struct http_request){
        .view = {.method = span_of(method), .target = span_of(target), .host = span_of(host)}};
    ret->view.path = span_cut(&query, '?');
    ret->view.query = query;
    if (accept) {
        ret->accept = (struct http_field){SPAN("accept"), span_of(accept)};
        ret->view.fields = &ret->accept;
        ret->view.fields_n = 1;
    }
    struct http_request *request = ret;
    int calls = inbox_calls + list_calls;
    enum err why = ERR_INTERNAL;
    int status = public_answer(&server, &request, &why);
    assert_null(request); /* taken in any case, once */
    assert_int_equal(why, status < 400 ? ERR_OK : err_by_code(code_in(ret->body)));
    assert_int_equal(ret->answers + inbox_calls + list_calls - calls, 1);
    assert_int_equal(status, ret->status);
    return status;
}

static void drop(struct http_request *r)
{
    free(r->type);
    free(r->fields);
    free(r->body);
}

static bool has_line(const struct http_request *r, const char *line)
{
    const char *at = strstr(r->fields, line);
    return at && (at == r->fields || at[-1] == '\n') && strncmp(at + strlen(line), "\r\n", 2) == 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

#define ACTIVITY "application/activity+json; charset=utf-8"
#define HTML     "text/html; charset=utf-8"
#define NODEINFO(v)                                                                                \
    "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/" v                   \
    "#\"; charset=utf-8"
#define FINGER  "/.well-known/webfinger?resource="
#define PROBLEM "application/problem+json"
#define BROWSER "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

static const struct {
    const char *method, *target, *accept;
    int status;
    const char *type, *part, *line;
} table[] = {
    {"GET", "/", NULL, 200, HTML, "It has 3 members", "Cache-Control: max-age=300"},
    {"HEAD", "/", NULL, 200, HTML, "<h1>Corp</h1>", "X-Content-Type-Options: nosniff"},
    {"GET", "/actor", NULL, 200, ACTIVITY, "\"id\":\"" R "/actor\"", "Vary: Accept"},
    {"GET", "/actor", "application/activity+json", 200, ACTIVITY, "publicKeyPem", "Vary: Accept"},
    {"GET", "/actor", "application/ld+json; profile=\"x\", text/html", 200, ACTIVITY, "publicKey",
     "Vary: Accept"},
    {"GET", "/actor", "image/png", 200, ACTIVITY, "publicKeyPem", "Vary: Accept"},
    {"GET", "/actor", "*/*", 200, ACTIVITY, "publicKeyPem", "Access-Control-Allow-Origin: *"},
    {"GET", "/actor", BROWSER, 200, HTML, "<h1>Corp</h1>", "Vary: Accept"},
    {"HEAD", "/actor", "TEXT/HTML", 200, HTML, "<h1>Corp</h1>", "Vary: Accept"},
    {"GET", "/outbox", NULL, 200, ACTIVITY, "\"totalItems\":0", "X-Frame-Options: DENY"},
    {"GET", "/followers", NULL, 200, ACTIVITY, "\"totalItems\":3", "Cache-Control: max-age=300"},
    {"GET", "/following", NULL, 200, ACTIVITY, "\"totalItems\":0", "Referrer-Policy: no-referrer"},
    {"GET", "/.well-known/host-meta", NULL, 200, "application/xrd+xml; charset=utf-8", "{uri}",
     "Cache-Control: max-age=3600"},
    {"GET", "/.well-known/nodeinfo", NULL, 200, "application/json; charset=utf-8",
     R "/nodeinfo/2.1", "Access-Control-Allow-Origin: *"},
    {"GET", "/nodeinfo/2.0", NULL, 200, NODEINFO("2.0"), "\"version\":\"2.0\"",
     "Access-Control-Allow-Origin: *"},
    {"GET", "/nodeinfo/2.1", NULL, 200, NODEINFO("2.1"), "\"members\":3",
     "Cache-Control: max-age=3600"},
    {"GET", FINGER "acct:relay@relay.example", NULL, 200, "application/jrd+json",
     "\"subject\":\"acct:relay@relay.example\"", "Access-Control-Allow-Origin: *"},
    {"GET", FINGER "acct%3Arelay%40relay.example&rel=self", NULL, 200, "application/jrd+json",
     "\"subject\":\"acct:relay@relay.example\"", "Cache-Control: max-age=3600"},
    {"GET", FINGER "https%3A%2F%2Frelay.example%2F", NULL, 200, "application/jrd+json", "#Service",
     "Cache-Control: max-age=3600"},
    {"GET", FINGER "acct:other@relay.example", NULL, 404, PROBLEM, "\"code\":\"not-found\"",
     "Access-Control-Allow-Origin: *"},
    {"GET", FINGER "acct%253Arelay%2540relay.example:", NULL, 404, PROBLEM, "not-found",
     "Cache-Control: no-store"},
    {"GET", "/.well-known/webfinger", NULL, 400, PROBLEM, "\"code\":\"bad-request\"",
     "Cache-Control: no-store"},
    {"GET", FINGER, NULL, 400, PROBLEM, "bad-request", "Cache-Control: no-store"},
    {"GET", FINGER "a:b&resource=a:b", NULL, 400, PROBLEM, "bad-request",
     "Cache-Control: no-store"},
    {"GET", FINGER "acct:%zz", NULL, 400, PROBLEM, "bad-request", "Cache-Control: no-store"},
    {"GET", FINGER "acct:%00", NULL, 400, PROBLEM, "bad-request", "Cache-Control: no-store"},
    {"GET", FINGER "relay", NULL, 400, PROBLEM, "bad-request", "Cache-Control: no-store"},
    /* refusals */
    {"GET", "/inbox", NULL, 405, PROBLEM, "\"code\":\"method\"", "Allow: POST"},
    {"DELETE", "/actor", NULL, 405, PROBLEM, "urn:weir:problem:method", "Allow: GET, HEAD"},
    {"POST", "/inbox/", NULL, 404, PROBLEM, "\"code\":\"not-found\"", "Cache-Control: no-store"},
    {"POST", "/inbox?", NULL, 404, PROBLEM, "\"status\":404", "X-Frame-Options: DENY"},
    {"GET", "/x", BROWSER, 404, PROBLEM, "not-found", "X-Content-Type-Options: nosniff"},
};

static void test_table(void **state)
{
    (void)state;
    static const struct json_limits limits = {.depth = 8, .keys = 100, .nodes = 200};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct http_request r;
        int status = ask(table[i].method, table[i].target, "relay.example", table[i].accept, &r);
        if (status != table[i].status || !has_line(&r, table[i].line) ||
            !strstr(r.body, table[i].part))
            print_error("%s %s\n%s%s\n", table[i].method, table[i].target, r.fields, r.body);
        assert_int_equal(status, table[i].status);
        assert_string_equal(r.type, table[i].type);
        assert_non_null(strstr(r.body, table[i].part));
        assert_true(has_line(&r, table[i].line));
        /* every answer is safe to look at, and every line of its header is whole */
        assert_true(has_line(&r, "X-Content-Type-Options: nosniff"));
        assert_non_null(strstr(r.fields, "Content-Security-Policy: default-src 'none'"));
        assert_non_null(strstr(r.fields, "frame-ancestors 'none'"));
        assert_string_equal(r.fields + strlen(r.fields) - 2, "\r\n");
        assert_null(strstr(r.fields, "\r\n\r\n"));
        if (strstr(r.type, "json"))
            assert_int_equal(json_scan(span_of(r.body), &limits, NULL), ERR_OK);
        drop(&r);
    }
    assert_int_equal(inbox_calls, 0);
}

/* ATTACKS H15; the documents do not care. */
static void test_host(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool ours;
    } rows[] = {
        {"relay.example", true},
        {"RELAY.example", true},
        {"relay.example:443", true},
        {"relay.example:80", false},
        {"relay.example.", false},
        {"other.example", false},
        {"relay.example.org", false},
        {"u@relay.example", false},
        {"127.0.0.1", false},
        {"relay.example:443:1", false},
        {"", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request r;
        int calls = inbox_calls;
        int status = ask("POST", "/inbox", rows[i].host, NULL, &r);
        if (status != (rows[i].ours ? 0 : 421))
            print_error("%s\n", rows[i].host ? rows[i].host : "(none)");
        assert_int_equal(status, rows[i].ours ? 0 : 421);
        assert_int_equal(inbox_calls - calls, rows[i].ours);
        if (!rows[i].ours)
            assert_non_null(strstr(r.body, "\"code\":\"misdirected\""));
        drop(&r);
        assert_int_equal(ask("GET", "/actor", rows[i].host, NULL, &r), 200);
        drop(&r);
    }
}

/* Handed on, under any Host; refused here where the method is none for it. */
static void test_lists(void **state)
{
    (void)state;
    struct http_request r;
    assert_int_equal(ask("GET", "/zones/partners/members.csv", "other.example", NULL, &r), 0);
    assert_int_equal(list_form, DOMAINS_CSV);
    drop(&r);
    assert_int_equal(ask("HEAD", "/zones/partners/members.json?x", NULL, NULL, &r), 0);
    assert_int_equal(list_form, DOMAINS_JSON);
    drop(&r);
    assert_int_equal(list_calls, 2);
    assert_int_equal(ask("POST", "/zones/partners/members.csv", NULL, NULL, &r), 405);
    assert_true(has_line(&r, "Allow: GET, HEAD"));
    drop(&r);
    assert_int_equal(list_calls, 2);
}

static void test_text(void **state)
{
    (void)state;
    struct http_request r = {0}, *request = &r;
    public_text(&request, 200, "text/plain", "ETag: \"x\"\r\n", SPAN("a\n"));
    assert_null(request);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "a\n");
    assert_true(has_line(&r, "ETag: \"x\""));
    assert_true(has_line(&r, "X-Content-Type-Options: nosniff"));
    assert_null(strstr(r.fields, "Access-Control-Allow-Origin"));
    drop(&r);
}

static void test_loopback(void **state)
{
    (void)state;
    struct identity local = us;
    local.url = SPAN("http://127.0.0.1:8080");
    local.authority = SPAN("127.0.0.1:8080");
    int calls = 0;
    struct public here = {.identity = &local, .members = -1, .inbox = on_inbox, .arg = &calls};
    struct http_request r = {
        .view = {.method = SPAN("POST"), .path = SPAN("/inbox"), .host = SPAN("127.0.0.1:8080")}};
    struct http_request *request = &r;
    enum err why;
    assert_int_equal(public_answer(&here, &request, &why), 0);
    assert_int_equal(calls, 1);
    /* a number that is nobody's business is told nowhere */
    static const char *const paths[] = {"/", "/followers", "/nodeinfo/2.0", "/nodeinfo/2.1"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        r = (struct http_request){.view = {.method = SPAN("GET"), .path = span_of(paths[i])}};
        request = &r;
        assert_int_equal(public_answer(&here, &request, &why), 200);
        assert_null(strstr(r.body, "It has"));
        assert_null(strstr(r.body, "\"members\""));
        assert_null(strstr(r.body, "-1"));
        drop(&r);
    }
}

/* The policy names the hash of the page's style: without it the page would have none. */
static void test_style_hash(void **state)
{
    (void)state;
    struct http_request r;
    ask("GET", "/", "relay.example", NULL, &r);
    const char *from = strstr(r.body, "<style>"), *to = strstr(r.body, "</style>");
    assert_non_null(from);
    assert_non_null(to);
    from += strlen("<style>");
    uint8_t digest[32];
    struct bytes source;
    bytes_init(&source, 200);
    sha256((struct span){from, (size_t)(to - from)}, digest);
    bytes_add_str(&source, "style-src 'sha256-");
    base64_write(&source, (struct span){(const char *)digest, sizeof(digest)});
    bytes_add_str(&source, "'");
    assert_non_null(strstr(r.fields, bytes_str(&source)));
    bytes_fini(&source);
    drop(&r);
}

static void test_problem(void **state)
{
    (void)state;
    struct http_request r = {.answers = 0}, *request = &r;
    assert_int_equal(
        public_problem(&request, ERR_UNAVAILABLE, SPAN("Redis is away"), "Retry-After: 42\r\n"),
        503);
    assert_null(request);
    assert_true(has_line(&r, "Retry-After: 42"));
    assert_true(has_line(&r, "Cache-Control: no-store"));
    assert_string_equal(r.type, PROBLEM);
    assert_string_equal(r.body, "{\"type\":\"urn:weir:problem:unavailable\",\"title\":\"the "
                                "journal can't take it just now\",\"status\":503,\"detail\":"
                                "\"Redis is away\",\"code\":\"unavailable\"}");
    drop(&r);
    request = &r;
    assert_int_equal(public_problem(&request, ERR_NO_ZONE, SPAN_NONE, NULL), 403);
    assert_null(strstr(r.fields, "Retry-After"));
    assert_null(strstr(r.body, "detail"));
    drop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),    cmocka_unit_test(test_host),
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_text),
        cmocka_unit_test(test_loopback), cmocka_unit_test(test_style_hash),
        cmocka_unit_test(test_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
