/* redis_url: reading the address of a Redis, strictly.
 * May not know: connections. */
#include "common/io/redis_url.h"

#include "common/pure/uri.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379 };

static bool after(struct span *s, struct span prefix)
{
    if (!span_starts(*s, prefix))
        return false;
    s->p += prefix.n;
    s->n -= prefix.n;
    return true;
}

static bool read_secrets(struct span text, struct redis_place *ret)
{
    struct span password = text;
    struct span user = span_cut(&password, ':');
    ret->has_password = true;
    return password.n && uri_decode(user, ret->user, sizeof ret->user) &&
           uri_decode(password, ret->password, sizeof ret->password);
}

static bool host_is_plain(struct span host, bool bracketed)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!letter && !other && !(bracketed && (c == ':' || c == '%')))
            return false;
    }
    return host.n > 0;
}

static bool read_number(struct span text, uint64_t least, uint16_t *ret)
{
    uint64_t n;
    if (!span_u64(text, UINT16_MAX, &n) || n < least)
        return false;
    *ret = (uint16_t)n;
    return true;
}

static bool read_door(struct span text, uint16_t otherwise, struct redis_door *ret)
{
    struct span host = text;
    struct span port = SPAN_NONE;
    bool bracketed = span_starts(text, SPAN("["));
    if (bracketed) {
        port = (struct span){text.p + 1, text.n - 1};
        host = span_cut(&port, ']');
        if (!port.p || (port.n && port.p[0] != ':'))
            return false;
        port = port.n ? (struct span){port.p + 1, port.n - 1} : SPAN_NONE;
    } else if (span_find(text, ':') >= 0) {
        port = text;
        host = span_cut(&port, ':');
    }
    ret->port = otherwise;
    return host_is_plain(host, bracketed) && span_copy(host, ret->host, sizeof ret->host) &&
           (!port.p || read_number(port, 1, &ret->port));
}

static bool read_sentinels(struct span text, struct redis_place *ret)
{
    while (text.p) {
        struct span one = span_cut(&text, ',');
        if (ret->sentinels_n == REDIS_SENTINELS_MAX ||
            !read_door(one, SENTINEL_PORT, &ret->sentinels[ret->sentinels_n]))
            return false;
        ret->sentinels_n++;
    }
    return ret->sentinels_n > 0;
}

/* What stands behind the scheme. */
static bool read_rest(struct span rest, bool sentinel, struct redis_place *ret)
{
    struct span authority = span_cut(&rest, '/');
    struct span hosts = authority;
    for (size_t i = 0; i < authority.n; i++)
        if (authority.p[i] == '@')
            hosts = (struct span){authority.p + i + 1, authority.n - i - 1};
    if (hosts.n != authority.n &&
        !read_secrets((struct span){authority.p, authority.n - hosts.n - 1}, ret))
        return false;
    if (sentinel) {
        struct span name = span_cut(&rest, '/');
        if (!read_sentinels(hosts, ret) || !host_is_plain(name, false) ||
            !span_copy(name, ret->service, sizeof ret->service))
            return false;
    } else if (!read_door(hosts, REDIS_PORT, &ret->door)) {
        return false;
    }
    return !rest.n || read_number(rest, 0, &ret->database);
}

enum err redis_place_read(struct span url, struct redis_place *ret)
{
    *ret = (struct redis_place){0};
    struct span rest = url;
    if (after(&rest, SPAN("unix:")))
        return rest.n && span_copy(rest, ret->path, sizeof ret->path) ? ERR_OK : ERR_URL;
    bool sentinel = after(&rest, SPAN("sentinel://"));
    if (!sentinel && !after(&rest, SPAN("redis://")))
        return ERR_URL;
    return read_rest(rest, sentinel, ret) ? ERR_OK : ERR_URL;
}
