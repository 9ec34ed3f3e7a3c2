/* net: addresses and networks; which addresses a connection may go to. */
#pragma once

#include <sys/socket.h>

#include "common/pure/bytes.h"

struct network {
    uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;     /* prefix of the 128 */
};

/* `10.0.0.0/8`, `fd00::/8`, a bare address (its full length). Bits behind the prefix must be 0. */
bool network_read(struct span text, struct network *ret);
/* As it would be read. */
void network_write(const struct network *network, struct bytes *out);
/* An IPv4 address, mapped or not, lies in IPv4 networks only: `::/0` is all of IPv6. */
bool network_has(const struct network *network, const struct sockaddr *sa);

/* Whether the address is one that the public Internet routes: none of the special blocks of
 * PROTOCOL 7.3 (IANA special-purpose registries; for IPv6 only 2000::/3 less its special parts;
 * v4-mapped addresses are judged as IPv4, NAT64 and 6to4 are refused). */
bool net_is_public(const struct sockaddr *sa);
/* Public, or inside one of the n networks. */
bool net_allowed(const struct sockaddr *sa, const struct network *networks, size_t n);

/* `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:80`: a numeric address to listen on. Port 0
 * lets the system choose one. */
bool net_listen_read(struct span text, struct sockaddr_storage *ret);
/* The address without port, for logs and per-address limits; a mapped one as IPv4. `-` where it is
 * no IP address. */
void net_name(const struct sockaddr *sa, char out[46]);
