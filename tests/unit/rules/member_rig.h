/* member_rig: a member in every state, and what the events bring along. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/member.h"
#include "relay/rules/policy.h"

enum { NOW = 1000000, N = 50, UNKNOWN = MEMBER_STATE_COUNT };

static inline void set(char *out, const char *text, size_t size)
{
    assert_true(span_copy(span_of(text), out, size));
}

#define SET(field, text) set(field, text, sizeof(field))

/* The Follow that is known, and the one that the events bring along in these tests. */
static const struct member_follower first = {.actor = "https://b.example/actor",
                                             .follow = "https://b.example/follow/1"};

static const struct member_follower second = {.actor = "https://b.example/actor",
                                              .follow = "https://b.example/follow/2"};

/* What the events bring along in these tests. */
static inline struct member brought(void)
{
    struct member with = {.state = MEMBER_INVITED};
    SET(with.host, "b.example");
    SET(with.zone, "partners");
    member_bring(&with, &second, SPAN("https://b.example/inbox"));
    return with;
}

static inline struct member member_in(enum member_state state)
{
    struct member m = {.state = state, .since_ms = 7, .ver = 3};
    SET(m.host, "b.example");
    SET(m.zone, "partners");
    if (state != MEMBER_INVITED && state != MEMBER_LEFT) {
        member_bring(&m, &first, SPAN("https://b.example/old-inbox"));
        m.followers[0].accepted = state != MEMBER_PENDING;
        m.followers[0].back = state != MEMBER_PENDING ? BACK_ASKED : BACK_NONE;
    }
    if (state == MEMBER_INVITED || state == MEMBER_PENDING)
        return m;
    m.spans_n = 1;
    m.spans[0] =
        (struct member_span){.from = 10, .to = state == MEMBER_ACTIVE ? MEMBER_SPAN_OPEN : 20};
    SET(m.spans[0].zone, "partners");
    return m;
}

static inline enum err step(struct member *m, enum member_event event, const struct member *with,
                            uint64_t n, unsigned *wire)
{
    struct member before = *m;
    struct member_change change;
    enum err e = member_apply(&before, event, with, JOIN_OPEN, n, NOW, &change);
    if (e == ERR_OK)
        *m = change.after;
    *wire = e == ERR_OK ? change.wires[0] : 0;
    return e;
}
