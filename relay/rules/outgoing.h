/* outgoing: in which form an entry goes to a member (DESIGN 7, "what goes out"). Pure. */
#pragma once

#include "relay/rules/activity.h"
#include "relay/rules/member.h"

enum outgoing_form {
    FORM_BYTES,         /* byte for byte as received */
    FORM_ANNOUNCE,      /* our Announce of the object's id */
    FORM_UNDO_ANNOUNCE, /* Undo of our Announce of it */
    FORM_NOTHING        /* nothing would be believed there */
};
const char *outgoing_form_name(enum outgoing_form form);

/* To whom an Announce of ours went that stands: what came in with a proof went as bytes to those
 * who follow the public collection, and as our Announce to those who follow our actor. */
enum outgoing_announced { ANNOUNCED_NO, ANNOUNCED_LITEPUB, ANNOUNCED_ALL };

struct outgoing_facts {
    enum activity_type type;
    enum activity_type undone; /* Undo: what it undoes; else ACTIVITY_OTHER */
    bool has_proof;
    enum outgoing_announced announced; /* Delete, Undo: of what it takes back */
    bool nameless; /* no Announce of ours could name it: activity_announced() is absent */
};

/* The facts that the activity itself tells; announced is the store's to say. */
struct outgoing_facts outgoing_facts_of(const struct activity *activity);

/* A Delete, Update or Undo never becomes an Announce (DESIGN 7, law 2). style: of the inbox that it
 * is for; who follows the public collection takes proofs, who follows our actor does not
 * (PROTOCOL 2.6). */
enum outgoing_form outgoing_form(const struct outgoing_facts *facts, enum member_style style);
/* The same where the bytes are no longer kept: whatever needs no body, or nothing. */
enum outgoing_form outgoing_form_bodiless(const struct outgoing_facts *facts,
                                          enum member_style style);
