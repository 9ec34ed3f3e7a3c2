/* sink_conn: reads once each time there is something to read; the loop says when. An answer that
 * the socket does not take at once ends the connection: ours are far smaller than its buffer.
 * May not know: what is answered, other connections. */
#include "tests/bench/sink_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = 2 * 1024 * 1024, OUT_MAX = 64 * 1024, READ_SIZE = 64 * 1024 };

struct conn {
    int fd;
    unsigned host;
    struct bytes in; /* the start of a request that is not whole yet */
    struct bytes out;
};

struct conn *conn_new(int fd, unsigned host)
{
    struct conn *c = mem_new(sizeof(*c));
    c->fd = fd;
    c->host = host;
    bytes_init(&c->in, IN_MAX);
    bytes_init(&c->out, OUT_MAX);
    return c;
}

void conn_free(struct conn **conn)
{
    struct conn *c = *conn;
    *conn = NULL;
    close(c->fd);
    bytes_fini(&c->in);
    bytes_fini(&c->out);
    free(c);
}

/* Every whole request in `have`; *ret_used are their bytes. False: what came is none. */
static bool answer_all(struct conn *c, struct span have, conn_answer answer, void *arg,
                       size_t *ret_used)
{
    enum request_found found;
    *ret_used = 0;
    do {
        struct request request;
        struct span rest = {have.p + *ret_used, have.n - *ret_used};
        size_t n;
        found = request_read(rest, &request, &n);
        if (found == REQUEST_WHOLE) {
            answer(arg, c->host, &request, &c->out);
            *ret_used += n;
        }
    } while (found == REQUEST_WHOLE);
    return found == REQUEST_PART && !c->out.over;
}

static bool send_out(struct conn *c)
{
    struct span out = bytes_span(&c->out);
    bool ok = !out.n || send(c->fd, out.p, out.n, MSG_NOSIGNAL) == (ssize_t)out.n;
    bytes_clear(&c->out);
    return ok;
}

bool conn_ready(struct conn *c, conn_answer answer, void *arg)
{
    static char buffer[READ_SIZE];
    size_t used;
    ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    struct span have = {buffer, (size_t)n};
    if (c->in.n) {
        if (!bytes_add(&c->in, have))
            return false;
        have = bytes_span(&c->in);
    }
    if (!answer_all(c, have, answer, arg, &used) || !send_out(c))
        return false;
    if (c->in.n)
        bytes_shift(&c->in, used);
    else
        bytes_add(&c->in, (struct span){have.p + used, have.n - used});
    return true;
}
