/* trap: something happens to a process at one point of its life: it is killed, stopped, or one of
 * its calls fails. Loaded before the C library (LD_PRELOAD), so the program knows nothing of it.
 *
 * TRAP_FILE names a file that holds a struct trap; integration/shims.py writes it, and every
 * process that was started with it reads and counts in it. A trap that is not armed costs one look.
 *
 * The calls are made as bare system calls: nothing between here and the kernel, and the same in a
 * program with a sanitizer.
 *
 * May not know: Weir. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* OUT and IN leave standard error out, which is LOG. */
enum op {
    OP_OUT = 1,
    OP_IN = 2,
    OP_CONNECT = 4,
    OP_ACCEPT = 8,
    OP_SOCKET = 16,
    OP_OPEN = 32,
    OP_SYNC = 64,
    OP_NAME = 128,
    OP_LOG = 256
};
enum when { BEFORE, AFTER };

/* As shims.py packs it. */
struct trap {
    uint32_t armed;  /* how many calls that fit are still to come; with the last one it springs */
    uint32_t ops;    /* which calls */
    uint32_t when;   /* before the call is made, or after it went well */
    int32_t deed;    /* a signal for this process; negative: an errno with which the call fails */
    uint32_t often;  /* how many calls in a row fail so; others happen once */
    uint32_t text_n; /* 0: whatever is said */
    uint32_t sprung; /* how often */
    uint32_t pid;    /* to whom last */
    char role[32];   /* the beginning of the process's role; empty: whoever */
    char text[216];  /* what must be in the bytes that are sent or came, or in the file's name */
};

enum { LOG_FD = 2, ROLE_SIZE = 64 };

int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags);
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags);
void *memmem(const void *in, size_t in_n, const void *what, size_t n);

static struct trap *trap;
static char role[ROLE_SIZE];

/* --- who we are --------------------------------------------------------------------------------
 */

static const char *word(const char *words, size_t n, const char *wanted)
{
    for (const char *w = words; w < words + n; w += strlen(w) + 1)
        if (strcmp(w, wanted) == 0 && w + strlen(w) + 1 < words + n)
            return w + strlen(w) + 1;
    return NULL;
}

/* `courier-0` of a role; the verb of a Weir without one; the name of another program. */
static void learn_role(void)
{
    static char words[4096];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY, 0);
    ssize_t n = fd < 0 ? 0 : syscall(SYS_read, fd, words, sizeof words - 1);
    if (fd >= 0)
        syscall(SYS_close, fd);
    if (n <= 0)
        return;
    const char *name = word(words, (size_t)n, "--role"), *slot = word(words, (size_t)n, "--slot");
    const char *second = words + strlen(words) + 1, *slash = strrchr(words, '/');
    bool verb = second < words + n && *second != '-';
    if (name && slot)
        snprintf(role, sizeof role, "%s-%s", name, slot);
    else
        snprintf(role, sizeof role, "%s", verb ? second : slash ? slash + 1 : words);
}

__attribute__((constructor)) static void trap_init(void)
{
    const char *path = getenv("TRAP_FILE");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof *trap, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    learn_role();
    if (page != MAP_FAILED)
        trap = page;
}

/* --- the trap ----------------------------------------------------------------------------------
 */

/* One of those that are to come; true for the last. */
static bool count_down(void)
{
    uint32_t left = __atomic_load_n(&trap->armed, __ATOMIC_ACQUIRE);
    do {
        if (left == 0)
            return false;
        if (left == 1 && trap->often > 1 && __atomic_sub_fetch(&trap->often, 1, __ATOMIC_ACQ_REL))
            return true; /* and once more */
    } while (!__atomic_compare_exchange_n(&trap->armed, &left, left - 1, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return left == 1;
}

static bool fits(enum op op, enum when when, const struct iovec *v, int n)
{
    if (!trap || !__atomic_load_n(&trap->armed, __ATOMIC_ACQUIRE))
        return false;
    if (!(trap->ops & op) || trap->when != when ||
        strncmp(role, trap->role, strlen(trap->role)) != 0)
        return false;
    bool said = trap->text_n == 0;
    for (int i = 0; i < n && !said; i++)
        said = memmem(v[i].iov_base, v[i].iov_len, trap->text, trap->text_n) != NULL;
    return said && count_down();
}

/* True if the call is to fail; errno says of what. */
static bool springs(enum op op, enum when when, const struct iovec *v, int n)
{
    if (!fits(op, when, v, n))
        return false;
    int kept = errno, deed = trap->deed;
    trap->pid = (uint32_t)getpid();
    __atomic_add_fetch(&trap->sprung, 1, __ATOMIC_ACQ_REL);
    if (deed < 0) {
        errno = -deed;
        return true;
    }
    kill(getpid(), deed);
    if (deed == SIGKILL)
        pause(); /* until it has arrived */
    errno = kept;
    return false;
}

/* What tells a process of its own signals and threads cannot fail: only connections do. */
static bool may_fail(int fd, enum op op)
{
    struct sockaddr_storage to;
    socklen_t n = sizeof to;
    if (!trap || trap->deed >= 0 || op == OP_LOG)
        return true;
    return syscall(SYS_getpeername, fd, &to, &n) == 0;
}

/* --- what is sent ------------------------------------------------------------------------------
 */

static ssize_t out(int fd, const struct iovec *v, int n, ssize_t (*call)(int, const void *),
                   const void *arg)
{
    enum op op = fd == LOG_FD ? OP_LOG : OP_OUT;
    bool watched = fd >= LOG_FD && may_fail(fd, op);
    if (watched && springs(op, BEFORE, v, n))
        return -1;
    ssize_t done = call(fd, arg);
    if (watched && done >= 0)
        springs(op, AFTER, v, n);
    return done;
}

struct bytes_call {
    const void *p;
    size_t n;
    int flags;
};

static ssize_t call_write(int fd, const void *arg)
{
    const struct bytes_call *c = arg;
    return syscall(SYS_write, fd, c->p, c->n);
}

static ssize_t call_send(int fd, const void *arg)
{
    const struct bytes_call *c = arg;
    return syscall(SYS_sendto, fd, c->p, c->n, c->flags, NULL, 0);
}

static ssize_t call_writev(int fd, const void *arg)
{
    const struct bytes_call *c = arg;
    return syscall(SYS_writev, fd, c->p, c->n);
}

static ssize_t call_sendmsg(int fd, const void *arg)
{
    const struct bytes_call *c = arg;
    return syscall(SYS_sendmsg, fd, c->p, c->flags);
}

static struct iovec one(const void *p, size_t n)
{
    union {
        const void *given;
        void *wanted;
    } pointer = {.given = p};
    return (struct iovec){.iov_base = pointer.wanted, .iov_len = n};
}

ssize_t write(int fd, const void *p, size_t n)
{
    struct iovec v = one(p, n);
    return out(fd, &v, 1, call_write, &(struct bytes_call){p, n, 0});
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    struct iovec v = one(p, n);
    return out(fd, &v, 1, call_send, &(struct bytes_call){p, n, flags});
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return out(fd, v, n, call_writev, &(struct bytes_call){v, (size_t)n, 0});
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    return out(fd, m->msg_iov, (int)m->msg_iovlen, call_sendmsg, &(struct bytes_call){m, 0, flags});
}

/* --- what comes --------------------------------------------------------------------------------
 */

static ssize_t came(int fd, const struct iovec *v, int n, ssize_t got)
{
    if (fd <= LOG_FD || got <= 0)
        return got;
    struct iovec seen[8];
    size_t left = (size_t)got;
    int seen_n = 0;
    for (; seen_n < n && seen_n < 8 && left; seen_n++) {
        seen[seen_n] = v[seen_n];
        seen[seen_n].iov_len = v[seen_n].iov_len < left ? v[seen_n].iov_len : left;
        left -= seen[seen_n].iov_len;
    }
    springs(OP_IN, AFTER, seen, seen_n);
    return got;
}

ssize_t read(int fd, void *p, size_t n)
{
    struct iovec v = {p, n};
    if (may_fail(fd, OP_IN) && springs(OP_IN, BEFORE, NULL, 0))
        return -1;
    return came(fd, &v, 1, syscall(SYS_read, fd, p, n));
}

ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
    return read(fd, p, n < room ? n : room);
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
    struct iovec v = {p, n};
    if (may_fail(fd, OP_IN) && springs(OP_IN, BEFORE, NULL, 0))
        return -1;
    return came(fd, &v, 1, syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL));
}

ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags)
{
    return recv(fd, p, n < room ? n : room, flags);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
    if (may_fail(fd, OP_IN) && springs(OP_IN, BEFORE, NULL, 0))
        return -1;
    return came(fd, v, n, syscall(SYS_readv, fd, v, n));
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    if (may_fail(fd, OP_IN) && springs(OP_IN, BEFORE, NULL, 0))
        return -1;
    return came(fd, m->msg_iov, (int)m->msg_iovlen, syscall(SYS_recvmsg, fd, m, flags));
}

/* --- sockets -----------------------------------------------------------------------------------
 */

int socket(int family, int kind, int protocol)
{
    return springs(OP_SOCKET, BEFORE, NULL, 0) ? -1
                                               : (int)syscall(SYS_socket, family, kind, protocol);
}

/* Only over a network: Redis may live on a Unix socket, and is not meant. */
int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    bool far = to->sa_family == AF_INET || to->sa_family == AF_INET6;
    if (far && springs(OP_CONNECT, BEFORE, NULL, 0))
        return -1;
    int done = (int)syscall(SYS_connect, fd, to, n);
    if (far && (done == 0 || errno == EINPROGRESS))
        springs(OP_CONNECT, AFTER, NULL, 0);
    return done;
}

int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
    if (springs(OP_ACCEPT, BEFORE, NULL, 0))
        return -1;
    int done = (int)syscall(SYS_accept4, fd, from, n, flags);
    if (done >= 0)
        springs(OP_ACCEPT, AFTER, NULL, 0);
    return done;
}

int accept(int fd, struct sockaddr *from, socklen_t *n)
{
    return accept4(fd, from, n, 0);
}

/* --- files -------------------------------------------------------------------------------------
 */

static int open_at(const char *path, int flags, mode_t mode)
{
    struct iovec v = one(path, strlen(path));
    if (springs(OP_OPEN, BEFORE, &v, 1))
        return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0)
        springs(OP_OPEN, AFTER, &v, 1);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_at(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_at(path, flags, mode);
}

static int synced(int fd, long number)
{
    if (springs(OP_SYNC, BEFORE, NULL, 0))
        return -1;
    int done = (int)syscall(number, fd);
    if (done == 0)
        springs(OP_SYNC, AFTER, NULL, 0);
    return done;
}

int fsync(int fd)
{
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, SYS_fdatasync);
}

/* A name that comes, goes or changes. */
static int named(const char *path, int (*call)(const char *, const char *), const char *other)
{
    struct iovec v = one(path, strlen(path));
    if (springs(OP_NAME, BEFORE, &v, 1))
        return -1;
    int done = call(path, other);
    if (done == 0)
        springs(OP_NAME, AFTER, &v, 1);
    return done;
}

static int call_link(const char *from, const char *to)
{
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int call_rename(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int call_unlink(const char *path, const char *none)
{
    (void)none;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int link(const char *from, const char *to)
{
    return named(from, call_link, to);
}

int rename(const char *from, const char *to)
{
    return named(from, call_rename, to);
}

int unlink(const char *path)
{
    return named(path, call_unlink, NULL);
}
