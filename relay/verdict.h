/* verdict: what would be decided about one activity, from the configuration alone: what `weir
 * explain` prints. Asks nothing of Redis, so it does not know who is a member, and what became of
 * an object before. */
#pragma once

#include "relay/config/config.h"
#include "relay/rules/consent.h"
#include "relay/rules/freeze.h"
#include "relay/rules/outgoing.h"

/* What the activity does not say, and a running relay knows. All zero: nothing is known. */
struct verdict_known {
    enum fact_said bot, indexable; /* of its author's document, */
    bool bio;                      /* which says that it does not want to be relayed */
    enum fact_said registry;       /* what the author told the relay (struct consent_sources) */
    struct span software;          /* of the member that it came from; absent: not known */
    bool thread;                   /* it is known where that went which it answers: */
    struct zone_set crossed;       /* facts_context.crossed */
    const struct freezes *freezes; /* that are in force; NULL: none */
    bool styled;                   /* it is known how who is to have it follows: */
    enum member_style style;
    /* By name, of the members' records: an operator may have placed them. NULL: by the hosts. */
    const char *from_zone, *to_zone;
};

/* What is asked; everything is borrowed. The signature is taken as good, and its signer as the
 * activity's actor. */
struct verdict_ask {
    const struct config *config;
    const struct activity *activity;
    size_t bytes; /* its size as received */
    int64_t now_ms;
    const char *from; /* host as in uri.authority */
    /* Where to: one of these, or neither: every zone. */
    const char *to;        /* host likewise */
    const struct zone *in; /* a zone of config */
    struct verdict_known known;
};

/* What would be decided. */
struct ruling {
    const struct config *config;     /* borrowed, as all that follows */
    const struct activity *activity; /* */
    const char *from, *to;           /* hosts as in uri.authority; to NULL: to a zone, or every */
    bool one;                        /* one zone was asked about: to_zone */
    struct verdict_known known;
    struct facts *facts;    /* owned; NULL where it was refused before any rule */
    int from_zone, to_zone; /* -1: none */
    struct consent consent; /* of the author, as far as it is known */
    enum err refused;       /* before any rule was asked; ERR_OK: it was not */
    struct zone_verdict zones[POLICY_ZONES_MAX];
    struct rule_step *steps; /* with one: the rules in order; owned */
    size_t steps_n;
    struct zone_verdict decided;     /* the same for it */
    const struct rule_step *nearest; /* the rule that would come nearest to allowing it, or NULL */
    enum outgoing_form with_proofs, otherwise; /* what a member would get that takes proofs, and
                                                  another */
    bool follows; /* goes where its object went, whatever the rules say now; and what becomes of it
                     depends on whether that was announced */
    bool fetches; /* says too little of itself: where its actor is a relay that follows our actor,
                     the object is fetched, and decided by; any other's goes nowhere */
    bool may;     /* what was asked about, or at least one zone, may have it */
    enum err why; /* why it may not; ERR_OK if it may */
};

/* Decides as the inbox would. ret stays where it is, and is given back with verdict_fini(). */
void verdict_make(const struct verdict_ask *ask, struct ruling *ret);
void verdict_fini(struct ruling *v);
/* It is to go back to the host that it came from. */
bool verdict_is_return(const struct ruling *v);
/* The freeze that holds what was asked about; NULL: none does. */
const struct freeze *verdict_freeze(const struct ruling *v);
/* In one word: `allow`, `hold`, `deny`, `drop`; `refuse`: it is before any rule is asked. */
#define VERDICT_WORDS "allow", "hold", "deny", "drop", "refuse"
const char *verdict_word(const struct ruling *v);
/* Why a rule did not match, in words; nothing if it did. */
void verdict_because(const struct ruling *v, const struct rule_step *step, struct bytes *out);
/* For people, and as one JSON object. */
void verdict_write(const struct ruling *v, struct bytes *out);
void verdict_write_json(const struct ruling *v, struct bytes *out);
