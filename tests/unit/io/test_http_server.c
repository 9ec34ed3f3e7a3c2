/* The HTTP server against raw bytes. The names of the rows are those of ATTACKS 3.1.
 *
 * Every refused request is followed, on the same connection, by a good one that must never be
 * executed (H18), and on a new connection by a good one that must be served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/io/raw_http.h"

#define GOOD   "GET /good HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define T(s)   s, sizeof(s) - 1
#define POST   "POST /inbox HTTP/1.1\r\nHost: a.example\r\n"
#define GET    "GET / HTTP/1.1\r\nHost: a.example\r\n"
#define LENGTH POST "Content-Length: "
#define CHUNKS POST "Transfer-Encoding: chunked\r\n\r\n"

/* A \1 in the text stands for `times` copies of `fill`. */
struct row {
    const char *name;
    const char *text;
    size_t n;
    int status;
    const char *fill;
    size_t times;
};

static const struct row refused[] = {
    {"H05 request line 16 KiB", T("GET /\1 HTTP/1.1\r\nHost: a\r\n\r\n"), 414, "a", 16384},
    {"H05 request line one over", T("GET /\1 HTTP/1.1\r\nHost: a\r\n\r\n"), 414, "a", 8192 - 13},
    {"H05 method without end", T("\1"), 414, "A", 8193},
    {"H05 header block over 32 KiB", T(GET "\1\r\n"), 431, "X: 0123456789\r\n", 2200},
    {"H05 101 fields", T(GET "\1\r\n"), 431, "X: y\r\n", 100},
    {"H05 one field of 1 MiB", T(GET "X: \1\r\n\r\n"), 431, "a", 1048576},
    {"H06 Content-Length 1 MiB + 1", T(LENGTH "1048577\r\n\r\n"), 413, 0, 0},
    {"H06 chunk of 1 MiB + 1", T(CHUNKS "100001\r\n"), 413, 0, 0},
    {"H06 chunks beyond 1 MiB", T(CHUNKS "\1"), 413, "8\r\n01234567\r\n", 131073},
    {"H07 plus", T(LENGTH "+5\r\n\r\nhello"), 400, 0, 0},
    {"H07 blank behind", T(LENGTH "5 \r\n\r\nhello"), 400, 0, 0},
    {"H07 tab behind", T(LENGTH "5\t\r\n\r\nhello"), 400, 0, 0},
    {"H07 hex", T(LENGTH "0x5\r\n\r\nhello"), 400, 0, 0},
    {"H07 list", T(LENGTH "5,5\r\n\r\nhello"), 400, 0, 0},
    {"H07 list with blank", T(LENGTH "5, 5\r\n\r\nhello"), 400, 0, 0},
    {"H07 minus", T(LENGTH "-1\r\n\r\nhello"), 400, 0, 0},
    {"H07 20 digits", T(LENGTH "18446744073709551617\r\n\r\nhello"), 400, 0, 0},
    {"H07 above 2^63", T(LENGTH "9223372036854775808\r\n\r\nhello"), 400, 0, 0},
    {"H07 empty", T(LENGTH "\r\n\r\nhello"), 400, 0, 0},
    {"H07 two numbers", T(LENGTH "5 5\r\n\r\nhello"), 400, 0, 0},
    {"H08 two lengths, equal", T(LENGTH "5\r\nContent-Length: 5\r\n\r\nhello"), 400, 0, 0},
    {"H08 two lengths, different", T(LENGTH "5\r\nContent-Length: 6\r\n\r\nhello"), 400, 0, 0},
    {"H09 length, then coding", T(LENGTH "5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400,
     0, 0},
    {"H09 coding, then length",
     T(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 400, 0, 0},
    {"H10 chunked, identity", T(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), 400,
     0, 0},
    {"H10 identity, chunked", T(POST "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"), 501,
     0, 0},
    {"H10 gzip, chunked", T(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501, 0, 0},
    {"H10 xchunked", T(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501, 0, 0},
    {"H10 chunked and VT", T(POST "Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n"), 400, 0, 0},
    {"H10 twice",
     T(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, 0,
     0},
    {"H10 empty", T(POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 501, 0, 0},
    {"H10 in HTTP/1.0",
     T("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 17 hex digits", T(CHUNKS "10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 minus", T(CHUNKS "-1\r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 0x", T(CHUNKS "0x1\r\nh\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 blank before", T(CHUNKS " 5\r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 blank behind", T(CHUNKS "5 \r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 no CRLF after data", T(CHUNKS "5\r\nhello0\r\n\r\n"), 400, 0, 0},
    {"H11 LF after size", T(CHUNKS "5\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H11 LF after data", T(CHUNKS "5\r\nhello\n0\r\n\r\n"), 400, 0, 0},
    {"H11 no size", T(CHUNKS "\r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H12 extension 257 B", T(CHUNKS "5;\1\r\nhello\r\n0\r\n\r\n"), 400, "a", 257},
    {"H12 extension 1 MiB", T(CHUNKS "5;a=\1\r\nhello\r\n0\r\n\r\n"), 400, "a", 1048576},
    {"H12 small extensions without end",
     T(CHUNKS "\1"
              "0\r\n\r\n"),
     400, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 30000},
    {"H12 extension with LF", T(CHUNKS "5;a\nb\r\nhello\r\n0\r\n\r\n"), 400, 0, 0},
    {"H12 folded trailer", T(CHUNKS "0\r\nX: a\r\n b\r\n\r\n"), 400, 0, 0},
    {"H12 LF in trailer", T(CHUNKS "0\r\nX: a\n\r\n"), 400, 0, 0},
    {"H12 trailer over 32 KiB", T(CHUNKS "0\r\n\1\r\n"), 431, "X: 0123456789\r\n", 4000},
    {"H13 bare LF after line", T("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H13 bare LF after field", T("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400, 0, 0},
    {"H13 bare CR in value", T(GET "X: a\rb\r\n\r\n"), 400, 0, 0},
    {"H13 bare CR hides a field", T(GET "X: a\rContent-Length: 5\r\n\r\n"), 400, 0, 0},
    {"H13 folded field", T(GET "X: a\r\n b\r\n\r\n"), 400, 0, 0},
    {"H13 folded with tab", T(GET "X: a\r\n\tb\r\n\r\n"), 400, 0, 0},
    {"H13 blank before first field", T("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400, 0, 0},
    {"H13 NUL in value", T(GET "X: a\0b\r\n\r\n"), 400, 0, 0},
    {"H13 NUL in target", T("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H13 DEL in value", T(GET "X: a\x7f\r\n\r\n"), 400, 0, 0},
    {"H13 8 bits in name", T(GET "H\xe9: a\r\n\r\n"), 400, 0, 0},
    {"H13 8 bits in target", T("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H13 blank before colon", T("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400, 0, 0},
    {"H13 empty name", T(GET ": a\r\n\r\n"), 400, 0, 0},
    {"H13 no colon", T(GET "abc\r\n\r\n"), 400, 0, 0},
    {"H13 two empty lines before", T("\r\n\r\n" GET "\r\n"), 400, 0, 0},
    {"H14 no Host", T("GET / HTTP/1.1\r\nX: a\r\n\r\n"), 400, 0, 0},
    {"H14 two Hosts", T(GET "Host: a.example\r\n\r\n"), 400, 0, 0},
    {"H14 empty Host", T("GET / HTTP/1.1\r\nHost: \r\n\r\n"), 400, 0, 0},
    {"H14 Host with @", T("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400, 0, 0},
    {"H14 Host with comma", T("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), 400, 0, 0},
    {"H14 port not a number", T("GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"), 400, 0, 0},
    {"H14 port empty", T("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), 400, 0, 0},
    {"H14 port 0", T("GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"), 400, 0, 0},
    {"H14 port 65536", T("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"), 400, 0, 0},
    {"H14 Host with path", T("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400, 0, 0},
    {"H14 Host with blank", T("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, 0, 0},
    {"H14 open bracket", T("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400, 0, 0},
    {"H14 text after bracket", T("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"), 400, 0, 0},
    {"H16 other authority", T("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400, 0,
     0},
    {"H16 other port", T("GET http://a.example:81/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400, 0,
     0},
    {"H16 userinfo", T("GET http://u@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400, 0, 0},
    {"H16 no authority", T("GET http:///x HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400, 0, 0},
    {"H16 other scheme", T("GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400, 0, 0},
    {"H20 CONNECT", T("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"), 501, 0, 0},
    {"H20 post", T("post / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, 0, 0},
    {"H20 unknown method", T("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, 0, 0},
    {"H20 method not a token", T("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H21 fragment in target", T("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H21 target without slash", T("GET inbox HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H21 star with GET", T("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 HTTP/0.9", T("GET /\r\n"), 400, 0, 0},
    {"H22 HTTP/0.9 with version", T("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 HTTP/1.2", T("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 HTTP/2.0", T("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 h2c preface", T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400, 0, 0},
    {"H22 TLS", T("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400, 0, 0},
    {"H22 version missing", T("GET / \r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 version in small letters", T("GET / http/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 two blanks", T("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 blank behind version", T("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400, 0, 0},
    {"H22 redis", T("*1\r\n$4\r\nPING\r\n"), 400, 0, 0},
    {"H23 gzip", T(POST "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"), 415, 0, 0},
    {"H23 br, chunked",
     T(POST "Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"), 415,
     0, 0},
    {"H28 two Dates", T(GET "Date: a\r\nDate: b\r\n\r\n"), 400, 0, 0},
    {"H28 two Digests", T(GET "Digest: a\r\ndigest: b\r\n\r\n"), 400, 0, 0},
    {"H28 two Signatures", T(GET "Signature: a\r\nSIGNATURE: a\r\n\r\n"), 400, 0, 0},
    {"H28 two Signature-Inputs", T(GET "Signature-Input: a\r\nSignature-Input: a\r\n\r\n"), 400, 0,
     0},
    {"H28 two Content-Types", T(GET "Content-Type: a\r\nContent-Type: a\r\n\r\n"), 400, 0, 0},
    {"H29 100-continue, too large", T(LENGTH "1048577\r\nExpect: 100-continue\r\n\r\n"), 413, 0, 0},
    {"H29 unknown Expect", T(LENGTH "5\r\nExpect: 200-ok\r\n\r\nhello"), 417, 0, 0},
};

static void add_text(struct bytes *out, const struct row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        if (row->text[i] != '\1' || !row->fill) {
            bytes_add_char(out, row->text[i]);
            continue;
        }
        for (size_t k = 0; k < row->times; k++)
            bytes_add_str(out, row->fill);
    }
}

/* A good request on a connection of its own is served. */
static void check_alive(struct bench *b, const char *name)
{
    unsigned before = b->handled;
    struct client *c = client_open(b, 0);
    bytes_add_str(&c->out, GOOD);
    if (!wait_until(b, first_answered, WAIT_MS) || status_of(c) != 200 || b->handled != before + 1)
        fail_msg("%s: a good request afterwards got %d", name, status_of(c));
    client_close(b, 0);
}

static void check_refused(struct bench *b, const struct row *row, size_t piece)
{
    unsigned handled = b->handled, before = b->refused;
    struct client *c = client_open(b, 0);
    c->piece = piece;
    add_text(&c->out, row);
    bytes_add_str(&c->out, GOOD);
    bool closed = wait_until(b, first_closed, WAIT_MS);
    if (status_of(c) != row->status || !closed)
        fail_msg("%s (pieces of %zu): %d instead of %d, %s: %s", row->name, piece, status_of(c),
                 row->status, closed ? "closed" : "open", c->in.n ? bytes_str(&c->in) : "nothing");
    if (b->handled != handled)
        fail_msg("H18 %s: the request behind it was executed", row->name);
    if (b->refused != before + 1 || err_status(b->why) != row->status)
        fail_msg("%s: %u reports of a refusal", row->name, b->refused - before);
    if (!strstr(c->in.p, "\r\nConnection: close\r\n") || strstr(c->in.p, "100 Continue") ||
        !strstr(c->in.p, "application/problem+json") || !strstr(c->in.p, err_code(b->why)))
        fail_msg("%s: %s", row->name, bytes_str(&c->in));
    client_close(b, 0);
}

static void refused_requests(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        check_refused(&b, &refused[i], 1 << 20);
        check_alive(&b, refused[i].name);
        if (!refused[i].fill)
            check_refused(&b, &refused[i], 1);
    }
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    bench_fini(&b);
}

/* What speaks another protocol waits for an answer after its first line: it gets one at once. */
static void refused_at_once(void **state)
{
    static const char *const rows[] = {"GET /\r\n", "\x16\x03\x01\x02",   "HELO relay\r\n",
                                       "\r\n\r\n",  "G(T / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n "};
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_open(&b, 0);
        bytes_add_str(&c->out, rows[i]);
        if (!wait_until(&b, first_closed, 1000) || status_of(c) != 400)
            fail_msg("row %zu: %d", i, status_of(c));
        client_close(&b, 0);
    }
    bench_fini(&b);
}

/* What the handler saw: `method target|path|query|host|peer|number of fields|body`. */
static const struct {
    const char *name, *text, *seen;
} served[] = {
    {"plain", GOOD, "GET /good|/good||a.example|127.0.0.1|1|"},
    {"one empty line before", "\r\n" GOOD, "GET /good|/good||a.example|127.0.0.1|1|"},
    {"query", "GET /a?b=%20?c HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /a?b=%20?c|/a|b=%20?c|a|127.0.0.1|1|"},
    {"H14 port and case", "GET / HTTP/1.1\r\nhOST:  A.Example:8080 \r\n\r\n",
     "GET /|/||A.Example:8080|127.0.0.1|1|"},
    {"H14 IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /|/||[::1]:80|127.0.0.1|1|"},
    {"H14 no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET /|/|||127.0.0.1|0|"},
    {"H16 same authority", "GET http://A.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
     "GET http://A.example/x?y|/x|y|a.example|127.0.0.1|1|"},
    {"H16 no path", "GET https://a?y HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET https://a?y|/|y|a|127.0.0.1|1|"},
    {"H20 DELETE, override ignored",
     "DELETE / HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: GET\r\n\r\n",
     "DELETE /|/||a|127.0.0.1|2|"},
    {"H20 OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *|*||a|127.0.0.1|1|"},
    {"H21 paths as they are", "GET //inbox/../%2e%2e%00/./ HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET //inbox/../%2e%2e%00/./|//inbox/../%2e%2e%00/./||a|127.0.0.1|1|"},
    {"H22 Upgrade ignored", GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
     "GET /|/||a.example|127.0.0.1|3|"},
    {"H22 Upgrade with a body ignored", LENGTH "1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nx",
     "POST /inbox|/inbox||a.example|127.0.0.1|4|x"},
    {"H23 identity", LENGTH "1\r\nContent-Encoding: identity\r\n\r\nx",
     "POST /inbox|/inbox||a.example|127.0.0.1|3|x"},
    {"length", LENGTH "5\r\n\r\nhello", "POST /inbox|/inbox||a.example|127.0.0.1|2|hello"},
    {"length 0", LENGTH "0\r\n\r\n", "POST /inbox|/inbox||a.example|127.0.0.1|2|"},
    {"chunks", CHUNKS "5\r\nhello\r\n00A\r\n, relay!\r\n\r\n0\r\n\r\n",
     "POST /inbox|/inbox||a.example|127.0.0.1|2|hello, relay!\r\n"},
    {"H12 small extensions", CHUNKS "5;a=b\r\nhello\r\n0;x\r\n\r\n",
     "POST /inbox|/inbox||a.example|127.0.0.1|2|hello"},
    {"H12 trailers dropped", CHUNKS "5\r\nhello\r\n0\r\nSignature: x\r\nHost: b\r\n\r\n",
     "POST /inbox|/inbox||a.example|127.0.0.1|2|hello"},
    {"8 bits in value", GET "X: \xc3\xa9\r\n\r\n", "GET /|/||a.example|127.0.0.1|2|"},
    {"H27 forwarded is not believed",
     GET "X-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n\r\n",
     "GET /|/||a.example|127.0.0.1|3|"},
};

static void check_served(struct bench *b, size_t i, size_t piece)
{
    struct client *c = client_open(b, 0);
    c->piece = piece;
    bytes_add_str(&c->out, served[i].text);
    wait_until(b, first_answered, WAIT_MS);
    const char *body = c->in.n ? strstr(c->in.p, "\r\n\r\n") : NULL;
    if (status_of(c) != 200 || !body || strcmp(body + 4, served[i].seen) != 0)
        fail_msg("%s (pieces of %zu): %s", served[i].name, piece,
                 c->in.n ? bytes_str(&c->in) : "nothing");
    client_close(b, 0);
}

static void served_requests(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < sizeof served / sizeof *served; i++) {
        check_served(&b, i, 1 << 20);
        check_served(&b, i, 1);
        check_served(&b, i, 7);
    }
    assert_int_equal(b.refused, 0);
    bench_fini(&b);
}

/* At the very limits a request is still served. */
static void served_at_the_limits(void **state)
{
    static const struct row rows[] = {
        {"request line 8 KiB", T("GET /\1 HTTP/1.1\r\nHost: a\r\n\r\n"), 200, "a", 8192 - 14},
        {"100 fields", T(GET "\1\r\n"), 200, "X: y\r\n", 99},
        {"body of 1 MiB", T(LENGTH "1048576\r\n\r\n\1"), 200, "a", 1048576},
        {"one chunk of 1 MiB", T(CHUNKS "100000\r\n\1\r\n0\r\n\r\n"), 200, "a", 1048576},
        {"chunks of 1 MiB",
         T(CHUNKS "\1"
                  "0\r\n\r\n"),
         200, "20\r\n0123456789abcdef0123456789abcdef\r\n", 32768},
        {"many small extensions",
         T(CHUNKS "\1"
                  "0\r\n\r\n"),
         200, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 40},
        {"extension 256 B", T(CHUNKS "5;\1\r\nhello\r\n0\r\n\r\n"), 200, "a", 256},
    };
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_open(&b, 0);
        add_text(&c->out, &rows[i]);
        wait_until(&b, first_answered, WAIT_MS);
        if (status_of(c) != rows[i].status)
            fail_msg("%s: %d", rows[i].name, status_of(c));
        client_close(&b, 0);
    }
    bench_fini(&b);
}

static size_t count(const struct bytes *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text->n ? text->p : ""; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static bool all_answered(struct bench *b)
{
    return count(&b->clients[0].in, "HTTP/1.1 200 OK\r\n") >= 1000;
}

/* H17: a thousand requests in one segment, answered in order. */
static void pipelined(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    struct client *c = client_open(&b, 0);
    for (int i = 0; i < 1000; i++)
        bytes_addf(&c->out, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", i);
    assert_true(wait_until(&b, all_answered, WAIT_MS));
    const char *at = c->in.p;
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof text, "POST /%d|/%d|", i, i);
        at = strstr(at, text);
        assert_non_null(at);
    }
    assert_int_equal(http_server_connections(b.server), 1);
    bench_fini(&b);
}

static bool first_headed(struct bench *b)
{
    return count(&b->clients[0].in, "\r\n\r\n") > 0;
}

static void answer_form(void **state)
{
    static const struct {
        const char *text;
        bool kept;
        const char *has, *lacks;
    } rows[] = {
        {GOOD, true, "\r\nContent-Length: 39\r\n", "Connection:"},
        {GOOD, true, "\r\nContent-Type: text/plain\r\n", "Server:"},
        {GOOD, true, "\r\nX-Extra: 1\r\n\r\nGET /good", "Transfer-Encoding"},
        {GOOD, true, " GMT\r\n", "HTTP/1.0"},
        {"HEAD /good HTTP/1.1\r\nHost: a.example\r\n\r\n", true, "\r\nContent-Length: 40\r\n", "|"},
        {GET "Connection: close\r\n\r\n", false, "\r\nConnection: close\r\n", "keep-alive"},
        {"GET / HTTP/1.0\r\n\r\n", false, "\r\nConnection: close\r\n", "keep-alive"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, "\r\nConnection: keep-alive\r\n",
         "close"},
    };
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_open(&b, 0);
        bytes_add_str(&c->out, rows[i].text);
        assert_true(wait_until(&b, rows[i].kept ? first_headed : first_closed, WAIT_MS));
        wait_until(&b, never, 20);
        if (c->eof == rows[i].kept || !strstr(c->in.p, rows[i].has) ||
            strstr(c->in.p, rows[i].lacks) || !strstr(c->in.p, "\r\nDate: "))
            fail_msg("row %zu: %s", i, bytes_str(&c->in));
        client_close(&b, 0);
    }
    bench_fini(&b);
}

static bool says_continue(struct bench *b)
{
    return count(&b->clients[0].in, "HTTP/1.1 100 Continue\r\n\r\n") == 1;
}

static void expect_continue(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    struct client *c = client_open(&b, 0);
    bytes_add_str(&c->out, LENGTH "5\r\nExpect: 100-Continue\r\n\r\n");
    assert_true(wait_until(&b, says_continue, WAIT_MS));
    assert_int_equal(b.handled, 0);
    bytes_clear(&c->in);
    bytes_add_str(&c->out, "hello");
    assert_true(wait_until(&b, first_answered, WAIT_MS));
    assert_int_equal(status_of(c), 200);
    assert_non_null(strstr(c->in.p, "|hello"));
    client_close(&b, 0);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(served_requests), cmocka_unit_test(served_at_the_limits),
        cmocka_unit_test(answer_form),     cmocka_unit_test(pipelined),
        cmocka_unit_test(expect_continue), cmocka_unit_test(refused_requests),
        cmocka_unit_test(refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
