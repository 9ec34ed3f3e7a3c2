/* meters: the one table of metrics. It sets up the exposition, prints `weir help metrics` and feeds
 * the manual. Labels are closed sets: never a host, never an id (a stranger could grow them without
 * end). What several processes say is put together by kind (see metrics.h); what only one of
 * them sets (the steward, the master) is what that one says. */
#pragma once

#include "common/io/metrics.h"
#include "relay/role.h"

/* clang-format off */
#define METERS_TABLE(X) \
    X(BUILD,          "weir_build_info",                    GAUGE,     VERSION, "the version that runs; always 1") \
    X(HTTP_REQUESTS,  "weir_http_requests_total",           COUNTER,   CLASS,   "requests answered, by class of status") \
    X(INBOX,          "weir_inbox_total",                   COUNTER,   CODE,    "activities received, by what became of them") \
    X(INBOX_SECONDS,  "weir_inbox_seconds",                 HISTOGRAM, NONE,    "from a whole request to its answer, inbox only") \
    X(APPENDED,       "weir_journal_appended_total",        COUNTER,   NONE,    "activities written to the journal") \
    X(NO_FORM,        "weir_journal_no_form_total",         COUNTER,   NONE,    "activities in the journal of which no form would be believed") \
    X(GAPS,           "weir_journal_gaps_total",            COUNTER,   NONE,    "holes found while reading the journal") \
    X(TRIMMED,        "weir_journal_trimmed_total",         COUNTER,   TRIMMED, "what the journal has forgotten, for its age or for want of memory") \
    X(TRIM_STOPPED,   "weir_trim_stopped",                  GAUGE,     NONE,    "keys of which nothing is forgotten: they are not what they should be") \
    X(CLOCK_DOUBTED,  "weir_clock_doubted",                 GAUGE,     NONE,    "1 while a clock that jumped keeps the journal from forgetting") \
    X(REDIS_MEMORY,   "weir_redis_memory_bytes",            GAUGE,     NONE,    "memory that Redis uses") \
    X(REDIS_MEMORY_KEPT, "weir_redis_memory_kept_bytes",    GAUGE,     NONE,    "memory beyond which the oldest goes early; 0: no bound") \
    X(POSITION,       "weir_journal_position",              LEAST,     NONE,    "number of the newest entry that every courier has read") \
    X(DELIVERIES,     "weir_deliveries_total",              COUNTER,   VERDICT, "attempts, by what came of them") \
    X(UNDELIVERED,    "weir_undelivered_total",             COUNTER,   CODE,    "what a member will not be delivered, as it was written down, by why; a stretch that is gone counts once") \
    X(DELIVERY_SECONDS, "weir_delivery_seconds",            HISTOGRAM, NONE,    "one attempt, from signing to answer") \
    X(DELIVERY_LAG,   "weir_delivery_lag_seconds",          HISTOGRAM, NONE,    "from accepted to delivered") \
    X(DESTINATIONS,   "weir_destinations",                  GAUGE,     STATE,   "destinations, by state") \
    X(PARKED,         "weir_destinations_parked",           GAUGE,     NONE,    "destinations that did not answer for days and are tried once a day") \
    X(ON_HOLD,        "weir_destinations_on_hold",          GAUGE,     NONE,    "destinations to which an operator wants nothing sent") \
    X(SUSPECT,        "weir_suspects_itself",               MOST,      NONE,    "1 while most hosts can't be reached, which is not held against them") \
    X(BEHIND,         "weir_destination_behind_entries",    MOST,      NONE,    "how far the last destination is behind, in entries") \
    X(FREEZES,        "weir_freezes",                       GAUGE,     NONE,    "boundaries that an operator froze") \
    X(DIRECT,         "weir_direct_waiting",                GAUGE,     NONE,    "direct mail that waits") \
    X(COMMITS,        "weir_commits_total",                 COUNTER,   NONE,    "commits of cursors") \
    X(MEMBERS,        "weir_members",                       GAUGE,     MEMBER,  "members, by state") \
    X(HELD,           "weir_held",                          GAUGE,     NONE,    "activities that wait for a person to decide") \
    X(HELD_BYTES,     "weir_held_bytes",                    GAUGE,     NONE,    "bytes of these") \
    X(HOLDS_CLOSED,   "weir_holds_closed_total",            COUNTER,   HOLD,    "activities that waited for a person, by what became of them") \
    X(PILOTS,         "weir_pilots_ending",                 GAUGE,     WITHIN,  "members and rules with an end date that comes within 30 days, 7 days, a day; each counts in all that hold it") \
    X(KEY_FETCHES,    "weir_key_fetches_total",             COUNTER,   CODE,    "fetches of other actors' keys, by result") \
    X(REDIS_UP,       "weir_redis_up",                      GAUGE,     NONE,    "1 while the journal can be relied on") \
    X(REDIS_COMMANDS, "weir_redis_commands_total",          COUNTER,   NONE,    "commands sent to Redis") \
    X(REDIS_TROUBLE,  "weir_redis_trouble_total",           COUNTER,   TROUBLE, "answers of Redis that were trouble, and connections that went away, by kind") \
    X(SHARDS_STOPPED, "weir_shards_stopped",                GAUGE,     NONE,    "shards of which nothing is delivered: what is kept of them can't be read") \
    X(PROCESSES,      "weir_processes",                     GAUGE,     ROLE,    "processes that run, by role") \
    X(PROCESS_RESTARTS, "weir_process_restarts_total",      COUNTER,   ROLE,    "processes that ended unasked and were started again, by role") \
    X(CONNECTIONS,    "weir_http_connections",              GAUGE,     NONE,    "open connections of the public listener") \
    X(LOG_DROPPED,    "weir_log_dropped_total",             COUNTER,   NONE,    "log lines that could not be written")
/* clang-format on */

enum meter {
#define X(name, text, kind, label, help) METER_##name,
    METERS_TABLE(X)
#undef X
        METER_COUNT
};

/* Values of the labels, in order. */
enum { METER_CLASS_2XX, METER_CLASS_3XX, METER_CLASS_4XX, METER_CLASS_5XX, METER_CLASS_COUNT };
enum {
    METER_STATE_IDLE,
    METER_STATE_READY,
    METER_STATE_SENDING,
    METER_STATE_WAITING,
    METER_STATE_READING,
    METER_STATE_HELD,
    METER_STATE_FROZEN,
    METER_STATE_COUNT
};

enum {
    METER_TRIMMED_ENTRIES,
    METER_TRIMMED_BODIES,
    METER_TRIMMED_URGENT,
    METER_TRIMMED_OBJECTS,
    METER_TRIMMED_COUNT
};

/* Of METER_PROCESSES: the roles as in role.h, then one that has all of them. */
enum { METER_ROLE_ALL = ROLE_COUNT };

/* The table as the metrics library wants it; static. */
const struct metric_def *meters_table(void);
/* An answer of the public listener. */
void meter_answer(int status);
