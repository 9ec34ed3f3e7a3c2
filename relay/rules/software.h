/* software: what is known of the programs that servers run, as they name themselves in NodeInfo:
 * how one joins a relay, and what it does with what takes a post back. Pure.
 *
 * One table, by family: programs that share their code do the same (PROTOCOL 2.6 and 8.3,
 * PRODUCT 2.6). It is what an invitation tells the other side, what a recall's report promises, and
 * what FEDERATION.md says. What a program is expected to do is no proof that it did. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/member.h"

/* What an administrator there has to be given. */
enum software_join {
    SOFTWARE_BY_INBOX, /* the address of our inbox: it follows the public collection */
    SOFTWARE_BY_ACTOR, /* our actor, which it follows */
    SOFTWARE_NEVER     /* it has no way to follow a relay */
};

/* What a member's server does with its copy of a post; name, and in words after "it". */
#define SOFTWARE_EFFECTS(X)                                                                        \
    X(DELETES, "deletes", "checks the author's signature and deletes its copy")                    \
    X(UNDONE, "undone", "drops our Announce; a copy that it fetched itself may stay")              \
    X(KEEPS, "keeps", "takes no notice and keeps its copy")                                        \
    X(REFUSES, "refuses", "answers with an error and keeps its copy")                              \
    X(NONE, "none", "keeps nothing of what a relay sends")                                         \
    X(UNKNOWN, "unknown", "may keep its copy: nobody has tried")

enum software_effect {
#define X(name, text, words) SOFTWARE_##name,
    SOFTWARE_EFFECTS(X)
#undef X
        SOFTWARE_EFFECT_COUNT
};
const char *software_effect_name(enum software_effect effect);
const char *software_effect_words(enum software_effect effect);
enum software_effect software_effect_by_name(struct span name); /* SOFTWARE_EFFECT_COUNT if none */

struct software {
    const char *title;   /* of the family, for people */
    const char *members; /* what its programs call themselves, one space between them */
    enum software_join join;
    /* What to do there; {inbox}, {actor} and {authority} stand for ours (software_write_how()). */
    const char *how;
    enum software_effect on_delete; /* the author's own Delete, forwarded with its proof */
    enum software_effect on_undo;   /* the Undo of our Announce */
};

/* The family of a program, by the name in its NodeInfo; letters have no case. Of a name that is
 * not known, or empty: what is true of most. Never NULL; static. */
const struct software *software_of(struct span name);
/* All families that are known, in the order of the table; NULL behind the last. */
const struct software *software_at(size_t i);

/* What to expect there when the author deletes a post that went to the inboxes of this member (or,
 * where it left, to the last of them). has_proof: the post did; then the Delete has one as well,
 * and goes as it is to who follows the public collection. To all others goes the Undo of our
 * Announce. Of several inboxes the one counts by which most is gained; nothing goes to who has
 * none. */
enum software_effect software_deletion(const struct software *software, const struct member *member,
                                       bool has_proof);

/* What to do there, with our addresses; url and authority: of this relay. */
void software_write_how(const struct software *software, struct span url, struct span authority,
                        struct bytes *out);
