/* sim_act: activities and the objects that they are about, and what became of each activity at each
 * inbox, as the oracle knows it. */
#pragma once

#include "sim_time.h"

#include "relay/rules/activity.h"

struct fate {             /* of one activity at one inbox */
    bool owed;            /* since it has its number */
    int8_t zone;          /* of the member then, if it could be sent anything; else -1 */
    bool failed, noted;   /* Redis holds a refusal; a skip, a cut or a gap */
    bool withdrawn;       /* the member was moved to a zone that may not have it */
    bool dropped;         /* an operator gave up what waits for the member */
    bool arrived;         /* once, in any time line */
    bool acked;           /* a courier heard so, in this time line; */
    bool last_acked;      /* and what it heard last was that */
    bool refused;         /* a courier gave it up */
    bool ordered;         /* an operator wanted it tried again, */
    bool again_due;       /* or sent once more, with all that came after some number */
    uint64_t left_out;    /* the number of the replay that leaves it out; 0: none does */
    bool doubt;           /* an attempt may have arrived, and nobody knows */
    uint32_t tried_life;  /* the life of a courier that tried it last */
    uint8_t sour;         /* how often it is not taken yet; 255: never */
    uint16_t sour_status; /* and what is answered */
    uint32_t ended;       /* the control entry that ended the right to it; 0: none */
    uint32_t done_life;   /* the life of a courier in which it was answered for good */
};

struct act {
    struct event event; /* its sender sends it, once more */
    unsigned uid, object, version;
    enum activity_type type;
    bool proof;
    bool recall;     /* an operator's: it takes back the object */
    unsigned origin; /* host that sends it; of a recall: the object's */
    int object_host; /* an Announce: whose object it is; else -1 */
    int64_t stamp_ms;
    uint64_t n;     /* its number in the journal; 0: none */
    int8_t zone;    /* that it came from then, as its line says; -1: it does not */
    uint64_t taken; /* the number of what takes it back; 0: nothing does */
    int64_t at_ms;  /* when it got that */
    bool promised;  /* the sender was told that it is safe */
    bool seen;      /* Redis knows its id */
    bool repeats;   /* its sender sends it once more, although it was told so */
    bool answered;  /* with 202, whatever that means */
    bool given_up;  /* its sender tries no more */
    unsigned sends;
    struct fate *fates; /* of all hosts and slots; NULL until it got a number */
};

struct object {
    unsigned owner;
    unsigned actor;    /* the object that is the actor who posts it; an actor: itself */
    bool over;         /* an actor: its owner deleted it, and posts nothing more as it */
    unsigned versions; /* that its owner made */
    struct act **acts;
    size_t acts_n;
    bool alive; /* as its owner sees it */
    /* as Redis has it: */
    bool known, live, born, recalled, shrunk;
    int64_t top, dead;
    unsigned zones, out; /* where it went; to whom our Announce of it */
    unsigned hash;       /* of that: the uid of the activity that it is of, + 1; 0: none stands */
    char *entries;       /* see struct versions */
    uint64_t gone;       /* an actor: the number of its Delete */
};

bool act_deletes(const struct act *act);
/* A Delete, or a recall. */
bool act_takes_back(const struct act *act);
