/* log: builds a line in memory and writes it with one call, so that lines of several processes on
 * one standard error do not mix.
 *
 * A pair goes in whole or not at all; a line that lost one says so (`cut`). Strangers' text is cut
 * at 512 bytes, then control characters, marks that turn or hide text on a terminal, and what is
 * not UTF-8 are escaped the way JSON does, in both formats.
 *
 * May not know: what the keys mean; who reads the lines. */
#include "common/io/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/metrics.h"
#include "common/pure/date.h"
#include "common/pure/utf8.h"

enum {
    LINE_MAX_BYTES = 16384,
    VALUE_MAX_BYTES = 512,
    LINE_USUAL_BYTES = 500,
    TAIL_BYTES = 32,
    NAME_SIZE = 32,
};

static enum log_format format_now = LOG_LOGFMT;
static enum log_level least_now = LOG_LEVEL_INFO;
static char name_now[NAME_SIZE]; /* empty: there is only one process */
static uint64_t dropped;
static size_t meter = SIZE_MAX; /* of those; in no table */

/* Whole lines that wait for log_gather(): no more than a pipe takes in one piece, since several
 * processes may write to it. */
static struct {
    bool on;
    char text[PIPE_BUF];
    size_t n;
    uint64_t lines;
} gathered;

void log_setup(enum log_format format, enum log_level least)
{
    format_now = format;
    least_now = least;
}

void log_name(const char *name)
{
    span_copy(span_of(name), name_now, sizeof name_now);
}

uint64_t log_dropped(void)
{
    return dropped;
}

void log_meter(size_t metric)
{
    meter = metric;
}

/* Adds one character of s, escaped where it must be, and returns how many bytes of s it took. */
static size_t add_char(struct bytes *out, struct span s)
{
    size_t n = utf8_len(s);
    if (n == 0) {
        bytes_add_str(out, "\\ufffd");
        return 1;
    }
    uint32_t code = utf8_code(s);
    if (code == '"' || code == '\\') {
        bytes_add_char(out, '\\');
        bytes_add_char(out, s.p[0]);
    } else if (utf8_unsafe(code) && code > 0xffff) {
        bytes_add_str(out, "\\ufffd"); /* tags; a pair of surrogates would say no more */
    } else if (utf8_unsafe(code)) {
        bytes_addf(out, "\\u%04x", (unsigned)code);
    } else {
        bytes_add(out, (struct span){s.p, n});
    }
    return n;
}

/* How much of s, from its start, goes out as it is. */
static size_t plain_len(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

static void add_escaped(struct bytes *out, struct span s)
{
    bool cut = s.n > VALUE_MAX_BYTES;
    if (cut)
        s.n = VALUE_MAX_BYTES - 3;
    while (s.n > 0) {
        size_t n = plain_len(s);
        if (n)
            bytes_add(out, (struct span){s.p, n});
        else
            n = add_char(out, s);
        s.p += n;
        s.n -= n;
    }
    if (cut)
        bytes_add_str(out, "...");
}

/* In logfmt a value stands bare if nothing in it could end it or be taken for a quote. */
static bool is_bare(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return s.n > 0;
}

/* A pair goes into the line whole or not at all. */
struct pair {
    size_t from; /* where it begins */
    bool over;   /* one before it did not fit */
};

static struct pair pair_begin(struct log_line *l, const char *key)
{
    struct bytes *text = &l->text;
    struct pair pair = {text->n, text->over};
    bool json = format_now == LOG_JSON;
    text->over = false;
    if (json)
        bytes_add_str(text, text->n ? ",\"" : "{\"");
    else if (text->n)
        bytes_add_char(text, ' ');
    bytes_add_str(text, key);
    bytes_add_str(text, json ? "\":" : "=");
    return pair;
}

static void pair_end(const struct pair *pair, struct log_line *l)
{
    struct bytes *text = &l->text;
    if (text->over) {
        text->n = pair->from;
        text->p[text->n] = '\0';
    }
    text->over |= pair->over;
}

void log_text(struct log_line *l, const char *key, struct span value)
{
    if (!l->wanted || !value.p)
        return;
    bool quoted = format_now == LOG_JSON || !is_bare(value);
    struct pair pair = pair_begin(l, key);
    if (quoted)
        bytes_add_char(&l->text, '"');
    add_escaped(&l->text, value);
    if (quoted)
        bytes_add_char(&l->text, '"');
    pair_end(&pair, l);
}

void log_str(struct log_line *l, const char *key, const char *value)
{
    log_text(l, key, span_of(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
    if (!l->wanted)
        return;
    struct pair pair = pair_begin(l, key);
    bytes_add_int(&l->text, value);
    pair_end(&pair, l);
}

/* RFC 3339 with milliseconds, which date.h leaves out. */
static void add_time(struct log_line *l, int64_t wall_ms)
{
    char text[DATE_ISO_SIZE + 4];
    unsigned ms = (unsigned)(wall_ms % 1000);
    date_iso_write(wall_ms, text);
    size_t n = strlen(text) - 1; /* the Z */
    text[n++] = '.';
    text[n++] = (char)('0' + ms / 100);
    text[n++] = (char)('0' + ms / 10 % 10);
    text[n++] = (char)('0' + ms % 10);
    text[n++] = 'Z';
    log_text(l, "ts", (struct span){text, n});
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    bytes_init(&l->text, LINE_MAX_BYTES);
    l->wanted = level <= least_now;
    l->level = level;
    if (!l->wanted)
        return;
    bytes_reserve(&l->text, LINE_USUAL_BYTES);
    add_time(l, clock_wall_ms());
    log_str(l, "level", names[level]);
    log_str(l, "event", event);
    log_str(l, "role", *name_now ? name_now : NULL);
}

/* What can't be written (disk full, reader gone) is counted and given up: service goes on. */
static void write_out(struct span text, uint64_t lines)
{
    while (text.n > 0) {
        ssize_t n = write(STDERR_FILENO, text.p, text.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            dropped += lines;
            metric_add(meter, 0, (double)lines);
            return;
        }
        text.p += n;
        text.n -= (size_t)n;
    }
}

static void flush(void)
{
    write_out((struct span){gathered.text, gathered.n}, gathered.lines);
    gathered.n = 0;
    gathered.lines = 0;
}

static void write_line(struct span line, bool at_once)
{
    if (at_once || gathered.n + line.n > sizeof gathered.text)
        flush();
    if (at_once || line.n > sizeof gathered.text) {
        write_out(line, 1);
        return;
    }
    memcpy(gathered.text + gathered.n, line.p, line.n);
    gathered.n += line.n;
    gathered.lines++;
}

void log_gather(bool on)
{
    flush();
    gathered.on = on;
}

void log_end(struct log_line *l)
{
    if (l->wanted) {
        bool cut = l->text.over;
        l->text.max += TAIL_BYTES;
        if (cut)
            log_int(l, "cut", 1);
        bytes_add_str(&l->text, format_now == LOG_JSON ? "}\n" : "\n");
        write_line(bytes_span(&l->text), !gathered.on || l->level < LOG_LEVEL_INFO);
    }
    bytes_fini(&l->text);
    l->wanted = false;
}

void log_note(enum log_level level, const char *event, const char *format, ...)
{
    char message[VALUE_MAX_BYTES + 1];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct log_line l;
    log_begin(&l, level, event);
    log_str(&l, "message", n < 0 ? event : message);
    log_end(&l);
}
