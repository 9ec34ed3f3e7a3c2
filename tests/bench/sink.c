/* sink: the receivers of a benchmark. Many hosts in one thread: each has an address of its own, all
 * the same port, an actor with the same public key, and an inbox that answers 202.
 *
 *     bench_sink HOSTS MEMBER.pub.pem RELAY.pub.pem EVERY
 *
 * Host i is 127.1.x.y with x = 1 + i / 100, y = 1 + i % 100. Every EVERYth delivery is checked:
 * signature and digest. A delivery is what came first to a host; the same bytes again are a repeat.
 * The first line on standard output is the port. Then one line of JSON answers each line on
 * standard input: `stats` at once, `await N` when N deliveries have come since the start. The end
 * of standard input is the end.
 *
 * May not know: what is delivered, and why. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "common/pure/map.h"
#include "tests/bench/sink_conn.h"
#include "tests/bench/sink_referee.h"

enum {
    HOSTS_MAX = 10000,
    HOSTS_A_ROW = 100,
    PORT_TRIES = 50,
    EVENTS = 64,
    PEM_MAX = 4096,
    BACKLOG = 64,
    BODY_MAX = 4096,
};

/* What an event of the loop is for. */
struct watched {
    enum { COMMANDS, LISTENER, CONN } kind;
    unsigned host; /* of a listener */
    int fd;        /* of a listener */
    struct conn *conn;
    struct watched *prev, *next; /* connections */
};

struct sink {
    int epoll;
    unsigned hosts;
    uint16_t port;
    char member_pem[PEM_MAX]; /* its line ends written as JSON has them */
    struct referee *referee;
    uint64_t every;
    struct map *seen; /* host and hash of the body */
    struct watched *conns;
    uint64_t deliveries, repeats, checked, bad, connections, await;
    const char *why_bad; /* the last */
    int64_t last_ns;
};

static void give_up(const char *what)
{
    fprintf(stderr, "bench_sink: %s\n", what);
    exit(1);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void host_name(const struct sink *s, unsigned host, struct bytes *out)
{
    bytes_addf(out, "127.1.%u.%u:%u", 1 + host / HOSTS_A_ROW, 1 + host % HOSTS_A_ROW,
               (unsigned)s->port);
}

/* --- what is said on standard output ---------------------------------------------------------- */

static void tell(const struct sink *s)
{
    printf("{\"deliveries\": %" PRIu64 ", \"repeats\": %" PRIu64 ", \"checked\": %" PRIu64
           ", \"bad\": %" PRIu64 ", \"why_bad\": \"%s\", \"connections\": %" PRIu64
           ", \"last_ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 "}\n",
           s->deliveries, s->repeats, s->checked, s->bad, s->why_bad ? s->why_bad : "",
           s->connections, s->last_ns, now_ns(CLOCK_PROCESS_CPUTIME_ID));
    fflush(stdout);
}

static void tell_awaited(struct sink *s)
{
    if (s->await && s->deliveries >= s->await) {
        s->await = 0;
        tell(s);
    }
}

static void obey(struct sink *s, struct span line)
{
    struct span word = span_cut(&line, ' ');
    uint64_t n;
    if (span_eq_str(word, "stats")) {
        tell(s);
    } else if (span_eq_str(word, "await") && span_u64(line, UINT64_MAX, &n) && n) {
        s->await = n;
        tell_awaited(s);
    } else {
        give_up("no such command");
    }
}

/* False at the end of standard input. */
static bool read_commands(struct sink *s)
{
    static char text[1024];
    static size_t have;
    ssize_t n = read(STDIN_FILENO, text + have, sizeof(text) - have);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    have += (size_t)n;
    char *end;
    while ((end = memchr(text, '\n', have))) {
        size_t used = (size_t)(end - text) + 1;
        obey(s, (struct span){text, used - 1});
        have -= used;
        memmove(text, text + used, have);
    }
    return have < sizeof(text);
}

/* --- what is answered ------------------------------------------------------------------------- */

static void add_answer(struct bytes *out, const char *status, struct span body)
{
    bytes_addf(out, "HTTP/1.1 %s\r\nContent-Type: application/activity+json\r\n", status);
    bytes_addf(out, "Content-Length: %zu\r\n\r\n", body.n);
    bytes_add(out, body);
}

static void add_actor(const struct sink *s, struct span host, struct bytes *out)
{
    struct bytes body;
    bytes_init(&body, BODY_MAX);
    bytes_addf(&body,
               "{\"@context\":[\"https://www.w3.org/ns/activitystreams\","
               "\"https://w3id.org/security/v1\"],\"type\":\"Application\","
               "\"id\":\"http://%.*s/actor\",\"inbox\":\"http://%.*s/inbox\","
               "\"preferredUsername\":\"bench\",",
               SPAN_ARG(host), SPAN_ARG(host));
    bytes_addf(&body,
               "\"publicKey\":{\"id\":\"http://%.*s/actor#main-key\","
               "\"owner\":\"http://%.*s/actor\",\"publicKeyPem\":\"%s\"}}",
               SPAN_ARG(host), SPAN_ARG(host), s->member_pem);
    if (body.over)
        give_up("the actor document is too long");
    add_answer(out, "200 OK", bytes_span(&body));
    bytes_fini(&body);
}

/* FNV-1a in 64 bits: bodies are not chosen to collide here. */
static uint64_t hash_of(struct span s)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (uint8_t)s.p[i]) * 1099511628211U;
    return hash;
}

static void count(struct sink *s, unsigned host, struct span name, const struct request *request)
{
    struct {
        uint64_t body, host;
    } key = {hash_of(request->body), host};
    struct span k = {(const char *)&key, sizeof(key)};
    if (map_get(s->seen, k)) {
        s->repeats++;
        return;
    }
    map_put(s->seen, k, s);
    if (++s->deliveries % s->every == 0) {
        const char *wrong = referee_check(s->referee, request, name);
        s->checked++;
        if (wrong) {
            s->bad++;
            s->why_bad = wrong;
        }
    }
}

static void on_request(void *arg, unsigned host, const struct request *request, struct bytes *out)
{
    struct sink *s = arg;
    struct bytes name;
    bytes_init(&name, 64);
    host_name(s, host, &name);
    if (span_eq_str(request->method, "POST") && span_eq_str(request->target, "/inbox")) {
        count(s, host, bytes_span(&name), request);
        bytes_add(out, SPAN("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"));
    } else if (span_eq_str(request->method, "GET") && span_eq_str(request->target, "/actor")) {
        add_actor(s, bytes_span(&name), out);
    } else {
        add_answer(out, "404 Not Found", SPAN("{}"));
    }
    bytes_fini(&name);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void watch(const struct sink *s, int fd, struct watched *watched)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        give_up("epoll");
}

static void accept_one(struct sink *s, const struct watched *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct watched *w = mem_new(sizeof(*w));
    w->kind = CONN;
    w->conn = conn_new(fd, listener->host);
    DL_APPEND(s->conns, w);
    s->connections++;
    watch(s, fd, w);
}

static void end_conn(struct sink *s, struct watched *w)
{
    DL_DELETE(s->conns, w);
    conn_free(&w->conn);
    free(w);
}

static void handle_conn(struct sink *s, struct watched *w)
{
    uint64_t before = s->deliveries;
    if (!conn_ready(w->conn, on_request, s))
        end_conn(s, w);
    if (s->deliveries != before)
        s->last_ns = now_ns(CLOCK_MONOTONIC);
    tell_awaited(s);
}

static void run(struct sink *s)
{
    struct watched commands = {.kind = COMMANDS};
    watch(s, STDIN_FILENO, &commands);
    for (bool on = true; on;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(s->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct watched *w = events[i].data.ptr;
            switch (w->kind) {
            case COMMANDS: on = read_commands(s); break;
            case LISTENER: accept_one(s, w); break;
            case CONN: handle_conn(s, w); break;
            }
        }
    }
}

/* --- the start -------------------------------------------------------------------------------- */

static int listen_at(unsigned host, uint16_t port)
{
    uint32_t address =
        127U << 24 | 1U << 16 | (1 + host / HOSTS_A_ROW) << 8 | (1 + host % HOSTS_A_ROW);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    in.sin_addr.s_addr = htonl(address);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
         bind(fd, (const struct sockaddr *)&in, sizeof(in)) != 0 || listen(fd, BACKLOG) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in in = {0};
    socklen_t n = sizeof(in);
    return getsockname(fd, (struct sockaddr *)&in, &n) == 0 ? ntohs(in.sin_port) : 0;
}

/* All hosts on the port that the first was given; false if another has it somewhere. */
static bool listen_all(struct sink *s, struct watched *listeners)
{
    unsigned n = 0;
    for (s->port = 0; n < s->hosts; n++) {
        listeners[n] = (struct watched){.kind = LISTENER, .host = n};
        listeners[n].fd = listen_at(n, s->port);
        if (listeners[n].fd < 0)
            break;
        if (n == 0)
            s->port = port_of(listeners[0].fd);
    }
    if (n == s->hosts)
        return true;
    while (n > 0)
        close(listeners[--n].fd);
    return false;
}

static void read_pem(struct sink *s, const char *path)
{
    FILE *file = fopen(path, "re");
    struct bytes out;
    int c;
    bytes_init(&out, sizeof(s->member_pem) - 1);
    while (file && (c = fgetc(file)) != EOF)
        c == '\n' ? bytes_add_str(&out, "\\n") : bytes_add_char(&out, (char)c);
    if (!file || out.over || !out.n || !span_copy(bytes_span(&out), s->member_pem, PEM_MAX))
        give_up("the members' key can't be read");
    fclose(file);
    bytes_fini(&out);
}

int main(int argc, char **argv)
{
    static struct sink s;
    uint64_t hosts = 0;
    int tries = PORT_TRIES;
    if (argc != 5 || !span_u64(span_of(argv[1]), HOSTS_MAX, &hosts) || !hosts ||
        !span_u64(span_of(argv[4]), UINT32_MAX, &s.every) || !s.every)
        give_up("usage: bench_sink HOSTS MEMBER.pub.pem RELAY.pub.pem EVERY");
    s.hosts = (unsigned)hosts;
    read_pem(&s, argv[2]);
    s.referee = referee_new(argv[3]);
    if (!s.referee)
        give_up("the relay's key can't be read");
    s.seen = map_new();
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct watched *listeners = mem_new(s.hosts * sizeof(*listeners));
    while (!listen_all(&s, listeners))
        if (--tries == 0)
            give_up("no port that is free on all addresses");
    for (unsigned i = 0; i < s.hosts; i++)
        watch(&s, listeners[i].fd, &listeners[i]);
    printf("%u\n", (unsigned)s.port);
    fflush(stdout);
    run(&s);
    while (s.conns)
        end_conn(&s, s.conns);
    for (unsigned i = 0; i < s.hosts; i++)
        close(listeners[i].fd);
    map_free(&s.seen);
    referee_free(&s.referee);
    free(listeners);
    return 0;
}
