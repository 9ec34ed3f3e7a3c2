/* verdict: what would be decided about one activity, from the configuration alone: what `weir
 * explain` prints. Asks nothing of Redis, so it does not know who is a member, and what became of
 * an object before. */
#pragma once

#include "relay/config/config.h"
#include "relay/rules/outgoing.h"

struct verdict {
    const struct config *config;     /* borrowed, as all that follows */
    const struct activity *activity; /* */
    const char *from, *to;           /* hosts as in uri.authority; to NULL: every zone */
    int from_zone, to_zone;          /* -1: none */
    enum err refused;                /* before any rule was asked; ERR_OK: it was not */
    struct zone_verdict zones[POLICY_ZONES_MAX];
    struct rule_step *steps; /* with to: the rules in order; owned */
    size_t steps_n;
    enum outgoing_form with_proofs, otherwise; /* what a member would get that takes proofs, and
                                                  another */
    bool follows; /* goes where its object went, whatever the rules say now; and what becomes of it
                     depends on whether that was announced */
    bool fetches; /* says too little of itself: where its actor is a relay that follows our actor,
                     the object is fetched, and decided by; any other's goes nowhere */
    bool may;     /* to, or at least one zone, may have it */
    enum err why; /* why it may not; ERR_OK if it may */
};

/* Decides as the inbox would, taking the signature as good and its signer as the activity's actor.
 * ret is given back with verdict_fini(). */
void verdict_make(const struct config *config, const struct activity *activity, const char *from,
                  const char *to, struct verdict *ret);
void verdict_fini(struct verdict *v);
/* For people, and as one JSON object. */
void verdict_write(const struct verdict *v, struct bytes *out);
void verdict_write_json(const struct verdict *v, struct bytes *out);
