/* schedule_rig: few words to tell a scheduler a story in, and to hear what it says.
 *
 * One shard, zones "red" and "blue", entries of "origin.test" unless said otherwise. What was sent
 * is asked for by host and number; what is to be written down is read as one line of text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule.h"

#define NOW INT64_C(1700000000000)

enum { SECOND = 1000, MIN = 60 * SECOND, HOUR = 60 * MIN };

static const struct schedule_limits rig_limits = {
    .in_flight = 100,
    .host_window = 1,
    .window = 100,
    .shards = 1,
    .owned = UINT64_MAX,
    .advance_ms = 1000,
    .judge = {.backoff_ms = 1000,
              .backoff_most_ms = HOUR,
              .retry_after_most_ms = 6 * HOUR,
              .horizon_ms = 7 * 24 * HOUR,
              .aside_ms = 60 * SECOND,
              .aside_most_ms = 6 * HOUR,
              .aside_after = 3},
};

/* --- what is told ---------------------------------------------------------------------------- */

/* A record whose one span begins behind `from`, and ends at `to` unless that is 0. */
static inline struct member *rig_record(const char *host, enum member_state state, uint64_t from,
                                        uint64_t to)
{
    static struct member m;
    m = (struct member){.state = state, .zone = "red", .ver = 1, .spans_n = 1};
    snprintf(m.host, sizeof(m.host), "%s", host);
    struct member_follower follower = {.actor = "http://a/actor", .accepted = true};
    char inbox[MEMBER_URL_SIZE];
    snprintf(inbox, sizeof(inbox), "http://%s/inbox", host);
    member_bring(&m, &follower, span_of(inbox));
    m.spans[0] = (struct member_span){from, to ? to : MEMBER_SPAN_OPEN, "red"};
    return &m;
}

/* Another inbox in this slot, for the entries above `from`; path NULL: it is free since then. */
static inline void rig_inbox(struct member *m, unsigned slot, const char *path,
                             enum member_style style, uint64_t from)
{
    m->inboxes[slot] = (struct member_inbox){.style = style, .from = from};
    if (path)
        snprintf(m->inboxes[slot].url, MEMBER_URL_SIZE, "http://%.200s/%s", m->host, path);
    m->followers_n = 2;
}

/* A scheduler with active members (names, separated by commas) that have everything up to `low`. */
static inline struct schedule *rig_new(const struct schedule_limits *limits, const char *hosts,
                                       uint64_t low)
{
    struct schedule *s = schedule_new(limits);
    struct span rest = span_of(hosts);
    char host[64];
    schedule_load_shard(s, 0, low, low);
    while (rest.n) {
        assert_true(span_copy(span_cut(&rest, ','), host, sizeof(host)));
        schedule_load_member(s, rig_record(host, MEMBER_ACTIVE, 0, 0));
    }
    return s;
}

static inline struct schedule *rig_started(const char *hosts, uint64_t low)
{
    struct schedule *s = rig_new(&rig_limits, hosts, low);
    assert_int_equal(schedule_loaded(s), low);
    return s;
}

static inline struct entry *rig_entry_from(uint64_t n, const char *audience, const char *origin)
{
    struct entry e = {.n = n,
                      .at_ms = NOW,
                      .facts = {.type = ACTIVITY_CREATE},
                      .audience = span_of(audience),
                      .origin = span_of(origin),
                      .id = SPAN("https://origin.test/activity")};
    return entry_new(&e);
}

/* Entries with these numbers, for red. */
static inline void rig_tell(struct schedule *s, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++) {
        struct entry *e = rig_entry_from(n, "red", "origin.test");
        schedule_entry(s, e);
        entry_unref(&e);
    }
}

/* An Update that goes out as it came or not at all: a member without proofs gets no form of it. */
static inline void rig_tell_proved_update(struct schedule *s, uint64_t n)
{
    struct entry from = {.n = n,
                         .at_ms = NOW,
                         .facts = {.type = ACTIVITY_UPDATE, .has_proof = true},
                         .audience = SPAN("red"),
                         .origin = SPAN("origin.test")};
    struct entry *e = entry_new(&from);
    schedule_entry(s, e);
    entry_unref(&e);
}

/* Takes back entry `of`, which was about the object, from the members of a zone. */
static inline struct entry *rig_taker(uint64_t n, const char *audience, const char *object,
                                      uint64_t of)
{
    struct entry e = {.n = n,
                      .lane = LANE_URGENT,
                      .at_ms = NOW,
                      .facts = {.type = ACTIVITY_DELETE, .has_proof = true},
                      .audience = span_of(audience),
                      .origin = SPAN("origin.test"),
                      .id = SPAN("https://origin.test/delete"),
                      .object = span_of(object),
                      .of = &of,
                      .of_n = 1};
    return entry_new(&e);
}

static inline void rig_takes_back(struct schedule *s, uint64_t n, const char *audience,
                                  const char *object, uint64_t of)
{
    struct entry *e = rig_taker(n, audience, object, of);
    schedule_entry(s, e);
    entry_unref(&e);
}

/* Whether a page of lane N is wanted; of lane U, there is nothing. */
static inline bool rig_wants(struct schedule *s, uint64_t *ret_after)
{
    enum lane lane;
    struct attempt a;
    while (schedule_want_page(s, &lane, ret_after)) {
        if (lane == LANE_NORMAL)
            return true;
        schedule_page(s, LANE_URGENT, *ret_after, UINT64_MAX, NULL, 0, 0);
        assert_false(schedule_next(s, NOW, &a));
    }
    return false;
}

/* The page of lane N behind `after`, with all entries up to `to`. */
static inline void rig_page(struct schedule *s, uint64_t after, uint64_t to, uint64_t floor)
{
    struct entry *list[512];
    size_t n = 0;
    uint64_t wanted;
    rig_wants(s, &wanted);
    for (uint64_t at = (after > floor ? after : floor) + 1; at <= to; at++)
        list[n++] = rig_entry_from(at, "red", "origin.test");
    schedule_page(s, LANE_NORMAL, after, to, list, n, floor);
    for (size_t i = 0; i < n; i++)
        entry_unref(&list[i]);
}

static inline void rig_mail_of(struct schedule *s, const char *host, uint64_t n, const char *kind,
                               const char *inbox)
{
    struct direct d = {.n = n,
                       .at_ms = NOW,
                       .host = span_of(host),
                       .inbox = span_of(inbox),
                       .kind = span_of(kind),
                       .body = SPAN("{}")};
    snprintf(d.id, sizeof(d.id), "1-%llu", (unsigned long long)n);
    schedule_direct(s, &d);
}

static inline void rig_mail(struct schedule *s, const char *host, uint64_t n)
{
    rig_mail_of(s, host, n, "accept", "http://mail.test/inbox");
}

/* --- what is sent, and what comes of it ------------------------------------------------------ */

/* The next attempt is this one. */
static inline struct attempt rig_sends(struct schedule *s, int64_t now, const char *host,
                                       uint64_t n)
{
    struct attempt a;
    assert_true(schedule_next(s, now, &a));
    assert_string_equal(a.host, host);
    assert_int_equal(a.entry ? a.entry->n : a.direct->n, n);
    return a;
}

/* There is nothing to send now. */
static inline void rig_rests(struct schedule *s, int64_t now)
{
    struct attempt a;
    assert_false(schedule_next(s, now, &a));
}

static inline void rig_answer(struct schedule *s, struct attempt *a, int64_t now, enum err err,
                              int status)
{
    struct judge_answer answer = {.err = err, .status = status};
    struct judgement j = judge(&answer, &rig_limits.judge, &a->past, a->age_ms, now);
    schedule_outcome(s, a, &j, status, NULL, now, UINT32_MAX);
    assert_null(a->entry);
}

/* It is sent, and delivered. */
static inline void rig_delivers(struct schedule *s, int64_t now, const char *host, uint64_t n)
{
    struct attempt a = rig_sends(s, now, host, n);
    rig_answer(s, &a, now, ERR_OK, 202);
}

static inline const char *rig_state(const struct schedule *s, const char *host)
{
    struct cursor cursor;
    const char *state = "unknown";
    schedule_look(s, span_of(host), &cursor, &state);
    return state;
}

static inline uint64_t rig_low(const struct schedule *s, const char *host)
{
    struct cursor cursor = {0};
    const char *state;
    assert_true(schedule_look(s, span_of(host), &cursor, &state));
    return cursor.low;
}

/* --- what fails by itself: of the member "a" ------------------------------------------------- */

static inline struct entry *rig_entry_of(uint64_t n, const char *object)
{
    struct entry e = {.n = n,
                      .at_ms = NOW,
                      .facts = {.type = ACTIVITY_CREATE},
                      .audience = SPAN("red"),
                      .origin = SPAN("origin.test"),
                      .id = SPAN("https://origin.test/activity"),
                      .object = span_of(object)};
    return entry_new(&e);
}

static inline void rig_tell_of(struct schedule *s, uint64_t n, const char *object)
{
    struct entry *e = rig_entry_of(n, object);
    schedule_entry(s, e);
    entry_unref(&e);
}

static inline void rig_answers(struct schedule *s, int64_t now, uint64_t n, enum err err,
                               int status)
{
    struct attempt a = rig_sends(s, now, "a", n);
    rig_answer(s, &a, now, err, status);
}

/* It fails so often as it takes to be set aside; the time then. */
static inline int64_t rig_set_aside(struct schedule *s, int64_t now, uint64_t n)
{
    for (int i = 0; i < 3; i++) {
        if (schedule_wake(s) < INT64_MAX && i)
            now = schedule_wake(s);
        rig_answers(s, now, n, ERR_OK, 500);
    }
    return now;
}

static inline struct cursor rig_cursor(const struct schedule *s)
{
    struct cursor cursor = {0};
    const char *state;
    assert_true(schedule_look(s, SPAN("a"), &cursor, &state));
    return cursor;
}

/* --- what is to be written down -------------------------------------------------------------- */

static inline void rig_change(const struct change *c, struct bytes *out)
{
    const char *host = c->host ? c->host : "-";
    char slot[8] = "";
    if (c->slot > 0 && c->slot < CURSOR_SLOTS_MAX)
        snprintf(slot, sizeof(slot), "/%u", c->slot);
    unsigned long long from = c->from;
    unsigned long long to = c->to;
    bytes_add_str(out, out->n ? "; " : "");
    switch (c->kind) {
    case CHANGE_SHARD: bytes_addf(out, "all %llu", (unsigned long long)c->cursor.low); break;
    case CHANGE_CURSOR:
        bytes_addf(out, "own %s %llu", host, (unsigned long long)c->cursor.low);
        if (c->cursor.urgent != c->cursor.low)
            bytes_addf(out, " urgent %llu", (unsigned long long)c->cursor.urgent);
        if (c->cursor.health.failures)
            bytes_addf(out, " failures %u", c->cursor.health.failures);
        for (size_t i = 0; i < c->cursor.parts_n; i++) {
            const struct cursor_part *part = &c->cursor.parts[i];
            if (part->done)
                bytes_addf(out, " done %llu/%u", (unsigned long long)part->n, part->slot);
            else if (part->tried.own)
                bytes_addf(out, " tries %u", part->tried.own);
        }
        if (c->cursor.shut)
            bytes_addf(out, " shut");
        for (size_t i = 0; i < c->cursor.aside_n; i++)
            bytes_addf(out, " aside %s%llu/%u", c->cursor.aside[i].lane ? "U" : "",
                       (unsigned long long)c->cursor.aside[i].n, c->cursor.aside[i].slot);
        break;
    case CHANGE_FOLLOW: bytes_addf(out, "follow %s", host); break;
    case CHANGE_FAIL: bytes_addf(out, "fail %s %llu%s %s", host, to, slot, err_code(c->why)); break;
    case CHANGE_SKIP: bytes_addf(out, "skip %s %llu%s %s", host, to, slot, err_code(c->why)); break;
    case CHANGE_CUT:
        bytes_addf(out, "cut %s %s%llu-%llu%s %s", host, c->lanes == LANES_URGENT ? "U" : "", from,
                   to, slot, err_code(c->why));
        break;
    case CHANGE_LATE: bytes_addf(out, "late %s %llu%s at %u", host, to, slot, c->tries); break;
    case CHANGE_RETRY: bytes_addf(out, "retry %s %llu%s", host, to, slot); break;
    case CHANGE_DROP: bytes_addf(out, "drop %s %llu", host, to); break;
    case CHANGE_ENDED: bytes_addf(out, "ended %s", host); break;
    case CHANGE_LOOK: bytes_addf(out, "look %s %s", host, err_code(c->why)); break;
    case CHANGE_DIRECT: bytes_addf(out, "mail %s", c->id); break;
    case CHANGE_DOWN: bytes_addf(out, "down %s", host); break;
    case CHANGE_UP: bytes_addf(out, "up %s", host); break;
    }
}

/* The delta, as text; an empty text: there is none. It is not committed yet. */
static inline const char *rig_delta(struct schedule *s, int64_t now, struct delta *delta)
{
    static char text[4096];
    struct bytes out;
    bytes_init(&out, sizeof(text) - 1);
    assert_true(schedule_delta(s, now, delta) == (delta->n > 0));
    for (size_t i = 0; i < delta->n; i++)
        rig_change(&delta->list[i], &out);
    assert_false(out.over);
    snprintf(text, sizeof(text), "%s", bytes_str(&out));
    bytes_fini(&out);
    return text;
}

/* The delta, as text; it is committed. */
static inline const char *rig_commit(struct schedule *s, int64_t now)
{
    struct delta delta;
    const char *text = rig_delta(s, now, &delta);
    if (delta.n)
        schedule_committed(s, &delta);
    return text;
}
