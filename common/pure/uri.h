/* uri: absolute http and https URLs, one way to read them for checking and for use.
 *
 * Hosts come out as lower-case A-labels (libidn2, non-transitional) or as canonical IP literals;
 * the default port is dropped. Refused: userinfo, backslash, control bytes, white space, an empty
 * host, a trailing dot, port 0, numbers that curl would fold to an IPv4 address (`127.1`,
 * `0x7f.1`). */
#pragma once

#include "common/pure/err.h"

enum { URI_MAX = 2048, URI_HOST_MAX = 253, URI_AUTHORITY_SIZE = 262 };

struct uri {
    bool https;
    bool literal;                       /* the host is an IP address */
    uint16_t port;                      /* effective */
    char host[URI_HOST_MAX + 3];        /* without port; an IPv6 literal with its brackets */
    char authority[URI_AUTHORITY_SIZE]; /* host, and `:port` unless it is the scheme's default */
    struct span target; /* path and query as written, `/` where there is none; borrowed from text */
    struct span path;   /* borrowed */
    struct span query;  /* without `?`; absent where there is none; borrowed */
    struct span fragment; /* without `#`; absent where there is none; borrowed */
    struct span base;     /* the text up to the fragment; borrowed */
};

/* ERR_URL where text is not acceptable as above. The spans stay valid as long as text does. */
enum err uri_read(struct span text, struct uri *ret);
/* Same scheme, host and port (RFC 6454). */
bool uri_same_origin(const struct uri *a, const struct uri *b);
/* Normalises `HOST` or `HOST:PORT` as an operator or a Host header writes it, into the form of
 * uri.authority for the scheme. False if it is not one. */
bool uri_authority(struct span text, bool https, char out[URI_AUTHORITY_SIZE]);
/* Resolves a Location header against base. False if the result would be longer than size. */
bool uri_resolve(const struct uri *base, struct span location, char *out, size_t size);
/* Decodes %XX once; false on a malformed escape, NUL or overflow. */
bool uri_decode(struct span in, char *out, size_t size);
/* The value of a query parameter, still encoded; absent if it is not there. *ret_count (may be
 * NULL) says how often the name stands in the query. */
struct span uri_param(struct span query, const char *name, unsigned *ret_count);
