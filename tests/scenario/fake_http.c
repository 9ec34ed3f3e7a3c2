/* fake_http: http_client and http_server without sockets, and the log.
 *
 * A call: sent -> (1 ms) connected, the guard having allowed the address, and at its site ->
 * answered, or timed out. What the caller lends until the answer (the body) is read again at the
 * answer, so that a sanitizer sees who gave it back too early. May not know: what any machine does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <utlist.h>

#include "common/io/log.h"
#include "common/pure/uri.h"
#include "tests/scenario/fake_io.h"
#include "tests/scenario/fake_mishap.h"

enum { HOSTS = 1024, LATENCY_MS = 1, FIELDS = 32, LOG_MAX = 64 << 20 };

static struct http_server *servers;
static size_t calls_n;
static size_t calls_most;
static char log_text_all[1 << 20];
static size_t log_n;

/* --- sites ----------------------------------------------------------------------------------- */

static struct {
    char authority[URI_AUTHORITY_SIZE];
    struct sockaddr_in address;
    fake_site site;
    void *arg;
} hosts[HOSTS];
static size_t hosts_n;

void fake_http_reset(void)
{
    hosts_n = 0;
    log_n = 0;
    log_text_all[0] = '\0';
    servers = NULL;
    calls_n = 0;
}

static size_t host_find(const char *authority)
{
    size_t i = 0;
    while (i < hosts_n && strcmp(hosts[i].authority, authority) != 0)
        i++;
    return i;
}

void fake_host(const char *authority, const char *address, fake_site site, void *arg)
{
    size_t i = host_find(authority);
    if (i == HOSTS)
        abort();
    hosts_n = i == hosts_n ? hosts_n + 1 : hosts_n;
    span_copy(span_of(authority), hosts[i].authority, sizeof(hosts[i].authority));
    hosts[i].address = (struct sockaddr_in){.sin_family = AF_INET};
    inet_pton(AF_INET, address, &hosts[i].address.sin_addr);
    hosts[i].site = site;
    hosts[i].arg = arg;
}

/* --- http_client.h --------------------------------------------------------------------------- */

struct http_client {
    struct http_call *calls;
    loop_cb before;
    void *before_arg;
};

struct http_call {
    struct http_call *prev, *next;
    struct http_client *client;
    struct event *event;
    char *method, *url, *fields[FIELDS];
    size_t fields_n;
    struct span body; /* the caller's */
    char *sent;       /* what it was */
    enum mishap mishap;
    int64_t connect_ms, give_up_ms;
    bool (*guard)(void *arg, const struct sockaddr *to);
    void *guard_arg;
    http_answered cb;
    void *arg;
    struct fake_answer answer;
};

size_t fake_calls(void)
{
    return calls_n;
}

size_t fake_calls_most(void)
{
    return calls_most;
}

struct http_client *http_client_new(struct loop *loop, const char *user_agent, unsigned shards,
                                    unsigned max_connections)
{
    (void)loop, (void)user_agent, (void)shards, (void)max_connections;
    calls_most = 0;
    return mem_new(sizeof(struct http_client));
}

static void call_free(struct http_call *call)
{
    fake_cancel(&call->event);
    DL_DELETE(call->client->calls, call);
    calls_n--;
    for (size_t i = 0; i < call->fields_n; i++)
        free(call->fields[i]);
    free(call->method);
    free(call->url);
    free(call->sent);
    free(call);
}

void http_client_before(struct http_client *client, loop_cb cb, void *arg)
{
    client->before = cb;
    client->before_arg = arg;
}

void http_client_free(struct http_client **client)
{
    while (*client && (*client)->calls)
        call_free((*client)->calls);
    free(*client);
    *client = NULL;
}

void http_call_cancel(struct http_call **call)
{
    if (*call)
        call_free(*call);
    *call = NULL;
}

/* A look before the connections are touched: it may take back any call, also this one. */
static bool taken_back(struct http_call *call)
{
    struct http_client *client = call->client;
    const struct http_call *c;
    if (client->before)
        client->before(client->before_arg);
    DL_FOREACH(client->calls, c)
    {
        if (c == call)
            return false;
    }
    return true;
}

static void on_landed(void *arg)
{
    struct http_call *call = arg;
    call->event = NULL;
    if (taken_back(call))
        return;
    const struct fake_answer *a = &call->answer;
    if (call->body.n && memcmp(call->body.p, call->sent, call->body.n) != 0) {
        fprintf(stderr, "a body changed while it was lent\n");
        abort();
    }
    struct http_answer answer = {.err = a->err,
                                 .status = a->status,
                                 .body = span_of(a->body),
                                 .content_type = span_of(a->content_type),
                                 .location = span_of(a->location),
                                 .retry_after = span_of(a->retry_after),
                                 .detail = a->err == ERR_OK ? "" : "as the test has it"};
    call->cb(call->arg, &answer);
    call_free(call);
}

static void on_arrived(void *arg)
{
    struct http_call *call = arg;
    struct uri uri;
    call->event = NULL;
    if (taken_back(call))
        return;
    size_t i = uri_read(span_of(call->url), &uri) == ERR_OK ? host_find(uri.authority) : hosts_n;
    call->answer = (struct fake_answer){.err = ERR_RESOLVE};
    if (call->mishap == MISHAP_REFUSED || call->mishap == MISHAP_SEND) {
        call->answer.err = call->mishap == MISHAP_SEND ? ERR_PROTOCOL : ERR_CONNECT;
    } else if (call->mishap == MISHAP_NO_CONNECTION) {
        call->answer = (struct fake_answer){.err = ERR_TIMEOUT, .delay_ms = call->connect_ms};
    } else if (i < hosts_n && hosts[i].site && call->guard &&
               !call->guard(call->guard_arg, (const struct sockaddr *)&hosts[i].address)) {
        call->answer.err = ERR_ADDRESS;
    } else if (i < hosts_n && hosts[i].site) {
        struct fake_arrived arrived = {call->method, call->url, (const char *const *)call->fields,
                                       call->fields_n, call->body};
        call->answer.err = ERR_OK;
        unsigned process = fake_process(0);
        hosts[i].site(hosts[i].arg, &arrived, &call->answer);
        fake_process(process);
    }
    if (call->mishap == MISHAP_RECEIVE)
        call->answer = (struct fake_answer){.err = ERR_PROTOCOL, .delay_ms = 20};
    int64_t at = fake_now() + call->answer.delay_ms;
    if (at >= call->give_up_ms) {
        at = call->give_up_ms;
        call->answer = (struct fake_answer){.err = ERR_TIMEOUT};
    }
    call->event = fake_at(at, on_landed, call);
}

struct http_call *http_client_send(struct http_client *client, const struct http_ask *ask,
                                   http_answered cb, void *arg)
{
    struct http_call *call = mem_new(sizeof(*call));
    call->client = client;
    call->cb = cb;
    call->arg = arg;
    call->method = mem_copy(span_of(ask->method));
    call->url = mem_copy(span_of(ask->url));
    call->body = ask->body;
    call->sent = mem_copy(ask->body);
    call->guard = ask->guard;
    call->guard_arg = ask->guard_arg;
    call->connect_ms = ask->connect_ms;
    call->give_up_ms = fake_now() + ask->total_ms;
    for (; call->fields_n < ask->fields_n && call->fields_n < FIELDS; call->fields_n++)
        call->fields[call->fields_n] = mem_copy(span_of(ask->fields[call->fields_n]));
    for (enum mishap t = MISHAP_REFUSED; t <= MISHAP_RECEIVE; t++)
        call->mishap = mishap_now(t) ? t : call->mishap;
    DL_APPEND(client->calls, call);
    calls_n++;
    calls_most = calls_n > calls_most ? calls_n : calls_most;
    call->event = fake_at(fake_now() + LATENCY_MS, on_arrived, call);
    return call;
}

/* --- http_server.h --------------------------------------------------------------------------- */

struct http_server {
    struct http_server *prev, *next;
    struct http_server_config config;
    char *listen;
    unsigned process; /* whose it is */
};

struct http_request {
    struct http_view view;
    struct http_field fields[FIELDS];
    struct fake_reply *reply;
    char *texts[4 + 2 * FIELDS];
    size_t texts_n;
};

enum err http_server_new(struct loop *loop, const struct http_server_config *config,
                         struct bytes *why, struct http_server **ret)
{
    struct http_server *s = mem_new(sizeof(*s));
    (void)loop, (void)why;
    s->config = *config;
    s->process = fake_running();
    s->listen = mem_copy(span_of(config->listen));
    DL_APPEND(servers, s);
    *ret = s;
    return ERR_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    (void)server;
    return 1;
}

size_t http_server_connections(const struct http_server *server)
{
    (void)server;
    return 0;
}

void http_server_stop(struct http_server *server)
{
    (void)server;
}

void http_server_free(struct http_server **server)
{
    struct http_server *s = *server;
    *server = NULL;
    if (!s)
        return;
    DL_DELETE(servers, s);
    free(s->listen);
    free(s);
}

static struct span keep(struct http_request *r, struct span text)
{
    char *copy = mem_copy(text);
    r->texts[r->texts_n++] = copy;
    return (struct span){copy, text.n};
}

void fake_request(const char *listen, const char *method, const char *target,
                  const struct fake_field *fields, size_t fields_n, struct span body,
                  struct fake_reply *reply)
{
    struct http_server *s = servers;
    while (s && (strcmp(s->listen, listen) != 0 || fake_killed(s->process)))
        s = s->next;
    if (!s || fields_n > FIELDS)
        abort();
    struct http_request *r = mem_new(sizeof(*r));
    *reply = (struct fake_reply){0};
    r->reply = reply;
    r->view.method = keep(r, span_of(method));
    r->view.target = keep(r, span_of(target));
    r->view.query = r->view.target;
    r->view.path = span_cut(&r->view.query, '?');
    r->view.body = keep(r, body);
    r->view.peer = SPAN("192.0.2.7");
    for (size_t i = 0; i < fields_n; i++) {
        r->fields[i].name = keep(r, span_of(fields[i].name));
        r->fields[i].value = keep(r, span_of(fields[i].value));
        if (span_eq_ci(r->fields[i].name, SPAN("host")))
            r->view.host = r->fields[i].value;
    }
    r->view.fields = r->fields;
    r->view.fields_n = fields_n;
    s->config.handler(s->config.arg, r);
}

const struct http_view *http_view(const struct http_request *request)
{
    return &request->view;
}

struct span http_field(const struct http_view *view, const char *name, unsigned *ret_count)
{
    struct span value = SPAN_NONE;
    unsigned n = 0;
    for (size_t i = 0; i < view->fields_n; i++)
        if (span_eq_ci(view->fields[i].name, span_of(name))) {
            value = view->fields[i].value;
            n++;
        }
    if (ret_count)
        *ret_count = n;
    return n == 1 ? value : SPAN_NONE;
}

void http_reply(struct http_request **request, const struct http_response *response)
{
    struct http_request *r = *request;
    *request = NULL;
    r->reply->cut = mishap_now(MISHAP_REPLY);
    if (!r->reply->cut) {
        r->reply->times++;
        r->reply->status = response->status;
        r->reply->at_ms = fake_now();
        span_copy(span_of(response->fields), r->reply->fields, sizeof(r->reply->fields));
        span_copy(response->body, r->reply->body, sizeof(r->reply->body));
    }
    for (size_t i = 0; i < r->texts_n; i++)
        free(r->texts[i]);
    free(r);
}

/* --- log.h ----------------------------------------------------------------------------------- */

static void log_line_add(struct span line)
{
    if (log_n + line.n + 2 > sizeof(log_text_all))
        log_n = 0;
    memcpy(log_text_all + log_n, line.p, line.n);
    log_n += line.n;
    log_text_all[log_n++] = '\n';
    log_text_all[log_n] = '\0';
}

const char *fake_log(void)
{
    return log_text_all;
}

static bool holds(struct span line, const char *word)
{
    return !word || memmem(line.p, line.n, word, strlen(word));
}

size_t fake_logged(const char *a, const char *b, const char *c)
{
    struct span rest = {log_text_all, log_n};
    size_t n = 0;
    while (rest.p) {
        struct span line = span_cut(&rest, '\n');
        n += line.n && holds(line, a) && holds(line, b) && holds(line, c);
    }
    return n;
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    (void)level;
    bytes_init(&l->text, LOG_MAX);
    bytes_addf(&l->text, "t=%lld %s", (long long)fake_now(), event);
}

void log_text(struct log_line *l, const char *key, struct span value)
{
    if (value.p)
        bytes_addf(&l->text, " %s=%.*s", key, SPAN_ARG(value));
}

void log_str(struct log_line *l, const char *key, const char *value)
{
    log_text(l, key, span_of(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
    bytes_addf(&l->text, " %s=%lld", key, (long long)value);
}

void log_end(struct log_line *l)
{
    log_line_add(bytes_span(&l->text));
    bytes_fini(&l->text);
}

void log_note(enum log_level level, const char *event, const char *format, ...)
{
    char text[512];
    struct log_line l;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_begin(&l, level, event);
    log_str(&l, "message", text);
    log_end(&l);
}
