/* joining_rig: peers that say Follow, Accept, Reject and Undo as PROTOCOL 8.1 and 8.2 have them,
 * and what was answered. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/world.h"

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"
#define RELAY  "https://relay.example/actor"

static const char zones[] = "zones: { corp: { hosts: [\"*.corp.example\"], networks: [10.0.0.0/8], "
                            "join: open }, partners: { hosts: [\"*.partner.example\"], join: "
                            "approval } }\n";

struct scene {
    struct world w;
    struct peer server; /* its instance actor */
    struct peer alice;
    struct fake_reply reply;
};

static inline struct scene *begin_with(const char *name, bool internal)
{
    struct scene *s = mem_new(sizeof(*s));
    world_init(&s->w, 5);
    world_policy(&s->w, zones);
    peer_init(&s->server, name, internal);
    peer_init_actor(&s->alice, &s->server, "alice", true);
    world_front(&s->w);
    return s;
}

static inline struct scene *begin(void)
{
    return begin_with("pleroma", true);
}

static inline void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->server);
    free(s);
}

static char ours[128];

/* The text with `$A` (the actor), `$H` (its host), `$R` (our actor), `$P` (the public collection)
 * and `$I` (the Follow of ours that was looked at last) filled in, and ' for ". */
static inline void fill_in(const struct peer *p, const char *text, struct bytes *out)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            bytes_add_char(out, '"');
        else if (*c != '$')
            bytes_add_char(out, *c);
        else if (*++c == 'A')
            bytes_add_str(out, p->actor);
        else if (*c == 'H')
            bytes_addf(out, "https://%s", p->host);
        else
            bytes_add_str(out, *c == 'R' ? RELAY : *c == 'I' ? ours : PUBLIC);
    }
}

static inline const struct fake_reply *says(struct scene *s, const struct peer *p, const char *text)
{
    struct bytes body;
    bytes_init(&body, 65536);
    fill_in(p, text, &body);
    world_send(&s->w, p, -1, &body, &s->reply);
    fake_run(SECOND);
    bytes_fini(&body);
    return &s->reply;
}

#define FOLLOW_RELAY  "{'id':'$H/f/1','type':'Follow','actor':'$A','object':'$R','to':['$R']}"
#define FOLLOW_PUBLIC "{'id':'$H/f/2','type':'Follow','actor':'$A','object':'$P'}"

static inline const struct member *member_of(const struct scene *s)
{
    return fake_member(s->w.context.store, s->server.host);
}

static inline const struct member_follower *follower(const struct scene *s, const struct peer *p,
                                                     enum member_style style)
{
    const struct member *m = member_of(s);
    return m ? member_follower(m, span_of(p->actor), style) : NULL;
}

/* What has been written to them since the last look, as `accept follow`. */
static inline const char *letters(const struct scene *s, size_t *seen)
{
    static char text[512];
    size_t n = 0;
    const struct direct *d;
    text[0] = '\0';
    for (; (d = fake_letter(s->w.context.store, *seen)); ++*seen)
        n +=
            (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", n ? " " : "", SPAN_ARG(d->kind));
    return text;
}

static inline bool letter_says(const struct scene *s, size_t i, const struct peer *p,
                               const char *text)
{
    struct bytes want;
    const struct direct *d = fake_letter(s->w.context.store, i);
    bytes_init(&want, 65536);
    fill_in(p, text, &want);
    bool found = d && memmem(d->body.p, d->body.n, want.p, want.n) != NULL;
    if (!found)
        print_message("%.*s\nwithout %s\n", d ? (int)d->body.n : 0, d ? d->body.p : "",
                      bytes_str(&want));
    bytes_fini(&want);
    return found;
}

/* Our Follow's id, out of the letter that carries it; `$I` from now on. */
static inline const char *our_follow(const struct scene *s, size_t letter)
{
    const struct direct *d = fake_letter(s->w.context.store, letter);
    static const char mark[] = "https://relay.example/activities/follow-";
    const char *at = d ? memmem(d->body.p, d->body.n, mark, strlen(mark)) : NULL;
    assert_non_null(at);
    span_copy((struct span){at, strlen(mark) + 32}, ours, sizeof(ours));
    return ours;
}

#define ANSWER(n, kind, object)                                                                    \
    "{'id':'$H/" n "','type':'" kind "','actor':'$A','object':" object "}"
#define BY_ID(n, kind) ANSWER(n, kind, "'$I'")
