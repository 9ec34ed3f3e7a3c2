/* fake_io: virtual time. Exports what the machines use of common/io (loop, clock, http_client,
 * http_server, log) with the same symbols, so that the machines that ship run here unchanged: hours
 * pass in milliseconds, there is no socket, and the same test does the same thing every time.
 *
 * Everything that is to happen, be it a timer, a deferred call or an answer, is one event in one
 * queue, ordered by its time and then by when it was asked for. A step is one event. */
#pragma once

#include "common/io/http_client.h"
#include "common/io/http_server.h"
#include "common/io/loop.h"

/* --- time ------------------------------------------------------------------------------------ */

/* 2026-01-05, a Monday, 12:00 UTC: where virtual time begins. */
#define FAKE_EPOCH_MS INT64_C(1767614400000)

/* Time starts over, chance with this seed; what a test that failed left over is forgotten. */
void fake_reset(uint64_t seed);
void fake_http_reset(void); /* its part for hosts and log; fake_reset() calls it */
int64_t fake_now(void);     /* virtual milliseconds since fake_reset() */
/* The next event, if it comes at `until` or before; false if there is none (time is `until` then).
 */
bool fake_step(int64_t until);
/* Lets that much time pass. Aborts if more happens in one millisecond than any machine should do.
 */
void fake_run(int64_t ms);
/* How many events are still to come. */
size_t fake_waiting(void);

/* --- processes ------------------------------------------------------------------------------- */

/* What is asked for while a process runs is its own, and so is what that asks for in turn. Sets who
 * runs and returns who did; 0: the test, and everybody else. */
unsigned fake_process(unsigned process);
unsigned fake_running(void); /* who does */
/* It died: what it had asked for never comes, and nothing that is done for it is told to it. Its
 * memory is lost. */
void fake_kill(unsigned process);
bool fake_killed(unsigned process);
/* Its events wait while it is frozen, and come at once, in their order, when it goes on. */
void fake_freeze(unsigned process, bool frozen);

/* For the other fakes: calls back at that time; the event is gone then. */
struct event;
struct event *fake_at(int64_t at_ms, loop_cb cb, void *arg);
void fake_cancel(struct event **event);
/* The same, for another than who runs; NULL if that was killed. */
struct event *fake_at_for(unsigned process, int64_t at_ms, loop_cb cb, void *arg);

/* --- other servers --------------------------------------------------------------------------- */

struct fake_answer {
    enum err err; /* of the transport; its status, if any, stands beside it */
    int status;
    int64_t delay_ms;
    const char *body, *content_type, *location, *retry_after; /* borrowed until it is sent */
};
struct fake_arrived {
    const char *method, *url;
    const char *const *fields; /* as sent, n of them */
    size_t fields_n;
    struct span body;
};
/* What a server does with a request that has arrived. An answer later than the caller's patience is
 * a time-out there. */
typedef void (*fake_site)(void *arg, const struct fake_arrived *arrived, struct fake_answer *ret);
/* Who is asked for this authority, at this IPv4 address; site NULL: nobody (the name does not
 * resolve). */
void fake_host(const char *authority, const char *address, fake_site site, void *arg);
/* Calls in flight, and the most there have been at once. */
size_t fake_calls(void);
size_t fake_calls_most(void);

/* --- requests to us -------------------------------------------------------------------------- */

struct fake_reply {
    unsigned times; /* how often it was answered: 0 or 1 */
    bool cut;       /* the connection went before the answer was written */
    int status;
    int64_t at_ms;
    char fields[2048];
    char body[4096];
};
struct fake_field {
    const char *name, *value;
};
/* A request on the listener of that address. The answer is written to reply, which must live until
 * then. */
void fake_request(const char *listen, const char *method, const char *target,
                  const struct fake_field *fields, size_t fields_n, struct span body,
                  struct fake_reply *reply);

/* --- the log --------------------------------------------------------------------------------- */

/* Lines that hold all of these words (up to three; NULL: none). */
size_t fake_logged(const char *a, const char *b, const char *c);
/* The whole log so far, for a test that fails. */
const char *fake_log(void);
