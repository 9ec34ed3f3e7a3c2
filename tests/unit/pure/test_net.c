/* The unit test of common/pure/net: every special block of the IANA registries by its first and
 * last address and the ones beside it. Rows carry the ids of ATTACKS 3.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "common/pure/net.h"

/* The socket address of a numeric one, port 443. */
static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage made = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        memcpy(&made, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        memcpy(&made, &v6, sizeof v6);
    else
        fail_msg("'%s' is no address", text);
    return made;
}

static bool is_public(const char *text)
{
    struct sockaddr_storage sa = address(text);
    return net_is_public((const struct sockaddr *)&sa);
}

/* X01. before and after lie beside the block and are public; NULL where they are not. */
static const struct {
    const char *before, *first, *last, *after;
} blocks[] = {
    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"},
    {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
    {NULL, "240.0.0.0", "255.255.255.255", NULL},
    /* X03: all before 2000::/3, loopback, IPv4-compatible and NAT64 among them */
    {NULL, "64:ff9b::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2003::"},
    {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
     "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     NULL},
};

static void special_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (is_public(blocks[i].first) || is_public(blocks[i].last))
            fail_msg("%s to %s is not public", blocks[i].first, blocks[i].last);
        if (blocks[i].before && !is_public(blocks[i].before))
            fail_msg("%s is public", blocks[i].before);
        if (blocks[i].after && !is_public(blocks[i].after))
            fail_msg("%s is public", blocks[i].after);
    }
}

/* The IPv4 blocks again, in the coat of IPv6: judged as what they reach. */
static void mapped_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        char text[64] = "::ffff:";
        if (strchr(blocks[i].first, ':'))
            continue;
        assert_true(span_copy(span_of(blocks[i].first), text + 7, sizeof text - 7));
        if (is_public(text))
            fail_msg("%s", text);
        if (!blocks[i].after)
            continue;
        assert_true(span_copy(span_of(blocks[i].after), text + 7, sizeof text - 7));
        if (!is_public(text))
            fail_msg("%s", text);
    }
}

static void well_known(void **state)
{
    static const char *const reserved[] = {
        "127.0.0.1",
        "169.254.169.254",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001::1",
        "2001:10::1",
        "2001:20::1",
        "100::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    };
    static const char *const open[] = {
        "1.1.1.1",        "8.8.8.8",         "93.184.216.34", "198.50.0.1",           "223.5.5.5",
        "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1",  "2001:4860:4860::8888",
    };
    (void)state;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (is_public(reserved[i]))
            fail_msg("%s", reserved[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (!is_public(open[i]))
            fail_msg("%s", open[i]);
}

static void other_families(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/redis.sock"};
    struct sockaddr_storage none = {0};
    struct network all;
    char name[46];
    (void)state;
    assert_true(network_read(SPAN("::/0"), &all));
    assert_false(net_is_public((const struct sockaddr *)&local));
    assert_false(net_allowed((const struct sockaddr *)&local, &all, 1));
    assert_false(net_is_public((const struct sockaddr *)&none));
    net_name((const struct sockaddr *)&local, name);
    assert_string_equal(name, "-");
}

static void networks(void **state)
{
    static const struct {
        const char *network, *address;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "a01:203::", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"127.0.0.0/8", "127.0.0.1", true},
        {"127.0.0.0/8", "::1", false},
        {"192.168.4.0/22", "192.168.7.255", true},
        {"192.168.4.0/22", "192.168.8.0", false},
        {"192.168.4.0/22", "192.168.3.255", false},
        {"10.0.0.5", "10.0.0.5", true},
        {"10.0.0.5", "10.0.0.4", false},
        {"10.0.0.5/32", "10.0.0.5", true},
        {"10.0.0.4/31", "10.0.0.5", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "::1", true},
        {"::/0", "10.0.0.1", false}, /* IPv4 lies in IPv4 networks only */
        {"::/0", "::ffff:10.0.0.1", false},
        {"::/8", "10.0.0.1", false},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fc00::1", false},
        {"fd00::/8", "fe00::", false},
        {"2001:db8:8000::/33", "2001:db8:ffff::1", true},
        {"2001:db8:8000::/33", "2001:db8:7fff::1", false},
        {"::1", "::1", true},
        {"::1", "::2", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network network;
        struct sockaddr_storage sa = address(rows[i].address);
        assert_true(network_read(span_of(rows[i].network), &network));
        if (network_has(&network, (const struct sockaddr *)&sa) != rows[i].in)
            fail_msg("%s in %s", rows[i].address, rows[i].network);
    }
}

static void networks_written(void **state)
{
    static const char *const rows[][2] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"192.0.2.1", "192.0.2.1/32"},
        {"fd00::/8", "fd00::/8"},
        {"::/0", "::/0"},
        {"2001:DB8::1", "2001:db8::1/128"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network network, again;
        struct bytes text;
        bytes_init(&text, 100);
        assert_true(network_read(span_of(rows[i][0]), &network));
        network_write(&network, &text);
        assert_string_equal(bytes_str(&text), rows[i][1]);
        assert_true(network_read(bytes_span(&text), &again));
        assert_memory_equal(&network, &again, sizeof network);
        bytes_fini(&text);
    }
}

static void networks_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/8/8",
        "10.0.0.0/a",
        "10.0.0.0/255.0.0.0",
        "10.0.0.1/8",
        "10.128.0.0/8",
        "10.0.0.1/31",
        "10.0.0",
        "10/8",
        "10.0.0.0.0/8",
        "010.0.0.0/8",
        "10.0.0.256",
        "0x0a.0.0.0/8",
        "10.0.0.0/0x8",
        "fd00::/129",
        "fd00::1/8",
        "fd01::/8",
        "fd00:::/8",
        "[fd00::]/8",
        "fe80::1%lo",
        "::ffff:10.0.0.1/104",
        "localhost",
        "*",
        "10.0.0.0-10.0.0.9",
        "10.0.0.0/1000000000000",
        "10.0.0.1/0",
        "::1/0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network network;
        if (network_read(span_of(rows[i]), &network))
            fail_msg("'%s' was read", rows[i]);
    }
    struct network network;
    assert_false(network_read(SPAN_NONE, &network));
    assert_false(network_read(SPAN("10.0.0.0\0/8"), &network));
}

/* X01: public, or inside a network of the zone; another zone's network does not help. */
static void allowed(void **state)
{
    static const struct {
        const char *address;
        bool plain, with;
    } rows[] = {
        {"8.8.8.8", true, true},
        {"127.0.0.1", false, true},
        {"::ffff:127.0.0.1", false, true},
        {"10.20.0.1", false, true},
        {"10.21.0.1", false, false},
        {"192.168.0.1", false, false},
        {"::1", false, false},
        {"fd00::5", false, true},
        {"fd01::5", false, false},
        {"169.254.169.254", false, false},
        {"2002:7f00:1::1", false, false},
        {"64:ff9b::7f00:1", false, false},
    };
    struct network mine[3];
    (void)state;
    assert_true(network_read(SPAN("127.0.0.0/8"), &mine[0]));
    assert_true(network_read(SPAN("10.20.0.0/16"), &mine[1]));
    assert_true(network_read(SPAN("fd00::/16"), &mine[2]));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_storage sa = address(rows[i].address);
        if (net_allowed((const struct sockaddr *)&sa, NULL, 0) != rows[i].plain ||
            net_allowed((const struct sockaddr *)&sa, mine, 3) != rows[i].with)
            fail_msg("%s", rows[i].address);
    }
}

static void listens(void **state)
{
    static const struct {
        const char *text, *name; /* name NULL: refused */
        uint16_t port;
        int family;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080, AF_INET},
        {"0.0.0.0:80", "0.0.0.0", 80, AF_INET},
        {"127.0.0.1:0", "127.0.0.1", 0, AF_INET},
        {"127.0.0.1:65535", "127.0.0.1", 65535, AF_INET},
        {"[::1]:8080", "::1", 8080, AF_INET6},
        {"[::]:80", "::", 80, AF_INET6},
        {"[2001:db8::1]:443", "2001:db8::1", 443, AF_INET6},
        {"", NULL, 0, 0},
        {":", NULL, 0, 0},
        {":8080", NULL, 0, 0},
        {"8080", NULL, 0, 0},
        {"127.0.0.1", NULL, 0, 0},
        {"127.0.0.1:", NULL, 0, 0},
        {"127.0.0.1:65536", NULL, 0, 0},
        {"127.0.0.1:-1", NULL, 0, 0},
        {"127.0.0.1:80x", NULL, 0, 0},
        {"127.0.0.1: 80", NULL, 0, 0},
        {"127.0.0.1:80 ", NULL, 0, 0},
        {"127.0.0.1:000080", NULL, 0, 0},
        {"127.1:80", NULL, 0, 0},
        {"localhost:80", NULL, 0, 0},
        {"*:80", NULL, 0, 0},
        {"::1:80", NULL, 0, 0},
        {"[::1]", NULL, 0, 0},
        {"[::1]:", NULL, 0, 0},
        {"[::1:80", NULL, 0, 0},
        {"::1]:80", NULL, 0, 0},
        {"[]:80", NULL, 0, 0},
        {"[:80", NULL, 0, 0},
        {"[127.0.0.1]:80", NULL, 0, 0},
        {"[fe80::1%lo]:80", NULL, 0, 0},
        {"http://127.0.0.1:80", NULL, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_storage sa = {0};
        bool ok = net_listen_read(span_of(rows[i].text), &sa);
        if (ok != (rows[i].name != NULL))
            fail_msg("'%s': %d", rows[i].text, ok);
        if (!ok)
            continue;
        char name[46];
        net_name((const struct sockaddr *)&sa, name);
        assert_string_equal(name, rows[i].name);
        assert_int_equal(sa.ss_family, rows[i].family);
        uint16_t port = sa.ss_family == AF_INET
                            ? ((const struct sockaddr_in *)(const void *)&sa)->sin_port
                            : ((const struct sockaddr_in6 *)(const void *)&sa)->sin6_port;
        assert_int_equal(ntohs(port), rows[i].port);
    }
    struct sockaddr_storage sa;
    assert_false(net_listen_read(SPAN_NONE, &sa));
}

static void names(void **state)
{
    static const struct {
        const char *address, *name;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"::ffff:10.0.0.1", "10.0.0.1"}, /* one limit for both spellings */
        {"2001:0DB8::0:1", "2001:db8::1"},
        {"2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_storage sa = address(rows[i].address);
        char name[46];
        net_name((const struct sockaddr *)&sa, name);
        assert_string_equal(name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_blocks),   cmocka_unit_test(mapped_blocks),
        cmocka_unit_test(well_known),       cmocka_unit_test(other_families),
        cmocka_unit_test(networks),         cmocka_unit_test(networks_written),
        cmocka_unit_test(networks_refused), cmocka_unit_test(allowed),
        cmocka_unit_test(listens),          cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
