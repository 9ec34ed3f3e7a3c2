/* http_watch: one uv_poll for each socket, in a table by descriptor.
 *
 * A watch: wanted -> quiet (nobody waits for it, the system still looks) -> wanted. What happens to
 * a quiet socket is its end, mostly: its watch goes, and libcurl finds out when it next wants to
 * use the connection.
 *
 * May not know: requests, connections. */
#include "common/io/http_watch.h"

#include <stdlib.h>

#include "common/io/loop_uv.h"
#include "common/pure/bytes.h"

struct watch {
    uv_poll_t poll;
    struct watches *all;
    void *owner; /* who is called; NULL while quiet */
    curl_socket_t fd;
    int events;
};

struct slot {
    struct watch *watch;
    bool ours; /* its end will be told */
};

struct watches {
    struct loop *loop;
    watch_cb cb;
    struct slot *slots; /* by descriptor */
    size_t slots_n;
};

struct watches *watches_new(struct loop *loop, watch_cb cb)
{
    struct watches *all = mem_new(sizeof *all);
    all->loop = loop;
    all->cb = cb;
    return all;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void watch_end(struct slot *slot)
{
    if (slot->watch)
        uv_close((uv_handle_t *)&slot->watch->poll, on_closed);
    slot->watch = NULL;
}

void watches_free(struct watches **watches)
{
    struct watches *all = *watches;
    *watches = NULL;
    if (!all)
        return;
    for (size_t i = 0; i < all->slots_n; i++)
        watch_end(&all->slots[i]);
    free(all->slots);
    free(all);
}

static struct slot *slot_of(struct watches *all, curl_socket_t fd)
{
    size_t at = (size_t)fd, n = all->slots_n ? all->slots_n : 64;
    if (at >= all->slots_n) {
        while (n <= at)
            n *= 2;
        all->slots = mem_grow(all->slots, n * sizeof *all->slots);
        for (size_t i = all->slots_n; i < n; i++)
            all->slots[i] = (struct slot){0};
        all->slots_n = n;
    }
    return &all->slots[at];
}

/* Told of an error, libcurl gives up. Told to read, it sees what the error is; and that a
 * connection was only closed while it was kept, after which it asks once more on a new one. libuv
 * stops watching at an error. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int flags = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;
    if (!watch->owner) {
        watch_end(slot_of(watch->all, watch->fd));
        return;
    }
    if (status < 0)
        uv_poll_start(poll, watch->events, on_poll);
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    watch->all->cb(watch->owner, watch->fd, flags);
}

static struct watch *watch_new(struct watches *all, curl_socket_t fd)
{
    struct watch *watch = mem_new(sizeof *watch);
    if (uv_poll_init_socket(loop_uv(all->loop), &watch->poll, fd) != 0) {
        free(watch);
        return NULL; /* the call's deadline ends it */
    }
    watch->poll.data = watch;
    watch->all = all;
    watch->fd = fd;
    return watch;
}

void watches_opened(struct watches *all, curl_socket_t fd)
{
    struct slot *slot = slot_of(all, fd);
    watch_end(slot);
    slot->ours = true;
}

void watches_closed(struct watches *all, curl_socket_t fd)
{
    struct slot *slot = slot_of(all, fd);
    watch_end(slot);
    slot->ours = false;
}

static void look(struct watch *watch, int events)
{
    if (watch->events != events)
        uv_poll_start(&watch->poll, events, on_poll);
    watch->events = events;
}

void watches_set(struct watches *all, void *owner, curl_socket_t fd, int what)
{
    struct slot *slot = slot_of(all, fd);
    if (what != CURL_POLL_REMOVE) {
        int in = what & CURL_POLL_IN ? UV_READABLE : 0,
            out = what & CURL_POLL_OUT ? UV_WRITABLE : 0;
        if (!slot->watch)
            slot->watch = watch_new(all, fd);
        if (slot->watch) {
            slot->watch->owner = owner;
            look(slot->watch, in | out);
        }
    } else if (slot->watch && slot->ours && slot->watch->events == UV_READABLE) {
        slot->watch->owner = NULL;
    } else {
        watch_end(slot); /* what can always be written to would never be quiet */
    }
}
