/* delivery: one attempt: one signed POST of one entry, or of one piece of direct mail, to one
 * inbox. */
#pragma once

#include "relay/bodies.h"
#include "relay/context.h"
#include "relay/rules/schedule.h"

struct delivery;

enum { DELIVERY_DETAIL_SIZE = 201 };

struct delivery_result {
    struct judgement judgement;
    int status; /* 0: no HTTP answer */
    enum outgoing_form form;
    bool direct;
    char detail[DELIVERY_DETAIL_SIZE]; /* what the other side, or the transport, said; for people */
    int64_t ms;                        /* from the start to the answer */
};

/* The attempt comes back with what came of it, and the delivery is gone when this returns. The
 * entry of the attempt is the callee's then. */
typedef void (*delivery_done)(void *arg, struct attempt *attempt,
                              const struct delivery_result *result);
/* Takes the content of the attempt. zone: whose networks the host may live in; empty: public
 * addresses only. */
struct delivery *delivery_new(struct context *context, struct bodies *bodies,
                              const struct attempt *attempt, const char *zone, delivery_done done,
                              loop_cb loaded, void *arg);
/* Runs it; done() may come before this returns. Where the body has to be read first, loaded() comes
 * in a later turn instead, and this has to be called once more: many wait for one body, and when
 * they sign is for the caller to say. */
void delivery_start(struct delivery *delivery);
/* What it was given; borrowed. */
const struct attempt *delivery_attempt(const struct delivery *delivery);
/* Gives up: no done() follows. */
void delivery_cancel(struct delivery **delivery);
/* The same, and the attempt comes back: its entry is the caller's. */
void delivery_take_back(struct delivery **delivery, struct attempt *ret);
/* What deliveries are judged by, here and in the schedule. */
struct judge_limits delivery_limits(const struct settings *set);
