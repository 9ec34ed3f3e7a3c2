/* health: how a host has fared as a receiver: its back-off, its breaker, whether it is parked or
 * seems to be gone or lost, and whether an operator holds it. Pure: time and chance are arguments.
 *
 *     failures == 0                  closed: it may have as many attempts as its window allows
 *     failures > 0, wake_ms ahead    open: none
 *     failures > 0, wake_ms reached  half-open: one, and what comes of it decides
 *
 * A host that was in trouble on so many distinct days, with no answer between, is parked (the day
 * on which that began is none of them: it was not silent on all of it): it is
 * tried once a day, its cursor stays, but the journal is not kept for its sake. Any answer, and any
 * signed request of it, ends that. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/judge.h"

struct health {
    int64_t wake_ms;   /* no attempt before; 0: now */
    unsigned failures; /* in a row, by trouble of the host */
    unsigned days;     /* distinct days on which it was in trouble and had been when they began */
    unsigned gone;     /* distinct days on which an inbox of it said 410, and none took anything */
    unsigned lost;     /* times in a row that an inbox of it said 404 */
    int64_t day; /* the last of `days`, or the one it began on: from the epoch of Unix; 0: none */
    int64_t gone_day;  /* the last of `gone` */
    int64_t lost_ms;   /* the first of `lost`; 0: none */
    int64_t parked_ms; /* since when it is parked; 0: it is not */
    bool held;         /* an operator wants nothing sent to it for now */
};

/* Trouble of the host (judge.h says what is): the next failure is counted, and it is left alone for
 * as long as it asked for, or for its back-off; for an hour and more where its certificate is not
 * good, since people have to mend that; for a day where it is parked. chance: 32 random bits. */
void health_failed(struct health *health, const struct judge_limits *limits,
                   const struct judgement *judgement, int64_t now_ms, uint32_t chance);
/* The longest wait that there can be for a host that fares so. */
int64_t health_longest(const struct health *health, const struct judge_limits *limits);
/* It lives: it answered, or sent something signed, or an operator says so. Whether it is held, and
 * how often it said that it is gone, is another matter. */
void health_lives(struct health *health);
/* It took something: it is not gone, and there; or another inbox counts from now on. */
void health_delivered(struct health *health);
/* An inbox of it said 410. True: it did so on enough distinct days, its membership is over. */
bool health_gone(struct health *health, const struct judge_limits *limits, int64_t now_ms);
/* An inbox of it said 404. True: ten times in a row at least, and for long enough: its actor is to
 * be looked at again (QUEUE 2.11). */
bool health_lost(struct health *health, const struct judge_limits *limits, int64_t now_ms);
/* An inbox is there, whatever it thinks of what it was sent. */
void health_found(struct health *health);

/* One word for people: ok, failing, parked, or held. Static text. */
const char *health_name(const struct health *health);

/* Whether there is nothing to remember. */
bool health_plain(const struct health *health);
bool health_same(const struct health *a, const struct health *b);

/* Its words in the record of a cursor, a space before each, left out where they say nothing, in the
 * order of HEALTH_WORDS:
 *
 *   wMS        wake_ms
 *   fN         failures
 *   iN:DAY     days
 *   gN:DAY     gone
 *   nN:MS      lost
 *   kMS        parked_ms
 *   x          held
 *
 * health_read(): the text of one word behind its letter. False on anything else. */
#define HEALTH_WORDS "wfignkx"
void health_write(const struct health *health, struct bytes *out);
bool health_read(char word, struct span text, struct health *health);
