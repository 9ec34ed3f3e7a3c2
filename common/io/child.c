/* child: a program, somebody else's or ourselves once more, started, watched and stopped.
 *
 * fork and exec by hand: libuv's uv_spawn cannot ask for a signal at our death, and a private Redis
 * that outlives its relay would hold the data directory against the next one. Why starting failed
 * comes back through a pipe that a successful exec closes. The end is seen by SIGCHLD and a wait
 * for this one process id, so that nobody else's child is taken away.
 *
 * States: started -> ended (waited for). The record owns the process until then.
 *
 * May not know: what the program is, nor whether to start it again. */
#include "common/io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_TEXT_MAX = 4096, EXEC_FAILED = 127 };

struct child {
    pid_t pid; /* 0 once waited for */
    struct loop_signal *ended;
    child_exited cb;
    void *arg;
};

/* A directory may be "executed" too, as far as access() goes. */
static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Where name would be run from. False if nowhere. */
static bool find_on_path(const char *name, char out[PATH_TEXT_MAX])
{
    if (strchr(name, '/'))
        return span_copy(span_of(name), out, PATH_TEXT_MAX) && is_program(out);
    const char *path = getenv("PATH");
    struct span rest = span_of(path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
    struct bytes candidate;
    bytes_init(&candidate, PATH_TEXT_MAX - 1);
    bool found = false;
    while (rest.p && !found) {
        struct span dir = span_cut(&rest, ':');
        bytes_clear(&candidate);
        /* An empty entry would mean the working directory: whoever owns that must not choose. */
        if (dir.n && bytes_addf(&candidate, "%.*s/%s", SPAN_ARG(dir), name))
            found = is_program(bytes_str(&candidate)) &&
                    span_copy(bytes_span(&candidate), out, PATH_TEXT_MAX);
    }
    bytes_fini(&candidate);
    return found;
}

const char *child_find(const char *const *names, size_t n)
{
    char where[PATH_TEXT_MAX];
    for (size_t i = 0; i < n; i++)
        if (find_on_path(names[i], where))
            return names[i];
    return NULL;
}

/* Our handlers and what we ignore must not be the program's: ignored signals outlive exec. */
static void reset_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, &plain,
                        NULL); /* SIGKILL, SIGSTOP and libc's own refuse: as they should */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool settle_in(pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    bool ok = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
              setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    if (!ok)
        return false;
    reset_signals();
    errno = ESRCH;
    return getppid() == parent; /* else we died before the prctl, and nobody would tell */
}

/* Puts each descriptor in its place. All are copied out of the way first: one's number may be
 * another's place, or that of the report. Libraries open sockets without close-on-exec: nothing but
 * what is placed here gets through. */
static bool hand_down(const struct child_config *config, int *report)
{
    int above = STDERR_FILENO + 1, copies[CHILD_FDS_MAX] = {0};
    for (size_t i = 0; i < config->fds_n; i++)
        above = config->fds[i].theirs >= above ? config->fds[i].theirs + 1 : above;
    int moved = fcntl(*report, F_DUPFD_CLOEXEC, above);
    bool ok = moved >= 0;
    if (ok)
        *report = moved;
    for (size_t i = 0; ok && i < config->fds_n; i++) {
        copies[i] = fcntl(config->fds[i].ours, F_DUPFD_CLOEXEC, above);
        ok = copies[i] >= 0;
    }
    if (ok)
        (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    for (size_t i = 0; ok && i < config->fds_n; i++)
        ok = dup2(copies[i], config->fds[i].theirs) >= 0;
    return ok;
}

/* In the new process, where only async-signal-safe calls are allowed until exec. */
static _Noreturn void become(const char *path, const struct child_config *config, pid_t parent,
                             int report)
{
    if (settle_in(parent) && hand_down(config, &report)) {
        /* exec does not write to what it is given; its type is older than const. */
        union {
            const char *const *given;
            char *const *wanted;
        } argv = {.given = config->args};
        execv(path, argv.wanted);
    }
    int failed = errno;
    ssize_t sent = write(report, &failed, sizeof failed);
    _exit(sent == (ssize_t)sizeof failed ? EXEC_FAILED : EXEC_FAILED - 1);
}

static void wait_for(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Reads errno of a start that failed; 0 when exec closed the pipe. */
static int read_report(int fd)
{
    int failed = 0;
    ssize_t n;
    do
        n = read(fd, &failed, sizeof failed);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof failed ? failed : 0;
}

/* 0 and the process id, or why not (errno). */
static int start(const char *path, const struct child_config *config, pid_t *ret)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    /* A signal between fork and exec would run our handler in the child, which shares our pipes. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(path, config, parent, report[1]);
    int failed = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (pid > 0)
        failed = read_report(report[0]);
    close(report[0]);
    if (pid > 0 && failed)
        wait_for(pid);
    *ret = pid;
    return failed;
}

static void on_sigchld(void *arg)
{
    struct child *child = arg;
    int how = 0;
    if (child->pid == 0 || waitpid(child->pid, &how, WNOHANG) != child->pid)
        return; /* another child's */
    child->pid = 0;
    child->cb(child->arg, WIFEXITED(how) ? WEXITSTATUS(how) : 0,
              WIFSIGNALED(how) ? WTERMSIG(how) : 0);
}

enum err child_new(struct loop *loop, const struct child_config *config, struct bytes *why,
                   struct child **ret)
{
    char path[PATH_TEXT_MAX];
    const char *program = config->program ? config->program : config->args[0];
    if (!find_on_path(program, path)) {
        bytes_addf(why, "%s: not found", program);
        return ERR_FILE;
    }
    struct child *child = mem_new(sizeof *child);
    child->cb = config->ended;
    child->arg = config->arg;
    /* Before the start, or the end of a short life would go unseen. */
    child->ended = loop_signal_new(loop, SIGCHLD, on_sigchld, child);
    int failed = start(path, config, &child->pid);
    if (failed) {
        child->pid = 0;
        child_free(&child);
        bytes_addf(why, "%s: %s", path, strerror(failed));
        return ERR_FILE;
    }
    *ret = child;
    return ERR_OK;
}

void child_signal(struct child *child, int signum)
{
    if (child->pid)
        kill(child->pid, signum);
}

int child_pid(const struct child *child)
{
    return child->pid;
}

void child_free(struct child **child)
{
    struct child *c = *child;
    *child = NULL;
    if (!c)
        return;
    if (c->pid) {
        kill(-c->pid, SIGKILL);
        wait_for(c->pid);
    }
    loop_signal_free(&c->ended);
    free(c);
}
