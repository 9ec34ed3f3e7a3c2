/* ask: how a verb asks the running relay, over its admin socket, and says what it answered. */
#pragma once

#include "common/pure/json.h"

/* Exit codes of every verb; 0: done. */
enum {
    EXIT_REFUSED = 1,  /* refused, or not found */
    EXIT_USAGE = 2,    /* wrong use */
    EXIT_UNREACHED = 3 /* the relay can't be reached */
};

enum { ASK_ANSWER_MAX = 64 * 1024 * 1024 };

/* Asks the relay of this configuration file (NULL: wherever there is one). Returns an exit code;
 * what went wrong stands on standard error then. */
int ask_relay(const char *file, const char *method, const char *path, struct span body,
              struct bytes *answer);
/* The same with GET, and without a word: *ret_status is what was answered with. */
int ask_quietly(const char *file, const char *path, int *ret_status, struct bytes *answer);
/* Says what was answered: the JSON as it came, or what print makes of it. code: of ask_relay(); if
 * it is not 0, nothing is said. Returns it. */
int ask_report(int code, const struct bytes *answer, bool as_json,
               void (*print)(const struct json *));
/* How the verbs of this word are used, on standard error. Returns EXIT_USAGE. */
int ask_usage(const char *word);
/* The same, after a line that says what is wrong; about: a word behind that, or NULL. */
int ask_wrong(const char *word, const char *what, const char *about);
/* What to send with what only wants a reason, if there is one: `{"reason": ...}`, or nothing. The
 * caller gives it back with bytes_fini(). */
void ask_reason(const char *reason, struct bytes *ret);
/* Adds text to a path or query: what neither can hold is escaped. */
void ask_escape(struct bytes *path, const char *text);

/* A member of an answer: its text, its number; empty and 0 where it has none. */
struct span ask_text(const struct json *json, const char *name);
int64_t ask_number(const struct json *json, const char *name);

/* Text from elsewhere, on standard output: what would steer a terminal is shown as `?`. */
void ask_print_text(struct span text);
/* What a row of `weir trace` says, in words, without what it is about. */
void ask_print_verdict(const struct json *row);
/* A line about an attempt: what it was about, and what came of it. */
void ask_print_attempt(const struct json *attempt);
/* What a code means, in words; the code itself if this version does not know it. */
struct span ask_title(struct span code);
/* What became of an order that stands in the journal, as JSON. */
struct ask_ordered {
    const char *name, *about; /* `host` or `id`, and which */
    const char *order, *outcome;
    int64_t line;
    int64_t after; /* of a replay; else -1 */
};
void ask_print_ordered(const struct ask_ordered *ordered);
/* For people: that nothing came of it yet. */
void ask_print_open(const char *about, int64_t line);
/* For tables: `name value` if the object has it, text or number. */
void ask_print_field(const struct json *json, const char *name);
