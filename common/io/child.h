/* child: a program that we start and stop (the embedded Redis). */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct child;
typedef void (*child_exited)(void *arg, int status, int signum);

/* Starts args[0] (found on PATH) with standard input and output closed, standard error ours, in a
 * process group of its own, and to be killed if we die (PR_SET_PDEATHSIG). ERR_FILE with a reason
 * in why if it can't be started. */
enum err child_new(struct loop *loop, const char *const *args, child_exited cb, void *arg,
                   struct bytes *why, struct child **ret);
void child_signal(struct child *child, int signum);
/* Frees the record; the program must have ended (its callback ran), or is killed and waited for. */
void child_free(struct child **child);
/* The first of these names that is on PATH, or NULL. */
const char *child_find(const char *const *names, size_t n);
