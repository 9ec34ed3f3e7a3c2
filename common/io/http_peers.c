/* http_peers: a hash table of addresses. It needs no limit of its own: every entry has a
 * connection, and those are limited.
 *
 * May not know: what a connection is for. */
#include "common/io/http_peers.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/pure/bytes.h"

/* Its own would exit() without a word. */
#undef uthash_fatal
#define uthash_fatal(why) mem_none()

struct http_peer {
    unsigned char key[16];
    int64_t n;
    UT_hash_handle hh;
};

/* IPv6 hosts have a /64 to choose from, so that is what counts as one address. */
static void make_key(const struct sockaddr_storage *sa, unsigned char key[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memset(key, 0, 16);
    if (sa->ss_family == AF_INET) {
        memcpy(key, mapped, 12);
        memcpy(key + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
        return;
    }
    const unsigned char *a = ((const struct sockaddr_in6 *)sa)->sin6_addr.s6_addr;
    memcpy(key, a, memcmp(a, mapped, 12) == 0 ? 16 : 8);
}

/* NOLINTNEXTLINE(readability-function-size): uthash's macros nest deeper than our limit */
struct http_peer *http_peers_join(struct http_peers *peers, const struct sockaddr_storage *sa,
                                  int64_t max)
{
    unsigned char key[16];
    struct http_peer *p = NULL;
    make_key(sa, key);
    HASH_FIND(hh, peers->table, key, sizeof key, p);
    if (p ? p->n >= max : max < 1)
        return NULL;
    if (!p) {
        p = mem_new(sizeof *p);
        memcpy(p->key, key, sizeof key);
        HASH_ADD(hh, peers->table, key, sizeof p->key, p);
    }
    p->n++;
    return p;
}

/* NOLINTNEXTLINE(readability-function-size): the same */
void http_peers_leave(struct http_peers *peers, struct http_peer **peer)
{
    struct http_peer *p = *peer;
    *peer = NULL;
    if (!p || --p->n > 0)
        return;
    HASH_DEL(peers->table, p);
    free(p);
}

bool http_peers_local(const uv_handle_t *connection, char *ret_name, int64_t *ret_user)
{
    struct ucred cred;
    socklen_t n = sizeof cred;
    uv_os_fd_t fd;
    bool said =
        uv_fileno(connection, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0;
    memcpy(ret_name, "unix", sizeof "unix");
    *ret_user = said ? (int64_t)cred.uid : -1;
    return true;
}
