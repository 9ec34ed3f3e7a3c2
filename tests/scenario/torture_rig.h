/* torture_rig: what the scenarios of the torture have in common. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "tests/scenario/torture.h"

static inline void write_follow_public(const struct peer *p, unsigned k, struct bytes *out)
{
    (void)k;
    write_follow(p, out);
}

static inline void write_follow_relay(const struct peer *p, unsigned k, struct bytes *out)
{
    (void)k;
    write_follow_actor(p, out);
}

/* It follows, and is told so. */
static inline struct peer *joined(struct stage *s, const char *name)
{
    struct peer *p = stage_peer(s, name, true);
    stage_send(s, 100, p, write_follow_public, 0, PROMISE_FOLLOWER);
    stage_expect(s, p, "\"Accept\"");
    return p;
}

/* The same of a relay, which is followed back and accepts that. */
static inline struct peer *joined_as_relay(struct stage *s, const char *name)
{
    struct peer *p = stage_peer(s, name, true);
    stage_send(s, 100, p, write_follow_relay, 0, PROMISE_FOLLOWER);
    stage_accepts(s, p, 200);
    stage_expect(s, p, "\"Accept\"");
    stage_expect(s, p, "\"Follow\"");
    return p;
}

/* It writes these of its posts, at that time. */
static inline void write_posts(struct stage *s, int64_t at_ms, struct peer *author, unsigned first,
                               unsigned last)
{
    for (unsigned k = first; k <= last; k++)
        stage_send(s, at_ms, author, write_create, k, PROMISE_ENTRY);
}

/* In the end it took these posts, as bytes. */
static inline void expect_posts(struct stage *s, const struct peer *p, unsigned first,
                                unsigned last)
{
    static const char *const ids[] = {"", "/posts/1#create", "/posts/2#create", "/posts/3#create"};
    for (unsigned k = first; k <= last; k++)
        stage_expect(s, p, ids[k]);
}

/* Its next answers to posts. */
static inline void fail_posts(struct peer *p, int status, unsigned times)
{
    p->script_posts = true;
    while (times--)
        peer_next(p, (struct fake_answer){.status = status, .delay_ms = 20});
}

static inline void test_scenario(void **state)
{
    torture(*state);
}

/* cmocka's state is not const; nothing writes to it. */
static inline void *state_of(const struct scenario *scenario)
{
    return (void *)(uintptr_t)scenario;
}
