/* lookup: getaddrinfo() on libuv's threads.
 * The request can't always be taken back: who cancels is forgotten, and the record dies when libuv
 * is through with it. May not know: what the addresses are for. */
#include "common/io/lookup.h"

#include <stdlib.h>

#include "common/io/loop_uv.h"
#include "common/pure/bytes.h"

struct lookup {
    uv_getaddrinfo_t request;
    lookup_cb cb; /* NULL once cancelled */
    void *arg;
};

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct lookup *lookup = request->data;
    if (lookup->cb)
        lookup->cb(lookup->arg, status < 0 ? NULL : list,
                   status < 0 ? uv_strerror(status) : "the name has no address");
    free(lookup);
    uv_freeaddrinfo(list);
}

struct lookup *lookup_new(struct loop *loop, const char *host, lookup_cb cb, void *arg,
                          const char **ret_why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct lookup *lookup = mem_new(sizeof(*lookup));
    lookup->cb = cb;
    lookup->arg = arg;
    lookup->request.data = lookup;
    int rc = uv_getaddrinfo(loop_uv(loop), &lookup->request, on_resolved, host, NULL, &hints);
    if (rc == 0)
        return lookup;
    free(lookup);
    *ret_why = uv_strerror(rc);
    return NULL;
}

void lookup_cancel(struct lookup **lookup)
{
    if (*lookup) {
        (*lookup)->cb = NULL;
        uv_cancel((uv_req_t *)&(*lookup)->request);
    }
    *lookup = NULL;
}
