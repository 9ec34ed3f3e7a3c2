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
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/utf8.h"

enum {
    LINE_MAX_BYTES = 16384,
    VALUE_MAX_BYTES = 512,
    PAIR_MAX_BYTES = VALUE_MAX_BYTES * 6 + 256, /* every byte as \uXXXX, and the key */
    TAIL_BYTES = 32,
};

static enum log_format format_now = LOG_LOGFMT;
static enum log_level least_now = LOG_LEVEL_INFO;
static uint64_t dropped;

void log_setup(enum log_format format, enum log_level least)
{
    format_now = format;
    least_now = least;
}

uint64_t log_dropped(void)
{
    return dropped;
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

static void add_escaped(struct bytes *out, struct span s)
{
    bool cut = s.n > VALUE_MAX_BYTES;
    if (cut)
        s.n = VALUE_MAX_BYTES - 3;
    while (s.n > 0) {
        size_t n = add_char(out, s);
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

static void pair_begin(struct bytes *pair, const struct log_line *l, const char *key)
{
    bytes_init(pair, PAIR_MAX_BYTES);
    if (format_now == LOG_JSON)
        bytes_addf(pair, "%s\"%s\":", l->text.n ? "," : "{", key);
    else
        bytes_addf(pair, "%s%s=", l->text.n ? " " : "", key);
}

static void pair_end(struct bytes *pair, struct log_line *l)
{
    bytes_add(&l->text, bytes_span(pair));
    bytes_fini(pair);
}

void log_text(struct log_line *l, const char *key, struct span value)
{
    if (!l->wanted || !value.p)
        return;
    struct bytes pair;
    bool quoted = format_now == LOG_JSON || !is_bare(value);
    pair_begin(&pair, l, key);
    if (quoted)
        bytes_add_char(&pair, '"');
    add_escaped(&pair, value);
    if (quoted)
        bytes_add_char(&pair, '"');
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
    struct bytes pair;
    pair_begin(&pair, l, key);
    bytes_addf(&pair, "%lld", (long long)value);
    pair_end(&pair, l);
}

/* RFC 3339 with milliseconds, which date.h leaves out. */
static void add_time(struct log_line *l, int64_t wall_ms)
{
    char second[DATE_ISO_SIZE];
    date_iso_write(wall_ms, second);
    struct span whole = span_of(second);
    struct bytes text;
    bytes_init(&text, sizeof second + 8);
    bytes_addf(&text, "%.*s.%03dZ", (int)whole.n - 1, whole.p, (int)(wall_ms % 1000));
    log_text(l, "ts", bytes_span(&text));
    bytes_fini(&text);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    bytes_init(&l->text, LINE_MAX_BYTES);
    l->wanted = level <= least_now;
    if (!l->wanted)
        return;
    add_time(l, clock_wall_ms());
    log_str(l, "level", names[level]);
    log_str(l, "event", event);
}

/* A line that can't be written (disk full, reader gone) is counted and given up: service goes on.
 */
static void write_line(struct span line)
{
    while (line.n > 0) {
        ssize_t n = write(STDERR_FILENO, line.p, line.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            dropped++;
            return;
        }
        line.p += n;
        line.n -= (size_t)n;
    }
}

void log_end(struct log_line *l)
{
    if (l->wanted) {
        bool cut = l->text.over;
        l->text.max += TAIL_BYTES;
        if (cut)
            log_int(l, "cut", 1);
        bytes_add_str(&l->text, format_now == LOG_JSON ? "}\n" : "\n");
        write_line(bytes_span(&l->text));
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
