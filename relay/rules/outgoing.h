/* outgoing: in which form an entry goes to a member (DESIGN 7, "what goes out"). Pure. */
#pragma once

#include "relay/rules/activity.h"

enum outgoing_form {
    FORM_BYTES,         /* byte for byte as received */
    FORM_ANNOUNCE,      /* our Announce of the object's id */
    FORM_UNDO_ANNOUNCE, /* Undo of our Announce of it */
    FORM_NOTHING        /* nothing would be believed there */
};
const char *outgoing_form_name(enum outgoing_form form);

struct outgoing_facts {
    enum activity_type type;
    enum activity_type undone; /* Undo: what it undoes; else ACTIVITY_OTHER */
    bool has_proof;
    bool announced; /* Delete, Undo: there was an Announce of ours for its object */
    bool nameless;  /* no Announce of ours could name it: activity_announced() is absent */
};

/* The facts that the activity itself tells; announced is the store's to say. */
struct outgoing_facts outgoing_facts_of(const struct activity *activity);

/* A Delete, Update or Undo never becomes an Announce (DESIGN 7, law 2). takes_proofs: the member
 * follows the public collection (and nothing else was learned). */
enum outgoing_form outgoing_form(const struct outgoing_facts *facts, bool takes_proofs);
