/* inbox_inner: what the files of the inbox share, and nobody else sees. */
#pragma once

#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/fetch.h"
#include "relay/inbox.h"
#include "relay/rules/activity.h"
#include "relay/rules/consent.h"
#include "relay/rules/member.h"
#include "relay/rules/placed.h"
#include "relay/rules/policy.h"
#include "relay/store/journal.h"

/* clang-format off */
/*
 *                        its zone asks for consent? REGISTRY -> [REGISTERED]
 *                               it tells the relay? TELL -> [TOLD] (also behind JOINED)
 *                             it names hosts, where rules ask? PLACE -> [PLACED]
 *                                   an answer, where rules ask? LOOK -> [LOOKED]
 *                                           only to followers? FETCH -> [FETCHED]
 *                                                                ^         |
 *                                                                |   +-----+
 *                                                                |   v
 *     ADMIT -> [MEMBER] -> KEY -> [KEYED] -> VERIFY -> READ -> DECIDE -> APPEND -> [APPENDED]
 *                                    ^         |                |  ^                   |   |
 *                                    |         | stale key?     |  +-- member changed -+   v
 *                                    +---------+----------+     |                        REPLY
 *                                         no inbox? (once)|     |
 *                                                        ASK <--+ -> JOIN -> [JOINED] -> REPLY
 *
 * Every state may go straight to REPLY. */
/* clang-format on */
#define INBOX_STATES(X)                                                                            \
    X(ADMIT, inbox_admit)       /* type, limits, what the signature claims and covers */           \
    X(MEMBER, inbox_member)     /* participle: what is known of the host */                        \
    X(KEY, inbox_key)           /* the key: at hand, or verb: find it */                           \
    X(KEYED, inbox_keyed)       /* participle: is there one? */                                    \
    X(VERIFY, inbox_verify)     /* the arithmetic; once more with a fresh key */                   \
    X(READ, inbox_read)         /* JSON to facts */                                                \
    X(DECIDE, inbox_decide)     /* who may do this; which audience; or refuse with a reason */     \
    X(FETCH, inbox_fetch)       /* verb: what was announced to followers only, from its host */    \
    X(FETCHED, inbox_fetched)   /* participle: its facts are the activity's now */                 \
    X(LOOK, inbox_look)         /* verb: where that went which it answers */                       \
    X(LOOKED, inbox_looked)     /* participle: rules may ask for that now */                       \
    X(PLACE, inbox_place)       /* verb: where operators put those whose zones rules ask for */    \
    X(PLACED, inbox_placed)     /* participle */                                                   \
    X(REGISTRY, inbox_registry) /* verb: what its author told the registry */                      \
    X(REGISTERED, inbox_registered) /* participle */                                               \
    X(TELL, inbox_tell)             /* verb: it tells the registry itself */                       \
    X(TOLD, inbox_told)             /* participle */                                               \
    X(APPEND, inbox_append)         /* verb: one script */                                         \
    X(APPENDED, inbox_appended)     /* participle: what the journal says */                        \
    X(ASK, inbox_ask)       /* a Follow, its Undo, or an answer to ours: who may do this */        \
    X(JOIN, inbox_join)     /* verb: a change of the membership */                                 \
    X(JOINED, inbox_joined) /* participle */                                                       \
    X(REPLY, inbox_reply)   /* 202 only now; or the problem; the log line; the end */

enum inbox_state {
#define X(name, run) INBOX_##name,
    INBOX_STATES(X)
#undef X
};

enum step { STEP_MORE, STEP_WAIT, STEP_END };

struct inbox {
    struct inbox *prev, *next;
    struct inbox_room *room;
    struct http_request *request;
    enum inbox_state state;
    bool waiting; /* a callback is due */
    bool orphan;  /* given up: the callback that is due frees it */
    int64_t started_ms;

    enum err err;       /* what became of it */
    const char *detail; /* static words for the problem document, or NULL */
    struct signature_request signed_request;
    struct signature_field *fields;
    struct signature signature;
    char from[URI_AUTHORITY_SIZE]; /* host of the keyId: who speaks */
    struct member *member;         /* NULL: none */
    /* A reload may replace the policy while the request waits, so zones are remembered by name
     * and looked up anew before each decision. */
    char zone_name[MEMBER_ZONE_SIZE];
    int zone;                      /* -1: none */
    struct keyring_answer keyring; /* valid while in KEYED and VERIFY */
    char *owner, *owner_inbox;     /* of the key: the actor that signed */
    char *owner_followers;         /* its followers collection; may be empty */
    bool owner_machine;            /* it is an Application or a Service */
    bool owner_indexable;          /* it says that it wants to be found */
    bool owner_refuses;            /* it says that it does not want to be relayed */
    bool refetched;
    struct json *json;
    struct activity activity;
    struct fetch *fetch;                   /* while FETCHED waits */
    struct bytes fetched;                  /* its text */
    struct json *object;                   /* what was announced to followers, once it is fetched */
    bool looked;                           /* what follows is known */
    struct bytes thread;                   /* the zones where that went which it answers, by name */
    char thread_owner[URI_AUTHORITY_SIZE]; /* the host that that is of; empty: none is known */
    struct placed *placed;                 /* of the hosts that it is about; NULL: not asked for */
    enum fact_said
        said[AUTHORS_ASKED_MAX]; /* what the registry says of its authors, as far as known */
    bool asked;                  /* it was asked, or said so by itself */
    bool told;                   /* it was told what there was to tell */
    enum fact_said tells;
    enum author_way tells_by;
    uint8_t author_hashes[AUTHORS_ASKED_MAX][SHA256_SIZE];
    enum err unwilling; /* consent stood in the way of some zone, and this is what it is then */
    unsigned decisions;
    struct bytes audience;
    struct bytes barred; /* zones that may not have what is new, `zone:code,` for each */
    struct bytes held, held_why, held_known; /* zones that wait for a person; see journal_hold */
    struct journal_append append;
    uint8_t hashes[5][SHA256_SIZE];
    struct journal_appended appended;
    enum member_event event;
    struct member_follower *follower;    /* what the event is about */
    char rule[POLICY_RULE_NAME_MAX + 1]; /* that decided about other zones; for the log */
};

/* Whether the activity is about the membership itself. */
bool inbox_joins(const struct inbox *in);
/* Whether the activity says too little to decide: its object has to be fetched first. */
bool inbox_must_fetch(const struct inbox *in);
/* Whether rules may ask for what it answers, and that was not looked for yet. */
bool inbox_must_look(const struct inbox *in);
/* Whether rules may ask for zones of hosts in it, and it was not asked yet where those are. */
bool inbox_must_place(struct inbox *in);
/* The zones that have what it answers, if its own is among them; else none. */
void inbox_crossed(const struct inbox *in, struct zone_set *ret);
/* Whether it is a Delete or an Undo: consent is no question then. */
bool inbox_takes_back(const struct inbox *in);
/* Whose consent counts, with what is known of it; 0 where none does. ret: borrowed from the
 * request. */
size_t inbox_authors(struct inbox *in, struct author_said ret[AUTHORS_ASKED_MAX]);
struct consent inbox_consent(const struct inbox *in);
/* What the registry says of them. */
void inbox_take_words(struct inbox *in, const enum fact_said *says);
/* Whether its zone asks for consent, and the registry was not asked yet. */
bool inbox_must_ask_registry(const struct inbox *in);
/* Whether it is a post to the relay, or a Follow of its actor by a person (or its Undo) that was
 * taken, and the registry was not told yet. */
bool inbox_must_tell(struct inbox *in);
bool inbox_join_tells(struct inbox *in);
/* inbox_tally.c: for reports: keeps which zones may not have it, by what was decided; counts what
 * became of it, when it is answered. */
void inbox_tally_note(struct inbox *in, const struct zone_verdict *verdicts);
void inbox_tally(struct inbox *in, int status);
/* Finds the zone of the sender by the policy of today; ERR_OK or ERR_NO_ZONE. */
enum err inbox_find_zone(struct inbox *in);
/* inbox.c: the only way to another state, and to the end. */
enum step inbox_goto(struct inbox *in, enum inbox_state state);
enum step inbox_finish(struct inbox *in, enum err err, const char *detail);
void inbox_run(struct inbox *in);
/* Asks for the signer's document once more, past the caches, and goes back to KEYED: once for each
 * request, and once in a while for each key. Where that is not done, the request ends with
 * `otherwise`; where the document can't be had just now, with ERR_KEY_UNREACHABLE. */
enum step inbox_look_again(struct inbox *in, enum err otherwise);
/* For callbacks: true if the request was given up meanwhile (and is freed now). */
bool inbox_orphaned(struct inbox *in);

#define X(name, run) enum step run(struct inbox *in);
INBOX_STATES(X)
#undef X
