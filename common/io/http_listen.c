/* http_listen: opens what the server listens on.
 *
 * A socket file that is left over from a crash is taken away; one that somebody listens on, or a
 * file of another kind, never is. The file is born with mode 0600: there is no moment at which
 * others could connect.
 *
 * May not know: HTTP. */
#include "common/io/http_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io/http_server.h"
#include "common/pure/net.h"

enum { BACKLOG = 1024 };

struct http_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    char *path; /* of the socket file; NULL for TCP */
    dev_t dev;  /* which file it is */
    ino_t ino;
    uint16_t port;
};

static void on_closed(uv_handle_t *handle)
{
    struct http_listener *l = (struct http_listener *)handle;
    free(l->path);
    free(l);
}

static enum err fail(struct bytes *why, const char *address, const char *reason)
{
    bytes_addf(why, "%s: %s", address, reason);
    return ERR_FILE;
}

/* --- TCP -----------------------------------------------------------------------------------------
 */

static uint16_t port_of(const struct sockaddr_storage *sa)
{
    return ntohs(sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port
                                           : ((const struct sockaddr_in *)sa)->sin_port);
}

/* By hand: libuv knows the option from 1.49 on, and makes the socket when it binds. Given a socket,
 * it binds that. */
static int share_address(uv_tcp_t *tcp, int family)
{
    int yes = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int rc = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0 ? uv_tcp_open(tcp, fd)
                                                                             : -errno;
    if (rc != 0)
        close(fd);
    return rc;
}

static enum err bind_tcp(struct http_listener *l, const char *address, bool shared,
                         struct bytes *why)
{
    struct sockaddr_storage sa = {0};
    if (!net_listen_read(span_of(address), &sa))
        return fail(why, address, "not an address to listen on");
    int rc = shared ? share_address(&l->uv.tcp, sa.ss_family) : 0;
    if (rc == 0)
        rc = uv_tcp_bind(&l->uv.tcp, (const struct sockaddr *)&sa, 0);
    return rc == 0 ? ERR_OK : fail(why, address, uv_strerror(rc));
}

enum err http_address_free(const char *address, struct bytes *why)
{
    struct sockaddr_storage sa = {0};
    int yes = 1;
    if (!net_listen_read(span_of(address), &sa))
        return fail(why, address, "not an address to listen on");
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Connections that are long over don't count. Without the option to share, a bind is refused
     * whatever the others said. */
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 bind(fd, (const struct sockaddr *)&sa, sizeof sa) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return bound ? ERR_OK : fail(why, address, uv_strerror(-error));
}

static void learn_port(struct http_listener *l)
{
    struct sockaddr_storage sa = {0};
    int n = sizeof sa;
    if (uv_tcp_getsockname(&l->uv.tcp, (struct sockaddr *)&sa, &n) == 0)
        l->port = port_of(&sa);
}

/* --- Unix sockets --------------------------------------------------------------------------------
 */

static bool somebody_listens(const struct sockaddr_un *sa)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    /* A full backlog answers EAGAIN: somebody is there too. */
    bool refused =
        connect(fd, (const struct sockaddr *)sa, sizeof *sa) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

/* Makes way for a socket file; the reason why not, or NULL. */
static const char *clear_path(const struct sockaddr_un *sa)
{
    struct stat st;
    if (lstat(sa->sun_path, &st) != 0)
        return errno == ENOENT ? NULL : strerror(errno);
    if (!S_ISSOCK(st.st_mode))
        return "there is a file of another kind";
    if (somebody_listens(sa))
        return "somebody listens there already";
    return unlink(sa->sun_path) == 0 || errno == ENOENT ? NULL : strerror(errno);
}

static int bind_private(int fd, const struct sockaddr_un *sa)
{
    mode_t before = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)sa, sizeof *sa);
    int error = rc == 0 ? 0 : errno;
    umask(before);
    return error;
}

static enum err bind_unix(struct http_listener *l, const char *path, struct bytes *why)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct stat st;
    if (path[0] == '\0' || !span_copy(span_of(path), sa.sun_path, sizeof sa.sun_path)) {
        bytes_addf(why, "unix:%s: a socket's path has 1 to %zu bytes", path,
                   sizeof sa.sun_path - 1);
        return ERR_FILE;
    }
    const char *reason = clear_path(&sa);
    if (reason)
        return fail(why, path, reason);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(why, path, strerror(errno));
    int error = bind_private(fd, &sa);
    if (error == 0 && lstat(path, &st) == 0) {
        l->path = mem_copy(span_of(path));
        l->dev = st.st_dev;
        l->ino = st.st_ino;
        error = -uv_pipe_open(&l->uv.pipe, fd);
    }
    if (!l->path || error != 0) {
        close(fd);
        return fail(why, path, strerror(error ? error : ENOENT));
    }
    return ERR_OK;
}

/* Only the file that is ours: a successor may have put its own there. */
static void remove_file(const struct http_listener *l)
{
    struct stat st;
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        unlink(l->path);
}

/* --- both ----------------------------------------------------------------------------------------
 */

enum err http_listen(struct loop *loop, const char *address, bool shared, uv_connection_cb cb,
                     void *arg, struct bytes *why, struct http_listener **ret)
{
    struct http_listener *l = mem_new(sizeof *l);
    bool local = strncmp(address, "unix:", 5) == 0;
    uv_loop_t *uv = loop_uv(loop);
    if ((local ? uv_pipe_init(uv, &l->uv.pipe, 0) : uv_tcp_init(uv, &l->uv.tcp)) != 0)
        abort();
    l->uv.handle.data = arg;
    enum err e = local ? bind_unix(l, address + 5, why) : bind_tcp(l, address, shared, why);
    if (e == ERR_OK) {
        int rc = uv_listen(&l->uv.stream, BACKLOG, cb);
        if (rc != 0)
            e = fail(why, address, uv_strerror(rc));
    }
    if (e != ERR_OK) {
        http_listener_free(&l);
        return e;
    }
    if (!local)
        learn_port(l);
    *ret = l;
    return ERR_OK;
}

uv_stream_t *http_listener_stream(struct http_listener *listener)
{
    return &listener->uv.stream;
}

bool http_listener_is_local(const struct http_listener *listener)
{
    return listener->path != NULL;
}

uint16_t http_listener_port(const struct http_listener *listener)
{
    return listener->port;
}

void http_listener_free(struct http_listener **listener)
{
    struct http_listener *l = *listener;
    *listener = NULL;
    if (!l)
        return;
    remove_file(l);
    uv_close(&l->uv.handle, on_closed);
}
