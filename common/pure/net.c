/* net: addresses and networks, and the guard that every outgoing connection passes.
 *
 * Every address is judged in one form, 16 bytes, IPv4 as ::ffff:a.b.c.d: a mapped address is the
 * IPv4 address that it reaches, whatever it was written as.
 * May not know: names, or why a connection is wanted. */
#include "common/pure/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { ADDR_SIZE = 16, ADDR_BITS = 128, MAPPED_BITS = 96 };

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_mapped(const uint8_t addr[ADDR_SIZE])
{
    return memcmp(addr, mapped_prefix, sizeof mapped_prefix) == 0;
}

static void map_ipv4(const void *ipv4, uint8_t ret[ADDR_SIZE])
{
    memcpy(ret, mapped_prefix, sizeof mapped_prefix);
    memcpy(ret + sizeof mapped_prefix, ipv4, 4);
}

/* The 16 bytes of an IP socket address; false for any other family. */
static bool address_of(const struct sockaddr *sa, uint8_t ret[ADDR_SIZE])
{
    if (sa->sa_family == AF_INET) {
        map_ipv4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr, ret);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(ret, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, ADDR_SIZE);
        return true;
    }
    return false;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

/* --- networks -------------------------------------------------------------------------------- */

/* A numeric address; *ret_bits is the length of its family's addresses. */
static bool address_read(struct span text, uint8_t ret[ADDR_SIZE], unsigned *ret_bits)
{
    char name[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    if (!span_copy(text, name, sizeof name))
        return false;
    if (inet_pton(AF_INET, name, &ipv4) == 1) {
        map_ipv4(&ipv4, ret);
        *ret_bits = 32;
        return true;
    }
    *ret_bits = ADDR_BITS;
    return inet_pton(AF_INET6, name, ret) == 1;
}

bool network_read(struct span text, struct network *ret)
{
    struct network made = {.bits = 0};
    static const uint8_t zero[ADDR_SIZE];
    struct span length = text;
    struct span address = span_cut(&length, '/');
    unsigned most = 0;
    if (!address_read(address, made.addr, &most))
        return false;
    uint64_t bits = most;
    if (length.p &&
        (length.n > 3 || (length.n > 1 && length.p[0] == '0') || !span_u64(length, most, &bits)))
        return false;
    made.bits = (uint8_t)(ADDR_BITS - most + bits);
    uint8_t rest[ADDR_SIZE];
    memcpy(rest, made.addr, ADDR_SIZE);
    memset(rest, 0, made.bits / 8);
    if (made.bits % 8)
        rest[made.bits / 8] &= (uint8_t)(0xFF >> made.bits % 8);
    if (memcmp(rest, zero, ADDR_SIZE) != 0)
        return false;
    *ret = made;
    return true;
}

void network_write(const struct network *network, struct bytes *out)
{
    char text[INET6_ADDRSTRLEN];
    bool four = is_mapped(network->addr) && network->bits >= MAPPED_BITS;
    if (four)
        inet_ntop(AF_INET, network->addr + MAPPED_BITS / 8, text, sizeof(text));
    else
        inet_ntop(AF_INET6, network->addr, text, sizeof(text));
    bytes_addf(out, "%s/%d", text, network->bits - (four ? MAPPED_BITS : 0));
}

bool network_has(const struct network *network, const struct sockaddr *sa)
{
    uint8_t addr[ADDR_SIZE];
    if (!address_of(sa, addr))
        return false;
    /* `::/0` means every IPv6 address: IPv4 lies in it by our mapping only. */
    if (is_mapped(addr) && network->bits < MAPPED_BITS)
        return false;
    return same_bits(network->addr, addr, network->bits);
}

/* --- the guard ------------------------------------------------------------------------------- */

struct block {
    uint8_t addr[8]; /* the first bytes, enough for every row */
    uint8_t bits;
};

static bool in_blocks(const uint8_t *addr, const struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same_bits(addr, blocks[i].addr, blocks[i].bits))
            return true;
    return false;
}

/* IANA IPv4 Special-Purpose Address Registry, and multicast. */
static const struct block special4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* carriers' NAT */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, and clouds' metadata */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 31, 196}, 24}, /* AS112 */
    {{192, 52, 193}, 24}, /* AMT */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{192, 175, 48}, 24}, /* AS112 */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, and broadcast */
};

/* IPv6: only 2000::/3 is routed; inside it, these are special. Loopback, unique local, link-local,
 * multicast, IPv4-compatible and NAT64 addresses all lie outside. */
static const struct block global6 = {{0x20}, 3};
static const struct block special6[] = {
    {{0x20, 0x01}, 23},                         /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0D, 0xB8}, 32},             /* documentation */
    {{0x20, 0x02}, 16},                         /* 6to4: an IPv4 address in disguise */
    {{0x26, 0x20, 0x00, 0x4F, 0x80, 0x00}, 48}, /* AS112 */
    {{0x3F, 0xFF}, 20},                         /* documentation (RFC 9637) */
};

bool net_is_public(const struct sockaddr *sa)
{
    uint8_t addr[ADDR_SIZE];
    if (!address_of(sa, addr))
        return false;
    if (is_mapped(addr))
        return !in_blocks(addr + sizeof mapped_prefix, special4,
                          sizeof special4 / sizeof *special4);
    return in_blocks(addr, &global6, 1) &&
           !in_blocks(addr, special6, sizeof special6 / sizeof *special6);
}

bool net_allowed(const struct sockaddr *sa, const struct network *networks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (network_has(&networks[i], sa))
            return true;
    return net_is_public(sa);
}

/* --- text ------------------------------------------------------------------------------------ */

/* What stands between brackets before the port is IPv6, else IPv4. */
static bool listen_ipv6(struct span host, struct sockaddr_storage *ret, uint16_t port)
{
    char name[INET6_ADDRSTRLEN];
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (!span_ends(host, SPAN("]")) ||
        !span_copy((struct span){host.p + 1, host.n - 2}, name, sizeof name) ||
        inet_pton(AF_INET6, name, &sa.sin6_addr) != 1)
        return false;
    memcpy(ret, &sa, sizeof sa);
    return true;
}

static bool listen_ipv4(struct span host, struct sockaddr_storage *ret, uint16_t port)
{
    char name[INET_ADDRSTRLEN];
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (!span_copy(host, name, sizeof name) || inet_pton(AF_INET, name, &sa.sin_addr) != 1)
        return false;
    memcpy(ret, &sa, sizeof sa);
    return true;
}

bool net_listen_read(struct span text, struct sockaddr_storage *ret)
{
    size_t colon = text.n;
    while (colon && text.p[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    if (colon < 2 || text.n - colon > 5 ||
        !span_u64((struct span){text.p + colon, text.n - colon}, UINT16_MAX, &port))
        return false;
    struct span host = {text.p, colon - 1};
    *ret = (struct sockaddr_storage){0};
    if (host.n >= 2 && host.p[0] == '[')
        return listen_ipv6(host, ret, (uint16_t)port);
    return listen_ipv4(host, ret, (uint16_t)port);
}

void net_name(const struct sockaddr *sa, char out[46])
{
    uint8_t addr[ADDR_SIZE];
    const char *made = NULL;
    if (address_of(sa, addr))
        made = is_mapped(addr) ? inet_ntop(AF_INET, addr + sizeof mapped_prefix, out, 46)
                               : inet_ntop(AF_INET6, addr, out, 46);
    if (!made)
        snprintf(out, 46, "-");
}
