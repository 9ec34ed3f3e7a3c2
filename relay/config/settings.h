/* settings: the one table of settings. It parses the file, prints `weir config explain` and feeds
 * the manual page.
 *
 * A name with a dot is a member of a mapping: `limits.body` is `limits: { body: 1MiB }`. `zones`
 * and `rules` are not scalars and are read by policy_file.c. */
#pragma once

#include "common/pure/bytes.h"

/* Kinds: DURATION (milliseconds), SIZE (bytes), COUNT, TEXT, FLAG, CHOICE (words between `|`).
 * Columns: field, name, kind, least, most, default, choices, prose. A row is a line.
 *
 * The two `most` of signature.past and signature.future must stay below SETTINGS_SEEN_MS together,
 * or a request whose id is forgotten could still be in the window, and be taken again (ATTACKS
 * S11). */
enum { SETTINGS_SEEN_MS = 691200000 }; /* 8 days: how long ids are remembered (DESIGN 10) */
// clang-format off
#define SETTINGS_TABLE(X)                                                                                                                                                              \
    X(url,                    "url",                     TEXT,     1, 200, NULL, NULL, "public identity: https://, or http:// on loopback")                                            \
    X(name,                   "name",                    TEXT,     1, 100, "Weir", NULL, "what people see as the relay's name")                                                        \
    X(listen,                 "listen",                  TEXT,     1, 100, "127.0.0.1:8080", NULL, "address and port of the public listener, behind a TLS proxy")                      \
    X(metrics,                "metrics",                 TEXT,     1, 100, "127.0.0.1:9090", NULL, "address and port of /metrics, /livez and /readyz")                                 \
    X(data,                   "data",                    TEXT,     1, 1000, "./weir-data", NULL, "keys, admin socket, embedded Redis; relative to the configuration file")             \
    X(redis,                  "redis",                   TEXT,     1, 1000, "embedded", NULL, "embedded, redis://[user:password@]host:port/db, sentinel://host:port,host:port/name, or unix:/path") \
    X(workers,                "workers",                 TEXT,     1, 10, "auto", NULL, "couriers: auto or 1 to 64; 0 = everything in one process")                                    \
    X(fronts,                 "fronts",                  COUNT,    1, 64, "1", NULL, "processes that listen; several share the address")                                               \
    X(drain,                  "drain",                   DURATION, 100, 3600000, "30s", NULL, "stopping: time for requests in work, then for attempts under way")                      \
    X(durability,             "durability",              CHOICE,   0, 0, "strict", "strict|standard", "what 202 promises: strict = on disk; standard = a power cut may lose a second") \
    X(log_format,             "log.format",              CHOICE,   0, 0, "logfmt", "logfmt|json", "form of the log lines")                                                             \
    X(log_level,              "log.level",               CHOICE,   0, 0, "info", "error|warn|info|debug", "least level that is logged")                                                \
    X(limits_request_line,    "limits.request_line",     SIZE,     256, 65536, "8KiB", NULL, "longest request line")                                                                   \
    X(limits_header,          "limits.header",           SIZE,     1024, 1048576, "32KiB", NULL, "largest header block")                                                               \
    X(limits_fields,          "limits.fields",           COUNT,    10, 1000, "100", NULL, "most header fields")                                                                        \
    X(limits_body,            "limits.body",             SIZE,     1024, 16777216, "1MiB", NULL, "largest request body")                                                               \
    X(limits_bodies,          "limits.bodies",           SIZE,     1048576, 1099511627776, "256MiB", NULL, "most bytes of all request bodies together in memory; beyond it 503")       \
    X(limits_connections,     "limits.connections",      COUNT,    10, 1000000, "10000", NULL, "most connections in all")                                                              \
    X(limits_per_address,     "limits.per_address",      COUNT,    1, 100000, "64", NULL, "most connections from one address")                                                         \
    X(limits_json_depth,      "limits.json_depth",       COUNT,    4, 100, "32", NULL, "deepest nesting of JSON")                                                                      \
    X(limits_json_keys,       "limits.json_keys",        COUNT,    100, 1000000, "10000", NULL, "most object members in a document")                                                   \
    X(limits_id,              "limits.id",               SIZE,     100, 2048, "2KiB", NULL, "longest id of an activity, an actor or an object, in bytes")                              \
    X(limits_recipients,      "limits.recipients",       COUNT,    10, 100000, "10000", NULL, "most recipients of an activity")                                                        \
    X(limits_held,            "limits.held",             COUNT,    1, 1000000, "10000", NULL, "most activities that wait for a person to decide; beyond it 503")                        \
    X(limits_held_bytes,      "limits.held_bytes",       SIZE,     1048576, 1099511627776, "64MiB", NULL, "most bytes of all of these; beyond it 503")                                 \
    X(limits_authors,         "limits.authors",          COUNT,    10, 1000000, "10000", NULL, "most authors of one host whose consent, or refusal, is kept; beyond it 503")           \
    X(timeouts_header,        "timeouts.header",         DURATION, 100, 600000, "10s", NULL, "time for a whole request header")                                                        \
    X(timeouts_body,          "timeouts.body",           DURATION, 100, 3600000, "30s", NULL, "time for a whole request body")                                                         \
    X(timeouts_body_rate,     "timeouts.body_rate",      SIZE,     0, 1048576, "1KiB", NULL, "least bytes a second of a body, after the first five seconds")                           \
    X(timeouts_answer,        "timeouts.answer",         DURATION, 100, 600000, "10s", NULL, "time for the other side to read an answer")                                              \
    X(timeouts_idle,          "timeouts.idle",           DURATION, 100, 3600000, "60s", NULL, "how long a connection is kept open without a request")                                  \
    X(signature_past,         "signature.past",          DURATION, 1000, 86400000, "65min", NULL, "how far a signature's time may lie behind ours")                                    \
    X(signature_future,       "signature.future",        DURATION, 1000, 86400000, "60min", NULL, "how far a signature's time may lie ahead of ours")                                  \
    X(keys_cache,             "keys.cache",              DURATION, 60000, 604800000, "24h", NULL, "how long the key of another actor is kept")                                         \
    X(keys_refetch,           "keys.refetch",            DURATION, 1000, 86400000, "5min", NULL, "least time between two fetches of one key after a failed signature")                 \
    X(keys_unreachable,       "keys.unreachable",        DURATION, 1000, 86400000, "60s", NULL, "how long a key that could not be fetched is not asked for again")                     \
    X(keys_refused,           "keys.refused",            DURATION, 1000, 86400000, "10min", NULL, "how long a key that was refused is not asked for again")                            \
    X(fetch_connect,          "fetch.connect",           DURATION, 100, 60000, "5s", NULL, "fetching a document: time for the connection")                                             \
    X(fetch_total,            "fetch.total",             DURATION, 100, 60000, "10s", NULL, "fetching a document: time in all")                                                        \
    X(fetch_redirects,        "fetch.redirects",         COUNT,    0, 10, "3", NULL, "redirects followed when fetching")                                                               \
    X(fetch_body,             "fetch.body",              SIZE,     1024, 16777216, "1MiB", NULL, "largest document fetched")                                                           \
    X(fetch_software,         "fetch.software",          DURATION, 0, 31536000000, "7d", NULL, "how often members are asked what software they run (NodeInfo), besides when they join; 0: never")\
    X(accept_unlisted,        "accept.unlisted",         FLAG,     0, 0, "no", NULL, "also relay what names the public collection only in cc")                                         \
    X(delivery_connect,       "delivery.connect",        DURATION, 100, 120000, "10s", NULL, "delivering: time for the connection with TLS")                                           \
    X(delivery_total,         "delivery.total",          DURATION, 100, 600000, "30s", NULL, "delivering: time in all")                                                                \
    X(delivery_answer,        "delivery.answer",         SIZE,     1024, 1048576, "64KiB", NULL, "most bytes of an answer that are read")                                              \
    X(delivery_in_flight,     "delivery.in_flight",      COUNT,    1, 65536, "1024", NULL, "attempts under way at once")                                                               \
    X(delivery_window,        "delivery.window",         COUNT,    1, 32, "8", NULL, "attempts at one host at once, where all is well and it has caught up")                    \
    X(delivery_commit,        "delivery.commit",         DURATION, 1, 1000, "100ms", NULL, "longest wait before cursors are committed")                                                \
    X(delivery_backoff,       "delivery.backoff",        DURATION, 10, 3600000, "1s", NULL, "first back-off of a host that does not answer; doubles")                                  \
    X(delivery_backoff_most,  "delivery.backoff_most",   DURATION, 1000, 86400000, "1h", NULL, "longest back-off of a host")                                                           \
    X(delivery_retry_after,   "delivery.retry_after",    DURATION, 1000, 86400000, "6h", NULL, "longest Retry-After that is obeyed")                                                   \
    X(delivery_park_after,    "delivery.park_after",     COUNT,    0, 365, "7", NULL, "days on which a host did not answer, and never between, after which it is tried once a day only; 0: none")\
    X(delivery_gone_after,    "delivery.gone_after",     COUNT,    0, 365, "3", NULL, "days on which a member's inbox said 410 (gone), and never took anything between, after which its membership ends; 0: none")\
    X(delivery_lost_after,    "delivery.lost_after",     DURATION, 0, 31536000000, "3d", NULL, "how long a member's inbox says 404 (not found), ten times in a row at least, until its membership is suspended, unless its actor names another inbox by then; 0: never")\
    X(delivery_horizon,       "delivery.horizon",        DURATION, 60000, 7776000000, "7d", NULL, "how long delivery of an entry is tried")                                            \
    X(delivery_aside,         "delivery.aside",          DURATION, 1000, 86400000, "1min", NULL, "first wait of an entry that was set aside; doubles")                                 \
    X(delivery_aside_most,    "delivery.aside_most",     DURATION, 1000, 86400000, "6h", NULL, "longest wait of an entry that was set aside")                                          \
    X(delivery_aside_after,   "delivery.aside_after",    COUNT,    1, 100, "3", NULL, "failures of its own, while the host answers others, after which an entry is set aside")         \
    X(delivery_lease,         "delivery.lease",          DURATION, 1000, 600000, "10s", NULL, "how long a courier owns what it delivers without a sign of life")                        \
    X(retention_entries,      "retention.entries",       DURATION, 60000, 31536000000, "30d", NULL, "how long the journal keeps entries")                                              \
    X(retention_bodies,       "retention.bodies",        DURATION, 60000, 31536000000, "8d", NULL, "how long the journal keeps bodies")                                                \
    X(retention_urgent,       "retention.urgent",        DURATION, 60000, 31536000000, "90d", NULL, "the same for what deletes, with its bodies; at least as long as entries")           \
    X(retention_objects,      "retention.objects",       DURATION, 86400000, 315360000000, "730d", NULL, "how long it is known where an object went that has no entry any more")        \
    X(retention_bytes,        "retention.bytes",         SIZE,     0, 1099511627776, "0", NULL, "memory of Redis beyond which the oldest goes early; 0 = 60 % of its maxmemory")          \
    X(retention_held,         "retention.held",          DURATION, 60000, 31536000000, "30d", NULL, "how long what waits for a person to decide is kept; then nobody gets it")          \
    X(pilots_webhook,         "pilots.webhook",          TEXT,     0, 1000, "", NULL, "where to POST JSON when a pilot (a member or rule with an end date) ends within 30 days, 7 days, a day; empty: nowhere")  \
    X(redis_command,          "redis_limits.command",    DURATION, 100, 60000, "2s", NULL, "deadline of a Redis command")                                                              \
    X(redis_replicas,         "redis_limits.replicas",   COUNT,    0, 5, "0", NULL, "replicas that must have what is answered 202, and what a lease rests on: WAIT")                   \
    X(redis_memory,           "redis_limits.memory",     SIZE,     0, 1099511627776, "0", NULL, "maxmemory of the embedded Redis; 0 = the less of 1 GiB and a quarter of RAM")
// clang-format on

enum setting_kind {
    SETTING_TEXT,
    SETTING_DURATION,
    SETTING_SIZE,
    SETTING_COUNT,
    SETTING_FLAG,
    SETTING_CHOICE
};

struct setting {
    const char *name;
    enum setting_kind kind;
    int64_t least, most;   /* of a number; of a text: its length in bytes */
    const char *otherwise; /* default as text; NULL: must be given */
    const char *choices;   /* words separated by `|` */
    const char *prose;
};

/* The place of each setting in the table: SETTING_AT_url ... */
enum {
#define X(field, name, kind, least, most, otherwise, choices, prose) SETTING_AT_##field,
    SETTINGS_TABLE(X)
#undef X
        SETTING_COUNT_ALL
};

extern const struct setting settings_table[SETTING_COUNT_ALL];

/* Every setting as a field of its own: numbers (a choice is the place of its word, a flag 0 or 1),
 * and for TEXT the text itself, owned by the config. */
// clang-format off
struct settings {
#define SETTING_FIELD_TEXT(field)     char *field;
#define SETTING_FIELD_DURATION(field) int64_t field; /* milliseconds */
#define SETTING_FIELD_SIZE(field)     int64_t field; /* bytes */
#define SETTING_FIELD_COUNT(field)    int64_t field;
#define SETTING_FIELD_FLAG(field)     int64_t field;
#define SETTING_FIELD_CHOICE(field)   int64_t field;
#define X(field, name, kind, least, most, otherwise, choices, prose) SETTING_FIELD_##kind(field)
    SETTINGS_TABLE(X)
#undef X
};
// clang-format on

/* Every default. A text that must be given is NULL. */
void settings_init(struct settings *set);
void settings_fini(struct settings *set);

/* The place in the table of the setting with this name; -1 if there is none. */
int setting_find(struct span name);
/* Reads text as setting i, checks its bounds and puts it in. False, and set is unchanged: a reason
 * is added to why. What a text means (an address, a URL) is for config.c to check. */
bool setting_put(struct settings *set, int i, struct span text, struct bytes *why);
/* Whether both have the same value. */
bool setting_same(const struct settings *a, const struct settings *b, int i);
/* The value as one would write it in the file; a password in it is not shown. */
void setting_write(const struct settings *set, int i, struct bytes *out);
/* What its bounds are, for people: `1KiB to 16MiB`, `strict or standard`, `yes or no`. */
void setting_bounds(int i, struct bytes *out);
const char *setting_kind_name(enum setting_kind kind); /* `duration` ...: static text */
