/* check: the meaning of the texts (url, listen, redis ...), and values that contradict each other.
 * May not know: YAML, zones and rules. */
#include "relay/config/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/pure/net.h"
#include "common/pure/uri.h"

/* Bytes of a socket's path. redis-server keeps one byte less than the system would, and cuts
 * without a word what is longer. */
enum { SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 2 };

/* The place of a setting: of its value, or of the file where it has its default. */
static struct place place_of(const struct checks *c, int i)
{
    return c->at[i].line ? c->at[i] : c->root;
}

/* --- url ------------------------------------------------------------------------------------- */

static bool is_loopback(const struct uri *uri)
{
    struct in_addr four;
    return span_eq_str(span_of(uri->host), "localhost") ||
           span_eq_str(span_of(uri->host), "[::1]") ||
           (uri->literal && inet_pton(AF_INET, uri->host, &four) == 1 &&
            ntohl(four.s_addr) >> 24 == 127);
}

/* Why the text behind the scheme is more than a host and a port; NULL if it is not. */
static const char *url_extra(struct span text)
{
    struct span rest = text;
    ptrdiff_t slashes = span_find(rest, '/');
    if (slashes < 0)
        return NULL;
    rest = (struct span){text.p + slashes + 2, text.n - (size_t)slashes - 2};
    if (span_find(rest, '@') >= 0)
        return "without user and password";
    if (span_find(rest, '?') >= 0 || span_find(rest, '#') >= 0)
        return "without query and fragment";
    return span_find(rest, '/') >= 0 ? "without a path, not even a slash at the end" : NULL;
}

static void url_check(struct checks *c)
{
    struct config *config = c->config;
    struct span url = span_of(config->set.url);
    struct place at = place_of(c, SETTING_AT_url);
    struct uri uri;
    if (c->bad[SETTING_AT_url])
        return;
    if (!url.p) {
        mistake(c->mistakes, c->root, "url is missing: the public identity of this relay");
        return;
    }
    if (!span_starts(url, SPAN("http://")) && !span_starts(url, SPAN("https://"))) {
        mistake(c->mistakes, at, "url: %s must begin with https:// (or http:// on loopback)",
                quoted(url).text);
        return;
    }
    if (url_extra(url)) {
        mistake(c->mistakes, at, "url: scheme, host and port alone, %s", url_extra(url));
        return;
    }
    if (uri_read(url, &uri) != ERR_OK) {
        mistake(c->mistakes, at, "url: %s is not a URL", quoted(url).text);
        return;
    }
    if (!uri.https && !is_loopback(&uri))
        mistake(c->mistakes, at,
                "url: http:// is for loopback (127.0.0.1, [::1], localhost); a public identity is "
                "https://%s",
                uri.authority);
    struct bytes normal;
    bytes_init(&normal, URI_AUTHORITY_SIZE + 10);
    bytes_addf(&normal, "%s://%s", uri.https ? "https" : "http", uri.authority);
    free(config->set.url);
    config->set.url = bytes_take(&normal);
    config->authority = mem_copy(span_of(uri.authority));
    config->https = uri.https;
}

/* --- addresses ------------------------------------------------------------------------------- */

static bool listen_read(struct checks *c, int i, const char *text, struct sockaddr_storage *ret)
{
    if (c->bad[i])
        return false;
    if (net_listen_read(span_of(text), ret))
        return true;
    mistake(c->mistakes, place_of(c, i),
            "%s: %s is not an address and port, such as 127.0.0.1:8080 or [::]:8080",
            settings_table[i].name, quoted(span_of(text)).text);
    return false;
}

static in_port_t port_in(const struct sockaddr_storage *sa)
{
    return sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)(const void *)sa)->sin6_port
                                     : ((const struct sockaddr_in *)(const void *)sa)->sin_port;
}

static bool is_any(const struct sockaddr_storage *sa)
{
    if (sa->ss_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
    return ((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr == INADDR_ANY;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    char one[46], other[46];
    if (is_any(a) || is_any(b))
        return true;
    net_name((const struct sockaddr *)(const void *)a, one);
    net_name((const struct sockaddr *)(const void *)b, other);
    return strcmp(one, other) == 0;
}

static void listen_check(struct checks *c)
{
    struct sockaddr_storage listen, metrics;
    bool both = listen_read(c, SETTING_AT_listen, c->config->set.listen, &listen);
    both = listen_read(c, SETTING_AT_metrics, c->config->set.metrics, &metrics) && both;
    if (both && port_in(&listen) && port_in(&listen) == port_in(&metrics) &&
        same_address(&listen, &metrics))
        mistake(
            c->mistakes,
            place_of(c, c->at[SETTING_AT_metrics].line ? SETTING_AT_metrics : SETTING_AT_listen),
            "listen and metrics are the same address: metrics must not be public");
}

/* --- redis ----------------------------------------------------------------------------------- */

static const char redis_plain[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
enum { REDIS_SENTINELS_MAX = 8 };

/* Host and port as the connection will read them; the host may be a name that no URL of the
 * Internet could have (`redis_1`). */
static bool redis_host_ok(struct span text)
{
    struct span host = text, port = SPAN_NONE;
    uint64_t number;
    if (span_starts(text, SPAN("["))) {
        struct in6_addr six;
        char name[INET6_ADDRSTRLEN];
        port = (struct span){text.p + 1, text.n - 1};
        host = span_cut(&port, ']');
        if (!span_copy(host, name, sizeof(name)) || inet_pton(AF_INET6, name, &six) != 1 || !port.p)
            return false;
        if (port.n == 0)
            return true;
        if (*port.p != ':')
            return false;
        port = (struct span){port.p + 1, port.n - 1};
    } else {
        port = host;
        host = span_cut(&port, ':');
        if (host.n == 0 || host.n > URI_HOST_MAX)
            return false;
        for (size_t i = 0; i < host.n; i++)
            if (!host.p[i] || !strchr(redis_plain, host.p[i]))
                return false;
    }
    return !port.p || (span_u64(port, 65535, &number) && number > 0);
}

static bool redis_login_ok(struct span text)
{
    char decoded[512];
    struct span password = text;
    struct span user = span_cut(&password, ':');
    return password.n > 0 && uri_decode(user, decoded, sizeof(decoded)) &&
           uri_decode(password, decoded, sizeof(decoded));
}

static bool redis_hosts_ok(struct span text)
{
    size_t n = 0;
    for (; text.p; n++)
        if (n == REDIS_SENTINELS_MAX || !redis_host_ok(span_cut(&text, ',')))
            return false;
    return n > 0;
}

static bool redis_service_ok(struct span name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!name.p[i] || !strchr(redis_plain, name.p[i]))
            return false;
    return name.n > 0 && name.n < 128;
}

/* NULL if it is `host`, `host:port` or `host:port/db`, with `user:password@` before if wished; or,
 * for Sentinel, several hosts and a name behind the slash. */
static const char *redis_url_wrong(struct span text, bool sentinel)
{
    struct span db = text;
    struct span head = span_cut(&db, '/');
    struct span host = head;
    uint64_t number;
    for (size_t i = 0; i < head.n; i++)
        if (head.p[i] == '@')
            host = (struct span){head.p + i + 1, head.n - i - 1};
    if (host.n < head.n && !redis_login_ok((struct span){head.p, head.n - host.n - 1}))
        return "what stands before @ must be user:password, other signs than letters and digits as "
               "%XX";
    if (sentinel && (!redis_hosts_ok(host) || !redis_service_ok(span_cut(&db, '/'))))
        return "up to 8 sentinels and the name of the master are needed, such as "
               "sentinel://10.0.0.5:26379,10.0.0.6:26379/weir";
    if (!sentinel && !redis_host_ok(host))
        return "a host is needed, such as redis://10.0.0.5:6379/0";
    if (db.n && !span_u64(db, UINT16_MAX, &number))
        return "what stands behind the slash must be the number of a database";
    return NULL;
}

/* Never quotes the value: there may be a password in it. */
static void redis_check(struct checks *c)
{
    struct span redis = span_of(c->config->set.redis);
    const char *wrong = NULL;
    if (c->bad[SETTING_AT_redis] || span_eq_str(redis, "embedded"))
        return;
    if (span_starts(redis, SPAN("unix:"))) {
        if (redis.n < 6 || redis.p[5] != '/')
            wrong = "the path must be absolute: unix:/run/redis/redis.sock";
        else if (redis.n - 5 > SOCKET_PATH_MAX)
            wrong = "the socket's path is too long for the system";
    } else if (span_starts(redis, SPAN("redis://"))) {
        wrong = redis_url_wrong((struct span){redis.p + 8, redis.n - 8}, false);
    } else if (span_starts(redis, SPAN("sentinel://"))) {
        wrong = redis_url_wrong((struct span){redis.p + 11, redis.n - 11}, true);
    } else {
        wrong = "it must be embedded, redis://[user:password@]host:port/db, "
                "sentinel://host:port,host:port/name, or unix:/path";
    }
    if (wrong)
        mistake(c->mistakes, place_of(c, SETTING_AT_redis), "redis: %s", wrong);
}

/* --- pilots ----------------------------------------------------------------------------------- */

/* Never quotes the value: there may be a secret in it. */
static void webhook_check(struct checks *c)
{
    struct span url = span_of(c->config->set.pilots_webhook);
    struct uri uri;
    if (c->bad[SETTING_AT_pilots_webhook] || !url.n || uri_read(url, &uri) == ERR_OK)
        return;
    mistake(c->mistakes, place_of(c, SETTING_AT_pilots_webhook),
            "pilots.webhook: it must be an address such as https://chat.corp.example/hooks/4711, "
            "without a user");
}

/* --- data ------------------------------------------------------------------------------------ */

/* The directory as an absolute path: relative ones start at the directory of the file. */
static char *data_path(const struct config *config)
{
    struct span data = span_of(config->set.data), file = span_of(config->path);
    while (span_starts(data, SPAN("./")))
        data = (struct span){data.p + 2, data.n - 2};
    while (data.n > 1 && data.p[data.n - 1] == '/')
        data.n--;
    while (span_starts(file, SPAN("./")))
        file = (struct span){file.p + 2, file.n - 2};
    while (file.n && file.p[file.n - 1] != '/')
        file.n--;
    struct bytes out;
    bytes_init(&out, 16384);
    if (*config->set.data != '/') {
        char *here = *config->path == '/' ? NULL : getcwd(NULL, 0);
        if (here)
            bytes_addf(&out, "%s/", here);
        free(here);
        bytes_add(&out, file);
    }
    bytes_add(&out, data);
    return bytes_take(&out);
}

static char *joined(const char *dir, const char *name)
{
    struct bytes out;
    bytes_init(&out, 20000);
    bytes_addf(&out, "%s/%s", dir, name);
    return bytes_take(&out);
}

static void data_check(struct checks *c)
{
    struct config *config = c->config;
    if (c->bad[SETTING_AT_data])
        return;
    config->data_dir = data_path(config);
    config->admin_socket = joined(config->data_dir, "admin.sock");
    config->redis_socket = joined(config->data_dir, "redis.sock");
    size_t n = strlen(config->admin_socket);
    if (n > SOCKET_PATH_MAX)
        mistake(c->mistakes, place_of(c, SETTING_AT_data),
                "data: the path of the sockets in it would be %zu bytes long, and the system takes "
                "%d: choose a shorter directory",
                n, SOCKET_PATH_MAX);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void workers_check(struct checks *c)
{
    uint64_t n;
    struct span workers = span_of(c->config->set.workers);
    if (!c->bad[SETTING_AT_workers] && !span_eq_str(workers, "auto") && !span_u64(workers, 64, &n))
        mistake(c->mistakes, place_of(c, SETTING_AT_workers), "workers: %s is not auto or 0 to 64",
                quoted(workers).text);
}

/* One pair of settings of which the first must not be above the second. */
static void order_check(struct checks *c, int less, int more, const char *because)
{
    struct bytes x, y;
    if (c->bad[less] || c->bad[more])
        return;
    bytes_init(&x, 100);
    bytes_init(&y, 100);
    setting_write(&c->config->set, less, &x);
    setting_write(&c->config->set, more, &y);
    mistake(c->mistakes, place_of(c, c->at[less].line ? less : more),
            "%s (%s) is more than %s (%s): %s", settings_table[less].name, bytes_str(&x),
            settings_table[more].name, bytes_str(&y), because);
    bytes_fini(&x);
    bytes_fini(&y);
}

static void orders_check(struct checks *c)
{
    const struct settings *s = &c->config->set;
    if (s->retention_bodies > s->retention_entries)
        order_check(c, SETTING_AT_retention_bodies, SETTING_AT_retention_entries,
                    "a body is of no use without its entry");
    if (s->delivery_horizon > s->retention_entries)
        order_check(c, SETTING_AT_delivery_horizon, SETTING_AT_retention_entries,
                    "what is no longer kept can't be delivered");
    if (s->delivery_backoff > s->delivery_backoff_most)
        order_check(c, SETTING_AT_delivery_backoff, SETTING_AT_delivery_backoff_most,
                    "the first back-off can't be longer than the longest");
    if (s->delivery_aside > s->delivery_aside_most)
        order_check(c, SETTING_AT_delivery_aside, SETTING_AT_delivery_aside_most,
                    "the first wait can't be longer than the longest");
    if (s->delivery_connect > s->delivery_total)
        order_check(c, SETTING_AT_delivery_connect, SETTING_AT_delivery_total,
                    "the connection is part of the whole");
    if (s->fetch_connect > s->fetch_total)
        order_check(c, SETTING_AT_fetch_connect, SETTING_AT_fetch_total,
                    "the connection is part of the whole");
    if (s->limits_request_line > s->limits_header)
        order_check(c, SETTING_AT_limits_request_line, SETTING_AT_limits_header,
                    "the request line counts with the header");
    if (s->limits_body > s->limits_bodies)
        order_check(c, SETTING_AT_limits_body, SETTING_AT_limits_bodies,
                    "one body can't be larger than all");
    if (s->limits_per_address > s->limits_connections)
        order_check(c, SETTING_AT_limits_per_address, SETTING_AT_limits_connections,
                    "one address can't have more than all");
}

static void memory_check(struct checks *c)
{
    int64_t memory = c->config->set.redis_memory;
    if (!c->bad[SETTING_AT_redis_memory] && memory > 0 && memory < 8 << 20)
        mistake(c->mistakes, place_of(c, SETTING_AT_redis_memory),
                "redis_limits.memory: 0, or at least 8MiB: Redis alone takes that much");
}

static void replicas_check(struct checks *c)
{
    const struct settings *set = &c->config->set;
    if (!c->bad[SETTING_AT_redis_replicas] && set->redis_replicas &&
        strcmp(set->redis, "embedded") == 0)
        mistake(c->mistakes, place_of(c, SETTING_AT_redis_replicas),
                "redis_limits.replicas: the embedded Redis has none");
}

void checks_run(struct checks *c)
{
    url_check(c);
    listen_check(c);
    redis_check(c);
    webhook_check(c);
    replicas_check(c);
    data_check(c);
    workers_check(c);
    orders_check(c);
    memory_check(c);
}
