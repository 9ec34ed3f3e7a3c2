/* http_call: libcurl's options for one request, and the callbacks that bound it.
 *
 * Every limit is ours: libcurl's own do not count decoded or chunked bytes, and its defaults add
 * fields, follow the environment's proxies and tidy paths that a signature covers.
 *
 * May not know: the loop, other requests, what an answer is for. */
#include "common/io/http_call.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    HEADER_MAX = 64 * 1024,
    NAMES_KEPT_S = 300,
    CONNECTION_LIFE_S = 3600,
    READ_SIZE =
        1024, /* at once; allocated for each transfer, and of this size from malloc's cache */
    FIELDS_MAX = 256 * 1024, /* bytes of all that are sent */
    OWN_FIELDS = 3,          /* those that we add */
    OWN_BYTES = 64
};

/* An option that this libcurl does not know would be a build against the wrong one. */
#define SET(easy, option, value)                                                                   \
    do {                                                                                           \
        if (curl_easy_setopt(easy, option, value) != CURLE_OK)                                     \
            abort();                                                                               \
    } while (0)

/* --- what libcurl asks and tells ------------------------------------------------------------- */

static bool may_connect(struct http_call *call, const struct sockaddr *to)
{
    bool ok = !call->guard || call->guard(call->guard_arg, to);
    if (!ok)
        call->refused = true;
    return ok;
}

/* Every new connection, after the name was resolved: a name cannot mean one address when it is
 * checked and another when it is used (PROTOCOL 7.3). */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_call *call = arg;
    (void)purpose;
    if (!may_connect(call, &to->addr))
        return CURL_SOCKET_BAD;
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    /* A family that this host does not have says nothing about us or the other side. */
    if (fd < 0 && errno != EAFNOSUPPORT)
        call->no_socket = true;
    if (fd >= 0)
        call->connected = true;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Every request, also on a connection that another request opened, under its own guard. */
static int on_request(void *arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct http_call *call = arg;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)to_port)};
    (void)from_ip, (void)from_port;
    bool ok = false;
    if (!call->guard)
        return CURL_PREREQFUNC_OK;
    if (inet_pton(AF_INET, to_ip, &v4.sin_addr) == 1)
        ok = may_connect(call, (const struct sockaddr *)&v4);
    else if (inet_pton(AF_INET6, to_ip, &v6.sin6_addr) == 1)
        ok = may_connect(call, (const struct sockaddr *)&v6);
    else
        call->refused = true; /* an address that can't be read can't be allowed */
    return ok ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* Three digits (RFC 9112, section 4): libcurl takes the first three of more. */
static bool has_status(struct span line)
{
    span_cut(&line, ' ');
    size_t n = 0;
    while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
        n++;
    return n == 3;
}

/* Lines of all headers, interim answers and trailers: together they are bounded. */
static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
    struct http_call *call = arg;
    struct span line = {p, one * n};
    if (span_starts(line, SPAN("HTTP/"))) {
        call->header_whole = false;
        if (!has_status(line))
            return 0;
    }
    if (span_eq(line, SPAN("\r\n")) || span_eq(line, SPAN("\n")))
        call->header_whole = true;
    call->header_n += one * n;
    if (call->header_n > HEADER_MAX)
        call->too_large = true;
    return call->too_large ? 0 : one * n;
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
    struct http_call *call = arg;
    size_t room = call->body.max - call->body.n;
    size_t fits = one * n < room ? one * n : room;
    bytes_add(&call->body, (struct span){p, fits});
    if (fits < one * n)
        call->too_large = true;
    return fits;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void set_bounds(struct http_call *call)
{
    CURL *easy = call->easy;
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_MAXREDIRS, 0L);
    SET(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    /* The environment's proxy would be all that the guard sees. */
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(easy, CURLOPT_OPENSOCKETDATA, call);
    SET(easy, CURLOPT_PREREQFUNCTION, on_request);
    SET(easy, CURLOPT_PREREQDATA, call);
    SET(easy, CURLOPT_HEADERFUNCTION, on_header);
    SET(easy, CURLOPT_HEADERDATA, call);
    SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    SET(easy, CURLOPT_WRITEDATA, call);
    /* No ACCEPT_ENCODING: nobody asks for one, what comes encoded stays so, and is no bomb. */
    SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

struct http_call *http_call_new(const char *user_agent)
{
    struct http_call *call = mem_new(sizeof *call);
    bytes_init(&call->lines, FIELDS_MAX);
    call->easy = curl_easy_init();
    if (!call->easy)
        abort();
    set_bounds(call);
    CURL *easy = call->easy;
    SET(easy, CURLOPT_PRIVATE, call);
    SET(easy, CURLOPT_ERRORBUFFER, call->detail);
    SET(easy, CURLOPT_USERAGENT, user_agent);
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_BUFFERSIZE, (long)READ_SIZE);
    /* One request at a time for each host: HTTP/2 would gain nothing and is one more parser. */
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* The signature covers the path as it stands. */
    SET(easy, CURLOPT_PATH_AS_IS, 1L);
    SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* With the default, Debian's libcurl parses the whole CA bundle for every connection. */
    SET(easy, CURLOPT_CAPATH, NULL);
    /* The end of a transfer would wait for its look-up, and the loop with it, where a name server
     * is silent. (The thread then ends on its own; nothing leaks.) */
    SET(easy, CURLOPT_QUICK_EXIT, 1L);
    SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAMES_KEPT_S);
    /* A host that moved is found again though its old address still answers. */
    SET(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S);
    return call;
}

void http_call_delete(struct http_call *call)
{
    http_call_clear(call);
    curl_easy_cleanup(call->easy);
    bytes_fini(&call->lines);
    free(call);
}

static bool is_field(const char *line, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(line, name, n) == 0 && line[n] == ':';
}

static bool has_field(const struct http_ask *ask, const char *name)
{
    for (size_t i = 0; i < ask->fields_n; i++)
        if (is_field(ask->fields[i], name))
            return true;
    return false;
}

/* Room was made before: what was added stays where it is, because the list points to it. */
static void add_field(struct http_call *call, const char *line)
{
    struct curl_slist *node = &call->fields[call->fields_n];
    size_t at = call->lines.n;
    bytes_add(&call->lines, (struct span){line, strlen(line) + 1});
    *node = (struct curl_slist){.data = call->lines.p + at};
    if (call->fields_n++)
        node[-1].next = node;
}

static size_t size_of(const struct http_ask *ask)
{
    size_t size = 0;
    for (size_t i = 0; i < ask->fields_n; i++)
        size += strlen(ask->fields[i]) + 1;
    return size;
}

static void set_fields(struct http_call *call, const struct http_ask *ask, bool post)
{
    size_t n = ask->fields_n;
    if (n > HTTP_CALL_FIELDS - OWN_FIELDS || size_of(ask) > FIELDS_MAX - OWN_BYTES) {
        call->preset = ERR_INTERNAL;
        n = 0;
    }
    bytes_reserve(&call->lines, n ? size_of(ask) + OWN_BYTES : OWN_BYTES);
    for (size_t i = 0; i < n; i++) {
        if (strpbrk(ask->fields[i], "\r\n") || !strchr(ask->fields[i], ':'))
            call->preset = ERR_INTERNAL; /* one field must not become two */
        add_field(call, ask->fields[i]);
    }
    /* A name and nothing takes away what libcurl would add of its own. */
    add_field(call, "Expect:");
    if (!has_field(ask, "Accept"))
        add_field(call, "Accept:");
    if (post && !has_field(ask, "Content-Type"))
        add_field(call, "Content-Type:");
    SET(call->easy, CURLOPT_HTTPHEADER, call->fields);
}

static void set_method(struct http_call *call, const struct http_ask *ask, bool post)
{
    SET(call->easy, CURLOPT_POSTFIELDS, post && ask->body.n ? ask->body.p : "");
    SET(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(post ? ask->body.n : 0));
    if (post)
        SET(call->easy, CURLOPT_POST, 1L);
    else
        SET(call->easy, CURLOPT_HTTPGET, 1L);
}

void http_call_ask(struct http_call *call, const struct http_ask *ask)
{
    bool post = strcmp(ask->method, "POST") == 0;
    bool web =
        strncasecmp(ask->url, "http://", 7) == 0 || strncasecmp(ask->url, "https://", 8) == 0;
    call->guard = ask->guard;
    call->guard_arg = ask->guard_arg;
    call->preset = web ? ERR_OK : ERR_URL;
    if (!post && strcmp(ask->method, "GET") != 0)
        call->preset = ERR_INTERNAL;
    set_fields(call, ask, post);
    set_method(call, ask, post);
    /* Without an address the transfer fails in a later turn, as one that can't be sent must. */
    SET(call->easy, CURLOPT_URL, call->preset == ERR_OK ? ask->url : "");
    SET(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ask->connect_ms);
    SET(call->easy, CURLOPT_TIMEOUT_MS, (long)ask->total_ms);
    bytes_init(&call->body, ask->answer_max);
}

/* --- the answer ------------------------------------------------------------------------------ */

/* No connection: theirs, or ours? */
static enum err judge_connect(const struct http_call *call)
{
    long number = 0;
    if (!call->connected)
        return call->refused ? ERR_ADDRESS : call->no_socket ? ERR_INTERNAL : ERR_CONNECT;
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
    return number == ENETUNREACH ? ERR_NO_ROUTE : ERR_CONNECT;
}

/* Ours, about a transfer that ended well. To libcurl, a good answer may also be a connection that
 * ends inside the header, and a 101, for which nobody asked (RFC 9110, section 15.2.2). */
static const char *incomplete(const struct http_call *call, long status)
{
    if (!call->header_whole)
        return "the answer ends in its header";
    return status < 200 ? "only an interim answer came" : NULL;
}

static enum err judge(const struct http_call *call, CURLcode rc, long status)
{
    if (call->preset != ERR_OK)
        return call->preset;
    if (call->too_large)
        return ERR_TOO_LARGE;
    switch (rc) {
    case CURLE_OK: return incomplete(call, status) ? ERR_PROTOCOL : ERR_OK;
    case CURLE_COULDNT_RESOLVE_HOST: return ERR_RESOLVE;
    case CURLE_COULDNT_CONNECT: return judge_connect(call);
    case CURLE_ABORTED_BY_CALLBACK: return ERR_ADDRESS;
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: return ERR_URL;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return ERR_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM: return ERR_TLS;
    case CURLE_SSL_CACERT_BADFILE:
        return ERR_INTERNAL; /* our own bundle */
    /* A header line over 100 KiB, by its old name and its new one. */
    case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return ERR_TOO_LARGE;
    default: return ERR_PROTOCOL;
    }
}

/* The first of that name in the final answer; absent if there is none. */
static struct span field(const struct http_call *call, const char *name)
{
    struct curl_header *h;
    if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return SPAN_NONE;
    /* libcurl 7.88 leaves the end of the line in a value that is empty. */
    return span_of(strchr("\r\n", *h->value) ? "" : h->value);
}

void http_call_answer(struct http_call *call, CURLcode rc, struct http_answer *ret)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    *ret = (struct http_answer){.err = judge(call, rc, status), .detail = call->detail};
    if (ret->err == ERR_OK)
        call->detail[0] = '\0';
    else if (ret->err == ERR_TOO_LARGE)
        ret->detail = "the answer is larger than allowed";
    else if (ret->err == ERR_ADDRESS)
        ret->detail = "the address is not allowed";
    else if (rc == CURLE_OK)
        ret->detail = incomplete(call, status);
    else if (!call->detail[0])
        ret->detail = curl_easy_strerror(rc);
    if (status < 200 || !call->header_whole)
        return; /* none, or only an interim one */
    ret->status = (int)status;
    ret->body = bytes_span(&call->body);
    ret->content_type = field(call, "Content-Type");
    ret->location = field(call, "Location");
    ret->retry_after = field(call, "Retry-After");
}

void http_call_clear(struct http_call *call)
{
    SET(call->easy, CURLOPT_HTTPHEADER, NULL);
    SET(call->easy, CURLOPT_POSTFIELDS, NULL); /* the caller's memory */
    call->fields_n = 0;
    bytes_clear(&call->lines);
    bytes_fini(&call->body);
    call->header_n = 0;
    call->header_whole = false;
    call->too_large = call->refused = call->connected = call->no_socket = false;
    call->detail[0] = '\0';
}
