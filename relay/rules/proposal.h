/* proposal: a host that somebody's list names, until a person says what becomes of it. Pure. */
#pragma once

#include "relay/rules/member.h"

#define PROPOSAL_KINDS(X) X(ALLOW, "allow") X(BLOCK, "block")
enum proposal_kind {
#define X(name, text) PROPOSAL_##name,
    PROPOSAL_KINDS(X)
#undef X
        PROPOSAL_KIND_COUNT
};
const char *proposal_kind_name(enum proposal_kind kind);
enum proposal_kind proposal_kind_by_name(struct span name); /* PROPOSAL_KIND_COUNT if none */

enum { PROPOSAL_SOURCE_SIZE = 128, PROPOSAL_TEXT_MAX = 1024 };
struct proposal {
    char host[MEMBER_HOST_SIZE];
    enum proposal_kind kind;
    char zone[MEMBER_ZONE_SIZE];       /* of ALLOW; empty: the one that its name fits */
    char source[PROPOSAL_SOURCE_SIZE]; /* of which list, for people */
    int64_t at_ms;                     /* when it was read */
};

/* As one line of JSON, without its host, and back. False on text that is not one of ours. */
void proposal_write(const struct proposal *proposal, struct bytes *out);
bool proposal_read(struct span host, struct span text, struct proposal *ret);

/* What confirming it does to a member (NULL: not known). */
enum proposal_step {
    PROPOSAL_INVITES,
    PROPOSAL_BLOCKS,
    PROPOSAL_SETTLED, /* it is so already, or as good as: nothing is to be done */
    PROPOSAL_WAITS /* who was put out, or whose time was over, comes back by its own name alone */
};
enum proposal_step proposal_step(const struct proposal *proposal, const struct member *member,
                                 bool by_name);
