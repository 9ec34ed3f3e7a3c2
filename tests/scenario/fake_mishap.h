/* fake_mishap: the n-th time that a thing could go wrong, it does (torture in curl's sense).
 *
 * One kind of trouble at a time, once. The fakes, and the allocator of torture_alloc.c, ask here
 * whenever a machine does something that can fail in that way; what a test does itself (process 0)
 * does not count. */
#pragma once

#include <stdbool.h>

/* name, and what happens */
#define MISHAPS(X)                                                                                 \
    X(NONE, "nothing")                                                                             \
    X(REDIS_ERROR, "a reply of Redis is an error")                                                 \
    X(REDIS_LOST, "a command never reaches Redis")                                                 \
    X(REDIS_UNANSWERED, "a command takes effect, and its reply is lost")                           \
    X(REDIS_CUT, "the connection to Redis goes with all that is on it")                            \
    X(REFUSED, "a connection is refused")                                                          \
    X(NO_CONNECTION, "nothing answers a connection")                                               \
    X(SEND, "a request can't be written")                                                          \
    X(RECEIVE, "a request arrives, and its answer does not")                                       \
    X(REPLY, "our answer can't be written")                                                        \
    X(ALLOCATION, "an allocation of our own")                                                      \
    X(LIBRARY, "an allocation of json-c, libcurl, libidn2 or libc")                                \
    X(CRYPTO, "an allocation of OpenSSL")

enum mishap {
#define X(name, text) MISHAP_##name,
    MISHAPS(X)
#undef X
        MISHAP_COUNT
};
const char *mishap_text(enum mishap mishap);

/* The n-th chance (from 1) of this kind goes wrong; 0: none does, they are only counted. */
void mishap_set(enum mishap mishap, unsigned nth);
/* For the fakes: whether this one goes wrong. */
bool mishap_now(enum mishap mishap);
/* Chances of the kind so far; whether the one came. */
unsigned mishap_chances(void);
bool mishap_met(void);
