/* site: a small HTTP server for tests, on a thread of its own for each connection, that does to its
 * clients what the path says. Raw sockets, and no code of ours: it must be able to be wrong. */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SITE_CONNECTIONS = 128, SITE_REQUEST_MAX = 4 << 20 };

struct site;

struct site_connection {
    struct site *site;
    int fd;
    int requests;
    pthread_t thread;
};

struct site {
    int listener;
    int port;
    char path[100]; /* of a Unix socket */
    pthread_t thread;
    atomic_int connections, requests;
    atomic_bool stop;
    struct site_connection all[SITE_CONNECTIONS];
};

static bool site_send(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool site_say(int fd, const char *text)
{
    return site_send(fd, text, strlen(text));
}

static bool site_answer(int fd, const char *fields, const char *body, size_t n)
{
    char head[2000];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", fields, n);
    return site_say(fd, head) && site_send(fd, body, n);
}

/* A connection that was kept open is gone: what was asked over it is answered with a reset. */
static bool site_reset(int fd)
{
    struct linger now = {.l_onoff = 1};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    dup2(nothing, fd); /* closes the socket; the number stays ours until site_stop() */
    close(nothing);
    return false;
}

/* Ends when the client has had enough. */
static bool site_for_ever(const struct site_connection *c, const char *first, const char *then,
                          int pause_ms)
{
    bool ok = site_say(c->fd, first);
    while (ok && !c->site->stop) {
        ok = site_say(c->fd, then);
        if (pause_ms)
            usleep((unsigned)pause_ms * 1000);
    }
    return false;
}

static bool site_long_headers(int fd, size_t lines, size_t each)
{
    char *line = calloc(1, each + 1);
    bool ok = site_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
    memset(line, 'a', each);
    memcpy(line, "X-a: ", 5);
    line[each - 2] = '\r';
    line[each - 1] = '\n';
    for (size_t i = 0; ok && i < lines; i++)
        ok = site_send(fd, line, each);
    free(line);
    return ok && site_say(fd, "\r\nok");
}

#define SITE_CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* What is said as it stands, and whether the connection is kept. */
static const struct {
    const char *path, *text;
    bool keep;
} site_texts[] = {
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", true},
    {"/later",
     "HTTP/1.1 503 Busy\r\nRetry-After:  120 \r\nContent-Type: text/plain\r\n"
     "Content-Type: text/html\r\nContent-Length: 4\r\n\r\nbusy",
     true},
    {"/early",
     "HTTP/1.1 103 Early\r\nLocation: /wrong\r\nRetry-After: 1\r\n\r\n"
     "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n",
     true},
    {"/trailers", SITE_CHUNKED "2\r\nok\r\n0\r\nLocation: /wrong\r\nRetry-After: 1\r\n\r\n", true},
    {"/only-interim", "HTTP/1.1 103 Early\r\n\r\n", false},
    {"/switches",
     "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nframes",
     false},
    {"/bad-chunk", SITE_CHUNKED "zz\r\nok", false},
    {"/nothing", "", false},
    {"/half-header", "HTTP/1.1 200 OK\r\nContent-Le", false},
    {"/half-body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false},
    {"/old", "this is HTTP/0.9\n", false},
    {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false},
    {"/four-digits", "HTTP/1.1 2020 OK\r\n\r\n", false},
    {"/two-digits", "HTTP/1.1 20 OK\r\n\r\n", false},
    {"/binary", "\x16\x03\x01\x02\x01", false},
    {"/http10", "HTTP/1.0 200 OK\r\n\r\nto the end", false},
    {"/gzip",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08zz", true},
    {"/drop", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
};

static bool site_serve(struct site_connection *c, const char *path, const char *request, size_t n)
{
    for (size_t i = 0; i < sizeof site_texts / sizeof site_texts[0]; i++)
        if (strcmp(path, site_texts[i].path) == 0)
            return site_say(c->fd, site_texts[i].text) && site_texts[i].keep;
    if (strcmp(path, "/reset-if-kept") == 0 && c->requests > 1)
        return site_reset(c->fd);
    if (strncmp(path, "/echo", 5) == 0)
        return site_answer(c->fd, "", request, n);
    if (strcmp(path, "/silent") == 0)
        return site_for_ever(c, "", "", 20);
    if (strcmp(path, "/drip") == 0)
        return site_for_ever(c, "HTTP/1.1 202 OK\r\nContent-Length: 100000\r\n\r\n", "x", 50);
    if (strcmp(path, "/drip-header") == 0)
        return site_for_ever(c, "HTTP/1.1 202 OK\r\n", "X: y\r\n", 50);
    if (strcmp(path, "/endless") == 0)
        return site_for_ever(c, "HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef", 0);
    if (strcmp(path, "/endless-chunks") == 0)
        return site_for_ever(c, SITE_CHUNKED, "10\r\n0123456789abcdef\r\n", 0);
    if (strcmp(path, "/endless-interim") == 0)
        return site_for_ever(c, "", "HTTP/1.1 103 Early\r\nX-a: 0123456789\r\n\r\n", 0);
    if (strcmp(path, "/many-headers") == 0)
        return site_long_headers(c->fd, 700, 100);
    if (strcmp(path, "/some-headers") == 0)
        return site_long_headers(c->fd, 600, 100);
    if (strcmp(path, "/long-header") == 0)
        return site_long_headers(c->fd, 1, 70 << 10);
    if (strcmp(path, "/longest-header") == 0)
        return site_long_headers(c->fd, 1, 1 << 20);
    return site_answer(c->fd, "Content-Type: text/plain\r\n", "hello", 5);
}

/* Reads one whole request; its length, 0 at the end. */
static size_t site_read(int fd, char *buffer)
{
    size_t n = 0, want = 0;
    while (want == 0 || n < want) {
        ssize_t got = recv(fd, buffer + n, SITE_REQUEST_MAX - n, 0);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        buffer[n] = '\0';
        if (buffer[0] == 0x16) { /* TLS, which is not spoken here */
            site_say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
            return 0;
        }
        const char *end = want ? NULL : strstr(buffer, "\r\n\r\n");
        const char *length = end ? strcasestr(buffer, "\r\nContent-Length:") : NULL;
        if (end)
            want = (size_t)(end + 4 - buffer) +
                   (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    return n;
}

static void *site_connection(void *arg)
{
    struct site_connection *c = arg;
    char *request = calloc(1, SITE_REQUEST_MAX + 1);
    size_t n;
    bool keep = true;
    while (keep && (n = site_read(c->fd, request)) > 0) {
        char path[100] = "";
        const char *from = strchr(request, ' ');
        size_t len = from ? strcspn(from + 1, " ?") : 0;
        c->site->requests++;
        c->requests++;
        if (len < sizeof path) {
            memcpy(path, from + 1, len);
            path[len] = '\0';
        }
        keep = site_serve(c, path, request, n);
    }
    free(request);
    shutdown(c->fd, SHUT_RDWR);
    return NULL;
}

static void *site_main(void *arg)
{
    struct site *site = arg;
    int fd;
    while ((fd = accept(site->listener, NULL, NULL)) >= 0) {
        int i = site->connections;
        if (i >= SITE_CONNECTIONS)
            abort();
        site->all[i] = (struct site_connection){.site = site, .fd = fd};
        if (pthread_create(&site->all[i].thread, NULL, site_connection, &site->all[i]) != 0)
            abort();
        site->connections++;
    }
    return NULL;
}

/* On a free port of the loopback, or on a Unix socket where there is a path. */
static void site_start(struct site *site, const char *path)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof in;
    int on = 1;
    memset(site, 0, sizeof *site);
    snprintf(site->path, sizeof site->path, "%s", path ? path : "");
    snprintf(un.sun_path, sizeof un.sun_path, "%s", site->path);
    site->listener = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(site->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(site->listener, path ? (struct sockaddr *)&un : (struct sockaddr *)&in,
             path ? sizeof un : len) != 0 ||
        listen(site->listener, 128) != 0)
        abort();
    if (!path && getsockname(site->listener, (struct sockaddr *)&in, &len) == 0)
        site->port = ntohs(in.sin_port);
    if (pthread_create(&site->thread, NULL, site_main, site) != 0)
        abort();
}

static void site_stop(struct site *site)
{
    site->stop = true;
    shutdown(site->listener, SHUT_RDWR);
    pthread_join(site->thread, NULL);
    for (int i = 0; i < site->connections; i++) {
        shutdown(site->all[i].fd, SHUT_RDWR);
        pthread_join(site->all[i].thread, NULL);
        close(site->all[i].fd);
    }
    close(site->listener);
    if (site->path[0])
        unlink(site->path);
}
