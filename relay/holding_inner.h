/* holding_inner: what the files of holding share, and nobody else sees. */
#pragma once

#include "common/pure/json.h"
#include "keys/digest.h"
#include "relay/holding.h"
#include "relay/rules/activity.h"
#include "relay/rules/freeze.h"
#include "relay/rules/member.h"
#include "relay/rules/placed.h"
#include "relay/store/authors.h"
#include "relay/store/holds.h"

struct redecision {
    struct context *context;
    int state;
    uint64_t h;
    enum hold_asked asked;
    bool has_by;
    struct audit_by by;
    const char *verb; /* static; NULL: no line of the audit log */
    uint64_t seen;    /* revision that the person saw, + 1; 0: not said */
    holding_decided_cb cb;
    void *arg;

    enum err err;
    unsigned tries;
    /* The item, once it was read; its texts are ours. */
    bool found;
    struct hold_item item;
    struct bytes texts;
    struct hold_known known;
    struct json *json, *fetched, *update;
    struct activity first, newest; /* newest: as first, with what the newest Update says */
    struct member *member;         /* NULL: none */
    char zone[MEMBER_ZONE_SIZE];   /* of its sender, as that was decided by */
    struct freezes *freezes;
    uint8_t hashes[AUTHORS_ASKED_MAX][SHA256_SIZE];
    enum fact_said said[AUTHORS_ASKED_MAX]; /* by the authors, in the order of holding_authors() */
    char thread_owner[MEMBER_HOST_SIZE];    /* of what it answers; empty: not known */
    struct bytes thread;                    /* the zones where that went */
    struct placed *placed;                  /* of the hosts that it is about */

    struct holding_zone *zones;
    size_t zones_n;
    struct bytes sent, kept;
    struct holds_settled settled;
};

/* holding_decide.c */
/* Reads what the item holds: ERR_OK, or why it can't be decided about. */
enum err holding_read(struct redecision *g);
/* The id of what it answers, where the rules of today ask for that; else absent. */
struct span holding_answered(const struct redecision *g);
/* Who wrote it: its actor; and who wrote what that announced, where it was fetched. How many. */
size_t holding_authors(struct redecision *g, struct author_said ret[AUTHORS_ASKED_MAX]);
/* What becomes of each zone that it waits for: zones, sent, kept. ERR_OK, or why nothing does. */
enum err holding_decide(struct redecision *g);
