/* The parser alone: what it makes of a message does not depend on how the message was cut into
 * reads, and no damage to one makes it read outside (the sanitizers watch) or disagree with itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/io/http_parse.h"

enum { MUTANTS = 40000, TEXT_MAX = 1024 };

static const struct http_limits limits = {
    .request_line = 128, .header = 512, .body = 64, .fields = 8};

static const char *const messages[] = {
    "GET /a?b HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "\r\nGET http://a.example/x HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\nGET",
    "HEAD / HTTP/1.0\r\n\r\n",
    "POST /inbox HTTP/1.1\r\nHost: a:80\r\nContent-Length: 11\r\nDate: x\r\n\r\nhello worldPOST",
    "POST /inbox HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
     "world\r\n"
     "0\r\nX: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n"),
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ("POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
     "Connection: close\r\nContent-Type: a/b\r\n\r\n\r\n\r\n"),
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
};

/* What came of a message, as text: the verdict, how much was eaten, and all that a handler sees. */
static void summary(struct bytes *out, const struct http_message *m, enum http_parsed verdict,
                    size_t eaten)
{
    const struct http_view *v = &m->view;
    if (verdict != HTTP_PARSED_DONE) {
        bytes_add_str(out, verdict == HTTP_PARSED_BAD ? "bad" : "more");
        return;
    }
    bytes_addf(out, "%zu %.*s|%.*s|%.*s|%.*s|%.*s|%d%d%d%d|", eaten, SPAN_ARG(v->method),
               SPAN_ARG(v->target), SPAN_ARG(v->path), SPAN_ARG(v->query), SPAN_ARG(v->host),
               m->minor, m->head_only, m->expects, m->keep_alive);
    for (size_t i = 0; i < v->fields_n; i++)
        bytes_addf(out, "%.*s:%.*s|", SPAN_ARG(v->fields[i].name), SPAN_ARG(v->fields[i].value));
    bytes_add(out, v->body);
}

/* Feeds text in reads of first bytes, then of piece bytes each; every read is memory of its own. */
static void parse(struct bytes *out, struct span text, size_t first, size_t piece)
{
    struct http_message m;
    struct http_parser p;
    enum http_parsed verdict = HTTP_PARSED_MORE;
    bool in_body = false;
    size_t eaten = 0;
    http_message_init(&m, &limits);
    http_parse_begin(&p, &limits, &m);
    for (size_t n = first; text.n > 0 && verdict == HTTP_PARSED_MORE; n = piece) {
        n = n < text.n ? n : text.n;
        char *read = mem_copy((struct span){text.p, n});
        struct span in = {read, n};
        if (!in_body)
            verdict = http_parse_head(&p, &in);
        if (verdict == HTTP_PARSED_DONE && !in_body && m.has_body) {
            in_body = true;
            verdict = HTTP_PARSED_MORE;
        }
        if (in_body)
            verdict = http_parse_body(&p, &in);
        assert_true(verdict != HTTP_PARSED_MORE || in.n == 0);
        assert_true((verdict == HTTP_PARSED_BAD) == (p.err != ERR_OK));
        eaten += n - in.n;
        text.p += n;
        text.n -= n;
        free(read);
    }
    summary(out, &m, verdict, eaten);
    http_message_fini(&m);
}

static void check_cuts(struct span text)
{
    struct bytes whole, cut;
    bytes_init(&whole, 4096);
    bytes_init(&cut, 4096);
    parse(&whole, text, text.n, 1);
    for (size_t first = 1; first <= text.n; first++) {
        bytes_clear(&cut);
        parse(&cut, text, first, first % 7 == 0 ? 1 : text.n);
        if (!span_eq(bytes_span(&whole), bytes_span(&cut)))
            fail_msg("cut at %zu: %s, not %s, of: %.*s", first, bytes_str(&cut), bytes_str(&whole),
                     SPAN_ARG(text));
    }
    bytes_fini(&whole);
    bytes_fini(&cut);
}

static void cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        check_cuts(span_of(messages[i]));
}

/* A small generator of our own: the same mutants in every run. */
static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void mutate(char *text, size_t *n, uint32_t *seed)
{
    static const char bits[] = "\r\n\r\n\t :;,0159aAfF\0\x7f\x80\xff+-/?#@[]xX";
    size_t at = next(seed) % *n;
    char c = bits[next(seed) % (sizeof bits - 1)];
    switch (next(seed) % 4) {
    case 0: text[at] = c; break;
    case 1: /* a byte less */
        memmove(text + at, text + at + 1, *n - at - 1);
        *n -= 1;
        break;
    case 2: /* a byte more */
        memmove(text + at + 1, text + at, *n - at);
        text[at] = c;
        *n += 1;
        break;
    default: /* a line, or less, twice */
        if (*n < TEXT_MAX / 2) {
            size_t more = 1 + next(seed) % 30;
            more = more < *n - at ? more : *n - at;
            memmove(text + at + more, text + at, *n - at);
            *n += more;
        }
    }
}

static void mutants(void **state)
{
    uint32_t seed = 20260102;
    struct bytes whole, cut;
    unsigned good = 0, bad = 0;
    (void)state;
    bytes_init(&whole, 8192);
    bytes_init(&cut, 8192);
    for (unsigned i = 0; i < MUTANTS; i++) {
        char text[TEXT_MAX + 8];
        size_t n = strlen(messages[i % (sizeof messages / sizeof *messages)]);
        memcpy(text, messages[i % (sizeof messages / sizeof *messages)], n);
        for (unsigned k = 1 + next(&seed) % 3; k > 0; k--)
            mutate(text, &n, &seed);
        struct span s = {text, n};
        bytes_clear(&whole);
        bytes_clear(&cut);
        parse(&whole, s, n, 1);
        parse(&cut, s, 1 + next(&seed) % n, 1 + next(&seed) % 9);
        if (!span_eq(bytes_span(&whole), bytes_span(&cut)))
            fail_msg("%s, not %s, of: %.*s", bytes_str(&cut), bytes_str(&whole), SPAN_ARG(s));
        good += whole.p[0] >= '0' && whole.p[0] <= '9';
        bad += strcmp(whole.p, "bad") == 0;
    }
    /* The generator makes enough of both for this to mean something. */
    assert_true(good > MUTANTS / 10 && bad > MUTANTS / 10);
    bytes_fini(&whole);
    bytes_fini(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts),
        cmocka_unit_test(mutants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
