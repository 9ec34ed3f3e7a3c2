/* world: a relay of which everything is real but Redis, the network and time, and the other
 * servers around it, each in the test's hands. */
#pragma once

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/courier.h"
#include "relay/front.h"
#include "relay/membership.h"
#include "relay/steward.h"
#include "tests/scenario/fake_io.h"
#include "tests/scenario/fake_store.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* --- other servers --------------------------------------------------------------------------- */

struct got { /* what a server's inbox was sent */
    int64_t at_ms;
    unsigned k;    /* of which post; 0: none */
    int status;    /* what it answered; 0: nothing */
    bool announce; /* in our own words */
    bool direct;   /* an Accept or a Reject */
    char url[128]; /* of the inbox */
    char kind[16]; /* `accept`, `follow`, `announce` ...: by our own id; else empty */
    char *body;
    char *signature; /* the Signature field */
};

enum { PEER_SCRIPT = 64, PEER_GOT = 4096 };
struct peer {
    char host[64], actor[96], key_id[128], inbox[112];
    int key;                 /* 0 or 1: which pair it has now */
    const char *type;        /* of its actor; a Service */
    struct peer *next_actor; /* another of the same server */
    /* Its actor document: what a GET is answered with, and how often there was one. */
    struct fake_answer document;
    const char *redirect_to; /* where the next `redirects` GETs are sent instead */
    unsigned redirects;
    unsigned fetches;
    int64_t fetched_ms;
    /* One document more, at this path (NULL: none), and how often there was a signed GET of it. */
    const char *object_path;
    struct fake_answer object;
    unsigned object_fetches;
    /* Its NodeInfo: the index, the document, how often there was a GET of either, and how often of
     * them one was signed. */
    struct fake_answer index, nodeinfo;
    unsigned indexes, nodeinfos, nodeinfos_signed;
    /* Its inbox: the script first, one answer for each POST, then `answers` for ever. */
    struct fake_answer script[PEER_SCRIPT];
    size_t script_n, script_at;
    bool script_posts; /* the script is for posts alone; other mail has `answers` */
    struct fake_answer answers;
    struct got *got;
    size_t got_n;
    const char *address;
    unsigned busy, busy_most; /* POSTs that wait for its answer */
    char text[4096];
};
/* A server at an address of its own; internal: `name.corp.example` in 10/8, else
 * `name.partner.example` somewhere public. It answers 202 to everything. */
void peer_init(struct peer *p, const char *name, bool internal);
void peer_fini(struct peer *p);
/* Another actor of that server, a Person: its document is at /users/name, its inbox, if it has its
 * own, at /users/name/inbox. What arrives there is told by the server. Not for peer_fini(). */
void peer_init_actor(struct peer *p, struct peer *server, const char *name, bool own_inbox);
/* The same; its name is chosen so that it falls into this shard. */
void peer_init_in_shard(struct peer *p, unsigned shard, unsigned number);
/* Nobody answers under its name, or somebody does again. */
void peer_away(struct peer *p, bool away);
/* It lives at this address from now on. */
void peer_moves(struct peer *p, const char *address);
/* The next answer of its inbox. */
void peer_next(struct peer *p, struct fake_answer answer);
/* Posts that it took with 2xx, in order of arrival, first arrivals only if `first`. Returns how
 * many; those beyond most are counted. */
size_t peer_took(const struct peer *p, unsigned *ret, size_t most, bool first);
/* Whether it took the posts from..to, all of them, and first arrivals in this order, and no other.
 */
bool peer_has(const struct peer *p, unsigned from, unsigned to);
/* How often it took (2xx) this post, and how often it was sent. */
size_t peer_times(const struct peer *p, unsigned k);
size_t peer_sent(const struct peer *p, unsigned k);

/* --- the relay ------------------------------------------------------------------------------- */

struct world {
    struct context context;
    struct front *front;
    struct courier *courier;
    struct steward *steward;
    bool drained;
    unsigned process; /* in which the roles live; 0: the test's own */
};

/* Before and after all tests of a program: keys are made once. */
int world_keys(void **state);
int world_keys_gone(void **state);
/* The public half of the key that a peer has (0 or 1), as PEM. */
const char *world_pem(int key);

/* A relay with an empty journal; the roles are started by the tests that need them. */
void world_init(struct world *w, uint64_t seed);
void world_fini(struct world *w);
void world_front(struct world *w);
/* Needs the other two. */
void world_steward(struct world *w);
void world_courier(struct world *w);
/* The courier dies as it stands (what it had not committed is lost), and another one starts. */
void world_courier_dies(struct world *w);
void world_courier_ends(struct world *w);

/* The process dies with all its roles, as it stands: its memory is lost, and so is what it was
 * asked. For a program that ends without looking for leaks. */
void world_dies(struct world *w);
/* Its master starts all three roles again, in a new process. */
void world_starts(struct world *w);

/* The follower that a peer's Follow of the public collection, or the Undo of it, brings along. */
void world_brings(const struct peer *p, struct member *with);
/* What another process of the same relay works with: its own loop and client, the same store. */
void world_context(const struct world *w, struct context *ret);
void world_context_fini(struct context *context);

/* A member, by the real machine: placed where its name belongs, active at once. Lets time pass. */
void world_member(struct world *w, const struct peer *p);
/* The same of a relay that follows our actor. */
void world_relay_member(struct world *w, const struct peer *p);
/* The zones, without rules. */
#define WORLD_ZONES                                                                                \
    "zones:\n"                                                                                     \
    "  internal:\n"                                                                                \
    "    hosts: ['*.corp.example']\n"                                                              \
    "    networks: [10.0.0.0/8]\n"                                                                 \
    "    join: open\n"                                                                             \
    "  partners:\n"                                                                                \
    "    hosts: ['*.partner.example']\n"                                                           \
    "    join: invited\n"
/* Another policy, as a reload brings it: this text stands for the zones and rules; NULL: the same
 * anew. */
void world_policy(struct world *w, const char *text);
/* Something happens to a member; ERR_OK, or why not. Lets 10 ms pass. */
enum err world_event(struct world *w, const struct peer *p, enum member_event event,
                     const struct member *with);
/* Entry k of an internal host, for all internal members; with a proof. Returns its number. */
uint64_t world_post(struct world *w, unsigned k);
/* The host that world_post() speaks for; not a member. */
#define WORLD_AUTHOR "author.corp.example"

/* --- what comes in --------------------------------------------------------------------------- */

/* A public Create of a Note, with a proof; k names it. */
void write_create(const struct peer *p, unsigned k, struct bytes *out);
void write_follow(const struct peer *p, struct bytes *out);
/* The same, of the relay's actor. */
void write_follow_actor(const struct peer *p, struct bytes *out);
/* A Delete of the actor itself, or of post k where k is not 0. */
void write_delete(const struct peer *p, unsigned k, struct bytes *out);
/* Sends body to the inbox, signed with the key that the peer has now (key 0 or 1; -1: the peer's).
 */
void world_send(struct world *w, const struct peer *p, int key, const struct bytes *body,
                struct fake_reply *reply);
/* The same for a Create, made and sent in one. */
void world_send_create(struct world *w, const struct peer *p, unsigned k, struct fake_reply *reply);
/* Sends a Follow, or a Delete, in one. */
void world_send_follow(struct world *w, const struct peer *p, struct fake_reply *reply);
void world_send_delete(struct world *w, const struct peer *p, unsigned k, struct fake_reply *reply);
/* An operator's request: POST with a body. */
void world_operate(struct world *w, const char *path, struct span body, struct fake_reply *reply);
/* What the admin's API tells. */
void world_ask(struct world *w, const char *path, struct fake_reply *reply);
/* Whether it was answered once, with this status and (not NULL) this code of a problem document. */
bool reply_is(const struct fake_reply *reply, int status, const char *code);
/* Its Retry-After in seconds; 0: none. */
unsigned long reply_retry_after(const struct fake_reply *reply);
/* How many entries (not control lines) the journal has. */
size_t world_entries(const struct world *w);
