/* facts: what a rule may ask of one activity. Pure.
 *
 * Each is read when it is first asked for, and once: a policy that never asks for links does not
 * pay for looking for them. Of an activity that embeds another (Announce, Undo) the object is the
 * innermost one; of one whose object was fetched (activity_take_object()), the fetched one.
 *
 * Two things can be wrong with a fact. It is missing where nobody said it, or nobody could know it:
 * then no condition on it matches, whatever the rule would do. And it is cut where a stranger said
 * more than is read (FACTS_*_MAX), or said it so that it cannot be read for sure: then a condition
 * on it takes the answer that lets less through (facts_cut_matches()). */
#pragma once

#include "common/pure/uri.h"
#include "relay/rules/activity.h"
#include "relay/rules/facts_table.h"

#define FACT_ENUM(constant, name, kind, unit, folded, prose, missing) FACT_##constant,
enum fact { FACTS_TABLE(FACT_ENUM) FACT_COUNT };
#undef FACT_ENUM

enum fact_kind { FACT_KIND_TEXT, FACT_KIND_NUMBER, FACT_KIND_FLAG };
enum fact_unit { FACT_UNIT_NONE, FACT_UNIT_BYTES, FACT_UNIT_COUNT, FACT_UNIT_SECONDS };

enum {
    FACTS_TYPES_MAX = 8,      /* of an object */
    FACTS_LANGUAGES_MAX = 32, /* de-AT counts as two */
    FACTS_LANGUAGE_SIZE = 35, /* bytes; a longer one is none (RFC 5646, 4.4.1) */
    FACTS_MENTIONS_MAX = 64,  /* hosts */
    FACTS_LINKS_MAX = 64      /* hosts */
};

struct fact_row {
    const char *name; /* as in a rule */
    enum fact_kind kind;
    enum fact_unit unit;
    bool folded;
    const char *prose;   /* what it is */
    const char *missing; /* when it is missing: `never`, or what is so then */
};

const struct fact_row *fact_row(enum fact fact); /* static */
/* False if there is none of this name. */
bool fact_by_name(struct span name, enum fact *ret);

/* Three states of what only others can know. */
enum fact_said { FACT_UNKNOWN, FACT_NO, FACT_YES };

/* What is not in the activity; all zero and NULL: nothing is known. Everything outlives the facts.
 * The two functions are asked at most FACTS_MENTIONS_MAX + 1 times, and once for each zone. */
struct facts_context {
    int64_t now_ms;       /* 1970 on; 0: age is missing */
    size_t bytes;         /* of the activity as received; 0: size is missing */
    struct span software; /* of the origin's member; empty: not known */
    enum fact_said consent;
    enum fact_said bot;       /* struct keydoc, machine */
    enum fact_said indexable; /* struct keydoc, indexable */
    /* The name of the zone of a host (form of uri.authority), or NULL if it is in none; the name
     * lives as long as the policy. NULL: all hosts are in none. */
    const char *(*zone_of)(void *arg, struct span host);
    /* Whether what it answers crossed the boundary to this zone (a number of the policy), in either
     * direction. NULL: not known, so no. */
    bool (*crossed)(void *arg, int zone);
    void *arg;
};

/* Texts: a list, which may be empty. */
struct fact_value {
    bool known; /* false: missing, and everything else is zero */
    bool cut;   /* of a text: the list is not all of it */
    bool flag;
    int64_t number;
    const struct span *texts; /* live as long as the facts */
    size_t texts_n;
};

struct facts {
    const struct activity *activity;
    struct facts_context context;
    const struct json *object; /* NULL: only named */
    struct uri actor;
    uint32_t read; /* a bit for each fact */
    struct fact_value values[FACT_COUNT];
    struct span one[FACT_COUNT]; /* the text of a fact that has one */
    void *owned[FACT_COUNT];     /* the texts of those that have more, or made their own */
};

/* Begins; reads nothing yet. The activity, its trees and what the context points to outlive ret,
 * which stays where it is (texts point into it). To be ended by facts_fini(). */
void facts_init(struct facts *ret, const struct activity *activity,
                const struct facts_context *context);
void facts_fini(struct facts *facts);

/* Never NULL; lives as long as the facts. */
const struct fact_value *facts_get(struct facts *facts, enum fact fact);
/* The id of what it answers; absent if it answers nothing, or that is not known. Borrowed from the
 * tree. */
struct span facts_answered(const struct facts *facts);
/* `reply_to: crossed`: depends on the zone that the activity is to go to, so it is no text. False
 * where it answers nothing, or nothing is known of what it answers. */
bool facts_crossed(struct facts *facts, int to);
/* Whether a condition on a fact that is cut matches if none of its known texts does: in `when` only
 * if the rule does not allow, in `unless` only if it does. */
bool facts_cut_matches(bool rule_allows, bool in_unless);
/* The value for people and for explain: `[a, b]`, `yes`, `1024`, `missing: it is not said`; at most
 * 10 texts of 100 bytes; what is cut ends in `...`. */
void facts_show(struct facts *facts, enum fact fact, struct bytes *out);
