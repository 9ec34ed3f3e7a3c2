/* sim_oracle: what is owed, and whether what is done and written down is right (oracle*.c). */
#pragma once

#include "sim_courier.h"

/* The first thing that is wrong ends the run. */
void broken(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct fate *fate_of(const struct world *w, const struct act *act, unsigned host, unsigned slot);
/* A number may have been given out again since: an entry says itself what it is. */
struct act *act_of(const struct world *w, const struct entry *e);
bool fate_settled(const struct fate *f);
struct act *act_at(const struct world *w, uint64_t n); /* NULL: no activity has that number */
void oracle_appended(struct world *w, struct act *act, unsigned zones);
void oracle_changed(struct world *w, unsigned host, const struct member *before,
                    const struct member *after, bool cuts);
/* An order about a host as a whole, with the number n. */
void oracle_host_ordered(struct world *w, unsigned host, enum book_order order, uint64_t of,
                         uint64_t n);
void oracle_ordered(struct world *w, unsigned host, const struct act *act);
/* oracle_urgent.c */
/* It has its number: what it takes back is known from now on. */
void oracle_takes(struct world *w, const struct act *act);
/* Whether what takes back is for that inbox. */
bool oracle_reaches(const struct world *w, const struct act *act, unsigned host, unsigned slot);
/* The last letter of the inbox where it has to go. */
char oracle_inbox(const struct world *w, const struct act *act, unsigned host, unsigned slot);
/* told: so far the journal was told to whoever skips it. What takes it back, or replaces it, counts
 * from there on only: what members changed before that is not known earlier. */
bool oracle_may_skip(const struct world *w, const struct act *act, unsigned host, unsigned slot,
                     enum err why, uint64_t told);
uint64_t oracle_told_to(const struct courier *c);
/* What follows of its object need not wait for it: it is skipped, if that is on disk or not. */
bool oracle_may_wait(const struct world *w, const struct act *act, const struct act *behind,
                     unsigned host, unsigned slot);
/* Though it comes after the later one. */
bool oracle_forgotten(const struct world *w, const struct act *act, const struct act *later);
bool oracle_harmless(const struct act *act, const struct act *later);
void oracle_urgency(struct world *w, const struct courier *c, const struct flight *f);
bool oracle_may_repeat(const struct world *w, const struct act *act, unsigned host, unsigned slot);

void oracle_claimed(struct world *w, unsigned shard, const struct courier *c);
/* It took it last. Where Redis lost that it was taken, whoever had it before may still have it, and
 * the other one finds out when it asks. */
bool oracle_has_shard(const struct world *w, unsigned shard, const struct courier *c);
void oracle_first_arrival(struct world *w, unsigned host, const struct act *act);
void oracle_attempt(struct world *w, const struct courier *c, const struct flight *f);
void oracle_answered(struct world *w, const struct flight *f, const struct judgement *j);
void oracle_told(struct world *w, struct courier *c, const struct line *line);
/* gates.c. Nothing starts that waits behind a freeze which the courier was told of. */
void oracle_gates(struct world *w, const struct courier *c, const struct flight *f);
/* oracle_host.c */
struct knows *oracle_knows(struct world *w, const struct courier *c, unsigned host);
/* A cursor is about to be written: what of it the courier knows from now on. */
void oracle_writes(struct world *w, const struct courier *c, unsigned host,
                   const struct health *health);
void oracle_tries_host(struct world *w, const struct courier *c, const struct flight *f);
void oracle_trouble(struct world *w, const struct flight *f, const struct judgement *j);
/* An inbox said that it is gone; or it took something. */
void oracle_said_gone(struct world *w, unsigned host, bool gone);
/* Order n: all behind `of` goes once more. */
void oracle_replays(struct world *w, unsigned host, uint64_t of, uint64_t n);
/* A replay with the number n is not to bring it to these inboxes. */
void oracle_left_out(struct world *w, const struct act *act, unsigned host, unsigned slots,
                     uint64_t n);
/* What the courier has in memory of hosts, entries and attempts keeps its bounds. */
void oracle_bounds(struct world *w, struct courier *c);
/* So it is written down: whoever was silent for days is parked, and the membership of whoever is
 * gone for days is to end. */
void oracle_keeps(struct world *w, unsigned host, const struct health *health);
/* The courier wants its membership to end. */
void oracle_ended(struct world *w, unsigned host);
/* A commit is carried out: each word, then what has moved. */
void oracle_word(struct world *w, const struct commit *commit, const struct commit_word *word);
void oracle_moved(struct world *w, unsigned host, const uint64_t from[LANE_COUNT],
                  const struct cursor *before);
void oracle_rolled_back(struct world *w);
bool oracle_at_rest(struct world *w, bool say);
