/* broken_files: files that are refused, each with the place and the reason that are printed. */
#pragma once

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
    {"an unknown way to publish", URL "zones: { a: { publish: yes } }\n",
     "weir.yaml:2:24: unknown way to publish \"yes\"; known here: no, token, public\n"},
    {"a token without its file", URL "zones: { a: { publish: token } }\n",
     "weir.yaml:2:24: publish: token wants token_file: the file that holds the token\n"},
    {"a token's file for nothing", URL "zones: { a: { publish: public, token_file: x } }\n",
     "weir.yaml:2:44: token_file is asked for by publish: token only\n"},
    {"an empty token's file", URL "zones: { a: { publish: token, token_file: \"\" } }\n",
     "weir.yaml:2:43: token_file must be a text, not nothing\n"},
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
    {"empty", "", "weir.yaml:1:1: the file is empty\n"},
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
    {"one body and all", URL A "limits: { body: 2MiB, bodies: 1MiB }\n",
     "weir.yaml:3:17: limits.body (2MiB) is more than limits.bodies (1MiB): one body can't be "
     "larger than all\n"},
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
     "weir.yaml:3:33: unknown verdict \"yes\"; known here: allow, hold, deny, drop\n"},
    {"key of a rule", URL AB "rules: [{ from: a, to: b, than: allow }]\n",
     "weir.yaml:3:9: the rule \"rule-1\" has no `then`\n"
     "weir.yaml:3:27: unknown key of a rule \"than\"; did you mean \"then\"?\n"},
    {"condition", URL AB "rules: [{ from: a, to: b, when: { tag: [x] }, then: allow }]\n",
     "weir.yaml:3:35: unknown condition \"tag\"; did you mean \"tags\"?\n"},
    {"no condition", URL AB "rules: [{ from: a, to: b, when: {}, then: allow }]\n",
     "weir.yaml:3:33: when has no condition: leave it out to mean always\n"},
    {"no tags", URL AB "rules: [{ from: a, to: b, when: { tags: [] }, then: allow }]\n",
     "weir.yaml:3:41: tags is empty: leave it out to mean always\n"},
    {"tags as a mapping", URL AB "rules: [{ from: a, to: b, when: { tags: {} }, then: allow }]\n",
     "weir.yaml:3:41: a tag must be a text, not a mapping\n"},
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
    {"from an empty list", URL AB "rules: [{ from: [], to: b, then: deny }]\n",
     "weir.yaml:3:17: from is empty: \"*\" stands for any other zone\n"},
    {"from a star among others", URL AB "rules: [{ from: [a, '*'], to: b, then: deny }]\n",
     "weir.yaml:3:21: \"*\" stands for any other zone, and so alone\n"},
    {"from one zone twice", URL AB "rules: [{ from: [a, a], to: b, then: deny }]\n",
     "weir.yaml:3:21: \"a\" is in the list already\n"},
    {"from a mapping", URL AB "rules: [{ from: {}, to: b, then: deny }]\n",
     "weir.yaml:3:17: from must be a text, not a mapping\n"},
};
