/* uri: absolute http and https URLs, one way to read them for checking and for use.
 *
 * Hosts come out as lower-case A-labels (libidn2, non-transitional) or as canonical IP literals;
 * the default port is dropped. Refused: userinfo, backslash, control bytes, white space and `"<>`,
 * bytes above ASCII outside the host (RFC 3986 has none), an empty host or label, a trailing dot,
 * port 0 or an empty one, a query right behind the host, numbers that curl would fold to an IPv4
 * address (`127.1`, `0x7f.1`), zone ids, full-width digits and dots, and whatever curl's URL API
 * reads differently. Dot segments in the path stay as written: ids are compared as bytes, and who
 * sends a request sets CURLOPT_PATH_AS_IS, so that what was signed is what is sent. */
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
/* The URL in its one form, without fragment: what a request is made with, and what two ids are
 * compared by. False if it does not fit in size (URI_MAX + URI_AUTHORITY_SIZE always does). */
bool uri_write(const struct uri *u, char *out, size_t size);
/* Resolves a Location header against base (RFC 3986 section 5). False, and out empty, if the result
 * is no URL that uri_read() accepts, or does not fit in size. */
bool uri_resolve(const struct uri *base, struct span location, char *out, size_t size);
/* Decodes %XX once (`+` stays); false, and out empty, on a malformed escape, NUL or overflow. */
bool uri_decode(struct span in, char *out, size_t size);
/* The value of a query parameter, still encoded; absent if it is not there. *ret_count (may be
 * NULL) says how often the name stands in the query. */
struct span uri_param(struct span query, const char *name, unsigned *ret_count);
