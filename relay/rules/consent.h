/* consent: whether an author agreed to be relayed, and what that stops. Pure.
 *
 * Sources, the first that says anything counts (PRODUCT 2.5):
 *
 *     registry    what the author told this relay, or a person for it: yes or no
 *     bio         words in the author's own description: no (consent_bio_refuses())
 *     indexable   the author wants to be found (FEP-5feb): yes
 *     zone        what holds where nobody said anything: opt-out: yes; opt-in: no
 *
 * A no of the registry stops everything of that author, inside its zone too, and whatever the zone
 * asks for; only what takes back (Delete, Undo) passes. All else counts only in a zone that asks
 * for consent, and only across: other zones do not get it then. */
#pragma once

#include "common/pure/json.h"
#include "relay/rules/activity.h"
#include "relay/rules/documents.h"
#include "relay/rules/policy.h"

enum consent_by {
    CONSENT_BY_NOBODY, /* the zone asks for none */
    CONSENT_BY_REGISTRY,
    CONSENT_BY_BIO,
    CONSENT_BY_INDEXABLE,
    CONSENT_BY_ZONE
};

struct consent_sources {
    enum zone_consent zone;   /* of the author */
    enum fact_said registry;  /* FACT_UNKNOWN: it says nothing */
    bool bio;                 /* it says no */
    enum fact_said indexable; /* only FACT_YES says anything */
};

struct consent {
    enum fact_said says; /* the fact `consent`; FACT_UNKNOWN: missing */
    enum consent_by by;
    bool stops; /* everything but what takes back */
};

struct consent consent_of(const struct consent_sources *sources);
/* The same of an activity by who signed it, which may embed what another wrote. registry: what it
 * says of each, the signer first; n: of how many, 0 where consent is no question. bio and indexable
 * are the signer's: of another one's document nothing is known. A no of either is a no. */
struct consent consent_of_authors(enum zone_consent zone, const enum fact_said *registry, size_t n,
                                  bool bio, bool indexable);
/* `registry`, `bio`, `indexable`, `zone`; `nobody`: static. */
const char *consent_by_name(enum consent_by by);

/* Takes from what was decided (policy_decide()) what the author's consent does not cover: other
 * zones that were to have it, or to have it after a person's yes, get ERR_CONSENT_MISSING; where it
 * stops everything, all zones ERR_OPTED_OUT. set: those that may have it, of which they are taken.
 * The code of what nobody may have because of this; ERR_OK if consent stood in no zone's way. */
enum err consent_apply(const struct consent *consent, const struct policy *policy, int from,
                       struct zone_verdict *verdicts, struct zone_set *set);

/* Whether an actor's document says that it does not want to be relayed: #nobot, #nobridge, #noindex
 * or #norelay in its summary, or among its tags; in any case of letters. A word without # is no
 * tag: `there is no bot here` says nothing. */
bool consent_bio_refuses(const struct json *actor);

/* What a post tells the relay that mentions its actor, written by who signed it: FACT_NO where its
 * text has the word `leave`, `stop` or `optout` (or opt-out), else FACT_YES; FACT_UNKNOWN where it
 * does not mention it, or is no post of that actor. */
enum fact_said consent_mentioned(const struct activity *activity, const struct identity *identity);
