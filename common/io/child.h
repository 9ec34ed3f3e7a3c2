/* child: a program that we start and stop: the embedded Redis, and the roles, which are this very
 * program once more. */
#pragma once

#include "common/io/loop.h"
#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct child;
/* The program has ended: its exit status (0 if a signal ended it) and that signal (else 0). Once,
 * from the loop. It may call child_free(). */
typedef void (*child_exited)(void *arg, int status, int signum);

/* A descriptor of ours, open during child_new() (afterwards it may be closed), and the number under
 * which the program finds it: 3 or above, each number once. */
struct child_fd {
    int ours, theirs;
};
enum { CHILD_FDS_MAX = 8 };

struct child_config {
    const char *const *args; /* ends in NULL */
    const char *program;     /* what is run; NULL: args[0] */
    const struct child_fd *fds;
    size_t fds_n; /* at most CHILD_FDS_MAX */
    child_exited ended;
    void *arg;
};

/* Starts the program (found on PATH unless it has a slash) with standard input and output closed
 * (they are /dev/null), standard error ours, no other descriptor of ours but those named, in a
 * process group of its own, and to be killed if we die (PR_SET_PDEATHSIG: if the thread that called
 * this ends, so call it from the main one). Nothing of config is needed afterwards. ERR_FILE with a
 * reason in why if it can't be started. */
enum err child_new(struct loop *loop, const struct child_config *config, struct bytes *why,
                   struct child **ret);
/* To the program alone, not to its group; no effect once it has ended. */
void child_signal(struct child *child, int signum);
/* Its process id while it lives, 0 once it has ended. */
int child_pid(const struct child *child);
/* Frees the record; a program that still lives is killed, with its group, and waited for; no
 * callback afterwards. Accepts NULL inside. */
void child_free(struct child **child);
/* The first of these names that is on PATH, or NULL. */
const char *child_find(const char *const *names, size_t n);
