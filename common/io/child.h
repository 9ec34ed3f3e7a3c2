/* child: a program that we start and stop (the embedded Redis). */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct child;
/* The program has ended: its exit status (0 if a signal ended it) and that signal (else 0). Once,
 * from the loop. It may call child_free(). */
typedef void (*child_exited)(void *arg, int status, int signum);

/* Starts args[0] (found on PATH unless it has a slash; args ends in NULL) with standard input and
 * output closed (they are /dev/null), standard error ours, no other descriptor of ours, in a
 * process group of its own, and to be killed if we die (PR_SET_PDEATHSIG: if the thread that called
 * this ends, so call it from the main one). ERR_FILE with a reason in why if it can't be started.
 */
enum err child_new(struct loop *loop, const char *const *args, child_exited cb, void *arg,
                   struct bytes *why, struct child **ret);
/* To the program alone, not to its group; no effect once it has ended. */
void child_signal(struct child *child, int signum);
/* Its process id while it lives, 0 once it has ended. */
int child_pid(const struct child *child);
/* Frees the record; a program that still lives is killed, with its group, and waited for; no
 * callback afterwards. Accepts NULL inside. */
void child_free(struct child **child);
/* The first of these names that is on PATH, or NULL. */
const char *child_find(const char *const *names, size_t n);
