/* channel: one end of a pair of sockets that keep messages apart, watched by the loop.
 *
 * The record owns the descriptor, and dies in the close callback of its handle. A message that has
 * come is read at once, one a turn; what is not read waits in the kernel.
 *
 * May not know: what the messages mean. */
#include "common/io/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/loop_uv.h"
#include "common/pure/bytes.h"

struct channel {
    uv_poll_t uv;
    int fd;
    channel_told told;
    void *arg;
    char text[CHANNEL_TEXT_MAX];
};

/* Room for one descriptor beside a message. */
union beside {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

enum err channel_pair(int ret[2])
{
    int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    return socketpair(AF_UNIX, type, 0, ret) == 0 ? ERR_OK : ERR_FILE;
}

static int descriptor_in(struct msghdr *message)
{
    int fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static void on_readable(uv_poll_t *uv, int status, int events)
{
    struct channel *c = uv->data;
    union beside beside;
    struct iovec text = {c->text, sizeof c->text};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = beside.room,
                             .msg_controllen = sizeof beside.room};
    (void)status; /* trouble shows in the reading */
    (void)events;
    ssize_t n = recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        uv_poll_stop(&c->uv);
        c->told(c->arg, SPAN_NONE, -1);
        return;
    }
    c->told(c->arg, (struct span){c->text, (size_t)n}, descriptor_in(&message));
}

struct channel *channel_new(struct loop *loop, int fd, channel_told told, void *arg)
{
    struct channel *c = mem_new(sizeof *c);
    c->fd = fd;
    c->told = told;
    c->arg = arg;
    c->uv.data = c;
    if (uv_poll_init(loop_uv(loop), &c->uv, fd) != 0 ||
        uv_poll_start(&c->uv, UV_READABLE, on_readable) != 0)
        abort(); /* a descriptor that is none of ours */
    return c;
}

bool channel_tell(struct channel *channel, struct span text, int fd)
{
    union beside beside = {0};
    if (text.n > CHANNEL_TEXT_MAX)
        text.n = CHANNEL_TEXT_MAX;
    char *start;
    memcpy(&start, &text.p, sizeof start); /* it is only read; iovec is older than const */
    struct iovec vector = {start, text.n};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = beside.room;
        message.msg_controllen = sizeof beside.room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)text.n;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void channel_free(struct channel **channel)
{
    struct channel *c = *channel;
    *channel = NULL;
    if (!c)
        return;
    uv_close((uv_handle_t *)&c->uv, on_closed);
    close(c->fd);
}
