/* announce_rig: a relay that announces something to its followers, and the object that it names. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "tests/scenario/world.h"

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

struct scene {
    struct world w;
    struct peer pleroma;
    struct fake_reply reply;
};

static inline void follow_actor(struct scene *s)
{
    struct bytes body;
    bytes_init(&body, 8192);
    write_follow_actor(&s->pleroma, &body);
    world_send(&s->w, &s->pleroma, -1, &body, &s->reply);
    bytes_fini(&body);
    fake_run(SECOND);
    assert_true(reply_is(&s->reply, 202, NULL));
}

static inline void begin(struct scene *s)
{
    world_init(&s->w, 5);
    peer_init(&s->pleroma, "pleroma", true);
    s->pleroma.object_path = "/objects/7";
    world_front(&s->w);
}

/* The same with a relay that has joined. */
static inline void begin_joined(struct scene *s)
{
    begin(s);
    follow_actor(s);
    assert_int_equal(fake_member(s->w.context.store, s->pleroma.host)->state, MEMBER_ACTIVE);
}

static inline void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->pleroma);
}

/* An Announce of this object, number n, with these members besides. */
static inline void announce(struct scene *s, unsigned n, const char *object, const char *more)
{
    struct bytes body;
    bytes_init(&body, 8192);
    bytes_addf(&body,
               "{\"id\":\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\","
               "\"object\":\"%s\",%s}",
               s->pleroma.host, n, s->pleroma.actor, object, more);
    world_send(&s->w, &s->pleroma, -1, &body, &s->reply);
    bytes_fini(&body);
}

#define TO_FOLLOWERS "\"to\":[\"https://pleroma.corp.example/actor/followers\"],\"cc\":[]"
#define OWN          "https://pleroma.corp.example/objects/7"

static inline void announce_to_followers(struct scene *s, unsigned n, const char *object)
{
    announce(s, n, object, TO_FOLLOWERS);
}

static inline const struct entry *newest_entry(const struct scene *s)
{
    const struct fake_line *lines;
    const struct entry *found = NULL;
    size_t n = fake_lines(s->w.context.store, &lines);
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY)
            found = lines[i].line.entry;
    return found;
}

#define AS .content_type = "application/activity+json"

#define NOTE(id, more) "{\"id\":\"" id "\",\"type\":\"Note\"" more "}"

#define PUBLIC_NOTE(id) NOTE(id, ",\"to\":[\"" PUBLIC "\"]")

/* The fields of one. */
#define ANSWER(status_, ...) .status = (status_), AS, __VA_ARGS__

static const struct fake_answer public_note = {ANSWER(200, .body = PUBLIC_NOTE(OWN))};
