/* http_held: one number, and who still counts on it.
 * May not know: what is held. */
#include "common/io/http_held.h"

#include <stdlib.h>

#include "common/pure/bytes.h"

struct http_held {
    size_t bytes, users;
};

struct http_held *http_held_new(void)
{
    struct http_held *held = mem_new(sizeof *held);
    held->users = 1;
    return held;
}

struct http_held *http_held_ref(struct http_held *held)
{
    held->users++;
    return held;
}

void http_held_unref(struct http_held **held)
{
    if (--(*held)->users == 0)
        free(*held);
    *held = NULL;
}

bool http_held_room(const struct http_held *held, uint64_t n, int64_t most)
{
    return most == 0 || (n <= (uint64_t)most && held->bytes <= (uint64_t)most - n);
}

bool http_held_count(struct http_held *held, size_t n, size_t *count, int64_t most)
{
    held->bytes += n - *count;
    *count = n;
    return http_held_room(held, 0, most);
}
