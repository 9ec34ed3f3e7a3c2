/* served: what each test of the HTTP server's bounds ends with: somebody else is served, and no
 * descriptor is left behind. */
#pragma once

#include <dirent.h>

#include "tests/unit/io/raw_http.h"

#define GOOD "GET /good HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: "

/* Somebody else is served, whatever was done to the server before. */
static inline void check_alive(struct bench *b)
{
    struct client *c = client_open(b, CLIENTS - 1);
    bytes_add_str(&c->out, GOOD);
    struct client first = b->clients[0];
    b->clients[0] = *c;
    assert_true(wait_until(b, first_answered, WAIT_MS));
    assert_int_equal(status_of(&b->clients[0]), 200);
    *c = b->clients[0];
    b->clients[0] = first;
    client_close(b, CLIENTS - 1);
}

static inline size_t descriptors(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* The set-up and the end of a group: no descriptor is left behind. */
static inline int before_all(void **state)
{
    static size_t open_before;
    struct loop *loop = loop_new(); /* libuv keeps a pipe of the process from its first loop on */
    loop_free(&loop);
    open_before = descriptors();
    *state = &open_before;
    return 0;
}

static inline int after_all(void **state)
{
    return descriptors() == *(size_t *)*state ? 0 : -1;
}
