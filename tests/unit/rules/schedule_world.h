/* schedule_world: what is true around the scheduler of the model test: the journal, the registry,
 * what is owed to which inbox, and what lies in Redis. The oracle (schedule_oracle.h) compares what
 * the scheduler does with that.
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

enum { MEMBERS = 5, STRANGER = MEMBERS, HOSTS, SHARDS = 2, ZONES = 3, ITEMS = 2000, PAGE = 24 };
enum { SLOTS = MEMBER_INBOXES_MAX, MAIL = SLOTS, ACTORS = 3, INBOXES = 3, OBJECTS = 12 };
enum { AFTER = 3 }; /* failures of its own, and an entry may be set aside */
enum { IN_FLIGHT = 9, AT_ONCE = 4 /* of one host */ };

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
    X(LATE_LOST, "late deliveries are not written")                                                \
    X(DIRECT_LOST, "settled direct mail stays in Redis")                                           \
    X(COMMIT_EARLY, "a commit is believed before Redis has it")                                    \
    X(CONTROL_LOST, "one control entry in four is not told")                                       \
    X(CUTS_UNTOLD, "a leave does not cut")                                                         \
    X(SPANS_IGNORED, "membership of today decides")                                                \
    X(ZONE_IGNORED, "the zone of the past decides")                                                \
    X(GONE_UNLOADED, "members that are gone are not loaded")                                       \
    X(FLOOR_HIDDEN, "pages do not tell the floor")                                                 \
    X(MISSING_HIDDEN, "what was trimmed before it was told is not told as missing")                \
    X(MAIL_LATE, "direct mail is told late")                                                       \
    X(KIND_HIDDEN, "an Accept does not say that it is one")                                        \
    X(SHUT_LOST, "that an Accept was refused is not loaded")                                       \
    X(SLOTS_HIDDEN, "of a host's inboxes only the first is told")                                  \
    X(FROM_HIDDEN, "since when an inbox is used is not told")                                      \
    X(FREED_HIDDEN, "since when an inbox is free is not told")                                     \
    X(STYLE_HIDDEN, "every inbox is said to take proofs")                                          \
    X(DONE_LOST, "what was acknowledged ahead of a cursor is not loaded")                          \
    X(DONE_SHIFTED, "what was acknowledged ahead is loaded one too far")                           \
    X(HIGHEST, "a cursor is written as the highest that was acknowledged")                         \
    X(OBJECT_HIDDEN, "what an entry is about is not told")                                         \
    X(WINDOW_HIDDEN, "how many may go to a host at once is not told")                              \
    X(ASIDE_UNLOADED, "what is set aside is not loaded")                                           \
    X(ASIDE_UNWRITTEN, "what is set aside is not written")                                         \
    X(ASIDE_MIXED, "what is set aside is loaded for another inbox")                                \
    X(OBJECT_LOST, "what an entry that is set aside is about is not loaded")                       \
    X(TRIES_LOST, "how often an entry was tried is not loaded")                                    \
    X(RETRY_UNTOLD, "orders to retry are not told")                                                \
    X(RETRY_LOST, "what is tried again stays recorded as failed")                                  \
    X(DROP_UNTOLD, "orders to drop are not told")                                                  \
    X(ORDERS_FORGOTTEN, "which orders were carried out is not loaded")                             \
    X(OWNED_IGNORED, "shards of others are looked after as well")                                  \
    X(OWNED_LATE, "of a shard that was another's, the cursor of before is loaded")

enum mutation {
#define X(name, text) MUTATION_##name,
    MUTATIONS(X)
#undef X
        MUTATION_COUNT
};

enum item_kind { ITEM_NONE, ITEM_ENTRY, ITEM_CONTROL, ITEM_WAKE, ITEM_ORDER, ITEM_LETTER };

struct item { /* what has this number */
    enum item_kind kind;
    uint64_t previous; /* the line before it */
    struct entry *entry;
    unsigned object;      /* ENTRY: which */
    struct member *after; /* CONTROL */
    bool cuts;
    int host;
    const char *mail; /* LETTER: its kind, */
    char url[64];     /* and where it goes */
    bool settled;     /* LETTER: gone from Redis */
    bool drops;       /* ORDER: else it is a retry; */
    uint64_t of;      /* of this entry */
    bool carried;     /* ORDER: Redis says so */
};

struct fate {                 /* of one entry at one inbox, or of a letter */
    bool owed;                /* when it got its number */
    bool may;                 /* another style came, and it can be sent by now */
    bool lenient;             /* another style came, and it can't be sent any more */
    bool arrived, acked;      /* acked: was, once */
    bool refused;             /* an answer said so, once */
    bool last_acked;          /* the newest answer for good was a delivery */
    bool failed;              /* Redis says so */
    bool noted;               /* Redis holds a skip, cut or gap for it */
    bool retried;             /* an operator ordered it, once */
    bool late_due;            /* delivered at a later attempt, which has to be written down */
    bool done;                /* this life: answered for good */
    bool permitted;           /* this life: ordered to be tried again */
    bool ordered;             /* the same, also when it was answered since */
    bool had;                 /* this life: its inbox had it before it was given up */
    unsigned char own;        /* failures of its own, in all lives */
    unsigned char sour;       /* how often it will fail by itself yet */
    unsigned short tries;     /* this life */
    unsigned short ended;     /* its inbox was given up, or its host left, with this number */
    unsigned short retry_due; /* it has to be tried, by the order of this number */
};

struct flight {
    bool out;
    unsigned since; /* which event its start was */
    struct attempt attempt;
};

struct tally {
    unsigned attempts, repeats, crashes, commits, pages, gaps, cuts, slot_cuts, fails, skips,
        letters, asides, lates, retries, drops, shuts, slots, foreign, aheads, beside;
};

struct world {
    enum mutation mutation;
    uint64_t seed, chance;
    int64_t now;
    char broken[512]; /* what the oracle saw; empty: nothing */
    bool resting;
    /* truth */
    uint64_t newest, last_line;
    struct item items[ITEMS];
    struct fate fates[HOSTS][SLOTS + 1][ITEMS];
    bool zone_denied[HOSTS][ITEMS]; /* since it got its number, the member was in a zone that may
                                       not have it */
    struct member registry[MEMBERS];
    bool exists[MEMBERS], down[HOSTS];
    uint64_t floor;
    /* Redis */
    uint64_t low[SHARDS], urgent[SHARDS], low_before[SHARDS];
    bool own[HOSTS];
    struct cursor redis[HOSTS]; /* where own */
    /* the courier's life */
    struct schedule *schedule;
    unsigned owned;
    struct member known[MEMBERS]; /* the newest record that it was given */
    uint64_t told, told_line, mail_told, loaded;
    bool followed; /* a line was told in this life */
    struct flight flights[HOSTS][AT_ONCE];
    unsigned events;            /* attempts and answers, */
    unsigned failed[HOSTS];     /* the last that was a failure */
    int64_t not_before[HOSTS];  /* its back-off lasts at least as long */
    uint64_t shut[HOSTS];       /* by the refusal of this letter; */
    uint64_t delta_told;        /* when the delta was handed out; */
    uint64_t delta_shut[HOSTS]; /* when the delta was handed out; */
    uint64_t redis_shut[HOSTS]; /* as it was written */
    uint64_t heard[HOSTS];      /* newest change that is known, or Accept taken */
    /* Newest entry whose first arrival was seen, in all lives. */
    uint64_t newest_first[HOSTS][SLOTS][OBJECTS];
    struct delta delta;
    bool delta_out, page_out;
    enum lane page_lane;
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
#define SHARD_OF(host)   shard_of(span_of(host_name(host)), SHARDS)
#define IS_OURS(w, host) ((w)->owned >> SHARD_OF(host) & 1)
#define NUMBER(n)        ((unsigned long long)(n))

/* --- the journal: what happens, and who is owed it ------------------------------------------- */

static inline struct item *item_new(struct world *w, enum item_kind kind, int host)
{
    struct item *item = &w->items[++w->newest];
    *item = (struct item){.kind = kind, .host = host, .previous = w->last_line};
    if (kind != ITEM_LETTER)
        w->last_line = w->newest;
    return item;
}

static inline void append_letter(struct world *w, int host, const char *kind, const char *url)
{
    struct item *item = item_new(w, ITEM_LETTER, host);
    item->mail = kind;
    span_copy(span_of(url), item->url, sizeof(item->url));
    w->fates[host][MAIL][w->newest].owed = true;
    if (draw(w, 8) == 0)
        w->fates[host][MAIL][w->newest].sour = (unsigned char)draw(w, 5);
    w->tally.letters++;
}

static inline bool has_form(const struct entry *e, enum member_style style)
{
    return outgoing_form(&e->facts, style) != FORM_NOTHING;
}

static inline void owe(struct world *w, int host, const struct item *item, int origin, int object)
{
    const struct member *m = &w->registry[host];
    bool its = w->exists[host] && m->state == MEMBER_ACTIVE && host != origin && host != object &&
               audience_has(item->entry->audience, m->zone);
    for (int s = 0; s < SLOTS && its; s++) {
        struct fate *f = &w->fates[host][s][w->newest];
        f->owed = m->inboxes[s].url[0] && has_form(item->entry, m->inboxes[s].style);
        if (draw(w, 10) == 0)
            f->sour = (unsigned char)draw(w, 9);
    }
}

static inline void append_entry(struct world *w)
{
    char audience[64] = "";
    char id[64];
    uint64_t mask = 1 + draw(w, (1 << ZONES) - 1);
    int origin = (int)draw(w, MEMBERS + 2);
    int object = draw(w, 4) ? origin : (int)draw(w, MEMBERS);
    struct item *item = item_new(w, ITEM_ENTRY, origin);
    for (int z = 0; z < ZONES; z++)
        if (mask & (1U << z))
            snprintf(audience + strlen(audience), sizeof(audience) - strlen(audience), "%s%s",
                     audience[0] ? "," : "", world_zones[z]);
    item->object = (unsigned)draw(w, w->seed % 2 ? 3 : OBJECTS);
    snprintf(id, sizeof(id), "https://o.test/%u", item->object);
    struct entry entry = {
        .n = w->newest,
        .at_ms = w->now,
        .facts = {.type = draw(w, 6) ? ACTIVITY_CREATE : ACTIVITY_UPDATE, .has_proof = draw(w, 3)},
        .audience = span_of(audience),
        .origin = origin < MEMBERS ? span_of(host_name(origin)) : SPAN("elsewhere.test"),
        .object_host = object < MEMBERS ? span_of(host_name(object)) : SPAN_NONE,
        .object = item->object ? span_of(id) : SPAN_NONE,
    };
    item->entry = entry_new(&entry);
    for (int h = 0; h < MEMBERS; h++)
        owe(w, h, item, origin, object);
}

/* Whatever this member is owed and may not have in its zone of today may be skipped from now on. */
static inline void note_zone(struct world *w, int host)
{
    for (uint64_t n = 1; n <= w->newest; n++)
        if (w->items[n].kind == ITEM_ENTRY &&
            !audience_has(w->items[n].entry->audience, w->registry[host].zone))
            w->zone_denied[host][n] = true;
}

/* What the change of its inboxes means for what is owed to them. */
static inline void note_inboxes(struct world *w, int host, const struct member *before,
                                const struct item *control)
{
    for (int s = 0; s < SLOTS && before; s++) {
        const struct member_inbox *was = &before->inboxes[s];
        const struct member_inbox *is = &control->after->inboxes[s];
        for (uint64_t n = 1; n < w->newest && was->url[0]; n++) {
            struct fate *f = &w->fates[host][s][n];
            if (w->items[n].kind != ITEM_ENTRY || n <= was->from)
                continue;
            if ((control->cuts || !is->url[0]) && !f->ended)
                f->ended = (unsigned short)w->newest;
            if (is->url[0] && is->style != was->style) {
                f->may = f->may || has_form(w->items[n].entry, is->style);
                f->lenient = f->lenient || !has_form(w->items[n].entry, is->style);
            }
        }
    }
}

static inline void append_letters(struct world *w, int host, const struct member *before,
                                  const struct member_change *change)
{
    static const struct {
        unsigned wire;
        const char *kind;
    } kinds[] = {{WIRE_ACCEPT, "accept"},
                 {WIRE_REJECT, "reject"},
                 {WIRE_FOLLOW, "follow"},
                 {WIRE_UNDO, "undo"}};
    const struct member *after = &change->after;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < after->followers_n; i++)
            if (change->wires[i] & kinds[k].wire)
                append_letter(w, host, kinds[k].kind,
                              after->inboxes[after->followers[i].inbox].url);
        if (change->left >= 0 && change->left_wires & kinds[k].wire)
            append_letter(w, host, kinds[k].kind,
                          before->inboxes[before->followers[change->left].inbox].url);
    }
}

static inline void append_control(struct world *w, int host, enum member_event event)
{
    struct member *with = mem_new(sizeof(*with));
    struct member *before = mem_new(sizeof(*before));
    struct member_change *change = mem_new(sizeof(*change));
    struct member_follower follower = {.style = draw(w, 2) ? STYLE_PUBLIC : STYLE_LITEPUB,
                                       .machine = draw(w, 2)};
    char inbox[64];
    unsigned actor = (unsigned)draw(w, ACTORS);
    bool existed = w->exists[host];
    *before = w->registry[host];
    snprintf(with->host, sizeof(with->host), "%s", host_name(host));
    span_copy(span_of(world_zones[draw(w, ZONES)]), with->zone, sizeof(with->zone));
    snprintf(follower.actor, sizeof(follower.actor), "http://a/%u", actor);
    snprintf(follower.follow, sizeof(follower.follow), "http://a/%u/%llu", actor,
             NUMBER(event == EVENT_FOLLOW ? w->newest : 0));
    snprintf(inbox, sizeof(inbox), "http://%s/%u", host_name(host), (unsigned)draw(w, INBOXES));
    member_bring(with, &follower, span_of(inbox));
    if (member_apply(existed ? before : NULL, event, with, JOIN_OPEN, w->newest + 1, w->now,
                     change) == ERR_OK) {
        struct item *item = item_new(w, ITEM_CONTROL, host);
        w->registry[host] = change->after;
        w->exists[host] = true;
        item->cuts = change->cuts;
        item->after = mem_new(sizeof(*item->after));
        *item->after = change->after;
        note_zone(w, host);
        note_inboxes(w, host, existed ? before : NULL, item);
        append_letters(w, host, before, change);
    }
    free(with);
    free(before);
    free(change);
}

static inline bool has_failed(const struct world *w, int host, uint64_t n, bool drops)
{
    for (int s = 0; s < SLOTS + drops; s++)
        if (w->fates[host][s][n].failed)
            return true;
    return false;
}

/* About something that failed, as far as Redis says; now and then about anything. */
static inline void append_order(struct world *w)
{
    int host = (int)draw(w, HOSTS);
    bool drops = draw(w, 4) == 0;
    uint64_t of = 1 + draw(w, w->newest + 1);
    for (uint64_t i = 0; i < HOSTS * w->newest && !has_failed(w, host, of, drops); i++)
        if (++of > w->newest) {
            of = 1;
            host = (host + 1) % HOSTS;
        }
    if (of > w->newest || draw(w, 10) == 0)
        of = 1 + draw(w, w->newest + 1);
    if (of > w->newest || (w->items[of].kind != ITEM_ENTRY && !drops))
        return;
    struct item *item = item_new(w, ITEM_ORDER, host);
    item->drops = drops;
    item->of = of;
}

/* --- Redis ----------------------------------------------------------------------------------- */

static inline uint64_t redis_low(const struct world *w, int host)
{
    return w->own[host] ? w->redis[host].low : w->low[SHARD_OF(host)];
}

static inline const struct cursor_aside *find_aside(const struct cursor *c, uint64_t n, int slot)
{
    for (size_t i = 0; i < c->aside_n; i++)
        if (c->aside[i].n == n && (int)c->aside[i].slot == slot)
            return &c->aside[i];
    return NULL;
}

static inline const struct cursor_aside *redis_aside(const struct world *w, int host, uint64_t n,
                                                     int slot)
{
    return w->own[host] ? find_aside(&w->redis[host], n, slot) : NULL;
}

static inline bool redis_done(const struct world *w, int host, uint64_t n, int slot)
{
    return w->own[host] && (cursor_done(&w->redis[host], n) >> slot & 1);
}

static inline unsigned redis_tries(const struct world *w, int host, uint64_t n, int slot)
{
    const struct cursor_aside *aside = redis_aside(w, host, n, slot);
    if (aside)
        return aside->tried.tries;
    const struct cursor_part *part =
        w->own[host] ? cursor_part(&w->redis[host], n, (unsigned)slot) : NULL;
    return part ? part->tried.tries : 0;
}
