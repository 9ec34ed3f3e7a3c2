/* schedule_world: a relay in miniature around the real scheduler, and the oracle that watches it.
 *
 * The world owns what is true: the journal, the registry, what lies in Redis, what arrived where.
 * The scheduler is told of it the way a courier would, and can be thrown away at any moment. The
 * oracle never asks the scheduler what it thinks: it compares what was sent with what was owed when
 * an entry got its number, and what Redis says with what was answered.
 *
 * A mutation breaks one thing around the scheduler on purpose: the oracle has to notice. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy.h"
#include "relay/rules/schedule.h"

enum { MEMBERS = 5, STRANGER = MEMBERS, HOSTS, SHARDS = 2, ZONES = 3, ITEMS = 4000, PAGE = 24 };

#define MUTATIONS(X)                                                                               \
    X(NONE, "nothing is broken")                                                                   \
    X(ACK_EARLY, "settled when it is sent, not when it is answered")                               \
    X(LATER_IS_DONE, "a temporary failure is taken for a delivery")                                \
    X(NEVER_IS_DONE, "a refusal is taken for a delivery")                                          \
    X(OWN_FORGOTTEN, "own cursors are not loaded")                                                 \
    X(LOW_AHEAD, "the shard's cursor is loaded one too high")                                      \
    X(SHARD_ALONE, "the shard's cursor is written, own cursors are not")                           \
    X(FOLLOW_LOST, "own cursors are never dropped")                                                \
    X(FAIL_LOST, "refusals are not written")                                                       \
    X(SKIP_LOST, "skips are not written")                                                          \
    X(CUT_LOST, "cuts and gaps are not written")                                                   \
    X(DIRECT_LOST, "settled direct mail stays in Redis")                                           \
    X(COMMIT_EARLY, "a commit is believed before Redis has it")                                    \
    X(CONTROL_LOST, "one control entry in four is not told")                                       \
    X(CUTS_UNTOLD, "a leave does not cut")                                                         \
    X(SPANS_IGNORED, "membership of today decides")                                                \
    X(ZONE_IGNORED, "the zone of the past decides")                                                \
    X(GONE_UNLOADED, "members that are gone are not loaded")                                       \
    X(FLOOR_HIDDEN, "pages do not tell the floor")                                                 \
    X(MISSING_HIDDEN, "what was trimmed before it was told is not told as missing")                \
    X(MAIL_LATE, "direct mail is told late")

enum mutation {
#define X(name, text) MUTATION_##name,
    MUTATIONS(X)
#undef X
        MUTATION_COUNT
};

enum item_kind { ITEM_NONE, ITEM_ENTRY, ITEM_CONTROL, ITEM_WAKE, ITEM_LETTER };

struct item { /* what has this number */
    enum item_kind kind;
    uint64_t previous; /* the line before it */
    struct entry *entry;
    struct member *after; /* CONTROL */
    bool cuts;
    int host;
    bool settled; /* LETTER: gone from Redis */
};

struct fate { /* of one entry or letter at one host */
    bool owed, arrived, acked, refused;
    bool noted;           /* Redis holds a fail, skip, cut or gap for it */
    bool was_zone_denied; /* since it got its number, the member was in a zone that may not have it
                           */
};

struct flight {
    bool out;
    struct attempt attempt;
};

struct tally {
    unsigned attempts, repeats, crashes, commits, pages, gaps, cuts, fails, skips, letters;
};

struct world {
    enum mutation mutation;
    uint64_t seed, chance;
    int64_t now;
    char broken[512]; /* what the oracle saw; empty: nothing */
    /* truth */
    uint64_t newest, last_line;
    struct item items[ITEMS];
    struct fate fates[HOSTS][ITEMS];
    struct member registry[MEMBERS];
    bool exists[MEMBERS], down[HOSTS];
    uint64_t floor;
    /* Redis */
    uint64_t low[SHARDS];
    char own[HOSTS][256];
    /* the courier's life */
    struct schedule *schedule;
    struct member known[MEMBERS]; /* the newest record that it was given */
    uint64_t told, told_line, mail_told, loaded;
    bool followed; /* a line was told in this life */
    struct flight flights[HOSTS];
    uint64_t done[HOSTS];         /* newest entry that was answered for good in this life */
    int64_t not_before[HOSTS];    /* its back-off lasts at least as long */
    uint64_t newest_first[HOSTS]; /* newest entry whose first arrival was seen, in all lives */
    struct delta delta;
    bool delta_out, page_out;
    uint64_t page_after;
    struct tally tally;
};

static const char *const world_zones[ZONES] = {"red", "green", "blue"};

static inline const char *mutation_text(enum mutation m)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MUTATIONS(X)
#undef X
    };
    return texts[m];
}

static inline uint64_t draw(struct world *w, uint64_t below)
{
    w->chance += 0x9e3779b97f4a7c15U;
    uint64_t z = w->chance;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % below;
}

static inline const char *host_name(int host)
{
    static const char *const names[HOSTS] = {"a.test", "b.test", "c.test:8443",
                                             "d.test", "e.test", "stranger.test"};
    return names[host];
}

static inline int host_index(const char *name)
{
    for (int h = 0; h < HOSTS; h++)
        if (strcmp(name, host_name(h)) == 0)
            return h;
    return -1;
}

#define BROKEN(w, ...)                                                                             \
    do {                                                                                           \
        if (!(w)->broken[0])                                                                       \
            snprintf((w)->broken, sizeof((w)->broken), __VA_ARGS__);                               \
    } while (0)
#define SHARD_OF(host) shard_of(span_of(host_name(host)), SHARDS)
#define NUMBER(n)      ((unsigned long long)(n))

/* --- the journal: what happens, and who is owed it ------------------------------------------- */

static inline struct item *item_new(struct world *w, enum item_kind kind, int host)
{
    struct item *item = &w->items[++w->newest];
    *item = (struct item){.kind = kind, .host = host, .previous = w->last_line};
    if (kind != ITEM_LETTER)
        w->last_line = w->newest;
    return item;
}

static inline void append_letter(struct world *w, int host)
{
    item_new(w, ITEM_LETTER, host);
    w->fates[host][w->newest].owed = true;
    w->tally.letters++;
}

static inline void append_entry(struct world *w)
{
    char audience[64] = "";
    uint64_t mask = 1 + draw(w, (1 << ZONES) - 1);
    int origin = (int)draw(w, MEMBERS + 2);
    int object = draw(w, 4) ? origin : (int)draw(w, MEMBERS);
    bool formless = draw(w, 20) == 0;
    for (int z = 0; z < ZONES; z++)
        if (mask & (1U << z))
            snprintf(audience + strlen(audience), sizeof(audience) - strlen(audience), "%s%s",
                     audience[0] ? "," : "", world_zones[z]);
    struct item *item = item_new(w, ITEM_ENTRY, origin);
    struct entry entry = {
        .n = w->newest,
        .at_ms = w->now,
        .facts = {.type = formless ? ACTIVITY_UPDATE : ACTIVITY_CREATE},
        .audience = span_of(audience),
        .origin = origin < MEMBERS ? span_of(host_name(origin)) : SPAN("elsewhere.test"),
        .object_host = object < MEMBERS ? span_of(host_name(object)) : SPAN_NONE,
    };
    item->entry = entry_new(&entry);
    for (int h = 0; h < MEMBERS; h++) {
        const struct member *m = &w->registry[h];
        w->fates[h][w->newest].owed = w->exists[h] && m->state == MEMBER_ACTIVE && !formless &&
                                      h != origin && h != object &&
                                      audience_has(entry.audience, m->zone);
    }
}

/* Whatever this member is owed and may not have in its zone of today may be skipped from now on. */
static inline void note_zone(struct world *w, int host)
{
    for (uint64_t n = 1; n <= w->newest; n++)
        if (w->fates[host][n].owed && w->items[n].kind == ITEM_ENTRY &&
            !audience_has(w->items[n].entry->audience, w->registry[host].zone))
            w->fates[host][n].was_zone_denied = true;
}

static inline void append_control(struct world *w, int host, enum member_event event)
{
    struct member with = {0};
    struct member_change *change = mem_new(sizeof(*change));
    const struct member *before = w->exists[host] ? &w->registry[host] : NULL;
    span_copy(span_of(host_name(host)), with.host, sizeof(with.host));
    span_copy(span_of(world_zones[draw(w, ZONES)]), with.zone, sizeof(with.zone));
    struct member_follower follower = {.actor = "http://a/actor", .follow = "http://a/follow"};
    char inbox[MEMBER_URL_SIZE];
    snprintf(inbox, sizeof(inbox), "http://%s/inbox", with.host);
    member_bring(&with, &follower, span_of(inbox));
    if (member_apply(before, event, &with, JOIN_OPEN, w->newest + 1, w->now, change) == ERR_OK) {
        struct item *item = item_new(w, ITEM_CONTROL, host);
        w->registry[host] = change->after;
        w->exists[host] = true;
        item->cuts = change->cuts;
        item->after = mem_new(sizeof(*item->after));
        *item->after = change->after;
        note_zone(w, host);
        if (change->wires[0])
            append_letter(w, host);
    }
    free(change);
}

/* --- Redis ----------------------------------------------------------------------------------- */

static inline uint64_t redis_low(const struct world *w, int host)
{
    struct cursor cursor;
    if (w->own[host][0] && cursor_read(span_of(w->own[host]), &cursor)) {
        cursor_fini(&cursor);
        return cursor.low;
    }
    return w->low[SHARD_OF(host)];
}

static inline void check_cut(struct world *w, int host, const struct change *c, uint64_t low)
{
    const struct item *item = &w->items[c->to];
    bool gap = c->why == ERR_GAP && c->to <= w->floor;
    bool cut = item->kind == ITEM_CONTROL && item->cuts && item->host == host;
    if (!gap && !cut)
        BROKEN(w, "%s: cut up to %llu without a reason", c->host, NUMBER(c->to));
    if (c->from < low)
        BROKEN(w, "%s: cut from %llu, but settled up to %llu", c->host, NUMBER(c->from),
               NUMBER(low));
    if (gap)
        w->tally.gaps++;
    else
        w->tally.cuts++;
    for (uint64_t n = c->from + 1; n <= c->to; n++)
        if (w->items[n].kind == ITEM_ENTRY)
            w->fates[host][n].noted = true;
}

static inline void apply_change(struct world *w, const struct change *c, uint64_t low)
{
    int host = c->host ? host_index(c->host) : -1;
    struct bytes text;
    switch (c->kind) {
    case CHANGE_SHARD:
        if (c->cursor.low < w->low[c->shard])
            BROKEN(w, "shard %u goes back to %llu", c->shard, NUMBER(c->cursor.low));
        w->low[c->shard] = c->cursor.low;
        break;
    case CHANGE_CURSOR:
        bytes_init(&text, CURSOR_TEXT_MAX);
        cursor_write(&c->cursor, &text);
        if (w->mutation != MUTATION_SHARD_ALONE)
            span_copy(bytes_span(&text), w->own[host], sizeof(w->own[host]));
        bytes_fini(&text);
        break;
    case CHANGE_FOLLOW:
        if (w->mutation != MUTATION_FOLLOW_LOST)
            w->own[host][0] = '\0';
        break;
    case CHANGE_FAIL:
        if (!w->fates[host][c->to].refused)
            BROKEN(w, "%s: %llu recorded as refused, but it was not", c->host, NUMBER(c->to));
        w->fates[host][c->to].noted |= w->mutation != MUTATION_FAIL_LOST;
        w->tally.fails++;
        break;
    case CHANGE_SKIP:
        if (!w->fates[host][c->to].was_zone_denied)
            BROKEN(w, "%s: %llu skipped without a reason", c->host, NUMBER(c->to));
        w->fates[host][c->to].noted |= w->mutation != MUTATION_SKIP_LOST;
        w->tally.skips++;
        break;
    case CHANGE_CUT:
        if (w->mutation != MUTATION_CUT_LOST)
            check_cut(w, host, c, low);
        break;
    case CHANGE_DIRECT: {
        uint64_t n = strtoull(c->id, NULL, 10);
        if (!w->fates[host][n].acked && !w->fates[host][n].noted)
            BROKEN(w, "%s: direct mail %llu settled, but nothing came of it", c->host, NUMBER(n));
        w->items[n].settled = w->mutation != MUTATION_DIRECT_LOST;
        break;
    }
    case CHANGE_LATE:
    case CHANGE_RETRY:
    case CHANGE_DROP:
    case CHANGE_DOWN:
    case CHANGE_UP: break;
    }
}

/* The passing rule: whatever lies behind a cursor in Redis was acknowledged, was never owed, or
 * there is a record of it. */
static inline void check_passing(struct world *w, int host, uint64_t from, uint64_t to)
{
    if (to < from)
        BROKEN(w, "%s: its cursor went back from %llu to %llu", host_name(host), NUMBER(from),
               NUMBER(to));
    for (uint64_t n = from + 1; n <= to; n++) {
        const struct fate *f = &w->fates[host][n];
        if (w->items[n].kind == ITEM_ENTRY && f->owed && !f->acked && !f->noted)
            BROKEN(w, "%s: %llu passed, neither acknowledged nor recorded", host_name(host),
                   NUMBER(n));
    }
}

static inline void apply_delta(struct world *w)
{
    uint64_t before[HOSTS];
    for (int h = 0; h < HOSTS; h++)
        before[h] = redis_low(w, h);
    for (size_t i = 0; i < w->delta.n; i++) {
        const struct change *c = &w->delta.list[i];
        apply_change(w, c, c->host ? before[host_index(c->host)] : 0);
    }
    for (int h = 0; h < MEMBERS; h++)
        check_passing(w, h, before[h], redis_low(w, h));
    w->tally.commits++;
}

/* --- attempts: may it be sent, and what came of it ------------------------------------------- */

static inline bool mail_waits(const struct world *w, int host, uint64_t before)
{
    for (uint64_t n = 1; n < before; n++) {
        const struct fate *f = &w->fates[host][n];
        if (w->items[n].kind == ITEM_LETTER && w->items[n].host == host && !f->acked && !f->refused)
            return true;
    }
    return false;
}

static inline void check_attempt(struct world *w, int host, const struct attempt *a)
{
    uint64_t n = a->entry ? a->entry->n : a->direct->n;
    const struct fate *f = &w->fates[host][n];
    unsigned out = 0;
    for (int h = 0; h < HOSTS; h++)
        out += w->flights[h].out;
    w->tally.attempts++;
    w->tally.repeats += f->arrived;
    if (w->flights[host].out || out >= 3)
        BROKEN(w, "%s: too many at a time", a->host);
    if (w->now < w->not_before[host])
        BROKEN(w, "%s: tried during its back-off", a->host);
    if (mail_waits(w, host, n))
        BROKEN(w, "%s: %llu is sent before direct mail that waits", a->host, NUMBER(n));
    if (!f->owed)
        BROKEN(w, "%s: %llu is not for it", a->host, NUMBER(n));
    if (!a->entry) {
        if (w->items[n].settled)
            BROKEN(w, "%s: direct mail %llu again", a->host, NUMBER(n));
        return;
    }
    if (w->known[host].state != MEMBER_ACTIVE)
        BROKEN(w, "%s: %llu is sent, but it is no active member", a->host, NUMBER(n));
    if (!audience_has(a->entry->audience, w->known[host].zone))
        BROKEN(w, "%s: %llu is not for its zone of today", a->host, NUMBER(n));
    if (n <= redis_low(w, host) || n <= w->done[host])
        BROKEN(w, "%s: %llu again, although that was settled", a->host, NUMBER(n));
}

static inline void arrive(struct world *w, int host, uint64_t n)
{
    struct fate *f = &w->fates[host][n];
    bool entry = w->items[n].kind == ITEM_ENTRY;
    if (entry && !f->arrived && n < w->newest_first[host])
        BROKEN(w, "%s: %llu arrives for the first time after %llu", host_name(host), NUMBER(n),
               NUMBER(w->newest_first[host]));
    if (entry && n > w->newest_first[host])
        w->newest_first[host] = n;
    f->arrived = true;
}
