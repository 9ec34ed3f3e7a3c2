/* json_write: our own documents, piece by piece, in the order they are written.
 *
 * Strings are escaped as RFC 8785 section 3.2.2.2 does it: only `"`, `\` and control characters.
 * May not know: what the document is. */
#include "common/pure/json.h"
#include "common/pure/utf8.h"

#include <inttypes.h>

void json_begin(struct json_writer *w, struct bytes *out)
{
    *w = (struct json_writer){.out = out};
}

/* The comma before a value or a key, where one is due; what follows it in an object or array will
 * need one. */
static void separate(struct json_writer *w)
{
    if (w->comma)
        bytes_add_char(w->out, ',');
    w->comma = true;
}

void json_open(struct json_writer *w, char bracket)
{
    separate(w);
    bytes_add_char(w->out, bracket);
    w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
    bytes_add_char(w->out, bracket);
    w->comma = true;
}

static void add_control(struct bytes *out, char c)
{
    switch (c) {
    case '\b': bytes_add_str(out, "\\b"); break;
    case '\t': bytes_add_str(out, "\\t"); break;
    case '\n': bytes_add_str(out, "\\n"); break;
    case '\f': bytes_add_str(out, "\\f"); break;
    case '\r': bytes_add_str(out, "\\r"); break;
    default: bytes_addf(out, "\\u%04x", (unsigned)(uint8_t)c); break;
    }
}

/* What stands for the one character at the front of s that cannot stand for itself. */
static void add_special(struct bytes *out, char c)
{
    if (c == '"' || c == '\\') {
        bytes_add_char(out, '\\');
        bytes_add_char(out, c);
    } else if ((uint8_t)c < 0x20) {
        add_control(out, c);
    } else {
        bytes_add_str(out, "\xEF\xBF\xBD"); /* U+FFFD */
    }
}

/* Bytes at the front of s that can be written as they are. */
static size_t plain_run(struct span s)
{
    size_t n = 0;
    while (n < s.n) {
        uint8_t c = (uint8_t)s.p[n];
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        size_t step = utf8_len((struct span){s.p + n, s.n - n});
        if (step == 0)
            break;
        n += step;
    }
    return n;
}

static void add_quoted(struct bytes *out, struct span s)
{
    bytes_add_char(out, '"');
    while (s.n) {
        size_t n = plain_run(s);
        bytes_add(out, (struct span){s.p, n});
        s.p += n;
        s.n -= n;
        if (s.n == 0)
            break;
        add_special(out, s.p[0]);
        s.p++;
        s.n--;
    }
    bytes_add_char(out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
    separate(w);
    add_quoted(w->out, span_of(key));
    bytes_add_char(w->out, ':');
    w->comma = false;
}

void json_add_text(struct json_writer *w, struct span text)
{
    separate(w);
    add_quoted(w->out, text);
}

void json_add_int(struct json_writer *w, int64_t value)
{
    separate(w);
    bytes_addf(w->out, "%" PRId64, value);
}

void json_add_bool(struct json_writer *w, bool value)
{
    separate(w);
    bytes_add_str(w->out, value ? "true" : "false");
}

void json_add_null(struct json_writer *w)
{
    separate(w);
    bytes_add_str(w->out, "null");
}

void json_add_raw(struct json_writer *w, struct span json)
{
    separate(w);
    bytes_add(w->out, json);
}

void json_member(struct json_writer *w, const char *key, struct span text)
{
    if (!text.p)
        return;
    json_key(w, key);
    json_add_text(w, text);
}

void json_member_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_add_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_add_bool(w, value);
}
