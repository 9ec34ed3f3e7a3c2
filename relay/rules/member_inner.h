/* member_inner: what the member*.c files share. Not for others. */
#pragma once

#include "relay/rules/member.h"

/* Gives it the role, sponsor and note that `with` brings (see EDIT). */
void member_take_edit(struct member *after, const struct member *with);
/* Whether it has the same as before. */
bool member_same_edit(const struct member *before, const struct member *after);

/* Takes in the follower that `with` brings, and its inbox; entries above n go to an inbox that was
 * not there. ret_i: its place. ERR_OK, ERR_FOLLOWERS. */
enum err followers_take(struct member *m, const struct member *with, uint64_t n, size_t *ret_i);
/* The place of the follower that `with` means (its Follow's id, else actor and style, else the
 * actor alone where that follows once), or -1. */
int followers_meant(const struct member *m, const struct member *with);
/* The first inbox that `with` brings is where the second is now; entries above n go there alone
 * where that was one already. False if nobody's is there. */
bool followers_move(struct member *m, const struct member *with, uint64_t n);
/* Drops one, and its inbox if nobody else has it: free from the number n on. */
void followers_drop(struct member *m, size_t i, uint64_t n);
void followers_clear(struct member *m, uint64_t n);
/* The answer to our Follow back: false if that is not the one that is out, or says nothing new. */
bool followers_answered(struct member *m, const struct member *with, enum member_back back);
/* Everyone whom an Accept is due to, and the one at `who` in any case (below 0: nobody), are told
 * so, and followed back where that is the custom. ver: of the record that comes of it. */
void followers_accept(struct member_change *change, int who);
/* Everyone is told that it is over. */
void followers_reject(struct member_change *change);
/* What has to be said to one who goes without being sent away: a set of member_wire. */
unsigned follower_farewell(struct member_follower *f);
