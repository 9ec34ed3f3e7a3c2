/* store_inner: what the files of the store share: key names, and lines of the journal as Redis
 * gives them. */
#pragma once

#include "relay/store/journal.h"

/* One hash tag, so that every key of ours is in one slot. */
#define KEY(name) "{weir}:" name

enum { STORE_PAGE = 256 };

/* The words of a command, gathered one by one; copied. Starts as {0}. */
struct words {
    struct bytes text;
    size_t *ends; /* where each word ends in text */
    size_t n, cap;
};
void words_add(struct words *a, struct span s);
void words_add_str(struct words *a, const char *text);
void words_add_int(struct words *a, int64_t value);
/* Sends them as one call of a script; frees them. */
void words_call(struct words *a, struct redis *redis, struct redis_script *script, redis_cb cb,
                void *arg);
void words_free(struct words *a);

/* The first word of a script's answer is `word`. */
bool answer_is(const struct redis_reply *reply, const char *word);
/* Says in words what e means where a verb asked: Redis's own words where it refused. Returns e. */
enum err answer_said(enum err e, const struct redis_reply *reply, struct bytes *why);
/* A number at place i of a script's answer. */
uint64_t answer_number(const struct redis_reply *reply, size_t i);

/* Reads one stream entry ([id, [name, value, ...]]) into line. For ENTRY, *ret_entry is a new entry
 * (one reference, the caller's); else NULL. False if it is none of ours. The spans are borrowed
 * from the reply. */
bool line_read(const struct redis_reply *reply, struct journal_line *line,
               struct entry **ret_entry);
/* Puts the marks on the entry that `marks` has for it, with `;` between them: `rN` (taken back by
 * N), `qN` (its author opted out by N), for each Update that replaces it `sN:PROOF:ZONES`. Absent:
 * none. False on anything else. */
bool marks_read(struct span text, struct entry *entry);

/* Ids that were seen lie in buckets of a week, under their first bytes. */
enum { SEEN_WEEK_MS = 7 * 86400 * 1000, SEEN_BYTES = 14 };
unsigned seen_bucket(const uint8_t *hash);

/* The freezes as scripts answer with them: their version, and a list of records. False: one of them
 * can't be read. */
struct freezes;
bool freezes_take(const struct redis_reply *version, const struct redis_reply *list,
                  struct freezes *ret);
/* authors.c, for whoever names authors to a script: the ids with blanks between, as one word; a
 * letter for what each says (y, n, -) and back; the number by which entries know an actor. */
void authors_add(struct words *a, const struct author_said *authors, size_t n);
char author_letter(enum fact_said says);
void authors_words_read(struct span words, enum fact_said ret[AUTHORS_ASKED_MAX]);
uint64_t author_number(const uint8_t *hash);

/* The number behind the dash of an id. */
uint64_t id_number(struct span id);
