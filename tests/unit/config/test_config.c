/* config: the file of the README, the kinds of broken file with place and reason (golden), and what
 * is derived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pure/json.h"
#include "relay/config/config.h"

/* The README's, which a test of the whole program takes from there. */
static const char readme[] =
    "url: http://127.0.0.1:8080        # public identity; https:// unless it is loopback\n"
    "listen: 127.0.0.1:8080            # behind a TLS proxy\n"
    "metrics: 127.0.0.1:9090           # /metrics /livez /readyz\n"
    "data: ./weir-data                 # keys, admin socket, embedded Redis; relative to this "
    "file\n"
    "redis: embedded                   # or redis://[user:password@]host:6379/0, or unix:/path\n"
    "workers: auto                     # couriers; 0 = everything in one process\n"
    "zones:\n"
    "  internal:\n"
    "    hosts: [\"127.0.0.1:91*\", \"*.corp.example\"]\n"
    "    networks: [127.0.0.0/8, 10.0.0.0/8]   # private addresses its hosts may have, besides "
    "public "
    "ones\n"
    "    join: open                    # open | approval | invited\n"
    "  partners:\n"
    "    hosts: [\"127.0.0.1:92*\"]\n"
    "    networks: [127.0.0.0/8]\n"
    "    join: invited\n"
    "rules:                            # across zones: default deny; inside a zone: allow\n"
    "  - { name: shared, from: internal, to: partners, when: { tags: [partners] }, then: allow }\n"
    "  - { name: back,   from: partners, to: internal, then: allow }\n";

static struct config *good(const char *text, const char *path)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_read(span_of(text), path, &why, &config);
    assert_string_equal(bytes_str(&why), "");
    assert_int_equal(e, ERR_OK);
    bytes_fini(&why);
    return config;
}

static void test_readme(void **state)
{
    (void)state;
    struct config *c = good(readme, "/srv/weir/weir.yaml");
    assert_string_equal(c->set.url, "http://127.0.0.1:8080");
    assert_string_equal(c->authority, "127.0.0.1:8080");
    assert_false(c->https);
    assert_string_equal(c->data_dir, "/srv/weir/weir-data");
    assert_string_equal(c->admin_socket, "/srv/weir/weir-data/admin.sock");
    assert_string_equal(c->redis_socket, "/srv/weir/weir-data/redis.sock");
    assert_int_equal(c->policy.zones_n, 2);
    assert_int_equal(c->policy.rules_n, 2);
    assert_int_equal(c->policy.zones[0].join, JOIN_OPEN);
    assert_int_equal(c->policy.zones[0].networks_n, 2);
    assert_int_equal(c->policy.zones[1].join, JOIN_INVITED);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9101")), 0);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("wiki.corp.example")), 0);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9201")), 1);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9301")), -1);
    assert_string_equal(c->policy.rules[0].name, "shared");
    assert_string_equal(c->policy.rules[0].tags[0], "partners");
    assert_int_equal(c->policy.rules[0].line, 17);
    assert_int_equal(c->policy.rules[0].then, RULE_ALLOW);
    assert_int_equal(c->policy.rules[1].from, 1);
    assert_int_equal(c->policy.rules[1].to, 0);
    config_free(&c);
    assert_null(c);
}

#define URL "url: https://relay.example\n"
#define A   "zones: { a: { hosts: [a.example] } }\n"
#define AB  "zones: { a: { hosts: [a.example] }, b: { hosts: [b.example] } }\n"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct golden {
    const char *name, *text, *why;
};

/* The kinds of broken file that the configuration promises to refuse. */
static const struct golden kinds[] = {
    {"unknown key at the top", URL A "metrcs: 127.0.0.1:9090\n",
     "weir.yaml:3:1: unknown key \"metrcs\"; did you mean \"metrics\"?\n"},
    {"unknown key nested", URL A "limits:\n  boddy: 1MiB\n",
     "weir.yaml:4:3: unknown key in limits \"boddy\"; did you mean \"body\"?\n"},
    {"duplicate key", URL A "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
     "weir.yaml:4:1: duplicate key \"listen\": it is on line 3 already\n"},
    {"alias", URL "zones:\n  a: &x { hosts: [a.example] }\n  b: *x\n",
     "weir.yaml:3:6: an anchor (&x) is not accepted: write values out where they are used\n"
     "weir.yaml:4:6: an alias (*x) is not accepted: write the value out\n"},
    {"merge key", URL "zones:\n  a:\n    <<: { join: open }\n",
     "weir.yaml:4:5: a merge key (<<) is not accepted: write the values out\n"},
    {"wrong type", URL A "limits: { body: [1MiB] }\n",
     "weir.yaml:3:17: limits.body must be a size, not a list\n"},
    {"wrong type of a value", URL A "limits: { body: many }\n",
     "weir.yaml:3:17: limits.body: \"many\" is not a size, such as 512, 8KiB, 1MiB or 2GiB\n"},
    {"bad CIDR", URL "zones:\n  a:\n    networks: [10.0.0.1/8]\n",
     "weir.yaml:4:16: \"10.0.0.1/8\" is not a network: ADDRESS/BITS, such as 10.0.0.0/8 or "
     "fd00::/8, "
     "with no bits set behind the prefix\n"},
    {"rule naming an unknown zone",
     URL "zones: { internal: {}, partners: {} }\nrules:\n"
         "  - { from: internal, to: partner, then: allow }\n",
     "weir.yaml:4:27: unknown zone \"partner\"; did you mean \"partners\"?\n"},
    {"missing then", URL AB "rules:\n  - { name: r, from: a, to: b }\n",
     "weir.yaml:4:5: the rule \"r\" has no `then`\n"},
    {"number out of range", URL A "limits: { fields: 1001 }\n",
     "weir.yaml:3:19: limits.fields: \"1001\" is out of range: 10 to 1000\n"},
    {"http with a public url", "url: http://relay.example\n" A,
     "weir.yaml:1:6: url: http:// is for loopback (127.0.0.1, [::1], localhost); a public identity "
     "is "
     "https://relay.example\n"},
    {"hosts in two zones",
     URL "zones:\n  a: { hosts: [\"*.corp.example\"] }\n  b: { hosts: [wiki.corp.example] }\n",
     "weir.yaml:4:16: a host could fit both \"wiki.corp.example\" in zone b and \"*.corp.example\" "
     "in "
     "zone a (line 3)\n"},
    {"a socket path too long", URL A "data: /" X50 X50 "\n",
     "weir.yaml:3:7: data: the path of the sockets in it would be 112 bytes long, and the system "
     "takes 106: choose a shorter directory\n"},
};

/* The rest, by part of the file. */
static const struct golden others[] = {
    {"empty", "", "weir.yaml:1:1: the file is empty: `weir init` writes one to start from\n"},
    {"a list", "- a\n", "weir.yaml:1:1: the file must be a mapping (`url: ...`), not a list\n"},
    {"nothing in it", "{}\n",
     "weir.yaml:1:1: url is missing: the public identity of this relay\n"
     "weir.yaml:1:1: zones is missing: without a zone nobody can join\n"},
    {"all of them, sorted",
     "limits: { boddy: 1, fields: 9 }\nrules: []\nworkers: many\nzones: { a: { jon: open } }\n"
     "listen: here\n",
     "weir.yaml:1:1: url is missing: the public identity of this relay\n"
     "weir.yaml:1:11: unknown key in limits \"boddy\"; did you mean \"body\"?\n"
     "weir.yaml:1:29: limits.fields: \"9\" is out of range: 10 to 1000\n"
     "weir.yaml:3:10: workers: \"many\" is not auto or 0 to 64\n"
     "weir.yaml:4:15: unknown key of a zone \"jon\"; did you mean \"join\"?\n"
     "weir.yaml:5:9: listen: \"here\" is not an address and port, such as 127.0.0.1:8080 or "
     "[::]:8080\n"},
    {"dotted", URL A "limits.body: 1MiB\n",
     "weir.yaml:3:1: write limits.body as a member: `limits: { body: ... }`\n"},
    {"far from every name", URL A "colour: red\n", "weir.yaml:3:1: unknown key \"colour\"\n"},
    {"far from a few names", URL A "log: { colour: red }\n",
     "weir.yaml:3:8: unknown key in log \"colour\"; known here: format, level\n"},
    {"a section that is a text", URL A "limits: 5\n",
     "weir.yaml:3:9: limits must be a mapping, not a text\n"},
    {"a key without value", URL A "listen:\n", "weir.yaml:3:8: listen: it is empty\n"},
    {"a key without value, number", URL A "limits:\n  body:\n",
     "weir.yaml:4:8: limits.body: \"\" is not a size, such as 512, 8KiB, 1MiB or 2GiB\n"},
    {"NUL in a text", URL A "name: \"a\\0b\"\n",
     "weir.yaml:3:7: name: a control character in it\n"},
    /* url */
    {"no scheme", "url: relay.example\n" A,
     "weir.yaml:1:6: url: \"relay.example\" must begin with https:// (or http:// on loopback)\n"},
    {"another scheme", "url: ftp://relay.example\n" A,
     "weir.yaml:1:6: url: \"ftp://relay.example\" must begin with https:// (or http:// on "
     "loopback)\n"},
    {"path", "url: https://relay.example/x\n" A,
     "weir.yaml:1:6: url: scheme, host and port alone, without a path, not even a slash at the "
     "end\n"},
    {"slash", "url: https://relay.example/\n" A,
     "weir.yaml:1:6: url: scheme, host and port alone, without a path, not even a slash at the "
     "end\n"},
    {"query", "url: https://relay.example?a\n" A,
     "weir.yaml:1:6: url: scheme, host and port alone, without query and fragment\n"},
    {"fragment", "url: 'https://relay.example#a'\n" A,
     "weir.yaml:1:6: url: scheme, host and port alone, without query and fragment\n"},
    {"userinfo", "url: https://u:p@relay.example\n" A,
     "weir.yaml:1:6: url: scheme, host and port alone, without user and password\n"},
    {"no host", "url: https://\n" A, "weir.yaml:1:6: url: \"https://\" is not a URL\n"},
    {"port 0", "url: https://relay.example:0\n" A,
     "weir.yaml:1:6: url: \"https://relay.example:0\" is not a URL\n"},
    {"loopback in disguise", "url: http://127.1\n" A,
     "weir.yaml:1:6: url: \"http://127.1\" is not a URL\n"},
    {"a name that only looks local", "url: http://localhost.example\n" A,
     "weir.yaml:1:6: url: http:// is for loopback (127.0.0.1, [::1], localhost); a public identity "
     "is "
     "https://localhost.example\n"},
    {"a private address is not loopback", "url: http://10.0.0.1:8080\n" A,
     "weir.yaml:1:6: url: http:// is for loopback (127.0.0.1, [::1], localhost); a public identity "
     "is "
     "https://10.0.0.1:8080\n"},
    /* addresses */
    {"a name to listen on", URL A "listen: localhost:8080\n",
     "weir.yaml:3:9: listen: \"localhost:8080\" is not an address and port, such as 127.0.0.1:8080 "
     "or "
     "[::]:8080\n"},
    {"no port", URL A "metrics: 127.0.0.1\n",
     "weir.yaml:3:10: metrics: \"127.0.0.1\" is not an address and port, such as 127.0.0.1:8080 or "
     "[::]:8080\n"},
    {"twice the same", URL A "metrics: 127.0.0.1:8080\n",
     "weir.yaml:3:10: listen and metrics are the same address: metrics must not be public\n"},
    {"the same by another name", URL A "listen: 0.0.0.0:9090\n",
     "weir.yaml:3:9: listen and metrics are the same address: metrics must not be public\n"},
    {"the same, IPv6", URL A "listen: '[::]:81'\nmetrics: '[::1]:81'\n",
     "weir.yaml:4:10: listen and metrics are the same address: metrics must not be public\n"},
    /* redis */
    {"neither", URL A "redis: localhost:6379\n",
     "weir.yaml:3:8: redis: it must be embedded, redis://[user:password@]host:port/db, "
     "sentinel://host:port,host:port/name, or unix:/path\n"},
    {"TLS", URL A "redis: rediss://h:6379\n",
     "weir.yaml:3:8: redis: it must be embedded, redis://[user:password@]host:port/db, "
     "sentinel://host:port,host:port/name, or unix:/path\n"},
    {"relative socket", URL A "redis: unix:redis.sock\n",
     "weir.yaml:3:8: redis: the path must be absolute: unix:/run/redis/redis.sock\n"},
    {"long socket", URL A "redis: unix:/" X50 X50 "xxxxxxxxxx\n",
     "weir.yaml:3:8: redis: the socket's path is too long for the system\n"},
    {"without host", URL A "redis: redis://u:secret@/0\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"a port that is none", URL A "redis: redis://h:0/0\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"IPv6 without brackets", URL A "redis: redis://fd00::1\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"brackets around a name", URL A "redis: redis://[h]:1\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"behind the brackets", URL A "redis: redis://[::1]1\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"a blank in the host", URL A "redis: redis://h h:1\n",
     "weir.yaml:3:8: redis: a host is needed, such as redis://10.0.0.5:6379/0\n"},
    {"half a login", URL A "redis: redis://secret@h:1/0\n",
     "weir.yaml:3:8: redis: what stands before @ must be user:password, other signs than letters "
     "and "
     "digits as %XX\n"},
    {"a sign that is none", URL A "redis: redis://u:secret%@h:1/0\n",
     "weir.yaml:3:8: redis: what stands before @ must be user:password, other signs than letters "
     "and "
     "digits as %XX\n"},
    {"no database", URL A "redis: redis://h:1/x\n",
     "weir.yaml:3:8: redis: what stands behind the slash must be the number of a database\n"},
    {"workers", URL A "workers: 065x\n",
     "weir.yaml:3:10: workers: \"065x\" is not auto or 0 to 64\n"},
    /* values that contradict each other */
    {"bodies longer than entries", URL A "retention: { entries: 7d, bodies: 8d }\n",
     "weir.yaml:3:35: retention.bodies (8d) is more than retention.entries (7d): a body is of no "
     "use "
     "without its entry\n"},
    {"horizon longer than entries", URL A "delivery: { horizon: 31d }\n",
     "weir.yaml:3:22: delivery.horizon (31d) is more than retention.entries (30d): what is no "
     "longer "
     "kept can't be delivered\n"},
    {"the default is longer", URL A "retention: { entries: 6d, bodies: 6d }\n",
     "weir.yaml:3:23: delivery.horizon (7d) is more than retention.entries (6d): what is no longer "
     "kept can't be delivered\n"},
    {"back-off", URL A "delivery: { backoff: 2s, backoff_most: 1s }\n",
     "weir.yaml:3:22: delivery.backoff (2s) is more than delivery.backoff_most (1s): the first "
     "back-off can't be longer than the longest\n"},
    {"set aside", URL A "delivery: { aside: 2s, aside_most: 1s }\n",
     "weir.yaml:3:20: delivery.aside (2s) is more than delivery.aside_most (1s): the first wait "
     "can't be longer than the longest\n"},
    {"connecting to deliver", URL A "delivery: { total: 9s }\n",
     "weir.yaml:3:20: delivery.connect (10s) is more than delivery.total (9s): the connection is "
     "part "
     "of the whole\n"},
    {"connecting to fetch", URL A "fetch: { connect: 11s }\n",
     "weir.yaml:3:19: fetch.connect (11s) is more than fetch.total (10s): the connection is part "
     "of "
     "the whole\n"},
    {"line and header", URL A "limits: { header: 1KiB }\n",
     "weir.yaml:3:19: limits.request_line (8KiB) is more than limits.header (1KiB): the request "
     "line "
     "counts with the header\n"},
    {"one address and all", URL A "limits: { connections: 10 }\n",
     "weir.yaml:3:24: limits.per_address (64) is more than limits.connections (10): one address "
     "can't "
     "have more than all\n"},
    {"replicas of the embedded one", URL A "redis_limits: { replicas: 1 }\n",
     "weir.yaml:3:27: redis_limits.replicas: the embedded Redis has none\n"},
    {"sentinels without a name", URL A "redis: sentinel://h:1,h:2\n",
     "weir.yaml:3:8: redis: up to 8 sentinels and the name of the master are needed, such as "
     "sentinel://10.0.0.5:26379,10.0.0.6:26379/weir\n"},
    {"a sentinel that is none", URL A "redis: sentinel://h:1,,h:2/m\n",
     "weir.yaml:3:8: redis: up to 8 sentinels and the name of the master are needed, such as "
     "sentinel://10.0.0.5:26379,10.0.0.6:26379/weir\n"},
    {"a ninth sentinel", URL A "redis: sentinel://a,b,c,d,e,f,g,h,i/m\n",
     "weir.yaml:3:8: redis: up to 8 sentinels and the name of the master are needed, such as "
     "sentinel://10.0.0.5:26379,10.0.0.6:26379/weir\n"},
    {"little memory", URL A "redis_limits: { memory: 1MiB }\n",
     "weir.yaml:3:25: redis_limits.memory: 0, or at least 8MiB: Redis alone takes that much\n"},
    /* zones */
    {"zones as a list", URL "zones: [a]\n", "weir.yaml:2:8: zones must be a mapping, not a list\n"},
    {"no zone", URL "zones: {}\n", "weir.yaml:2:8: there must be at least one zone\n"},
    {"no zone, but rules", URL "rules: [{ from: a, to: b, then: deny }]\n",
     "weir.yaml:1:1: zones is missing: without a zone nobody can join\n"},
    {"a zone's name", URL "zones: { 'a,b': {} }\n",
     "weir.yaml:2:10: \"a,b\" is no name for a zone: letters, digits, - _ and ., at most 63\n"},
    {"a zone called *", URL "zones: { '*': {} }\n",
     "weir.yaml:2:10: \"*\" is no name for a zone: letters, digits, - _ and ., at most 63\n"},
    {"a zone without a name", URL "zones: { '': {} }\n",
     "weir.yaml:2:10: \"\" is no name for a zone: letters, digits, - _ and ., at most 63\n"},
    {"a zone with nothing", URL "zones:\n  a:\n",
     "weir.yaml:3:5: a zone must be a mapping, not nothing\n"},
    {"hosts as a text", URL "zones: { a: { hosts: a.example } }\n",
     "weir.yaml:2:22: hosts must be a list, not a text\n"},
    {"networks as a mapping", URL "zones: { a: { networks: { x: y } } }\n",
     "weir.yaml:2:25: networks must be a list, not a mapping\n"},
    {"a host that is a list", URL "zones: { a: { hosts: [[b]] } }\n",
     "weir.yaml:2:23: a host must be a text, not a list\n"},
    {"a network without bits behind", URL "zones: { a: { networks: [10.0.0.0/33, ''] } }\n",
     "weir.yaml:2:26: \"10.0.0.0/33\" is not a network: ADDRESS/BITS, such as 10.0.0.0/8 or "
     "fd00::/8, "
     "with no bits set behind the prefix\n"
     "weir.yaml:2:39: a network must be a text, not nothing\n"},
    {"a star in the middle", URL "zones: { a: { hosts: ['a.*.example'] } }\n",
     "weir.yaml:2:23: \"a.*.example\" is not a host: NAME or NAME:PORT, where *.NAME stands for "
     "all "
     "names below and a * may end the port\n"},
    {"the same twice", URL "zones:\n  a:\n    hosts:\n      - a.example\n      - A.example:443\n",
     "weir.yaml:6:9: \"a.example\" is on line 5 already\n"},
    {"two zones by default port",
     URL "zones: { a: { hosts: [a.example] }, b: { hosts: [A.EXAMPLE:443] } }\n",
     "weir.yaml:2:50: a host could fit both \"a.example\" in zone b and \"a.example\" in zone a "
     "(line "
     "2)\n"},
    {"two zones by ports",
     URL "zones:\n  a: { hosts: ['h.example:91*'] }\n  b: { hosts: ['h.example:9*'] }\n",
     "weir.yaml:4:16: a host could fit both \"h.example:9*\" in zone b and \"h.example:91*\" in "
     "zone a "
     "(line 3)\n"},
    {"join", URL "zones: { a: { join: opn } }\n",
     "weir.yaml:2:21: unknown way to join \"opn\"; did you mean \"open\"?\n"},
    {"join as a list", URL "zones: { a: { join: [open] } }\n",
     "weir.yaml:2:21: join must be a text, not a list\n"},
    /* rules */
    {"rules as a mapping", URL A "rules: { a: b }\n",
     "weir.yaml:3:8: rules must be a list, not a mapping\n"},
    {"a rule as a text", URL A "rules: [allow]\n",
     "weir.yaml:3:9: a rule must be a mapping, not a text\n"},
    {"an empty rule", URL A "rules: [{}]\n",
     "weir.yaml:3:9: the rule \"rule-1\" has no `from`\n"
     "weir.yaml:3:9: the rule \"rule-1\" has no `to`\n"
     "weir.yaml:3:9: the rule \"rule-1\" has no `then`\n"},
    {"verdict", URL AB "rules: [{ from: a, to: b, then: alow }]\n",
     "weir.yaml:3:33: unknown verdict \"alow\"; did you mean \"allow\"?\n"},
    {"YAML's yes", URL AB "rules: [{ from: a, to: b, then: yes }]\n",
     "weir.yaml:3:33: unknown verdict \"yes\"; known here: allow, deny\n"},
    {"key of a rule", URL AB "rules: [{ from: a, to: b, than: allow }]\n",
     "weir.yaml:3:9: the rule \"rule-1\" has no `then`\n"
     "weir.yaml:3:27: unknown key of a rule \"than\"; did you mean \"then\"?\n"},
    {"condition", URL AB "rules: [{ from: a, to: b, when: { tag: [x] }, then: allow }]\n",
     "weir.yaml:3:35: unknown condition \"tag\"; did you mean \"tags\"?\n"},
    {"no condition", URL AB "rules: [{ from: a, to: b, when: {}, then: allow }]\n",
     "weir.yaml:3:33: when has no condition: leave it out to mean always\n"},
    {"no tags", URL AB "rules: [{ from: a, to: b, when: { tags: [] }, then: allow }]\n",
     "weir.yaml:3:41: tags is empty: leave when out to mean always\n"},
    {"tags as a text", URL AB "rules: [{ from: a, to: b, when: { tags: x }, then: allow }]\n",
     "weir.yaml:3:41: tags must be a list, not a text\n"},
    {"a tag with its sign",
     URL AB "rules: [{ from: a, to: b, when: { tags: ['#x', 'y z'] }, then: allow }]\n",
     "weir.yaml:3:42: \"#x\" is not a tag: one word without #, at most 200 bytes\n"
     "weir.yaml:3:48: \"y z\" is not a tag: one word without #, at most 200 bytes\n"},
    {"two rules of one name",
     URL AB "rules:\n  - { name: r, from: a, to: b, then: deny }\n  - { name: r, from: b, to: a, "
            "then: deny }\n",
     "weir.yaml:5:13: the rule on line 4 is called \"r\" already\n"},
    {"a rule called as one without name",
     URL AB "rules:\n  - { name: rule-2, from: a, to: b, then: deny }\n  - { from: b, to: a, then: "
            "deny }\n",
     "weir.yaml:5:5: the rule on line 4 is called \"rule-2\" already\n"},
    {"a rule's name", URL AB "rules: [{ name: 'a b', from: a, to: b, then: deny }]\n",
     "weir.yaml:3:17: \"a b\" is no name for a rule: letters, digits, - _ and ., at most 63\n"},
    {"from a list", URL AB "rules: [{ from: [a], to: b, then: deny }]\n",
     "weir.yaml:3:17: from must be a text, not a list\n"},
};

static void refused(const struct golden *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct config *config = NULL;
        struct bytes why;
        bytes_init(&why, CONFIG_WHY_MAX);
        print_message("%s\n", rows[i].name);
        enum err e = config_read(span_of(rows[i].text), "weir.yaml", &why, &config);
        assert_string_equal(bytes_str(&why), rows[i].why);
        assert_int_equal(e, ERR_USAGE);
        assert_null(config);
        bytes_fini(&why);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    refused(kinds, sizeof(kinds) / sizeof(*kinds));
}

static void test_others(void **state)
{
    (void)state;
    refused(others, sizeof(others) / sizeof(*others));
}

/* The twins of the refusals above: what lies just on the right side. */
static void test_accepted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "url: http://localhost:8080\n" A,
        "url: http://127.255.0.1\n" A,
        "url: 'http://[::1]:8080'\n" A,
        URL A "data: /" X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        URL A "metrics: 127.0.0.2:8080\n",
        URL A "listen: '[::1]:8080'\nmetrics: 127.0.0.1:8080\n",
        URL A "redis: unix:/run/redis.sock\n",
        URL A "redis: redis://10.0.0.5:6379\n",
        URL A "redis: redis://redis_1/0\n",
        URL A "redis: sentinel://u:p@10.0.0.5:26379,s2,[::1]:1/my-master/1\n",
        URL A "redis: redis://h\nredis_limits: { replicas: 5 }\n",
        URL A "redis: redis://u:p%40q@h\n",
        URL A "redis: redis://[::1]/\n",
        URL A "redis: redis://:p@[fd00::1]:6379/15\n",
        URL A "retention: { entries: 8d, bodies: 8d }\n",
        URL A "retention: { entries: 7d, bodies: 7d }\ndelivery: { horizon: 7d }\n",
        URL A "workers: 0\n",
        URL A "rules: []\n",
        URL AB "rules: [{ from: '*', to: \"*\", then: deny }]\n",
        URL AB "rules: [{ from: a, to: a, then: deny }, { from: a, to: b, then: deny }]\n",
        URL "zones: { a: { hosts: ['*.x.example'] }, b: { hosts: [x.example] } }\n",
        URL "zones: { a: { hosts: ['h:91*'] }, b: { hosts: ['h:92*', h] } }\n",
        "{ \"url\": \"https://relay.example\", \"zones\": { \"a\": {} } }",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct config *c = good(texts[i], "/weir.yaml");
        config_free(&c);
    }
}

static void test_normal_url(void **state)
{
    (void)state;
    static const char *const urls[][3] = {
        {"https://Relay.Example", "https://relay.example", "relay.example"},
        {"https://relay.example:443", "https://relay.example", "relay.example"},
        {"https://relay.example:8443", "https://relay.example:8443", "relay.example:8443"},
        {"https://b\xc3\xbc"
         "cher.example",
         "https://xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"http://localhost:80", "http://localhost", "localhost"},
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct bytes text;
        bytes_init(&text, 1000);
        bytes_addf(&text, "url: %s\n" A, urls[i][0]);
        struct config *c = good(bytes_str(&text), "/weir.yaml");
        assert_string_equal(c->set.url, urls[i][1]);
        assert_string_equal(c->authority, urls[i][2]);
        config_free(&c);
        bytes_fini(&text);
    }
}

static void test_data_dir(void **state)
{
    (void)state;
    static const char *const dirs[][3] = {
        {"./weir-data", "/etc/weir/weir.yaml", "/etc/weir/weir-data"},
        {"weir-data/", "/etc/weir/weir.yaml", "/etc/weir/weir-data"},
        {"/var/lib/weir", "weir.yaml", "/var/lib/weir"},
        {"data", "/weir.yaml", "/data"},
        {"../data", "/a/b/weir.yaml", "/a/b/../data"},
    };
    char *here = getcwd(NULL, 0);
    assert_non_null(here);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
        struct bytes text;
        bytes_init(&text, 1000);
        bytes_addf(&text, URL A "data: %s\n", dirs[i][0]);
        struct config *c = good(bytes_str(&text), dirs[i][1]);
        assert_string_equal(c->data_dir, dirs[i][2]);
        config_free(&c);
        bytes_fini(&text);
    }
    assert_int_equal(chdir("/tmp"), 0);
    static const char *const paths[] = {"weir.yaml", "./weir.yaml", "/tmp/weir.yaml"};
    for (size_t i = 0; i < 3; i++) {
        struct config *c = good(URL A, paths[i]);
        assert_string_equal(c->data_dir, "/tmp/weir-data");
        config_free(&c);
    }
    struct config *c = good(URL A, "conf/weir.yaml");
    assert_string_equal(c->data_dir, "/tmp/conf/weir-data");
    config_free(&c);
    assert_int_equal(chdir(here), 0);
    free(here);
}

static void test_example(void **state)
{
    (void)state;
    static const char *const urls[] = {NULL,
                                       "http://localhost:1",
                                       "https://relay.corp.example",
                                       "https://relay.example",
                                       "https://example:8443",
                                       "https://a.b.example:1"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct bytes text;
        bytes_init(&text, 100000);
        config_example(urls[i], &text);
        struct config *c = good(bytes_str(&text), "/weir.yaml");
        assert_string_equal(c->set.url, urls[i] ? urls[i] : "http://127.0.0.1:8080");
        if (i == 2)
            assert_int_equal(policy_zone_of(&c->policy, SPAN("wiki.corp.example")), 0);
        config_free(&c);
        bytes_fini(&text);
    }
}

static void test_explain(void **state)
{
    (void)state;
    struct config *c =
        good(URL AB "redis: redis://u:secret@h:1/0\n"
                    "rules: [{ from: a, to: '*', when: { tags: [\xc3\x84, y] }, then: deny }]\n",
             "/weir.yaml");
    struct bytes text;
    bytes_init(&text, 1 << 20);
    config_explain(NULL, &text);
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        assert_non_null(strstr(bytes_str(&text), settings_table[i].name));
    assert_null(strstr(bytes_str(&text), "; now"));
    bytes_clear(&text);
    config_explain(c, &text);
    assert_non_null(strstr(bytes_str(&text), "default 1MiB; now 1MiB"));
    assert_non_null(
        strstr(bytes_str(&text), "rule rule-1: from a to * when tags \xc3\xa4, y then deny"));
    assert_non_null(strstr(bytes_str(&text), "zone b: 1 hosts, 0 networks, join invited"));
    assert_null(strstr(bytes_str(&text), "secret"));
    bytes_clear(&text);
    config_explain_json(c, &text);
    assert_null(strstr(bytes_str(&text), "secret"));
    static const struct json_limits limits = {10, 10000, 10000};
    struct json *json = NULL;
    assert_int_equal(json_read(bytes_span(&text), &limits, &json), ERR_OK);
    assert_int_equal(json_len(json_get(json, "settings")), SETTING_COUNT_ALL);
    assert_int_equal(json_len(json_get(json, "zones")), 2);
    json_free(&json);
    bytes_fini(&text);
    config_free(&c);
}

static void write_file(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void load_fails(const char *path, const char *reason)
{
    struct config *config = NULL;
    struct bytes why, want;
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_init(&want, 1000);
    bytes_addf(&want, "%s: %s\n", path, reason);
    assert_int_equal(config_load(path, &why, &config), ERR_FILE);
    assert_string_equal(bytes_str(&why), bytes_str(&want));
    assert_null(config);
    bytes_fini(&want);
    bytes_fini(&why);
}

static void test_load(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-config-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/weir.yaml", dir);
    load_fails(path, "No such file or directory");
    load_fails(dir, "not a file");
    assert_int_equal(mkfifo(path, 0600), 0);
    load_fails(path, "not a file");
    unlink(path);

    /* 1 MiB is taken, one byte more is not. */
    char *big = mem_new(CONFIG_FILE_MAX + 1);
    memset(big, '#', CONFIG_FILE_MAX + 1);
    memcpy(big, URL A, sizeof(URL A) - 1);
    write_file(path, big, CONFIG_FILE_MAX);
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    assert_int_equal(config_load(path, &why, &config), ERR_OK);
    assert_string_equal(config->path, path);
    config_free(&config);
    write_file(path, big, CONFIG_FILE_MAX + 1);
    load_fails(path, "larger than 1 MiB");
    free(big);
    bytes_fini(&why);

    unlink(path);
    rmdir(dir);
}

static void test_find(void **state)
{
    (void)state;
    char *here = getcwd(NULL, 0);
    char dir[] = "/tmp/weir-config-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_string_equal(config_find("x.yaml"), "x.yaml");
    bool system = access("/etc/weir/weir.yaml", F_OK) == 0;
    assert_int_equal(config_find(NULL) != NULL, system);
    write_file("weir.yaml", "", 0);
    assert_string_equal(config_find(NULL), "./weir.yaml");
    unlink("weir.yaml");
    assert_int_equal(chdir(here), 0);
    rmdir(dir);
    free(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readme),     cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_others),     cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_normal_url), cmocka_unit_test(test_data_dir),
        cmocka_unit_test(test_example),    cmocka_unit_test(test_explain),
        cmocka_unit_test(test_load),       cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
